// The rules for everything but function bodies, in the order in which later parts need earlier ones: types (in
// ModuleValidator+Types.swift), index spaces, constant expressions, segments, exports, start.
//
// Source: WebAssembly 3.0, sections 3.2 (types) and 3.5 (modules).

import WebAssembly

struct ModuleValidator {
  let module: Module
  let features: Features
  let spaces: IndexSpaces
  /// The proposals used so far.
  var used: Features = .mvp
  let canonicalizer = TypeCanonicalizer()

  init(_ module: Module, _ features: Features) {
    self.module = module
    self.features = features
    spaces = IndexSpaces(module)
  }

  mutating func validate() throws(ModuleError) -> ValidationContext {
    let canonicalTypes = try validateTypes()
    try validateIndexSpaces()
    let context = ValidationContext(
      module: module, spaces: spaces, features: features, canonicalizer: canonicalizer, ids: canonicalTypes)
    var validator = FunctionValidator(context)
    try validateGlobals(&validator)
    try validateTables(&validator)
    try validateElements(&validator)
    try validateData(&validator)
    try validateExports(context)
    try validateStart()
    context.usedProposals = used
    return context
  }

  // MARK: Errors

  /// An error in `item` of the module.
  func fail(_ reason: ModuleErrorReason, _ item: ModuleItem, _ detail: String? = nil) -> ModuleError {
    let text = detail.map { "\(item): \($0)" } ?? "\(item)"
    return ModuleError(.invalid, reason, offset: module.offset(of: item), section: item.section, detail: text)
  }

  func exceeds(_ limit: String, _ item: ModuleItem) -> ModuleError {
    ModuleError(
      .limit, .limitExceeded, offset: module.offset(of: item), section: item.section, detail: "\(item): \(limit)")
  }

  mutating func require(
    _ proposal: Proposal, _ item: ModuleItem, orThrow reason: ModuleErrorReason = .featureDisabled
  ) throws(ModuleError) {
    if !features.contains(Features(proposal)) { throw fail(reason, item, proposal.name) }
    used.insert(Features(proposal))
  }

  // MARK: Index spaces

  private mutating func validateIndexSpaces() throws(ModuleError) {
    var seen = (tables: 0, memories: 0)
    for (index, entry) in module.imports.enumerated() {
      let item = ModuleItem.import(index)
      switch entry.description {
      case .function(let type): try checkFunctionType(type, item)
      case .table(let type):
        try checkTable(type, number: seen.tables, item)
        seen.tables += 1
      case .memory(let type):
        try checkMemory(type, number: seen.memories, item)
        seen.memories += 1
      case .global(let type):
        try checkValueType(type.value, item)
        if type.isMutable { try require(.mutableGlobal, item) }
      case .tag(let type): try checkTag(type, item)
      }
    }
    for (index, type) in module.functions.enumerated() { try checkFunctionType(type, .function(index)) }
    for (index, table) in module.tables.enumerated() {
      try checkTable(table.type, number: seen.tables + index, .table(index))
    }
    for (index, type) in module.memories.enumerated() {
      try checkMemory(type, number: seen.memories + index, .memory(index))
    }
    if module.hasTagSection { try require(.exceptions, .tag(0)) }
    for (index, type) in module.tags.enumerated() { try checkTag(type, .tag(index)) }
    for (index, global) in module.globals.enumerated() { try checkValueType(global.type.value, .global(index)) }
  }

  /// The function type with index `type`, which must exist and be one.
  @discardableResult
  private func checkFunctionType(_ type: UInt32, _ item: ModuleItem) throws(ModuleError) -> FunctionType {
    if Int(type) >= module.types.count { throw fail(.unknownType, item, "\(type)") }
    guard case .function(let function) = module.types[Int(type)].composite else {
      throw fail(.nonFunctionType, item, "type \(type)")
    }
    return function
  }

  private mutating func checkTag(_ type: UInt32, _ item: ModuleItem) throws(ModuleError) {
    try require(.exceptions, item)
    if !(try checkFunctionType(type, item).results.isEmpty) { throw fail(.nonEmptyTagResult, item) }
  }

  /// `number` counts the module's memories from 0.
  private mutating func checkMemory(_ type: MemoryType, number: Int, _ item: ModuleItem) throws(ModuleError) {
    if number > 0 { try require(.multiMemory, item, orThrow: .multipleMemories) }
    let is64 = type.limits.address == .i64
    if is64 { try require(.memory64, item) }
    let bound: UInt64 = is64 ? 1 << 48 : 1 << 16
    try checkLimits(type.limits, bound: bound, is64 ? .memory64SizeLimit : .memorySizeLimit, item)
  }

  /// `number` counts the module's tables from 0.
  private mutating func checkTable(_ type: TableType, number: Int, _ item: ModuleItem) throws(ModuleError) {
    if number > 0 { try require(.referenceTypes, item, orThrow: .multipleTables) }
    // The first version had tables of functions already.
    if type.element != .funcref { try checkValueType(type.element, item) }
    let is64 = type.limits.address == .i64
    if is64 { try require(.memory64, item) }
    try checkLimits(type.limits, bound: is64 ? .max : UInt64(UInt32.max), .tableSizeLimit, item)
  }

