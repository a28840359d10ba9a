/* cannery-canister.h: calls, time, reading and storing the state, replaying, hooks, several threads. */

#include <pthread.h>

#include "canister.h"

static void calls(void) {
  cannery_runtime_t *runtime = NULL;
  SUCCEED(cannery_runtime_new(NULL, &runtime));
  cannery_principal_t id = canister_of(runtime, "(5)"), nobody;
  REPLIES(cannery_runtime_call, runtime, &id, "increment", "(6 : nat64)");
  REPLIES(cannery_runtime_query, runtime, &id, "get", "(6 : nat64)");
  REPLIES(cannery_runtime_query, runtime, &id, "spoil", "(7 : nat64)");
  REPLIES(cannery_runtime_call, runtime, &id, "get", "(6 : nat64)");
  REPLIES(cannery_runtime_query, runtime, &id, "caller", "(1 : nat64)");
  REPLIES(cannery_runtime_query, runtime, &id, "certificate", "(134 : nat64)");
  REJECTS(cannery_runtime_call, runtime, &id, "silent", 506);
  REJECTS(cannery_runtime_call, runtime, &id, "nothing", 536);
  REJECTS(cannery_runtime_query, runtime, &id, "increment", 536);
  cannery_principal_canister(77, &nobody);
  REJECTS(cannery_runtime_call, runtime, &nobody, "get", 301);
  REJECTS(cannery_runtime_query, runtime, &nobody, "get", 301);

  /* Everything that an outcome tells. */
  cannery_outcome_t *outcome = outcome_of(cannery_runtime_call, runtime, &id, "fail");
  CHECK(cannery_outcome_status(outcome) == CANNERY_REJECTED && cannery_outcome_ingress(outcome) > 0);
  CHECK(cannery_outcome_reject_code(outcome) == CANNERY_REJECT_CANISTER_ERROR);
  CHECK(strcmp(cannery_outcome_reject_name(outcome), "CANISTER_ERROR") == 0);
  CHECK(cannery_outcome_error_code(outcome) == 503 && strcmp(cannery_outcome_error_name(outcome), "IC0503") == 0);
  CHECK(strstr(cannery_outcome_message(outcome), "not today"));
  size_t size = 9;
  CHECK(cannery_outcome_reply(outcome, &size) == NULL && size == 0 && cannery_outcome_reply_text(outcome) == NULL);
  const cannery_activity_t *activity = cannery_outcome_activity(outcome);
  cannery_execution_report_t report;
  CHECK(cannery_activity_execution_count(activity) == 1 && cannery_activity_execution(activity, 0, &report));
  CHECK(strcmp(report.name, "fail") == 0 && report.instructions > 0 && report.error_code == 503);
  CHECK(cannery_principal_equal(&report.canister, &id) && report.cycles.low > 0);
  CHECK(!cannery_activity_execution(activity, 1, &report) && !cannery_activity_execution(activity, SIZE_MAX, &report));
  CHECK(cannery_activity_instructions(activity) == report.instructions);
  CHECK(cannery_activity_cycles(activity).low == report.cycles.low);
  cannery_log_record_t record;
  CHECK(cannery_activity_log_count(activity) == 2 && cannery_activity_log(activity, 0, &record));
  CHECK(record.size == 5 && strcmp(record.text, "hello") == 0 && record.time > 0);
  CHECK(cannery_activity_log(activity, 1, &record) && strncmp(record.text, "[TRAP]: not today", 17) == 0);
  cannery_outcome_delete(outcome);
  outcome = outcome_of(cannery_runtime_call, runtime, &id, "garbage");
  const uint8_t *bytes = cannery_outcome_reply(outcome, &size);
  CHECK(size == 5 && memcmp(bytes, "hello", 5) == 0 && cannery_outcome_reply_text(outcome) == NULL);
  CHECK(cannery_outcome_reject_code(outcome) == 0 && cannery_outcome_reject_name(outcome) == NULL);
  CHECK(cannery_outcome_error_code(outcome) == 0 && cannery_outcome_message(outcome) == NULL);
  CHECK(cannery_activity_log_count(cannery_outcome_activity(outcome)) == 0);
  cannery_outcome_delete(outcome);
  CHECK(cannery_outcome_status(NULL) == CANNERY_UNANSWERED && cannery_outcome_activity(NULL) == NULL);

  /* Arguments: text by the interface, bytes, wrong ones; cycles; the management canister. */
  cannery_call_t call = {0};
  call.canister = &id, call.method = "work", call.argument_text = "(1)";
  SUCCEED(cannery_runtime_call(runtime, &call, &outcome));
  CHECK(cannery_outcome_status(outcome) == CANNERY_REPLIED);
  CHECK(cannery_activity_instructions(cannery_outcome_activity(outcome)) > 1000000);
  cannery_outcome_delete(outcome);
  call.argument_text = "(\"x\")";
  FAIL(cannery_runtime_call(runtime, &call, &outcome), CANNERY_ERROR_INVALID);
  call.argument = "x", call.argument_size = 1;
  FAIL(cannery_runtime_call(runtime, &call, &outcome), CANNERY_ERROR_ARGUMENT);
  call.argument_text = NULL;
  SUCCEED(cannery_runtime_call(runtime, &call, &outcome));
  cannery_outcome_delete(outcome);
  call.argument_size = SIZE_MAX;
  FAIL(cannery_runtime_call(runtime, &call, &outcome), CANNERY_ERROR_ARGUMENT);
  call.argument_size = 1, call.argument = NULL;
  FAIL(cannery_runtime_call(runtime, &call, &outcome), CANNERY_ERROR_ARGUMENT);
  call.argument_size = 0, call.method = "accept", call.cycles = cannery_cycles(5000000);
  SUCCEED(cannery_runtime_call(runtime, &call, &outcome));
  CHECK(strcmp(cannery_outcome_reply_text(outcome), "(1_000_000 : nat64)") == 0);
  cannery_outcome_delete(outcome);
  FAIL(cannery_runtime_query(runtime, &call, &outcome), CANNERY_ERROR_ARGUMENT);
  call.method = "\xc3\x28";
  FAIL(cannery_runtime_call(runtime, &call, &outcome), CANNERY_ERROR_ARGUMENT);
  call.method = NULL;
  FAIL(cannery_runtime_call(runtime, &call, &outcome), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_runtime_call(runtime, NULL, &outcome), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_runtime_call(NULL, &call, &outcome), CANNERY_ERROR_ARGUMENT);
  call = (cannery_call_t){0};
  call.method = "raw_rand";
  SUCCEED(cannery_runtime_call(runtime, &call, &outcome));
  CHECK(cannery_outcome_status(outcome) == CANNERY_REJECTED);
  cannery_outcome_delete(outcome);
  call.method = "provisional_create_canister_with_cycles", call.argument_text = "(record { amount = opt 1_000_000_000_000 })";
  SUCCEED(cannery_runtime_call(runtime, &call, &outcome));
  CHECK(strncmp(cannery_outcome_reply_text(outcome), "(record { canister_id = principal \"", 35) == 0);
  cannery_outcome_delete(outcome);
  cannery_candid_t *interface = NULL;
  cannery_principal_t management = {0};
  SUCCEED(cannery_runtime_interface(runtime, &management, &interface));
  CHECK(cannery_candid_method_count(interface) > 20);
  cannery_candid_delete(interface);

  /* Not waiting. */
  uint64_t first, second;
  call = (cannery_call_t){0};
  call.canister = &id, call.method = "increment";
  SUCCEED(cannery_runtime_submit(runtime, &call, &first));
  call.method = "get";
  SUCCEED(cannery_runtime_submit(runtime, &call, &second));
  SUCCEED(cannery_runtime_poll(runtime, first, &outcome));
  CHECK(cannery_outcome_status(outcome) == CANNERY_UNANSWERED && cannery_outcome_ingress(outcome) == first);
  cannery_outcome_delete(outcome);
  SUCCEED(cannery_runtime_tick(runtime, 1));
  SUCCEED(cannery_runtime_poll(runtime, first, &outcome));
  CHECK(cannery_outcome_status(outcome) == CANNERY_REPLIED && strstr(cannery_outcome_reply_text(outcome), "nat64"));
  cannery_outcome_delete(outcome);
  cannery_activity_t *taken = NULL;
  SUCCEED(cannery_runtime_take_activity(runtime, &taken));
  CHECK(cannery_activity_execution_count(taken) == 2);
  cannery_activity_delete(taken);
  SUCCEED(cannery_runtime_answer(runtime, first, 0, 0, &outcome));
  CHECK(cannery_outcome_status(outcome) == CANNERY_REPLIED);
  cannery_outcome_delete(outcome);
  FAIL(cannery_runtime_answer(runtime, first, 0, 0, &outcome), CANNERY_ERROR_ARGUMENT);
  SUCCEED(cannery_runtime_forget(runtime, second));
  FAIL(cannery_runtime_poll(runtime, second, &outcome), CANNERY_ERROR_ARGUMENT);
  SUCCEED(cannery_runtime_forget(runtime, 999));
  call.canister = &nobody;
  REFUSED(cannery_runtime_submit(runtime, &call, &first), 301);
  cannery_runtime_delete(runtime);
}

