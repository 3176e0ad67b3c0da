import EventLoop
import HTTPWire
import TLS

/// The connections of a client, by origin, on the loop.
actor ClientPool {
    /// One request, as it is sent.
    struct Call: Sendable {
        let url: HTTPURL
        let method: HTTPMethod
        let isRepeatable: Bool
        let limits: ResponseParser.Limits
        let octets: SharedBytes
        let deadline: ContinuousClock.Instant

        init(
            _ request: HTTPClient.Request, _ limits: ResponseParser.Limits, octets: SharedBytes,
            deadline: ContinuousClock.Instant
        ) {
            url = request.url
            method = request.method
            isRepeatable = request.isRepeatable
            self.limits = limits
            self.octets = octets
            self.deadline = deadline
        }
    }

    private struct Origin: Hashable, Sendable {
        let isSecure: Bool
        let host: String
        let port: Int

        init(_ url: HTTPURL) { (isSecure, host, port) = (url.isSecure, url.host, url.port) }
    }

    /// What a call gets of its origin: a connection, or the right to make one.
    private enum Grant: Sendable {
        case connection(ClientConnection)
        case place
    }

    private struct Places {
        /// Connections that exist or are being made.
        var taken = 0
        /// The one used last is the last.
        var idle: [ClientConnection] = []
        var waiting: [Once<Grant>] = []
    }

    private let loop: EventLoop
    private let tls: TLSContextSource
    private let bounds: HTTPClient.Connections
    private let allowed: @Sendable (IPAddress) -> Bool
    private var origins: [Origin: Places] = [:]
    private var idleCount = 0

    init(
        _ loop: EventLoop, _ tls: TLSContextSource, _ bounds: HTTPClient.Connections,
        _ allowed: @escaping @Sendable (IPAddress) -> Bool
    ) {
        self.loop = loop
        self.tls = tls
        self.bounds = bounds
        self.allowed = allowed
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    func send(_ call: Call) async throws -> HTTPClient.Response {
        let origin = Origin(call.url)
        var mayRepeat = call.isRepeatable
        while true {
            let connection = try await connection(to: origin, before: call.deadline)
            do {
                let response = try await connection.perform(call)
                release(connection, origin)
                return response
            } catch {
                let wasUnheard = wasUnheard(connection)
                release(connection, origin)
                guard mayRepeat, wasUnheard, !(error is CancellationError) else { throw error }
                mayRepeat = false
                // A peer that was restarted has ended them all.
                closeIdle(origin)
            }
        }
    }

    /// Whether the last request on a used connection got no word of an answer.
    private func wasUnheard(_ connection: ClientConnection) -> Bool {
        connection.assumeIsolated { $0.isReused && !$0.hasHeard }
    }

    private func isUsable(_ connection: ClientConnection) -> Bool { connection.assumeIsolated { $0.isUsable } }

    // MARK: - Connections

    private func connection(to origin: Origin, before deadline: ContinuousClock.Instant) async throws
        -> ClientConnection
    {
        // A connection that ended while it was handed over leaves its place.
        if case .connection(let known) = try await grant(origin), isUsable(known) {
            return known
        }
        do {
            let filter = origin.isSecure ? TLSFilter(try TLSEngine(try tls.context(), host: origin.host)) : nil
            let connection = ClientConnection(on: loop, filter: filter)
            let descriptor = try await loop.connect(
                host: origin.host, port: origin.port, timeout: deadline - .now, allowed: allowed)
            try await connection.start(descriptor)
            return connection
        } catch {
            leave(origin)
            throw error
        }
    }

    private func grant(_ origin: Origin) async throws -> Grant {
        if let known = takeIdle(origin) { return .connection(known) }
        if origins[origin, default: Places()].taken < bounds.perOrigin {
            origins[origin, default: Places()].taken += 1
            return .place
        }
        guard origins[origin, default: Places()].waiting.count < bounds.waiting else {
            throw HTTPError(.serviceUnavailable, "too many calls wait for a connection to \(origin.host)")
        }
        let once = Once<Grant>()
        origins[origin, default: Places()].waiting.append(once)
        do {
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { once.wait($0) }
            } onCancel: {
                loop.execute { once.finish(.failure(CancellationError())) }
            }
        } catch {
            origins[origin]?.waiting.removeAll { $0 === once }
            throw error
        }
    }

    private func takeIdle(_ origin: Origin) -> ClientConnection? {
        while let known = origins[origin]?.idle.popLast() {
            idleCount -= 1
            if known.assumeIsolated({ $0.wake() }) { return known }
            leave(origin)
        }
        return nil
    }

    /// The call is over.
    private func release(_ connection: ClientConnection, _ origin: Origin) {
        guard isUsable(connection) else { return leave(origin) }
        if let next = nextWaiting(origin) { return next.finish(.success(.connection(connection))) }
        guard idleCount < bounds.idle else {
            connection.assumeIsolated { $0.close() }
            return leave(origin)
        }
        idleCount += 1
        origins[origin]?.idle.append(connection)
        let time = bounds.idleTime
        connection.assumeIsolated {
            $0.rest(for: time) { self.assumeIsolated { $0.idleDidEnd(connection, origin) } }
        }
    }

    private func idleDidEnd(_ connection: ClientConnection, _ origin: Origin) {
        guard let index = origins[origin]?.idle.firstIndex(where: { $0 === connection }) else { return }
        origins[origin]?.idle.remove(at: index)
        idleCount -= 1
        leave(origin)
    }

    /// One connection less: who waits may make another one.
    private func leave(_ origin: Origin) {
        if let next = nextWaiting(origin) { return next.finish(.success(.place)) }
        guard var places = origins[origin] else { return }
        places.taken -= 1
        origins[origin] = places.taken == 0 && places.waiting.isEmpty ? nil : places
    }

    /// On the loop a wait that is not finished now still is not when the caller finishes it.
    private func nextWaiting(_ origin: Origin) -> Once<Grant>? {
        while let first = origins[origin]?.waiting.first {
            origins[origin]?.waiting.removeFirst()
            if !first.isFinished { return first }
        }
        return nil
    }

    private func closeIdle(_ origin: Origin) {
        for connection in origins[origin]?.idle ?? [] { connection.assumeIsolated { $0.close() } }
    }

    func closeIdle() {
        for origin in origins.keys { closeIdle(origin) }
    }
}
