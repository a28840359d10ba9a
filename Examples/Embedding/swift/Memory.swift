// Reading, writing and growing a guest's memory.

import Cannery

func memory(_ arguments: [String]) throws {
  let engine = Engine()
  let instance = try Linker(engine.makeStore()).instantiate(engine.compile(path: arguments[0]))
  guard case .memory(let memory)? = instance.export("memory") else { throw MissingExport(name: "memory") }

  func printSize() {
    print("memory: \(memory.pageCount) page\(memory.pageCount == 1 ? "" : "s"), \(memory.count) bytes")
  }
  printSize()

  // Copies with bounds checked.
  let text = Array("Cannery".utf8)
  guard memory.write(text, at: 1000) else { return }
  _ = try instance.function("reverse").call([.i32(1000), .i32(Int32(text.count))])
  guard let copy = memory.read(at: 1000, count: text.count) else { return }
  print("reversed: \(String(decoding: copy, as: UTF8.self))")
  if !memory.write(text, at: 65530) { print("write beyond the end: refused") }

  guard memory.grow(by: 1) != nil else { return }
  printSize()
  if memory.grow(by: 1) == nil { print("grow beyond the maximum: refused") }
}
