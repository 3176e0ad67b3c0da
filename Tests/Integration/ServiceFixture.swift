import Support
import Testing

/// Both services with a real broker, shared by the tests of this suite. One test at a time: they count.
@Suite("The services", .serialized, .timeLimit(.minutes(3)))
struct ServiceTests {}

struct ServiceFixture: Sendable {
    let pair: ServicePair
    let data: ServiceData
    let broker: RabbitMQBroker
    let virtualHost: String

    private static let shared = Task {
        let broker = try await RabbitMQBroker.shared()
        let host = try await broker.makeVirtualHost()
        var data: ServiceData?
        let pair = try await ServicePair.start(broker: broker.url(virtualHost: host)) { path in
            data = try await ServiceData.make(at: path)
        }
        guard let data else { throw SupportError("no data") }
        return ServiceFixture(pair: pair, data: data, broker: broker, virtualHost: host)
    }

    static func get() async throws -> ServiceFixture { try await shared.value }

    /// Which processes these are: the same ones at the end of a test as at its beginning.
    var processes: [Int32] { [pair.api, pair.admin].filter(\.isRunning).map(\.pid) }
}

/// A customer and an owner who are logged in.
struct People: Sendable {
    let customer: HTTPTestClient
    let session: String

    private static let shared = Task {
        let pair = try await ServiceFixture.get().pair
        return People(customer: try await pair.customer(), session: try await pair.session())
    }

    static func get() async throws -> People { try await shared.value }
}
