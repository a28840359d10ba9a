// The passes and their order. Each takes time linear in the function's size. Passes that edit have the suffix `Opt`.

import WebAssembly

/// Runs the passes on one function after the other, reusing scratch memory. One per thread.
public struct Optimizer: ~Copyable {
  let context: FrontendContext
  let options: CompilerOptions
  var simplification: SimplificationOpt
  var deadCode = DeadCodeOpt()

  public init(_ context: FrontendContext, options: CompilerOptions) {
    self.context = context
    self.options = options
    simplification = SimplificationOpt(context)
  }

  /// Optimises `function` as the options say.
  ///
  /// Throws an `IRViolation` if the IR is verified and breaks a rule: an error of the compiler, not of the module.
  public mutating func run(_ function: inout IRFunction) throws(IRViolation) {
    try verify(function, after: "the frontend")
    if options.optimization == .none { return }
    if simplification.run(&function) {
      // Parameters that turned out to have one value make more constants.
      try verify(function, after: "simplification")
      _ = simplification.run(&function)
    }
    try verify(function, after: "simplification")
    deadCode.run(&function)
    if function.isLarge { deadCode = DeadCodeOpt() }
    try verify(function, after: "removing dead code")
    chargePlacementOpt(&function)
    try verify(function, after: "charge placement")
  }

  private func verify(_ function: borrowing IRFunction, after pass: String) throws(IRViolation) {
    if !options.verifiesIR { return }
    guard var violation = verifyIR(function, in: context).first else { return }
    violation.rule += " (after \(pass))"
    throw violation
  }
}
