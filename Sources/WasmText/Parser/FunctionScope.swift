// What identifiers mean inside one function: locals and labels. Bindings are stored by the identifier's number and
// marked with the function they belong to, so that starting a function and leaving a block cost constant time.
//
// Source: WebAssembly 3.0, section 6.1.4.

struct FunctionScope {
  private struct Binding {
    /// The function for which `local` is valid.
    var function: UInt32 = 0
    var local: UInt32 = 0
    /// The position, from 1, of the innermost label with this identifier; 0 if there is none.
    var label: UInt32 = 0
  }

  private struct Label {
    var identifier: Identifier
    /// The position of the label that this one shadows.
    var shadowed: UInt32
  }

  /// By the identifier's number.
  private var bindings: [Binding] = []
  private var labels: [Label] = []
  /// Counts the functions begun.
  private var function: UInt32 = 0
  private(set) var localCount: UInt32 = 0
  private var labelCount: UInt32 = 0
  private(set) var localNames: [NameAssociation] = []
  /// Labels are numbered in the order in which their blocks begin.
  private(set) var labelNames: [NameAssociation] = []

  /// Forgets all locals. Labels need no such step: every block is left before its function ends.
  mutating func beginFunction() {
    function += 1
    localCount = 0
    labelCount = 0
    localNames.removeAll(keepingCapacity: true)
    labelNames.removeAll(keepingCapacity: true)
  }

  /// Takes the next local index. Returns false if the identifier is taken.
  mutating func defineLocal(_ identifier: Identifier, name: Identifier) -> Bool {
    let index = localCount
    localCount += 1
    if name != .none { localNames.append((index, name)) }
    if identifier == .none { return true }
    makeRoom(for: identifier)
    let number = Int(identifier.number)
    if bindings[number].function == function { return false }
    bindings[number].function = function
    bindings[number].local = index
    return true
  }

  /// Takes indices for parameters without identifiers.
  mutating func defineLocals(count: Int) { localCount += UInt32(count) }

  func local(_ identifier: Identifier) -> UInt32? {
    let number = Int(identifier.number)
    return number < bindings.count && bindings[number].function == function ? bindings[number].local : nil
  }

  mutating func enterLabel(_ identifier: Identifier, name: Identifier) {
    if name != .none { labelNames.append((labelCount, name)) }
    labelCount += 1
    var shadowed: UInt32 = 0
    if identifier != .none {
      makeRoom(for: identifier)
      shadowed = bindings[Int(identifier.number)].label
      bindings[Int(identifier.number)].label = UInt32(labels.count + 1)
    }
    labels.append(Label(identifier: identifier, shadowed: shadowed))
  }

  mutating func leaveLabel() {
    let label = labels.removeLast()
    if label.identifier != .none { bindings[Int(label.identifier.number)].label = label.shadowed }
  }

  /// The relative index of the innermost label with this identifier.
  func label(_ identifier: Identifier) -> UInt32? {
    let number = Int(identifier.number)
    guard number < bindings.count, bindings[number].label != 0 else { return nil }
    return UInt32(labels.count) - bindings[number].label
  }

  private mutating func makeRoom(for identifier: Identifier) {
    while bindings.count <= Int(identifier.number) { bindings.append(Binding()) }
  }
}
