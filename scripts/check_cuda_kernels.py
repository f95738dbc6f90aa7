#!/usr/bin/env python3
"""Checks the machine code of the CUDA kernels: instructions a hash, registers, spills, constants, GPUs served.

    scripts/check_cuda_kernels.py BUILD_DIR [BUDGETS]     a build with CUDA; no GPU is needed

cuda/kernel_budget.txt says which kernels there are, for which GPUs, and what they may cost. A GPU that this toolkit
does not know may be missing.

NVIDIA documents neither the objects nor the instructions; what is used here holds from 7.5 to 12.0. The section
.nv_fatbin of an object has an ELF file for each architecture, and PTX. An instruction has 16 bytes and begins with 12
bits of opcode: the low 9 say what it does, the others where its operands are.
"""
import dataclasses
import pathlib
import re
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUDGETS = ROOT / "cuda/kernel_budget.txt"
LEAST = 1000  # instructions in a loop that hashes
STALE = 0.95  # a count this far below its budget says that the budget no longer guards anything
BATCH = 32  # nonces a batch where a lane is a version: each lane makes one nonce's schedule for all

FACTORS = struct.pack("<4I", 1, 1 << 29, 1 << 22, 1 << 30)  # what the compiler must not know: cuda/form.h

# Opcodes below VECTOR_END are arithmetic on lanes: multiplications by the FMA pipe, all others by the ALU pipe.
MULTIPLICATIONS = {0x024, 0x025, 0x027}  # IMAD, IMAD.WIDE, IMAD.HI
VECTOR_END = 0x080
CONTROL = range(0x140, 0x160)
CALL, BRANCH, EXIT = 0x144, 0x147, 0x14D  # the assembler calls where a branch would do, and never returns
NO_JUMP = {0x141, 0x145, 0x155}  # BSYNC, BSSY, BMOV: which lanes go on together
ATOMICS = {0x1A8, 0x1A9, 0x18E}  # ATOMG, ATOMG.CAS, RED
LOCAL = {0x183, 0x187}  # LDL, STL

NAME = re.compile(r"scan_(versions|nonces)ILN\w*?4FormE(\d+)ELj(\d+)E")


class Unreadable(Exception):
    """The machine code is not what this script knows."""


@dataclasses.dataclass
class Kernel:
    variant: str  # as name_of in cuda/variant.h says it
    most_registers: int
    registers: int
    frame: int
    code: bytes


@dataclasses.dataclass
class Instruction:
    does: int
    target: int | None = None  # where it jumps to
    goes_on: bool = True  # to the next one, perhaps


# --- the files ---


class Elf:
    def __init__(self, image):
        if image[:4] != b"\x7fELF":
            raise Unreadable("machine code that is compressed, or no ELF file")
        (table,) = struct.unpack_from("<Q", image, 0x28)
        size, count, names = struct.unpack_from("<3H", image, 0x3A)
        headers = [struct.unpack_from("<IIQQQQ", image, table + i * size) for i in range(count)]
        self.contents = [image[start : start + length] for *_, start, length in headers]
        self.sections = dict(zip((string_at(self.contents[names], h[0]) for h in headers), self.contents))

    def symbols(self):
        """(name, number of its section, address, size) of each."""
        for name, _, _, section, address, size in struct.iter_unpack("<IBBHQQ", self.sections[".symtab"]):
            yield string_at(self.sections[".strtab"], name), section, address, size


def string_at(table, start):
    return table[start : table.index(b"\0", start)].decode()


def fatbin_entries(data):
    """(is machine code, architecture, contents) of each entry of a section .nv_fatbin."""
    at = 0
    while at < len(data):
        magic, _, header, length = struct.unpack_from("<IHHQ", data, at)
        if magic != 0xBA55ED50:
            raise Unreadable(f".nv_fatbin: no header at {at}")
        at, end = at + header, at + header + length
        while at < end:
            kind, _, header, length = struct.unpack_from("<HHIQ", data, at)
            (architecture,) = struct.unpack_from("<I", data, at + 28)
            yield kind == 2, architecture, data[at + header : at + header + length]
            at += header + length


