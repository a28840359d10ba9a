/* cannery-canister.h: principals, Candid, canisters, messages, time, states, hooks, wrong uses. */

#include <pthread.h>

#include "canister.h"

static void principals(void) {
  cannery_principal_t id, other, empty = {0};
  char text[CANNERY_PRINCIPAL_TEXT];
  cannery_principal_anonymous(&id);
  CHECK(cannery_principal_format(&id, text) && strcmp(text, "2vxsx-fae") == 0);
  SUCCEED(cannery_principal_parse("2vxsx-fae", &other));
  CHECK(cannery_principal_equal(&id, &other) && !cannery_principal_equal(&id, &empty));
  CHECK(cannery_principal_format(&empty, text) && strcmp(text, "aaaaa-aa") == 0);
  cannery_principal_canister(0, &id);
  CHECK(cannery_principal_format(&id, text) && strcmp(text, "rwlgt-iiaaa-aaaaa-aaaaa-cai") == 0);
  memset(&other, 0xff, sizeof other);
  other.size = 29;
  CHECK(cannery_principal_format(&other, text) && strlen(text) == CANNERY_PRINCIPAL_TEXT - 1);
  other.size = 30;
  CHECK(!cannery_principal_format(&other, text) && text[0] == 0 && !cannery_principal_equal(&other, &other));
  FAIL(cannery_principal_parse("2vxsx-fa", &other), CANNERY_ERROR_MALFORMED);
  FAIL(cannery_principal_parse("\xff\xfe", &other), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_principal_parse(NULL, &other), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_principal_parse("aaaaa-aa", NULL), CANNERY_ERROR_ARGUMENT);
  CHECK(!cannery_principal_format(NULL, text) && !cannery_principal_format(&id, NULL));
  cannery_principal_anonymous(NULL), cannery_principal_canister(1, NULL);
  char digits[CANNERY_CYCLES_TEXT];
  cannery_cycles_t most = {UINT64_MAX, UINT64_MAX};
  cannery_cycles_format(most, digits);
  CHECK(strcmp(digits, "340282366920938463463374607431768211455") == 0);
  cannery_cycles_format(cannery_cycles(7), digits);
  CHECK(strcmp(digits, "7") == 0);
  cannery_cycles_format(most, NULL);
}

