import Delivery
import Testing

@Suite("Logins and registrations are limited")
struct LoginLimitsTests {
    private let wrong = Accounts.Login(email: "owner1@example.com", password: "wrong password")
    private let right = Accounts.Login(email: "owner1@example.com", password: "password")

    /// Three failures, and a clock that stands.
    private func accounts(_ fixture: Fixture, _ passwords: PasswordWorker = PasswordWorker()) -> Accounts {
        var limits = LoginLimiter.Limits()
        limits.pairCapacity = 3
        let now = ContinuousClock.now
        return Accounts(
            database: fixture.database, passwords: passwords, limits: LoginLimits(limits, now: { now }))
    }

    @Test("after too many failures a login is refused, the same for an account that exists and one that does not")
    func refused() async throws {
        let fixture = try await Fixture()
        let accounts = accounts(fixture)
        var refusals: [DeliveryError?] = []
        for email in ["owner1@example.com", "nobody@example.com"] {
            let wrong = Accounts.Login(email: email, password: "wrong password")
            for _ in 0..<3 {
                #expect(
                    await refusal { try await accounts.loginStoreUser(wrong, replacing: nil, from: home) }
                        == .wrongCredentials)
            }
            let right = Accounts.Login(email: email.uppercased(), password: "password")
            refusals.append(await refusal { try await accounts.loginStoreUser(right, replacing: nil, from: home) })
        }
        let refusal = try #require(refusals[0])
        #expect(refusals[1] == refusal)
        #expect(refusal.status == 429 && refusal.resultCode == 429 && refusal.retryAfter == 30)
        #expect(refusal.description == "too many failed logins, try again in 30 s")
        #expect(accounts.limits.refusals == 2)
        // From elsewhere the owner is let in.
        _ = try await accounts.loginStoreUser(right, replacing: nil, from: "198.51.100.9")
    }

    @Test("attempts at the same time are counted too, and a refused one costs no scrypt")
    func together() async throws {
        let fixture = try await Fixture()
        let accounts = accounts(fixture)
        let outcomes = await withTaskGroup(of: DeliveryError?.self) { group in
            for _ in 0..<40 {
                group.addTask { await refusal { try await accounts.loginStoreUser(wrong, replacing: nil, from: home) } }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { $0 == .wrongCredentials } == 3)
        #expect(outcomes.count { $0?.status == 429 } == 37)
        // A worker that takes nothing is not even asked.
        let idle = Accounts(
            database: fixture.database, passwords: PasswordWorker(most: 0), limits: accounts.limits)
        #expect(await refusal { try await idle.loginStoreUser(wrong, replacing: nil, from: home) }?.status == 429)
    }

    @Test("right logins are not limited, also at the same time")
    func rightOnes() async throws {
        let fixture = try await Fixture()
        let accounts = accounts(fixture)
        let outcomes = await withTaskGroup(of: DeliveryError?.self) { group in
            for _ in 0..<8 {
                group.addTask { await refusal { try await accounts.loginStoreUser(right, replacing: nil, from: home) } }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.allSatisfy { $0 == nil })
    }

    @Test("who may not register is told so before a scrypt is spent")
    func registrations() async throws {
        let fixture = try await Fixture()
        let idle = accounts(fixture, PasswordWorker(most: 0))
        let customer = try JSON.decode(
            Accounts.Registration.self,
            try JSON.encode([
                "name": "철수", "email": "customer@example.com", "address": "서울", "password": "a long password",
            ]))
        #expect(await refusal { try await idle.register(customer, from: home) } == .emailTaken)
        let user = try JSON.decode(
            Accounts.StoreRegistration.self,
            try JSON.encode([
                "store_name": "한솥부엌 홍대점", "email": "new@example.com", "password": "a long password",
                "role": "USER",
            ]))
        #expect(
            await refusal { try await idle.registerStoreUser(user, session: nil, from: home) } == .forbidden)
    }

    @Test("500 registrations of one client at once, then one each 5 s")
    func manyRegistrations() throws {
        let start = ContinuousClock.now
        let limits = LoginLimits(now: { start })
        for _ in 0..<500 { try limits.countRegistration(home) }
        #expect(throws: DeliveryError.self) { try limits.countRegistration(home) }
        #expect(throws: DeliveryError.self) { try limits.checkRegistration(home) }
        try limits.countRegistration("198.51.100.9")
    }
}
