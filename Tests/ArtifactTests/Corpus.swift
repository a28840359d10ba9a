// The artifacts that mutations start from: hand-written modules with what compilers use least, generated programs, modules of
// the core suite, and the example canisters and kernels where they have been built.

import Cannery
import Compiler
import Foundation
import ProgramGenerator
import WasmText

/// A module and its artifact.
struct Subject {
  var name: String
  var bytes: [UInt8]
  let artifact: Artifact
}

enum Corpus {
  private static let package: URL = {
    var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    while folder.path != "/"
      && !FileManager.default.fileExists(atPath: folder.appendingPathComponent("Package.swift").path)
    {
      folder.deleteLastPathComponent()
    }
    return folder
  }()

  /// The core suite's scripts: in the folder `WASM_TESTSUITE`, or in `../shared/testsuite` beside the package.
  private static let scripts: [URL] = {
    let folder =
      ProcessInfo.processInfo.environment["WASM_TESTSUITE"].map { URL(fileURLWithPath: $0) }
      ?? package.deletingLastPathComponent().appendingPathComponent("shared/testsuite")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return (files?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "wast" }.sorted { $0.path < $1.path }
  }()

  /// Modules in binary or text form: of every `step`-th script of the suite, and `generated` random programs.
  static func modules(step: Int, generated: Int) -> [(name: String, bytes: [UInt8])] {
    var modules = handWritten.map { (name: $0.name, bytes: Array($0.text.utf8)) }
    for seed in 0..<generated {
      var shape = ProgramShape()
      shape.functionSize = [30, 100, 300][seed % 3]
      shape.functions = seed % 5 == 4 ? 40 : 4
      modules.append(("generated \(seed)", GeneratedModule(seed: UInt64(seed), shape: shape).bytes))
    }
    for (number, file) in scripts.enumerated() where number % step == 0 {
      guard let text = try? Data(contentsOf: file), let script = try? Script(parsing: [UInt8](text)) else { continue }
      for command in script.commands {
        switch command.kind {
        case .module(let module), .moduleDefinition(let module):
          if let bytes = try? module.bytes() { modules.append(("\(file.lastPathComponent):\(command.line)", bytes)) }
        default: break
        }
      }
    }
    for name in ["Examples/.build", "Benchmarks/kernels/.build"] {
      let folder = package.appendingPathComponent(name)
      for file in ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
      where file.hasSuffix(".wasm") {
        if let bytes = try? Data(contentsOf: folder.appendingPathComponent(file)) {
          modules.append((file, [UInt8](bytes)))
        }
      }
    }
    return modules
  }

  /// The artifacts of all modules that the compiler supports, with policies, passes and operand forms taking turns.
  static func subjects(step: Int, generated: Int) -> [Subject] {
    var subjects: [Subject] = []
    for (number, module) in modules(step: step, generated: generated).enumerated() {
      var options = CompilerOptions(optimization: number % 3 == 0 ? .none : .full, verifiesIR: false, threads: 1)
      if number % 5 == 0 {
        options.narrowSlots = 12
        options.narrowCost = 3
      }
      let policies: [MeteringPolicy] = [.icp, .icp, .operators, .none]
      let engine = Engine(EngineConfiguration(metering: policies[number % 4], compiler: options))
      guard let bytes = try? engine.precompile(module.bytes), let artifact = try? Artifact(ModuleBytes(bytes)) else {
        continue
      }
      subjects.append(Subject(name: module.name, bytes: bytes, artifact: artifact))
    }
    return subjects
  }

  // MARK: Hand-written modules

  static let handWritten: [(name: String, text: String)] = [
    ("sample", sampleText), ("calls", calls), ("references", references), ("memories", memories), ("vectors", vectors),
    ("start", start),
  ]

