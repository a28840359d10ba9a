#include "table.h"

static u32 hash(const Table *table, const u8 *key) {
  u64 sum = 0x9E3779B97F4A7C15ULL;
  u32 i = 0;
  for (; i + 8 <= table->key_size; i += 8) {
    u64 word;
    __builtin_memcpy(&word, key + i, 8);
    sum = (sum ^ word) * 0xFF51AFD7ED558CCDULL;
    sum ^= sum >> 32;
  }
  for (; i < table->key_size; i++) sum = (sum ^ key[i]) * 0x100000001B3ULL;
  return (u32)((sum ^ sum >> 29) * 0xC4CEB9FE1A85EC53ULL >> 32);
}

/// The slot of `key`, or the free slot where it belongs.
static u32 slot_of(const Table *table, const void *key) {
  u32 mask = table->capacity - 1, slot = hash(table, key) & mask;
  while (table->used[slot] && !equal_bytes(table_key(table, slot), key, table->key_size)) slot = (slot + 1) & mask;
  return slot;
}

static void grow(Table *table) {
  Table old = *table;
  table->capacity = old.capacity ? old.capacity * 2 : 64;
  if (table->capacity > (u32)1 << 24) fail(TEXT("too many entries"));
  table->used = allocate(table->capacity);
  table->keys = allocate(table->capacity * table->key_size);
  table->values = allocate(table->capacity * table->value_size);
  for (u32 slot = table_next(&old, 0); slot < old.capacity; slot = table_next(&old, slot + 1)) {
    u32 to = slot_of(table, table_key(&old, slot));
    table->used[to] = 1;
    copy_bytes(table_key(table, to), table_key(&old, slot), table->key_size);
    copy_bytes(table_value(table, to), table_value(&old, slot), table->value_size);
  }
  release(old.used);
  release(old.keys);
  release(old.values);
}

void *table_find(const Table *table, const void *key) {
  if (!table->count) return 0;
  u32 slot = slot_of(table, key);
  return table->used[slot] ? table_value(table, slot) : 0;
}

void *table_insert(Table *table, const void *key) {
  if (2 * table->count >= table->capacity) grow(table);
  u32 slot = slot_of(table, key);
  if (!table->used[slot]) {
    table->used[slot] = 1;
    table->count++;
    copy_bytes(table_key(table, slot), key, table->key_size);
    clear_bytes(table_value(table, slot), table->value_size);
  }
  return table_value(table, slot);
}

void table_remove(Table *table, const void *key) {
  if (!table->count) return;
  u32 hole = slot_of(table, key), mask = table->capacity - 1;
  if (!table->used[hole]) return;
  table->count--;
  // Later entries of the run move back, so that no slot has to be marked as removed.
  for (u32 next = (hole + 1) & mask; table->used[next]; next = (next + 1) & mask) {
    u32 home = hash(table, table_key(table, next)) & mask;
    if (((next - home) & mask) < ((next - hole) & mask)) continue;
    copy_bytes(table_key(table, hole), table_key(table, next), table->key_size);
    copy_bytes(table_value(table, hole), table_value(table, next), table->value_size);
    hole = next;
  }
  table->used[hole] = 0;
}

u32 table_next(const Table *table, u32 slot) {
  while (slot < table->capacity && !table->used[slot]) slot++;
  return slot;
}
