// Memory is handed out in blocks of powers of two; released blocks wait in a list for each size.
#include "runtime.h"
#include "ic0.h"

enum { smallest = 5, largest = 31 };  // as powers of two

typedef struct Block {
  struct Block *next;  // in its free list
  u32 power;
} Block;
enum { header = 16 };  // keeps what follows aligned
_Static_assert(sizeof(Block) <= header, "the header holds a block's facts");

static Block *free_blocks[largest + 1];
static u8 *fresh, *fresh_end;  // never used yet

#ifdef __wasm__
extern u8 __heap_base;
enum { page = 65536 };

/// `size` bytes that were never used: after the last ones, growing the memory where needed.
static u8 *take_fresh(u32 size) {
  if (!fresh) {
    fresh = (u8 *)(((usize)&__heap_base + 15) & ~(usize)15);
    fresh_end = (u8 *)(__builtin_wasm_memory_size(0) * page);
  }
  if ((usize)(fresh_end - fresh) < size) {
    usize missing = size - (usize)(fresh_end - fresh), pages = (missing + page - 1) / page;
    if (__builtin_wasm_memory_grow(0, pages) == (usize)-1) fail(TEXT("out of memory"));
    fresh_end += pages * page;
  }
  u8 *result = fresh;
  fresh += size;
  return result;
}
#else
/// Outside of WebAssembly (tests) there is a fixed area.
static u8 area[1 << 28] __attribute__((aligned(16)));
static u8 *take_fresh(u32 size) {
  if (!fresh) {
    fresh = area;
    fresh_end = area + sizeof(area);
  }
  if ((usize)(fresh_end - fresh) < size) fail(TEXT("out of memory"));
  fresh += size;
  return fresh - size;
}
#endif

/// A block for `size` bytes, with anything in it.
static void *take(u32 size) {
  u32 power = smallest;
  while (power <= largest && ((u64)1 << power) < (u64)size + header) power++;
  if (power > largest) fail(TEXT("out of memory"));
  Block *block = free_blocks[power];
  if (block) {
    free_blocks[power] = block->next;
  } else {
    block = (Block *)take_fresh((u32)1 << power);
    block->power = power;
  }
  return (u8 *)block + header;
}

void *allocate(u32 size) {
  void *result = take(size);
  clear_bytes(result, size);
  return result;
}

void release(void *pointer) {
  if (!pointer) return;
  Block *block = (Block *)((u8 *)pointer - header);
  block->next = free_blocks[block->power];
  free_blocks[block->power] = block;
}

// Scratch memory: a list of chunks, the newest first; each starts with a link to the one before it.

typedef struct Chunk {
  struct Chunk *next;
} Chunk;
static Chunk *chunks;
static u8 *scratch_at, *scratch_end;

void *scratch(u32 size) {
  if (size > (u32)1 << 30) fail(TEXT("out of memory"));
  size = (size + 15) & ~15u;
  if ((usize)(scratch_end - scratch_at) < size) {
    u32 length = size + 16 > 16384 ? size + 16 : 16384;
    Chunk *chunk = take(length);
    chunk->next = chunks;
    chunks = chunk;
    scratch_at = (u8 *)chunk + 16;
    scratch_end = (u8 *)chunk + length;
  }
  u8 *result = scratch_at;
  scratch_at += size;
  clear_bytes(result, size);
  return result;
}

void scratch_reset(void) {
  while (chunks) {
    Chunk *next = chunks->next;
    release(chunks);
    chunks = next;
  }
  scratch_at = scratch_end = 0;
}

void fail(Bytes text) { ic0_trap(text.data, text.count); }

void fail_at(Bytes text, u64 number) {
  Buffer buffer = {0};
  buffer_text(&buffer, text);
  buffer_decimal(&buffer, number);
  fail(buffer_contents(&buffer));
}

int compare_bytes(const void *a, const void *b, u32 count) {
  const u8 *x = a, *y = b;
  for (u32 i = 0; i < count; i++) {
    if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
  }
  return 0;
}

int bytes_equal(Bytes a, Bytes b) { return a.count == b.count && equal_bytes(a.data, b.data, a.count); }

void buffer_reserve(Buffer *buffer, u32 more) {
  if (buffer->capacity - buffer->count >= more) return;
  u32 capacity = buffer->capacity ? buffer->capacity : 64;
  while (capacity - buffer->count < more) {
    if (capacity > (u32)1 << 29) fail(TEXT("out of memory"));
    capacity *= 2;
  }
  u8 *data = scratch(capacity);
  copy_bytes(data, buffer->data, buffer->count);
  buffer->data = data;
  buffer->capacity = capacity;
}

void buffer_bytes(Buffer *buffer, const void *data, u32 count) {
  buffer_reserve(buffer, count);
  copy_bytes(buffer->data + buffer->count, data, count);
  buffer->count += count;
}

void buffer_decimal(Buffer *buffer, u64 value) {
  u8 digits[20];
  u32 count = 0;
  do digits[count++] = (u8)('0' + value % 10);
  while (value /= 10);
  while (count) buffer_byte(buffer, digits[--count]);
}
