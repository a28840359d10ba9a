"""Functions: of Wasm code, of the host's, and as function pointers of C."""

from __future__ import annotations

import ctypes
from ctypes import byref, c_double, c_float, c_int32, c_int64, c_size_t, c_uint64, c_void_p
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from ._engine import SPARES, Store
from ._errors import check, last_error
from ._library import HostBody, HostCallback, lib, own
from ._memory import MemoryBuffer
from ._types import FunctionType, ValueType, function_type, new_function_type
from ._values import Plan, plan_of, single

if TYPE_CHECKING:
    from ._instance import Instance


class Suspend(BaseException):
    """To be raised, or returned as `caller.suspend()` gives it, by a host function that answers later: the execution then is
    in the state `WAITING`, and `Execution.resume_host` goes on.

    It is no `Exception`, so that no handler in between takes it for an error.
    """


class _Return(BaseException):
    """Ends a host function with the trap that its caller holds."""


class Caller:
    """The code that called a host function. It can be used during the call only."""

    __slots__ = ("_pointer", "_must_return", "store")

    def __init__(self, store: Store, pointer: int) -> None:
        #: The store that executes.
        self.store = store
        self._pointer: Optional[int] = pointer
        self._must_return: Optional[int] = None

    def _valid(self) -> int:
        if self._pointer is None:
            raise RuntimeError("the call of the host function has ended")
        self.store._check()
        return self._pointer

    def read(self, offset: int, count: int, memory: int = 0) -> bytes:
        """Bytes of the calling instance's memory. IndexError if they aren't all inside."""
        pointer = self._valid()
        if offset < 0 or count < 0 or offset + count > 2**64:
            raise IndexError("the range is not inside the memory")
        # The last byte first, so that nothing is made for a range that isn't there.
        last = ctypes.c_char()
        if count and not lib.cannery_caller_read(pointer, memory, offset + count - 1, byref(last), 1):
            raise IndexError("the range is not inside the memory")
        contents = ctypes.create_string_buffer(max(count, 1))
        if not lib.cannery_caller_read(pointer, memory, offset, contents, count):
            raise IndexError("the range is not inside the memory")
        return contents.raw[:count]

    def write(self, offset: int, contents: Union[bytes, bytearray, memoryview], memory: int = 0) -> None:
        """Writes bytes to the calling instance's memory. IndexError, and nothing written, if they aren't all inside."""
        pointer = self._valid()
        source = bytes(contents)
        if not 0 <= offset < 2**64 or not lib.cannery_caller_write(pointer, memory, offset, source, len(source)):
            raise IndexError("the range is not inside the memory")

    def buffer(self, memory: int = 0) -> MemoryBuffer:
        """The bytes of the calling instance's memory themselves, for a `with` statement: see `Memory.buffer`."""
        self._valid()

        def locate() -> tuple[Optional[int], int]:
            pointer, size = self._valid(), c_size_t()
            address = lib.cannery_caller_memory(pointer, memory, byref(size))
            if address:
                return address, size.value
            if not lib.cannery_caller_read(pointer, memory, 0, byref(size), 0):
                raise IndexError("the instance has no such memory")
            # With a size that isn't 0, it is told that there is no address.
            return None, int(self.store.tracks_writes)

        return MemoryBuffer(self.store, self, locate)

    @property
    def instance(self) -> Optional[Instance]:
        """The instance that calls; None where the host calls its function itself."""
        from ._instance import Instance

        pointer = lib.cannery_caller_instance(self._valid())
        return Instance._of(self.store, pointer) if pointer else None

    def charge(self, instructions: int) -> None:
        """Takes instructions off what is left. If there aren't enough, the host function ends here; it is called again from its
        start when the execution goes on."""
        trap = lib.cannery_caller_charge(self._valid(), instructions)
        if trap:
            self._give_back()
            self._must_return = trap
            raise _Return

    @property
    def instructions_left(self) -> int:
        """What the execution may still use."""
        return int(lib.cannery_caller_instructions_left(self._valid()))

    def suspend(self) -> Suspend:
        """To be returned: the execution stops, and goes on with results that are given to `Execution.resume_host`."""
        self._valid()
        return Suspend()

    def _give_back(self) -> None:
        if self._must_return:
            lib.wasm_trap_delete(self._must_return)
            self._must_return = None


RawCallable = Callable[[Caller, "ctypes.Array[c_uint64]"], Optional[Suspend]]


