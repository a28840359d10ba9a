// Natural numbers below 2^128: amounts of tokens.
#pragma once

#include "types.h"

typedef struct {
  u64 low, high;
} Nat;

static inline Nat nat(u64 value) { return (Nat){value, 0}; }
static inline int nat_is_zero(Nat a) { return (a.low | a.high) == 0; }
static inline int nat_less(Nat a, Nat b) { return a.high != b.high ? a.high < b.high : a.low < b.low; }
static inline int nat_equal(Nat a, Nat b) { return a.high == b.high && a.low == b.low; }

/// The sum in `*sum`; 1 if it doesn't fit, with `*sum` left alone.
static inline int nat_add(Nat a, Nat b, Nat *sum) {
  u64 low = a.low + b.low, carry = low < a.low;
  u64 high = a.high + b.high, overflow = high < a.high;
  u64 total = high + carry;
  overflow |= total < high;
  if (!overflow) *sum = (Nat){low, total};
  return (int)overflow;
}

/// a - b; b must not be greater.
static inline Nat nat_subtract(Nat a, Nat b) { return (Nat){a.low - b.low, a.high - b.high - (a.low < b.low)}; }
