// What a C library would give: memory, comparing bytes, and building texts.
//
// There are two kinds of memory. `allocate` and `release` are for state that lives on between messages; `scratch` is
// for one message and is thrown away as a whole at the start of the next one (`scratch_reset`).
#pragma once

#include "types.h"

/// At least `size` zeroed bytes, aligned to 16. Traps if the canister's memory can't grow.
void *allocate(u32 size);
/// Gives back what `allocate` gave; null is allowed.
void release(void *pointer);

/// At least `size` zeroed bytes, aligned to 16, until the next `scratch_reset`.
void *scratch(u32 size);
void scratch_reset(void);

/// Ends the message with an error; its changes of state are undone by the system.
NORETURN void fail(Bytes text);
/// The same with a number after the text.
NORETURN void fail_at(Bytes text, u64 number);

int compare_bytes(const void *a, const void *b, u32 count);
static inline int equal_bytes(const void *a, const void *b, u32 count) { return compare_bytes(a, b, count) == 0; }
static inline void copy_bytes(void *to, const void *from, u32 count) { __builtin_memmove(to, from, count); }
static inline void clear_bytes(void *at, u32 count) { __builtin_memset(at, 0, count); }
int bytes_equal(Bytes a, Bytes b);

/// A growing array of bytes in scratch memory.
typedef struct {
  u8 *data;
  u32 count, capacity;
} Buffer;

void buffer_reserve(Buffer *buffer, u32 more);
void buffer_bytes(Buffer *buffer, const void *data, u32 count);
void buffer_decimal(Buffer *buffer, u64 value);
static inline void buffer_text(Buffer *buffer, Bytes text) { buffer_bytes(buffer, text.data, text.count); }
static inline void buffer_byte(Buffer *buffer, u8 byte) {
  if (buffer->count == buffer->capacity) buffer_reserve(buffer, 1);
  buffer->data[buffer->count++] = byte;
}
static inline Bytes buffer_contents(const Buffer *buffer) { return (Bytes){buffer->data, buffer->count}; }
