/* Compiling once, and loading what was compiled.
 *   precompile precompile.wat ARTIFACT */

#include <inttypes.h>

#include "example.h"

/* Whether the artifact opens and all of it is as a compiler made it. */
static bool is_whole(wasm_store_t *store, const char *path) {
  wasm_module_t *module = NULL;
  cannery_error_t *error = cannery_module_open(store, path, &module);
  if (!error) error = cannery_module_verify(module);
  wasm_module_delete(module);
  bool whole = error == NULL;
  cannery_error_delete(error);
  return whole;
}

int main(int count, char **arguments) {
  if (count != 3) return 64;
  const char *path = arguments[2];
  {
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    wasm_module_t *module = module_from(store, arguments[1]);
    check(cannery_module_save(module, path));
    printf("saved\n");
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
  }

  /* Another process, another machine: the file is mapped, and each function is verified before its first call. */
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_module_t *module;
  check(cannery_module_open(store, path, &module));
  check(cannery_module_verify(module));
  printf("verified\n");
  wasm_instance_t *instance;
  check(cannery_instance_new(store, module, NULL, CANNERY_UNLIMITED, NULL, &instance));
  wasm_extern_vec_t exports;
  wasm_instance_exports(instance, &exports);
  uint64_t slot = 25;
  check_trap(cannery_func_call(wasm_extern_as_func(exports.data[0]), &slot, 1));
  printf("fib(25) = %" PRIu64 "\n", slot);
  uint8_t hash[32];
  cannery_module_hash(module, hash);
  printf("module: ");
  for (int i = 0; i < 8; i++) printf("%02x", hash[i]);
  printf("\n");
  wasm_extern_vec_delete(&exports);
  wasm_instance_delete(instance);
  wasm_module_delete(module);

  /* The last byte is code, or belongs to it. */
  FILE *file = fopen(path, "r+b");
  if (!file || fseek(file, -1, SEEK_END) != 0) return 1;
  int last = fgetc(file);
  if (fseek(file, -1, SEEK_END) != 0 || fputc(last ^ 1, file) == EOF || fclose(file) != 0) return 1;
  printf("damaged: %s\n", is_whole(store, path) ? "accepted" : "refused");

  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
