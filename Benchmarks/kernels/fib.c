// Doubly recursive Fibonacci numbers: the price of a direct call and a return.
#include "kernel.h"

RECURSIVE static u64 fib(i32 n) { return n < 2 ? (u64)(n > 0) : fib(n - 1) + fib(n - 2); }

i64 run(i32 n) { return (i64)fib(n); }
