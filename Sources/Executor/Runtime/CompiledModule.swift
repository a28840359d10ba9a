// A module ready to be instantiated: an artifact, with the code that has been linked from it.

import Compiler
import WasmBinary
import WebAssembly

/// Shared by all stores and threads.
public final class CompiledModule: Sendable {
  /// What the module was loaded from.
  public let artifact: Artifact
  /// The decoded module, without function bodies: imports, exports, types and segments.
  public var module: WebAssembly.Module { artifact.module }
  /// The types of everything in the module by index, imports first.
  public var spaces: IndexSpaces { artifact.spaces }
  /// Canonical types of the engine by type index.
  package let types: [UInt32]
  package let canonicalizer: TypeCanonicalizer
  // Sound as shared state: written once in init, only read afterwards.
  /// The function types by type index; in place of others an empty one. Their addresses stay.
  nonisolated(unsafe) let signatures: UnsafePointer<FunctionType>
  private let plain: LinkedCode
  private let tracked = Locked<LinkedCode?>(nil)
  private let names = Locked<NameSection?>(nil)
  /// Positions of the exports by name, from the first time that one is asked for.
  private let exportPositions = Locked<[ExactName: Int]?>(nil)

  /// What the memories of instances begin with. It is prepared for the second one: many modules have one only.
  private let contents = Locked(Contents.unused)

  private enum Contents: Sendable {
    case unused, usedOnce
    case prepared(InitialContents?)
  }

  package init(artifact: Artifact, canonicalizer: TypeCanonicalizer) throws(ModuleError) {
    self.artifact = artifact
    self.canonicalizer = canonicalizer
    types = try canonicalizer.add(artifact.module.types, groups: artifact.module.recursiveGroups)
    plain = LinkedCode(artifact: artifact, isTracked: false)
    let signatures = UnsafeMutablePointer<FunctionType>.allocate(capacity: max(types.count, 1))
    for (index, type) in artifact.module.types.enumerated() {
      if case .function(let type) = type.composite {
        (signatures + index).initialize(to: type)
      } else {
        (signatures + index).initialize(to: FunctionType(parameters: [], results: []))
      }
    }
    self.signatures = UnsafePointer(signatures)
  }

  deinit { UnsafeMutablePointer(mutating: signatures).deinitialize(count: types.count).deallocate() }

  /// The linked code for memories with or without write tracking.
  package func code(isTracked: Bool) -> LinkedCode {
    if !isTracked { return plain }
    return tracked.withLock { code in
      if let code { return code }
      let made = LinkedCode(artifact: artifact, isTracked: true)
      code = made
      return made
    }
  }

  /// What the memories of the next instance begin with, if that is prepared.
  func takeInitialContents() -> InitialContents? {
    if artifact.module.data.isEmpty { return nil }
    return contents.withLock { contents in
      switch contents {
      case .unused:
        contents = .usedOnce
        return nil
      case .usedOnce:
        let made = InitialContents(self)
        contents = .prepared(made)
        return made
      case .prepared(let made): return made
      }
    }
  }

  /// Verifies all functions now; otherwise each is verified at its first call.
  public func verify() throws(ArtifactError) { try plain.linkAll() }

  /// The name of a function (by index in the function index space) in the name section, if it has one.
  public func functionName(_ index: UInt32) -> String? {
    names.withLock { cached in
      let section = cached ?? NameSection(module)
      cached = section
      return section.functions.name(of: index)
    }
  }

  /// The export called `name`; nil if there is none.
  func export(_ name: String) -> Export? {
    let position = exportPositions.withLock { cached in
      let positions =
        cached
        ?? Dictionary(
          module.exports.enumerated().map { (ExactName($0.element.name), $0.offset) },
          uniquingKeysWith: { first, _ in first })
      cached = positions
      return positions[ExactName(name)]
    }
    return position.map { module.exports[$0] }
  }

  /// The type of function `index` of the function index space.
  public func functionType(_ index: UInt32) -> FunctionType {
    guard case .function(let type) = module.types[Int(spaces.functions[Int(index)])].composite else {
      preconditionFailure("a function's type is no function type")
    }
    return type
  }

  /// The proposal that instances of the module would need and the executor lacks; nil if there is none.
  var unsupportedForExecution: String? {
    if !spaces.tags.isEmpty { return Proposal.exceptions.name }
    let expressions =
      module.globals.map(\.initializer) + module.tables.compactMap(\.initializer)
      + module.elements.flatMap { segment -> [ConstantExpression] in
        if case .expressions(let list) = segment.items { return list }
        return []
      }
    for expression in expressions {
      var reader = InstructionReader(module.bytes.buffer, range: expression.range)
      var instruction = Instruction()
      while !reader.isAtEnd {
        // Validation has read the same operators.
        guard (try? reader.next(&instruction)) != nil else { break }
        if instruction.opcode.info.proposal == .gc { return Proposal.gc.name }
      }
    }
    return nil
  }
}
