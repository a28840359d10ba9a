"""Threads: engines and modules are for all, stores for one at a time."""

import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cannery import BusyError, Engine, Function, FunctionType, Instance, Module, Store, Trap

FIB = """(module (import "h" "f" (func $f (param i32) (result i32))) (memory (export "memory") 1)
  (func $fib (export "fib") (param i32) (result i32) (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (call $f (local.get 0)))
    (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "endless") (loop (br 0))))"""
UNARY = FunctionType(["i32"], ["i32"])


def test_a_store_for_each_thread(engine):
    module = Module(engine, FIB)

    def work(seed):
        for _ in range(10):
            store = Store(engine)
            instance = Instance(store, module, [Function(store, UNARY, lambda x: x)])
            assert instance.function("fib")(12) == 144
            assert Module(engine, FIB).imports == module.imports
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(16)))


def test_stores_move_between_threads(engine):
    store = Store(engine)
    instance = Instance(store, Module(engine, FIB), [Function(store, UNARY, lambda x: x)])
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        for _ in range(20):
            for pool in (first, second):
                assert pool.submit(instance.function("fib"), 5).result() == 5


def test_a_second_thread_is_refused(engine):
    store = Store(engine)
    instance = Instance(store, Module(engine, FIB), [Function(store, UNARY, lambda x: x)])
    interrupt, memory, module = store.interrupt_handle(), instance.memory(), Module(engine, "(module)")
    ended = []

    def run():
        try:
            instance.function("endless")()
        except Exception as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while not store._user:
        time.sleep(0.001)
    attempts = [
        lambda: instance.function("fib")(5),
        lambda: memory.read(0, 1),
        lambda: memory.write(0, b"x"),
        lambda: memory.grow(1),
        lambda: len(memory),
        lambda: Instance(store, module),
        lambda: Function(store, UNARY, lambda x: x),
        store.commit,
        store.roll_back,
    ]
    for attempt in attempts:
        with pytest.raises(BusyError):
            attempt()
    interrupt.interrupt()
    thread.join()
    assert len(ended) == 1 and instance.function("fib")(5) == 5


def test_objects_may_die_on_other_threads(engine):
    """The collector runs on any thread, also while another executes."""
    store = Store(engine)
    instance = Instance(store, Module(engine, FIB), [Function(store, UNARY, lambda x: x)])
    stop = threading.Event()

    def churn():
        while not stop.is_set():
            cycle = [Engine(), Module(engine, FIB)]
            cycle.append(Store(cycle[0]))
            cycle.append(cycle)
            del cycle
            gc.collect()

    threads = [threading.Thread(target=churn) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(30):
        copies = [instance.function("fib"), Function(store, UNARY, lambda x: x)]
        copies.append(copies)
        assert copies[0](10) == 55
        del copies
    stop.set()
    for thread in threads:
        thread.join()


def test_the_lock_is_released(engine):
    """Other threads of Python run while code executes."""
    store = Store(engine)
    instance = Instance(store, Module(engine, FIB), [Function(store, UNARY, lambda x: x)])
    interrupt, ticks = store.interrupt_handle(), []

    def tick():
        while len(ticks) < 20:
            ticks.append(1)
            time.sleep(0.001)
        interrupt.interrupt()

    thread = threading.Thread(target=tick)
    thread.start()
    with pytest.raises(Exception, match="interrupted"):
        instance.function("endless")()
    thread.join()
    assert len(ticks) == 20


def test_many_threads_push_into_one_store(engine):
    """Each gets its result or is refused."""
    store = Store(engine)
    instance = Instance(store, Module(engine, FIB), [Function(store, UNARY, lambda x: x)])
    fib, memory = instance.function("fib"), instance.memory()
    results = {"done": 0, "refused": 0}

    def push(seed):
        for round in range(200):
            try:
                assert fib(seed % 5 + 5) == [5, 8, 13, 21, 34][seed % 5]
                memory[seed] = 7
                memory.grow(round % 50 == 0)
                results["done"] += 1
            except BusyError:
                results["refused"] += 1
            except Trap as trap:
                # Where the library notices it first.
                assert "another thread uses the store" in str(trap)
                results["refused"] += 1

    threads = [threading.Thread(target=push, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results["done"] > 0 and sum(results.values()) > 1000
    assert fib(10) == 55 and not store._user and not store._depth