def host_callback(store: Store, plan: Plan, body: Callable[[Caller, int], Any]) -> Any:
    """A host function as C calls it. It refers to the store, which keeps it: a cycle that the collector sees.

    ctypes returns garbage to C if a callback raises, and a callback can raise before its first step, when a signal's handler
    does or Python's stack ends. So it returns nothing, but leaves the trap (0 for none) on top of `store._returns`, and ctypes
    itself takes it from there on the way to C. If it is not there, what is taken is a trap that was made before.
    """
    returns = store._returns

    def call(environment: Optional[int], pointer: int, slots: int) -> None:
        try:
            caller = Caller(store, pointer)
            store._depth += 1
            try:
                result = body(caller, slots)
                if caller._must_return is None and not isinstance(result, Suspend):
                    # From here to the end there is no place for a signal's handler.
                    returns[SPARES:] = (0,)
                    return
                error: BaseException = result if isinstance(result, Suspend) else _Return()
            except BaseException as raised:
                error = raised
            finally:
                caller._pointer = None
                store._depth -= 1
            trap = caller._must_return
            if trap is None:
                if isinstance(error, Suspend):
                    store._suspended = plan.type
                    trap = int(lib.cannery_suspend(pointer))
                else:
                    trap = store._trap_for(error)
            returns[SPARES:] = (trap,)
        except BaseException as lost:
            # No room for even that.
            store._spared = lost
            del returns[SPARES:]

    inner = HostBody(call)
    inner.restype = store._take
    return HostCallback(inner)


class Function:
    """A function of Wasm code or of the host's. It is called like one of Python's.

    Host functions are made of Python functions: `Function(store, FunctionType(["i32"], ["i32"]), lambda x: x + 1)`. With
    `access_caller`, they get a `Caller` as their first argument. What they raise goes through the Wasm code as a trap.
    """

    __slots__ = ("_store", "_pointer", "_plan", "_slot", "__weakref__")

    _store: Store
    _pointer: int
    _plan: Plan
    _slot: Optional[int]

    def __init__(
        self,
        store: Store,
        type: FunctionType,
        function: Callable[..., Any],
        *,
        access_caller: bool = False,
        name: str = "",
    ) -> None:
        plan = plan_of(type)
        parameters, results = plan.parameters, plan.results
        argument_array = ctypes.c_uint64 * plan.slot_count
        count = len(type.results)

        def body(caller: Caller, slots: int) -> Any:
            array = argument_array.from_address(slots) if slots else None
            arguments = parameters.decode(store, array) if array is not None and parameters.slot_count else []
            answer = function(caller, *arguments) if access_caller else function(*arguments)
            if isinstance(answer, Suspend):
                return answer
            if count == 0:
                if answer is not None:
                    raise TypeError(f"the host function has no result, but returned {answer!r}")
                return None
            if count == 1:
                answers: Any = (answer,)
            else:
                answers = answer
                if not isinstance(answer, (tuple, list)) or len(answer) != count:
                    raise TypeError(f"the host function has {count} results: a tuple or a list of them is needed")
            assert array is not None
            encoded = results.encode(store, answers)
            for place, slot in enumerate(encoded):
                array[place] = slot
            return None

        self._make(store, plan, body, name)

    def _make(self, store: Store, plan: Plan, body: Callable[[Caller, int], Any], name: str) -> None:
        store._check()
        callback = host_callback(store, plan, body)
        type = new_function_type(plan.type)
        pointer = lib.cannery_func_new(store._pointer, type, name.encode("utf-8"), callback, None, None)
        lib.wasm_functype_delete(type)
        if not pointer:
            raise last_error("no memory for a function")
        store._kept.append(callback)
        self._hold(store, pointer, plan)

    def _hold(self, store: Store, pointer: int, plan: Plan) -> None:
        self._store, self._pointer, self._plan, self._slot = store, pointer, plan, None
        own(self, lib.wasm_func_delete, pointer, store._handle)

    @classmethod
    def raw(cls, store: Store, type: FunctionType, function: RawCallable, *, name: str = "") -> Function:
        """A host function on slots: no value is converted.

        `function` gets a `Caller` and an array of unsigned integers of 64 bits, as many as parameters or results need: the
        parameters, in whose place it writes the results. Integers and the bits of floats are in the low end; a vector has two
        slots, the lower half first. The array must not be used after the call.
        """
        plan = plan_of(type)
        array = ctypes.c_uint64 * plan.slot_count
        empty = not max(plan.parameters.slot_count, plan.results.slot_count)

        def body(caller: Caller, slots: int) -> Any:
            return function(caller, array() if empty else array.from_address(slots))

        made = cls.__new__(cls)
        made._make(store, plan, body, name)
        return made

    @classmethod
    def from_c(cls, store: Store, signature: str, function: Any, *, env: Optional[int] = None, name: str = "") -> Function:
        """A C function as it is: one of ctypes, or an address. cannery.h tells what signatures mean: `"(ii*~)i"`.

        With a function of ctypes, what it refers to is kept as long as the store.
        """
        store._check()
        if isinstance(function, int):
            address = function
        else:
            address = ctypes.cast(function, c_void_p).value or 0
            store._kept.append(function)
        pointer = lib.cannery_func_new_c(store._pointer, name.encode("utf-8"), signature.encode("utf-8"), address, env, None)
        if not pointer:
            raise last_error("no memory for a function")
        return cls._of(store, pointer)

    @classmethod
    def _of(cls, store: Store, pointer: int) -> Function:
        """The function behind a pointer, which belongs to it then."""
        type = lib.wasm_func_type(pointer)
        plan = plan_of(function_type(type))
        lib.wasm_functype_delete(type)
        made = cls.__new__(cls)
        made._hold(store, pointer, plan)
        return made

    @property
    def store(self) -> Store:
        """Where the function lives."""
        return self._store

    @property
    def type(self) -> FunctionType:
        """Its parameters and results."""
        return self._plan.type

    def is_same(self, other: Function) -> bool:
        """Whether both are the same function of the store."""
        return bool(lib.wasm_func_same(self._pointer, other._pointer))

    def __call__(self, *arguments: Any) -> Any:
        """Calls it. The result is None, a value, or a tuple of several. Raises `Trap`."""
        plan, store = self._plan, self._store
        if len(arguments) != len(plan.parameters.types):
            raise TypeError(f"the function takes {len(plan.parameters.types)} arguments, and {len(arguments)} were given")
        store._check()
        slots = plan.array(*plan.parameters.encode(store, arguments))
        outermost = store._enter()
        try:
            trap = lib.cannery_func_call(self._pointer, slots, plan.slot_count)
        finally:
            store._leave(outermost)
        if trap:
            raise store._error_for(trap)
        return single(plan.results.decode(store, slots))

    def call_raw(self, slots: ctypes.Array[c_uint64]) -> None:
        """Calls it on slots, as `raw` tells: they hold the parameters, and take the results."""
        store = self._store
        outermost = store._enter()
        try:
            trap = lib.cannery_func_call(self._pointer, slots, len(slots))
        finally:
            store._leave(outermost)
        if trap:
            raise store._error_for(trap)

    def callback(self, signature: Optional[str] = None) -> Callback:
        """The function as a function pointer of C."""
        return Callback(self, signature)

    def _as_slot(self) -> int:
        if self._slot is None:
            self._slot = self._store._slot_of_reference(ValueType.FUNCREF, self._pointer)
        return self._slot

    def __repr__(self) -> str:
        return f"<cannery.Function {self.type}>"


