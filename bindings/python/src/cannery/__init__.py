"""WebAssembly with exact metering, on the library libcannery.

    import cannery

    engine = cannery.Engine()
    module = cannery.Module(engine, '(module (func (export "add") (param i32 i32) (result i32) '
                                    '(i32.add (local.get 0) (local.get 1))))')
    instance = cannery.Instance(cannery.Store(engine), module)
    print(instance.function("add")(2, 3))

Integers wrap, as in the package `wasmtime`: of what is given the low 32 or 64 bits count, and what comes back is signed.
"""

from ._engine import Config, Engine, Features, Interrupt, LogLevel, Metering, Store, StoreLimits
from ._errors import (
    ArgumentError,
    ArtifactError,
    BusyError,
    CanneryError,
    EngineError,
    ErrorKind,
    FileError,
    Frame,
    InternalError,
    InvalidError,
    LinkError,
    MalformedError,
    RefusedError,
    ResourceError,
    Trap,
    TrapKind,
)
from ._execution import Execution, State
from ._externals import Global, Table
from ._function import Callback, Caller, Function, Suspend
from ._instance import Extern, Instance, Linker
from ._library import ABI
from ._library import lib as _lib
from ._memory import PAGE_SIZE, Memory, MemoryBuffer
from ._module import CustomSection, Module, wat2wasm
from ._types import (
    ExportType,
    ExternType,
    FunctionType,
    GlobalType,
    ImportType,
    MemoryType,
    TableType,
    ValueType,
)
from ._values import Reference

#: The version of the library, such as "0.1.0".
library_version: str = _lib.cannery_version().decode("ascii")
#: Where the library was found.
library_path: str = _lib.path

__all__ = [
    "ABI",
    "ArgumentError",
    "ArtifactError",
    "BusyError",
    "Callback",
    "Caller",
    "CanneryError",
    "Config",
    "CustomSection",
    "Engine",
    "EngineError",
    "ErrorKind",
    "Execution",
    "ExportType",
    "Extern",
    "ExternType",
    "Features",
    "FileError",
    "Frame",
    "Function",
    "FunctionType",
    "Global",
    "GlobalType",
    "ImportType",
    "Instance",
    "InternalError",
    "Interrupt",
    "InvalidError",
    "LinkError",
    "Linker",
    "LogLevel",
    "MalformedError",
    "Memory",
    "MemoryBuffer",
    "MemoryType",
    "Metering",
    "Module",
    "PAGE_SIZE",
    "Reference",
    "RefusedError",
    "ResourceError",
    "State",
    "Store",
    "StoreLimits",
    "Suspend",
    "Table",
    "TableType",
    "Trap",
    "TrapKind",
    "ValueType",
    "library_path",
    "library_version",
    "wat2wasm",
]
