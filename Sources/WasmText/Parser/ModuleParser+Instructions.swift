// Instructions, flat and folded, into their binary form. Nesting is kept on a stack of frames, so its depth is limited
// by memory only.
//
// A folded operator follows its operands in the binary form but precedes them in the text: its bytes wait, with its
// frame, until the operands are written.
//
// Source: WebAssembly 3.0, section 6.5.

import WasmBinary
import WebAssembly

/// A construct that is still open.
struct InstructionFrame {
  enum Kind: UInt8 {
    /// `block`, `loop` or `try_table` up to `end`.
    case block
    /// `if` up to `else` or `end`.
    case `if`
    /// `else` up to `end`.
    case `else`
    /// `(block …)`, `(loop …)` or `(try_table …)`.
    case foldedBlock
    /// `(operator …)`: only folded instructions may follow.
    case operands
    /// `(if …` before `(then`: only folded instructions may stand there.
    case condition
    /// `(then …)`.
    case then
    /// `(if … (then …)` after it: only `(else` may follow.
    case afterThen
    /// `(else …)`.
    case foldedElse
    /// `(if … (then …) (else …)`: nothing may follow.
    case afterElse
  }
  var kind: Kind
  var hint: UInt8?
  var binder = Binder(identifier: .none, name: .none)
  /// Where the operator's bytes begin among those that wait (`operands` and `condition`).
  var waiting = 0
}

extension ModuleParser {
  /// Reads instructions up to the closing parenthesis that doesn't belong to them, and leaves that unread. Expressions
  /// don't contain others, so the stack of frames is empty before and after.
  mutating func instructions() throws(TextError) {
    while true {
      switch cursor.token.kind {
      case .word: try flatInstruction()
      case .leftParenthesis: try openFolded()
      case .rightParenthesis:
        if frames.isEmpty {
          if hint != nil { throw cursor.error(.branchHintInvalidTarget) }
          return
        }
        try closeFolded()
      case .annotation where cursor.token.keyword == .branchHint && isInFunction: try branchHintAnnotation()
      default: throw cursor.unexpected()
      }
    }
  }

  /// Reads one folded instruction.
  mutating func foldedInstruction() throws(TextError) {
    guard cursor.token.kind == .leftParenthesis else { throw cursor.unexpected() }
    try openFolded()
    while !frames.isEmpty {
      switch cursor.token.kind {
      case .word: try flatInstruction()
      case .leftParenthesis: try openFolded()
      case .rightParenthesis: try closeFolded()
      default: throw cursor.unexpected()
      }
    }
  }

  // MARK: Flat instructions

  /// The instruction that the current word begins.
  private mutating func flatInstruction() throws(TextError) {
    if let kind = frames.last?.kind, kind == .operands || kind == .condition || kind == .afterThen || kind == .afterElse
    {
      throw cursor.unexpected()
    }
    let token = cursor.token
    if token.row == OperatorTable.noRow { throw cursor.unexpected() }
    let opcode = Opcode(row: token.row)
    if let hint {
      try acceptHint(opcode)
      branchHints.append(offset: body.bytes.count, value: hint)
      self.hint = nil
    }
    switch opcode {
    case .block, .loop, .if, .tryTable:
      try cursor.advance()
      let binder = try binder()
      try blockOperator(opcode)
      scope.enterLabel(binder.identifier, name: binder.name)
      frames.append(InstructionFrame(kind: opcode == .if ? .if : .block, binder: binder))
    case .else:
      guard let frame = frames.last, frame.kind == .if else { throw cursor.unexpected() }
      try cursor.advance()
      try repeatedLabel(frame)
      frames[frames.count - 1].kind = .else
      body.opcode(.else)
    case .end:
      guard let frame = frames.last,
        frame.kind == .block || frame.kind == .if || frame.kind == .else
      else { throw cursor.unexpected() }
      try cursor.advance()
      try repeatedLabel(frame)
      leaveBlock()
    default:
      try cursor.advance()
      try plainInstruction(opcode, token)
    }
  }

  /// The label that may be repeated after `else` and `end`.
  private mutating func repeatedLabel(_ frame: InstructionFrame) throws(TextError) {
    guard cursor.token.kind == .identifier else { return }
    if identifiers.identifier(cursor.token, cursor.lexer) != frame.binder.identifier {
      throw cursor.error(.mismatchingLabel)
    }
    try cursor.advance()
  }

  private mutating func leaveBlock() {
    body.opcode(.end)
    scope.leaveLabel()
    frames.removeLast()
  }

  private func acceptHint(_ opcode: Opcode) throws(TextError) {
    if opcode != .if && opcode != .brIf { throw cursor.error(.branchHintInvalidTarget) }
  }

  // MARK: Folded instructions

