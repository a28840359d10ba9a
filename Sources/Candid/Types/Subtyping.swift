// Which type may stand for which. Types may be infinite, so the relation is the largest one that the rules allow: a pair
// of types is related unless something speaks against it or against one of the pairs that it depends on.
//
// Since anything is a subtype of an option, no rule has alternatives or asks for a pair that is not related. So pairs
// are worked off one by one, each once, and the first that fails decides.
//
// Source: Candid specification, "Upgrading and Subtyping", "Rules".

/// Subtyping between the types of two tables, with what was found out so far.
struct Subtyping {
  let lower: TypeTable
  let upper: TypeTable

  /// A question: is `sub` a subtype of `super`? `sub` belongs to the lower table, `super` to the upper one; arguments of
  /// functions ask the other way round, and are `flipped`.
  private struct Pair: Hashable {
    var sub: TypeReference
    var `super`: TypeReference
    var flipped: Bool
  }

  private var related: Set<Pair> = []
  private var unrelated: Set<Pair> = []

  init(lower: TypeTable, upper: TypeTable) {
    self.lower = lower
    self.upper = upper
  }

  /// Whether `sub`, of the lower table, is a subtype of `super`, of the upper one. `nil` if `work`, which counts down the
  /// pairs and fields that are looked at, doesn't suffice.
  mutating func isSubtype(_ sub: TypeReference, of super: TypeReference, work: inout Int) -> Bool? {
    let question = Pair(sub: sub, super: `super`, flipped: false)
    if related.contains(question) { return true }
    if unrelated.contains(question) { return false }
    var assumed: Set = [question]
    var pending = [question]
    var premises: [Pair] = []
    while let pair = pending.popLast() {
      premises.removeAll(keepingCapacity: true)
      guard let holds = addPremises(of: pair, to: &premises, work: &work) else { return nil }
      guard holds else {
        unrelated.insert(question)
        return false
      }
      for premise in premises where !related.contains(premise) && assumed.insert(premise).inserted {
        pending.append(premise)
      }
    }
    related.formUnion(assumed)
    return true
  }

  /// Whether the rule for a pair applies, given the premises that it adds; `nil` if the work doesn't suffice.
  private func addPremises(of pair: Pair, to premises: inout [Pair], work: inout Int) -> Bool? {
    let (left, right) = pair.flipped ? (upper, lower) : (lower, upper)
    func spend(_ amount: Int) -> Bool {
      work -= amount
      return work >= 0
    }
    func ask(_ sub: TypeReference, _ super: TypeReference, flipped: Bool = false) {
      premises.append(Pair(sub: sub, super: `super`, flipped: pair.flipped != flipped))
    }
    // A pair is remembered, twice for a while.
    guard spend(4) else { return nil }
    if pair.super == .primitive(.reserved) || pair.sub == .primitive(.empty) { return true }
    switch (left[pair.sub], right[pair.super]) {
    case (_, .opt): return true
    case (nil, nil):
      return pair.sub == pair.super || pair.sub == .primitive(.nat) && pair.super == .primitive(.int)
    case (.service, nil): return pair.super == .primitive(.principal)
    case (.vec(let sub), .vec(let `super`)):
      ask(sub, `super`)
      return true
    case (.record(let subs), .record(let supers)):
      guard spend(subs.count + supers.count) else { return nil }
      var index = 0
      for field in supers {
        while index < subs.count, subs[index].label < field.label { index += 1 }
        if index < subs.count, subs[index].label == field.label {
          ask(subs[index].type, field.type)
        } else if !right.acceptsNull(field.type) {
          return false
        }
      }
      return true
    case (.variant(let subs), .variant(let supers)):
      guard spend(subs.count + supers.count) else { return nil }
      var index = 0
      for field in subs {
        while index < supers.count, supers[index].label < field.label { index += 1 }
        guard index < supers.count, supers[index].label == field.label else { return false }
        ask(field.type, supers[index].type)
      }
      return true
    case (.service(let subs), .service(let supers)):
      guard spend(subs.count + supers.count) else { return nil }
      var index = 0
      for method in supers {
        while index < subs.count, ExactText.precedes(subs[index].name, method.name) { index += 1 }
        guard index < subs.count, ExactText.equal(subs[index].name, method.name) else { return false }
        ask(subs[index].function, method.function)
      }
      return true
    case (.func(let sub), .func(let `super`)):
      guard spend(sub.arguments.count + sub.results.count + `super`.arguments.count + `super`.results.count) else {
        return nil
      }
      guard sub.modes == `super`.modes else { return false }
      for (index, result) in `super`.results.enumerated() {
        if index < sub.results.count {
          ask(sub.results[index], result)
        } else if !right.acceptsNull(result) {
          return false
        }
      }
      for (index, argument) in sub.arguments.enumerated() {
        if index < `super`.arguments.count {
          ask(`super`.arguments[index], argument, flipped: true)
        } else if !left.acceptsNull(argument) {
          return false
        }
      }
      return true
    default: return false
    }
  }
}

extension CandidTypes {
  /// Whether arguments of these types can be taken as arguments of the others. Takes time in proportion to the product of
  /// both tables' sizes at most.
  public func isSubtype(of others: CandidTypes) -> Bool {
    var subtyping = Subtyping(lower: table, upper: others.table)
    var work = Int.max
    for (index, type) in others.elements.enumerated() {
      if index < elements.count {
        guard subtyping.isSubtype(elements[index], of: type, work: &work) == true else { return false }
      } else if !others.table.acceptsNull(type) {
        return false
      }
    }
    return true
  }
}
