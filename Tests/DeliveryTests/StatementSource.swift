import Foundation
import Testing

/// A source file, searched for the SQL statements that it runs.
///
/// Statements are literals (`SQL` takes no other text, but by `unchecked`), and a connection is always called `db`: so
/// each call on `db` has its literal, or `strays` tells what could run a statement that is not seen.
struct StatementSource {
    let name: String
    let text: String

    /// Everything but the wrapper itself, which knows no table.
    static func all() throws -> [StatementSource] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources")
            .resolvingSymlinksInPath()
        let files = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
        return try files.compactMap { $0 as? URL }
            .filter { $0.pathExtension == "swift" && $0.deletingLastPathComponent().lastPathComponent != "SQLite" }
            .map { StatementSource(name: $0.lastPathComponent, text: try String(contentsOf: $0, encoding: .utf8)) }
    }

    var statements: [String] {
        text.matches(of: /"""\s*((?:SELECT|INSERT|UPDATE|DELETE)\b(?s:.*?))\s*"""/).map { String($0.1) }
            + text.matches(of: /[^"]"((?:SELECT|INSERT|UPDATE|DELETE) [^"\n]*)"/).map { String($0.1) }
    }

    private var calls: Int { text.matches(of: /\bdb\s*\.\s*(run|each|first|all|one|exists)\s*\(/).count }

    /// Files in which a text is made at run time; what comes of it is in `QueryPlanTests.interpolations`.
    private static let makesText = ["OrderRecords.swift"]

    /// Names of connections: one without a name runs nothing, and `old` is only handed on (`RestoredIDs`).
    private static let known = ["db", "_", "old"]

    /// What keeps a statement from being seen.
    var strays: [String] {
        guard text.contains(/(?m)^import SQLite$/) || text.contains("SQLite.") || !statements.isEmpty else { return [] }
        var found: [String] = []
        if calls != statements.count { found.append("\(calls) calls on db, but \(statements.count) statements") }
        for match in text.matches(of: /\b(\w+): (?:borrowing |inout |@escaping )*(?:SQLite\.)?Connection\b/)
        where !Self.known.contains(String(match.1)) { found.append("a connection with the name \(match.1)") }
        for match in text.matches(
            of: /\b[Dd]atabase\.(?:read|write|writeLater)\b[^{}\n]*\{(?:\s*\[[^\]]*\])?\s*(\w+)\s+(?:->[^\n]*)?in\b/)
        where !Self.known.contains(String(match.1)) { found.append("a connection with the name \(match.1)") }
        if text.contains(/\$0\s*\.\s*(run|each|all|one|exists)\s*\(/) || text.contains(/\$0\s*\.\s*first\s*\(\s*"/) {
            found.append("a connection without a name")
        }
        if text.contains(/\bexecute\s*\(\s*script/) { found.append("a script") }
        if !Self.makesText.contains(name), text.contains(/\bSQL\b/) { found.append("a text made at run time") }
        return found
    }
}
