// What the code of a function is made of.

import Compiler

extension Artifact {
  /// The names of the operations of defined function `index`, in order.
  public func operationNames(of index: Int) throws -> [String] {
    let function = try self.function(index)
    let words = (0..<function.wordCount).map { word in
      UInt64(
        littleEndian: bytes.buffer.loadUnaligned(fromByteOffset: function.codeOffset + 8 * word, as: UInt64.self))
    }
    return words.withUnsafeBufferPointer { words in
      var names: [String] = []
      var position = 0
      while position < words.count {
        let operation = ThreadedOperation(number: UInt16(truncatingIfNeeded: words[position]))
        names.append(operation.name)
        position += operation.length(at: words.baseAddress! + position)
      }
      return names
    }
  }
}
