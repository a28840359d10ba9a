/* Vectors, and the descriptions of types: plain data, which no engine needs to know. A NULL where a function needs something
 * gives NULL, 0 or an empty vector; what it was given with it to own is deleted. */

#include "cannery-internal.h"

/* Whether `size` elements of `width` bytes can be counted. A vector that can't be made is empty. */
static bool fits(size_t size, size_t width) { return size <= PTRDIFF_MAX / width; }

/* What the vectors have in common. */
#define VECTOR_BASE(name, element)                                              \
  void wasm_##name##_vec_new_empty(wasm_##name##_vec_t *out) {                  \
    if (!out) return;                                                           \
    out->size = 0;                                                              \
    out->data = NULL;                                                           \
  }                                                                             \
  void wasm_##name##_vec_new_uninitialized(wasm_##name##_vec_t *out, size_t size) { \
    wasm_##name##_vec_new_empty(out);                                           \
    if (!out || size == 0 || !fits(size, sizeof(element))) return;              \
    out->data = cannery_allocate(size * sizeof(element));                       \
    memset(out->data, 0, size * sizeof(element));                               \
    out->size = size;                                                           \
  }                                                                             \
  void wasm_##name##_vec_new(wasm_##name##_vec_t *out, size_t size, element const data[]) { \
    wasm_##name##_vec_new_empty(out);                                           \
    if (!out || !data || size == 0 || !fits(size, sizeof(element))) return;     \
    out->data = cannery_allocate(size * sizeof(element));                       \
    memcpy(out->data, data, size * sizeof(element));                            \
    out->size = size;                                                           \
  }

/* Of pointers, which are owned. */
#define POINTER_VECTOR(name)                                                    \
  VECTOR_BASE(name, wasm_##name##_t *)                                          \
  void wasm_##name##_vec_copy(wasm_##name##_vec_t *out, const wasm_##name##_vec_t *from) { \
    wasm_##name##_vec_t copy;                                                   \
    if (!out) return;                                                           \
    wasm_##name##_vec_new_uninitialized(&copy, from && from->data ? from->size : 0); \
    for (size_t i = 0; i < copy.size; i++) copy.data[i] = wasm_##name##_copy(from->data[i]); \
    *out = copy;                                                                \
  }                                                                             \
  void wasm_##name##_vec_delete(wasm_##name##_vec_t *vector) {                  \
    if (!vector || !is_there(vector->data)) return;                             \
    for (size_t i = 0; i < vector->size; i++) wasm_##name##_delete(vector->data[i]); \
    cannery_release(vector->data);                                              \
    wasm_##name##_vec_new_empty(vector);                                        \
  }

/* ---- Bytes ---- */

VECTOR_BASE(byte, wasm_byte_t)

void wasm_byte_vec_copy(wasm_byte_vec_t *out, const wasm_byte_vec_t *from) {
  if (from) wasm_byte_vec_new(out, from->size, from->data);
  else wasm_byte_vec_new_empty(out);
}

void wasm_byte_vec_delete(wasm_byte_vec_t *vector) {
  if (!vector) return;
  cannery_release(vector->data);
  wasm_byte_vec_new_empty(vector);
}

/* ---- Value types ---- */

POINTER_VECTOR(valtype)

wasm_valtype_t *wasm_valtype_new(wasm_valkind_t kind) {
  switch (kind) {
    case WASM_I32: case WASM_I64: case WASM_F32: case WASM_F64: case CANNERY_V128: case WASM_EXTERNREF: case WASM_FUNCREF:
      break;
    default:
      return NULL;
  }
  wasm_valtype_t *type = cannery_allocate(sizeof *type);
  type->kind = kind;
  return type;
}

wasm_valtype_t *wasm_valtype_copy(const wasm_valtype_t *type) { return is_there(type) ? wasm_valtype_new(type->kind) : NULL; }
void wasm_valtype_delete(wasm_valtype_t *type) { cannery_release(type); }
wasm_valkind_t wasm_valtype_kind(const wasm_valtype_t *type) { return is_there(type) ? type->kind : 0; }

