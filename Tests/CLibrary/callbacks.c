/* Callbacks that give too much, or the wrong thing, or change their mind. */

#include "check.h"

static wasm_engine_t *engine;
static wasm_store_t *store;

static int32_t twice(int32_t x) { return 2 * x; }

static wasm_trap_t *generous(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  int way = args->data[0].of.i32;
  wasm_foreign_t *foreign = wasm_foreign_new(store);
  results->data[0] = (wasm_val_t){.kind = WASM_EXTERNREF, .of = {.ref = wasm_foreign_as_ref(foreign)}};
  if (way == 0) return NULL;
  if (way == 1) return wasm_trap_new(store, &(wasm_message_t){4, (char[]){'w', 'h', 'y', 0}});
  results->data[0].kind = WASM_FUNCREF;
  return NULL;
}

static wasm_trap_t *undecided(void *env, cannery_caller_t *caller, uint64_t *slots) {
  (void)env;
  wasm_trap_t *trap = cannery_suspend(caller);
  if (slots[0] == 1) {
    wasm_trap_delete(trap);
    return wasm_trap_new(store, &(wasm_message_t){3, (char[]){'n', 'o', 0}});
  }
  if (slots[0] == 2) cannery_caller_trap(caller, "never");
  return trap;
}

static wasm_trap_t *pass_on(void *env, cannery_caller_t *caller, uint64_t *slots) {
  (void)caller;
  return cannery_func_call(*(wasm_func_t **)env, slots, 1);
}

static void generosity(void) {
  wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_externref());
  wasm_functype_t *plain = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_func_t *inner = NULL;
  wasm_func_t *host[] = {
      wasm_func_new(store, type, generous), cannery_func_new(store, plain, NULL, undecided, NULL, NULL),
      cannery_func_new(store, plain, NULL, pass_on, &inner, NULL)};
  wasm_extern_t *imports[] = {wasm_func_as_extern(host[0]), wasm_func_as_extern(host[1]), wasm_func_as_extern(host[2])};
  wasm_instance_t *instance = instance_of(
      store,
      "(module (import \"h\" \"g\" (func $g (param i32) (result externref))) (import \"h\" \"u\" (func $u (param i32) (result i32)))"
      "  (import \"h\" \"p\" (func $p (param i32) (result i32)))"
      "  (func (export \"g\") (param i32) (drop (call $g (local.get 0))))"
      "  (func (export \"u\") (param i32) (result i32) (call $u (local.get 0)))"
      "  (func (export \"p\") (param i32) (result i32) (call $p (local.get 0)))"
      "  (func (export \"divide\") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0))))",
      imports, 3);
  wasm_func_t *give = func_of(instance, 0), *decide = func_of(instance, 1), *pass = func_of(instance, 2);
  inner = func_of(instance, 3);
  uint64_t slot[1] = {0};
  CHECK(cannery_func_call(give, slot, 1) == NULL);
  for (uint64_t way = 1; way < 3; way++) {
    slot[0] = way;
    TRAPS(cannery_func_call(give, slot, 1), CANNERY_TRAP_HOST);
  }
  /* Who asks to wait and traps, traps. */
  for (uint64_t way = 1; way < 3; way++) {
    cannery_execution_t *execution = NULL;
    cannery_state_t state;
    SUCCEED(cannery_execution_new_slots(decide, &way, 1, CANNERY_UNLIMITED, &execution));
    SUCCEED(cannery_execution_run(execution, &state));
    CHECK(state == CANNERY_TRAPPED);
    cannery_execution_delete(execution);
  }
  /* A trap of Wasm code that is passed on stays what it is. */
  slot[0] = 0;
  wasm_trap_t *trap = cannery_func_call(pass, slot, 1);
  CHECK(trap && cannery_trap_kind(trap) == CANNERY_TRAP_INTEGER_DIVIDE_BY_ZERO);
  wasm_frame_vec_t frames;
  wasm_trap_trace(trap, &frames);
  CHECK(frames.size > 0 && wasm_frame_func_index(frames.data[0]) == 6);
  wasm_frame_vec_delete(&frames), wasm_trap_delete(trap);
  /* A plain C function that goes well leaves no error. */
  wasm_memory_grow(NULL, 1);
  cannery_error_t *before = cannery_last_error(), *after;
  wasm_func_t *c = cannery_func_new_c(store, NULL, "(i)i", (cannery_c_function_t)twice, NULL, NULL);
  wasm_extern_t *one[] = {wasm_func_as_extern(c)};
  wasm_instance_t *calling = instance_of(
      store, "(module (import \"h\" \"f\" (func $f (param i32) (result i32))) (export \"f\" (func $f)))", one, 1);
  wasm_func_t *exported = func_of(calling, 0);
  FAIL(cannery_module_validate(engine, "(", 1), CANNERY_ERROR_MALFORMED);
  slot[0] = 21;
  CHECK(cannery_func_call(exported, slot, 1) == NULL && slot[0] == 42);
  after = cannery_last_error();
  CHECK(before && after && strcmp(cannery_error_message(before), cannery_error_message(after)) == 0);
  cannery_error_delete(before), cannery_error_delete(after);
  /* Outs are written also where there is nothing to write. */
  wasm_val_t value = {.kind = WASM_EXTERNREF, .of = {.ref = (wasm_ref_t *)&value}};
  wasm_global_get(NULL, &value);
  wasm_val_delete(&value);
  wasm_extern_vec_t exports = {7, (wasm_extern_t **)&value};
  wasm_instance_exports(NULL, &exports);
  wasm_extern_vec_delete(&exports);
  wasm_func_delete(exported), wasm_instance_delete(calling), wasm_func_delete(c);
  wasm_func_delete(give), wasm_func_delete(decide), wasm_func_delete(pass), wasm_func_delete(inner);
  for (int i = 0; i < 3; i++) wasm_func_delete(host[i]);
  wasm_instance_delete(instance), wasm_functype_delete(type), wasm_functype_delete(plain);
}

int main(void) {
  engine = wasm_engine_new();
  store = wasm_store_new(engine);
  generosity();
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  puts("callbacks: passed");
  return 0;
}
