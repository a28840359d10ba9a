// The compression function of SHA-256 by the processor's instructions for it, which Swift has no name for.
//
// Source: FIPS 180-4, section 6.2.2; Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, `SHA256RNDS2`.

#ifndef CANNERY_SHA256_H
#define CANNERY_SHA256_H

#include <stddef.h>
#include <stdint.h>

/// Whether the processor has the instructions: only then may `cannery_sha256_compress` be called.
static inline int cannery_has_sha256(void);

/// Compresses `blocks` blocks of 64 bytes at `data` into the eight words at `state`; `constants` are the 64 of the rounds.
static inline void cannery_sha256_compress(
    uint32_t *state, const void *data, size_t blocks, const uint32_t *constants);

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

static inline int cannery_has_sha256(void) {
  unsigned int a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 9 & 1) || !(c >> 19 & 1)) return 0;  // SSSE3, SSE4.1
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}

__attribute__((target("sha,ssse3,sse4.1"))) static inline void cannery_sha256_compress(
    uint32_t *state, const void *data, size_t blocks, const uint32_t *constants) {
  const __m128i big_endian = _mm_set_epi64x(0x0C0D0E0F08090A0BLL, 0x0405060700010203LL);
  // The instructions keep the working variables as (a, b, e, f) and (c, d, g, h), the first in the highest word.
  __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xB1);
  __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1B);
  __m128i abef = _mm_alignr_epi8(low, high, 8);
  __m128i cdgh = _mm_blend_epi16(high, low, 0xF0);
  const uint8_t *bytes = (const uint8_t *)data;
  for (; blocks != 0; blocks--, bytes += 64) {
    const __m128i saved_abef = abef, saved_cdgh = cdgh;
    __m128i words[4];
#pragma clang loop unroll(full)
    for (int group = 0; group < 16; group++) {
      // Four words of the schedule, and four rounds.
      __m128i next;
      if (group < 4) {
        next = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(bytes + 16 * group)), big_endian);
      } else {
        const __m128i last = words[(group + 3) & 3];
        const __m128i seventh = _mm_alignr_epi8(last, words[(group + 2) & 3], 4);
        next = _mm_sha256msg1_epu32(words[group & 3], words[(group + 1) & 3]);
        next = _mm_sha256msg2_epu32(_mm_add_epi32(next, seventh), last);
      }
      words[group & 3] = next;
      const __m128i sum = _mm_add_epi32(next, _mm_loadu_si128((const __m128i *)(constants + 4 * group)));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
    }
    abef = _mm_add_epi32(abef, saved_abef);
    cdgh = _mm_add_epi32(cdgh, saved_cdgh);
  }
  low = _mm_shuffle_epi32(abef, 0x1B);
  high = _mm_shuffle_epi32(cdgh, 0xB1);
  _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(low, high, 0xF0));
  _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(high, low, 8));
}
#else
static inline int cannery_has_sha256(void) { return 0; }
static inline void cannery_sha256_compress(
    uint32_t *state, const void *data, size_t blocks, const uint32_t *constants) {
  (void)state, (void)data, (void)blocks, (void)constants;
}
#endif

#endif
