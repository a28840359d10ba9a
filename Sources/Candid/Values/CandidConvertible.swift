// Swift types for Candid types, so that programs read and write values without taking cases apart.

/// A Swift type that values can be read into, and made from.
///
/// Integers are read from any integer type if they are in range; an `Optional` from options and from null.
public protocol CandidConvertible {
  /// - Throws: `mismatch`, or another case of a value that isn't of the type.
  init(candid value: CandidValue) throws(CandidError)

  var candid: CandidValue { get }

  /// What a field that isn't there is read as; `nil` if it has to be there.
  static var absent: Self? { get }
}

extension CandidConvertible {
  public static var absent: Self? { nil }
}

extension CandidValue {
  public init(_ value: some CandidConvertible) { self = value.candid }

  /// The value as a Swift type.
  public func get<Value: CandidConvertible>(_: Value.Type = Value.self) throws(CandidError) -> Value {
    try Value(candid: self)
  }

  /// The record that the value is.
  public func record() throws(CandidError) -> CandidRecord {
    guard case .record(let record) = self else { throw mismatch("record") }
    return record
  }

  /// The case of the variant that the value is.
  public func variant() throws(CandidError) -> CandidField {
    guard case .variant(let field) = self else { throw mismatch("variant") }
    return field
  }

  fileprivate func mismatch(_ expected: String) -> CandidError {
    .mismatch(expected: expected, found: kind, path: "")
  }
}

extension CandidRecord {
  /// A field's value as a Swift type.
  /// - Throws: `missingField` if there is no such field and the type is none that allows it, or what is wrong with the
  ///   value, with a path that begins with the field.
  public func get<Value: CandidConvertible>(
    _ label: CandidLabel, as _: Value.Type = Value.self
  ) throws(CandidError) -> Value {
    guard let value = self[label] else {
      guard let absent = Value.absent else { throw .missingField(label, path: "") }
      return absent
    }
    do throws(CandidError) { return try Value(candid: value) } catch { throw error.within("field \(label)") }
  }
}

extension CandidField {
  /// The case's name, or its number in decimal where the name isn't known.
  public var name: String { label.name ?? String(label.id) }

  /// The case's value as a Swift type.
  public func get<Value: CandidConvertible>(_: Value.Type = Value.self) throws(CandidError) -> Value {
    do throws(CandidError) { return try Value(candid: value) } catch { throw error.within("field \(label)") }
  }
}

extension [CandidValue] {
  /// An argument as a Swift type.
  public func get<Value: CandidConvertible>(
    _ index: Int, as _: Value.Type = Value.self
  ) throws(CandidError) -> Value {
    guard index < count else {
      guard let absent = Value.absent else { throw .argumentCount(expected: index + 1, found: count) }
      return absent
    }
    do throws(CandidError) { return try Value(candid: self[index]) } catch { throw error.within("argument \(index)") }
  }
}

extension CandidError {
  /// The error with a step in front of its path.
  fileprivate func within(_ step: String) -> CandidError {
    func extended(_ path: String) -> String { path.isEmpty ? step : step + ", " + path }
    return switch self {
    case .mismatch(let expected, let found, let path):
      .mismatch(expected: expected, found: found, path: extended(path))
    case .outOfRange(let expected, let found, let path):
      .outOfRange(expected: expected, found: found, path: extended(path))
    case .missingField(let label, let path): .missingField(label, path: extended(path))
    case .unknownField(let label, let path): .unknownField(label, path: extended(path))
    case .unknownCase(let label, let path): .unknownCase(label, path: extended(path))
    case .noCommonType(let path): .noCommonType(path: extended(path))
    case .malformed, .limitExceeded, .argumentCount: self
    }
  }
}

// MARK: Literals

extension CandidValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral {
  public init(stringLiteral text: String) { self = .text(text) }

  public init(booleanLiteral bool: Bool) { self = .bool(bool) }
}

// MARK: Types

extension CandidValue: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) { self = value }

  public var candid: CandidValue { self }
}

extension CandidRecord: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) { self = try value.record() }

  public var candid: CandidValue { .record(self) }
}

extension Bool: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) {
    guard case .bool(let bool) = value else { throw value.mismatch("bool") }
    self = bool
  }

  public var candid: CandidValue { .bool(self) }
}

