/* cannery.h: errors, configuration, counting, suspension, interrupts, calls on slots, write tracking. */

#include <pthread.h>

#include "check.h"

static wasm_engine_t *engine_with(cannery_metering_t metering) {
  wasm_config_t *config = wasm_config_new();
  cannery_config_set_metering(config, metering);
  cannery_config_set_threads(config, 1);
  return wasm_engine_new_with_config(config);
}

static void errors(wasm_engine_t *engine, wasm_store_t *store) {
  CHECK(cannery_abi() == CANNERY_ABI && strlen(cannery_version()) > 0);
  wasm_module_t *module = NULL;
  const char *invalid = "(module (func (result i32) (i64.const 0)))", *text = "(module (oops))";
  FAIL(cannery_module_new(store, invalid, strlen(invalid), &module), CANNERY_ERROR_INVALID);
  FAIL(cannery_module_new(store, text, strlen(text), &module), CANNERY_ERROR_MALFORMED);
  FAIL(cannery_module_new(store, NULL, 5, &module), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_module_new(NULL, text, strlen(text), &module), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_module_validate(engine, "", 0), CANNERY_ERROR_MALFORMED);
  CHECK(module == NULL);
  wasm_byte_vec_t binary;
  SUCCEED(cannery_wat2wasm("(module (@custom \"note\" \"abc\"))", 31, &binary));
  SUCCEED(cannery_module_validate(engine, binary.data, binary.size));
  wasm_byte_vec_t artifact;
  SUCCEED(cannery_precompile(engine, binary.data, binary.size, &artifact));
  SUCCEED(cannery_module_new(store, binary.data, binary.size, &module));
  uint8_t hash[32] = {0};
  cannery_module_hash(module, hash);
  CHECK(memcmp(hash, (uint8_t[32]){0}, 32) != 0);
  CHECK(cannery_module_custom_section_count(module) == 1);
  wasm_name_t name, contents;
  CHECK(cannery_module_custom_section(module, 0, &name, &contents));
  CHECK(name.size == 4 && memcmp(name.data, "note", 4) == 0 && contents.size == 3 && memcmp(contents.data, "abc", 3) == 0);
  CHECK(!cannery_module_custom_section(module, 1, NULL, NULL));
  wasm_name_delete(&name), wasm_name_delete(&contents);
  wasm_module_delete(module);
  /* Made with other metering. */
  wasm_engine_t *other = engine_with(CANNERY_METERING_OPERATORS);
  wasm_store_t *second = wasm_store_new(other);
  CHECK(wasm_module_deserialize(second, &artifact) == NULL);
  cannery_error_t *why = cannery_last_error();
  CHECK(why && cannery_error_kind(why) == CANNERY_ERROR_ARTIFACT);
  cannery_error_delete(why);
  wasm_store_delete(second), wasm_engine_delete(other);
  wasm_byte_vec_delete(&binary), wasm_byte_vec_delete(&artifact);
  /* A feature that is off. */
  wasm_config_t *config = wasm_config_new();
  cannery_config_set_features(config, CANNERY_FEATURES_WASM1);
  wasm_engine_t *old = wasm_engine_new_with_config(config);
  const char *vector = "(module (func (result v128) (v128.const i64x2 0 0)))";
  FAIL(cannery_module_validate(old, vector, strlen(vector)), CANNERY_ERROR_INVALID);
  wasm_engine_delete(old);
}

/* ---- Counting ---- */

static wasm_trap_t *expensive(void *env, cannery_caller_t *caller, uint64_t *slots) {
  ++*(int *)env;
  wasm_trap_t *trap = cannery_caller_charge(caller, 1000);
  if (trap) return trap;
  CHECK(cannery_caller_instructions_left(caller) > 0);
  slots[0] += 1;
  return NULL;
}

static wasm_trap_t *waiting(void *env, cannery_caller_t *caller, uint64_t *slots) {
  (void)env, (void)slots;
  return cannery_suspend(caller);
}

static const char counting[] =
    "(module (import \"h\" \"expensive\" (func $expensive (param i32) (result i32)))"
    "  (import \"h\" \"wait\" (func $wait (param i32) (result i32))) (memory (export \"m\") 1)"
    "  (func (export \"loop\") (param i32) (result i32)"
    "    (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.const 7))"
    "  (func (export \"pay\") (result i32) (call $expensive (call $expensive (i32.const 40))))"
    "  (func (export \"ask\") (result i32) (i32.store (i32.const 8) (i32.const 9))"
    "    (i32.add (call $wait (i32.const 1)) (i32.const 2)))"
    "  (func (export \"endless\") (loop (br 0))))";

