// Cases of what ends a function: returns that charge, returns behind a global that is set; and of loads whose value is only
// stored again.

import ProgramGenerator
import WebAssembly

extension CaseMaker {
  /// `globalSetReturn_s`, `chargeReturn_a`.
  func endings() -> [OperationCase]? {
    let setsGlobal = "(global.set $n (local.get $x))"
    // What is behind the block costs something; that it can trap keeps it from being charged ahead.
    let divided = "(i32.div_u (local.get $x) (local.get $y))"
    let costs = "(drop (i32.const 1)) (drop (i32.const 2))"
    switch name {
    case "globalSetReturn":
      return [
        function(.i32, setsGlobal),
        function(
          .i32,
          "(block $out (if (local.get $c) (then (br_if $out \(divided)) \(setsGlobal) (return))) "
            + "(global.set $n (i32.mul (local.get $z) (local.get $y)))) \(costs)", isExact: false),
      ]
    case "globalSetReturn_a":
      return [
        function(
          .i32,
          "(result i32) (local $r i32) (local.set $r (i32.rotr (local.get $z) (local.get $y))) \(setsGlobal) "
            + "(local.get $r)")
      ]
    case "globalSetReturn_s": return [function(.i32, "(result i32) \(setsGlobal) (local.get $y)")]
    case "globalSetReturn_i":
      let constants: [UInt64] = [7, 0xFFFF_FFF0, 0x8000_0000]
      return constants.map { constant in
        function(.i32, "(result i32) \(setsGlobal) \(ScalarType.i32.constant(constant))")
      }
        // From several places, with what each has.
        + [
          function(
            .i32,
            "(result i32) (block $out (result i32) (if (local.get $c) (then (br $out (i32.const -3)))) (if (local.get $y) "
              + "(then (br $out \(divided)))) (i32.add (local.get $z) (i32.const 4))) \(setsGlobal)",
            isExact: false)
        ]
    case "chargeReturn":
      return [
        function(
          .i32,
          "(block $out (if (local.get $c) (then (global.set $n \(divided)) (br $out))) "
            + "(global.set $n (i32.rem_u (local.get $z) (local.get $y)))) \(costs)")
      ]
    case "chargeReturn_a":
      return [
        function(
          .i32,
          "(result i32) (block $out (result i32) (if (local.get $c) (then (br $out \(divided)))) "
            + "(i32.rem_u (local.get $z) (local.get $y))) \(costs)")
      ]
    default: return nil
    }
  }

  /// `copy32`: from and to addresses with and without sums, at offsets.
  func copies() -> [OperationCase]? {
    guard stem.hasPrefix("copy"), let bits = Int(stem.dropFirst(4)) else { return nil }
    let accesses: [(String, String)] =
      switch bits {
      case 8:
        [
          ("i32.load8_u", "i32.store8"), ("i32.load8_s", "i32.store8"), ("i64.load8_u", "i64.store8"),
          ("i64.load8_s", "i64.store8"),
        ]
      case 16:
        [
          ("i32.load16_u", "i32.store16"), ("i32.load16_s", "i32.store16"), ("i64.load16_u", "i64.store16"),
          ("i64.load16_s", "i64.store16"),
        ]
      case 32:
        [
          ("i32.load", "i32.store"), ("f32.load", "f32.store"), ("i64.load32_u", "i64.store32"),
          ("i64.load32_s", "i64.store32"),
        ]
      default: [("i64.load", "i64.store"), ("f64.load", "f64.store")]
      }
    let size = UInt64(bits / 8)
    let sums: [UInt64] = [0, 8, 0xFFFF_FFF8, 65536, 0x8000_0000]
    let offsets: [UInt64] = [0, 4, 100, CaseMaker.memorySize - size, 0xFFFF_FFFF]
    return (0..<20).map { index in
      let (load, store) = accesses[index % accesses.count]
      let added = (from: sums[index % 5], to: sums[index / 4])
      let offset = (from: offsets[index / 4], to: offsets[(index + index / 5) % 5])
      func address(_ name: String, _ sum: UInt64) -> String {
        sum == 0 ? "(local.get \(name))" : "(i32.add (local.get \(name)) \(ScalarType.i32.constant(sum)))"
      }
      let parameters: [(name: String, type: ScalarType)] = [("p", .i32), ("q", .i32)]
      return OperationCase(
        operation: name, setting: .memory, parameters: parameters.map(\.type.valueType), header: header(parameters),
        body: "(\(store) offset=\(offset.to) \(address("$q", added.to)) "
          + "(\(load) offset=\(offset.from) \(address("$p", added.from))))"
      ) { round, random in
        // The last bytes, the first outside, over borders between pages of write tracking, and near each other.
        let last = CaseMaker.memorySize - size
        let targets = [
          last, last + 1, 4096 * UInt64(1 + random.below(15)) - 1, UInt64(random.below(256)), 0, last - 3,
          UInt64(random.below(65000)),
        ]
        let from = targets[round % targets.count]
        let other = targets[(round / 2 + index) % targets.count]
        let to = random.chance(1, in: 4) ? from &+ UInt64(random.below(9)) : other
        return [(from &- offset.from &- added.from) & 0xFFFF_FFFF, (to &- offset.to &- added.to) & 0xFFFF_FFFF]
      }
    }
  }
}
