// The sections of a module one by one: what they decode to, and each rule that they can break. Expected values follow from
// the binary grammar of WebAssembly 3.0, section 5.5.

import Testing
import WasmBinary
import WebAssembly

private let i32Const0: [UInt8] = [0x41, 0, 0x0B]

/// A module that breaks one rule.
private struct Refused: CustomTestStringConvertible, Sendable {
  var name: String
  var sections: [UInt8]
  var reason: ModuleErrorReason
  /// Byte offset in the module, the header's eight bytes included.
  var offset: Int
  var section: SectionId?
  init(_ name: String, _ sections: [UInt8], _ reason: ModuleErrorReason, at offset: Int, _ section: SectionId? = nil) {
    self.name = name
    self.sections = sections
    self.reason = reason
    self.offset = offset
    self.section = section
  }
  var testDescription: String { name }
}

private let refused: [Refused] = [
  Refused("section id 14", [14, 0], .malformedSectionId, at: 8),
  Refused("no section size", [1], .unexpectedEndOfSection, at: 9, .type),
  Refused("section longer than the module", [1, 2, 0], .lengthOutOfBounds, at: 10, .type),
  Refused("bytes left in a section", [1, 2, 0, 0], .sectionSizeMismatch, at: 11, .type),
  Refused("a repeated section", [5, 1, 0, 5, 1, 0], .unexpectedContentAfterLastSection, at: 11),
  Refused("tag section before memory", [13, 1, 0, 5, 1, 0], .unexpectedContentAfterLastSection, at: 11),
  Refused("tag section after global", [6, 1, 0, 13, 1, 0], .unexpectedContentAfterLastSection, at: 11),
  Refused("data count after code", [10, 1, 0, 12, 1, 0], .unexpectedContentAfterLastSection, at: 11),
  Refused(
    "a custom section hides no disorder", [2, 1, 0, 0, 1, 0, 1, 1, 0], .unexpectedContentAfterLastSection, at: 14),
  Refused("custom section without a name", [0, 0], .unexpectedEndOfSection, at: 10, .custom),
  Refused("custom section's name beyond it", [0, 1, 1, 0x61], .lengthOutOfBounds, at: 10, .custom),
  Refused("custom section's name not UTF-8", [0, 2, 1, 0xFF], .malformedUTF8, at: 11, .custom),

  Refused("more types than bytes", [1, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], .unexpectedEndOfSection, at: 15, .type),
  Refused("composite type", [1, 4, 1, 0x61, 0, 0], .malformedCompositeType, at: 11, .type),
  Refused("parameter type", [1, 5, 1, 0x60, 1, 0x40, 0], .malformedValueType, at: 13, .type),
  Refused("storage type", [1, 4, 1, 0x5E, 0x76, 0], .malformedValueType, at: 12, .type),
  Refused("field mutability", [1, 4, 1, 0x5E, 0x78, 2], .malformedMutability, at: 13, .type),
  Refused("heap type", [1, 5, 1, 0x5E, 0x63, 0x75, 0], .malformedHeapType, at: 13, .type),
  Refused("group of a group", [1, 6, 1, 0x4E, 1, 0x4E, 0, 0], .malformedCompositeType, at: 13, .type),

  Refused("import kind", [2, 5, 1, 0, 0, 5, 0], .malformedImportKind, at: 13, .import),
  Refused("import module name", [2, 6, 1, 1, 0x80, 0, 0, 0], .malformedUTF8, at: 12, .import),
  Refused("imported tag's attribute", [2, 6, 1, 0, 0, 4, 1, 0], .malformedTagAttribute, at: 14, .import),
  Refused("imported global's mutability", [2, 6, 1, 0, 0, 3, 0x7F, 2], .malformedMutability, at: 15, .import),

  Refused("table of numbers", [4, 4, 1, 0x7F, 0, 0], .malformedReferenceType, at: 11, .table),
  Refused(
    "table initializer without its zero", [4, 8, 1, 0x40, 1, 0x70, 0, 0, 0xD0, 0x70], .zeroByteExpected, at: 12,
    .table),
  Refused(
    "table initializer without end", [4, 8, 1, 0x40, 0, 0x70, 0, 0, 0xD0, 0x70], .unexpectedEndOfSection, at: 18,
    .table),
  Refused("limits flags 2", [5, 3, 1, 2, 0], .malformedLimitsFlags, at: 11, .memory),
  Refused("limits flags 8", [5, 3, 1, 8, 0], .malformedLimitsFlags, at: 11, .memory),
  Refused("limits without the maximum", [5, 3, 1, 1, 0], .unexpectedEndOfSection, at: 13, .memory),
  Refused("tag attribute", [13, 3, 1, 1, 0], .malformedTagAttribute, at: 11, .tag),
  Refused("global mutability", [6, 6, 1, 0x7F, 2] + i32Const0, .malformedMutability, at: 12, .global),
  Refused("global type", [6, 6, 1, 0x75, 0] + i32Const0, .malformedValueType, at: 11, .global),
  Refused("else in an initializer", [6, 6, 1, 0x7F, 0, 0x41, 0, 0x05], .endOpcodeExpected, at: 15, .global),
  Refused("unknown operator in an initializer", [6, 5, 1, 0x7F, 0, 0xFF, 0x0B], .illegalOpcode, at: 13, .global),
  Refused("initializer in an open block", [6, 6, 1, 0x7F, 0, 2, 0x40, 0x0B], .unexpectedEndOfSection, at: 16, .global),
  Refused("export kind", [7, 4, 1, 0, 5, 0], .malformedExportKind, at: 12, .export),
  Refused("export name", [7, 5, 1, 1, 0xC0, 0, 0], .malformedUTF8, at: 12, .export),
  Refused("start section with two functions", [8, 2, 0, 0], .sectionSizeMismatch, at: 11, .start),

  Refused("element flags", [9, 3, 1, 8, 0], .malformedElementFlags, at: 11, .element),
  Refused("element kind", [9, 4, 1, 1, 1, 0], .malformedElementKind, at: 12, .element),
  Refused("element type", [9, 4, 1, 5, 0x7F, 0], .malformedReferenceType, at: 12, .element),
  Refused("element count", [9, 4, 1, 1, 0, 3], .unexpectedEndOfSection, at: 14, .element),
  Refused("data flags", [11, 3, 1, 3, 0], .malformedDataFlags, at: 11, .data),
  Refused("data longer than the section", [11, 3, 1, 1, 1], .lengthOutOfBounds, at: 13, .data),
  Refused("more data than counted", [12, 1, 0, 11, 3, 1, 1, 0], .dataCountMismatch, at: 13, .data),
  Refused("less data than counted", [12, 1, 2, 11, 3, 1, 1, 0], .dataCountMismatch, at: 13, .data),
  Refused("counted data missing", [12, 1, 1], .dataCountMismatch, at: 11),
  Refused("functions without bodies", [3, 2, 1, 0], .functionCodeMismatch, at: 12),
  Refused("a body without a function", [10, 4, 1, 2, 0, 0x0B], .functionCodeMismatch, at: 10, .code),
  Refused("a body too few", [3, 3, 2, 0, 0, 10, 4, 1, 2, 0, 0x0B], .functionCodeMismatch, at: 15, .code),
  Refused("a body beyond the section", [3, 2, 1, 0, 10, 4, 1, 3, 0, 0x0B], .lengthOutOfBounds, at: 16, .code),
]

