// Compiles a whole module: functions independently, over several threads, with the same output whatever their number.

import Synchronization
import WasmBinary
import WasmValidation
import WebAssembly

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What compiling took.
public struct CompilationStatistics: Sendable {
  /// Bytes of the module's code section.
  public var codeSize = 0
  public var functions = 0
  /// Words of threaded code.
  public var words = 0
}

/// Compiles `module`, which must be valid, to the bytes of an artifact.
///
/// Throws the error of the first function (in order) that the compiler does not support.
public func compile(
  _ module: Module, features: Features, policy: MeteringPolicy, options: CompilerOptions = CompilerOptions()
) throws(ModuleError) -> [UInt8] {
  try compileInParts(module, features: features, policy: policy, options: options).bytes
}

/// The same, but for putting the artifact together.
public func compileInParts(
  _ module: Module, features: Features, policy: MeteringPolicy, options: CompilerOptions = CompilerOptions()
) throws(ModuleError) -> ArtifactParts {
  try compileInParts(
    module, features: features, policy: policy, options: options, largeFunction: ModuleCompiler.largeFunction)
}

/// The same with functions that count as large from `largeFunction` bytes on, which changes the memory that compiling takes
/// and nothing else: for tests.
package func compileInParts(
  _ module: Module, features: Features, policy: MeteringPolicy, options: CompilerOptions, largeFunction: Int
) throws(ModuleError) -> ArtifactParts {
  let compiler = ModuleCompiler(module, policy: policy, options: options, largeFunction: largeFunction)
  let functions = try compiler.compileFunctions()
  let writer = ArtifactWriter(features: features, policy: policy, optimization: options.optimization.rawValue)
  return writer.parts(module, functions: functions)
}

/// The state that the threads share: everything constant but the next function to take.
final class ModuleCompiler: Sendable {
  private let frontend: FrontendContext
  private let lowering: LoweringContext
  private let options: CompilerOptions
  private let largeFunction: Int
  private let count: Int
  private let next = Atomic<Int>(0)
  private let results: Locked<[Result<FunctionCode, ModuleError>?]>

  /// Functions whose bodies have so many bytes are compiled in as little memory as possible; others keep it for the next
  /// function, which is faster.
  static let largeFunction = 65_536

  init(
    _ module: Module, policy: MeteringPolicy, options: CompilerOptions,
    largeFunction: Int = ModuleCompiler.largeFunction
  ) {
    frontend = FrontendContext(module: module, policy: policy)
    lowering = LoweringContext(
      module: module, spaces: frontend.spaces, policy: policy, narrowSlots: options.narrowSlots,
      narrowCost: options.narrowCost)
    self.options = options
    self.largeFunction = largeFunction
    count = module.functions.count
    results = Locked([Result<FunctionCode, ModuleError>?](repeating: nil, count: count))
  }

  func compileFunctions() throws(ModuleError) -> [FunctionCode] {
    let wanted = options.threads > 0 ? options.threads : coreCount()
    // A thread is worth its start from some functions on.
    let threads = max(1, min(wanted, count / 8 + 1))
    var handles: [pthread_t] = []
    for _ in 1..<threads {
      if let handle = startThread({ [self] in work() }) { handles.append(handle) }
    }
    work()
    for handle in handles { pthread_join(handle, nil) }
    let finished = results.withLock { $0 }
    var functions: [FunctionCode] = []
    functions.reserveCapacity(count)
    for result in finished {
      switch result {
      case .success(let code): functions.append(code)
      case .failure(let error): throw error
      case nil: preconditionFailure("a function was not compiled")
      }
    }
    return functions
  }

  /// Takes functions in turn, a few at a time, until none is left.
  private func work() {
    let batch = 16
    var builder = FunctionBuilder(
      frontend, inlines: options.optimization == .full, largeBody: largeFunction)
    var optimizer = Optimizer(frontend, options: options)
    var lowering = Lowering(lowering)
    var function = IRFunction()
    while true {
      let first = next.wrappingAdd(batch, ordering: .relaxed).oldValue
      if first >= count { return }
      let last = min(first + batch, count)
      var compiled: [Result<FunctionCode, ModuleError>] = []
      for index in first..<last {
        do throws(ModuleError) {
          try build(index, &builder, &optimizer, &function)
          if let code = try lowering.lower(&function) {
            compiled.append(.success(code))
            continue
          }
          let isInlined = !function.sites.isEmpty
          if function.isLarge {
            lowering.release()
            function = IRFunction()
          }
          if isInlined, let code = try compileAlone(index, &builder, &optimizer, &lowering) {
            compiled.append(.success(code))
          } else {
            compiled.append(.success(try compileInProportion(index)))
          }
        } catch {
          compiled.append(.failure(error))
        }
      }
      let batchResults = compiled
      results.withLock { for (offset, result) in batchResults.enumerated() { $0[first + offset] = result } }
    }
  }

  /// The code of defined function `index` without other functions' bodies in it, whose values may make a frame larger than
  /// its function's cost allows; nil if it is too large even so.
  private func compileAlone(
    _ index: Int, _ builder: inout FunctionBuilder, _ optimizer: inout Optimizer, _ lowering: inout Lowering
  ) throws(ModuleError) -> FunctionCode? {
    builder.inlines = false
    defer { builder.inlines = true }
    var function = IRFunction()
    try build(index, &builder, &optimizer, &function)
    if let code = try lowering.lower(&function) { return code }
    if function.isLarge { lowering.release() }
    return nil
  }

  /// The code of defined function `index` with a frame in proportion to its logical cost, which the usual code doesn't have.
  private func compileInProportion(_ index: Int) throws(ModuleError) -> FunctionCode {
    var plainOptions = options
    plainOptions.optimization = .none
    var builder = FunctionBuilder(frontend, pinsAllLocals: true, largeBody: largeFunction)
    var optimizer = Optimizer(frontend, options: plainOptions)
    var lowering = Lowering(lowering)
    var function = IRFunction()
    try build(index, &builder, &optimizer, &function)
    return try lowering.lowerInProportion(&function)
  }

  /// The IR of defined function `index` as lowering gets it.
  func intermediate(_ index: Int) throws(ModuleError) -> IRFunction {
    var builder = FunctionBuilder(frontend, inlines: options.optimization == .full)
    var optimizer = Optimizer(frontend, options: options)
    var function = IRFunction()
    try build(index, &builder, &optimizer, &function)
    return function
  }

  private func build(
    _ index: Int, _ builder: inout FunctionBuilder, _ optimizer: inout Optimizer, _ function: inout IRFunction
  ) throws(ModuleError) {
    try builder.build(functionIndex: index, into: &function)
    if function.isLarge { builder.release() }
    do throws(IRViolation) {
      try optimizer.run(&function)
    } catch {
      throw ModuleError(.internal, .compilerError, offset: 0, function: function.index, detail: error.description)
    }
  }
}

private func coreCount() -> Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
