/* cannery-machine.h: a System API of the embedder's, executions that leave no trace, slices, suspension, upgrades. */

#include <cannery-canister.h>
#include <pthread.h>

#include "check.h"

/* What the host functions below are told for each execution. */
typedef struct message_t {
  char reply[64];
  size_t size;
  int calls;
  cannery_machine_t *machine;
} message_t;

static wasm_trap_t *reply(void *env, cannery_caller_t *caller, uint64_t *slots) {
  ++*(int *)env;
  message_t *message = cannery_caller_context(caller);
  CHECK(message && slots[1] < sizeof message->reply);
  message->calls++;
  message->size = slots[1];
  if (!cannery_caller_read(caller, 0, (uint32_t)slots[0], message->reply, slots[1])) {
    cannery_caller_trap(caller, "reply out of bounds");
  }
  message->reply[message->size] = 0;
  return cannery_caller_charge(caller, 500);
}

static wasm_trap_t *keep(void *env, cannery_caller_t *caller, uint64_t *slots) {
  (void)env;
  uint8_t byte = (uint8_t)slots[1], old = 0;
  if (cannery_caller_stable_size(caller) == 0) CHECK(cannery_caller_stable_grow(caller, 2));
  CHECK(!cannery_caller_stable_grow(caller, UINT64_MAX));
  CHECK(cannery_caller_stable_read(caller, slots[0], &old, 1));
  CHECK(cannery_caller_stable_write(caller, slots[0], &byte, 1));
  CHECK(!cannery_caller_stable_write(caller, 131072, &byte, 1) && !cannery_caller_stable_read(caller, 0, &byte, SIZE_MAX));
  slots[0] = old;
  return NULL;
}

static wasm_trap_t *ask(void *env, cannery_caller_t *caller, uint64_t *slots) {
  (void)env, (void)slots;
  return cannery_suspend(caller);
}

/* Uses its own machine while that executes. */
static wasm_trap_t *meddle(void *env, cannery_caller_t *caller, uint64_t *slots) {
  (void)env;
  message_t *message = cannery_caller_context(caller);
  cannery_entry_t entry = {CANNERY_ENTRY_EXPORT, "get", 0, NULL, 0};
  cannery_ending_t ending;
  uint64_t size;
  wasm_byte_vec_t state;
  FAIL(cannery_machine_execute(message->machine, &entry, 1000, false, NULL, &ending), CANNERY_ERROR_BUSY);
  FAIL(cannery_machine_heap_size(message->machine, &size), CANNERY_ERROR_BUSY);
  FAIL(cannery_machine_save(message->machine, &state), CANNERY_ERROR_BUSY);
  cannery_machine_delete(message->machine);
  slots[0] = 5;
  return NULL;
}

static int finalized;
static void finalize(void *env) { (void)env, finalized++; }

static const char canister[] =
    "(module (import \"api\" \"reply\" (func $reply (param i32 i32)))"
    "  (import \"api\" \"keep\" (func $keep (param i64 i32) (result i32)))"
    "  (import \"api\" \"ask\" (func $ask (result i32)))"
    "  (import \"api\" \"meddle\" (func $meddle (result i32)))"
    "  (memory 1 3) (table funcref (elem $callback $start)) (data $passive \"passive\")"
    "  (global $count (mut i32) (i32.const 48)) (start $start)"
    "  (func $start (i32.store8 (i32.const 4096) (i32.const 33)))"
    "  (func $answer (i32.store8 (i32.const 0) (global.get $count)) (call $reply (i32.const 0) (i32.const 1)))"
    "  (func $callback (param i32) (global.set $count (local.get 0)) (call $answer))"
    "  (func (export \"increment\") (global.set $count (i32.add (global.get $count) (i32.const 1)))"
    "    (drop (call $keep (i64.const 7) (global.get $count))) (call $answer))"
    "  (func (export \"fail\") (global.set $count (i32.const 90)) (drop (memory.grow (i32.const 1)))"
    "    (drop (call $keep (i64.const 7) (i32.const 99))) (call $answer) (unreachable))"
    "  (func (export \"get\") (call $answer))"
    "  (func (export \"outside\") (call $reply (i32.const 65536) (i32.const 1)))"
    "  (func (export \"pages\") (i32.store (i32.const 8192) (i32.const 1)) (i32.store (i32.const 12288) (i32.const 1))"
    "    (i32.store (i32.const 16384) (i32.const 0)))"
    "  (func (export \"drop\") (memory.init $passive (i32.const 64) (i32.const 0) (i32.const 7)) (data.drop $passive))"
    "  (func (export \"loop\") (param $n i32) (global.set $count (i32.const 65))"
    "    (loop (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (call $answer))"
    "  (func (export \"wait\") (drop (call $keep (i64.const 8) (i32.const 1)))"
    "    (global.set $count (call $ask)) (call $answer))"
    "  (func (export \"busy\") (global.set $count (i32.add (i32.const 48) (call $meddle))) (call $answer))"
    "  (func (export \"result\") (result i64) (i64.const 12)))";

