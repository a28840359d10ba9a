/* What calls between C and WebAssembly cost, with Cannery's C library and, if it is given, with wasmtime's in the same
 * process, by turns. Prints a table of medians in nanoseconds a call.
 *   embedding LIBCANNERY [LIBWASMTIME] [ROUNDS] */

#include <cannery.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CALLS = 100000, ROUNDS_AT_MOST = 1001 };

static const char text[] =
    "(module (import \"h\" \"f\" (func $f (param i32 i64) (result i64))) (memory 1)"
    "  (func (export \"add\") (param i32 i64) (result i64) (i64.add (i64.extend_i32_u (local.get 0)) (local.get 1)))"
    "  (func (export \"calls\") (param $n i32) (param $sum i64) (result i64)"
    "    (loop (local.set $sum (call $f (local.get $n) (local.get $sum)))"
    "      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $sum))"
    "  (func (export \"none\") (param $n i32) (param $sum i64) (result i64)"
    "    (loop (local.set $sum (i64.add (i64.extend_i32_u (local.get $n)) (local.get $sum)))"
    "      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $sum)))";
/* The sum that all of them give. */
static const uint64_t sum = (uint64_t)CALLS * (CALLS + 1) / 2;

static void *cannery, *wasmtime;

static void fail(const char *what) {
  fprintf(stderr, "embedding: %s\n", what);
  exit(1);
}

/* The function `name` of a library, for a pointer of its type. */
static void *function(void *library, const char *name) {
  void *found = dlsym(library, name);
  if (!found) fail(name);
  return found;
}
#define FROM(library, name) ((__typeof__(&name))function(library, #name))

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* ---- Host functions ---- */

static wasm_trap_t *by_values(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  results->data[0].kind = WASM_I64;
  results->data[0].of.i64 = (int64_t)((uint64_t)(uint32_t)args->data[0].of.i32 + (uint64_t)args->data[1].of.i64);
  return NULL;
}

static wasm_trap_t *by_slots(void *env, cannery_caller_t *caller, uint64_t *slots) {
  (void)env, (void)caller;
  slots[0] = (uint32_t)slots[0] + slots[1];
  return NULL;
}

static int64_t natural(int32_t left, int64_t right) { return (int64_t)(uint32_t)left + right; }
static int64_t natural_with_buffer(void *buffer, size_t size, int64_t right) {
  (void)buffer;
  return (int64_t)size + right;
}

/* ---- What both libraries share: wasm.h ---- */

struct standard {
  void *library;
  wasm_func_t *exports[3];
  __typeof__(&wasm_func_call) call;
};

static void standard_open(struct standard *it, void *library, const wasm_byte_vec_t *binary, wasm_store_t *store, wasm_func_t *host) {
  it->library = library;
  it->call = FROM(library, wasm_func_call);
  wasm_module_t *module = FROM(library, wasm_module_new)(store, binary);
  if (!module) fail("the module is refused");
  wasm_extern_t *imports[] = {FROM(library, wasm_func_as_extern)(host)};
  wasm_extern_vec_t given = {1, imports}, exports;
  wasm_instance_t *instance = FROM(library, wasm_instance_new)(store, module, &given, NULL);
  if (!instance) fail("no instance");
  FROM(library, wasm_instance_exports)(instance, &exports);
  for (int i = 0; i < 3; i++) it->exports[i] = FROM(library, wasm_extern_as_func)(exports.data[i]);
}

static wasm_functype_t *host_type(void *library) {
  __typeof__(&wasm_valtype_new) new_type = FROM(library, wasm_valtype_new);
  wasm_valtype_t *list[] = {new_type(WASM_I32), new_type(WASM_I64)}, *one[] = {new_type(WASM_I64)};
  wasm_valtype_vec_t params, results;
  FROM(library, wasm_valtype_vec_new)(&params, 2, list);
  FROM(library, wasm_valtype_vec_new)(&results, 1, one);
  return FROM(library, wasm_functype_new)(&params, &results);
}

