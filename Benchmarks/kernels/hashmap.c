// A hash map with open addressing and linear probing: hashing, scattered loads, insertions, look-ups, removals.
#include "kernel.h"

enum { capacity = 1 << 15, mask = capacity - 1, keys = 10000 };
typedef struct {
  u64 key;  // 0: empty
  u64 value;
} Entry;
static Entry entries[capacity];
static u32 used;

static inline u32 slot_of(u64 key) { return (u32)(key * 0x9E3779B97F4A7C15ULL >> 49); }

static Entry *find(u64 key) {
  u32 slot = slot_of(key);
  while (entries[slot].key && entries[slot].key != key) slot = (slot + 1) & mask;
  return &entries[slot];
}

static void add(u64 key, u64 value) {
  Entry *entry = find(key);
  if (!entry->key) {
    entry->key = key;
    entry->value = 0;
    used++;
  }
  entry->value += value;
}

/// Removes by moving later entries of the run back, so that no markers are needed.
static int remove(u64 key) {
  u32 hole = (u32)(find(key) - entries);
  if (!entries[hole].key) return 0;
  u32 next = hole;
  for (;;) {
    next = (next + 1) & mask;
    if (!entries[next].key) break;
    u32 home = slot_of(entries[next].key);
    if (((next - home) & mask) >= ((next - hole) & mask)) {
      entries[hole] = entries[next];
      hole = next;
    }
  }
  entries[hole].key = 0;
  used--;
  return 1;
}

/// `n` rounds of 10,000 insertions, look-ups and removals.
i64 run(i32 n) {
  for (i32 i = 0; i < capacity; i++) entries[i] = (Entry){0, 0};
  used = 0;
  u64 sum = 0;
  for (i32 round = 0; round < n; round++) {
    u64 state = 0xA0761D6478BD642FULL + (u64)(round & 7);
    for (i32 i = 0; i < keys; i++) add((random_next(&state) & 0xFFFF) + 1, (u64)i);
    for (u64 key = 1; key <= 65536; key += 3) {
      Entry *entry = find(key);
      if (entry->key) sum = mix(sum, entry->value);
    }
    for (u64 key = 1; key <= 65536; key += 2) sum += (u64)remove(key);
    sum = mix(sum, used);
    if (used > capacity / 2) {
      for (i32 i = 0; i < capacity; i++) entries[i].key = 0;
      used = 0;
    }
  }
  return (i64)sum;
}
