/* Programs that do what they must not: an error, or the end of the process with a message, never anything else. */

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

/* ---- NULL for everything ---- */

/* Every function that the library exports, one name in a line of the file. Integer and pointer arguments travel in the same
 * registers, so that all can be called alike. */
static void nulls(const char *path) {
  FILE *file = fopen(path, "r");
  CHECK(file);
  char name[200];
  int count = 0;
  while (fgets(name, sizeof name, file)) {
    name[strcspn(name, "\n")] = 0;
    void *symbol = dlsym(RTLD_DEFAULT, name);
    if (!symbol) fprintf(stderr, "%s is not exported\n", name);
    CHECK(symbol);
    void *(*function)(void *, void *, void *, void *, void *, void *);
    memcpy(&function, &symbol, sizeof symbol);
    pid_t child = fork();
    if (!child) {
      function(NULL, NULL, NULL, NULL, NULL, NULL);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (status) fprintf(stderr, "%s(NULL …) ended with status %d\n", name, status);
    CHECK(status == 0);
    count++;
  }
  fclose(file);
  CHECK(count > 300);
}

/* ---- Ends of the process ---- */

static wasm_engine_t *engine;
static wasm_store_t *store;

/* Whether the process ends with this message. */
static bool ends_with(void (*body)(void), const char *message) {
  int pipes[2];
  CHECK(pipe(pipes) == 0);
  pid_t child = fork();
  if (!child) {
    dup2(pipes[1], 2);
    close(pipes[0]);
    body();
    _exit(0);
  }
  close(pipes[1]);
  char text[4096];
  size_t size = 0;
  ssize_t got;
  while (size < sizeof text - 1 && (got = read(pipes[0], text + size, sizeof text - 1 - size)) > 0) size += (size_t)got;
  text[size] = 0;
  close(pipes[0]);
  int status = 0;
  waitpid(child, &status, 0);
  bool ended = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(text, message);
  if (!ended) fprintf(stderr, "status %d, not the message '%s' but: %s\n", status, message, text);
  return ended;
}

static void func_as_global(void) {
  wasm_instance_t *instance = instance_of(store, "(module (func (export \"f\")))", NULL, 0);
  wasm_val_t value;
  wasm_global_get((wasm_global_t *)func_of(instance, 0), &value);
}

static void engine_as_store(void) { module_of((wasm_store_t *)engine, "(module)"); }
static void store_as_execution(void) { cannery_execution_instructions((cannery_execution_t *)store); }

static void deleted_reference(void) {
  wasm_instance_t *instance = instance_of(store, "(module (func (export \"f\")))", NULL, 0);
  wasm_func_t *function = func_of(instance, 0);
  wasm_func_delete(function);
  cannery_func_call(function, NULL, 0);
}

static void reference_deleted_twice(void) {
  wasm_instance_t *instance = instance_of(store, "(module (func (export \"f\")))", NULL, 0);
  wasm_instance_delete(instance);
  wasm_instance_delete(instance);
}

static void type_deleted_twice(void) {
  wasm_functype_t *type = wasm_functype_new_0_0();
  wasm_functype_delete(type);
  wasm_functype_delete(type);
}

static void deleted_type(void) {
  wasm_functype_t *type = wasm_functype_new_0_0();
  wasm_functype_delete(type);
  wasm_functype_params(type);
}

static void vector_deleted_twice(void) {
  wasm_byte_vec_t bytes, copy;
  wasm_byte_vec_new_uninitialized(&bytes, 10);
  copy = bytes;
  wasm_byte_vec_delete(&bytes);
  wasm_byte_vec_delete(&copy);
}

static void engine_deleted_twice(void) {
  wasm_engine_t *other = wasm_engine_new();
  wasm_engine_delete(other);
  wasm_engine_delete(other);
}

static void deleted_store(void) {
  wasm_store_t *other = wasm_store_new(engine);
  wasm_store_delete(other);
  module_of(other, "(module)");
}

static void deleted_execution(void) {
  wasm_instance_t *instance = instance_of(store, "(module (func (export \"f\")))", NULL, 0);
  wasm_val_vec_t none = WASM_EMPTY_VEC;
  cannery_execution_t *execution = NULL;
  SUCCEED(cannery_execution_new(func_of(instance, 0), &none, 100, &execution));
  cannery_execution_delete(execution);
  cannery_state_t state;
  cannery_execution_run(execution, &state);
}

/* ---- Several threads in one store ---- */

struct crowd {
  wasm_func_t *function, *same;
  wasm_global_t *global;
  wasm_memory_t *memory;
  wasm_table_t *table;
  wasm_module_t *module;
};

static void *push(void *pointer) {
  struct crowd *crowd = pointer;
  size_t busy = 0;
  for (int round = 0; round < 2000; round++) {
    uint64_t slot[1] = {200};
    wasm_trap_t *trap = cannery_func_call(crowd->function, slot, 1);
    if (trap) {
      wasm_message_t message;
      wasm_trap_message(trap, &message);
      CHECK(strcmp(message.data, "another thread uses the store") == 0);
      wasm_name_delete(&message), wasm_trap_delete(trap);
      busy++;
    } else {
      CHECK(slot[0] == 0);
    }
    /* References are looked up in the store. */
    wasm_foreign_t *foreign = wasm_foreign_new(store);
    wasm_val_t given[1] = {{.kind = WASM_EXTERNREF, .of = {.ref = wasm_foreign_as_ref(foreign)}}}, got[1] = {WASM_INIT_VAL};
    wasm_val_vec_t argument = {1, given}, result = {1, got};
    trap = wasm_func_call(crowd->same, &argument, &result);
    if (trap) wasm_trap_delete(trap);
    else wasm_val_delete(&got[0]);
    wasm_global_set(crowd->global, &given[0]);
    got[0].of.ref = NULL;
    wasm_global_get(crowd->global, &got[0]);
    wasm_val_delete(&got[0]);
    wasm_foreign_delete(foreign);
    wasm_memory_grow(crowd->memory, round % 64 == 0);
    wasm_table_grow(crowd->table, 1, NULL);
    wasm_ref_t *reference = wasm_table_get(crowd->table, (wasm_table_size_t)round);
    wasm_ref_delete(reference);
    wasm_func_t *copy = wasm_func_copy(crowd->function);
    wasm_func_set_host_info(copy, copy == NULL ? NULL : crowd);
    CHECK(wasm_func_same(copy, crowd->function));
    wasm_func_delete(copy);
    char byte;
    cannery_memory_read(crowd->memory, (uint64_t)round * 100, &byte, 1);
    cannery_memory_write(crowd->memory, (uint64_t)round * 100, &byte, 1);
    wasm_trap_t *instance_trap = NULL;
    wasm_instance_t *instance = wasm_instance_new(store, crowd->module, NULL, &instance_trap);
    if (instance) wasm_instance_delete(instance);
    else wasm_trap_delete(instance_trap);
  }
  return (void *)busy;
}

static void crowd(void) {
  wasm_instance_t *instance = instance_of(
      store,
      "(module (memory (export \"m\") 1 64) (table (export \"t\") 1 funcref) (func (export \"f\") (param i32) (result i32)"
      "  (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 0))"
      "  (func (export \"same\") (param externref) (result externref) (local.get 0))"
      "  (global (export \"g\") (mut externref) (ref.null extern)))",
      NULL, 0);
  struct crowd things = {.module = module_of(store, "(module (func nop))")};
  wasm_extern_vec_t exports;
  wasm_instance_exports(instance, &exports);
  things.memory = wasm_extern_as_memory(exports.data[0]);
  things.table = wasm_extern_as_table(exports.data[1]);
  things.function = wasm_extern_as_func(exports.data[2]);
  things.same = wasm_extern_as_func(exports.data[3]);
  things.global = wasm_extern_as_global(exports.data[4]);
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, push, &things) == 0);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  uint64_t slot[1] = {200};
  CHECK(cannery_func_call(things.function, slot, 1) == NULL && slot[0] == 0);
  wasm_extern_vec_delete(&exports), wasm_module_delete(things.module), wasm_instance_delete(instance);
}

