// Bulk memory and table operations, growing, and the slow side of write tracking. Each returns false where the
// specification traps; nothing is written then.

import Compiler
import Semantics
import WebAssembly

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@inline(__always)
private func memory(_ record: UnsafeMutablePointer<MemoryRecord>) -> Memory {
  Unmanaged<Memory>.fromOpaque(record.pointee.object).takeUnretainedValue()
}

@inline(__always)
private func table(_ cx: CX, _ index: Int) -> Table {
  Unmanaged<Table>.fromOpaque(instanceContext(cx).tables[index].pointee.object).takeUnretainedValue()
}

// A store to pages that are not kept yet: keep them, then execute the store again. One function for each size of store,
// so that nothing but the registers has to be passed.

@inline(never)
func track1AndRetry(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double
) -> Int {
  keepPages(cx, 1)
  return next(pc, fp, md, cx, ac, rm, x0, x1)
}

@inline(never)
func track2AndRetry(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double
) -> Int {
  keepPages(cx, 2)
  return next(pc, fp, md, cx, ac, rm, x0, x1)
}

@inline(never)
func track4AndRetry(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double
) -> Int {
  keepPages(cx, 4)
  return next(pc, fp, md, cx, ac, rm, x0, x1)
}

@inline(never)
func track8AndRetry(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double
) -> Int {
  keepPages(cx, 8)
  return next(pc, fp, md, cx, ac, rm, x0, x1)
}

@inline(never)
func track16AndRetry(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double
) -> Int {
  keepPages(cx, 16)
  return next(pc, fp, md, cx, ac, rm, x0, x1)
}

/// Keeps the pages of the current memory that `size` bytes at `trackStart` touch.
@inline(never)
private func keepPages(_ cx: CX, _ size: UInt) {
  memory(instanceContext(cx).currentMemory).keep(instanceContext(cx).trackStart, size)
}

/// What `growMemory` gives where the store's hook threw. No memory has so many pages.
let growthRefused = UInt64.max - 1

/// Old number of pages, all ones where the memory cannot grow, or `growthRefused`.
@inline(never)
func growMemory(_ cx: CX, _ index: Int, _ pages: UInt64) -> UInt64 {
  let memory = memory(instanceContext(cx).memories[index])
  guard let old = memory.grow(by: pages) else { return UInt64.max }
  var isRefused = false
  if pages > 0, let hook = moduleInstance(cx).store.memoryGrowthHook {
    isRefused = !moduleInstance(cx).store.allows(hook, memory, old)
  }
  // The hook too may have grown it.
  instanceContext(cx).refreshMemory()
  return isRefused ? growthRefused : old
}

/// Ends the execution after the hook has refused.
@inline(never)
func trapAfterGrowth(_ pc: PC, _ fp: FP, _ cx: CX, _ rm: Int) -> Int {
  trapped(pc, fp, cx, rm, moduleInstance(cx).store.refusedGrowth.status)
}

@inline(never)
func fillMemory(_ cx: CX, _ index: Int, _ start: UInt64, _ byte: UInt8, _ length: UInt64) -> Bool {
  let record = instanceContext(cx).memories[index]
  guard memory(record).prepareWrite(start, length) else { return false }
  if length > 0 {
    // `initializeMemory` would go byte by byte in debug builds.
    memset(record.pointee.base + Int(start), Int32(byte), Int(length))
  }
  return true
}

@inline(never)
func copyMemory(_ cx: CX, _ to: Int, _ from: Int, _ destination: UInt64, _ source: UInt64, _ length: UInt64) -> Bool {
  let target = instanceContext(cx).memories[to]
  let origin = instanceContext(cx).memories[from]
  guard memory(origin).contains(source, length), memory(target).prepareWrite(destination, length) else { return false }
  // The ranges may overlap: `copyMemory` moves.
  (target.pointee.base + Int(destination)).copyMemory(from: origin.pointee.base + Int(source), byteCount: Int(length))
  return true
}

@inline(never)
func initializeMemory(
  _ cx: CX, _ index: Int, _ segment: Int, _ destination: UInt64, _ source: UInt64, _ length: UInt64
) -> Bool {
  let record = instanceContext(cx).memories[index]
  let bytes = moduleInstance(cx).dataSegment(segment)
  guard length <= UInt64(bytes.count), source <= UInt64(bytes.count) - length,
    memory(record).prepareWrite(destination, length)
  else {
    return false
  }
  if let base = bytes.baseAddress, length > 0 {
    (record.pointee.base + Int(destination)).copyMemory(from: base + Int(source), byteCount: Int(length))
  }
  return true
}

@inline(never)
func dropData(_ cx: CX, _ segment: Int) { moduleInstance(cx).dropData(segment) }

@inline(never)
func tableGet(_ cx: CX, _ index: Int, _ element: UInt64, _ handle: inout UInt64) -> Bool {
  guard let value = table(cx, index).get(element) else { return false }
  handle = value
  return true
}

@inline(never)
func tableSet(_ cx: CX, _ index: Int, _ element: UInt64, _ handle: UInt64) -> Bool {
  table(cx, index).set(element, handle)
}

/// Old number of elements, or -1 in the table's address type.
@inline(never)
func tableGrow(_ cx: CX, _ index: Int, _ handle: UInt64, _ added: UInt64) -> UInt64 {
  let table = table(cx, index)
  return table.grow(by: added, handle) ?? (table.type.limits.address == .i32 ? 0xFFFF_FFFF : UInt64.max)
}

@inline(never)
func tableFill(_ cx: CX, _ index: Int, _ start: UInt64, _ handle: UInt64, _ length: UInt64) -> Bool {
  table(cx, index).fill(start, handle, length)
}

@inline(never)
func tableCopy(_ cx: CX, _ to: Int, _ from: Int, _ destination: UInt64, _ source: UInt64, _ length: UInt64) -> Bool {
  table(cx, to).copy(destination, from: table(cx, from), source, length)
}

@inline(never)
func tableInit(
  _ cx: CX, _ index: Int, _ segment: Int, _ destination: UInt64, _ source: UInt64, _ length: UInt64
) -> Bool {
  moduleInstance(cx).initialize(table(cx, index), destination, from: segment, source, length)
}

@inline(never)
func dropElements(_ cx: CX, _ segment: Int) { moduleInstance(cx).dropElements(segment) }

@inline(never)
func functionHandle(_ cx: CX, _ function: Int) -> UInt64 { moduleInstance(cx).functionRecord(function).pointee.handle }

/// The record behind a handle from a slot; nil for null and for bits that are no handle.
func functionRecord(_ cx: CX, _ handle: UInt64) -> UnsafeMutablePointer<FunctionRecord>? {
  moduleInstance(cx).store.functions.record(handle)
}
