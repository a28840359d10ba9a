// Prints the internal operations: their enumeration and facts for the compiler, the handlers for the executor.

extension OperationTable {
  /// FNV-1a over everything in the table that shapes the format.
  var formatHash: UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func mix(_ text: String) {
      for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      hash = (hash ^ 0xFF) &* 0x100_0000_01B3
    }
    for row in rows {
      mix(row.name)
      mix(row.doc)
      mix("\(row.effects.rawValue)")
      for field in row.fields { mix("\(field.kind.rawValue)\(field.position).\(field.word)") }
    }
    return hash
  }

  func printEnumeration(to output: inout Output) throws {
    var text = "/// The operations of threaded code, in table order: the numbers that artifacts hold.\n"
    text += "@frozen\npublic enum ThreadedOperation: Hashable, Sendable, BitwiseCopyable {\n"
    for row in rows {
      text += "  /// \(row.doc)\n  case \(row.name == "return" ? "`return`" : row.name)\n"
    }
    text += "\n  public static let count = \(rows.count)\n}\n\n"
    text += "/// A hash of the operation table: the version of the format of threaded code.\n"
    text += "public let threadedFormatHash: UInt64 = 0x\(String(formatHash, radix: 16))\n\n"
    text += "let threadedOperationNames: [String] = [\n"
    for row in rows { text += "  \"\(row.name)\",\n" }
    text +=
      "]\n\n/// Length in words (bits 0-7), effects (bits 8-23), number of fields (bits 24-31), first field (bits 32-63).\n"
    text += "let threadedOperationFacts: [UInt64] = [\n"
    var fields: [Field] = []
    for row in rows {
      let bits =
        UInt64(row.words) | UInt64(row.effects.rawValue) << 8 | UInt64(row.fields.count) << 24 | UInt64(fields.count)
        << 32
      text += "  0x\(String(bits, radix: 16)),\n"
      fields += row.fields
    }
    text +=
      "]\n\n/// Fields: kind (bits 0-7), shift in bits (bits 8-15), word (bits 16-23), width in bits (bits 24-31).\n"
    text += "let threadedFields: [UInt32] = [\n"
    for field in fields {
      let kind = UInt32(FieldKind.allCases.firstIndex(of: field.kind)!)
      let bits = kind | UInt32(field.position * 16) << 8 | UInt32(field.word) << 16 | UInt32(field.kind.width) << 24
      text += "  0x\(String(bits, radix: 16)),\n"
    }
    text += "]\n\n/// What lane fields must be below, by operation; 0 where there are none.\n"
    text += "let threadedLaneLimits: [UInt8] = [\n"
    for start in stride(from: 0, to: rows.count, by: 32) {
      text += "  " + rows[start..<min(start + 32, rows.count)].map { "\($0.laneLimit)" }.joined(separator: ", ") + ",\n"
    }
    text += "]\n"
    try output.emit("Sources/Compiler/Generated/ThreadedOperation.swift", from: "the operation table", text)
  }

  /// Operation numbers by Wasm operator and form, and of compare-and-branch.
  func printSelection(_ operators: [OperatorRow], to output: inout Output) throws {
    let columns = Form.allCases.count
    var narrow = [UInt16](repeating: .max, count: operators.count * columns)
    var wide = narrow
    var index: [String: Int] = [:]
    for (row, op) in operators.enumerated() { index[op.caseName] = row }
    for entry in forms {
      if let row = index[entry.operator] {
        narrow[row * columns + entry.form.rawValue] = UInt16(entry.row)
      } else if entry.operator.hasSuffix("W"), let row = index[String(entry.operator.dropLast())] {
        wide[row * columns + entry.form.rawValue] = UInt16(entry.row)
      } else {
        fatalError("operation table: form of unknown operator \(entry.operator)")
      }
    }
    func list(_ name: String, _ values: [UInt16]) -> String {
      var text = "let \(name): [UInt16] = [\n"
      for start in stride(from: 0, to: values.count, by: columns) {
        text +=
          "  "
          + values[start..<min(start + columns, values.count)].map { $0 == .max ? "0xFFFF" : "\($0)" }.joined(
            separator: ", ") + ",\n"
      }
      return text + "]\n\n"
    }
    var text =
      "/// Operation numbers by operator row (ten columns each, as `OperandForm` numbers them); 0xFFFF where there is none.\n"
    text += list("selectionTable", narrow)
    text += "/// The same for accesses of memories with 64-bit addresses.\n" + list("wideSelectionTable", wide)
    text +=
      "/// Compare-and-branch by operator row: ten columns, the operand forms ss, as, sa, si, ai, each without and with check.\n"
    var branch = [UInt16](repeating: .max, count: operators.count * columns)
    var negated = branch
    for entry in branches {
      let not = entry.condition.hasPrefix("not_")
      let mnemonic = "\(entry.type).\(not ? String(entry.condition.dropFirst(4)) : entry.condition)"
      guard let row = operators.firstIndex(where: { $0.mnemonic == mnemonic }) else {
        fatalError("operation table: branch \(mnemonic)")
      }
      let column = row * columns + entry.form.rawValue / 2 * 2 + (entry.check ? 1 : 0)
      if not { negated[column] = UInt16(entry.row) } else { branch[column] = UInt16(entry.row) }
    }
    text += list("branchTable", branch)
    text +=
      "/// The same where the branch is taken if the comparison fails (floats only).\n"
      + list("negatedBranchTable", negated)
    try output.emit("Sources/Compiler/Generated/Selection.swift", from: "the operation table", text)
  }

  func printHandlers(to output: inout Output) throws {
    let parameters = "_ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double"
    let readWord = "let w = pc[1]\n"
    var families: [(name: String, rows: [OperationRow])] = []
    for row in rows {
      if let index = families.firstIndex(where: { $0.name == row.family }) {
        families[index].rows.append(row)
      } else {
        families.append((row.family, [row]))
      }
    }
    for family in families {
      var text = "import Semantics\nimport WebAssembly\n\n"
      for row in family.rows {
        func handler(_ name: String, _ body: String) -> String {
          // Forms without operand fields need no operand word.
          let used =
            body.hasPrefix(readWord) && !body.dropFirst(readWord.count).contains(/\bw\b/)
            ? String(body.dropFirst(readWord.count)) : body
          let indented = used.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n")
          // A section of its own keeps LLVM from merging the handler with a similar one: the merged function would take
          // the difference as a further parameter, on the stack, and could not be left by a jump.
          return "#if os(Linux)\n@section(\".text.\(name)\")\n#endif\n"
            + "@c func \(name)(\(parameters)) -> Int {\n\(indented)\n}\n\n"
        }
        text += "/// \(row.doc)\n" + handler("cannery_\(row.name)", row.body)
        if let tracked = row.trackedBody { text += handler("cannery_tracked_\(row.name)", tracked) }
        guard row.handlerCount > 1 else { continue }
        text += "#if !CANNERY_TRAMPOLINE\n"
        for copy in 1..<row.handlerCount {
          text += handler("cannery_\(row.name)_copy\(copy)", row.body)
          if let tracked = row.trackedBody { text += handler("cannery_tracked_\(row.name)_copy\(copy)", tracked) }
        }
        text += "#endif\n\n"
      }
      try output.emit(
        "Sources/Executor/Handlers/Generated/\(family.name)Handlers.swift", from: "the operation table", text)
    }
    try output.emit(
      "Sources/Executor/Handlers/Generated/HandlerTable.swift", from: "the operation table",
      """
      /// The handlers in table order, the first of each operation. For each family of 64 a list of its own: one long
      /// literal is slow to compile.

      """ + handlerLists("makeHandlers", rows.map { row in { tracked in row.handler(tracked: tracked) } }))
    let copied = rows.filter { $0.handlerCount > 1 }
    guard copied.count == HandlerCopies.counts.count else {
      fatalError("operation table: copies of unknown operations")
    }
    var text = "import Compiler\n\n#if !CANNERY_TRAMPOLINE\n"
    text += "/// The further handlers of operations that have several, in table order.\n"
    text += handlerLists(
      "makeHandlerCopies",
      copied.flatMap { row in
        (1..<row.handlerCount).map { copy in { tracked in row.handler(tracked: tracked) + "_copy\(copy)" } }
      })
    text += "\n/// Operations that have several handlers, and how many further ones.\n"
    text += "let handlerCopyCounts: [(operation: ThreadedOperation, copies: Int)] = [\n"
    for row in copied { text += "  (.\(row.name), \(row.handlerCount - 1)),\n" }
    text += "]\n#else\n"
    text += "/// Debug builds dispatch in one place for all.\n"
    text += "func makeHandlerCopies(tracked: Bool) -> [Handler] { [] }\n\n"
    text += "let handlerCopyCounts: [(operation: ThreadedOperation, copies: Int)] = []\n#endif\n"
    try output.emit("Sources/Executor/Handlers/Generated/HandlerCopies.swift", from: "the operation table", text)
  }

  /// A function `name` that makes an array of handlers, whose names are given for memories without and with tracking.
  private func handlerLists(_ name: String, _ handlers: [(_ tracked: Bool) -> String]) -> String {
    var text = ""
    var lists: [String] = []
    for tracked in [false, true] {
      for start in stride(from: 0, to: handlers.count, by: 64) {
        let list = "\(name)\(tracked ? "Tracked" : "")\(start / 64)"
        lists.append(list)
        text += "private let \(list): [Handler] = [\n"
        for handler in handlers[start..<min(start + 64, handlers.count)] { text += "  \(handler(tracked)),\n" }
        text += "]\n\n"
      }
    }
    let half = lists.count / 2
    text += "func \(name)(tracked: Bool) -> [Handler] {\n  var table: [Handler] = []\n"
    text += "  table.reserveCapacity(\(handlers.count))\n  if tracked {\n"
    for list in lists[half...] { text += "    table += \(list)\n" }
    text += "  } else {\n"
    for list in lists[..<half] { text += "    table += \(list)\n" }
    return text + "  }\n  return table\n}\n"
  }
}

extension OperationRow {
  /// How many handlers do the same.
  fileprivate var handlerCount: Int { HandlerCopies.counts[name] ?? 1 }

  fileprivate func handler(tracked: Bool) -> String {
    "cannery_\(tracked && trackedBody != nil ? "tracked_" : "")\(name)"
  }
}

extension OperationRow {
  /// How many lanes there are to choose from, by the shape in the name; 8 for the memory that lane accesses name; 0 for
  /// operations without such a field.
  fileprivate var laneLimit: Int {
    guard fields.contains(where: { $0.kind == .lane }) else { return 0 }
    if name.hasPrefix("memory") { return 8 }
    let shapes = [
      ("8x16", 16), ("16x8", 8), ("32x4", 4), ("64x2", 2), ("8Lane", 16), ("16Lane", 8), ("32Lane", 4), ("64Lane", 2),
    ]
    guard let shape = shapes.last(where: { name.contains($0.0) }) else {
      fatalError("operation table: lanes of \(name)")
    }
    return shape.1
  }
}
