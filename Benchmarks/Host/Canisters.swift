// What a message costs, at two sizes of heap, and what a canister takes of memory where there are many.

import Candid
import CanisterRuntime

/// A canister whose methods do nothing but answer, with a heap of so many pages of 64 KiB, all of it written.
private func idleModule(pages: Int) -> [UInt8] {
  Array(
    """
    (module
      (import "ic0" "msg_reply" (func $reply))
      (memory \(pages))
      (func (export "canister_init") (local $at i32)
        (loop
          (i32.store (local.get $at) (i32.const 1))
          (local.set $at (i32.add (local.get $at) (i32.const 4096)))
          (br_if 0 (i32.lt_u (local.get $at) (i32.const \(pages * 65_536))))))
      (func (export "canister_update nothing") (call $reply))
      (func (export "canister_query nothing_much") (call $reply)))
    """.utf8)
}

func measureCanisters(_ count: Int) throws {
  for megabytes in [1, 64] {
    let runtime = CanisterRuntime()
    let id = try runtime.createCanister(cycles: 1 << 100)
    try runtime.install(id, idleModule(pages: megabytes * 16))
    try measureMessages(runtime, id, "\(megabytes) MB of heap")
  }
  let runtime = CanisterRuntime()
  let module = idleModule(pages: 1)
  let before = SystemUse()
  var last = try runtime.createCanister(cycles: 1 << 100)
  try runtime.install(last, module)
  for _ in 1..<count {
    last = try runtime.createCanister(cycles: 1 << 100)
    try runtime.install(last, module)
  }
  let after = SystemUse()
  show("memory of a canister among \(count)", Double(after.kilobytes - before.kilobytes) / Double(count), "KB")
  show("mappings of a canister among \(count)", Double(after.mappings - before.mappings) / Double(count), "")
  try measureMessages(runtime, last, "one of \(count) canisters")
}

private func measureMessages(_ runtime: CanisterRuntime, _ id: Principal, _ what: String) throws {
  try report("update, \(what)", "us", batches: 20, perBatch: 500) {
    _ = runtime.takeReports()
    return { _ = try runtime.call(id, "nothing", []) }
  }
  try report("query, \(what)", "us", batches: 20, perBatch: 500) {
    _ = runtime.takeReports()
    return { _ = try runtime.query(id, "nothing_much", []) }
  }
}
