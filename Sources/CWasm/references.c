/* References: what all of them have in common, under each of their names. */

#include "cannery-internal.h"

wasm_ref_t *cannery_reference_new(uint8_t kind, void *retained) {
  wasm_ref_t *reference = cannery_allocate(sizeof *reference);
  reference->kind = kind;
  reference->object = retained;
  return reference;
}

wasm_ref_t *wasm_ref_copy(const wasm_ref_t *reference) {
  if (!reference) return NULL;
  cannery_object_retain(reference->object);
  return cannery_reference_new(reference->kind, reference->object);
}

void wasm_ref_delete(wasm_ref_t *reference) {
  if (!reference) return;
  if (reference->kind == CANNERY_REFERENCE_ENDED) cannery_misused("a reference was deleted twice");
  void *object = reference->object;
  reference->kind = CANNERY_REFERENCE_ENDED;
  reference->object = NULL;
  cannery_release(reference);
  cannery_object_release(object);
}

bool wasm_ref_same(const wasm_ref_t *left, const wasm_ref_t *right) {
  if (!left || !right) return left == right;
  return left->kind == right->kind && cannery_object_same(left->kind, left->object, right->object);
}

void *wasm_ref_get_host_info(const wasm_ref_t *reference) {
  if (!reference) return NULL;
  return cannery_object_host_info(reference->kind, reference->object);
}

void wasm_ref_set_host_info(wasm_ref_t *reference, void *info) {
  wasm_ref_set_host_info_with_finalizer(reference, info, NULL);
}

void wasm_ref_set_host_info_with_finalizer(wasm_ref_t *reference, void *info, void (*finalizer)(void *)) {
  if (reference) cannery_object_set_host_info(reference->kind, reference->object, info, finalizer);
}

#define REFERENCE(name, matches)                                                \
  wasm_##name##_t *wasm_##name##_copy(const wasm_##name##_t *reference) {       \
    return (wasm_##name##_t *)wasm_ref_copy((const wasm_ref_t *)reference);     \
  }                                                                             \
  void wasm_##name##_delete(wasm_##name##_t *reference) { wasm_ref_delete((wasm_ref_t *)reference); } \
  bool wasm_##name##_same(const wasm_##name##_t *left, const wasm_##name##_t *right) { \
    return wasm_ref_same((const wasm_ref_t *)left, (const wasm_ref_t *)right);  \
  }                                                                             \
  void *wasm_##name##_get_host_info(const wasm_##name##_t *reference) {         \
    return wasm_ref_get_host_info((const wasm_ref_t *)reference);               \
  }                                                                             \
  void wasm_##name##_set_host_info(wasm_##name##_t *reference, void *info) {    \
    wasm_ref_set_host_info((wasm_ref_t *)reference, info);                      \
  }                                                                             \
  void wasm_##name##_set_host_info_with_finalizer(                              \
      wasm_##name##_t *reference, void *info, void (*finalizer)(void *)) {      \
    wasm_ref_set_host_info_with_finalizer((wasm_ref_t *)reference, info, finalizer); \
  }                                                                             \
  wasm_ref_t *wasm_##name##_as_ref(wasm_##name##_t *reference) { return (wasm_ref_t *)reference; } \
  const wasm_ref_t *wasm_##name##_as_ref_const(const wasm_##name##_t *reference) { \
    return (const wasm_ref_t *)reference;                                       \
  }                                                                             \
  wasm_##name##_t *wasm_ref_as_##name(wasm_ref_t *reference) {                  \
    return reference && (matches) ? (wasm_##name##_t *)reference : NULL;        \
  }                                                                             \
  const wasm_##name##_t *wasm_ref_as_##name##_const(const wasm_ref_t *reference) { \
    return reference && (matches) ? (const wasm_##name##_t *)reference : NULL;  \
  }

REFERENCE(func, reference->kind == CANNERY_REFERENCE_FUNC)
REFERENCE(global, reference->kind == CANNERY_REFERENCE_GLOBAL)
REFERENCE(table, reference->kind == CANNERY_REFERENCE_TABLE)
REFERENCE(memory, reference->kind == CANNERY_REFERENCE_MEMORY)
REFERENCE(extern, reference->kind <= CANNERY_REFERENCE_MEMORY)
REFERENCE(instance, reference->kind == CANNERY_REFERENCE_INSTANCE)
REFERENCE(module, reference->kind == CANNERY_REFERENCE_MODULE)
REFERENCE(trap, reference->kind == CANNERY_REFERENCE_TRAP)
REFERENCE(foreign, reference->kind == CANNERY_REFERENCE_FOREIGN)

#define EXTERN(name)                                                            \
  wasm_extern_t *wasm_##name##_as_extern(wasm_##name##_t *reference) { return (wasm_extern_t *)reference; } \
  const wasm_extern_t *wasm_##name##_as_extern_const(const wasm_##name##_t *reference) { \
    return (const wasm_extern_t *)reference;                                    \
  }                                                                             \
  wasm_##name##_t *wasm_extern_as_##name(wasm_extern_t *reference) {            \
    return wasm_ref_as_##name((wasm_ref_t *)reference);                         \
  }                                                                             \
  const wasm_##name##_t *wasm_extern_as_##name##_const(const wasm_extern_t *reference) { \
    return wasm_ref_as_##name##_const((const wasm_ref_t *)reference);           \
  }

EXTERN(func)
EXTERN(global)
EXTERN(table)
EXTERN(memory)

wasm_externkind_t wasm_extern_kind(const wasm_extern_t *reference) {
  return reference ? ((const wasm_ref_t *)reference)->kind : 0;
}

/* ---- Frames ---- */

wasm_frame_t *cannery_frame_new(void) {
  wasm_frame_t *frame = cannery_allocate(sizeof *frame);
  memset(frame, 0, sizeof *frame);
  return frame;
}

wasm_frame_t *wasm_frame_copy(const wasm_frame_t *frame) {
  if (!is_there(frame)) return NULL;
  wasm_frame_t *copy = cannery_allocate(sizeof *copy);
  *copy = *frame;
  copy->instance = wasm_instance_copy(frame->instance);
  return copy;
}

void wasm_frame_delete(wasm_frame_t *frame) {
  if (!is_there(frame)) return;
  wasm_instance_delete(frame->instance);
  cannery_release(frame);
}

wasm_instance_t *wasm_frame_instance(const wasm_frame_t *frame) { return is_there(frame) ? frame->instance : NULL; }
uint32_t wasm_frame_func_index(const wasm_frame_t *frame) { return is_there(frame) ? frame->func_index : 0; }
size_t wasm_frame_func_offset(const wasm_frame_t *frame) { return is_there(frame) ? frame->func_offset : 0; }
size_t wasm_frame_module_offset(const wasm_frame_t *frame) { return is_there(frame) ? frame->module_offset : 0; }
