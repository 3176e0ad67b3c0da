import Delivery
import Service

enum SettlementSettings {
    static let list = [
        Setting(
            "FEE_BASIS_POINTS", fallback: "1000",
            "what the platform keeps of a sale, in hundredths of a percent, 0 to 10000; for sales from now on")
    ]

    static func fee(_ environment: Environment) throws(SettingError) -> Fee {
        Fee(basisPoints: try environment.number("FEE_BASIS_POINTS", in: 0...10_000) ?? 1_000)
    }
}
