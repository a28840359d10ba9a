// Reads the text that `printIR` prints, so that tests can state IR and that printing is known to leave nothing out.
//
// One pass over the lines. What edges carry is kept by name and resolved at the end, as values of later blocks may flow
// back to a loop.

import Compiler
import WebAssembly

struct IRParsingError: Error, CustomStringConvertible {
  var line: Int
  var text: String
  var description: String { "line \(line): \(text)" }
}

/// The function that `text` describes. Offsets of nodes are not part of the text: they are line numbers.
func parseIR(_ text: String) throws -> IRFunction {
  var parser = IRParser()
  for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
    parser.line = number + 1
    try parser.parse(line.prefix { $0 != ";" })
  }
  return try parser.finish()
}

private struct IRParser: ~Copyable {
  var line = 0
  var function = IRFunction(index: 0, parameterTypes: [], resultTypes: [])
  private var values: [String: UInt32] = [:]
  /// By block: the names of its parameters' nodes.
  private var parameters: [[UInt32]] = []
  private var order = GrowableBuffer<UInt32>()
  /// By edge: the names of the values that it carries.
  private var arguments: [[String]] = []
  private var lastCall: UInt32 = 0

  private static let opcodes: [String: Opcode] = {
    var opcodes: [String: Opcode] = [:]
    for row in (0..<Opcode.count).reversed() { opcodes[Opcode(row: UInt16(row)).mnemonic] = Opcode(row: UInt16(row)) }
    return opcodes
  }()

  private func fail(_ text: String) -> IRParsingError { IRParsingError(line: line, text: text) }

  private func type(_ name: some StringProtocol) throws -> IRType {
    let types: [IRType] = [.i32, .i64, .f32, .f64, .v128]
    guard let type = types.first(where: { $0.description == name }) else { throw fail("no type: \(name)") }
    return type
  }

  private func value(_ name: String) throws -> UInt32 {
    guard let value = values[name] else { throw fail("no value: \(name)") }
    return value
  }

  mutating func parse(_ text: Substring) throws {
    var tokens = tokenize(text)
    guard let first = tokens.first else { return }
    if first == "function" { return try parseHeader(tokens) }
    if first.hasPrefix("block") && tokens.last == ":" { return try parseBlock(tokens) }
    guard !function.blocks.isEmpty else { throw fail("no block has begun") }
    var name: String?
    var resultType = IRType.none
    if tokens.count > 4, tokens[1] == ":", tokens[3] == "=" {
      name = tokens[0]
      resultType = try type(tokens[2])
      tokens.removeFirst(4)
    }
    let node = try parseNode(tokens, resultType)
    let index = function.add(node, offset: UInt32(line)).index
    if node.operation.info.effects.contains(.call) { lastCall = index }
    if let name { values[name] = index }
    function.blocks[function.blocks.count - 1].end = UInt32(function.nodes.count)
  }

  /// Names, numbers and single punctuation marks; `=` inside of `key=value` separates three tokens.
  private func tokenize(_ text: Substring) -> [String] {
    var tokens: [String] = []
    var word = ""
    for character in text {
      if character.isLetter || character.isNumber || "._-+>".contains(character) {
        word.append(character)
        continue
      }
      if !word.isEmpty { tokens.append(word) }
      word = ""
      if character != " " { tokens.append(String(character)) }
    }
    if !word.isEmpty { tokens.append(word) }
    return tokens
  }

  private func types(_ tokens: [String], at position: inout Int) throws -> [IRType] {
    guard position < tokens.count, tokens[position] == "(" else { throw fail("types expected") }
    position += 1
    var types: [IRType] = []
    while tokens[position] != ")" {
      if tokens[position] != "," { types.append(try type(tokens[position])) }
      position += 1
    }
    position += 1
    return types
  }

  private mutating func parseHeader(_ tokens: [String]) throws {
    var position = 2
    let parameterTypes = try types(tokens, at: &position)
    position += 1
    let resultTypes = try types(tokens, at: &position)
    function = IRFunction(index: UInt32(tokens[1])!, parameterTypes: parameterTypes, resultTypes: resultTypes)
    function.frameCost = Int(tokens[position + 1])!
    position += 2
    if position < tokens.count {
      position += 1
      function.pinnedLocals = try types(tokens, at: &position)
    }
  }