static wasm_engine_t *engine;
static wasm_store_t *store;
static int counter;

static void define(
    cannery_system_t *system, const char *name, wasm_functype_t *type, cannery_callback_t callback, void *env) {
  SUCCEED(cannery_system_define(system, "api", name, type, callback, env, finalize));
  wasm_functype_delete(type);
}

static cannery_system_t *system_new(void) {
  cannery_system_t *system = cannery_system_new();
  define(system, "reply", wasm_functype_new_2_0(wasm_valtype_new_i32(), wasm_valtype_new_i32()), reply, &counter);
  define(system, "keep", wasm_functype_new_2_1(wasm_valtype_new_i64(), wasm_valtype_new_i32(), wasm_valtype_new_i32()), keep, NULL);
  define(system, "ask", wasm_functype_new_0_1(wasm_valtype_new_i32()), ask, NULL);
  define(system, "meddle", wasm_functype_new_0_1(wasm_valtype_new_i32()), meddle, NULL);
  return system;
}

static cannery_machine_t *machine_new(void) {
  cannery_system_t *system = system_new();
  wasm_module_t *module = module_of(store, canister);
  cannery_machine_t *machine = NULL;
  SUCCEED(cannery_machine_new(module, system, NULL, &machine));
  wasm_module_delete(module);
  cannery_system_delete(system);
  return machine;
}

static cannery_entry_t export_named(const char *name) {
  cannery_entry_t entry = {CANNERY_ENTRY_EXPORT, name, 0, NULL, 0};
  return entry;
}

static cannery_ending_t execute(cannery_machine_t *machine, const char *name, bool commits, message_t *message) {
  cannery_entry_t entry = export_named(name);
  cannery_ending_t ending;
  SUCCEED(cannery_machine_execute(machine, &entry, 1000000, commits, message, &ending));
  return ending;
}

/* Ends the program unless the machine's count, and its stable byte 7, are these. */
static void expect(cannery_machine_t *machine, char count, int stable) {
  message_t message = {0};
  cannery_ending_t ending = execute(machine, "get", false, &message);
  CHECK(ending.state == CANNERY_FINISHED && message.size == 1 && message.reply[0] == count);
  uint8_t byte = 0;
  if (stable >= 0) {
    SUCCEED(cannery_machine_read_stable(machine, 7, &byte, 1));
    CHECK(byte == stable);
  }
}

static void definitions(void) {
  cannery_system_t *system = cannery_system_new();
  wasm_module_t *module = module_of(store, canister);
  cannery_machine_t *machine = NULL;
  wasm_functype_t *type = wasm_functype_new_0_0();
  FAIL(cannery_machine_new(module, system, NULL, &machine), CANNERY_ERROR_LINK);
  FAIL(cannery_machine_new(NULL, system, NULL, &machine), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_machine_new(module, NULL, NULL, &machine), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_machine_new(module, system, NULL, NULL), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_system_define(system, NULL, "x", type, ask, NULL, finalize), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_system_define(system, "x", "\xff", type, ask, NULL, finalize), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_system_define(system, "x", "x", NULL, ask, NULL, finalize), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_system_define(system, "x", "x", type, NULL, NULL, finalize), CANNERY_ERROR_ARGUMENT);
  CHECK(finalized == 0);
  SUCCEED(cannery_system_define(system, "api", "reply", type, ask, NULL, finalize));
  SUCCEED(cannery_system_define(system, "api", "reply", type, reply, NULL, finalize));
  CHECK(finalized == 1);
  FAIL(cannery_machine_new(module, system, NULL, &machine), CANNERY_ERROR_LINK);
  cannery_system_delete(system);
  CHECK(finalized == 2);
  system = system_new();
  cannery_limits_t limits;
  cannery_limits_default(&limits);
  limits.memory_pages = 0;
  FAIL(cannery_machine_new(module, system, &limits, &machine), CANNERY_ERROR_RESOURCE);
  cannery_system_delete(system);
  CHECK(finalized == 6);
  wasm_functype_delete(type);
  wasm_module_delete(module);
}

