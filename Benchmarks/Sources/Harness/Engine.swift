// What is compared: anything that can run a kernel and say how long it took.

/// One execution of `run(n)`.
public struct Execution: Hashable, Sendable {
  public var result: Int64
  /// Wall time of everything that the engine did for it, in seconds.
  public var seconds: Double
  public init(result: Int64, seconds: Double) {
    self.result = result
    self.seconds = seconds
  }
}

/// An engine that runs kernels.
///
/// Engines in this process and commands look the same: the time of an execution may include starting up and compiling.
/// The harness measures that part by running each kernel with n = 0 too, and takes it off.
public protocol Engine: Sendable {
  var name: String { get }
  func run(_ kernel: Kernel, n: Int32) throws(HarnessError) -> Execution
}