/* A canister that works longer than a slice: its call has no answer in one round. */
static void slices(void) {
  cannery_runtime_config_t *config = cannery_runtime_config_new();
  SUCCEED(cannery_runtime_config_set_number(config, "sliceInstructions", cannery_cycles(100000)));
  cannery_runtime_t *runtime = NULL;
  SUCCEED(cannery_runtime_new(config, &runtime));
  cannery_runtime_config_delete(config);
  cannery_principal_t id = canister_of(runtime, NULL);
  cannery_call_t call = {0};
  call.canister = &id, call.method = "work", call.argument_text = "(0)", call.rounds = 1;
  cannery_outcome_t *outcome = NULL;
  SUCCEED(cannery_runtime_call(runtime, &call, &outcome));
  CHECK(cannery_outcome_status(outcome) == CANNERY_UNANSWERED);
  uint64_t ingress = cannery_outcome_ingress(outcome);
  cannery_outcome_delete(outcome);
  REPLIES(cannery_runtime_query, runtime, &id, "get", "(0 : nat64)");
  SUCCEED(cannery_runtime_answer(runtime, ingress, UINT64_MAX, UINT64_MAX, &outcome));
  CHECK(cannery_outcome_status(outcome) == CANNERY_REPLIED);
  CHECK(strcmp(cannery_outcome_reply_text(outcome), "(0 : nat64)") == 0);
  cannery_outcome_delete(outcome);
  cannery_runtime_delete(runtime);
}

