// The smallest program: a module is compiled, an instance made, an export called.
//   hello hello.wat

#include "example.hpp"

int main(int count, char **arguments) {
  return run_example(count, 2, [&] {
    Engine engine(wasm_engine_new());
    Store store(wasm_store_new(engine.get()));
    Instance instance = instance_of(store, module_from(store, arguments[1]));
    Exports exports(instance);

    wasm_val_t operands[] = {WASM_I32_VAL(2), WASM_I32_VAL(3)}, sum[1];
    wasm_val_vec_t args = {2, operands}, results = {1, sum};
    check(wasm_func_call(exports.function(0), &args, &results));
    std::printf("2 + 3 = %d\n", sum[0].of.i32);
  });
}
