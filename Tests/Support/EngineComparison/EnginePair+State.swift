// Comparing values and state. References are the same if they name the same function of the same instance of the pair, or
// the same value of the host.

import Cannery
import ReferenceInterpreter
import Semantics
import WastRunner

extension EnginePair {
  /// Elements of a table that are compared.
  private static let tableLimit = 100_000
  /// Pages of a memory that are compared though the oracle never wrote to them.
  private static let zeroPages = 64

  /// A reference in terms of the pair.
  enum SharedReference: Hashable {
    case null
    /// A function of instance `instance`, or of one whose instantiation failed.
    case function(instance: Int?, index: UInt32)
    case host(Int?)
    case external(UInt64)
  }

  func shared(_ reference: OracleReference) -> SharedReference {
    switch reference {
    case .null: return .null
    case .external(let number): return .external(UInt64(number))
    case .function(let address):
      guard let (instance, index) = oracle.definition(of: address) else { return .host(oracleHosts[address]) }
      return .function(instance: oracleNumbers[ObjectIdentifier(instance)], index: index)
    }
  }

  func shared(_ reference: Reference, isFunction: Bool) -> SharedReference {
    if reference.isNull { return .null }
    guard isFunction else { return .external(reference.handle - 1) }
    guard let function = Function(reference, in: store) else { return .host(nil) }
    let index = function.record.pointee.index
    guard let instance = function.instance else { return .host(engineHosts[Int(index)]) }
    return .function(
      instance: engineNumbers[instance],
      index: index + UInt32(instance.module.spaces.importedFunctionCount))
  }

  func isSame(_ oracle: OracleValue, _ engine: RuntimeValue) -> Bool {
    switch (oracle, engine) {
    case (.i32(let a), .i32(let b)): a == UInt32(bitPattern: b)
    case (.i64(let a), .i64(let b)): a == UInt64(bitPattern: b)
    case (.f32(let a), .f32(let b)): a == b
    case (.f64(let a), .f64(let b)): a == b
    case (.v128(let a), .v128(let b)): a == b
    case (.reference(let a), .funcref(let b)): shared(a) == shared(b, isFunction: true)
    case (.reference(let a), .externref(let b)): shared(a) == shared(b, isFunction: false)
    default: false
    }
  }

  /// A value for the engine. References to functions must be null: only Wasm code makes others here.
  func engineValue(_ value: OracleValue) -> RuntimeValue {
    switch value {
    case .i32(let bits): .i32(Int32(bitPattern: bits))
    case .i64(let bits): .i64(Int64(bitPattern: bits))
    case .f32(let bits): .f32(bits)
    case .f64(let bits): .f64(bits)
    case .v128(let vector): .v128(vector)
    case .reference(.external(let number)): .externref(Reference(handle: UInt64(number) + 1))
    case .reference: .externref(.null)
    }
  }

  /// The other way round; of functions only that they are no null.
  func oracleValue(_ value: RuntimeValue) -> OracleValue {
    switch value {
    case .i32(let value): .i32(UInt32(bitPattern: value))
    case .i64(let value): .i64(UInt64(bitPattern: value))
    case .f32(let bits): .f32(bits)
    case .f64(let bits): .f64(bits)
    case .v128(let vector): .v128(vector)
    case .funcref(let reference): .reference(reference.isNull ? .null : .function(0))
    case .externref(let reference):
      .reference(reference.isNull ? .null : .external(UInt32(truncatingIfNeeded: reference.handle - 1)))
    }
  }

  /// What instances hold on the oracle's side.
  func snapshots() -> [OracleSnapshot] { instances.map { OracleSnapshot($0.oracle) } }

  /// Compares the engine's memories, tables and globals with `snapshots`; `place` says when.
  func compareState(_ snapshots: [OracleSnapshot], _ place: @autoclosure () -> String) {
    var seen: Set<ObjectIdentifier> = []
    for (number, instance) in instances.enumerated() where number < snapshots.count {
      let snapshot = snapshots[number]
      let engine = instance.engine
      for (index, global) in engine.globals.enumerated() where seen.insert(ObjectIdentifier(global)).inserted {
        if !isSame(snapshot.globals[index], global.value) {
          differ("\(place()): global \(index) is \(global.value), not \(snapshot.globals[index])")
        }
      }
      for (index, memory) in engine.memories.enumerated() where seen.insert(ObjectIdentifier(memory)).inserted {
        let count = snapshot.pageCount(memory: index)
        guard UInt64(count) == memory.pageCount else {
          differ("\(place()): memory \(index) has \(memory.pageCount) pages, not \(count)")
          continue
        }
        let bytes = UnsafeRawBufferPointer(start: memory.record.pointee.base, count: memory.count)
        if let page = snapshot.firstDifference(memory: index, bytes, zeroPages: EnginePair.zeroPages) {
          differ("\(place()): memory \(index) differs in page \(page)")
        }
      }
      for (index, table) in engine.tables.enumerated() where seen.insert(ObjectIdentifier(table)).inserted {
        compare(table, snapshot.tables[index], "\(place()): table \(index)")
      }
    }
  }

  private func compare(_ table: RuntimeTable, _ expected: [OracleReference], _ place: @autoclosure () -> String) {
    guard table.count == UInt64(expected.count) else {
      return differ("\(place()) has \(table.count) elements, not \(expected.count)")
    }
    for (index, reference) in expected.prefix(EnginePair.tableLimit).enumerated() {
      let handle = table.get(UInt64(index)) ?? 0
      if reference == .null && handle == 0 { continue }
      let actual = shared(Reference(handle: handle), isFunction: table.holdsFunctions)
      if actual != shared(reference) {
        return differ("\(place()) has \(actual) at \(index), not \(shared(reference))")
      }
    }
  }
}
