// Pointer chasing: a walk through linked nodes in random order, each load needing the one before it, over 1 MiB.
#include "kernel.h"

enum { nodes = 1 << 16 };
typedef struct Node {
  u32 next;  // an index and not a pointer, so that it has the same size everywhere
  u32 weight;
  u64 visits;
} Node;
static Node node[nodes];

/// `n` walks of 65,536 steps; every node is on the one cycle.
i64 run(i32 n) {
  u64 state = 0x2545F4914F6CDD1DULL;
  for (u32 i = 0; i < nodes; i++) node[i] = (Node){i, (u32)(i * 2654435761u), 0};
  // Sattolo's shuffle gives a permutation that is a single cycle.
  for (u32 i = nodes - 1; i > 0; i--) {
    u32 j = (u32)((random_next(&state) >> 32) * i >> 32);
    u32 t = node[i].next;
    node[i].next = node[j].next;
    node[j].next = t;
  }
  u64 sum = 0;
  u32 at = 0;
  for (i32 round = 0; round < n; round++) {
    for (u32 step = 0; step < nodes; step++) {
      node[at].visits++;
      sum += node[at].weight ^ node[at].visits;
      at = node[at].next;
    }
    sum = mix(sum, at);
  }
  return (i64)sum;
}
