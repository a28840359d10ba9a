// What every kernel shares. A kernel is one C file that is compiled twice, for wasm32 and for this machine, without a C
// library: it keeps all its state inside, and gives back a checksum that must be the same in both.
//
// Rules that make it so: no pointers and no sizes of pointers in what is computed; signed overflow only through
// unsigned types; floating-point operations that IEEE 754 rounds in one way (+ - * / sqrt), never contracted.
#pragma once

#include "types.h"

/// The kernel: `n` is the amount of work (0: next to none); the result is the checksum.
__attribute__((visibility("default"))) i64 run(i32 n);

/// Keeps clang from turning the last recursive call into a loop.
#define RECURSIVE __attribute__((noinline, disable_tail_calls))

/// Pseudo-random numbers (xorshift64*): the same sequence for the same seed everywhere.
static inline u64 random_next(u64 *state) {
  u64 x = *state;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  *state = x;
  return x * 0x2545F4914F6CDD1DULL;
}

/// Takes `value` into the checksum `sum`; the order of the values matters.
static inline u64 mix(u64 sum, u64 value) {
  sum ^= value + 0x9E3779B97F4A7C15ULL + (sum << 6) + (sum >> 2);
  return (sum << 27 | sum >> 37) * 0x9FB21C651E98DF25ULL;
}

/// The bits of a float, for the checksum.
static inline u64 bits_of(f64 value) {
  u64 bits;
  __builtin_memcpy(&bits, &value, 8);
  return bits;
}
