// Prints a function's IR as text, with block arguments in place of the incoming lists of parameters.
//
// ```
// function 2 (i32) -> (i32) frame 9
// block0:
//   charge.check 4
//   v0: i32 = argument 0
//   v1: i32 = i32.const 0
//   jump block1(v0, v1)
// block1(v2: i32, v3: i32):                           ; loop to block1
//   charge.check 7
//   v4: i32 = i32.add v3, v2
//   …
//   branch v6, block1(v5, v4), block2
// ```
//
// Values are numbered in printing order, so that equal functions print equally. What follows `;` is a comment.

import WebAssembly

public struct IRPrintingOptions: Sendable {
  /// Adds to each line the byte offset in the module that it comes from.
  public var offsets = false
  /// Leaves out `charge` lines.
  public var hidesCharges = false
  public init() {}
}

/// The text of `function`; lines end with a newline.
public func printIR(_ function: borrowing IRFunction, options: IRPrintingOptions = IRPrintingOptions()) -> String {
  var printer = IRPrinter(options: options, names: Array(repeating: -1, count: function.nodes.count))
  printer.number(function)
  printer.print(function)
  return printer.text
}

private struct IRPrinter {
  let options: IRPrintingOptions
  var text = ""
  /// Printed number of each value; -1 for none.
  var names: [Int]

  init(options: IRPrintingOptions, names: [Int]) {
    self.options = options
    self.names = names
  }

  mutating func number(_ function: borrowing IRFunction) {
    var next = 0
    for block in 0..<function.blocks.count where function.blocks[block].isReachable {
      function.forEachParameter(of: block) { parameter in
        names[parameter] = next
        next += 1
      }
      for index in function.nodeRange(of: block) where function.definesValue(index) {
        names[index] = next
        next += 1
      }
    }
  }

  func name(_ value: UInt32) -> String {
    // Copies are looked through only where passes have not resolved them yet; a broken function prints nonetheless.
    Int(value) < names.count && names[Int(value)] >= 0 ? "v\(names[Int(value)])" : "?\(value)"
  }

  func list(_ types: [IRType]) -> String { "(" + types.map(\.description).joined(separator: ", ") + ")" }

  mutating func print(_ function: borrowing IRFunction) {
    text += "function \(function.index) \(list(function.parameterTypes)) -> \(list(function.resultTypes))"
    text += " frame \(function.frameCost)"
    if !function.pinnedLocals.isEmpty { text += " pinned \(list(function.pinnedLocals))" }
    text += "\n"
    for block in 0..<function.blocks.count where function.blocks[block].isReachable {
      var line = "block\(block)"
      var parameters: [String] = []
      function.forEachParameter(of: block) { parameter in
        parameters.append("\(name(UInt32(parameter))): \(function.nodes[parameter].type)")
      }
      if !parameters.isEmpty { line += "(" + parameters.joined(separator: ", ") + ")" }
      line += ":"
      let end = function.blocks[block].loopEnd
      if end != .max { comment("loop to block\(end)", &line) }
      text += line + "\n"
      for index in function.nodeRange(of: block) {
        let operation = function.nodes[index].operation
        if operation == .removed || operation == .parameter { continue }
        if options.hidesCharges && operation == .charge { continue }
        var line = "  "
        if function.definesValue(index) { line += "\(name(UInt32(index))): \(function.nodes[index].type) = " }
        line += instruction(function, index)
        if options.offsets { comment("0x" + String(function.offsets[index], radix: 16), &line) }
        text += line + "\n"
      }
    }
  }

  func comment(_ comment: String, _ line: inout String) {
    line += String(repeating: " ", count: max(1, 52 - line.utf8.count)) + "; " + comment
  }

  func edge(_ function: borrowing IRFunction, _ edge: UInt32) -> String {
    let target = function.edges[edge].to
    var arguments: [String] = []
    if let position = function.position(ofEdge: edge) {
      function.forEachParameter(of: Int(target.index)) { parameter in
        arguments.append(name(function.operands[Int(function.nodes[parameter].a) + position]))
      }
    }
    return "block\(target.index)" + (arguments.isEmpty ? "" : "(" + arguments.joined(separator: ", ") + ")")
  }