static void executions(wasm_store_t *store) {
  int calls = 0;
  wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_func_t *host[] = {
      cannery_func_new(store, type, "expensive", expensive, &calls, NULL),
      cannery_func_new(store, type, NULL, waiting, NULL, NULL)};
  wasm_extern_t *imports[] = {wasm_func_as_extern(host[0]), wasm_func_as_extern(host[1])};
  wasm_instance_t *instance = instance_of(store, counting, imports, 2);
  wasm_func_t *loop = func_of(instance, 1), *pay = func_of(instance, 2), *ask = func_of(instance, 3),
              *endless = func_of(instance, 4);
  cannery_execution_t *execution = NULL;
  cannery_state_t state;
  wasm_val_t count[1] = {WASM_I32_VAL(100)};
  wasm_val_vec_t args = {1, count}, none = WASM_EMPTY_VEC, results;

  /* The same count whole and in slices. */
  SUCCEED(cannery_execution_new(loop, &args, 10000, &execution));
  SUCCEED(cannery_execution_run(execution, &state));
  CHECK(state == CANNERY_FINISHED);
  uint64_t whole = cannery_execution_instructions(execution);
  cannery_execution_results(execution, &results);
  CHECK(results.size == 1 && results.data[0].of.i32 == 7 && whole > 100);
  wasm_val_vec_delete(&results);
  FAIL(cannery_execution_run(execution, &state), CANNERY_ERROR_ARGUMENT);
  cannery_execution_delete(execution);
  SUCCEED(cannery_execution_new(loop, &args, 50, &execution));
  SUCCEED(cannery_execution_run(execution, &state));
  int slices = 1;
  while (state == CANNERY_OUT_OF_INSTRUCTIONS) {
    SUCCEED(cannery_execution_resume(execution, 50, &state));
    slices++;
  }
  CHECK(state == CANNERY_FINISHED && slices > 3 && cannery_execution_instructions(execution) == whole);
  cannery_execution_delete(execution);
  FAIL(cannery_execution_new(loop, &none, 50, &execution), CANNERY_ERROR_ARGUMENT);

  /* Host functions charge, and are called again where that was too much. */
  SUCCEED(cannery_execution_new(pay, &none, 1500, &execution));
  SUCCEED(cannery_execution_run(execution, &state));
  CHECK(state == CANNERY_OUT_OF_INSTRUCTIONS && calls == 2);
  SUCCEED(cannery_execution_resume(execution, 5000, &state));
  CHECK(state == CANNERY_FINISHED && calls == 3 && cannery_execution_instructions(execution) > 2000);
  cannery_execution_results(execution, &results);
  CHECK(results.data[0].of.i32 == 42);
  wasm_val_vec_delete(&results);
  cannery_execution_delete(execution);

  /* A host function that answers later; meanwhile the store is busy. */
  SUCCEED(cannery_execution_new(ask, &none, CANNERY_UNLIMITED, &execution));
  SUCCEED(cannery_execution_run(execution, &state));
  CHECK(state == CANNERY_WAITING);
  cannery_execution_t *second = NULL;
  FAIL(cannery_execution_new(loop, &args, 50, &second), CANNERY_ERROR_BUSY);
  TRAPS(cannery_func_call(loop, (uint64_t[1]){5}, 1), CANNERY_TRAP_HOST);
  wasm_val_t wrong[1] = {WASM_F64_VAL(1)}, answer[1] = {WASM_I32_VAL(40)};
  wasm_val_vec_t wrongs = {1, wrong}, answers = {1, answer};
  FAIL(cannery_execution_resume_host(execution, &wrongs, NULL, &state), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_execution_run(execution, &state), CANNERY_ERROR_ARGUMENT);
  SUCCEED(cannery_execution_resume_host(execution, &answers, NULL, &state));
  cannery_execution_results(execution, &results);
  CHECK(state == CANNERY_FINISHED && results.data[0].of.i32 == 42);
  wasm_val_vec_delete(&results);
  cannery_execution_delete(execution);
  /* Or that fails later. */
  SUCCEED(cannery_execution_new(ask, &none, CANNERY_UNLIMITED, &execution));
  SUCCEED(cannery_execution_run(execution, &state));
  wasm_message_t text;
  wasm_name_new_from_string_nt(&text, "no answer");
  SUCCEED(cannery_execution_resume_host(execution, NULL, wasm_trap_new(store, &text), &state));
  wasm_name_delete(&text);
  CHECK(state == CANNERY_TRAPPED);
  wasm_trap_t *trap = cannery_execution_trap(execution);
  wasm_trap_message(trap, &text);
  CHECK(strcmp(text.data, "no answer") == 0);
  wasm_name_delete(&text), wasm_trap_delete(trap);
  cannery_execution_delete(execution);
  /* Dropped while it waits: the store is free again. */
  SUCCEED(cannery_execution_new(ask, &none, CANNERY_UNLIMITED, &execution));
  SUCCEED(cannery_execution_run(execution, &state));
  cannery_execution_delete(execution);
  CHECK(cannery_func_call(loop, (uint64_t[1]){5}, 1) == NULL);

  /* An interrupt. */
  cannery_interrupt_t *interrupt = cannery_interrupt_new(store);
  cannery_interrupt(interrupt);
  SUCCEED(cannery_execution_new(endless, &none, CANNERY_UNLIMITED, &execution));
  SUCCEED(cannery_execution_run(execution, &state));
  CHECK(state == CANNERY_INTERRUPTED);
  cannery_execution_delete(execution);
  cannery_interrupt_delete(interrupt);

  wasm_func_delete(host[0]), wasm_func_delete(host[1]), wasm_functype_delete(type);
  wasm_func_delete(loop), wasm_func_delete(pay), wasm_func_delete(ask), wasm_func_delete(endless);
  wasm_instance_delete(instance);
}

