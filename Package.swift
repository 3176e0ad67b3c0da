// swift-tools-version: 6.2
import PackageDescription

/// Docs/scripts/fuzz sets it: everything is built to be observed by libFuzzer and AddressSanitizer, with all checks.
let isFuzzing = Context.environment["DELIVERY_FUZZ"] != nil

let settings: [SwiftSetting] =
    [
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        // Points at which a test can make a service die or fail (Sources/Failpoints).
        .define("FAILPOINTS", .when(configuration: .debug)),
    ] + (isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer,address", "-assert-config", "Debug"])] : [])

/// A library module and, when there is one, the folder of its tests.
func module(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, swiftSettings: settings, linkerSettings: isFuzzing ? [] : wholeProgram)
}

/// A release program has Swift's libraries in it, so that it starts sooner and maps only what it uses of them; see
/// Docs/Operations.md. The library AMQP has no such flags: a package may only depend on what has none.
let wholeProgram: [LinkerSetting] = [
    .unsafeFlags(
        ["-static-stdlib", "-use-ld=lld", "-Xlinker", "--exclude-libs=ALL", "-Xlinker", "--no-export-dynamic"],
        .when(configuration: .release)),
    // What FoundationEssentials needs: the compiler names it only when everything is compiled for a static library.
    .linkedLibrary("_FoundationCShims", .when(configuration: .release)),
    .linkedLibrary("_FoundationCollections", .when(configuration: .release)),
]

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
}

/// A library that only tests use.
func support(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
}

/// A second process for the tests of the database file that processes share.
let writerForTests = Target.executableTarget(
    name: "SQLiteWriter", dependencies: ["SQLite", "Synchronized"], path: "Tests/SQLiteWriter", swiftSettings: settings)

/// Measures the services and their parts: `swift build -c release --product bench`, then `bench --help`.
let benchmarks = Target.executableTarget(
    name: "bench",
    dependencies: [
        "api", "store-admin", "Web", "Service", "HTTP", "HTTPWire", "EventLoop", "CSystem", "Delivery", "SQLite",
        "AMQP", "AMQPWire", "Bytes", "Synchronized", "Support", "Chaos", "AllocationCounter", "CSQLite",
        "Upkeep",
    ],
    path: "Tests/Benchmarks", swiftSettings: settings)

/// Counts what `bench` allocates, by standing in front of the C library's functions.
let allocationCounter = Target.target(name: "AllocationCounter", path: "Tests/AllocationCounter")

/// Runs the targets of FuzzTargets under libFuzzer; see Docs/Fuzzing.md.
let fuzzing: [Target] = [
    .systemLibrary(name: "CFuzzer", path: "Tests/Fuzz/CFuzzer"),
    .executableTarget(
        name: "fuzz", dependencies: ["CFuzzer", "FuzzTargets"], path: "Tests/Fuzz/Program", swiftSettings: settings,
        linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]),
]

