"""How the library is found, and what an import says that fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import cannery

PACKAGE = str(Path(cannery.__file__).parents[1])


def run(code, **environment):
    clean = {name: value for name, value in os.environ.items() if name not in ("CANNERY_LIBRARY", "LD_LIBRARY_PATH")}
    clean.update(environment, PYTHONPATH=PACKAGE)
    return subprocess.run([sys.executable, "-c", code], env=clean, capture_output=True, text=True, timeout=60)


def test_by_the_environment():
    result = run("import cannery; print(cannery.library_path)", CANNERY_LIBRARY=cannery.library_path)
    assert result.stdout.strip() == cannery.library_path, result.stderr


@pytest.mark.parametrize("path", ["/no/such/file", __file__])
def test_a_wrong_path(path):
    result = run("import cannery", CANNERY_LIBRARY=path)
    assert result.returncode == 1 and "ImportError: CANNERY_LIBRARY names a library that can't be loaded" in result.stderr


def test_another_library():
    import ctypes.util

    other = ctypes.util.find_library("c")
    result = run("import cannery", CANNERY_LIBRARY=other)
    assert result.returncode == 1 and "is not the library libcannery" in result.stderr


def test_by_the_system(tmp_path):
    if run("import cannery").returncode == 0:
        pytest.skip("the library is installed here")
    (tmp_path / "libcannery.so.0").symlink_to(Path(cannery.library_path).resolve())
    result = run("import cannery; print(cannery.library_path)", LD_LIBRARY_PATH=str(tmp_path))
    assert "libcannery.so.0" in result.stdout, result.stderr


def test_not_at_all():
    result = run("import cannery")
    if result.returncode == 0:
        pytest.skip("the library is installed here")
    assert (
        "ImportError: libcannery was not found" in result.stderr
        and "tools/install" in result.stderr
        and "CANNERY_LIBRARY" in result.stderr
    )


def test_exit_with_everything_alive():
    """What is alive at the end is left alone, in whatever state it is."""
    code = """
import cannery, threading
engine = cannery.Engine(logger=print, log_level=cannery.LogLevel.DEBUG)
store = cannery.Store(engine)
host = cannery.Function(store, cannery.FunctionType(), lambda: cannery.Suspend())
text = '(module (import "h" "f" (func $f)) (func (export "f") (call $f)))'
execution = cannery.Execution(cannery.Instance(store, cannery.Module(engine, text), [host]).function("f"))
execution.run()
callback = host.callback()
view = cannery.Memory(store, cannery.MemoryType(1)).buffer().__enter__()
class Late:
    def __del__(self): cannery.Module
late = Late()
print("ok")
"""
    result = run(code, CANNERY_LIBRARY=cannery.library_path, PYTHONMALLOC="debug", CANNERY_CHECKS="1")
    assert result.returncode == 0 and "ok" in result.stdout and "compiled" in result.stdout and not result.stderr, result.stderr


def test_checks_of_the_library():
    code = "import cannery; from cannery._library import lib; e = cannery.Engine(); [lib.wasm_engine_delete(e._pointer) for _ in 'ab']"
    result = run(code, CANNERY_LIBRARY=cannery.library_path, CANNERY_CHECKS="1")
    assert result.returncode == -6 and "deleted twice" in result.stderr