/* ---- Slots ---- */

static wasm_trap_t *scale(void *env, cannery_caller_t *caller, uint64_t *slots) {
  (void)env;
  size_t size = 0;
  char *memory = cannery_caller_memory(caller, 0, &size);
  char letter = 0;
  CHECK(memory && size == 65536 && cannery_caller_read(caller, 0, 3, &letter, 1) && letter == memory[3]);
  CHECK(!cannery_caller_read(caller, 0, 65536, &letter, 1) && !cannery_caller_read(caller, 1, 0, &letter, 1));
  CHECK(cannery_caller_write(caller, 0, 4, "!", 1) && memory[4] == '!');
  wasm_instance_t *instance = cannery_caller_instance(caller);
  CHECK(instance);
  wasm_instance_delete(instance);
  double factor;
  memcpy(&factor, &slots[0], 8);
  factor *= 2;
  memcpy(&slots[0], &factor, 8);
  slots[1] = slots[2] + 1;
  slots[2] = slots[1] + 1;
  return NULL;
}

static void slots(wasm_store_t *store) {
  wasm_valtype_t *params[] = {wasm_valtype_new_f64(), wasm_valtype_new(CANNERY_V128)};
  wasm_valtype_t *results[] = {wasm_valtype_new_f64(), wasm_valtype_new(CANNERY_V128)};
  wasm_functype_t *type = wasm_functype_of_arrays(2, params, 2, results);
  wasm_func_t *host = cannery_func_new(store, type, "scale", scale, NULL, NULL);
  wasm_extern_t *imports[] = {wasm_func_as_extern(host)};
  wasm_instance_t *instance = instance_of(
      store,
      "(module (import \"h\" \"scale\" (func $scale (param f64 v128) (result f64 v128))) (memory 1) (data (i32.const 3) \"z\")"
      "  (func (export \"f\") (param f64 v128) (result f64 v128) (call $scale (local.get 0) (local.get 1)))"
      "  (func (export \"trap\") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0))))",
      imports, 1);
  wasm_func_t *function = func_of(instance, 0), *trapping = func_of(instance, 1);
  double number = 1.25;
  uint64_t values[3] = {0, 11, 22};
  memcpy(&values[0], &number, 8);
  CHECK(cannery_func_call(function, values, 3) == NULL);
  memcpy(&number, &values[0], 8);
  CHECK(number == 2.5 && values[1] == 23 && values[2] == 24);
  TRAPS(cannery_func_call(function, values, 2), CANNERY_TRAP_HOST);
  TRAPS(cannery_func_call(function, NULL, 3), CANNERY_TRAP_HOST);
  uint64_t one[1] = {0};
  TRAPS(cannery_func_call(trapping, one, 1), CANNERY_TRAP_INTEGER_DIVIDE_BY_ZERO);
  CHECK(strcmp(cannery_trap_kind_name(CANNERY_TRAP_INTEGER_DIVIDE_BY_ZERO), "integer-divide-by-zero") == 0);
  /* The upper half of an i32 means nothing. */
  one[0] = 0xFFFFFFFF00000001;
  CHECK(cannery_func_call(trapping, one, 1) == NULL && one[0] == 1);
  wasm_func_delete(function), wasm_func_delete(trapping), wasm_func_delete(host);
  wasm_functype_delete(type), wasm_instance_delete(instance);
}

