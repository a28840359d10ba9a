"""Modules, artifacts, instances, and what is wrong with them."""

import gzip
import logging

import pytest

import cannery
from cannery import (
    ArtifactError,
    Engine,
    ExportType,
    Features,
    FileError,
    Function,
    FunctionType,
    GlobalType,
    ImportType,
    Instance,
    InvalidError,
    Linker,
    LinkError,
    LogLevel,
    MalformedError,
    Memory,
    MemoryType,
    Metering,
    Module,
    ResourceError,
    Store,
    StoreLimits,
    TableType,
    Trap,
    TrapKind,
)

ADD = '(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))) (@custom "note" "abc"))'


def test_versions():
    assert cannery.ABI == 0 and cannery.library_version[0].isdigit() and cannery.library_path


def test_sources(engine, store, tmp_path):
    binary = cannery.wat2wasm(ADD)
    assert binary[:4] == b"\0asm"
    (tmp_path / "add.wat").write_text(ADD)
    modules = [
        Module(engine, ADD),
        Module(engine, ADD.encode()),
        Module(engine, binary),
        Module(engine, bytearray(gzip.compress(binary))),
        Module.from_file(engine, tmp_path / "add.wat"),
        Module.deserialize(engine, Module.precompile(engine, ADD)),
        Module.deserialize(engine, Module(engine, ADD).serialize()),
    ]
    for module in modules:
        module.verify()
        assert Instance(store, module).function("add")(2, 3) == 5
        assert module.custom_sections == (("note", b"abc"),) and module.engine is engine
    assert modules[1].hash == modules[0].hash and modules[2].hash != bytes(32)


def test_files(engine, store, tmp_path):
    path = tmp_path / "add.canned"
    Module(engine, ADD).save(path)
    module = Module.open(engine, path)
    module.verify()
    assert Instance(store, module).function("add")(2, 3) == 5
    del module
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    (tmp_path / "damaged").write_bytes(damaged)
    with pytest.raises(ArtifactError):
        Module.open(engine, tmp_path / "damaged").verify()
    with pytest.raises(ArtifactError):
        Module.deserialize(engine, damaged)
    with pytest.raises(ArtifactError):
        Module.deserialize(engine, b"")
    with pytest.raises(FileError):
        Module.open(engine, tmp_path / "missing")
    with pytest.raises(FileError):
        Module(engine, ADD).save(tmp_path / "no" / "folder")
    with pytest.raises(ArtifactError):
        Module.deserialize(Engine(metering=Metering.ICP), Module.precompile(engine, ADD))


@pytest.mark.parametrize(
    "source, error",
    [
        (b"", MalformedError),
        (b"\0asm\1\0\0", MalformedError),
        ("(module (oops))", MalformedError),
        ("(module (func (result i32) (i64.const 0)))", InvalidError),
    ],
)
def test_modules_that_are_refused(engine, source, error):
    for attempt in (
        lambda: Module(engine, source),
        lambda: Module.validate(engine, source),
        lambda: Module.precompile(engine, source),
    ):
        with pytest.raises(error) as caught:
            attempt()
        assert caught.value.message and str(caught.value) and isinstance(caught.value, cannery.EngineError)
        assert caught.value.offset is None or caught.value.offset >= 0


def test_text_errors_have_offsets(engine):
    with pytest.raises(MalformedError) as caught:
        cannery.wat2wasm("(module (oops))")
    assert caught.value.offset == 9


def test_features():
    vector = "(module (func (result v128) (v128.const i64x2 0 0)))"
    Module.validate(Engine(), vector)
    with pytest.raises(InvalidError):
        Module.validate(Engine(features=Features.WASM1), vector)
    small = Engine(inflated_size_limit=100, threads=1, optimization=False)
    Module(small, ADD)
    with pytest.raises(cannery.EngineError):
        Module(small, gzip.compress(bytes(10000)))
    with pytest.raises(TypeError):
        Engine(cannery.Config(), threads=1)
    with pytest.raises(TypeError):
        Engine(colour="green")


