"""Memories: copies, buffers that nothing moves under, tracked writes."""

import gc

import pytest

from cannery import PAGE_SIZE, Function, FunctionType, Memory, MemoryType, Store

GROWS = '(module (memory (export "memory") 1 4) (func (export "grow") (result i32) (memory.grow (i32.const 1))))'


def test_reading_and_writing(store):
    memory = Memory(store, MemoryType(1, 3))
    assert len(memory) == PAGE_SIZE and memory.pages == 1 and memory.type == MemoryType(1, 3) and memory.store is store
    memory.write(10, b"hello")
    assert memory.read(10, 5) == b"hello" and memory[10] == ord("h") and memory[10:12] == b"he" and memory[-1] == 0
    memory[10:15] = b"HELLO"
    memory[-1] = 255
    assert memory[10:15] == b"HELLO" and memory[PAGE_SIZE - 1] == 255 and memory[PAGE_SIZE - 2 :] == b"\0\xff"
    assert memory.read(PAGE_SIZE, 0) == b"" and memory[5:5] == b""
    memory.write(PAGE_SIZE, b"")
    memory.write(0, memoryview(bytearray(b"abc")))
    assert memory[:3] == b"abc"
    assert memory.is_same(memory) and not memory.is_same(Memory(store, MemoryType(1))) and "1 pages" in repr(memory)


@pytest.mark.parametrize(
    "offset, count", [(PAGE_SIZE, 1), (PAGE_SIZE - 1, 2), (-1, 1), (2**64, 1), (2**64 - 1, 2), (0, PAGE_SIZE + 1)]
)
def test_ranges_that_are_not_inside(store, offset, count):
    memory = Memory(store, MemoryType(1))
    with pytest.raises(IndexError):
        memory.read(offset, count)
    with pytest.raises(IndexError):
        memory.write(offset, bytes(count))


def test_other_mistakes(store):
    memory = Memory(store, MemoryType(1))
    with pytest.raises(IndexError):
        memory.read(0, -1)
    with pytest.raises(IndexError):
        memory[PAGE_SIZE]
    with pytest.raises(ValueError):
        memory[0:10:2]
    with pytest.raises(ValueError):
        memory[0:3] = b"four"
    with pytest.raises(ValueError):
        memory[0] = 256
    with pytest.raises(TypeError):
        memory.write(0, "text")
    with pytest.raises(ValueError):
        memory.grow(-1)


def test_growing(store):
    memory = Memory(store, MemoryType(1, 3))
    assert memory.grow(0) and memory.grow(2) and len(memory) == 3 * PAGE_SIZE
    assert not memory.grow(1) and memory.pages == 3


def test_buffers(instantiate):
    instance = instantiate(GROWS)
    memory = instance.memory()
    with memory.buffer() as view:
        assert len(view) == PAGE_SIZE and view.format == "B"
        view[0:3] = b"abc"
        assert memory[0:3] == b"abc"
        memory[1] = ord("x")
        assert bytes(view[:3]) == b"axc"
        with memory.buffer() as second:
            second[2] = ord("y")
        # Nothing moves meanwhile.
        with pytest.raises(BufferError):
            memory.grow(1)
        with pytest.raises(BufferError):
            instance.function("grow")()
    with pytest.raises(ValueError):
        view[0]
    assert memory[0:3] == b"axy" and instance.function("grow")() == 1 and memory.grow(1) and len(memory) == 3 * PAGE_SIZE


def test_slices_of_buffers_keep_the_store(instantiate):
    instance = instantiate(GROWS)
    memory = instance.memory()
    with pytest.raises(BufferError, match="still uses"):
        with memory.buffer() as view:
            part = view[5:10]
    with pytest.raises(BufferError):
        instance.function("grow")()
    part[0] = 7
    assert memory[5] == 7
    del part, view
    gc.collect()
    assert instance.function("grow")() == 1
    # An exception inside isn't hidden.
    with pytest.raises(KeyError):
        with memory.buffer() as view:
            part = view[5:10]
            raise KeyError


def test_buffers_keep_memories(engine):
    def leak():
        store = Store(engine)
        memory = Memory(store, MemoryType(1))
        try:
            with memory.buffer() as view:
                view[3] = 9
                part = view[3:5]
        except BufferError:
            pass
        return part

    part = leak()
    gc.collect()
    assert bytes(part) == b"\x09\0"


def test_buffers_in_host_functions(store, instantiate):
    def host(caller):
        with caller.buffer() as view:
            view[8] = 1
            with pytest.raises(BufferError):
                instance.function("grow")()
        return instance.function("grow")()

    instance = instantiate(
        '(module (import "h" "f" (func $f (result i32))) (memory (export "memory") 1 4) (func (export "f") (result i32) (call $f))'
        ' (func (export "grow") (result i32) (memory.grow (i32.const 1))))',
        [Function(store, FunctionType([], ["i32"]), host, access_caller=True)],
    )
    assert instance.function("f")() == 1 and instance.memory()[8] == 1 and instance.memory().pages == 2


def test_empty_memories(store):
    memory = Memory(store, MemoryType(0, 1))
    with memory.buffer() as view:
        assert len(view) == 0
    assert memory.read(0, 0) == b"" and memory.grow(1) and len(memory) == PAGE_SIZE


def test_tracked_writes(engine):
    from cannery import Instance, Module

    store = Store(engine, tracks_writes=True)
    module = Module(
        engine,
        '(module (memory (export "memory") 1 2) (global (export "g") (mut i32) (i32.const 1)) (func (export "f") (param i32)'
        " (i32.store8 (local.get 0) (i32.const 7)) (global.set 0 (i32.const 2))))",
    )
    instance = Instance(store, module)
    memory = instance.memory()
    store.commit()
    with pytest.raises(BufferError):
        with memory.buffer():
            pass
    instance.function("f")(5000)
    assert memory.dirty_pages == 1 and memory[5000] == 7 and instance.global_("g").value == 2
    store.roll_back()
    assert memory.dirty_pages == 0 and memory[5000] == 0 and instance.global_("g").value == 1
    instance.function("f")(5000)
    store.commit()
    store.roll_back()
    assert memory[5000] == 7 and store.tracks_writes
    # Also with references on the way.
    holder = Function(store, FunctionType(["externref"], ["externref"]), lambda x: x)
    assert holder("text") == "text"
    store.roll_back()
    assert holder("text") == "text" and holder("other") == "other"
