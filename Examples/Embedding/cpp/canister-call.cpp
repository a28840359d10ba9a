// A canister in the built-in runtime: it is made, gets its code, and is called.
//   canister-call canister-call.wat
// To be linked with the library cannery-canister, which has all of wasm.h and cannery.h too.

#include <cannery-canister.h>

#include <cinttypes>

#include "example.hpp"

using Runtime = Owner<cannery_runtime_t, cannery_runtime_delete>;
using Outcome = Owner<cannery_outcome_t, cannery_outcome_delete>;

// What became of a message: the reply as Candid text, or why there is none.
static std::string description(const Outcome &outcome) {
  switch (cannery_outcome_status(outcome.get())) {
    case CANNERY_REPLIED: {
      const char *text = cannery_outcome_reply_text(outcome.get());
      return text ? text : "no Candid message";
    }
    case CANNERY_REJECTED: {
      // The first line tells what happened; others may say where.
      std::string message = cannery_outcome_message(outcome.get());
      return std::string(cannery_outcome_error_name(outcome.get())) + " " + message.substr(0, message.find('\n'));
    }
    default: return "no answer yet";
  }
}

// A canister of a runtime, whose methods take no arguments here.
class Canister {
  const Runtime &runtime;
  cannery_principal_t id;

  using Way = cannery_error_t *(*)(cannery_runtime_t *, const cannery_call_t *, cannery_outcome_t **);
  Outcome call(Way way, const char *method) const {
    cannery_call_t call = {};
    call.canister = &id;
    call.method = method;
    cannery_outcome_t *outcome;
    check(way(runtime.get(), &call, &outcome));
    return Outcome(outcome);
  }

public:
  // An empty canister, with the cycles that a local network gives.
  explicit Canister(const Runtime &runtime) : runtime(runtime) {
    check(cannery_runtime_create(runtime.get(), nullptr, nullptr, nullptr, &id));
  }

  void install(const std::string &module) const {
    cannery_install_t install = {};
    install.module = module.data();
    install.module_size = module.size();
    cannery_outcome_t *made;
    check(cannery_runtime_install(runtime.get(), &id, &install, &made));
    Outcome outcome(made);
    if (cannery_outcome_status(outcome.get()) != CANNERY_REPLIED) throw std::runtime_error(description(outcome));
  }

  Outcome update(const char *method) const { return call(cannery_runtime_call, method); }
  Outcome query(const char *method) const { return call(cannery_runtime_query, method); }
};

int main(int count, char **arguments) {
  return run_example(count, 2, [&] {
    cannery_runtime_t *made;
    check(cannery_runtime_new(nullptr, &made));
    Runtime runtime(made);
    Canister canister(runtime);
    std::ifstream file(arguments[1], std::ios::binary);
    canister.install(std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>()));

    std::printf("increment: %s\n", description(canister.update("increment")).c_str());
    Outcome second = canister.update("increment");
    std::printf("increment: %s\n", description(second).c_str());
    // A message that fails leaves no trace …
    std::printf("fail: %s\n", description(canister.update("fail")).c_str());
    // … so that a query sees what was there before.
    std::printf("get: %s\n", description(canister.query("get")).c_str());
    std::printf(
        "instructions of the second increment: %" PRIu64 "\n",
        cannery_activity_instructions(cannery_outcome_activity(second.get())));
  });
}
