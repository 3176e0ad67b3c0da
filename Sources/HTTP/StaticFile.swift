import EventLoop
import HTTPWire
import Synchronized

/// A file that is part of the program, with the fields that let clients keep it.
package struct StaticFile: Sendable {
    private let content: Content
    private let contentType: StaticString
    private let cacheControl: String

    /// - Parameter cacheControl: by default a client asks each time whether its copy is still good.
    package init(_ content: [UInt8], contentType: StaticString, cacheControl: String = "no-cache") {
        let shared = SharedBytes(content)
        self.init({ shared }, contentType, cacheControl)
    }

    /// The same with the type that the name's ending stands for.
    package init(_ content: [UInt8], name: String, cacheControl: String = "no-cache") {
        self.init(content, contentType: StaticFile.contentType(of: name), cacheControl: cacheControl)
    }

    /// Constants of the program. Nothing is read or kept of them until somebody asks.
    package init(constant octets: UnsafeRawBufferPointer, name: String, cacheControl: String = "no-cache") {
        // Sent to other threads, where it is as readable as here: nobody writes or frees it.
        nonisolated(unsafe) let octets = octets
        self.init({ SharedBytes(Array(octets)) }, StaticFile.contentType(of: name), cacheControl)
    }

    /// Octets that are made when the first one asks, and kept.
    package init(contentType: StaticString, made: @escaping @Sendable () -> [UInt8]) {
        let kept = Lock<SharedBytes?>(nil)
        self.init(
            {
                kept.withLock { kept in
                    let content = kept ?? SharedBytes(made())
                    kept = content
                    return content
                }
            }, contentType, "no-cache")
    }

    private init(
        _ octets: @escaping @Sendable () -> SharedBytes, _ contentType: StaticString, _ cacheControl: String
    ) {
        content = Content(octets)
        self.contentType = contentType
        self.cacheControl = cacheControl
    }

    private final class Content: Sendable {
        let octets: @Sendable () -> SharedBytes
        private let tag = Lock<String?>(nil)

        init(_ octets: @escaping @Sendable () -> SharedBytes) { self.octets = octets }

        var entityTag: String {
            if let tag = tag.withLock({ $0 }) { return tag }
            let made = octets().bytes.withUnsafeBytes { EntityTag.strong($0) }
            tag.withLock { $0 = made }
            return made
        }
    }

    /// A strong entity tag, made once.
    package var entityTag: String { content.entityTag }

    package func response(to request: Request) -> Response {
        let entityTag = entityTag
        let isKnown = request.withHeader("if-none-match") { field in
            field.map { EntityTag.matches(ifNoneMatch: $0, entityTag) } ?? false
        }
        var response =
            isKnown ? Response(.notModified) : Response(.ok, contentType: contentType, body: .shared(content.octets()))
        response.fields.append("ETag", entityTag)
        response.fields.append("Cache-Control", cacheControl)
        if !isKnown { response.fields.append("X-Content-Type-Options", "nosniff") }
        return response
    }

    static func contentType(of name: String) -> StaticString {
        switch name.split(separator: ".").last ?? "" {
        case "html": "text/html; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "js", "mjs": "text/javascript; charset=utf-8"
        case "json", "webmanifest": "application/json"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        case "jpg", "jpeg": "image/jpeg"
        case "ico": "image/x-icon"
        case "woff2": "font/woff2"
        case "mp3": "audio/mpeg"
        case "wav": "audio/wav"
        case "txt", "md": "text/plain; charset=utf-8"
        default: "application/octet-stream"
        }
    }
}
