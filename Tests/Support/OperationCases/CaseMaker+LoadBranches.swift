// Cases of branches and switches on what is loaded: from an address in a slot, in the accumulator, or constant; compared with
// a constant or a slot, the loaded value perhaps stored as well.

import WebAssembly

extension CaseMaker {
  /// `brI32Load8ULtU_aid_check`.
  func loadBranches() -> [OperationCase]? {
    guard stem.hasPrefix("br"), let first = stem.dropFirst(2).first,
      let (access, rest) = loadAndRest(Substring(first.lowercased() + stem.dropFirst(3))),
      let condition = CaseMaker.conditions[String(rest)]
    else { return nil }
    let form = Array(parts[1])
    let type = access.type
    let stores = form.last == "d"
    let isBack = parts.count == 3
    let offset = choose([0, 4, 100, 1] as [UInt64])
    let address = loadAddress(form[0], access, offset)
    let load = "(\(access.opcode.mnemonic) offset=\(offset) \(address.text))"
    let loaded = stores ? "(local.tee $r \(load))" : load
    func make(_ test: String, near constants: [UInt64] = [], isExact: Bool = true) -> OperationCase {
      var body = branch(test, isBack: isBack)
      if stores {
        let count = "(global.set $n (i32.add (global.get $n) (i32.const 1))) "
        body = "(result i32 \(type)) (local $r \(type)) "
        body +=
          isBack
          ? "(loop $l \(count)(br_if $l \(test))) (i32.const 22) (local.get $r)"
          : "(block $l (br_if $l \(test)) (return (i32.const 11) (local.get $r))) (i32.const 22) (local.get $r)"
      }
      return memory(
        access, address, offset: offset, body, near: constants, isExact: isExact, loops: isBack)
    }
    guard form[1] == "i" else {
      return [
        make("(\(type).\(condition) \(loaded) (local.get $v))"),
        make("(\(type).\(CaseMaker.mirrored(condition)) (local.get $v) \(loaded))"),
      ]
    }
    // Bytes that the memory has among them.
    let small: [UInt64] = [5, 0x70, 0xF0]
    let constants = small + (access.size > 1 ? comparedConstants(type) : [])
    var cases = [make("(\(type).\(condition) \(loaded) \(type.constant(choose(constants))))")]
    // A comparison with zero is none.
    if condition == "ne" { cases.append(make(type == .i32 ? loaded : "(i64.ne \(loaded) (i64.const 0))")) }
    if condition == "eq" { cases.append(make("(\(type).eqz \(loaded))")) }
    guard form == ["s", "i"] else { return cases }
    let other = condition.replacing("t_", with: "e_")
    for (index, constant) in [0, small[1], type.mask, 0x8000_0000].enumerated() {
      let test = index % 2 == 0 ? other : condition
      cases.append(make("(\(type).\(test) \(load) \(type.constant(constant)))", isExact: false))
    }
    return cases
  }

  /// `switchLoad8U_s`.
  func loadSwitches() -> [OperationCase]? {
    let isStep = stem.hasPrefix("stepSwitchLoad")
    guard isStep || stem.hasPrefix("switchLoad"),
      let access = AccessName("i32" + stem.dropFirst(isStep ? 10 : 6))
    else { return nil }
    if isStep {
      return [1, 0xFFFF_FFF0].flatMap { (step: UInt64) in
        [0, 100].map { (offset: UInt64) in
          let sum = "(local.set $n (i32.add (local.get $p) \(ScalarType.i32.constant(step)))) "
          let load = "(\(access.opcode.mnemonic) offset=\(offset) (local.get $p))"
          return memory(
            access, plain("s", .i32), offset: offset,
            "(result i32) (local $n i32) \(sum)(block $a (block $b (block $c (br_table $a $b $c \(load))) "
              + "(return (local.get $n))) (return (i32.mul (local.get $n) (local.get $q)))) (i32.rotr (local.get $n) "
              + "(local.get $p))")
        }
      }
    }
    return [0, 4, 100].map { (offset: UInt64) in
      let address = loadAddress(parts[1].first!, access, offset)
      let load = "(\(access.opcode.mnemonic) offset=\(offset) \(address.text))"
      return memory(
        access, address, offset: offset,
        "(result i32) (block $a (block $b (block $c (br_table $a $b $c \(load))) (return (i32.const 1))) "
          + "(return (i32.const 2))) (i32.const 3)")
    }
  }

  private func loadAddress(_ letter: Character, _ access: AccessName, _ offset: UInt64) -> AddressText {
    if letter != "c" { return plain(letter, .i32) }
    // The first byte outside, the last ones inside, and any.
    let last = CaseMaker.memorySize - access.size - offset
    let place = choose([last, last + 1, 16, UInt64(number % 200), 3])
    return AddressText(text: ScalarType.i32.constant(place)) { _, _ in (0, 0) }
  }
}
