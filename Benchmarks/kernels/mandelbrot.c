// The Mandelbrot set: a short f64 loop on locals with an exit in the middle.
#include "kernel.h"

/// An `n` by `n` picture with at most 200 iterations a point.
i64 run(i32 n) {
  u64 sum = 0;
  for (i32 row = 0; row < n; row++) {
    for (i32 column = 0; column < n; column++) {
      f64 cr = 3.0 * (f64)column / (f64)n - 2.25, ci = 2.5 * (f64)row / (f64)n - 1.25;
      f64 zr = 0, zi = 0;
      i32 count = 0;
      while (count < 200) {
        f64 rr = zr * zr, ii = zi * zi;
        if (rr + ii > 4.0) break;
        zi = 2.0 * zr * zi + ci;
        zr = rr - ii + cr;
        count++;
      }
      sum = mix(sum, (u64)count);
    }
  }
  return (i64)sum;
}
