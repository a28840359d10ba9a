// A kernel as the list of kernels describes it, and where its two compiled forms are.

import Foundation

public struct Kernel: Hashable, Sendable {
  public var name: String
  /// The argument with which results are compared: small enough for any engine.
  public var checkSize: Int32
  /// The argument with which time is measured.
  public var timeSize: Int32
  public var purpose: String
  public var wasm: URL
  public var native: URL

  /// Reads `kernels/list`: one kernel a line (name, size for checking, size for timing, purpose), `#` for comments.
  ///
  /// - Parameter folder: the folder of the list; compiled kernels are in its `.build`.
  /// - Throws: `HarnessError.malformedList` with the line's number.
  public static func list(_ text: String, folder: URL) throws(HarnessError) -> [Kernel] {
    var kernels: [Kernel] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let columns = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: true)
      if columns.isEmpty || columns[0].hasPrefix("#") { continue }
      guard columns.count == 4, let check = Int32(columns[1]), let time = Int32(columns[2]) else {
        throw .malformedList(line: index + 1)
      }
      let name = String(columns[0])
      let built = folder.appending(path: ".build")
      kernels.append(
        Kernel(
          name: name, checkSize: check, timeSize: time, purpose: columns[3].trimmingCharacters(in: .whitespaces),
          wasm: built.appending(path: name + ".wasm"), native: built.appending(path: name)))
    }
    return kernels
  }

  public init(name: String, checkSize: Int32, timeSize: Int32, purpose: String, wasm: URL, native: URL) {
    self.name = name
    self.checkSize = checkSize
    self.timeSize = timeSize
    self.purpose = purpose
    self.wasm = wasm
    self.native = native
  }
}
