// Functions of the host that WebAssembly calls, in the two ways that cost little.
//   host-function host-function.wat

#include "example.hpp"

// No exception may leave these functions: it would cross code that knows nothing of C++.
extern "C" {

// A plain function. Its signature `(*~)` says that it takes a buffer of the guest's memory with its size: the engine has
// checked that all of it is there.
static void print(void *bytes, size_t size) {
  std::printf("guest says: %.*s\n", static_cast<int>(size), static_cast<const char *>(bytes));
}

// A function on raw slots: nothing is converted, so it costs the least. Take it for functions that are called very often, or
// that need the caller. `env` is what it was made with.
static wasm_trap_t *add(void *env, cannery_caller_t *, uint64_t *slots) {
  ++*static_cast<int *>(env);
  uint32_t left = static_cast<uint32_t>(slots[0]), right = static_cast<uint32_t>(slots[1]);
  std::printf("host adds: %u + %u\n", left, right);
  slots[0] = left + right;
  return nullptr;
}

// A plain function that asks for the caller (`c`), to trap.
static void refuse(cannery_caller_t *caller) { cannery_caller_trap(caller, "the host refuses"); }
}

int main(int count, char **arguments) {
  return run_example(count, 2, [&] {
    Engine engine(wasm_engine_new());
    Store store(wasm_store_new(engine.get()));

    int additions = 0;
    FunctionType binary(wasm_functype_new_2_1(wasm_valtype_new_i32(), wasm_valtype_new_i32(), wasm_valtype_new_i32()));
    Function functions[] = {
        Function(cannery_func_new_c(
            store.get(), "log", "(*~)", reinterpret_cast<cannery_c_function_t>(print), nullptr, nullptr)),
        Function(cannery_func_new(store.get(), binary.get(), "add", add, &additions, nullptr)),
        Function(cannery_func_new_c(
            store.get(), "refuse", "(c)", reinterpret_cast<cannery_c_function_t>(refuse), nullptr, nullptr))};
    std::vector<wasm_extern_t *> imports;
    for (auto &function : functions) {
      if (!function) check(cannery_last_error());
      imports.push_back(wasm_func_as_extern(function.get()));
    }
    Instance instance = instance_of(store, module_from(store, arguments[1]), imports);
    Exports exports(instance);

    uint64_t slot = 0;
    check(cannery_func_call(exports.function(1), &slot, 1));
    std::printf("run() = %u\n", static_cast<uint32_t>(slot));
    const char *names[] = {"overrun", "fail"};
    for (int i = 0; i < 2; i++) {
      try {
        check(cannery_func_call(exports.function(2 + i), &slot, 1));
      } catch (const std::runtime_error &trap) {
        std::printf("%s(): %s\n", names[i], trap.what());
      }
    }
    if (additions != 1) throw std::logic_error("called otherwise than once");
  });
}