/* ---- Tracked writes ---- */

static void tracking(wasm_engine_t *engine) {
  wasm_store_t *store = NULL;
  cannery_limits_t limits;
  cannery_limits_default(&limits);
  limits.memory_pages = 2;
  SUCCEED(cannery_store_new(engine, &limits, true, &store));
  wasm_instance_t *instance = instance_of(
      store,
      "(module (memory (export \"m\") 1) (func (export \"f\") (param i32) (i32.store8 (local.get 0) (i32.const 7)))"
      "  (func (export \"grow\") (result i32) (memory.grow (i32.const 2))))",
      NULL, 0);
  wasm_memory_t *memory = wasm_extern_as_memory(export_of(instance, 0));
  wasm_func_t *function = func_of(instance, 1), *grow = func_of(instance, 2);
  CHECK(wasm_memory_data(memory) == NULL);
  cannery_store_commit(store);
  uint64_t slot[1] = {5000};
  char byte = 0;
  CHECK(cannery_func_call(function, slot, 1) == NULL && cannery_memory_dirty_pages(memory) == 1);
  CHECK(cannery_memory_read(memory, 5000, &byte, 1) && byte == 7);
  cannery_store_roll_back(store);
  CHECK(cannery_memory_read(memory, 5000, &byte, 1) && byte == 0 && cannery_memory_dirty_pages(memory) == 0);
  CHECK(cannery_func_call(grow, slot, 1) == NULL && (int32_t)slot[0] == -1);
  wasm_func_delete(function), wasm_func_delete(grow), wasm_memory_delete(memory), wasm_instance_delete(instance);
  wasm_store_delete(store);
}

/* ---- Files, messages, limits of start functions, 64-bit memories, globals on slots ---- */

static void note(void *env, cannery_log_level_t level, const char *message) {
  CHECK(level >= CANNERY_LOG_WARNING && level <= CANNERY_LOG_DEBUG && strlen(message) > 0 && !strchr(message, '\n'));
  ((int *)env)[level]++;
}