static double standard_call(struct standard *it, int which) {
  wasm_val_t values[2] = {WASM_I32_VAL(CALLS), WASM_I64_VAL(0)}, result[1];
  wasm_val_vec_t args = {2, values}, results = {1, result};
  double start = now();
  if (which == 0) {
    for (int i = 1; i <= CALLS; i++) {
      values[0].of.i32 = i;
      if (it->call(it->exports[0], &args, &results)) fail("a trap");
      values[1].of.i64 = result[0].of.i64;
    }
  } else if (it->call(it->exports[which], &args, &results)) {
    fail("a trap");
  }
  double took = now() - start;
  if ((uint64_t)result[0].of.i64 != sum && sum) fail("a wrong sum");
  return took / CALLS;
}

/* ---- Cannery's fast ways ---- */

struct fast {
  wasm_func_t *exports[3];
  __typeof__(&cannery_func_call) call;
  int64_t (*closure)(int32_t, int64_t);
};

static double fast_call(struct fast *it, int which) {
  uint64_t slots[2] = {CALLS, 0};
  double start = now();
  if (which == 0) {
    slots[0] = 0;
    for (int i = 1; i <= CALLS; i++) {
      slots[1] = slots[0];
      slots[0] = (uint32_t)i;
      if (it->call(it->exports[0], slots, 2)) fail("a trap");
    }
  } else if (it->call(it->exports[which], slots, 2)) {
    fail("a trap");
  }
  double took = now() - start;
  if (slots[0] != sum) fail("a wrong sum");
  return took / CALLS;
}

static double closure_call(struct fast *it) {
  int64_t total = 0;
  double start = now();
  for (int i = 1; i <= CALLS; i++) total = it->closure(i, total);
  double took = now() - start;
  if ((uint64_t)total != sum) fail("a wrong sum");
  return took / CALLS;
}

/* ---- wasmtime's fast ways: declared here as its documentation describes them ---- */

typedef struct { uint64_t store; void *inner; } foreign_func;
typedef union { uint64_t number; uint64_t room[2]; } foreign_raw;
typedef struct { uint8_t kind; uint64_t of[6]; } foreign_extern;

static void *raw_callback(void *env, void *caller, foreign_raw *values, size_t count) {
  (void)env, (void)caller, (void)count;
  values[0].number = (uint32_t)values[0].number + values[1].number;
  return NULL;
}

struct unchecked {
  void *context;
  foreign_func exports[3];
  void *(*call)(void *context, const foreign_func *, foreign_raw *, size_t count, void **trap);
};

static void unchecked_open(struct unchecked *it, const wasm_byte_vec_t *binary) {
  void *(*store_new)(void *, void *, void *) = (void *(*)(void *, void *, void *))function(wasmtime, "wasmtime_store_new");
  void *(*store_context)(void *) = (void *(*)(void *))function(wasmtime, "wasmtime_store_context");
  void *(*module_new)(void *, const void *, size_t, void **) =
      (void *(*)(void *, const void *, size_t, void **))function(wasmtime, "wasmtime_module_new");
  void (*func_new)(void *, const wasm_functype_t *, void *(*)(void *, void *, foreign_raw *, size_t), void *, void *, foreign_func *) =
      (void (*)(void *, const wasm_functype_t *, void *(*)(void *, void *, foreign_raw *, size_t), void *, void *, foreign_func *))
          function(wasmtime, "wasmtime_func_new_unchecked");
  void *(*instance_new)(void *, void *, const foreign_extern *, size_t, uint64_t *, void **) =
      (void *(*)(void *, void *, const foreign_extern *, size_t, uint64_t *, void **))function(wasmtime, "wasmtime_instance_new");
  bool (*export_get)(void *, const uint64_t *, const char *, size_t, foreign_extern *) =
      (bool (*)(void *, const uint64_t *, const char *, size_t, foreign_extern *))function(wasmtime, "wasmtime_instance_export_get");
  it->call = (void *(*)(void *, const foreign_func *, foreign_raw *, size_t, void **))function(
      wasmtime, "wasmtime_func_call_unchecked");
  void *engine = FROM(wasmtime, wasm_engine_new)();
  it->context = store_context(store_new(engine, NULL, NULL));
  void *module = NULL, *trap = NULL;
  if (module_new(engine, binary->data, binary->size, &module)) fail("wasmtime refuses the module");
  foreign_extern import = {0, {0}};
  foreign_func host;
  func_new(it->context, host_type(wasmtime), raw_callback, NULL, NULL, &host);
  memcpy(import.of, &host, sizeof host);
  uint64_t instance[4];
  if (instance_new(it->context, module, &import, 1, instance, &trap) || trap) fail("wasmtime makes no instance");
  const char *names[] = {"add", "calls", "none"};
  for (int i = 0; i < 3; i++) {
    foreign_extern export;
    if (!export_get(it->context, instance, names[i], strlen(names[i]), &export)) fail("wasmtime has no such export");
    memcpy(&it->exports[i], export.of, sizeof it->exports[i]);
  }
}

