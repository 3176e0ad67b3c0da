import Delivery
import EventLoop
import HTTP
import HTTPWire
import TLS

// What is sent for a notification, and what the answer means.

extension Webhooks.Claim {
    /// Signed for this moment; see standardwebhooks.com.
    /// - Returns: nil if the URL is none, which nobody can have stored.
    func request(at now: Timestamp) -> HTTPClient.Request? {
        guard let url = HTTPURL(url) else { return nil }
        let seconds = now.milliseconds / 1000
        let fields: HeaderFields = [
            "Content-Type": "application/json", "User-Agent": "delivery-webhook/1.0", "webhook-id": messageID,
            "webhook-timestamp": "\(seconds)",
            "webhook-signature": secret.signature(id: messageID, seconds: seconds, body: body),
        ]
        return HTTPClient.Request(.post, url, fields: fields, body: body)
    }

    /// For logs: a path or a query may hold the customer's secrets.
    var host: String { HTTPURL(url)?.host ?? "?" }
}

extension Webhooks.Outcome {
    /// What the receiver says goes nowhere: nobody reads by a webhook what only this service can reach.
    init(_ response: HTTPClient.Response) {
        let code = response.status.code
        switch code {
        case 200..<300: self = .delivered
        case 300..<400: self = .failed("answered \(code), and redirects are not followed")
        case 410: self = .failed("answered 410: it wants no more", isFinal: true)
        default: self = .failed("answered \(code)")
        }
    }

    init(_ error: any Error) {
        switch error {
        case is CancellationError: self = .none(.zero)
        case let error as HTTPError where error.status == .gatewayTimeout: self = .failed("no answer in time")
        case let error as HTTPError: self = .failed(error.message)
        case let error as ResolutionError: self = .failed("\(error)")
        case let error as AddressRefused: self = .failed("\(error): it must be one of the public Internet")
        case let error as ConnectError: self = .failed("\(error)")
        case let error as TLSError: self = .failed("TLS: \(error)")
        case let error as SystemError: self = .failed("the connection broke: \(error.reason)")
        default: self = .failed("could not be sent")
        }
    }
}
