// Names and types as the commands show them.

import Cannery

/// A name in quotes. What a terminal would not show as it is, or that rearranges its neighbours, is escaped, and of a long
/// name only the beginning is shown.
func quoted(_ name: String, limit: Int = 200) -> String {
  var text = "\""
  for scalar in name.unicodeScalars.prefix(limit) {
    if scalar == "\"" || scalar == "\\" { text += "\\" }
    text += visible(scalar)
  }
  return text + (name.unicodeScalars.count > limit ? "…\"" : "\"")
}

/// The text with what a terminal would not show as it is escaped; newlines and tabs stay.
func visible(_ text: String) -> String {
  // Most texts have none of the bytes that what is escaped begins with.
  let isPlain = text.utf8.allSatisfy {
    ($0 >= 0x20 && $0 < 0x7F) || $0 == 0x0A || $0 == 0x09 || ($0 > 0xC2 && $0 != 0xE2 && $0 != 0xEF)
      || (0x80..<0xC0).contains($0)
  }
  if isPlain { return text }
  var shown = ""
  for scalar in text.unicodeScalars { shown += scalar == "\n" || scalar == "\t" ? String(scalar) : visible(scalar) }
  return shown
}

private func visible(_ scalar: Unicode.Scalar) -> String {
  switch scalar.value {
  case 0..<0x20, 0x7F...0x9F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF:
    "\\u{" + String(scalar.value, radix: 16) + "}"
  default: String(scalar)
  }
}

/// Whether two names are equal byte by byte: `==` calls strings equal that only look the same.
func isSameName(_ first: String, _ second: String) -> Bool { first.utf8.elementsEqual(second.utf8) }

/// Types of a decoded module's items, which need not be valid.
struct TypeText {
  let module: WebAssembly.Module
  let spaces: IndexSpaces

  init(_ module: WebAssembly.Module) {
    self.module = module
    spaces = IndexSpaces(module)
  }

  static func text(_ type: FunctionType) -> String { "\(list(type.parameters)) -> \(list(type.results))" }

  static func list(_ types: [ValueType]) -> String { "(" + types.map(\.description).joined(separator: ", ") + ")" }

  static func text(_ limits: Limits) -> String {
    (limits.address == .i64 ? "i64 " : "") + "\(limits.minimum).." + (limits.maximum.map { "\($0)" } ?? "")
  }

  static func text(_ type: MemoryType) -> String { text(type.limits) + " pages" }
  static func text(_ type: TableType) -> String { "\(text(type.limits)) \(type.element)" }
  static func text(_ type: GlobalType) -> String { (type.isMutable ? "mut " : "") + "\(type.value)" }

  /// The function type with this type index.
  func functionType(_ index: UInt32) -> FunctionType? {
    guard index < module.types.count, case .function(let type) = module.types[Int(index)].composite else { return nil }
    return type
  }

  private func signature(type index: UInt32) -> String {
    functionType(index).map(TypeText.text) ?? "unknown type \(index)"
  }

  func text(_ description: ImportDescription) -> String {
    switch description {
    case .function(let type), .tag(let type): signature(type: type)
    case .table(let type): TypeText.text(type)
    case .memory(let type): TypeText.text(type)
    case .global(let type): TypeText.text(type)
    }
  }

  /// The type of function `index` of the function index space.
  func function(_ index: Int) -> String {
    index < spaces.functions.count ? signature(type: spaces.functions[index]) : "unknown function \(index)"
  }

  func text(_ export: Export) -> String {
    let index = Int(export.index)
    switch export.kind {
    case .function: return function(index)
    case .table where index < spaces.tables.count: return TypeText.text(spaces.tables[index])
    case .memory where index < spaces.memories.count: return TypeText.text(spaces.memories[index])
    case .global where index < spaces.globals.count: return TypeText.text(spaces.globals[index])
    case .tag where index < spaces.tags.count: return signature(type: spaces.tags[index])
    default: return "unknown \(export.kind) \(index)"
    }
  }
}

/// The usual names of proposals; the first version of WebAssembly is not one.
func proposalNames(_ features: Features) -> [String] {
  Proposal.allCases.filter { $0 != .mvp && features.contains(Features($0)) }.map(\.name)
}
