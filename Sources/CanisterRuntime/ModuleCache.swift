// Which compiled modules there are: each once as long as somebody has it (a canister, a snapshot, an installation), and of
// the others those that came last.

/// Modules by the SHA-256 of their files.
struct ModuleCache {
  private struct Entry {
    weak var module: InstalledModule?
  }

  private var entries: [[UInt8]: Entry] = [:]
  /// How many entries there may be before those without a module are looked for.
  private var capacity = 16
  /// The modules that came last, the newest at the end: so that one that is installed again and again is compiled once.
  private var recent: [InstalledModule] = []
  private static let recentCount = 8
  private static let recentBytes: UInt64 = 32 << 20

  subscript(_ hash: [UInt8]) -> InstalledModule? { entries[hash]?.module }

  /// Modules that somebody has, or that came last.
  var count: Int { entries.values.count { $0.module != nil } }

  mutating func add(_ module: InstalledModule) {
    if entries.count >= capacity {
      entries = entries.filter { $0.value.module != nil }
      capacity = max(2 * entries.count, 16)
    }
    entries[module.hash] = Entry(module: module)
    recent.append(module)
    while recent.count > Self.recentCount || recent.count > 1 && recent.reduce(0, { $0 + $1.size }) > Self.recentBytes {
      recent.removeFirst()
    }
  }
}
