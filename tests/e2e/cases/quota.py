"""In a control group with a quota of one and a half CPUs, two threads mine and none is pinned."""

import json
import os

from ebb import SLOWNESS, Ebb, Skip, expect

ENTER = 'echo $$ > "$0/cgroup.procs" && exec "$@"'


def run():
    if len(os.sched_getaffinity(0)) < 2:
        raise Skip("a quota of 1.5 CPUs needs two CPUs")
    group = make_group()
    try:
        with Ebb("devices", "--json", runner=("sh", "-c", ENTER, group)) as process:
            code = process.wait(20 * SLOWNESS)
            expect(code == 0, f"{process} ended with {code}: {process.stderr[-300:]!r}")
            cpu = json.loads(process.stdout)["cpu"]
    finally:
        os.rmdir(group)
    expect(cpu["quota"] == 1.5 and cpu["threads"] == 2 and cpu["pinned_to"] is None, f"ebb devices: {cpu}")


def make_group():
    """The folder of a new control group with the quota."""
    v1, v2 = "/sys/fs/cgroup/cpu", "/sys/fs/cgroup"
    parent = v1 if os.path.exists(f"{v1}/cpu.cfs_quota_us") else v2
    group = f"{parent}/ebb-test-{os.getpid()}"
    made = False
    try:
        os.mkdir(group)
        made = True
        if parent == v1:
            write(f"{group}/cpu.cfs_period_us", "100000")
            write(f"{group}/cpu.cfs_quota_us", "150000")
        else:
            write(f"{group}/cpu.max", "150000 100000")
        return group
    except OSError as error:
        if made:
            os.rmdir(group)
        raise Skip(f"no control group with a quota can be made here: {error}") from error


def write(path, text):
    with open(path, "r+", encoding="ascii") as file:  # a missing file is not made
        file.write(text)
