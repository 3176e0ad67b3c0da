extension Components {
    /// The envelope, the errors, and what comes without an envelope.
    package static let replies: KeyValuePairs<String, Schema> = [
        "Result": .object([
            "result_code": .integer(from: 200, to: 9999)
                .described("The HTTP status, or a number of its own that says more exactly what is wrong."),
            "result_message": .string,
            "result_description": .string.described("For people. For 400 it names the field."),
        ]),
        "Error": .object(["result": .named("Result")]).example([
            "result": [
                "result_code": 3405, "result_message": "Not Found", "result_description": "there is no menu 600",
            ]
        ]),
        "Problem": .object([
            "type": .string, "title": .string, "status": .integer(from: 400, to: 599), "detail": .string,
            "result_code": .integer(from: 400, to: 9999), "trace_id": .string,
        ]).described("RFC 9457, for those who ask for it with `Accept: application/problem+json`."),
        "Liveness": .object(["status": .values(["UP"])]),
        "Readiness": Schema([
            "type": "object", "required": ["status", "database", "broker"],
            "properties": ["status": Schema.values(["UP", "DEGRADED", "DOWN"]).tree],
            "additionalProperties": Schema.values(["UP", "DEGRADED", "DOWN"]).tree,
            "description": "All parts of the service, each by its name.",
        ]),
    ]

    /// What those who run the services see.
    package static let operation: KeyValuePairs<String, Schema> = [
        "DeadLetter": .object(
            [
                "id": .string.matching("^[0-9a-f]{64}$"),
                "size": .integer(from: 0).described("octets of the body"),
                "beginning": .string.described("the first 200 characters of the body"),
            ],
            optional: [
                "error": .string, "attempts": .integer(), "first_seen": .time, "order_id": .integer(),
                "message_id": .string, "type": .string, "trace_id": .string,
            ]
        ).described("A message that the consumer gave up. All of it was written by whoever sent the message.")
    ]
}
