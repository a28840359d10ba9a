// Internal operations for control: entry, charges, jumps, calls, returns, tables, globals.
//
// A frame is a run of slots at `fp`; the word before it, `fp[-1]`, is the return address: a pointer into the caller's
// code just behind the call, whose last word holds the distance between the frames (`S`) and the slot that takes a
// single result (`d`).

extension OperationTable {
  mutating func addControl() {
    add(
      "enter", "K0 c2 z0.2 n2.2", [.entry, .mayTrap, .check], family: "Control",
      doc: "function entry: stack check, zero z slots from n on, charge K and check",
      """
      let w = pc[1]
      let z = pc[2]
      if _slowPath(UInt(bitPattern: fp + Int(w >> 32)) > instanceContext(cx).stackLimit) {
        \(trapCall)TrapKind.callStackExhausted.status)
      }
      // Filling memory takes a call, and with it a frame of this handler: that stands elsewhere.
      if z & 0xFFFF_FFFF != 0 { return enterAndZero(pc, fp, md, cx, ac, rm, x0, x1) }
      let left = rm &- Int(w & 0xFFFF_FFFF)
      if _slowPath(left < 0) { return outOfInstructions(pc + 3, fp, md, cx, ac, left, x0, x1) }
      return next(pc + 3, fp, md, cx, ac, left, x0, x1)
      """)
    add(
      "enterLarge", "K0 c2 z0.2 n2.2 n0.3", [.entry, .mayTrap, .check], family: "Control",
      doc: "enter, for a frame of more slots than the reserve beyond the stack's limit",
      """
      let w = pc[1]
      if _slowPath(UInt(bitPattern: fp + Int(w >> 32)) > instanceContext(cx).stackLimit || UInt(bitPattern: fp + Int(pc[3] & 0xFFFF_FFFF)) > instanceContext(cx).stackEnd) {
        \(trapCall)TrapKind.callStackExhausted.status)
      }
      return enterLargeAndZero(pc, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "enterInlined", "K0 c2", [.mayTrap, .check], family: "Control",
      doc: "entry of a function that stands in its caller: stack check, charge K and check",
      """
      let w = pc[1]
      if _slowPath(UInt(bitPattern: fp + Int(w >> 32)) > instanceContext(cx).stackLimit) {
        \(trapCall)TrapKind.callStackExhausted.status)
      }
      let left = rm &- Int(w & 0xFFFF_FFFF)
      if _slowPath(left < 0) { return outOfInstructions(pc + 2, fp, md, cx, ac, left, x0, x1) }
      return next(pc + 2, fp, md, cx, ac, left, x0, x1)
      """)
    add(
      "charge", "X0", [], family: "Control", doc: "rm := rm - imm",
      """
      return next(pc + 2, fp, md, cx, ac, rm &- Int(bitPattern: UInt(pc[1])), x0, x1)
      """)
    add(
      "chargeCheck", "X0", [.check], family: "Control", doc: "rm := rm - imm; if rm < 0 stop",
      """
      let left = rm &- Int(bitPattern: UInt(pc[1]))
      if _slowPath(left < 0) { return outOfInstructions(pc + 2, fp, md, cx, ac, left, x0, x1) }
      return next(pc + 2, fp, md, cx, ac, left, x0, x1)
      """)
    for wide in [false, true] {
      add(
        wide ? "chargeDynamic64" : "chargeDynamic32", "r0", [.check], family: "Control",
        doc: "rm := max(rm - a, least integer), if rm < 0 stop",
        """
        let amount = \(wide ? "fp[slot0(pc[1])]" : "fp[slot0(pc[1])] & 0xFFFF_FFFF")
        if _slowPath(rm < 0 || amount > UInt64(bitPattern: Int64(rm))) { return chargeBeyondSlice(pc, fp, md, cx, ac, rm, x0, x1) }
        return next(pc + 2, fp, md, cx, ac, rm &- Int(truncatingIfNeeded: amount), x0, x1)
        """)
    }
    add(
      "jump", "B0 K2", [.terminator], family: "Control", doc: "charge K; goto B",
      """
      let w = pc[1]
      return next(pc + Int(Int32(truncatingIfNeeded: w)), fp, md, cx, ac, rm &- Int(w >> 32), x0, x1)
      """)
    add(
      "jumpCheck", "B0 K2", [.terminator, .check], family: "Control", doc: "charge K and check; goto B",
      """
      let w = pc[1]
      let target = pc + Int(Int32(truncatingIfNeeded: w))
      let left = rm &- Int(w >> 32)
      if _slowPath(left < 0) { return outOfInstructions(target, fp, md, cx, ac, left, x0, x1) }
      return next(target, fp, md, cx, ac, left, x0, x1)
      """)
    for check in [false, true] {
      for (name, fields, moves) in [
        ("Constant", "w0 u1 i2", "fp[slotField(pc, 0)] = shortConstant(highField(pc), slotField(pc, 1))\n"),
        ("Move", "r0 w1", "fp[slotField(pc, 1)] = fp[slotField(pc, 0)]\n"),
        (
          "MoveTwo", "r0 w1 r2 w3",
          "fp[slotField(pc, 1)] = fp[slotField(pc, 0)]\nfp[slotField(pc, 3)] = fp[slotField(pc, 2)]\n"
        ),
      ] {
        add(
          "jump\(check ? "Check" : "")\(name)", fields + " B0.2 K2.2", check ? [.terminator, .check] : [.terminator],
          family: "Control",
          doc:
            "d := \(name == "Constant" ? "imm" : name == "Move" ? "a" : "a; then d' := a'"); charge K\(check ? " and check" : ""); goto B",
          moves + """
            let w = pc[2]
            let target = pc + Int(Int32(truncatingIfNeeded: w))
            let left = rm &- Int(w >> 32)
            \(check ? "if _slowPath(left < 0) { return outOfInstructions(target, fp, md, cx, ac, left, x0, x1) }\n" : "")return next(target, fp, md, cx, ac, left, x0, x1)
            """)
      }
    }
    // The words behind a switch are its table: one word for each case, displacement from the switch and cost.
    for form in ["s", "a"] {
      add(
        "switch_\(form)", form == "s" ? "r0 n2" : "n2",
        form == "s" ? [.terminator, .check, .table] : [.terminator, .check, .table, .readsAccumulator],
        family: "Control",
        doc:
          "goto entry min(a, n - 1) of the n words that follow: displacement, then cost; the highest bit of the cost asks for a check",
        """
        let w = pc[1]
        let index = \(form == "s" ? "UInt32(truncatingIfNeeded: fp[slot0(w)])" : "UInt32(truncatingIfNeeded: ac)")
        \(goToEntry(count: "UInt32(truncatingIfNeeded: w >> 32)", words: 2))
        """)
    }
    for (name, stored) in [("8U", "UInt8"), ("", "UInt32")] {
      for form in ["s", "a"] {
        let size = stored == "UInt8" ? 1 : 4
        add(
          "switchLoad\(name)_\(form)", (form == "s" ? "r0 n2 o0.2" : "n2 o0.2"),
          form == "s"
            ? [.terminator, .check, .table, .mayTrap, .readsMemory]
            : [.terminator, .check, .table, .mayTrap, .readsMemory, .readsAccumulator],
          family: "Control", doc: "goto entry min(mem[a + o], n - 1) of the n words that follow, as switch_s does",
          """
          let ea = UInt(UInt32(truncatingIfNeeded: \(form == "s" ? slotField(0) : "ac"))) &+ UInt(pc[2])
          let limit = instanceContext(cx).memorySize
          if _slowPath(Int(bitPattern: limit) &- Int(bitPattern: ea) < \(size)) { \(trapCall)TrapKind.outOfBoundsMemoryAccess.status) }
          let index = UInt32(md.loadUnaligned(fromByteOffset: Int(bitPattern: ea), as: \(stored).self))
          \(goToEntry(count: "highField(pc)", words: 3))
          """)
      }
    }
    for (name, stored, size) in [("8U", "UInt8", 1), ("", "UInt32", 4)] {
      // Traps are those of the load, which stands at the second word.
      add(
        "stepSwitchLoad\(name)", "r0 w1 n2 o0.2 i2.2 r0.3", [.terminator, .check, .table, .mayTrap, .readsMemory],
        family: "Control", doc: "d := a' + imm (i32); goto entry min(mem[a + o], n - 1), as switch_s does",
        """
        fp[slotField(pc, 1)] = UInt64(UInt32(truncatingIfNeeded: fp[slotField(pc, 8)]) &+ UInt32(truncatingIfNeeded: scaleField(pc)))
        let ea = UInt(UInt32(truncatingIfNeeded: \(slotField(0)))) &+ UInt(UInt32(truncatingIfNeeded: pc[2]))
        let limit = instanceContext(cx).memorySize
        if _slowPath(Int(bitPattern: limit) &- Int(bitPattern: ea) < \(size)) { return trapped(pc + 2, fp, cx, rm, TrapKind.outOfBoundsMemoryAccess.status) }
        let index = UInt32(md.loadUnaligned(fromByteOffset: Int(bitPattern: ea), as: \(stored).self))
        \(goToEntry(count: "highField(pc)", words: 4))
        """)
    }
    add("trap", "k0", [.terminator, .mayTrap], family: "Control", doc: "trap with kind k", "\(trapCall)slot0(pc[1]))")
    add(
      "trapIfNull", "r0 k1", [.mayTrap], family: "Control", doc: "trap with kind k if a is 0",
      """
      let w = pc[1]
      if _slowPath(fp[slot0(w)] == 0) { \(trapCall)slot1(w)) }
      return next(pc + 2, fp, md, cx, ac, rm, x0, x1)
      """)
    addCalls()
    addReturns()
    addTables()
    addGlobals()
  }

  /// Goes to entry `index`, or the last one, of the table behind an operation of `words` words.
  private func goToEntry(count: String, words: Int) -> String {
    """
    let last = \(count) &- 1
    let z = pc[\(words) + Int(index < last ? index : last)]
    let target = pc + Int(Int32(truncatingIfNeeded: z))
    let left = rm &- Int(z >> 32 & 0x7FFF_FFFF)
    if _slowPath(z >> 63 != 0 && left < 0) { return outOfInstructions(target, fp, md, cx, ac, left, x0, x1) }
    return next(target, fp, md, cx, ac, left, x0, x1)
    """
  }

  private mutating func addCalls() {
    let callee = "let frame = fp + Int(z & 0xFFFF_FFFF)\nframe[-1] = UInt64(UInt(bitPattern: pc + 3))\n"
    add(
      "call", "F0 S0.2 d2.2", [.call, .mayTrap], family: "Call", doc: "call function F of the same instance",
      """
      let code = functionCode(cx, Int(pc[1] & 0xFFFF_FFFF))
      if _slowPath(code == 0) { return linkAndRetry(pc, fp, md, cx, ac, rm, x0, x1) }
      let z = pc[2]
      \(callee)return enterCallee(PC(bitPattern: code).unsafelyUnwrapped, frame, md, cx, ac, rm, x0, x1)
      """)
    // Calls that place arguments first, whose words stand before the last one.
    let docs = ["Move": "a", "MoveTwo": "a; d' := a'", "Constant": "imm", "Add": "a + imm (i32)"]
    for (name, fields, moves) in [
      ("Move", "r0.2 w1.2", "fp[slotField(pc, 5)] = fp[slotField(pc, 4)]\n"),
      (
        "MoveTwo", "r0.2 w1.2 r2.2 w3.2",
        "fp[slotField(pc, 5)] = fp[slotField(pc, 4)]\nfp[slotField(pc, 7)] = fp[slotField(pc, 6)]\n"
      ),
      (
        "Constant", "w0.2 u1.2 i2.2",
        "fp[slotField(pc, 4)] = shortConstant(UInt32(truncatingIfNeeded: scaleField(pc)), slotField(pc, 5))\n"
      ),
      (
        "Add", "r0.2 w1.2 i2.2",
        "fp[slotField(pc, 5)] = UInt64(UInt32(truncatingIfNeeded: fp[slotField(pc, 4)]) &+ UInt32(truncatingIfNeeded: scaleField(pc)))\n"
      ),
    ] {
      add(
        "call\(name)", "F0 \(fields) S0.3 d2.3", [.call, .mayTrap], family: "Call",
        doc:
          "d := \(docs[name]!); call function F of the same instance",
        // The callee comes first: what links it executes the operation again.
        """
        let code = functionCode(cx, Int(pc[1] & 0xFFFF_FFFF))
        if _slowPath(code == 0) { return linkAndRetry(pc, fp, md, cx, 0, rm, 0, 0) }
        \(moves)let frame = fp + Int(pc[3] & 0xFFFF_FFFF)
        frame[-1] = UInt64(UInt(bitPattern: pc + 4))
        return enterCallee(PC(bitPattern: code).unsafelyUnwrapped, frame, md, cx, 0, rm, 0, 0)
        """)
    }
    add(
      "callImport", "I0 S0.2 d2.2", [.call, .mayTrap], family: "Call", doc: "call imported function I",
      """
      return callImport(pc, fp, cx, rm)
      """)
    for form in ["s", "a"] {
      add(
        "callIndirect_\(form)", "T0.2 t2.2 S0.3 d2.3" + (form == "s" ? " r0" : ""),
        form == "s" ? [.call, .mayTrap] : [.call, .mayTrap, .readsAccumulator], family: "Call",
        doc: "call element a of table t, whose type must be T",
        """
        return callIndirect(pc, fp, md, cx, \(form == "s" ? "fp[slot0(pc[1])]" : "ac"), rm)
        """)
    }
    add(
      "callReference", "r0 T0.2 S0.3 d2.3", [.call, .mayTrap], family: "Call",
      doc: "call the function with handle a, whose type must be T",
      """
      return callReference(pc, fp, cx, rm)
      """)
    add(
      "tailCall", "F0 S0.2 n2.2", [.terminator, .mayTrap], family: "Call",
      doc: "replace the frame by one of function F; its n argument slots are at S",
      """
      return tailCall(pc, fp, md, cx, ac, rm)
      """)
    add(
      "tailCallImport", "I0 S0.2 n2.2", [.terminator, .mayTrap], family: "Call",
      doc: "replace the frame by a call of imported function I",
      """
      return tailCallImport(pc, fp, cx, rm)
      """)
    add(
      "tailCallIndirect", "r0 S0.2 n2.2 T0.3 t2.3", [.terminator, .mayTrap], family: "Call",
      doc: "replace the frame by a call of element a of table t, whose type must be T",
      """
      return tailCallIndirect(pc, fp, cx, rm)
      """)
    add(
      "tailCallReference", "r0 S0.2 n2.2 T0.3", [.terminator, .mayTrap], family: "Call",
      doc: "replace the frame by a call of the function with handle a, whose type must be T",
      """
      return tailCallReference(pc, fp, cx, rm)
      """)
    // Around a call from a frame that takes more slots than its logical cost: the stack's limit moves by the difference
    // while the callee runs, so that it is met at the same call whatever the layout of frames.
    add(
      "raiseStack", "n0", [.mayTrap], family: "Call", doc: "raise the stack's limit by n slots",
      """
      let raised = instanceContext(cx).stackLimit &+ UInt(pc[1] & 0xFFFF_FFFF) &* 8
      if _slowPath(raised > instanceContext(cx).stackEnd) { \(trapCall)TrapKind.callStackExhausted.status) }
      instanceContext(cx).stackLimit = raised
      return next(pc + 2, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "lowerStack", "n0", [], family: "Call", doc: "lower the stack's limit by n slots",
      """
      let amount = UInt(pc[1] & 0xFFFF_FFFF) &* 8
      instanceContext(cx).stackLimit = instanceContext(cx).stackLimit > amount ? instanceContext(cx).stackLimit &- amount : 0
      return next(pc + 2, fp, md, cx, ac, rm, x0, x1)
      """)
    // Code that the executor makes itself; the verifier refuses it in artifacts.
    add(
      "exit", "", [.terminator], family: "Runtime", doc: "the outermost frame returned",
      "return finished(pc, fp, md, cx, ac, rm, x0, x1)")
    add(
      "leaveInstance", "", [.terminator], family: "Runtime", doc: "return over an instance's border",
      "return leaveInstance(pc, fp, md, cx, ac, rm, x0, x1)")
    add(
      "resumeHostCall", "", [.terminator], family: "Runtime", doc: "return from a suspended host call",
      "return resumeHostCall(pc, fp, md, cx, ac, rm, x0, x1)")
    add(
      "retryHostCall", "", [.terminator], family: "Runtime", doc: "call a host function again whose charge ran out",
      "return retryHostCall(pc, fp, md, cx, ac, rm, x0, x1)")
  }

  private mutating func addReturns() {
    func add(_ name: String, _ fields: String, _ effects: Effects, doc: String, _ body: String) {
      self.add(name, fields, effects.union(.terminator), family: "Return", doc: doc, body)
    }
    add(
      "return", "", [], doc: "return; results, if any, are in the first slots", leave(storing: nil, accumulator: "ac"))
    add("return_a", "", [.readsAccumulator], doc: "return ac", leave(storing: "ac", accumulator: "ac"))
    add(
      "returnFloat_a", "", [.readsFloat], doc: "return x0", leave(storing: "x0.bitPattern", accumulator: "ac"))
    // These charge as well: what the block does to which they belong where it is not the next one.
    let charge = "let left = rm &- slotField(pc, 0)\n"
    add(
      "chargeReturn", "C0", [], doc: "charge C; return", charge + leave(storing: nil, accumulator: "ac", left: "left"))
    add(
      "chargeReturn_a", "C0", [.readsAccumulator], doc: "charge C; return ac",
      charge + leave(storing: "ac", accumulator: "ac", left: "left"))
    let value = "let v = fp[slotField(pc, 0)]\nlet left = rm &- slotField(pc, 1)\n"
    add(
      "return_s", "r0 C1", [.writesAccumulator], doc: "charge C; return a",
      value + leave(storing: "v", accumulator: "v", left: "left"))
    add(
      "returnFloat_s", "r0 C1", [.writesFloat], doc: "charge C; return a",
      value + leave(storing: "v", accumulator: "ac", left: "left", float: "Double(bitPattern: v)"))
    add(
      "return_i", "C0 u1 i2", [], doc: "charge C; return imm",
      """
      let v = shortConstant(highField(pc), slotField(pc, 1))
      let left = rm &- slotField(pc, 0)

      """ + leave(storing: "v", accumulator: "v", left: "left"))
    // How a function with a frame in memory ends.
    let set = """
      instanceContext(cx).globals[Int(highField(pc))].pointee = fp[slotField(pc, 0)]
      let left = rm &- slotField(pc, 1)

      """
    add(
      "globalSetReturn", "r0 C1 G2", [], doc: "charge C; global G := a; return",
      set + leave(storing: nil, accumulator: "ac", left: "left"))
    add(
      "globalSetReturn_a", "r0 C1 G2", [.readsAccumulator], doc: "charge C; global G := a; return ac",
      set + leave(storing: "ac", accumulator: "ac", left: "left"))
    add(
      "globalSetReturn_s", "r0 C1 G2 r0.2", [], doc: "charge C; global G := a; return b",
      "let v = fp[slotField(pc, 4)]\n" + set + leave(storing: "v", accumulator: "v", left: "left"))
    add(
      "globalSetReturn_i", "r0 C1 G2 i0.2 u2.2", [], doc: "charge C; global G := a; return imm",
      "let v = shortConstant(UInt32(truncatingIfNeeded: pc[2]), slotField(pc, 6))\n" + set
        + leave(storing: "v", accumulator: "v", left: "left"))
  }

  private mutating func addTables() {
    add(
      "tableGet", "r0 w1 t2", [.mayTrap, .writesAccumulator], family: "Table", doc: "d := table t [a]",
      """
      let w = pc[1]
      var v: UInt64 = 0
      if _slowPath(!tableGet(cx, Int(w >> 32), fp[slot0(w)], &v)) { \(trapCall)TrapKind.outOfBoundsTableAccess.status) }
      fp[slot1(w)] = v
      return next(pc + 2, fp, md, cx, v, rm, x0, x1)
      """)
    add(
      "tableSet", "r0 r1 t2", [.mayTrap], family: "Table", doc: "table t [a] := b",
      """
      let w = pc[1]
      if _slowPath(!tableSet(cx, Int(w >> 32), fp[slot0(w)], fp[slot1(w)])) { \(trapCall)TrapKind.outOfBoundsTableAccess.status) }
      return next(pc + 2, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "tableSize", "w0 t2", [.writesAccumulator], family: "Table", doc: "d := size of table t",
      """
      let w = pc[1]
      let v = UInt64(instanceContext(cx).tables[Int(w >> 32)].pointee.count)
      fp[slot0(w)] = v
      return next(pc + 2, fp, md, cx, v, rm, x0, x1)
      """)
    add(
      "tableGrow", "r0 r1 w2 t0.2", [.writesAccumulator], family: "Table", doc: "d := grow table t by b elements a",
      """
      let w = pc[1]
      let v = tableGrow(cx, Int(pc[2] & 0xFFFF_FFFF), fp[slot0(w)], fp[slot1(w)])
      fp[slot2(w)] = v
      return next(pc + 3, fp, md, cx, v, rm, x0, x1)
      """)
    add(
      "tableFill", "r0 r1 r2 t0.2", [.mayTrap], family: "Table", doc: "fill c elements of table t at a with b",
      """
      let w = pc[1]
      if _slowPath(!tableFill(cx, Int(pc[2] & 0xFFFF_FFFF), fp[slot0(w)], fp[slot1(w)], fp[slot2(w)])) {
        \(trapCall)TrapKind.outOfBoundsTableAccess.status)
      }
      return next(pc + 3, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "tableCopy", "r0 r1 r2 t0.2 t2.2", [.mayTrap], family: "Table",
      doc: "copy c elements from table t' at b to table t at a",
      """
      let w = pc[1]
      if _slowPath(!tableCopy(cx, Int(pc[2] & 0xFFFF_FFFF), Int(pc[2] >> 32), fp[slot0(w)], fp[slot1(w)], fp[slot2(w)])) {
        \(trapCall)TrapKind.outOfBoundsTableAccess.status)
      }
      return next(pc + 3, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "tableInit", "r0 r1 r2 t0.2 E2.2", [.mayTrap], family: "Table",
      doc: "copy c elements at b of element segment E to table t at a",
      """
      let w = pc[1]
      if _slowPath(!tableInit(cx, Int(pc[2] & 0xFFFF_FFFF), Int(pc[2] >> 32), fp[slot0(w)], fp[slot1(w)], fp[slot2(w)])) {
        \(trapCall)TrapKind.outOfBoundsTableAccess.status)
      }
      return next(pc + 3, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "elementDrop", "E0", family: "Table", doc: "drop element segment E",
      """
      dropElements(cx, Int(pc[1] & 0xFFFF_FFFF))
      return next(pc + 2, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "functionReference", "w0 J2", [.writesAccumulator], family: "Table", doc: "d := handle of function J",
      """
      let w = pc[1]
      let v = functionHandle(cx, Int(w >> 32))
      fp[slot0(w)] = v
      return next(pc + 2, fp, md, cx, v, rm, x0, x1)
      """)
  }

  /// What functions with a frame in memory do to the pointer to it: a global that is read, moved and written.
  private mutating func addGlobalSteps() {
    for type in [Scalar.i32, .i64] {
      let amount =
        type == .i32
        ? "UInt32(truncatingIfNeeded: pc[2])" : "UInt64(truncatingIfNeeded: Int32(truncatingIfNeeded: pc[2]))"
      for (keeps, stores) in [(true, true), (true, false), (false, true), (false, false)] {
        add(
          "globalStep\(type.rawValue.uppercased())_\(keeps ? "k" : "n")\(stores ? "d" : "n")",
          (keeps ? "w0 " : "") + (stores ? "w1 " : "") + "G2 i0.2", [.writesAccumulator], family: "Global",
          doc: "\(keeps ? "d := global G; " : "")\(stores ? "d' := " : "")global G := global G + imm",
          """
          let cell = instanceContext(cx).globals[Int(highField(pc))]
          let old = cell.pointee
          \(keeps ? "fp[slotField(pc, 0)] = old\n" : "")let r = Scalar.\(type)Add(\(type.fromBits("old")), \(amount))
          let v = \(type.toBits("r"))
          cell.pointee = v
          \(stores ? "fp[slotField(pc, 1)] = v\n" : "")return next(pc + 3, fp, md, cx, v, rm, x0, x1)
          """)
      }
      add(
        "globalSetSum\(type.rawValue.uppercased())", "r0 G2 i0.2", [.writesAccumulator], family: "Global",
        doc: "global G := a + imm",
        """
        let r = Scalar.\(type)Add(\(type.fromBits(slotField(0))), \(amount))
        let v = \(type.toBits("r"))
        instanceContext(cx).globals[Int(highField(pc))].pointee = v
        return next(pc + 3, fp, md, cx, v, rm, x0, x1)
        """)
    }
  }

  private mutating func addGlobals() {
    addGlobalSteps()
    for stores in [true, false] {
      let suffix = stores ? "_d" : "_n"
      let store = stores ? "fp[slot0(w)] = v\n" : ""
      add(
        "globalGet" + suffix, (stores ? "w0 " : "") + "G2", [.writesAccumulator], family: "Global",
        doc: "d := global G",
        """
        let w = pc[1]
        let v = instanceContext(cx).globals[Int(w >> 32)].pointee
        \(store)return next(pc + 2, fp, md, cx, v, rm, x0, x1)
        """)
      add(
        "globalGetFloat" + suffix, (stores ? "w0 " : "") + "G2", [.writesFloat], family: "Global", doc: "d := global G",
        """
        let w = pc[1]
        let v = instanceContext(cx).globals[Int(w >> 32)].pointee
        \(store)return next(pc + 2, fp, md, cx, ac, rm, Double(bitPattern: v), x1)
        """)
    }
    add(
      "globalGetPair", "W0 G2", family: "Global", doc: "d := global G (v128)",
      """
      let w = pc[1]
      let cell = instanceContext(cx).globals[Int(w >> 32)]
      fp[slot0(w)] = cell[0]
      fp[slot0(w) + 1] = cell[1]
      return next(pc + 2, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "globalSet_s", "r0 G2", family: "Global", doc: "global G := a",
      """
      let w = pc[1]
      instanceContext(cx).globals[Int(w >> 32)].pointee = fp[slot0(w)]
      return next(pc + 2, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "globalSet_a", "G2", [.readsAccumulator], family: "Global", doc: "global G := ac",
      """
      instanceContext(cx).globals[Int(pc[1] >> 32)].pointee = ac
      return next(pc + 2, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "globalSetFloat_a", "G2", [.readsFloat], family: "Global", doc: "global G := x0",
      """
      instanceContext(cx).globals[Int(pc[1] >> 32)].pointee = x0.bitPattern
      return next(pc + 2, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "globalSetPair", "R0 G2", family: "Global", doc: "global G := a (v128)",
      """
      let w = pc[1]
      let cell = instanceContext(cx).globals[Int(w >> 32)]
      cell[0] = fp[slot0(w)]
      cell[1] = fp[slot0(w) + 1]
      return next(pc + 2, fp, md, cx, ac, rm, x0, x1)
      """)
  }
}
