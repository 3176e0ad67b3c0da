// swift-tools-version: 6.2
import PackageDescription

/// One program of a lesson: its folder is Sources/LESSON/NAME.
func program(_ lesson: String, _ name: String) -> Target {
    .executableTarget(
        name: name,
        dependencies: [.product(name: "AMQP", package: "delivery"), "Common"],
        path: "Sources/\(lesson)/\(name)",
        swiftSettings: [.treatAllWarnings(as: .error)])
}

let package = Package(
    name: "amqp-examples",
    dependencies: [
        // The name makes the dependency independent of the folder that the repository was cloned into.
        .package(name: "delivery", path: "../..")
    ],
    targets: [
        .target(name: "Common", swiftSettings: [.treatAllWarnings(as: .error)]),
        program("Hello", "Send"),
        program("Hello", "Receive"),
        program("WorkQueues", "NewTask"),
        program("WorkQueues", "Worker"),
        program("PublishSubscribe", "EmitLog"),
        program("PublishSubscribe", "ReceiveLogs"),
        program("Routing", "EmitLogDirect"),
        program("Routing", "ReceiveLogsDirect"),
        program("Topics", "EmitLogTopic"),
        program("Topics", "ReceiveLogsTopic"),
        program("RPC", "RPCServer"),
        program("RPC", "RPCClient"),
        program("PublisherConfirms", "PublisherConfirms"),
    ]
)
