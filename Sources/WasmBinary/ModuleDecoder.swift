// Decodes a module's structure. One pass over the sections, each read through a reader that ends where the section ends;
// code, constant expressions and data stay in the input and are kept as byte ranges. Operators of constant expressions
// are decoded to find the end, those of function bodies are left to the validator. Memory is linear in the input: a count
// never reserves more than the bytes that remain could hold.
//
// Types are in ModuleDecoder+Types.swift, segments and constant expressions in ModuleDecoder+Segments.swift.
//
// Source: WebAssembly 3.0, section 5.5.

import WebAssembly

/// Decodes a module in the binary format.
///
/// - Parameter isSkeleton: Whether the code section may be missing although functions are declared, as `encodeModule` leaves
///   it out on demand. `Module.bodies` is empty then.
/// - Throws: `ModuleError` of the kind `malformed`, or `limit` beyond `ImplementationLimits`, with the byte offset. The module
///   is not validated.
/// - Complexity: linear in the size of the input, in time and in memory.
public func decodeModule(_ bytes: ModuleBytes, isSkeleton: Bool = false) throws(ModuleError) -> Module {
  var decoder = ModuleDecoder(bytes, isSkeleton: isSkeleton)
  try decoder.decode()
  return decoder.module
}

struct ModuleDecoder {
  var module: Module
  let isSkeleton: Bool
  /// Imported things by the raw value of their kind.
  private var importCounts = [0, 0, 0, 0, 0]

  init(_ bytes: ModuleBytes, isSkeleton: Bool) {
    module = Module(bytes: bytes)
    self.isSkeleton = isSkeleton
  }

  mutating func decode() throws(ModuleError) {
    // The readers' pointers stay valid: `module` holds the bytes until after the last use.
    var reader = ByteReader(module.bytes.buffer, range: ByteRange(start: 0, end: module.bytes.count))
    try header(&reader)
    var last: SectionId?
    while !reader.isAtEnd {
      let start = reader.offset
      let code = try reader.byte()
      guard let id = SectionId(rawValue: code) else {
        throw reader.error(.malformedSectionId, at: start, detail: "\(code)")
      }
      if id != .custom {
        if let last, id.order <= last.order {
          let place = id == last ? "repeated \(id.name) section" : "\(id.name) section after \(last.name) section"
          throw reader.error(.unexpectedContentAfterLastSection, at: start, detail: place)
        }
      }
      do throws(ModuleError) {
        let size = try reader.u32()
        var contents = try reader.slice(Int(size))
        try section(id, &contents, after: last)
        if !contents.isAtEnd {
          let detail = "\(contents.remaining) bytes are left over"
          throw reader.error(.sectionSizeMismatch, at: contents.offset, detail: detail)
        }
      } catch { throw error.located(in: id) }
      if id != .custom { last = id }
    }
    try checkLengths(at: reader.offset)
  }

  private func header(_ reader: inout ByteReader) throws(ModuleError) {
    if try reader.fixed32() != 0x6D73_6100 { throw reader.error(.magicNotDetected, at: 0) }
    let version = try reader.fixed32()
    if version != 1 { throw reader.error(.unknownVersion, at: 4, detail: "\(version)") }
  }

  private mutating func section(
    _ id: SectionId, _ reader: inout ByteReader, after last: SectionId?
  ) throws(ModuleError) {
    switch id {
    case .custom: try customSection(&reader, after: last)
    case .type: try typeSection(&reader)
    case .import: try importSection(&reader)
    case .function: try functionSection(&reader)
    case .table: try tableSection(&reader)
    case .memory: try memorySection(&reader)
    case .tag: try tagSection(&reader)
    case .global: try globalSection(&reader)
    case .export: try exportSection(&reader)
    case .start: module.start = try reader.u32()
    case .element: try elementSection(&reader)
    case .dataCount: module.dataCount = try reader.u32()
    case .code: try codeSection(&reader)
    case .data: try dataSection(&reader)
    }
  }

  /// The lengths that two sections must agree on, where one of the two is missing.
  private func checkLengths(at offset: Int) throws(ModuleError) {
    if module.codeSection == nil && !module.functions.isEmpty && !isSkeleton {
      let detail = "\(module.functions.count) functions, no bodies"
      throw ModuleError(.malformed, .functionCodeMismatch, offset: offset, detail: detail)
    }
    if let count = module.dataCount, module.data.isEmpty, count != 0 {
      throw ModuleError(.malformed, .dataCountMismatch, offset: offset, detail: "\(count) announced, no data segments")
    }
  }

  /// The number of elements of a section's vector, checked against `limit`; `imported` more count too.
  func sectionCount(
    _ reader: inout ByteReader, _ things: String, limit: Int, imported: ExternalKind? = nil
  ) throws(ModuleError) -> Int {
    let start = reader.offset
    let count = Int(try reader.vectorCount())
    let total = count + (imported.map { importCounts[Int($0.rawValue)] } ?? 0)
    try ImplementationLimits.check(total, limit, things, at: start)
    return count
  }

  // MARK: Sections

