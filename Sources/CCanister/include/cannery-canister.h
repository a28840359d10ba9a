/* Canisters, the programs of the Internet Computer, on Cannery: in the built-in runtime; or, by cannery-machine.h, which is
 * included here, with a System API of one's own.
 *
 * This is the interface of the library cannery-canister, which has all of wasm.h and cannery.h too: a program links it in
 * place of the library cannery, never both.
 *
 * Ownership and errors are as in cannery.h: functions that return `own cannery_error_t *` give NULL where all went well, and
 * write to `out` only then. Pointers may be NULL only where it is said; else the error is `CANNERY_ERROR_ARGUMENT`. `_delete`
 * functions take NULL. Texts are UTF-8 with a zero at the end; what a `const char *` result points to lives as long as the
 * object that it was taken from.
 *
 * Threads. A runtime and a machine belong to one thread at a time; which one doesn't matter. A call that comes while another
 * is in progress, from another thread or from a hook or host function, fails with `CANNERY_ERROR_BUSY`, and a `_delete` then
 * takes effect when the call in progress ends. Different runtimes and machines are independent. All other objects here
 * are plain data: any thread may use them, if no other changes or deletes them meanwhile. */

#ifndef CANNERY_CANISTER_H
#define CANNERY_CANISTER_H

#include "cannery-candid.h"
#include "cannery-machine.h"
#include "cannery.h"

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* ---- What was executed ---- */

/* Executions and what canisters logged, in their order. */
typedef struct cannery_activity_t cannery_activity_t;

typedef struct cannery_execution_report_t {
  cannery_principal_t canister;
  /* The method, or what else it was: `canister_init`, `heartbeat`, `reply callback` … */
  const char *name;
  /* As billed, with pages that were changed. */
  uint64_t instructions;
  cannery_cycles_t cycles;
  size_t dirty_pages;
  /* Of a failure, such as 503; 0 for success. */
  uint32_t error_code;
} cannery_execution_report_t;

typedef struct cannery_log_record_t {
  cannery_principal_t canister;
  /* Counts all records of the canister. */
  uint64_t index;
  /* Nanoseconds since 1970. */
  uint64_t time;
  /* With a zero at its end that doesn't count. */
  const char *text;
  size_t size;
} cannery_log_record_t;

WASM_API_EXTERN void cannery_activity_delete(own cannery_activity_t *);
WASM_API_EXTERN size_t cannery_activity_execution_count(const cannery_activity_t *);
/* Execution `index`, whose texts live as long as the activity. False beyond the last. */
WASM_API_EXTERN bool cannery_activity_execution(
    const cannery_activity_t *, size_t index, cannery_execution_report_t *out);
WASM_API_EXTERN size_t cannery_activity_log_count(const cannery_activity_t *);
WASM_API_EXTERN bool cannery_activity_log(const cannery_activity_t *, size_t index, cannery_log_record_t *out);
/* The sums over all executions. */
WASM_API_EXTERN uint64_t cannery_activity_instructions(const cannery_activity_t *);
WASM_API_EXTERN cannery_cycles_t cannery_activity_cycles(const cannery_activity_t *);

/* ---- Outcomes ---- */

/* What became of a message. A reject is no error of the library: it is what the canister or the system answered. */
typedef struct cannery_outcome_t cannery_outcome_t;

typedef enum cannery_outcome_status_t {
  CANNERY_REPLIED = 1,
  CANNERY_REJECTED,
  /* No answer yet: `cannery_runtime_answer` goes on. */
  CANNERY_UNANSWERED,
} cannery_outcome_status_t;

/* Why a message was rejected, as callers see it. */
typedef enum cannery_reject_code_t {
  CANNERY_REJECT_SYS_FATAL = 1,
  CANNERY_REJECT_SYS_TRANSIENT,
  CANNERY_REJECT_DESTINATION_INVALID,
  CANNERY_REJECT_CANISTER_REJECT,
  CANNERY_REJECT_CANISTER_ERROR,
  CANNERY_REJECT_SYS_UNKNOWN,
} cannery_reject_code_t;

