// Types, and the uses of them.
//
// Source: WebAssembly 3.0, section 6.4.

import WebAssembly

extension ModulePrinter {
  mutating func types() {
    for group in module.recursiveGroups {
      if group.count == 1 {
        typeDefinition(group.lowerBound)
        continue
      }
      output.newLine()
      output.append("(rec")
      output.depth += 1
      for index in group { typeDefinition(index) }
      output.depth -= 1
      output.append(")")
    }
  }

  private mutating func typeDefinition(_ index: UInt32) {
    let type = module.types[Int(index)]
    field("type") {
      $0.binder(.type, index)
      let isPlain = type.isFinal && type.supertypes.isEmpty
      if !isPlain {
        $0.output.append(type.isFinal ? " (sub final" : " (sub")
        for supertype in type.supertypes { $0.reference(.type, supertype) }
      }
      $0.compositeType(type.composite, index)
      if !isPlain { $0.output.append(")") }
    }
  }

  private mutating func compositeType(_ type: CompositeType, _ index: UInt32) {
    switch type {
    case .function(let function):
      output.append(" (func")
      valueTypes("param", function.parameters)
      valueTypes("result", function.results)
    case .structure(let fields):
      output.append(" (struct")
      let names = fieldNames[index] ?? PrintedNames()
      for (number, field) in fields.enumerated() {
        output.append(" (field")
        binder(names, UInt32(number), showsIndex: false)
        fieldType(field)
        output.append(")")
      }
    case .array(let field):
      output.append(" (array")
      fieldType(field)
    }
    output.append(")")
  }

  private mutating func fieldType(_ field: FieldType) {
    if field.isMutable { output.append(" (mut") }
    switch field.storage {
    case .i8: output.append(" i8")
    case .i16: output.append(" i16")
    case .value(let type): valueType(type)
    }
    if field.isMutable { output.append(")") }
  }

  // MARK: Value types

  /// A space and the type.
  mutating func valueType(_ type: ValueType) {
    guard type.isReference, !type.isNullable || type.heapType.isConcrete else {
      output.append(" " + type.description)
      return
    }
    output.append(type.isNullable ? " (ref null" : " (ref")
    heapType(type.heapType)
    output.append(")")
  }

  /// A space and the reference type in its long form.
  mutating func heapType(_ type: HeapType) {
    if type.isConcrete {
      reference(.type, type.typeIndex)
    } else {
      output.append(" " + type.description)
    }
  }

  /// `(keyword type …)` after a space; nothing if there are no types.
  mutating func valueTypes(_ keyword: String, _ types: some Collection<ValueType>) {
    if types.isEmpty { return }
    output.append(" (" + keyword)
    for type in types { valueType(type) }
    output.append(")")
  }

  /// The same, but each one that has a name stands alone with it. `first` is the index of the first.
  mutating func valueTypes(_ keyword: String, _ types: [ValueType], _ names: PrintedNames, first: UInt32 = 0) {
    var start = 0
    for (position, type) in types.enumerated() {
      let index = first + UInt32(position)
      if !names.has(index) { continue }
      valueTypes(keyword, types[start..<position])
      start = position + 1
      output.append(" (" + keyword)
      binder(names, index, showsIndex: false)
      valueType(type)
      output.append(")")
    }
    valueTypes(keyword, types[start...])
  }

  // MARK: Type uses

  /// The function type with index `index`, if it is one.
  func functionType(_ index: UInt32) -> FunctionType? {
    guard index < module.types.count, case .function(let type) = module.types[Int(index)].composite else { return nil }
    return type
  }

  /// `(type …)`, and, to be read more easily, the signature.
  mutating func typeUse(_ index: UInt32, parameters names: PrintedNames = PrintedNames()) {
    output.append(" (type")
    reference(.type, index)
    output.append(")")
    // A type takes about this much text; names of parameters have no other place.
    guard let type = functionType(index), !names.isEmpty || spend(16 * (type.parameters.count + type.results.count))
    else { return }
    valueTypes("param", type.parameters, names)
    valueTypes("result", type.results)
  }

  mutating func limits(_ limits: Limits) {
    if limits.address == .i64 { output.append(" i64") }
    output.append(" ")
    output.decimal(limits.minimum)
    if let maximum = limits.maximum {
      output.append(" ")
      output.decimal(maximum)
    }
  }

  mutating func tableType(_ type: TableType) {
    limits(type.limits)
    valueType(type.element)
  }

  mutating func globalType(_ type: GlobalType) {
    if type.isMutable { output.append(" (mut") }
    valueType(type.value)
    if type.isMutable { output.append(")") }
  }
}
