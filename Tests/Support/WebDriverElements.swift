/// Elements of the page, by CSS selector.
extension WebDriver {
    /// The first element, which must be there now.
    package func find(_ selector: String) async throws -> Element {
        let value = try await command("POST", "/element", ["using": "css selector", "value": .string(selector)])
        guard let id = value[Element.key].string else { throw SupportError("no element in \(value)") }
        return Element(id: id)
    }

    package func findAll(_ selector: String) async throws -> [Element] {
        try await command("POST", "/elements", ["using": "css selector", "value": .string(selector)]).array
            .compactMap { $0[Element.key].string.map { Element(id: $0) } }
    }

    /// Waits until the page has the element and shows it.
    @discardableResult
    package func waitFor(_ selector: String, within seconds: Double = 10) async throws -> Element {
        var found: Element?
        try await eventually("the element \(selector)", within: seconds) {
            guard let element = try await findAll(selector).first, try await isDisplayed(element) else { return false }
            found = element
            return true
        }
        guard let found else { throw SupportError("no element \(selector)") }
        return found
    }

    /// Waits until the text of the page, or of an element of it, contains something.
    package func waitForText(_ text: String, in selector: String = "body", within seconds: Double = 10) async throws {
        try await eventually("\"\(text)\" in \(selector)", within: seconds) {
            let all = try await execute(
                "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText).join('\\n')",
                .string(selector))
            return all.string?.contains(text) ?? false
        }
    }

    package func click(_ element: Element) async throws { try await command("POST", path(element, "click"), [:]) }
    package func click(_ selector: String) async throws { try await click(waitFor(selector)) }

    /// Types as a person does; ``Key`` has the keys that are no characters.
    package func type(_ text: String, into element: Element) async throws {
        try await command("POST", path(element, "value"), ["text": .string(text)])
    }
    package func type(_ text: String, into selector: String) async throws {
        try await type(text, into: waitFor(selector))
    }
    package func clear(_ selector: String) async throws {
        try await command("POST", path(waitFor(selector), "clear"), [:])
    }

    /// Presses a key where the focus is.
    package func press(_ key: String) async throws {
        try await command(
            "POST", "/actions",
            [
                "actions": [
                    [
                        "type": "key", "id": "keyboard",
                        "actions": [
                            ["type": "keyDown", "value": .string(key)], ["type": "keyUp", "value": .string(key)],
                        ],
                    ]
                ]
            ])
    }

    package func text(of element: Element) async throws -> String {
        try await command("GET", path(element, "text")).string ?? ""
    }
    package func text(of selector: String) async throws -> String { try await text(of: find(selector)) }

    package func attribute(_ name: String, of selector: String) async throws -> String? {
        try await command("GET", path(find(selector), "attribute/\(name)")).string
    }

    /// The value of a DOM property, such as `value`, `disabled` or `checked`.
    package func property(_ name: String, of selector: String) async throws -> JSONValue {
        try await command("GET", path(find(selector), "property/\(name)"))
    }

    package func isDisplayed(_ element: Element) async throws -> Bool {
        try await command("GET", path(element, "displayed")).bool ?? false
    }

    private func path(_ element: Element, _ rest: String) -> String { "/element/\(element.id)/\(rest)" }

    /// WebDriver's code points of keys, section 17.4.2.
    package enum Key {
        package static let enter = "\u{E007}"
        package static let tab = "\u{E004}"
        package static let escape = "\u{E00C}"
        package static let space = " "
        package static let up = "\u{E013}"
        package static let down = "\u{E015}"
        package static let left = "\u{E012}"
        package static let right = "\u{E014}"
    }
}
