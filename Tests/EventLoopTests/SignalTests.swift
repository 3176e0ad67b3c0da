import EventLoop
import Glibc
import Testing

@Suite("Signals of a loop", .timeLimit(.minutes(1)))
struct SignalTests {
    @Test("arrive as events, each kind once, and not after the source was closed")
    func events() async throws {
        try await withLoop { loop in
            let got = Shared<[CInt]>([])
            // Sent to the loop's own thread, the only one that blocks them here.
            try await loop.performing {
                SignalSource.block([SIGUSR1, SIGUSR2])
                let source = Shared<LoopBound<SignalSource>?>(nil)
                source.set(
                    LoopBound(
                        try SignalSource([SIGUSR1, SIGUSR2], on: loop) { number in
                            got.update { $0.append(number) }
                            if number == SIGUSR2 {
                                source.value?.value.close()
                                source.value?.value.close()
                                source.set(nil)
                            }
                        }))
                pthread_kill(pthread_self(), SIGUSR1)
            }
            await loop.turns()
            #expect(got.value == [SIGUSR1])
            await loop.perform { _ = pthread_kill(pthread_self(), SIGUSR2) }
            await loop.turns()
            await loop.perform { _ = pthread_kill(pthread_self(), SIGUSR1) }
            await loop.turns()
            #expect(got.value == [SIGUSR1, SIGUSR2])
        }
    }

    @Test("that are blocked leave a closed socket's SIGPIPE harmless")
    func brokenPipe() async {
        await #expect(processExitsWith: .success) {
            SignalSource.block([SIGTERM])
            let (one, two) = try connectedPair()
            closeWithReset(two)
            // Without the block this would end the process.
            for _ in 0..<3 { send(one, "x", 1, 0) }
            #expect(errno == EPIPE || errno == ECONNRESET)
            // And so would this.
            pthread_kill(pthread_self(), SIGTERM)
        }
    }
}
