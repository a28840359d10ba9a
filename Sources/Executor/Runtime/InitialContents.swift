// What the active data segments make of a module's memories, prepared once for all instances but the first. That is possible where no
// instance can differ: all active segments go to memories of the module's own, to constant offsets inside their initial
// sizes. It is worth it for segments that are large, or many close together: those are in images. Others are copied.

import Compiler
import WebAssembly

final class InitialContents: Sendable {
  /// An image for the memory `memory` (by index), from byte `start` on.
  struct Part: Sendable {
    var memory: Int
    var start: Int
    var image: MemoryImage
  }

  let parts: [Part]
  /// The segments that lie in no part, in the module's order, and their offsets.
  let copied: [(segment: Int, offset: Int)]

  /// Bytes of segments from which on an image is made: mapping it costs about as much as copying this.
  static let leastImage = 32 << 10
  /// Bytes between segments that an image may leave at 0.
  private static let largestGap = 64 << 10

  private struct Segment {
    var index: Int
    var memory: Int
    var offset: Int
    var end: Int
  }

  /// Nil where it is impossible, or not worth it.
  init?(_ module: CompiledModule) {
    guard var segments = InitialContents.constantSegments(module) else { return nil }
    segments.sort { ($0.memory, $0.offset) < ($1.memory, $1.offset) }
    var parts: [Part] = []
    var copied: [(segment: Int, offset: Int)] = []
    var first = 0
    while first < segments.count {
      // Segments of one memory that follow each other closely, or overlap.
      var next = first + 1
      var end = segments[first].end
      var bytes = end - segments[first].offset
      while next < segments.count, segments[next].memory == segments[first].memory,
        segments[next].offset - end <= InitialContents.largestGap
      {
        end = max(end, segments[next].end)
        bytes += segments[next].end - segments[next].offset
        next += 1
      }
      let group = segments[first..<next]
      if bytes < InitialContents.leastImage {
        for segment in group { copied.append((segment.index, segment.offset)) }
      } else {
        guard let part = InitialContents.makePart(group, to: end, module) else { return nil }
        parts.append(part)
      }
      first = next
    }
    if parts.isEmpty { return nil }
    self.parts = parts
    self.copied = copied.sorted { $0.segment < $1.segment }
  }

  /// The active segments that have bytes; nil if an instance could differ from others in what becomes of one.
  private static func constantSegments(_ module: CompiledModule) -> [Segment]? {
    let definitions = module.artifact.module
    let imported = module.spaces.memories.count - definitions.memories.count
    var segments: [Segment] = []
    for (index, segment) in definitions.data.enumerated() {
      guard case .active(let memory, let expression) = segment.mode else { continue }
      guard Int(memory) >= imported,
        let value = constantValue(
          expression, in: definitions.bytes.buffer, global: { _ in nil }, function: { _ in nil })
      else { return nil }
      let size = definitions.memories[Int(memory) - imported].limits.minimum * MemoryType.pageSize
      let count = UInt64(segment.bytes.count)
      guard count <= size, value.low <= size - count else { return nil }
      let offset = Int(value.low)
      if count > 0 {
        segments.append(Segment(index: index, memory: Int(memory), offset: offset, end: offset + Int(count)))
      }
    }
    return segments
  }

  /// An image of these segments, of which the last ends at `end`.
  private static func makePart(_ group: ArraySlice<Segment>, to end: Int, _ module: CompiledModule) -> Part? {
    guard let first = group.first else { return nil }
    // Whole pages of the system; a memory's size is a multiple of them.
    let pages = MemoryImage.pageSize - 1
    let start = first.offset & ~pages
    guard let image = MemoryImage(count: ((end + pages) & ~pages) - start) else { return nil }
    let definitions = module.artifact.module
    for segment in group.sorted(by: { $0.index < $1.index }) {
      let range = definitions.data[segment.index].bytes
      let bytes = UnsafeRawBufferPointer(rebasing: definitions.bytes.buffer[range.start..<range.end])
      if !image.write(bytes, at: segment.offset - start) { return nil }
    }
    return Part(memory: first.memory, start: start, image: image)
  }
}
