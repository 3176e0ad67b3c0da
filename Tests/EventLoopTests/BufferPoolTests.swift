import Bytes
import Testing

@testable import EventLoop

@Suite("Pool of output buffers")
struct BufferPoolTests {
    @Test("a buffer that has grown goes to who needs a large one, and to nobody else")
    func apart() {
        var pool = BufferPool()
        for _ in 0..<1000 {
            // In each turn one stream sends much, and others send little.
            var much = pool.take(for: 200_000)
            var little = pool.take(for: 500)
            much.append([UInt8](repeating: 1, count: 200_000))
            little.append([UInt8](repeating: 2, count: 500))
            much.clear()
            little.clear()
            pool.give(much)
            pool.give(little)
        }
        #expect(pool.kept <= BufferPool.largeCapacity + 2 * BufferPool.smallCapacity)
        #expect(pool.take(for: 0).capacity <= BufferPool.smallCapacity)
        #expect(pool.take(for: 200_000).capacity >= 200_000)
    }

    @Test("what it keeps is bounded")
    func bounded() {
        var pool = BufferPool()
        for capacity in [0, 1, 4096, 16_384, 16_385, 262_144, 262_145, 1 << 22] {
            for _ in 0..<200 { pool.give(ByteBuffer(capacity: capacity)) }
        }
        #expect(pool.kept > 0)
        #expect(
            pool.kept <= BufferPool.mostSmall * BufferPool.smallCapacity
                + BufferPool.mostLarge * BufferPool.largeCapacity)
    }
}
