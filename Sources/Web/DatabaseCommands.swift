import Delivery
import Service

/// What both programs can do with the database file besides serving.
package enum DatabaseCommands {
    package static let all = [
        Program.Command(
            "--backup", "FILE", "copies the database to a new file, while services run, and checks the copy"
        ) {
            settings, file in
            try naming("--backup \(file)", settings) {
                try DeliveryDatabase.backUp(settings.databasePath, to: file).description
            }
        },
        Program.Command("--restore", "FILE", "puts a backup into the database's place, while no service runs on it") {
            settings, file in
            try naming("--restore \(file)", settings) {
                try DeliveryDatabase.restore(file, over: settings.databasePath).description
            }
        },
    ]

    /// With both files, since the error is that of one of them.
    private static func naming(
        _ command: String, _ settings: CommonSettings, _ body: () throws -> String
    ) throws -> String {
        do {
            return try body()
        } catch {
            throw Program.StartError("\(command) with DATABASE_PATH=\"\(settings.databasePath)\": \(error)")
        }
    }
}