static void traces(void) {
  finalized = 0;
  cannery_machine_t *machine = machine_new();
  message_t message = {0};
  uint64_t size;
  /* Not even the start function has run. */
  char byte = 1;
  SUCCEED(cannery_machine_read_heap(machine, 4096, &byte, 1));
  CHECK(byte == 0);
  cannery_entry_t entry = {CANNERY_ENTRY_START, NULL, 0, NULL, 0};
  cannery_ending_t ending;
  SUCCEED(cannery_machine_execute(machine, &entry, CANNERY_UNLIMITED, true, NULL, &ending));
  CHECK(ending.state == CANNERY_FINISHED && ending.dirty_pages == 1 && ending.stable_pages == 0 && !ending.trap);
  SUCCEED(cannery_machine_read_heap(machine, 4096, &byte, 1));
  CHECK(byte == 33);

  ending = execute(machine, "increment", true, &message);
  CHECK(ending.state == CANNERY_FINISHED && ending.instructions > 500 && ending.dirty_pages == 1 && ending.stable_pages == 1);
  CHECK(message.calls == 1 && strcmp(message.reply, "1") == 0 && counter > 0);
  ending = execute(machine, "increment", false, &message);
  CHECK(ending.state == CANNERY_FINISHED && strcmp(message.reply, "2") == 0);
  expect(machine, '1', '1');
  ending = execute(machine, "fail", true, &message);
  CHECK(ending.state == CANNERY_TRAPPED && cannery_trap_kind(ending.trap) == CANNERY_TRAP_UNREACHABLE);
  CHECK(ending.dirty_pages > 0 && ending.stable_pages == 1);
  wasm_trap_delete(ending.trap);
  expect(machine, '1', '1');
  SUCCEED(cannery_machine_heap_size(machine, &size));
  CHECK(size == 1);
  ending = execute(machine, "outside", true, &message);
  wasm_message_t text;
  wasm_trap_message(ending.trap, &text);
  CHECK(ending.state == CANNERY_TRAPPED && strcmp(text.data, "reply out of bounds") == 0);
  wasm_name_delete(&text), wasm_trap_delete(ending.trap);
  /* Only pages that are different count. */
  CHECK(execute(machine, "pages", true, NULL).dirty_pages == 2);
  CHECK(execute(machine, "pages", true, NULL).dirty_pages == 0);
  /* A passive segment is there again in each execution. */
  for (int i = 0; i < 2; i++) CHECK(execute(machine, "drop", true, NULL).state == CANNERY_FINISHED);
  /* Too many instructions. */
  uint64_t slots[2] = {1000, 0};
  entry = export_named("loop");
  entry.slots = slots, entry.slot_count = 1;
  SUCCEED(cannery_machine_execute(machine, &entry, 100, true, &message, &ending));
  CHECK(ending.state == CANNERY_OUT_OF_INSTRUCTIONS && ending.instructions >= 100 && !ending.trap);
  expect(machine, '1', '1');
  ending = execute(machine, "wait", true, &message);
  CHECK(ending.state == CANNERY_TRAPPED && cannery_trap_kind(ending.trap) == CANNERY_TRAP_HOST);
  wasm_trap_delete(ending.trap);

  /* Entries of all kinds, and those that there aren't. */
  entry = (cannery_entry_t){CANNERY_ENTRY_TABLE, NULL, 0, slots, 1};
  slots[0] = 'x';
  CHECK(cannery_machine_has_entry(machine, &entry));
  SUCCEED(cannery_machine_execute(machine, &entry, 100000, false, &message, &ending));
  CHECK(ending.state == CANNERY_FINISHED && strcmp(message.reply, "x") == 0);
  entry.slot_count = 2;
  CHECK(!cannery_machine_has_entry(machine, &entry));
  FAIL(cannery_machine_execute(machine, &entry, 100, true, &message, &ending), CANNERY_ERROR_LINK);
  entry.index = 2;
  FAIL(cannery_machine_execute(machine, &entry, 100, true, &message, &ending), CANNERY_ERROR_LINK);
  entry.index = UINT64_MAX, entry.slot_count = SIZE_MAX;
  FAIL(cannery_machine_execute(machine, &entry, 100, true, &message, &ending), CANNERY_ERROR_LINK);
  entry.index = 0;
  FAIL(cannery_machine_execute(machine, &entry, 100, true, &message, &ending), CANNERY_ERROR_ARGUMENT);
  entry = (cannery_entry_t){CANNERY_ENTRY_TABLE, NULL, 0, NULL, 1};
  CHECK(cannery_machine_has_entry(machine, &entry));
  FAIL(cannery_machine_execute(machine, &entry, 100, true, &message, &ending), CANNERY_ERROR_ARGUMENT);
  entry = export_named("nothing");
  CHECK(!cannery_machine_has_entry(machine, &entry) && !cannery_machine_has_entry(NULL, &entry));
  FAIL(cannery_machine_execute(machine, &entry, 100, true, &message, &ending), CANNERY_ERROR_LINK);
  entry.name = NULL;
  FAIL(cannery_machine_execute(machine, &entry, 100, true, &message, &ending), CANNERY_ERROR_ARGUMENT);
  entry.kind = (cannery_entry_kind_t)7;
  FAIL(cannery_machine_execute(machine, &entry, 100, true, &message, &ending), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_machine_execute(machine, NULL, 100, true, &message, &ending), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_machine_execute(NULL, &entry, 100, true, &message, &ending), CANNERY_ERROR_ARGUMENT);

  /* The embedder's own changes. */
  SUCCEED(cannery_machine_write_heap(machine, 100, "abc", 3));
  FAIL(cannery_machine_write_heap(machine, 65534, "abc", 3), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_machine_write_heap(machine, 0, "abc", SIZE_MAX), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_machine_write_heap(machine, 0, NULL, 1), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_machine_read_heap(machine, UINT64_MAX, &byte, 1), CANNERY_ERROR_ARGUMENT);
  SUCCEED(cannery_machine_grow_stable(machine, 1));
  FAIL(cannery_machine_grow_stable(machine, UINT64_MAX), CANNERY_ERROR_RESOURCE);
  SUCCEED(cannery_machine_stable_size(machine, &size));
  CHECK(size == 3);
  SUCCEED(cannery_machine_write_stable(machine, 7, "z", 1));
  FAIL(cannery_machine_write_stable(machine, 3 * 65536, "z", 1), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_machine_read_stable(machine, 0, &byte, SIZE_MAX), CANNERY_ERROR_ARGUMENT);
  expect(machine, '1', 'z');

  /* From inside, the machine is busy, and deleted afterwards. */
  message.machine = machine;
  ending = execute(machine, "busy", true, &message);
  CHECK(ending.state == CANNERY_FINISHED && strcmp(message.reply, "5") == 0);
  CHECK(finalized == 4);
}

