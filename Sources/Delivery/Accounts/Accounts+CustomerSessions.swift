import SQLite

/// The sessions of customers at the page, and the end of sessions and tokens.
extension Accounts {
    /// - Parameters:
    ///   - old: the session that the browser has, which ends.
    ///   - client: who asks, as `Request.client` names them.
    ///   - ended: told on the writer's thread, after the commit, of the event that the old session's streams end by.
    /// - Returns: the token of a new session.
    package func loginCustomer(
        _ login: Login, replacing old: String?, from client: String,
        ended: @escaping @Sendable (FeedEvent) -> Void = { _ in }
    ) async throws -> String {
        let (email, checked) = try await checkedCustomer(login, from: client)
        let token = try Secrets.token()
        return try await database.write { db in
            guard let customer = try AccountRecords.customerLogin(email: email, in: db), customer == checked else {
                throw DeliveryError.wrongCredentials
            }
            let now = Timestamp.now
            if let old, let event = try Self.end(SessionID(token: old), .userSession, in: db) {
                db.afterCommit { ended(event) }
            }
            try AccountRecords.insertToken(
                Secrets.sha256(token), .userSession, owner: customer.id, expires: now.adding(Self.sessionLifetime),
                in: db)
            return token
        }
    }

    /// - Parameter ended: told on the writer's thread, after the commit, of the event that the session's streams end by.
    package func logoutCustomer(
        session: String, ended: @escaping @Sendable (FeedEvent) -> Void = { _ in }
    ) async throws {
        let session = SessionID(token: session)
        try await database.write { db in
            if let event = try Self.end(session, .userSession, in: db) { db.afterCommit { ended(event) } }
        }
    }

    /// Ends a refresh token, and the access token that comes with the request. What is none is no error: it has ended.
    package func logoutCustomer(
        refreshToken: String, accessToken: String?, ended: @escaping @Sendable (FeedEvent) -> Void = { _ in }
    ) async throws {
        let refresh = Secrets.sha256(refreshToken)
        let access = accessToken.map { SessionID(token: $0) }
        try await database.write { db in
            try AccountRecords.deleteToken(refresh, .refresh, in: db)
            if let access, let event = try Self.end(access, .access, in: db) { db.afterCommit { ended(event) } }
        }
    }

    /// Lets a customer's session that is in use live on, at most once a day.
    /// - Returns: whether it was time for that.
    package func renew(customerSession session: String) async throws -> Bool { try await renew(session, .userSession) }
}