  private static let calls = """
    (module
      (type $i (func (param i32) (result i32)))
      (import "env" "a" (func $a (param i32) (result i32)))
      (import "env" "b" (func $b (param i64 f64 v128) (result v128 i64)))
      (import "env" "c" (func $c))
      (import "env" "d" (func $d (result f64)))
      (table $t (export "table") 8 16 funcref)
      (elem (table $t) (i32.const 0) func $a $even $odd $sum $tail $a)
      (func $even (export "even") (type $i)
        (if (result i32) (local.get 0)
          (then (return_call $odd (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 1))))
      (func $odd (export "odd") (type $i)
        (if (result i32) (local.get 0)
          (then (return_call_indirect $t (type $i) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))
          (else (i32.const 0))))
      (func $sum (export "sum") (type $i)
        (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
          (else (i32.add (local.get 0) (call $sum (i32.sub (local.get 0) (i32.const 1)))))))
      (func $tail (export "tail") (type $i) (call $c) (return_call $a (local.get 0)))
      (func $tailOfHost (export "tailOfHost") (result f64) (return_call $d))
      (func $swap (export "swap") (param i64 f64 v128) (result v128 i64)
        (call $b (i64.add (local.get 0) (i64.const 1)) (f64.add (local.get 1) (call $d)) (local.get 2)))
      (func $swapTail (export "swapTail") (param i64 f64 v128) (result v128 i64)
        (return_call $swap (local.get 0) (local.get 1) (local.get 2)))
      (func $many (export "many") (param i32) (result i32 i64 f32 f64 i32)
        (local.get 0) (i64.extend_i32_s (call $a (local.get 0))) (f32.const 1.5) (call $d)
        (call_indirect $t (type $i) (local.get 0) (i32.and (local.get 0) (i32.const 7))))
      (func (export "use") (param i32) (result i32)
        (local f64 f32 i64)
        (call $many (local.get 0))
        (local.set 0) (local.set 1) (local.set 2) (local.set 3)
        (i32.add (local.get 0)) (i32.add (i32.wrap_i64 (local.get 3))))
      (func (export "loops") (param i32 i64) (result i64)
        (block $out
          (loop $top
            (br_if $out (i32.eqz (local.get 0)))
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (block $one (block $two (br_table $one $two $top (i32.and (local.get 0) (i32.const 3)))
              ) (local.set 1 (i64.mul (local.get 1) (i64.const 3))) (br $top))
            (drop (call $sum (i32.and (local.get 0) (i32.const 7))))
            (local.set 1 (i64.add (local.get 1) (i64.const 5)))
            (br $top)))
        (local.get 1)))
    """

  private static let references = """
    (module
      (type $f (func (param i32) (result i32)))
      (import "env" "a" (func $a (param i32) (result i32)))
      (import "env" "r" (func $r (param externref funcref) (result externref)))
      (table $functions (export "functions") 6 20 funcref)
      (table $externs (export "externs") 4 20 externref)
      (table $typed (export "typed") 2 8 (ref null $f))
      (table $wide (export "wide") i64 4 8 funcref)
      (global $function (export "function") (mut funcref) (ref.null func))
      (global $extern (export "extern") (mut externref) (ref.null extern))
      (elem $e func $a $id $a) (elem $x externref (ref.null extern) (ref.null extern))
      (elem (table $typed) (i32.const 0) (ref null $f) (ref.func $id) (ref.null $f))
      (func $id (export "id") (type $f) (local.get 0))
      (func (export "sets") (param i32 externref funcref)
        (table.set $externs (local.get 0) (local.get 1))
        (table.set $functions (local.get 0) (local.get 2))
        (global.set $extern (call $r (local.get 1) (local.get 2)))
        (global.set $function (table.get $functions (local.get 0)))
        (table.set $wide (i64.extend_i32_u (local.get 0)) (global.get $function)))
      (func (export "bulk") (param i32 i32 i32 externref)
        (table.fill $externs (local.get 0) (local.get 3) (local.get 1))
        (table.init $functions $e (local.get 0) (local.get 1) (local.get 2))
        (table.copy $functions $functions (local.get 0) (local.get 1) (local.get 2))
        (drop (table.grow $functions (ref.func $id) (local.get 0)))
        (drop (table.grow $externs (local.get 3) (local.get 1)))
        (elem.drop $e))
      (func (export "setAndCall") (param i32 externref) (result i32)
        (table.set $externs (i32.and (local.get 0) (i32.const 3)) (local.get 1))
        (call_indirect $functions (type $f) (local.get 0) (i32.and (local.get 0) (i32.const 3))))
      (func (export "call") (param i32) (result i32)
        (i32.add
          (call_indirect $typed (type $f) (local.get 0) (i32.and (local.get 0) (i32.const 1)))
          (call_ref $f (local.get 0) (table.get $typed (i32.const 0)))))
      (func (export "callWide") (param i32 i64) (result i32)
        (return_call_indirect $wide (type $f) (local.get 0) (local.get 1)))
      (func (export "null") (param (ref null $f)) (result i32)
        (block $null (return (call_ref $f (i32.const 3) (br_on_null $null (local.get 0)))))
        (ref.is_null (ref.func $id)))
      (func (export "tail") (param i32) (result i32) (return_call_ref $f (local.get 0) (ref.func $id)))
      (func (export "size") (result i64) (i64.add (table.size $wide) (i64.extend_i32_u (table.size $functions)))))
    """

