/// A refusal that the caller is told: its HTTP status, its `result_code` of the contract, and a sentence.
package struct DeliveryError: Error, Equatable, Sendable, CustomStringConvertible {
    package let status: Int
    package let resultCode: Int
    package let description: String
    /// Seconds after which another try makes sense (503 and 429).
    package let retryAfter: Int?

    package init(status: Int, resultCode: Int, _ description: String, retryAfter: Int? = nil) {
        self.status = status
        self.resultCode = resultCode
        self.description = description
        self.retryAfter = retryAfter
    }

    package static func invalid(_ field: String, _ reason: String) -> DeliveryError {
        DeliveryError(status: 400, resultCode: 400, "\(field): \(reason)")
    }

    package static let tokenMissing = DeliveryError(status: 401, resultCode: 2003, "a token is needed: log in first")
    package static let tokenInvalid = DeliveryError(status: 401, resultCode: 2000, "the token is not valid")
    package static let tokenExpired = DeliveryError(status: 401, resultCode: 2001, "the token has expired")
    package static let wrongCredentials = DeliveryError(
        status: 401, resultCode: 1406, "the e-mail address or the password is wrong")
    package static let forbidden = DeliveryError(status: 403, resultCode: 403, "not allowed for this user")
    package static let emailTaken = DeliveryError(
        status: 409, resultCode: 1405, "email: this address is already registered")
    package static let orderNotFound = DeliveryError(status: 404, resultCode: 3000, "there is no such order")
    package static let storeNotFound = DeliveryError(status: 404, resultCode: 3404, "there is no such store")

    package static func menuNotFound(_ id: Int) -> DeliveryError {
        DeliveryError(status: 404, resultCode: 3405, "there is no menu \(id)")
    }

    /// For what cannot be the id of a menu.
    package static let noSuchMenu = DeliveryError(status: 404, resultCode: 3405, "there is no such menu")

    package static func soldOut(_ id: Int, _ name: String) -> DeliveryError {
        DeliveryError(status: 409, resultCode: 3002, "menu \(id) is sold out: \(name)")
    }

    package static let outsideDeliveryArea = DeliveryError(
        status: 422, resultCode: 3005, "address: the store does not deliver there")

    package static func storePaused(until time: Timestamp) -> DeliveryError {
        DeliveryError(status: 409, resultCode: 3006, "the store takes no orders until \(time)")
    }

    package static func orderStatus(_ description: String) -> DeliveryError {
        DeliveryError(status: 409, resultCode: 3001, description)
    }

    package static func belowMinimum(_ amount: Int, _ minimum: Int) -> DeliveryError {
        DeliveryError(
            status: 422, resultCode: 3003,
            "the order's amount of \(amount) won is below the store's minimum of \(minimum) won")
    }

    package static func menuNotOrderable(_ id: Int, _ reason: String) -> DeliveryError {
        DeliveryError(status: 422, resultCode: 3004, "menu \(id) \(reason)")
    }

    package static func tooMany(_ what: String, retryAfter seconds: Int) -> DeliveryError {
        DeliveryError(
            status: 429, resultCode: 429, "too many \(what), try again in \(seconds) s", retryAfter: seconds)
    }

    package static func overloaded(_ what: String) -> DeliveryError {
        DeliveryError(status: 503, resultCode: 503, "\(what) is busy, try again", retryAfter: 1)
    }
}

/// A stored value that this version of the program does not know.
package struct UnreadableRecord: Error, Sendable, CustomStringConvertible {
    package let description: String
    init(_ what: String) { description = "\(what) holds a value that this version does not know" }
}
