// A hash map from keys of a fixed size to values of a fixed size: open addressing, linear probing, at most half full.
#pragma once

#include "runtime.h"

typedef struct {
  u32 key_size, value_size;
  u32 count, capacity;  // the capacity is a power of two, or 0
  u8 *used;             // one byte for each slot
  u8 *keys, *values;
} Table;

#define TABLE(key_type, value_type) {sizeof(key_type), sizeof(value_type), 0, 0, 0, 0, 0}

/// The value for `key`, or null. It stays in place until the next insertion or removal.
void *table_find(const Table *table, const void *key);
/// The value for `key`; a cleared one is inserted if there was none.
void *table_insert(Table *table, const void *key);
void table_remove(Table *table, const void *key);
/// The next slot in use at or after `slot`, or `capacity`.
u32 table_next(const Table *table, u32 slot);
static inline void *table_key(const Table *table, u32 slot) { return table->keys + (usize)slot * table->key_size; }
static inline void *table_value(const Table *table, u32 slot) {
  return table->values + (usize)slot * table->value_size;
}
