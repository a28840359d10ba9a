// The chunk store: large modules come in pieces.

import Candid
import Cannery
import SystemAPI

extension CanisterRuntime {
  /// Bytes that each chunk is billed as, and has at most.
  static let chunkSize: UInt64 = 1 << 20
  /// Chunks of a store, and of a module.
  static let chunkCount = 100

  private func checkStore(_ canister: Canister, _ caller: ManagementCaller) throws(CanisterError) {
    if caller.principal != canister.id { try checkController(canister, caller) }
  }

  func chunkStoreError(_ text: String) -> CanisterError {
    CanisterError(.canisterContractViolation, "Error from Wasm chunk store: \(text)")
  }

  /// The SHA-256 of a chunk that a store has room for; nil if it has the chunk.
  func newChunk(_ chunk: [UInt8], _ store: [[UInt8]: [UInt8]]) throws(CanisterError) -> [UInt8]? {
    guard chunk.count <= Self.chunkSize else {
      throw chunkStoreError("Wasm chunk size \(chunk.count) exceeds the maximum chunk size of \(Self.chunkSize).")
    }
    let hash = chunk.withUnsafeBytes { SHA256.hash($0).bytes }
    if store[hash] != nil { return nil }
    guard store.count < Self.chunkCount else {
      throw chunkStoreError(
        "Wasm chunk store has already reached maximum capacity of \(UInt64(Self.chunkCount) * Self.chunkSize) bytes.")
    }
    return hash
  }

  /// Keeps a chunk. Returns its SHA-256. The canister pays, whether it is kept or not.
  func uploadChunk(_ id: Principal, _ chunk: [UInt8], by caller: ManagementCaller) throws(CanisterError) -> [UInt8] {
    let canister = try canister(id)
    try checkStore(canister, caller)
    try payInstructions(fees.uploadChunkInstructions, &canister.state) {
      chunkStoreError("Error charging for 'upload_chunk': \($0).")
    }
    guard let hash = try newChunk(chunk, canister.chunks) else {
      return chunk.withUnsafeBytes { SHA256.hash($0).bytes }
    }
    try checkHeapDeltaForUpload(canister, caller)
    var state = canister.state
    state.fixedMemory.chunks += Self.chunkSize
    try takeMemory(&state, from: canister.state.billedMemory)
    canister.state = state
    canister.chunks[hash] = chunk
    canister.changedBytes = canister.changedBytes.addingSaturated(Self.chunkSize)
    count(changes: Self.chunkSize, of: canister, by: caller)
    managementInstructions -= Int64(clamping: fees.uploadChunkInstructions)
    canister.updateLowMemoryHook(fees)
    index.update(canister)
    return hash
  }

  func clearChunks(_ id: Principal, by caller: ManagementCaller) throws(CanisterError) {
    let canister = try canister(id)
    try checkStore(canister, caller)
    var state = canister.state
    state.fixedMemory.chunks = 0
    try takeMemory(&state, from: canister.state.billedMemory)
    canister.state = state
    canister.chunks = [:]
    canister.updateLowMemoryHook(fees)
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
