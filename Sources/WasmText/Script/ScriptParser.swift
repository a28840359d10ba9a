// Parses the commands of a script.
//
// Source: the script grammar of the specification's reference interpreter (interpreter/README.md, "Scripts").

import WebAssembly

struct ScriptParser {
  private let text: UnsafeBufferPointer<UInt8>
  private let options: TextOptions
  private var cursor: TokenCursor
  private var lines = LineCounter()

  init(_ text: UnsafeBufferPointer<UInt8>, options: TextOptions) throws(TextError) {
    self.text = text
    self.options = options
    cursor = try TokenCursor(Lexer(text))
  }

  mutating func commands() throws(TextError) -> [ScriptCommand] {
    if isAtModuleField { return [try inlineModule()] }
    var commands: [ScriptCommand] = []
    while cursor.token.kind != .end {
      lines.advance(to: cursor.offset, in: text)
      commands.append(ScriptCommand(line: lines.line, kind: try command()))
    }
    return commands
  }

  /// Whether the script is the fields of a module without `(module`.
  private var isAtModuleField: Bool {
    if cursor.token.kind == .annotation { return true }
    guard cursor.token.kind == .leftParenthesis, cursor.ahead.kind == .word else { return false }
    switch cursor.ahead.keyword {
    case .type, .rec, .import, .func, .table, .memory, .global, .tag, .export, .start, .elem, .data: return true
    default: return false
    }
  }

  private mutating func inlineModule() throws(TextError) -> ScriptCommand {
    lines.advance(to: cursor.offset, in: text)
    let module = try ModuleParser.parseFields(cursor.lexer, at: cursor.offset, isEnclosed: false, options: options)
    return ScriptCommand(line: lines.line, kind: .module(ScriptModule(name: nil, source: .text(module.bytes))))
  }

  private mutating func command() throws(TextError) -> ScriptCommand.Kind {
    if cursor.isAtForm(.module) { return try moduleCommand() }
    if cursor.isAtForm(.invoke) || cursor.isAtForm(.get) { return .action(try action()) }
    try cursor.expectOpen()
    guard cursor.token.kind == .word else { throw cursor.unexpected() }
    let keyword = cursor.token
    try cursor.advance()
    let command: ScriptCommand.Kind
    switch keyword.keyword {
    case .register: command = .register(name: try cursor.name(), instance: try optionalIdentifier())
    case .assertReturn:
      let action = try action()
      var results: [ResultPattern] = []
      while cursor.token.kind == .leftParenthesis { results.append(try cursor.resultPattern()) }
      command = .assertReturn(action, results)
    case .assertTrap:
      if cursor.isAtForm(.module) {
        command = .assertModuleTrap(try module(), message: try cursor.name())
      } else {
        command = .assertTrap(try action(), message: try cursor.name())
      }
    case .assertException: command = .assertException(try action())
    case .assertExhaustion: command = .assertExhaustion(try action(), message: try cursor.name())
    case .assertMalformed: command = .assertMalformed(try module(), message: try cursor.name())
    case .assertInvalid: command = .assertInvalid(try module(), message: try cursor.name())
    case .assertUnlinkable: command = .assertUnlinkable(try module(), message: try cursor.name())
    case .assertMalformedCustom: command = .assertMalformedCustom(try module(), message: try cursor.name())
    case .assertInvalidCustom: command = .assertInvalidCustom(try module(), message: try cursor.name())
    default: throw cursor.unexpected(keyword)
    }
    try cursor.expectClose()
    return command
  }

  // MARK: Modules

  private mutating func moduleCommand() throws(TextError) -> ScriptCommand.Kind {
    guard cursor.isAtForm(.module) else { throw cursor.unexpected() }
    var inside = cursor
    try inside.advance()
    try inside.advance()
    if inside.isAt(.definition) { return .moduleDefinition(try module()) }
    guard try inside.accept(.instance) else { return .module(try module()) }
    cursor = inside
    let name = try optionalIdentifier()
    let definition = try optionalIdentifier()
    try cursor.expectClose()
    return .moduleInstance(name: name, definition: definition)
  }

  /// `(module …)`, which must be next. Keeps what is wrong inside of a text module as a part of the result.
  private mutating func module() throws(TextError) -> ScriptModule {
    let opening = cursor.offset
    guard try cursor.open(.module) else { throw cursor.unexpected() }
    do {
      return try cursor.module(options: options)
    } catch {
      try cursor.skipForm(from: opening)
      lines.advance(to: opening, in: text)
      var counter = lines
      counter.advance(to: error.offset, in: text)
      return ScriptModule(name: nil, source: .malformed(error.located(by: counter)))
    }
  }

  // MARK: Actions

  private mutating func action() throws(TextError) -> ScriptAction {
    let action: ScriptAction
    if try cursor.open(.invoke) {
      let instance = try optionalIdentifier()
      let function = try cursor.name()
      var arguments: [ScriptValue] = []
      while cursor.token.kind == .leftParenthesis { arguments.append(try cursor.argument()) }
      action = .invoke(instance: instance, function: function, arguments: arguments)
    } else if try cursor.open(.get) {
      action = .get(instance: try optionalIdentifier(), global: try cursor.name())
    } else {
      throw cursor.unexpected(cursor.token.kind == .leftParenthesis ? cursor.ahead : cursor.token)
    }
    try cursor.expectClose()
    return action
  }

  private mutating func optionalIdentifier() throws(TextError) -> String? { try cursor.optionalIdentifier() }
}

extension TokenCursor {
  /// The text of an identifier, if one is next.
  mutating func optionalIdentifier() throws(TextError) -> String? {
    guard token.kind == .identifier else { return nil }
    let text = lexer.bytes(token.start + 1..<token.end)
    var bytes: [UInt8] = []
    if text[0] == UInt8(ascii: "\"") { lexer.unescape(text, into: &bytes) } else { bytes = Array(text) }
    try advance()
    return String(decoding: bytes, as: UTF8.self)
  }

  /// What follows `(module`, up to and with its closing parenthesis.
  mutating func module(options: TextOptions) throws(TextError) -> ScriptModule {
    _ = try accept(.definition)
    let nameToken = token.kind == .identifier ? token : nil
    var module = ScriptModule(name: try optionalIdentifier(), source: .text([]))
    if try accept(.binary) {
      module.source = .binary(try strings())
    } else if try accept(.quote) {
      module.source = .quote(try strings())
    } else {
      let (bytes, end) = try ModuleParser.parseFields(
        lexer, at: offset, isEnclosed: true, moduleName: nameToken, options: options)
      module.source = .text(bytes)
      try move(to: end)
    }
    try expectClose()
    return module
  }
}
