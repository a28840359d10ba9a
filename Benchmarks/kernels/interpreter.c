// An interpreter for a small stack machine, counting primes: `br_table`, and loads that depend on loads.
#include "kernel.h"

enum { PUSH, LOAD, STORE, ADD, MUL, MOD, LESS, JUMP, JUMP_IF_ZERO, HALT };

// count = 0;
// for (i = 2; i < limit; i++) for (j = 2;; j++) { if (i < j * j) { count++; break; } if (i % j == 0) break; }
// Variables: 0 limit, 1 count, 2 i, 3 j. The operand of a jump is an index into the code, as in the margin.
static const u8 code[] = {
    /*  0 */ PUSH, 0, STORE, 1,
    /*  4 */ PUSH, 2, STORE, 2,
    /*  8 */ LOAD, 2, LOAD, 0, LESS, JUMP_IF_ZERO, 63,
    /* 15 */ PUSH, 2, STORE, 3,
    /* 19 */ LOAD, 2, LOAD, 3, LOAD, 3, MUL, LESS, JUMP_IF_ZERO, 38,
    /* 29 */ LOAD, 1, PUSH, 1, ADD, STORE, 1, JUMP, 54,
    /* 38 */ LOAD, 2, LOAD, 3, MOD, JUMP_IF_ZERO, 54,
    /* 45 */ LOAD, 3, PUSH, 1, ADD, STORE, 3, JUMP, 19,
    /* 54 */ LOAD, 2, PUSH, 1, ADD, STORE, 2, JUMP, 8,
    /* 63 */ HALT,
};

NOINLINE static u32 execute(const u8 *program, u32 limit) {
  u32 stack[16], variables[4] = {limit, 0, 0, 0};
  u32 *top = stack;
  const u8 *pc = program;
  for (;;) {
    switch (*pc++) {
      case PUSH: *top++ = *pc++; break;
      case LOAD: *top++ = variables[*pc++]; break;
      case STORE: variables[*pc++] = *--top; break;
      case ADD: top--; top[-1] += top[0]; break;
      case MUL: top--; top[-1] *= top[0]; break;
      case MOD: top--; top[-1] %= top[0]; break;
      case LESS: top--; top[-1] = top[-1] < top[0]; break;
      case JUMP: pc = program + *pc; break;
      case JUMP_IF_ZERO: pc = *--top ? pc + 1 : program + *pc; break;
      default: return variables[1];
    }
  }
}

/// `n` times the number of primes below about 2,000.
i64 run(i32 n) {
  u64 sum = 0;
  for (i32 round = 0; round < n; round++) sum = mix(sum, execute(code, 2000 + (u32)(round & 63)));
  return (i64)sum;
}
