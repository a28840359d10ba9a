// Throwing and catching.
//
// Source: WebAssembly 3.0, section 3.4 (throw, throw_ref, try_table).

import WasmBinary
import WebAssembly

extension FunctionValidator {
  /// The parameters of tag `index`.
  private mutating func tag(_ index: UInt32) throws(ModuleError) -> TypeList {
    if index >= tables.tagCount { throw fail(.unknownTag, "\(index)") }
    return tables.types[Int(tables.tags[Int(index)])].parameters
  }

  mutating func throwOperator(_ index: UInt32) throws(ModuleError) {
    try popList(try tag(index))
    setUnreachable()
  }

  mutating func throwRef() throws(ModuleError) {
    try pop(.exnref)
    setUnreachable()
  }

  mutating func tryTable() throws(ModuleError) {
    let (parameters, results) = try signature(instruction.blockType)
    try popList(parameters)
    var clauses = reader.vector(of: instruction)
    for _ in 0..<instruction.a { try checkCatch(try clauses.catchClause()) }
    try enter(.tryTable, parameters: parameters, results: results)
  }

  /// What a clause passes on must be what its label takes. Labels are those outside the `try_table`.
  private mutating func checkCatch(_ clause: CatchClause) throws(ModuleError) {
    let values = try clause.tag.map { (index) throws(ModuleError) in try tag(index) } ?? .empty
    var label = try frame(ofLabel: clause.label).pointee.labelTypes
    if clause.passesReference {
      guard label.count > 0 else { throw fail(.typeMismatch, "the label of a catch clause takes no exception") }
      label.count -= 1
      let last = tables.pool[Int(label.start) + Int(label.count)]
      let exception = ValueType.ref(.exn, nullable: false)
      if !tables.matches(exception, last) { throw mismatch(last, exception) }
    }
    if !tables.matches(values, label) {
      throw fail(.typeMismatch, "the label of a catch clause takes other values than the exception has")
    }
  }
}