/* ---- Types of externals ---- */

POINTER_VECTOR(functype)
POINTER_VECTOR(globaltype)
POINTER_VECTOR(tabletype)
POINTER_VECTOR(memorytype)
POINTER_VECTOR(externtype)
POINTER_VECTOR(importtype)
POINTER_VECTOR(exporttype)

wasm_functype_t *wasm_functype_new(wasm_valtype_vec_t *params, wasm_valtype_vec_t *results) {
  if (!params || !results) {
    wasm_valtype_vec_delete(params), wasm_valtype_vec_delete(results);
    return NULL;
  }
  wasm_functype_t *type = cannery_allocate(sizeof *type);
  type->kind = WASM_EXTERN_FUNC;
  type->params = *params;
  type->results = *results;
  return type;
}

wasm_functype_t *wasm_functype_copy(const wasm_functype_t *type) {
  if (!is_there(type)) return NULL;
  wasm_valtype_vec_t params, results;
  wasm_valtype_vec_copy(&params, &type->params);
  wasm_valtype_vec_copy(&results, &type->results);
  return wasm_functype_new(&params, &results);
}

void wasm_functype_delete(wasm_functype_t *type) {
  if (!is_there(type)) return;
  wasm_valtype_vec_delete(&type->params);
  wasm_valtype_vec_delete(&type->results);
  cannery_release(type);
}

const wasm_valtype_vec_t *wasm_functype_params(const wasm_functype_t *type) { return is_there(type) ? &type->params : NULL; }
const wasm_valtype_vec_t *wasm_functype_results(const wasm_functype_t *type) { return is_there(type) ? &type->results : NULL; }

wasm_globaltype_t *wasm_globaltype_new(wasm_valtype_t *content, wasm_mutability_t mutability) {
  if (!content) return NULL;
  wasm_globaltype_t *type = cannery_allocate(sizeof *type);
  type->kind = WASM_EXTERN_GLOBAL;
  type->content = content;
  type->mutability = mutability;
  return type;
}

wasm_globaltype_t *wasm_globaltype_copy(const wasm_globaltype_t *type) {
  return type ? wasm_globaltype_new(wasm_valtype_copy(type->content), type->mutability) : NULL;
}

void wasm_globaltype_delete(wasm_globaltype_t *type) {
  if (!is_there(type)) return;
  wasm_valtype_delete(type->content);
  cannery_release(type);
}

const wasm_valtype_t *wasm_globaltype_content(const wasm_globaltype_t *type) { return is_there(type) ? type->content : NULL; }
wasm_mutability_t wasm_globaltype_mutability(const wasm_globaltype_t *type) { return is_there(type) ? type->mutability : WASM_CONST; }

wasm_tabletype_t *wasm_tabletype_new(wasm_valtype_t *element, const wasm_limits_t *limits) {
  if (!element || !limits) {
    wasm_valtype_delete(element);
    return NULL;
  }
  wasm_tabletype_t *type = cannery_allocate(sizeof *type);
  type->kind = WASM_EXTERN_TABLE;
  type->is_64 = false;
  type->element = element;
  type->limits = *limits;
  return type;
}

wasm_tabletype_t *wasm_tabletype_copy(const wasm_tabletype_t *type) {
  if (!is_there(type)) return NULL;
  wasm_tabletype_t *copy = wasm_tabletype_new(wasm_valtype_copy(type->element), &type->limits);
  copy->is_64 = type->is_64;
  return copy;
}

void wasm_tabletype_delete(wasm_tabletype_t *type) {
  if (!is_there(type)) return;
  wasm_valtype_delete(type->element);
  cannery_release(type);
}

const wasm_valtype_t *wasm_tabletype_element(const wasm_tabletype_t *type) { return is_there(type) ? type->element : NULL; }
const wasm_limits_t *wasm_tabletype_limits(const wasm_tabletype_t *type) { return is_there(type) ? &type->limits : NULL; }

