import OpenAPI

extension Description {
    static let deadLetters: [Operation] = [
        Operation(
            .get, "/api/dead-letter", "listDeadLetters", .deadLetters, "The oldest dead letters", for: .operators,
            replies: [
                .ok(
                    .list(of: .named("DeadLetter"), to: 200),
                    beside: ["total": .integer(from: 0).described("how many there are")])
            ]),
        Operation(
            .post, "/api/dead-letter/{id}/replay", "replayDeadLetter", .deadLetters, "Send it again",
            for: .operators, parameters: [letter], replies: [.ok(.named("DeadLetter"), "It was sent again.")],
            refusals: [gone]),
        Operation(
            .delete, "/api/dead-letter/{id}", "discardDeadLetter", .deadLetters, "Drop it for good", for: .operators,
            parameters: [letter], replies: [.ok(.named("DeadLetter"), "It is gone.")], refusals: [gone]),
    ]

    private static let letter = Operation.Parameter.path(
        "id", "The letter's id, of the list.", Schema.string.matching("^[0-9a-f]{64}$"),
        example: .string(String(repeating: "0", count: 64)))
    private static let gone = Operation.Refusal(404, "There is no such dead letter (any more).")
}
