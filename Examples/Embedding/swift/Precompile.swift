// Compiling once, and loading what was compiled.

import Cannery
import Foundation

func precompile(_ arguments: [String]) throws {
  let file = URL(fileURLWithPath: arguments[1])
  let text = [UInt8](try Data(contentsOf: URL(fileURLWithPath: arguments[0])))
  try Data(Engine().precompile(text)).write(to: file, options: .atomic)
  print("saved")

  // Another process, another machine.
  let engine = Engine()
  var bytes = [UInt8](try Data(contentsOf: file))
  let module = try engine.load(artifact: bytes)
  try module.verify()
  print("verified")
  let instance = try Linker(engine.makeStore()).instantiate(module)
  guard case .i64(let number)? = try instance.function("fib").call([.i32(25)]).first else { return }
  print("fib(25) = \(number)")
  print("module: \(module.artifact.moduleHash.prefix(8).map { String(format: "%02x", $0) }.joined())")

  // The last byte is code, or belongs to it.
  bytes[bytes.count - 1] ^= 1
  do {
    try engine.load(artifact: bytes).verify()
    print("damaged: accepted")
  } catch is ArtifactError {
    print("damaged: refused")
  }
}