static void files(const char *folder) {
  int messages[4] = {0};
  wasm_config_t *config = wasm_config_new();
  cannery_config_set_logger(config, note, messages, CANNERY_LOG_INFO);
  wasm_engine_t *engine = wasm_engine_new_with_config(config);
  wasm_store_t *store = wasm_store_new(engine);
  char path[500], elsewhere[500];
  snprintf(path, sizeof path, "%s/saved.canned", folder);
  snprintf(elsewhere, sizeof elsewhere, "%s/missing/saved.canned", folder);
  wasm_module_t *module = module_of(store, "(module (func (export \"f\") (result i32) (i32.const 11)))"), *opened = NULL;
  SUCCEED(cannery_module_save(module, path));
  SUCCEED(cannery_module_save(module, path));
  FAIL(cannery_module_save(module, elsewhere), CANNERY_ERROR_FILE);
  FAIL(cannery_module_save(module, folder), CANNERY_ERROR_FILE);
  FAIL(cannery_module_open(store, elsewhere, &opened), CANNERY_ERROR_FILE);
  FAIL(cannery_module_open(store, folder, &opened), CANNERY_ERROR_FILE);
  SUCCEED(cannery_module_open(store, path, &opened));
  SUCCEED(cannery_module_verify(opened));
  uint8_t hashes[2][32];
  cannery_module_hash(module, hashes[0]), cannery_module_hash(opened, hashes[1]);
  CHECK(memcmp(hashes[0], hashes[1], 32) == 0);
  wasm_extern_vec_t none = WASM_EMPTY_VEC;
  wasm_instance_t *instance = NULL;
  SUCCEED(cannery_instance_new(store, opened, NULL, CANNERY_UNLIMITED, NULL, &instance));
  wasm_extern_t *export = cannery_instance_export(instance, "f");
  CHECK(export && !cannery_instance_export(instance, "g") && !cannery_instance_export(instance, ""));
  wasm_func_t *function = wasm_extern_as_func(export);
  uint64_t slot[1] = {0};
  CHECK(cannery_func_call(function, slot, 1) == NULL && slot[0] == 11);
  wasm_func_delete(function), wasm_instance_delete(instance), wasm_module_delete(opened), wasm_module_delete(module);
  /* Compiled once; nothing was refused. */
  CHECK(messages[CANNERY_LOG_INFO] == 1 && messages[CANNERY_LOG_WARNING] == 0 && messages[CANNERY_LOG_DEBUG] == 0);

  /* Damaged: what is not seen at once is seen by verifying. */
  FILE *file = fopen(path, "r+b");
  CHECK(file && fseek(file, 0, SEEK_END) == 0);
  long size = ftell(file);
  int refused = 0;
  for (long at = 0; at < size; at++) {
    CHECK(fseek(file, at, SEEK_SET) == 0);
    int byte = fgetc(file);
    CHECK(fseek(file, at, SEEK_SET) == 0 && fputc(byte ^ 0x55, file) != EOF && fflush(file) == 0);
    cannery_error_t *error = cannery_module_open(store, path, &opened);
    if (!error) {
      error = cannery_module_verify(opened);
      wasm_module_delete(opened);
    }
    if (error) {
      CHECK(cannery_error_kind(error) == CANNERY_ERROR_ARTIFACT);
      cannery_error_delete(error);
      refused++;
    }
    CHECK(fseek(file, at, SEEK_SET) == 0 && fputc(byte, file) != EOF && fflush(file) == 0);
  }
  fclose(file);
  CHECK(refused > size / 2 && messages[CANNERY_LOG_WARNING] > 0);
  (void)none;
  wasm_store_delete(store), wasm_engine_delete(engine);
}

static void starts(wasm_store_t *store) {
  wasm_module_t *module = module_of(store, "(module (func $f (loop (br 0))) (start $f))");
  wasm_instance_t *instance = NULL;
  wasm_trap_t *trap = NULL;
  FAIL(cannery_instance_new(store, module, NULL, 10000, &trap, &instance), CANNERY_ERROR_TRAP);
  CHECK(trap && !instance && cannery_trap_kind(trap) == CANNERY_TRAP_OUT_OF_INSTRUCTIONS);
  wasm_trap_delete(trap), wasm_module_delete(module);
  module = module_of(store, "(module (import \"a\" \"b\" (memory 1)))");
  FAIL(cannery_instance_new(store, module, NULL, 10000, &trap, &instance), CANNERY_ERROR_ARGUMENT);
  CHECK(!trap);
  wasm_limits_t limits = {0, 5};
  wasm_memorytype_t *type = wasm_memorytype_new(&limits);
  wasm_memory_t *memory = wasm_memory_new(store, type);
  wasm_extern_t *imports[] = {wasm_memory_as_extern(memory)};
  wasm_extern_vec_t given = {1, imports};
  FAIL(cannery_instance_new(store, module, &given, 10000, &trap, &instance), CANNERY_ERROR_LINK);
  wasm_memory_delete(memory), wasm_memorytype_delete(type), wasm_module_delete(module);
}