_LETTERS = {
    ValueType.I32: "i",
    ValueType.I64: "I",
    ValueType.F32: "f",
    ValueType.F64: "F",
    ValueType.EXTERNREF: "r",
}
_C_TYPES: dict[str, Any] = {"i": c_int32, "I": c_int64, "f": c_float, "F": c_double, "r": c_size_t}


class Callback:
    """A function of WebAssembly as a function pointer of C, which foreign code can store and call, on one thread at a time,
    until it is closed or forgotten.

    If the function traps, the caller in C gets zero, and `check` raises the trap. `function` is the pointer for ctypes; if C
    keeps it, the `Callback` must be kept, too.
    """

    def __init__(self, function: Function, signature: Optional[str] = None) -> None:
        if signature is None:
            type = function.type
            if len(type.results) > 1 or not all(t in _LETTERS for t in type.parameters + type.results):
                raise TypeError(f"no function of C has the type {type}")
            signature = "(" + "".join(_LETTERS[t] for t in type.parameters) + ")" + "".join(_LETTERS[t] for t in type.results)
        out = c_void_p()
        check(lib.cannery_closure_new(function._pointer, signature.encode("utf-8"), byref(out)))
        assert out.value is not None
        self._closure: int = out.value
        self._target = function
        self._finalizer = own(self, lib.cannery_closure_delete, out.value, function._store._handle)
        parameters, _, result = signature.partition("(")[2].partition(")")
        prototype = ctypes.CFUNCTYPE(_C_TYPES[result] if result else None, *[_C_TYPES[letter] for letter in parameters])
        #: The address of the C function.
        self.address: int = lib.cannery_closure_function(out.value)
        #: The same for ctypes; it can be given where a function pointer with these types is wanted.
        self.function: Any = prototype(self.address)

    def __call__(self, *arguments: Any) -> Any:
        """Calls it as C does, and raises the trap if it trapped."""
        if not self._finalizer.alive:
            raise ValueError("the callback is closed")
        result = self.function(*arguments)
        self.check()
        return result

    def check(self) -> None:
        """Raises the trap of the last call, if it trapped."""
        if not self._finalizer.alive:
            raise ValueError("the callback is closed")
        trap = lib.cannery_closure_trap(self._closure)
        if trap:
            raise self._target._store._error_for(trap)

    def close(self) -> None:
        """Ends the function pointer: it must not be called any more."""
        self._finalizer()

    def __enter__(self) -> Callback:
        return self

    def __exit__(
        self, type: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()
