import Delivery
import HTTP
import HTTPWire

/// The reply envelope that success and error share: `{"result":{…},"body":…}`.
package enum Envelope {
    private static let success: [UInt16: [UInt8]] = Dictionary(
        uniqueKeysWithValues: [HTTPStatus.ok, .created, .accepted].map { status in
            let head =
                "{\"result\":{\"result_code\":\(status.code),\"result_message\":\"OK\","
                + "\"result_description\":\"\(status.reason)\"},\"body\":"
            return (status.code, Array(head.utf8))
        })

    /// - Parameters:
    ///   - lastEventID: stands beside the body, so that the body of a list stays a list.
    ///   - total: likewise; how many there are when the list may show a part.
    ///   - nextBefore: likewise; `before` of the page that follows.
    package static func reply(
        _ body: some Encodable, status: HTTPStatus = .ok, lastEventID: Int? = nil, total: Int? = nil,
        nextBefore: Int? = nil
    ) throws -> Response {
        reply(
            json: try JSON.encode(body), status: status, lastEventID: lastEventID, total: total,
            nextBefore: nextBefore)
    }

    package static func reply(
        _ body: some JSONWritable, status: HTTPStatus = .ok, lastEventID: Int? = nil, total: Int? = nil,
        nextBefore: Int? = nil
    ) throws -> Response {
        var json = JSONWriter(after: head(status), capacity: 1024)
        body.write(to: &json)
        return finish(&json, status: status, lastEventID: lastEventID, total: total, nextBefore: nextBefore)
    }

    package static func reply(
        json body: [UInt8], status: HTTPStatus = .ok, lastEventID: Int? = nil, total: Int? = nil,
        nextBefore: Int? = nil
    ) -> Response {
        let head = head(status)
        var json = JSONWriter(after: head, capacity: head.count + body.count + 80)
        json.append(body)
        return finish(&json, status: status, lastEventID: lastEventID, total: total, nextBefore: nextBefore)
    }

    private static func head(_ status: HTTPStatus) -> [UInt8] { success[status.code] ?? success[200] ?? [] }

    /// What stands beside the body, and the end.
    private static func finish(
        _ json: inout JSONWriter, status: HTTPStatus, lastEventID: Int?, total: Int?, nextBefore: Int?
    ) -> Response {
        json.member("last_event_id", lastEventID)
        json.member("total", total)
        json.member("next_before", nextBefore)
        json.append("}")
        return .json(json.octets, status: status)
    }

    /// A reply without a body of its own.
    package static func done() -> Response { reply(json: Array("null".utf8)) }

    private struct Failure: Encodable {
        struct Result: Encodable {
            let code: Int
            let message: String
            let description: String

            enum CodingKeys: String, CodingKey {
                case code = "result_code"
                case message = "result_message"
                case description = "result_description"
            }
        }
        let result: Result
    }

    /// RFC 9457, for those who ask for it.
    private struct Problem: Encodable {
        let type: String
        let title: String
        let status: Int
        let detail: String
        let resultCode: Int
        let traceID: String

        enum CodingKeys: String, CodingKey {
            case type, title, status, detail
            case resultCode = "result_code"
            case traceID = "trace_id"
        }
    }

    package static func refusal(_ refusal: Refusal, to request: Request?, trace: TraceID) -> Response {
        let title = "\(refusal.status.reason)"
        var response: Response
        if let request, wantsProblem(request) {
            let problem = Problem(
                type: "about:blank", title: title, status: Int(refusal.status.code), detail: refusal.description,
                resultCode: refusal.resultCode, traceID: trace.description)
            response = .json((try? JSON.encode(problem)) ?? [], status: refusal.status)
            response.contentType = "application/problem+json"
        } else {
            let failure = Failure(
                result: Failure.Result(
                    code: refusal.resultCode, message: title, description: refusal.description))
            response = .json((try? JSON.encode(failure)) ?? [], status: refusal.status)
        }
        if refusal.status == .unauthorized { response.fields.append("WWW-Authenticate", challenge) }
        if let seconds = refusal.retryAfter { response.fields.append("Retry-After", String(seconds)) }
        return response
    }

    /// What every 401 has to say (RFC 9110, section 11.6.1).
    package static let challenge = "Bearer realm=\"delivery\""

    private static func wantsProblem(_ request: Request) -> Bool {
        guard let accept = request.header("accept"), accept.contains("application/problem+json") else { return false }
        return request.preferredType(of: ["application/json", "application/problem+json"]) == 1
            || !accept.contains("application/json")
    }
}
