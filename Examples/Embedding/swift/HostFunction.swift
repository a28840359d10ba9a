// Functions of the host that WebAssembly calls, in the two ways that there are.

import Cannery

/// What the host throws comes out of the call as the trap's cause.
struct Refusal: Error, CustomStringConvertible {
  var description: String { "the host refuses" }
}

func hostFunction(_ arguments: [String]) throws {
  let engine = Engine()
  var linker = Linker(try engine.makeStore())

  // A function on values is the convenient way. The caller's memory is reached through `caller`.
  try linker.function("host", "log", FunctionType(parameters: [.i32, .i32], results: [])) { caller, values in
    guard case .i32(let offset) = values[0], case .i32(let count) = values[1],
      let bytes = caller.instance?.memories[0].read(at: UInt64(UInt32(bitPattern: offset)), count: Int(count))
    else { throw TrapKind.outOfBoundsMemoryAccess }
    print("guest says: \(String(decoding: bytes, as: UTF8.self))")
    return []
  }

  // A function on raw slots costs the least: nothing is allocated or converted. Parameters are in the slots, and results go
  // there.
  let add = try linker.store.makeHostFunction(
    FunctionType(parameters: [.i32, .i32], results: [.i32]), name: "add"
  ) { _, slots in
    let (left, right) = (UInt32(truncatingIfNeeded: slots[0]), UInt32(truncatingIfNeeded: slots[1]))
    print("host adds: \(left) + \(right)")
    slots[0] = UInt64(left &+ right)
    return .done
  }
  linker.define("host", "add", .function(add))

  try linker.function("host", "refuse", FunctionType(parameters: [], results: [])) { _, _ in throw Refusal() }

  let instance = try linker.instantiate(engine.compile(path: arguments[0]))
  guard case .i32(let sum)? = try instance.function("run").call().first else { return }
  print("run() = \(sum)")
  for name in ["overrun", "fail"] {
    do {
      _ = try instance.function(name).call()
    } catch let trap as Trap {
      print("\(name)(): \(trap.underlying.map { "\($0)" } ?? trap.kind.message)")
    }
  }
}