static void time_and_state(void) {
  cannery_runtime_t *runtime = NULL, *other = NULL;
  SUCCEED(cannery_runtime_new(NULL, &runtime));
  SUCCEED(cannery_runtime_record(runtime, SIZE_MAX, 1));
  cannery_principal_t id = canister_of(runtime, "(5)");
  uint64_t now, then, rounds;
  SUCCEED(cannery_runtime_time(runtime, &now));
  SUCCEED(cannery_runtime_rounds(runtime, &rounds));
  SUCCEED(cannery_runtime_tick(runtime, 2));
  SUCCEED(cannery_runtime_time(runtime, &then));
  CHECK(then == now + 2000000);
  SUCCEED(cannery_runtime_rounds(runtime, &then));
  CHECK(then == rounds + 2);
  SUCCEED(cannery_runtime_next_deadline(runtime, &then));
  CHECK(then == UINT64_MAX);
  REPLIES(cannery_runtime_call, runtime, &id, "wait", "(5 : nat64)");
  SUCCEED(cannery_runtime_next_deadline(runtime, &then));
  cannery_canister_status_t status;
  SUCCEED(cannery_runtime_status(runtime, &id, &status));
  CHECK(status.global_timer == then && then > now);
  SUCCEED(cannery_runtime_advance_time(runtime, 1000000000, 100));
  REPLIES(cannery_runtime_query, runtime, &id, "get", "(5 : nat64)");
  SUCCEED(cannery_runtime_advance_time(runtime, 10000000000, 100));
  REPLIES(cannery_runtime_query, runtime, &id, "get", "(1_000 : nat64)");
  SUCCEED(cannery_runtime_set_time(runtime, 5));
  SUCCEED(cannery_runtime_advance_time(runtime, 1, 0));
  SUCCEED(cannery_runtime_time(runtime, &now));
  CHECK(now > then);
  SUCCEED(cannery_runtime_add_randomness(runtime, "dice", 4));
  FAIL(cannery_runtime_add_randomness(runtime, NULL, 4), CANNERY_ERROR_ARGUMENT);

  /* Reading. */
  REPLIES(cannery_runtime_call, runtime, &id, "keep", "(1_000 : nat64)");
  REPLIES(cannery_runtime_call, runtime, &id, "certify", "(1_000 : nat64)");
  char bytes[10] = {0};
  SUCCEED(cannery_runtime_read_heap(runtime, &id, 48, bytes, 5));
  CHECK(strcmp(bytes, "hello") == 0);
  SUCCEED(cannery_runtime_read_stable(runtime, &id, 100, bytes, 6));
  CHECK(memcmp(bytes, "hello\0", 6) == 0);
  FAIL(cannery_runtime_read_heap(runtime, &id, 65535, bytes, 2), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_runtime_read_heap(runtime, &id, UINT64_MAX, bytes, 2), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_runtime_read_heap(runtime, &id, 0, bytes, SIZE_MAX), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_runtime_read_stable(runtime, &id, 65530, bytes, 10), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_runtime_read_heap(runtime, &id, 0, NULL, 2), CANNERY_ERROR_ARGUMENT);
  SUCCEED(cannery_runtime_status(runtime, &id, &status));
  CHECK(status.heap_size == 65536 && status.stable_size == 65536 && status.has_module && status.version > 0);
  CHECK(status.memory_size > 131072 && status.balance.low > 0 && status.idle_cycles_per_day.low > 0);
  wasm_byte_vec_t data, state, log, later, checkpoint;
  SUCCEED(cannery_runtime_certified_data(runtime, &id, &data));
  CHECK(data.size == 9 && memcmp(data.data, "certified", 9) == 0);
  wasm_byte_vec_delete(&data);
  SUCCEED(cannery_runtime_module(runtime, &id, &data));
  CHECK(data.size == sizeof counter - 1 && memcmp(data.data, counter, data.size) == 0);
  wasm_byte_vec_delete(&data);
  SUCCEED(cannery_runtime_metadata(runtime, &id, "candid:service", &data));
  CHECK(data.size > 9 && memcmp(data.data, "service :", 9) == 0);
  wasm_byte_vec_delete(&data);
  FAIL(cannery_runtime_metadata(runtime, &id, "nothing", &data), CANNERY_ERROR_ARGUMENT);
  cannery_activity_t *logs = NULL;
  SUCCEED(cannery_runtime_logs(runtime, &id, &logs));
  CHECK(cannery_activity_log_count(logs) == 1 && cannery_activity_execution_count(logs) == 0);
  cannery_activity_delete(logs);

  /* Stored and loaded, it goes on in the same way. */
  uint8_t hash[32], same[32];
  SUCCEED(cannery_runtime_checkpoint(runtime, &checkpoint));
  SUCCEED(cannery_runtime_state_hash(runtime, hash));
  SUCCEED(cannery_runtime_save(runtime, &state));
  SUCCEED(cannery_runtime_load(NULL, state.data, state.size, &other));
  SUCCEED(cannery_runtime_state_hash(other, same));
  CHECK(memcmp(hash, same, 32) == 0);
  REPLIES(cannery_runtime_call, other, &id, "increment", "(1_001 : nat64)");
  cannery_activity_t *activity = NULL;
  SUCCEED(cannery_runtime_take_activity(other, &activity));
  CHECK(cannery_activity_log_count(activity) == 0);
  cannery_activity_delete(activity);
  cannery_runtime_delete(other);
  state.data[state.size / 2] ^= 1;
  FAIL(cannery_runtime_load(NULL, state.data, state.size, &other), CANNERY_ERROR_ARTIFACT);
  FAIL(cannery_runtime_load(NULL, state.data, 10, &other), CANNERY_ERROR_MALFORMED);
  FAIL(cannery_runtime_load(NULL, NULL, 10, &other), CANNERY_ERROR_ARGUMENT);
  wasm_byte_vec_delete(&state);

  /* Replayed, from the beginning and from the middle. */
  REPLIES(cannery_runtime_call, runtime, &id, "increment", "(1_001 : nat64)");
  SUCCEED(cannery_runtime_recorded(runtime, &log));
  SUCCEED(cannery_runtime_state_hash(runtime, hash));
  SUCCEED(cannery_runtime_replay(NULL, log.data, log.size, NULL, 0, &other));
  SUCCEED(cannery_runtime_state_hash(other, same));
  CHECK(memcmp(hash, same, 32) == 0);
  cannery_runtime_delete(other);
  SUCCEED(cannery_runtime_replay(NULL, log.data, log.size, checkpoint.data, checkpoint.size, &other));
  SUCCEED(cannery_runtime_state_hash(other, same));
  CHECK(memcmp(hash, same, 32) == 0);
  cannery_runtime_delete(other);
  cannery_runtime_config_t *config = cannery_runtime_config_new();
  SUCCEED(cannery_runtime_config_set_number(config, "nodes", cannery_cycles(34)));
  FAIL(cannery_runtime_replay(config, log.data, log.size, NULL, 0, &other), CANNERY_ERROR_ARGUMENT);
  cannery_runtime_config_delete(config);
  log.data[log.size - 1] ^= 1;
  FAIL(cannery_runtime_replay(NULL, log.data, log.size, NULL, 0, &other), CANNERY_ERROR_ARTIFACT);
  FAIL(cannery_runtime_replay(NULL, log.data, 3, NULL, 0, &other), CANNERY_ERROR_MALFORMED);
  SUCCEED(cannery_runtime_stop_recording(runtime));
  FAIL(cannery_runtime_recorded(runtime, &later), CANNERY_ERROR_ARGUMENT);
  SUCCEED(cannery_runtime_record(runtime, 10, 0));
  SUCCEED(cannery_runtime_tick(runtime, 100));
  FAIL(cannery_runtime_recorded(runtime, &later), CANNERY_ERROR_RESOURCE);
  wasm_byte_vec_delete(&log), wasm_byte_vec_delete(&checkpoint);
  cannery_runtime_delete(runtime);
}

