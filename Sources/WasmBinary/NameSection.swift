// The name section: names for functions, locals and all else, given for people to read. It never changes what a module
// does, so what is wrong in it is skipped, not an error. Names stay in the input until they are asked for.
//
// Source: WebAssembly 3.0, section 7.4.1, with the further subsections of the extended-name-section proposal.

import WebAssembly

/// The subsections of the name section. The raw value is the byte in the binary format.
public enum NameSubsection: UInt8, Hashable, Sendable, CaseIterable {
  case module, functions, locals, labels, types, tables, memories, globals, elements, data, fields, tags
}

/// The names that a module's name section gives.
public struct NameSection: Sendable {
  public private(set) var module: String?
  public private(set) var functions = NameMap()
  /// By function and local.
  public private(set) var locals = IndirectNameMap()
  /// By function and label, labels counted in the order of their blocks in the body.
  public private(set) var labels = IndirectNameMap()
  public private(set) var types = NameMap()
  public private(set) var tables = NameMap()
  public private(set) var memories = NameMap()
  public private(set) var globals = NameMap()
  public private(set) var elements = NameMap()
  public private(set) var data = NameMap()
  /// By type and field.
  public private(set) var fields = IndirectNameMap()
  public private(set) var tags = NameMap()
  /// The first thing that is wrong in the section, if anything is. The subsection concerned was left out, and so was all
  /// that followed it if its end could not be told.
  public private(set) var problem: ModuleError?

  /// The names of a module without a name section.
  public init() {}

  /// The names in the first custom section of `module` that is called `name`.
  public init(_ module: Module) {
    let section = module.customSections.first { $0.name == "name" }
    self.init(section?.contents ?? ByteRange(start: 0, end: 0), in: module.bytes)
  }

  /// Reads the name section whose contents are in `range` of `bytes`. Linear in its size, in time and in memory.
  public init(_ range: ByteRange, in bytes: ModuleBytes) {
    var reader = ByteReader(bytes.buffer, range: range)
    do throws(ModuleError) {
      while !reader.isAtEnd {
        let code = try reader.byte()
        let size = try reader.u32()
        var contents = try reader.slice(Int(size))
        do throws(ModuleError) {
          if let id = NameSubsection(rawValue: code) { try subsection(id, &contents, bytes) }
        } catch { note(error) }
      }
    } catch { note(error) }
  }

  private mutating func note(_ error: ModuleError) {
    if problem == nil { problem = error.located(in: .custom) }
  }

  private mutating func subsection(
    _ id: NameSubsection, _ reader: inout ByteReader, _ bytes: ModuleBytes
  ) throws(ModuleError) {
    switch id {
    case .module: module = try reader.name()
    case .functions: functions = try NameMap(&reader, bytes)
    case .locals: locals = try IndirectNameMap(&reader, bytes)
    case .labels: labels = try IndirectNameMap(&reader, bytes)
    case .types: types = try NameMap(&reader, bytes)
    case .tables: tables = try NameMap(&reader, bytes)
    case .memories: memories = try NameMap(&reader, bytes)
    case .globals: globals = try NameMap(&reader, bytes)
    case .elements: elements = try NameMap(&reader, bytes)
    case .data: data = try NameMap(&reader, bytes)
    case .fields: fields = try IndirectNameMap(&reader, bytes)
    case .tags: tags = try NameMap(&reader, bytes)
    }
    if !reader.isAtEnd { throw reader.error(.sectionSizeMismatch, at: reader.offset) }
  }
}

/// An index and the name of what it stands for.
public struct IndexedName: Hashable, Sendable {
  public var index: UInt32
  public var name: String
  public init(_ index: UInt32, _ name: String) {
    self.index = index
    self.name = name
  }
}

/// Names by index, in the order of the indices. Holds the module's bytes.
public struct NameMap: RandomAccessCollection, Sendable {
  struct Entry: Sendable {
    var index: UInt32
    var count: UInt32
    var start: Int
  }

  private let bytes: ModuleBytes?
  private let entries: ArraySlice<Entry>

  public init() {
    bytes = nil
    entries = []
  }

  fileprivate init(bytes: ModuleBytes, entries: ArraySlice<Entry>) {
    self.bytes = bytes
    self.entries = entries
  }

