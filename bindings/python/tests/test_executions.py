"""Executions: counts, slices, suspension, interrupts."""

import threading

import pytest

from cannery import (
    BusyError,
    Execution,
    Function,
    FunctionType,
    Instance,
    Interrupt,
    Module,
    State,
    Store,
    Suspend,
    Trap,
    TrapKind,
)

UNARY = FunctionType(["i32"], ["i32"])
TEXT = """(module (import "h" "ask" (func $ask (param i32) (result i32))) (memory (export "memory") 1)
  (func (export "loop") (param i32) (result i32) (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.const 7))
  (func (export "ask") (param i32) (result i32) (i32.store (i32.const 0) (i32.const 1)) (i32.add (i32.const 2) (call $ask (local.get 0))))
  (func (export "twice") (result i32) (i32.mul (call $ask (i32.const 1)) (call $ask (i32.const 2))))
  (func (export "endless") (loop (br 0))))"""


def suspends(caller, x):
    return caller.suspend()


@pytest.fixture
def instance(store, instantiate):
    return instantiate(TEXT, [Function(store, UNARY, suspends, access_caller=True)])


def test_counts_are_the_same_in_slices(instance):
    whole = Execution(instance.function("loop"), 100)
    assert whole.state is None and whole.run() is State.FINISHED and whole.result == 7 and whole.instructions > 300
    sliced = Execution(instance.function("loop"), 100, instructions=50)
    state, slices = sliced.run(), 1
    while state is State.OUT_OF_INSTRUCTIONS:
        with pytest.raises(RuntimeError):
            sliced.result
        state, slices = sliced.resume(50), slices + 1
    assert state is State.FINISHED and slices > 5 and sliced.instructions == whole.instructions and sliced.result == 7
    with pytest.raises(ValueError):
        sliced.run()


def test_wrong_arguments(instance):
    for arguments in [(), (1, 2), ("x",)]:
        with pytest.raises(TypeError):
            Execution(instance.function("loop"), *arguments)


def test_suspension(instance, store):
    execution = Execution(instance.function("ask"), 5)
    assert execution.run() is State.WAITING and execution.state is State.WAITING
    # The store is taken meanwhile.
    with pytest.raises(BusyError):
        instance.function("loop")(1)
    with pytest.raises(BusyError):
        Execution(instance.function("loop"), 1)
    with pytest.raises(BusyError):
        Instance(store, Module(store.engine, "(module)"))
    for bad in [(), (1, 2), (1.5,)]:
        with pytest.raises(TypeError):
            execution.resume_host(*bad)
    with pytest.raises(ValueError):
        execution.run()
    assert execution.resume_host(40) is State.FINISHED and execution.result == 42
    assert instance.function("loop")(1) == 7
    twice = Execution(instance.function("twice"))
    assert (
        twice.run() is State.WAITING
        and twice.resume_host(6) is State.WAITING
        and twice.resume_host(7, types=["i32"]) is State.FINISHED
    )
    assert twice.result == 42


def test_suspension_by_raising(store, instantiate):
    def ask(x):
        try:
            raise Suspend
        except Exception:
            raise AssertionError("not for handlers of errors") from None

    instance = instantiate(TEXT, [Function(store, UNARY, ask)])
    execution = Execution(instance.function("ask"), 5)
    assert execution.run() is State.WAITING and execution.resume_host(1) is State.FINISHED and execution.result == 3
    # A plain call can't wait.
    with pytest.raises(Trap):
        instance.function("ask")(5)


def test_waiting_with_references_and_failures(store, instantiate):
    host = Function(store, FunctionType([], ["externref", "i64", "funcref", "v128", "f32"]), lambda: Suspend())
    instance = instantiate(
        '(module (import "h" "f" (func $f (result externref i64 funcref v128 f32))) (func (export "f") (result externref i64 funcref v128 f32) (call $f)))',
        [host],
    )
    execution, item = Execution(instance.function("f")), object()
    execution.run()
    assert execution.resume_host(item, 2**40, host, b"v" * 16, 0.5) is State.FINISHED
    found, number, function, vector, half = execution.result
    assert found is item and number == 2**40 and function.is_same(host) and vector == b"v" * 16 and half == 0.5
    failing = Execution(instance.function("f"))
    failing.run()
    reason = OSError("no answer")
    assert (
        failing.resume_host(error=reason) is State.TRAPPED
        and failing.trap.__cause__ is reason
        and "no answer" in failing.trap.message
    )
    with pytest.raises(Trap):
        failing.result
    stopped = Execution(instance.function("f"))
    stopped.run()
    with pytest.raises(KeyboardInterrupt):
        stopped.resume_host(error=KeyboardInterrupt())


