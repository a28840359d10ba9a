// What the Internet Computer's replica demands of a canister's module beyond validity: imports and exports, counts and
// sizes, forbidden operators, custom sections. Where versions of the replica differ, the newer or more permissive rule
// is taken: code sections of 12 MiB (11 before), tables of functions only, a limit on function names.
//
// Source: the Internet Computer interface specification 0.66.0, "Canister module format"; dfinity/ic,
// rs/embedders/src/wasm_utils/{validation,decoding,instrumentation}.rs and rs/config/src/embedders.rs.

import WasmBinary
import WebAssembly

/// The limits on canister modules.
public enum CanisterLimits {
  /// Bytes of the module, inflated.
  public static let moduleSize = 100 << 20
  /// Bytes of the code section.
  public static let codeSectionSize = 12 << 20
  /// 64 KiB pages that a memory may have at first: 4 GiB and 6 GiB.
  public static let initialPages32: UInt64 = 65_536
  public static let initialPages64: UInt64 = 98_304
  public static let tableElements: UInt64 = 1_000_000
  /// Functions that the module defines.
  public static let functions = 50_000
  public static let globals = 1_000
  /// Exported update, query and composite query methods, and the bytes of all their names.
  public static let methods = 1_000
  public static let methodNameBytes = 20_000
  /// Of each function: operators with the closing `end`, the sum of their complexities, bytes of its name.
  public static let operators = 1_000_000
  public static let complexity = 1_000_000
  public static let functionNameBytes = 1 << 20
}

/// Checks that a valid module can be installed as a canister. `info` is what `validate` returned for `module`.
///
/// Throws a `ModuleError` of the kind `unsupported` with reason `canisterRequirement` for the first rule that is
/// broken. Linear in the size of the module.
public func validateCanister(_ module: Module, _ info: ValidationInfo) throws(ModuleError) {
  let requirements = CanisterRequirements(module: module, info: info)
  try requirements.checkSizes()
  try requirements.checkProposals()
  try requirements.checkImports()
  try requirements.checkExports()
  try requirements.checkStorage()
  try requirements.checkData()
  try requirements.checkFunctions()
  try requirements.checkCustomSections()
}

/// Checks the file in which a canister's module came: the size that ends a compressed one must be that of the module. A file
/// of several members, of which the replica would read the first only, has another.
///
/// Throws a `ModuleError` of the kind `unsupported` with reason `canisterRequirement`; its offset is one in `input`.
public func checkCanisterCompression(_ input: ModuleBytes, inflated: ModuleBytes) throws(ModuleError) {
  let file = input.buffer
  guard file.count >= 18, file[0] == 0x1F, file[1] == 0x8B else { return }
  let size = UInt32(littleEndian: file.loadUnaligned(fromByteOffset: file.count - 4, as: UInt32.self))
  if UInt64(size) == UInt64(inflated.count) { return }
  throw ModuleError(
    .unsupported, .canisterRequirement, offset: file.count - 4,
    detail: "the compressed file ends with the size \(size), but inflates to \(inflated.count) bytes")
}

struct CanisterRequirements {
  let module: Module
  let info: ValidationInfo

  /// Whether the canister has a 64-bit memory; without a memory it counts as one with 32 bits.
  var is64: Bool { info.spaces.memories.first?.limits.address == .i64 }

  func fail(_ detail: String, at item: ModuleItem) -> ModuleError {
    fail(detail, offset: module.offset(of: item), section: item.section)
  }

  private func fail(
    _ detail: String, offset: Int, section: SectionId? = nil, function: UInt32? = nil
  ) -> ModuleError {
    ModuleError(
      .unsupported, .canisterRequirement, offset: offset, section: section, function: function, detail: detail)
  }

  func functionType(_ typeIndex: UInt32) -> FunctionType {
    guard case .function(let type) = module.types[Int(typeIndex)].composite else {
      preconditionFailure("validation has checked that the type is a function's")
    }
    return type
  }

  // MARK: Sizes and proposals

  func checkSizes() throws(ModuleError) {
    if module.bytes.count > CanisterLimits.moduleSize {
      throw fail("\(module.bytes.count) bytes, at most \(CanisterLimits.moduleSize) are accepted", offset: 0)
    }
    if let code = module.codeSection, code.count > CanisterLimits.codeSectionSize {
      throw fail(
        "a code section of \(code.count) bytes, at most \(CanisterLimits.codeSectionSize) are accepted",
        offset: code.start, section: .code)
    }
  }

  func checkProposals() throws(ModuleError) {
    let refused = info.usedProposals.subtracting(.icp)
    for proposal in Proposal.allCases where refused.contains(Features(proposal)) {
      let body = info.functions.firstIndex { $0.usedProposals.contains(Features(proposal)) }
      let function = body.map { UInt32(info.spaces.importedFunctionCount + $0) }
      let offset = body.map { module.bodies[$0].range.start } ?? 0
      throw fail(
        "the proposal \(proposal.name) is not available", offset: offset, section: body == nil ? nil : .code,
        function: function)
    }
  }

  // MARK: Imports

  func checkImports() throws(ModuleError) {
    for (index, entry) in module.imports.enumerated() {
      let item = ModuleItem.import(index)
      switch entry.description {
      case .function(let type): try checkFunctionImport(entry, functionType(type), item)
      case .memory, .table:
        // Nothing provides them: such a module passes here and cannot be linked. The replica does the same.
        let name = entry.description.kind == .memory ? "memory" : "table"
        if ExactName(entry.name) == ExactName(name) && ExactName(entry.module) != ExactName("env") {
          throw fail("'\(name)' can be imported from 'env' only, not from '\(entry.module)'", at: item)
        }
      case .global: throw fail("globals cannot be imported", at: item)
      case .tag: throw fail("tags cannot be imported", at: item)
      }
    }
  }

