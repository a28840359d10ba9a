/* C functions as host functions, and functions of WebAssembly as C functions. */

#include "check.h"

static int32_t checksum(int32_t seed, int32_t factor, void *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) seed = seed * factor + ((unsigned char *)bytes)[i];
  return seed;
}

static double mix(int64_t a, float b, double c) { return (double)a + b + c; }
static float half(float x) { return x / 2; }
static int64_t length(const char *text) { return (int64_t)strlen(text); }

struct counter {
  int calls, ended;
};
static void count(void *env, cannery_caller_t *caller, int32_t limit) {
  struct counter *counter = env;
  if (++counter->calls > limit) cannery_caller_trap(caller, "called too often");
}
static void end(void *env) { ((struct counter *)env)->ended++; }
static uintptr_t same(uintptr_t reference) { return reference; }

/* As many as registers take, in any order; and one float more. */
static double spread(
    int32_t a, double b, float c, int64_t d, double e, double f, int32_t g, float h, int32_t i, double j, double k, int64_t l,
    double m, int32_t n) {
  return a - 2 * b + 3 * c - 4 * (double)d + 5 * e - 6 * f + 7 * g - 8 * h + 9 * i - 10 * j + 11 * k - 12 * (double)l + 13 * m -
         14 * n;
}
static float spill(double a, double b, float c, double d, double e, double f, double g, double h, double i, int32_t j) {
  return (float)(a - 2 * b + 3 * c - 4 * d + 5 * e - 6 * f + 7 * g - 8 * h + 9 * i - 10 * j);
}

static void many(wasm_store_t *store) {
  wasm_func_t *host[] = {
      cannery_func_new_c(store, NULL, "(iFfIFFifiFFIFi)F", (cannery_c_function_t)spread, NULL, NULL),
      cannery_func_new_c(store, NULL, "(FFfFFFFFFi)f", (cannery_c_function_t)spill, NULL, NULL)};
  wasm_extern_t *imports[] = {wasm_func_as_extern(host[0]), wasm_func_as_extern(host[1])};
  wasm_instance_t *instance = instance_of(
      store,
      "(module (import \"h\" \"a\" (func $a (param i32 f64 f32 i64 f64 f64 i32 f32 i32 f64 f64 i64 f64 i32) (result f64)))"
      "  (import \"h\" \"b\" (func $b (param f64 f64 f32 f64 f64 f64 f64 f64 f64 i32) (result f32)))"
      "  (func (export \"a\") (result f64) (call $a (i32.const -1) (f64.const 2.5) (f32.const -3.25) (i64.const -4) (f64.const 5)"
      "    (f64.const 6) (i32.const 7) (f32.const 8) (i32.const -9) (f64.const 10) (f64.const 11) (i64.const 12) (f64.const 13)"
      "    (i32.const 14)))"
      "  (func (export \"b\") (result f32) (call $b (f64.const 1) (f64.const 2.5) (f32.const -3.25) (f64.const -4) (f64.const 5)"
      "    (f64.const 6) (f64.const 7) (f64.const 8) (f64.const -9) (i32.const -10))))",
      imports, 2);
  wasm_func_t *functions[] = {func_of(instance, 0), func_of(instance, 1)};
  uint64_t slot[1] = {0};
  double number = spread(-1, 2.5, -3.25f, -4, 5, 6, 7, 8, -9, 10, 11, 12, 13, 14);
  CHECK(cannery_func_call(functions[0], slot, 1) == NULL && memcmp(slot, &number, 8) == 0);
  float small = spill(1, 2.5, -3.25f, -4, 5, 6, 7, 8, -9, -10);
  CHECK(cannery_func_call(functions[1], slot, 1) == NULL && memcmp(slot, &small, 4) == 0);
  for (int i = 0; i < 2; i++) wasm_func_delete(functions[i]), wasm_func_delete(host[i]);
  wasm_instance_delete(instance);
}

/* A host function that is a module's start function is called by that module, whose memory it gets. */
static int noted;
static void note_caller(cannery_caller_t *caller) {
  size_t size = 0;
  const char *memory = cannery_caller_memory(caller, 0, &size);
  wasm_instance_t *instance = cannery_caller_instance(caller);
  CHECK(memory && size == 65536 && memory[3] == 'z' && instance);
  wasm_instance_delete(instance);
  noted++;
}

static void start_function(wasm_store_t *store) {
  wasm_func_t *host = cannery_func_new_c(store, NULL, "(c)", (cannery_c_function_t)note_caller, NULL, NULL);
  wasm_extern_t *imports[] = {wasm_func_as_extern(host)};
  const char *text = "(module (import \"h\" \"f\" (func $f)) (memory 1) (data (i32.const 3) \"z\") (start $f))";
  wasm_instance_delete(instance_of(store, text, imports, 1));
  CHECK(noted == 1);
  wasm_func_delete(host);
}

static int32_t add_eight(int32_t a, int32_t b, int32_t c, int32_t d, int32_t e, int32_t f, int32_t g, int32_t h) {
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}

#define FUNCTION(f) ((cannery_c_function_t)(f))

