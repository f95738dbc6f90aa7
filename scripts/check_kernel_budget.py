#!/usr/bin/env python3
"""Counts the instructions that the scan kernels execute for one vector of hashes, and compares them with budgets.

    scripts/check_kernel_budget.py BUILD_DIR     a build without sanitizers

A compiler that spills registers or loses an instruction shows here, whatever the machine. Budgets are in
core/kernel_budget.txt. Loops are found by their backward jumps. The hot loop hashes one or two vectors a turn; the
budget's line gives the turns of the loops in it, in the order of the code.
"""
import pathlib
import platform
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUDGETS = ROOT / "core/kernel_budget.txt"
LEAST = 100  # instructions in a loop of rounds; hits are handled in smaller ones
STALE = 0.9  # a count this far below its budget says that the budget no longer guards anything

INSTRUCTION = re.compile(r"\s+([0-9a-f]+):\s+(\S+)\s*(.*)")
X86_JUMP = re.compile(r"j[a-z]+")
ARM_JUMP = re.compile(r"b|b\.[a-z]+|cbn?z|tbn?z")


def disassemble(path):
    """The object's machine and its code as (address, mnemonic, operands)."""
    header = subprocess.run(["readelf", "-h", path], check=True, capture_output=True, text=True).stdout
    machine = "aarch64" if "AArch64" in header else "x86-64"
    objdump = "objdump"
    if machine == "aarch64" != platform.machine():
        objdump = "aarch64-linux-gnu-objdump"
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", path], check=True, capture_output=True, text=True).stdout
    code = [(int(m[1], 16), m[2], m[3]) for m in map(INSTRUCTION.match, text.splitlines()) if m]
    return machine, code


def find_loops(path):
    """The machine, and loops as (first, last) indices of instructions; several jumps to one place are one loop."""
    machine, code = disassemble(path)
    jump = ARM_JUMP if machine == "aarch64" else X86_JUMP
    index = {address: i for i, (address, _, _) in enumerate(code)}
    loops = {}
    for i, (_, mnemonic, operands) in enumerate(code):
        target = re.search(r"(?:^|\s|,)([0-9a-f]+) <", operands) if jump.fullmatch(mnemonic) else None
        start = index.get(int(target[1], 16)) if target else None
        if start is not None and start < i:
            loops[start] = max(i, loops.get(start, 0))
    return machine, [(a, b) for a, b in sorted(loops.items()) if b - a + 1 >= LEAST]


def inner_loops(loop, loops):
    """The loops directly in `loop`."""
    a, b = loop
    inside = [(x, y) for x, y in loops if a <= x and y <= b and (x, y) != loop]
    return [(x, y) for x, y in inside if not any(p <= x and y <= q and (p, q) != (x, y) for p, q in inside)]


def count(loops, turns, vectors):
    """Instructions a vector, or None when no loop looks like the hot one. The smallest that does is it."""
    fitting = []
    for loop in loops:
        inner = inner_loops(loop, loops)
        if len(inner) == len(turns) and not any(inner_loops(x, loops) for x in inner):
            size = loop[1] - loop[0] + 1
            for (x, y), times in zip(inner, turns):
                size += (y - x + 1) * (times - 1)
            fitting.append(size / vectors)
    return min(fitting, default=None)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: check_kernel_budget.py BUILD_DIR")
    faults = checked = 0
    budgets = {}
    for line in BUDGETS.read_text().splitlines():
        if line and not line.startswith("#"):
            machine, name, budget, vectors, *turns = line.split()
            budgets[machine, name] = (int(budget), int(vectors), [int(n) for n in turns])
    for path in sorted(pathlib.Path(sys.argv[1]).glob("core/**/scan_*.cpp.o")):
        name = path.name[len("scan_") : -len(".cpp.o")]
        machine, loops = find_loops(path)
        if (machine, name) not in budgets:
            print(f"{name}: no budget in {BUDGETS.relative_to(ROOT)}", file=sys.stderr)
            faults += 1
            continue
        budget, vectors, turns = budgets[machine, name]
        got = count(loops, turns, vectors)
        checked += 1
        if got is None:
            print(f"{name}: no loop with {len(turns)} loops in it: the code has another shape now", file=sys.stderr)
            faults += 1
        else:
            print(f"{name}: {got:.0f} instructions for a vector of hashes, budget {budget}")
            if got > budget:
                print(f"{name}: over its budget", file=sys.stderr)
                faults += 1
            if got < STALE * budget:
                print(f"{name}: far below its budget, which should follow", file=sys.stderr)
                faults += 1
    if not checked:
        sys.exit(f"no kernels in {sys.argv[1]}")
    sys.exit(1 if faults else 0)


main()
