"""A function of WebAssembly as a plain function pointer of C, for code that knows nothing of WebAssembly.

python callback.py callback.wat
"""

import ctypes
import sys
from typing import Any

import cannery

# `double (*)(double)`, as a C library would declare it.
Integrand = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)


def integrate(function: Any, start: float, end: float) -> float:
    """Simpson's rule, for a function pointer of the type `Integrand`."""
    intervals = 100
    step = (end - start) / intervals
    total = function(start) + function(end)
    for index in range(1, intervals):
        total += (4 if index % 2 else 2) * function(start + index * step)
    return float(total * step / 3)


def main(path: str) -> None:
    engine = cannery.Engine()
    instance = cannery.Instance(cannery.Store(engine), cannery.Module.from_file(engine, path))

    # The address can be stored and called until the callback is closed.
    with instance.function("square").callback("(F)F") as square:
        print(f"integral of x * x from 0 to 3: {integrate(Integrand(square.address), 0, 3):.3f}")

    with instance.function("divide").callback("(ii)i") as divide:
        print(f"divide(7, 2) = {divide.function(7, 2)}")
        # A function of C can't trap: it returns zero, and the trap waits here.
        divide.function(1, 0)
        try:
            divide.check()
        except cannery.Trap as trap:
            print(f"divide(1, 0): {trap}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: callback.py MODULE")
    try:
        main(sys.argv[1])
    except (cannery.CanneryError, OSError) as error:
        sys.exit(f"callback: {error}")
