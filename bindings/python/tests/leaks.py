"""Counts what the library has allocated for references, descriptions and vectors, before and after doing something often.

    python leaks.py CASE

`test_leaks.py` runs it, in a process of its own: the allocator has to be there before all else.
"""

import ctypes
import gc
import os
import sys

library = ctypes.PyDLL(os.environ["CANNERY_LIBRARY"])
libc = ctypes.PyDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.restype, libc.free.argtypes = None, [ctypes.c_void_p]
live = 0


@ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_size_t)
def allocate(size):
    global live
    live += 1
    return libc.malloc(size)


@ctypes.CFUNCTYPE(None, ctypes.c_void_p)
def release(block):
    global live
    live -= 1
    libc.free(block)


library.cannery_set_allocator(allocate, release)

from cannery import (  # noqa: E402
    ArgumentError,
    Engine,
    EngineError,
    Execution,
    Function,
    FunctionType,
    Global,
    GlobalType,
    Instance,
    Memory,
    MemoryType,
    Module,
    Store,
    Table,
    TableType,
    Trap,
    wat2wasm,
)

TEXT = """(module (import "h" "f" (func $f (param externref) (result externref))) (import "h" "m" (memory 1))
  (memory (export "memory") 1) (table (export "t") 1 externref) (@custom "note" "abc")
  (global (export "g") (mut externref) (ref.null extern)) (func (export "f") (param externref) (result externref) (call $f (local.get 0)))
  (func $trap (export "trap") unreachable) (func (export "ref") (result funcref) (ref.func $trap)) (elem declare func $trap))"""
SAME = FunctionType(["externref"], ["externref"])
engine = Engine(threads=1)
module = Module(engine, TEXT)
thing = ["thing"]


def everything(store=None):
    store = store or Store(engine)
    instance = Instance(store, module, [Function(store, SAME, lambda x: x), Memory(store, MemoryType(1))])
    return store, instance


def raises(kind, body):
    try:
        body()
    except kind:
        return
    raise AssertionError("it should have failed")


def fail(x):
    raise ValueError


fixed, instance = everything()
failing = Function(fixed, SAME, fail)
nested = Function(fixed, FunctionType(), lambda: instance.function("trap")())
table, number = instance.table("t"), Global(fixed, GlobalType("i64", True), 5)


def stores():
    store, instance = everything()
    instance.function("f")(thing)
    raises(Trap, instance.function("trap"))


def types():
    made = Module(engine, TEXT)
    assert made.imports and made.exports and made.custom_sections and made.hash
    assert table.type and number.type and instance.memory().type and instance.function("f").type


def artifacts():
    made = Module.deserialize(engine, module.serialize())
    assert made.exports and Module.precompile(engine, wat2wasm(TEXT))
    raises(EngineError, lambda: Module(engine, "(module"))
    raises(EngineError, lambda: Module.deserialize(engine, b"nonsense"))
    raises(ArgumentError, lambda: Function.from_c(fixed, "(q)", 1))
    raises(EngineError, lambda: Instance(fixed, module))


def calls():
    assert instance.function("f")(thing) is thing
    instance.function("ref")()
    raises(Trap, instance.function("trap"))
    raises(Trap, nested)
    raises(Trap, lambda: failing(thing))


def references():
    table[0] = thing
    assert table[0] is thing
    table.grow(0, thing)
    assert len(Table(fixed, TableType("funcref", 1), failing)) == 1
    Table(fixed, TableType("funcref", 1), failing)[0]
    variable = Global(fixed, GlobalType("externref", True), thing)
    variable.value = None
    number.value = number.value + 1
    with instance.memory().buffer() as view:
        view[0] = 1


def executions():
    execution = Execution(instance.function("f"), thing)
    execution.run()
    assert execution.result is thing
    with Execution(instance.function("trap")) as execution:
        execution.run()
        assert execution.trap is not None
    with instance.function("trap").callback() as callback:
        callback.function()
        raises(Trap, callback.check)
        callback.function()
    fixed.interrupt_handle()


case = globals()[sys.argv[1]]
counts = []
for _ in range(3):
    for _ in range(30):
        case()
    gc.collect()
    counts.append(live)
assert counts[0] > 0
print(counts[2] - counts[1])
