"""One module on both engines, step by step, compared after each.

Cannery runs it twice, in two configurations that may not differ in anything: neither in results nor in the instructions
counted. Where an engine ran out of fuel or stack, the other one's results mean nothing, and what memories and globals hold
neither: all instances are made anew then. Configurations of Cannery must agree even there.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from . import mixes
from .engine import Crash, Engine, Hang

LIMITS = {"memoryPages": 24, "tableElements": 1000, "hostCalls": 100}
# Wasmtime's fuel for one call: about an operator each.
FUEL = 100_000
# Cannery's instructions where wasmtime came to an end: only charges by length (policy icp) can need that many.
AMPLE = 1_000_000_000
# Calls for each module.
CALLS = 40

INCOMPARABLE = ("out-of-instructions", "call-stack-exhausted")
# Kinds of traps that wasmtime does not tell apart.
COARSE = {"undefined-element": "out-of-bounds-table-access", "null-function-reference": "null-reference"}


class Mismatch(Exception):
    """The engines differ: in what kind of way, which minimising keeps the same, and how."""


@dataclass
class Outcome:
    counts: Counter = field(default_factory=Counter)
    # How the engines differ, if they do, in a word, and in detail.
    failure: str | None = None
    detail: str = ""


class Comparison:
    def __init__(self, reference: Engine, engines: list[Engine]):
        self.reference = reference
        # Both Cannery.
        self.engines = engines

    def run(self, path: Path, mix: mixes.Mix, seed: int, is_careful: bool = False, trace=lambda text: None) -> Outcome:
        """Compares on the module in the file `path`. `is_careful` looks at the state after every call."""
        outcome = Outcome()
        run = Run(self, path, mix, seed, outcome.counts, is_careful, trace)
        try:
            if mix.is_damaged:
                run.compare_verdicts()
            else:
                run.compare_executions()
        except Mismatch as mismatch:
            outcome.failure, outcome.detail = mismatch.args
        except Crash as crash:
            outcome.failure, outcome.detail = "crash", str(crash)
        except Hang as hang:
            outcome.failure, outcome.detail = "hang", str(hang)
        return outcome


class Run:
    """The comparison on one module."""

    def __init__(self, comparison: Comparison, path, mix, seed, counts: Counter, is_careful: bool, trace):
        self.reference = comparison.reference
        self.engines = comparison.engines
        self.path = path
        self.mix = mix
        self.counts = counts
        self.is_careful = is_careful
        self.trace = trace
        self.source = random.Random(f"{mix.name}/{seed}/calls")
        self.metering = self.source.choice(["icp", "operators", "none"])
        tracking = self.source.choice([False, True])
        self.slice = self.source.choice([0, 0, 0, 1, 50, 5000])
        self.configurations = [
            {"isOptimized": True, "metering": self.metering, "tracksWrites": tracking, "slice": 0},
            {"isOptimized": False, "metering": self.metering, "tracksWrites": not tracking, "slice": self.slice},
        ]
        trace(f"configurations: {self.configurations}")

    # Verdicts.

    def open_all(self) -> list[dict]:
        """The answers of Cannery, which are the same in both configurations."""
        replies = [
            engine.request(
                "open", path=str(self.path), features=self.mix.features, configuration=configuration, limits=LIMITS)
            for engine, configuration in zip(self.engines, self.configurations)
        ]
        self.agree("verdict", "open", replies)
        return replies

    def compare_verdicts(self) -> None:
        reply = self.open_all()[0]
        is_valid, reason = mixes.is_valid(self.path.read_bytes(), self.mix.features)
        self.trace(f"wasm-tools: {is_valid} {reason}\ncannery: {reply}")
        self.counts["valid" if is_valid else "invalid"] += 1
        if reply["outcome"] == "limit":
            self.counts["beyond limits"] += 1
        elif (reply["outcome"] != "invalid") != is_valid:
            raise Mismatch(
                "verdict", f"wasm-tools: {'valid' if is_valid else reason}\ncannery: {reply.get('detail', 'valid')}")

    # Executions.

    def compare_executions(self) -> None:
        reply = self.open_all()[0]
        expected = self.reference.request(
            "open", path=str(self.path), features=self.mix.features, configuration={}, limits=LIMITS)
        self.trace(f"open: {expected}\n  {reply}")
        if reply["outcome"] == "unsupported" and expected["outcome"] == "ok":
            self.counts["unsupported"] += 1
            return
        self.require("verdict", "open", expected, reply)
        if expected["outcome"] != "ok":
            self.counts["refused"] += 1
            return
        if not self.instantiate():
            return
        functions = [number for number, name in enumerate(expected["exports"]) if "->" in name]
        calls = functions * 3
        self.source.shuffle(calls)
        for export in calls[:CALLS]:
            arguments = self.arguments(expected["exports"][export], functions)
            if arguments is None:
                self.counts["calls without arguments to give"] += 1
            elif not self.call(export, arguments) and not self.instantiate():
                return
        self.compare_state("at the end")

    def instantiate(self) -> bool:
        """Makes new instances. Returns whether there are any to go on with."""
        expected = self.reference.request("instantiate", fuel=FUEL)
        replies = self.on_all("instantiate", expected)
        if replies is None:
            return False
        self.trace(f"instantiate: {expected}\n  {replies[0]}")
        self.agree("instantiation", "instantiate", replies)
        if replies[0]["outcome"] == "unsupported":
            self.counts["unsupported"] += 1
            return False
        if self.is_incomparable(expected, replies[0]):
            return False
        self.require("instantiation", "instantiate", expected, replies[0])
        self.counts[f"instances: {expected['outcome']}"] += 1
        if expected["outcome"] != "ok":
            return False
        self.compare_state("after instantiation")
        return True

    def call(self, export: int, arguments: list[str]) -> bool:
        """Calls an export. Returns whether to go on with the same instances.

        Not after `unreachable`: it may mean that the counter is at its end with which `smith --ensure-termination` limits
        the number of steps, and then every call would trap at once.
        """
        what = f"call of export {export} with {arguments}"
        expected = self.reference.request("call", export=export, arguments=arguments, fuel=FUEL)
        replies = self.on_all("call", expected, export=export, arguments=arguments)
        self.counts["calls"] += 1
        if replies is None:
            return False
        self.trace(f"{what}: {expected}\n  {replies[0]}")
        self.agree("call", what, replies)
        if self.is_incomparable(expected, replies[0]):
            return False
        self.require("call", what, expected, replies[0])
        self.counts["results" if expected["outcome"] == "ok" else f"trap: {expected['detail']}"] += 1
        self.counts["host calls"] += len(expected["hostCalls"])
        is_over = expected.get("detail") == "unreachable"
        if self.is_careful or is_over:
            self.compare_state(f"after {what}")
        return not is_over

    def on_all(self, request: str, expected: dict, **parameters) -> list[dict] | None:
        """Cannery's answers to what wasmtime answered with `expected`; None where it would run without end."""
        if expected.get("detail") not in INCOMPARABLE:
            return [engine.request(request, fuel=AMPLE, **parameters) for engine in self.engines]
        if self.metering == "none":
            self.counts[expected["detail"]] += 1
            return None
        replies = []
        for engine, configuration in zip(self.engines, self.configurations):
            undoes = request == "call" and configuration["tracksWrites"]
            before = engine.request("state") if undoes else None
            reply = engine.request(request, fuel=FUEL, **parameters)
            if undoes and reply.get("detail") == "out-of-instructions":
                self.require_undone(before["state"], engine.request("state")["state"])
            replies.append(reply)
        if replies[0].get("detail") == "out-of-instructions" and self.slice > 0:
            # The one in slices goes on to the end of its last slice.
            self.counts["out-of-instructions"] += 1
            return None
        return replies

    def require_undone(self, before: list[str], after: list[str]) -> None:
        """Where writes are tracked, an execution that is given up leaves memories and globals as they were."""
        self.counts["undone"] += 1
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            if old != new and not old.startswith("table"):
                raise Mismatch("undoing", f"item {number} of the state is {new} after an execution given up, was {old}")

    def is_incomparable(self, expected: dict, reply: dict) -> bool:
        """Whether an engine came to a limit of its own."""
        for one in (expected, reply):
            if one["outcome"] == "trap" and one["detail"] in INCOMPARABLE:
                if one is reply and one["detail"] == "out-of-instructions" and self.metering == "operators":
                    if expected.get("detail") not in INCOMPARABLE:
                        raise Mismatch("call", f"cannery runs without end where wasmtime gives {expected}")
                self.counts[one["detail"]] += 1
                return True
        return False

    def compare_state(self, when: str) -> None:
        expected = self.reference.request("state")
        replies = [engine.request("state") for engine in self.engines]
        self.agree("state", f"state {when}", replies)
        self.counts["states"] += 1
        for number, (wanted, found) in enumerate(zip(expected["state"], replies[0]["state"], strict=True)):
            if wanted != found:
                raise Mismatch("state", f"{when}, item {number} of the state:\nwasmtime: {wanted}\ncannery: {found}")

    # Judging.

    def agree(self, kind: str, what: str, replies: list[dict]) -> None:
        """Both configurations must answer the same."""
        for reply in replies:
            if reply["outcome"] == "broken":
                raise Mismatch("broken", f"{what}: {reply['detail']}")
        if replies[0] != replies[1]:
            lines = [f"{one}: {reply}" for one, reply in zip(self.configurations, replies)]
            raise Mismatch(f"{kind} by configuration", "\n".join([f"{what}:"] + lines))

    def require(self, kind: str, what: str, expected: dict, reply: dict) -> None:
        """Cannery must answer as wasmtime did, but for what wasmtime does not say, or says in other words."""
        found = {name: reply.get(name) for name in expected}
        if expected["outcome"] == "trap" and reply["outcome"] == "trap":
            found["detail"] = COARSE.get(reply["detail"], reply["detail"])
        elif expected["outcome"] == reply["outcome"]:
            found["detail"] = expected.get("detail")
        if expected["outcome"] == "broken":
            raise Mismatch("broken", f"{what}: wasmtime's driver: {expected['detail']}")
        if found != expected | {"detail": expected.get("detail")} and found != expected:
            raise Mismatch(kind, f"{what}:\nwasmtime: {expected}\ncannery: {reply}")

    # Arguments.

    def arguments(self, signature: str, functions: list[int]) -> list[str] | None:
        """Arguments for a function, of many kinds; None where it wants what hosts do not have."""
        kinds = signature.split("->")[0].split()
        if "reference" in kinds:
            return None
        return [self.argument(kind, functions) for kind in kinds]

    def argument(self, kind: str, functions: list[int]) -> str:
        source = self.source
        match kind:
            case "funcref":
                return f"funcref:{source.choice(['null'] + functions)}"
            case "externref":
                return f"externref:{source.choice(['null', 1, 2, 3])}"
            case "v128":
                return f"v128:{self.bits(64, source.choice(['i', 'f'])):016x}{self.bits(64, 'i'):016x}"
        width = int(kind[1:])
        return f"{kind}:{self.bits(width, kind[0]):0{width // 4}x}"

    def bits(self, width: int, kind: str) -> int:
        """Bits of a number: those at the borders of the type, small ones, or any."""
        source = self.source
        mask = (1 << width) - 1
        if kind == "f" and source.random() < 0.7:
            exponent, fraction = (8, 23) if width == 32 else (11, 52)
            special = (1 << exponent) - 1 << fraction
            half = (1 << exponent - 1) - 1
            # Zero, subnormal, infinity, NaNs, one, and powers of two around the borders of integers.
            power = half + source.choice([0, -1, 1, 7, 15, 16, 30, 31, 32, 33, 52, 53, 62, 63, 64, 65])
            chosen = source.choice([
                0, 1, special, special | 1 << fraction - 1, special | 1, special | source.getrandbits(fraction),
                power << fraction, (power << fraction) - 1, (power << fraction) + 1,
                power << fraction | source.getrandbits(fraction),
            ])
            return chosen & mask | source.getrandbits(1) << width - 1
        match source.randrange(4):
            case 0:
                return source.choice([0, 1, 2, mask, mask - 1, 1 << width - 1, (1 << width - 1) - 1, 0x10000, 0xFFFF])
            case 1:
                return source.randrange(0, 1 << source.choice([4, 8, 16]))
            case 2:
                return -source.randrange(0, 1 << source.choice([4, 8, 16])) & mask
            case _:
                return source.getrandbits(width)
