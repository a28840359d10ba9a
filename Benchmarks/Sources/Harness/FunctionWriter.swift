// Writes the bytes of one large function, and the module around it.

/// The operators that the shapes of `FunctionShape` need, by their byte in the binary format.
enum Operator: UInt8 {
  case block = 0x02
  case loop = 0x03
  case `if` = 0x04
  case `else` = 0x05
  case end = 0x0B
  case br = 0x0C
  case brIf = 0x0D
  case brTable = 0x0E
  case call = 0x10
  case callIndirect = 0x11
  case drop = 0x1A
  case select = 0x1B
  case localGet = 0x20
  case localSet = 0x21
  case localTee = 0x22
  case i32Load = 0x28
  case i32Store = 0x36
  case i32Const = 0x41
  case i64Const = 0x42
  case i32Eqz = 0x45
  case i32LtS = 0x48
  case i32Add = 0x6A
  case i32Mul = 0x6C
  case i32Or = 0x72
  case i32Xor = 0x73
  case i32Rotl = 0x77
  case i64Add = 0x7C
  case i32Wrap = 0xA7
  case i64ExtendU = 0xAD
  case vector = 0xFD
}

/// A function body that grows, and numbers that look random but are the same in every run.
struct FunctionWriter {
  /// The function's type is (i32) → i64; these are the types that its blocks and calls may name.
  enum TypeIndex {
    static let run = 0
    /// (i32, i32) → i32, of the function `callee` and of those in the table.
    static let callee = 1
    /// As many i32 values as `FunctionWriter.blockValues`, on both sides.
    static let values = 2
  }

  static let blockValues = 16
  /// The function that is called.
  static let callee = 1

  private(set) var bytes: [UInt8] = []
  private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

  var count: Int { bytes.count }

  /// From 0 up to `limit`, which it never reaches.
  mutating func random(_ limit: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(state >> 33) % limit
  }

  mutating func put(_ op: Operator) { bytes.append(op.rawValue) }

  /// An operator with indices after it.
  mutating func put(_ op: Operator, _ indices: Int...) {
    bytes.append(op.rawValue)
    for index in indices { unsigned(index) }
  }

  /// A block, loop or if without parameters and results.
  mutating func open(_ op: Operator) {
    bytes.append(op.rawValue)
    bytes.append(0x40)
  }

  mutating func constant(_ value: Int32) {
    bytes.append(Operator.i32Const.rawValue)
    signed(Int64(value))
  }

  mutating func wideConstant(_ value: Int64) {
    bytes.append(Operator.i64Const.rawValue)
    signed(value)
  }

  mutating func unsigned(_ value: Int) { FunctionWriter.unsigned(value, to: &bytes) }

  private mutating func signed(_ value: Int64) {
    var value = value
    while value < -64 || value > 63 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: value) & 0x7F)
  }

  private static func unsigned(_ value: Int, to bytes: inout [UInt8]) {
    var value = value
    while value > 127 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }

  /// The module with this body, whose function `run` has so many locals of a type beside its parameter.
  func module(locals: Int, type: UInt8) -> [UInt8] {
    func vector(_ items: [[UInt8]]) -> [UInt8] { sized(items.count) + items.flatMap { $0 } }
    func sized(_ value: Int) -> [UInt8] {
      var bytes: [UInt8] = []
      FunctionWriter.unsigned(value, to: &bytes)
      return bytes
    }
    let i32: UInt8 = 0x7F
    let i64: UInt8 = 0x7E
    let values = sized(FunctionWriter.blockValues) + Array(repeating: i32, count: FunctionWriter.blockValues)
    var module: [UInt8] = [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0]
    func section(_ id: UInt8, _ contents: [UInt8]) { module += [id] + sized(contents.count) + contents }
    section(1, vector([[0x60, 1, i32, 1, i64], [0x60, 2, i32, i32, 1, i32], [0x60] + values + values]))
    section(3, vector([sized(TypeIndex.run), sized(TypeIndex.callee)]))
    section(4, vector([[0x70, 0, 1]]))
    section(5, vector([[0, 1]]))
    section(7, vector([[3] + Array("run".utf8) + [0, 0]]))
    let start: [UInt8] = [Operator.i32Const.rawValue, 0, Operator.end.rawValue]
    section(9, vector([[0] + start + vector([sized(FunctionWriter.callee)])]))
    let calleeBody: [UInt8] = [
      0, Operator.localGet.rawValue, 0, Operator.localGet.rawValue, 1, Operator.i32Add.rawValue,
    ]
    let bodies = [vector([sized(locals) + [type]]) + bytes, calleeBody].map { $0 + [Operator.end.rawValue] }
    section(10, vector(bodies.map { sized($0.count) + $0 }))
    return module
  }
}
