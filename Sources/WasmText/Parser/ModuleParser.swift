// Parses the fields of a module and writes its binary form, without a tree between them. The text is read three times:
//
// 1. `scanFields` finds where each field begins, counts the index spaces and binds the module's identifiers, because
//    text may use them before they are defined. It passes over the fields' insides without making tokens of them.
// 2. `typeDefinitions` reads the type definitions, because type uses refer to them by structure.
// 3. `fields` reads all other fields in their order. Function types that type uses lack are added behind the others, in
//    the order of their first use.
//
// Source: WebAssembly 3.0, section 6.6.

import WasmBinary
import WebAssembly

struct ModuleParser: ~Copyable {
  var cursor: TokenCursor
  let options: TextOptions

  /// Where type definitions, and where all other fields, begin.
  var typeFields: [Int] = []
  var otherFields: [Int] = []

  var identifiers = IdentifierTable()
  var spaces = [IndexSpace](repeating: IndexSpace(), count: Space.allCases.count)
  /// How many indices of each space the fields read so far have taken.
  var defined = [UInt32](repeating: 0, count: Space.allCases.count)
  /// The space of the first definition that is no import.
  var firstDefinition: Space?
  var types = TypeTable()
  var scope = FunctionScope()

  var imports = SectionContents()
  var functions = SectionContents()
  var tables = SectionContents()
  var memories = SectionContents()
  var tags = SectionContents()
  var globals = SectionContents()
  var exports = SectionContents()
  var start: UInt32?
  var elements = SectionContents()
  var code = SectionContents()
  var data = SectionContents()
  var usesDataIndices = false
  var customSections = CustomSectionList()
  var branchHints = BranchHints()
  var names = NameSectionWriter()

  /// The instructions being written: a function body with its locals, or a constant expression.
  var body = BinaryWriter()
  var frames: [InstructionFrame] = []
  /// Encoded operators that wait for their folded operands; each frame knows where its own begin.
  var waiting: [UInt8] = []
  /// A branch hint read just before the current instruction.
  var hint: UInt8?
  var isInFunction = false

  private init(_ lexer: Lexer, at offset: Int, options: TextOptions) throws(TextError) {
    cursor = try TokenCursor(lexer, at: offset)
    self.options = options
  }

  /// Parses module fields from `offset` on, up to the end of the text or, if `isEnclosed`, up to an unmatched closing
  /// parenthesis. Returns the module's bytes and the offset where the fields end.
  static func parseFields(
    _ lexer: Lexer, at offset: Int, isEnclosed: Bool, moduleName: Token? = nil, options: TextOptions
  ) throws(TextError) -> (bytes: [UInt8], end: Int) {
    var parser = try ModuleParser(lexer, at: offset, options: options)
    if let moduleName {
      parser.names.module = parser.identifiers.identifier(moduleName, lexer)
    }
    if isEnclosed { try parser.moduleNameAnnotation() }
    try parser.scanFields(isEnclosed: isEnclosed)
    let end = parser.cursor.offset
    try parser.typeDefinitions()
    try parser.fields()
    return (parser.module(), end)
  }

  // MARK: The sections

  /// The whole module in binary form.
  private consuming func module() -> [UInt8] {
    var output = BinaryWriter()
    output.moduleHeader()
    customSections.sort()
    let sections = SectionId.allCases.filter { $0 != .custom }.sorted { $0.order < $1.order }
    customSections.write(upTo: .first, to: &output)
    for id in sections {
      customSections.write(upTo: .before(id), to: &output)
      if id == .code { branchHints.write(to: &output) }
      section(id, to: &output)
      customSections.write(upTo: .after(id), to: &output)
    }
    if options.emitsNames && !customSections.contains(name: "name") {
      names.write(spaces: spaces, types: types, identifiers: identifiers, to: &output)
    }
    customSections.write(upTo: .last, to: &output)
    return output.bytes
  }

  private borrowing func section(_ id: SectionId, to output: inout BinaryWriter) {
    switch id {
    case .custom: break
    case .type: types.section().write(id, to: &output)
    case .import: imports.write(id, to: &output)
    case .function: functions.write(id, to: &output)
    case .table: tables.write(id, to: &output)
    case .memory: memories.write(id, to: &output)
    case .tag: tags.write(id, to: &output)
    case .global: globals.write(id, to: &output)
    case .export: exports.write(id, to: &output)
    case .start: if let start { output.section(id) { $0.u32(start) } }
    case .element: elements.write(id, to: &output)
    case .dataCount: if usesDataIndices { output.section(id) { $0.u32(data.count) } }
    case .code: code.write(id, to: &output)
    case .data: data.write(id, to: &output)
    }
  }
}
