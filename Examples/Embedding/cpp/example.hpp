// What the examples have in common: owners of the C library's things, and errors as exceptions.

#ifndef EXAMPLE_HPP
#define EXAMPLE_HPP

#include <cannery.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

// Deletes what a pointer owns by its own function.
template <auto Function> struct Deleter {
  template <class Thing> void operator()(Thing *thing) const { Function(thing); }
};
template <class Thing, auto Function> using Owner = std::unique_ptr<Thing, Deleter<Function>>;

using Engine = Owner<wasm_engine_t, wasm_engine_delete>;
using Store = Owner<wasm_store_t, wasm_store_delete>;
using Module = Owner<wasm_module_t, wasm_module_delete>;
using Instance = Owner<wasm_instance_t, wasm_instance_delete>;
using Function = Owner<wasm_func_t, wasm_func_delete>;
using FunctionType = Owner<wasm_functype_t, wasm_functype_delete>;
using Execution = Owner<cannery_execution_t, cannery_execution_delete>;
using Closure = Owner<cannery_closure_t, cannery_closure_delete>;

// Throws what an error says; null is none.
inline void check(cannery_error_t *error) {
  if (!error) return;
  std::string message = cannery_error_message(error);
  cannery_error_delete(error);
  throw std::runtime_error(message);
}

// What a trap says.
inline std::string message(wasm_trap_t *trap) {
  wasm_message_t bytes;
  wasm_trap_message(trap, &bytes);
  std::string text(bytes.data);
  wasm_name_delete(&bytes);
  return text;
}

// Throws what a trap says, and deletes it; null is none.
inline void check(wasm_trap_t *trap) {
  if (!trap) return;
  std::string text = message(trap);
  wasm_trap_delete(trap);
  throw std::runtime_error(text);
}

// The module in a file, text or binary.
inline Module module_from(const Store &store, const char *path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(std::string("can't read ") + path);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  wasm_module_t *module;
  check(cannery_module_new(store.get(), bytes.data(), bytes.size(), &module));
  return Module(module);
}

// An instance with imports in the module's order.
inline Instance instance_of(const Store &store, const Module &module, std::vector<wasm_extern_t *> imports = {}) {
  wasm_extern_vec_t list = {imports.size(), imports.data()};
  wasm_instance_t *instance;
  check(cannery_instance_new(store.get(), module.get(), &list, CANNERY_UNLIMITED, nullptr, &instance));
  return Instance(instance);
}

// What an instance exports, in the module's order.
class Exports {
  wasm_extern_vec_t list;

public:
  explicit Exports(const Instance &instance) { wasm_instance_exports(instance.get(), &list); }
  Exports(const Exports &) = delete;
  ~Exports() { wasm_extern_vec_delete(&list); }
  // Borrowed: they live as long as this.
  wasm_func_t *function(size_t index) const { return wasm_extern_as_func(list.data[index]); }
  wasm_memory_t *memory(size_t index) const { return wasm_extern_as_memory(list.data[index]); }
};

// Calls `body` with the program's arguments. Gives the exit code.
template <class Body> int run_example(int count, int wanted, Body body) {
  if (count != wanted) return 64;
  try {
    body();
    return 0;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}

#endif
