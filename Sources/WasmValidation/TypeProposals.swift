// Which proposals a value type belongs to.

import WebAssembly

extension ValueType {
  /// The proposals that must be enabled for the type to be written in a module.
  var proposals: [Proposal] {
    if isVector { return [.simd] }
    if !isReference { return [] }
    if heapType.isConcrete { return [.functionReferences] }
    let own: Proposal =
      switch heapType {
      case .func, .extern: .referenceTypes
      case .exn, .noexn: .exceptions
      default: .gc
      }
    return isNullable ? [own] : [own, .functionReferences]
  }
}
