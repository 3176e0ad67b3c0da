import AMQPWire

extension Method {
    /// One of each method, no argument at its default.
    static let samples: [Method] = [
        .connectionStart(
            ConnectionStart(
                versionMajor: 7, versionMinor: 8, serverProperties: ["k": ["a": 1, "b": [true, nil]]],
                mechanisms: [3, 0, 255], locales: [4, 0, 255])),
        .connectionStartOk(
            ConnectionStartOk(
                clientProperties: ["k": ["a": 1, "b": [true, nil]]], mechanism: "mechanism é", response: [2, 0, 255],
                locale: "locale é")),
        .connectionSecure(ConnectionSecure(challenge: [0, 0, 255])),
        .connectionSecureOk(ConnectionSecureOk(response: [0, 0, 255])),
        .connectionTune(ConnectionTune(channelMax: 300, frameMax: 70001, heartbeat: 302)),
        .connectionTuneOk(ConnectionTuneOk(channelMax: 300, frameMax: 70001, heartbeat: 302)),
        .connectionOpen(ConnectionOpen(virtualHost: "virtualHost é", capabilities: "capabilities é", insist: true)),
        .connectionOpenOk(ConnectionOpenOk(knownHosts: "knownHosts é")),
        .connectionClose(ConnectionClose(replyCode: 300, replyText: "replyText é", classID: 302, methodID: 303)),
        .connectionCloseOk(ConnectionCloseOk()),
        .connectionBlocked(ConnectionBlocked(reason: "reason é")),
        .connectionUnblocked(ConnectionUnblocked()),
        .connectionUpdateSecret(ConnectionUpdateSecret(newSecret: [0, 0, 255], reason: "reason é")),
        .connectionUpdateSecretOk(ConnectionUpdateSecretOk()),
        .channelOpen(ChannelOpen(outOfBand: "outOfBand é")),
        .channelOpenOk(ChannelOpenOk(channelID: [0, 0, 255])),
        .channelFlow(ChannelFlow(active: true)),
        .channelFlowOk(ChannelFlowOk(active: true)),
        .channelClose(ChannelClose(replyCode: 300, replyText: "replyText é", classID: 302, methodID: 303)),
        .channelCloseOk(ChannelCloseOk()),
        .accessRequest(
            AccessRequest(realm: "realm é", exclusive: true, passive: true, active: true, write: true, read: true)),
        .accessRequestOk(AccessRequestOk(ticket: 300)),
        .exchangeDeclare(
            ExchangeDeclare(
                ticket: 300, exchange: "exchange é", type: "type é", passive: true, durable: true, autoDelete: true,
                isInternal: true, noWait: true, arguments: ["k": ["a": 1, "b": [true, nil]]])),
        .exchangeDeclareOk(ExchangeDeclareOk()),
        .exchangeDelete(ExchangeDelete(ticket: 300, exchange: "exchange é", ifUnused: true, noWait: true)),
        .exchangeDeleteOk(ExchangeDeleteOk()),
        .exchangeBind(
            ExchangeBind(
                ticket: 300, destination: "destination é", source: "source é", routingKey: "routingKey é", noWait: true,
                arguments: ["k": ["a": 1, "b": [true, nil]]])),
        .exchangeBindOk(ExchangeBindOk()),
        .exchangeUnbind(
            ExchangeUnbind(
                ticket: 300, destination: "destination é", source: "source é", routingKey: "routingKey é", noWait: true,
                arguments: ["k": ["a": 1, "b": [true, nil]]])),
        .exchangeUnbindOk(ExchangeUnbindOk()),
        .queueDeclare(
            QueueDeclare(
                ticket: 300, queue: "queue é", passive: true, durable: true, exclusive: true, autoDelete: true,
                noWait: true, arguments: ["k": ["a": 1, "b": [true, nil]]])),
        .queueDeclareOk(QueueDeclareOk(queue: "queue é", messageCount: 70001, consumerCount: 70002)),
        .queueBind(
            QueueBind(
                ticket: 300, queue: "queue é", exchange: "exchange é", routingKey: "routingKey é", noWait: true,
                arguments: ["k": ["a": 1, "b": [true, nil]]])),
        .queueBindOk(QueueBindOk()),
        .queuePurge(QueuePurge(ticket: 300, queue: "queue é", noWait: true)),
        .queuePurgeOk(QueuePurgeOk(messageCount: 70000)),
        .queueDelete(QueueDelete(ticket: 300, queue: "queue é", ifUnused: true, ifEmpty: true, noWait: true)),
        .queueDeleteOk(QueueDeleteOk(messageCount: 70000)),
        .queueUnbind(
            QueueUnbind(
                ticket: 300, queue: "queue é", exchange: "exchange é", routingKey: "routingKey é",
                arguments: ["k": ["a": 1, "b": [true, nil]]])),
        .queueUnbindOk(QueueUnbindOk()),
        .basicQos(BasicQos(prefetchSize: 70000, prefetchCount: 301, global: true)),
        .basicQosOk(BasicQosOk()),
        .basicConsume(
            BasicConsume(
                ticket: 300, queue: "queue é", consumerTag: "consumerTag é", noLocal: true, noAck: true,
                exclusive: true, noWait: true, arguments: ["k": ["a": 1, "b": [true, nil]]])),
        .basicConsumeOk(BasicConsumeOk(consumerTag: "consumerTag é")),
        .basicCancel(BasicCancel(consumerTag: "consumerTag é", noWait: true)),
        .basicCancelOk(BasicCancelOk(consumerTag: "consumerTag é")),
        .basicPublish(
            BasicPublish(
                ticket: 300, exchange: "exchange é", routingKey: "routingKey é", mandatory: true, immediate: true)),
        .basicReturn(
            BasicReturn(replyCode: 300, replyText: "replyText é", exchange: "exchange é", routingKey: "routingKey é")),
        .basicDeliver(
            BasicDeliver(
                consumerTag: "consumerTag é", deliveryTag: 5000000001, redelivered: true, exchange: "exchange é",
                routingKey: "routingKey é")),
        .basicGet(BasicGet(ticket: 300, queue: "queue é", noAck: true)),
        .basicGetOk(
            BasicGetOk(
                deliveryTag: 5000000000, redelivered: true, exchange: "exchange é", routingKey: "routingKey é",
                messageCount: 70004)),
        .basicGetEmpty(BasicGetEmpty(clusterID: "clusterID é")),
        .basicAck(BasicAck(deliveryTag: 5000000000, multiple: true)),
        .basicReject(BasicReject(deliveryTag: 5000000000, requeue: true)),
        .basicRecoverAsync(BasicRecoverAsync(requeue: true)),
        .basicRecover(BasicRecover(requeue: true)),
        .basicRecoverOk(BasicRecoverOk()),
        .basicNack(BasicNack(deliveryTag: 5000000000, multiple: true, requeue: true)),
        .confirmSelect(ConfirmSelect(noWait: true)),
        .confirmSelectOk(ConfirmSelectOk()),
        .txSelect(TxSelect()),
        .txSelectOk(TxSelectOk()),
        .txCommit(TxCommit()),
        .txCommitOk(TxCommitOk()),
        .txRollback(TxRollback()),
        .txRollbackOk(TxRollbackOk()),
    ]
}
