// The rules for the types of a module: what they may refer to, which supertypes they may have, and that a declared
// subtype really is one.
//
// Source: WebAssembly 3.0, sections 3.2.8 to 3.2.11 (composite, recursive types) and 3.3 (matching).

import WebAssembly

extension ModuleValidator {
  /// Returns the canonical id of every type.
  mutating func validateTypes() throws(ModuleError) -> [UInt32] {
    // Declared supertypes above each type.
    var depths: [Int] = []
    depths.reserveCapacity(module.types.count)
    for group in module.recursiveGroups {
      if group.count != 1 || module.firstGroupOfOne == group.lowerBound {
        try require(.gc, .type(Int(group.lowerBound)))
      }
      for index in group {
        let type = module.types[Int(index)]
        let item = ModuleItem.type(Int(index))
        try checkComposite(type.composite, bound: group.upperBound, item)
        if !type.isFinal || !type.supertypes.isEmpty { try require(.gc, item) }
        if type.supertypes.count > 1 { throw fail(.subTypeMismatch, item, "more than one supertype") }
        guard let supertype = type.supertypes.first else {
          depths.append(0)
          continue
        }
        if supertype >= index { throw fail(.unknownType, item, "\(supertype)") }
        let depth = depths[Int(supertype)] + 1
        if depth > ImplementationLimits.subtypingDepth { throw exceeds("subtyping depth", item) }
        depths.append(depth)
      }
    }
    let ids = try canonicalizer.add(module.types, groups: module.recursiveGroups)
    for (index, type) in module.types.enumerated() {
      if let supertype = type.supertypes.first { try checkSupertype(type, Int(supertype), ids, .type(index)) }
    }
    return ids
  }

  /// `bound` is the end of the recursive group: no type may refer beyond it.
  private mutating func checkComposite(
    _ type: CompositeType, bound: UInt32, _ item: ModuleItem
  ) throws(ModuleError) {
    switch type {
    case .function(let function):
      if function.results.count > 1 { try require(.multiValue, item) }
      for type in function.parameters { try checkValueType(type, bound: bound, item) }
      for type in function.results { try checkValueType(type, bound: bound, item) }
    case .structure(let fields):
      try require(.gc, item)
      for field in fields { try checkField(field, bound: bound, item) }
    case .array(let field):
      try require(.gc, item)
      try checkField(field, bound: bound, item)
    }
  }

  private mutating func checkField(_ field: FieldType, bound: UInt32, _ item: ModuleItem) throws(ModuleError) {
    if case .value(let type) = field.storage { try checkValueType(type, bound: bound, item) }
  }

  mutating func checkValueType(_ type: ValueType, _ item: ModuleItem) throws(ModuleError) {
    try checkValueType(type, bound: UInt32(module.types.count), item)
  }

  private mutating func checkValueType(_ type: ValueType, bound: UInt32, _ item: ModuleItem) throws(ModuleError) {
    if type.isNumeric { return }
    for proposal in type.proposals { try require(proposal, item) }
    if type.isReference && type.heapType.isConcrete && type.heapType.typeIndex >= bound {
      throw fail(.unknownType, item, "\(type.heapType.typeIndex)")
    }
  }

  // MARK: Supertypes

  private func checkSupertype(
    _ type: SubType, _ supertype: Int, _ ids: [UInt32], _ item: ModuleItem
  ) throws(ModuleError) {
    let parent = module.types[supertype]
    if parent.isFinal { throw fail(.subTypeMismatch, item, "type \(supertype) is final") }
    if !matches(type.composite, parent.composite, ids) {
      throw fail(.subTypeMismatch, item, "does not match type \(supertype)")
    }
  }

  private func matches(_ sub: CompositeType, _ parent: CompositeType, _ ids: [UInt32]) -> Bool {
    switch (sub, parent) {
    case (.function(let sub), .function(let parent)):
      matches(parent.parameters, sub.parameters, ids) && matches(sub.results, parent.results, ids)
    case (.structure(let sub), .structure(let parent)):
      sub.count >= parent.count && zip(sub, parent).allSatisfy { matches($0, $1, ids) }
    case (.array(let sub), .array(let parent)): matches(sub, parent, ids)
    default: false
    }
  }

  private func matches(_ sub: [ValueType], _ parent: [ValueType], _ ids: [UInt32]) -> Bool {
    sub.count == parent.count && zip(sub, parent).allSatisfy { matches($0, $1, ids) }
  }

  private func matches(_ sub: ValueType, _ parent: ValueType, _ ids: [UInt32]) -> Bool {
    canonicalizer.table.matches(sub.canonical(ids), parent.canonical(ids))
  }

  /// A mutable field must have the very type of the supertype's, since both are written through; others may be
  /// subtypes.
  private func matches(_ sub: FieldType, _ parent: FieldType, _ ids: [UInt32]) -> Bool {
    if sub.isMutable != parent.isMutable { return false }
    switch (sub.storage, parent.storage) {
    case (.value(let sub), .value(let other)):
      return matches(sub, other, ids) && (!parent.isMutable || matches(other, sub, ids))
    default: return sub.storage == parent.storage
    }
  }
}