WASM_API_EXTERN void cannery_outcome_delete(own cannery_outcome_t *);
WASM_API_EXTERN cannery_outcome_status_t cannery_outcome_status(const cannery_outcome_t *);
/* The reply's bytes, which live as long as the outcome; NULL, and size 0, unless it was replied. `size` may be NULL. */
WASM_API_EXTERN const uint8_t *cannery_outcome_reply(const cannery_outcome_t *, size_t *size);
/* The reply as Candid text, with the interface's names where the canister tells it; NULL if it is no Candid message. */
WASM_API_EXTERN const char *cannery_outcome_reply_text(const cannery_outcome_t *);
/* Of a reject: its code, or 0; */
WASM_API_EXTERN cannery_reject_code_t cannery_outcome_reject_code(const cannery_outcome_t *);
/* the code's name, such as `CANISTER_ERROR`, or NULL; */
WASM_API_EXTERN const char *cannery_outcome_reject_name(const cannery_outcome_t *);
/* the error's code, such as 503, or 0; */
WASM_API_EXTERN uint32_t cannery_outcome_error_code(const cannery_outcome_t *);
/* the error's name, such as `IC0503`, or NULL; */
WASM_API_EXTERN const char *cannery_outcome_error_name(const cannery_outcome_t *);
/* the message, which may have several lines, or NULL. */
WASM_API_EXTERN const char *cannery_outcome_message(const cannery_outcome_t *);
/* The number of the message, if it was an update call; else 0. */
WASM_API_EXTERN uint64_t cannery_outcome_ingress(const cannery_outcome_t *);
/* What was executed meanwhile, of all canisters. It lives as long as the outcome. */
WASM_API_EXTERN const cannery_activity_t *cannery_outcome_activity(const cannery_outcome_t *);

/* Of an error of the kind `CANNERY_ERROR_REFUSED`: the error's code, such as 301 for a canister that there isn't. Else 0. The
 * message of such an error begins with the code's name, and may have several lines. */
WASM_API_EXTERN uint32_t cannery_error_code(const cannery_error_t *);

/* ---- Configuration of a runtime ---- */

/* What a runtime is made with. It isn't used up: several runtimes can be made with it. */
typedef struct cannery_runtime_config_t cannery_runtime_config_t;

WASM_API_EXTERN own cannery_runtime_config_t *cannery_runtime_config_new(void);
WASM_API_EXTERN void cannery_runtime_config_delete(own cannery_runtime_config_t *);
/* A system subnet, which charges nothing; all numbers are set back to that subnet's. Else it is an application subnet. */
WASM_API_EXTERN void cannery_runtime_config_set_system_subnet(cannery_runtime_config_t *, bool);
/* Threads that execute canisters, 1 by default; results don't depend on it. 0 is one for each core. */
WASM_API_EXTERN void cannery_runtime_config_set_threads(cannery_runtime_config_t *, size_t);
/* What `raw_rand` begins with; 0 by default. */
WASM_API_EXTERN void cannery_runtime_config_set_seed(cannery_runtime_config_t *, uint64_t);
/* Nanoseconds since 1970; by default 2021-05-06 19:17:10 UTC. */
WASM_API_EXTERN void cannery_runtime_config_set_start_time(cannery_runtime_config_t *, uint64_t);
/* Nanoseconds that pass in each round; 1,000,000 by default. */
WASM_API_EXTERN void cannery_runtime_config_set_round_duration(cannery_runtime_config_t *, uint64_t);
/* The number of the first canister that is made without an id; 0 by default. */
WASM_API_EXTERN void cannery_runtime_config_set_first_canister(cannery_runtime_config_t *, uint64_t);
/* Whether the compiler's passes run; they do by default. Results don't depend on it. */
WASM_API_EXTERN void cannery_runtime_config_set_optimization(cannery_runtime_config_t *, bool);
/* The subnet's id, its root key (DER-encoded; by default one whose secret part is known, for tests), and the admins, who may stop,
 * see and delete canisters. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_config_set_subnet(
    cannery_runtime_config_t *, const cannery_principal_t *id);
WASM_API_EXTERN own cannery_error_t *cannery_runtime_config_set_root_key(
    cannery_runtime_config_t *, const void *key, size_t size);
WASM_API_EXTERN own cannery_error_t *cannery_runtime_config_set_subnet_admins(
    cannery_runtime_config_t *, const cannery_principal_t *admins, size_t count);

/* One of the subnet's fees and limits, such as `nodes` (its size), `executionFee`, `messageInstructions` or `subnetMemory`.
 * Fails for a name that there isn't, and for a number that can't be. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_config_set_number(
    cannery_runtime_config_t *, const char *name, cannery_cycles_t);
WASM_API_EXTERN own cannery_error_t *cannery_runtime_config_get_number(
    const cannery_runtime_config_t *, const char *name, cannery_cycles_t *out);
/* The names, in alphabetical order; never freed. NULL beyond the last. */
WASM_API_EXTERN const char *cannery_runtime_config_number_name(size_t index);