static void wide(wasm_store_t *store) {
  wasm_module_t *module = module_of(
      store,
      "(module (import \"a\" \"m\" (memory i64 1)) (import \"a\" \"t\" (table i64 2 funcref))"
      "  (global (export \"g\") (mut v128) (v128.const i64x2 5 6)) (global (export \"c\") i32 (i32.const 9))"
      "  (func (export \"load\") (param i64) (result i64) (i64.load (local.get 0)))"
      "  (func (export \"swap\") (param v128) (result v128) (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7"
      "    (local.get 0) (local.get 0))))");
  wasm_importtype_vec_t types;
  wasm_module_imports(module, &types);
  const wasm_memorytype_t *seen = wasm_externtype_as_memorytype_const(wasm_importtype_type(types.data[0]));
  const wasm_tabletype_t *seen_table = wasm_externtype_as_tabletype_const(wasm_importtype_type(types.data[1]));
  CHECK(cannery_memorytype_is_64(seen) && cannery_tabletype_is_64(seen_table));
  wasm_importtype_vec_delete(&types);
  wasm_limits_t limits = {1, wasm_limits_max_default}, two = {2, wasm_limits_max_default};
  wasm_memorytype_t *type = wasm_memorytype_new(&limits);
  wasm_tabletype_t *table_type = wasm_tabletype_new(wasm_valtype_new_funcref(), &two);
  CHECK(!cannery_memorytype_is_64(type));
  cannery_memorytype_set_64(type, true), cannery_tabletype_set_64(table_type, true);
  wasm_memory_t *memory = wasm_memory_new(store, type);
  wasm_table_t *table = wasm_table_new(store, table_type, NULL);
  wasm_memorytype_t *again = wasm_memory_type(memory);
  CHECK(cannery_memorytype_is_64(again));
  wasm_memorytype_delete(again), wasm_memorytype_delete(type), wasm_tabletype_delete(table_type);
  wasm_extern_t *imports[] = {wasm_memory_as_extern(memory), wasm_table_as_extern(table)};
  wasm_extern_vec_t given = {2, imports};
  wasm_instance_t *instance = NULL;
  SUCCEED(cannery_instance_new(store, module, &given, 10000, NULL, &instance));
  wasm_func_t *load = func_of(instance, 2), *swap = func_of(instance, 3);
  CHECK(cannery_memory_write(memory, 65528, "abcdefgh", 8) && !cannery_memory_write(memory, 65529, "abcdefgh", 8));
  CHECK(!cannery_memory_write(memory, UINT64_MAX, "a", 1));
  /* Nothing is copied from or to NULL, and it is not said to be. */
  CHECK(!cannery_memory_write(memory, 0, NULL, 1) && !cannery_memory_read(memory, 0, NULL, 1));
  CHECK(cannery_memory_write(memory, 0, NULL, 0) && cannery_memory_read(memory, 65536, NULL, 0));
  uint64_t slots[2] = {65528, 0};
  CHECK(cannery_func_call(load, slots, 1) == NULL && memcmp(slots, "abcdefgh", 8) == 0);

  wasm_extern_vec_t exports;
  wasm_instance_exports(instance, &exports);
  wasm_global_t *vector = wasm_extern_as_global(exports.data[0]), *constant = wasm_extern_as_global(exports.data[1]);
  CHECK(!cannery_global_read(vector, slots, 1) && cannery_global_read(vector, slots, 2) && slots[0] == 5 && slots[1] == 6);
  slots[0] = 7;
  CHECK(cannery_global_write(vector, slots, 2) && cannery_global_read(vector, slots, 2) && slots[0] == 7 && slots[1] == 6);
  CHECK(cannery_global_read(constant, slots, 1) && slots[0] == 9 && !cannery_global_write(constant, slots, 1));
  wasm_extern_vec_delete(&exports);

  /* A vector's global of the host's. */
  wasm_globaltype_t *vector_type = wasm_globaltype_new(wasm_valtype_new(CANNERY_V128), WASM_CONST);
  slots[0] = 21, slots[1] = 22;
  CHECK(!cannery_global_new(store, vector_type, slots, 1));
  wasm_global_t *made = cannery_global_new(store, vector_type, slots, 2);
  slots[0] = slots[1] = 0;
  CHECK(made && cannery_global_read(made, slots, 2) && slots[0] == 21 && slots[1] == 22);
  wasm_global_delete(made), wasm_globaltype_delete(vector_type);

  /* A host function that waits, answered with a vector. */
  wasm_functype_t *asking = wasm_functype_new_0_1(wasm_valtype_new(CANNERY_V128));
  wasm_func_t *waits = cannery_func_new(store, asking, NULL, waiting, NULL, NULL);
  wasm_extern_t *one[] = {wasm_func_as_extern(waits)};
  wasm_instance_t *asker = instance_of(
      store, "(module (import \"h\" \"f\" (func $f (result v128))) (func (export \"g\") (result v128) (call $f)))", one, 1);
  wasm_func_t *ask = func_of(asker, 0);
  cannery_execution_t *waiter = NULL;
  cannery_state_t waited;
  SUCCEED(cannery_execution_new_slots(ask, NULL, 0, CANNERY_UNLIMITED, &waiter));
  SUCCEED(cannery_execution_run(waiter, &waited));
  FAIL(cannery_execution_resume_host_slots(waiter, slots, 1, &waited), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_execution_resume_host(waiter, NULL, NULL, &waited), CANNERY_ERROR_ARGUMENT);
  SUCCEED(cannery_execution_resume_host_slots(waiter, slots, 2, &waited));
  slots[0] = slots[1] = 0;
  CHECK(waited == CANNERY_FINISHED && cannery_execution_result_slots(waiter, slots, 2) == 2 && slots[1] == 22);
  FAIL(cannery_execution_resume_host_slots(waiter, slots, 2, &waited), CANNERY_ERROR_ARGUMENT);
  cannery_execution_delete(waiter);
  wasm_func_delete(ask), wasm_func_delete(waits), wasm_functype_delete(asking), wasm_instance_delete(asker);

  /* Vectors through an execution. */
  cannery_execution_t *execution = NULL;
  cannery_state_t state;
  slots[0] = 1, slots[1] = 2;
  FAIL(cannery_execution_new_slots(swap, slots, 1, 100, &execution), CANNERY_ERROR_ARGUMENT);
  SUCCEED(cannery_execution_new_slots(swap, slots, 2, 100, &execution));
  SUCCEED(cannery_execution_run(execution, &state));
  CHECK(state == CANNERY_FINISHED && cannery_execution_result_slots(execution, NULL, 0) == 2);
  CHECK(cannery_execution_result_slots(execution, slots, 2) == 2 && slots[0] == 2 && slots[1] == 1);
  cannery_execution_delete(execution);
  wasm_func_delete(load), wasm_func_delete(swap), wasm_memory_delete(memory), wasm_table_delete(table);
  wasm_instance_delete(instance), wasm_module_delete(module);
}

