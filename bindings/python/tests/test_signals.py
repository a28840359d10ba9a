"""Handlers of signals that raise when a host function begins, before its first step."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import cannery

PROGRAM = """
import os, signal, sys, threading, time
import cannery
from cannery import *

store = Store()
calls = 0

def host():
    global calls
    calls += 1

instance = Instance(store, Module(store.engine, '''(module (import "h" "f" (func $f)) (func (export "f") (param i32)
  (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (call $f) (call $f)))'''), [Function(store, FunctionType(), host)])
run = instance.function("f")

def alarm(number, frame):
    raise TimeoutError("in time")

if sys.argv[1] == "SIGALRM":
    signal.signal(signal.SIGALRM, alarm)
ended = 0
for round in range(4):
    # The signal comes while Wasm code runs, and its handler runs as soon as Python does.
    threading.Timer(0.02, os.kill, (os.getpid(), getattr(signal, sys.argv[1]))).start()
    try:
        run(60_000_000)
        time.sleep(0.5)
        print("too early")
    except BaseException as error:
        ended += 1
        print(type(error).__name__, error)
assert ended == 4
run(5)
print(calls)
"""


@pytest.mark.parametrize(
    "name, error", [("SIGINT", "KeyboardInterrupt "), ("SIGALRM", "Trap a host function was interrupted before it began")]
)
def test_signals(name, error):
    environment = dict(os.environ, PYTHONPATH=str(Path(cannery.__file__).parents[1]))
    result = subprocess.run([sys.executable, "-c", PROGRAM, name], env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    # A host function that had begun raises as usual, and the handler's exception is the cause.
    assert lines[:-1] == [error] * 4 and lines[-1] == "2", result.stdout
