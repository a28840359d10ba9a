// A function of WebAssembly as a closure, for code that knows nothing of WebAssembly.

import Cannery
import Foundation

/// Simpson's rule.
private func integrate(_ f: (Double) throws -> Double, from: Double, to: Double) rethrows -> Double {
  let intervals = 100
  let step = (to - from) / Double(intervals)
  var sum = try f(from) + f(to)
  for i in 1..<intervals { sum += try (i % 2 == 1 ? 4 : 2) * f(from + Double(i) * step) }
  return sum * step / 3
}

func callback(_ arguments: [String]) throws {
  let engine = Engine()
  let instance = try Linker(engine.makeStore()).instantiate(engine.compile(path: arguments[0]))
  let (square, divide) = (try instance.function("square"), try instance.function("divide"))

  // On slots nothing is allocated.
  let area = try integrate(
    { x in
      var slot = x.bitPattern
      try withUnsafeMutablePointer(to: &slot) {
        try square.call(slots: UnsafeMutableBufferPointer(start: $0, count: 1))
      }
      return Double(bitPattern: slot)
    }, from: 0, to: 3)
  print("integral of x * x from 0 to 3: \(String(format: "%.3f", area))")

  guard case .i32(let quotient)? = try divide.call([.i32(7), .i32(2)]).first else { return }
  print("divide(7, 2) = \(quotient)")
  do {
    _ = try divide.call([.i32(1), .i32(0)])
  } catch let trap as Trap {
    print("divide(1, 0): \(trap.kind.message)")
  }
}
