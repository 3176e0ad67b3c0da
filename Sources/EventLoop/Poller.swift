import CSystem
import Glibc

/// What a descriptor is ready for, or wanted for.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    package static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The descriptor has an error, or both directions are shut. Always reported.
    package static let failed = Readiness(rawValue: EPOLLERR.rawValue | EPOLLHUP.rawValue)
}

/// Somebody who is told about a descriptor's readiness, on the loop's thread.
package protocol ReadinessHandler: AnyObject {
    func ready(_ readiness: Readiness)
    /// The loop ends, and this is its last call: what is registered must be let go.
    func loopDidStop()
}

/// epoll with level-triggered interest. Used by one thread.
///
/// epoll's user data is the descriptor and a registration number, so that an event that was fetched before its
/// descriptor was closed never reaches a later registration of the same number.
final class Poller {
    private struct Slot {
        var handler: (any ReadinessHandler)?
        var registration: UInt32 = 0
    }

    private let epoll: CInt
    private var slots: [Slot] = []
    private var isStopped = false
    private let events: UnsafeMutableBufferPointer<epoll_event>

    init(capacity: Int = 256) throws(SystemError) {
        epoll = try system("epoll_create1") { epoll_create1(CInt(EPOLL_CLOEXEC)) }
        events = .allocate(capacity: capacity)
        events.initialize(repeating: epoll_event())
    }

    deinit {
        events.deallocate()
        _ = close(epoll)
    }

    func add(_ descriptor: CInt, _ interest: Readiness, _ handler: any ReadinessHandler) throws(SystemError) {
        if isStopped { throw SystemError("event loop", code: ECANCELED) }
        let index = Int(descriptor)
        while slots.count <= index { slots.append(Slot()) }
        slots[index].registration &+= 1
        try control(EPOLL_CTL_ADD, descriptor, interest, "epoll_ctl add")
        slots[index].handler = handler
    }

    func modify(_ descriptor: CInt, _ interest: Readiness) throws(SystemError) {
        try control(EPOLL_CTL_MOD, descriptor, interest, "epoll_ctl modify")
    }

    /// Must come before the descriptor is closed.
    func remove(_ descriptor: CInt) {
        guard slots.indices.contains(Int(descriptor)) else { return }
        slots[Int(descriptor)].handler = nil
        slots[Int(descriptor)].registration &+= 1
        _ = epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil)
    }

    private func control(
        _ operation: CInt, _ descriptor: CInt, _ interest: Readiness, _ name: StaticString
    ) throws(SystemError) {
        let data = UInt64(slots[Int(descriptor)].registration) << 32 | UInt64(UInt32(bitPattern: descriptor))
        // Failures are reported without being asked for. Who wants nothing else hears of them once (edge-triggered), or
        // a paused socket whose both ends are shut would wake the loop again and again.
        let events = interest.isEmpty ? EPOLLET.rawValue : interest.rawValue
        var event = epoll_event(events: events, data: epoll_data_t(u64: data))
        try system(name) { epoll_ctl(epoll, operation, descriptor, &event) }
    }

    /// Waits up to `milliseconds` (-1: without end; less when a signal interrupts).
    /// - Returns: how many events there are to `dispatch`.
    func wait(milliseconds: CInt) throws(SystemError) -> Int {
        let count = epoll_wait(epoll, events.baseAddress, CInt(events.count), milliseconds)
        if count >= 0 { return Int(count) }
        let code = errno
        guard code == EINTR else { throw SystemError("epoll_wait", code: code) }
        return 0
    }

    /// Tells the handlers what the last `wait` found.
    func dispatch(_ count: Int) {
        for index in 0..<count {
            let event = events[index]
            let slot = Int(event.data.u64 & 0xFFFF_FFFF)
            guard slot < slots.count, slots[slot].registration == UInt32(event.data.u64 >> 32),
                let handler = slots[slot].handler
            else { continue }
            handler.ready(Readiness(rawValue: event.events))
        }
    }
    /// Makes every handler let go of its descriptor, and forgets those that do not.
    func stop() {
        isStopped = true
        for index in slots.indices {
            slots[index].handler?.loopDidStop()
            slots[index].handler = nil
            slots[index].registration &+= 1
        }
    }
}