/* Gets what canisters print with `debug_print`, at once and also where the execution fails later or is a query: the canister,
 * and the text, which lives during the call. With several threads the hook runs on them, one call at a time. */
typedef void (*cannery_debug_print_t)(void *env, const cannery_principal_t *canister, const char *text, size_t size);
/* `finalizer` may be NULL; it gets `env` when the configuration, and all runtimes made with it, have ended. */
WASM_API_EXTERN void cannery_runtime_config_set_debug_print(
    cannery_runtime_config_t *, cannery_debug_print_t, void *env, void (*finalizer)(void *));

/* Makes the certificate of a canister's data that its queries see; false for none. Without the hook, certificates have a
 * signature of zeros. */
typedef bool (*cannery_certify_t)(
    void *env, const cannery_principal_t *canister, const void *data, size_t size, own wasm_byte_vec_t *certificate);
WASM_API_EXTERN void cannery_runtime_config_set_certify(
    cannery_runtime_config_t *, cannery_certify_t, void *env, void (*finalizer)(void *));

/* ---- Runtimes ---- */

/* Canisters on one machine, with the rules of the Internet Computer: messages, cycles, the management canister. The same
 * inputs give the same state. The management canister is called as `aaaaa-aa`, the principal without bytes. */
typedef struct cannery_runtime_t cannery_runtime_t;

/* `config` may be NULL. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_new(
    const cannery_runtime_config_t *config, own cannery_runtime_t **out);
WASM_API_EXTERN void cannery_runtime_delete(own cannery_runtime_t *);

/* ---- Settings of a canister ---- */

/* Some or all settings: what is not set is left as it is, or at its default. */
typedef struct cannery_settings_t cannery_settings_t;

typedef enum cannery_setting_t {
  /* Percent. */
  CANNERY_SETTING_COMPUTE_ALLOCATION,
  /* Bytes. */
  CANNERY_SETTING_MEMORY_ALLOCATION,
  /* Seconds. */
  CANNERY_SETTING_FREEZING_THRESHOLD,
  /* Cycles. */
  CANNERY_SETTING_RESERVED_CYCLES_LIMIT,
  CANNERY_SETTING_MINIMUM_INCOMING_CALL_CYCLES,
  /* Bytes. */
  CANNERY_SETTING_WASM_MEMORY_LIMIT,
  CANNERY_SETTING_WASM_MEMORY_THRESHOLD,
  CANNERY_SETTING_LOG_MEMORY_LIMIT,
} cannery_setting_t;

/* What others than controllers may see. */
typedef enum cannery_visible_t {
  CANNERY_VISIBLE_LOG,
  CANNERY_VISIBLE_SNAPSHOTS,
  CANNERY_VISIBLE_STATUS,
} cannery_visible_t;

typedef enum cannery_visibility_t {
  CANNERY_VISIBILITY_CONTROLLERS,
  CANNERY_VISIBILITY_PUBLIC,
  CANNERY_VISIBILITY_VIEWERS,
} cannery_visibility_t;

WASM_API_EXTERN own cannery_settings_t *cannery_settings_new(void);
WASM_API_EXTERN void cannery_settings_delete(own cannery_settings_t *);
/* False for a setting that there isn't, or a number that is too large for it. */
WASM_API_EXTERN bool cannery_settings_set(cannery_settings_t *, cannery_setting_t, cannery_cycles_t);
/* False if it is not set. */
WASM_API_EXTERN bool cannery_settings_get(const cannery_settings_t *, cannery_setting_t, cannery_cycles_t *out);
/* Copies the principals. False for one of more than 29 bytes. */
WASM_API_EXTERN bool cannery_settings_set_controllers(
    cannery_settings_t *, const cannery_principal_t *controllers, size_t count);
/* Writes at most `capacity` principals. Returns how many there are. */
WASM_API_EXTERN size_t cannery_settings_controllers(
    const cannery_settings_t *, cannery_principal_t *controllers, size_t capacity);
