"""Functions of the host that WebAssembly calls, in three ways.

python host_function.py host-function.wat
"""

import ctypes
import sys

import cannery


# A function of C, here one that ctypes makes. Its signature `(*~)` says that it takes a buffer of the guest's memory with its
# size: the engine has checked that all of it is there. This is the way for functions that are in C anyway.
Log = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t)


def log(address: int, size: int) -> None:
    print(f"guest says: {ctypes.string_at(address, size).decode()}")


# A function on raw slots: nothing is converted, so of all functions in Python it costs the least. Parameters are in the slots,
# and results go there.
def add(caller: cannery.Caller, slots: "ctypes.Array[ctypes.c_uint64]") -> None:
    left, right = slots[0], slots[1]
    print(f"host adds: {left} + {right}")
    slots[0] = left + right


# The usual way: a function with values of Python. What it raises goes through the guest, to whoever called that.
def refuse() -> None:
    raise cannery.Trap("the host refuses")


def main(path: str) -> None:
    engine = cannery.Engine()
    store = cannery.Store(engine)
    imports = {
        ("host", "log"): cannery.Function.from_c(store, "(*~)", Log(log)),
        ("host", "add"): cannery.Function.raw(store, cannery.FunctionType(["i32", "i32"], ["i32"]), add),
        ("host", "refuse"): cannery.Function(store, cannery.FunctionType(), refuse),
    }
    instance = cannery.Instance(store, cannery.Module.from_file(engine, path), imports)

    print(f"run() = {instance.function('run')()}")
    for name in ("overrun", "fail"):
        try:
            instance.function(name)()
        except cannery.Trap as trap:
            print(f"{name}(): {trap}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: host_function.py MODULE")
    try:
        main(sys.argv[1])
    except (cannery.CanneryError, OSError) as error:
        sys.exit(f"host_function: {error}")
