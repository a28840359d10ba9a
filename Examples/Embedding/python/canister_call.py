"""A canister in the built-in runtime: it is made, gets its code, and is called.

python canister_call.py canister-call.wat
"""

import sys

import cannery
from cannery.canister import Outcome, Runtime


def show(method: str, outcome: Outcome) -> None:
    """Prints the reply as Candid text, or why there is none."""
    if outcome.is_reply:
        print(f"{method}: {outcome.reply_text}")
    else:
        # The first line tells what happened; others may say where.
        print(f"{method}: {outcome.error_name} {(outcome.message or '').splitlines()[0]}")


def main(path: str) -> None:
    runtime = Runtime()
    # An empty canister, with the cycles that a local network gives.
    canister = runtime.create()
    with open(path, "rb") as file:
        runtime.install(canister, file.read()).check()

    show("increment", runtime.call(canister, "increment"))
    second = runtime.call(canister, "increment")
    show("increment", second)
    # A message that fails leaves no trace …
    show("fail", runtime.call(canister, "fail"))
    # … so that a query sees what was there before.
    show("get", runtime.query(canister, "get"))
    print(f"instructions of the second increment: {second.activity.instructions}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: canister_call.py MODULE")
    try:
        main(sys.argv[1])
    except (cannery.CanneryError, OSError) as error:
        sys.exit(f"canister_call: {error}")
