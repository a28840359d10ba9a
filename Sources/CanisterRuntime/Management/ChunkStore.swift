// The chunk store: large modules come in pieces.

import Candid
import Cannery
import SystemAPI

extension CanisterRuntime {
  private static let chunkLimit = 1 << 20
  private static let chunkCount = 100

  private func checkStore(_ canister: Canister, _ caller: ManagementCaller) throws(CanisterError) {
    if caller.principal != canister.id { try checkController(canister, caller) }
  }

  /// Keeps a chunk. Returns its SHA-256.
  func uploadChunk(_ id: Principal, _ chunk: [UInt8], by caller: ManagementCaller) throws(CanisterError) -> [UInt8] {
    let canister = try canister(id)
    try checkStore(canister, caller)
    func invalid(_ text: String) -> CanisterError {
      CanisterError(.canisterContractViolation, "Error from Wasm chunk store: \(text)")
    }
    guard chunk.count <= Self.chunkLimit else {
      throw invalid("Wasm chunk size \(chunk.count) exceeds the maximum chunk size of \(Self.chunkLimit).")
    }
    let hash = chunk.withUnsafeBytes { SHA256.hash($0).bytes }
    let isNew = canister.chunks[hash] == nil
    guard !isNew || canister.chunks.count < Self.chunkCount else {
      throw invalid("Wasm chunk store has already reached maximum capacity of \(Self.chunkCount << 20) bytes.")
    }
    let cost = fees.executionCost(
      instructions: fees.uploadChunkInstructions, is64: canister.machine?.installed.is64 ?? false)
    var state = canister.state
    if isNew { state.fixedMemory.chunks += UInt64(Self.chunkLimit) }
    guard state.balance >= cost.addingSaturated(state.freezingBalance(fees)) else {
      throw CanisterError(.canisterOutOfCycles, "Canister \(id) is out of cycles: it can't pay for the chunk")
    }
    state.spend(cost, on: .instructions)
    canister.state = state
    canister.chunks[hash] = chunk
    index.update(canister)
    return hash
  }

  func clearChunks(_ id: Principal, by caller: ManagementCaller) throws(CanisterError) {
    let canister = try canister(id)
    try checkStore(canister, caller)
    canister.chunks = [:]
    canister.state.fixedMemory.chunks = 0
    index.update(canister)
  }

  func storedChunks(_ id: Principal, by caller: ManagementCaller) throws(CanisterError) -> [[UInt8]] {
    let canister = try canister(id)
    try checkStore(canister, caller)
    return canister.chunks.keys.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// A module from its chunks.
  func assembleChunks(
    _ hashes: [[UInt8]], of store: Principal, expecting hash: [UInt8], by caller: ManagementCaller
  ) throws(CanisterError) -> [UInt8] {
    let canister = try canister(store)
    try checkStore(canister, caller)
    func invalid(_ text: String) -> CanisterError { CanisterError(.canisterContractViolation, text) }
    guard hashes.count <= Self.chunkCount else {
      throw invalid("A module has at most \(Self.chunkCount) chunks, not \(hashes.count)")
    }
    var bytes: [UInt8] = []
    for hash in hashes {
      guard let chunk = canister.chunks[hash] else {
        throw invalid("Error from Wasm chunk store: Chunk hash \(hexadecimal(hash)) was not found.")
      }
      bytes += chunk
    }
    let actual = bytes.withUnsafeBytes { SHA256.hash($0).bytes }
    guard actual == hash else {
      throw invalid(
        "Wasm module hash \(hexadecimal(actual)) does not match given hash WasmHash(\(hexadecimal(hash)))")
    }
    return bytes
  }
}

/// Two digits for each byte.
package func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
