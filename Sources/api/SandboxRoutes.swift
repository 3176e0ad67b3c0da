import Delivery
import EventLoop
import HTTP
import HTTPWire
import SQLite
import Service
import Web

/// A payment gateway to try the services against, under `/sandbox`. It speaks the protocol of `HTTPPaymentGateway` and can
/// be told to be slow, to fail and to decline. Mounted with `SANDBOX=1` only: whoever reaches it can change all of that.
struct SandboxRoutes: Sendable {
    let database: Database
    /// For the waits.
    let loop: EventLoop

    func add(to router: inout Router) {
        router.on(.post, "/sandbox/payments") { request in try await approve(request) }
        router.on(.post, "/sandbox/payments/{id}/cancel") { request in try await cancel(request) }
        router.on(.get, "/sandbox/payments/{id}") { request in
            let id = try request.id(orThrow: .orderNotFound)
            return try await misbehaving { _ in
                guard let payment = try await database.read({ db in try Sandbox.payment(id, in: db) }) else {
                    throw DeliveryError.orderNotFound
                }
                return try Response.json(JSON.encode(payment))
            }
        }
        router.on(.get, "/sandbox/settings") { _ in try await Response.json(JSON.encode(settings())) }
        router.on(.put, "/sandbox/settings") { request in
            let change: Sandbox.SettingsChange = try request.json()
            let settings = try await database.write { db in try Sandbox.change(change, in: db) }
            return try Response.json(JSON.encode(settings))
        }
    }

    private func approve(_ request: Request) async throws -> Response {
        let wanted: Sandbox.Request = try request.json()
        try checkKey(request, order: wanted.orderID)
        let id = try Secrets.uuid()
        return try await misbehaving { settings in
            let declines = Self.happens(settings.declinePercent)
            let answer = try await database.write { db in
                try Sandbox.approve(wanted, declines: declines, id: id, at: .now, in: db)
            }
            switch answer {
            case .approved(let payment): return try .json(JSON.encode(payment), status: .created)
            case .declined(let payment): return try .json(JSON.encode(payment), status: HTTPStatus(402))
            case .refused(let payment): return try .json(JSON.encode(payment), status: .conflict)
            }
        }
    }

    private func cancel(_ request: Request) async throws -> Response {
        let id = try request.id(orThrow: .orderNotFound)
        try checkKey(request, order: id)
        return try await misbehaving { _ in
            let payment = try await database.write { db in try Sandbox.cancel(id, at: .now, in: db) }
            return try .json(JSON.encode(payment))
        }
    }

    private func checkKey(_ request: Request, order: Int) throws {
        guard request.header("idempotency-key") == "\(order)" else {
            throw DeliveryError.invalid("Idempotency-Key", "must be the order's id")
        }
    }

    private func settings() async throws -> Sandbox.Settings {
        try await database.read { db in try Sandbox.settings(in: db) }
    }

    /// As slow and as unreliable as the settings say.
    private func misbehaving(_ decide: (Sandbox.Settings) async throws -> Response) async throws -> Response {
        let settings = try await settings()
        let half = Duration.milliseconds(settings.latency) / 2
        if settings.latency > 0 { try await loop.sleep(for: half) }
        let fails = Self.happens(settings.failurePercent)
        if fails, Bool.random() { throw Refusal(.serviceUnavailable, "the sandbox fails, as it was told to") }
        let response = try await decide(settings)
        if settings.latency > 0 { try await loop.sleep(for: half) }
        if fails { throw Refusal(.serviceUnavailable, "the sandbox fails after its work, as it was told to") }
        return response
    }

    private static func happens(_ percent: Int) -> Bool { Int.random(in: 0..<100) < percent }
}
