#!/usr/bin/env python3
"""Fails when a folder includes what the design forbids: check_layers.py [ROOT]."""

import re
import sys
from pathlib import Path

# Whom each folder may include besides itself; what is missing here may include everything.
ALLOWED = {
    "core": set(),
    "cuda": {"core"},
    "throttle": {"core"},
    "sources": {"core", "throttle"},
    "stratum": {"core"},
    "stratum/server": {"core", "stratum"},
}
FOLDERS = ["core", "cuda", "throttle", "sources", "stratum/server", "stratum", "miner", "bench", "tests"]

# core is built from the C++ standard library alone (no dot, no slash in the name), the compiler's own headers
# and, where a clock or thread affinity asks for it, POSIX and Linux.
CORE_SYSTEM = re.compile(r"[a-z0-9_]+|\w*intrin\.h|arm_neon\.h|cpuid\.h|(pthread|sched|time|unistd)\.h|sys/\w+\.h")

# The one file of core that may see a package, for it is a library of its own (ebb_topology).
CORE_PACKAGES = {"core/cpu_topology.cpp": "hwloc.h"}

# Objects built for an instruction set must not emit code that others could be linked to, so they and all they
# include see fixed-width integers and intrinsics only (and scripts/check_isa_objects.sh looks at the result).
KERNEL = re.compile(r"core/scan_[a-z0-9]+\.cpp")
KERNEL_SYSTEM = re.compile(r"cstdint|\w*intrin\.h|arm_neon\.h")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)', re.M)


def folder_of(path):
    """The folder of FOLDERS that a path relative to the root lies in, or None."""
    return next((f for f in FOLDERS if path.startswith(f + "/")), None)


def read_includes(root):
    """{file: [(line, quoted name or None, system name or None)]} for every source file."""
    files = {}
    for top in sorted({f.split("/")[0] for f in FOLDERS}):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in {".h", ".hpp", ".cpp", ".cc", ".cu", ".cuh"} and "node_modules" not in path.parts:
                text = path.read_text(encoding="utf-8", errors="replace")
                files[path.relative_to(root).as_posix()] = [
                    (text.count("\n", 0, m.start()) + 1, m[1], m[2]) for m in INCLUDE.finditer(text)]
    return files


def include_faults(files):
    """Faults of single lines."""
    for name, includes in files.items():
        folder = folder_of(name)
        for line, quoted, system in includes:
            where = f"{name}:{line}"
            if ".." in (quoted or system).split("/"):
                yield f"{where}: includes by ../ ({quoted or system}); name the file from the root"
            elif system is not None:
                if folder == "core" and not CORE_SYSTEM.fullmatch(system) and CORE_PACKAGES.get(name) != system:
                    yield f"{where}: core includes <{system}>; it is built from the standard library alone"
                if folder_of(system):
                    yield f"{where}: <{system}> is a file of this project; use quotes"
            elif quoted not in files:
                yield f"{where}: no file {quoted} from the root"
            elif folder in ALLOWED and folder_of(quoted) not in ALLOWED[folder] | {folder}:
                yield f"{where}: {folder} may not include {folder_of(quoted)} ({quoted})"
            elif folder != "tests" and folder_of(quoted) == "tests":
                yield f"{where}: only tests include tests ({quoted})"


def kernel_faults(files):
    """Faults of the kernels' sources and of every header that they reach."""
    reached = [name for name in files if KERNEL.fullmatch(name)]
    for name in reached:  # grows while it is walked
        for line, quoted, system in files[name]:
            if system is not None and not KERNEL_SYSTEM.fullmatch(system):
                yield f"{name}:{line}: a scan kernel sees <{system}>; only <cstdint> and intrinsics are safe there"
            if quoted in files and quoted not in reached:
                reached.append(quoted)


def cycle(files):
    """A cycle of folders that include each other, or None."""
    edges = {folder: set() for folder in FOLDERS}
    for name, includes in files.items():
        for _, quoted, _ in includes:
            if quoted in files and folder_of(quoted) != folder_of(name):
                edges[folder_of(name)].add(folder_of(quoted))
    finished = set()

    def visit(folder, path):
        if folder in path:
            return path[path.index(folder):] + [folder]
        if folder in finished:
            return None
        found = next(filter(None, (visit(f, path + [folder]) for f in sorted(edges[folder]))), None)
        finished.add(folder)
        return found

    return next(filter(None, (visit(folder, []) for folder in FOLDERS)), None)


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    files = read_includes(root)
    if not any(folder_of(name) == "core" for name in files):
        sys.exit(f"check_layers: no sources below {root}")
    faults = [*include_faults(files), *kernel_faults(files)]
    if folders := cycle(files):
        faults.append("folders include each other: " + " -> ".join(folders))
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        sys.exit(1)
    print(f"check_layers: {len(files)} files, no fault")


main()
