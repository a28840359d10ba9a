// Annotations that stand for custom sections: `@custom`, with any contents and a place among the other sections, and
// `@metadata.code.branch_hint`, which goes to a section of its own before the code.
//
// Source: WebAssembly 3.0, appendix "Custom Sections and Annotations"; branch hinting: code metadata, section
// `metadata.code.branch_hint`.

import WasmBinary
import WebAssembly

/// A place among the sections of a module, ordered as they are.
enum CustomSectionPlace: Comparable {
  case first
  case beside(order: Int, isAfter: Bool)
  case last

  static func before(_ id: SectionId) -> CustomSectionPlace { .beside(order: id.order, isAfter: false) }
  static func after(_ id: SectionId) -> CustomSectionPlace { .beside(order: id.order, isAfter: true) }

  // Written out, because the order of cases and payloads that the compiler would derive is easily changed by accident.
  private var key: (Int, Int) {
    switch self {
    case .first: (0, 0)
    case .beside(let order, let isAfter): (order, isAfter ? 1 : 0)
    case .last: (.max, 0)
    }
  }

  static func < (left: CustomSectionPlace, right: CustomSectionPlace) -> Bool { left.key < right.key }
}

/// The custom sections of a module, in the order in which they will be written.
struct CustomSectionList {
  private var sections: [(place: CustomSectionPlace, name: String, contents: [UInt8])] = []
  private var written = 0

  mutating func append(_ name: String, at place: CustomSectionPlace, _ contents: [UInt8]) {
    sections.append((place, name, contents))
  }

  func contains(name: String) -> Bool { sections.contains { $0.name == name } }

  /// Orders by place; sections with the same place keep the order of the text.
  mutating func sort() {
    sections = sections.enumerated().sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }
      .map(\.element)
  }

  /// Writes the sections up to `place` that are not written yet.
  mutating func write(upTo place: CustomSectionPlace, to output: inout BinaryWriter) {
    while written < sections.count, sections[written].place <= place {
      let section = sections[written]
      output.customSection(section.name) { $0.append(section.contents) }
      written += 1
    }
  }
}

/// The section `metadata.code.branch_hint`.
struct BranchHints {
  private var functions = SectionContents()
  private var hints = SectionContents()

  /// Adds a hint for the instruction at `offset` of the current function's body.
  mutating func append(offset: Int, value: UInt8) {
    hints.append {
      $0.u32(UInt32(offset))
      $0.byteVector([value])
    }
  }

  mutating func endFunction(_ index: UInt32) {
    if hints.count == 0 { return }
    functions.append {
      $0.u32(index)
      hints.write(to: &$0)
    }
    hints = SectionContents()
  }

  func write(to output: inout BinaryWriter) {
    if functions.count == 0 { return }
    output.customSection("metadata.code.branch_hint") { functions.write(to: &$0) }
  }
}

extension ModuleParser {
  /// `(@custom "name" place? "…"*)`, which is next. Leaves its closing parenthesis read.
  mutating func customAnnotation() throws(TextError) {
    try cursor.advance()
    let start = cursor.token
    guard start.kind == .string else { throw cursor.error(.customAnnotationWithoutName) }
    guard let name = String(validating: try cursor.string(), as: UTF8.self) else {
      throw cursor.error(.customAnnotationMalformedUTF8, start)
    }
    let place = cursor.token.kind == .leftParenthesis ? try customSectionPlace() : .last
    let contents = try cursor.strings()
    guard cursor.token.kind == .rightParenthesis else { throw cursor.error(.customAnnotationUnexpectedToken) }
    customSections.append(name, at: place, contents)
  }

  private mutating func customSectionPlace() throws(TextError) -> CustomSectionPlace {
    try cursor.advance()
    let isAfter = cursor.isAt(.after)
    if !isAfter && !cursor.isAt(.before) { throw cursor.error(.customAnnotationMalformedPlacement) }
    try cursor.advance()
    let place: CustomSectionPlace
    if cursor.isAt(.first) && !isAfter {
      place = .first
    } else if cursor.isAt(.last) && isAfter {
      place = .last
    } else if let id = sectionId {
      place = .beside(order: id.order, isAfter: isAfter)
    } else {
      throw cursor.error(.customAnnotationMalformedSectionKind)
    }
    try cursor.advance()
    guard cursor.token.kind == .rightParenthesis else { throw cursor.error(.customAnnotationUnexpectedToken) }
    try cursor.advance()
    return place
  }

  private var sectionId: SectionId? {
    guard cursor.token.kind == .word else { return nil }
    switch cursor.token.keyword {
    case .type: return .type
    case .import: return .import
    case .func: return .function
    case .table: return .table
    case .memory: return .memory
    case .global: return .global
    case .export: return .export
    case .start: return .start
    case .elem: return .element
    case .code: return .code
    case .data: return .data
    case .datacount: return .dataCount
    case .tag: return .tag
    default: return nil
    }
  }

  /// `(@metadata.code.branch_hint "…")`, which is next: one byte, 0 for unlikely or 1 for likely.
  mutating func branchHintAnnotation() throws(TextError) {
    if hint != nil { throw cursor.error(.branchHintDuplicate) }
    try cursor.advance()
    let start = cursor.token
    let bytes = try cursor.string()
    guard bytes.count == 1, bytes[0] <= 1 else { throw cursor.error(.branchHintInvalidValue, start) }
    try cursor.expectClose()
    hint = bytes[0]
  }
}
