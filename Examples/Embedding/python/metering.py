"""Counts instructions as the Internet Computer does, and limits them.

python metering.py metering.wat
"""

import sys

import cannery


def main(path: str) -> None:
    engine = cannery.Engine(metering=cannery.Metering.ICP)
    instance = cannery.Instance(cannery.Store(engine), cannery.Module.from_file(engine, path))
    factorial = instance.function("factorial")

    # An execution is a call that can be limited, stopped and resumed.
    with cannery.Execution(factorial, 20, instructions=1_000_000) as execution:
        execution.run()
        print(f"factorial(20) = {execution.result}")
        print(f"instructions: {execution.instructions}")

    # It could be resumed with more; closed, it is as if it had been stopped here for good.
    with cannery.Execution(factorial, 20, instructions=50) as execution:
        if execution.run() is cannery.State.OUT_OF_INSTRUCTIONS:
            print("with 50 instructions: out of instructions")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: metering.py MODULE")
    try:
        main(sys.argv[1])
    except (cannery.CanneryError, OSError) as error:
        sys.exit(f"metering: {error}")
