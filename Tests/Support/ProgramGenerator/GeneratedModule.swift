// Random modules that are valid, do a lot before they trap, and exercise control flow, locals, memory, tables and calls:
// input for comparing two executions of the same program. The same seed gives the same bytes everywhere.
//
// Functions are exported as `f0`, `f1`, …, memories as `m0` and `m1`, tables as `t0` and so on, globals as `g0` and so on.
// Loops and recursion need not end: whoever executes sets limits.

import WebAssembly

/// What generated modules may contain.
public struct ProgramShape: Sendable {
  /// About how many operators a function has.
  public var functionSize = 120
  public var functions = 4
  /// Functions of a few operators behind them, which compilers may put in place of calls.
  public var smallFunctions = 2
  /// Whether the first memory has 64-bit addresses; `nil` leaves it to chance.
  public var hasWideMemory: Bool?
  /// Values of type v128 and operators on them.
  public var hasVectors = false
  /// References as values, tables of external references and with 64-bit indices, and operators on ranges of tables.
  public var hasReferences = false
  /// Functions that are imported as `host`.`h0`, `host`.`h1`, ….
  public var hostFunctions = 0
  /// The most parameters that a function has; results are at most as many.
  public var arity = 3
  /// Locals of each function beside the few that it always has.
  public var extraLocals = 0
  /// The most operands that stay on the stack while other statements execute.
  public var operandDepth = 0
  public init() {}

  /// A shape that follows from `seed`: over many seeds everything comes up, in small functions and in large ones.
  public init(variedBy seed: UInt64) {
    var random = Random(seed: seed ^ 0x5EED)
    functionSize = random.pick([30, 60, 120, 400])
    functions = 2 + random.below(5)
    smallFunctions = random.pick([0, 2, 2, 5])
    hasVectors = random.chance(1, in: 2)
    hasReferences = random.chance(1, in: 2)
    hostFunctions = random.pick([0, 0, 2, 4])
    arity = random.pick([2, 3, 3, 12])
    extraLocals = random.pick([0, 0, 10, 300])
    operandDepth = random.pick([0, 3, 20, 60])
    if random.chance(1, in: 40) { functionSize = 4000 }
  }
}

/// A generated module, in binary form.
public struct GeneratedModule: Sendable {
  public var bytes: [UInt8]
  /// The types of the functions that the module defines, in the order of their exports.
  public var functions: [FunctionType]
  /// The types of the host's functions.
  public let hostFunctions: [FunctionType]
  let layout: ModuleLayout

  /// With `provider`, the module imports all functions, memories, tables and globals of that one from the module `a`, and
  /// writes some of its own functions to that one's table. The two have the same kinds of values.
  public init(seed: UInt64, shape: ProgramShape = ProgramShape(), importing provider: GeneratedModule? = nil) {
    var random = Random(seed: seed)
    var layout = provider.map(ModuleLayout.init(importing:)) ?? ModuleLayout(shape, &random)
    let types = layout.types
    func signature(_ random: inout Random) -> FunctionType {
      let parameters = (0..<random.below(shape.arity + 1)).map { _ in random.pick(types) }
      let count = random.chance(3, in: 4) ? 1 : random.below(shape.arity + 1)
      return FunctionType(parameters: parameters, results: (0..<count).map { _ in random.pick(types) })
    }
    if provider == nil {
      for index in 0..<shape.hostFunctions {
        layout.imports.append(FunctionImport(module: "host", name: "h\(index)"))
        layout.functions.append(signature(&random))
      }
    }
    for _ in 0..<max(shape.functions, 1) + shape.smallFunctions { layout.functions.append(signature(&random)) }
    // Block types with parameters and several results.
    for _ in 0..<4 {
      let parameters = (0..<random.below(3)).map { _ in random.pick(types) }
      let results = (0..<random.below(4)).map { _ in random.pick(types) }
      layout.blockTypes.append(FunctionType(parameters: parameters, results: results))
    }
    layout.chooseElements(&random)
    var bodies: [[UInt8]] = []
    for index in layout.imports.count..<layout.functions.count {
      var shape = shape
      if index >= layout.functions.count - shape.smallFunctions {
        shape.functionSize = random.below(8)
        shape.extraLocals = 0
        shape.operandDepth = 0
      }
      var generator = BodyGenerator(layout, function: index, shape, random: random)
      bodies.append(generator.body())
      random = generator.random
    }
    functions = Array(layout.functions[layout.imports.count...])
    hostFunctions = zip(layout.imports, layout.functions).filter { $0.0.module == "host" }.map(\.1)
    self.layout = layout
    bytes = layout.encode(bodies)
  }
}
