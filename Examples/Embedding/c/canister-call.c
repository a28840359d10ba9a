/* A canister in the built-in runtime: it is made, gets its code, and is called.
 *   canister-call canister-call.wat
 * To be linked with the library cannery-canister, which has all of wasm.h and cannery.h too. */

#include <cannery-canister.h>
#include <inttypes.h>

#include "example.h"

/* A file's contents, to be freed. */
static char *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  char *bytes = malloc(1 << 20);
  if (!file || !bytes) {
    perror(path);
    exit(1);
  }
  *size = fread(bytes, 1, 1 << 20, file);
  fclose(file);
  return bytes;
}

/* Prints what became of a message: the reply as Candid text, or why there is none. */
static void print(const char *method, const cannery_outcome_t *outcome) {
  switch (cannery_outcome_status(outcome)) {
    case CANNERY_REPLIED: {
      const char *text = cannery_outcome_reply_text(outcome);
      printf("%s: %s\n", method, text ? text : "no Candid message");
      break;
    }
    case CANNERY_REJECTED: {
      /* The first line tells what happened; others may say where. */
      const char *message = cannery_outcome_message(outcome);
      printf("%s: %s %.*s\n", method, cannery_outcome_error_name(outcome), (int)strcspn(message, "\n"), message);
      break;
    }
    default:
      printf("%s: no answer yet\n", method);
  }
}

/* Calls an update method without arguments. Gives back the instructions that it took. */
static uint64_t update(cannery_runtime_t *runtime, const cannery_principal_t *canister, const char *method) {
  cannery_call_t call = {.canister = canister, .method = method};
  cannery_outcome_t *outcome = NULL;
  check(cannery_runtime_call(runtime, &call, &outcome));
  print(method, outcome);
  uint64_t instructions = cannery_activity_instructions(cannery_outcome_activity(outcome));
  cannery_outcome_delete(outcome);
  return instructions;
}

int main(int count, char **arguments) {
  if (count != 2) return 64;
  cannery_runtime_t *runtime = NULL;
  check(cannery_runtime_new(NULL, &runtime));

  /* An empty canister, with the cycles that a local network gives. */
  cannery_principal_t canister;
  check(cannery_runtime_create(runtime, NULL, NULL, NULL, &canister));

  size_t size = 0;
  char *module = read_file(arguments[1], &size);
  cannery_install_t install = {.module = module, .module_size = size};
  cannery_outcome_t *outcome = NULL;
  check(cannery_runtime_install(runtime, &canister, &install, &outcome));
  free(module);
  if (cannery_outcome_status(outcome) != CANNERY_REPLIED) {
    fprintf(stderr, "error: %s\n", cannery_outcome_message(outcome));
    return 1;
  }
  cannery_outcome_delete(outcome);

  update(runtime, &canister, "increment");
  uint64_t instructions = update(runtime, &canister, "increment");
  /* A message that fails leaves no trace … */
  update(runtime, &canister, "fail");
  /* … so that a query sees what was there before. */
  cannery_call_t get = {.canister = &canister, .method = "get"};
  check(cannery_runtime_query(runtime, &get, &outcome));
  print("get", outcome);
  cannery_outcome_delete(outcome);
  printf("instructions of the second increment: %" PRIu64 "\n", instructions);

  cannery_runtime_delete(runtime);
  return 0;
}
