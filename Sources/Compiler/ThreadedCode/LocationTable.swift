// From words of a function's code back to the operators they come from.
//
// A location table names every operation that may trap, call or stop: words since the last one (unsigned LEB128), and the
// distance of its offset from the last one's (signed). The first operation is always named, so the table begins with 0 —
// unless bodies stand in place of calls: then before this are the number of sites, the first site's offset, and for
// each site its function, the start and the size of the body's operators in the module, and the offset of the call
// (unsigned LEB128, see `InlineSite`).

import WasmBinary
import WebAssembly

/// An operator that code comes from.
public struct CodeLocation: Hashable, Sendable {
  /// Index in the module's function index space.
  public var function: UInt32
  /// Byte offset in the module; nil where the artifact doesn't say.
  public var offset: Int?
  /// The offset at which the operators of its function begin.
  public var bodyOffset: Int?
}

/// Reads a location table along with the code: words must be asked for in increasing order. Broken tables cost the
/// locations, nothing else.
struct LocationReader {
  fileprivate struct Site {
    var function: UInt32
    var start: Int
    var size: Int
    var bodyStart: Int
    var call: Int
  }

  private var reader: ByteReader
  fileprivate private(set) var sites: [Site] = []
  private var next: (word: Int, offset: Int)?
  /// Of the first operation, which is where the function begins.
  private var firstOffset: Int?
  private let function: UInt32

  /// The table of defined function `index`, with directory entry `entry`. The artifact must outlive the reader.
  init(_ artifact: Artifact, _ index: Int, _ entry: ArtifactFunction) {
    function = UInt32(index + artifact.spaces.importedFunctionCount)
    reader = ByteReader(
      artifact.bytes.buffer,
      range: ByteRange(start: entry.locationOffset, end: entry.locationOffset + entry.locationSize))
    next = (0, 0)
    readSites()
    advance()
    firstOffset = next?.offset
  }

  private mutating func readSites() {
    if reader.isAtEnd || reader.position.load(as: UInt8.self) == 0 { return }
    do throws(ModuleError) {
      let count = try reader.u32()
      var start = Int(try reader.u32())
      // Each takes four bytes or more.
      guard count <= reader.remaining / 4 else {
        next = nil
        return
      }
      for _ in 0..<count {
        let function = try reader.u32()
        let bodyStart = Int(try reader.u32())
        let size = Int(try reader.u32())
        sites.append(
          Site(function: function, start: start, size: size, bodyStart: bodyStart, call: Int(try reader.u32())))
        start += size
      }
    } catch {
      next = nil
    }
  }

  private mutating func advance() {
    guard let last = next, !reader.isAtEnd, let words = try? reader.u32(), let distance = try? reader.s33() else {
      next = nil
      return
    }
    next = (last.word &+ Int(words), last.offset &+ Int(distance))
  }

  /// Where the operation at `word` comes from: its operator, then, if this stands in place of a call, the call, and so
  /// on. Nil if the table doesn't name it.
  mutating func locations(at word: Int) -> [CodeLocation]? {
    while let entry = next, entry.word < word { advance() }
    guard let entry = next, entry.word == word else { return nil }
    return locations(ofOffset: entry.offset)
  }

  /// Where the last operation at or before `word` comes from that the table names.
  mutating func locations(atOrBefore word: Int) -> [CodeLocation]? {
    var offset: Int?
    while let entry = next, entry.word <= word {
      offset = entry.offset
      advance()
    }
    return offset.map { locations(ofOffset: $0) }
  }

  /// More than genuine tables have.
  private static let nestingLimit = 16

  /// The last of the first `end` sites that doesn't begin behind `offset`; they ascend.
  private func site(ofOffset offset: Int, before end: Int) -> Int? {
    var low = 0
    var high = end
    while low < high {
      let middle = (low + high) / 2
      if sites[middle].start <= offset { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? nil : low - 1
  }

  private func locations(ofOffset offset: Int) -> [CodeLocation] {
    var list: [CodeLocation] = []
    var offset = offset
    // Sites are in sites before them, and genuine ones in few.
    var end = sites.count
    while list.count < LocationReader.nestingLimit, let index = site(ofOffset: offset, before: end) {
      let site = sites[index]
      list.append(
        CodeLocation(
          function: site.function, offset: site.bodyStart + (offset - site.start), bodyOffset: site.bodyStart))
      offset = site.call
      end = index
    }
    list.append(CodeLocation(function: function, offset: offset, bodyOffset: firstOffset))
    return list
  }
}

extension Artifact {
  /// How many bodies stand in place of calls in all functions, and how many bytes of operators they have.
  public var inlinedBodies: (count: Int, size: Int) {
    var total = (count: 0, size: 0)
    for index in 0..<functionCount {
      guard let entry = try? function(index) else { continue }
      for site in LocationReader(self, index, entry).sites {
        total.count += 1
        total.size += site.size
      }
    }
    return total
  }

  /// Where word `word` of defined function `index` comes from: the operator, then the calls in whose place its function's
  /// body stands, innermost first. Never empty.
  public func locations(inFunction index: Int, word: Int) -> [CodeLocation] {
    let unknown = CodeLocation(function: UInt32(index + spaces.importedFunctionCount), offset: nil)
    guard let entry = try? function(index) else { return [unknown] }
    var reader = LocationReader(self, index, entry)
    return reader.locations(atOrBefore: word) ?? [unknown]
  }
}
