// The benchmark kernels and the example canisters on engine and oracle together. They must have been built
// (`Benchmarks/build-kernels`, `Examples/build`); `CANNERY_ALL_VARIANTS` has them run to their end in all variants.

import Cannery
import EngineComparison
import Foundation
import ProgramGenerator
import ReferenceInterpreter
import Testing
import WasmBinary
import WebAssembly

private let packageFolder: URL = {
  var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  while folder.path != "/"
    && !FileManager.default.fileExists(atPath: folder.appendingPathComponent("Package.swift").path)
  {
    folder.deleteLastPathComponent()
  }
  return folder
}()

private let runsAll = ProcessInfo.processInfo.environment["CANNERY_ALL_VARIANTS"] != nil

/// What a part of a run goes up to; the oracle executes some million instructions in a second, in a debug build far fewer.
private let partialLimit: Int64 = dispatchesThroughTrampoline ? 10_000 : 500_000

private let variants =
  runsAll
  ? EngineVariant.all
  : [EngineVariant(.icp, .full, tracksWrites: true), EngineVariant(.operators, .none, tracksWrites: false)]

/// The kernels with their sizes for checking.
private let kernels: [(name: String, size: UInt32)] = {
  let list = packageFolder.appendingPathComponent("Benchmarks/kernels/list")
  guard let text = try? String(contentsOf: list, encoding: .utf8) else { return [] }
  return text.split(separator: "\n").compactMap { line in
    let fields = line.split(separator: " ", omittingEmptySubsequences: true)
    guard fields.count > 2, !line.hasPrefix("#"), let size = UInt32(fields[1]) else { return nil }
    return (String(fields[0]), size)
  }
}()

private func builtModule(_ path: String) throws -> WebAssembly.Module? {
  guard let data = try? Data(contentsOf: packageFolder.appendingPathComponent(path)) else {
    print("SKIPPED: \(path) is not built")
    return nil
  }
  return try decodeModule(ModuleBytes([UInt8](data)))
}

@Suite struct KernelTests {
  @Test func kernelsAreListed() { #expect(kernels.count > 10) }

  @Test(arguments: kernels.map(\.name), variants)
  func kernel(_ name: String, _ variant: EngineVariant) throws {
    guard let module = try builtModule("Benchmarks/kernels/.build/\(name).wasm"),
      let size = kernels.first(where: { $0.name == name })?.size
    else { return }
    var random = Random(seed: 1)
    let parts = InstructionSchedule(total: partialLimit, slices: 6, interrupts: 3, &random)
    for schedule in runsAll ? [parts, .unlimited] : [parts] {
      let pair = try EnginePair(variant)
      let instance = try pair.instantiate(module) { _ in nil }
      let function = try #require(instance.export("run"))
      let outcome = pair.invoke(function, [.i32(size)], schedule)
      if case .results = outcome {
      } else {
        #expect(outcome == .trap(.outOfInstructions) && !runsAll || schedule.first < .max)
      }
      #expect(pair.differences == [])
    }
  }

  /// The canisters' exports with a host that answers anything: they get as far as they get.
  @Test(arguments: ["counter", "ledger"], variants)
  func canister(_ name: String, _ variant: EngineVariant) throws {
    guard let module = try builtModule("Examples/.build/\(name).wasm") else { return }
    let pair = try EnginePair(variant)
    var behavior = EnginePair.HostBehavior()
    behavior.charge = 500
    var hosts: [EnginePair.External] = []
    for item in module.imports {
      guard case .function(let index) = item.description, case .function(let type) = module.types[Int(index)].composite
      else { continue }
      behavior.suspends.toggle()
      hosts.append(try pair.hostFunction(type, behavior))
    }
    var next = hosts.makeIterator()
    let instance = try pair.instantiate(module) { _ in next.next() }
    var random = Random(seed: 2)
    var executed = 0
    for export in module.exports where export.kind == .function {
      let function = try #require(instance.export(export.name))
      pair.invoke(function, [], InstructionSchedule(total: partialLimit, slices: 6, interrupts: 2, &random))
      executed += 1
    }
    #expect(executed > 1)
    #expect(pair.differences == [])
  }
}
