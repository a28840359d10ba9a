/* A function of WebAssembly as a plain C function pointer, for C code that knows nothing of WebAssembly.
 *   callback callback.wat */

#include "example.h"

/* Simpson's rule. */
static double integrate(double (*f)(double), double from, double to) {
  const int intervals = 100;
  double step = (to - from) / intervals, sum = f(from) + f(to);
  for (int i = 1; i < intervals; i++) sum += (i % 2 ? 4 : 2) * f(from + i * step);
  return sum * step / 3;
}

int main(int count, char **arguments) {
  if (count != 2) return 64;
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_instance_t *instance = instance_from(store, arguments[1], NULL, 0);
  wasm_extern_vec_t exports;
  wasm_instance_exports(instance, &exports);

  /* What the closure's function points to can be stored and called until the closure is deleted. */
  cannery_closure_t *square, *divide;
  check(cannery_closure_new(wasm_extern_as_func(exports.data[0]), "(F)F", &square));
  check(cannery_closure_new(wasm_extern_as_func(exports.data[1]), "(ii)i", &divide));
  double (*square_function)(double) = (double (*)(double))cannery_closure_function(square);
  int32_t (*divide_function)(int32_t, int32_t) = (int32_t(*)(int32_t, int32_t))cannery_closure_function(divide);

  printf("integral of x * x from 0 to 3: %.3f\n", integrate(square_function, 0, 3));
  printf("divide(7, 2) = %d\n", divide_function(7, 2));
  /* A C function can't trap: it returns zero, and the trap waits here. */
  divide_function(1, 0);
  print_trap("divide(1, 0)", cannery_closure_trap(divide));

  cannery_closure_delete(square);
  cannery_closure_delete(divide);
  wasm_extern_vec_delete(&exports);
  wasm_instance_delete(instance);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
