// Compiling once, and loading what was compiled.
//   precompile precompile.wat ARTIFACT

#include <cinttypes>

#include "example.hpp"

// The module of an artifact, all of which is verified.
static Module verified(const Store &store, const char *path) {
  wasm_module_t *opened;
  check(cannery_module_open(store.get(), path, &opened));
  Module module(opened);
  check(cannery_module_verify(module.get()));
  return module;
}

int main(int count, char **arguments) {
  return run_example(count, 3, [&] {
    const char *path = arguments[2];
    {
      Engine engine(wasm_engine_new());
      Store store(wasm_store_new(engine.get()));
      check(cannery_module_save(module_from(store, arguments[1]).get(), path));
      std::printf("saved\n");
    }

    // Another process, another machine: the file is mapped.
    Engine engine(wasm_engine_new());
    Store store(wasm_store_new(engine.get()));
    Module module = verified(store, path);
    std::printf("verified\n");
    Instance instance = instance_of(store, module);
    Exports exports(instance);
    uint64_t slot = 25;
    check(cannery_func_call(exports.function(0), &slot, 1));
    std::printf("fib(25) = %" PRIu64 "\n", slot);
    uint8_t hash[32];
    cannery_module_hash(module.get(), hash);
    std::printf("module: ");
    for (int i = 0; i < 8; i++) std::printf("%02x", hash[i]);
    std::printf("\n");

    // The last byte is code, or belongs to it. A file that is in use must not change: the copy is another.
    std::string damaged_path = std::string(path) + ".damaged", bytes;
    {
      std::ifstream file(path, std::ios::binary);
      bytes.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    bytes.back() ^= 1;
    std::ofstream(damaged_path, std::ios::binary) << bytes;
    try {
      verified(store, damaged_path.c_str());
      std::printf("damaged: accepted\n");
    } catch (const std::runtime_error &) {
      std::printf("damaged: refused\n");
    }
    std::remove(damaged_path.c_str());
  });
}
