// The ways to compile and execute a program, which must all count alike.

import Cannery

/// One way. The oracle knows only the policy.
public struct EngineVariant: Sendable, CustomStringConvertible {
  public var policy: MeteringPolicy
  public var optimization: OptimizationLevel
  public var tracksWrites: Bool
  /// Slots and costs from these on need wide forms.
  public var narrowSlots = 65_536
  public var narrowCost: UInt64 = 65_536
  /// Instructions in an internal slice, after which the engine looks for interrupts.
  public var internalSlice = 1 << 22

  public init(
    _ policy: MeteringPolicy, _ optimization: OptimizationLevel, tracksWrites: Bool, hasWideForms: Bool = false,
    internalSlice: Int = 1 << 22
  ) {
    self.policy = policy
    self.optimization = optimization
    self.tracksWrites = tracksWrites
    self.internalSlice = internalSlice
    if hasWideForms {
      narrowSlots = 12
      narrowCost = 3
    }
  }

  public var description: String {
    var text = "\(policy), optimization \(optimization)"
    if tracksWrites { text += ", write tracking" }
    if narrowSlots < 65_536 { text += ", wide forms" }
    if internalSlice < 1 << 22 { text += ", internal slices of \(internalSlice)" }
    return text
  }

  var engine: Engine {
    var compiler = CompilerOptions(optimization: optimization, threads: 1)
    compiler.narrowSlots = narrowSlots
    compiler.narrowCost = narrowCost
    return Engine(EngineConfiguration(metering: policy, compiler: compiler))
  }

  /// Every level, with and without tracking, under both policies; wide forms and short internal slices among them.
  public static let all: [EngineVariant] = [
    EngineVariant(.icp, .full, tracksWrites: false),
    EngineVariant(.icp, .full, tracksWrites: true, internalSlice: 1),
    EngineVariant(.icp, .none, tracksWrites: false, internalSlice: 100),
    EngineVariant(.icp, .none, tracksWrites: true, hasWideForms: true),
    EngineVariant(.icp, .full, tracksWrites: false, hasWideForms: true, internalSlice: 37),
    EngineVariant(.operators, .full, tracksWrites: true, internalSlice: 10),
    EngineVariant(.operators, .full, tracksWrites: false),
    EngineVariant(.operators, .none, tracksWrites: false),
    EngineVariant(.operators, .none, tracksWrites: true, internalSlice: 1000),
  ]
}