  private func checkFunctionImport(
    _ entry: Import, _ type: FunctionType, _ item: ModuleItem
  ) throws(ModuleError) {
    let known = SystemCall.named(entry.name)
    guard let known, let want = known.type(is64: is64) else {
      let why = known == nil ? "is not a function of the System API" : "is not available with 64-bit memory"
      throw fail("'\(entry.name)' \(why)", at: item)
    }
    if ExactName(entry.module) != ExactName(SystemCall.module) {
      throw fail("'\(entry.name)' is imported from '\(entry.module)' instead of 'ic0'", at: item)
    }
    if type != want { throw fail("'\(entry.name)' has type \(want.text), not \(type.text)", at: item) }
  }

  // MARK: Memories, tables, globals

  func checkStorage() throws(ModuleError) {
    if info.spaces.memories.count > 1 { throw fail("more than one memory", at: .memory(0)) }
    for memory in info.spaces.memories {
      let limit = is64 ? CanisterLimits.initialPages64 : CanisterLimits.initialPages32
      if memory.limits.minimum > limit {
        throw fail("an initial memory of \(memory.limits.minimum) pages, at most \(limit) are accepted", at: .memory(0))
      }
    }
    if info.spaces.tables.count > 1 { throw fail("more than one table", at: .table(0)) }
    for table in info.spaces.tables {
      if table.element != .funcref { throw fail("a table of \(table.element); it must be of funcref", at: .table(0)) }
      if table.limits.minimum > CanisterLimits.tableElements {
        throw fail(
          "a table of \(table.limits.minimum) elements, at most \(CanisterLimits.tableElements) are accepted",
          at: .table(0))
      }
    }
    if info.spaces.globals.count > CanisterLimits.globals {
      throw fail(
        "\(info.spaces.globals.count) globals, at most \(CanisterLimits.globals) are accepted",
        at: .global(0))
    }
    for (index, global) in module.globals.enumerated() where global.type.value.isReference {
      throw fail("a global of type \(global.type.value); it must be a number or a vector", at: .global(index))
    }
  }

  // MARK: Data segments

  /// Active segments must lie at a constant place inside of the initial memory.
  func checkData() throws(ModuleError) {
    for (index, segment) in module.data.enumerated() {
      guard case .active(_, let expression) = segment.mode else { continue }
      let item = ModuleItem.data(index)
      guard let offset = try constantOffset(expression) else {
        throw fail("the offset of an active segment must be a single \(is64 ? "i64" : "i32").const", at: item)
      }
      let size = (info.spaces.memories.first?.limits.minimum ?? 0) * MemoryType.pageSize
      if offset > size || UInt64(segment.bytes.count) > size - offset {
        throw fail(
          "\(segment.bytes.count) bytes at \(offset) do not fit the initial memory of \(size) bytes", at: item)
      }
    }
  }

  /// The value of an expression of one constant, as an unsigned address; `nil` for any other.
  private func constantOffset(_ expression: ConstantExpression) throws(ModuleError) -> UInt64? {
    var reader = InstructionReader(module.bytes.buffer, range: expression.range)
    var constant = Instruction()
    try reader.next(&constant)
    guard constant.opcode == (is64 ? .i64Const : .i32Const) else { return nil }
    var last = Instruction()
    try reader.next(&last)
    return last.opcode == .end ? constant.value : nil
  }

  // MARK: Functions

  func checkFunctions() throws(ModuleError) {
    if module.functions.count > CanisterLimits.functions {
      throw fail(
        "\(module.functions.count) functions, at most \(CanisterLimits.functions) are accepted", at: .function(0))
    }
    for (index, body) in module.bodies.enumerated() { try checkBody(index, body) }
    for entry in NameSection(module).functions where entry.name.utf8.count > CanisterLimits.functionNameBytes {
      throw fail(
        "the name of function \(entry.index) is longer than \(CanisterLimits.functionNameBytes) bytes", offset: 0,
        section: .custom, function: entry.index)
    }
  }

  private func checkBody(_ index: Int, _ body: FunctionBody) throws(ModuleError) {
    let function = UInt32(info.spaces.importedFunctionCount + index)
    let operators = try LocalDeclarations(module.bytes.buffer, body: body).operators
    var reader = InstructionReader(module.bytes.buffer, range: operators)
    var instruction = Instruction()
    var complexity = 0
    while !reader.isAtEnd {
      try reader.next(&instruction)
      if instruction.opcode.isForbiddenInCanisters {
        throw fail(
          "the operator \(instruction.opcode.mnemonic) is not available", offset: instruction.offset, section: .code,
          function: function)
      }
      complexity += Int(instruction.opcode.complexity)
    }
    if complexity > CanisterLimits.complexity {
      throw fail(
        "a complexity of \(complexity), at most \(CanisterLimits.complexity) is accepted", offset: body.range.start,
        section: .code, function: function)
    }
    let count = Int(info.functions[index].operatorCount)
    if count > CanisterLimits.operators {
      throw fail(
        "\(count) operators, at most \(CanisterLimits.operators) are accepted", offset: body.range.start,
        section: .code, function: function)
    }
  }

  func checkCustomSections() throws(ModuleError) {
    if let violation = CanisterMetadata(module).violation { throw violation }
  }
}

extension FunctionType {
  /// The type as errors show it.
  var text: String {
    func list(_ types: [ValueType]) -> String { "(" + types.map(\.description).joined(separator: ", ") + ")" }
    return "\(list(parameters)) -> \(list(results))"
  }
}
