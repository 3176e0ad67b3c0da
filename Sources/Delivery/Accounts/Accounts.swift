import SQLite

/// By what a customer shows who they are.
package enum CustomerCredential: Equatable, Sendable {
    case missing
    /// An access token, in a header.
    case token(String)
    /// The cookie of the customer's page.
    case session(String)

    /// The token, of whichever kind.
    package var secret: String? {
        switch self {
        case .missing: nil
        case .token(let secret), .session(let secret): secret
        }
    }
}

/// Registration, login and the question who somebody is.
package struct Accounts: Sendable {
    package static let accessLifetime = Duration.seconds(60 * 60)
    package static let refreshLifetime = Duration.seconds(14 * 24 * 60 * 60)
    /// A store's tab stays open all day; a session that is used lives on.
    package static let sessionLifetime = Duration.seconds(14 * 24 * 60 * 60)
    /// An expired token is kept for a while, so that its holder is told *expired* and not *invalid*.
    static let afterlife = Duration.seconds(7 * 24 * 60 * 60)

    let database: Database
    let passwords: PasswordWorker
    package let limits: LoginLimits
    let operators: Operators?

    /// - Parameter operators: the service's, if it has any; a login with their address waits until they are in place.
    package init(
        database: Database, passwords: PasswordWorker, limits: LoginLimits = LoginLimits(), operators: Operators? = nil
    ) {
        self.database = database
        self.passwords = passwords
        self.limits = limits
        self.operators = operators
    }

    // MARK: - Customers

    package struct Registration: Decodable, Sendable {
        package let name: String
        package let email: String
        package let address: String
        package let password: String
    }

    package struct Login: Decodable, Sendable {
        package let email: String
        package let password: String

        package init(email: String, password: String) {
            self.email = email
            self.password = password
        }
    }

    package struct Tokens: Encodable, Sendable {
        package let access: String
        package let accessExpires: Timestamp
        package let refresh: String
        package let refreshExpires: Timestamp

        enum CodingKeys: String, CodingKey {
            case access = "access_token"
            case accessExpires = "access_token_expired_at"
            case refresh = "refresh_token"
            case refreshExpires = "refresh_token_expired_at"
        }
    }

    /// - Parameter client: who asks, as `Request.client` names them.
    /// - Throws: `DeliveryError` 400 for a field, 409/1405 for an address that is taken, 429 for too many.
    package func register(_ registration: Registration, from client: String) async throws -> Customer {
        let name = try AccountRules.text(registration.name, "name", longest: 50)
        let email = try AccountRules.email(registration.email)
        let address = try AccountRules.text(registration.address, "address", longest: 200)
        let password = try AccountRules.password(registration.password)
        guard try await database.read({ db in try AccountRecords.customerLogin(email: email, in: db) }) == nil else {
            throw DeliveryError.emailTaken
        }
        let hash = try await newHash(password, from: client)
        return try await database.write { db in
            let now = Timestamp.now
            let id = try AccountRecords.insertCustomer(
                name: name, email: email, address: address, password: hash, at: now, in: db)
            return Customer(
                id: id, name: name, email: email, address: address, status: .registered, registeredAt: now)
        }
    }

    /// The hash of a password that somebody registers with.
    func newHash(_ password: String, from client: String) async throws -> PasswordHash {
        try limits.checkRegistration(client)
        return try await passwords.run(for: client) { [limits] in
            try limits.countRegistration(client)
            return try PasswordHash.make(password)
        }
    }

    /// - Parameter client: who asks, as `Request.client` names them.
    /// - Throws: `DeliveryError.wrongCredentials`, whichever of the two is wrong; 429 after too many failures.
    package func login(_ login: Login, from client: String) async throws -> Tokens {
        let (email, checked) = try await checkedCustomer(login, from: client)
        return try await database.write { db in
            // The account may have changed while the password was checked.
            guard let now = try AccountRecords.customerLogin(email: email, in: db), now == checked else {
                throw DeliveryError.wrongCredentials
            }
            return try Self.issueTokens(customer: now.id, in: db)
        }
    }

    /// The customer whose password this is, as they were while it was checked.
    func checkedCustomer(
        _ login: Login, from client: String
    ) async throws -> (email: String, found: (id: Int, password: PasswordHash)) {
        let email = try Self.email(of: login)
        let found = try await database.read { db in try AccountRecords.customerLogin(email: email, in: db) }
        return (email, try await check(login.password, found, LoginLimiter.Pair(account: email, client: client)))
    }

    /// What nobody can have registered tells nothing when it is refused at once.
    static func email(of login: Login) throws(DeliveryError) -> String {
        do throws(DeliveryError) {
            return try AccountRules.email(login.email)
        } catch {
            throw .wrongCredentials
        }
    }

    /// A login of an unknown address takes as long as one with a wrong password, and is limited like one.
    func check(
        _ password: String, _ found: (id: Int, password: PasswordHash)?, _ pair: LoginLimiter.Pair
    ) async throws -> (id: Int, password: PasswordHash) {
        guard password.utf8.count <= AccountRules.longestPassword else { throw DeliveryError.wrongCredentials }
        // What is refused now does not take a place in the queue; what is refused in its turn costs no scrypt.
        try limits.check(pair)
        let hash = found?.password ?? .nobody
        let matches = try await passwords.run(for: pair.client) { [limits] in
            try limits.begin(pair)
            let matches = hash.matches(password)
            if matches { limits.succeed(pair) }
            return matches
        }
        guard let found, matches else { throw DeliveryError.wrongCredentials }
        return found
    }

    private static func issueTokens(customer id: Int, in db: Connection) throws -> Tokens {
        let now = Timestamp.now
        let tokens = Tokens(
            access: try Secrets.token(), accessExpires: now.adding(accessLifetime),
            refresh: try Secrets.token(), refreshExpires: now.adding(refreshLifetime))
        try AccountRecords.insertToken(
            Secrets.sha256(tokens.access), .access, owner: id, expires: tokens.accessExpires, in: db)
        try AccountRecords.insertToken(
            Secrets.sha256(tokens.refresh), .refresh, owner: id, expires: tokens.refreshExpires, in: db)
        return tokens
    }

    /// Exchanges a refresh token, once, for a new pair.
    package func refresh(_ token: String) async throws -> Tokens {
        let hash = Secrets.sha256(token)
        return try await database.write { db in
            let id = try Self.registered(Self.owner(hash, .refresh, in: db), in: db).id
            try AccountRecords.deleteToken(hash, .refresh, in: db)
            return try Self.issueTokens(customer: id, in: db)
        }
    }

    /// The customer whose token or session this is: part of the caller's own transaction.
    /// - Throws: `DeliveryError` 401.
    package static func customer(_ credential: CustomerCredential, in db: Connection) throws -> Customer {
        switch credential {
        case .missing: throw DeliveryError.tokenMissing
        case .token(let token): try registered(owner(Secrets.sha256(token), .access, in: db), in: db)
        case .session(let session): try registered(owner(Secrets.sha256(session), .userSession, in: db), in: db)
        }
    }

    /// Tokens of a customer who has left are worth nothing.
    private static func registered(_ id: Int, in db: Connection) throws -> Customer {
        guard let customer = try AccountRecords.customer(id, in: db), customer.status == .registered else {
            throw DeliveryError.tokenInvalid
        }
        return customer
    }

    static func owner(_ hash: [UInt8], _ kind: TokenKind, in db: Connection) throws -> Int {
        guard let found = try AccountRecords.token(hash, kind, in: db) else { throw DeliveryError.tokenInvalid }
        guard found.expires > .now else { throw DeliveryError.tokenExpired }
        return found.owner
    }
}
