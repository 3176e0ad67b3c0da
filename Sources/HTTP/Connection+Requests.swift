import Bytes
import EventLoop
import HTTPWire

extension Connection {
    /// Works on octets that arrived, as far as the phase allows; returns how many are used up.
    func process(_ bytes: UnsafeRawBufferPointer) -> Int {
        isProcessing = true
        defer { isProcessing = false }
        var position = 0
        while position < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            switch phase {
            case .head:
                if isOutputFull {
                    // What the socket does not take now makes `streamDidDrain` come later.
                    stream?.flush()
                    if phase == .closed { return bytes.count }
                    if isOutputFull {
                        pauseReading()
                        return position
                    }
                }
                guard let used = takeHead(rest) else { return position }
                position += used
            case .body:
                position += takeBody(rest)
            case .responding, .sending:
                return position
            case .streaming, .lingering, .closed:
                return bytes.count
            }
        }
        return position
    }

    /// Returns the octets of the head, or nil if it is not complete.
    private func takeHead(_ bytes: UnsafeRawBufferPointer) -> Int? {
        let isFirstPart = !scanner.hasStarted
        let range: Range<Int>
        do throws(HTTPError) {
            guard let found = try scanner.scan(bytes, limit: context.configuration.headLimit) else {
                if isFirstPart { setDeadline(context.ticks.head) }
                return nil
            }
            range = found
        } catch {
            refuse(error)
            return bytes.count
        }
        let request = context.takeRequest()
        request.peer = peer
        do throws(HTTPError) {
            try request.head.parse(
                UnsafeRawBufferPointer(rebasing: bytes[range]), maximumFields: context.configuration.fieldLimit)
        } catch {
            refuse(error)
            return bytes.count
        }
        if context.hooks.observer != nil { request.started = .now }
        request.readTrace(orElse: context.makeTraceID())
        begin(request)
        return range.upperBound
    }

    /// Decides what a parsed head asks for.
    private func begin(_ request: RequestStorage) {
        let match = request.head.isAsterisk ? RouteTable.Match.notFound : context.routes.match(request)
        guard case .route(let route) = match else { return answerUnrouted(request, match) }
        let limit = route.bodyLimit ?? context.configuration.bodyLimit
        switch request.head.framing {
        case .none, .length(0), .untilClose:
            return run(request, route)
        case .length(let length):
            guard length <= limit else {
                return refuse(HTTPError(.contentTooLarge, "the body is longer than \(limit) octets"), request)
            }
        case .chunked:
            request.decoder = ChunkedDecoder()
        }
        request.bodyLimit = limit
        if request.head.expectsContinue {
            stream?.write { $0.append("HTTP/1.1 100 Continue\r\n\r\n") }
        }
        self.request = request
        phase = .body
        setDeadline(context.ticks.body)
    }

    /// Returns how many octets belong to the body.
    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let request else { return bytes.count }
        let used: Int
        let isComplete: Bool
        if case .length(let length) = request.head.framing {
            used = min(bytes.count, length - request.body.count)
            request.body.append(UnsafeRawBufferPointer(rebasing: bytes[..<used]))
            isComplete = request.body.count == length
        } else {
            do throws(HTTPError) {
                used = try request.decoder.decode(bytes, into: &request.body, limit: request.bodyLimit)
            } catch {
                refuse(error, request)
                return bytes.count
            }
            isComplete = request.decoder.isDone
        }
        if isComplete, let route = request.route {
            self.request = nil
            phase = .head
            run(request, route)
        }
        return used
    }

    // MARK: - Answers

    private func run(_ request: RequestStorage, _ route: Route) {
        let response: Response
        do {
            if let early = try answerEarly(Request(request)) {
                response = early
            } else {
                switch route.handler {
                case .inline(let handler):
                    response = try handler(Request(request))
                case .async(let handler):
                    return runTask(request, handler)
                }
            }
        } catch {
            response = context.hooks.errorResponder(error, Request(request), request.traceID)
        }
        finish(request, response)
    }

    private func answerEarly(_ request: Request) throws -> Response? {
        for hook in context.hooks.before {
            if let response = try hook(request) { return response }
        }
        return nil
    }

    private func runTask(_ request: RequestStorage, _ handler: @escaping @Sendable (Request) async throws -> Response) {
        phase = .responding
        self.request = request
        // It starts at once, on this actor, and comes back to it after each suspension.
        Task.immediate(executorPreference: context.loop) {
            let response: Response
            do {
                response = try await handler(Request(request))
            } catch {
                response = context.hooks.errorResponder(error, Request(request), request.traceID)
            }
            taskDidEnd(request, response)
        }
    }

    private func taskDidEnd(_ request: RequestStorage, _ response: Response) {
        guard phase == .responding else {
            // The connection is gone; the work is done all the same.
            observe(request, response.status, bodyCount: response.body.count)
            return
        }
        self.request = nil
        phase = .head
        finish(request, response)
        continueReading()
        if hasPeerEnded, phase == .head { stream?.closeAfterFlush() }
    }

    private func finish(_ request: RequestStorage, _ response: consuming Response) {
        let isHead = request.head.method == .head
        if case .eventStream = response.body, !isHead, context.isFullOfStreams {
            let error = HTTPError(.serviceUnavailable, "too many event streams; try again soon")
            response = context.hooks.errorResponder(error, Request(request), request.traceID)
            response.fields.set("Retry-After", "5")
        }
        context.hooks.after?(Request(request), &response)
        let minorVersion = request.head.minorVersion
        let endsWithConnection =
            switch response.body {
            case .eventStream: true
            case .streamed: minorVersion == 0 && !isHead
            default: false
            }
        // Where every place is taken, who has an answer makes room: who asks again and again would keep theirs for ever.
        let keepsAlive =
            request.head.keepsAlive && !response.closesConnection && !context.isDraining && !endsWithConnection
            && !context.isFull
        let outcome = send(
            response, traceID: request.traceID, isHead: isHead, keepsAlive: keepsAlive, minorVersion: minorVersion)
        if outcome == .asGiven, !isHead, !response.status.forbidsContent,
            case .streamed(let produce) = response.body
        {
            return beginBody(BodyState(request, response.status, keepsAlive: keepsAlive), produce)
        }
        observe(request, response.status, bodyCount: response.body.count)
        context.giveBack(request)
        guard outcome != .refused else { return abort() }
        if outcome == .asGiven, !isHead, case .eventStream(let start) = response.body {
            beginEventStream(start)
        } else if keepsAlive {
            setDeadline(context.ticks.idle)
        } else {
            linger()
        }
    }

    func observe(_ request: RequestStorage, _ status: HTTPStatus, bodyCount: Int) {
        guard let observer = context.hooks.observer else { return }
        let duration = request.started.map { .now - $0 } ?? .zero
        observer(
            Hooks.Observation(
                method: request.head.method, pattern: request.route?.pattern ?? "", status: status,
                duration: duration, bodyCount: bodyCount, traceID: request.traceID, peer: peer))
    }

    /// Answers what the server itself refuses, and closes the connection since the rest of it is unknown.
    func refuse(_ error: HTTPError, _ request: RequestStorage? = nil) {
        guard phase != .closed, phase != .lingering else { return }
        let request = request ?? self.request
        let traceID = request?.traceID ?? context.makeTraceID()
        let handed = request.map { Request($0) }
        var response = context.hooks.errorResponder(error, handed, traceID)
        if error.status == .serviceUnavailable { response.fields.set("Retry-After", "1") }
        context.hooks.after?(handed, &response)
        if response.body.isStream { response.body = .none }
        let outcome = send(
            response, traceID: traceID, isHead: request?.head.method == .head, keepsAlive: false, minorVersion: 1)
        if let request {
            observe(request, response.status, bodyCount: response.body.count)
        } else if let observer = context.hooks.observer {
            observer(
                Hooks.Observation(
                    method: .unrecognized, pattern: "", status: response.status, duration: .zero,
                    bodyCount: response.body.count, traceID: traceID, peer: peer))
        }
        if outcome == .refused { abort() } else { linger() }
    }

    /// OPTIONS, 404, 405 and 501. With a body on the way the connection ends, so that it need not be read first.
    private func answerUnrouted(_ request: RequestStorage, _ match: RouteTable.Match) {
        var response: Response
        let method = request.head.method
        switch match {
        case .methodNotAllowed(let allow) where method == .options:
            response = Response(.noContent).with("Allow", allow)
        case .methodNotAllowed(let allow) where method != .unrecognized:
            let error = HTTPError(.methodNotAllowed, "this path answers \(allow)")
            response = context.hooks.errorResponder(error, Request(request), request.traceID)
            response.fields.set("Allow", allow)
        case _ where request.head.isAsterisk:
            response = Response(.noContent).with("Allow", context.routes.allMethods)
        default:
            let error =
                method == .unrecognized
                ? HTTPError(.notImplemented, "this method is not known here")
                : HTTPError(.notFound, "there is nothing at this path")
            response = context.hooks.errorResponder(error, Request(request), request.traceID)
        }
        switch request.head.framing {
        case .none, .length(0), .untilClose: break
        case .length, .chunked: response.closesConnection = true
        }
        finish(request, response)
    }
}
