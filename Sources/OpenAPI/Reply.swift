extension Operation {
    /// A reply to a request that was answered as asked.
    package struct Reply: Sendable {
        package let status: Int
        package let text: String
        package let contents: [(type: String, schema: Schema)]
        /// Fields beside `X-Request-Id`, as names of `components/headers`.
        package let headers: [String]
        package var example: JSONTree?
        /// The events of a stream.
        package var events: [Event] = []

        package init(
            _ status: Int, _ text: String, contents: KeyValuePairs<String, Schema> = [:], headers: [String] = []
        ) {
            (self.status, self.text, self.headers) = (status, text, headers)
            self.contents = contents.map { (type: $0.key, schema: $0.value) }
        }

        /// 200 with the envelope.
        package static func ok(
            _ body: Schema, _ text: String = "OK", beside more: KeyValuePairs<String, Schema> = [:],
            sometimes: KeyValuePairs<String, Schema> = [:]
        ) -> Reply {
            Reply(
                200, text, contents: ["application/json": .envelope(of: body, beside: more, sometimes: sometimes)])
        }

        /// 201 with the envelope and `Location`.
        package static func created(_ body: Schema, _ text: String = "Created") -> Reply {
            Reply(201, text, contents: ["application/json": .envelope(of: body)], headers: ["Location"])
        }

        /// 202 with the envelope.
        package static func accepted(_ body: Schema, _ text: String, headers: [String] = []) -> Reply {
            Reply(202, text, contents: ["application/json": .envelope(of: body)], headers: headers)
        }

        /// 200 without an envelope.
        package static func plain(_ type: String, _ schema: Schema, _ text: String = "OK") -> Reply {
            Reply(200, text, contents: [type: schema])
        }

        package static func page(_ text: String) -> Reply {
            Reply(200, text, contents: ["text/html": .string], headers: ["ETag"])
        }

        /// Elsewhere, by `Location`.
        package static func redirect(_ text: String) -> Reply { Reply(303, text, headers: ["Location"]) }

        /// A file that the client has already.
        package static let notModified = Reply(304, "The client's copy is still good.", headers: ["ETag"])

        package static func events(_ events: [Event], _ text: String) -> Reply {
            var reply = Reply(200, text, contents: ["text/event-stream": .any(of: events.map(\.envelope))])
            reply.events = events
            reply.example = .string(events.map(\.octets).joined())
            return reply
        }
    }

    /// One kind of event of a stream.
    package struct Event: Sendable {
        /// Empty for an unnamed one, which a browser's `onmessage` gets.
        package let name: String
        package let text: String
        package let schema: Schema
        package let example: JSONTree
        /// Whether it has an id, and so a place in the log.
        package let isLogged: Bool

        package init(_ name: String, _ text: String, _ schema: Schema, example: JSONTree, isLogged: Bool = true) {
            (self.name, self.text, self.schema, self.example) = (name, text, schema, example)
            self.isLogged = isLogged
        }

        /// The event with its fields. OpenAPI 3.1 has no words for the items of a stream, so the stream's schema is one's.
        fileprivate var envelope: Schema {
            let data: JSONTree = [
                "type": "string", "contentMediaType": "application/json", "contentSchema": schema.tree,
            ]
            var members: KeyValuePairs<String, Schema> = ["event": .values([name]), "data": Schema(data)]
            if name.isEmpty { members = ["data": Schema(data)] }
            return .object(members, optional: ["id": .string.matching("^[0-9]+$"), "retry": .integer(from: 0)])
        }

        fileprivate var octets: String {
            let data = String(decoding: example.octets, as: UTF8.self)
            return (isLogged ? "id: 1042\n" : "") + (name.isEmpty ? "" : "event: \(name)\n") + "data: \(data)\n\n"
        }
    }

    /// An error reply, in the envelope or as RFC 9457.
    package struct Refusal: Sendable, Hashable {
        package let status: Int
        /// Every `result_code` that can come with the status.
        package let codes: [Int]
        package let text: String
        /// A form gets a page instead.
        package let isPage: Bool

        package init(_ status: Int, codes: [Int]? = nil, _ text: String, isPage: Bool = false) {
            (self.status, self.codes, self.text, self.isPage) = (status, codes ?? [status], text, isPage)
        }
    }
}

extension Operation.Refusal {
    package static let noOrder = Self(404, codes: [3000], "There is no such order, or it is somebody else's.")
    package static let noStore = Self(404, codes: [3404], "There is no such store.")
    package static let wrongStatus = Self(409, codes: [3001], "The order's status does not allow it.")
    package static let tooMany = Self(429, "Too many of these from this client.")

    /// The field or parameter that is wrong is named.
    static let malformed = Self(400, "The request is malformed: a field is missing or wrong. The description names it.")
    static let unauthenticated = Self(401, codes: [2000, 2001, 2003], "The token is missing, not valid, or expired.")
    static let foreignOrigin = Self(403, "The request has a cookie and comes from a foreign page.")
    static let notForThisRole = Self(403, "The user's role does not allow it.")
    static let tooLarge = Self(413, "The body is too large.")
    static let wrongType = Self(415, "The body is not JSON.")

    /// What every request can meet.
    static let common = [
        Self(408, "The request did not come completely in time."), tooLarge,
        Self(414, "The target is too long."), Self(431, "The head is larger than 16 KiB."),
        Self(500, "A defect. The description has the trace id."),
        Self(503, "Not now. Try again after `Retry-After` seconds."),
    ]
}

extension Operation {
    /// What the operation adds to what every request can meet, with one refusal per status.
    var allRefusals: [Refusal] {
        var all = refusals
        all.append(.malformed)
        if audience.isChecked { all.append(.unauthenticated) }
        if !audience.roles.isEmpty { all.append(.notForThisRole) }
        if !method.isSafe { all.append(.foreignOrigin) }
        if body != nil { all.append(.wrongType) }
        all += Refusal.common
        var merged: [Int: Refusal] = [:]
        for refusal in all {
            guard let known = merged[refusal.status] else {
                merged[refusal.status] = refusal
                continue
            }
            let codes = Set(known.codes).union(refusal.codes).sorted()
            let text = known.text.contains(refusal.text) ? known.text : "\(known.text) \(refusal.text)"
            merged[refusal.status] = Refusal(
                refusal.status, codes: codes, text, isPage: known.isPage || refusal.isPage)
        }
        return merged.values.sorted { $0.status < $1.status }
    }
}