wasm_memorytype_t *wasm_memorytype_new(const wasm_limits_t *limits) {
  if (!limits) return NULL;
  wasm_memorytype_t *type = cannery_allocate(sizeof *type);
  type->kind = WASM_EXTERN_MEMORY;
  type->is_64 = false;
  type->limits = *limits;
  return type;
}

wasm_memorytype_t *wasm_memorytype_copy(const wasm_memorytype_t *type) {
  if (!is_there(type)) return NULL;
  wasm_memorytype_t *copy = wasm_memorytype_new(&type->limits);
  copy->is_64 = type->is_64;
  return copy;
}

void wasm_memorytype_delete(wasm_memorytype_t *type) { cannery_release(type); }
const wasm_limits_t *wasm_memorytype_limits(const wasm_memorytype_t *type) { return is_there(type) ? &type->limits : NULL; }

bool cannery_tabletype_is_64(const wasm_tabletype_t *type) { return is_there(type) && type->is_64; }
bool cannery_memorytype_is_64(const wasm_memorytype_t *type) { return is_there(type) && type->is_64; }

void cannery_tabletype_set_64(wasm_tabletype_t *type, bool is_64) {
  if (is_there(type)) type->is_64 = is_64;
}

void cannery_memorytype_set_64(wasm_memorytype_t *type, bool is_64) {
  if (is_there(type)) type->is_64 = is_64;
}

#define EXTERNTYPE_CAST(name, number)                                           \
  wasm_externtype_t *wasm_##name##_as_externtype(wasm_##name##_t *type) { return (wasm_externtype_t *)type; } \
  const wasm_externtype_t *wasm_##name##_as_externtype_const(const wasm_##name##_t *type) { \
    return (const wasm_externtype_t *)type;                                     \
  }                                                                             \
  wasm_##name##_t *wasm_externtype_as_##name(wasm_externtype_t *type) {         \
    return is_there(type) && type->kind == number ? (wasm_##name##_t *)type : NULL;       \
  }                                                                             \
  const wasm_##name##_t *wasm_externtype_as_##name##_const(const wasm_externtype_t *type) { \
    return is_there(type) && type->kind == number ? (const wasm_##name##_t *)type : NULL; \
  }

EXTERNTYPE_CAST(functype, WASM_EXTERN_FUNC)
EXTERNTYPE_CAST(globaltype, WASM_EXTERN_GLOBAL)
EXTERNTYPE_CAST(tabletype, WASM_EXTERN_TABLE)
EXTERNTYPE_CAST(memorytype, WASM_EXTERN_MEMORY)

wasm_externkind_t wasm_externtype_kind(const wasm_externtype_t *type) { return is_there(type) ? type->kind : 0; }

wasm_externtype_t *wasm_externtype_copy(const wasm_externtype_t *type) {
  if (!is_there(type)) return NULL;
  switch (type->kind) {
    case WASM_EXTERN_FUNC: return (wasm_externtype_t *)wasm_functype_copy((const wasm_functype_t *)type);
    case WASM_EXTERN_GLOBAL: return (wasm_externtype_t *)wasm_globaltype_copy((const wasm_globaltype_t *)type);
    case WASM_EXTERN_TABLE: return (wasm_externtype_t *)wasm_tabletype_copy((const wasm_tabletype_t *)type);
    default: return (wasm_externtype_t *)wasm_memorytype_copy((const wasm_memorytype_t *)type);
  }
}

void wasm_externtype_delete(wasm_externtype_t *type) {
  if (!is_there(type)) return;
  switch (type->kind) {
    case WASM_EXTERN_FUNC: wasm_functype_delete((wasm_functype_t *)type); break;
    case WASM_EXTERN_GLOBAL: wasm_globaltype_delete((wasm_globaltype_t *)type); break;
    case WASM_EXTERN_TABLE: wasm_tabletype_delete((wasm_tabletype_t *)type); break;
    default: wasm_memorytype_delete((wasm_memorytype_t *)type);
  }
}

/* ---- Imports and exports ---- */