  func operands(_ function: borrowing IRFunction, _ index: Int) -> String {
    var names: [String] = []
    function.forEachOperand(of: index) { names.append(name($0.index)) }
    return names.joined(separator: ", ")
  }

  func instruction(_ function: borrowing IRFunction, _ index: Int) -> String {
    let node = function.nodes[index]
    let operands = operands(function, index)
    switch node.operation {
    case .copy: return "copy " + operands
    case .argument: return "argument \(node.imm)"
    case .result: return "result \(node.imm)"
    case .jump: return "jump " + edge(function, node.a)
    case .branch: return "branch \(operands), \(edge(function, node.b)), \(edge(function, node.c))"
    case .switch:
      let cases = (node.b..<node.b + node.c).map { edge(function, function.operands[$0]) }
      return "switch \(operands), [" + cases.joined(separator: ", ") + "]"
    case .return: return operands.isEmpty ? "return" : "return " + operands
    case .trap: return "trap " + (TrapKind(rawValue: UInt8(truncatingIfNeeded: node.imm))?.name ?? "\(node.imm)")
    case .charge: return (node.flags & NodeFlags.check != 0 ? "charge.check " : "charge ") + "\(node.imm)"
    case .chargeDynamic: return "charge.dynamic " + operands
    case .enter: return "enter \(node.imm) stack=\(node.a)"
    case .localGet: return "pinned.get \(node.imm)"
    case .localSet: return "pinned.set \(node.imm), \(operands)"
    default: break
    }
    guard let opcode = node.operation.opcode else { return "operation\(node.operation.code)" }
    var text = opcode.mnemonic
    if !operands.isEmpty { text += " " + operands }
    return text + immediates(function, node, opcode)
  }

  /// The immediates, each with its name; zeros of those with a default are left out.
  func immediates(_ function: borrowing IRFunction, _ node: Node, _ opcode: Opcode) -> String {
    let low = node.imm & 0xFFFF_FFFF
    let high = node.imm >> 32
    func optional(_ name: String, _ value: UInt64) -> String { value == 0 ? "" : " \(name)=\(value)" }
    switch opcode {
    case .i32Const: return " \(Int32(truncatingIfNeeded: node.imm))"
    case .i64Const: return " \(Int64(bitPattern: node.imm))"
    case .f32Const:
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: node.imm))
      return value.isFinite ? " \(value)" : " 0x" + String(node.imm, radix: 16)
    case .f64Const:
      let value = Double(bitPattern: node.imm)
      return value.isFinite ? " \(value)" : " 0x" + String(node.imm, radix: 16)
    case .v128Const, .i8x16Shuffle:
      let (low, high) = function.vectors[Int(node.imm)]
      return " 0x" + hexadecimal(high) + hexadecimal(low)
    case .call, .returnCall, .refFunc: return " function=\(node.imm)"
    case .callRef, .returnCallRef: return " type=\(node.imm)"
    case .callIndirect, .returnCallIndirect: return " type=\(low) table=\(high)"
    case .globalGet, .globalSet: return " global=\(node.imm)"
    case .tableGet, .tableSet, .tableSize, .tableGrow, .tableFill: return " table=\(node.imm)"
    case .dataDrop, .elemDrop: return " segment=\(node.imm)"
    case .memorySize, .memoryGrow: return optional("memory", UInt64(node.c))
    case .memoryFill: return optional("memory", node.imm)
    case .memoryCopy: return optional("memory", low) + optional("source", high)
    case .tableCopy: return " table=\(low) source=\(high)"
    case .memoryInit: return " segment=\(low)" + optional("memory", high)
    case .tableInit: return " segment=\(low) table=\(high)"
    default: break
    }
    switch opcode.info.immediates {
    case .lane: return " lane=\(node.flags)"
    case .memoryArgument: return optional("offset", node.imm) + optional("memory", UInt64(node.c))
    case .memoryLane: return " lane=\(node.flags)" + optional("offset", node.imm) + optional("memory", UInt64(node.c))
    default: return ""
    }
  }

  func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension IRType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .none: "none"
    case .i32: "i32"
    case .i64: "i64"
    case .f32: "f32"
    case .f64: "f64"
    case .v128: "v128"
    }
  }
}
