// The parts of a module that errors name, and where they are in its bytes. The decoded module does not keep the places
// of types, imports and the like, because only errors ask for them: the sections are walked through again instead.
//
// Source: WebAssembly 3.0, section 5.5.

import WasmBinary
import WebAssembly

/// A part of a module outside the function bodies. Indices count the entries of the section, not of the index space.
enum ModuleItem: Hashable, Sendable {
  case type(Int), `import`(Int), function(Int), table(Int), memory(Int), tag(Int), global(Int), export(Int)
  case start
  case element(Int)
  case dataCount
  case data(Int)

  var section: SectionId { place.section }

  fileprivate var place: (section: SectionId, index: Int) {
    switch self {
    case .type(let index): (.type, index)
    case .import(let index): (.import, index)
    case .function(let index): (.function, index)
    case .table(let index): (.table, index)
    case .memory(let index): (.memory, index)
    case .tag(let index): (.tag, index)
    case .global(let index): (.global, index)
    case .export(let index): (.export, index)
    case .start: (.start, 0)
    case .element(let index): (.element, index)
    case .dataCount: (.dataCount, 0)
    case .data(let index): (.data, index)
    }
  }
}

extension ModuleItem: CustomStringConvertible {
  var description: String {
    let (section, index) = place
    switch self {
    case .start, .dataCount: return section.name
    case .element, .data: return "\(section.name) segment \(index)"
    default: return "\(section.name) \(index)"
    }
  }
}

extension Module {
  /// Byte offset of `item` in the module's bytes; 0 if they do not hold it. Linear in the size of its section.
  func offset(of item: ModuleItem) -> Int {
    do throws(ModuleError) {
      return try itemOffset(item)
    } catch {
      return 0
    }
  }

  private func itemOffset(_ item: ModuleItem) throws(ModuleError) -> Int {
    let (section, index) = item.place
    var reader = ByteReader(bytes.buffer, range: ByteRange(start: 0, end: bytes.count))
    _ = try reader.skip(8)
    while true {
      let id = try reader.byte()
      let size = Int(try reader.u32())
      let contents = try reader.skip(size)
      guard id == section.rawValue else { continue }
      var reader = ByteReader(bytes.buffer, range: contents)
      if section == .start || section == .dataCount { return reader.offset }
      _ = try reader.u32()
      if section == .type { return try typeOffset(index, &reader) }
      for number in 0..<index { try skipItem(section, number, &reader) }
      return reader.offset
    }
  }

  /// Types are counted through recursive groups.
  private func typeOffset(_ index: Int, _ reader: inout ByteReader) throws(ModuleError) -> Int {
    var left = index
    while true {
      var count: UInt32 = 1
      if reader.isAt(0x4E) {
        _ = try reader.byte()
        count = try reader.u32()
      }
      for _ in 0..<count {
        if left == 0 { return reader.offset }
        left -= 1
        try reader.skipSubType()
      }
    }
  }

  private func skipItem(_ section: SectionId, _ index: Int, _ reader: inout ByteReader) throws(ModuleError) {
    switch section {
    case .import:
      try reader.skipName()
      try reader.skipName()
      switch try reader.byte() {
      case 0: _ = try reader.u32()
      case 1: try reader.skipTableType()
      case 2: try reader.skipLimits()
      case 3: try reader.skipGlobalType()
      default:
        _ = try reader.byte()
        _ = try reader.u32()
      }
    case .function: _ = try reader.u32()
    case .table:
      // The end of an initial value is known; the bytes before it need not be read.
      if let initializer = tables[index].initializer {
        _ = try reader.skip(initializer.range.end - reader.offset)
      } else {
        try reader.skipTableType()
      }
    case .memory: try reader.skipLimits()
    case .tag:
      _ = try reader.byte()
      _ = try reader.u32()
    case .global: _ = try reader.skip(globals[index].initializer.range.end - reader.offset)
    case .export:
      try reader.skipName()
      _ = try reader.byte()
      _ = try reader.u32()
    case .element: try skipElement(elements[index], &reader)
    case .data: _ = try reader.skip(data[index].bytes.end - reader.offset)
    case .custom, .type, .start, .code, .dataCount: break
    }
  }

  private func skipElement(_ segment: ElementSegment, _ reader: inout ByteReader) throws(ModuleError) {
    let flags = try reader.u32()
    if case .active(_, let offset) = segment.mode { _ = try reader.skip(offset.range.end - reader.offset) }
    // Every form but 0 and 4 names the kind or the type of its elements.
    if flags & 3 != 0 {
      if flags & 4 != 0 { _ = try reader.referenceType() } else { _ = try reader.byte() }
    }
    _ = try reader.u32()
    switch segment.items {
    case .functions(let list): for _ in list { _ = try reader.u32() }
    case .expressions(let list):
      if let last = list.last { _ = try reader.skip(last.range.end - reader.offset) }
    }
  }
}

extension ByteReader {
  fileprivate func isAt(_ byte: UInt8) -> Bool { !isAtEnd && position.load(as: UInt8.self) == byte }

  fileprivate mutating func skipName() throws(ModuleError) { _ = try skip(Int(try u32())) }

  fileprivate mutating func skipLimits() throws(ModuleError) {
    let flags = try byte()
    _ = try u64()
    if flags & 1 != 0 { _ = try u64() }
  }

  fileprivate mutating func skipTableType() throws(ModuleError) {
    _ = try referenceType()
    try skipLimits()
  }

  fileprivate mutating func skipGlobalType() throws(ModuleError) {
    _ = try valueType()
    _ = try byte()
  }

  fileprivate mutating func skipSubType() throws(ModuleError) {
    var code = try byte()
    if code == 0x50 || code == 0x4F {
      for _ in 0..<(try u32()) { _ = try u32() }
      code = try byte()
    }
    switch code {
    case 0x60:
      for _ in 0..<(try u32()) { _ = try valueType() }
      for _ in 0..<(try u32()) { _ = try valueType() }
    case 0x5F: for _ in 0..<(try u32()) { try skipFieldType() }
    default: try skipFieldType()
    }
  }

  private mutating func skipFieldType() throws(ModuleError) {
    if isAt(0x78) || isAt(0x77) { _ = try byte() } else { _ = try valueType() }
    _ = try byte()
  }
}
