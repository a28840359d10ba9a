// Prints a module in the text format, field by field in the order of the sections, instructions in flat syntax.
//
// The text is bounded by the size of the module although a module can describe more than its size: what is optional
// (identifiers where an index will do, signatures beside a type index) is left out once its share is used up; local
// declarations, which are not, are refused beyond a limit.
//
// Source: WebAssembly 3.0, chapter 6.

import WasmBinary
import WebAssembly

/// How modules are printed.
public struct PrintOptions: Hashable, Sendable {
  /// Whether the name section's names are printed as identifiers. If not, that section is printed like other custom
  /// ones.
  public var usesNames: Bool
  public init(usesNames: Bool = true) { self.usesNames = usesNames }
}

/// The text of `module`.
///
/// Parsing it with `parseModule` gives the same module in canonical form, with these exceptions: a data count section
/// that no instruction needs is left out, and of a name section, what names nothing in the module.
/// - Throws: `ModuleError` of the kind `malformed` where a function body can't be decoded or its blocks are not
///   balanced; `limit` for more local declarations than a text should list.
/// - Complexity: Linear in the size of the module.
public func printModule(_ module: Module, options: PrintOptions = PrintOptions()) throws(ModuleError) -> String {
  var printer = ModulePrinter(module, options: options)
  try printer.printModule()
  return String(decoding: printer.output.bytes, as: UTF8.self)
}

struct ModulePrinter {
  let module: Module
  let spaces: IndexSpaces
  var output = TextWriter()
  /// The custom section whose names are printed as identifiers, as a position in `module.customSections`.
  private let nameSection: Int?
  let sectionNames: NameSection
  let names: [PrintedNames]
  /// Field names by type, for types that have some.
  let fieldNames: [UInt32: PrintedNames]
  /// How many bytes may still be spent on optional text.
  private var optional: Int

  init(_ module: Module, options: PrintOptions) {
    self.module = module
    spaces = IndexSpaces(module)
    optional = 32 * module.bytes.count + 1 << 20
    let section = options.usesNames ? ModulePrinter.usableNameSection(module) : nil
    nameSection = section
    sectionNames = section.map { NameSection(module.customSections[$0].contents, in: module.bytes) } ?? NameSection()
    let source = sectionNames
    let counts: [(Space, NameMap, Int)] = [
      (.type, source.types, module.types.count), (.function, source.functions, spaces.functions.count),
      (.table, source.tables, spaces.tables.count), (.memory, source.memories, spaces.memories.count),
      (.global, source.globals, spaces.globals.count), (.tag, source.tags, spaces.tags.count),
      (.element, source.elements, module.elements.count), (.data, source.data, module.data.count),
    ]
    names = counts.sorted { $0.0.rawValue < $1.0.rawValue }.map { PrintedNames($0.1, count: $0.2) }
    var fieldNames: [UInt32: PrintedNames] = [:]
    for type in source.fields.indices where type < module.types.count {
      if case .structure(let fields) = module.types[Int(type)].composite {
        fieldNames[type] = PrintedNames(source.fields.names(of: type), count: fields.count)
      }
    }
    self.fieldNames = fieldNames
  }

  /// The name section, if it is well-formed and follows all sections that are not custom, as it will when it is made
  /// anew.
  private static func usableNameSection(_ module: Module) -> Int? {
    guard let index = module.customSections.firstIndex(where: { $0.name == "name" }),
      lastSection(module, upTo: module.customSections[index].precedingSection) == lastSection(module),
      !module.customSections[(index + 1)...].contains(where: { $0.name == "name" }),
      NameSection(module.customSections[index].contents, in: module.bytes).problem == nil
    else { return nil }
    return index
  }

  /// The last section, up to the one with id `code`, that has contents and is not custom. Sections without contents are
  /// not printed, so that nothing can be placed beside them.
  private static func lastSection(_ module: Module, upTo code: UInt8 = SectionId.data.rawValue) -> SectionId? {
    let limit = SectionId(rawValue: code)?.order ?? 0
    return SectionId.allCases.filter { $0.order <= limit && !isEmpty($0, in: module) }.max { $0.order < $1.order }
  }

  private static func isEmpty(_ id: SectionId, in module: Module) -> Bool {
    switch id {
    case .custom: true
    case .type: module.recursiveGroups.isEmpty
    case .import: module.imports.isEmpty
    case .function: module.functions.isEmpty
    case .table: module.tables.isEmpty
    case .memory: module.memories.isEmpty
    case .tag: module.tags.isEmpty
    case .global: module.globals.isEmpty
    case .export: module.exports.isEmpty
    case .start: module.start == nil
    case .element: module.elements.isEmpty
    case .dataCount: module.dataCount == nil
    case .code: module.bodies.isEmpty
    case .data: module.data.isEmpty
    }
  }

  // MARK: Fields

  mutating func printModule() throws(ModuleError) {
    output.append("(module")
    if let name = sectionNames.module {
      output.append(" ")
      if PrintedNames.isUsable(name) { output.identifier(name) } else { nameAnnotation(name) }
    }
    output.depth = 1
    types()
    imports()
    try tables()
    memories()
    tags()
    try globals()
    exports()
    if let start = module.start { field("start") { $0.reference(.function, start) } }
    try elementSegments()
    try functions()
    try dataSegments()
    customSections()
    output.depth = 0
    output.append(")\n")
  }