def test_reflection(engine):
    module = Module(
        engine,
        '(module (import "a" "f" (func (param i32) (result f64))) (import "a" "m" (memory 1 2)) (import "ä" "t" (table 3 funcref))'
        ' (import "a" "g" (global (mut i64))) (memory (export "m") i64 5) (table (export "t") i64 1 2 externref)'
        ' (global (export "g") f32 (f32.const 0)) (func (export "f")))',
    )
    assert module.imports == (
        ImportType("a", "f", FunctionType(["i32"], ["f64"])),
        ImportType("a", "m", MemoryType(1, 2)),
        ImportType("ä", "t", TableType("funcref", 3)),
        ImportType("a", "g", GlobalType("i64", True)),
    )
    assert module.exports == (
        ExportType("m", MemoryType(5, None, True)),
        ExportType("t", TableType("externref", 1, 2, True)),
        ExportType("g", GlobalType("f32")),
        ExportType("f", FunctionType()),
    )


def test_exports_are_a_mapping(instantiate):
    instance = instantiate('(module (memory (export "m") 1) (func (export "f")) (global (export "") i32 (i32.const 5)))')
    assert list(instance) == ["m", "f", ""] and len(instance) == 3 and "f" in instance and "g" not in instance
    assert isinstance(instance["m"], Memory) and instance.global_("").value == 5 and instance.get("no") is None
    assert (
        [type(e).__name__ for e in instance.exports] == ["Memory", "Function", "Global"]
        and instance == instance
        and hash(instance)
    )
    with pytest.raises(KeyError):
        instance["no"]
    with pytest.raises(TypeError):
        instance.function("m")


def test_imports(engine, store):
    module = Module(
        engine,
        '(module (import "h" "a" (func $a (result i32))) (import "h" "b" (memory 1)) (func (export "f") (result i32) (call $a)))',
    )
    function, memory = Function(store, FunctionType([], ["i32"]), lambda: 7), Memory(store, MemoryType(1))
    assert Instance(store, module, [function, memory]).function("f")() == 7
    assert Instance(store, module, {("h", "a"): function, ("h", "b"): memory, ("h", "c"): memory}).function("f")() == 7
    foreign = Function(Store(engine), FunctionType([], ["i32"]), lambda: 7)
    wrong = Function(store, FunctionType([], ["i64"]), lambda: 7)
    for imports in [
        [],
        [function],
        [memory, function],
        [foreign, memory],
        [wrong, memory],
        {("h", "a"): function},
        [function, memory, memory],
    ]:
        with pytest.raises(LinkError):
            Instance(store, module, imports)
    with pytest.raises(LinkError):
        Instance(Store(Engine()), Module(engine, ADD))


def test_linker(engine, store):
    linker = Linker(store)
    linker.define_instance("math", Instance(store, Module(engine, ADD)))

    @linker.function("host", "twice", FunctionType(["i32"], ["i32"]))
    def twice(x):
        return 2 * x

    linker.define_function("host", "caller", FunctionType([], ["i32"]), lambda caller: caller.read(0, 1)[0], access_caller=True)
    instance = linker.instantiate(
        Module(
            engine,
            '(module (import "math" "add" (func $add (param i32 i32) (result i32))) (import "host" "twice" (func $twice (param i32) (result i32)))'
            ' (import "host" "caller" (func $c (result i32))) (memory 1) (data (i32.const 0) "a")'
            ' (func (export "f") (result i32) (call $twice (call $add (i32.const 1) (call $c)))))',
        )
    )
    assert instance.function("f")() == 2 * (1 + ord("a")) and twice(3) == 6
    with pytest.raises(LinkError, match="host.no is missing"):
        linker.instantiate(Module(engine, '(module (import "host" "no" (func)))'))
    with pytest.raises(LinkError):
        linker.define("a", "b", Memory(Store(engine), MemoryType(1)))