/* ---- Host functions that do everything at once ---- */

struct inner {
  wasm_func_t *again;
  wasm_instance_t *instance;
  cannery_execution_t *execution;
  cannery_closure_t *closure;
  int depth;
};

static wasm_trap_t *enter(void *env, cannery_caller_t *caller, uint64_t *slots) {
  struct inner *inner = env;
  (void)caller;
  inner->depth++;
  wasm_trap_t *trap = inner->again ? cannery_func_call(inner->again, slots, 1) : NULL;
  inner->depth--;
  return trap;
}

static const char entering[] =
    "(module (import \"h\" \"f\" (func $f (param i32) (result i32)))"
    "  (func (export \"f\") (param i32) (result i32)"
    "    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 5))"
    "      (else (call $f (i32.sub (local.get 0) (i32.const 1)))))))";

static void reentry(void) {
  struct inner inner = {0};
  wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_func_t *host = cannery_func_new(store, type, "f", enter, &inner, NULL);
  wasm_extern_t *imports[] = {wasm_func_as_extern(host)};
  wasm_instance_t *instance = instance_of(store, entering, imports, 1);
  inner.again = func_of(instance, 0);
  uint64_t slot[1] = {20};
  CHECK(cannery_func_call(inner.again, slot, 1) == NULL && slot[0] == 5 && inner.depth == 0);
  /* Deeper than a store lets calls nest: a trap, and all is as before. */
  slot[0] = 1000000;
  wasm_trap_t *trap = cannery_func_call(inner.again, slot, 1);
  CHECK(trap && inner.depth == 0);
  wasm_trap_delete(trap);
  slot[0] = 3;
  CHECK(cannery_func_call(inner.again, slot, 1) == NULL && slot[0] == 5);
  wasm_func_delete(inner.again), wasm_instance_delete(instance), wasm_func_delete(host), wasm_functype_delete(type);
}

