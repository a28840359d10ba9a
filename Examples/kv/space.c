#include "space.h"
#include "ic0.h"

enum { magic = 0x4552564B /* "KVRE" */, version = 1, page = 65536 };

Header space;

void space_open(void) {
  if (ic0_stable64_size() == 0) {
    space = (Header){.magic = magic, .version = version, .end = header_size};
    return;
  }
  ic0_stable64_read((u64)(usize)&space, 0, sizeof(space));
  if (space.magic != magic) fail(TEXT("stable memory holds something else"));
  if (space.version != version) fail_at(TEXT("stable memory is in version "), space.version);
}

/// Makes stable memory at least this long.
static void reach(u64 end) {
  u64 needed = (end + page - 1) / page, pages = ic0_stable64_size();
  if (needed > pages && ic0_stable64_grow(needed - pages) == ~(u64)0) fail(TEXT("out of stable memory"));
}

void space_close(void) {
  reach(sizeof(space));
  ic0_stable64_write(0, (u64)(usize)&space, sizeof(space));
}

static u32 power_of(u32 size) {
  u32 power = smallest_block;
  while (power <= largest_block && (u32)1 << power < size) power++;
  if (power > largest_block) fail(TEXT("too large a block"));
  return power;
}

u64 space_take(u32 size) {
  u32 power = power_of(size);
  u64 block = space.free[power];
  space.used += (u64)1 << power;
  if (block) {
    space_read(&space.free[power], block, sizeof(u64));
  } else {
    block = space.end;
    reach(block + ((u64)1 << power));
    space.end += (u64)1 << power;
  }
  return block;
}

void space_give(u64 block, u32 size) {
  u32 power = power_of(size);
  space_write(block, &space.free[power], sizeof(u64));
  space.free[power] = block;
  space.used -= (u64)1 << power;
}

/// The system checks that what is read or written is in stable memory; this, that it is where blocks are.
static void check(u64 block, u32 size) {
  if (block < header_size || block > space.end || size > space.end - block) fail(TEXT("stable memory is damaged"));
}

void space_read(void *data, u64 block, u32 size) {
  check(block, size);
  ic0_stable64_read((u64)(usize)data, block, size);
}

void space_write(u64 block, const void *data, u32 size) {
  check(block, size);
  ic0_stable64_write(block, (u64)(usize)data, size);
}
