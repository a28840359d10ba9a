// What a canister can still do that has too few cycles for its storage.

import Candid
import CanisterRuntime
import SystemAPI
import Testing

@Suite struct FrozenCanisterTests {
  /// It can give memory back, which may be what it needs, and can't take more.
  @Test func memoryIsGivenBack() throws {
    let fixture = try Fixture(Wat(["msg_reply"], update("(call $msg_reply)")), cycles: 1 << 50)
    let (runtime, id) = (fixture.runtime, fixture.id)
    let snapshot = try runtime.takeSnapshot(of: id)
    let canister = "canister_id = principal \"\(id)\""
    try runtime.manage("upload_chunk", "(record { \(canister); chunk = blob \"abc\" })")
    let controller = try runtime.createCanister(cycles: 1 << 80)
    try runtime.install(controller, proxy.bytes)
    var change = SettingsChange()
    change.controllers = [.anonymous, controller]
    change.freezingThreshold = 1 << 62
    try runtime.updateSettings(id, change)
    #expect(failure { try runtime.takeSnapshot(of: id) }?.code == .insufficientCyclesInMemoryGrow)
    #expect(
      failure { try runtime.manage("clear_chunk_store", "(record { \(canister) })") }?.code == .canisterOutOfCycles)
    let before = try runtime.state(of: id).memoryUsage
    try runtime.deleteSnapshot(snapshot.id, of: id)
    try runtime.manage("clear_chunk_store", "(record { \(canister) })", through: controller)
    #expect(try runtime.state(of: id).memoryUsage == before - snapshot.size - 1 << 20)
  }

  /// All settings of one change hold together: what the allocations cost is compared with the new threshold.
  @Test(arguments: [(1_000_000_000_000, 1, true), (30_000_000_000_000, 300, false)] as [(Cycles, UInt64, Bool)])
  func thresholdAndAllocationInOneChange(_ balance: Cycles, _ days: UInt64, _ isAllowed: Bool) throws {
    let runtime = CanisterRuntime()
    let id = try runtime.createCanister(cycles: balance)
    var change = SettingsChange()
    change.computeAllocation = 1
    change.freezingThreshold = days * 86_400
    let error = failure { try runtime.updateSettings(id, change) }
    #expect((error == nil) == isAllowed, "\(String(describing: error))")
    #expect(try runtime.state(of: id).settings.computeAllocation == (isAllowed ? 1 : 0))
  }

  /// Of several things that are wrong, the replica tells the first: capacities, the number of controllers, compute, memory.
  @Test func orderOfComplaints() throws {
    let runtime = CanisterRuntime()
    let id = try runtime.createCanister(cycles: 30_000_000_000_000)
    var change = SettingsChange()
    change.freezingThreshold = 300 * 86_400
    change.computeAllocation = 1
    change.memoryAllocation = 1 << 40
    #expect(failure { try runtime.updateSettings(id, change) }?.code == .insufficientCyclesInComputeAllocation)
    change.controllers = (0..<20).map { Principal([UInt8($0), 1, 1, 1])! }
    #expect(failure { try runtime.updateSettings(id, change) }?.code == .canisterContractViolation)
    change.controllers = nil
    change.computeAllocation = nil
    #expect(failure { try runtime.updateSettings(id, change) }?.code == .insufficientCyclesInMemoryAllocation)
  }
}
