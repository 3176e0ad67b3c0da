import Bytes

/// Any of the 66 methods that RabbitMQ knows, with its arguments.
package enum Method: Equatable, Sendable {
    case connectionStart(ConnectionStart)
    case connectionStartOk(ConnectionStartOk)
    case connectionSecure(ConnectionSecure)
    case connectionSecureOk(ConnectionSecureOk)
    case connectionTune(ConnectionTune)
    case connectionTuneOk(ConnectionTuneOk)
    case connectionOpen(ConnectionOpen)
    case connectionOpenOk(ConnectionOpenOk)
    case connectionClose(ConnectionClose)
    case connectionCloseOk(ConnectionCloseOk)
    case connectionBlocked(ConnectionBlocked)
    case connectionUnblocked(ConnectionUnblocked)
    case connectionUpdateSecret(ConnectionUpdateSecret)
    case connectionUpdateSecretOk(ConnectionUpdateSecretOk)
    case channelOpen(ChannelOpen)
    case channelOpenOk(ChannelOpenOk)
    case channelFlow(ChannelFlow)
    case channelFlowOk(ChannelFlowOk)
    case channelClose(ChannelClose)
    case channelCloseOk(ChannelCloseOk)
    case accessRequest(AccessRequest)
    case accessRequestOk(AccessRequestOk)
    case exchangeDeclare(ExchangeDeclare)
    case exchangeDeclareOk(ExchangeDeclareOk)
    case exchangeDelete(ExchangeDelete)
    case exchangeDeleteOk(ExchangeDeleteOk)
    case exchangeBind(ExchangeBind)
    case exchangeBindOk(ExchangeBindOk)
    case exchangeUnbind(ExchangeUnbind)
    case exchangeUnbindOk(ExchangeUnbindOk)
    case queueDeclare(QueueDeclare)
    case queueDeclareOk(QueueDeclareOk)
    case queueBind(QueueBind)
    case queueBindOk(QueueBindOk)
    case queuePurge(QueuePurge)
    case queuePurgeOk(QueuePurgeOk)
    case queueDelete(QueueDelete)
    case queueDeleteOk(QueueDeleteOk)
    case queueUnbind(QueueUnbind)
    case queueUnbindOk(QueueUnbindOk)
    case basicQos(BasicQos)
    case basicQosOk(BasicQosOk)
    case basicConsume(BasicConsume)
    case basicConsumeOk(BasicConsumeOk)
    case basicCancel(BasicCancel)
    case basicCancelOk(BasicCancelOk)
    case basicPublish(BasicPublish)
    case basicReturn(BasicReturn)
    case basicDeliver(BasicDeliver)
    case basicGet(BasicGet)
    case basicGetOk(BasicGetOk)
    case basicGetEmpty(BasicGetEmpty)
    case basicAck(BasicAck)
    case basicReject(BasicReject)
    case basicRecoverAsync(BasicRecoverAsync)
    case basicRecover(BasicRecover)
    case basicRecoverOk(BasicRecoverOk)
    case basicNack(BasicNack)
    case confirmSelect(ConfirmSelect)
    case confirmSelectOk(ConfirmSelectOk)
    case txSelect(TxSelect)
    case txSelectOk(TxSelectOk)
    case txCommit(TxCommit)
    case txCommitOk(TxCommitOk)
    case txRollback(TxRollback)
    case txRollbackOk(TxRollbackOk)
}

