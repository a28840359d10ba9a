// Vector operations that the processor has an instruction for, and Swift no name, or one whose generic code is not always
// inlined.
//
// Source: WebAssembly 3.0, section 4.3.6; Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, `PSHUFB`,
// `PMOVMSKB`, `MOVMSKPS`, `PACKSSWB`, `PACKUSDW`, `PSLLQ`.

#ifndef CANNERY_VECTORS_H
#define CANNERY_VECTORS_H

#include <stdint.h>

typedef uint8_t cannery_bytes __attribute__((vector_size(16)));

/// The lower or the upper eight lanes of 8 bits, each extended to 16.
#define CANNERY_EXTEND(name, lane, wide, ...)                                                       \
  static inline cannery_bytes name(cannery_bytes lanes) {                                           \
    typedef lane narrow_lanes __attribute__((vector_size(16)));                                     \
    typedef wide wide_lanes __attribute__((vector_size(16)));                                       \
    return (cannery_bytes)__builtin_convertvector(                                                  \
        __builtin_shufflevector((narrow_lanes)lanes, (narrow_lanes)lanes, __VA_ARGS__), wide_lanes); \
  }
CANNERY_EXTEND(cannery_extend_low_s8, int8_t, int16_t, 0, 1, 2, 3, 4, 5, 6, 7)
CANNERY_EXTEND(cannery_extend_low_u8, uint8_t, uint16_t, 0, 1, 2, 3, 4, 5, 6, 7)
CANNERY_EXTEND(cannery_extend_high_s8, int8_t, int16_t, 8, 9, 10, 11, 12, 13, 14, 15)
CANNERY_EXTEND(cannery_extend_high_u8, uint8_t, uint16_t, 8, 9, 10, 11, 12, 13, 14, 15)
#undef CANNERY_EXTEND

#if defined(__SSE4_1__)
#include <immintrin.h>

/// The byte of `table` that the low four bits of each pick select; zero where a pick is 0x80 or more.
static inline cannery_bytes cannery_pick_bytes(cannery_bytes table, cannery_bytes picks) {
  return (cannery_bytes)_mm_shuffle_epi8((__m128i)table, (__m128i)picks);
}

/// The highest bits of the lanes of 8, 16 and 32 bits, that of the first lane lowest.
static inline uint32_t cannery_signs_8(cannery_bytes lanes) { return (uint32_t)_mm_movemask_epi8((__m128i)lanes); }
static inline uint32_t cannery_signs_16(cannery_bytes lanes) {
  return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16((__m128i)lanes, _mm_setzero_si128()));
}
static inline uint32_t cannery_signs_32(cannery_bytes lanes) { return (uint32_t)_mm_movemask_ps((__m128)lanes); }

/// Signed lanes of `a` and then of `b`, of half the width: the nearest signed or unsigned number.
static inline cannery_bytes cannery_narrow_16_s(cannery_bytes a, cannery_bytes b) {
  return (cannery_bytes)_mm_packs_epi16((__m128i)a, (__m128i)b);
}
static inline cannery_bytes cannery_narrow_16_u(cannery_bytes a, cannery_bytes b) {
  return (cannery_bytes)_mm_packus_epi16((__m128i)a, (__m128i)b);
}
static inline cannery_bytes cannery_narrow_32_s(cannery_bytes a, cannery_bytes b) {
  return (cannery_bytes)_mm_packs_epi32((__m128i)a, (__m128i)b);
}
static inline cannery_bytes cannery_narrow_32_u(cannery_bytes a, cannery_bytes b) {
  return (cannery_bytes)_mm_packus_epi32((__m128i)a, (__m128i)b);
}

/// Lanes of 64 bits, shifted by less than 64 places.
static inline cannery_bytes cannery_shift_left_64(cannery_bytes lanes, uint32_t count) {
  return (cannery_bytes)_mm_sll_epi64((__m128i)lanes, _mm_cvtsi32_si128((int)count));
}
static inline cannery_bytes cannery_shift_right_64(cannery_bytes lanes, uint32_t count) {
  return (cannery_bytes)_mm_srl_epi64((__m128i)lanes, _mm_cvtsi32_si128((int)count));
}

#else

static inline cannery_bytes cannery_pick_bytes(cannery_bytes table, cannery_bytes picks) {
  cannery_bytes picked;
  for (int i = 0; i < 16; i++) picked[i] = picks[i] & 0x80 ? 0 : table[picks[i] & 15];
  return picked;
}

static inline uint32_t cannery_signs(cannery_bytes lanes, int size) {
  uint32_t signs = 0;
  for (int i = size - 1; i < 16; i += size) signs |= (uint32_t)(lanes[i] >> 7) << (i / size);
  return signs;
}
static inline uint32_t cannery_signs_8(cannery_bytes lanes) { return cannery_signs(lanes, 1); }
static inline uint32_t cannery_signs_16(cannery_bytes lanes) { return cannery_signs(lanes, 2); }
static inline uint32_t cannery_signs_32(cannery_bytes lanes) { return cannery_signs(lanes, 4); }

typedef int16_t cannery_s16 __attribute__((vector_size(16)));
typedef int32_t cannery_s32 __attribute__((vector_size(16)));
typedef uint64_t cannery_u64 __attribute__((vector_size(16)));

static inline int32_t cannery_clamp(int32_t x, int32_t low, int32_t high) { return x < low ? low : x > high ? high : x; }
static inline cannery_bytes cannery_narrow_16(cannery_s16 a, cannery_s16 b, int32_t low, int32_t high) {
  cannery_bytes narrow;
  for (int i = 0; i < 16; i++) narrow[i] = (uint8_t)cannery_clamp(i < 8 ? a[i] : b[i - 8], low, high);
  return narrow;
}
static inline cannery_bytes cannery_narrow_32(cannery_s32 a, cannery_s32 b, int32_t low, int32_t high) {
  cannery_s16 narrow;
  for (int i = 0; i < 8; i++) narrow[i] = (int16_t)cannery_clamp(i < 4 ? a[i] : b[i - 4], low, high);
  return (cannery_bytes)narrow;
}
static inline cannery_bytes cannery_narrow_16_s(cannery_bytes a, cannery_bytes b) {
  return cannery_narrow_16((cannery_s16)a, (cannery_s16)b, -0x80, 0x7F);
}
static inline cannery_bytes cannery_narrow_16_u(cannery_bytes a, cannery_bytes b) {
  return cannery_narrow_16((cannery_s16)a, (cannery_s16)b, 0, 0xFF);
}
static inline cannery_bytes cannery_narrow_32_s(cannery_bytes a, cannery_bytes b) {
  return cannery_narrow_32((cannery_s32)a, (cannery_s32)b, -0x8000, 0x7FFF);
}
static inline cannery_bytes cannery_narrow_32_u(cannery_bytes a, cannery_bytes b) {
  return cannery_narrow_32((cannery_s32)a, (cannery_s32)b, 0, 0xFFFF);
}

static inline cannery_bytes cannery_shift_left_64(cannery_bytes lanes, uint32_t count) {
  return (cannery_bytes)((cannery_u64)lanes << (uint64_t)count);
}
static inline cannery_bytes cannery_shift_right_64(cannery_bytes lanes, uint32_t count) {
  return (cannery_bytes)((cannery_u64)lanes >> (uint64_t)count);
}

#endif

#endif
