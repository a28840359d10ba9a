// Threaded code as text, for people and for tests that pin what the compiler makes: a header for each function, then a
// line for each operation.
//
// ```
// function 2 "fib" (i32) -> (i32): 34 words, frame of 9 slots, cost 6
//      0  enter                     cost=3, frame-cost=6, zero=0, from=1
//      3  brI32GeS_si               fp[0], #2, ->9, cost=4, else=7
//      6  i32Sub_si_d               fp[1] := fp[0], #1
//      …
//     21  call                      function=2, frame=+4, result=fp[1]            ; 0x4a
// ```
//
// Numbers at the left count words. What an operation writes to its frame stands before `:=`; the accumulators are in its
// name (see the operation table). After `;` comes the byte offset in the module, where the location table has one.

import WasmBinary
import WebAssembly

/// Prints the functions of one artifact. The text depends on the artifact's bytes only.
public struct Disassembler: Sendable {
  private let artifact: Artifact
  private let names: NameMap

  public init(_ artifact: Artifact) {
    self.artifact = artifact
    names = NameSection(artifact.module).functions
  }

  /// The text of defined function `index` (below `functionCount`); every line ends with a newline.
  ///
  /// Throws an `ArtifactError` where the code is corrupt or breaks a rule: it is verified first. Linear in its length.
  public func text(of index: Int) throws(ArtifactError) -> String {
    let function = try artifact.function(index)
    let count = function.wordCount
    let words = UnsafeMutablePointer<UInt64>.allocate(capacity: max(count, 1))
    defer { words.deallocate() }
    for word in 0..<count {
      words[word] = UInt64(
        littleEndian: artifact.bytes.buffer.loadUnaligned(
          fromByteOffset: function.codeOffset + word * 8, as: UInt64.self))
    }
    // From here on every operation is known and lies inside of the words.
    try verify(artifact, function, index: index, words: UnsafeMutableBufferPointer(start: words, count: count))
    var text = header(index, function)
    var locations = LocationReader(artifact, index, function)
    var position = 0
    while position < count {
      let operation = ThreadedOperation(number: UInt16(truncatingIfNeeded: words[position]))
      let length = operation.length(at: words + position)
      var line = padded("\(position)", before: 6) + "  " + padded(operation.name, after: 24) + "  "
      line += operands(operation, words + position, at: position)
      if let places = locations.locations(at: position) {
        line =
          padded(line, after: 80) + "; "
          + places.map { "0x" + String($0.offset ?? 0, radix: 16) }.joined(separator: " < ")
      }
      text += line + "\n"
      if operation.isSwitch {
        for entry in operation.wordCount..<length {
          text += switchEntry(entry - operation.wordCount, words[position + entry], at: position) + "\n"
        }
      }
      position += length
    }
    return text
  }

  private func header(_ index: Int, _ function: ArtifactFunction) -> String {
    let number = artifact.spaces.importedFunctionCount + index
    let type = artifact.functionType(number)
    let name = names.name(of: UInt32(number)).map { " " + $0.debugDescription } ?? ""
    func list(_ types: [ValueType]) -> String { "(" + types.map(\.description).joined(separator: ", ") + ")" }
    return "function \(number)\(name) \(list(type.parameters)) -> \(list(type.results)): \(function.wordCount) words, "
      + "frame of \(function.frameSlots) slots, cost \(function.frameCost)\n"
  }

  private func operands(
    _ operation: ThreadedOperation, _ words: UnsafePointer<UInt64>, at position: Int
  ) -> String {
    var written: [String] = []
    var others: [String] = []
    var costs = 0
    var immediates = 0
    let uppers = operation.fields.filter { $0.kind == .upper }
    for field in operation.fields {
      let value = field.value(at: words)
      let signed = Int(Int32(truncatingIfNeeded: value))
      switch field.kind {
      case .writeSlot, .writeWide: written.append("fp[\(value)]")
      case .writePair: written.append("fp[\(value):\(value + 1)]")
      case .readSlot, .readWide: others.append("fp[\(value)]")
      case .readPair: others.append("fp[\(value):\(value + 1)]")
      case .immediate:
        // The upper half is 0, or as the sign says.
        let isUnsigned = immediates < uppers.count && uppers[immediates].value(at: words) == 0
        others.append(isUnsigned ? "#\(value)" : "#\(signed)")
        immediates += 1
      case .upper: break
      case .offset: others.append("+\(value)")
      case .word:
        let isCharge = operation == .charge || operation == .chargeCheck
        others.append(isCharge ? "cost=\(value)" : "#0x" + String(value, radix: 16))
      case .lane: others.append("lane=\(value)")
      case .branch: others.append("->\(position + signed)")
      case .cost:
        // The second cost is that of going on with the next operation.
        others.append(costs == 0 ? "cost=\(value)" : "else=\(value)")
        costs += 1
      case .wideCost: others.append("cost=\(value)")
      case .function: others.append("function=\(value + UInt64(artifact.spaces.importedFunctionCount))")
      case .imported, .anyFunction: others.append("function=\(value)")
      case .type: others.append("type=\(value)")
      case .table: others.append("table=\(value)")
      case .memory: others.append("memory=\(value)")
      case .global: others.append("global=\(value)")
      case .data: others.append("data=\(value)")
      case .element: others.append("elem=\(value)")
      case .stride: others.append("frame=+\(value)")
      case .result: others.append("result=fp[\(value)]")
      case .count: others.append((operation.effects.contains(.entry) ? "from=" : "count=") + "\(value)")
      case .trap: others.append(TrapKind(rawValue: UInt8(truncatingIfNeeded: value))?.name ?? "trap=\(value)")
      case .zeroCount: others.append("zero=\(value)")
      case .frameCost: others.append("frame-cost=\(value)")
      }
    }
    let list = others.joined(separator: ", ")
    if written.isEmpty { return list }
    return written.joined(separator: ", ") + " :=" + (list.isEmpty ? "" : " " + list)
  }

  /// An entry of a switch's table: displacement, cost, and in the highest bit whether the counter is checked.
  private func switchEntry(_ number: Int, _ word: UInt64, at position: Int) -> String {
    let target = position + Int(Int32(truncatingIfNeeded: word))
    let cost = word >> 32 & 0x7FFF_FFFF
    return padded("", after: 34) + "\(number): ->\(target), cost=\(cost)" + (word >> 63 != 0 ? ", check" : "")
  }

  private func padded(_ text: String, after width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.utf8.count))
  }

  private func padded(_ text: String, before width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.utf8.count)) + text
  }
}
