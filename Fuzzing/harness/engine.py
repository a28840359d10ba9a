"""A driver as the harness sees it: a process that answers requests, and is started again when it ends."""

import json
import os
import select
import signal
import subprocess


class Crash(Exception):
    """The driver ended; the text says how."""


class Hang(Exception):
    """The driver did not answer in time."""


class Engine:
    def __init__(self, name: str, command: list[str], environment: dict[str, str] | None = None, patience: float = 60):
        self.name = name
        self.command = command
        self.environment = environment
        # Seconds to wait for an answer.
        self.patience = patience
        self.process: subprocess.Popen | None = None
        self.buffer = b""

    def request(self, name: str, **parameters) -> dict:
        """Sends a request and waits for the answer. Raises a `Crash` or a `Hang`."""
        if self.process is None:
            self.buffer = b""
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=os.environ | (self.environment or {}))
        try:
            self.process.stdin.write(json.dumps({name: parameters}).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise self.ended(name) from None
        while b"\n" not in self.buffer:
            if not select.select([self.process.stdout], [], [], self.patience)[0]:
                self.process.kill()
                self.close()
                raise Hang(f"{self.name} did not answer '{name}' within {self.patience:.0f} s")
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            if not more:
                raise self.ended(name)
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def ended(self, request: str) -> Crash:
        # Standard error is read only now: drivers write little there, which the pipe holds.
        messages = self.process.stderr.read().decode(errors="replace").strip().splitlines()
        code = self.process.wait()
        self.close()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return Crash("\n  ".join([f"{self.name} ended with {how} at '{request}'"] + messages[-12:]))

    def close(self) -> None:
        if self.process is None:
            return
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                pass
        self.process.wait()
        self.process = None
