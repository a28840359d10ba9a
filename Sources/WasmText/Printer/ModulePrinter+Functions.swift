// Functions: header, locals, and one line for each instruction.
//
// Source: WebAssembly 3.0, section 6.6.5.

import WasmBinary
import WebAssembly

extension ModulePrinter {
  /// The text lists every local, but a few bytes declare thousands: a module may declare this many in all.
  private static let maximumLocals: UInt64 = 10_000_000

  mutating func functions() throws(ModuleError) {
    try checkLocals()
    for (position, body) in module.bodies.enumerated() {
      let index = UInt32(spaces.importedFunctionCount + position)
      do throws(ModuleError) {
        try field("func") { (printer) throws(ModuleError) in
          try printer.function(index, type: printer.module.functions[position], body)
        }
      } catch { throw error.located(in: .code, function: index) }
    }
  }

  private func checkLocals() throws(ModuleError) {
    var total: UInt64 = 0
    for body in module.bodies {
      total += try LocalDeclarations(module.bytes.buffer, body: body).total
      if total > ModulePrinter.maximumLocals {
        let detail = "\(total) locals, at most \(ModulePrinter.maximumLocals) are printed"
        throw ModuleError(.limit, .limitExceeded, offset: body.range.start, section: .code, detail: detail)
      }
    }
  }

  private mutating func function(_ index: UInt32, type: UInt32, _ body: FunctionBody) throws(ModuleError) {
    binder(.function, index)
    let parameterCount = functionType(type)?.parameters.count ?? 0
    var locals = try LocalDeclarations(module.bytes.buffer, body: body, parameterCount: parameterCount)
    let localNames = sectionNames.locals.names(of: index)
    let names =
      localNames.isEmpty ? PrintedNames() : PrintedNames(localNames, count: parameterCount + Int(locals.total))
    typeUse(type, parameters: names)
    output.depth = 2
    try self.locals(&locals, names, first: UInt32(parameterCount))
    var printer = BodyPrinter(
      InstructionReader(module.bytes.buffer, range: locals.operators), locals: names,
      labels: sectionNames.labels.names(of: index))
    while try printer.read(&self) {
      output.depth = 2 + printer.depth
      output.newLine()
      try printer.print(&self)
    }
    output.depth = 1
    output.newLine()
  }

  private mutating func locals(
    _ declarations: inout LocalDeclarations, _ names: PrintedNames, first: UInt32
  ) throws(ModuleError) {
    if declarations.total == 0 { return }
    var types: [ValueType] = []
    while let run = try declarations.next() { types.append(contentsOf: repeatElement(run.type, count: Int(run.count))) }
    output.newLine()
    // Without the space that separates it from what stands before on the line.
    var line = TextWriter()
    swap(&line, &output)
    valueTypes("local", types, names, first: first)
    swap(&line, &output)
    output.append(line.bytes.dropFirst())
  }
}
