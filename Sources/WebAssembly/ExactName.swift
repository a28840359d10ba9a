// Names as keys. Swift compares strings by what they look like ("é" in one code point equals "e" and an accent);
// WebAssembly compares names code point by code point, so sets and dictionaries of names use this type.
//
// Source: WebAssembly 3.0, section 2.2.4.

/// A name that equals only names of the same code points.
public struct ExactName: Hashable, Sendable {
  public var text: String
  public init(_ text: String) { self.text = text }

  public static func == (left: ExactName, right: ExactName) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  public func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    // No UTF-8 contains this byte: it ends the name.
    hasher.combine(0xFF as UInt8)
  }
}
