"""Objects die in any order; nothing stays, and nothing is used after its end."""

import gc
import itertools
import random
import resource
import weakref

import pytest

from cannery import (
    Engine,
    Execution,
    Function,
    FunctionType,
    Global,
    GlobalType,
    Instance,
    Linker,
    Memory,
    MemoryType,
    Module,
    Store,
    Table,
    TableType,
    Trap,
)

TEXT = """(module (import "h" "f" (func $f (param externref) (result externref))) (memory (export "memory") 1) (table (export "t") 1 externref)
  (global (export "g") (mut externref) (ref.null extern)) (func (export "f") (param externref) (result externref) (call $f (local.get 0))))"""
SAME = FunctionType(["externref"], ["externref"])


class Thing:
    pass


def make(engine):
    store = Store(engine)
    module = Module(engine, TEXT)
    host = Function(store, SAME, lambda x: x)
    instance = Instance(store, module, [host])
    return dict(
        store=store, module=module, host=host, instance=instance, export=instance.function("f"), memory=instance.memory(), table=instance.table("t"),
        global_=instance.global_("g"), callback=host.callback(), interrupt=store.interrupt_handle(), execution=Execution(instance.function("f"), Thing()),
    )  # fmt: skip


def test_any_order(engine):
    names = list(make(engine))
    orders = list(itertools.islice(itertools.permutations(names), 0, None, 1000003))
    rng = random.Random(5)
    orders += [rng.sample(names, len(names)) for _ in range(100)]
    for order in orders:
        things = make(Engine())
        watch = weakref.ref(things["store"])
        for name in order:
            del things[name]
        gc.collect()
        assert watch() is None


def test_everything_alone_works(engine):
    memory = make(engine)["memory"]
    gc.collect()
    memory[0] = 1
    assert memory[0] == 1 and memory.grow(1)
    export, thing = None, Thing()
    things = make(engine)
    things["execution"].close()
    export = things["export"]
    del things
    gc.collect()
    assert export(thing) is thing
    callback = make(engine)["callback"]
    gc.collect()
    callback.function(0)
    execution = make(engine)["execution"]
    gc.collect()
    execution.run()
    assert isinstance(execution.result, Thing)
    interrupt = make(engine)["interrupt"]
    gc.collect()
    interrupt.interrupt()


def test_cycles_are_collected(engine):
    """A host function that refers to its instance."""
    gc.disable()
    try:
        things = []
        for _ in range(50):
            store = Store(engine)
            holder = Thing()
            linker = Linker(store)
            linker.define_function("h", "f", SAME, lambda x, holder=holder: holder)
            holder.instance = linker.instantiate(Module(engine, TEXT))
            assert holder.instance.function("f")(None) is holder
            things.append((weakref.ref(holder), weakref.ref(store)))
        del store, holder, linker
        gc.collect()
        assert all(ref() is None for pair in things for ref in pair)
    finally:
        gc.enable()


def test_objects_that_code_holds_live_with_the_store(engine):
    store = Store(engine)
    variable = Global(store, GlobalType("externref", True), None)

    def fill(variable):
        thing = Thing()
        variable.value = thing
        return weakref.ref(thing)

    watch = fill(variable)
    gc.collect()
    assert watch() is not None and variable.value is watch()
    del store, variable
    gc.collect()
    assert watch() is None


def test_exceptions_keep_nothing(engine):
    watch = []

    def run():
        store = Store(engine)

        def fail():
            thing = Thing()
            watch.append(weakref.ref(thing))
            raise ValueError(thing)

        function = Function(store, FunctionType(), fail)
        try:
            function()
        except Trap as trap:
            assert isinstance(trap.__cause__, ValueError)
        callback = function.callback()
        callback.function()
        watch.append(weakref.ref(store))

    run()
    gc.collect()
    assert len(watch) == 3 and all(ref() is None for ref in watch)


def memory_in_use():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def cases(engine):
    shared = Store(engine)
    module = Module(engine, TEXT)

    def stores():
        make(engine)

    def compiling():
        Module(engine, TEXT).imports
        Module.deserialize(engine, module.serialize()).exports
        with pytest.raises(ValueError):
            Function.from_c(shared, "(q)", 1)
        try:
            Module(engine, "(module (func (result i32)))")
        except Exception:
            pass

    same = Function(shared, SAME, lambda x: x)
    item, export = Thing(), Instance(shared, module, [same]).function("f")

    def fail(x):
        raise ValueError

    failing = Function(shared, SAME, fail)
    table = Table(shared, TableType("funcref", 1), same)

    def calling():
        for _ in range(20):
            same(item)
            try:
                failing(item)
            except Trap:
                pass
            table[0](item)
            table[0] = same
            with same.callback() as callback:
                callback.function(0)
            execution = Execution(export, item)
            execution.run()
            execution.result

    memory = Memory(shared, MemoryType(1))

    def memories():
        for _ in range(50):
            memory.write(0, memory.read(5, 1000))
            with memory.buffer() as view:
                view[5] = 1

    return [stores, compiling, calling, memories]


@pytest.mark.parametrize("index", range(4), ids=["stores", "compiling", "calling", "memories"])
def test_no_growth(engine, index):
    body = cases(engine)[index]
    objects = usage = 0
    for round in range(400):
        body()
        if round == 150:
            gc.collect()
            objects, usage = len(gc.get_objects()), memory_in_use()
    gc.collect()
    assert len(gc.get_objects()) - objects < 100
    assert memory_in_use() - usage < 3 << 20


def test_thousands_of_objects(engine):
    store = Store(engine)
    functions = [Function(store, FunctionType(["i32"], ["i32"]), lambda x, i=i: x + i) for i in range(3000)]
    assert [f(1) for f in functions] == list(range(1, 3001))
    watch = weakref.ref(store)
    things = [Memory(store, MemoryType(0)) for _ in range(1000)] + [Global(store, GlobalType("i64"), i) for i in range(3000)]
    random.Random(1).shuffle(things)
    del things[::2]
    gc.collect()
    del things, functions, store
    gc.collect()
    assert watch() is None


def test_argument_arrays_are_not_shared(engine):
    store = Store(engine)
    outer = Function(store, FunctionType(["i32"], ["i32"]), lambda x: inner(x + 1) * 10 if x < 5 else x)
    inner = outer
    assert outer(0) == 500000
