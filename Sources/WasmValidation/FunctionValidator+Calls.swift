// Calls and tail calls.
//
// Source: WebAssembly 3.0, section 3.4 (call, call_ref, call_indirect and their return_ forms).

import WebAssembly

extension FunctionValidator {
  @inline(__always)
  private mutating func call(_ type: TypeEntry) throws(ModuleError) {
    try popList(type.parameters)
    try pushList(type.results)
  }

  private mutating func tailCall(_ type: TypeEntry) throws(ModuleError) {
    try popList(type.parameters)
    if !tables.matches(type.results, frames[0].results) {
      throw fail(
        .typeMismatch, "\(instruction.opcode.mnemonic): the results of the callee are not those of the function")
    }
    setUnreachable()
  }

  @inline(__always)
  private mutating func functionEntry(_ index: UInt32) throws(ModuleError) -> TypeEntry {
    if index >= tables.functionCount { throw fail(.unknownFunction, "\(index)") }
    return tables.types[Int(tables.functions[Int(index)])]
  }

  @inline(__always)
  mutating func call(_ function: UInt32) throws(ModuleError) { try call(try functionEntry(function)) }

  mutating func returnCall(_ function: UInt32) throws(ModuleError) { try tailCall(try functionEntry(function)) }

  /// Pops the index operand of an indirect call and returns the callee's type.
  private mutating func indirectCallee() throws(ModuleError) -> TypeEntry {
    let table = try table(instruction.b)
    if !tables.matches(table.element, .funcref) {
      throw fail(
        .typeMismatch,
        "\(instruction.opcode.mnemonic) needs a table of functions but table \(instruction.b) has \(table.element)")
    }
    let type = try functionType(instruction.a)
    try pop(table.address)
    return type
  }

  mutating func callIndirect() throws(ModuleError) {
    try call(try indirectCallee())
  }

  mutating func returnCallIndirect() throws(ModuleError) {
    try tailCall(try indirectCallee())
  }

  private mutating func referencedCallee(_ index: UInt32) throws(ModuleError) -> TypeEntry {
    let type = try functionType(index)
    try pop(.ref(.concrete(index), nullable: true))
    return type
  }

  mutating func callRef(_ type: UInt32) throws(ModuleError) { try call(try referencedCallee(type)) }

  mutating func returnCallRef(_ type: UInt32) throws(ModuleError) { try tailCall(try referencedCallee(type)) }
}
