// The entry points of validation, and what they find out for the stages that follow.
//
// Source: WebAssembly 3.0, chapter 3.

import WebAssembly

/// The facts about a valid module.
public struct ValidationInfo: Sendable {
  /// The module's index spaces and types, and what a `FunctionValidator` needs to walk through its bodies again.
  public let context: ValidationContext
  /// For each function that the module defines.
  public let functions: [FunctionFacts]
  /// The proposals that the module makes use of, in bodies and elsewhere.
  public let usedProposals: Features

  public var spaces: IndexSpaces { context.spaces }
  /// The canonical id of every type, comparable within the module.
  public var canonicalTypes: [UInt32] { context.canonicalTypes }

  /// Puts together what was found by validating the parts; `functions` are the facts of all bodies in order.
  public init(context: ValidationContext, functions: [FunctionFacts]) {
    self.context = context
    self.functions = functions
    usedProposals = functions.reduce(context.usedProposals) { $0.union($1.usedProposals) }
  }
}

/// Validates `module` against the rules of WebAssembly 3.0, with constructs of proposals outside `features` refused.
///
/// Throws a `ModuleError`: `invalid` with the specification's wording; `malformed` for code that cannot be decoded, as
/// operators are decoded here; `limit` beyond `ImplementationLimits`. It is the error of the first wrong part: types,
/// then the index spaces, exports, segments, then bodies in order. Linear in the size of the module.
public func validate(_ module: Module, features: Features = .wasm3) throws(ModuleError) -> ValidationInfo {
  let context = try validateOutsideBodies(module, features: features)
  var validator = FunctionValidator(context)
  var facts: [FunctionFacts] = []
  facts.reserveCapacity(module.bodies.count)
  for index in module.bodies.indices { facts.append(try validator.validateBody(index)) }
  return ValidationInfo(context: context, functions: facts)
}

/// Validates everything but the function bodies. The bodies can then be validated in any order and on several threads,
/// with a `FunctionValidator` for each thread.
public func validateOutsideBodies(_ module: Module, features: Features) throws(ModuleError) -> ValidationContext {
  var validator = ModuleValidator(module, features)
  return try validator.validate()
}