static double unchecked_call(struct unchecked *it, int which) {
  foreign_raw values[2] = {{CALLS}, {0}};
  void *trap = NULL;
  double start = now();
  if (which == 0) {
    values[0].number = 0;
    for (int i = 1; i <= CALLS; i++) {
      values[1].number = values[0].number;
      values[0].number = (uint32_t)i;
      if (it->call(it->context, &it->exports[0], values, 2, &trap)) fail("an error");
    }
  } else if (it->call(it->context, &it->exports[which], values, 2, &trap)) {
    fail("an error");
  }
  double took = now() - start;
  if (trap || values[0].number != sum) fail("a wrong sum");
  return took / CALLS;
}

/* ---- The table ---- */

enum { ENTER_SLOTS, ENTER_CLOSURE, ENTER_VALUES, HOST_SLOTS, HOST_NATURAL, HOST_BUFFER, HOST_VALUES, COUNT };
static const char *const titles[COUNT] = {
    "export called from C, raw slots", "export called from C, as a C function pointer (libffi)",
    "export called from C, `wasm_func_call`", "host call, raw slots", "host call, a plain C function",
    "host call, a plain C function with a buffer", "host call, `wasm_func_new`"};
static double samples[2][COUNT][ROUNDS_AT_MOST];

static int compare(const void *left, const void *right) {
  double difference = *(const double *)left - *(const double *)right;
  return (difference > 0) - (difference < 0);
}

