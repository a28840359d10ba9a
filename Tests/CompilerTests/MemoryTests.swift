// The memory that compiling a large function takes at most. What counts is what the compiler's large buffers have in memory,
// which is the same in every run; what it may be is a little more than was measured.

import Compiler
import ProgramGenerator
import Testing
import WasmBinary
import WebAssembly

@Suite(.timeLimit(.minutes(5))) struct MemoryTests {
  /// Functions of half a megabyte.
  enum Shape: String, CaseIterable {
    case ordinary, straight, conditions, loops, switches, merges

    /// Bytes of memory for each byte of the module.
    var bound: Double {
      switch self {
      case .ordinary: 24.5
      case .straight: 8
      case .conditions: 63
      case .loops: 51
      case .switches: 53
      case .merges: 49
      }
    }

    var module: Module {
      get throws {
        var random = Random(seed: 1)
        let count = self == .loops || self == .switches ? 100 : self == .merges ? 1000 : 40
        func local() -> Int { random.below(count) }
        var body = Body(locals: [(count, i32)], memories: 1)
        func binary(_ operation: UInt8) { body.code += get(local()) + get(local()) + [operation] }
        for local in 0..<count { body.code += [0x41, 0, 0x28, 2] + Body.leb(4 * local) + set(local) }
        while body.code.count < 500_000 {
          switch self {
          case .ordinary: ordinary(&body, local() % 30, local)
          case .straight:
            binary(0x6A)
            body.code += set(local())
          case .conditions:
            for _ in 0..<20_000 { body.code += get(local()) + [0x04, 0x40] }
            for _ in 0..<20_000 {
              body.code += get(local()) + set(local()) + [0x05, 0x41, 1] + set(local()) + [0x0B]
            }
          case .loops:
            for _ in 0..<400 { body.code += [0x03, 0x40] + get(local()) + set(local()) }
            for _ in 0..<400 {
              binary(0x48)
              body.code += [0x0D, 0, 0x0B]
            }
          case .switches:
            let targets = 64
            for _ in 0...targets { body.code += [0x02, 0x40] }
            body.code += get(local()) + [0x0E] + Body.leb(targets)
            for target in 0...targets { body.code += Body.leb(target) }
            for _ in 0...targets {
              body.code += [0x0B]
              binary(0x6A)
              body.code += set(local())
            }
          case .merges:
            body.code += get(local()) + [0x04, 0x40] + get(local()) + set(local())
            body.code += [0x05, 0x41, 5] + set(local()) + [0x0B]
          }
        }
        for local in 0..<count { body.code += [0x41, 0] + get(local) + [0x36, 2] + Body.leb(4 * local) }
        return try body.module
      }
    }

    /// A loop with loads, arithmetic, conditions and stores on few of the locals.
    private func ordinary(_ body: inout Body, _ base: Int, _ random: () -> Int) {
      func local() -> Int { base + random() % 8 }
      func address() -> [UInt8] { [2] + Body.leb(128 + 4 * random()) }
      let counter = base + 8
      for local in base..<counter { body.code += get(0) + [0x28] + address() + set(local) }
      body.code += [0x41, 0] + set(counter) + [0x02, 0x40, 0x03, 0x40] + get(counter) + [0x41, 50, 0x4E, 0x0D, 1]
      for _ in 0..<3 {
        body.code += get(local()) + get(local()) + [0x28] + address() + get(local()) + [0x6A, 0x36] + address()
        body.code += get(local()) + get(local()) + [0x48, 0x04, 0x40] + get(local()) + [0x41, 9, 0x6A] + set(local())
        body.code += [0x05, 0x10, 0] + get(local()) + [0x41, 20, 0x6C] + set(local()) + [0x0B]
      }
      body.code += get(counter) + [0x41, 1, 0x6A] + set(counter) + [0x0C, 0, 0x0B, 0x0B]
    }
  }

  @Test(arguments: Shape.allCases) func peakIsBounded(shape: Shape) throws {
    let module = try shape.module
    let options = CompilerOptions(verifiesIR: false, threads: 1)
    let peak = try MemoryObserver.peak {
      _ = try compile(module, features: .wasm3, policy: .icp, options: options)
    }
    let ratio = Double(peak) / Double(module.bytes.count)
    print("\(shape.rawValue): \(Double(Int(ratio * 10)) / 10) bytes of memory for each byte of the module")
    #expect(ratio > 3 && ratio < shape.bound)
  }

  /// Giving memory back changes nothing.
  @Test func largeFunctionsAreCompiledLikeOthers() throws {
    func artifact(_ module: Module, large: Int, _ optimization: OptimizationLevel = .full) throws -> [UInt8] {
      let options = CompilerOptions(optimization: optimization, verifiesIR: false, threads: 1)
      return try compileInParts(
        module, features: .wasm3, policy: .icp, options: options, largeFunction: large
      ).bytes
    }
    for shape in Shape.allCases {
      let module = try shape.module
      #expect(try artifact(module, large: 0) == artifact(module, large: .max), "\(shape.rawValue)")
    }
    var shape = ProgramShape()
    shape.functionSize = 15_000
    shape.functions = 4
    for seed in 0..<UInt64(6) {
      let module = try module(GeneratedModule(seed: seed, shape: shape).bytes)
      for level in OptimizationLevel.allCases {
        #expect(try artifact(module, large: 0, level) == artifact(module, large: .max, level), "seed \(seed)")
      }
    }
  }
}

private let i32: UInt8 = 0x7F
private func get(_ local: Int) -> [UInt8] { [0x20] + Body.leb(local) }
private func set(_ local: Int) -> [UInt8] { [0x21] + Body.leb(local) }
