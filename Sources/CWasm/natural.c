/* C functions as host functions, and functions of WebAssembly as C functions, by libffi. A signature is read and prepared
 * once; a call converts between slots and what C passes. */

#include <ffi.h>
#include <stdatomic.h>
#include <stdio.h>

#include "cannery-internal.h"

enum { PARAMETER_LIMIT = 64 };

/* A signature that was read. */
struct signature {
  bool is64;
  uint8_t count;
  /* Of the result, 0 for none. */
  char result;
  char letters[PARAMETER_LIMIT];
  ffi_type *types[PARAMETER_LIMIT];
  ffi_cif cif;
  /* Whether all arguments travel in registers: then the call needs no libffi, which takes most of its time to find out where
   * they go. */
  bool is_direct;
};

/* Of integers and pointers, and of floats: what both conventions below pass in registers. The two kinds are numbered apart,
 * whatever the order of the parameters, and a callee doesn't look at registers that it has no parameters in. So one type of
 * function stands for all. */
enum { DIRECT_INTEGERS = 6, DIRECT_FLOATS = 8 };
#if (defined(__x86_64__) && !defined(_WIN32)) || defined(__aarch64__)
enum { HAS_DIRECT_CALLS = 1 };
#else
enum { HAS_DIRECT_CALLS = 0 };
#endif

#define DIRECT_PARAMETERS \
  uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, double, double, double, double, double, double, double, double
typedef uint64_t (*direct_integer_t)(DIRECT_PARAMETERS);
typedef double (*direct_float_t)(DIRECT_PARAMETERS);

/* What C passes for a letter; NULL for what is no letter. */
static ffi_type *type_of(char letter) {
  switch (letter) {
    case 'i': return &ffi_type_sint32;
    case 'I': return &ffi_type_sint64;
    case 'f': return &ffi_type_float;
    case 'F': return &ffi_type_double;
    case '*': case '$': case 'e': case 'c': case 'r': case '~': return &ffi_type_pointer;
    default: return NULL;
  }
}

/* What WebAssembly passes for a letter. */
static wasm_valkind_t kind_of(char letter, bool is64) {
  switch (letter) {
    case 'I': return WASM_I64;
    case 'f': return WASM_F32;
    case 'F': return WASM_F64;
    case 'r': return WASM_EXTERNREF;
    case '*': case '~': case '$': return is64 ? WASM_I64 : WASM_I32;
    default: return WASM_I32;
  }
}

static bool is_passed(char letter) { return letter != 'e' && letter != 'c'; }

/* Reads a signature; false, with a message, for what is none. */
static bool read_signature(struct signature *out, const char *text, const char *allowed, char message[128]) {
  memset(out, 0, sizeof *out);
  if (!text) {
    snprintf(message, 128, "the signature is NULL");
    return false;
  }
  const char *at = text;
  if (at[0] == '6' && at[1] == '4') out->is64 = true, at += 2;
  if (*at++ != '(') {
    snprintf(message, 128, "the signature doesn't begin with a parenthesis");
    return false;
  }
  for (; *at && *at != ')'; at++) {
    if (out->count == PARAMETER_LIMIT) {
      snprintf(message, 128, "the signature has more than %d parameters", PARAMETER_LIMIT);
      return false;
    }
    if (!type_of(*at) || !strchr(allowed, *at)) {
      snprintf(message, 128, "the signature has no parameter of a letter with the code %d", (unsigned char)*at);
      return false;
    }
    if (*at == '~' && (out->count == 0 || out->letters[out->count - 1] != '*')) {
      snprintf(message, 128, "in the signature a size follows no buffer");
      return false;
    }
    out->letters[out->count] = *at;
    out->types[out->count++] = type_of(*at);
  }
  if (*at++ != ')') {
    snprintf(message, 128, "the signature's parenthesis isn't closed");
    return false;
  }
  if (*at) {
    if (!strchr("iIfFr", *at) || at[1]) {
      snprintf(message, 128, "the signature's result is none of i, I, f, F and r");
      return false;
    }
    out->result = *at;
  }
  ffi_type *result = out->result ? type_of(out->result) : &ffi_type_void;
  if (ffi_prep_cif(&out->cif, FFI_DEFAULT_ABI, out->count, result, out->types) != FFI_OK) {
    snprintf(message, 128, "libffi doesn't take the signature");
    return false;
  }
  int floats = 0;
  for (int i = 0; i < out->count; i++) floats += out->letters[i] == 'f' || out->letters[i] == 'F';
  out->is_direct = HAS_DIRECT_CALLS && out->count - floats <= DIRECT_INTEGERS && floats <= DIRECT_FLOATS;
  return true;
}

static wasm_functype_t *functype_of(const struct signature *signature) {
  wasm_valtype_t *params[PARAMETER_LIMIT], *results[1];
  size_t count = 0;
  for (int i = 0; i < signature->count; i++) {
    if (is_passed(signature->letters[i]))
      params[count++] = wasm_valtype_new(kind_of(signature->letters[i], signature->is64));
  }
  if (signature->result) results[0] = wasm_valtype_new(kind_of(signature->result, signature->is64));
  return wasm_functype_of_arrays(count, params, signature->result ? 1 : 0, results);
}

