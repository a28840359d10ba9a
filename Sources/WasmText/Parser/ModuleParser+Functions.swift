// Functions: type, locals, body.
//
// Source: WebAssembly 3.0, section 6.6.5.

import WasmBinary
import WebAssembly

extension ModuleParser {
  mutating func functionField() throws(TextError) {
    scope.beginFunction()
    let (index, isImport) = try beginField(.function)
    if isImport { return }
    let type = try typeUse(.bound)
    functions.append { $0.u32(type) }

    body.bytes.removeAll(keepingCapacity: true)
    try locals()
    isInFunction = true
    try instructions()
    isInFunction = false
    body.opcode(.end)
    code.append {
      $0.u32(UInt32(body.bytes.count))
      $0.append(body.bytes)
    }
    branchHints.endFunction(index)
    if options.emitsNames { names.endFunction(index, scope, identifiers) }
  }

  /// Local declarations, written as runs of equal types.
  private mutating func locals() throws(TextError) {
    var types: [ValueType] = []
    while try cursor.open(.local) { try declareValues(&types, binding: true) }
    var runs: [(count: UInt32, type: ValueType)] = []
    for type in types {
      if runs.last?.type == type { runs[runs.count - 1].count += 1 } else { runs.append((1, type)) }
    }
    body.vector(runs) {
      $0.u32($1.count)
      $0.valueType($1.type)
    }
  }
}
