// The text format's public entry points: text to binary modules, and scripts. The printer's is in Printer/.
//
// Source: WebAssembly 3.0, chapter 6.

/// How text is turned into binary modules.
public struct TextOptions: Hashable, Sendable {
  /// Whether identifiers are kept in a name section.
  public var emitsNames: Bool
  public init(emitsNames: Bool = true) { self.emitsNames = emitsNames }
}

/// The binary form of the module that `text` (a .wat file) contains.
///
/// The text is `(module …)`, the fields of a module without that frame, `(module binary "…")` or `(module quote "…")`.
/// The result is not validated: it may, for instance, use undefined indices. The bytes of a binary module are not
/// looked at.
/// - Returns: The module's bytes, in canonical form: shortest integers, sections only where they have entries.
/// - Throws: `TextError` with the offset, line and column of the first fault found.
/// - Complexity: Linear in the length of the text. Nesting may be as deep as memory allows.
/// - Source: WebAssembly 3.0, section 6.6.
public func parseModule(_ text: [UInt8], options: TextOptions = TextOptions()) throws(TextError) -> [UInt8] {
  try withTextBytes(text) { (buffer) throws(TextError) in
    do throws(TextError) {
      return try moduleBytes(buffer, options)
    } catch {
      // An error in a quoted module has its place in the quoted text already.
      throw error.line == 0 ? error.located(in: buffer) : error
    }
  }
}

/// The same for text in a string.
public func parseModule(_ text: String, options: TextOptions = TextOptions()) throws(TextError) -> [UInt8] {
  try parseModule(Array(text.utf8), options: options)
}

/// The greatest length of a text in bytes. It keeps all that is counted in a module's text below 2^31, and its binary
/// form below the 2^32 bytes of the largest section.
let maximumTextLength = Int(Int32.max)

/// Calls `body` with the bytes of `text`, which stay in place meanwhile. Refuses text beyond `maximumTextLength`.
package func withTextBytes<Result>(
  _ text: [UInt8], _ body: (UnsafeBufferPointer<UInt8>) throws(TextError) -> Result
) throws(TextError) -> Result {
  if text.count > maximumTextLength {
    throw TextError(.limitExceeded, at: 0, detail: "\(text.count) bytes, at most \(maximumTextLength) are accepted")
  }
  let result = text.withUnsafeBufferPointer { buffer -> Swift.Result<Result, TextError> in
    do throws(TextError) { return .success(try body(buffer)) } catch { return .failure(error) }
  }
  return try result.get()
}

private func moduleBytes(_ text: UnsafeBufferPointer<UInt8>, _ options: TextOptions) throws(TextError) -> [UInt8] {
  let lexer = Lexer(text)
  var cursor = try TokenCursor(lexer)
  guard cursor.isAtForm(.module) else {
    return try ModuleParser.parseFields(lexer, at: cursor.offset, isEnclosed: false, options: options).bytes
  }
  try cursor.advance()
  try cursor.advance()
  let module = try cursor.module(options: options)
  if cursor.token.kind != .end { throw cursor.unexpected() }
  return try module.bytes(options: options)
}
