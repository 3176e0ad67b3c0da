import Support

/// What each caller is answered.
struct SecurityRow: Sendable, CustomStringConvertible {
    typealias Caller = SecurityFixture.Caller

    struct Answer: Equatable, Sendable {
        var status: Int
        /// nil for a reply without an envelope.
        var code: Int?
        var location: String?

        init(_ status: Int, _ code: Int?, location: String? = nil) {
            (self.status, self.code, self.location) = (status, code, location)
        }

        static let forbidden = Answer(403, 403)
        static let noOrder = Answer(404, 3000)
    }

    enum Rule: Sendable {
        case everybody(Answer)
        /// Customers; those of another customer get another answer.
        case customers(Answer, other: Answer? = nil)
        /// Every role of store 1; those of another store get another answer, who works for no store 403.
        case stores(Answer, other: Answer? = nil)
        /// Every role of every store, and riders.
        case storesAndRiders(Answer)
        /// Store 1, other stores, and riders, each with an answer of their own.
        case each(store: Answer, other: Answer, rider: Answer)
        case riders(Answer)
        /// Whoever is logged in at store-admin.
        case storeUsers(Answer)
        case operators(Answer)
        /// One caller; everybody else gets 403.
        case only(Caller, Answer)
        /// A MASTER of store 1; everybody else gets 403.
        case master(Answer)
        /// The MASTERs and ADMINs of stores.
        case owners(Answer)
        /// Their page, which operators have too; the others go to their own.
        case settlementPage(Answer)
        /// A page of store users: riders are sent to their own, the others to the login.
        case page(Answer, operator: Answer)
        /// The operators' page: nobody is sent to the login, the others to their own page.
        case operatorPage(Answer)
        /// Likewise the riders'.
        case riderPage(Answer)

        func answer(to caller: Caller) -> Answer {
            let refused = Self.unauthenticated(caller)
            let isOther = [.otherCustomer, .otherCookie, .otherMaster].contains(caller)
            switch self {
            case .everybody(let answer): return answer
            case .customers(let answer, let other): return refused ?? (isOther ? other ?? answer : answer)
            case .stores(let answer, let other):
                if let refused { return refused }
                return caller == .operator || caller == .rider ? .forbidden : isOther ? other ?? answer : answer
            case .each(let store, let other, let rider):
                if let refused { return refused }
                return caller == .operator ? .forbidden : caller == .rider ? rider : isOther ? other : store
            case .storesAndRiders(let answer): return refused ?? (caller == .operator ? .forbidden : answer)
            case .riders(let answer): return refused ?? (caller == .rider ? answer : .forbidden)
            case .storeUsers(let answer): return refused ?? answer
            case .operators(let answer): return refused ?? (caller == .operator ? answer : .forbidden)
            case .only(let one, let answer): return caller == one ? answer : .forbidden
            case .master(let answer): return caller == .master ? answer : .forbidden
            case .owners(let answer):
                return refused ?? ([.operator, .user, .rider].contains(caller) ? .forbidden : answer)
            case .settlementPage(let answer):
                if refused != nil { return Answer(303, nil, location: "/login") }
                if caller == .rider { return Answer(303, nil, location: "/rider") }
                return caller == .user ? Answer(303, nil, location: "/main") : answer
            case .page(let answer, let `operator`):
                if refused != nil { return Answer(303, nil, location: "/login") }
                if caller == .rider { return Answer(303, nil, location: "/rider") }
                return caller == .operator ? `operator` : answer
            case .operatorPage(let answer):
                if refused != nil { return Answer(303, nil, location: "/login") }
                return caller == .operator ? answer : Answer(303, nil, location: "/main")
            case .riderPage(let answer):
                if refused != nil { return Answer(303, nil, location: "/login") }
                return caller == .rider ? answer : Answer(303, nil, location: "/main")
            }
        }

        private static func unauthenticated(_ caller: Caller) -> Answer? {
            switch caller {
            case .nobody: Answer(401, 2003)
            case .expired, .expiredCookie: Answer(401, 2001)
            case .stranger, .loggedOut, .left, .otherService, .refreshToken, .loggedOutCookie, .tokenAsCookie,
                .cookieAsToken, .strangerWithCookie:
                Answer(401, 2000)
            case .customer, .otherCustomer, .cookie, .otherCookie, .master, .admin, .user, .otherMaster, .operator,
                .rider:
                nil
            }
        }
    }

    let method: String
    /// The route's pattern.
    let pattern: String
    /// What stands for `{…}` in it, and a query.
    let path: String
    let body: JSONValue?
    let rule: Rule

    init(_ method: String, _ pattern: String, path: String? = nil, body: JSONValue? = nil, _ rule: Rule) {
        (self.method, self.pattern, self.path) = (method, pattern, path ?? pattern)
        (self.body, self.rule) = (body, rule)
    }

    var route: String { "\(method) \(pattern)" }
    var description: String { "\(method) \(path)" }
}

/// The table: every route of both services, at least once.
enum SecurityTable {
    typealias Answer = SecurityRow.Answer
    static let (own, other) = (SecurityFixture.order, SecurityFixture.otherOrder)
    static let ok = Answer(200, 200)
    static let file = Answer(200, nil)
    /// What is no address costs no scrypt.
    static let login: JSONValue = ["email": "x", "password": "y"]