static void candid(void) {
  const char *did = "type r = record { a : nat; b : text }; service : (nat8) -> { put : (r) -> (opt r); see : () -> () query }";
  cannery_candid_t *interface = NULL;
  SUCCEED(cannery_candid_new(did, strlen(did), &interface));
  CHECK(cannery_candid_method_count(interface) == 2 && strcmp(cannery_candid_method_name(interface, 0), "put") == 0);
  CHECK(!cannery_candid_method_is_query(interface, 0) && cannery_candid_method_is_query(interface, 1));
  CHECK(cannery_candid_method_name(interface, 2) == NULL && cannery_candid_method_name(interface, SIZE_MAX) == NULL);
  wasm_byte_vec_t message, text;
  const char *value = "(record { b = \"x\"; a = 1_000 })";
  SUCCEED(cannery_candid_encode(interface, "put", CANNERY_CANDID_ARGUMENTS, value, &message));
  SUCCEED(cannery_candid_decode(interface, "put", CANNERY_CANDID_ARGUMENTS, message.data, message.size, &text));
  CHECK(strlen(text.data) == text.size - 1 && strcmp(text.data, "(record { a = 1_000 : nat; b = \"x\" })") == 0);
  wasm_byte_vec_delete(&text);
  /* Without the interface fields are numbers. */
  SUCCEED(cannery_candid_decode(NULL, NULL, CANNERY_CANDID_ARGUMENTS, message.data, message.size, &text));
  CHECK(strstr(text.data, "97 = 1_000 : nat"));
  wasm_byte_vec_delete(&text), wasm_byte_vec_delete(&message);
  SUCCEED(cannery_candid_encode(interface, NULL, CANNERY_CANDID_ARGUMENTS, "(7)", &message));
  CHECK(message.size == 8 && message.data[6] == 0x7b && message.data[7] == 7);
  wasm_byte_vec_delete(&message);
  SUCCEED(cannery_candid_encode(NULL, NULL, CANNERY_CANDID_ARGUMENTS, "(true)", &message));
  wasm_byte_vec_delete(&message);
  FAIL(cannery_candid_encode(interface, NULL, CANNERY_CANDID_ARGUMENTS, "(256)", &message), CANNERY_ERROR_INVALID);
  FAIL(cannery_candid_encode(interface, NULL, CANNERY_CANDID_ARGUMENTS, "(25", &message), CANNERY_ERROR_MALFORMED);
  FAIL(cannery_candid_encode(interface, NULL, CANNERY_CANDID_RESULTS, "()", &message), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_candid_encode(interface, "nothing", CANNERY_CANDID_RESULTS, "()", &message), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_candid_encode(interface, "put", (cannery_candid_side_t)3, "()", &message), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_candid_encode(interface, "put", CANNERY_CANDID_ARGUMENTS, NULL, &message), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_candid_encode(interface, "put", CANNERY_CANDID_ARGUMENTS, "\xc3(", &message), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_candid_decode(NULL, NULL, CANNERY_CANDID_ARGUMENTS, "DIDX", 4, &text), CANNERY_ERROR_MALFORMED);
  FAIL(cannery_candid_decode(NULL, NULL, CANNERY_CANDID_ARGUMENTS, NULL, SIZE_MAX, &text), CANNERY_ERROR_ARGUMENT);
  cannery_candid_delete(interface);
  cannery_error_t *error = cannery_candid_new("service : { f : nat }", 21, &interface);
  CHECK(error && cannery_error_kind(error) == CANNERY_ERROR_MALFORMED && cannery_error_offset(error) < 21);
  cannery_error_delete(error);
  FAIL(cannery_candid_new(NULL, 4, &interface), CANNERY_ERROR_ARGUMENT);
  SUCCEED(cannery_candid_of_module(counter, sizeof counter - 1, &interface));
  CHECK(cannery_candid_method_count(interface) == 3);
  cannery_candid_delete(interface);
  FAIL(cannery_candid_of_module("(module)", 8, &interface), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_candid_of_module("(modul)", 7, &interface), CANNERY_ERROR_MALFORMED);
}

