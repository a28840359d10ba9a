// The processor that the code was compiled for. Release builds by `tools/build` use the instructions of x86-64-v2; on an
// older processor they would end somewhere with an illegal instruction, so it is asked first.

import CProcessor

public enum ProcessorBaseline {
  /// The features of x86-64-v2 by the bit of `cannery_processor_features`.
  private static let features: [(bit: UInt64, name: String)] = [
    (0, "SSE3"), (9, "SSSE3"), (13, "CMPXCHG16B"), (19, "SSE4.1"), (20, "SSE4.2"), (23, "POPCNT"), (32, "LAHF"),
  ]

  /// Whether this build uses x86-64-v2.
  package static var isRequired: Bool { cannery_built_for_x86_64_v2() != 0 }

  /// The features that x86-64-v2 has and `processor` lacks.
  package static func missing(from processor: UInt64) -> [String] {
    features.filter { processor >> $0.bit & 1 == 0 }.map(\.name)
  }

  /// Why this build cannot run on this processor, for people; nil if it can.
  public static let complaint: String? = {
    let absent = isRequired ? missing(from: cannery_processor_features()) : []
    return absent.isEmpty ? nil : text(of: absent)
  }()

  package static func text(of missing: [String]) -> String {
    "this build of Cannery needs a processor with x86-64-v2; this one lacks \(missing.joined(separator: ", "))"
  }
}
