"""Backends by CPU: under qemu-user, sse2 is the widest usable on Nehalem and avx2 on Haswell, all usable ones are
timed and the widest mines without an illegal instruction. Which is the fastest is no matter of an emulator.
"""

import json
import os
import shutil

from ebb import SLOW, SLOWNESS, Ebb, Skip, expect, run_seconds, succeeded

# Emulated time is slow: the demo's difficulty must leave a share within the run at some 100 kH/s.
SECONDS = 15


def run():
    qemu = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")
    if not qemu:
        raise Skip("no qemu-x86_64 on PATH")
    if SLOW:
        raise Skip("sanitizer builds do not run under qemu-user")
    if os.uname().machine != "x86_64":
        raise Skip("ebb is no x86-64 program here")
    lists(qemu, "Nehalem", ["sse2", "scalar"])
    lists(qemu, "Haswell", ["avx2", "sse2", "scalar"])
    mines(qemu, "Nehalem", "sse2")
    mines(qemu, "Haswell", "avx2")
    refuses(qemu, "Nehalem", "avx2")
    refuses(qemu, "Haswell", "avx512")
    refuses(qemu, "Haswell", "shani")


def lists(qemu, cpu, backends):
    """`ebb devices` finds exactly these usable, times each, chooses the fastest, and says what the others lack."""
    with Ebb("devices", "--json", runner=(qemu, "-cpu", cpu)) as devices:
        code = devices.wait(60 * SLOWNESS)
        expect(code == 0, f"{cpu}: devices ended with {code}, {devices.stderr[-300:]!r}")
        rows = json.loads(devices.stdout)["backends"]
    usable = [row for row in rows if row["usable"]]
    expect([row["name"] for row in usable] == backends, f"{cpu}: {rows}")
    expect(all(row["hps_32_midstates"] > 0 and row["hps_1_midstate"] > 0 for row in usable), f"{cpu}: {rows}")
    expect(all("lacks" in row["reason"] for row in rows if not row["usable"]), f"{cpu}: {rows}")
    fastest = max(usable, key=lambda row: row["hps_32_midstates"])
    expect([row for row in rows if row["chosen"]] == [fastest], f"{cpu}: {rows}")


def mines(qemu, cpu, backend):
    """Forced, `backend` hashes and its shares are accepted."""
    seconds = max(SECONDS, run_seconds(SECONDS))
    arguments = ("mine", "--demo", "--threads", 2, "--backend", backend, "--for", f"{seconds:g}s", "--summary", "-")
    with Ebb(*arguments, runner=(qemu, "-cpu", cpu)) as miner:
        miner.wait(seconds + 60 * SLOWNESS)
        summary = succeeded(miner)
    expect(summary["backend"] == backend, f"{cpu}: backend {summary['backend']}, wanted {backend}")
    expect(summary["accepted"] >= 1, f"{cpu}: nothing accepted, {summary['hashes']} hashes")
    expect(not summary["rejected"] and not summary["hardware_errors"], f"{cpu}: {summary}")
    print(f"{cpu}: {backend}, {summary['accepted']} accepted, "
          f"{summary['hashrate_hps'] / 1e3:.0f} kH/s emulated")


def refuses(qemu, cpu, backend):
    """A backend that this CPU cannot run: exit 2 and one line, no SIGILL."""
    arguments = ("mine", "--demo", "--backend", backend, "--for", "2s")
    with Ebb(*arguments, runner=(qemu, "-cpu", cpu)) as miner:
        code = miner.wait(60 * SLOWNESS)
        lines = [line for line in miner.stderr.splitlines() if not line.startswith("qemu-x86_64: warning")]
        expect(code == 2, f"{cpu} with --backend {backend}: ended with {code}")
        expect(len(lines) == 1 and backend in lines[0], f"{cpu} with --backend {backend}: stderr {lines}")