def attribute(info, wanted):
    """An attribute in a section .nv.info: the value for each symbol's number."""
    values, at = {}, 0
    while at < len(info):
        form, name, size = struct.unpack_from("<BBH", info, at)
        at += 4
        if form == 4:  # the others' value is where this one has its size
            if name == wanted:
                symbol, value = struct.unpack_from("<II", info, at)
                values[symbol] = value
            at += size
    return values


def form_names():
    """The enumerators of Form, in order."""
    body = re.search(r"enum class Form [^{]*{(.*?)}", (ROOT / "cuda/form.h").read_text(), re.S)[1]
    return re.findall(r"(\w+),", re.sub("//.*", "", body))


def read_cubin(image):
    """Its kernels and gpu_factors."""
    elf, forms = Elf(image), form_names()
    info = elf.sections[".nv.info"]
    registers, frames = attribute(info, 0x2F), attribute(info, 0x11)
    kernels, factors = [], b""
    for number, (name, section, address, size) in enumerate(elf.symbols()):
        if "gpu_factors" in name:
            factors = elf.contents[section][address : address + size]
        if number in registers:
            found = NAME.search(name)
            if not found:
                raise Unreadable(f"a kernel of another name: {name}")
            layout, form, most = found[1], forms[int(found[2])], int(found[3])
            code = elf.sections[f".text.{name}"]
            kernels.append(Kernel(f"{layout}-{form}-{most}", most, registers[number], frames[number], code))
    return kernels, factors


# --- the instructions ---


def decode(code, architecture):
    instructions = []
    for i, (low, high) in enumerate(struct.iter_unpack("<QQ", code)):
        instruction = Instruction(low & 0x1FF)
        if instruction.does in (BRANCH, CALL):
            # How many 4 bytes from the next instruction on, signed, at bit 34; from 9.0 on, its low byte is at bit 16.
            offset = struct.unpack("<i", struct.pack("<I", low >> 32))[0] >> 2
            if architecture >= 90:
                offset = offset << 8 | low >> 16 & 0xFF
            instruction.target = i + 1 + offset // 4
            if not 0 <= instruction.target < len(code) // 16:
                raise Unreadable(f"instruction {i} jumps out of the kernel")
        elif instruction.does in CONTROL and instruction.does != EXIT and instruction.does not in NO_JUMP:
            raise Unreadable(f"instruction {i} has the unknown opcode {low & 0xFFF:#x}")
        if instruction.does in (BRANCH, CALL, EXIT):
            instruction.goes_on = low >> 12 & 0xF != 7 or high >> 23 & 0x1F != 7  # a predicate is not "true"
        instructions.append(instruction)
    return instructions


def reach(start, edges, within):
    """What can be reached from `start` along `edges` without leaving `within`."""
    seen, todo = set(), list(start)
    while todo:
        node = todo.pop()
        if node in within and node not in seen:
            seen.add(node)
            todo += edges[node]
    return seen


@dataclasses.dataclass
class Loop:
    members: set  # all that lies on a way around it
    usual: set  # what lies on a way without an atomic operation: hits are rare


def find_loops(instructions):
    """The loops that hash, the smallest first. A hit's code may lie outside of them, so branches are followed."""
    everything = set(range(len(instructions)))
    after = [[] for _ in instructions]
    before = [[] for _ in instructions]
    backward = {}
    for i, instruction in enumerate(instructions):
        after[i] = [i + 1] if instruction.goes_on and i + 1 < len(instructions) else []
        if instruction.target is not None:
            after[i].append(instruction.target)
            if instruction.target <= i:
                backward.setdefault(instruction.target, []).append(i)
        for j in after[i]:
            before[j].append(i)
    common = everything - {i for i in everything if instructions[i].does in ATOMICS}
    loops = []
    for head, ends in backward.items():
        members = reach(ends, before, everything - {head}) | {head}
        if len(members) >= LEAST and (0 not in members or head == 0):  # else it can be entered elsewhere
            usual = reach([head], after, members & common) & reach(ends, before, members & common)
            loops.append(Loop(members, usual))
    return sorted(loops, key=lambda loop: len(loop.members))


