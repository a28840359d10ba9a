// Random modules that are valid, do a lot before they trap, and exercise control flow, locals, memory and calls: input
// for comparing two executions of the same program. The same seed gives the same bytes everywhere.
//
// Each function is exported as `f0`, `f1`, …; memories, the table and mutable globals exist so that executions leave
// traces. Nothing is imported. Loops and recursion need not end: whoever executes sets a limit.

import WebAssembly

/// What generated modules may contain.
public struct ProgramShape: Sendable {
  /// About how many operators a function has.
  public var functionSize = 120
  public var functions = 4
  /// Whether the first memory has 64-bit addresses; `nil` leaves it to chance.
  public var hasWideMemory: Bool?
  public init() {}
}

/// A generated module, in binary form.
public struct GeneratedModule: Sendable {
  public var bytes: [UInt8]
  /// The functions' types, in the order of their indices.
  public var functions: [FunctionType]

  public init(seed: UInt64, shape: ProgramShape = ProgramShape()) {
    var random = Random(seed: seed)
    let types: [ValueType] = [.i32, .i64, .f32, .f64]
    var layout = ModuleLayout()
    layout.isWide = shape.hasWideMemory ?? random.chance(1, in: 4)
    for _ in 0..<max(shape.functions, 1) {
      let parameters = (0..<random.below(4)).map { _ in random.pick(types) }
      let results = (0..<(random.chance(3, in: 4) ? 1 : random.below(4))).map { _ in random.pick(types) }
      layout.functions.append(FunctionType(parameters: parameters, results: results))
    }
    // Block types with parameters and several results.
    for _ in 0..<4 {
      let parameters = (0..<random.below(3)).map { _ in random.pick(types) }
      let results = (0..<random.below(4)).map { _ in random.pick(types) }
      layout.blockTypes.append(FunctionType(parameters: parameters, results: results))
    }
    var bodies: [[UInt8]] = []
    for index in layout.functions.indices {
      var generator = BodyGenerator(layout, function: index, size: shape.functionSize, random: random)
      bodies.append(generator.body())
      random = generator.random
    }
    functions = layout.functions
    bytes = layout.encode(bodies)
  }
}

/// The index spaces that bodies refer to.
struct ModuleLayout {
  var functions: [FunctionType] = []
  var blockTypes: [FunctionType] = []
  /// Whether memory 0 has 64-bit addresses. Memory 1 has 32-bit ones.
  var isWide = false
  /// Globals: a mutable one of each type, then an immutable i32.
  let globals: [ValueType] = [.i32, .i64, .f32, .f64, .i32]
  let tableSize = 8
  let dataSize = 40
  let elementCount = 4

  var addressType: ValueType { isWide ? .i64 : .i32 }

  func encode(_ bodies: [[UInt8]]) -> [UInt8] {
    func section(_ id: UInt8, _ items: [[UInt8]]) -> [UInt8] {
      let contents = leb(items.count) + items.joined()
      return [id] + leb(contents.count) + contents
    }
    let types = (functions + blockTypes).map { type in
      [0x60] + leb(type.parameters.count) + type.parameters.map(\.code) + leb(type.results.count)
        + type.results.map(\.code)
    }
    let constants: [[UInt8]] = [
      [0x41, 7], [0x42, 9], [0x43, 0, 0, 0x80, 0x3F], [0x44, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F], [0x41, 5],
    ]
    let globalItems = globals.indices.map { [globals[$0].code, $0 < 4 ? 1 : 0] + constants[$0] + [0x0B] }
    let exports = functions.indices.map { index in
      let name = Array("f\(index)".utf8)
      return leb(name.count) + name + [0] + leb(index)
    }
    let elements = leb(elementCount) + (0..<elementCount).flatMap { leb($0 % functions.count) }
    var bytes: [UInt8] = [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0]
    bytes += section(1, types)
    bytes += section(3, functions.indices.map { leb($0) })
    bytes += section(4, [[0x70, 1, UInt8(tableSize), UInt8(2 * tableSize)]])
    bytes += section(5, [[isWide ? 5 : 1, 1, 3], [1, 1, 2]])
    bytes += section(6, globalItems)
    bytes += section(7, exports)
    // An active segment and a passive one.
    bytes += section(9, [[0x00, 0x41, 0, 0x0B] + elements, [0x01, 0x00] + elements])
    bytes += section(12, []).prefix(1) + [1, 1]
    bytes += section(10, bodies.map { leb($0.count) + $0 })
    bytes += section(11, [[0x01] + leb(dataSize) + (0..<dataSize).map { UInt8($0 * 7 & 0xFF) }])
    return bytes
  }
}

/// An unsigned LEB128 integer.
func leb(_ value: Int) -> [UInt8] {
  var value = value
  var bytes: [UInt8] = []
  repeat {
    let low = UInt8(value & 0x7F)
    value >>= 7
    bytes.append(value == 0 ? low : low | 0x80)
  } while value != 0
  return bytes
}

/// A signed LEB128 integer.
func signedLeb(_ value: Int64) -> [UInt8] {
  var value = value
  var bytes: [UInt8] = []
  while true {
    let low = UInt8(truncatingIfNeeded: value) & 0x7F
    value >>= 7
    if value == 0 && low & 0x40 == 0 || value == -1 && low & 0x40 != 0 { return bytes + [low] }
    bytes.append(low | 0x80)
  }
}

extension ValueType {
  /// The binary code of a number type.
  var code: UInt8 {
    switch self {
    case .i32: 0x7F
    case .i64: 0x7E
    case .f32: 0x7D
    default: 0x7C
    }
  }
}
