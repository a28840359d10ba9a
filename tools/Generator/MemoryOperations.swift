// Internal operations on memories: loads, stores, bulk operations. An access works on the current memory, whose base is
// in the register `md` and whose size is in the context; `useMemory` makes another memory current.

struct Access {
  var name: String
  /// What stands in memory, as a Swift type, and its size in bytes.
  var stored: String
  var size: Int
  /// From the stored type to the value's Swift expression, with `m` for the stored value.
  var value: Scalar
  var convert: String
}

let loads: [Access] = [
  Access(name: "i32Load", stored: "UInt32", size: 4, value: .i32, convert: "m"),
  Access(name: "i64Load", stored: "UInt64", size: 8, value: .i64, convert: "m"),
  Access(name: "f32Load", stored: "UInt32", size: 4, value: .f32, convert: "Float(bitPattern: m)"),
  Access(name: "f64Load", stored: "UInt64", size: 8, value: .f64, convert: "Double(bitPattern: m)"),
  Access(name: "i32Load8S", stored: "Int8", size: 1, value: .i32, convert: "UInt32(bitPattern: Int32(m))"),
  Access(name: "i32Load8U", stored: "UInt8", size: 1, value: .i32, convert: "UInt32(m)"),
  Access(name: "i32Load16S", stored: "Int16", size: 2, value: .i32, convert: "UInt32(bitPattern: Int32(m))"),
  Access(name: "i32Load16U", stored: "UInt16", size: 2, value: .i32, convert: "UInt32(m)"),
  Access(name: "i64Load8S", stored: "Int8", size: 1, value: .i64, convert: "UInt64(bitPattern: Int64(m))"),
  Access(name: "i64Load8U", stored: "UInt8", size: 1, value: .i64, convert: "UInt64(m)"),
  Access(name: "i64Load16S", stored: "Int16", size: 2, value: .i64, convert: "UInt64(bitPattern: Int64(m))"),
  Access(name: "i64Load16U", stored: "UInt16", size: 2, value: .i64, convert: "UInt64(m)"),
  Access(name: "i64Load32S", stored: "Int32", size: 4, value: .i64, convert: "UInt64(bitPattern: Int64(m))"),
  Access(name: "i64Load32U", stored: "UInt32", size: 4, value: .i64, convert: "UInt64(m)"),
]

let stores: [Access] = [
  Access(name: "i32Store", stored: "UInt32", size: 4, value: .i32, convert: "v"),
  Access(name: "i64Store", stored: "UInt64", size: 8, value: .i64, convert: "v"),
  Access(name: "f32Store", stored: "UInt32", size: 4, value: .f32, convert: "v.bitPattern"),
  Access(name: "f64Store", stored: "UInt64", size: 8, value: .f64, convert: "v.bitPattern"),
  Access(name: "i32Store8", stored: "UInt8", size: 1, value: .i32, convert: "UInt8(truncatingIfNeeded: v)"),
  Access(name: "i32Store16", stored: "UInt16", size: 2, value: .i32, convert: "UInt16(truncatingIfNeeded: v)"),
  Access(name: "i64Store8", stored: "UInt8", size: 1, value: .i64, convert: "UInt8(truncatingIfNeeded: v)"),
  Access(name: "i64Store16", stored: "UInt16", size: 2, value: .i64, convert: "UInt16(truncatingIfNeeded: v)"),
  Access(name: "i64Store32", stored: "UInt32", size: 4, value: .i64, convert: "UInt32(truncatingIfNeeded: v)"),
]

// Accesses need every register that a handler may use without saving it. So they read each operand field by itself when
// it is needed, instead of keeping the word that holds them all; and they compare in the way that keeps only the address.

