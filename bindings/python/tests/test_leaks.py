"""Nothing that the library allocates for this package stays."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import cannery


@pytest.mark.parametrize("case", ["stores", "types", "artifacts", "calls", "references", "executions"])
def test_nothing_stays(case):
    program = str(Path(__file__).parent / "leaks.py")
    environment = dict(os.environ, PYTHONPATH=str(Path(cannery.__file__).parents[1]), CANNERY_LIBRARY=cannery.library_path)
    result = subprocess.run([sys.executable, program, case], env=environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0 and not result.stderr, result.stderr
    assert result.stdout == "0\n"
