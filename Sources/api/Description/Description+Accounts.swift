import OpenAPI

extension Description {
    static let accounts: [Operation] = [
        Operation(
            .post, "/open-api/user/register", "registerUser", .accounts, "Register as a customer",
            body: .init(
                .named("UserRegistration"),
                examples: [
                    "demo": [
                        "name": "박노을", "email": "noeul@example.com", "address": "서울시 마포구 성미산로 5, 201호",
                        "password": "a long password",
                    ]
                ]),
            replies: [.created(.named("User"), "The customer was registered.")],
            refusals: [.init(409, codes: [1405], "The e-mail address is taken."), .tooMany]),
        Operation(
            .post, "/open-api/user/login", "loginUser", .accounts, "Log in, for tokens",
            body: .init(
                .named("Login"), examples: ["demo": ["email": "customer@example.com", "password": "password"]]),
            replies: [.ok(.named("Tokens"), "The access token lives for an hour, the refresh token for 14 days.")],
            refusals: [.wrongLogin, .tooMany]),
        Operation(
            .post, "/open-api/user/refresh", "refreshTokens", .accounts, "New tokens for a refresh token",
            details: "The old refresh token is spent.",
            body: .init(
                .named("RefreshRequest"), examples: ["demo": ["refresh_token": "the refresh_token of the login"]]),
            replies: [.ok(.named("Tokens"))],
            refusals: [.init(401, codes: [2000, 2001, 2003], "The refresh token is not valid, spent, or expired.")]),
        Operation(
            .post, "/open-api/user/logout", "logoutUser", .accounts, "End the tokens of a login",
            details: "The access token that comes with the request ends, too.",
            body: .init(
                .named("RefreshRequest"), examples: ["demo": ["refresh_token": "the refresh_token of the login"]]),
            replies: [.ok(.null, "They hold no more, if they held.")]),
        Operation(
            .post, "/login", "login", .accounts, "Log in, for the cookie of the page", for: .everybodyOrCustomers,
            details: "JSON gets the envelope, a form 303 to the page. A session that the browser had ends.",
            body: .init(
                .named("Login"), isForm: true,
                examples: ["demo": ["email": "customer@example.com", "password": "password"]]),
            replies: [
                Operation.Reply(
                    200, "The session's cookie.", contents: ["application/json": .envelope(of: .null)],
                    headers: ["Set-Cookie"]),
                Operation.Reply(303, "The same for a form.", headers: ["Location", "Set-Cookie"]),
            ],
            refusals: [
                .init(401, codes: [1406], "The e-mail address or the password is wrong.", isPage: true), .tooMany,
            ]),
        Operation(
            .post, "/logout", "logout", .accounts, "End the session of the page", for: .everybodyOrCustomers,
            replies: [
                Operation.Reply(
                    200, "There is no session now.", contents: ["application/json": .envelope(of: .null)],
                    headers: ["Set-Cookie"]),
                Operation.Reply(303, "The same for a form.", headers: ["Location", "Set-Cookie"]),
            ]),
        Operation(
            .get, "/api/user/me", "getUser", .accounts, "The customer who asks", for: .customers,
            replies: [.ok(.named("User"))]),
    ]
}

extension Operation.Refusal {
    static let wrongLogin = Self(401, codes: [1406], "The e-mail address or the password is wrong.")
}
