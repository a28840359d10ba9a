// Writes the name section, so that identifiers of the text appear in backtraces, profiles and printed modules.
//
// Source: WebAssembly 3.0, appendix 7.4.1.

import WasmBinary

/// Collects names function by function, and writes them with those of the index spaces.
struct NameSectionWriter {
  var module = Identifier.none
  /// Whether a `@name` annotation has named the module.
  var hasModuleAnnotation = false
  private var locals = SectionContents()
  private var labels = SectionContents()

  mutating func endFunction(_ index: UInt32, _ scope: FunctionScope, _ identifiers: IdentifierTable) {
    appendMap(scope.localNames, of: index, to: &locals, identifiers)
    appendMap(scope.labelNames, of: index, to: &labels, identifiers)
  }

  /// Appends the section to `output`, unless there are no names.
  func write(spaces: [IndexSpace], types: TypeTable, identifiers: IdentifierTable, to output: inout BinaryWriter) {
    var contents = BinaryWriter()
    if module != .none {
      contents.byte(0)
      contents.sized { $0.byteVector(identifiers.text(module)) }
    }
    func names(_ space: Space) -> SectionContents {
      var map = SectionContents()
      for item in spaces[space.rawValue].names { append(item, to: &map, identifiers) }
      return map
    }
    var fields = SectionContents()
    for (type, names) in types.fieldNames { appendMap(names, of: type, to: &fields, identifiers) }
    let subsections: [(id: UInt8, map: SectionContents)] = [
      (1, names(.function)), (2, locals), (3, labels), (4, names(.type)), (5, names(.table)), (6, names(.memory)),
      (7, names(.global)), (8, names(.element)), (9, names(.data)), (10, fields), (11, names(.tag)),
    ]
    for (id, map) in subsections where map.count > 0 {
      contents.byte(id)
      contents.sized { map.write(to: &$0) }
    }
    if !contents.bytes.isEmpty { output.customSection("name") { $0.append(contents.bytes) } }
  }

  private func append(_ item: NameAssociation, to map: inout SectionContents, _ identifiers: IdentifierTable) {
    map.append {
      $0.u32(item.index)
      $0.byteVector(identifiers.text(item.name))
    }
  }

  /// Appends the names inside of item `index`.
  private func appendMap(
    _ names: [NameAssociation], of index: UInt32, to outer: inout SectionContents, _ identifiers: IdentifierTable
  ) {
    if names.isEmpty { return }
    var inner = SectionContents()
    for item in names { append(item, to: &inner, identifiers) }
    outer.append {
      $0.u32(index)
      inner.write(to: &$0)
    }
  }
}
