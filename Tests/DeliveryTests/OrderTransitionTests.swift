import Delivery
import Testing

@Suite("The state machine of an order")
struct OrderTransitionTests {
    private typealias State = OrderTransitions.State

    private static let actors: [OrderActor] = [.customer(1), .store(2), .rider(3), .rider(4), .system]

    /// Every transition there is, by the first actor that may make it.
    private static let known: [(OrderStatus, OrderAction, OrderActor, OrderStatus)] = [
        (.registered, .pay, .customer(1), .order), (.paymentPending, .pay, .system, .order),
        (.registered, .payLater, .system, .paymentPending), (.order, .accept, .store(2), .accept),
        (.order, .reject, .store(2), .reject), (.accept, .startCooking, .store(2), .cooking),
        (.cooking, .finishCooking, .store(2), .cooked), (.cooked, .startDelivery, .store(2), .delivery),
        (.delivery, .receiveDelivery, .store(2), .delivered), (.delivery, .confirm, .customer(1), .receive),
        (.delivered, .confirm, .system, .receive), (.registered, .cancel, .customer(1), .cancel),
        (.paymentPending, .cancel, .customer(1), .cancel), (.order, .cancel, .customer(1), .cancel),
        (.accept, .cancel, .customer(1), .cancel), (.registered, .expire, .system, .expired),
        (.paymentPending, .expire, .system, .expired), (.order, .expire, .system, .expired),
    ]

    @Test("each step that the contract names is there")
    func steps() throws {
        for (from, action, actor, to) in Self.known {
            #expect(try OrderTransitions.apply(action, by: actor, to: State(from)).status == to, "\(action) \(from)")
        }
    }

    @Test("nothing else is possible: a wrong status is 409/3001, a wrong actor 403")
    func nothingElse() {
        for action in OrderAction.allCases {
            for status in OrderStatus.allCases {
                for actor in Self.actors {
                    let isKnown = Self.known.contains {
                        $0.0 == status && $0.1 == action && OrderTransitions.actors(of: action).contains(actor.kind)
                    }
                    // Those of riders depend on whose the order is: below.
                    if isKnown || actor.kind == .rider { continue }
                    let isActor = OrderTransitions.actors(of: action).contains(actor.kind)
                    let error = refused { try OrderTransitions.apply(action, by: actor, to: State(status)) }
                    if let error { #expect(error.resultCode == (isActor ? 3001 : 403), "\(action) \(status) \(actor)") }
                    #expect(
                        error != nil || (action == .confirm && status == .delivered), "\(action) \(status) \(actor)")
                }
            }
        }
    }

    @Test("an accepted order is rejected only by one who knows that it is accepted")
    func expected() throws {
        #expect(refused { try OrderTransitions.apply(.reject, by: .store(2), to: State(.accept)) }?.resultCode == 3001)
        let known = try OrderTransitions.apply(.reject, by: .store(2), expected: .accept, to: State(.accept))
        #expect(known.status == .reject)
        #expect(
            refused { try OrderTransitions.apply(.reject, by: .store(2), expected: .order, to: State(.accept)) }?
                .resultCode == 3001)
    }

    @Test("a cooked order is one rider's, or the store's own, and nobody else's")
    func riders() throws {
        let taken = try OrderTransitions.apply(.take, by: .rider(3), to: State(.cooked))
        #expect(taken == State(.cooked, rider: 3))
        #expect(refused { try OrderTransitions.apply(.take, by: .rider(4), to: taken) }?.resultCode == 3001)
        #expect(refused { try OrderTransitions.apply(.take, by: .rider(3), to: taken) }?.resultCode == 3001)
        #expect(refused { try OrderTransitions.apply(.pickUp, by: .rider(4), to: taken) }?.resultCode == 3001)
        #expect(refused { try OrderTransitions.apply(.release, by: .rider(4), to: taken) }?.resultCode == 3001)
        #expect(try OrderTransitions.apply(.release, by: .rider(3), to: taken) == State(.cooked))
        #expect(refused { try OrderTransitions.apply(.release, by: .rider(3), to: State(.cooked)) } != nil)
        // The system takes it from a rider who does not come, and from nobody.
        #expect(try OrderTransitions.apply(.release, by: .system, to: taken) == State(.cooked))
        #expect(refused { try OrderTransitions.apply(.release, by: .system, to: State(.cooked)) } != nil)
        #expect(refused { try OrderTransitions.apply(.startDelivery, by: .store(2), to: taken) }?.resultCode == 3001)
        let picked = try OrderTransitions.apply(.pickUp, by: .rider(3), to: taken)
        #expect(picked == State(.delivery, rider: 3))
        #expect(refused { try OrderTransitions.apply(.release, by: .rider(3), to: picked) }?.resultCode == 3001)
        #expect(refused { try OrderTransitions.apply(.receiveDelivery, by: .store(2), to: picked) } != nil)
        #expect(refused { try OrderTransitions.apply(.complete, by: .rider(4), to: picked) } != nil)
        #expect(try OrderTransitions.apply(.complete, by: .rider(3), to: picked).status == .delivered)
        // One that the store brings has no rider.
        #expect(refused { try OrderTransitions.apply(.pickUp, by: .rider(3), to: State(.cooked)) } != nil)
        #expect(refused { try OrderTransitions.apply(.complete, by: .rider(3), to: State(.delivery)) } != nil)
    }

    @Test("random sequences end only in ends, never leave one, and keep their rider until released", arguments: 0..<20)
    func random(seed: Int) {
        var generator = Numbers(seed: UInt64(seed))
        for _ in 0..<200 {
            var state = State(Bool.random(using: &generator) ? .registered : .order)
            var history = [state.status]
            for _ in 0..<60 {
                guard let action = OrderAction.allCases.randomElement(using: &generator),
                    let actor = Self.actors.randomElement(using: &generator)
                else { continue }
                let expected = Bool.random(using: &generator) ? state.status : nil
                guard let next = try? OrderTransitions.apply(action, by: actor, expected: expected, to: state) else {
                    continue
                }
                #expect(!state.status.isEnd, "\(state) left by \(action)")
                #expect(next != state)
                // Only its rider gives an order up, and only before the pick-up.
                if let rider = state.rider, next.rider != rider {
                    #expect(
                        action == .release && next.rider == nil && [.rider(rider), .system].contains(actor)
                            && state.status == .cooked)
                }
                if next.status != state.status { history.append(next.status) }
                state = next
            }
            // No status comes twice, and what is refunded never began to be cooked.
            #expect(Set(history).count == history.count, "\(history)")
            if state.status.isRefunded { #expect(!history.contains(.cooking), "\(history)") }
        }
    }

    private func refused(_ body: () throws -> State) -> DeliveryError? {
        do {
            _ = try body()
            return nil
        } catch {
            return error as? DeliveryError
        }
    }

    /// SplitMix64: the same numbers for the same seed.
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64

        init(seed: UInt64) { state = seed }

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }
}
