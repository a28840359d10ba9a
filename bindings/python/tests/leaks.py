"""Counts what the library has allocated, before and after doing something often: of references, descriptions and vectors each
block, of all else the bytes that malloc has given out, where glibc tells them.

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


def engines():
    other = Engine(threads=1)
    made = Module(other, "(module)")
    Instance(Store(other), made)


def errors():
    raises(EngineError, lambda: Module(engine, "(module"))


def runtimes():
    from cannery.canister import Runtime, Settings

    runtime = Runtime()
    name = runtime.create(Settings(environment={"A": "B"}, compute_allocation=1))
    runtime.install(name, '(module (func (export "canister_update f") unreachable))').check()
    assert runtime.call(name, "f").message and runtime.settings(name).controllers and runtime.take_activity() and runtime.save()
    assert runtime.interface("aaaaa-aa").methods
    runtime.take_snapshot(name)
    raises(EngineError, lambda: runtime.status("rrkah-fqaaa-aaaaa-aaaaq-cai"))


class Usage(ctypes.Structure):
    """`struct mallinfo2`."""

    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks".split()]
    _fields_ += [("fordblks", ctypes.c_size_t), ("keepcost", ctypes.c_size_t)]


def bytes_in_use():
    try:
        function = libc.mallinfo2
    except AttributeError:
        return 0
    function.restype = Usage
    return function().uordblks


case = globals()[sys.argv[1]]
counts, usages = [], []
for _ in range(8):
    for _ in range(60):
        case()
    gc.collect()
    counts.append(live)
    usages.append(bytes_in_use())
assert counts[0] > 0
print(counts[-1] - counts[1])
# Python allocates something now and then; what leaks does so each time.
print(min(second - first for first, second in zip(usages[1:], usages[2:])) // 60)
