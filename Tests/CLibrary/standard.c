/* wasm.h: every kind of object, ownership, and wrong uses that are errors. */

#include "check.h"

static int finalized;
static void finalize(void *counter) { ++*(int *)counter; }

/* ---- Descriptions ---- */

static void descriptions(void) {
  CHECK(wasm_valtype_new(77) == NULL);
  wasm_functype_t *type =
      wasm_functype_new_3_2(wasm_valtype_new_i32(), wasm_valtype_new_f64(), wasm_valtype_new_externref(),
                            wasm_valtype_new_i64(), wasm_valtype_new_funcref());
  wasm_functype_t *copy = wasm_functype_copy(type);
  wasm_functype_delete(type);
  CHECK(wasm_functype_params(copy)->size == 3 && wasm_functype_results(copy)->size == 2);
  CHECK(wasm_valtype_kind(wasm_functype_params(copy)->data[2]) == WASM_EXTERNREF);
  wasm_externtype_t *external = wasm_functype_as_externtype(copy);
  CHECK(wasm_externtype_kind(external) == WASM_EXTERN_FUNC);
  CHECK(wasm_externtype_as_functype(external) == copy && wasm_externtype_as_globaltype(external) == NULL);
  wasm_name_t module, name;
  wasm_name_new_from_string(&module, "host");
  wasm_name_new_from_string_nt(&name, "f");
  CHECK(module.size == 4 && name.size == 2 && name.data[1] == 0);
  wasm_importtype_t *import = wasm_importtype_new(&module, &name, external);
  wasm_importtype_t *other = wasm_importtype_copy(import);
  wasm_importtype_delete(import);
  CHECK(memcmp(wasm_importtype_module(other)->data, "host", 4) == 0);
  wasm_importtype_vec_t list, second;
  wasm_importtype_vec_new(&list, 1, &other);
  wasm_importtype_vec_copy(&second, &list);
  wasm_importtype_vec_delete(&list);
  CHECK(list.size == 0 && second.size == 1);
  wasm_importtype_vec_delete(&second);
  wasm_limits_t limits = {1, wasm_limits_max_default};
  wasm_memorytype_t *memory = wasm_memorytype_new(&limits);
  CHECK(wasm_memorytype_limits(memory)->min == 1);
  wasm_memorytype_delete(memory);
  wasm_byte_vec_t none;
  wasm_byte_vec_new_uninitialized(&none, SIZE_MAX);
  CHECK(none.size == 0);
  wasm_byte_vec_delete(&none);
  wasm_valtype_delete(NULL), wasm_functype_delete(NULL), wasm_ref_delete(NULL), wasm_store_delete(NULL);
}

/* ---- Functions ---- */

static wasm_trap_t *add(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  ++*(int *)env;
  CHECK(args->size == 2 && results->size == 1);
  wasm_val_t sum = WASM_I32_VAL(args->data[0].of.i32 + args->data[1].of.i32);
  results->data[0] = sum;
  return NULL;
}

static wasm_store_t *current;
static wasm_trap_t *refuse(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  (void)args, (void)results;
  wasm_message_t message;
  wasm_name_new_from_string_nt(&message, "not today");
  wasm_trap_t *trap = wasm_trap_new(current, &message);
  wasm_name_delete(&message);
  return trap;
}

static wasm_trap_t *wrong(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  (void)args;
  wasm_val_t value = WASM_F64_VAL(1.5);
  results->data[0] = value;
  return NULL;
}

