// Quicksort with the median of three and insertion sort for short ranges: unpredictable branches, swaps, recursion.
#include "kernel.h"

enum { size = 20000 };
static i32 values[size];

static void insertion_sort(i32 *v, i32 low, i32 high) {
  for (i32 i = low + 1; i <= high; i++) {
    i32 x = v[i], j = i - 1;
    while (j >= low && v[j] > x) {
      v[j + 1] = v[j];
      j--;
    }
    v[j + 1] = x;
  }
}

static inline void swap(i32 *v, i32 i, i32 j) {
  i32 t = v[i];
  v[i] = v[j];
  v[j] = t;
}

NOINLINE static void quicksort(i32 *v, i32 low, i32 high) {
  while (high - low > 12) {
    i32 middle = low + (high - low) / 2;
    if (v[middle] < v[low]) swap(v, middle, low);
    if (v[high] < v[low]) swap(v, high, low);
    if (v[high] < v[middle]) swap(v, high, middle);
    i32 pivot = v[middle], i = low, j = high;
    while (i <= j) {
      while (v[i] < pivot) i++;
      while (v[j] > pivot) j--;
      if (i <= j) swap(v, i++, j--);
    }
    // The shorter part by recursion, so that the depth stays logarithmic.
    if (j - low < high - i) {
      quicksort(v, low, j);
      low = i;
    } else {
      quicksort(v, i, high);
      high = j;
    }
  }
  insertion_sort(v, low, high);
}

/// `n` sorts of 20,000 pseudo-random numbers.
i64 run(i32 n) {
  u64 state = 0xD1B54A32D192ED03ULL, sum = 0;
  for (i32 round = 0; round < n; round++) {
    for (i32 i = 0; i < size; i++) values[i] = (i32)(random_next(&state) >> 32);
    quicksort(values, 0, size - 1);
    for (i32 i = 0; i < size; i++) {
      if (i && values[i - 1] > values[i]) return -1;
      sum = mix(sum, (u64)(u32)values[i]);
    }
  }
  return (i64)sum;
}
