// Tables. Function tables hold the addresses of function records, so that a call need not look anything up; what Wasm
// code and hosts see are handles.

import WebAssembly

/// A table of a store.
public final class Table {
  /// The type that the table was made with; its minimum is the size at first.
  public let type: TableType
  package let record: UnsafeMutablePointer<TableRecord>
  let functions: FunctionRegistry
  private var capacity: Int
  private let maximumCount: UInt64
  /// Whether elements are functions.
  package let holdsFunctions: Bool

  init(type: TableType, holdsFunctions: Bool, elementLimit: UInt64, functions: FunctionRegistry) throws(ResourceError) {
    maximumCount = min(type.limits.maximum ?? UInt64.max, elementLimit)
    guard type.limits.minimum <= maximumCount else { throw .tableLimit(elements: type.limits.minimum) }
    self.type = type
    self.holdsFunctions = holdsFunctions
    self.functions = functions
    capacity = max(Int(clamping: type.limits.minimum), 1)
    guard let elements = Table.elements(capacity) else { throw .tableLimit(elements: type.limits.minimum) }
    record = .allocate(capacity: 1)
    record.initialize(
      to: TableRecord(elements: elements, count: UInt(type.limits.minimum), object: UnsafeMutableRawPointer(record)))
    record.pointee.object = Unmanaged.passUnretained(self).toOpaque()
  }

  deinit {
    freeWords(record.pointee.elements)
    record.deallocate()
  }

  /// Room for `count` elements that are null; nil where the system has no memory.
  private static func elements(_ count: Int) -> UnsafeMutablePointer<UInt64>? {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: 8)
    return overflow
      ? nil : zeroedBytes(bytes).map { UnsafeMutableRawPointer($0).bindMemory(to: UInt64.self, capacity: count) }
  }

  /// Elements at present.
  public var count: UInt64 { UInt64(record.pointee.count) }

  /// The table's type as an importing module sees it: the minimum is the present size.
  package var currentType: TableType {
    TableType(
      element: type.element, limits: Limits(address: type.limits.address, minimum: count, maximum: type.limits.maximum))
  }

  /// What the table keeps for a handle; nil where the handle is of no function.
  func stored(_ handle: UInt64) -> UInt64? {
    if !holdsFunctions || handle == 0 { return handle }
    guard let record = functions.record(handle) else { return nil }
    return UInt64(UInt(bitPattern: record))
  }

  func handle(_ stored: UInt64) -> UInt64 {
    guard holdsFunctions, let record = UnsafeMutablePointer<FunctionRecord>(bitPattern: UInt(stored)) else {
      return stored
    }
    return record.pointee.handle
  }

  /// The element at `index` as a handle, or nil beyond the end.
  package func get(_ index: UInt64) -> UInt64? {
    index < count ? handle(record.pointee.elements[Int(index)]) : nil
  }

  package func set(_ index: UInt64, _ handle: UInt64) -> Bool {
    guard index < count, let value = stored(handle) else { return false }
    record.pointee.elements[Int(index)] = value
    return true
  }

  /// Adds `added` elements with `handle`. Returns the old size, or nil where the maximum forbids it.
  package func grow(by added: UInt64, _ handle: UInt64) -> UInt64? {
    let old = count
    let (sum, overflow) = old.addingReportingOverflow(added)
    guard !overflow, sum <= maximumCount, let value = stored(handle) else { return nil }
    if sum > UInt64(capacity) {
      let larger = Int(clamping: min(maximumCount, max(sum, UInt64(capacity) * 2)))
      guard let elements = Table.elements(larger) else { return nil }
      elements.update(from: record.pointee.elements, count: Int(old))
      freeWords(record.pointee.elements)
      record.pointee.elements = elements
      capacity = larger
    }
    (record.pointee.elements + Int(old)).initialize(repeating: value, count: Int(added))
    record.pointee.count = UInt(sum)
    return old
  }

  package func fill(_ index: UInt64, _ handle: UInt64, _ length: UInt64) -> Bool {
    guard length <= count, index <= count - length, let value = stored(handle) else { return false }
    (record.pointee.elements + Int(index)).update(repeating: value, count: Int(length))
    return true
  }

  /// Copies between tables of the same kind of elements, or within one.
  package func copy(_ destination: UInt64, from source: Table, _ start: UInt64, _ length: UInt64) -> Bool {
    guard length <= count, destination <= count - length, length <= source.count, start <= source.count - length else {
      return false
    }
    if holdsFunctions == source.holdsFunctions {
      let from = UnsafeRawPointer(source.record.pointee.elements + Int(start))
      UnsafeMutableRawPointer(record.pointee.elements + Int(destination)).copyMemory(
        from: from, byteCount: Int(length) * 8)
      return true
    }
    // Only code that no validator has seen gets here.
    return length == 0
  }
}
