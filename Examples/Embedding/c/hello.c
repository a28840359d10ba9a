/* The smallest program: a module is compiled, an instance made, an export called.
 *   hello hello.wat */

#include <cannery.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the program with what an error says. */
static void check(cannery_error_t *error) {
  if (!error) return;
  fprintf(stderr, "error: %s\n", cannery_error_message(error));
  exit(1);
}

/* A whole file, to be freed. */
static char *contents(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  char *bytes = malloc(1 << 16);
  if (!file || !bytes) {
    perror(path);
    exit(1);
  }
  *size = fread(bytes, 1, 1 << 16, file);
  fclose(file);
  return bytes;
}

int main(int count, char **arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: hello MODULE\n");
    return 64;
  }
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);

  size_t size;
  char *bytes = contents(arguments[1], &size);
  wasm_module_t *module;
  check(cannery_module_new(store, bytes, size, &module));
  free(bytes);

  wasm_instance_t *instance;
  check(cannery_instance_new(store, module, NULL, CANNERY_UNLIMITED, NULL, &instance));
  wasm_extern_vec_t exports;
  wasm_instance_exports(instance, &exports);
  wasm_func_t *add = wasm_extern_as_func(exports.data[0]);

  wasm_val_t operands[2] = {WASM_I32_VAL(2), WASM_I32_VAL(3)}, sum[1];
  wasm_val_vec_t args = {2, operands}, results = {1, sum};
  wasm_trap_t *trap = wasm_func_call(add, &args, &results);
  if (trap) {
    wasm_message_t message;
    wasm_trap_message(trap, &message);
    fprintf(stderr, "trap: %s\n", message.data);
    return 1;
  }
  printf("2 + 3 = %d\n", sum[0].of.i32);

  /* `add` was borrowed from the exports. */
  wasm_extern_vec_delete(&exports);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