static wasm_trap_t *meddle(void *env, cannery_caller_t *caller, uint64_t *slots) {
  struct inner *inner = env;
  (void)caller;
  /* All that is in use goes away, as far as this program is concerned. */
  wasm_instance_delete(inner->instance), wasm_func_delete(inner->again);
  inner->instance = NULL, inner->again = NULL;
  if (inner->execution) {
    cannery_state_t state;
    FAIL(cannery_execution_run(inner->execution, &state), CANNERY_ERROR_ARGUMENT);
    cannery_execution_delete(inner->execution);
    inner->execution = NULL;
  }
  cannery_closure_delete(inner->closure);
  inner->closure = NULL;
  /* And the store has many things more. */
  for (int i = 0; i < 100; i++) wasm_instance_delete(instance_of(store, "(module (memory 1) (func nop))", NULL, 0));
  slots[0] = 8;
  return NULL;
}

static void meddling(void) {
  for (int way = 0; way < 3; way++) {
    struct inner inner = {0};
    wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    wasm_func_t *host = cannery_func_new(store, type, "f", meddle, &inner, NULL);
    wasm_extern_t *imports[] = {wasm_func_as_extern(host)};
    inner.instance = instance_of(store, entering, imports, 1);
    wasm_func_delete(host), wasm_functype_delete(type);
    inner.again = func_of(inner.instance, 0);
    uint64_t slot[1] = {2};
    if (way == 0) {
      CHECK(cannery_func_call(inner.again, slot, 1) == NULL && slot[0] == 8);
    } else if (way == 1) {
      wasm_val_t value[1] = {WASM_I32_VAL(2)};
      wasm_val_vec_t arguments = {1, value};
      cannery_state_t state;
      SUCCEED(cannery_execution_new(inner.again, &arguments, CANNERY_UNLIMITED, &inner.execution));
      SUCCEED(cannery_execution_run(inner.execution, &state));
      CHECK(state == CANNERY_FINISHED);
    } else {
      SUCCEED(cannery_closure_new(inner.again, "(i)i", &inner.closure));
      int32_t (*function)(int32_t) = (int32_t(*)(int32_t))cannery_closure_function(inner.closure);
      CHECK(function(2) == 8);
    }
    CHECK(!inner.instance && !inner.closure && !inner.execution);
  }
}