def test_traps_of_executions(store, instantiate):
    def fail(x):
        raise ValueError(x)

    instance = instantiate(TEXT, [Function(store, UNARY, fail)])
    execution = Execution(instance.function("ask"), 5)
    assert execution.run() is State.TRAPPED and execution.trap.__cause__.args == (5,)
    with pytest.raises(Trap):
        execution.result
    assert instance.function("loop")(1) == 7


def test_dropped_and_closed_executions(instance, store):
    execution = Execution(instance.function("ask"), 5)
    execution.run()
    del execution
    assert instance.function("loop")(1) == 7
    with Execution(instance.function("ask"), 5) as execution:
        execution.run()
    assert instance.function("loop")(1) == 7
    for attempt in (execution.run, lambda: execution.resume_host(1), lambda: execution.instructions):
        with pytest.raises(ValueError, match="closed"):
            attempt()


def test_dropping_undoes_tracked_writes(engine):
    store = Store(engine, tracks_writes=True)
    instance = Instance(store, Module(engine, TEXT), [Function(store, UNARY, suspends, access_caller=True)])
    store.commit()
    execution = Execution(instance.function("ask"), 5)
    execution.run()
    execution.close()
    assert instance.memory()[0] == 0 and instance.memory().dirty_pages == 0


def test_charging(store, instantiate):
    calls = []

    def pay(caller, x):
        calls.append(x)
        left = caller.instructions_left
        caller.charge(1000)
        # What stopped the execution is paid when it goes on.
        assert caller.instructions_left == (left if len(calls) == 3 else left - 1000)
        return x + 1

    def greedy(caller, x):
        try:
            caller.charge(10**6)
        except BaseException:
            return 5

    instance = instantiate(TEXT, [Function(store, UNARY, pay, access_caller=True)])
    execution = Execution(instance.function("twice"), instructions=1500)
    assert execution.run() is State.OUT_OF_INSTRUCTIONS and calls == [1, 2]
    assert (
        execution.resume(5000) is State.FINISHED
        and calls == [1, 2, 2]
        and execution.result == 6
        and execution.instructions > 2000
    )
    # It can't be swallowed.
    instance = instantiate(TEXT, [Function(store, UNARY, greedy, access_caller=True)])
    execution = Execution(instance.function("ask"), 1, instructions=100)
    assert execution.run() is State.OUT_OF_INSTRUCTIONS
    execution.close()


def test_interrupts(instance, store):
    interrupt = store.interrupt_handle()
    interrupt.interrupt()
    execution = Execution(instance.function("endless"))
    assert execution.run() is State.INTERRUPTED
    timer = threading.Timer(0.05, interrupt.interrupt)
    timer.start()
    assert execution.run() is State.INTERRUPTED
    timer.join()
    execution.close()
    timer = threading.Timer(0.05, Interrupt(store).interrupt)
    timer.start()
    with pytest.raises(Trap) as caught:
        instance.function("endless")()
    timer.join()
    assert caught.value.kind is TrapKind.INTERRUPTED
    assert instance.function("loop")(1) == 7


def test_executions_move_between_threads(instance):
    execution = Execution(instance.function("loop"), 20000, instructions=10000)
    states = []

    def step(resume):
        states.append(execution.resume(10000) if resume else execution.run())

    resume = False
    while not states or states[-1] is State.OUT_OF_INSTRUCTIONS:
        thread = threading.Thread(target=step, args=(resume,))
        thread.start()
        thread.join()
        resume = True
    assert execution.result == 7 and len(states) > 3
