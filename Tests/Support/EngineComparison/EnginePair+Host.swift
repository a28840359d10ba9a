// Host functions of a pair: deterministic, so that both sides get the same results, and noted, so that calls compare.

import Cannery
import ReferenceInterpreter
import Semantics
import WastRunner

extension EnginePair {
  /// What a host function does beside giving results.
  public struct HostBehavior: Sendable {
    /// The engine's function suspends on every call but the first of each execution; the oracle knows nothing of that.
    public var suspends = false
    /// Instructions that each call charges.
    public var charge: UInt64 = 0
    /// An export of the calling instance that it calls with zeros first, if it takes what zeros can be made for.
    public var reenters: String?
    /// Whether it goes on where that export traps.
    public var survivesTraps = false
    public init() {}
  }

  /// A function of the host whose results follow from its arguments.
  public func hostFunction(_ type: FunctionType, _ behavior: HostBehavior = HostBehavior()) throws -> External {
    let number = oracleHosts.count
    let oracleFunction = oracle.hostFunction(type) { [unowned self] caller, arguments in
      // Paying is a check point of the caller; what comes after it, is in the host's hands.
      if behavior.charge > 0 { try caller.store.charge(behavior.charge) }
      hostDepth += 1
      defer { hostDepth -= 1 }
      oracleCalls.append(
        HostCall(function: number, arguments: arguments.map(EngineValue.init), remaining: caller.store.meter.counter))
      if let name = behavior.reenters, hostDepth < 3, let function = caller.instance?.function(name) {
        let zeros = caller.store.type(of: function).parameters.map(OracleValue.init(defaultOf:))
        do throws(OracleStop) { _ = try caller.store.invoke(function, zeros) } catch {
          guard behavior.survivesTraps, error.trapKind != nil else { throw error }
        }
      }
      return EnginePair.results(type, arguments)
    }
    let engineFunction = try store.makeHostFunction(type, name: "host \(number)") { [unowned self] caller, slots in
      var slot = UnsafePointer(slots)
      let arguments = type.parameters.map { type in
        defer { slot += type.slotCount }
        return oracleValue(RuntimeValue(type: type, from: slot))
      }
      if behavior.charge > 0 { try caller.charge(behavior.charge) }
      engineCalls.append(
        HostCall(
          function: number, arguments: arguments.map(EngineValue.init),
          remaining: Int64(caller.remainingInstructions)))
      let results = EnginePair.results(type, arguments)
      try reenter(caller, behavior)
      if behavior.suspends && engineCalls.count > 1 && store.depth == 1 {
        pendingResults = results
        return .suspend
      }
      var target = slots
      for (index, result) in results.enumerated() {
        engineValue(result).store(to: target)
        target += type.results[index].slotCount
      }
      return .done
    }
    oracleHosts[oracleFunction.address] = number
    engineHosts[Int(engineFunction.record.pointee.index)] = number
    return External(oracle: .function(oracleFunction), engine: .function(engineFunction))
  }

  private func reenter(_ caller: Caller, _ behavior: HostBehavior) throws {
    guard let name = behavior.reenters, store.depth < 3, let instance = caller.instance,
      case .function(let function)? = instance.export(name)
    else { return }
    do {
      _ = try function.call(function.type.parameters.map { engineValue(OracleValue(defaultOf: $0)) })
    } catch let trap as Trap {
      // What the inner execution trapped with is what the outer one traps with.
      if !behavior.survivesTraps { throw trap.kind }
    } catch let kind as TrapKind {
      if !behavior.survivesTraps { throw kind }
    }
  }

  /// Results that depend on the arguments.
  private static func results(_ type: FunctionType, _ arguments: [OracleValue]) -> [OracleValue] {
    var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
    for argument in arguments { hash = (hash ^ argument.lowBits) &* 0xBF58_476D_1CE4_E5B9 }
    return type.results.map { type in
      hash = (hash ^ hash >> 29) &* 0x94D0_49BB_1331_11EB
      return switch type {
      case .i32: .i32(UInt32(truncatingIfNeeded: hash >> 60))
      case .i64: .i64(hash)
      case .f32: .f32(Float(hash >> 50).bitPattern)
      case .f64: .f64(Double(hash >> 20).bitPattern)
      case .v128: .v128(V128(low: hash, high: ~hash))
      case .externref: .reference(.external(UInt32(truncatingIfNeeded: hash >> 61)))
      default: .reference(.null)
      }
    }
  }
}

extension OracleValue {
  fileprivate var lowBits: UInt64 {
    switch self {
    case .i32(let bits), .f32(let bits): UInt64(bits)
    case .i64(let bits), .f64(let bits): bits
    case .v128(let vector): vector.low ^ vector.high
    case .reference(.external(let number)): UInt64(number) + 1
    case .reference: 0
    }
  }
}
