import Foundation

/// A headless Chromium of the tests' own, driven through chromedriver over HTTP (W3C WebDriver). Its profile is a
/// temporary folder; it ends with the test process.
package final class WebDriver: Sendable {
    private let driver: ChildProcess
    private let http: HTTPTestClient
    private let folder: TemporaryFolder
    private let session: String

    /// An element of the page, as long as the page has it.
    package struct Element: Sendable, Equatable {
        let id: String
        static let key = "element-6066-11e4-a52e-4f735466cecf"
    }

    /// Starts a browser with an empty page.
    package static func start(
        width: Int = 1280, height: Int = 900, language: String = "ko", arguments: [String] = []
    ) async throws -> WebDriver {
        let folder = try TemporaryFolder("browser")
        let port = try FreePort.next()
        let environment = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder.path, "TMPDIR": folder.path, "LANG": "C.UTF-8",
        ]
        let driver = try await onOwnThread {
            let driver = try ChildProcess(
                "chromedriver", ["--port=\(port)", "--log-level=SEVERE"], environment: environment)
            do {
                try driver.waitForLine(within: 20) { $0.contains("started successfully") ? () : nil }
            } catch {
                try driver.kill()
                throw error
            }
            return driver
        }
        let http = HTTPTestClient(port: port, timeout: 60)
        var flags = [
            "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-breakpad",
            "--mute-audio", "--lang=\(language)", "--window-size=\(width),\(height)",
            "--user-data-dir=\(folder.file("profile"))",
            // A browser that talks to its driver through a pipe ends when the driver does.
            "--remote-debugging-pipe",
        ]
        if getuid() == 0 { flags.append("--no-sandbox") }
        flags += arguments
        let options: JSONValue = .object([
            "args": .array(flags.map { .string($0) }),
            "prefs": ["intl.accept_languages": .string(language)],
        ])
        let request: JSONValue = [
            "capabilities": [
                "alwaysMatch": [
                    "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": ["browser": "ALL"],
                ]
            ]
        ]
        do {
            let value = try Self.value(of: try await http.post("/session", json: request), "POST /session")
            guard let session = value["sessionId"].string else { throw SupportError("no session: \(value)") }
            return WebDriver(driver, http, folder, session)
        } catch {
            try await onOwnThread { try driver.kill() }
            throw error
        }
    }

    private init(_ driver: ChildProcess, _ http: HTTPTestClient, _ folder: TemporaryFolder, _ session: String) {
        (self.driver, self.http, self.folder, self.session) = (driver, http, folder, session)
    }

    deinit { driver.signal(SIGKILL) }

    /// Closes the browser and its driver.
    package func quit() async throws {
        _ = try? await command("DELETE", "")
        try await onOwnThread { [self] in try driver.kill() }
        folder.remove()
    }

    // MARK: Pages

    package func navigate(to url: String) async throws { try await command("POST", "/url", ["url": .string(url)]) }
    package func reload() async throws { try await command("POST", "/refresh", [:]) }
    package var title: String { get async throws { try await command("GET", "/title").string ?? "" } }
    package var currentURL: String { get async throws { try await command("GET", "/url").string ?? "" } }
    package var source: String { get async throws { try await command("GET", "/source").string ?? "" } }

    package func setWindow(width: Int, height: Int) async throws {
        try await command("POST", "/window/rect", ["width": .int(width), "height": .int(height)])
    }

    /// Opens a tab and works in it from now on. Returns its handle.
    @discardableResult
    package func openTab() async throws -> String {
        let handle = try await command("POST", "/window/new", ["type": "tab"])["handle"].string ?? ""
        try await switchTab(to: handle)
        return handle
    }

    package var tab: String { get async throws { try await command("GET", "/window").string ?? "" } }
    package func switchTab(to handle: String) async throws {
        try await command("POST", "/window", ["handle": .string(handle)])
    }
    package func closeTab() async throws { try await command("DELETE", "/window") }

    // MARK: Scripts and pictures

    /// Runs the body of a JavaScript function; `return` hands back JSON.
    @discardableResult
    package func execute(_ script: String, _ arguments: JSONValue...) async throws -> JSONValue {
        try await command("POST", "/execute/sync", ["script": .string(script), "args": .array(arguments)])
    }

    /// Waits until a JavaScript expression is truthy; hands it back.
    @discardableResult
    package func wait(until expression: String, within seconds: Double = 10) async throws -> JSONValue {
        var last = JSONValue.null
        try await eventually("in the page: \(expression)", within: seconds) {
            last = try await execute("const value = (\(expression)); return value || null;")
            return !last.isNull
        }
        return last
    }

    /// The visible part of the page as PNG.
    package func screenshot() async throws -> Data {
        guard let data = Data(base64Encoded: try await command("GET", "/screenshot").string ?? "") else {
            throw SupportError("the screenshot is not base64")
        }
        return data
    }

    /// What the browser's console has said since the last call, errors of scripts and of the content security policy too.
    package func consoleMessages() async throws -> [String] {
        try await command("POST", "/se/log", ["type": "browser"]).array.map {
            "\($0["level"].string ?? ""): \($0["message"].string ?? "")"
        }
    }

    // MARK: Cookies and the network

    package func cookies() async throws -> [JSONValue] { try await command("GET", "/cookie").array }
    package func deleteCookies() async throws { try await command("DELETE", "/cookie") }
    package func addCookie(name: String, value: String) async throws {
        try await command("POST", "/cookie", ["cookie": ["name": .string(name), "value": .string(value)]])
    }

    /// A command of the Chrome DevTools Protocol.
    @discardableResult
    package func devTools(_ method: String, _ parameters: JSONValue = [:]) async throws -> JSONValue {
        try await command("POST", "/goog/cdp/execute", ["cmd": .string(method), "params": parameters])
    }

    /// Takes the tab off the network: `navigator.onLine` is false and new requests fail. A stream that is open may go on;
    /// ``Proxy`` cuts it.
    package func setOffline(_ isOffline: Bool) async throws {
        try await devTools("Network.enable")
        try await devTools(
            "Network.emulateNetworkConditions",
            ["offline": .bool(isOffline), "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1])
    }

    // MARK: The wire

    @discardableResult
    func command(_ method: String, _ path: String, _ body: JSONValue? = nil) async throws -> JSONValue {
        let full = "/session/\(session)\(path)"
        let response: HTTPResponse
        if let body {
            response = try await http.post(full, json: body)
        } else {
            response = try await http.send(method, full)
        }
        return try Self.value(of: response, "\(method) \(path)")
    }

    private static func value(of response: HTTPResponse, _ what: String) throws -> JSONValue {
        let value = response.json["value"]
        guard response.status == 200 else {
            throw SupportError(
                "\(what): \(response.status) \(value["error"].string ?? ""): \(value["message"].string ?? response.text)"
            )
        }
        return value
    }
}
