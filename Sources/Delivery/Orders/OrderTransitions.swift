/// What can be done to an order.
package enum OrderAction: String, Codable, CaseIterable, Sendable {
    case place = "PLACE"
    case pay = "PAY"
    /// The payment could not be made now.
    case payLater = "PAY_LATER"
    case accept = "ACCEPT"
    case reject = "REJECT"
    case startCooking = "START_COOKING"
    case finishCooking = "FINISH_COOKING"
    /// A rider says: I bring it.
    case take = "TAKE"
    /// A rider gives it back before the pick-up.
    case release = "RELEASE"
    case pickUp = "PICK_UP"
    case complete = "COMPLETE"
    /// The store brings it itself.
    case startDelivery = "START_DELIVERY"
    case receiveDelivery = "RECEIVE_DELIVERY"
    case confirm = "CONFIRM"
    case cancel = "CANCEL"
    case expire = "EXPIRE"
}

/// Who changes an order.
package enum OrderActor: Equatable, Sendable {
    case customer(Int)
    /// A user of the store.
    case store(Int)
    case rider(Int)
    case system

    package enum Kind: String, Codable, CaseIterable, Sendable {
        case customer = "CUSTOMER"
        case store = "STORE"
        case rider = "RIDER"
        case system = "SYSTEM"
    }

    package var kind: Kind {
        switch self {
        case .customer: .customer
        case .store: .store
        case .rider: .rider
        case .system: .system
        }
    }

    /// nil for the system.
    package var id: Int? {
        switch self {
        case .customer(let id), .store(let id), .rider(let id): id
        case .system: nil
        }
    }
}

/// The state machine of an order: statuses, and who may do what in which.
package enum OrderTransitions {
    /// What the rules look at.
    package struct State: Equatable, Sendable {
        package var status: OrderStatus
        package var rider: Int?

        package init(_ status: OrderStatus, rider: Int? = nil) {
            (self.status, self.rider) = (status, rider)
        }
    }

    /// The state after `action`.
    ///
    /// - Parameter expected: the status that the caller has seen, if it says so. An accepted order is rejected only by one who
    ///   knows that it is accepted: a tab that shows an older state must not undo what another one promised.
    /// - Throws: `DeliveryError` 409/3001 when the status does not allow it, 403 when the actor may never do this.
    package static func apply(
        _ action: OrderAction, by actor: OrderActor, expected: OrderStatus? = nil, to state: State
    ) throws(DeliveryError) -> State {
        guard actors(of: action).contains(actor.kind) else { throw .forbidden }
        if let expected, expected != state.status { throw .stale(action, state.status) }
        var next = state
        switch (action, state.status) {
        case (.pay, .registered), (.pay, .paymentPending): next.status = .order
        case (.payLater, .registered): next.status = .paymentPending
        case (.accept, .order): next.status = .accept
        case (.reject, .order): next.status = .reject
        case (.reject, .accept) where expected == .accept: next.status = .reject
        case (.startCooking, .accept): next.status = .cooking
        case (.finishCooking, .cooking): next.status = .cooked
        case (.take, .cooked) where state.rider == nil: next.rider = actor.id
        case (.release, .cooked) where state.rider != nil && (state.rider == actor.id || actor == .system):
            next.rider = nil
        case (.pickUp, .cooked) where state.rider == actor.id: next.status = .delivery
        case (.complete, .delivery) where state.rider == actor.id: next.status = .delivered
        case (.startDelivery, .cooked) where state.rider == nil: next.status = .delivery
        case (.receiveDelivery, .delivery) where state.rider == nil: next.status = .delivered
        case (.confirm, .delivery) where actor.kind == .customer: next.status = .receive
        case (.confirm, .delivered): next.status = .receive
        case (.cancel, .registered), (.cancel, .paymentPending), (.cancel, .order), (.cancel, .accept):
            next.status = .cancel
        case (.expire, .registered), (.expire, .paymentPending), (.expire, .order): next.status = .expired
        case (.take, .cooked), (.startDelivery, .cooked), (.receiveDelivery, .delivery):
            throw .orderStatus("the order has a rider already")
        case (.release, .cooked), (.pickUp, .cooked), (.complete, .delivery):
            throw .orderStatus("the order is not this rider's")
        default: throw .stale(action, state.status)
        }
        return next
    }

    package static func actors(of action: OrderAction) -> [OrderActor.Kind] {
        switch action {
        case .place, .cancel: [.customer]
        case .pay: [.customer, .system]
        case .payLater, .expire: [.system]
        case .accept: [.store, .system]
        case .reject, .startCooking, .finishCooking, .startDelivery, .receiveDelivery: [.store]
        case .take, .pickUp, .complete: [.rider]
        // The system takes it from a rider who does not come.
        case .release: [.rider, .system]
        case .confirm: [.customer, .system]
        }
    }
}

extension OrderStatus {
    /// The order's way has ended here.
    package var isEnd: Bool {
        switch self {
        case .receive, .reject, .cancel, .expired: true
        default: false
        }
    }

    /// An end from which the customer's money goes back.
    package var isRefunded: Bool {
        switch self {
        case .reject, .cancel, .expired: true
        default: false
        }
    }
}

/// Why a store rejects an order.
package enum RejectReason: String, Codable, CaseIterable, Sendable {
    case outOfItems = "OUT_OF_ITEMS"
    case kitchenClosed = "KITCHEN_CLOSED"
    case tooBusy = "TOO_BUSY"
    case cannotCompleteNote = "CANNOT_COMPLETE_NOTE"
    case customerCalled = "CUSTOMER_CALLED"
    case other = "OTHER"
}

extension DeliveryError {
    package static func stale(_ action: OrderAction, _ status: OrderStatus) -> DeliveryError {
        .orderStatus("\(action.rawValue) is not possible: the order's status is \(status.rawValue)")
    }
}
