import Delivery
import Service

/// The operator's login, from the environment.
enum OperatorSettings {
    static let list = [
        Setting("OPERATOR_EMAIL", fallback: "none", "the operator's address; goes with OPERATOR_PASSWORD"),
        Setting(
            "OPERATOR_PASSWORD", fallback: "none",
            "the operator's password, 8 characters or more; a changed one ends the operator's sessions"),
    ]

    /// - Returns: nil if neither of the two is set.
    static func read(_ environment: Environment) throws(SettingError) -> Accounts.Login? {
        let (email, password) = (environment.text("OPERATOR_EMAIL"), environment.text("OPERATOR_PASSWORD"))
        if email == nil, password == nil { return nil }
        guard let email else {
            throw SettingError(
                name: "OPERATOR_EMAIL", value: "", allowed: "an address, or leave OPERATOR_PASSWORD unset")
        }
        guard let password else {
            throw SettingError(
                name: "OPERATOR_PASSWORD", value: "", allowed: "a password, or leave OPERATOR_EMAIL unset")
        }
        let address: String
        do throws(DeliveryError) {
            address = try AccountRules.email(email)
        } catch {
            throw SettingError(name: "OPERATOR_EMAIL", value: email, allowed: "an e-mail address")
        }
        do throws(DeliveryError) {
            return Accounts.Login(email: address, password: try AccountRules.password(password))
        } catch {
            throw SettingError(
                name: "OPERATOR_PASSWORD", value: password,
                allowed: "\(AccountRules.shortestPassword) characters to \(AccountRules.longestPassword) octets")
        }
    }
}
