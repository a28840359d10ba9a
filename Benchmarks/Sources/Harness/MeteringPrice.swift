// What counting costs, in instructions executed: against handlers that don't count at all.

/// Counted instructions of the kernels, and what they would be if nothing were counted.
public struct MeteringPrice: Sendable {
  /// The policies, in the order of the table.
  public static let policies = ["none", "operators", "icp"]

  public var counts: [InstructionCounts]
  /// By kernel: instructions with the policy `none` and handlers that neither subtract nor compare.
  public var uncounted: [String: Int]

  /// - Parameter uncounted: counts of the policy `none` by a host whose handlers don't count.
  public init(_ counts: [InstructionCounts], uncounted: [InstructionCounts]) {
    self.counts = counts
    self.uncounted = Dictionary(
      uncounted.compactMap { entry in entry.counts["none"].map { (entry.kernel, $0) } }, uniquingKeysWith: { $1 })
  }

  /// The instructions under a policy divided by those of uncounted execution, of the kernels where both are known.
  public func ratios(_ policy: String) -> [(kernel: String, ratio: Double)] {
    counts.compactMap { entry in
      guard let count = entry.counts[policy], let base = uncounted[entry.kernel], base > 0 else { return nil }
      return (entry.kernel, Double(count) / Double(base))
    }
  }
}

/// For each kernel: its instructions without any counting, and what each policy adds; then the geometric means, the worst,
/// and what counting as the Internet Computer does adds to the policy `none`.
public func table(_ price: MeteringPrice) -> String {
  var rows = [["kernel", "uncounted"] + MeteringPrice.policies + ["icp over none"]]
  for entry in price.counts {
    let ratios = MeteringPrice.policies.map { policy in price.ratios(policy).first { $0.kernel == entry.kernel }?.ratio
    }
    var row = [entry.kernel, price.uncounted[entry.kernel].map(String.init) ?? "-"]
    row += ratios.map { ratio in ratio.map { percent($0 - 1) } ?? "-" }
    if let icp = entry.counts["icp"], let none = entry.counts["none"], none > 0 {
      row.append(percent(Double(icp) / Double(none) - 1))
    }
    rows.append(row)
  }
  let overNone = price.counts.compactMap { entry -> Double? in
    guard let icp = entry.counts["icp"], let none = entry.counts["none"], none > 0 else { return nil }
    return Double(icp) / Double(none)
  }
  let columns = MeteringPrice.policies.map { policy in price.ratios(policy).map(\.ratio) } + [overNone]
  rows.append(["geometric mean", ""] + columns.map { $0.isEmpty ? "-" : percent(geometricMean($0) - 1) })
  rows.append(["worst", ""] + columns.map { column in column.max().map { percent($0 - 1) } ?? "-" })
  return aligned(rows)
}
