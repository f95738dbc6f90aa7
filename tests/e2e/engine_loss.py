#!/usr/bin/env python3
"""What the engine costs: `ebb mine` at full duty against the bare kernel, in one run.

    EBB_BIN=... engine_loss.py [--rounds N] [--seconds S] [--backend NAME]

One thread on one CPU. In turns, `ebb bench hash` and `ebb mine` for a strict pool that sends a new job every 5 s and whose
difficulty asks for a share a second. The engine's figure is hashes per second of all its CPU time: connection, status
lines and verification count. Both are means, of equal length. A benchmark, not a test: it belongs on a quiet machine.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys

import ebb
from strict_pool import Options, StrictPool

JOB_S = 5.0


def bare(backend, cpu, seconds):
    """Hashes a second of the kernel alone, schedules shared by 32 midstates."""
    line = ["taskset", "-c", str(cpu), ebb.binary(), "bench", "hash", "--json", "--backend", backend, "--midstates", "32"]
    rows = json.loads(subprocess.run([*line, "--repeats", "1", "--seconds", str(seconds)], check=True,
                                     capture_output=True).stdout)
    return rows[0]["hps_median"]


async def engine(backend, cpu, seconds, rate):
    """Hashes a CPU second of `ebb mine`, and how many shares it sent."""
    async with StrictPool(Options(difficulty=rate / 2**32)) as pool:
        more = ("--for", f"{seconds:g}s", "--threads", 1, "--cpu-affinity", cpu, "--backend", backend)
        with ebb.mine(pool.url, *more) as miner:
            await pool.until_mining(20)
            before = miner.cpu_s()
            while not miner.poll():
                await asyncio.wait({asyncio.ensure_future(miner.ended(seconds + 20))}, timeout=JOB_S)
                if not miner.poll():
                    pool.new_job(clean=True)
            spent = miner.usage.ru_utime + miner.usage.ru_stime - before
            if pool.faults:
                raise ebb.Failure(f"violations: {pool.faults[:3]}")
            return ebb.succeeded(miner)["hashes"] / spent, pool.accepted


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--backend", default="avx512")
    options = parser.parse_args(arguments)
    cpu = max(os.sched_getaffinity(0))
    ratios = []
    kernel = bare(options.backend, cpu, options.seconds / 2)
    for _ in range(options.rounds):
        rate, shares = asyncio.run(engine(options.backend, cpu, options.seconds, kernel))
        after = bare(options.backend, cpu, options.seconds / 2)
        ratios.append(rate / ((kernel + after) / 2))
        print(f"kernel {kernel / 1e6:.3f} and {after / 1e6:.3f} MH/s, engine {rate / 1e6:.3f}, {shares} shares: "
              f"{ratios[-1]:.4f}", flush=True)
        kernel = after
    print(f"median {statistics.median(ratios):.4f}, {min(ratios):.4f} to {max(ratios):.4f}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