  private static let memories = """
    (module
      (memory $m (export "m") 1 3) (memory $n (export "n") 1 2) (memory $w (export "w") i64 1 2)
      (data $d "some bytes in a segment") (data (i32.const 16) "active")
      (global $offset (export "offset") (mut i64) (i64.const 8))
      (func (export "access") (param i32 i64) (result i64)
        (i64.store $m offset=3 (local.get 0) (local.get 1))
        (i32.store8 $n (local.get 0) (i32.load16_s $m (local.get 0)))
        (f64.store $w (local.get 1) (f64.load $m offset=65528 (local.get 0)))
        (i64.add (i64.load32_u $w offset=4294967295 (local.get 1)) (i64.load $n (i32.const 8))))
      (func (export "bulk") (param i32 i32 i32) (param i64)
        (memory.fill $m (local.get 0) (local.get 1) (local.get 2))
        (memory.copy $m $n (local.get 0) (local.get 1) (local.get 2))
        (memory.copy $w $w (local.get 3) (global.get $offset) (local.get 3))
        (memory.copy $w $m (local.get 3) (local.get 1) (local.get 2))
        (memory.init $n $d (local.get 0) (local.get 1) (local.get 2))
        (data.drop $d))
      (func (export "grow") (param i32 i64) (result i64)
        (drop (memory.grow $n (local.get 0)))
        (i64.add (memory.grow $w (local.get 1)) (i64.extend_i32_u (memory.size $m))))
      (func (export "sum") (param i32) (result i32)
        (local i32 i32)
        (loop
          (local.set 1 (i32.add (local.get 1) (i32.load8_u $m (local.get 2))))
          (i32.store $m (local.get 2) (local.get 1))
          (br_if 0 (i32.lt_u (local.tee 2 (i32.add (local.get 2) (i32.const 1))) (local.get 0))))
        (local.get 1)))
    """

  private static let vectors = """
    (module
      (memory 1)
      (global $g (export "g") (mut v128) (v128.const i64x2 1 2))
      (func $mix (export "mix") (param v128 i32) (result v128)
        (local v128 v128)
        (local.set 2 (i8x16.shuffle 0 1 2 3 20 21 22 23 8 9 10 11 31 30 29 28 (local.get 0) (global.get $g)))
        (local.set 3 (i32x4.replace_lane 2 (local.get 2) (local.get 1)))
        (loop
          (local.set 3 (i64x2.add (local.get 3) (i8x16.swizzle (local.get 2) (local.get 3))))
          (v128.store8_lane 5 (local.get 1) (local.get 3))
          (local.set 2 (v128.load32_lane offset=4 1 (local.get 1) (local.get 2)))
          (br_if 0 (local.tee 1 (i32.shr_u (local.get 1) (i32.const 1)))))
        (global.set $g (select (local.get 2) (local.get 3) (v128.any_true (local.get 0))))
        (f32x4.add (local.get 3) (f32x4.convert_i32x4_s (local.get 2))))
      (func (export "lanes") (param i32 i64 f32 f64) (result f64)
        (f64.add
          (f64x2.extract_lane 1 (f64x2.replace_lane 0 (f64x2.splat (local.get 3)) (local.get 3)))
          (f64.promote_f32 (f32x4.extract_lane 3 (call $mix (f32x4.splat (local.get 2)) (local.get 0)))))))
    """

  private static let start = """
    (module
      (import "env" "a" (func $a (param i32) (result i32)))
      (import "env" "memory" (memory 1))
      (import "env" "table" (table 2 funcref))
      (import "env" "global" (global $g i32))
      (import "env" "counter" (global $c (mut i64)))
      (elem (i32.const 0) $start)
      (data (i32.const 100) "started")
      (func $start
        (local i32)
        (loop
          (i32.store (local.get 0) (call $a (local.get 0)))
          (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 4))) (i32.const 64))))
        (global.set $c (i64.add (global.get $c) (i64.extend_i32_u (global.get $g)))))
      (func (export "again") (result i64) (call $start) (call_indirect (i32.const 0)) (global.get $c))
      (start $start))
    """
}