/* ---- From WebAssembly to C ---- */

struct natural {
  struct signature signature;
  cannery_c_function_t function;
  void *env;
  void (*finalizer)(void *);
};

static void natural_delete(void *pointer) {
  struct natural *natural = pointer;
  if (natural->finalizer) natural->finalizer(natural->env);
  cannery_release(natural);
}

union value {
  int32_t i32;
  int64_t i64;
  float f32;
  double f64;
  void *pointer;
  size_t size;
  ffi_arg argument;
};

static wasm_trap_t *out_of_bounds(cannery_caller_t *caller) {
  return cannery_caller_trap_of(caller, CANNERY_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS);
}

/* Calls with arguments in registers. */
static void call_direct(const struct natural *natural, const union value *values, union value *result) {
  const struct signature *signature = &natural->signature;
  uint64_t i[DIRECT_INTEGERS] = {0};
  double f[DIRECT_FLOATS] = {0};
  int integers = 0, floats = 0;
  for (int at = 0; at < signature->count; at++) {
    switch (signature->letters[at]) {
      case 'i': i[integers++] = (uint64_t)(int64_t)values[at].i32; break;
      case 'f': memcpy(&f[floats++], &values[at].f32, 4); break;
      case 'F': f[floats++] = values[at].f64; break;
      default: i[integers++] = (uint64_t)values[at].i64;
    }
  }
#define DIRECT_ARGUMENTS i[0], i[1], i[2], i[3], i[4], i[5], f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7]
  if (signature->result == 'f' || signature->result == 'F') {
    double number = ((direct_float_t)natural->function)(DIRECT_ARGUMENTS);
    memcpy(result, &number, 8);
  } else {
    result->i64 = (int64_t)((direct_integer_t)natural->function)(DIRECT_ARGUMENTS);
  }
}

/* Calls the C function with what the slots hold. */
static wasm_trap_t *call_natural(void *pointer, cannery_caller_t *caller, uint64_t *slots) {
  const struct natural *natural = pointer;
  const struct signature *signature = &natural->signature;
  union value values[PARAMETER_LIMIT], result;
  void *pointers[PARAMETER_LIMIT];
  size_t slot = 0, memory_size = 0;
  char *memory = NULL;
  for (int i = 0; i < signature->count; i++) {
    char letter = signature->letters[i];
    pointers[i] = &values[i];
    switch (letter) {
      case 'e': values[i].pointer = natural->env; continue;
      case 'c': values[i].pointer = caller; continue;
      case '*': case '$': {
        uint64_t offset = signature->is64 ? slots[slot] : (uint32_t)slots[slot];
        slot++;
        if (!memory && !(memory = cannery_caller_memory(caller, 0, &memory_size))) return out_of_bounds(caller);
        bool has_size = letter == '*' && i + 1 < signature->count && signature->letters[i + 1] == '~';
        uint64_t size = 1;
        if (has_size) {
          size = signature->is64 ? slots[slot] : (uint32_t)slots[slot];
          slot++;
        }
        if (size > memory_size || offset > memory_size - size) return out_of_bounds(caller);
        if (letter == '$' && !memchr(memory + offset, 0, memory_size - offset)) return out_of_bounds(caller);
        values[i].pointer = memory + offset;
        if (has_size) {
          i++;
          values[i].size = size;
          pointers[i] = &values[i];
        }
        continue;
      }
      case 'i': values[i].i32 = (int32_t)slots[slot++]; continue;
      default: memcpy(&values[i], &slots[slot++], 8);
    }
  }
  /* libffi only reads it. */
  if (signature->is_direct) call_direct(natural, values, &result);
  else ffi_call((ffi_cif *)&signature->cif, natural->function, &result, pointers);
  switch (signature->result) {
    case 'i': slots[0] = (uint32_t)result.argument; break;
    case 'f': {
      uint32_t bits;
      memcpy(&bits, &result.f32, 4);
      slots[0] = bits;
      break;
    }
    case 'I': case 'F': case 'r': memcpy(&slots[0], &result, 8); break;
    default: break;
  }
  return cannery_caller_pending_trap(caller);
}

wasm_func_t *cannery_func_new_c(
    wasm_store_t *store, const char *name, const char *signature, cannery_c_function_t function, void *env,
    void (*finalizer)(void *)) {
  char message[128] = "an argument is NULL";
  struct natural *natural = cannery_allocate(sizeof *natural);
  if (!store || !function || !read_signature(&natural->signature, signature, "iIfFr*~$ec", message)) {
    cannery_release(natural);
    cannery_set_last_error(CANNERY_ERROR_ARGUMENT, message);
    return NULL;
  }
  natural->function = function;
  natural->env = env;
  natural->finalizer = finalizer;
  wasm_functype_t *type = functype_of(&natural->signature);
  wasm_func_t *made = cannery_func_new(store, type, name, call_natural, natural, natural_delete);
  if (!made) cannery_release(natural);
  wasm_functype_delete(type);
  return made;
}

