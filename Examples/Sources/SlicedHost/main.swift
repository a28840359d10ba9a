// Several guests on one thread: each executes a slice of instructions and is then stopped, as a value, in favour of the
// next. One asks the host questions that are answered a round later; one never ends and is stopped when it has used up its
// budget, which undoes what it wrote. Slices are counted in instructions, so every run goes the same way.
//
//   SlicedHost [SLICE]      instructions in a slice; 20,000 by default

import Cannery

let sieve = """
  (module
    (memory 1)
    ;; How many primes are below n: a byte for each number.
    (func (export "primes") (param $n i32) (result i32)
      (local $i i32) (local $j i32) (local $count i32)
      (local.set $i (i32.const 2))
      (block $end
        (loop $next
          (br_if $end (i32.ge_u (local.get $i) (local.get $n)))
          (if (i32.eqz (i32.load8_u (local.get $i)))
            (then
              (local.set $count (i32.add (local.get $count) (i32.const 1)))
              (local.set $j (i32.mul (local.get $i) (local.get $i)))
              (block $struck
                (loop $strike
                  (br_if $struck (i32.ge_u (local.get $j) (local.get $n)))
                  (i32.store8 (local.get $j) (i32.const 1))
                  (local.set $j (i32.add (local.get $j) (local.get $i)))
                  (br $strike)))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $next)))
      (local.get $count)))
  """

let client = """
  (module
    (import "host" "ask" (func $ask (param i32) (result i32)))
    ;; The sum of the answers to the questions 1 to n.
    (func (export "sum") (param $n i32) (result i32)
      (local $sum i32)
      (loop $next
        (local.set $sum (i32.add (local.get $sum) (call $ask (local.get $n))))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $sum)))
  """

let runaway = """
  (module
    (memory 1)
    (func (export "forever") (local $i i32)
      (loop $next
        (i32.store8 (i32.and (local.get $i) (i32.const 0xFFFF)) (local.get $i))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next))))
  """

/// Gives each guest a slice in turn until all have ended. Questions are answered at the end of the round.
func schedule(_ guests: [Guest], slice: UInt64) throws -> Int {
  var rounds = 0
  var isBusy = true
  while isBusy {
    isBusy = false
    rounds += 1
    for guest in guests {
      if case .ready = guest.status {
        isBusy = true
        try guest.run(slice: slice)
      }
    }
    for guest in guests {
      if case .asking(let question) = guest.status {
        isBusy = true
        try guest.answer(question &* question)
      }
    }
  }
  return rounds
}

guard let slice = CommandLine.arguments.count > 1 ? UInt64(CommandLine.arguments[1]) : 20_000, slice > 0 else {
  fatalError("usage: SlicedHost [SLICE]")
}
let engine = Engine(EngineConfiguration(metering: .icp))
func compile(_ text: String) throws -> Module { try engine.compile(Array(text.utf8)) }

let module = try compile(sieve)
let guests = [
  try Guest("sieve", module, on: engine, call: "primes", [.i32(50_000)], budget: 10_000_000),
  try Guest("small sieve", module, on: engine, call: "primes", [.i32(100)], budget: 10_000_000),
  try Guest("client", compile(client), on: engine, call: "sum", [.i32(10)], budget: 1_000_000),
  try Guest("runaway", compile(runaway), on: engine, call: "forever", [], budget: 1_000_000),
]
let rounds = try schedule(guests, slice: slice)
for guest in guests {
  let outcome =
    switch guest.status {
    case .done(let results): "\(results.map(\.description).joined(separator: " "))"
    case .failed(let reason): "failed: \(reason)"
    case .ready, .asking: "not finished"
    }
  print(
    "\(guest.name): \(outcome); \(guest.instructions) instructions in \(guest.slices) slices, \(guest.changedPages) changed pages"
  )
}
print("\(rounds) rounds")
