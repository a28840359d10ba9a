// The hook that a canister may have for when little of its heap is left.
//
// Source: dfinity/ic, rs/replicated_state/src/canister_state/system_state/task_queue.rs.

import SystemAPI

/// Of the low-memory hook: whether it is due.
enum LowMemoryHook: UInt8, Hashable, Sendable {
  case notSatisfied, ready, executed
}

extension Canister {
  /// Follows the condition of the low-memory hook.
  func updateLowMemoryHook(_ configuration: SubnetConfiguration) {
    switch (state.isLowOnWasmMemory(configuration), lowMemoryHook) {
    case (false, _): lowMemoryHook = .notSatisfied
    case (true, .notSatisfied):
      lowMemoryHook = .ready
    case (true, _): break
    }
  }

  /// Whether the hook is to be executed next.
  func hasDueHook(_ configuration: SubnetConfiguration) -> Bool {
    lowMemoryHook == .ready && state.status == .running && !isInMiddle
      && machine?.installed.exports("canister_on_low_wasm_memory") ?? false && canPayForTasks(configuration)
  }
}

extension SystemState {
  /// The condition of the low-memory hook: little of the heap is left that controllers allow.
  func isLowOnWasmMemory(_ configuration: SubnetConfiguration) -> Bool {
    let most = settings.wasmMemoryLimit > 0 ? settings.wasmMemoryLimit : configuration.heapLimit32
    var capacity = most
    if settings.memoryAllocation > 0 {
      let other = memoryUsage - heapBytes
      capacity = min(settings.memoryAllocation > other ? settings.memoryAllocation - other : 0, most)
    }
    return settings.wasmMemoryThreshold > 0
      && capacity < heapBytes.addingReportingOverflow(settings.wasmMemoryThreshold).partialValue
  }
}
