"""Nothing that the library allocates for this package stays."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import cannery


@pytest.mark.parametrize(
    "case", ["stores", "types", "artifacts", "calls", "references", "executions", "engines", "errors", "runtimes"]
)
def test_nothing_stays(case):
    if case == "runtimes":
        pytest.importorskip("cannery.canister", exc_type=ImportError)
    program = str(Path(__file__).parent / "leaks.py")
    environment = dict(os.environ, PYTHONPATH=str(Path(cannery.__file__).parents[1]), CANNERY_LIBRARY=cannery.library_path)
    result = subprocess.run([sys.executable, program, case], env=environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0 and not result.stderr, result.stderr
    blocks, size = map(int, result.stdout.split())
    # Of the smallest block that malloc has, one each time would be 32 bytes.
    assert blocks == 0 and size < 16
