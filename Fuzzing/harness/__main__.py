"""Compares many modules, or one; see `tools/fuzz --help`."""

import argparse
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from . import mixes
from .comparison import Comparison, Outcome
from .engine import Engine

HARNESS = Path(__file__).parent
FAILURES = Path(".build-fuzz/failures")


def main() -> int:
    options = read_options()
    if options.shrink:
        return shrink(options)
    if options.module or options.seed is not None and options.mix and options.count is None:
        return run_one(options)
    return run_many(options)


def read_options() -> argparse.Namespace:
    names = [mix.name for mix in mixes.MIXES]
    parser = argparse.ArgumentParser(
        prog="tools/fuzz",
        description="Executes generated modules on Cannery and on wasmtime, and compares what they do.",
        epilog=f"mixes: {', '.join(names)}")
    parser.add_argument("--driver", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, help="how many modules (300, over all mixes in turn)")
    parser.add_argument("--seed", type=int, help="the first seed (0); without --count, with --mix: that module alone")
    parser.add_argument("--mix", choices=names, metavar="MIX", help="the one mix to take modules from")
    parser.add_argument("--module", type=Path, metavar="FILE",
                        help="executes this module as if --mix and --seed had made it")
    parser.add_argument("--expect", metavar="KIND", help="succeeds only if the engines differ in this way")
    parser.add_argument("--shrink", action="store_true",
                        help="makes the module of --mix and --seed, on which the engines differ, smaller")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many modules at a time (one for each core)")
    parser.add_argument("--debug", action="store_true", help="runs a debug build of Cannery, with all internal checks")
    options = parser.parse_args()
    if (options.module or options.shrink) and (options.mix is None or options.seed is None):
        parser.error("--module and --shrink need --mix and --seed")
    return options


def mix_named(name: str) -> mixes.Mix:
    return next(mix for mix in mixes.MIXES if mix.name == name)


def make_comparison(driver: str, patience: float = 60) -> Comparison:
    environment = {"PYTHONPATH": str(HARNESS.parent)}
    reference = Engine("wasmtime", [sys.executable, "-m", "harness.wasmtime_driver"], environment, patience)
    engines = [Engine(f"cannery ({name})", [driver], patience=patience) for name in ("optimised", "plain")]
    return Comparison(reference, engines)


# One module


def run_one(options: argparse.Namespace) -> int:
    mix = mix_named(options.mix)
    path = options.module or save(mix, options.seed, mixes.generate(mix, options.seed))
    trace = print if options.expect is None else lambda text: None
    # Minimising tries many modules, of which most are small.
    patience = 60 if options.expect is None else 5
    outcome = make_comparison(options.driver, patience).run(path, mix, options.seed, is_careful=True, trace=trace)
    if options.expect is not None:
        return 0 if outcome.failure == options.expect else 1
    print(path)
    if outcome.failure is None:
        print(f"the same: {dict(outcome.counts)}")
        return 0
    print(f"DIFFERENT ({outcome.failure}): {outcome.detail}")
    return 1


def save(mix: mixes.Mix, seed: int, code: bytes) -> Path:
    FAILURES.mkdir(parents=True, exist_ok=True)
    path = FAILURES / f"{mix.name}-{seed}.wasm"
    path.write_bytes(code)
    return path


def shrink(options: argparse.Namespace) -> int:
    """Makes a module smaller on which the engines differ, as long as they differ in the same way."""
    mix = mix_named(options.mix)
    path = save(mix, options.seed, mixes.generate(mix, options.seed))
    failure = make_comparison(options.driver).run(path, mix, options.seed, is_careful=True).failure
    if failure is None:
        print(f"the engines do not differ on {path}")
        return 1
    predicate = path.with_suffix(".sh")
    predicate.write_text(
        "#!/bin/sh\n"
        f"exec '{sys.executable}' -m harness --driver '{options.driver}' --mix {mix.name} --seed {options.seed} "
        f"--expect '{failure}' --module \"$1\"\n")
    predicate.chmod(0o755)
    smaller = path.with_suffix(".small.wasm")
    subprocess.run([mixes.WASM_TOOLS, "shrink", predicate.resolve(), path, "-o", smaller], check=True)
    print(f"{path}: {path.stat().st_size} bytes\n{smaller}: {smaller.stat().st_size} bytes ({failure})")
    return 0


# Many modules

comparison: Comparison


def prepare_worker(driver: str) -> None:
    global comparison
    comparison = make_comparison(driver)


def run_case(case: tuple[str, int]) -> tuple[str, int, Outcome]:
    """Runs in a worker."""
    name, seed = case
    mix = mix_named(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "module.wasm"
        path.write_bytes(mixes.generate(mix, seed))
        outcome = comparison.run(path, mix, seed)
        if outcome.failure is not None:
            FAILURES.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, FAILURES / f"{name}-{seed}.wasm")
    return name, seed, outcome


def run_many(options: argparse.Namespace) -> int:
    chosen = [options.mix] if options.mix else [mix.name for mix in mixes.MIXES]
    count, first = options.count or 300, options.seed or 0
    cases = [(chosen[number % len(chosen)], first + number // len(chosen)) for number in range(count)]
    totals = {name: Counter() for name in chosen}
    failures = 0
    start = time.monotonic()
    with multiprocessing.Pool(options.jobs, prepare_worker, [options.driver]) as pool:
        for name, seed, outcome in pool.imap_unordered(run_case, cases):
            totals[name] += outcome.counts
            totals[name]["modules"] += 1
            if outcome.failure is not None:
                failures += 1
                report(name, seed, outcome, options.debug)
    for name in chosen:
        print(f"{name}: {summary(totals[name])}")
    everything = sum(totals.values(), Counter())
    print(f"all: {summary(everything)}; {time.monotonic() - start:.0f} s")
    print(f"{count - failures} passed, {failures} failed")
    return 1 if failures else 0


def report(name: str, seed: int, outcome: Outcome, is_debug: bool) -> None:
    command = f"tools/fuzz{' --debug' if is_debug else ''} --mix {name} --seed {seed}"
    print(
        f"DIFFERENT ({outcome.failure}): {outcome.detail}\n"
        f"  the module: {FAILURES}/{name}-{seed}.wasm\n  again: {command}\n  make it smaller: {command} --shrink",
        flush=True)


def summary(counts: Counter) -> str:
    modules = counts.get("modules", 0)
    rest = sorted((name, number) for name, number in counts.items() if name != "modules")
    return ", ".join([f"{modules} modules"] + [f"{number} {name}" for name, number in rest])


if __name__ == "__main__":
    sys.exit(main())
