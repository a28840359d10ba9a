/* Reading, writing and growing a guest's memory.
 *   memory memory.wat */

#include "example.h"

static void print_size(const wasm_memory_t *memory) {
  unsigned pages = wasm_memory_size(memory);
  printf("memory: %u page%s, %zu bytes\n", pages, pages == 1 ? "" : "s", wasm_memory_data_size(memory));
}

int main(int count, char **arguments) {
  if (count != 2) return 64;
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_instance_t *instance = instance_from(store, arguments[1], NULL, 0);
  wasm_extern_vec_t exports;
  wasm_instance_exports(instance, &exports);
  wasm_memory_t *memory = wasm_extern_as_memory(exports.data[0]);
  const wasm_func_t *reverse = wasm_extern_as_func(exports.data[1]);
  print_size(memory);

  /* Copies with bounds checked. `wasm_memory_data` gives the bytes themselves, until the memory grows. */
  const char text[] = "Cannery";
  char copy[8] = {0};
  if (!cannery_memory_write(memory, 1000, text, 7)) return 1;
  uint64_t slots[] = {1000, 7};
  check_trap(cannery_func_call(reverse, slots, 2));
  if (!cannery_memory_read(memory, 1000, copy, 7)) return 1;
  printf("reversed: %s\n", copy);
  if (!cannery_memory_write(memory, 65530, text, 7)) printf("write beyond the end: refused\n");

  if (!wasm_memory_grow(memory, 1)) return 1;
  print_size(memory);
  if (!wasm_memory_grow(memory, 1)) printf("grow beyond the maximum: refused\n");

  wasm_extern_vec_delete(&exports);
  wasm_instance_delete(instance);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
