"""Compiles once, and loads what was compiled.

python precompile.py precompile.wat ARTIFACT
"""

import sys

import cannery


def is_whole(engine: cannery.Engine, path: str) -> bool:
    """Whether the artifact opens and all of it is as a compiler made it."""
    try:
        cannery.Module.open(engine, path).verify()
        return True
    except cannery.ArtifactError:
        return False


def main(path: str, artifact: str) -> None:
    cannery.Module.from_file(cannery.Engine(), path).save(artifact)
    print("saved")

    # Another process, another machine: the file is mapped, and each function is verified before its first call.
    engine = cannery.Engine()
    module = cannery.Module.open(engine, artifact)
    module.verify()
    print("verified")
    instance = cannery.Instance(cannery.Store(engine), module)
    print(f"fib(25) = {instance.function('fib')(25)}")
    print(f"module: {module.hash[:8].hex()}")
    # The file must not change while something uses it.
    del instance, module

    # The last byte is code, or belongs to it.
    with open(artifact, "r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)[0]
        file.seek(-1, 2)
        file.write(bytes([last ^ 1]))
    print(f"damaged: {'accepted' if is_whole(engine, artifact) else 'refused'}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: precompile.py MODULE ARTIFACT")
    try:
        main(sys.argv[1], sys.argv[2])
    except (cannery.CanneryError, OSError) as error:
        sys.exit(f"precompile: {error}")
