"""Runs a kernel in wasmtime's library and prints the result: MODULE N, with --fuel counting what it executes."""

import argparse

import wasmtime

parser = argparse.ArgumentParser()
parser.add_argument("--fuel", action="store_true")
parser.add_argument("module")
parser.add_argument("n", type=int)
arguments = parser.parse_args()

config = wasmtime.Config()
config.consume_fuel = arguments.fuel
engine = wasmtime.Engine(config)
store = wasmtime.Store(engine)
if arguments.fuel:
    store.set_fuel(2**63)
instance = wasmtime.Instance(store, wasmtime.Module.from_file(engine, arguments.module), [])
print(instance.exports(store)["run"](store, arguments.n))