static void end_of_environment(void *env) { ++*(int *)env; }

/* ---- Values of another type, or of another store ---- */

static void wrong_values(void) {
  wasm_store_t *other = wasm_store_new(engine);
  wasm_instance_t *instance = instance_of(
      store,
      "(module (func (export \"f\") (param i32 externref) (result i32) (local.get 0)) (global (export \"g\") (mut i64) (i64.const 1))"
      "  (table (export \"t\") 1 funcref))",
      NULL, 0);
  wasm_func_t *function = func_of(instance, 0);
  wasm_foreign_t *foreign = wasm_foreign_new(other), *near = wasm_foreign_new(store);
  wasm_val_t values[2] = {WASM_I32_VAL(1), {.kind = WASM_EXTERNREF, .of = {.ref = wasm_foreign_as_ref(foreign)}}}, result[1];
  wasm_val_vec_t arguments = {2, values}, one = {1, values}, results = {1, result}, huge = {1000, values};
  TRAPS(wasm_func_call(function, &arguments, &results), CANNERY_TRAP_HOST);
  TRAPS(wasm_func_call(function, &one, &results), CANNERY_TRAP_HOST);
  TRAPS(wasm_func_call(function, &huge, &results), CANNERY_TRAP_HOST);
  TRAPS(wasm_func_call(function, NULL, NULL), CANNERY_TRAP_HOST);
  values[1].of.ref = wasm_foreign_as_ref(near);
  CHECK(wasm_func_call(function, &arguments, &results) == NULL && result[0].of.i32 == 1);
  CHECK(wasm_func_call(function, &arguments, NULL) == NULL);
  values[0].kind = WASM_F64;
  TRAPS(wasm_func_call(function, &arguments, &results), CANNERY_TRAP_HOST);
  values[0].kind = 77;
  TRAPS(wasm_func_call(function, &arguments, &results), CANNERY_TRAP_HOST);
  /* A vector without its values. */
  wasm_val_vec_t hollow = {2, NULL};
  TRAPS(wasm_func_call(function, &hollow, &results), CANNERY_TRAP_HOST);
  cannery_execution_t *never = NULL;
  FAIL(cannery_execution_new(function, &hollow, 100, &never), CANNERY_ERROR_ARGUMENT);
  /* A store that doesn't track writes. */
  cannery_store_roll_back(store), cannery_store_commit(store);
  /* A handle that is none. */
  uint64_t slots[2] = {3, 0xDEADBEEF};
  CHECK(cannery_func_call(function, slots, 2) == NULL && slots[0] == 3);

  wasm_extern_vec_t exports;
  wasm_instance_exports(instance, &exports);
  wasm_global_t *global = wasm_extern_as_global(exports.data[1]);
  wasm_table_t *table = wasm_extern_as_table(exports.data[2]);
  wasm_val_t value = WASM_I32_VAL(9);
  wasm_global_set(global, &value);
  wasm_global_get(global, &value);
  CHECK(value.kind == WASM_I64 && value.of.i64 == 1);
  CHECK(!wasm_table_set(table, 0, wasm_foreign_as_ref(near)) && !wasm_table_set(table, 1, NULL));
  CHECK(!wasm_table_grow(table, UINT32_MAX, NULL) && wasm_table_get(table, 5) == NULL);
  CHECK(wasm_extern_as_func(exports.data[1]) == NULL);
  /* Imports of another store, and modules of another engine. */
  wasm_module_t *module = module_of(other, "(module (import \"a\" \"b\" (func (param i32 externref) (result i32))))");
  wasm_extern_t *imports[] = {wasm_func_as_extern(function)};
  wasm_extern_vec_t given = {1, imports};
  wasm_trap_t *trap = NULL;
  CHECK(wasm_instance_new(other, module, &given, &trap) == NULL && trap);
  wasm_trap_delete(trap);
  wasm_engine_t *second = wasm_engine_new();
  wasm_store_t *third = wasm_store_new(second);
  CHECK(wasm_instance_new(third, module, &given, NULL) == NULL);
  wasm_module_t *plain = module_of(store, "(module)");
  wasm_instance_t *strange = NULL;
  FAIL(cannery_instance_new(third, plain, NULL, 100, NULL, &strange), CANNERY_ERROR_LINK);
  wasm_store_delete(third), wasm_engine_delete(second), wasm_module_delete(module), wasm_module_delete(plain);
  wasm_foreign_delete(near), wasm_foreign_delete(foreign);
  wasm_extern_vec_delete(&exports), wasm_func_delete(function), wasm_instance_delete(instance), wasm_store_delete(other);

  /* Sizes that can't be. */
  wasm_byte_vec_t bytes;
  wasm_byte_vec_new_uninitialized(&bytes, SIZE_MAX);
  CHECK(bytes.size == 0);
  wasm_limits_t limits = {9, 3};
  wasm_memorytype_t *type = wasm_memorytype_new(&limits);
  CHECK(wasm_memory_new(store, type) == NULL);
  wasm_memorytype_delete(type);
  CHECK(wasm_valtype_new(99) == NULL);
  CHECK(wasm_memory_grow(NULL, 1) == false);
  cannery_error_t *last = cannery_last_error();
  CHECK(last && cannery_error_kind(last) == CANNERY_ERROR_ARGUMENT && strstr(cannery_error_message(last), "NULL"));
  cannery_error_delete(last);
  /* What isn't made has not taken its environment. */
  int ended = 0;
  CHECK(!cannery_func_new(NULL, NULL, NULL, NULL, &ended, end_of_environment));
  CHECK(!cannery_func_new_c(store, "f", "nonsense", (cannery_c_function_t)abort, &ended, end_of_environment));
  CHECK(!wasm_func_new_with_env(NULL, NULL, (wasm_func_callback_with_env_t)abort, &ended, end_of_environment));
  CHECK(ended == 0);
  const char *signatures[] = {"", "i", "(i", "(q)i", "(~)", "(i~)", "()ii", "()$", "(*~~)", "64", "(i)i trailing", NULL};
  for (int i = 0; signatures[i]; i++) {
    CHECK(cannery_func_new_c(store, "f", signatures[i], (cannery_c_function_t)abort, NULL, NULL) == NULL);
    cannery_error_t *error = cannery_last_error();
    CHECK(cannery_error_kind(error) == CANNERY_ERROR_ARGUMENT);
    cannery_error_delete(error);
  }
}