@Suite struct ModuleDecoderTests {
  @Test(arguments: refused)
  fileprivate func refusal(_ row: Refused) {
    let error = moduleError { try decodeWholly(moduleBytes { $0.append(row.sections) }) }
    #expect(error?.kind == .malformed && error?.reason == row.reason)
    #expect(error?.offset == row.offset)
    #expect(error?.section == row.section)
  }

  @Test(
    arguments: [
      ([], .unexpectedEnd, 0), ([0, 0x61, 0x73], .unexpectedEnd, 0), ([0, 0x61, 0x73, 0x6E], .magicNotDetected, 0),
      ([0, 0x61, 0x73, 0x6D, 1, 0, 0], .unexpectedEnd, 4), ([0, 0x61, 0x73, 0x6D, 13, 0, 1, 0], .unknownVersion, 4),
    ] as [([UInt8], ModuleErrorReason, Int)])
  func headers(bytes: [UInt8], reason: ModuleErrorReason, offset: Int) {
    let error = moduleError { try decodeWholly(bytes) }
    #expect(error?.reason == reason && error?.offset == offset)
  }

  @Test func errorsSayWhereAndWhat() {
    let error = moduleError { try decodeWholly(moduleBytes { $0.append([2, 1, 0, 1, 1, 0]) }) }
    let text = "unexpected content after last section: type section after import section (at offset 0xb)"
    #expect(error?.description == text)
    let kind = moduleError { try decodeWholly(moduleBytes { $0.append([2, 5, 1, 0, 0, 5, 0]) }) }
    #expect(kind?.description == "malformed import kind: 5 (at offset 0xd, import section)")
  }