WASM_API_EXTERN bool cannery_settings_set_visibility(
    cannery_settings_t *, cannery_visible_t, cannery_visibility_t, const cannery_principal_t *viewers, size_t count);
/* `out` tells who; the result is how many viewers there are, of which at most `capacity` are written. */
WASM_API_EXTERN size_t cannery_settings_visibility(
    const cannery_settings_t *, cannery_visible_t, cannery_visibility_t *out, cannery_principal_t *viewers,
    size_t capacity);
/* Variables of the environment, in place of all that were set. False for texts that aren't UTF-8. */
WASM_API_EXTERN bool cannery_settings_set_environment(
    cannery_settings_t *, const char *const *names, const char *const *values, size_t count);
WASM_API_EXTERN size_t cannery_settings_environment_count(const cannery_settings_t *);
/* Of variable `index`, name and value; they live until the settings are changed. False beyond the last. */
WASM_API_EXTERN bool cannery_settings_environment(
    const cannery_settings_t *, size_t index, const char **name, const char **value);

/* ---- Canisters of a runtime ---- */

/* The functions of this section do what controllers may, without a message. What the system refuses is an error of the kind
 * `CANNERY_ERROR_REFUSED`; a canister that there isn't has the code 301. */

/* Makes an empty canister. `settings` may be NULL; without controllers in it, the anonymous principal controls it. `cycles`
 * is its balance; NULL for what a local network gives. `id` may be NULL for the next free one. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_create(
    cannery_runtime_t *, const cannery_settings_t *settings, const cannery_cycles_t *cycles,
    const cannery_principal_t *id, cannery_principal_t *out);
WASM_API_EXTERN own cannery_error_t *cannery_runtime_update_settings(
    cannery_runtime_t *, const cannery_principal_t *canister, const cannery_settings_t *);
/* All settings. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_settings(
    cannery_runtime_t *, const cannery_principal_t *canister, own cannery_settings_t **out);
/* Drops the code and all that it kept. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_uninstall(
    cannery_runtime_t *, const cannery_principal_t *canister);
WASM_API_EXTERN own cannery_error_t *cannery_runtime_start(cannery_runtime_t *, const cannery_principal_t *canister);
/* Executes up to `rounds` rounds until the canister has stopped; `stopped`, which may be NULL, tells whether it has. If not,
 * it stops later. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_stop(
    cannery_runtime_t *, const cannery_principal_t *canister, uint64_t rounds, bool *stopped);
/* Deletes a stopped canister. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_remove(cannery_runtime_t *, const cannery_principal_t *canister);
WASM_API_EXTERN own cannery_error_t *cannery_runtime_top_up(
    cannery_runtime_t *, const cannery_principal_t *canister, cannery_cycles_t);

/* A snapshot: what a canister was at some time. */
typedef struct cannery_snapshot_t {
  uint8_t id_size;
  uint8_t id[37];
  /* Nanoseconds since 1970. */
  uint64_t taken_at;
  /* Bytes, as they are billed. */
  uint64_t size;
} cannery_snapshot_t;

/* Takes a snapshot; in place of `replaced` if that isn't NULL, and with `uninstalls` the code is dropped then. `out` may be
 * NULL. Of snapshots that are given, only the id counts. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_take_snapshot(
    cannery_runtime_t *, const cannery_principal_t *canister, const cannery_snapshot_t *replaced, bool uninstalls,
    cannery_snapshot_t *out);
/* Makes the canister what the snapshot says, which may be another canister's. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_load_snapshot(
    cannery_runtime_t *, const cannery_principal_t *canister, const cannery_snapshot_t *);
WASM_API_EXTERN own cannery_error_t *cannery_runtime_delete_snapshot(
    cannery_runtime_t *, const cannery_principal_t *canister, const cannery_snapshot_t *);
/* Writes at most `capacity` snapshots, the oldest first; `count` is how many there are. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_snapshots(
    cannery_runtime_t *, const cannery_principal_t *canister, cannery_snapshot_t *snapshots, size_t capacity,
    size_t *count);

/* ---- Messages ---- */

typedef enum cannery_install_mode_t {
  CANNERY_INSTALL,
  CANNERY_REINSTALL,
  CANNERY_UPGRADE,
} cannery_install_mode_t;