static bool grow(void *env, void *context, uint64_t old_pages, uint64_t new_pages) {
  CHECK(context && new_pages == old_pages + 1);
  return *(bool *)env;
}

static void growth(void) {
  finalized = 0;
  bool allows = true;
  cannery_system_t *system = cannery_system_new();
  cannery_system_set_growth(system, grow, &allows, finalize);
  cannery_system_set_growth(NULL, grow, NULL, NULL);
  wasm_module_t *module = module_of(
      store, "(module (memory 1) (func (export \"grow\") (if (i32.lt_s (memory.grow (i32.const 1)) (i32.const 0)) (then (unreachable)))))");
  cannery_machine_t *machine = NULL;
  SUCCEED(cannery_machine_new(module, system, NULL, &machine));
  wasm_module_delete(module), cannery_system_delete(system);
  message_t message = {0};
  uint64_t size;
  CHECK(execute(machine, "grow", true, &message).state == CANNERY_FINISHED);
  allows = false;
  cannery_ending_t ending = execute(machine, "grow", true, &message);
  CHECK(ending.state == CANNERY_TRAPPED && cannery_trap_kind(ending.trap) == CANNERY_TRAP_HOST);
  wasm_trap_delete(ending.trap);
  SUCCEED(cannery_machine_heap_size(machine, &size));
  CHECK(size == 2);
  cannery_machine_delete(machine);
  CHECK(finalized == 1);
}

