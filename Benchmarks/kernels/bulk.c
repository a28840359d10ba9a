// Copies and fills of many lengths: `memory.copy` and `memory.fill`, overlapping too.
#include "kernel.h"

enum { size = 1 << 18 };
static u8 memory[size];

/// `n` rounds of 64 copies and 64 fills, of 1 byte to 32 KiB.
i64 run(i32 n) {
  u64 state = 0x9E6C63D0676A9A99ULL;
  for (u32 i = 0; i < size; i++) memory[i] = (u8)(i ^ i >> 8);
  u64 sum = 0;
  for (i32 round = 0; round < n; round++) {
    for (i32 i = 0; i < 64; i++) {
      u64 bits = random_next(&state);
      // Short lengths are as frequent as long ones.
      u32 length = 1 + ((u32)bits & ((1u << (i % 16)) - 1));
      u32 from = (u32)(bits >> 16) % (size - length), to = (u32)(bits >> 32) % (size - length);
      __builtin_memmove(memory + to, memory + from, length);
      sum = mix(sum, memory[to + length - 1]);
      __builtin_memset(memory + from, (int)(bits >> 56), length);
      sum = mix(sum, memory[(from + to) / 2]);
    }
  }
  for (u32 i = 0; i < size; i += 61) sum = mix(sum, memory[i]);
  return (i64)sum;
}
