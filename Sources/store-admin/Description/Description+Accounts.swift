import OpenAPI

extension Description {
    static let accounts: [Operation] = [
        Operation(
            .post, "/login", "login", .accounts, "Log in, for a session", for: .everybodyOrStores,
            details: "JSON gets the envelope, a form 303 to the page. A session that the browser had ends.",
            body: .init(
                .named("Login"), isForm: true,
                examples: [
                    "owner": ["email": "owner1@example.com", "password": "password"],
                    "rider": ["email": "rider@example.com", "password": "password"],
                    "operator": ["email": "operator@example.com", "password": "password"],
                ]),
            replies: [
                Operation.Reply(
                    200, "The session's cookie, for 14 days.",
                    contents: ["application/json": .envelope(of: .null)], headers: ["Set-Cookie"]),
                Operation.Reply(303, "The same for a form.", headers: ["Location", "Set-Cookie"]),
            ],
            refusals: [
                .init(401, codes: [1406], "The e-mail address or the password is wrong.", isPage: true), .tooMany,
            ]),
        Operation(
            .post, "/logout", "logout", .accounts, "End the session", for: .everybodyOrStores,
            details: "Its event streams end with it, at every instance.",
            replies: [
                Operation.Reply(
                    200, "There is no session now.", contents: ["application/json": .envelope(of: .null)],
                    headers: ["Set-Cookie"]),
                Operation.Reply(303, "The same for a form.", headers: ["Location", "Set-Cookie"]),
            ]),
        Operation(
            .post, "/open-api/store-user", "registerStoreUser", .accounts, "Register a user of a store",
            for: .everybodyOrStores,
            details:
                "A new store name makes a store with its MASTER. To an existing store only its own MASTER adds users.",
            body: .init(
                .named("StoreUserRegistration"),
                examples: [
                    "store": [
                        "store_name": "새벽 김밥", "email": "kimbap@example.com", "password": "a long password",
                        "role": "MASTER",
                    ],
                    "colleague": [
                        "store_name": "한솥부엌 홍대점", "email": "colleague@example.com", "password": "a long password",
                        "role": "USER",
                    ],
                    "rider": [
                        "name": "박바람", "email": "baram@example.com", "password": "a long password", "role": "RIDER",
                    ],
                ]),
            replies: [.created(.named("StoreAccount"), "The user was registered.")],
            refusals: [
                .init(403, "Only the store's own MASTER adds users to it, and only an operator adds riders."),
                .init(409, codes: [1405], "The e-mail address is taken."), .tooMany,
            ]),
        Operation(
            .get, "/api/store-user/me", "getStoreUser", .accounts, "The user who asks", for: .storeUsers,
            replies: [.ok(.named("StoreAccount"))]),
    ]
}
