// Big-number arithmetic: modular exponentiation of 1,024-bit numbers by Montgomery multiplication (P. Montgomery,
// 1985), in limbs of 32 bits: 64-bit multiplications and carries.
#include "kernel.h"

enum { limbs = 32 };
typedef struct {
  u32 limb[limbs];  // least significant first
} Number;

static Number modulus;
static u32 negative_inverse;  // of the modulus, modulo 2^32

static i32 compare(const Number *a, const Number *b) {
  for (i32 i = limbs - 1; i >= 0; i--) {
    if (a->limb[i] != b->limb[i]) return a->limb[i] < b->limb[i] ? -1 : 1;
  }
  return 0;
}

static void subtract(Number *a, const Number *b) {
  u64 borrow = 0;
  for (i32 i = 0; i < limbs; i++) {
    u64 difference = (u64)a->limb[i] - b->limb[i] - borrow;
    a->limb[i] = (u32)difference;
    borrow = difference >> 63;
  }
}

/// out = a * b / 2^1024 modulo the modulus.
NOINLINE static void multiply(Number *out, const Number *a, const Number *b) {
  u32 t[limbs + 2] = {0};
  for (i32 i = 0; i < limbs; i++) {
    u64 carry = 0;
    for (i32 j = 0; j < limbs; j++) {
      u64 x = (u64)a->limb[i] * b->limb[j] + t[j] + carry;
      t[j] = (u32)x;
      carry = x >> 32;
    }
    u64 x = t[limbs] + carry;
    t[limbs] = (u32)x;
    t[limbs + 1] = (u32)(x >> 32);

    u32 factor = t[0] * negative_inverse;
    carry = ((u64)factor * modulus.limb[0] + t[0]) >> 32;
    for (i32 j = 1; j < limbs; j++) {
      u64 y = (u64)factor * modulus.limb[j] + t[j] + carry;
      t[j - 1] = (u32)y;
      carry = y >> 32;
    }
    x = t[limbs] + carry;
    t[limbs - 1] = (u32)x;
    t[limbs] = t[limbs + 1] + (u32)(x >> 32);
  }
  for (i32 i = 0; i < limbs; i++) out->limb[i] = t[i];
  if (t[limbs] || compare(out, &modulus) >= 0) subtract(out, &modulus);
}

/// `n` exponentiations by 64-bit exponents, each starting from the last result.
i64 run(i32 n) {
  u64 state = 0xE7037ED1A0B428DBULL;
  Number base;
  for (i32 i = 0; i < limbs; i++) {
    modulus.limb[i] = (u32)(random_next(&state) >> 32);
    base.limb[i] = (u32)(random_next(&state) >> 32);
  }
  modulus.limb[0] |= 1;                // odd, as the method needs
  modulus.limb[limbs - 1] |= 1u << 31;
  base.limb[limbs - 1] &= 0x7FFFFFFFu;  // below the modulus
  u32 inverse = 1;
  for (i32 i = 0; i < 5; i++) inverse *= 2 - modulus.limb[0] * inverse;  // each round doubles the bits that are right
  negative_inverse = -inverse;

  u64 sum = 0;
  for (i32 round = 0; round < n; round++) {
    u64 exponent = random_next(&state) | 1ULL << 63;
    Number power = base;
    for (i32 bit = 62; bit >= 0; bit--) {
      multiply(&power, &power, &power);
      if (exponent >> bit & 1) multiply(&power, &power, &base);
    }
    base = power;
    sum = mix(sum, (u64)base.limb[1] << 32 | base.limb[0]);
  }
  return (i64)sum;
}
