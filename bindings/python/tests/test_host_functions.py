"""Host functions: exceptions, callers, nesting, slots, functions of C."""

import ctypes

import pytest

from cannery import ArgumentError, Caller, Function, FunctionType, Instance, Module, Store, StoreLimits, Trap, TrapKind

NOTHING = FunctionType()
UNARY = FunctionType(["i32"], ["i32"])


def test_exceptions_go_through_the_guest(store, instantiate):
    class Special(Exception):
        pass

    raised = Special("with", "details")

    def fail():
        raise raised

    inner = instantiate(
        '(module (import "h" "f" (func $f)) (func $g (call $f)) (func (export "f") (call $g)))',
        [Function(store, NOTHING, fail)],
    )
    with pytest.raises(Trap) as caught:
        inner.function("f")()
    trap = caught.value
    assert trap.__cause__ is raised and trap.kind is TrapKind.HOST and "Special" in trap.message
    assert [frame.function_index for frame in trap.frames] == [1, 2]
    assert raised.__traceback__ is not None
    # The next trap has nothing to do with it.
    with pytest.raises(Trap) as caught:
        instantiate('(module (func (export "f") unreachable))').function("f")()
    assert caught.value.__cause__ is None


def test_traps_of_host_functions(store, instantiate):
    def refuse():
        raise Trap("the host refuses")

    instance = instantiate(
        '(module (import "h" "f" (func $f)) (func (export "f") (call $f)))', [Function(store, NOTHING, refuse)]
    )
    with pytest.raises(Trap) as caught:
        instance.function("f")()
    assert caught.value.message == "the host refuses" and caught.value.kind is TrapKind.HOST


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_no_exception_is_raised_itself(store, instantiate, kind):
    def fail():
        raise kind

    instance = instantiate(
        '(module (import "h" "f" (func $f)) (func (export "f") (call $f)))', [Function(store, NOTHING, fail)]
    )
    with pytest.raises(kind):
        instance.function("f")()


def test_odd_messages(store):
    for message in ("", "a\0b", "ü\ud800", "x" * 100000):

        def fail(message=message):
            raise ValueError(message)

        with pytest.raises(Trap) as caught:
            Function(store, NOTHING, fail)()
        assert caught.value.message.startswith("ValueError") and caught.value.__cause__.args == (message,)

    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no words")

    def mute():
        raise Mute

    for _ in range(3):
        with pytest.raises(Trap) as caught:
            Function(store, NOTHING, mute)()
        assert isinstance(caught.value.__cause__, RuntimeError)


def test_nested_calls_and_their_traps(store, instantiate):
    log = []

    def host(x):
        log.append(x)
        if x == 0:
            raise ValueError("bottom")
        if x == 3:
            try:
                return inner(x - 1)
            except Trap as trap:
                assert isinstance(trap.__cause__.__cause__.__cause__, ValueError)
                return 100
        return inner(x - 1)

    function = Function(store, UNARY, host)
    instance = instantiate(
        '(module (import "h" "f" (func $f (param i32) (result i32))) (func (export "f") (param i32) (result i32)'
        ' (i32.add (i32.const 1) (call $f (local.get 0)))) (func (export "trap") (param i32) (result i32) unreachable))',
        [function],
    )
    inner = instance.function("f")
    assert inner(5) == 103 and log == [5, 4, 3, 2, 1, 0]
    with pytest.raises(Trap) as caught:
        inner(2)
    # Each call on the way adds a trap, down to what was the cause.
    causes, error = [], caught.value
    while error is not None:
        causes.append(type(error))
        error = error.__cause__
    assert causes == [Trap, Trap, Trap, ValueError]
    # A trap of Wasm code keeps its kind on the way to where it is caught, and is a host function's from there on.
    trapping = instance.function("trap")
    outer = instantiate(
        '(module (import "h" "f" (func $f (param i32) (result i32))) (func (export "f") (param i32) (result i32) (call $f (local.get 0))))',
        [Function(store, UNARY, lambda x: trapping(x))],
    )
    with pytest.raises(Trap) as caught:
        outer.function("f")(1)
    assert caught.value.__cause__.kind is TrapKind.UNREACHABLE and caught.value.message == caught.value.__cause__.message


