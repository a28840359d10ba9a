// The smallest program: a module is compiled, an instance made, an export called.

import Cannery
import Foundation

func hello(_ arguments: [String]) throws {
  let engine = Engine()
  let module = try engine.compile([UInt8](Data(contentsOf: URL(fileURLWithPath: arguments[0]))))
  let instance = try Linker(engine.makeStore()).instantiate(module)

  guard case .function(let add)? = instance.export("add") else { throw MissingExport(name: "add") }
  guard case .i32(let sum)? = try add.call([.i32(2), .i32(3)]).first else { return }
  print("2 + 3 = \(sum)")
}