static const char module32[] =
    "(module (import \"h\" \"checksum\" (func $checksum (param i32 i32 i32 i32) (result i32)))"
    "  (import \"h\" \"mix\" (func $mix (param i64 f32 f64) (result f64)))"
    "  (import \"h\" \"half\" (func $half (param f32) (result f32)))"
    "  (import \"h\" \"length\" (func $length (param i32) (result i64)))"
    "  (import \"h\" \"count\" (func $count (param i32)))"
    "  (import \"h\" \"same\" (func $same (param externref) (result externref)))"
    "  (import \"h\" \"eight\" (func $eight (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))"
    "  (memory (export \"m\") 1) (data (i32.const 100) \"hello\\00\") (data (i32.const 65532) \"tail\")"
    "  (func (export \"checksum\") (param i32 i32) (result i32)"
    "    (call $checksum (i32.const 7) (i32.const 31) (local.get 0) (local.get 1)))"
    "  (func (export \"mix\") (param i64 f32 f64) (result f64) (call $mix (local.get 0) (local.get 1) (local.get 2)))"
    "  (func (export \"half\") (param f32) (result f32) (call $half (local.get 0)))"
    "  (func (export \"length\") (param i32) (result i64) (call $length (local.get 0)))"
    "  (func (export \"count\") (param i32) (call $count (local.get 0)))"
    "  (func (export \"same\") (param externref) (result externref) (call $same (local.get 0)))"
    "  (func (export \"eight\") (result i32) (call $eight (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4)"
    "    (i32.const 5) (i32.const 6) (i32.const 7) (i32.const -8)))"
    "  (func (export \"divide\") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))"
    "  (func (export \"widen\") (param f32) (result f64) (f64.promote_f32 (local.get 0))))";

static void both_ways(wasm_store_t *store, struct counter *counter) {
  wasm_func_t *host[] = {
      cannery_func_new_c(store, "checksum", "(ii*~)i", FUNCTION(checksum), NULL, NULL),
      cannery_func_new_c(store, "mix", "(IfF)F", FUNCTION(mix), NULL, NULL),
      cannery_func_new_c(store, "half", "(f)f", FUNCTION(half), NULL, NULL),
      cannery_func_new_c(store, "length", "($)I", FUNCTION(length), NULL, NULL),
      cannery_func_new_c(store, "count", "(eci)", FUNCTION(count), counter, end),
      cannery_func_new_c(store, "same", "(r)r", FUNCTION(same), NULL, NULL),
      cannery_func_new_c(store, "eight", "(iiiiiiii)i", FUNCTION(add_eight), NULL, NULL),
  };
  wasm_extern_t *imports[7];
  for (int i = 0; i < 7; i++) {
    CHECK(host[i]);
    imports[i] = wasm_func_as_extern(host[i]);
  }
  wasm_instance_t *instance = instance_of(store, module32, imports, 7);
  wasm_func_t *functions[9];
  for (int i = 0; i < 9; i++) functions[i] = func_of(instance, i + 1);
  uint64_t slots[3] = {100, 5, 0};
  CHECK(cannery_func_call(functions[0], slots, 3) == NULL && (int32_t)slots[0] == checksum(7, 31, "hello", 5));
  /* Buffers at the memory's end, and beyond. */
  slots[0] = 65532, slots[1] = 4;
  CHECK(cannery_func_call(functions[0], slots, 3) == NULL && (int32_t)slots[0] == checksum(7, 31, "tail", 4));
  slots[0] = 65536, slots[1] = 0;
  CHECK(cannery_func_call(functions[0], slots, 3) == NULL && slots[0] == 7);
  slots[0] = 65532, slots[1] = 5;
  TRAPS(cannery_func_call(functions[0], slots, 3), CANNERY_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS);
  slots[0] = 0xFFFFFFFF, slots[1] = 0xFFFFFFFF;
  TRAPS(cannery_func_call(functions[0], slots, 3), CANNERY_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS);
  wasm_val_t mixed[3] = {WASM_I64_VAL(-5), WASM_F32_VAL(0.5f), WASM_F64_VAL(0.25)}, result[1] = {WASM_INIT_VAL};
  wasm_val_vec_t args = {3, mixed}, results = {1, result};
  CHECK(wasm_func_call(functions[1], &args, &results) == NULL && result[0].of.f64 == -4.25);
  wasm_val_t seven[1] = {WASM_F32_VAL(7)};
  args.size = 1, args.data = seven;
  CHECK(wasm_func_call(functions[2], &args, &results) == NULL && result[0].of.f32 == 3.5f);
  slots[0] = 100;
  CHECK(cannery_func_call(functions[3], slots, 3) == NULL && slots[0] == 5);
  /* A string that doesn't end. */
  slots[0] = 65533;
  TRAPS(cannery_func_call(functions[3], slots, 3), CANNERY_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS);
  slots[0] = 1;
  CHECK(cannery_func_call(functions[4], slots, 3) == NULL);
  slots[0] = 1;
  wasm_trap_t *trap = cannery_func_call(functions[4], slots, 3);
  CHECK(trap && counter->calls == 2);
  wasm_message_t message;
  wasm_trap_message(trap, &message);
  CHECK(strcmp(message.data, "called too often") == 0);
  wasm_name_delete(&message), wasm_trap_delete(trap);
  wasm_foreign_t *foreign = wasm_foreign_new(store);
  wasm_val_t given[1] = {WASM_REF_VAL(wasm_foreign_as_ref(foreign))};
  args.data = given;
  CHECK(wasm_func_call(functions[5], &args, &results) == NULL && wasm_ref_same(result[0].of.ref, given[0].of.ref));
  wasm_val_delete(&result[0]), wasm_foreign_delete(foreign);
  CHECK(cannery_func_call(functions[6], slots, 3) == NULL);
  CHECK((int32_t)slots[0] == 1 + 4 + 9 + 16 + 25 + 36 + 49 - 64);

  /* A function of WebAssembly as a C function. */
  cannery_closure_t *closure = NULL, *widen = NULL;
  SUCCEED(cannery_closure_new(functions[7], "(ii)i", &closure));
  int32_t (*divide)(int32_t, int32_t) = (int32_t (*)(int32_t, int32_t))cannery_closure_function(closure);
  CHECK(divide(-42, 6) == -7 && cannery_closure_trap(closure) == NULL);
  CHECK(divide(1, 0) == 0);
  TRAPS(cannery_closure_trap(closure), CANNERY_TRAP_INTEGER_DIVIDE_BY_ZERO);
  CHECK(cannery_closure_trap(closure) == NULL && divide(9, 3) == 3);
  SUCCEED(cannery_closure_new(functions[8], "(f)F", &widen));
  CHECK(((double (*)(float))cannery_closure_function(widen))(0.5f) == 0.5);
  FAIL(cannery_closure_new(functions[8], "(F)F", &widen), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_closure_new(functions[8], "(f)", &widen), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_closure_new(functions[0], "(*~)i", &widen), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_closure_new(NULL, "()", &widen), CANNERY_ERROR_ARGUMENT);
  cannery_closure_delete(closure), cannery_closure_delete(widen), cannery_closure_delete(NULL);

  for (int i = 0; i < 7; i++) wasm_func_delete(host[i]);
  for (int i = 0; i < 9; i++) wasm_func_delete(functions[i]);
  wasm_instance_delete(instance);
}