  private func checkLimits(
    _ limits: Limits, bound: UInt64, _ reason: ModuleErrorReason, _ item: ModuleItem
  ) throws(ModuleError) {
    if limits.minimum > bound { throw fail(reason, item, "minimum \(limits.minimum)") }
    guard let maximum = limits.maximum else { return }
    if maximum > bound { throw fail(reason, item, "maximum \(maximum)") }
    if limits.minimum > maximum {
      throw fail(.sizeMinimumGreaterThanMaximum, item, "\(limits.minimum) and \(maximum)")
    }
  }

  // MARK: Constant expressions

  private mutating func validateConstant(
    _ expression: ConstantExpression, _ type: ValueType, visibleGlobals: Int, _ item: ModuleItem,
    _ validator: inout FunctionValidator
  ) throws(ModuleError) {
    do throws(ModuleError) {
      used.formUnion(try validator.validateConstant(expression, type: type, visibleGlobals: visibleGlobals))
    } catch { throw error.located(in: item.section) }
  }

  private mutating func validateGlobals(_ validator: inout FunctionValidator) throws(ModuleError) {
    for (index, global) in module.globals.enumerated() {
      // A global sees those before it.
      let visible = spaces.importedGlobalCount + index
      try validateConstant(
        global.initializer, global.type.value, visibleGlobals: visible, .global(index), &validator)
    }
  }

  private mutating func validateTables(_ validator: inout FunctionValidator) throws(ModuleError) {
    for (index, table) in module.tables.enumerated() {
      if let initializer = table.initializer {
        try require(.functionReferences, .table(index))
        // Tables come before globals, so only imported ones exist.
        try validateConstant(
          initializer, table.type.element, visibleGlobals: spaces.importedGlobalCount, .table(index), &validator)
      } else if !table.type.element.isDefaultable {
        throw fail(.typeMismatch, .table(index), "\(table.type.element) needs an initial value")
      }
    }
  }

  private mutating func validateElements(_ validator: inout FunctionValidator) throws(ModuleError) {
    let tables = validator.tables
    for (index, segment) in module.elements.enumerated() {
      let item = ModuleItem.element(index)
      // Segments that list functions, those of the first version, don't write their type.
      if case .expressions = segment.items, segment.type != .funcref { try checkValueType(segment.type, item) }
      switch segment.mode {
      case .passive: try require(.bulkMemory, item)
      case .declarative: try require(.referenceTypes, item)
      case .active(let table, let offset):
        if Int(table) >= spaces.tables.count { throw fail(.unknownTable, item, "\(table)") }
        let type = spaces.tables[Int(table)]
        if !tables.matches(segment.type, type.element) {
          throw fail(.typeMismatch, item, "\(segment.type) into a table of \(type.element)")
        }
        try validateOffset(offset, type.limits.address, item, &validator)
      }
      switch segment.items {
      case .functions(let list):
        for function in list {
          if function >= tables.functionCount { throw fail(.unknownFunction, item, "\(function)") }
          tables.declare(function)
        }
      case .expressions(let list):
        try require(.bulkMemory, item)
        for expression in list {
          try validateConstant(
            expression, segment.type, visibleGlobals: spaces.globals.count, item, &validator)
        }
      }
    }
  }

  private mutating func validateData(_ validator: inout FunctionValidator) throws(ModuleError) {
    if module.dataCount != nil { try require(.bulkMemory, .dataCount) }
    for (index, segment) in module.data.enumerated() {
      let item = ModuleItem.data(index)
      switch segment.mode {
      case .passive: try require(.bulkMemory, item)
      case .declarative: preconditionFailure("a data segment is not declarative")
      case .active(let memory, let offset):
        if Int(memory) >= spaces.memories.count { throw fail(.unknownMemory, item, "\(memory)") }
        try validateOffset(offset, spaces.memories[Int(memory)].limits.address, item, &validator)
      }
    }
  }

  private mutating func validateOffset(
    _ offset: ConstantExpression, _ address: AddressType, _ item: ModuleItem, _ validator: inout FunctionValidator
  ) throws(ModuleError) {
    try validateConstant(offset, address.valueType, visibleGlobals: spaces.globals.count, item, &validator)
  }

  // MARK: Exports and start

  private mutating func validateExports(_ context: ValidationContext) throws(ModuleError) {
    var names = Set<ExactName>(minimumCapacity: module.exports.count)
    for (index, export) in module.exports.enumerated() {
      let item = ModuleItem.export(index)
      let (count, reason): (Int, ModuleErrorReason) =
        switch export.kind {
        case .function: (spaces.functions.count, .unknownFunction)
        case .table: (spaces.tables.count, .unknownTable)
        case .memory: (spaces.memories.count, .unknownMemory)
        case .global: (spaces.globals.count, .unknownGlobal)
        case .tag: (spaces.tags.count, .unknownTag)
        }
      if Int(export.index) >= count { throw fail(reason, item, "\(export.index)") }
      if export.kind == .function { context.tables.declare(export.index) }
      if export.kind == .global && spaces.globals[Int(export.index)].isMutable { try require(.mutableGlobal, item) }
      if !names.insert(ExactName(export.name)).inserted {
        throw fail(.duplicateExport, item, "\"\(export.name)\"")
      }
    }
  }

  private func validateStart() throws(ModuleError) {
    guard let start = module.start else { return }
    if Int(start) >= spaces.functions.count { throw fail(.unknownFunction, .start, "\(start)") }
    let type = try checkFunctionType(spaces.functions[Int(start)], .start)
    if !type.parameters.isEmpty || !type.results.isEmpty {
      throw fail(.startFunctionType, .start, "function \(start) has parameters or results")
    }
  }
}
