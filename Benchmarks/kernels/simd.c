// 128-bit vectors: sums of products in f32, blending in u8 by way of u16, searching bytes, shuffles, i32 arithmetic.
// Written with clang's vector extensions, which give `v128` operators in wasm32 and SSE or NEON here.
#include "kernel.h"

typedef u8 u8x16 __attribute__((vector_size(16)));
typedef u16 u16x8 __attribute__((vector_size(16)));
typedef i32 i32x4 __attribute__((vector_size(16)));
typedef u32 u32x4 __attribute__((vector_size(16)));
typedef f32 f32x4 __attribute__((vector_size(16)));
typedef u8 u8x8 __attribute__((vector_size(8)));

enum { size = 4096 };
static u8 picture[2][size] __attribute__((aligned(16)));
static f32 samples[2][size] __attribute__((aligned(16)));
static u32 words[size] __attribute__((aligned(16)));

/// Four partial sums of products, added up in a fixed order.
NOINLINE static f32 dot(const f32 *a, const f32 *b) {
  f32x4 sum = {0, 0, 0, 0};
  for (i32 i = 0; i < size; i += 4) sum += *(const f32x4 *)(a + i) * *(const f32x4 *)(b + i);
  return sum[0] + sum[1] + (sum[2] + sum[3]);
}

/// a = (a * alpha + b * (256 - alpha)) / 256, for each byte.
NOINLINE static void blend(u8 *a, const u8 *b, u16 alpha) {
  for (i32 i = 0; i < size; i += 16) {
    u8x16 x = *(const u8x16 *)(a + i), y = *(const u8x16 *)(b + i);
    u16x8 xl = __builtin_convertvector(__builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7), u16x8);
    u16x8 xh = __builtin_convertvector(__builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15), u16x8);
    u16x8 yl = __builtin_convertvector(__builtin_shufflevector(y, y, 0, 1, 2, 3, 4, 5, 6, 7), u16x8);
    u16x8 yh = __builtin_convertvector(__builtin_shufflevector(y, y, 8, 9, 10, 11, 12, 13, 14, 15), u16x8);
    u8x8 low = __builtin_convertvector((xl * alpha + yl * (u16)(256 - alpha)) >> 8, u8x8);
    u8x8 high = __builtin_convertvector((xh * alpha + yh * (u16)(256 - alpha)) >> 8, u8x8);
    *(u8x16 *)(a + i) = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  }
}

/// How many bytes equal `wanted`, and the greatest byte, in one pass.
NOINLINE static u32 search(const u8 *a, u8 wanted) {
  u8x16 greatest = {0};
  u32 count = 0;
  for (i32 i = 0; i < size; i += 16) {
    u8x16 x = *(const u8x16 *)(a + i);
    u8x16 equal = (u8x16)(x == wanted);
    greatest = __builtin_elementwise_max(greatest, x);
    count += __builtin_reduce_add(equal & 1);
  }
  return count << 8 | __builtin_reduce_max(greatest);
}

/// Four xorshift generators side by side, whose states change places in each round.
NOINLINE static void scramble(u32 *a, u32 seed) {
  u32x4 state = {seed, seed ^ 0x9E3779B9u, seed ^ 0x85EBCA6Bu, seed ^ 0xC2B2AE35u};
  state |= 1;
  for (i32 i = 0; i < size; i += 4) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    u32x4 x = *(u32x4 *)(a + i);
    i32x4 negative = (i32x4)x < 0;
    x = (x & ~(u32x4)negative) | ((state * 2654435761u) & (u32x4)negative);
    *(u32x4 *)(a + i) = x + state;
    state = __builtin_shufflevector(state, state, 1, 2, 3, 0);
  }
}

/// `n` rounds over 4,096 elements of each kind.
i64 run(i32 n) {
  u64 state = 0x5851F42D4C957F2DULL, sum = 0;
  for (i32 i = 0; i < size; i++) {
    u64 bits = random_next(&state);
    picture[0][i] = (u8)bits;
    picture[1][i] = (u8)(bits >> 8);
    samples[0][i] = (f32)(bits >> 16 & 0xFFFF) / 65536.0f - 0.5f;
    samples[1][i] = (f32)(bits >> 32 & 0xFFFF) / 65536.0f - 0.5f;
    words[i] = (u32)(bits >> 24);
  }
  for (i32 round = 0; round < n; round++) {
    f32 product = dot(samples[0], samples[1]);
    samples[0][round % size] += product * 0.0009765625f;
    sum = mix(sum, bits_of(product));
    blend(picture[round & 1], picture[~round & 1], (u16)(64 + round % 128));
    picture[0][round % size] ^= 0x55;
    picture[1][(round * 7) % size] += (u8)round;
    sum = mix(sum, search(picture[round & 1], (u8)(round * 11)));
    scramble(words, (u32)round);
    sum = mix(sum, words[(round * 13) % size]);
  }
  return (i64)sum;
}