/* What is installed. All but the module may be left zero. */
typedef struct cannery_install_t {
  /* Binary, compressed, or text. */
  const void *module;
  size_t module_size;
  cannery_install_mode_t mode;
  /* For canister_init or canister_post_upgrade: a message of so many bytes, or if it is NULL the Candid message `()` … */
  const void *argument;
  size_t argument_size;
  /* … or, if this isn't NULL, Candid text, of the types that the module's interface tells. Text that doesn't fit them is an
   * error, of the kind `CANNERY_ERROR_MALFORMED` or `CANNERY_ERROR_INVALID`. */
  const char *argument_text;
  /* NULL for the anonymous one. */
  const cannery_principal_t *caller;
  /* Of an upgrade: whether canister_pre_upgrade is left out, and whether the heap is kept. */
  bool skips_pre_upgrade, keeps_heap;
} cannery_install_t;

/* Installs a module, and executes rounds where that takes several. The outcome is an empty reply, or a reject, after which
 * nothing but cycles and log has changed. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_install(
    cannery_runtime_t *, const cannery_principal_t *canister, const cannery_install_t *,
    own cannery_outcome_t **out);

/* A call. All but the method may be left zero; without `canister` it is for the management canister. */
typedef struct cannery_call_t {
  const cannery_principal_t *canister;
  const char *method;
  /* A message of so many bytes, or if it is NULL the Candid message `()` … */
  const void *argument;
  size_t argument_size;
  /* … or, if this isn't NULL, Candid text, of the types that the canister's interface tells. Errors are as above. */
  const char *argument_text;
  /* NULL for the anonymous one. */
  const cannery_principal_t *caller;
  /* Cycles that come with an update call: what isn't accepted is gone. No network allows it; a query can't have any. */
  cannery_cycles_t cycles;
  /* Rounds that are executed at most, and nanoseconds that pass at most, until there is an answer; 0 for 1,000 rounds and for
   * 300 seconds. Where canisters only wait, time is set forward. */
  uint64_t rounds, timeout;
} cannery_call_t;

/* Calls an update method, and executes rounds until it is answered. The outcome may be `CANNERY_UNANSWERED`. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_call(
    cannery_runtime_t *, const cannery_call_t *, own cannery_outcome_t **out);
/* Executes a query method on the present state; nothing changes. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_query(
    cannery_runtime_t *, const cannery_call_t *, own cannery_outcome_t **out);

/* Sends an update call, and doesn't wait: `ingress` is the message's number. `CANNERY_ERROR_REFUSED` if it doesn't come in. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_submit(
    cannery_runtime_t *, const cannery_call_t *, uint64_t *ingress);
/* What has become of a message, without executing anything. `CANNERY_ERROR_ARGUMENT` for one that there isn't. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_poll(
    cannery_runtime_t *, uint64_t ingress, own cannery_outcome_t **out);
/* Executes rounds until a message is answered, as `cannery_runtime_call` does; 0 for the same defaults. The answer is
 * forgotten then. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_answer(
    cannery_runtime_t *, uint64_t ingress, uint64_t rounds, uint64_t timeout, own cannery_outcome_t **out);
/* Forgets the answer to a message. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_forget(cannery_runtime_t *, uint64_t ingress);

/* ---- Rounds, time, randomness ---- */

/* Executes so many rounds: timers, heartbeats, messages. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_tick(cannery_runtime_t *, uint64_t rounds);
/* Rounds that were executed so far. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_rounds(cannery_runtime_t *, uint64_t *out);
/* Nanoseconds since 1970. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_time(cannery_runtime_t *, uint64_t *out);
/* Sets the time, which never goes back; what is due then happens in the next round. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_set_time(cannery_runtime_t *, uint64_t nanoseconds);
/* Lets time pass, and executes what is due on the way when it is due, in at most so many rounds; with 0 rounds nothing is
 * executed before the next round. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_advance_time(
    cannery_runtime_t *, uint64_t nanoseconds, uint64_t rounds);
/* When a timer or a call's deadline is due next; UINT64_MAX if nothing is. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_next_deadline(cannery_runtime_t *, uint64_t *out);
/* Takes something unpredictable into what `raw_rand` gives from now on. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_add_randomness(
    cannery_runtime_t *, const void *bytes, size_t size);
/* What was executed and logged since the last time, without what outcomes told; of very much, the latest. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_take_activity(
    cannery_runtime_t *, own cannery_activity_t **out);

/* ---- Reading the state ---- */

