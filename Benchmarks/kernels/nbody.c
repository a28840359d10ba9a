// Bodies moving under each other's gravity (symplectic Euler): f64 arithmetic with square roots and divisions.
#include "kernel.h"

enum { bodies = 6 };
typedef struct {
  f64 x, y, z, vx, vy, vz, mass;
} Body;

// A made-up system: a heavy centre and five light bodies around it.
static const Body start[bodies] = {
    {0, 0, 0, 0, 0, 0, 40},
    {5, -1, 0.25, 0.5, 2.75, 0.0625, 0.03125},
    {8, 4, -0.5, -1, 1.75, 0.125, 0.015625},
    {-12, -15, 0.25, 1, -0.75, -0.03125, 0.0078125},
    {15, -25, 0.125, 0.875, 0.5, -0.0625, 0.00390625},
    {-3, 2, 0.0625, -1.5, -2.5, 0.25, 0.0009765625},
};
static Body body[bodies];

static void advance(f64 step) {
  for (int i = 0; i < bodies; i++) {
    for (int j = i + 1; j < bodies; j++) {
      f64 dx = body[i].x - body[j].x, dy = body[i].y - body[j].y, dz = body[i].z - body[j].z;
      f64 square = dx * dx + dy * dy + dz * dz + 0.0001;
      f64 pull = step / (square * __builtin_sqrt(square));
      f64 left = body[j].mass * pull, right = body[i].mass * pull;
      body[i].vx -= dx * left;
      body[i].vy -= dy * left;
      body[i].vz -= dz * left;
      body[j].vx += dx * right;
      body[j].vy += dy * right;
      body[j].vz += dz * right;
    }
  }
  for (int i = 0; i < bodies; i++) {
    body[i].x += step * body[i].vx;
    body[i].y += step * body[i].vy;
    body[i].z += step * body[i].vz;
  }
}

/// `n` steps; the checksum covers every bit of every position.
i64 run(i32 n) {
  for (int i = 0; i < bodies; i++) body[i] = start[i];
  for (i32 step = 0; step < n; step++) advance(0.0078125);
  u64 sum = 0;
  for (int i = 0; i < bodies; i++) {
    sum = mix(sum, bits_of(body[i].x));
    sum = mix(sum, bits_of(body[i].y));
    sum = mix(sum, bits_of(body[i].z));
  }
  return (i64)sum;
}