static void configurations(void) {
  cannery_runtime_config_t *config = cannery_runtime_config_new();
  cannery_cycles_t value;
  size_t count = 0;
  const char *before = "", *name;
  for (; (name = cannery_runtime_config_number_name(count)); count++) {
    CHECK(strcmp(before, name) < 0);
    before = name;
    SUCCEED(cannery_runtime_config_get_number(config, name, &value));
    SUCCEED(cannery_runtime_config_set_number(config, name, value));
    FAIL(cannery_runtime_config_set_number(config, name, (cannery_cycles_t){0, UINT64_MAX}), CANNERY_ERROR_ARGUMENT);
  }
  CHECK(count > 60 && cannery_runtime_config_number_name(SIZE_MAX) == NULL);
  SUCCEED(cannery_runtime_config_get_number(config, "nodes", &value));
  CHECK(value.low == 13 && value.high == 0);
  FAIL(cannery_runtime_config_set_number(config, "nodes", cannery_cycles(0)), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_runtime_config_set_number(config, "knots", value), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_runtime_config_set_number(config, NULL, value), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_runtime_config_set_number(NULL, "nodes", value), CANNERY_ERROR_ARGUMENT);
  cannery_runtime_t *runtime = NULL;
  SUCCEED(cannery_runtime_config_set_number(config, "reservationThreshold", cannery_cycles(1ull << 48)));
  FAIL(cannery_runtime_new(config, &runtime), CANNERY_ERROR_ARGUMENT);
  cannery_runtime_config_set_system_subnet(config, true);
  SUCCEED(cannery_runtime_config_get_number(config, "ingressFee", &value));
  CHECK(value.low == 0);
  cannery_runtime_config_set_seed(config, 5);
  cannery_runtime_config_set_start_time(config, UINT64_MAX);
  cannery_runtime_config_set_round_duration(config, UINT64_MAX);
  cannery_runtime_config_set_first_canister(config, UINT64_MAX - 3);
  cannery_runtime_config_set_threads(config, SIZE_MAX);
  cannery_runtime_config_set_optimization(config, false);
  cannery_principal_t subnet, wrong = {30, {0}};
  cannery_principal_canister(5, &subnet);
  SUCCEED(cannery_runtime_config_set_subnet(config, &subnet));
  SUCCEED(cannery_runtime_config_set_root_key(config, "key", 3));
  SUCCEED(cannery_runtime_config_set_subnet_admins(config, &subnet, 1));
  FAIL(cannery_runtime_config_set_subnet(config, &wrong), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_runtime_config_set_subnet(NULL, &subnet), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_runtime_config_set_root_key(config, NULL, 3), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_runtime_config_set_subnet_admins(config, &wrong, 1), CANNERY_ERROR_ARGUMENT);
  FAIL(cannery_runtime_config_set_subnet_admins(config, &subnet, SIZE_MAX / 2), CANNERY_ERROR_ARGUMENT);
  SUCCEED(cannery_runtime_new(config, &runtime));
  SUCCEED(cannery_runtime_tick(runtime, 3));
  cannery_principal_t ids[2];
  SUCCEED(cannery_runtime_create(runtime, NULL, NULL, NULL, &ids[0]));
  SUCCEED(cannery_runtime_create(runtime, NULL, NULL, NULL, &ids[1]));
  CHECK(!cannery_principal_equal(&ids[0], &ids[1]));
  cannery_runtime_delete(runtime);
  cannery_runtime_config_delete(config);
  FAIL(cannery_runtime_new(NULL, NULL), CANNERY_ERROR_ARGUMENT);
  /* Every number at its ends: nothing may compute beyond what a number holds. */
  for (size_t i = 0; i < count; i++) {
    for (int end = 0; end < 2; end++) {
      config = cannery_runtime_config_new();
      const char *number = cannery_runtime_config_number_name(i);
      cannery_cycles_t value = {0, 0};
      bool is_set = false;
      /* The least is 0 or 1; the greatest is found bit by bit. */
      for (int bit = end ? 127 : 1; bit >= 0; bit--) {
        cannery_cycles_t next = end ? value : cannery_cycles((uint64_t)(1 - bit));
        if (end && bit < 64) next.low |= 1ull << bit;
        if (end && bit >= 64) next.high |= 1ull << (bit - 64);
        cannery_error_t *error = is_set && !end ? NULL : cannery_runtime_config_set_number(config, number, next);
        if (!error) value = next, is_set = true;
        cannery_error_delete(error);
      }
      cannery_error_t *error = cannery_runtime_new(config, &runtime);
      if (!error) {
        cannery_principal_t id;
        cannery_install_t install = {counter, sizeof counter - 1, CANNERY_INSTALL, NULL, 0, NULL, NULL, false, false};
        cannery_outcome_t *outcome;
        SUCCEED(cannery_runtime_create(runtime, NULL, NULL, NULL, &id));
        SUCCEED(cannery_runtime_install(runtime, &id, &install, &outcome));
        cannery_outcome_delete(outcome);
        const char *methods[] = {"increment", "keep", "fail", "wait", "get"};
        for (int m = 0; m < 5; m++) {
          cannery_call_t call = {0};
          call.canister = &id, call.method = methods[m], call.rounds = 5;
          SUCCEED(cannery_runtime_call(runtime, &call, &outcome));
          cannery_outcome_delete(outcome);
          SUCCEED(cannery_runtime_query(runtime, &call, &outcome));
          cannery_outcome_delete(outcome);
        }
        SUCCEED(cannery_runtime_advance_time(runtime, 100000000000, 10));
        cannery_runtime_delete(runtime);
      }
      cannery_error_delete(error);
      cannery_runtime_config_delete(config);
    }
  }
}