  /// Reads the beginning of a folded instruction, up to its operands or contents; all of it if it has none.
  private mutating func openFolded() throws(TextError) {
    let token = cursor.ahead
    if frames.last?.kind == .afterThen || frames.last?.kind == .afterElse || frames.last?.kind == .condition {
      if try openBranch() { return }
      if frames.last?.kind != .condition { throw cursor.unexpected(token) }
    }
    guard token.kind == .word, token.row != OperatorTable.noRow else { throw cursor.unexpected(token) }
    let opcode = Opcode(row: token.row)
    if hint != nil { try acceptHint(opcode) }
    var frame = InstructionFrame(kind: .operands, hint: hint)
    hint = nil
    try cursor.advance()
    try cursor.advance()
    let start = body.bytes.count
    switch opcode {
    case .block, .loop, .tryTable:
      frame.kind = .foldedBlock
      frame.binder = try binder()
      try blockOperator(opcode)
      scope.enterLabel(frame.binder.identifier, name: frame.binder.name)
      frames.append(frame)
    case .if:
      frame.kind = .condition
      frame.binder = try binder()
      try blockOperator(opcode)
      frame.waiting = setAside(from: start)
      frames.append(frame)
    case .else, .end: throw cursor.unexpected(token)
    default:
      try plainInstruction(opcode, token)
      if cursor.token.kind == .rightParenthesis {
        // No operands: what is written may stay.
        if let hint = frame.hint { branchHints.append(offset: start, value: hint) }
        try cursor.advance()
        return
      }
      frame.waiting = setAside(from: start)
      frames.append(frame)
    }
  }

  /// Opens `(then` or `(else` of the folded `if` whose frame is the last; false if something else is next.
  private mutating func openBranch() throws(TextError) -> Bool {
    let last = frames.count - 1
    switch frames[last].kind {
    case .condition:
      guard hint == nil, try cursor.open(.then) else { return false }
      emitWaiting(frames[last])
      // Only the branches are inside of the label.
      scope.enterLabel(frames[last].binder.identifier, name: frames[last].binder.name)
      frames[last].kind = .afterThen
      frames.append(InstructionFrame(kind: .then))
      return true
    case .afterThen:
      guard hint == nil, cursor.ahead.kind == .word, cursor.ahead.row == UInt16(Opcode.else.row) else { return false }
      try cursor.advance()
      try cursor.advance()
      body.opcode(.else)
      frames[last].kind = .afterElse
      frames.append(InstructionFrame(kind: .foldedElse))
      return true
    default: return false
    }
  }

  /// At the closing parenthesis of the construct whose frame is the last.
  private mutating func closeFolded() throws(TextError) {
    if hint != nil { throw cursor.error(.branchHintInvalidTarget) }
    let frame = frames[frames.count - 1]
    switch frame.kind {
    case .block, .if, .else, .condition: throw cursor.unexpected()
    case .foldedBlock, .afterThen, .afterElse: leaveBlock()
    case .then, .foldedElse: frames.removeLast()
    case .operands:
      emitWaiting(frame)
      frames.removeLast()
    }
    try cursor.advance()
  }

  /// Moves what was written from `start` on to the operators that wait, and returns where it is there.
  private mutating func setAside(from start: Int) -> Int {
    let place = waiting.count
    waiting.append(contentsOf: body.bytes[start...])
    body.bytes.removeSubrange(start...)
    return place
  }

  private mutating func emitWaiting(_ frame: InstructionFrame) {
    if let hint = frame.hint { branchHints.append(offset: body.bytes.count, value: hint) }
    body.bytes.append(contentsOf: waiting[frame.waiting...])
    waiting.removeSubrange(frame.waiting...)
  }

  /// Writes a block's operator with its type, and for `try_table` its catch clauses.
  private mutating func blockOperator(_ opcode: Opcode) throws(TextError) {
    let type = try blockType()
    if opcode == .tryTable {
      body.tryTable(type, catches: try catchClauses())
    } else {
      body.opcode(opcode)
      body.blockType(type)
    }
  }

  private mutating func catchClauses() throws(TextError) -> [CatchClause] {
    var clauses: [CatchClause] = []
    while cursor.token.kind == .leftParenthesis && cursor.ahead.kind == .word {
      let keyword = cursor.ahead.keyword
      guard keyword == .catch || keyword == .catchRef || keyword == .catchAll || keyword == .catchAllRef else { break }
      try cursor.advance()
      try cursor.advance()
      let tag = keyword == .catch || keyword == .catchRef ? try index(.tag) : nil
      let passesReference = keyword == .catchRef || keyword == .catchAllRef
      clauses.append(CatchClause(tag: tag, passesReference: passesReference, label: try label()))
      try cursor.expectClose()
    }
    return clauses
  }

  /// A label: a relative index, or an identifier.
  mutating func label() throws(TextError) -> UInt32 {
    if cursor.token.kind != .identifier { return try cursor.u32() }
    guard let label = scope.label(identifiers.identifier(cursor.token, cursor.lexer)) else {
      throw cursor.error(.unknownLabel)
    }
    try cursor.advance()
    return label
  }
}
