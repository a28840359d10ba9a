// Block parameters by block and local: a hash table with open addressing, emptied cheaply between functions.

struct ParameterTable: ~Copyable {
  /// `UInt64.max` marks a free place; keys are block << 32 | local, which is less.
  private var keys = GrowableBuffer<UInt64>()
  private var values = GrowableBuffer<UInt32>()
  private var count = 0
  /// Places looked at since the last reset: chosen keys can be made to collide, so these count as work.
  private(set) var probes = 0

  mutating func reset() {
    probes = 0
    if count == 0 { return }
    clear(capacity: 64)
  }

  private mutating func clear(capacity: Int) {
    keys.truncate(to: 0)
    values.truncate(to: 0)
    keys.append(repeating: .max, count: capacity)
    values.append(repeating: 0, count: capacity)
    count = 0
  }

  mutating func value(of key: UInt64) -> UInt32? {
    if count == 0 { return nil }
    let place = find(key)
    return keys[place] == key ? values[place] : nil
  }

  /// Adds `key`, which must not be in the table.
  mutating func insert(_ key: UInt64, _ value: UInt32) {
    if keys.isEmpty { clear(capacity: 64) }
    if 2 * (count + 1) > keys.count { grow() }
    let place = find(key)
    keys[place] = key
    values[place] = value
    count += 1
  }

  private mutating func find(_ key: UInt64) -> Int {
    let mask = keys.count - 1
    var place = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) &>> 24) & mask
    while keys[place] != key && keys[place] != .max {
      place = (place + 1) & mask
      probes += 1
    }
    return place
  }

  private mutating func grow() {
    var oldKeys = GrowableBuffer<UInt64>()
    var oldValues = GrowableBuffer<UInt32>()
    swap(&oldKeys, &keys)
    swap(&oldValues, &values)
    clear(capacity: 2 * oldKeys.count)
    for index in 0..<oldKeys.count where oldKeys[index] != .max {
      let place = find(oldKeys[index])
      keys[place] = oldKeys[index]
      values[place] = oldValues[index]
      count += 1
    }
  }
}
