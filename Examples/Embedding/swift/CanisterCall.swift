// A canister in the built-in runtime: it is made, gets its code, and is called.

import Candid
import CanisterRuntime
import Foundation
import SystemAPI

func canisterCall(_ arguments: [String]) throws {
  let runtime = CanisterRuntime()
  // An empty canister, with the cycles that a local network gives.
  let canister = try runtime.createCanister()
  try runtime.install(canister, [UInt8](Data(contentsOf: URL(fileURLWithPath: arguments[0]))))
  _ = runtime.takeReports()

  /// Prints a reply as Candid text, or why there is none.
  func printed(_ method: String, _ call: () throws -> [CandidValue]) throws {
    do {
      print("\(method): \(try printArguments(call()))")
    } catch let reject as CanisterReject {
      // The first line tells what happened; others may say where.
      print("\(method): \(reject.error) \(reject.message.prefix { $0 != "\n" })")
    }
  }

  try printed("increment") { try runtime.call(canister, "increment", with: []) }
  _ = runtime.takeReports()
  try printed("increment") { try runtime.call(canister, "increment", with: []) }
  let instructions = runtime.takeReports().reduce(0) { $0 + $1.instructions }
  // A message that fails leaves no trace …
  try printed("fail") { try runtime.call(canister, "fail", with: []) }
  // … so that a query sees what was there before.
  try printed("get") { try runtime.query(canister, "get", with: []) }
  print("instructions of the second increment: \(instructions)")
}