  @Test func types() throws {
    let module = try decoded(
      .type,
      [
        5,  // groups
        0x60, 2, 0x7F, 0x7B, 1, 0x6F,
        0x4E, 2, 0x50, 0, 0x5F, 2, 0x78, 1, 0x64, 1, 0, 0x4F, 1, 1, 0x5E, 0x77, 0,
        0x4E, 0,
        0x5E, 0x63, 0x6D, 1,
        0x50, 2, 0, 3, 0x60, 0, 0,
      ])
    #expect(module.recursiveGroups == [0..<1, 1..<3, 3..<3, 3..<4, 4..<5])
    let structure = CompositeType.structure([
      FieldType(storage: .i8, isMutable: true),
      FieldType(storage: .value(.ref(.concrete(1), nullable: false)), isMutable: false),
    ])
    #expect(
      module.types == [
        SubType(composite: .function(FunctionType(parameters: [.i32, .v128], results: [.externref]))),
        SubType(isFinal: false, composite: structure),
        SubType(supertypes: [1], composite: .array(FieldType(storage: .i16, isMutable: false))),
        SubType(composite: .array(FieldType(storage: .value(.ref(.eq, nullable: true)), isMutable: true))),
        SubType(
          isFinal: false, supertypes: [0, 3], composite: .function(FunctionType(parameters: [], results: []))),
      ])
  }

  @Test func imports() throws {
    let module = try decoded(
      .import,
      [
        5,
        1, 0x61, 1, 0x62, 0, 7,
        0, 2, 0xC3, 0xA9, 1, 0x70, 1, 2, 3,
        0, 0, 2, 4, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1,
        0, 0, 3, 0x7E, 1,
        0, 0, 4, 0, 9,
      ])
    let table = TableType(element: .funcref, limits: Limits(minimum: 2, maximum: 3))
    #expect(
      module.imports == [
        Import(module: "a", name: "b", description: .function(typeIndex: 7)),
        Import(module: "", name: "é", description: .table(table)),
        Import(
          module: "", name: "", description: .memory(MemoryType(limits: Limits(address: .i64, minimum: .max)))),
        Import(module: "", name: "", description: .global(GlobalType(value: .i64, isMutable: true))),
        Import(module: "", name: "", description: .tag(typeIndex: 9)),
      ])
    let spaces = IndexSpaces(module)
    #expect(spaces.functions == [7] && spaces.tables == [table] && spaces.tags == [9])
  }

  @Test func definitions() throws {
    let bytes = moduleBytes { writer in
      writer.section(.table) { $0.append([2, 0x6F, 4, 5, 0x40, 0, 0x70, 1, 1, 9, 0xD0, 0x70, 0x0B]) }
      writer.section(.memory) { $0.append([2, 0, 1, 5, 2, 3]) }
      writer.section(.tag) { $0.append([1, 0, 6]) }
      writer.section(.global) { $0.append([1, 0x7D, 1, 0x02, 0x40, 0x0B, 0x43, 0, 0, 0x80, 0x3F, 0x0B]) }
      writer.section(.export) { $0.append([2, 1, 0x78, 4, 0, 0, 3, 0x85, 0]) }
      writer.section(.start) { $0.append([0x83, 1]) }
    }
    let module = try decodeModule(ModuleBytes(bytes))
    #expect(
      module.tables.map(\.type) == [
        TableType(element: .externref, limits: Limits(address: .i64, minimum: 5)),
        TableType(element: .funcref, limits: Limits(minimum: 1, maximum: 9)),
      ])
    #expect(module.tables[0].initializer == nil)
    #expect(module.tables[1].initializer.map { content($0.range, of: module) } == [0xD0, 0x70, 0x0B])
    #expect(
      module.memories.map(\.limits) == [
        Limits(minimum: 1), Limits(address: .i64, minimum: 2, maximum: 3),
      ])
    #expect(module.tags == [6])
    #expect(module.globals[0].type == GlobalType(value: .f32, isMutable: true))
    let initializer = content(module.globals[0].initializer.range, of: module)
    #expect(initializer == [0x02, 0x40, 0x0B, 0x43, 0, 0, 0x80, 0x3F, 0x0B])
    #expect(
      module.exports == [
        Export(name: "x", kind: .tag, index: 0), Export(name: "", kind: .global, index: 5),
      ])
    #expect(module.start == 131)
  }

  /// All eight forms of element segments, in the order of their flags.
  @Test func elementSegments() throws {
    let offset = i32Const0
    let module = try decoded(
      .element,
      [8]
        + [0] + offset + [2, 4, 5]
        + [1, 0, 1, 4]
        + [2, 3] + offset + [0, 0]
        + [3, 0, 1, 7]
        + [4] + offset + [1, 0xD2, 0, 0x0B]
        + [5, 0x64, 0x70, 0]
        + [6, 2] + offset + [0x6F, 1, 0xD0, 0x6F, 0x0B]
        + [7, 0x70, 2, 0xD2, 0, 0x0B, 0xD0, 0x70, 0x0B])
    let function = ValueType.ref(.func, nullable: false)
    let types: [ValueType] = [function, function, function, function, .funcref, function, .externref, .funcref]
    #expect(module.elements.map(\.type) == types)
    let modes = module.elements.map { segment in
      switch segment.mode {
      case .active(let index, let expression): "\(index) \(content(expression.range, of: module) == offset)"
      case .passive: "passive"
      case .declarative: "declarative"
      }
    }
    #expect(modes == ["0 true", "passive", "3 true", "declarative", "0 true", "passive", "2 true", "declarative"])
    let items = module.elements.map { segment in
      switch segment.items {
      case .functions(let indices): indices.map { [UInt8($0)] }
      case .expressions(let list): list.map { content($0.range, of: module) }
      }
    }
    #expect(
      items == [
        [[4], [5]], [[4]], [], [[7]], [[0xD2, 0, 0x0B]], [], [[0xD0, 0x6F, 0x0B]],
        [[0xD2, 0, 0x0B], [0xD0, 0x70, 0x0B]],
      ])
  }

  @Test func dataSegments() throws {
    let module = try decoded(.data, [3] + [0] + i32Const0 + [1, 9, 1, 2, 7, 8, 2, 5] + i32Const0 + [0])
    #expect(module.data.map { content($0.bytes, of: module) } == [[9], [7, 8], []])
    #expect(module.data[1].mode == .passive)
    guard case .active(5, _) = module.data[2].mode, case .active(0, _) = module.data[0].mode else {
      Issue.record("\(module.data)")
      return
    }
  }

  @Test func codeAndCustomSectionsStayInPlace() throws {
    let bytes = moduleBytes { writer in
      writer.customSection("first") { $0.byte(1) }
      writer.section(.function) { $0.append([2, 0, 1]) }
      writer.customSection("") { _ in }
      writer.section(.code) { $0.append([2, 2, 0, 0x0B, 3, 0, 1, 0x0B]) }
      writer.customSection("first") { $0.append([2, 3]) }
    }
    let input = ModuleBytes(bytes)
    let module = try decodeModule(input)
    #expect(module.bytes === input)
    #expect(module.bodies.map { content($0.range, of: module) } == [[0, 0x0B], [0, 1, 0x0B]])
    #expect(module.codeSection.map { content($0, of: module) } == [2, 2, 0, 0x0B, 3, 0, 1, 0x0B])
    #expect(module.customSections.map(\.name) == ["first", "", "first"])
    #expect(module.customSections.map(\.precedingSection) == [0, 3, 10])
    #expect(module.customSections.map { content($0.contents, of: module) } == [[1], [], [2, 3]])
  }

  @Test func skeletonsHaveNoCode() throws {
    let bytes = moduleBytes { $0.section(.function) { $0.append([1, 0]) } }
    #expect(moduleError { _ = try decodeModule(ModuleBytes(bytes)) }?.reason == .functionCodeMismatch)
    let module = try decodeModule(ModuleBytes(bytes), isSkeleton: true)
    #expect(module.functions == [0] && module.bodies.isEmpty && module.codeSection == nil)
  }
}

private func decoded(_ id: SectionId, _ contents: [UInt8]) throws -> Module {
  try decodeModule(ModuleBytes(moduleBytes { $0.section(id) { $0.append(contents) } }))
}
