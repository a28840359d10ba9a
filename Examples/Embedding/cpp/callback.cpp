// A function of WebAssembly as a plain function pointer, for code that knows nothing of WebAssembly.
//   callback callback.wat

#include "example.hpp"

// Simpson's rule.
static double integrate(double (*f)(double), double from, double to) {
  const int intervals = 100;
  double step = (to - from) / intervals, sum = f(from) + f(to);
  for (int i = 1; i < intervals; i++) sum += (i % 2 ? 4 : 2) * f(from + i * step);
  return sum * step / 3;
}

// What a closure's function points to can be stored and called until the closure is deleted.
static Closure closure_of(const wasm_func_t *function, const char *signature) {
  cannery_closure_t *closure;
  check(cannery_closure_new(function, signature, &closure));
  return Closure(closure);
}

template <class Pointer> static Pointer pointer(const Closure &closure) {
  return reinterpret_cast<Pointer>(cannery_closure_function(closure.get()));
}

int main(int count, char **arguments) {
  return run_example(count, 2, [&] {
    Engine engine(wasm_engine_new());
    Store store(wasm_store_new(engine.get()));
    Instance instance = instance_of(store, module_from(store, arguments[1]));
    Exports exports(instance);
    Closure square = closure_of(exports.function(0), "(F)F"), divide = closure_of(exports.function(1), "(ii)i");

    std::printf("integral of x * x from 0 to 3: %.3f\n", integrate(pointer<double (*)(double)>(square), 0, 3));
    auto quotient = pointer<int32_t (*)(int32_t, int32_t)>(divide);
    std::printf("divide(7, 2) = %d\n", quotient(7, 2));
    // A plain function can't trap: it returns zero, and the trap waits here.
    quotient(1, 0);
    try {
      check(cannery_closure_trap(divide.get()));
    } catch (const std::runtime_error &trap) {
      std::printf("divide(1, 0): %s\n", trap.what());
    }
  });
}
