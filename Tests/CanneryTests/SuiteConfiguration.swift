// The configurations in which the core suite runs, and the proof that each is what it says: a name alone would hide that
// an option got lost on its way to the compiler or the store.

import CLICommands
import Cannery
import Testing

import struct Compiler.Disassembler

struct SuiteConfiguration: CustomTestStringConvertible {
  var metering: MeteringPolicy
  var optimization: OptimizationLevel
  var tracksWrites: Bool
  /// Whether operand fields count as narrower than they are, so that code takes the wide forms.
  var wideForms = false

  var testDescription: String {
    "metering \(metering), optimization \(optimization)\(tracksWrites ? ", write tracking" : "")"
      + (wideForms ? ", wide forms" : "")
  }

  func makeEngine() throws -> CanneryScriptEngine {
    var options = CompilerOptions(threads: 1)
    if wideForms {
      options.narrowSlots = 12
      options.narrowCost = 3
    }
    return try CanneryScriptEngine(
      metering: metering, optimization: optimization, tracksWrites: tracksWrites, compiler: options)
  }

  /// In a debug build, where handlers return to a trampoline, the three in which most code differs.
  static let all: [SuiteConfiguration] =
    dispatchesThroughTrampoline
    ? [
      SuiteConfiguration(metering: .icp, optimization: .full, tracksWrites: true),
      SuiteConfiguration(metering: .none, optimization: .none, tracksWrites: false),
      SuiteConfiguration(metering: .icp, optimization: .full, tracksWrites: false, wideForms: true),
    ]
    : [
      SuiteConfiguration(metering: .icp, optimization: .full, tracksWrites: false),
      SuiteConfiguration(metering: .icp, optimization: .none, tracksWrites: true),
      SuiteConfiguration(metering: .none, optimization: .full, tracksWrites: true),
      SuiteConfiguration(metering: .none, optimization: .none, tracksWrites: false),
      SuiteConfiguration(metering: .operators, optimization: .full, tracksWrites: false),
      SuiteConfiguration(metering: .icp, optimization: .full, tracksWrites: true, wideForms: true),
    ]
}

@Suite struct SuiteConfigurationTests {
  /// Two equal sums, so that optimisation has something to find; a division and a loop, so that policies differ; ten
  /// parameters, so that other values lie beyond narrow fields; and a store.
  private static let text = """
    (module (memory (export "m") 1)
      (func (export "f") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (local i32 i32 i32)
        (local.set 10 (i32.mul (i32.add (local.get 0) (local.get 1)) (i32.add (local.get 0) (local.get 1))))
        (local.set 12 (i32.div_u (local.get 10) (i32.const 1)))
        (loop
          (i32.store (i32.const 8192) (local.get 12))
          (local.set 11 (i32.add (local.get 11) (local.get 10)))
          (br_if 0 (i32.lt_u (local.get 11) (i32.const 100))))
        (local.get 11)))
    """

  @Test func buildDispatchesAsItSays() {
    // Assertions are on in debug builds only, and those are the ones with the trampoline.
    #expect(dispatchesThroughTrampoline == CompilerOptions.verifiesByDefault)
  }

  @Test(arguments: SuiteConfiguration.all)
  func isWhatItSays(_ configuration: SuiteConfiguration) throws {
    let engine = try configuration.makeEngine()
    #expect(engine.store.tracksWrites == configuration.tracksWrites)
    let module = try engine.engine.compile(Array(Self.text.utf8))
    #expect(module.artifact.policy == configuration.metering)
    let instance = try Linker(engine.store).instantiate(module)
    guard case .function(let function)? = instance.export("f"), case .memory(let memory)? = instance.export("m") else {
      Issue.record("no exports")
      return
    }
    let execution = try Execution(function, arguments: [Value](repeating: .i32(3), count: 10))
    guard case .finished(let results) = try execution.run() else {
      Issue.record("did not finish")
      return
    }
    #expect(results == [.i32(108)])
    // 12 operators, three rounds of 11, and one. With the weights of the network the division costs 9 more, each branch 1
    // more, and entering the function 1.
    let counts: [MeteringPolicy: UInt64] = [.icp: 59, .operators: 46, .none: 0]
    #expect(execution.instructionsExecuted == counts[configuration.metering])
    #expect(memory.dirtyPages() == (configuration.tracksWrites ? [2] : []))

    let code = try Disassembler(module.artifact).text(of: 0)
    #expect(code.contains("moveWide") == configuration.wideForms)
    let sums = code.split(separator: "\n").count { $0.contains("i32Add") || $0.contains("stepI32") }
    #expect(sums == (configuration.optimization == .full ? 2 : 3))
  }
}
