// What the compiler can be told. Options never change what a module computes or what is charged for it.

/// How much the compiler does about the code's speed.
public enum OptimizationLevel: UInt8, Hashable, Sendable, CaseIterable {
  /// The IR goes to lowering as the frontend built it.
  case none
  /// All passes.
  case full
}

/// What the compiler can be told.
public struct CompilerOptions: Hashable, Sendable {
  /// Which passes run.
  public var optimization: OptimizationLevel
  /// Whether the IR is verified after the frontend and after each pass: twice to four times the compile time.
  public var verifiesIR: Bool
  /// Threads that compile functions; 0 means one for each core. The output doesn't depend on it.
  public var threads: Int
  /// Slots below this number, and costs below `narrowCost`, get the short forms of operations; tests lower both to have the
  /// wide forms.
  public var narrowSlots = 65_536
  /// See `narrowSlots`.
  public var narrowCost: UInt64 = 65_536

  /// All passes, on all cores, unless told otherwise.
  public init(
    optimization: OptimizationLevel = .full, verifiesIR: Bool = CompilerOptions.verifiesByDefault, threads: Int = 0
  ) {
    self.optimization = optimization
    self.verifiesIR = verifiesIR
    self.threads = threads
  }

  /// True in debug builds.
  public static let verifiesByDefault: Bool = {
    var isDebug = false
    assert(
      {
        isDebug = true
        return true
      }())
    return isDebug
  }()
}
