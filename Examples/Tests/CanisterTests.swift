// How to test a canister in Swift, in the test's own process: copy this file. A runtime is a network of one subnet; the
// test gives it time, and asks it for what a real one doesn't tell: memory, cycles, instructions.

import Candid
import CanisterRuntime
import Foundation
import SystemAPI
import Testing

/// A module that `Examples/build` has made; in a project of your own, wherever your build puts it.
private func module(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: file(name))) }

private func file(_ name: String) -> URL {
  URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../.build/\(name).wasm").standardized
}

private let isBuilt = FileManager.default.fileExists(atPath: file("counter").path)

@Suite(.enabled(if: isBuilt, "the example canisters aren't built: Examples/build"))
struct CanisterTests {
  let runtime = CanisterRuntime()

  @Test func countsAndKeepsCountingAfterAnotherMessage() throws {
    let counter = try runtime.createCanister()
    try runtime.install(counter, module("counter"))
    #expect(try runtime.call(counter, "increment", with: []).get(0, as: UInt64.self) == 1)
    #expect(try runtime.call(counter, "increment", with: []).get(0, as: UInt64.self) == 2)
    #expect(try runtime.query(counter, "get", with: []).get(0, as: UInt64.self) == 2)
  }

  @Test func anUpgradeForgetsTheHeap() throws {
    let counter = try runtime.createCanister()
    try runtime.install(counter, module("counter"))
    _ = try runtime.call(counter, "increment", with: [])
    try runtime.install(counter, module("counter"), mode: .upgrade())
    #expect(try runtime.query(counter, "get", with: []).get(0, as: UInt64.self) == 0)
  }

  @Test func aCallBetweenCanisters() throws {
    let (greeter, caller) = (try runtime.createCanister(), try runtime.createCanister())
    try runtime.install(greeter, module("greeter"))
    try runtime.install(caller, module("caller"), with: [CandidValue(greeter)])
    let greeting = try runtime.call(caller, "ask", with: ["Ada"])[0].variant()
    #expect(greeting.name == "ok")
    #expect(try greeting.get(String.self).contains("Ada"))
    // The executions, in order: the caller's method, the greeter's, and the callback.
    #expect(runtime.takeReports().suffix(3).map(\.canister) == [caller, greeter, caller])
  }

  @Test func aRejectHasACode() throws {
    let greeter = try runtime.createCanister()
    try runtime.install(greeter, module("greeter"))
    do {
      _ = try runtime.query(greeter, "greet", with: [""])
      Issue.record("an empty name was greeted")
    } catch let reject as CanisterReject {
      #expect(reject.code == .canisterReject)
    }
  }

  @Test func aTimerAndItsTime() throws {
    let (controller, stranger) = (Principal("aaaaa-aa")!, Principal.anonymous)
    let timer = try runtime.createCanister(controller: controller)
    try runtime.install(timer, module("timer"), sender: controller)
    #expect(throws: CanisterReject.self) { try runtime.call(timer, "start", with: [.nat32(60)], sender: stranger) }
    _ = try runtime.call(timer, "start", with: [.nat32(60)], sender: controller)
    for minute in 1...3 {
      runtime.advanceTime(by: 60_000_000_000)
      runtime.executeRound()
      let status = try runtime.query(timer, "status", with: [])[0].record()
      #expect(try status.get("ticks", as: Int.self) == minute)
    }
  }

  @Test func whatAMessageCosts() throws {
    let counter = try runtime.createCanister(cycles: 1_000_000_000_000)
    try runtime.install(counter, module("counter"))
    _ = runtime.takeReports()
    let before = try runtime.state(of: counter).balance
    _ = try runtime.call(counter, "increment", with: [])
    let report = try #require(runtime.takeReports().first)
    // A budget for instructions catches what makes a method slower: counts are exact, on every machine.
    #expect(report.name == "increment" && report.instructions < 10_000)
    #expect(try runtime.state(of: counter).balance <= before - report.cycles)
  }
}
