// The product of two matrices of f64: loads, a multiplication and an addition in a tight triple loop.
#include "kernel.h"

enum { size = 64 };
static f64 a[size][size], b[size][size], c[size][size];

/// `n` products of 64 × 64 matrices, each made from the last.
i64 run(i32 n) {
  u64 state = 88172645463325252ULL;
  for (i32 i = 0; i < size; i++) {
    for (i32 j = 0; j < size; j++) {
      a[i][j] = (f64)(random_next(&state) >> 40) / 16777216.0 - 0.5;
      b[i][j] = (f64)(random_next(&state) >> 40) / 16777216.0 - 0.5;
    }
  }
  for (i32 round = 0; round < n; round++) {
    for (i32 i = 0; i < size; i++) {
      for (i32 j = 0; j < size; j++) {
        f64 sum = 0;
        for (i32 k = 0; k < size; k++) sum += a[i][k] * b[k][j];
        c[i][j] = sum;
      }
    }
    // Scaled, so that the numbers stay in range however many rounds there are.
    for (i32 i = 0; i < size; i++) {
      for (i32 j = 0; j < size; j++) a[i][j] = c[i][j] * 0.25 + (f64)(i == j);
    }
  }
  u64 sum = 0;
  for (i32 i = 0; i < size; i++) {
    for (i32 j = 0; j < size; j++) sum = mix(sum, bits_of(a[i][j]));
  }
  return (i64)sum;
}
