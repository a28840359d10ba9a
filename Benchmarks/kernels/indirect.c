// Indirect calls: a small simulation whose steps are reached through a table of functions of two signatures.
#include "kernel.h"

typedef u32 (*Step)(u32 value, u32 argument);
typedef u64 (*Fold)(u64 sum, u32 value);

static u32 step_add(u32 v, u32 a) { return v + a; }
static u32 step_xor(u32 v, u32 a) { return v ^ a; }
static u32 step_rotate(u32 v, u32 a) { return v << (a & 31) | v >> (-a & 31); }
static u32 step_multiply(u32 v, u32 a) { return v * (a | 1); }
static u32 step_clear(u32 v, u32 a) { return v & ~(1u << (a & 31)); }
static u32 step_set(u32 v, u32 a) { return v | 1u << (a & 31); }
static u32 step_reverse(u32 v, u32 a) { return __builtin_bswap32(v) + a; }
static u32 step_shift(u32 v, u32 a) { return (v >> 3) + a; }
static u64 fold_sum(u64 s, u32 v) { return s + v; }
static u64 fold_mix(u64 s, u32 v) { return mix(s, v); }

// Not const, so that no call can be resolved when compiling.
static Step steps[8] = {step_add, step_xor, step_rotate, step_multiply, step_clear, step_set, step_reverse, step_shift};
static Fold folds[2] = {fold_sum, fold_mix};

/// `n` rounds of 1,000 steps; which function comes next depends on the value so far. (Reordering the table by what was
/// computed keeps it from being constant.)
i64 run(i32 n) {
  u32 value = 12345;
  u64 sum = 0;
  for (i32 round = 0; round < n; round++) {
    for (u32 i = 0; i < 1000; i++) {
      value = steps[(value >> 5 ^ i) & 7](value, i * 2654435761u);
      if ((i & 15) == 0) sum = folds[value & 1](sum, value);
    }
    Step first = steps[value & 7];
    steps[value & 7] = steps[value >> 3 & 7];
    steps[value >> 3 & 7] = first;
  }
  // Back in the first order, so that the next run gives the same.
  Step order[8] = {step_add, step_xor, step_rotate, step_multiply, step_clear, step_set, step_reverse, step_shift};
  for (i32 i = 0; i < 8; i++) steps[i] = order[i];
  return (i64)(sum ^ value);
}
