// Text that fits on a line, or is broken into indented lines where it doesn't: lists in brackets, one item a line.
//
// A piece knows how wide it is on one line, so that printing takes linear time.

indirect enum Layout {
  case text(String)
  /// Items in brackets. On one line separators stand between items only; in lines, behind each, if `isTerminated`.
  case list(BracketedList)
  /// Pieces one after another.
  case sequence([Layout], width: Int)
  /// A piece whose lines are indented once more.
  case indented(Layout)

  struct BracketedList {
    var open: String
    var items: [Layout]
    var separator: String
    var close: String
    /// Whether there are spaces within the brackets.
    var isSpaced: Bool
    var isTerminated = true
    /// Whether the list may be broken into lines.
    var mayBreak = true
    var width = 0
  }

  static func list(
    _ open: String, _ items: [Layout], _ separator: String, _ close: String, isSpaced: Bool = false,
    isTerminated: Bool = true, mayBreak: Bool = true
  ) -> Layout {
    var list = BracketedList(
      open: open, items: items, separator: separator, close: close, isSpaced: isSpaced, isTerminated: isTerminated,
      mayBreak: mayBreak)
    list.width = open.width + close.width + items.reduce(0) { $0 + $1.width }
    if !items.isEmpty { list.width += (isSpaced ? 2 : 0) + (separator.width + 1) * (items.count - 1) }
    return .list(list)
  }

  static func sequence(_ pieces: [Layout]) -> Layout {
    .sequence(pieces, width: pieces.reduce(0) { $0 + $1.width })
  }

  var width: Int {
    switch self {
    case .text(let text): text.width
    case .list(let list): list.width
    case .sequence(_, let width): width
    case .indented(let piece): piece.width
    }
  }

  /// The width up to the first place where a line may be broken, and whether there is such a place.
  private var head: (width: Int, breaks: Bool) {
    switch self {
    case .text(let text): return (text.width, false)
    case .list(let list):
      return list.mayBreak && !list.items.isEmpty ? (list.open.width, true) : (list.width, false)
    case .sequence(let pieces, _): return Self.head(of: pieces[...])
    case .indented(let piece): return piece.head
    }
  }

  private static func head(of pieces: ArraySlice<Layout>) -> (width: Int, breaks: Bool) {
    var width = 0
    for piece in pieces {
      let head = piece.head
      width += head.width
      if head.breaks { return (width, true) }
    }
    return (width, false)
  }

  /// The text, in lines of at most 80 characters where that is possible.
  func rendered(lineWidth: Int = 80) -> String {
    var printer = Printer(lineWidth: lineWidth)
    printer.print(self, indentation: 0, following: 0)
    return printer.text
  }

  private struct Printer {
    let lineWidth: Int
    var text = ""
    var column = 0

    mutating func put(_ piece: String) {
      text += piece
      column += piece.width
    }

    mutating func newLine(_ indentation: Int) {
      text += "\n" + String(repeating: " ", count: indentation)
      column = indentation
    }

    /// - Parameter following: the width of what stands on the same line behind the piece, whatever happens.
    mutating func print(_ piece: Layout, indentation: Int, following: Int) {
      switch piece {
      case .text(let text): put(text)
      case .indented(let piece): print(piece, indentation: indentation + 2, following: following)
      case .sequence(let pieces, _):
        for (index, piece) in pieces.enumerated() {
          let head = Layout.head(of: pieces[(index + 1)...])
          print(piece, indentation: indentation, following: head.width + (head.breaks ? 0 : following))
        }
      case .list(let list):
        if !list.mayBreak || list.items.isEmpty || column + list.width + following <= lineWidth {
          printFlat(piece)
          return
        }
        put(list.open)
        for (index, item) in list.items.enumerated() {
          newLine(indentation + 2)
          let separator = list.isTerminated || index + 1 < list.items.count ? list.separator : ""
          print(item, indentation: indentation + 2, following: separator.width)
          put(separator)
        }
        newLine(indentation)
        put(list.close)
      }
    }

    private mutating func printFlat(_ piece: Layout) {
      switch piece {
      case .text(let text): put(text)
      case .indented(let piece): printFlat(piece)
      case .sequence(let pieces, _): for piece in pieces { printFlat(piece) }
      case .list(let list):
        put(list.open)
        if list.isSpaced, !list.items.isEmpty { put(" ") }
        for (index, item) in list.items.enumerated() {
          if index > 0 { put(list.separator + " ") }
          printFlat(item)
        }
        if list.isSpaced, !list.items.isEmpty { put(" ") }
        put(list.close)
      }
    }
  }
}

extension String {
  /// The characters that a line is measured in.
  fileprivate var width: Int { unicodeScalars.count }
}