/* ---- Threads: a store each ---- */

struct job {
  wasm_engine_t *engine;
  const wasm_shared_module_t *module;
};

static void *work(void *pointer) {
  struct job *job = pointer;
  for (int round = 0; round < 20; round++) {
    wasm_store_t *store = wasm_store_new(job->engine);
    wasm_module_t *module = wasm_module_obtain(store, job->module);
    wasm_extern_vec_t none = WASM_EMPTY_VEC;
    wasm_instance_t *instance = wasm_instance_new(store, module, &none, NULL);
    wasm_func_t *function = func_of(instance, 0);
    uint64_t slot[1] = {20};
    CHECK(cannery_func_call(function, slot, 1) == NULL && slot[0] == 6765);
    CHECK(wasm_module_new(store, &(wasm_byte_vec_t)WASM_EMPTY_VEC) == NULL);
    cannery_error_t *why = cannery_last_error();
    CHECK(why);
    cannery_error_delete(why);
    wasm_func_delete(function), wasm_instance_delete(instance), wasm_module_delete(module), wasm_store_delete(store);
  }
  return NULL;
}

static void threads(wasm_engine_t *engine, wasm_store_t *store) {
  wasm_module_t *module = module_of(
      store,
      "(module (func $fib (export \"fib\") (param i32) (result i32)"
      "  (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0)) (else"
      "    (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2))))))))");
  wasm_shared_module_t *shared = wasm_module_share(module);
  wasm_module_delete(module);
  struct job job = {engine, shared};
  pthread_t workers[4];
  for (int i = 0; i < 4; i++) CHECK(pthread_create(&workers[i], NULL, work, &job) == 0);
  for (int i = 0; i < 4; i++) pthread_join(workers[i], NULL);
  wasm_shared_module_delete(shared);
}

int main(int count, char **arguments) {
  CHECK(count == 2); /* A folder for files. */
  wasm_engine_t *engine = engine_with(CANNERY_METERING_ICP);
  wasm_store_t *store = wasm_store_new(engine);
  errors(engine, store);
  executions(store);
  slots(store);
  tracking(engine);
  files(arguments[1]);
  starts(store);
  wide(store);
  threads(engine, store);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  puts("extended: passed");
  return 0;
}
