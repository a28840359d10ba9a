/* What the examples have in common: reading a file, and ending the program where something goes wrong. */

#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <cannery.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the program with what an error says; NULL is none. */
static inline void check(cannery_error_t *error) {
  if (!error) return;
  fprintf(stderr, "error: %s\n", cannery_error_message(error));
  exit(1);
}

/* Prints a trap's message after a label, and deletes the trap; NULL is none. Gives whether there was one. */
static inline bool print_trap(const char *label, wasm_trap_t *trap) {
  if (!trap) return false;
  wasm_message_t message;
  wasm_trap_message(trap, &message);
  printf("%s: %s\n", label, message.data);
  wasm_name_delete(&message);
  wasm_trap_delete(trap);
  return true;
}

/* Ends the program with a trap's message; NULL is none. */
static inline void check_trap(wasm_trap_t *trap) {
  if (print_trap("trap", trap)) exit(1);
}

/* The module in the file that the program's argument names, text or binary. */
static inline wasm_module_t *module_from(wasm_store_t *store, const char *path) {
  static char bytes[1 << 16];
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    exit(1);
  }
  size_t size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  wasm_module_t *module;
  check(cannery_module_new(store, bytes, size, &module));
  return module;
}

/* An instance of it, whose imports are given in the module's order. */
static inline wasm_instance_t *instance_from(
    wasm_store_t *store, const char *path, wasm_extern_t **imports, size_t import_count) {
  wasm_module_t *module = module_from(store, path);
  wasm_extern_vec_t list = {import_count, imports};
  wasm_instance_t *instance;
  check(cannery_instance_new(store, module, &list, CANNERY_UNLIMITED, NULL, &instance));
  wasm_module_delete(module);
  return instance;
}

#endif
