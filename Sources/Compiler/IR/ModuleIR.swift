// The IR of a module's functions as text, after the passes: what `cannery compile --emit ir` prints.

import WebAssembly

/// Builds and prints the IR of single functions of a module.
public struct ModuleIR: Sendable {
  private let compiler: ModuleCompiler

  /// `module` must be valid.
  public init(_ module: Module, policy: MeteringPolicy, options: CompilerOptions = CompilerOptions()) {
    compiler = ModuleCompiler(module, policy: policy, options: options)
  }

  /// The text of defined function `index`, just as lowering gets it first.
  ///
  /// Throws the error that compiling the function would give.
  public func text(
    of index: Int, options: IRPrintingOptions = IRPrintingOptions()
  ) throws(ModuleError) -> String {
    printIR(try compiler.intermediate(index), options: options)
  }
}
