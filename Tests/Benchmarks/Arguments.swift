/// A command line, read from the left.
struct Arguments {
    private var rest: ArraySlice<String>
    private var option = ""

    init(_ arguments: [String]) { rest = arguments[...] }

    /// The next option; nil at the end.
    mutating func next() -> String? {
        guard let next = rest.popFirst() else { return nil }
        option = next
        return next
    }

    /// The value of the option that was read last.
    mutating func value() throws -> String {
        guard let value = rest.popFirst() else { throw BenchmarkError("\(option) needs a value") }
        return value
    }

    mutating func number<Number: FixedWidthInteger>(_ range: ClosedRange<Number>) throws -> Number {
        guard let number = Number(try value()), range.contains(number) else {
            throw BenchmarkError("\(option) takes a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    mutating func decimal(_ range: ClosedRange<Double>) throws -> Double {
        guard let number = Double(try value()), range.contains(number) else {
            throw BenchmarkError("\(option) takes a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func unknown(_ help: String) -> BenchmarkError { BenchmarkError("there is no option \(option)\n\(help)") }
}