static void steps(void) {
  finalized = 0;
  cannery_machine_t *machine = machine_new();
  message_t message = {0}, second = {0};
  cannery_execution_t *execution = NULL, *other = NULL;
  cannery_state_t state;
  uint64_t slots[1] = {1000}, size;
  cannery_entry_t entry = export_named("loop"), increment = export_named("increment"), wait = export_named("wait");
  entry.slots = slots, entry.slot_count = 1;
  SUCCEED(cannery_machine_begin(machine, &entry, 100, &message, &execution));
  FAIL(cannery_machine_begin(machine, &entry, 100, &message, &other), CANNERY_ERROR_BUSY);
  SUCCEED(cannery_execution_run(execution, &state));
  CHECK(state == CANNERY_OUT_OF_INSTRUCTIONS);
  FAIL(cannery_execution_commit(execution), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_machine_heap_size(machine, &size), CANNERY_ERROR_BUSY);
  SUCCEED(cannery_execution_resume(execution, 100000, &state));
  CHECK(state == CANNERY_FINISHED && strcmp(message.reply, "A") == 0 && cannery_execution_dirty_pages(execution) == 1);
  FAIL(cannery_machine_heap_size(machine, &size), CANNERY_ERROR_BUSY);
  SUCCEED(cannery_execution_commit(execution));
  FAIL(cannery_execution_commit(execution), CANNERY_ERROR_ARGUMENT);
  CHECK(cannery_execution_dirty_pages(execution) == 1 && cannery_execution_stable_pages(execution) == 0);
  expect(machine, 'A', -1);
  cannery_execution_delete(execution);
  expect(machine, 'A', -1);
  /* Finished, but not committed; and never finished. */
  for (uint64_t limit = 10; limit < 100000; limit *= 100) {
    SUCCEED(cannery_machine_begin(machine, &increment, limit, &message, &execution));
    SUCCEED(cannery_execution_run(execution, &state));
    CHECK(state == (limit == 10 ? CANNERY_OUT_OF_INSTRUCTIONS : CANNERY_FINISHED) || limit == 1000);
    cannery_execution_delete(execution);
    expect(machine, 'A', -1);
    SUCCEED(cannery_machine_stable_size(machine, &size));
    CHECK(size == 0);
  }

  /* It waits for its host; meanwhile others execute on what is committed. */
  SUCCEED(cannery_machine_begin(machine, &wait, 100000, &message, &execution));
  FAIL(cannery_execution_unpark(execution), CANNERY_ERROR_ARGUMENT);
  SUCCEED(cannery_execution_run(execution, &state));
  CHECK(state == CANNERY_WAITING && cannery_execution_stable_pages(execution) == 1);
  SUCCEED(cannery_execution_park(execution));
  FAIL(cannery_execution_park(execution), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_execution_run(execution, &state), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_execution_commit(execution), CANNERY_ERROR_ARGUMENT);
  CHECK(cannery_execution_stable_pages(execution) == 1);
  SUCCEED(cannery_machine_stable_size(machine, &size));
  CHECK(size == 0);
  CHECK(execute(machine, "increment", false, &second).state == CANNERY_FINISHED && strcmp(second.reply, "B") == 0);
  SUCCEED(cannery_machine_begin(machine, &increment, 100000, &second, &other));
  FAIL(cannery_execution_unpark(execution), CANNERY_ERROR_BUSY);
  cannery_execution_delete(other);
  SUCCEED(cannery_execution_unpark(execution));
  wasm_val_t answer[1] = {WASM_I32_VAL('w')};
  wasm_val_vec_t answers = {1, answer};
  SUCCEED(cannery_execution_resume_host(execution, &answers, NULL, &state));
  CHECK(state == CANNERY_FINISHED && strcmp(message.reply, "w") == 0);
  SUCCEED(cannery_execution_commit(execution));
  cannery_execution_delete(execution);
  expect(machine, 'w', 0);
  /* What was committed meanwhile is not overwritten. */
  SUCCEED(cannery_machine_begin(machine, &wait, 100000, &message, &execution));
  SUCCEED(cannery_execution_run(execution, &state));
  SUCCEED(cannery_execution_park(execution));
  SUCCEED(cannery_machine_write_stable(machine, 7, "q", 1));
  FAIL(cannery_execution_unpark(execution), CANNERY_ERROR_ARGUMENT);
  cannery_execution_delete(execution);
  expect(machine, 'w', 'q');
  /* Failing later. */
  SUCCEED(cannery_machine_begin(machine, &wait, 100000, &message, &execution));
  SUCCEED(cannery_execution_run(execution, &state));
  wasm_store_t *inner = cannery_machine_store(machine);
  wasm_message_t text;
  wasm_name_new_from_string_nt(&text, "no answer");
  SUCCEED(cannery_execution_resume_host(execution, NULL, wasm_trap_new(inner, &text), &state));
  wasm_name_delete(&text), wasm_store_delete(inner);
  CHECK(state == CANNERY_TRAPPED);
  FAIL(cannery_execution_commit(execution), CANNERY_ERROR_ARGUMENT);
  /* The machine is kept by what hasn't been deleted. */
  cannery_machine_delete(machine);
  CHECK(finalized == 0);
  cannery_execution_delete(execution);
  CHECK(finalized == 4);
  FAIL(cannery_execution_commit(NULL), CANNERY_ERROR_ARGUMENT);
  CHECK(cannery_execution_dirty_pages(NULL) == 0 && cannery_caller_context(NULL) == NULL);
}

