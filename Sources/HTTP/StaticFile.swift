import EventLoop
import HTTPWire

/// A file that is part of the program, with the fields that let clients keep it.
package struct StaticFile: Sendable {
    package let content: SharedBytes
    package let contentType: StaticString
    /// A strong entity tag, made once.
    package let entityTag: String
    package let cacheControl: String

    /// - Parameter cacheControl: by default a client asks each time whether its copy is still good.
    package init(_ content: [UInt8], contentType: StaticString, cacheControl: String = "no-cache") {
        self.content = SharedBytes(content)
        self.contentType = contentType
        self.cacheControl = cacheControl
        entityTag = content.withUnsafeBytes { EntityTag.strong($0) }
    }

    /// The same with the type that the name's ending stands for.
    package init(_ content: [UInt8], name: String, cacheControl: String = "no-cache") {
        self.init(content, contentType: StaticFile.contentType(of: name), cacheControl: cacheControl)
    }

    package func response(to request: Request) -> Response {
        let isKnown = request.withHeader("if-none-match") { field in
            field.map { EntityTag.matches(ifNoneMatch: $0, entityTag) } ?? false
        }
        var response =
            isKnown ? Response(.notModified) : Response(.ok, contentType: contentType, body: .shared(content))
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
