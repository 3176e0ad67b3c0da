import Bytes
import HTTPWire
import Testing

@Suite("Field values")
struct FieldValueTests {
    @Test(
        "percent-encoded text is decoded, or refused",
        arguments: [
            ("abc", false, "abc"), ("%EC%82%AC%EA%B3%BC", false, "사과"), ("a+b%2B", false, "a+b+"),
            ("a+b%2b", true, "a b+"),
            ("%", false, nil), ("%4", false, nil), ("%4g", false, nil), ("%FF", false, nil), ("a%00", false, nil),
            ("", true, ""),
        ] as [(String, Bool, String?)])
    func percent(text: String, form: Bool, decoded: String?) {
        #expect(withBytes(text) { PercentEncoding.decode($0, form: form) } == decoded)
        if let decoded {
            #expect(withBytes(PercentEncoding.encode(decoded)) { PercentEncoding.decode($0) } == decoded)
        }
    }

    @Test("a form gives its fields in order")
    func form() throws {
        let form = try withBytes("email=a%40b&password=p+q&empty=&&flag&email=c") { try FormFields(parsing: $0) }
        #expect(form["email"] == "a@b")
        #expect(form["password"] == "p q")
        #expect(form["empty"] == "")
        #expect(form["flag"] == "")
        #expect(form["missing"] == nil)
        #expect(form.pairs.count == 5)
    }

    @Test("a form that is not UTF-8 or has too many fields is 400")
    func badForm() {
        #expect(status { _ = try withBytes("a=%FF") { try FormFields(parsing: $0) } } == 400)
        let many = String(repeating: "a=1&", count: 257)
        #expect(status { _ = try withBytes(many) { try FormFields(parsing: $0) } } == 400)
    }

    @Test(
        "one name is found in a query",
        arguments: [
            ("category=KOREAN_FOOD&x=1", "category", "KOREAN_FOOD"), ("x=1&category=a+b", "category", "a b"),
            ("c%61tegory=1", "category", "1"), ("categories=1", "category", nil), ("", "a", nil), ("a", "a", ""),
        ] as [(String, String, String?)])
    func query(query: String, name: String, value: String?) throws {
        #expect(try withBytes(query) { try FormFields.first(name, in: $0) } == value)
    }

    @Test(
        "cookies are found by their exact name",
        arguments: [
            ("user_session=abc; store_session=d=e", "d=e"), ("store_session=\"q\"", "q"), ("Store_session=1", nil),
            ("xstore_session=1; store_session=2", "2"), ("store_session", nil), (";;store_session=;", ""),
        ] as [(String, String?)])
    func cookies(field: String, value: String?) {
        #expect(withBytes(field) { Cookies.value(of: "store_session", in: $0) } == value)
    }

    @Test("a cookie to be set is checked")
    func setCookie() throws {
        var cookie = SetCookie("s", "v1", maxAge: 60)
        #expect(try cookie.fieldValue() == "s=v1; Path=/; Max-Age=60; HttpOnly; SameSite=Lax")
        cookie.isSecure = true
        cookie.sameSite = nil
        cookie.maxAge = nil
        #expect(try cookie.fieldValue() == "s=v1; Path=/; HttpOnly; Secure")
        for value in ["a;b", "a b", "a\r\nb", "\"", "ü"] {
            #expect(status { _ = try SetCookie("s", value).fieldValue() } == 500)
        }
        #expect(status { _ = try SetCookie("a=b", "v").fieldValue() } == 500)
    }

    @Test(
        "Accept chooses",
        arguments: [
            ("*/*", 0), ("application/problem+json", 1), ("application/problem+json, */*;q=0.1", 1),
            ("application/*", 0),
            ("application/json;q=0.5, application/problem+json;q=0.8", 1), ("text/html", nil),
            ("application/json;q=0, */*", 1),
            ("APPLICATION/JSON", 0), ("*/*;q=2", nil), ("", nil), ("application/json;q=x", nil),
        ] as [(String, Int?)])
    func accept(field: String, index: Int?) {
        let types: [StaticString] = ["application/json", "application/problem+json"]
        #expect(withBytes(field) { MediaType.preferred(types, accept: $0) } == index)
    }

    @Test("a media type matches without its parameters")
    func mediaType() {
        #expect(withBytes("Application/JSON; charset=utf-8") { MediaType.matches($0, "application/json") })
        #expect(!withBytes("application/jsonx") { MediaType.matches($0, "application/json") })
    }

    @Test(
        "If-None-Match compares weakly",
        arguments: [
            ("\"a\"", true), ("W/\"a\"", true), ("\"b\", \"a\"", true), ("*", true), ("\"b\"", false), ("a", false),
            ("\"a", false),
        ])
    func entityTags(field: String, matches: Bool) {
        #expect(withBytes(field) { EntityTag.matches(ifNoneMatch: $0, "\"a\"") } == matches)
    }

    @Test("tags of different contents differ")
    func tags() {
        let one = withBytes("one") { EntityTag.strong($0) }
        let two = withBytes("two") { EntityTag.strong($0) }
        #expect(one != two)
        #expect(one.utf8.count == 18)
    }

    static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    @Test(
        "a traceparent gives its trace id",
        arguments: [
            ("00-\(trace)-00f067aa0ba902b7-01", true), ("01-\(trace)-00f067aa0ba902b7-01-more", true),
            ("00-\(trace)-00f067aa0ba902b7-01-more", false), ("ff-\(trace)-00f067aa0ba902b7-01", false),
            ("00-\(trace.uppercased())-00f067aa0ba902b7-01", false), ("00-\(trace)-0000000000000000-01", false),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
            ("00-\(trace)-00f067aa0ba902b7-0", false),
            ("", false), ("00-\(trace)x00f067aa0ba902b7-01", false),
        ])
    func traceparent(field: String, valid: Bool) {
        #expect(withBytes(field) { TraceID(traceparent: $0) }?.description == (valid ? Self.trace : nil))
    }

    @Test("a trace id is written with all its digits and never zero")
    func traceID() {
        #expect(encoded { TraceID(high: 1, low: 0xA).write(to: &$0) } == "0000000000000001000000000000000a")
        #expect(TraceID(high: 0, low: 0).description == String(repeating: "0", count: 31) + "1")
    }
}