/* ---- Hooks ---- */

typedef struct hooks_t {
  cannery_runtime_t *runtime;
  int prints, certificates, finalized;
  bool deletes;
} hooks_t;

static void print(void *env, const cannery_principal_t *canister, const char *text, size_t size) {
  hooks_t *hooks = env;
  hooks->prints++;
  CHECK(size == 5 && strcmp(text, "hello") == 0 && canister->size == 10);
  /* Everything is busy. */
  cannery_call_t call = {0};
  call.canister = canister, call.method = "get";
  cannery_outcome_t *outcome = NULL;
  uint64_t time;
  FAIL(cannery_runtime_query(hooks->runtime, &call, &outcome), CANNERY_ERROR_BUSY);
  FAIL(cannery_runtime_tick(hooks->runtime, 1), CANNERY_ERROR_BUSY);
  FAIL(cannery_runtime_time(hooks->runtime, &time), CANNERY_ERROR_BUSY);
  if (hooks->deletes) cannery_runtime_delete(hooks->runtime);
}

static bool certify(
    void *env, const cannery_principal_t *canister, const void *data, size_t size, wasm_byte_vec_t *certificate) {
  hooks_t *hooks = env;
  CHECK(canister->size == 10 && (size == 0 || memcmp(data, "certified", 9) == 0));
  if (hooks->certificates++) return false;
  wasm_byte_vec_new(certificate, 3, "abc");
  return true;
}