/// The effective address `ea` of an access of `size` bytes at `address` (64 raw bits) plus the offset, checked against
/// the current memory.
func effectiveAddress(_ address: String, wide: Bool, size: Int) -> String {
  let trap = "\(trapCall)TrapKind.outOfBoundsMemoryAccess.status) }\n"
  let limit = "let limit = instanceContext(cx).memorySize\n"
  // No memory is larger than 2^48 bytes, so neither the sum nor the difference can wrap.
  let check = "if _slowPath(Int(bitPattern: limit) &- Int(bitPattern: ea) < \(size)) { \(trap)"
  if address == "0" { return "let ea = UInt(highField(pc))\n" + limit + check }
  if !wide {
    return "let ea = UInt(UInt32(truncatingIfNeeded: \(address))) &+ UInt(highField(pc))\n" + limit + check
  }
  return "let base = UInt(\(address))\n" + limit + "if _slowPath(base > limit) { \(trap)"
    + "let ea = base &+ UInt(highField(pc))\n" + check
}

/// On a memory with write tracking: keep the old pages that `size` bytes at `ea` touch for the first time, then retry.
func track(size: Int) -> String {
  let last = size == 1 ? "" : " || map[Int(bitPattern: (ea &+ \(size - 1)) >> 12)] == 0"
  return "let map = instanceContext(cx).writeMap\nif _slowPath(map[Int(bitPattern: ea >> 12)] == 0\(last)) {\n"
    + "instanceContext(cx).trackStart = ea\nreturn track\(size)AndRetry(pc, fp, md, cx, ac, rm, x0, x1)\n}\n"
}

