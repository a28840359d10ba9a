/* What the tests of the canister library have in common: two canisters, and short ways to call them. */

#ifndef CANISTER_H
#define CANISTER_H

#include <cannery-canister.h>

#include "check.h"

/* A counter that tells its interface; what its methods do is in their names. Replies are one nat64. */
static const char counter[] =
    "(module"
    "  (import \"ic0\" \"msg_reply\" (func $reply))"
    "  (import \"ic0\" \"msg_reply_data_append\" (func $append (param i32 i32)))"
    "  (import \"ic0\" \"msg_arg_data_size\" (func $size (result i32)))"
    "  (import \"ic0\" \"msg_arg_data_copy\" (func $copy (param i32 i32 i32)))"
    "  (import \"ic0\" \"msg_caller_size\" (func $caller (result i32)))"
    "  (import \"ic0\" \"msg_cycles_accept128\" (func $accept (param i64 i64 i32)))"
    "  (import \"ic0\" \"debug_print\" (func $print (param i32 i32)))"
    "  (import \"ic0\" \"trap\" (func $trap (param i32 i32)))"
    "  (import \"ic0\" \"certified_data_set\" (func $certify (param i32 i32)))"
    "  (import \"ic0\" \"data_certificate_size\" (func $certificate (result i32)))"
    "  (import \"ic0\" \"global_timer_set\" (func $timer (param i64) (result i64)))"
    "  (import \"ic0\" \"time\" (func $time (result i64)))"
    "  (import \"ic0\" \"stable64_grow\" (func $grow (param i64) (result i64)))"
    "  (import \"ic0\" \"stable64_write\" (func $write (param i64 i64 i64)))"
    "  (memory 1)"
    "  (data (i32.const 0) \"DIDL\\00\\01\\78\")"
    "  (data (i32.const 32) \"not today\") (data (i32.const 48) \"hello\") (data (i32.const 64) \"certified\")"
    "  (global $count (mut i64) (i64.const 0))"
    "  (func $answer (i64.store (i32.const 7) (global.get $count)) (call $append (i32.const 0) (i32.const 15)) (call $reply))"
    "  (func (export \"canister_init\")"
    "    (if (i32.ge_u (call $size) (i32.const 15))"
    "      (then (call $copy (i32.const 128) (i32.const 0) (i32.const 15)) (global.set $count (i64.load (i32.const 135)))))"
    "    (if (i64.eq (global.get $count) (i64.const 666)) (then (call $trap (i32.const 32) (i32.const 9)))))"
    "  (func (export \"canister_post_upgrade\") (global.set $count (i64.const 100)))"
    "  (func (export \"canister_global_timer\") (global.set $count (i64.const 1000)) (call $print (i32.const 48) (i32.const 5)))"
    "  (func (export \"canister_update increment\")"
    "    (global.set $count (i64.add (global.get $count) (i64.const 1))) (call $answer))"
    "  (func (export \"canister_update fail\")"
    "    (global.set $count (i64.const 0)) (call $print (i32.const 48) (i32.const 5)) (call $trap (i32.const 32) (i32.const 9)))"
    "  (func (export \"canister_update silent\"))"
    "  (func (export \"canister_update garbage\") (call $append (i32.const 48) (i32.const 5)) (call $reply))"
    "  (func (export \"canister_update accept\")"
    "    (call $accept (i64.const 0) (i64.const 1000000) (i32.const 256)) (global.set $count (i64.load (i32.const 256))) (call $answer))"
    "  (func (export \"canister_update certify\") (call $certify (i32.const 64) (i32.const 9)) (call $answer))"
    "  (func (export \"canister_update wait\")"
    "    (drop (call $timer (i64.add (call $time) (i64.const 5000000000)))) (call $answer))"
    "  (func (export \"canister_update keep\")"
    "    (drop (call $grow (i64.const 1))) (call $write (i64.const 100) (i64.const 48) (i64.const 5)) (call $answer))"
    "  (func (export \"canister_update work\") (local $n i32)"
    "    (local.set $n (i32.const 1000000))"
    "    (loop (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (call $answer))"
    "  (func (export \"canister_query get\") (call $answer))"
    "  (func (export \"canister_query spoil\")"
    "    (global.set $count (i64.const 7)) (i32.store (i32.const 48) (i32.const 0)) (call $answer))"
    "  (func (export \"canister_query caller\") (global.set $count (i64.extend_i32_u (call $caller))) (call $answer))"
    "  (func (export \"canister_query certificate\")"
    "    (global.set $count (i64.extend_i32_u (call $certificate))) (call $answer))"
    "  (@custom \"icp:public candid:service\""
    "    \"service : (nat64) -> { increment : () -> (nat64); work : (nat64) -> (nat64); get : () -> (nat64) query }\"))";