static void finalize(void *env) { ((hooks_t *)env)->finalized++; }

static void hooks(void) {
  hooks_t hooks = {0};
  cannery_runtime_config_t *config = cannery_runtime_config_new();
  cannery_runtime_config_set_debug_print(config, print, &hooks, finalize);
  cannery_runtime_config_set_certify(config, certify, &hooks, finalize);
  SUCCEED(cannery_runtime_new(config, &hooks.runtime));
  cannery_principal_t id = canister_of(hooks.runtime, NULL);
  REJECTS(cannery_runtime_call, hooks.runtime, &id, "fail", 503);
  CHECK(hooks.prints == 1);
  REPLIES(cannery_runtime_query, hooks.runtime, &id, "certificate", "(3 : nat64)");
  REJECTS(cannery_runtime_query, hooks.runtime, &id, "certificate", 504);
  cannery_runtime_config_set_certify(config, NULL, NULL, NULL);
  cannery_runtime_config_delete(config);
  CHECK(hooks.finalized == 0);
  /* Deleted in the middle of its own call: it ends with the call. */
  hooks.deletes = true;
  REJECTS(cannery_runtime_call, hooks.runtime, &id, "fail", 503);
  CHECK(hooks.prints == 2 && hooks.finalized == 2);
}

/* ---- Threads ---- */