let package = Package(
    name: "delivery",
    products: [
        .library(name: "AMQP", targets: ["AMQP"]),
        .executable(name: "api", targets: ["api"]),
        .executable(name: "store-admin", targets: ["store-admin"]),
        .executable(name: "bench", targets: ["bench"]),
    ],
    targets: [
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSystem"),

        module("Bytes"),
        module("Synchronized"),
        module("Failpoints", ["Synchronized"]),
        module("EventLoop", ["Bytes", "CSystem", "Synchronized"]),
        module("TLS", ["COpenSSL", "EventLoop", "Bytes", "Synchronized"]),
        module("AMQPWire", ["Bytes"]),
        module("AMQP", ["AMQPWire", "EventLoop", "TLS", "Bytes", "Synchronized"]),
        module("HTTPWire", ["Bytes"]),
        module("HTTP", ["HTTPWire", "EventLoop", "TLS", "Bytes", "CSystem", "Synchronized"]),
        module("SQLite", ["CSQLite", "CSystem", "Synchronized"]),
        module("Service", ["EventLoop", "HTTP", "HTTPWire", "Failpoints", "Bytes", "CSystem", "Synchronized"]),
        module("Delivery", ["SQLite", "COpenSSL", "Failpoints", "Synchronized"]),
        module(
            "Messaging",
            ["AMQP", "AMQPWire", "Delivery", "SQLite", "EventLoop", "Service", "Failpoints", "Synchronized"]),
        module("OpenAPI"),
        module(
            "Payments",
            ["Delivery", "SQLite", "HTTP", "HTTPWire", "EventLoop", "Service", "Failpoints", "Synchronized"]),
        module("Upkeep", ["Delivery", "SQLite", "EventLoop", "Service"]),
        module(
            "Web",
            ["OpenAPI", "Service", "HTTP", "HTTPWire", "Delivery", "SQLite", "EventLoop", "Bytes", "Synchronized"]),
        module(
            "Notifications",
            ["Messaging", "Delivery", "Service", "HTTP", "HTTPWire", "TLS", "SQLite", "EventLoop", "Failpoints"]),
        .target(name: "PageFiles"),
        module("Pages", ["PageFiles"], exclude: ["Resources"]),

        program(
            "api",
            [
                "Messaging", "Notifications", "Payments", "Upkeep", "Web", "OpenAPI", "Pages", "Delivery", "Service",
                "HTTP",
                "HTTPWire", "SQLite", "EventLoop",
            ]),
        program(
            "store-admin",
            [
                "Messaging", "Notifications", "Upkeep", "Web", "OpenAPI", "Pages", "Delivery", "Service", "HTTP",
                "HTTPWire", "SQLite", "EventLoop",
            ]),

        benchmarks,
        allocationCounter,
        support("Support", ["COpenSSL", "Synchronized"]),
        support("Chaos", ["Support", "SQLite", "Synchronized"]),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "AMQP", "AMQPWire", "HTTPWire", "Delivery", "SQLite", "EventLoop", "Bytes", "Synchronized",
            ],
            path: "Tests/Fuzz/Targets",
            swiftSettings: settings),
        writerForTests,
        tests("BytesTests", ["Bytes"]),
        tests("SynchronizedTests", ["Synchronized"]),
        tests("FailpointTests", ["Failpoints"]),
        tests("EventLoopTests", ["EventLoop", "Bytes", "CSystem", "Synchronized"]),
        tests("TLSTests", ["Support", "TLS", "COpenSSL", "EventLoop", "Bytes"]),
        tests("AMQPWireTests", ["AMQPWire", "Bytes"]),
        tests("AMQPTests", ["FuzzTargets", "Support", "AMQP", "AMQPWire", "EventLoop", "Bytes", "Synchronized"]),
        tests("HTTPWireTests", ["HTTPWire", "Bytes"]),
        tests(
            "HTTPTests",
            ["Support", "TLS", "COpenSSL", "HTTP", "HTTPWire", "EventLoop", "Bytes", "CSystem", "Synchronized"]),
        tests("SQLiteTests", ["SQLite", "CSQLite", "SQLiteWriter", "Synchronized"]),
        tests("ServiceTests", ["Service", "EventLoop", "Synchronized"]),
        tests("DeliveryTests", ["Delivery", "SQLite", "Synchronized"]),
        tests("OpenAPITests", ["OpenAPI", "Delivery"]),
        tests("PagesTests", ["Pages"]),
        tests("WebTests", ["Support", "Web", "HTTP", "HTTPWire", "Delivery", "SQLite", "EventLoop", "Service"]),
        tests("MessagingTests", ["Messaging", "AMQP", "AMQPWire", "Bytes", "Delivery", "Service", "SQLite"]),
        tests(
            "NotificationTests",
            [
                "Support", "Notifications", "Messaging", "Delivery", "Service", "HTTP", "SQLite", "EventLoop",
                "Synchronized",
            ]),
        tests("BenchmarkTests", ["bench", "AMQP", "AMQPWire", "Bytes"]),
        tests("SupportTests", ["Support", "Chaos"]),
        tests("AMQPMemory", ["Support", "AMQP"]),
        tests("AMQPIntegration", ["Support", "AMQP", "AMQPWire", "EventLoop"]),
        tests(
            "Integration",
            [
                "Support", "AMQP", "AMQPWire", "Messaging", "Delivery", "SQLite", "EventLoop", "Service",
                "Synchronized", "api", "store-admin",
            ]),
        tests("ExampleTests", ["Support"]),
        tests(
            "EndToEnd",
            ["Support", "Chaos", "AMQP", "AMQPWire", "Delivery", "SQLite", "api", "store-admin", "SQLiteWriter"]),
        tests("UpkeepTests", ["Upkeep", "Delivery", "SQLite", "EventLoop", "Service", "Synchronized"]),
        tests(
            "PaymentsTests",
            ["Support", "Payments", "Delivery", "SQLite", "HTTP", "EventLoop", "Service", "Synchronized"]),
    ] + (isFuzzing ? fuzzing : [])
)