/* ---- From C to WebAssembly ---- */

struct cannery_closure_t {
  struct signature signature;
  wasm_func_t *function;
  ffi_closure *closure;
  void *code;
  _Atomic(wasm_trap_t *) trap;
  /* Calls in progress, and one for the program's pointer: the last of them ends it. */
  atomic_size_t users;
};

static void closure_leave(cannery_closure_t *closure) {
  if (atomic_fetch_sub(&closure->users, 1) > 1) return;
  ffi_closure_free(closure->closure);
  if (closure->trap) wasm_trap_delete(closure->trap);
  wasm_func_delete(closure->function);
  cannery_release(closure);
}

static void call_function(ffi_cif *cif, void *result, void **arguments, void *pointer) {
  (void)cif;
  cannery_closure_t *closure = pointer;
  const struct signature *signature = &closure->signature;
  uint64_t slots[PARAMETER_LIMIT + 1];
  for (int i = 0; i < signature->count; i++) {
    switch (signature->letters[i]) {
      case 'i': slots[i] = (uint32_t)*(int32_t *)arguments[i]; break;
      case 'f': {
        uint32_t bits;
        memcpy(&bits, arguments[i], 4);
        slots[i] = bits;
        break;
      }
      default: memcpy(&slots[i], arguments[i], 8);
    }
  }
  atomic_fetch_add(&closure->users, 1);
  wasm_trap_t *trap = cannery_func_call(closure->function, slots, PARAMETER_LIMIT + 1);
  /* Calls of the same closure inside this one have left theirs. */
  wasm_trap_t *last = atomic_exchange(&closure->trap, trap);
  if (last) wasm_trap_delete(last);
  if (trap) slots[0] = 0;
  switch (signature->result) {
    case 'i': *(ffi_arg *)result = (ffi_arg)(ffi_sarg)(int32_t)slots[0]; break;
    case 'f': memcpy(result, &slots[0], 4); break;
    case 'I': case 'F': case 'r': memcpy(result, &slots[0], 8); break;
    default: break;
  }
  /* The thunk has jumped here: nothing returns to it. */
  closure_leave(closure);
}

/* Whether a function has the types that the signature tells. */
static bool has_types(const wasm_func_t *function, const struct signature *signature) {
  wasm_functype_t *type = wasm_func_type(function);
  const wasm_valtype_vec_t *params = wasm_functype_params(type), *results = wasm_functype_results(type);
  bool fits = params->size == signature->count && results->size == (signature->result ? 1 : 0);
  for (size_t i = 0; fits && i < params->size; i++)
    fits = wasm_valtype_kind(params->data[i]) == kind_of(signature->letters[i], false);
  if (fits && signature->result) fits = wasm_valtype_kind(results->data[0]) == kind_of(signature->result, false);
  wasm_functype_delete(type);
  return fits;
}

cannery_error_t *cannery_closure_new(const wasm_func_t *function, const char *signature, cannery_closure_t **out) {
  char message[128];
  if (!function || !out) return cannery_error_new(CANNERY_ERROR_ARGUMENT, "an argument is NULL");
  cannery_closure_t *closure = cannery_allocate(sizeof *closure);
  memset(closure, 0, sizeof *closure);
  atomic_init(&closure->users, 1);
  if (!read_signature(&closure->signature, signature, "iIfFr", message)) {
    cannery_release(closure);
    return cannery_error_new(CANNERY_ERROR_ARGUMENT, message);
  }
  if (!has_types(function, &closure->signature)) {
    cannery_release(closure);
    return cannery_error_new(CANNERY_ERROR_ARGUMENT, "the function's type is another than the signature says");
  }
  closure->closure = ffi_closure_alloc(sizeof(ffi_closure), &closure->code);
  if (!closure->closure ||
      ffi_prep_closure_loc(closure->closure, &closure->signature.cif, call_function, closure, closure->code) != FFI_OK) {
    if (closure->closure) ffi_closure_free(closure->closure);
    cannery_release(closure);
    return cannery_error_new(CANNERY_ERROR_RESOURCE, "the system gives no memory for a closure");
  }
  closure->function = wasm_func_copy(function);
  *out = closure;
  return NULL;
}

cannery_c_function_t cannery_closure_function(const cannery_closure_t *closure) {
  cannery_c_function_t function;
  if (!closure) return NULL;
  memcpy(&function, &closure->code, sizeof function);
  return function;
}

wasm_trap_t *cannery_closure_trap(cannery_closure_t *closure) {
  return closure ? atomic_exchange(&closure->trap, NULL) : NULL;
}

void cannery_closure_delete(cannery_closure_t *closure) {
  if (closure) closure_leave(closure);
}