def count(instructions, indices):
    """(for the ALU pipe, all) among those instructions."""
    lanes = [i for i in indices if instructions[i].does < VECTOR_END]
    return sum(instructions[i].does not in MULTIPLICATIONS for i in lanes), len(indices)


def count_per_hash(instructions, layout):
    """(for the ALU pipe, all) that a lane executes for one hash."""
    loops = find_loops(instructions)
    if len(loops) != 2 or not loops[0].members < loops[1].members:
        raise Unreadable("no loop over nonces in a loop over batches: the code has another shape now")
    inner, outer = loops
    alu, total = count(instructions, inner.usual)
    if layout == "versions":
        batch_alu, batch_total = count(instructions, outer.usual - inner.members)
        alu, total = alu + batch_alu / BATCH, total + batch_total / BATCH
    return alu, total


# --- the checks ---


def read_budgets(path):
    """(architecture, variant) -> (for the ALU pipe, all)."""
    budgets = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            architectures, variant, alu, total = line.split()
            for architecture in architectures.split(","):
                budgets[int(architecture), variant] = int(alu), int(total)
    return budgets


def known_architectures(build):
    """What the build's nvcc can make machine code for."""
    nvcc = re.search(r"^CMAKE_CUDA_COMPILER:\w+=(/.*)", (build / "CMakeCache.txt").read_text(), re.M)
    if not nvcc:
        sys.exit(f"{build} is built without CUDA")
    listed = subprocess.run([nvcc[1], "--list-gpu-arch"], check=True, capture_output=True, text=True).stdout
    return {int(number) for number in re.findall(r"compute_(\d+)", listed)}


def check_kernel(kernel, architecture, budget):
    """Its faults."""
    if kernel.registers > kernel.most_registers:
        yield f"{kernel.registers} registers"
    if kernel.frame:
        yield f"spills: {kernel.frame} bytes of stack"
    try:
        instructions = decode(kernel.code, architecture)
        if any(instruction.does in LOCAL for instruction in instructions):
            yield "reads or writes local memory"
        alu, total = count_per_hash(instructions, kernel.variant.split("-")[0])
    except Unreadable as error:
        yield str(error)
        return
    print(f"{architecture} {kernel.variant}: {alu:.0f} instructions for the ALU pipe, {total:.0f} in all, "
          f"budgets {budget[0]} and {budget[1]}; {kernel.registers} registers")
    if alu > budget[0] or total > budget[1]:
        yield "over its budget"
    if alu < STALE * budget[0] or total < STALE * budget[1]:
        yield "far below its budget, which should follow"


def check_object(path, budgets, seen):
    """Its faults; adds to `seen` what kernels there are, as (architecture, variant)."""
    has_ptx = False
    for is_code, architecture, contents in fatbin_entries(Elf(path.read_bytes()).sections[".nv_fatbin"]):
        if not is_code:
            has_ptx = True
            continue
        kernels, factors = read_cubin(contents)
        if factors != FACTORS:
            yield f"{architecture}: gpu_factors has other values"
        for kernel in kernels:
            key = architecture, kernel.variant
            seen.add(key)
            faults = check_kernel(kernel, architecture, budgets[key]) if key in budgets else ["no budget"]
            yield from (f"{architecture} {kernel.variant}: {fault}" for fault in faults)
    if not has_ptx:
        yield "no PTX for newer GPUs"


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: check_cuda_kernels.py BUILD_DIR [BUDGETS]")
    build = pathlib.Path(sys.argv[1])
    budgets = read_budgets(pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else BUDGETS)
    known = known_architectures(build)
    faults, seen = [], set()
    for path in sorted(build.glob("cuda/CMakeFiles/ebb_cuda_*_kernels_*.dir/*.cu.o")):
        try:
            faults += (f"{path.name}: {fault}" for fault in check_object(path, budgets, seen))
        except Unreadable as error:
            faults.append(f"{path.name}: {error}")
    for architecture, variant in budgets:
        if architecture in known and (architecture, variant) not in seen:
            faults.append(f"{architecture} {variant}: no such kernel")
    for fault in faults:
        print(fault, file=sys.stderr)
    sys.exit(1 if faults else 0)


main()