static void lifecycle(void) {
  cannery_runtime_t *runtime = NULL;
  SUCCEED(cannery_runtime_new(NULL, &runtime));
  /* Settings, all of them there and back. */
  cannery_settings_t *settings = cannery_settings_new(), *read = NULL;
  cannery_principal_t controllers[2], viewers[1], wanted, id, other, list[4];
  cannery_principal_canister(900, &controllers[0]);
  cannery_principal_anonymous(&controllers[1]);
  cannery_principal_canister(901, &viewers[0]);
  cannery_cycles_t value;
  CHECK(!cannery_settings_get(settings, CANNERY_SETTING_COMPUTE_ALLOCATION, &value));
  CHECK(cannery_settings_set_controllers(settings, controllers, 2));
  CHECK(cannery_settings_set(settings, CANNERY_SETTING_FREEZING_THRESHOLD, cannery_cycles(1000)));
  CHECK(cannery_settings_set(settings, CANNERY_SETTING_RESERVED_CYCLES_LIMIT, (cannery_cycles_t){1, 1}));
  CHECK(!cannery_settings_set(settings, CANNERY_SETTING_FREEZING_THRESHOLD, (cannery_cycles_t){1, 1}));
  CHECK(!cannery_settings_set(settings, (cannery_setting_t)99, cannery_cycles(0)));
  CHECK(cannery_settings_set_visibility(settings, CANNERY_VISIBLE_LOG, CANNERY_VISIBILITY_VIEWERS, viewers, 1));
  CHECK(cannery_settings_set_visibility(settings, CANNERY_VISIBLE_STATUS, CANNERY_VISIBILITY_PUBLIC, NULL, 0));
  CHECK(!cannery_settings_set_visibility(settings, (cannery_visible_t)9, CANNERY_VISIBILITY_PUBLIC, NULL, 0));
  CHECK(!cannery_settings_set_visibility(settings, CANNERY_VISIBLE_LOG, (cannery_visibility_t)9, NULL, 0));
  CHECK(!cannery_settings_set_visibility(settings, CANNERY_VISIBLE_LOG, CANNERY_VISIBILITY_VIEWERS, NULL, 1));
  const char *names[] = {"two", "one"}, *values[] = {"2", "1"}, *bad[] = {"\xff", NULL};
  CHECK(cannery_settings_set_environment(settings, names, values, 2));
  CHECK(!cannery_settings_set_environment(settings, bad, values, 1));
  CHECK(!cannery_settings_set_environment(settings, names, &bad[1], 1));
  CHECK(!cannery_settings_set_environment(settings, names, values, SIZE_MAX));
  CHECK(!cannery_settings_set_controllers(settings, controllers, SIZE_MAX / 2));
  cannery_principal_canister(42, &wanted);
  cannery_cycles_t cycles = cannery_cycles(5000000000000);
  SUCCEED(cannery_runtime_create(runtime, settings, &cycles, &wanted, &id));
  CHECK(cannery_principal_equal(&id, &wanted));
  REFUSED(cannery_runtime_create(runtime, NULL, NULL, &wanted, &other), 538);
  SUCCEED(cannery_runtime_settings(runtime, &id, &read));
  CHECK(cannery_settings_controllers(read, list, 1) == 2 && cannery_settings_controllers(read, list, 4) == 2);
  CHECK(cannery_settings_controllers(read, NULL, 4) == 2);
  CHECK(cannery_settings_get(read, CANNERY_SETTING_FREEZING_THRESHOLD, &value) && value.low == 1000);
  CHECK(cannery_settings_get(read, CANNERY_SETTING_RESERVED_CYCLES_LIMIT, &value) && value.high == 1);
  cannery_visibility_t visibility;
  CHECK(cannery_settings_visibility(read, CANNERY_VISIBLE_LOG, &visibility, list, 4) == 1);
  CHECK(visibility == CANNERY_VISIBILITY_VIEWERS && cannery_principal_equal(&list[0], &viewers[0]));
  CHECK(cannery_settings_visibility(read, CANNERY_VISIBLE_STATUS, &visibility, NULL, 0) == 0);
  CHECK(visibility == CANNERY_VISIBILITY_PUBLIC);
  const char *name = NULL, *text = NULL;
  CHECK(cannery_settings_environment_count(read) == 2 && cannery_settings_environment(read, 0, &name, &text));
  CHECK(strcmp(name, "one") == 0 && strcmp(text, "1") == 0 && !cannery_settings_environment(read, 2, &name, &text));
  cannery_settings_delete(read);
  CHECK(cannery_settings_set(settings, CANNERY_SETTING_COMPUTE_ALLOCATION, cannery_cycles(101)));
  FAIL(cannery_runtime_update_settings(runtime, &id, settings), CANNERY_ERROR_REFUSED);
  CHECK(cannery_settings_set(settings, CANNERY_SETTING_COMPUTE_ALLOCATION, cannery_cycles(0)));
  CHECK(cannery_settings_set(settings, CANNERY_SETTING_FREEZING_THRESHOLD, cannery_cycles(UINT64_MAX)));
  SUCCEED(cannery_runtime_update_settings(runtime, &id, settings));
  FAIL(cannery_runtime_update_settings(runtime, &id, NULL), CANNERY_ERROR_ARGUMENT);
  cannery_settings_delete(settings);

  /* Status, stopping, deleting. */
  cannery_canister_status_t status;
  SUCCEED(cannery_runtime_top_up(runtime, &id, cannery_cycles(10)));
  SUCCEED(cannery_runtime_top_up(runtime, &id, (cannery_cycles_t){UINT64_MAX, UINT64_MAX}));
  SUCCEED(cannery_runtime_status(runtime, &id, &status));
  CHECK(status.state == CANNERY_CANISTER_RUNNING && !status.has_module && status.balance.high == UINT64_MAX);
  REFUSED(cannery_runtime_remove(runtime, &id), 510);
  bool stopped = false;
  SUCCEED(cannery_runtime_stop(runtime, &id, UINT64_MAX, &stopped));
  CHECK(stopped);
  SUCCEED(cannery_runtime_status(runtime, &id, &status));
  CHECK(status.state == CANNERY_CANISTER_STOPPED);
  SUCCEED(cannery_runtime_start(runtime, &id));
  SUCCEED(cannery_runtime_stop(runtime, &id, 10, NULL));
  SUCCEED(cannery_runtime_remove(runtime, &id));
  REFUSED(cannery_runtime_status(runtime, &id, &status), 301);
  REFUSED(cannery_runtime_start(runtime, &id), 301);
  id.size = 200;
  FAIL(cannery_runtime_status(runtime, &id, &status), CANNERY_ERROR_ARGUMENT);
  size_t count = 99;
  SUCCEED(cannery_runtime_canisters(runtime, NULL, 0, &count));
  CHECK(count == 0);
  id = canister_of(runtime, NULL), other = canister_of(runtime, "(3)");
  SUCCEED(cannery_runtime_canisters(runtime, list, 1, &count));
  CHECK(count == 2 && cannery_principal_equal(&list[0], &id));
  FAIL(cannery_runtime_canisters(runtime, NULL, 1, &count), CANNERY_ERROR_ARGUMENT);
  SUCCEED(cannery_runtime_canisters(runtime, list, 4, &count));
  CHECK(cannery_principal_equal(&list[1], &other));

  /* Installing. */
  cannery_install_t install = {0};
  cannery_outcome_t *outcome = NULL;
  install.module = counter, install.module_size = sizeof counter - 1;
  SUCCEED(cannery_runtime_install(runtime, &id, &install, &outcome));
  CHECK(cannery_outcome_status(outcome) == CANNERY_REJECTED && cannery_outcome_error_code(outcome) == 514);
  cannery_outcome_delete(outcome);
  install.mode = CANNERY_REINSTALL, install.argument_text = "(41)";
  SUCCEED(cannery_runtime_install(runtime, &id, &install, &outcome));
  size_t size = 1;
  CHECK(cannery_outcome_status(outcome) == CANNERY_REPLIED && cannery_outcome_reply(outcome, &size) && size == 0);
  CHECK(cannery_activity_instructions(cannery_outcome_activity(outcome)) > 0);
  cannery_outcome_delete(outcome);
  REPLIES(cannery_runtime_call, runtime, &id, "increment", "(42 : nat64)");
  install.argument_text = "(666)";
  SUCCEED(cannery_runtime_install(runtime, &id, &install, &outcome));
  CHECK(cannery_outcome_status(outcome) == CANNERY_REJECTED && cannery_outcome_error_code(outcome) == 503);
  CHECK(strstr(cannery_outcome_message(outcome), "not today"));
  cannery_outcome_delete(outcome);
  install.argument_text = "(true)";
  FAIL(cannery_runtime_install(runtime, &id, &install, &outcome), CANNERY_ERROR_INVALID);
  install.argument = "x", install.argument_size = 1;
  FAIL(cannery_runtime_install(runtime, &id, &install, &outcome), CANNERY_ERROR_ARGUMENT);
  install.argument_text = NULL, install.mode = CANNERY_UPGRADE;
  SUCCEED(cannery_runtime_install(runtime, &id, &install, &outcome));
  CHECK(cannery_outcome_status(outcome) == CANNERY_REPLIED);
  cannery_outcome_delete(outcome);
  REPLIES(cannery_runtime_query, runtime, &id, "get", "(100 : nat64)");
  install.module = "(module (import \"x\" \"y\" (func)))", install.module_size = 32;
  SUCCEED(cannery_runtime_install(runtime, &id, &install, &outcome));
  CHECK(cannery_outcome_error_code(outcome) == 505);
  cannery_outcome_delete(outcome);
  install.module = NULL;
  FAIL(cannery_runtime_install(runtime, &id, &install, &outcome), CANNERY_ERROR_ARGUMENT);
  install.module_size = SIZE_MAX;
  FAIL(cannery_runtime_install(runtime, &id, &install, &outcome), CANNERY_ERROR_ARGUMENT);
  install.module = counter, install.module_size = sizeof counter - 1, install.mode = (cannery_install_mode_t)9;
  FAIL(cannery_runtime_install(runtime, &id, &install, &outcome), CANNERY_ERROR_ARGUMENT);
  SUCCEED(cannery_runtime_uninstall(runtime, &id));
  REJECTS(cannery_runtime_call, runtime, &id, "increment", 537);

  /* Snapshots. */
  cannery_snapshot_t snapshot, second, snapshots[3];
  SUCCEED(cannery_runtime_take_snapshot(runtime, &other, NULL, false, &snapshot));
  CHECK(snapshot.size > 0 && snapshot.taken_at > 0);
  REPLIES(cannery_runtime_call, runtime, &other, "increment", "(4 : nat64)");
  SUCCEED(cannery_runtime_take_snapshot(runtime, &other, NULL, false, &second));
  SUCCEED(cannery_runtime_snapshots(runtime, &other, snapshots, 1, &count));
  CHECK(count == 2 && memcmp(snapshots[0].id, snapshot.id, snapshot.id_size) == 0);
  SUCCEED(cannery_runtime_load_snapshot(runtime, &other, &snapshot));
  REPLIES(cannery_runtime_query, runtime, &other, "get", "(3 : nat64)");
  SUCCEED(cannery_runtime_delete_snapshot(runtime, &other, &second));
  REFUSED(cannery_runtime_load_snapshot(runtime, &other, &second), 305);
  SUCCEED(cannery_runtime_take_snapshot(runtime, &other, &snapshot, true, NULL));
  snapshot.id_size = 200;
  FAIL(cannery_runtime_load_snapshot(runtime, &other, &snapshot), CANNERY_ERROR_ARGUMENT);
  snapshot.id_size = 3;
  FAIL(cannery_runtime_load_snapshot(runtime, &other, &snapshot), CANNERY_ERROR_REFUSED);
  FAIL(cannery_runtime_load_snapshot(runtime, &other, NULL), CANNERY_ERROR_ARGUMENT);
  REJECTS(cannery_runtime_query, runtime, &other, "get", 537);
  cannery_runtime_delete(runtime);
}

int main(void) {
  principals();
  candid();
  configurations();
  lifecycle();
  puts("canister: passed");
  return 0;
}