wasm_importtype_t *wasm_importtype_new(wasm_name_t *module, wasm_name_t *name, wasm_externtype_t *external) {
  if (!module || !name || !external) {
    wasm_byte_vec_delete(module), wasm_byte_vec_delete(name), wasm_externtype_delete(external);
    return NULL;
  }
  wasm_importtype_t *type = cannery_allocate(sizeof *type);
  type->module = *module;
  type->name = *name;
  type->type = external;
  return type;
}

wasm_importtype_t *wasm_importtype_copy(const wasm_importtype_t *type) {
  if (!is_there(type)) return NULL;
  wasm_name_t module, name;
  wasm_byte_vec_copy(&module, &type->module);
  wasm_byte_vec_copy(&name, &type->name);
  return wasm_importtype_new(&module, &name, wasm_externtype_copy(type->type));
}

void wasm_importtype_delete(wasm_importtype_t *type) {
  if (!is_there(type)) return;
  wasm_byte_vec_delete(&type->module);
  wasm_byte_vec_delete(&type->name);
  wasm_externtype_delete(type->type);
  cannery_release(type);
}

const wasm_name_t *wasm_importtype_module(const wasm_importtype_t *type) { return is_there(type) ? &type->module : NULL; }
const wasm_name_t *wasm_importtype_name(const wasm_importtype_t *type) { return is_there(type) ? &type->name : NULL; }
const wasm_externtype_t *wasm_importtype_type(const wasm_importtype_t *type) { return is_there(type) ? type->type : NULL; }

wasm_exporttype_t *wasm_exporttype_new(wasm_name_t *name, wasm_externtype_t *external) {
  if (!name || !external) {
    wasm_byte_vec_delete(name), wasm_externtype_delete(external);
    return NULL;
  }
  wasm_exporttype_t *type = cannery_allocate(sizeof *type);
  type->name = *name;
  type->type = external;
  return type;
}

wasm_exporttype_t *wasm_exporttype_copy(const wasm_exporttype_t *type) {
  if (!is_there(type)) return NULL;
  wasm_name_t name;
  wasm_byte_vec_copy(&name, &type->name);
  return wasm_exporttype_new(&name, wasm_externtype_copy(type->type));
}

void wasm_exporttype_delete(wasm_exporttype_t *type) {
  if (!is_there(type)) return;
  wasm_byte_vec_delete(&type->name);
  wasm_externtype_delete(type->type);
  cannery_release(type);
}

const wasm_name_t *wasm_exporttype_name(const wasm_exporttype_t *type) { return is_there(type) ? &type->name : NULL; }
const wasm_externtype_t *wasm_exporttype_type(const wasm_exporttype_t *type) { return is_there(type) ? type->type : NULL; }

/* ---- Values, externals, frames: their elements know how to be copied ---- */

VECTOR_BASE(val, wasm_val_t)

void wasm_val_copy(wasm_val_t *out, const wasm_val_t *value) {
  if (!out || !value) return;
  *out = *value;
  if (wasm_valkind_is_ref(value->kind)) out->of.ref = wasm_ref_copy(value->of.ref);
}

void wasm_val_delete(wasm_val_t *value) {
  if (!value || !wasm_valkind_is_ref(value->kind)) return;
  wasm_ref_delete(value->of.ref);
  value->of.ref = NULL;
}

void wasm_val_vec_copy(wasm_val_vec_t *out, const wasm_val_vec_t *from) {
  wasm_val_vec_t copy;
  if (!out) return;
  wasm_val_vec_new_uninitialized(&copy, from && from->data ? from->size : 0);
  for (size_t i = 0; i < copy.size; i++) wasm_val_copy(&copy.data[i], &from->data[i]);
  *out = copy;
}

void wasm_val_vec_delete(wasm_val_vec_t *vector) {
  if (!vector || !is_there(vector->data)) return;
  for (size_t i = 0; i < vector->size; i++) wasm_val_delete(&vector->data[i]);
  cannery_release(vector->data);
  wasm_val_vec_new_empty(vector);
}

POINTER_VECTOR(extern)
POINTER_VECTOR(frame)
