/* How the types of wasm.h look inside. Not installed: only the library sees it. */

#ifndef CANNERY_INTERNAL_H
#define CANNERY_INTERNAL_H

#include "cannery.h"
#include "wasm.h"

#ifdef __cplusplus
extern "C" {
#endif

struct wasm_valtype_t {
  wasm_valkind_t kind;
};

/* All descriptions of externals begin alike, so that a pointer to one is a pointer to any. */
struct wasm_externtype_t {
  wasm_externkind_t kind;
};

struct wasm_functype_t {
  wasm_externkind_t kind;
  wasm_valtype_vec_t params, results;
};

struct wasm_globaltype_t {
  wasm_externkind_t kind;
  wasm_mutability_t mutability;
  wasm_valtype_t *content;
};

struct wasm_tabletype_t {
  wasm_externkind_t kind;
  bool is_64;
  wasm_valtype_t *element;
  wasm_limits_t limits;
};

struct wasm_memorytype_t {
  wasm_externkind_t kind;
  bool is_64;
  wasm_limits_t limits;
};

struct wasm_importtype_t {
  wasm_name_t module, name;
  wasm_externtype_t *type;
};

struct wasm_exporttype_t {
  wasm_name_t name;
  wasm_externtype_t *type;
};

/* What a reference refers to. The first four are `wasm_externkind_t`. */
enum cannery_reference_kind {
  CANNERY_REFERENCE_FUNC = WASM_EXTERN_FUNC,
  CANNERY_REFERENCE_GLOBAL = WASM_EXTERN_GLOBAL,
  CANNERY_REFERENCE_TABLE = WASM_EXTERN_TABLE,
  CANNERY_REFERENCE_MEMORY = WASM_EXTERN_MEMORY,
  CANNERY_REFERENCE_INSTANCE,
  CANNERY_REFERENCE_MODULE,
  CANNERY_REFERENCE_TRAP,
  CANNERY_REFERENCE_FOREIGN,
  /* Given back: only seen where checks are on. */
  CANNERY_REFERENCE_ENDED = 0xdd,
};

/* Every reference, under all its names (`wasm_func_t`, `wasm_extern_t`, `wasm_instance_t` …). `object` is an object of
 * Swift's that the reference retains. */
struct wasm_ref_t {
  uint8_t kind;
  void *object;
};

struct wasm_frame_t {
  wasm_instance_t *instance;
  uint32_t func_index;
  size_t func_offset, module_offset;
};

/* ---- Provided in C for Swift ---- */

/* Room that `cannery_release` gives back; never NULL: where the system has no memory, the process ends with a message. */
void *cannery_allocate(size_t bytes);
void cannery_release(void *);

/* Ends the process: the program did what it must not. */
_Noreturn void cannery_misused(const char *what);

/* Whether uses are checked; and the objects that pointers retain, told while that is so. */
extern bool cannery_checks;
static inline bool cannery_checks_on(void) { return cannery_checks; }
void cannery_check_retained(const void *object);
void cannery_check_released(const void *object);
void cannery_check_alive(const void *object);
/* Ends the process if a block of `cannery_allocate` has been given back. */
void cannery_check_block(const void *block);

/* Whether there is something, which then must not have been deleted. */
static inline bool is_there(const void *block) {
  if (block && cannery_checks) cannery_check_block(block);
  return block != NULL;
}

/* An empty frame. */
wasm_frame_t *cannery_frame_new(void);

/* A new reference that takes over a retained object. */
wasm_ref_t *cannery_reference_new(uint8_t kind, void *retained);

/* ---- Provided by Swift for C ---- */

/* An error to be returned, and one for `cannery_last_error`. */
cannery_error_t *cannery_error_new(cannery_error_kind_t, const char *message);
void cannery_set_last_error(cannery_error_kind_t, const char *message);

/* A trap of this kind, to be returned by a host function. */
wasm_trap_t *cannery_caller_trap_of(cannery_caller_t *, cannery_trap_kind_t);
/* The trap that the host function has asked for, if it has. */
wasm_trap_t *cannery_caller_pending_trap(cannery_caller_t *);

void cannery_object_retain(void *object);
void cannery_object_release(void *object);
/* Whether two references of the same kind refer to the same object. */
bool cannery_object_same(uint8_t kind, void *left, void *right);
void *cannery_object_host_info(uint8_t kind, void *object);
void cannery_object_set_host_info(uint8_t kind, void *object, void *info, void (*finalizer)(void *));

#ifdef __cplusplus
}
#endif

#endif