  private mutating func customSection(_ reader: inout ByteReader, after last: SectionId?) throws(ModuleError) {
    let start = reader.offset
    let count = module.customSections.count + 1
    try ImplementationLimits.check(count, ImplementationLimits.customSections, "custom sections", at: start)
    let name = try reader.name()
    let contents = try reader.skip(reader.remaining)
    module.customSections.append(
      CustomSection(name: name, contents: contents, precedingSection: last?.rawValue ?? 0))
  }

  private mutating func importSection(_ reader: inout ByteReader) throws(ModuleError) {
    let start = reader.offset
    let count = try sectionCount(&reader, "imports", limit: ImplementationLimits.imports)
    module.imports.reserveCapacity(min(count, reader.remaining / 4))
    for _ in 0..<count {
      let item = Import(
        module: try reader.name(), name: try reader.name(), description: try importDescription(&reader))
      importCounts[Int(item.description.kind.rawValue)] += 1
      module.imports.append(item)
    }
    try ImplementationLimits.check(importCounts[1], ImplementationLimits.tables, "tables", at: start)
    try ImplementationLimits.check(importCounts[2], ImplementationLimits.memories, "memories", at: start)
  }

  private func importDescription(_ reader: inout ByteReader) throws(ModuleError) -> ImportDescription {
    let start = reader.offset
    let code = try reader.byte()
    switch ExternalKind(rawValue: code) {
    case .function: return .function(typeIndex: try reader.u32())
    case .table: return .table(try reader.tableType())
    case .memory: return .memory(MemoryType(limits: try reader.limits()))
    case .global: return .global(try reader.globalType())
    case .tag: return .tag(typeIndex: try reader.tagType())
    case nil: throw reader.error(.malformedImportKind, at: start, detail: "\(code)")
    }
  }

  private mutating func functionSection(_ reader: inout ByteReader) throws(ModuleError) {
    let count = try sectionCount(
      &reader, "functions", limit: ImplementationLimits.functions, imported: .function)
    module.functions.reserveCapacity(count)
    for _ in 0..<count { module.functions.append(try reader.u32()) }
  }

  private mutating func tableSection(_ reader: inout ByteReader) throws(ModuleError) {
    let count = try sectionCount(&reader, "tables", limit: ImplementationLimits.tables, imported: .table)
    module.tables.reserveCapacity(min(count, reader.remaining / 3))
    for _ in 0..<count {
      if !reader.isAtEnd && reader.position.load(as: UInt8.self) == 0x40 {
        _ = try reader.byte()
        if try reader.byte() != 0 { throw reader.error(.zeroByteExpected, at: reader.offset - 1) }
        let type = try reader.tableType()
        module.tables.append(Table(type: type, initializer: try reader.constantExpression()))
      } else {
        module.tables.append(Table(type: try reader.tableType()))
      }
    }
  }

  private mutating func memorySection(_ reader: inout ByteReader) throws(ModuleError) {
    let count = try sectionCount(&reader, "memories", limit: ImplementationLimits.memories, imported: .memory)
    for _ in 0..<count { module.memories.append(MemoryType(limits: try reader.limits())) }
  }

  private mutating func tagSection(_ reader: inout ByteReader) throws(ModuleError) {
    module.hasTagSection = true
    let count = try sectionCount(&reader, "tags", limit: ImplementationLimits.tags, imported: .tag)
    module.tags.reserveCapacity(min(count, reader.remaining / 2))
    for _ in 0..<count { module.tags.append(try reader.tagType()) }
  }

  private mutating func globalSection(_ reader: inout ByteReader) throws(ModuleError) {
    let count = try sectionCount(&reader, "globals", limit: ImplementationLimits.globals, imported: .global)
    module.globals.reserveCapacity(min(count, reader.remaining / 3))
    for _ in 0..<count {
      let type = try reader.globalType()
      module.globals.append(Global(type: type, initializer: try reader.constantExpression()))
    }
  }

  private mutating func exportSection(_ reader: inout ByteReader) throws(ModuleError) {
    let count = try sectionCount(&reader, "exports", limit: ImplementationLimits.exports)
    module.exports.reserveCapacity(min(count, reader.remaining / 3))
    for _ in 0..<count {
      let name = try reader.name()
      let start = reader.offset
      let code = try reader.byte()
      guard let kind = ExternalKind(rawValue: code) else {
        throw reader.error(.malformedExportKind, at: start, detail: "\(code)")
      }
      module.exports.append(Export(name: name, kind: kind, index: try reader.u32()))
    }
  }

  private mutating func codeSection(_ reader: inout ByteReader) throws(ModuleError) {
    let start = reader.offset
    module.codeSection = ByteRange(start: start, end: start + reader.remaining)
    let count = Int(try reader.u32())
    if count != module.functions.count {
      let detail = "\(module.functions.count) functions, \(count) bodies"
      throw reader.error(.functionCodeMismatch, at: start, detail: detail)
    }
    // Bounded: the function section had a byte for each.
    module.bodies.reserveCapacity(count)
    for _ in 0..<count {
      let size = try reader.u32()
      module.bodies.append(FunctionBody(range: try reader.skip(Int(size))))
    }
  }
}
