"""Instances, and what links them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ctypes import byref, c_void_p
from typing import Any, Callable, Optional, TypeVar, Union

from ._engine import Store
from ._errors import LinkError, error_of
from ._externals import Global, Table
from ._function import Function
from ._library import UNLIMITED, PointerVector, elements, lib, own, pointer_array
from ._memory import Memory
from ._module import Module
from ._types import FunctionType

Extern = Union[Function, Memory, Table, Global]
Imports = Union[Sequence[Extern], Mapping[tuple[str, str], Extern]]
_Callable = TypeVar("_Callable", bound=Callable[..., Any])


class Instance(Mapping[str, Extern]):
    """An instance of a module: a mapping of its exports by their names.

    Imports are given in the module's order, or by their names: `{("host", "log"): log}`. The start function may use so many
    `instructions`, if they are limited. Raises `LinkError`, and `Trap` where the start function or a segment traps.
    """

    def __init__(self, store: Store, module: Module, imports: Imports = (), *, instructions: Optional[int] = None) -> None:
        given = _ordered(module, imports)
        for entry in given:
            if entry._store is not store:
                raise LinkError("an import belongs to another store")
        array, count = pointer_array(entry._pointer for entry in given)
        vector = PointerVector(count, array)
        trap, out = c_void_p(), c_void_p()
        limit = UNLIMITED if instructions is None else instructions
        outermost = store._enter()
        obtained = None
        try:
            obtained = lib.wasm_module_obtain(store._pointer, module._shared)
            error = lib.cannery_instance_new(store._pointer, obtained, byref(vector), limit, byref(trap), byref(out))
        finally:
            lib.wasm_module_delete(obtained)
            store._leave(outermost)
        if trap.value:
            lib.cannery_error_delete(error)
            raise store._error_for(trap.value)
        if error:
            raise error_of(error)
        assert out.value is not None
        self._hold(store, out.value, [export.name for export in module.exports])

    def _hold(self, store: Store, pointer: int, names: Optional[list[str]]) -> None:
        self._store, self._pointer = store, pointer
        own(self, lib.wasm_instance_delete, pointer, store._handle)
        vector = PointerVector()
        lib.wasm_instance_exports(pointer, byref(vector))
        # The vector's references become the objects'.
        self._list: list[Extern] = [_extern(store, entry) for entry in elements(vector)]
        for index in range(vector.size):
            vector.data[index] = None
        lib.wasm_extern_vec_delete(byref(vector))
        self._exports: Optional[dict[str, Extern]] = dict(zip(names, self._list)) if names is not None else None

    @classmethod
    def _of(cls, store: Store, pointer: int) -> Instance:
        """The instance behind a pointer, of which the names of the exports aren't known."""
        made = cls.__new__(cls)
        made._hold(store, pointer, None)
        return made

    @property
    def store(self) -> Store:
        """Where the instance lives."""
        return self._store

    @property
    def exports(self) -> tuple[Extern, ...]:
        """The exports in the module's order."""
        return tuple(self._list)

    def _named(self) -> dict[str, Extern]:
        if self._exports is None:
            raise TypeError("of an instance that a host function is told, exports have no names: use `exports`")
        return self._exports

    def __getitem__(self, name: str) -> Extern:
        return self._named()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named())

    def __len__(self) -> int:
        return len(self._list)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def function(self, name: str) -> Function:
        """The function of that name. KeyError if there is none, TypeError if it is something else."""
        return _expect(self[name], Function, name)

    def memory(self, name: str = "memory") -> Memory:
        """The memory of that name."""
        return _expect(self[name], Memory, name)

    def table(self, name: str) -> Table:
        """The table of that name."""
        return _expect(self[name], Table, name)

    def global_(self, name: str) -> Global:
        """The global of that name."""
        return _expect(self[name], Global, name)


_Kind = TypeVar("_Kind", Function, Memory, Table, Global)


def _expect(found: Extern, kind: type[_Kind], name: str) -> _Kind:
    if not isinstance(found, kind):
        raise TypeError(f"the export {name} is a {type(found).__name__}, not a {kind.__name__}")
    return found


def _extern(store: Store, pointer: int) -> Extern:
    kind = lib.wasm_extern_kind(pointer)
    if kind == 0:
        return Function._of(store, pointer)
    if kind == 1:
        return Global._of(store, pointer)
    if kind == 2:
        return Table._of(store, pointer)
    return Memory._of(store, pointer)


def _ordered(module: Module, imports: Imports) -> list[Extern]:
    if not isinstance(imports, Mapping):
        given = list(imports)
        if len(given) != len(module.imports):
            raise LinkError(f"the module has {len(module.imports)} imports, and {len(given)} were given")
        return given
    found = []
    for wanted in module.imports:
        entry = imports.get((wanted.module, wanted.name))
        if entry is None:
            raise LinkError(f"the import {wanted.module}.{wanted.name} is missing")
        found.append(entry)
    return found


class Linker:
    """Names for what modules import, in one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._names: dict[tuple[str, str], Extern] = {}

    def define(self, module: str, name: str, value: Extern) -> None:
        """Defines or replaces a name."""
        if value._store is not self.store:
            raise LinkError("what is defined belongs to another store")
        self._names[(module, name)] = value

    def define_instance(self, module: str, instance: Instance) -> None:
        """Defines all exports of an instance."""
        for name, value in instance.items():
            self.define(module, name, value)

    def define_function(
        self, module: str, name: str, type: FunctionType, function: Callable[..., Any], *, access_caller: bool = False
    ) -> Function:
        """Defines a host function: see `Function`."""
        made = Function(self.store, type, function, access_caller=access_caller, name=f"{module}.{name}")
        self.define(module, name, made)
        return made

    def function(
        self, module: str, name: str, type: FunctionType, *, access_caller: bool = False
    ) -> Callable[[_Callable], _Callable]:
        """The same as a decorator."""

        def decorate(function: _Callable) -> _Callable:
            self.define_function(module, name, type, function, access_caller=access_caller)
            return function

        return decorate

    def instantiate(self, module: Module, *, instructions: Optional[int] = None) -> Instance:
        """An instance whose imports are what was defined."""
        return Instance(self.store, module, self._names, instructions=instructions)
