"""Values of all types, through Wasm code and through host functions."""

import math
import struct

import pytest

from cannery import Function, FunctionType, Global, GlobalType, Reference, Store, Table, TableType, Trap, ValueType

TYPES = ["i32", "i64", "f32", "f64", "v128", "externref", "funcref"]

I32, I64, F32, F64, V128, REF = "i32", "i64", "f32", "f64", "v128", "externref"
ITEM = ["an", "object"]
CASES = [
    (I32, 0, 0),
    (I32, 2**31 - 1, 2**31 - 1),
    (I32, 2**31, -(2**31)),
    (I32, 2**32 - 1, -1),
    (I32, -(2**31), -(2**31)),
    (I32, 2**32 + 5, 5),
    (I32, -(2**40) - 1, -1),
    (I32, True, 1),
    (I64, 2**63, -(2**63)),
    (I64, 2**64 + 1, 1),
    (I64, -(2**63), -(2**63)),
    (F32, 1.5, 1.5),
    (F32, 0.1, struct.unpack("<f", struct.pack("<f", 0.1))[0]),
    (F32, 1e300, math.inf),
    (F32, -1e300, -math.inf),
    (F32, -0.0, -0.0),
    (F32, 3, 3.0),
    (F64, 0.1, 0.1),
    (F64, -math.inf, -math.inf),
    (F64, 2**53, 2.0**53),
    (V128, bytes(range(16)), bytes(range(16))),
    (V128, bytearray(b"\xff" * 16), b"\xff" * 16),
    (REF, None, None),
    (REF, ITEM, ITEM),
]


@pytest.mark.parametrize("type, given, expected", CASES)
def test_a_value_goes_through_code_and_host(store, instantiate, type, given, expected):
    seen = []

    def host(value):
        seen.append(value)
        return value

    function = Function(store, FunctionType([type], [type]), host)
    text = f'(module (import "h" "f" (func $f (param {type}) (result {type}))) (func (export "f") (param {type})'
    instance = instantiate(text + f" (result {type}) (call $f (local.get 0))))", [function])
    result = instance.function("f")(given)
    assert seen == [expected] and result == expected and builtins_type(result) is builtins_type(expected)
    if type == REF:
        assert result is given
    if type in (F32, F64):
        assert math.copysign(1, result) == math.copysign(1, expected)


builtins_type = type


def test_nan_goes_through(instantiate):
    function = instantiate('(module (func (export "f") (param f32 f64) (result f32 f64) local.get 0 local.get 1))').function(
        "f"
    )
    assert all(math.isnan(x) for x in function(math.nan, math.nan))


@pytest.mark.parametrize(
    "type, given",
    [
        (I32, 1.0),
        (I32, "1"),
        (I32, None),
        (I64, 2.5),
        (F32, "1"),
        (F64, None),
        (F64, b"1"),
        (V128, b"short"),
        (V128, 5),
        ("funcref", 5),
    ],
)
def test_wrong_values_are_refused_as_arguments_and_results(store, instantiate, type, given):
    function = Function(store, FunctionType([], [type]), lambda: given)
    text = f'(module (import "h" "f" (func $f (result {type}))) (func (export "call") (call $f) (drop))'
    instance = instantiate(text + f' (func (export "take") (param {type})))', [function])
    with pytest.raises(TypeError):
        instance.function("take")(given)
    with pytest.raises(Trap) as caught:
        instance.function("call")()
    assert isinstance(caught.value.__cause__, TypeError)


def test_many_values_of_many_types(store, instantiate):
    types = ["i32", "v128", "f64", "externref", "i64", "v128", "f32"]
    values = (-7, b"0123456789abcdef", 2.5, ITEM, 2**40, b"fedcba9876543210", 0.25)
    host = Function(store, FunctionType(types, reversed(types)), lambda *given: tuple(reversed(given)))
    params, results = " ".join(types), " ".join(reversed(types))
    gets = " ".join(f"(local.get {i})" for i in range(len(types)))
    instance = instantiate(
        f'(module (import "h" "f" (func $f (param {params}) (result {results})))'
        f' (func (export "f") (param {params}) (result {results}) (call $f {gets})))',
        [host],
    )
    assert instance.function("f")(*values) == tuple(reversed(values))
    assert instance.function("f").type == FunctionType(types, list(reversed(types)))