static void functions(wasm_store_t *store) {
  int calls = 0, ended = 0;
  (void)ended;
  wasm_functype_t *binary = wasm_functype_new_2_1(wasm_valtype_new_i32(), wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_functype_t *nothing = wasm_functype_new_0_0();
  wasm_functype_t *constant = wasm_functype_new_0_1(wasm_valtype_new_i32());
  wasm_func_t *host = wasm_func_new_with_env(store, binary, add, &calls, NULL);
  wasm_func_t *refusing = wasm_func_new(store, nothing, refuse);
  wasm_func_t *lying = wasm_func_new(store, constant, wrong);
  CHECK(wasm_func_param_arity(host) == 2 && wasm_func_result_arity(host) == 1);
  wasm_extern_t *imports[] = {wasm_func_as_extern(host), wasm_func_as_extern(refusing), wasm_func_as_extern(lying)};
  wasm_instance_t *instance = instance_of(
      store,
      "(module (import \"h\" \"add\" (func $add (param i32 i32) (result i32)))"
      "  (import \"h\" \"refuse\" (func $refuse)) (import \"h\" \"lie\" (func $lie (result i32)))"
      "  (func (export \"twice\") (param i32) (result i32) (call $add (local.get 0) (local.get 0)))"
      "  (func (export \"refused\") (call $refuse))"
      "  (func (export \"lied\") (result i32) (call $lie))"
      "  (func (export \"many\") (param i32 i64 f32 f64) (result f64 f32 i64 i32)"
      "    (local.get 3) (local.get 2) (local.get 1) (local.get 0)))",
      imports, 3);
  wasm_func_t *twice = func_of(instance, 0);
  wasm_val_t arg[1] = {WASM_I32_VAL(21)}, result[4] = {WASM_INIT_VAL};
  wasm_val_vec_t args = {1, arg}, results = {1, result};
  CHECK(wasm_func_call(twice, &args, &results) == NULL);
  CHECK(result[0].kind == WASM_I32 && result[0].of.i32 == 42 && calls == 1);
  /* The function of the host itself. */
  wasm_val_t two[2] = {WASM_I32_VAL(1), WASM_I32_VAL(-2)};
  wasm_val_vec_t pair = {2, two};
  CHECK(wasm_func_call(host, &pair, &results) == NULL && result[0].of.i32 == -1);
  /* Arguments that don't fit. */
  wasm_val_t real[1] = {WASM_F32_VAL(1)};
  wasm_val_vec_t reals = {1, real}, none = WASM_EMPTY_VEC;
  TRAPS(wasm_func_call(twice, &reals, &results), CANNERY_TRAP_HOST);
  TRAPS(wasm_func_call(twice, &none, &results), CANNERY_TRAP_HOST);
  TRAPS(wasm_func_call(twice, NULL, NULL), CANNERY_TRAP_HOST);
  CHECK(wasm_func_call(twice, &args, &none) == NULL);

  wasm_func_t *refused = func_of(instance, 1);
  wasm_trap_t *trap = wasm_func_call(refused, &none, &none);
  CHECK(trap);
  wasm_message_t message;
  wasm_trap_message(trap, &message);
  CHECK(message.size == 10 && strcmp(message.data, "not today") == 0);
  wasm_name_delete(&message);
  wasm_frame_vec_t frames;
  wasm_trap_trace(trap, &frames);
  CHECK(frames.size == 1 && wasm_frame_func_index(frames.data[0]) == 4);
  CHECK(wasm_instance_same(wasm_frame_instance(frames.data[0]), instance));
  CHECK(wasm_frame_module_offset(frames.data[0]) > wasm_frame_func_offset(frames.data[0]));
  wasm_frame_vec_delete(&frames);
  wasm_frame_t *origin = wasm_trap_origin(trap);
  CHECK(origin && wasm_frame_func_index(origin) == 4);
  wasm_frame_delete(origin);
  wasm_trap_delete(trap);

  wasm_func_t *lied = func_of(instance, 2);
  TRAPS(wasm_func_call(lied, &none, &results), CANNERY_TRAP_HOST);

  wasm_func_t *many = func_of(instance, 3);
  wasm_val_t four[4] = {WASM_I32_VAL(-1), WASM_I64_VAL(INT64_MIN), WASM_F32_VAL(0.5f), WASM_F64_VAL(-0.25)};
  wasm_val_vec_t in = {4, four}, out = {4, result};
  CHECK(wasm_func_call(many, &in, &out) == NULL);
  CHECK(result[0].of.f64 == -0.25 && result[1].of.f32 == 0.5f && result[2].of.i64 == INT64_MIN && result[3].of.i32 == -1);

  wasm_functype_delete(binary), wasm_functype_delete(nothing), wasm_functype_delete(constant);
  wasm_func_delete(host), wasm_func_delete(refusing), wasm_func_delete(lying);
  wasm_func_delete(twice), wasm_func_delete(refused), wasm_func_delete(lied), wasm_func_delete(many);
  wasm_instance_delete(instance);
}

/* ---- Globals, tables, memories, references ---- */

static void objects(wasm_store_t *store) {
  wasm_globaltype_t *type = wasm_globaltype_new(wasm_valtype_new_i64(), WASM_VAR);
  wasm_val_t initial = WASM_I64_VAL(5), value, other = WASM_I32_VAL(1);
  CHECK(wasm_global_new(store, type, &other) == NULL);
  cannery_error_t *why = cannery_last_error();
  CHECK(why && cannery_error_kind(why) == CANNERY_ERROR_ARGUMENT && cannery_error_offset(why) == SIZE_MAX);
  cannery_error_delete(why);
  wasm_global_t *global = wasm_global_new(store, type, &initial);
  wasm_global_set(global, &other);
  wasm_global_get(global, &value);
  CHECK(value.kind == WASM_I64 && value.of.i64 == 5);
  initial.of.i64 = -7;
  wasm_global_set(global, &initial);
  wasm_global_get(global, &value);
  CHECK(value.of.i64 == -7);
  wasm_globaltype_delete(type);

  wasm_limits_t limits = {2, 4};
  wasm_memorytype_t *memory_type = wasm_memorytype_new(&limits);
  wasm_memory_t *memory = wasm_memory_new(store, memory_type);
  CHECK(wasm_memory_size(memory) == 2 && wasm_memory_data_size(memory) == 2 * MEMORY_PAGE_SIZE);
  wasm_memory_data(memory)[5] = 'x';
  CHECK(wasm_memory_grow(memory, 2) && !wasm_memory_grow(memory, 1));
  CHECK(wasm_memory_data(memory)[5] == 'x' && wasm_memory_data_size(memory) == 4 * MEMORY_PAGE_SIZE);
  char byte = 0;
  CHECK(cannery_memory_read(memory, 5, &byte, 1) && byte == 'x');
  CHECK(!cannery_memory_read(memory, 4 * MEMORY_PAGE_SIZE, &byte, 1) && !cannery_memory_write(memory, UINT64_MAX, &byte, 1));
  limits.min = 9;
  wasm_memorytype_t *impossible = wasm_memorytype_new(&limits);
  CHECK(wasm_memory_new(store, impossible) == NULL);
  wasm_memorytype_delete(memory_type), wasm_memorytype_delete(impossible);

  /* References: identity, information of the host, tables of them. */
  wasm_foreign_t *foreign = wasm_foreign_new(store), *stranger = wasm_foreign_new(store);
  wasm_foreign_set_host_info_with_finalizer(foreign, &finalized, finalize);
  wasm_limits_t sizes = {3, 5};
  wasm_tabletype_t *table_type = wasm_tabletype_new(wasm_valtype_new_externref(), &sizes);
  wasm_table_t *table = wasm_table_new(store, table_type, NULL);
  CHECK(wasm_table_size(table) == 3 && wasm_table_get(table, 0) == NULL && wasm_table_get(table, 3) == NULL);
  CHECK(wasm_table_set(table, 1, wasm_foreign_as_ref(foreign)) && !wasm_table_set(table, 3, NULL));
  wasm_ref_t *element = wasm_table_get(table, 1);
  CHECK(element && wasm_ref_same(element, wasm_foreign_as_ref(foreign)));
  CHECK(!wasm_ref_same(element, wasm_foreign_as_ref(stranger)));
  CHECK(wasm_ref_get_host_info(element) == &finalized && wasm_foreign_get_host_info(stranger) == NULL);
  CHECK(wasm_ref_as_foreign(element) && !wasm_ref_as_func(element) && !wasm_ref_as_extern(element));
  CHECK(wasm_table_grow(table, 2, element) && !wasm_table_grow(table, 1, NULL));
  wasm_ref_delete(element);
  wasm_ref_t *last = wasm_table_get(table, 4);
  CHECK(wasm_foreign_same(wasm_ref_as_foreign(last), foreign));
  wasm_ref_delete(last);
  wasm_tabletype_delete(table_type);
  /* Replaced information is finalized at once, other when the store ends. */
  wasm_foreign_set_host_info_with_finalizer(foreign, &finalized, finalize);
  CHECK(finalized == 1);
  wasm_foreign_delete(foreign), wasm_foreign_delete(stranger);

  /* Imports that don't fit. */
  wasm_module_t *module = module_of(store, "(module (import \"\" \"\" (global i64)))");
  wasm_extern_t *wrong_import = wasm_memory_as_extern(memory), *right_import = wasm_global_as_extern(global);
  wasm_extern_vec_t imports = {1, &wrong_import}, empty = WASM_EMPTY_VEC;
  wasm_trap_t *trap = NULL;
  CHECK(wasm_instance_new(store, module, &imports, &trap) == NULL && trap);
  wasm_trap_delete(trap);
  CHECK(wasm_instance_new(store, module, &empty, NULL) == NULL);
  imports.data = &right_import;
  CHECK(wasm_instance_new(store, module, &imports, &trap) == NULL && trap); /* It is mutable. */
  wasm_trap_delete(trap);
  wasm_module_delete(module);
  wasm_global_delete(global), wasm_memory_delete(memory), wasm_table_delete(table);
}

/* ---- Modules ---- */

static void modules(wasm_engine_t *engine, wasm_store_t *store) {
  wasm_byte_vec_t junk, artifact;
  wasm_byte_vec_new(&junk, 4, "\0asm");
  CHECK(!wasm_module_validate(store, &junk) && wasm_module_new(store, &junk) == NULL);
  cannery_error_t *why = cannery_last_error();
  CHECK(why && cannery_error_kind(why) == CANNERY_ERROR_MALFORMED && cannery_error_offset(why) == 4);
  cannery_error_delete(why);
  CHECK(wasm_module_deserialize(store, &junk) == NULL);
  wasm_byte_vec_delete(&junk);
  wasm_module_t *module = module_of(
      store,
      "(module (import \"a\" \"b\" (memory 1 2)) (table (export \"t\") 1 funcref) (global (export \"g\") f32 (f32.const 1.5))"
      "  (func (export \"f\") (param i64) (result v128) (v128.const i64x2 1 2)))");
  wasm_importtype_vec_t imports;
  wasm_module_imports(module, &imports);
  CHECK(imports.size == 1 && wasm_externtype_kind(wasm_importtype_type(imports.data[0])) == WASM_EXTERN_MEMORY);
  wasm_importtype_vec_delete(&imports);
  wasm_exporttype_vec_t exports;
  wasm_module_exports(module, &exports);
  CHECK(exports.size == 3 && memcmp(wasm_exporttype_name(exports.data[2])->data, "f", 1) == 0);
  const wasm_functype_t *type = wasm_externtype_as_functype_const(wasm_exporttype_type(exports.data[2]));
  CHECK(type && wasm_valtype_kind(wasm_functype_results(type)->data[0]) == CANNERY_V128);
  wasm_exporttype_vec_delete(&exports);
  wasm_module_serialize(module, &artifact);
  wasm_shared_module_t *shared = wasm_module_share(module);
  wasm_module_delete(module);
  wasm_store_t *second = wasm_store_new(engine);
  wasm_module_t *again = wasm_module_deserialize(second, &artifact), *obtained = wasm_module_obtain(second, shared);
  CHECK(again && obtained && !wasm_module_same(again, obtained));
  wasm_module_delete(again), wasm_module_delete(obtained), wasm_shared_module_delete(shared);
  /* A damaged one is refused, at the latest when its code is called. */
  artifact.data[artifact.size / 2] ^= 1;
  wasm_module_t *damaged = wasm_module_deserialize(second, &artifact);
  if (damaged) {
    cannery_error_t *error = cannery_module_verify(damaged);
    cannery_error_delete(error);
    wasm_module_delete(damaged);
  }
  wasm_byte_vec_delete(&artifact);
  wasm_store_delete(second);
}

int main(void) {
  descriptions();
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  current = store;
  functions(store);
  objects(store);
  modules(engine, store);
  /* An engine may go first; a store lives on with what refers to it. */
  wasm_engine_delete(engine);
  wasm_store_delete(store);
  CHECK(finalized == 2);
  puts("standard: passed");
  return 0;
}
