// What is compared: anything that can run a kernel and say what it took.

/// What a process took.
public struct Cost: Hashable, Sendable {
  /// From before its start to after its end; seconds.
  public var wall: Double
  /// User and system time of all its threads; seconds.
  public var cpu: Double
  /// The most memory that was resident; bytes. Never less than this process had when it started it: the kernel counts
  /// what a new process shares with its parent until it has loaded its program.
  public var peak: Int
  public init(wall: Double, cpu: Double, peak: Int) {
    self.wall = wall
    self.cpu = cpu
    self.peak = peak
  }
}

/// Which time is compared.
public enum Metric: String, CaseIterable, Sendable {
  case cpu, wall

  public func seconds(_ cost: Cost) -> Double { self == .cpu ? cost.cpu : cost.wall }
}

/// One execution of `run(n)`.
public struct Execution: Hashable, Sendable {
  public var result: Int64
  /// Of everything that the engine did for it.
  public var cost: Cost
  public init(result: Int64, cost: Cost) {
    self.result = result
    self.cost = cost
  }
}

/// An engine that runs kernels.
///
/// The cost of an execution includes starting up and compiling. The harness measures that part by running each kernel with
/// n = 0 too, and takes it off.
public protocol Engine: Sendable {
  var name: String { get }
  /// Whether it executes without making native code: such engines are also compared with the best of them.
  var isInterpreter: Bool { get }
  func run(_ kernel: Kernel, n: Int32) throws(HarnessError) -> Execution
}
