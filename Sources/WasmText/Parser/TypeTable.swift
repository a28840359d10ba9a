// The types of a module while it is parsed: those that it defines, and after them those that its type uses add.
//
// Source: WebAssembly 3.0, sections 6.4 and 6.6.4.

import WasmBinary
import WebAssembly

struct TypeTable {
  private(set) var types: [SubType] = []
  private var groups: [Range<Int>] = []
  /// The first type that is a function type, final, without supertypes and alone in its recursive group.
  private var functions: [FunctionType: UInt32] = [:]
  private struct FieldKey: Hashable {
    var type: UInt32
    var identifier: Identifier
  }
  private var fields: [FieldKey: UInt32] = [:]
  /// Field names by type, both by growing index.
  private(set) var fieldNames: [(type: UInt32, names: [NameAssociation])] = []

  var count: UInt32 { UInt32(types.count) }

  /// Adds a type to the group that `endGroup` will close.
  mutating func append(_ type: SubType) { types.append(type) }

  /// Makes a recursive group of all types since the last one.
  mutating func endGroup() {
    let start = groups.last?.upperBound ?? 0
    groups.append(start..<types.count)
    guard types.count - start == 1, types[start].isFinal, types[start].supertypes.isEmpty,
      case .function(let type) = types[start].composite, functions[type] == nil
    else { return }
    functions[type] = UInt32(start)
  }

  /// The index of `type`, which is added at the end if the module has no such type yet.
  mutating func index(of type: FunctionType) -> UInt32 {
    if let index = functions[type] { return index }
    append(SubType(composite: .function(type)))
    endGroup()
    return count - 1
  }

  /// The function type with index `index`; nil if that is another kind of type or none yet.
  func function(_ index: UInt32) -> FunctionType? {
    guard index < count, case .function(let type) = types[Int(index)].composite else { return nil }
    return type
  }

  /// Names field `field` of the type that will be appended next. Returns false if that has such a field.
  mutating func defineField(_ field: UInt32, _ identifier: Identifier, name: Identifier) -> Bool {
    if name != .none {
      if fieldNames.last?.type == count {
        fieldNames[fieldNames.count - 1].names.append((field, name))
      } else {
        fieldNames.append((count, [(field, name)]))
      }
    }
    if identifier == .none { return true }
    return fields.updateValue(field, forKey: FieldKey(type: count, identifier: identifier)) == nil
  }

  func field(_ identifier: Identifier, of type: UInt32) -> UInt32? {
    fields[FieldKey(type: type, identifier: identifier)]
  }

  /// The contents of the type section; empty if there are no types.
  func section() -> SectionContents {
    var section = SectionContents()
    for group in groups { section.append { $0.recursiveType(types[group]) } }
    return section
  }
}
