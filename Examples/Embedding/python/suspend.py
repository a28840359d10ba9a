"""Executions that stop and go on: by slices of instructions, and where the host answers later. No thread waits.

python suspend.py suspend.wat
"""

import sys

import cannery


def main(path: str) -> None:
    engine = cannery.Engine(metering=cannery.Metering.ICP)
    linker = cannery.Linker(cannery.Store(engine))
    # The question of the guest that waits.
    questions = []

    @linker.function("host", "ask", cannery.FunctionType(["i32"], ["i32"]), access_caller=True)
    def ask(caller: cannery.Caller, question: int) -> cannery.Suspend:
        questions.append(question)
        return caller.suspend()

    instance = linker.instantiate(cannery.Module.from_file(engine, path))

    with cannery.Execution(instance.function("count"), 10_000, instructions=10_000) as execution:
        state, slices = execution.run(), 1
        while state is cannery.State.OUT_OF_INSTRUCTIONS:
            # Here others could take their turn.
            state, slices = execution.resume(10_000), slices + 1
        print(f"count(10000) = {execution.result} in {slices} slices")

    with cannery.Execution(instance.function("product")) as execution:
        if execution.run() is not cannery.State.WAITING:
            raise RuntimeError("the guest asks nothing")
        print(f"the guest asks: {questions[0]}")
        # Later, on any thread.
        execution.resume_host(7)
        print(f"product() = {execution.result}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: suspend.py MODULE")
    try:
        main(sys.argv[1])
    except (cannery.CanneryError, OSError) as error:
        sys.exit(f"suspend: {error}")
