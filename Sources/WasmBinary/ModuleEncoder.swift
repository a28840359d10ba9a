// Encodes a decoded module again: integers in their shortest form, empty sections left out, custom sections where they
// stood; code, constant expressions and data are copied byte by byte from the module's bytes.
//
// Source: WebAssembly 3.0, section 5.5.

import WebAssembly

/// The binary format of `module`. Decoding the result gives a module that differs from `module` in its byte ranges only
/// (and in `CustomSection.precedingSection` where an empty section was left out).
///
/// - Parameter omitCode: Leaves out the code section. What remains is a skeleton: everything that linking and
///   instantiation need, for artifacts whose code is stored compiled. `decodeModule` reads it with `isSkeleton`.
/// - Complexity: linear in the size of the module.
public func encodeModule(_ module: Module, omitCode: Bool = false) -> [UInt8] {
  var writer = BinaryWriter()
  writer.moduleHeader()
  let customs = Dictionary(grouping: module.customSections, by: \.precedingSection)
  // In this order `custom` comes first: what precedes no other section.
  for id in SectionId.allCases.sorted(by: { $0.order < $1.order }) {
    if !(id == .code && omitCode) { writer.contents(of: id, in: module) }
    for custom in customs[id.rawValue] ?? [] { writer.custom(custom, of: module) }
  }
  return writer.bytes
}

extension BinaryWriter {
  /// The bytes of `module` in `range`, as they are.
  public mutating func copy(_ range: ByteRange, of module: Module) {
    append(module.bytes.buffer[range.start..<range.end])
  }

  fileprivate mutating func custom(_ custom: CustomSection, of module: Module) {
    customSection(custom.name) { $0.copy(custom.contents, of: module) }
  }

  /// The section `id` with the vector `elements`, if there are any.
  private mutating func vectorSection<Elements: Collection>(
    _ id: SectionId, _ elements: Elements, _ write: (inout BinaryWriter, Elements.Element) -> Void
  ) {
    if elements.isEmpty { return }
    section(id) { $0.vector(elements, write) }
  }

  fileprivate mutating func contents(of id: SectionId, in module: Module) {
    switch id {
    case .custom: break
    case .type:
      vectorSection(id, module.recursiveGroups) { writer, group in
        writer.recursiveType(module.types[Int(group.lowerBound)..<Int(group.upperBound)])
      }
    case .import:
      vectorSection(id, module.imports) { writer, item in
        writer.name(item.module)
        writer.name(item.name)
        writer.importDescription(item.description)
      }
    case .function: vectorSection(id, module.functions) { $0.u32($1) }
    case .table:
      vectorSection(id, module.tables) { writer, table in
        if table.initializer != nil { writer.append([0x40, 0x00]) }
        writer.tableType(table.type)
        if let initializer = table.initializer { writer.copy(initializer.range, of: module) }
      }
    case .memory: vectorSection(id, module.memories) { $0.memoryType($1) }
    case .tag: vectorSection(id, module.tags) { $0.tagType($1) }
    case .global:
      vectorSection(id, module.globals) { writer, global in
        writer.globalType(global.type)
        writer.copy(global.initializer.range, of: module)
      }
    case .export:
      vectorSection(id, module.exports) { writer, item in
        writer.name(item.name)
        writer.byte(item.kind.rawValue)
        writer.u32(item.index)
      }
    case .start:
      if let start = module.start { section(id) { $0.u32(start) } }
    case .element: vectorSection(id, module.elements) { $0.elementSegment($1, of: module) }
    case .dataCount:
      if let count = module.dataCount { section(id) { $0.u32(count) } }
    case .code:
      vectorSection(id, module.bodies) { writer, body in
        writer.u32(UInt32(body.range.count))
        writer.copy(body.range, of: module)
      }
    case .data: vectorSection(id, module.data) { $0.dataSegment($1, of: module) }
    }
  }

  /// An element segment in the shortest of its eight forms (the decoder describes their flags).
  private mutating func elementSegment(_ segment: ElementSegment, of module: Module) {
    let usesExpressions: Bool
    let shortType: ValueType
    switch segment.items {
    case .functions: (usesExpressions, shortType) = (false, .ref(.func, nullable: false))
    case .expressions: (usesExpressions, shortType) = (true, .funcref)
    }
    precondition(usesExpressions || segment.type == shortType, "function indices have the type (ref func)")
    var flags: UInt32 = usesExpressions ? 4 : 0
    switch segment.mode {
    case .passive: flags |= 1
    case .declarative: flags |= 3
    case .active(let index, _): if index != 0 || segment.type != shortType { flags |= 2 }
    }
    u32(flags)
    if case .active(let index, let offset) = segment.mode {
      if flags & 2 != 0 { u32(index) }
      copy(offset.range, of: module)
    }
    if flags & 3 != 0 {
      if usesExpressions { valueType(segment.type) } else { byte(0) }
    }
    switch segment.items {
    case .functions(let indices): vector(indices) { $0.u32($1) }
    case .expressions(let expressions): vector(expressions) { $0.copy($1.range, of: module) }
    }
  }

  private mutating func dataSegment(_ segment: DataSegment, of module: Module) {
    switch segment.mode {
    case .active(0, let offset):
      u32(0)
      copy(offset.range, of: module)
    case .active(let index, let offset):
      u32(2)
      u32(index)
      copy(offset.range, of: module)
    case .passive: u32(1)
    case .declarative: preconditionFailure("data segments are never declarative")
    }
    u32(UInt32(segment.bytes.count))
    copy(segment.bytes, of: module)
  }
}
