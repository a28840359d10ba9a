// Executes the ledger canister from its artifact, with the System API served by `CanisterHost`: installation, queries,
// transfers, errors, an upgrade. Everything is done twice, and the counts of instructions must be the same.
//
//   LedgerDemo FILE      an artifact, or the module itself, which is compiled first

import CanisterHost
import Cannery
import Foundation

let alice = Principal([0xA1, 0x1C, 0xE0, 0x01])
let bob = Principal([0xB0, 0xB0, 0x02])
let mint = Principal([0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x01, 0x01])
let transfers = 2000

/// The whole life of a ledger. Returns the instructions of all messages, and their number.
func live(_ module: Module, _ engine: Engine, isVerbose: Bool) throws -> (instructions: UInt64, messages: Int) {
  var session = Session(try Canister(module, engine: engine), isVerbose: isVerbose)

  let settings = CandidValue.record([
    "name": .text("Cannery Coin"), "symbol": .text("CAN"), "decimals": .some(.nat(8)), "fee": .some(.nat(10)),
    "minting_account": account(mint),
    "initial_balances": .vec([.record(["0": account(alice), "1": .nat(100_000_000_000)])]),
  ])
  try session.send("canister_init", settings, as: initType)
  try session.send("canister_query icrc1_name", expect: "\"Cannery Coin\"")
  try session.send("canister_query icrc1_metadata", expect: "vec { record { \"icrc1:name\"")
  try session.send("canister_query icrc1_balance_of", account(alice), as: accountType, expect: "100_000_000_000")
  try session.send("canister_query account_text", account(alice), as: accountType, expect: "\"\(alice)\"")

  let method = "canister_update icrc1_transfer"
  try session.send(
    method, transfer(to: account(bob), 2_500, memo: [1, 2, 3]), as: transferType, from: alice,
    expect: "variant { Ok = 1 }")
  try session.send(
    method, transfer(to: account(bob), 1, fee: 3), as: transferType, from: alice,
    expect: "variant { Err = variant { BadFee = record { expected_fee = 10; } } }")
  try session.send(
    method, transfer(to: account(alice), 2_500), as: transferType, from: bob,
    expect: "variant { Err = variant { InsufficientFunds = record { balance = 2_500; } } }")
  try session.send(
    method, transfer(to: account(bob), 1), as: transferType, from: .anonymous,
    expect: "failed: anonymous callers have no accounts")
  try session.send(
    "canister_update icrc2_approve", approve(account(bob), 1_000), as: approveType, from: alice,
    expect: "variant { Ok = 2 }")
  try session.send(
    "canister_update icrc2_transfer_from", transferFrom(account(alice), to: account(bob), 500), as: transferFromType,
    from: bob, expect: "variant { Ok = 3 }")
  // A message that isn't Candid: the canister traps, and its state is as before.
  try session.send(
    Message("canister_query icrc1_balance_of", argument: Array("nonsense".utf8)),
    expect: "failed: Candid: no DIDL header at byte 0")
  try session.send("canister_query icrc1_balance_of", account(bob), as: accountType, expect: "3_000")

  // Many transfers, each to another account.
  let before = session.instructions
  let start = ContinuousClock.now
  for index in 0..<transfers {
    let owner = Principal([UInt8(truncatingIfNeeded: index), UInt8(truncatingIfNeeded: index >> 8), 7, 7])
    try session.send(
      method, transfer(to: account(owner), UInt128(1 + index % 100), createdAt: session.canister.time + UInt64(index)),
      as: transferType, from: alice, expect: "variant { Ok = \(index < 996 ? "\(4 + index)" : "")", quietly: true)
  }
  if isVerbose {
    let duration = ContinuousClock.now - start
    print("\(transfers) transfers to other accounts")
    print(
      "    \((session.instructions - before) / UInt64(transfers)) instructions and "
        + "\(shown(duration / transfers)) each, \(shown(duration)) in all")
  }
  try session.send("canister_query transactions", .record(["start": .nat(1), "length": .nat(1)]), as: rangeType)
  let status = try session.send("canister_query status")

  // An upgrade: the state goes through stable memory into a new instance.
  try session.send("canister_pre_upgrade")
  let upgraded = try Canister(module, engine: engine, stableMemory: session.canister.stableMemory)
  let certified = session.canister.certifiedData
  session.canister = upgraded
  try session.send("canister_post_upgrade")
  guard upgraded.certifiedData == certified else { throw Surprise(description: "the upgrade lost the certified hash") }
  let after = try session.send("canister_query status", quietly: true)
  guard case .record(let old)? = status, case .record(let new)? = after, old["tip_hash"] == new["tip_hash"],
    old["accounts"] == new["accounts"], old["transactions"] == new["transactions"]
  else { throw Surprise(description: "the upgrade changed the state") }
  try session.send("canister_query icrc1_balance_of", account(bob), as: accountType, expect: "3_000")
  return (session.instructions, session.messages)
}

do {
  guard CommandLine.arguments.count == 2 else { throw Surprise(description: "usage: LedgerDemo FILE") }
  var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1])))
  let engine = Engine(EngineConfiguration(features: .icp, metering: .icp))
  if bytes.starts(with: [0, 0x61, 0x73, 0x6D]) {
    let size = bytes.count
    let start = ContinuousClock.now
    bytes = try engine.precompile(bytes)
    print("compiled \(size) bytes to \(bytes.count) in \(shown(ContinuousClock.now - start))")
  }
  let start = ContinuousClock.now
  let module = try engine.load(artifact: bytes)
  print("loaded \(bytes.count) bytes in \(shown(ContinuousClock.now - start))")
  let first = try live(module, engine, isVerbose: true)
  let second = try live(module, engine, isVerbose: false)
  guard first == second else { throw Surprise(description: "two runs differ: \(first) and \(second)") }
  print("\(first.messages) messages, \(first.instructions) instructions; the same again in a second run")
} catch {
  FileHandle.standardError.write(Data("LedgerDemo: \(error)\n".utf8))
  exit(1)
}