    private static let operations = [
        SecurityRow("GET", "/health/live", .everybody(file)),
        SecurityRow("GET", "/health/ready", .everybody(file)),
        SecurityRow("GET", "/metrics", .everybody(file)),
    ]

    static let api =
        operations + [
            SecurityRow(
                "POST", "/open-api/user/register",
                body: [
                    "name": "x", "email": "customer@example.com", "address": "x", "password": "a long password",
                ], .everybody(Answer(409, 1405))),
            SecurityRow("POST", "/open-api/user/login", body: login, .everybody(Answer(401, 1406))),
            SecurityRow(
                "POST", "/open-api/user/refresh", body: ["refresh_token": "x"], .everybody(Answer(401, 2000))),
            SecurityRow("GET", "/api/user/me", .customers(ok)),
            SecurityRow("GET", "/api/store/search", .customers(ok)),
            SecurityRow("GET", "/api/store-menu/search", path: "/api/store-menu/search?storeId=1", .customers(ok)),
            SecurityRow(
                "POST", "/api/user-order", body: ["store_id": 1, "store_menu_id_list": [1]],
                .customers(Answer(201, 201))),
            // Who asks comes before what is asked.
            SecurityRow("POST", "/api/user-order", body: ["store_id": 1], .customers(Answer(400, 400))),
            SecurityRow(
                "POST", "/api/user-order", body: ["store_id": 1, "store_menu_id_list": [6]],
                .customers(Answer(422, 3004))),
            SecurityRow("GET", "/api/user-order/current", .customers(ok)),
            SecurityRow("GET", "/api/user-order/history", .customers(ok)),
            SecurityRow("GET", "/api/sse/connect", .customers(file)),
        ] + ids(of: { .customers($0, other: $1) }) + customerRows + customerViewRows + paymentRows
        + webhookRows + apiDocumentRows

    static let admin =
        operations + [
            SecurityRow("GET", "/login", .everybody(file)),
            SecurityRow("POST", "/login", body: login, .everybody(Answer(401, 1406))),
            SecurityRow("POST", "/logout", .everybody(ok)),
            SecurityRow("GET", "/", .page(file, operator: Answer(303, nil, location: "/dead-letters"))),
            SecurityRow("GET", "/main", .page(file, operator: Answer(303, nil, location: "/dead-letters"))),
            SecurityRow(
                "POST", "/open-api/store-user", body: storeUser("한솥부엌 홍대점", "USER"), .master(Answer(409, 1405))),
            SecurityRow(
                "POST", "/open-api/store-user", body: storeUser("한솥부엌 홍대점", "OPERATOR"),
                .everybody(Answer(400, 400))),
            SecurityRow(
                "POST", "/open-api/store-user", body: storeUser("새 가게", "OPERATOR"), .everybody(Answer(400, 400))),
            SecurityRow("GET", "/api/store-user/me", .storeUsers(ok)),
            SecurityRow("GET", "/api/sse/connect", .storesAndRiders(file)),
            SecurityRow("POST", "/api/sse/push-event", .stores(ok)),
            SecurityRow("GET", "/api/user-order/current", .stores(ok)),
            SecurityRow("GET", "/api/user-order/history", .stores(ok)),
        ] + ids(of: { .stores($0, other: $1) }) + storeRows + riderRows + settlementRows + adminDocumentRows
        + [
            acknowledge(own, .stores(ok, other: .noOrder)),
            acknowledge(other, .stores(.noOrder, other: ok)),
            acknowledge(9_999, .stores(.noOrder)),
            SecurityRow("GET", "/dead-letters", .operatorPage(file)),
            SecurityRow("GET", "/api/dead-letter", .operators(ok)),
        ]
        + ["x", "1", String(repeating: "0", count: 64)].flatMap { id in
            [
                SecurityRow(
                    "POST", "/api/dead-letter/{id}/replay", path: "/api/dead-letter/\(id)/replay",
                    .operators(Answer(404, 404))),
                SecurityRow(
                    "DELETE", "/api/dead-letter/{id}", path: "/api/dead-letter/\(id)", .operators(Answer(404, 404))),
            ]
        }

    /// One's own order is found; another's is as one that does not exist.
    private static func ids(of rule: (Answer, Answer) -> SecurityRow.Rule) -> [SecurityRow] {
        func row(_ id: String, _ mine: Answer, _ others: Answer) -> SecurityRow {
            SecurityRow("GET", "/api/user-order/id/{id}", path: "/api/user-order/id/\(id)", rule(mine, others))
        }
        return [row("\(own)", ok, .noOrder), row("\(other)", .noOrder, ok)]
            + ["0", "-1", "9999", "9223372036854775808", "x", "1%20OR%201=1", "%31x"].map {
                row($0, .noOrder, .noOrder)
            }
    }

    private static func acknowledge(_ id: Int, _ rule: SecurityRow.Rule) -> SecurityRow {
        SecurityRow(
            "POST", "/api/user-order/{id}/acknowledge", path: "/api/user-order/\(id)/acknowledge", rule)
    }

    private static func storeUser(_ store: String, _ role: String) -> JSONValue {
        [
            "store_name": .string(store), "email": "owner2@example.com", "password": "a long password",
            "role": .string(role),
        ]
    }
}
