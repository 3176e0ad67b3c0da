import Delivery
import HTTP
import HTTPWire
import SQLite
import Service
import Web

/// What a store does with its orders, step by step, and what it looks for among those of the past.
struct OrderRoutes: Sendable {
    let database: Database
    let news: OrderNews
    let log: Logger

    func add(to router: inout Router) {
        addStep("accept", to: &router) { request in
            request.bodyCount == 0 ? .accept(prepMinutes: nil) : try request.json(StoreStep.Acceptance.self).step
        }
        addStep("reject", to: &router) { request in try request.json(StoreStep.Rejection.self).step }
        addStep("start-cooking", to: &router) { _ in .startCooking }
        addStep("finish-cooking", to: &router) { _ in .finishCooking }
        addStep("start-delivery", to: &router) { _ in .startDelivery }
        addStep("receive-delivery", to: &router) { _ in .receiveDelivery }
        addHistory(to: &router)
    }

    /// - Parameter read: what the request asks for. Who asks is checked first, so that a stranger learns nothing of it.
    private func addStep(
        _ name: String, to router: inout Router, read: @escaping @Sendable (Request) throws -> StoreStep
    ) {
        router.on(.post, "/api/user-order/{id}/\(name)", bodyLimit: 4096) { [database, news, log] request in
            let session = request.storeSession
            let id = Result { try request.id(orThrow: .orderNotFound) }
            let step = Result { try read(request) }
            let trace = request.traceID
            return try await database.write { db in
                let member = try Accounts.storeMember(session: session, in: db)
                let entry = try Orders.step(
                    try step.get(), order: try id.get(), by: member, telling: news, in: db)
                db.afterCommit {
                    log.debug(
                        "a store's step",
                        [
                            "step": LogValue(name), "order_id": .number(entry.order.id),
                            "store_user_id": .number(member.user.id), "trace_id": LogValue(trace),
                        ])
                }
                return try Envelope.reply(entry)
            }
        }
    }

    private func addHistory(to router: inout Router) {
        router.on(.get, "/api/user-order/history") { [database] request in
            let session = request.storeSession
            let page = Result { try request.page(limit: Orders.longestPage, most: Orders.longestPage) }
            let search = Result {
                try OrderSearch(
                    status: try request.query("status"), query: try request.query("query"),
                    from: try request.query("from"), to: try request.query("to"))
            }
            return try await database.read { db in
                let member = try Accounts.storeMember(session: session, in: db)
                guard let search = try search.get() else {
                    return try Envelope.reply(try Orders.history(store: member.storeID, try page.get(), in: db))
                }
                let found = try Orders.search(search, store: member.storeID, try page.get(), in: db)
                return try Envelope.reply(found.orders, nextBefore: found.next)
            }
        }
    }
}
