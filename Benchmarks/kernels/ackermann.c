// Ackermann's function: deep recursion with little work in each frame.
#include "kernel.h"

RECURSIVE static u32 ackermann(u32 m, u32 n) {
  if (m == 0) return n + 1;
  if (n == 0) return ackermann(m - 1, 1);
  return ackermann(m - 1, ackermann(m, n - 1));
}

/// `n` rounds of ackermann(2, 300); the recursion is about 600 frames deep.
i64 run(i32 n) {
  u64 sum = 0;
  for (i32 round = 0; round < n; round++) sum = mix(sum, ackermann(2, 300 + (u32)(round & 3)));
  return (i64)sum;
}