extension Method {
    /// Reads a method frame's payload; every octet has to belong to the method.
    package init(payload: UnsafeRawBufferPointer) throws(AMQPError) {
        var reader = ArgumentReader(payload)
        let classID = try reader.short()
        let methodID = try reader.short()
        let id = MethodID(class: classID, method: methodID)
        switch id {
        case ConnectionStart.id: self = .connectionStart(try ConnectionStart(from: &reader))
        case ConnectionStartOk.id: self = .connectionStartOk(try ConnectionStartOk(from: &reader))
        case ConnectionSecure.id: self = .connectionSecure(try ConnectionSecure(from: &reader))
        case ConnectionSecureOk.id: self = .connectionSecureOk(try ConnectionSecureOk(from: &reader))
        case ConnectionTune.id: self = .connectionTune(try ConnectionTune(from: &reader))
        case ConnectionTuneOk.id: self = .connectionTuneOk(try ConnectionTuneOk(from: &reader))
        case ConnectionOpen.id: self = .connectionOpen(try ConnectionOpen(from: &reader))
        case ConnectionOpenOk.id: self = .connectionOpenOk(try ConnectionOpenOk(from: &reader))
        case ConnectionClose.id: self = .connectionClose(try ConnectionClose(from: &reader))
        case ConnectionCloseOk.id: self = .connectionCloseOk(try ConnectionCloseOk(from: &reader))
        case ConnectionBlocked.id: self = .connectionBlocked(try ConnectionBlocked(from: &reader))
        case ConnectionUnblocked.id: self = .connectionUnblocked(try ConnectionUnblocked(from: &reader))
        case ConnectionUpdateSecret.id: self = .connectionUpdateSecret(try ConnectionUpdateSecret(from: &reader))
        case ConnectionUpdateSecretOk.id: self = .connectionUpdateSecretOk(try ConnectionUpdateSecretOk(from: &reader))
        case ChannelOpen.id: self = .channelOpen(try ChannelOpen(from: &reader))
        case ChannelOpenOk.id: self = .channelOpenOk(try ChannelOpenOk(from: &reader))
        case ChannelFlow.id: self = .channelFlow(try ChannelFlow(from: &reader))
        case ChannelFlowOk.id: self = .channelFlowOk(try ChannelFlowOk(from: &reader))
        case ChannelClose.id: self = .channelClose(try ChannelClose(from: &reader))
        case ChannelCloseOk.id: self = .channelCloseOk(try ChannelCloseOk(from: &reader))
        case AccessRequest.id: self = .accessRequest(try AccessRequest(from: &reader))
        case AccessRequestOk.id: self = .accessRequestOk(try AccessRequestOk(from: &reader))
        case ExchangeDeclare.id: self = .exchangeDeclare(try ExchangeDeclare(from: &reader))
        case ExchangeDeclareOk.id: self = .exchangeDeclareOk(try ExchangeDeclareOk(from: &reader))
        case ExchangeDelete.id: self = .exchangeDelete(try ExchangeDelete(from: &reader))
        case ExchangeDeleteOk.id: self = .exchangeDeleteOk(try ExchangeDeleteOk(from: &reader))
        case ExchangeBind.id: self = .exchangeBind(try ExchangeBind(from: &reader))
        case ExchangeBindOk.id: self = .exchangeBindOk(try ExchangeBindOk(from: &reader))
        case ExchangeUnbind.id: self = .exchangeUnbind(try ExchangeUnbind(from: &reader))
        case ExchangeUnbindOk.id: self = .exchangeUnbindOk(try ExchangeUnbindOk(from: &reader))
        case QueueDeclare.id: self = .queueDeclare(try QueueDeclare(from: &reader))
        case QueueDeclareOk.id: self = .queueDeclareOk(try QueueDeclareOk(from: &reader))
        case QueueBind.id: self = .queueBind(try QueueBind(from: &reader))
        case QueueBindOk.id: self = .queueBindOk(try QueueBindOk(from: &reader))
        case QueuePurge.id: self = .queuePurge(try QueuePurge(from: &reader))
        case QueuePurgeOk.id: self = .queuePurgeOk(try QueuePurgeOk(from: &reader))
        case QueueDelete.id: self = .queueDelete(try QueueDelete(from: &reader))
        case QueueDeleteOk.id: self = .queueDeleteOk(try QueueDeleteOk(from: &reader))
        case QueueUnbind.id: self = .queueUnbind(try QueueUnbind(from: &reader))
        case QueueUnbindOk.id: self = .queueUnbindOk(try QueueUnbindOk(from: &reader))
        case BasicQos.id: self = .basicQos(try BasicQos(from: &reader))
        case BasicQosOk.id: self = .basicQosOk(try BasicQosOk(from: &reader))
        case BasicConsume.id: self = .basicConsume(try BasicConsume(from: &reader))
        case BasicConsumeOk.id: self = .basicConsumeOk(try BasicConsumeOk(from: &reader))
        case BasicCancel.id: self = .basicCancel(try BasicCancel(from: &reader))
        case BasicCancelOk.id: self = .basicCancelOk(try BasicCancelOk(from: &reader))
        case BasicPublish.id: self = .basicPublish(try BasicPublish(from: &reader))
        case BasicReturn.id: self = .basicReturn(try BasicReturn(from: &reader))
        case BasicDeliver.id: self = .basicDeliver(try BasicDeliver(from: &reader))
        case BasicGet.id: self = .basicGet(try BasicGet(from: &reader))
        case BasicGetOk.id: self = .basicGetOk(try BasicGetOk(from: &reader))
        case BasicGetEmpty.id: self = .basicGetEmpty(try BasicGetEmpty(from: &reader))
        case BasicAck.id: self = .basicAck(try BasicAck(from: &reader))
        case BasicReject.id: self = .basicReject(try BasicReject(from: &reader))
        case BasicRecoverAsync.id: self = .basicRecoverAsync(try BasicRecoverAsync(from: &reader))
        case BasicRecover.id: self = .basicRecover(try BasicRecover(from: &reader))
        case BasicRecoverOk.id: self = .basicRecoverOk(try BasicRecoverOk(from: &reader))
        case BasicNack.id: self = .basicNack(try BasicNack(from: &reader))
        case ConfirmSelect.id: self = .confirmSelect(try ConfirmSelect(from: &reader))
        case ConfirmSelectOk.id: self = .confirmSelectOk(try ConfirmSelectOk(from: &reader))
        case TxSelect.id: self = .txSelect(try TxSelect(from: &reader))
        case TxSelectOk.id: self = .txSelectOk(try TxSelectOk(from: &reader))
        case TxCommit.id: self = .txCommit(try TxCommit(from: &reader))
        case TxCommitOk.id: self = .txCommitOk(try TxCommitOk(from: &reader))
        case TxRollback.id: self = .txRollback(try TxRollback(from: &reader))
        case TxRollbackOk.id: self = .txRollbackOk(try TxRollbackOk(from: &reader))
        default: throw .syntax("unknown method \(id)", .commandInvalid, id)
        }
        guard reader.isAtEnd else { throw .syntax("octets after the arguments of \(id.name)", .syntaxError, id) }
    }