def test_recursion_without_end(store, instantiate):
    deepest = 0

    def host(x):
        nonlocal deepest
        deepest = max(deepest, x)
        return function(x + 1)

    instance = instantiate(
        '(module (import "h" "f" (func $f (param i32) (result i32))) (func (export "f") (param i32) (result i32) (call $f (local.get 0))))',
        [Function(store, UNARY, host)],
    )
    function = instance.function("f")
    for _ in range(3):
        with pytest.raises(Trap):
            function(0)
        assert deepest > 20
    assert instantiate('(module (func (export "f") (result i32) (i32.const 5)))').function("f")() == 5


@pytest.mark.parametrize("raw", [False, True])
def test_recursion_ends_anywhere(engine, raw):
    """Whatever has no room any more on Python's stack, its exception is not lost."""
    store = Store(engine, StoreLimits(nested_calls=10000))

    def host(*unused):
        function()

    make = Function.raw if raw else Function
    module = Module(engine, '(module (import "h" "f" (func $f)) (func (export "f") (call $f) unreachable))')
    function = Instance(store, module, [make(store, NOTHING, host)]).function("f")

    def deeper(frames):
        if frames:
            deeper(frames - 1)
        else:
            function()

    for frames in range(40):
        with pytest.raises(Trap) as caught:
            deeper(frames)
        error, count = caught.value, 0
        while error.__cause__ is not None:
            error, count = error.__cause__, count + 1
        # Of arguments, ctypes says it in its own way.
        assert isinstance(error, (RecursionError, ctypes.ArgumentError))
        assert count > 100


def test_callers(store, instantiate):
    kept = []

    def host(caller, offset, count):
        kept.append(caller)
        assert caller.store is store
        text = caller.read(offset, count)
        caller.write(0, text.upper())
        with caller.buffer() as view:
            assert bytes(view[offset : offset + count]) == text
            view[100] = 9
        instance = caller.instance
        memory = instance.exports[0]
        assert memory[100] == 9 and len(instance) == 3
        with pytest.raises(TypeError):
            instance["memory"]
        assert caller.instructions_left > 0
        for bad in [(65536, 1), (65530, 7), (2**64 - 1, 1), (2**64, 1), (-1, 1), (0, -1), (0, 2**40), (65537, 0)]:
            with pytest.raises(IndexError):
                caller.read(*bad)
        for bad in [(65536, b"x"), (2**64, b"x"), (-1, b"x")]:
            with pytest.raises(IndexError):
                caller.write(*bad)
        with pytest.raises(IndexError):
            caller.read(0, 1, memory=1)
        with pytest.raises(IndexError):
            with caller.buffer(1):
                pass
        assert caller.read(65536, 0) == b""
        return len(text)

    function = Function(store, FunctionType(["i32", "i32"], ["i32"]), host, access_caller=True, name="host")
    instance = instantiate(
        '(module (import "h" "f" (func $f (param i32 i32) (result i32))) (memory (export "memory") 1) (data (i32.const 8) "hello")'
        ' (func (export "f") (result i32) (call $f (i32.const 8) (i32.const 5))) (export "g" (func $f)))',
        [function],
    )
    assert instance.function("f")() == 5 and instance.memory().read(0, 5) == b"HELLO"
    with pytest.raises(RuntimeError):
        kept[0].read(0, 1)
    with pytest.raises(RuntimeError):
        kept[0].instance
    # Called by the host itself.
    seen = []
    Function(store, NOTHING, lambda caller: seen.append(caller.instance), access_caller=True)()
    assert seen == [None]


