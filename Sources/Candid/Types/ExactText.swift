// Texts compared by their bytes. Swift holds texts for equal that Unicode does; names are the same here only if their
// bytes are.

enum ExactText {
  static func equal(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

  static func precedes(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }
}