  /// `(keyword …)` on a line of its own.
  mutating func field<Failure>(
    _ keyword: String, _ rest: (inout ModulePrinter) throws(Failure) -> Void
  ) throws(Failure) {
    output.newLine()
    output.append("(" + keyword)
    try rest(&self)
    output.append(")")
  }

  private mutating func imports() {
    var counts = [UInt32](repeating: 0, count: ExternalKind.allCases.count)
    for item in module.imports {
      let kind = item.description.kind
      let index = counts[Int(kind.rawValue)]
      counts[Int(kind.rawValue)] += 1
      field("import ") {
        $0.output.name(item.module)
        $0.output.append(" ")
        $0.output.name(item.name)
        $0.output.append(" (" + ModulePrinter.keyword(kind))
        $0.binder(ModulePrinter.space(kind), index)
        switch item.description {
        case .function(let type), .tag(let type): $0.typeUse(type)
        case .table(let type): $0.tableType(type)
        case .memory(let type): $0.limits(type.limits)
        case .global(let type): $0.globalType(type)
        }
        $0.output.append(")")
      }
    }
  }

  static func keyword(_ kind: ExternalKind) -> String { kind == .function ? "func" : "\(kind)" }

  static func space(_ kind: ExternalKind) -> Space {
    switch kind {
    case .function: .function
    case .table: .table
    case .memory: .memory
    case .global: .global
    case .tag: .tag
    }
  }

  private mutating func tables() throws(ModuleError) {
    for (index, table) in module.tables.enumerated() {
      try field("table") { (printer) throws(ModuleError) in
        printer.binder(.table, UInt32(printer.spaces.importedTableCount + index))
        printer.tableType(table.type)
        if let initializer = table.initializer { try printer.expression(initializer) }
      }
    }
  }

  private mutating func memories() {
    for (index, memory) in module.memories.enumerated() {
      field("memory") {
        $0.binder(.memory, UInt32($0.spaces.importedMemoryCount + index))
        $0.limits(memory.limits)
      }
    }
  }

  private mutating func tags() {
    for (index, type) in module.tags.enumerated() {
      field("tag") {
        $0.binder(.tag, UInt32($0.spaces.importedTagCount + index))
        $0.typeUse(type)
      }
    }
  }

  private mutating func globals() throws(ModuleError) {
    for (index, global) in module.globals.enumerated() {
      try field("global") { (printer) throws(ModuleError) in
        printer.binder(.global, UInt32(printer.spaces.importedGlobalCount + index))
        printer.globalType(global.type)
        try printer.expression(global.initializer)
      }
    }
  }

  private mutating func exports() {
    for item in module.exports {
      field("export ") {
        $0.output.name(item.name)
        $0.output.append(" (" + ModulePrinter.keyword(item.kind))
        $0.reference(ModulePrinter.space(item.kind), item.index)
        $0.output.append(")")
      }
    }
  }

  private mutating func customSections() {
    let last = ModulePrinter.lastSection(module)
    for (index, section) in module.customSections.enumerated() where index != nameSection {
      field("@custom ") {
        $0.output.name(section.name)
        let preceding = ModulePrinter.lastSection($0.module, upTo: section.precedingSection)
        if preceding != last || index < $0.nameSection ?? 0 {
          let place = preceding.map { "after \(ModulePrinter.keyword($0))" } ?? "before first"
          $0.output.append(" (\(place))")
        }
        $0.output.append(" ")
        $0.output.string($0.module.bytes.buffer[section.contents.start..<section.contents.end])
      }
    }
  }

  private static func keyword(_ id: SectionId) -> String {
    switch id {
    case .function: "func"
    case .element: "elem"
    case .dataCount: "datacount"
    default: "\(id)"
    }
  }

  // MARK: Indices and names

  /// What names and numbers the thing with `index` where it is defined.
  mutating func binder(_ space: Space, _ index: UInt32) { binder(names[space.rawValue], index, showsIndex: true) }

  mutating func binder(_ names: PrintedNames, _ index: UInt32, showsIndex: Bool) {
    if let identifier = names.identifier(index) {
      output.append(" ")
      output.append(identifier)
    } else if let name = names.annotation(index) {
      output.append(" ")
      nameAnnotation(name)
    }
    if showsIndex {
      output.append(" (;")
      output.decimal(index)
      output.append(";)")
    }
  }

  mutating func nameAnnotation(_ name: String) {
    output.append("(@name ")
    output.name(name)
    output.append(")")
  }

  /// A space and the index, by identifier if it has one.
  mutating func reference(_ space: Space, _ index: UInt32) { reference(names[space.rawValue], index) }

  mutating func reference(_ names: PrintedNames, _ index: UInt32) {
    output.append(" ")
    if let identifier = names.identifier(index), spend(identifier.count) {
      output.append(identifier)
    } else {
      output.decimal(index)
    }
  }

  /// Whether `count` bytes may be spent on something optional.
  mutating func spend(_ count: Int) -> Bool {
    if count > optional { return false }
    optional -= count
    return true
  }
}