int main(int count, char **arguments) {
  if (count < 2) fail("usage: embedding LIBCANNERY [LIBWASMTIME] [ROUNDS]");
  cannery = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (!cannery) fail(dlerror());
  if (count > 2 && arguments[2][0]) {
    wasmtime = dlopen(arguments[2], RTLD_NOW | RTLD_LOCAL);
    if (!wasmtime) fail(dlerror());
  }
  int rounds = count > 3 ? atoi(arguments[3]) : 31;
  if (rounds < 1 || rounds > ROUNDS_AT_MOST) fail("that many rounds can't be");

  wasm_byte_vec_t binary;
  if (FROM(cannery, cannery_wat2wasm)(text, strlen(text), &binary)) fail("the text is refused");
  /* Counting instructions, as users of Cannery do. */
  wasm_config_t *config = FROM(cannery, wasm_config_new)();
  FROM(cannery, cannery_config_set_metering)(config, CANNERY_METERING_ICP);
  wasm_store_t *store = FROM(cannery, wasm_store_new)(FROM(cannery, wasm_engine_new_with_config)(config));
  wasm_functype_t *type = host_type(cannery);
  struct standard ours, slots, plain, buffer, theirs;
  standard_open(&ours, cannery, &binary, store, FROM(cannery, wasm_func_new)(store, type, by_values));
  standard_open(&slots, cannery, &binary, store, FROM(cannery, cannery_func_new)(store, type, "f", by_slots, NULL, NULL));
  standard_open(
      &plain, cannery, &binary, store,
      FROM(cannery, cannery_func_new_c)(store, "f", "(iI)I", (cannery_c_function_t)natural, NULL, NULL));
  struct fast fast = {.call = FROM(cannery, cannery_func_call)};
  memcpy(fast.exports, slots.exports, sizeof fast.exports);
  cannery_closure_t *closure = NULL;
  if (FROM(cannery, cannery_closure_new)(slots.exports[0], "(iI)I", &closure)) fail("no closure");
  fast.closure = (int64_t(*)(int32_t, int64_t))FROM(cannery, cannery_closure_function)(closure);
  /* A buffer at 0 of a size that the loop gives: within the memory. */
  static const char with_buffer[] =
      "(module (import \"h\" \"f\" (func $f (param i32 i32 i64) (result i64))) (memory 1)"
      "  (func (export \"add\") (param i32 i64) (result i64) (local.get 1))"
      "  (func (export \"calls\") (param $n i32) (param $sum i64) (result i64)"
      "    (loop (local.set $sum (call $f (i32.const 0) (i32.const 16) (local.get $sum)))"
      "      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))"
      "    (i64.add (local.get $sum) (i64.const -1600000)))"
      "  (func (export \"none\") (param $n i32) (param $sum i64) (result i64) (local.get 1)))";
  wasm_byte_vec_t second;
  if (FROM(cannery, cannery_wat2wasm)(with_buffer, strlen(with_buffer), &second)) fail("the text is refused");
  standard_open(
      &buffer, cannery, &second, store,
      FROM(cannery, cannery_func_new_c)(store, "f", "(*~I)I", (cannery_c_function_t)natural_with_buffer, NULL, NULL));
  struct unchecked unchecked;
  if (wasmtime) {
    wasm_store_t *foreign = FROM(wasmtime, wasm_store_new)(FROM(wasmtime, wasm_engine_new)());
    standard_open(&theirs, wasmtime, &binary, foreign, FROM(wasmtime, wasm_func_new)(foreign, host_type(wasmtime), by_values));
    unchecked_open(&unchecked, &binary);
  }

  for (int round = 0; round < rounds; round++) {
    double loop = fast_call(&fast, 2);
    samples[0][ENTER_SLOTS][round] = fast_call(&fast, 0);
    samples[0][ENTER_CLOSURE][round] = closure_call(&fast);
    samples[0][ENTER_VALUES][round] = standard_call(&ours, 0);
    samples[0][HOST_SLOTS][round] = fast_call(&fast, 1) - loop;
    samples[0][HOST_NATURAL][round] = standard_call(&plain, 1) - loop;
    /* Its result is of its own: 16 each time, taken off again. */
    uint64_t numbers[2] = {CALLS, 0};
    double start = now();
    if (fast.call(buffer.exports[1], numbers, 2) || numbers[0] != 0) fail("a wrong sum");
    samples[0][HOST_BUFFER][round] = (now() - start) / CALLS - loop;
    samples[0][HOST_VALUES][round] = standard_call(&ours, 1) - loop;
    if (!wasmtime) continue;
    double their_loop = unchecked_call(&unchecked, 2);
    samples[1][ENTER_SLOTS][round] = unchecked_call(&unchecked, 0);
    samples[1][ENTER_VALUES][round] = standard_call(&theirs, 0);
    samples[1][HOST_SLOTS][round] = unchecked_call(&unchecked, 1) - their_loop;
    samples[1][HOST_VALUES][round] = standard_call(&theirs, 1) - their_loop;
  }

  printf("| ns a call, median of %d batches of %d | cannery | wasmtime |\n| --- | --- | --- |\n", rounds, CALLS);
  for (int i = 0; i < COUNT; i++) {
    printf("| %s |", titles[i]);
    for (int who = 0; who < 2; who++) {
      qsort(samples[who][i], (size_t)rounds, sizeof(double), compare);
      bool is_measured = who == 0 || (wasmtime && (i == ENTER_SLOTS || i == ENTER_VALUES || i == HOST_SLOTS || i == HOST_VALUES));
      if (is_measured) printf(" %.1f |", samples[who][i][rounds / 2]);
      else printf(" – |");
    }
    printf("\n");
  }
  return 0;
}
