// How an invocation is given its instructions: a limit at once, or slice by slice, with interrupts between.

import ProgramGenerator

public struct InstructionSchedule: Sendable, CustomStringConvertible {
  /// The limit of the first slice.
  public var first: Int64
  /// The limits of further slices. Whoever runs out of the last one runs out for good.
  public var further: [Int64]
  /// How often the engine is interrupted. The oracle knows no interrupts: they must not show.
  public var interrupts: Int

  public init(first: Int64, further: [Int64] = [], interrupts: Int = 0) {
    self.first = first
    self.further = further
    self.interrupts = interrupts
  }

  /// So much that only endless executions come to its end; charges of absurd lengths find new slices.
  public static let unlimited = InstructionSchedule(first: .max, further: Array(repeating: .max, count: 100))

  /// About `total` instructions in at most `count` slices of random sizes, some of them tiny.
  public init(total: Int64, slices count: Int, interrupts: Int, _ random: inout Random) {
    var left = total
    var limits: [Int64] = []
    while limits.count < max(count - 1, 0) && left > 0 {
      let share = random.chance(1, in: 3) ? 20 : Int(left / Int64(max(count / 2, 1))) + 1
      limits.append(min(Int64(random.below(share)), left))
      left -= limits[limits.count - 1]
    }
    limits.append(left)
    self.init(first: limits[0], further: Array(limits.dropFirst()), interrupts: interrupts)
  }

  public var description: String {
    let slices = ([first] + further).prefix { $0 < .max }.map { "\($0)" }
    var text = "limit " + slices.joined(separator: ", ")
    if slices.count <= further.count { text += slices.isEmpty ? "none" : ", none" }
    return interrupts == 0 ? text : "\(text), \(interrupts) interrupts"
  }
}