def test_start_functions(engine, store):
    endless = Module(engine, "(module (func $f (loop (br 0))) (start $f))")
    with pytest.raises(Trap) as caught:
        Instance(store, endless, instructions=1000)
    assert caught.value.kind is TrapKind.OUT_OF_INSTRUCTIONS
    with pytest.raises(Trap) as caught:
        Instance(store, Module(engine, "(module (func $f unreachable) (start $f))"))
    assert caught.value.kind is TrapKind.UNREACHABLE
    with pytest.raises(Trap) as caught:
        Instance(store, Module(engine, '(module (memory 1) (data (i32.const 65536) "x"))'))
    assert caught.value.kind is TrapKind.OUT_OF_BOUNDS_MEMORY_ACCESS

    def fail():
        raise OSError("no")

    module = Module(engine, '(module (import "h" "f" (func $f)) (start $f))')
    with pytest.raises(Trap) as caught:
        Instance(store, module, [Function(store, FunctionType(), fail)])
    assert isinstance(caught.value.__cause__, OSError)


TRAPS = [
    ("unreachable", TrapKind.UNREACHABLE),
    ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", TrapKind.INTEGER_DIVIDE_BY_ZERO),
    ("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", TrapKind.INTEGER_OVERFLOW),
    ("(drop (i32.trunc_f32_s (f32.const nan)))", TrapKind.INVALID_CONVERSION_TO_INTEGER),
    ("(drop (i32.load (i32.const -1)))", TrapKind.OUT_OF_BOUNDS_MEMORY_ACCESS),
    ("(table.set (i32.const 9) (ref.null func))", TrapKind.OUT_OF_BOUNDS_TABLE_ACCESS),
    ("(call_indirect (i32.const 9))", TrapKind.UNDEFINED_ELEMENT),
    ("(call_indirect (i32.const 0))", TrapKind.UNINITIALIZED_ELEMENT),
    ("(call_indirect (param i32) (i32.const 1) (i32.const 1))", TrapKind.INDIRECT_CALL_TYPE_MISMATCH),
    ("(call $f)", TrapKind.CALL_STACK_EXHAUSTED),
]


@pytest.mark.parametrize("body, kind", TRAPS)
def test_traps(instantiate, body, kind):
    instance = instantiate(
        f'(module (memory 1) (table 2 funcref) (elem (i32.const 1) $g) (func $g) (func $f (export "f") {body}))'
    )
    with pytest.raises(Trap) as caught:
        instance.function("f")()
    trap = caught.value
    assert trap.kind is kind and trap.message == str(trap) != "" and trap.__cause__ is None
    assert trap.frames[0].function_index == 1 and trap.frames[0].module_offset > trap.frames[0].function_offset >= 0


def test_limits(engine):
    store = Store(engine, StoreLimits(memory_pages=2, table_elements=4, instances=2))
    assert not Memory(store, MemoryType(1)).grow(2)
    with pytest.raises(cannery.EngineError):
        Memory(store, MemoryType(3))
    module = Module(engine, "(module)")
    Instance(store, module), Instance(store, module)
    with pytest.raises(ResourceError):
        Instance(store, module)
    with pytest.raises(ValueError):
        Memory(store, MemoryType(-1))
    with pytest.raises(cannery.EngineError):
        Memory(store, MemoryType(9, 3))


def test_logging(caplog):
    seen = []
    engine = Engine(logger=lambda level, text: seen.append((level, text)), log_level=LogLevel.DEBUG)
    Instance(Store(engine), Module(engine, ADD))
    with pytest.raises(MalformedError):
        Module(engine, "nonsense")
    assert {level for level, _ in seen} == {LogLevel.WARNING, LogLevel.INFO, LogLevel.DEBUG} and all(text for _, text in seen)
    quiet = Engine(logger=logging.getLogger("engine"))
    Module(quiet, ADD)
    assert not caplog.records
    with pytest.raises(MalformedError):
        Module(quiet, "nonsense")
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
