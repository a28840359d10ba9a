"""Compiles a module, and calls a function of it.

python hello.py hello.wat
"""

import sys

import cannery


def main(path: str) -> None:
    # An engine compiles; modules can be used by any number of threads and stores.
    engine = cannery.Engine()
    module = cannery.Module.from_file(engine, path)

    # A store holds instances and all that they have. It lives as long as something of it is used.
    store = cannery.Store(engine)
    instance = cannery.Instance(store, module)

    add = instance.function("add")
    print(f"2 + 3 = {add(2, 3)}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: hello.py MODULE")
    try:
        main(sys.argv[1])
    except (cannery.CanneryError, OSError) as error:
        sys.exit(f"hello: {error}")
