"""Functions of WebAssembly as function pointers of C."""

import ctypes
import gc

import pytest

from cannery import ArgumentError, Callback, Function, FunctionType, Trap, TrapKind

TEXT = """(module (func (export "compare") (param i64 i64) (result i32) (i32.sub (i32.wrap_i64 (local.get 0)) (i32.wrap_i64 (local.get 1))))
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "mix") (param i32 i64 f32 f64) (result f64)
    (f64.add (f64.convert_i32_s (local.get 0)) (f64.add (f64.convert_i64_s (local.get 1)) (f64.add (f64.promote_f32 (local.get 2)) (local.get 3)))))
  (func (export "half") (param f32) (result f32) (f32.mul (local.get 0) (f32.const 0.5))) (func (export "none")) (func (export "vector") (param v128))
  (func (export "two") (result i32 i32) (i32.const 1) (i32.const 2)))"""


def test_all_types(instantiate):
    instance = instantiate(TEXT)
    assert instance.function("mix").callback()(-1, 2**40, 0.5, 0.25) == 2**40 - 0.25
    assert instance.function("half").callback("(f)f")(3) == 1.5 and instance.function("none").callback()() is None
    with pytest.raises(TypeError):
        instance.function("vector").callback()
    with pytest.raises(TypeError):
        instance.function("two").callback()
    for signature in ("(F)F", "(f)", "f", "", "(*~)i"):
        with pytest.raises(ArgumentError):
            instance.function("half").callback(signature)


def test_foreign_code_calls_it(store, instantiate):
    """A host function of C's gets the pointer, and calls it."""
    instance = instantiate(TEXT)
    with instance.function("compare").callback("(II)i") as compare:
        # Compares the addresses' targets in Python, by the function of WebAssembly.
        prototype = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int64), ctypes.POINTER(ctypes.c_int64))
        numbers = (ctypes.c_int64 * 6)(5, 3, 9, 1, 7, -2)
        order = prototype(lambda a, b: compare.function(a[0], b[0]))
        ctypes.CDLL(None).qsort(numbers, ctypes.c_size_t(6), ctypes.c_size_t(8), order)
        assert list(numbers) == [-2, 1, 3, 5, 7, 9]
        other = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int64, ctypes.c_int64)(compare.address)
        assert other(7, 2) == 5


def test_traps(instantiate):
    divide = instantiate(TEXT).function("divide").callback()
    assert divide(7, 2) == 3 and divide.function(1, 0) == 0
    with pytest.raises(Trap) as caught:
        divide.check()
    assert caught.value.kind is TrapKind.INTEGER_DIVIDE_BY_ZERO
    divide.check()
    with pytest.raises(Trap):
        divide(1, 0)
    assert divide(9, 3) == 3


def test_exceptions_come_with_their_traps(store, instantiate):
    reason = ValueError("odd")

    def host(x):
        if x:
            raise reason
        return 5

    callback = Function(store, FunctionType(["i32"], ["i32"]), host).callback()
    assert callback(0) == 5
    with pytest.raises(Trap) as caught:
        callback(1)
    assert caught.value.__cause__ is reason
    assert callback.function(1) == 0
    # Another trap in between isn't blamed on it.
    with pytest.raises(Trap) as caught:
        instantiate(TEXT).function("divide")(1, 0)
    assert caught.value.__cause__ is None


def test_life(instantiate):
    callback = instantiate(TEXT).function("divide").callback()
    gc.collect()
    assert callback(8, 2) == 4
    callback.close()
    callback.close()
    for attempt in (lambda: callback(1, 1), callback.check):
        with pytest.raises(ValueError):
            attempt()
    assert isinstance(callback, Callback)