extension OperationTable {
  /// `selection` names the operator's form in the selection table; 64-bit memories have a table of their own.
  mutating func addMemory(_ operators: [OperatorRow]) {
    for wide in [false, true] {
      for access in loads { addLoad(access, wide: wide) }
      for access in stores { addStore(access, wide: wide) }
    }
    addVectorAccesses(operators)
    for size in [1, 2, 4, 8] { addCopy(size: size) }
    add(
      "useMemory", "M0", family: "Memory", doc: "make memory M current",
      """
      let memory = instanceContext(cx).memories[slot0(pc[1])]
      instanceContext(cx).useMemory(memory)
      return next(pc + 2, fp, memory.pointee.base, cx, ac, rm, x0, x1)
      """)
    add(
      "addOffset", "r0 w1 X0.2", [.writesAccumulator], family: "Memory",
      doc: "d := a + imm, or 2^64 - 1 if that overflows",
      """
      let w = pc[1]
      let (sum, overflow) = fp[slot0(w)].addingReportingOverflow(pc[2])
      let v = overflow ? UInt64.max : sum
      fp[slot1(w)] = v
      return next(pc + 3, fp, md, cx, v, rm, x0, x1)
      """)
    add(
      "memorySize", "M0 w1", [.writesAccumulator], family: "Memory", doc: "d := pages of memory M",
      """
      let w = pc[1]
      let v = UInt64(instanceContext(cx).memories[slot0(w)].pointee.size >> 16)
      fp[slot1(w)] = v
      return next(pc + 2, fp, md, cx, v, rm, x0, x1)
      """)
    for wide in [false, true] {
      let suffix = wide ? "64" : "32"
      add(
        "memoryGrow\(suffix)", "M0 r1 w2", [.mayTrap, .writesAccumulator, .writesMemory], family: "Memory",
        doc: "d := grow memory M by a pages",
        """
        let w = pc[1]
        let pages = \(wide ? "fp[slot1(w)]" : "UInt64(UInt32(truncatingIfNeeded: fp[slot1(w)]))")
        let old = growMemory(cx, slot0(w), pages)
        if _slowPath(old == growthRefused) { return trapAfterGrowth(pc, fp, cx, rm) }
        let v = old\(wide ? "" : " & 0xFFFF_FFFF")
        fp[slot2(w)] = v
        return next(pc + 2, fp, instanceContext(cx).currentMemory.pointee.base, cx, v, rm, x0, x1)
        """)
    }
    // Bulk operations: slots hold 32-bit or 64-bit values; the flags say which operands are 64 bits wide.
    add(
      "memoryFill", "r0 r1 r2 L3 M0.2", [.mayTrap, .writesMemory], family: "Memory",
      doc: "fill c bytes at a with b; L bit 0: 64-bit",
      """
      let w = pc[1]
      let wide = slot3(w) & 1 != 0
      if _slowPath(!fillMemory(cx, slot0(pc[2]), address(fp[slot0(w)], wide), UInt8(truncatingIfNeeded: fp[slot1(w)]), address(fp[slot2(w)], wide))) {
        \(trapCall)TrapKind.outOfBoundsMemoryAccess.status)
      }
      return next(pc + 3, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "memoryCopy", "r0 r1 r2 L3 M0.2 M1.2", [.mayTrap, .writesMemory, .readsMemory], family: "Memory",
      doc: "copy c bytes from b to a; L bits 0-2: 64-bit operands",
      """
      let w = pc[1]
      let wide = slot3(w)
      if _slowPath(!copyMemory(cx, slot0(pc[2]), slot1(pc[2]), address(fp[slot0(w)], wide & 1 != 0), address(fp[slot1(w)], wide & 2 != 0), address(fp[slot2(w)], wide & 4 != 0))) {
        \(trapCall)TrapKind.outOfBoundsMemoryAccess.status)
      }
      return next(pc + 3, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "memoryInit", "r0 r1 r2 L3 M0.2 D2.2", [.mayTrap, .writesMemory], family: "Memory",
      doc: "copy c bytes at b of data segment D to a; L bit 0: 64-bit address",
      """
      let w = pc[1]
      let wide = slot3(w) & 1 != 0
      if _slowPath(!initializeMemory(cx, slot0(pc[2]), Int(pc[2] >> 32), address(fp[slot0(w)], wide), address(fp[slot1(w)], false), address(fp[slot2(w)], false))) {
        \(trapCall)TrapKind.outOfBoundsMemoryAccess.status)
      }
      return next(pc + 3, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "dataDrop", "D0", family: "Memory", doc: "drop data segment D",
      """
      dropData(cx, Int(pc[1] & 0xFFFF_FFFF))
      return next(pc + 2, fp, md, cx, ac, rm, x0, x1)
      """)
  }

  private mutating func addLoad(_ access: Access, wide: Bool) {
    for form in [Form.ssD, .ssN, .asD, .asN] {
      let fromAccumulator = form.operands == "as"
      let address = fromAccumulator ? "ac" : slotField(0)
      let body =
        effectiveAddress(address, wide: wide, size: access.size)
        + "let m = md.loadUnaligned(fromByteOffset: Int(bitPattern: ea), as: \(access.stored).self)\n"
        + "let r = \(access.convert)\n" + finish(access.value, words: 2, destination: form.stores ? slotField(1) : nil)
      var effects: Effects = [.mayTrap, .readsMemory, access.value.writeEffect]
      if fromAccumulator { effects.insert(.readsAccumulator) }
      let name = access.name + (wide ? "W" : "")
      forms.append((name, form, rows.count))
      add(
        name + "_" + (fromAccumulator ? "a" : "s") + (form.stores ? "_d" : "_n"),
        (fromAccumulator ? "" : "r0 ") + (form.stores ? "w1 " : "") + "o2",
        effects, family: wide ? "WideAccess" : "Access", doc: "d := mem[a + o]", body)
      if !wide, !form.stores, ["i32Load", "i64Load", "i32Load8U"].contains(access.name) {
        addReturning(
          name + "_" + (fromAccumulator ? "a" : "s"), (fromAccumulator ? "" : "r0 ") + "o2", effects,
          doc: "mem[a + o]",
          effectiveAddress(address, wide: wide, size: access.size)
            + "let m = md.loadUnaligned(fromByteOffset: Int(bitPattern: ea), as: \(access.stored).self)\n"
            + "let v = UInt64(m)\n")
      }
    }
  }

  private mutating func addStore(_ access: Access, wide: Bool) {
    for form in [Form.ssN, .asN, .saN, .siN] {
      let parts = Array(form.operands)
      let address = parts[0] == "a" ? "ac" : slotField(0)
      let value: String
      var fields = parts[0] == "a" ? "" : "r0 "
      var words = 2
      var effects: Effects = [.mayTrap, .writesMemory]
      if parts[0] == "a" { effects.insert(.readsAccumulator) }
      switch parts[1] {
      case "s":
        value = access.value.fromBits(slotField(1))
        fields += "r1 "
      case "a":
        value = access.value.accumulator
        effects.insert(access.value.readEffect)
      default:
        value = access.value.fromBits("pc[2]")
        fields += "X0.2 "
        words = 3
      }
      func body(tracked: Bool) -> String {
        effectiveAddress(address, wide: wide, size: access.size)
          + (tracked ? track(size: access.size) : "")
          + "let v = \(value)\n"
          + "md.storeBytes(of: \(access.convert), toByteOffset: Int(bitPattern: ea), as: \(access.stored).self)\n"
          + next(words)
      }
      let name = access.name + (wide ? "W" : "")
      forms.append((name, form, rows.count))
      add(
        name + "_" + form.operands, fields + "o2", effects, family: wide ? "WideAccess" : "Access",
        doc: "mem[a + o] := b",
        tracked: body(tracked: true), body(tracked: false))
    }
  }

  /// A load whose value is only stored again. Traps of the store are those of the operation's second word.
  private mutating func addCopy(size: Int) {
    let check =
      "let limit = instanceContext(cx).memorySize\nif _slowPath(Int(bitPattern: limit) &- Int(bitPattern: ea) < \(size)) { "
    let from =
      "UInt(UInt32(truncatingIfNeeded: \(slotField(0))) &+ UInt32(truncatingIfNeeded: pc[2])) &+ UInt(highField(pc))\n"
    let to =
      "UInt(UInt32(truncatingIfNeeded: \(slotField(1))) &+ UInt32(truncatingIfNeeded: scaleField(pc))) &+ UInt(pc[3] & 0xFFFF_FFFF)\n"
    let loaded = "md.loadUnaligned(fromByteOffset: Int(bitPattern: from), as: UInt\(size * 8).self)"
    func body(tracked: Bool) -> String {
      // With tracking the address of the load is computed twice: otherwise it would need a register for too long.
      "do {\nlet ea = " + from + check + "\(trapCall)TrapKind.outOfBoundsMemoryAccess.status) }\n}\nlet ea = " + to
        + check + "return trapped(pc + 1, fp, cx, rm, TrapKind.outOfBoundsMemoryAccess.status) }\n"
        + (tracked ? track(size: size) : "") + "let from = " + from
        + "md.storeBytes(of: \(loaded), toByteOffset: Int(bitPattern: ea), as: UInt\(size * 8).self)\n" + next(4)
    }
    add(
      "copy\(size * 8)", "r0 r1 o2 i0.2 i2.2 o0.3", [.mayTrap, .readsMemory, .writesMemory], family: "Access",
      doc: "mem[b + imm' + o'] := mem[a + imm + o]", tracked: body(tracked: true), body(tracked: false))
  }

  /// Vector loads and stores: address in slot 0, vector in slot 1.
  private mutating func addVectorAccesses(_ operators: [OperatorRow]) {
    for row in operators
    where row.prefix == 0xFD && (row.immediates.hasPrefix("memarg") || row.immediates.hasPrefix("memlane")) {
      guard let size = vectorAccessSize(row.mnemonic) else { fatalError("operation table: size of \(row.mnemonic)") }
      let isStore = row.mnemonic.contains("store")
      for wide in [false, true] {
        if row.immediates.hasPrefix("memlane") {
          addLaneAccess(row, size: size, isStore: isStore, wide: wide)
        } else if isStore {
          addVectorStore(row, form: .ssN, wide: wide)
          if !wide { addVectorStore(row, form: .saN, wide: wide) }
        } else {
          addVectorLoad(row, size: size, stores: true, wide: wide)
          if !wide && row.mnemonic == "v128.load" { addVectorLoad(row, size: size, stores: false, wide: wide) }
        }
      }
    }
  }

  private mutating func addVectorLoad(_ row: OperatorRow, size: Int, stores: Bool, wide: Bool) {
    let name = row.caseName + (wide ? "W" : "")
    forms.append((name, stores ? .ssD : .ssN, rows.count))
    add(
      name + (stores ? "" : "_s_n"), "r0 \(stores ? "W1 " : "")o2", [.mayTrap, .readsMemory, .writesVector],
      family: "VectorAccess", doc: "d := mem[a + o]",
      vectorLoadBody(row, slotField(0), size: size, wide: wide)
        + finishVector(words: 2, destination: stores ? 1 : nil))
  }

  private mutating func addVectorStore(_ row: OperatorRow, form: Form, wide: Bool) {
    let name = row.caseName + (wide ? "W" : "")
    let isHeld = form == .saN
    func body(tracked: Bool) -> String {
      vectorStoreBody(
        row, slotField(0), isHeld ? "held(x0, x1)" : "vector(fp, slotField(pc, 1))", wide: wide, tracked: tracked)
        + next(2)
    }
    var effects: Effects = [.mayTrap, .writesMemory]
    if isHeld { effects.insert(.readsVector) }
    forms.append((name, form, rows.count))
    add(
      name + (isHeld ? "_sa" : ""), "r0 \(isHeld ? "" : "R1 ")o2", effects, family: "VectorAccess",
      doc: "mem[a + o] := b",
      tracked: body(tracked: true), body(tracked: false))
  }

  private mutating func addLaneAccess(_ row: OperatorRow, size: Int, isStore: Bool, wide: Bool) {
    func body(tracked: Bool) -> String {
      var text = effectiveAddress(slotField(0), wide: wide, size: size)
      if tracked { text += track(size: size) }
      let vector = "vector(fp, slotField(pc, 1))"
      if isStore {
        text += "VectorAccess.\(row.caseName)(md + Int(bitPattern: ea), \(vector), slotField(pc, 5))\n"
      } else {
        // The lane is replaced in the destination slots.
        text += "let m = md.loadUnaligned(fromByteOffset: Int(bitPattern: ea), as: UInt\(size * 8).self)\n"
        text += "setVector(fp, slotField(pc, 4), \(vector))\nsetLane(fp, slotField(pc, 4), slotField(pc, 5), m)\n"
      }
      return text + next(3)
    }
    let name = row.caseName + (wide ? "W" : "")
    forms.append((name, isStore ? .ssN : .ssD, rows.count))
    add(
      name, "r0 R1 o2" + (isStore ? " L1.2" : " W0.2 L1.2"),
      isStore ? [.mayTrap, .writesMemory] : [.mayTrap, .readsMemory], family: "VectorAccess",
      doc: isStore ? "mem[a + o] := b" : "d := mem[a + o]", tracked: isStore ? body(tracked: true) : nil,
      body(tracked: false))
  }
}

/// Bytes that a vector load or store touches.
func vectorAccessSize(_ mnemonic: String) -> Int? {
  switch mnemonic {
  case "v128.load", "v128.store": 16
  case "v128.load8x8_s", "v128.load8x8_u", "v128.load16x4_s", "v128.load16x4_u", "v128.load32x2_s", "v128.load32x2_u": 8
  case "v128.load8_splat", "v128.load8_lane", "v128.store8_lane": 1
  case "v128.load16_splat", "v128.load16_lane", "v128.store16_lane": 2
  case "v128.load32_splat", "v128.load32_zero", "v128.load32_lane", "v128.store32_lane": 4
  case "v128.load64_splat", "v128.load64_zero", "v128.load64_lane", "v128.store64_lane": 8
  default: nil
  }
}
