// The index spaces of a generated module, to which its bodies refer, and its binary form.

import WebAssembly

struct FunctionImport {
  var module: String
  var name: String
}

struct ModuleLayout {
  /// The types of values in locals, parameters and results.
  var types: [ValueType]
  /// Functions: the imported ones, then the module's own. The type with the same index is the function's.
  var functions: [FunctionType] = []
  var imports: [FunctionImport] = []
  var blockTypes: [FunctionType] = []
  /// Whether each of the two memories has 64-bit addresses.
  var wideMemories: [Bool]
  var tables: [TableType]
  /// Functions that table 0 has from the start, by index.
  var elements: [Int: Int] = [:]
  /// Memories, tables and globals are imported from the module `a`.
  var isBorrowing = false

  /// Globals: a mutable one of each type, then an immutable i32.
  var globals: [ValueType] { types + [.i32] }

  /// A power of two: the size of all tables.
  static let tableSize = 8
  static let dataSize = 40
  /// Segments of functions: an active one, then passive ones of functions and of expressions.
  static let elementCount = 4

  init(_ shape: ProgramShape, _ random: inout Random) {
    types = [.i32, .i64, .f32, .f64]
    if shape.hasVectors { types.append(.v128) }
    if shape.hasReferences { types += [.funcref, .externref] }
    wideMemories = [
      shape.hasWideMemory ?? random.chance(1, in: 4), shape.hasReferences && random.chance(1, in: 6),
    ]
    func table(_ element: ValueType, isWide: Bool) -> TableType {
      let size = UInt64(ModuleLayout.tableSize)
      return TableType(
        element: element, limits: Limits(address: isWide ? .i64 : .i32, minimum: size, maximum: 2 * size))
    }
    tables = [table(.funcref, isWide: false)]
    if shape.hasReferences {
      tables.append(table(.externref, isWide: random.chance(1, in: 2)))
      tables.append(table(.funcref, isWide: random.chance(1, in: 2)))
    }
  }

  init(importing provider: GeneratedModule) {
    let other = provider.layout
    types = other.types
    wideMemories = other.wideMemories
    tables = other.tables
    isBorrowing = true
    functions = provider.functions
    imports = provider.functions.indices.map { FunctionImport(module: "a", name: "f\($0)") }
  }

  /// Chooses the functions of table 0: all of it, or of a borrowed table the second half.
  mutating func chooseElements(_ random: inout Random) {
    let first = isBorrowing ? ModuleLayout.tableSize / 2 : 0
    for index in first..<ModuleLayout.tableSize { elements[index] = random.below(functions.count) }
  }

  func addressType(memory: Int) -> ValueType { wideMemories[memory] ? .i64 : .i32 }
  func indexType(table: Int) -> ValueType { tables[table].limits.address == .i64 ? .i64 : .i32 }

  // MARK: The binary form

  func encode(_ bodies: [[UInt8]]) -> [UInt8] {
    let owned = imports.count..<functions.count
    var bytes: [UInt8] = [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0]
    bytes += section(1, (functions + blockTypes).map(encode))
    bytes += section(2, importItems)
    bytes += section(3, owned.map { leb($0) })
    if !isBorrowing {
      bytes += section(4, tables.map(encode))
      bytes += section(5, [encode(memory: 0, maximum: 3), encode(memory: 1, maximum: 2)])
      bytes += section(6, globals.indices.map(encode(global:)))
    }
    bytes += section(7, exportItems)
    bytes += section(9, elementItems)
    bytes += [12, 1, 2]
    bytes += section(10, bodies.map { leb($0.count) + $0 })
    let data = (0..<ModuleLayout.dataSize).map { UInt8($0 * 7 & 0xFF) }
    let offset: [UInt8] = wideMemories[0] ? [0x42] : [0x41]
    // A passive segment and an active one.
    bytes += section(11, [[0x01] + leb(data.count) + data, [0x00] + offset + [16, 0x0B] + leb(data.count) + data])
    return bytes
  }

  private func section(_ id: UInt8, _ items: [[UInt8]]) -> [UInt8] {
    let contents = leb(items.count) + items.joined()
    return [id] + leb(contents.count) + contents
  }

  private func encode(_ type: FunctionType) -> [UInt8] {
    [0x60] + leb(type.parameters.count) + type.parameters.map(\.code) + leb(type.results.count)
      + type.results.map(\.code)
  }

  private func encode(_ table: TableType) -> [UInt8] {
    [table.element.code, table.limits.address == .i64 ? 5 : 1] + leb(Int(table.limits.minimum))
      + leb(Int(table.limits.maximum ?? 0))
  }

  private func encode(memory: Int, maximum: Int) -> [UInt8] { [wideMemories[memory] ? 5 : 1, 1] + leb(maximum) }

  private func encode(global index: Int) -> [UInt8] {
    let initializer: [UInt8] =
      switch globals[index] {
      case .i32: [0x41, index < types.count ? 7 : 5]
      case .i64: [0x42, 9]
      case .f32: [0x43, 0, 0, 0x80, 0x3F]
      case .f64: [0x44, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F]
      case .v128: [0xFD, 12] + (0..<16).map { UInt8($0 * 17) }
      case .funcref: [0xD2] + leb(imports.count)
      default: [0xD0, 0x6F]
      }
    return [globals[index].code, index < types.count ? 1 : 0] + initializer + [0x0B]
  }

  private func name(_ text: String) -> [UInt8] { leb(text.utf8.count) + Array(text.utf8) }

  private var importItems: [[UInt8]] {
    var items = imports.indices.map { name(imports[$0].module) + name(imports[$0].name) + [0] + leb($0) }
    guard isBorrowing else { return items }
    items += tables.indices.map { name("a") + name("t\($0)") + [1] + encode(tables[$0]) }
    items += [0, 1].map { name("a") + name("m\($0)") + [2] + encode(memory: $0, maximum: 3 - $0) }
    items += globals.indices.map { name("a") + name("g\($0)") + [3, globals[$0].code, $0 < types.count ? 1 : 0] }
    return items
  }

  private var exportItems: [[UInt8]] {
    var items = (imports.count..<functions.count).map { name("f\($0 - imports.count)") + [0] + leb($0) }
    items += tables.indices.map { name("t\($0)") + [1] + leb($0) }
    items += [0, 1].map { name("m\($0)") + [2] + leb($0) }
    items += globals.indices.map { name("g\($0)") + [3] + leb($0) }
    return items
  }

  private var elementItems: [[UInt8]] {
    let indices = elements.keys.sorted()
    let active = [0x00, 0x41, UInt8(indices[0]), 0x0B] + leb(indices.count) + indices.flatMap { leb(elements[$0]!) }
    let some = (0..<ModuleLayout.elementCount).map { $0 % functions.count }
    let passive = [0x01, 0x00] + leb(some.count) + some.flatMap { leb($0) }
    // Every other one is null.
    let expressions: [[UInt8]] = some.map { $0 % 2 == 0 ? [0xD2] + leb($0) + [0x0B] : [0xD0, 0x70, 0x0B] }
    return [active, passive, [0x05, 0x70] + leb(some.count) + expressions.joined()]
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
  /// The binary code of a type that generated modules use.
  var code: UInt8 {
    switch self {
    case .i32: 0x7F
    case .i64: 0x7E
    case .f32: 0x7D
    case .f64: 0x7C
    case .v128: 0x7B
    case .funcref: 0x70
    default: 0x6F
    }
  }
}
