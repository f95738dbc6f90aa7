"""Threads follow the affinity mask, and each is pinned to a CPU of its own unless that is forbidden."""

import json
import os
import time

from ebb import SLOWNESS, Ebb, expect, succeeded


def run():
    cpus = sorted(os.sched_getaffinity(0))
    one = listed_threads(cpus[-1:])
    expect(one["cpus"] == one["threads"] == 1, f"under an affinity mask of one CPU: {one}")
    everything = listed_threads(cpus)
    expect(everything["cpus"] == len(cpus), f"with {len(cpus)} CPUs: {everything}")

    if len(cpus) == 1:
        print("skipped: pinning, which cannot be seen on one CPU")
        return
    expect(pinned_threads("--pin", "on") == everything["threads"], "--pin on does not pin every thread")
    expect(pinned_threads("--pin", "off") == 0, "--pin off pins")
    expect(pinned_threads("--threads", "1") == 0, "one thread of many CPUs is pinned by itself")
    if everything["quota"] is None:
        expect(pinned_threads() == len(cpus), "threads are not pinned by themselves")
    else:
        print(f"skipped: pinning by itself, for there is a quota of {everything['quota']} CPUs")


def listed_threads(cpus):
    """What `ebb devices` says of the CPUs when it may run on these."""
    with Ebb("devices", "--json", runner=("taskset", "-c", ",".join(map(str, cpus)))) as process:
        code = process.wait(20 * SLOWNESS)
        expect(code == 0, f"{process} ended with {code}: {process.stderr[-300:]!r}")
        return json.loads(process.stdout)["cpu"]


def pinned_threads(*arguments):
    """How many threads of a mining ebb may run on one CPU alone; no two of them on the same."""
    with Ebb("mine", "--demo", "--devices", "cpu", "--for", "60s", "--summary", "-", *arguments) as miner:
        deadline = time.monotonic() + 20 * SLOWNESS
        while "authorised" not in miner.stderr:
            expect(miner.alive() and time.monotonic() < deadline, f"{miner} does not mine")
            time.sleep(0.05)
        masks = [os.sched_getaffinity(int(thread)) for thread in os.listdir(f"/proc/{miner.pid}/task")]
        miner.signal(15)
        miner.wait(10 * SLOWNESS)
        succeeded(miner)
    pinned = [min(mask) for mask in masks if len(mask) == 1]
    expect(len(set(pinned)) == len(pinned), f"{miner}: threads share CPUs {sorted(pinned)}")
    return len(pinned)
