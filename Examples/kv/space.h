// Space in stable memory: blocks of powers of two, for the tree's nodes and for values. Numbers are little-endian.
//
//   bytes 0 …   the header, as `Header` below
//   from 512    blocks, side by side, to `Header.end`
//
// A block's size follows from what is in it; only a free one says something of itself: its first 8 bytes are the offset
// of the next free block of its size, or 0. What is stored is always complete: if a message traps, the system undoes
// its writes. So there is nothing to do at upgrades.
#pragma once

#include "runtime.h"

enum { smallest_block = 5, largest_block = 20, header_size = 512 };  // blocks have 2^5 to 2^20 bytes

typedef struct {
  u32 magic, version;
  u64 end;                       // of the blocks
  u64 used;                      // bytes of the blocks that aren't free
  u64 entries;                   // in the tree
  u64 root;                      // the tree's first node, or 0
  u64 free[largest_block + 1];  // by the size's power of two: the first free block, or 0
} Header;
_Static_assert(sizeof(Header) <= header_size, "the blocks begin after the header");

/// The header while a message is executed: `space_open` reads it, in each message, and `space_close` writes it after
/// changes.
extern Header space;
void space_open(void);
void space_close(void);

/// A block of at least `size` bytes, with anything in it. Traps if there is no space.
u64 space_take(u32 size);
/// Gives back what `space_take` gave for this size.
void space_give(u64 block, u32 size);

/// Reads or writes within a block. Traps where it isn't one.
void space_read(void *data, u64 block, u32 size);
void space_write(u64 block, const void *data, u32 size);
