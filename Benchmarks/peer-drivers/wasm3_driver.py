"""Runs a kernel in wasm3's library and prints the result: MODULE N."""

import sys

import wasm3

# Bytes; the library's stack for WebAssembly code. Recursive kernels need some.
STACK = 8 << 20

module, n = sys.argv[1], int(sys.argv[2])
environment = wasm3.Environment()
runtime = environment.new_runtime(STACK)
with open(module, "rb") as file:
    runtime.load(environment.parse_module(file.read()))
print(runtime.find_function("run")(n))
