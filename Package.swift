// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// A library module and, when there is one, the folder of its tests.
func module(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
}

let package = Package(
    name: "delivery",
    products: [
        .library(name: "AMQP", targets: ["AMQP"]),
        .executable(name: "api", targets: ["api"]),
        .executable(name: "store-admin", targets: ["store-admin"]),
    ],
    targets: [
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSystem"),

        module("Bytes"),
        module("EventLoop", ["Bytes", "CSystem"]),
        module("AMQPWire", ["Bytes"]),
        module("AMQP", ["AMQPWire", "EventLoop", "Bytes"]),
        module("HTTPWire", ["Bytes"]),
        module("HTTP", ["HTTPWire", "EventLoop", "Bytes", "CSystem"]),
        module("SQLite", ["CSQLite", "CSystem"]),
        module("Service", ["EventLoop", "HTTP", "HTTPWire", "Bytes", "CSystem"]),
        module("Delivery", ["SQLite", "COpenSSL"]),
        module("Messaging", ["AMQP", "Delivery", "SQLite", "EventLoop", "Service"]),
    ]
)