int main(int count, char **arguments) {
  CHECK(count == 2 || count == 3); /* The list of symbols, unless the library is inside this program; a word to run with checks. */
  bool checks = count == 3;
  cannery_set_checks(checks);
  if (strcmp(arguments[1], "-") != 0) nulls(arguments[1]);
  engine = wasm_engine_new();
  store = wasm_store_new(engine);
  wrong_values();
  reentry();
  meddling();
  CHECK(ends_with(func_as_global, "of another kind"));
  CHECK(ends_with(engine_as_store, "of another type"));
  CHECK(ends_with(store_as_execution, "of another type"));
  if (checks) {
    CHECK(ends_with(deleted_reference, "used after it was deleted"));
    CHECK(ends_with(reference_deleted_twice, "deleted twice"));
    CHECK(ends_with(type_deleted_twice, "deleted twice"));
    CHECK(ends_with(deleted_type, "after it was deleted"));
    CHECK(ends_with(vector_deleted_twice, "deleted twice"));
    CHECK(ends_with(engine_deleted_twice, "deleted twice"));
    CHECK(ends_with(deleted_store, "used after it was deleted"));
    CHECK(ends_with(deleted_execution, "used after it was deleted"));
  }
  crowd();
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  puts("misuse: passed");
  return 0;
}
