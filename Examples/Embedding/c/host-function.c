/* Functions of the host that WebAssembly calls, in the two ways that cost little.
 *   host-function host-function.wat */

#include "example.h"

/* A plain C function. Its signature `(*~)` says that it takes a buffer of the guest's memory with its size: the engine has
 * checked that all of it is there. */
static void print(void *bytes, size_t size) { printf("guest says: %.*s\n", (int)size, (const char *)bytes); }

/* A function on raw slots: nothing is converted, so it costs the least. Take it for functions that are called very often, or
 * that need the caller. Parameters are in the slots, and results go there. */
static wasm_trap_t *add(void *env, cannery_caller_t *caller, uint64_t *slots) {
  (void)env, (void)caller;
  uint32_t left = (uint32_t)slots[0], right = (uint32_t)slots[1];
  printf("host adds: %u + %u\n", left, right);
  slots[0] = left + right;
  return NULL;
}

/* A plain C function that asks for the caller (`c`), to trap. */
static void refuse(cannery_caller_t *caller) { cannery_caller_trap(caller, "the host refuses"); }

int main(int count, char **arguments) {
  if (count != 2) return 64;
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);

  wasm_functype_t *binary = wasm_functype_new_2_1(wasm_valtype_new_i32(), wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_func_t *functions[] = {
      cannery_func_new_c(store, "log", "(*~)", (cannery_c_function_t)print, NULL, NULL),
      cannery_func_new(store, binary, "add", add, NULL, NULL),
      cannery_func_new_c(store, "refuse", "(c)", (cannery_c_function_t)refuse, NULL, NULL),
  };
  wasm_functype_delete(binary);
  wasm_extern_t *imports[3];
  for (int i = 0; i < 3; i++) {
    if (!functions[i]) check(cannery_last_error());
    imports[i] = wasm_func_as_extern(functions[i]);
  }
  wasm_instance_t *instance = instance_from(store, arguments[1], imports, 3);
  wasm_extern_vec_t exports;
  wasm_instance_exports(instance, &exports);
  const wasm_func_t *run = wasm_extern_as_func(exports.data[1]), *overrun = wasm_extern_as_func(exports.data[2]),
                    *fail = wasm_extern_as_func(exports.data[3]);

  uint64_t slot = 0;
  check_trap(cannery_func_call(run, &slot, 1));
  printf("run() = %u\n", (uint32_t)slot);
  print_trap("overrun()", cannery_func_call(overrun, &slot, 1));
  print_trap("fail()", cannery_func_call(fail, &slot, 1));

  wasm_extern_vec_delete(&exports);
  wasm_instance_delete(instance);
  for (int i = 0; i < 3; i++) wasm_func_delete(functions[i]);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
