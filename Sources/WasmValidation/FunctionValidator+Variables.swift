// Local and global variables, and the local declarations of a body.
//
// Source: WebAssembly 3.0, section 3.4 (variable instructions).

import WasmBinary
import WebAssembly

extension FunctionValidator {
  /// Reads the local declarations of `body`. Returns the range of its operators.
  mutating func beginLocals(_ body: FunctionBody, parameters: TypeList) throws(ModuleError) -> ByteRange {
    let types = UnsafeBufferPointer(start: tables.pool + Int(parameters.start), count: Int(parameters.count))
    locals.begin(parameters: types)
    var declarations = try LocalDeclarations(
      context.module.bytes.buffer, body: body, parameterCount: Int(parameters.count))
    instruction.offset = declarations.offset
    while let run = try declarations.next() {
      try checkType(run.type)
      locals.append(run.count, run.type)
      instruction.offset = declarations.offset
    }
    return declarations.operators
  }

  @inline(__always)
  private mutating func checkLocal(_ index: UInt32) throws(ModuleError) {
    if index >= locals.count { throw fail(.unknownLocal, "\(index)") }
  }

  @inline(__always)
  mutating func localGet(_ index: UInt32) throws(ModuleError) {
    try checkLocal(index)
    let type = locals[index]
    if !type.isDefaultable && !locals.isSet(index) { throw fail(.uninitializedLocal, "\(index)") }
    try push(type)
  }

  @inline(__always)
  mutating func localSet(_ index: UInt32) throws(ModuleError) {
    try checkLocal(index)
    let type = locals[index]
    try pop(type)
    if !type.isDefaultable { locals.markSet(index) }
  }

  @inline(__always)
  mutating func localTee(_ index: UInt32) throws(ModuleError) {
    try localSet(index)
    try push(locals[index])
  }

  mutating func global(_ index: UInt32) throws(ModuleError) -> GlobalEntry {
    if index >= tables.globalCount { throw fail(.unknownGlobal, "\(index)") }
    return tables.globals[Int(index)]
  }

  @inline(__always)
  mutating func globalGet(_ index: UInt32) throws(ModuleError) {
    try push(try global(index).type)
  }

  mutating func globalSet(_ index: UInt32) throws(ModuleError) {
    let global = try global(index)
    if !global.isMutable { throw fail(.immutableGlobal, "\(index)") }
    try pop(global.type)
  }
}