  fileprivate init(_ reader: inout ByteReader, _ bytes: ModuleBytes) throws(ModuleError) {
    var entries: [Entry] = []
    try reader.nameMap(into: &entries)
    self.init(bytes: bytes, entries: entries[...])
  }

  public var startIndex: Int { entries.startIndex }
  public var endIndex: Int { entries.endIndex }

  public subscript(position: Int) -> IndexedName {
    let entry = entries[position]
    return IndexedName(entry.index, text(entry))
  }

  /// The name of the thing with `index`, if it has one. Takes logarithmic time.
  public func name(of index: UInt32) -> String? {
    var (low, high) = (entries.startIndex, entries.endIndex)
    while low < high {
      let middle = low + (high - low) / 2
      if entries[middle].index < index { low = middle + 1 } else { high = middle }
    }
    return low < entries.endIndex && entries[low].index == index ? text(entries[low]) : nil
  }

  private func text(_ entry: Entry) -> String {
    guard let bytes else { return "" }
    return withExtendedLifetime(bytes) {
      // In range and UTF-8: checked when the entry was read.
      String(decoding: bytes.buffer[entry.start..<entry.start + Int(entry.count)], as: UTF8.self)
    }
  }
}

/// Names by two indices: of locals and labels by function, of fields by type. Holds the module's bytes.
public struct IndirectNameMap: Sendable {
  private struct Group: Sendable {
    var index: UInt32
    var start: Int
    var end: Int
  }

  private let bytes: ModuleBytes?
  private let groups: [Group]
  private let entries: [NameMap.Entry]

  public init() {
    bytes = nil
    groups = []
    entries = []
  }

  fileprivate init(_ reader: inout ByteReader, _ bytes: ModuleBytes) throws(ModuleError) {
    var groups: [Group] = []
    var entries: [NameMap.Entry] = []
    for _ in 0..<(try reader.vectorCount()) {
      let start = reader.offset
      let group = Group(index: try reader.u32(), start: entries.count, end: 0)
      if let last = groups.last, last.index >= group.index { throw reader.outOfOrder(group.index, at: start) }
      groups.append(group)
      try reader.nameMap(into: &entries)
      groups[groups.count - 1].end = entries.count
    }
    self.bytes = bytes
    self.groups = groups
    self.entries = entries
  }

  public var isEmpty: Bool { groups.isEmpty }
  /// The first indices for which there are names, in increasing order.
  public var indices: some RandomAccessCollection<UInt32> & Sendable { groups.lazy.map(\.index) }

  /// The names of all that belongs to the thing with `index`. Takes logarithmic time.
  public func names(of index: UInt32) -> NameMap {
    var (low, high) = (0, groups.count)
    while low < high {
      let middle = low + (high - low) / 2
      if groups[middle].index < index { low = middle + 1 } else { high = middle }
    }
    guard let bytes, low < groups.count, groups[low].index == index else { return NameMap() }
    return NameMap(bytes: bytes, entries: entries[groups[low].start..<groups[low].end])
  }
}

extension ByteReader {
  /// The entries of a name map, whose indices must increase.
  fileprivate mutating func nameMap(into entries: inout [NameMap.Entry]) throws(ModuleError) {
    let count = Int(try vectorCount())
    // Only for the first: reserving for each of many small maps would move the entries each time.
    if entries.isEmpty { entries.reserveCapacity(Swift.min(count, remaining / 2)) }
    var last: UInt32?
    for _ in 0..<count {
      let start = offset
      let index = try u32()
      if let last, last >= index { throw outOfOrder(index, at: start) }
      last = index
      let range = try nameRange()
      entries.append(NameMap.Entry(index: index, count: UInt32(range.count), start: range.start))
    }
  }

  fileprivate func outOfOrder(_ index: UInt32, at start: Int) -> ModuleError {
    error(.malformedNameMap, at: start, detail: "\(index)")
  }
}

extension BinaryWriter {
  /// A subsection of the name section, with the contents as `write` encodes them.
  public mutating func nameSubsection(
    _ id: NameSubsection, _ write: (inout BinaryWriter) throws -> Void
  ) rethrows {
    byte(id.rawValue)
    try sized(write)
  }

  /// Names by index; the indices must increase.
  public mutating func nameMap(_ names: some Collection<IndexedName>) {
    vector(names) { writer, entry in
      writer.u32(entry.index)
      writer.name(entry.name)
    }
  }
}
