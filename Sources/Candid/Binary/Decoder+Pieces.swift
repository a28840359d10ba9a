// Values without parts, and passing over values of any type.

extension Decoder {
  /// The next value, of a type without parts. Its bytes are still to be paid.
  mutating func primitive(_ type: PrimitiveType) throws(CandidError) -> CandidValue {
    switch type {
    case .null: return .null
    case .bool: return .bool(try bool())
    case .nat: return .nat(try reader.nat())
    case .int: return .int(try reader.int())
    case .nat8: return .nat8(try reader.fixed(UInt8.self))
    case .nat16: return .nat16(try reader.fixed(UInt16.self))
    case .nat32: return .nat32(try reader.fixed(UInt32.self))
    case .nat64: return .nat64(try reader.fixed(UInt64.self))
    case .int8: return .int8(try reader.fixed(Int8.self))
    case .int16: return .int16(try reader.fixed(Int16.self))
    case .int32: return .int32(try reader.fixed(Int32.self))
    case .int64: return .int64(try reader.fixed(Int64.self))
    case .float32: return .float32(Float(bitPattern: try reader.fixed(UInt32.self)))
    case .float64: return .float64(Double(bitPattern: try reader.fixed(UInt64.self)))
    case .text: return .text(try reader.text())
    case .reserved: return .reserved
    case .empty: throw reader.malformed(.emptyValue)
    case .principal: return .principal(try principal())
    }
  }

  private mutating func bool() throws(CandidError) -> Bool {
    switch try reader.byte() {
    case 0: return false
    case 1: return true
    default: throw .malformed(.invalidBool, offset: reader.offset - 1)
    }
  }

  /// Whether an option has a content.
  mutating func tag() throws(CandidError) -> Bool {
    switch try reader.byte() {
    case 0: return false
    case 1: return true
    default: throw .malformed(.invalidTag, offset: reader.offset - 1)
    }
  }

  mutating func principal() throws(CandidError) -> Principal {
    let start = reader.offset
    guard try reader.byte() == 1 else { throw .malformed(.opaqueReference, offset: start) }
    let count = try reader.unsigned()
    guard let principal = Principal(try reader.take(count)) else {
      throw .malformed(.principalTooLong, offset: start)
    }
    return principal
  }

  mutating func function() throws(CandidError) -> CandidFunction {
    let start = reader.offset
    guard try reader.byte() == 1 else { throw .malformed(.opaqueReference, offset: start) }
    let canister = try principal()
    let method = try reader.text()
    try charge(reader.offset - start)
    return CandidFunction(canister: canister, method: method)
  }

  /// The case that a variant has, with the type of its value. The value comes next.
  mutating func chosenCase(of fields: [FieldType]) throws(CandidError) -> FieldType {
    let start = reader.offset
    let index = try reader.unsigned()
    guard index < UInt64(fields.count) else { throw .malformed(.caseOutOfRange, offset: start) }
    return fields[Int(index)]
  }

  /// Passes over values of a type, making sure that they are well-formed. What is still to be passed over is on a stack,
  /// which the work paid for it bounds.
  mutating func skip(_ type: TypeReference, count: Int = 1) throws(CandidError) {
    var pending = [(type: type, count: count)]
    while let (type, count) = pending.popLast() {
      if count == 0 { continue }
      guard let composite = wire[type] else {
        if case .primitive(let primitive) = type { try skip(primitive, count: count) }
        continue
      }
      if count > 1 { pending.append((type, count - 1)) }
      try chargeSkipping(1)
      switch composite {
      case .opt(let content): if try tag() { pending.append((content, 1)) }
      case .vec(let element):
        guard let count = Int(exactly: try reader.unsigned()) else { throw reader.malformed(.unexpectedEnd) }
        try chargeSkipping(count)
        pending.append((element, count))
      case .record(let fields):
        try chargeSkipping(fields.count)
        for field in fields.reversed() { pending.append((field.type, 1)) }
      case .variant(let fields): pending.append((try chosenCase(of: fields).type, 1))
      case .func: _ = try function()
      case .service: _ = try principal()
      case .future:
        let count = try reader.unsigned()
        _ = try reader.unsigned()
        try chargeSkipping(try reader.take(count).count)
      }
    }
  }

  private mutating func skip(_ type: PrimitiveType, count: Int) throws(CandidError) {
    try chargeSkipping(count)
    if type != .bool, let size = type.fixedSize {
      let (total, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow else { throw reader.malformed(.unexpectedEnd) }
      try chargeSkipping(try reader.take(UInt64(total)).count)
      return
    }
    for _ in 0..<count {
      let start = reader.offset
      _ = try primitive(type)
      try chargeSkipping(reader.offset - start)
    }
  }
}