  private mutating func parseBlock(_ tokens: [String]) throws {
    guard tokens[0] == "block\(function.blocks.count)" else { throw fail("blocks are not in order") }
    var data = BlockData()
    var own: [UInt32] = []
    for position in tokens.indices.dropLast() where tokens[position] == ":" {
      let node = Node(.parameter, type: try type(tokens[position + 1]), b: UInt32(function.blocks.count))
      let index = function.add(node, offset: UInt32(line)).index
      values[tokens[position - 1]] = index
      own.append(index)
      order.append(index)
    }
    parameters.append(own)
    data.first = UInt32(function.nodes.count)
    data.end = data.first
    function.blocks.append(data)
  }

  // MARK: Nodes

  /// Reads `blockN` or `blockN(v1, …)`.
  private mutating func edge(_ tokens: [String], at position: inout Int) throws -> UInt32 {
    guard tokens[position].hasPrefix("block"), let target = UInt32(tokens[position].dropFirst(5)) else {
      throw fail("block expected")
    }
    position += 1
    var names: [String] = []
    if position < tokens.count, tokens[position] == "(" {
      while tokens[position] != ")" {
        if tokens[position].hasPrefix("v") { names.append(tokens[position]) }
        position += 1
      }
      position += 1
    }
    function.edges.append(Edge(from: Block(function.blocks.count - 1), to: Block(target)))
    arguments.append(names)
    return UInt32(function.edges.count - 1)
  }

  private mutating func parseNode(_ tokens: [String], _ type: IRType) throws -> Node {
    let name = tokens[0]
    let operands = try tokens.dropFirst().prefix {
      $0 == "," || $0.first == "v" && $0.dropFirst().allSatisfy(\.isNumber)
    }
    .filter { $0 != "," }.map { try value($0) }
    func number(_ position: Int) -> UInt64 { UInt64(tokens[position])! }
    switch name {
    case "copy": return Node(.copy, type: type, a: operands[0])
    case "argument": return Node(.argument, type: type, imm: number(1))
    case "result": return Node(.result, type: type, a: lastCall, imm: number(1))
    case "charge": return Node(.charge, imm: number(1))
    case "charge.check": return Node(.charge, flags: NodeFlags.check, imm: number(1))
    case "charge.dynamic":
      return Node(.chargeDynamic, flags: function.nodes[operands[0]].type == .i64 ? NodeFlags.wide : 0, a: operands[0])
    case "enter":
      let stack = UInt32(tokens[2].dropFirst("stack=".count))!
      return Node(.enter, flags: NodeFlags.check, a: stack, imm: number(1))
    case "pinned.get": return Node(.localGet, type: type, imm: number(1))
    case "pinned.set": return Node(.localSet, a: try value(tokens[3]), imm: number(1))
    case "return":
      let start = function.operands.count
      for operand in operands { function.operands.append(operand) }
      return Node(.return, b: UInt32(start), c: UInt32(operands.count))
    case "trap":
      guard let kind = TrapKind.allCases.first(where: { $0.name == tokens[1] }) else {
        throw fail("no trap: \(tokens[1])")
      }
      return Node(.trap, imm: UInt64(kind.rawValue))
    case "jump", "branch", "switch": return try parseBranch(tokens)
    default: break
    }
    guard let opcode = IRParser.opcodes[name] else { throw fail("no operation: \(name)") }
    return try parseOperator(opcode, tokens, operands, type)
  }

  private mutating func parseBranch(_ tokens: [String]) throws -> Node {
    var position = 1
    if tokens[0] == "jump" { return Node(.jump, a: try edge(tokens, at: &position)) }
    let condition = try value(tokens[1])
    position = 3
    if tokens[0] == "branch" {
      let taken = try edge(tokens, at: &position)
      position += 1
      return Node(.branch, a: condition, b: taken, c: try edge(tokens, at: &position))
    }
    // Cases that print equally are one edge.
    position += 1
    var edges: [UInt32] = []
    var known: [String: UInt32] = [:]
    while tokens[position] != "]" {
      if tokens[position] == "," {
        position += 1
        continue
      }
      let start = position
      let new = try edge(tokens, at: &position)
      let text = tokens[start..<position].joined()
      if let old = known[text] {
        function.edges.truncate(to: Int(new))
        arguments.removeLast()
        edges.append(old)
      } else {
        known[text] = new
        edges.append(new)
      }
    }
    let start = function.operands.count
    for edge in edges { function.operands.append(edge) }
    return Node(.switch, a: condition, b: UInt32(start), c: UInt32(edges.count))
  }

