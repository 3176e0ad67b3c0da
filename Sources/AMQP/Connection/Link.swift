import AMQPWire
import Bytes
import EventLoop
import TLS

/// One TCP connection's life within an `AMQPConnection`: the socket, channel 0, and the channels by number.
/// It lives in the connection's isolation.
final class Link {
    let stream: Stream
    /// nil for `amqp://`.
    let tls: TLSFilter?
    let host: String
    var machine: ConnectionMachine
    var parser: FrameParser
    /// Octets of a frame that is not complete.
    var rest = ByteBuffer()
    /// What the machines answer while frames are read.
    var replies = ByteBuffer()
    var interner = Interner()
    var numbers = ChannelNumbers(maximum: 0)
    /// Indexed by channel number.
    var channels: [ChannelCore?] = []
    /// Channels with acknowledgements to be written at the end of the loop's turn.
    var acknowledging: [ChannelCore] = []
    var heartbeat: Heartbeat
    var heartbeatTimer: EventLoop.TimerToken?
    let started: ContinuousClock.Instant
    var lastRead: ContinuousClock.Instant
    @exclusivity(unchecked) var lastWrite: ContinuousClock.Instant
    /// What the socket held when it was seen to take no more, and since when it has held just that.
    var stall: (octets: Int, since: ContinuousClock.Instant)?
    var hasOpened = false
    /// Open, and neither side has begun to close: beside the machine's state, since every frame asks.
    var isOpen = false
    /// Numbers of channels that both sides closed at once: a close-ok may come still. RabbitMQ does not always send it, and
    /// it may come after the open-ok of the number's next life: the two are written by different processes.
    var lateCloseOks: Set<UInt16> = []
    var isReadingPaused = false
    /// Octets that may still be read although too many deliveries wait.
    var sip = 0
    /// Runs while reading is paused.
    var sipTimer: EventLoop.TimerToken?
    var blockedReason: String?
    var blockedSince: ContinuousClock.Instant?
    /// Secrets on their way, the oldest first.
    var secrets: [(waiter: Waiter<Void>, username: String, secret: String)] = []

    init(
        _ stream: Stream, tls: TLSFilter?, host: String, machine: ConnectionMachine, headerMax: Int,
        publishWindow: Int, now: ContinuousClock.Instant
    ) {
        self.stream = stream
        self.tls = tls
        self.host = host
        self.machine = machine
        parser = FrameParser(headerMax: headerMax)
        heartbeat = Heartbeat(seconds: 0, now: 0)
        started = now
        lastRead = now
        lastWrite = now
        // Publishes look at what waits; what else is written is bounded by what the peer and the callers may ask.
        stream.outputLimit = .max
        // Who waits for room hears of it when the output has fallen from above this mark, so the mark is below the window.
        stream.lowWaterMark = max(0, min(stream.lowWaterMark, publishWindow / 2))
    }

    var frameMax: Int { Int(machine.tuning.frameMax) }

    /// Monotonic nanoseconds, as the heartbeat's machine counts.
    func nanoseconds(_ instant: ContinuousClock.Instant) -> UInt64 {
        let (seconds, attoseconds) = (instant - started).components
        return UInt64(clamping: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    /// Lets `body` append octets to what leaves at the end of the loop's turn.
    func write<Result>(_ body: (inout ByteBuffer) throws(AMQPError) -> Result) throws(AMQPError) -> Result {
        var outcome: Swift.Result<Result, AMQPError>?
        stream.write { out in
            do throws(AMQPError) {
                outcome = .success(try body(&out))
            } catch {
                outcome = .failure(error)
            }
        }
        guard let outcome else { throw AMQPError(.connectionLost, "the connection is closed", host: host) }
        lastWrite = stream.loop.now
        return try outcome.get()
    }

    /// Whether the frame is nothing but the end of a channel that is gone; it is forgotten then. A channel that waits for its
    /// own takes any: its number is as free.
    func isLateCloseOk(_ frame: Frame) -> Bool {
        var reader = ArgumentReader(frame.payload)
        guard frame.kind == .method, lateCloseOks.contains(frame.channel),
            channel(frame.channel)?.machine?.state != .closing, (try? reader.short()) == 20,
            (try? reader.short()) == 41, reader.isAtEnd
        else { return false }
        lateCloseOks.remove(frame.channel)
        return true
    }

    func channel(_ number: UInt16) -> ChannelCore? {
        Int(number) < channels.count ? channels[Int(number)] : nil
    }

    func attach(_ channel: ChannelCore, _ number: UInt16) {
        while channels.count <= Int(number) { channels.append(nil) }
        channels[Int(number)] = channel
    }

    func detach(_ number: UInt16) {
        if Int(number) < channels.count { channels[Int(number)] = nil }
        numbers.release(number)
    }
}
