"""The examples print what they should."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import cannery

EXAMPLES = Path(__file__).resolve().parents[3] / "Examples" / "Embedding"
NAMES = ["hello", "metering", "host-function", "memory", "callback", "precompile", "suspend", "canister-call"]


@pytest.mark.parametrize("name", NAMES)
def test_example(name, tmp_path):
    expected = EXAMPLES / "expected" / f"{name}.txt"
    if not expected.exists():
        pytest.skip("the expected output is not here")
    if name == "canister-call":
        pytest.importorskip("cannery.canister", exc_type=ImportError)
    command = [sys.executable, str(EXAMPLES / "python" / f"{name.replace('-', '_')}.py"), str(EXAMPLES / f"{name}.wat")]
    if name == "precompile":
        command.append(str(tmp_path / "fib.canned"))
    environment = dict(os.environ, PYTHONPATH=str(Path(cannery.__file__).parents[1]))
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0 and not result.stderr, result.stderr
    assert result.stdout == expected.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_wrong_usage(name):
    if not EXAMPLES.exists():
        pytest.skip("the examples are not here")
    if name == "canister-call":
        pytest.importorskip("cannery.canister", exc_type=ImportError)
    program = str(EXAMPLES / "python" / f"{name.replace('-', '_')}.py")
    environment = dict(os.environ, PYTHONPATH=str(Path(cannery.__file__).parents[1]))
    for arguments in ([], ["/no/such/file"] + ["x"] * (name == "precompile")):
        result = subprocess.run(
            [sys.executable, program, *arguments], env=environment, capture_output=True, text=True, timeout=60
        )
        assert result.returncode == 1 and "Traceback" not in result.stderr and result.stderr
