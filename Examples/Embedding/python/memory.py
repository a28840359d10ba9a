"""Reads, writes and grows a guest's memory.

python memory.py memory.wat
"""

import sys

import cannery


def print_size(memory: cannery.Memory) -> None:
    print(f"memory: {memory.pages} page{'' if memory.pages == 1 else 's'}, {len(memory)} bytes")


def main(path: str) -> None:
    engine = cannery.Engine()
    instance = cannery.Instance(cannery.Store(engine), cannery.Module.from_file(engine, path))
    memory = instance.memory("memory")
    print_size(memory)

    # Copies with bounds checked.
    text = b"Cannery"
    memory.write(1000, text)
    instance.function("reverse")(1000, len(text))
    # The bytes themselves, without a copy. Nothing can move them inside the `with` statement.
    with memory.buffer() as view:
        print(f"reversed: {str(view[1000 : 1000 + len(text)], 'ascii')}")
    try:
        memory.write(65530, text)
    except IndexError:
        print("write beyond the end: refused")

    if not memory.grow(1):
        raise MemoryError("the memory doesn't grow")
    print_size(memory)
    if not memory.grow(1):
        print("grow beyond the maximum: refused")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: memory.py MODULE")
    try:
        main(sys.argv[1])
    except (cannery.CanneryError, OSError) as error:
        sys.exit(f"memory: {error}")