/* The canisters, in ascending order of their ids: writes at most `capacity`; `count` is how many there are. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_canisters(
    cannery_runtime_t *, cannery_principal_t *ids, size_t capacity, size_t *count);

typedef enum cannery_canister_state_t {
  CANNERY_CANISTER_RUNNING = 1,
  CANNERY_CANISTER_STOPPING,
  CANNERY_CANISTER_STOPPED,
} cannery_canister_state_t;

typedef struct cannery_canister_status_t {
  cannery_canister_state_t state;
  /* Whether a module is installed, and SHA-256 of its file. */
  bool has_module;
  uint8_t module_hash[32];
  uint64_t version;
  /* What the canister has, what is set aside for storage, and what it costs in a day without doing anything. */
  cannery_cycles_t balance, reserved_balance, idle_cycles_per_day;
  /* Bytes: all that is billed, and of it heap, stable memory and snapshots. */
  uint64_t memory_size, heap_size, stable_size, snapshots_size;
  /* Nanoseconds since 1970; 0 for none. */
  uint64_t global_timer;
} cannery_canister_status_t;

WASM_API_EXTERN own cannery_error_t *cannery_runtime_status(
    cannery_runtime_t *, const cannery_principal_t *canister, cannery_canister_status_t *out);
/* Copies bytes of the heap or the stable memory, as they were committed. `CANNERY_ERROR_ARGUMENT`, and nothing copied, if
 * they aren't all there. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_read_heap(
    cannery_runtime_t *, const cannery_principal_t *canister, uint64_t offset, void *bytes, size_t count);
WASM_API_EXTERN own cannery_error_t *cannery_runtime_read_stable(
    cannery_runtime_t *, const cannery_principal_t *canister, uint64_t offset, void *bytes, size_t count);
WASM_API_EXTERN own cannery_error_t *cannery_runtime_certified_data(
    cannery_runtime_t *, const cannery_principal_t *canister, own wasm_byte_vec_t *out);
/* The canister's log: an activity without executions. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_logs(
    cannery_runtime_t *, const cannery_principal_t *canister, own cannery_activity_t **out);
/* The module's file, and a custom section of its metadata by name; `CANNERY_ERROR_ARGUMENT` if there is none. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_module(
    cannery_runtime_t *, const cannery_principal_t *canister, own wasm_byte_vec_t *out);
WASM_API_EXTERN own cannery_error_t *cannery_runtime_metadata(
    cannery_runtime_t *, const cannery_principal_t *canister, const char *name, own wasm_byte_vec_t *out);
/* The interface that the module tells; also of the management canister. `CANNERY_ERROR_ARGUMENT` if it tells none. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_interface(
    cannery_runtime_t *, const cannery_principal_t *canister, own cannery_candid_t **out);

/* ---- Storing the state, and replaying inputs ---- */

/* SHA-256 of the state: the same for the same inputs. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_state_hash(cannery_runtime_t *, uint8_t out[32]);
/* The whole state as bytes, for `cannery_runtime_load`. What an execution in progress has done is not in it: it starts anew. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_save(cannery_runtime_t *, own wasm_byte_vec_t *out);
/* A runtime that goes on from a state. `config` may be NULL; of it, the state overrides time and randomness. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_load(
    const cannery_runtime_config_t *config, const void *state, size_t size, own cannery_runtime_t **out);

/* Records all that comes in, in at most `limit` bytes. If `hash_interval` isn't 0, the state's hash is recorded after each so
 * many rounds. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_record(
    cannery_runtime_t *, size_t limit, uint64_t hash_interval);
/* What was recorded up to now. Recording goes on. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_recorded(cannery_runtime_t *, own wasm_byte_vec_t *out);
WASM_API_EXTERN own cannery_error_t *cannery_runtime_stop_recording(cannery_runtime_t *);
/* The state, as `cannery_runtime_save` gives it, from which what is recorded afterwards can be replayed. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_checkpoint(cannery_runtime_t *, own wasm_byte_vec_t *out);
/* A runtime that does all that was recorded: from the beginning; or from `state`, with which the log begins or which is a
 * checkpoint in it. `state` and `config` may be NULL; fees and limits must be those of the recording. */
WASM_API_EXTERN own cannery_error_t *cannery_runtime_replay(
    const cannery_runtime_config_t *config, const void *log, size_t log_size, const void *state, size_t state_size,
    own cannery_runtime_t **out);

#undef own

#ifdef __cplusplus
}
#endif

#endif