static inline cannery_principal_t canister_of(cannery_runtime_t *runtime, const char *argument) {
  cannery_principal_t id;
  SUCCEED(cannery_runtime_create(runtime, NULL, NULL, NULL, &id));
  cannery_install_t install = {0};
  install.module = counter;
  install.module_size = sizeof counter - 1;
  install.argument_text = argument;
  cannery_outcome_t *outcome = NULL;
  SUCCEED(cannery_runtime_install(runtime, &id, &install, &outcome));
  if (cannery_outcome_status(outcome) != CANNERY_REPLIED) fprintf(stderr, "%s\n", cannery_outcome_message(outcome));
  CHECK(cannery_outcome_status(outcome) == CANNERY_REPLIED);
  cannery_outcome_delete(outcome);
  return id;
}

typedef cannery_error_t *(*calling_t)(cannery_runtime_t *, const cannery_call_t *, cannery_outcome_t **);

static inline cannery_outcome_t *outcome_of(
    calling_t how, cannery_runtime_t *runtime, const cannery_principal_t *id, const char *method) {
  cannery_call_t call = {0};
  call.canister = id;
  call.method = method;
  cannery_outcome_t *outcome = NULL;
  SUCCEED(how(runtime, &call, &outcome));
  CHECK(outcome);
  return outcome;
}

/* Ends the program unless the call is replied with this text. */
#define REPLIES(how, runtime, id, method, text)                                            \
  do {                                                                                     \
    cannery_outcome_t *outcome = outcome_of(how, runtime, id, method);                     \
    if (cannery_outcome_message(outcome)) fprintf(stderr, "%s\n", cannery_outcome_message(outcome)); \
    CHECK(cannery_outcome_status(outcome) == CANNERY_REPLIED);                             \
    const char *reply = cannery_outcome_reply_text(outcome);                               \
    if (!reply || strcmp(reply, text)) fprintf(stderr, "%s\n", reply ? reply : "no text"); \
    CHECK(reply && strcmp(reply, text) == 0);                                              \
    cannery_outcome_delete(outcome);                                                       \
  } while (0)

/* Ends the program unless the call is rejected with this code. */
#define REJECTS(how, runtime, id, method, code)                                            \
  do {                                                                                     \
    cannery_outcome_t *outcome = outcome_of(how, runtime, id, method);                     \
    CHECK(cannery_outcome_status(outcome) == CANNERY_REJECTED);                            \
    CHECK(cannery_outcome_error_code(outcome) == (code));                                  \
    cannery_outcome_delete(outcome);                                                       \
  } while (0)

/* Ends the program unless the error is a refusal with this code. */
#define REFUSED(call, code)                                                                \
  do {                                                                                     \
    cannery_error_t *error = (call);                                                       \
    CHECK(error && cannery_error_kind(error) == CANNERY_ERROR_REFUSED);                    \
    if (cannery_error_code(error) != (code)) fprintf(stderr, "%s\n", cannery_error_message(error)); \
    CHECK(cannery_error_code(error) == (code));                                            \
    cannery_error_delete(error);                                                           \
  } while (0)

#endif
