extension Components {
    /// Customers, store users, their logins and tokens.
    package static let accounts: KeyValuePairs<String, Schema> = [
        "Login": .object(["email": .string, "password": .string]).example([
            "email": "customer@example.com", "password": "password",
        ]),
        "Tokens": .object([
            "access_token": .string, "access_token_expired_at": .time,
            "refresh_token": .string, "refresh_token_expired_at": .time,
        ]),
        "RefreshRequest": .object(["refresh_token": .string]),
        "UserRegistration": .object([
            "name": .text(to: 50), "email": email, "address": .text(to: 200), "password": password,
        ]),
        "User": .object([
            "id": .id, "name": .string, "email": .string, "address": .string, "status": accountStatus,
            "registered_at": .time,
        ]),
        "StoreUserRegistration": Schema([
            "oneOf": [
                Schema.object([
                    "store_name": .text(to: 100), "email": email, "password": password,
                    "role": .values(["MASTER", "ADMIN", "USER"]),
                ]).described("Of a store.").tree,
                Schema.object(
                    ["name": .text(to: 50), "email": email, "password": password, "role": .values(["RIDER"])],
                    optional: ["area_codes": areaCodes.orNull]
                ).described("A rider. Only an operator adds them.").tree,
            ]
        ]),
        "StoreUser": .object(
            [
                "id": .id, "email": .string, "status": accountStatus,
                "role": role, "registered_at": .time,
            ], optional: ["store_id": .id.described("left out for those who work for no store")]),
        "StoreAccount": .object(
            [
                "user": .named("StoreUser"),
                "store": .object(["id": .id, "name": .string]).orNull
                    .described("null for those who work for no store"),
            ], optional: ["rider": .object(["name": .string, "area_codes": areaCodes])]),
    ]

    package static let role = Schema.values(["MASTER", "ADMIN", "USER", "RIDER", "OPERATOR"])
    private static let accountStatus = Schema.values(["REGISTERED", "UNREGISTERED"])
    private static let email = Schema(["type": "string", "format": "email", "minLength": 5, "maxLength": 254])
    private static let password = Schema([
        "type": "string", "format": "password", "minLength": 8, "maxLength": 128,
        "description": "8 characters to 128 octets",
    ])
}
