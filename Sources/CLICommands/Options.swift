// Options that several commands have.

import ArgumentParser
import Cannery

struct OutputOptions: ParsableArguments {
  @Flag(help: "Print one JSON object on standard output; messages go to standard error.")
  var json = false
  @Flag(name: [.short, .long], help: "Print only results and errors: no counts, costs, logs and explanations.")
  var quiet = false
}

/// A value of `--features`: a named set, then proposals to add and leave out.
struct FeatureSelection: Hashable, Sendable {
  var features: Features
  /// Whether modules must meet the replica's requirements for canisters too.
  var isCanister: Bool

  static let standard = FeatureSelection(features: .wasm3, isCanister: false)
  static let sets: [(name: String, features: Features)] = [
    ("icp", .icp), ("wasm3", .wasm3), ("wasm2", .wasm2), ("wasm1", .wasm1),
  ]

  init(features: Features, isCanister: Bool) {
    self.features = features
    self.isCanister = isCanister
  }

  /// Reads `SET`, or `SET,+NAME,-NAME…`; without a set it is `wasm3` that is changed.
  init(parsing text: String) throws {
    self = FeatureSelection.standard
    for (position, part) in text.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
      if let set = FeatureSelection.sets.first(where: { $0.name == part }) {
        if position > 0 { throw ValidationError("the set '\(part)' must come first") }
        features = set.features
        isCanister = set.name == "icp"
      } else if let sign = part.first, sign == "+" || sign == "-" {
        guard let proposal = Proposal.allCases.first(where: { $0.name == part.dropFirst() }), proposal != .mvp else {
          throw ValidationError(
            "no proposal is called '\(part.dropFirst())'; there are \(proposalNames(.wasm3).joined(separator: ", "))")
        }
        if sign == "+" { features.insert(Features(proposal)) } else { features.remove(Features(proposal)) }
      } else {
        let names = FeatureSelection.sets.map(\.name).joined(separator: ", ")
        throw ValidationError(
          "'\(part)' is none of the sets \(names); a proposal is added as +NAME and left out as -NAME")
      }
    }
  }

  static let help: ArgumentHelp = ArgumentHelp(
    "The proposals that the module may use (default: wasm3).",
    discussion: """
      icp, wasm3, wasm2 or wasm1, then proposals to add or leave out, as in wasm2,+tail-call,-simd. icp also checks \
      what the Internet Computer demands of a canister's module.
      """)
  static let completion = CompletionKind.list(sets.map(\.name))
}

enum MeteringChoice: String, CaseIterable, ExpressibleByArgument {
  case icp
  case operators
  case uncounted = "none"

  var policy: MeteringPolicy {
    switch self {
    case .icp: .icp
    case .operators: .operators
    case .uncounted: MeteringPolicy.none
    }
  }

  static let help: ArgumentHelp = "How instructions are counted: as the Internet Computer does, 1 for each, or not."
}

enum OptimizationChoice: String, CaseIterable, ExpressibleByArgument {
  case plain = "none"
  case full

  var level: OptimizationLevel { self == .full ? .full : OptimizationLevel.none }

  static let help: ArgumentHelp = "Passes over the intermediate representation; they never change results or counts."
}

extension CompletionKind {
  /// Names of modules and artifacts.
  static let modules = CompletionKind.file(extensions: ["wasm", "gz", "wat", "canned"])
}

extension ArgumentHelp {
  static let moduleFile: ArgumentHelp = ArgumentHelp(
    "The module: .wasm, .wasm.gz or .wat; - is standard input.", valueName: "module")
  static let file: ArgumentHelp = ArgumentHelp(
    "A module (.wasm, .wasm.gz, .wat) or an artifact (.canned); - is standard input.", valueName: "file")
}
