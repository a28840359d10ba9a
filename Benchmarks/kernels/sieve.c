// The sieve of Eratosthenes over bytes: strided stores, then a scan.
#include "kernel.h"

enum { limit = 1 << 16 };
static u8 composite[limit];

/// `n` times the primes below 65,536, counted and summed.
i64 run(i32 n) {
  u64 sum = 0;
  for (i32 round = 0; round < n; round++) {
    for (i32 i = 0; i < limit; i++) composite[i] = 0;
    for (i32 i = 2; i * i < limit; i++) {
      if (composite[i]) continue;
      for (i32 j = i * i; j < limit; j += i) composite[j] = 1;
    }
    u64 count = 0, total = 0;
    for (i32 i = 2; i < limit; i++) {
      if (composite[i]) continue;
      count++;
      total += (u64)i;
    }
    sum = mix(sum, count << 32 ^ total);
  }
  return (i64)sum;
}
