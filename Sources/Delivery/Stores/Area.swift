/// Where a store or a rider delivers: the beginnings of addresses, in whole words, such as `서울 마포구`.
package struct Area: Equatable, Sendable {
    package static let mostCodes = 100
    package static let longestCode = 100

    /// As they were given. Empty means everywhere.
    package let codes: [String]
    private let prefixes: [[String]]

    package init(_ codes: [String]) {
        self.codes = codes
        prefixes = codes.map { Self.words($0) }.filter { !$0.isEmpty }
    }

    package static let everywhere = Area([])

    /// Checks what somebody typed.
    /// - Throws: `DeliveryError` 400 that names `field`.
    package static func check(_ codes: [String], _ field: String) throws(DeliveryError) -> Area {
        guard codes.count <= mostCodes else { throw .invalid(field, "more than \(mostCodes) entries") }
        var checked: [String] = []
        for (index, code) in codes.enumerated() {
            let text = try TextRules.check(code, "\(field)[\(index)]", longest: longestCode)
            guard !words(text).isEmpty else { throw .invalid("\(field)[\(index)]", "holds no word") }
            if !checked.contains(text) { checked.append(text) }
        }
        return Area(checked)
    }

    package func contains(_ address: String) -> Bool {
        if prefixes.isEmpty { return codes.isEmpty }
        let words = Self.words(address)
        return prefixes.contains { words.starts(with: $0) }
    }

    /// Words without regard to case, commas and the long and short names of the provinces.
    private static func words(_ text: String) -> [String] {
        // By scalars, as texts are trimmed: a mark that combines with a space must not make it a part of a word.
        var words = text.lowercased().unicodeScalars.split { $0.properties.isWhitespace || $0 == "," }.map {
            String($0)
        }
        if let first = words.first, let short = provinces[first] { words[0] = short }
        return words
    }

    /// The seventeen provinces and cities of the first level, with the forms in which addresses name them.
    private static let provinces: [String: String] = {
        let forms: [(String, [String])] = [
            ("서울", ["서울시", "서울특별시"]), ("부산", ["부산시", "부산광역시"]), ("대구", ["대구시", "대구광역시"]),
            ("인천", ["인천시", "인천광역시"]), ("광주", ["광주시", "광주광역시"]), ("대전", ["대전시", "대전광역시"]),
            ("울산", ["울산시", "울산광역시"]), ("세종", ["세종시", "세종특별자치시"]), ("경기", ["경기도"]),
            ("강원", ["강원도", "강원특별자치도"]), ("충북", ["충청북도"]), ("충남", ["충청남도"]),
            ("전북", ["전라북도", "전북특별자치도"]), ("전남", ["전라남도"]), ("경북", ["경상북도"]), ("경남", ["경상남도"]),
            ("제주", ["제주도", "제주특별자치도"]),
        ]
        var names: [String: String] = [:]
        for (short, others) in forms {
            for other in others { names[other] = short }
        }
        return names
    }()
}
