// What `cannery inspect` found, once as text and once as JSON. Both come from the same list of facts, so neither has what
// the other lacks.

import Cannery

/// The facts about a file, in the order in which they are shown.
struct Inspection {
  /// A table: columns by name, numbers aligned to the right.
  struct Table {
    var columns: [String]
    var rows: [[JSONValue]]
  }

  enum Fact {
    /// A line `label: value`, and a member `name`.
    case value(_ name: String, _ label: String, JSONValue, unit: String = "")
    /// A list of texts on one line.
    case list(_ name: String, _ label: String, [String])
    case table(_ name: String, _ label: String, Table)
  }

  /// How many functions are listed unless all are wanted.
  static let functionCount = 10

  private(set) var facts: [Fact] = []

  mutating func add(_ name: String, _ label: String, _ value: JSONValue, unit: String = "") {
    facts.append(.value(name, label, value, unit: unit))
  }

  mutating func add(_ name: String, _ label: String, _ texts: [String]) { facts.append(.list(name, label, texts)) }

  mutating func add(_ name: String, _ label: String, columns: [String], _ rows: [[JSONValue]]) {
    facts.append(.table(name, label, Table(columns: columns, rows: rows)))
  }

  var json: JSONValue {
    .object(
      facts.map { fact in
        switch fact {
        case .value(let name, _, let value, _): return .init(name, value)
        case .list(let name, _, let texts): return .init(name, JSONValue(texts))
        case .table(let name, _, let table):
          let rows = table.rows.map { row in
            JSONValue.object(zip(table.columns, row).map { .init($0, $1) })
          }
          return .init(name, .array(rows))
        }
      })
  }

  /// Lines without the last newline. Tables without rows are left out.
  var text: String {
    var lines: [String] = []
    for fact in facts {
      switch fact {
      case .value(let name, let label, let value, let unit):
        if value != .null { lines.append("\(label): \(Inspection.cell(value, isName: name == "name"))\(unit)") }
      case .list(_, let label, let texts):
        lines.append("\(label): \(texts.isEmpty ? "none" : texts.joined(separator: ", "))")
      case .table(_, let label, let table):
        if table.rows.isEmpty { continue }
        lines.append("\(label):")
        lines += Inspection.lines(table)
      }
    }
    return lines.joined(separator: "\n")
  }

  private static func lines(_ table: Table) -> [String] {
    let names: Set<String> = ["name", "module"]
    let cells = table.rows.map { row in
      zip(table.columns, row).map { column, value in cell(value, isName: names.contains(column)) }
    }
    var widths = table.columns.map(\.utf8.count)
    for row in cells {
      for (column, text) in row.enumerated() { widths[column] = max(widths[column], text.unicodeScalars.count) }
    }
    // Names that would push everything else off the screen don't widen their column.
    widths = widths.map { min($0, 48) }
    let isNumber = table.columns.indices.map { column in
      table.rows.allSatisfy { row in
        switch row[column] {
        case .integer, .unsigned, .null: true
        default: false
        }
      }
    }
    func line(_ texts: [String]) -> String {
      var line = " "
      for (column, text) in texts.enumerated() {
        let padding = String(repeating: " ", count: max(0, widths[column] - text.unicodeScalars.count))
        line += " " + (isNumber[column] ? padding + text : text + padding)
      }
      while line.last == " " { line.removeLast() }
      return line
    }
    return [line(table.columns)] + cells.map(line)
  }

  private static func cell(_ value: JSONValue, isName: Bool) -> String {
    switch value {
    case .string(let text): isName ? quoted(text, limit: .max) : visible(text)
    case .null: isName ? "-" : ""
    default: value.text
    }
  }
}

// MARK: What modules and artifacts have in common

extension Inspection {
  mutating func addInterface(_ types: TypeText) {
    add(
      "imports", "imports", columns: ["module", "name", "kind", "type"],
      types.module.imports.map { item in
        [
          .string(item.module), .string(item.name), .string("\(item.description.kind)"),
          .string(types.text(item.description)),
        ]
      })
    add(
      "exports", "exports", columns: ["name", "kind", "index", "type"],
      types.module.exports.map { item in
        [.string(item.name), .string("\(item.kind)"), JSONValue(item.index), .string(types.text(item))]
      })
    add("start", "start function", JSONValue(types.module.start.map { Int($0) }))
    add(
      "memories", "memories", columns: ["index", "type"],
      types.spaces.memories.enumerated().map { [JSONValue($0), .string(TypeText.text($1))] })
    add(
      "tables", "tables", columns: ["index", "type"],
      types.spaces.tables.enumerated().map { [JSONValue($0), .string(TypeText.text($1))] })
    add("globals", "globals", JSONValue(types.spaces.globals.count))
    add("dataSegments", "data segments", JSONValue(types.module.data.count))
    add("elementSegments", "element segments", JSONValue(types.module.elements.count))
  }

  mutating func addCustomSections(_ module: WebAssembly.Module) {
    add(
      "customSections", "custom sections", columns: ["name", "size", "visibility"],
      module.customSections.map { section in
        let visibility: JSONValue =
          section.name.hasPrefix("icp:public ") ? "public" : section.name.hasPrefix("icp:private ") ? "private" : .null
        return [.string(section.name), JSONValue(section.contents.count), visibility]
      })
  }
}
