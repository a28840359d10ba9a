import Cannery
import Foundation

public func tempMain() throws {
  let args = CommandLine.arguments
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