    /// The arguments, whatever the method.
    package var payload: any MethodPayload {
        switch self {
        case .connectionStart(let payload): payload
        case .connectionStartOk(let payload): payload
        case .connectionSecure(let payload): payload
        case .connectionSecureOk(let payload): payload
        case .connectionTune(let payload): payload
        case .connectionTuneOk(let payload): payload
        case .connectionOpen(let payload): payload
        case .connectionOpenOk(let payload): payload
        case .connectionClose(let payload): payload
        case .connectionCloseOk(let payload): payload
        case .connectionBlocked(let payload): payload
        case .connectionUnblocked(let payload): payload
        case .connectionUpdateSecret(let payload): payload
        case .connectionUpdateSecretOk(let payload): payload
        case .channelOpen(let payload): payload
        case .channelOpenOk(let payload): payload
        case .channelFlow(let payload): payload
        case .channelFlowOk(let payload): payload
        case .channelClose(let payload): payload
        case .channelCloseOk(let payload): payload
        case .accessRequest(let payload): payload
        case .accessRequestOk(let payload): payload
        case .exchangeDeclare(let payload): payload
        case .exchangeDeclareOk(let payload): payload
        case .exchangeDelete(let payload): payload
        case .exchangeDeleteOk(let payload): payload
        case .exchangeBind(let payload): payload
        case .exchangeBindOk(let payload): payload
        case .exchangeUnbind(let payload): payload
        case .exchangeUnbindOk(let payload): payload
        case .queueDeclare(let payload): payload
        case .queueDeclareOk(let payload): payload
        case .queueBind(let payload): payload
        case .queueBindOk(let payload): payload
        case .queuePurge(let payload): payload
        case .queuePurgeOk(let payload): payload
        case .queueDelete(let payload): payload
        case .queueDeleteOk(let payload): payload
        case .queueUnbind(let payload): payload
        case .queueUnbindOk(let payload): payload
        case .basicQos(let payload): payload
        case .basicQosOk(let payload): payload
        case .basicConsume(let payload): payload
        case .basicConsumeOk(let payload): payload
        case .basicCancel(let payload): payload
        case .basicCancelOk(let payload): payload
        case .basicPublish(let payload): payload
        case .basicReturn(let payload): payload
        case .basicDeliver(let payload): payload
        case .basicGet(let payload): payload
        case .basicGetOk(let payload): payload
        case .basicGetEmpty(let payload): payload
        case .basicAck(let payload): payload
        case .basicReject(let payload): payload
        case .basicRecoverAsync(let payload): payload
        case .basicRecover(let payload): payload
        case .basicRecoverOk(let payload): payload
        case .basicNack(let payload): payload
        case .confirmSelect(let payload): payload
        case .confirmSelectOk(let payload): payload
        case .txSelect(let payload): payload
        case .txSelectOk(let payload): payload
        case .txCommit(let payload): payload
        case .txCommitOk(let payload): payload
        case .txRollback(let payload): payload
        case .txRollbackOk(let payload): payload
        }
    }

    package var id: MethodID { type(of: payload).id }
}
