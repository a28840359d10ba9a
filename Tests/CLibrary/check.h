/* What the tests of the C library have in common. */

#ifndef CHECK_H
#define CHECK_H

#include <cannery.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the program with a message where a condition doesn't hold. */
#define CHECK(condition)                                                                   \
  do {                                                                                     \
    if (!(condition)) {                                                                    \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                      \
      exit(1);                                                                             \
    }                                                                                      \
  } while (0)

/* Ends the program where an error is returned. */
#define SUCCEED(call)                                                                      \
  do {                                                                                     \
    cannery_error_t *error = (call);                                                       \
    if (error) {                                                                           \
      fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, cannery_error_message(error)); \
      exit(1);                                                                             \
    }                                                                                      \
  } while (0)

/* Ends the program where no error of this kind is returned. */
#define FAIL(call, wanted)                                                                 \
  do {                                                                                     \
    cannery_error_t *error = (call);                                                       \
    CHECK(error && cannery_error_kind(error) == (wanted));                                 \
    CHECK(strlen(cannery_error_message(error)) > 0);                                       \
    cannery_error_delete(error);                                                           \
  } while (0)

/* Ends the program unless the trap is of this kind. */
#define TRAPS(call, wanted)                                                                \
  do {                                                                                     \
    wasm_trap_t *trap = (call);                                                            \
    CHECK(trap && cannery_trap_kind(trap) == (wanted));                                    \
    wasm_trap_delete(trap);                                                                \
  } while (0)

/* A module of a text, and an instance of it. */
static inline wasm_module_t *module_of(wasm_store_t *store, const char *text) {
  wasm_module_t *module = NULL;
  SUCCEED(cannery_module_new(store, text, strlen(text), &module));
  return module;
}

static inline wasm_instance_t *instance_of(
    wasm_store_t *store, const char *text, wasm_extern_t **imports, size_t import_count) {
  wasm_module_t *module = module_of(store, text);
  wasm_extern_vec_t vector = {import_count, imports};
  wasm_trap_t *trap = NULL;
  wasm_instance_t *instance = wasm_instance_new(store, module, &vector, &trap);
  CHECK(instance && !trap);
  wasm_module_delete(module);
  return instance;
}

/* Export `index`, as a reference of its own. */
static inline wasm_extern_t *export_of(wasm_instance_t *instance, size_t index) {
  wasm_extern_vec_t exports;
  wasm_instance_exports(instance, &exports);
  CHECK(index < exports.size);
  wasm_extern_t *result = wasm_extern_copy(exports.data[index]);
  wasm_extern_vec_delete(&exports);
  return result;
}

static inline wasm_func_t *func_of(wasm_instance_t *instance, size_t index) {
  return wasm_extern_as_func(export_of(instance, index));
}

#endif
