// Zeroed memory from the C library, whose large blocks come as untouched pages.

import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// An array of `count` cells that hold 0. Sound: an atomic word has the representation of the word.
func zeroedCells(_ count: Int) -> UnsafeMutablePointer<CodeCell> {
  guard let memory = calloc(count, MemoryLayout<CodeCell>.stride) else { fatalError("out of memory") }
  return memory.bindMemory(to: CodeCell.self, capacity: count)
}

func freeCells(_ cells: UnsafeMutablePointer<CodeCell>) { free(cells) }

/// `count` zeroed words; free with `freeWords`. Sound for integers, optional
/// pointers and structures of them; whoever reads a pointer that may not be nil writes it first.
func zeroedWords<Element>(_ count: Int, of type: Element.Type) -> UnsafeMutablePointer<Element> {
  guard let memory = calloc(max(count, 1), MemoryLayout<Element>.stride) else { fatalError("out of memory") }
  return memory.bindMemory(to: type, capacity: max(count, 1))
}

/// `count` zeroed bytes; free with `freeWords`. Nil where the system gives none.
func zeroedBytes(_ count: Int) -> UnsafeMutablePointer<UInt8>? {
  calloc(count, 1)?.bindMemory(to: UInt8.self, capacity: count)
}

func freeWords<Element>(_ words: UnsafeMutablePointer<Element>) { free(words) }

/// A stack of `bytes` bytes of address space; its pages take memory when touched.
func mapStack(_ bytes: Int) -> UnsafeMutableRawPointer? {
  #if os(Linux)
  let flags = MAP_PRIVATE | MAP_ANONYMOUS | Int32(MAP_NORESERVE)
  #else
  let flags = MAP_PRIVATE | MAP_ANONYMOUS
  #endif
  let address = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0)
  if address == MAP_FAILED { return nil }
  #if os(Linux)
  // Most executions touch a page or two: a huge one would be two megabytes.
  madvise(address, bytes, MADV_NOHUGEPAGE)
  #endif
  return address
}

func unmapStack(_ address: UnsafeMutableRawPointer, _ bytes: Int) { munmap(address, bytes) }