extension String: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) {
    guard case .text(let text) = value else { throw value.mismatch("text") }
    self = text
  }

  public var candid: CandidValue { .text(self) }
}

extension Principal: CandidConvertible {
  /// The principal, also that of a service.
  public init(candid value: CandidValue) throws(CandidError) {
    switch value {
    case .principal(let principal), .service(let principal): self = principal
    default: throw value.mismatch("principal")
    }
  }

  public var candid: CandidValue { .principal(self) }
}

extension CandidFunction: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) {
    guard case .func(let function) = value else { throw value.mismatch("func") }
    self = function
  }

  public var candid: CandidValue { .func(self) }
}

extension Float: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) {
    guard case .float32(let number) = value else { throw value.mismatch("float32") }
    self = number
  }

  public var candid: CandidValue { .float32(self) }
}

extension Double: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) {
    switch value {
    case .float32(let number): self = Double(number)
    case .float64(let number): self = number
    default: throw value.mismatch("float64")
    }
  }

  public var candid: CandidValue { .float64(self) }
}

extension Optional: CandidConvertible where Wrapped: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) {
    switch value {
    case .opt(let content?): self = try Wrapped(candid: content)
    case .opt(nil), .null, .reserved: self = nil
    default: throw value.mismatch("opt")
    }
  }

  public var candid: CandidValue { .opt(self?.candid) }

  public static var absent: Wrapped?? { .some(nil) }
}

extension Array: CandidConvertible where Element: CandidConvertible {
  /// The elements of a vector, or the bytes of a blob.
  public init(candid value: CandidValue) throws(CandidError) {
    switch value {
    case .blob(let bytes):
      if let bytes = bytes as? [Element] {
        self = bytes
      } else {
        self = try bytes.map { byte throws(CandidError) in try Element(candid: .nat8(byte)) }
      }
    case .vec(let values):
      self = []
      reserveCapacity(values.count)
      for (index, value) in values.enumerated() {
        do throws(CandidError) { append(try Element(candid: value)) } catch { throw error.within("element \(index)") }
      }
    default: throw value.mismatch("vec")
    }
  }

  public var candid: CandidValue {
    if let bytes = self as? [UInt8] { return .blob(bytes) }
    return .vec(map(\.candid))
  }
}

/// Integers are read from any integer type.
private func integer<Number>(
  _ value: CandidValue, _ type: String, _ exactly: (Integer) -> Number?
) throws(CandidError) -> Number {
  guard let number = value.integer else { throw value.mismatch(type) }
  guard let result = exactly(number) else {
    throw .outOfRange(expected: type, found: TextForm.integer(number), path: "")
  }
  return result
}

private func integer<Number: FixedWidthInteger>(_ value: CandidValue, _ type: String) throws(CandidError) -> Number {
  try integer(value, type) { Number(exactly: $0) }
}

extension UInt8: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) { self = try integer(value, "nat8") }

  public var candid: CandidValue { .nat8(self) }
}

extension UInt16: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) { self = try integer(value, "nat16") }

  public var candid: CandidValue { .nat16(self) }
}

extension UInt32: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) { self = try integer(value, "nat32") }

  public var candid: CandidValue { .nat32(self) }
}

extension UInt64: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) { self = try integer(value, "nat64") }

  public var candid: CandidValue { .nat64(self) }
}

extension UInt128: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) {
    self = try integer(value, "nat of 128 bits")
  }

  public var candid: CandidValue { .nat(Natural(self)) }
}

extension Int8: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) { self = try integer(value, "int8") }

  public var candid: CandidValue { .int8(self) }
}

extension Int16: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) { self = try integer(value, "int16") }

  public var candid: CandidValue { .int16(self) }
}

extension Int32: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) { self = try integer(value, "int32") }

  public var candid: CandidValue { .int32(self) }
}

extension Int64: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) { self = try integer(value, "int64") }

  public var candid: CandidValue { .int64(self) }
}

extension Int: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) { self = try integer(value, "int64") }

  public var candid: CandidValue { .int(Integer(self)) }
}

extension Natural: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) {
    self = try integer(value, "nat") { Natural(exactly: $0) }
  }

  public var candid: CandidValue { .nat(self) }
}

extension Integer: CandidConvertible {
  public init(candid value: CandidValue) throws(CandidError) { self = try integer(value, "int") { $0 } }

  public var candid: CandidValue { .int(self) }
}
