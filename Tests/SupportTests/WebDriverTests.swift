import Foundation
import Support
import Testing

@Suite("A browser of the tests' own")
struct WebDriverTests {
    private static let page = """
        <!doctype html><html lang="ko"><title>주문</title><body><form id="f"><input name="q"><button>보내기</button></form>
        <p id="out"></p><script>
        f.onsubmit = e => { e.preventDefault(); out.textContent = f.q.value + '!'; console.error('said') }
        </script></body></html>
        """

    @Test("a page is opened, filled in, read, pictured and taken offline")
    func page() async throws {
        let server = try TestListener { socket in
            var request = ""
            while !request.hasSuffix("\r\n\r\n") { request += String(decoding: try socket.read(), as: UTF8.self) }
            let page = Self.page
            try socket.write(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n"
                    + "Set-Cookie: store_session=s; HttpOnly\r\nContent-Length: \(page.utf8.count)\r\n\r\n\(page)")
        }
        let browser = try await WebDriver.start()
        try await browser.navigate(to: "http://127.0.0.1:\(server.port)/main")
        #expect(try await browser.title == "주문")
        try await browser.type("안녕", into: "input")
        try await browser.click("button")
        try await browser.waitForText("안녕!", in: "#out")
        #expect(try await browser.text(of: "#out") == "안녕!")
        #expect(try await browser.property("value", of: "input").string == "안녕")
        #expect(try await browser.wait(until: "document.readyState").string == "complete")
        #expect(try await browser.execute("return arguments[0] + 1", 41).int == 42)
        #expect(try await browser.cookies().first?["name"].string == "store_session")
        #expect(try await browser.screenshot().prefix(4) == Data([0x89, 0x50, 0x4e, 0x47]))
        #expect(try await browser.consoleMessages().contains { $0.contains("said") })
        #expect(try await browser.execute("return navigator.language").string == "ko")

        try await browser.setOffline(true)
        try await browser.wait(until: "!navigator.onLine")
        #expect(try await browser.execute("return fetch('/').then(() => 'went', () => 'failed')").string == "failed")
        try await browser.setOffline(false)
        #expect(try await browser.execute("return fetch('/').then(() => 'went', () => 'failed')").string == "went")

        let first = try await browser.tab
        try await browser.openTab()
        #expect(try await browser.currentURL == "about:blank")
        try await browser.closeTab()
        try await browser.switchTab(to: first)
        await #expect(throws: SupportError.self) { try await browser.find("#nothing") }
        try await browser.quit()
    }
}
