import Cannery
import Foundation
import WasmBinary
import WasmText
import WastRunner

import struct Compiler.FrontendContext
import func Compiler.buildIR
import func Compiler.printIR

public func tempMain() throws {
  let args = CommandLine.arguments
  if args[1] == "ir" {
    let m = try Engine().decode([UInt8](try Data(contentsOf: URL(fileURLWithPath: args[2]))))
    let c = FrontendContext(module: m, policy: .icp)
    print(printIR(try buildIR(c, functionIndex: Int(args[3])!)))
    return
  }
  if args[1] == "wast" {
    let policy: MeteringPolicy = args.contains("--none") ? .none : .icp
    let opt: OptimizationLevel = args.contains("--O0") ? .none : .full
    let verbose = args.contains("-v")
    var total = 0, failed = 0, skipped = 0
    for path in args[2...] where !path.hasPrefix("-") {
      if verbose { print(path) }
      let script = try Script(parsing: [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
      var runner = ScriptRunner(
        engine: try CanneryScriptEngine(metering: policy, optimization: opt, tracksWrites: args.contains("--track")))
      let report = runner.run(script)
      total += report.passed; failed += report.failures.count; skipped += report.skipped.count
      for f in report.failures.prefix(5) { print("\(path):\(f.line): \(f.reason)") }
      if report.failures.count > 5 { print("\(path): \(report.failures.count) failures") }
      if verbose { for f in report.skipped { print("  skip \(path):\(f.line): \(f.reason)") } }
    }
    print("passed", total, "failed", failed, "skipped", skipped)
    return
  }
  let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: args[1])))
  let engine = Engine(EngineConfiguration(compiler: CompilerOptions(threads: 1)))
  let t0 = Date()
  let artifact = try engine.precompile(bytes)
  let module = try engine.load(artifact: artifact)
  let t1 = Date()
  if args.contains("--verify") { try module.verify() }
  let store = try engine.makeStore()
  let instance = try Linker(store).instantiate(module)
  guard args.count > 2, case .function(let f)? = instance.export(args[2]) else { print("ok"); return }
  let values: [Value] = zip(args[3...], f.type.parameters).map { text, type in
    switch type {
    case .i32: .i32(Int32(text)!);
    case .i64: .i64(Int64(text)!);
    case .f32: .float(Float(text)!);
    default: .double(Double(text)!)
    }
  }
  let execution = try Execution(f, arguments: values)
  let t2 = Date()
  let state = try execution.run()
  let t3 = Date()
  print(
    state, "instructions", execution.instructionsExecuted, "compile", t1.timeIntervalSince(t0), "run",
    t3.timeIntervalSince(t2), "artifact", artifact.count, "code", module.module.codeSection as Any)
}
