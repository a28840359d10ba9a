// IR snapshots: each `Snapshots/NAME.wat` has beside it `NAME.ir` with its functions as the frontend builds them and as
// the passes leave them. `CANNERY_ACCEPT_SNAPSHOTS=1` rewrites the expectations.
//
// The first line of a .wat may say `;; policy: none`; the policy is `icp` otherwise. Lines that begin with `;;` are copied
// to the expectation.

import Compiler
import Foundation
import Testing
import WebAssembly

private let snapshotFolder = packageFolder.appendingPathComponent("Tests/CompilerTests/Snapshots")
private let isAccepting = ProcessInfo.processInfo.environment["CANNERY_ACCEPT_SNAPSHOTS"] != nil

private let snapshotNames: [String] = {
  let files = (try? FileManager.default.contentsOfDirectory(atPath: snapshotFolder.path)) ?? []
  return files.filter { $0.hasSuffix(".wat") }.map { String($0.dropLast(4)) }.sorted()
}()

@Suite struct SnapshotTests {
  @Test(arguments: snapshotNames)
  func snapshot(_ name: String) throws {
    let source = try String(contentsOf: snapshotFolder.appendingPathComponent("\(name).wat"), encoding: .utf8)
    let policy: MeteringPolicy = source.hasPrefix(";; policy: none") ? .none : .icp
    let context = FrontendContext(module: try module(source), policy: policy)
    var builder = FunctionBuilder(context)
    var optimizer = Optimizer(context, options: CompilerOptions(verifiesIR: true))
    var text = source.split(separator: "\n").filter { $0.hasPrefix(";;") }.joined(separator: "\n") + "\n"
    for index in 0..<context.module.functions.count {
      var function = try builder.build(functionIndex: index)
      text += "\n;; as built\n" + printIR(function)
      try expectRoundTrip(function)
      try optimizer.run(&function)
      text += "\n;; optimised\n" + printIR(function)
      try expectRoundTrip(function)
    }
    let file = snapshotFolder.appendingPathComponent("\(name).ir")
    let expected = try? String(contentsOf: file, encoding: .utf8)
    if isAccepting {
      if expected != text { try text.write(to: file, atomically: true, encoding: .utf8) }
      return
    }
    #expect(text == expected, "\(name).ir; CANNERY_ACCEPT_SNAPSHOTS=1 accepts the change")
  }

  @Test func isNotAccepting() { #expect(!isAccepting, "snapshots were accepted: run again without the variable") }

  @Test func thereAreSnapshots() { #expect(!snapshotNames.isEmpty) }

  private func expectRoundTrip(_ function: borrowing IRFunction) throws {
    let text = printIR(function)
    let parsed = try parseIR(text)
    #expect(printIR(parsed) == text)
    #expect(verifyIR(parsed).isEmpty)
  }
}