def test_callers_of_stores_that_track_writes(engine):
    store = Store(engine, tracks_writes=True)

    def host(caller):
        caller.write(8, b"new")
        with pytest.raises(BufferError):
            with caller.buffer():
                pass
        for bad in [(65530, 7), (0, 2**50)]:
            with pytest.raises(IndexError):
                caller.read(*bad)
        return len(caller.read(0, 65536)) + len(caller.read(8, 3).replace(b"new", b""))

    module = Module(
        engine, '(module (import "h" "f" (func $f (result i32))) (memory 1) (func (export "f") (result i32) (call $f)))'
    )
    instance = Instance(store, module, [Function(store, FunctionType([], ["i32"]), host, access_caller=True)])
    assert instance.function("f")() == 65536


def test_raw_functions(store, instantiate):
    def raw(caller, slots):
        assert isinstance(caller, Caller) and len(slots) == 3
        slots[0], slots[1] = slots[2], slots[0]

    function = Function.raw(store, FunctionType(["i64", "v128"], ["v128"]), raw)
    instance = instantiate(
        '(module (import "h" "f" (func $f (param i64 v128) (result v128))) (func (export "f") (param i64 v128) (result v128)'
        " (call $f (local.get 0) (local.get 1))))",
        [function],
    )
    assert instance.function("f")(5, (7).to_bytes(8, "little") + (9).to_bytes(8, "little")) == (9).to_bytes(8, "little") + (
        5
    ).to_bytes(8, "little")
    slots = (ctypes.c_uint64 * 3)(1, 2, 3)
    instance.function("f").call_raw(slots)
    assert list(slots[:2]) == [3, 1]
    with pytest.raises(Trap):
        instance.function("f").call_raw((ctypes.c_uint64 * 1)())

    def fail(caller, slots):
        raise ValueError

    with pytest.raises(Trap) as caught:
        Function.raw(store, NOTHING, fail)()
    assert isinstance(caught.value.__cause__, ValueError)


def test_functions_of_c(store, instantiate):
    @ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int32, ctypes.POINTER(ctypes.c_char), ctypes.c_size_t, ctypes.c_void_p)
    def checksum(seed, data, count, env):
        assert env == 77
        return seed + sum(data[i][0] for i in range(count))

    strlen = ctypes.CDLL(None).strlen
    functions = [Function.from_c(store, "(i*~e)i", checksum, env=77), Function.from_c(store, "($)I", strlen)]
    assert functions[0].type == FunctionType(["i32", "i32", "i32"], ["i32"])
    address = ctypes.cast(ctypes.CDLL(None).labs, ctypes.c_void_p).value
    functions.append(Function.from_c(store, "(I)I", address))
    del checksum
    instance = instantiate(
        '(module (import "h" "a" (func $a (param i32 i32 i32) (result i32))) (import "h" "b" (func $b (param i32) (result i64)))'
        ' (import "h" "c" (func $c (param i64) (result i64)))'
        ' (memory 1) (data (i32.const 8) "abc\\00") (func (export "a") (param i32 i32) (result i32) (call $a (i32.const 1) (local.get 0) (local.get 1)))'
        ' (func (export "b") (param i32) (result i64) (call $b (local.get 0))) (export "c" (func $c)))',
        functions,
    )
    assert (
        instance.function("a")(8, 3) == 1 + sum(b"abc") and instance.function("b")(8) == 3 and instance.function("c")(-5) == 5
    )
    with pytest.raises(Trap) as caught:
        instance.function("a")(65530, 10)
    assert caught.value.kind is TrapKind.OUT_OF_BOUNDS_MEMORY_ACCESS
    for signature in ("", "(q)", "(i", "(~)", "()ii"):
        with pytest.raises(ArgumentError):
            Function.from_c(store, signature, strlen)
    with pytest.raises(ValueError):
        Function.from_c(store, "()", 0)
