"""Runs one end-to-end case: `python3 run.py CASE`; `--list` prints the names that cases.txt holds.

Exit 0: passed. 1: failed, with the reason on stderr. 77: skipped, with a line `skipped: why`.
"""

import asyncio
import importlib
import os
import sys
import traceback

sys.dont_write_bytecode = True  # keeps the source folder clean
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import ebb  # noqa: E402 (after the path)

SKIPPED = 77


def names():
    """The cases, in the order of cases.txt."""
    with open(os.path.join(HERE, "cases.txt"), encoding="utf-8") as lines:
        return [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]


def run_case(name):
    """The exit code of one case."""
    module = importlib.import_module("cases." + name.replace("-", "_"))
    try:
        result = module.run()
        if asyncio.iscoroutine(result):
            asyncio.run(result)
    except ebb.Skip as why:
        print(f"skipped: {why}")
        return SKIPPED
    except ebb.Failure as why:
        print(f"FAILED {name}: {why}", file=sys.stderr)
        return 1
    except Exception:  # an error of the test itself is a failure too
        traceback.print_exc()
        return 1
    print(f"passed: {name}")
    return 0


def main(arguments):
    if arguments == ["--list"]:
        print("\n".join(names()))
        return 0
    if len(arguments) != 1 or arguments[0] not in names():
        print(f"usage: run.py --list | CASE, one of: {', '.join(names())}", file=sys.stderr)
        return 2
    return run_case(arguments[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