typedef struct shared_t {
  cannery_runtime_t *runtime;
  cannery_principal_t id;
  int done, busy;
} shared_t;

static void *caller(void *argument) {
  shared_t *shared = argument;
  for (int i = 0; i < 200; i++) {
    cannery_call_t call = {0};
    call.canister = &shared->id, call.method = i % 2 ? "increment" : "fail";
    cannery_outcome_t *outcome = NULL;
    cannery_error_t *error = cannery_runtime_call(shared->runtime, &call, &outcome);
    if (error) {
      CHECK(cannery_error_kind(error) == CANNERY_ERROR_BUSY);
      __atomic_add_fetch(&shared->busy, 1, __ATOMIC_RELAXED);
      cannery_error_delete(error);
    } else {
      if (cannery_outcome_status(outcome) == CANNERY_REPLIED) __atomic_add_fetch(&shared->done, 1, __ATOMIC_RELAXED);
      cannery_outcome_delete(outcome);
    }
  }
  return NULL;
}

static void threads(void) {
  shared_t shared = {0};
  SUCCEED(cannery_runtime_new(NULL, &shared.runtime));
  shared.id = canister_of(shared.runtime, NULL);
  pthread_t others[4];
  for (int i = 0; i < 4; i++) CHECK(pthread_create(&others[i], NULL, caller, &shared) == 0);
  for (int i = 0; i < 4; i++) pthread_join(others[i], NULL);
  /* Every call has happened, or it was refused. */
  char text[40];
  snprintf(text, sizeof text, "(%d : nat64)", shared.done);
  REPLIES(cannery_runtime_query, shared.runtime, &shared.id, "get", text);
  cannery_runtime_delete(shared.runtime);

  /* The threads of a runtime change nothing. */
  uint8_t hashes[2][32];
  for (int several = 0; several < 2; several++) {
    hooks_t hooks = {0};
    cannery_runtime_config_t *config = cannery_runtime_config_new();
    cannery_runtime_config_set_threads(config, several ? 4 : 1);
    cannery_runtime_config_set_debug_print(config, print, &hooks, finalize);
    SUCCEED(cannery_runtime_new(config, &hooks.runtime));
    cannery_runtime_config_delete(config);
    cannery_principal_t ids[8];
    for (int i = 0; i < 8; i++) ids[i] = canister_of(hooks.runtime, NULL);
    for (int i = 0; i < 64; i++) {
      cannery_call_t call = {0};
      uint64_t ingress;
      call.canister = &ids[i % 8], call.method = i % 3 ? "increment" : "fail";
      SUCCEED(cannery_runtime_submit(hooks.runtime, &call, &ingress));
    }
    SUCCEED(cannery_runtime_tick(hooks.runtime, 10));
    CHECK(hooks.prints == 22);
    SUCCEED(cannery_runtime_state_hash(hooks.runtime, hashes[several]));
    cannery_runtime_delete(hooks.runtime);
    CHECK(hooks.finalized == 1);
  }
  CHECK(memcmp(hashes[0], hashes[1], 32) == 0);
}

int main(void) {
  calls();
  slices();
  time_and_state();
  hooks();
  threads();
  puts("canister-messages: passed");
  return 0;
}