  private mutating func parseOperator(
    _ opcode: Opcode, _ tokens: [String], _ operands: [UInt32], _ type: IRType
  ) throws -> Node {
    var keys: [String: UInt64] = [:]
    for position in tokens.indices where tokens[position] == "=" {
      keys[tokens[position - 1]] = UInt64(tokens[position + 1])
    }
    func key(_ name: String) -> UInt64 { keys[name] ?? 0 }
    var node = Node(Operation(opcode), type: type)
    let shape = node.operation.info.shape
    if shape.contains(.list) {
      node.b = UInt32(function.operands.count)
      node.c = UInt32(operands.count)
      for operand in operands { function.operands.append(operand) }
    } else {
      if operands.count > 0 { node.a = operands[0] }
      if operands.count > 1 { node.b = operands[1] }
      if operands.count > 2 { node.c = operands[2] }
    }
    let last = tokens[tokens.count - 1]
    switch opcode {
    case .i32Const: node.imm = UInt64(UInt32(bitPattern: Int32(last)!))
    case .i64Const: node.imm = UInt64(bitPattern: Int64(last)!)
    case .f32Const:
      node.imm = last.hasPrefix("0x") ? UInt64(last.dropFirst(2), radix: 16)! : UInt64(Float(last)!.bitPattern)
    case .f64Const: node.imm = last.hasPrefix("0x") ? UInt64(last.dropFirst(2), radix: 16)! : Double(last)!.bitPattern
    case .v128Const, .i8x16Shuffle:
      let digits = last.dropFirst(2)
      function.vectors.append((UInt64(digits.suffix(16), radix: 16)!, UInt64(digits.prefix(16), radix: 16)!))
      node.imm = UInt64(function.vectors.count - 1)
    case .call, .returnCall, .refFunc: node.imm = key("function")
    case .callIndirect, .returnCallIndirect: node.imm = key("type") | key("table") << 32
    case .globalGet, .globalSet: node.imm = key("global")
    case .tableGet, .tableSet, .tableSize, .tableFill: node.imm = key("table")
    case .tableGrow:
      node.imm = key("table")
      node.flags = type == .i64 ? NodeFlags.wide : 0
    case .dataDrop, .elemDrop: node.imm = key("segment")
    case .memorySize: node.c = UInt32(key("memory"))
    case .memoryGrow:
      node.c = UInt32(key("memory"))
      node.flags = type == .i64 ? NodeFlags.wide : 0
    case .memoryFill: node.imm = key("memory")
    case .memoryCopy: node.imm = key("memory") | key("source") << 32
    case .tableCopy: node.imm = key("table") | key("source") << 32
    case .memoryInit: node.imm = key("segment") | key("memory") << 32
    case .tableInit: node.imm = key("segment") | key("table") << 32
    default:
      switch opcode.info.immediates {
      case .lane: node.flags = UInt8(key("lane"))
      case .memoryArgument, .memoryLane:
        node.imm = key("offset")
        node.c = UInt32(key("memory"))
        if opcode.info.immediates == .memoryLane { node.flags = UInt8(key("lane")) }
      default: break
      }
    }
    switch opcode {
    case .memoryFill, .memoryCopy, .memoryInit, .tableFill, .tableCopy, .tableInit:
      if function.nodes[node.c].type == .i64 { node.flags = NodeFlags.wide }
    default: break
    }
    return node
  }

  // MARK: Completion

  consuming func finish() throws -> IRFunction {
    function.groupPredecessors()
    for block in 0..<function.blocks.count {
      for (position, parameter) in parameters[block].enumerated() {
        function.nodes[parameter].a = UInt32(function.operands.count)
        var edges: [UInt32] = []
        function.forEachPredecessor(of: block) { edges.append($0) }
        for edge in edges {
          guard position < arguments[Int(edge)].count else { throw fail("block\(block) needs more arguments") }
          function.operands.append(try value(arguments[Int(edge)][position]))
        }
      }
    }
    function.linkParameters(order)
    function.computeLoops()
    return function
  }
}