def test_number_of_arguments_and_results(store, instantiate):
    add = instantiate('(module (func (export "f") (param i32 i32) (result i32) local.get 0))').function("f")
    for arguments in [(), (1,), (1, 2, 3)]:
        with pytest.raises(TypeError):
            add(*arguments)
    for results, answer in [(["i32", "i32"], 5), (["i32", "i32"], (1,)), ([], 5), (["i32"], (1, 2))]:
        host = Function(store, FunctionType([], results), lambda answer=answer: answer)
        with pytest.raises(Trap) as caught:
            host()
        assert isinstance(caught.value.__cause__, TypeError)
    assert Function(store, FunctionType([], ["i32", "i64"]), lambda: [1, 2])() == (1, 2)


def test_functions_as_references(store, instantiate):
    instance = instantiate(
        '(module (table (export "t") 2 8 funcref) (func $one (export "one") (result i32) (i32.const 1)) (elem declare func $one)'
        ' (func (export "get") (result funcref) (ref.func $one)) (func (export "same") (param funcref) (result funcref) (local.get 0))'
        ' (func (export "call") (param funcref) (result i32) (table.set (i32.const 0) (local.get 0))'
        " (call_indirect (result i32) (i32.const 0))))"
    )
    one = instance.function("get")()
    assert isinstance(one, Function) and one() == 1 and one.is_same(instance.function("one"))
    assert instance.function("same")(None) is None
    two = Function(store, FunctionType([], ["i32"]), lambda: 2)
    assert instance.function("same")(two).is_same(two) and instance.function("call")(two) == 2
    table = instance.table("t")
    assert table[0]() == 2 and table[1] is None and table[-1] is None and len(table) == 2
    table[1] = one
    assert table[1].is_same(one)
    with pytest.raises(IndexError):
        table[2]
    with pytest.raises(TypeError):
        table[0] = 5
    assert table.grow(3, one) and len(table) == 5 and table[4]() == 1 and not table.grow(100) and len(table) == 5
    other = Function(Store(store.engine), FunctionType([], ["i32"]), lambda: 2)
    with pytest.raises(ValueError):
        instance.function("call")(other)
    with pytest.raises(ValueError):
        table[0] = other


def test_tables_of_objects(store):
    table = Table(store, TableType("externref", 2, 4), ITEM)
    assert table[0] is ITEM and table[1] is ITEM and table.type == TableType("externref", 2, 4)
    table[0] = None
    assert table[0] is None
    table[0] = 5
    assert table[0] == 5 and table.grow(2) and table[3] is None and not table.grow(1)
    assert repr(table) and table.is_same(table) and table.store is store
    with pytest.raises(TypeError):
        Table(store, TableType("i32", 1))


@pytest.mark.parametrize(
    "type, first, second",
    [
        ("i32", -1, 7),
        ("i64", 2**40, 1),
        ("f32", 0.5, 2.0),
        ("f64", 0.1, 1.0),
        ("v128", b"x" * 16, bytes(range(16))),
        ("externref", ITEM, None),
    ],
)
def test_globals(store, type, first, second):
    variable = Global(store, GlobalType(type, mutable=True), first)
    assert variable.value == first and variable.type == GlobalType(type, True)
    variable.value = second
    assert variable.value == second
    constant = Global(store, GlobalType(type), first)
    with pytest.raises(TypeError):
        constant.value = second
    assert constant.value == first and constant.is_same(constant) and not constant.is_same(variable) and repr(constant)


def test_globals_of_modules(instantiate, store):
    instance = instantiate(
        '(module (global (export "v") (mut v128) (v128.const i64x2 1 2)) (func $f) (global (export "f") funcref (ref.func $f))'
        ' (func (export "get") (result v128) (global.get 0)))'
    )
    vector = instance.global_("v")
    assert vector.value == (1).to_bytes(8, "little") + (2).to_bytes(8, "little")
    vector.value = b"x" * 16
    assert instance.function("get")() == b"x" * 16
    assert instance.global_("f").value() is None


def test_references_that_are_no_objects(engine, store, instantiate):
    try:
        instance = instantiate('(module (func (export "f") (result i31ref) (ref.i31 (i32.const 5))))')
    except Exception:
        pytest.skip("no i31ref")
    assert isinstance(instance.function("f")(), Reference)


def test_names_of_types():
    assert ValueType("i32") is ValueType.I32 and ValueType.FUNCREF.is_reference and not ValueType.V128.is_reference
    assert [ValueType(name).value for name in TYPES] == TYPES
    assert (
        FunctionType(["i32"], []) == FunctionType([ValueType.I32]) and str(FunctionType(["i32"], ["f64"])) == "(i32) -> (f64)"
    )
    with pytest.raises(ValueError):
        FunctionType(["i33"])