static void states(void) {
  finalized = 0;
  cannery_machine_t *old = machine_new(), *new = machine_new(), *loaded = NULL;
  message_t message = {0};
  for (int i = 0; i < 3; i++) execute(old, "increment", true, &message);
  execute(old, "pages", true, NULL);
  wasm_byte_vec_t bytes;
  SUCCEED(cannery_machine_save(old, &bytes));
  cannery_system_t *system = system_new();
  wasm_module_t *module = module_of(store, canister);
  wasm_module_t *different = module_of(store, "(module)");
  SUCCEED(cannery_machine_load(module, system, NULL, bytes.data, bytes.size, &loaded));
  expect(loaded, '3', '3');
  uint32_t word = 0;
  SUCCEED(cannery_machine_read_heap(loaded, 12288, &word, 4));
  CHECK(word == 1);
  wasm_byte_vec_t again;
  SUCCEED(cannery_machine_save(loaded, &again));
  CHECK(again.size == bytes.size && memcmp(again.data, bytes.data, bytes.size) == 0);
  cannery_machine_delete(loaded);
  FAIL(cannery_machine_load(different, system, NULL, bytes.data, bytes.size, &loaded), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_machine_load(module, system, NULL, bytes.data, bytes.size - 1, &loaded), CANNERY_ERROR_ARTIFACT);
  FAIL(cannery_machine_load(module, system, NULL, bytes.data, 20, &loaded), CANNERY_ERROR_MALFORMED);
  FAIL(cannery_machine_load(module, system, NULL, NULL, 20, &loaded), CANNERY_ERROR_ARGUMENT);
  wasm_byte_vec_delete(&bytes), wasm_byte_vec_delete(&again);
  wasm_module_delete(module), wasm_module_delete(different), cannery_system_delete(system);

  /* An upgrade, and the way back. */
  SUCCEED(cannery_machine_exchange_stable(old, new));
  expect(new, '0', '3');
  SUCCEED(cannery_machine_exchange_heap(old, new));
  SUCCEED(cannery_machine_read_heap(new, 12288, &word, 4));
  CHECK(word == 1);
  SUCCEED(cannery_machine_exchange_heap(old, new));
  SUCCEED(cannery_machine_exchange_stable(new, old));
  expect(old, '3', '3');
  SUCCEED(cannery_machine_exchange_heap(old, old));
  FAIL(cannery_machine_exchange_heap(old, NULL), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_machine_exchange_stable(NULL, new), CANNERY_ERROR_ARGUMENT);
  cannery_machine_delete(old), cannery_machine_delete(new);
  CHECK(finalized == 12);
}

static void *use(void *argument) {
  cannery_machine_t *machine = argument;
  intptr_t done = 0;
  for (int i = 0; i < 500; i++) {
    message_t message = {0};
    cannery_entry_t entry = export_named("increment");
    cannery_ending_t ending;
    cannery_error_t *error = cannery_machine_execute(machine, &entry, 1000000, true, &message, &ending);
    if (!error) done++;
    CHECK(!error || cannery_error_kind(error) == CANNERY_ERROR_BUSY);
    cannery_error_delete(error);
  }
  return (void *)done;
}

static void threads(void) {
  cannery_machine_t *machine = machine_new();
  pthread_t others[4];
  for (int i = 0; i < 4; i++) CHECK(pthread_create(&others[i], NULL, use, machine) == 0);
  intptr_t done = 0;
  for (int i = 0; i < 4; i++) {
    void *one;
    pthread_join(others[i], &one);
    done += (intptr_t)one;
  }
  CHECK(done > 0);
  expect(machine, (char)(48 + done), (uint8_t)(48 + done));
  cannery_machine_delete(machine);
}

int main(void) {
  wasm_config_t *config = wasm_config_new();
  cannery_config_set_metering(config, CANNERY_METERING_ICP);
  engine = wasm_engine_new_with_config(config);
  store = wasm_store_new(engine);
  definitions();
  traces();
  growth();
  steps();
  states();
  threads();
  wasm_store_delete(store), wasm_engine_delete(engine);
  puts("canister-machine: passed");
  return 0;
}
