// What a value is, without its content.

extension CandidValue {
  /// The type's name, or its first word: `nat8`, `record`.
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool: "bool"
    case .nat: "nat"
    case .int: "int"
    case .nat8: "nat8"
    case .nat16: "nat16"
    case .nat32: "nat32"
    case .nat64: "nat64"
    case .int8: "int8"
    case .int16: "int16"
    case .int32: "int32"
    case .int64: "int64"
    case .float32: "float32"
    case .float64: "float64"
    case .text: "text"
    case .reserved: "reserved"
    case .principal: "principal"
    case .opt: "opt"
    case .vec: "vec"
    case .blob: "blob"
    case .record: "record"
    case .variant: "variant"
    case .func: "func"
    case .service: "service"
    }
  }

  /// The number, if the value has an integer type.
  var integer: Integer? {
    switch self {
    case .nat(let number): Integer(number)
    case .int(let number): number
    case .nat8(let number): Integer(number)
    case .nat16(let number): Integer(number)
    case .nat32(let number): Integer(number)
    case .nat64(let number): Integer(number)
    case .int8(let number): Integer(number)
    case .int16(let number): Integer(number)
    case .int32(let number): Integer(number)
    case .int64(let number): Integer(number)
    default: nil
    }
  }

  /// A number as a value of an integer type; `nil` if it is out of range, or the type is none of integers.
  init?(_ number: Integer, as type: PrimitiveType) {
    func fixed<Number: FixedWidthInteger>(_ make: (Number) -> CandidValue) -> CandidValue? {
      Number(exactly: number).map(make)
    }
    let value: CandidValue? =
      switch type {
      case .int: .int(number)
      case .nat: Natural(exactly: number).map(CandidValue.nat)
      case .nat8: fixed(CandidValue.nat8)
      case .nat16: fixed(CandidValue.nat16)
      case .nat32: fixed(CandidValue.nat32)
      case .nat64: fixed(CandidValue.nat64)
      case .int8: fixed(CandidValue.int8)
      case .int16: fixed(CandidValue.int16)
      case .int32: fixed(CandidValue.int32)
      case .int64: fixed(CandidValue.int64)
      default: nil
      }
    guard let value else { return nil }
    self = value
  }
}

extension PrimitiveType {
  var isInteger: Bool { (Self.nat.rawValue...Self.int64.rawValue).contains(rawValue) }
}