static void memory64(wasm_store_t *store) {
  wasm_func_t *host = cannery_func_new_c(store, "checksum", "64(ii*~)i", FUNCTION(checksum), NULL, NULL);
  wasm_extern_t *imports[] = {wasm_func_as_extern(host)};
  wasm_instance_t *instance = instance_of(
      store,
      "(module (import \"h\" \"checksum\" (func $checksum (param i32 i32 i64 i64) (result i32))) (memory i64 1)"
      "  (data (i64.const 8) \"sixty\") (func (export \"f\") (param i64 i64) (result i32)"
      "    (call $checksum (i32.const 1) (i32.const 2) (local.get 0) (local.get 1))))",
      imports, 1);
  wasm_func_t *function = func_of(instance, 0);
  uint64_t slots[2] = {8, 5};
  CHECK(cannery_func_call(function, slots, 2) == NULL && (int32_t)slots[0] == checksum(1, 2, "sixty", 5));
  slots[0] = UINT64_MAX - 1, slots[1] = 5;
  TRAPS(cannery_func_call(function, slots, 2), CANNERY_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS);
  slots[0] = 8, slots[1] = UINT64_MAX;
  TRAPS(cannery_func_call(function, slots, 2), CANNERY_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS);
  wasm_func_delete(function), wasm_func_delete(host), wasm_instance_delete(instance);
}

static void wrong_signatures(wasm_store_t *store) {
  const char *signatures[] = {NULL, "", "i", "(", "(i", "(~)", "(i~)", "(q)", "()x", "()ii", "()*", "32()", "64", "(i)i ", "(\xff)"};
  for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
    CHECK(cannery_func_new_c(store, "f", signatures[i], FUNCTION(half), NULL, NULL) == NULL);
    cannery_error_t *why = cannery_last_error();
    CHECK(why && cannery_error_kind(why) == CANNERY_ERROR_ARGUMENT);
    cannery_error_delete(why);
  }
  char many[80] = "(";
  memset(many + 1, 'i', 65);
  strcpy(many + 66, ")");
  CHECK(cannery_func_new_c(store, "f", many, FUNCTION(half), NULL, NULL) == NULL);
  CHECK(cannery_func_new_c(store, "f", "()", NULL, NULL, NULL) == NULL);
  CHECK(cannery_func_new_c(NULL, "f", "()", FUNCTION(half), NULL, NULL) == NULL);
}

int main(void) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  struct counter counter = {0, 0};
  both_ways(store, &counter);
  memory64(store);
  wrong_signatures(store);
  CHECK(counter.ended == 0);
  many(store);
  start_function(store);
  wasm_store_delete(store);
  CHECK(counter.ended == 1);
  wasm_engine_delete(engine);
  puts("natural: passed");
  return 0;
}
