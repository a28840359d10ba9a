// What Swift cannot ask: the features of the processor, and which of them the build was told to use.

#ifndef CANNERY_PROCESSOR_H
#define CANNERY_PROCESSOR_H

#include <stdint.h>

/// CPUID: ECX of leaf 1 in the low half, ECX of leaf 0x80000001 in the high half. 0 on other processors.
static inline uint64_t cannery_processor_features(void);

/// Whether the code was compiled for x86-64-v2, as `tools/build` does, instead of for any x86-64.
static inline int cannery_built_for_x86_64_v2(void) {
#if defined(__x86_64__) && defined(__SSE4_2__) && defined(__POPCNT__)
  return 1;
#else
  return 0;
#endif
}

#if defined(__x86_64__)
#include <cpuid.h>

static inline uint64_t cannery_processor_features(void) {
  unsigned int a = 0, b = 0, basic = 0, extended = 0, d = 0;
  __get_cpuid(1, &a, &b, &basic, &d);
  __get_cpuid(0x80000001, &a, &b, &extended, &d);
  return (uint64_t)extended << 32 | basic;
}
#else
static inline uint64_t cannery_processor_features(void) { return 0; }
#endif

#endif
