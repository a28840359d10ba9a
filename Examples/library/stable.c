// Small pieces are gathered in a buffer, since each call of the System API costs as much as hundreds of instructions.
#include "stable.h"
#include "ic0.h"
#include "principal.h"

enum { page = 65536, buffer_size = 16384 };

static u8 buffer[buffer_size];
static u32 used;    // writing: bytes held back; reading: bytes taken from the buffer
static u32 filled;  // reading: bytes in the buffer
static u64 offset;  // of the first byte in stable memory that was neither written nor read
static u32 checksum;

static void flush(void) {
  u64 needed = (offset + used + page - 1) / page, pages = ic0_stable64_size();
  if (needed > pages && ic0_stable64_grow(needed - pages) == ~(u64)0) fail(TEXT("out of stable memory"));
  ic0_stable64_write(offset, (u64)(usize)buffer, used);
  offset += used;
  used = 0;
}

void stable_start_writing(u32 magic, u32 version) {
  offset = used = checksum = 0;
  stable_write_u32(magic);
  stable_write_u32(version);
}

void stable_write(const void *data, u32 count) {
  const u8 *bytes = data;
  checksum = crc32(checksum, bytes, count);
  while (count) {
    u32 part = count < buffer_size - used ? count : buffer_size - used;
    copy_bytes(buffer + used, bytes, part);
    used += part;
    bytes += part;
    count -= part;
    if (used == buffer_size) flush();
  }
}

void stable_finish_writing(void) {
  u32 sum = checksum;
  stable_write(&sum, 4);
  flush();
}

static void fill(void) {
  u64 left = ic0_stable64_size() * page - offset;
  if (!left) fail(TEXT("stable memory ends too early"));
  filled = left < buffer_size ? (u32)left : buffer_size;
  ic0_stable64_read((u64)(usize)buffer, offset, filled);
  offset += filled;
  used = 0;
}

static void take(u8 *bytes, u32 count) {
  while (count) {
    if (used == filled) fill();
    u32 part = count < filled - used ? count : filled - used;
    copy_bytes(bytes, buffer + used, part);
    used += part;
    bytes += part;
    count -= part;
  }
}

void stable_read(void *data, u32 count) {
  take(data, count);
  checksum = crc32(checksum, data, count);
}

u32 stable_start_reading(u32 magic) {
  offset = used = filled = checksum = 0;
  if (stable_read_u32() != magic) fail(TEXT("stable memory holds something else"));
  return stable_read_u32();
}

void stable_finish_reading(void) {
  u32 stored;
  take((u8 *)&stored, 4);
  if (stored != checksum) fail(TEXT("stable memory is damaged: wrong checksum"));
}
