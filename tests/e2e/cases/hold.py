"""A person holds, caps and releases a running miner: it obeys, stays on the pool, says why, and remembers.

At zero the connection stays, nothing is hashed and the proof says so; a restart holds on; another miner cannot
take the same folder; the socket is its user's alone; the report knows the event.
"""

import asyncio
import os
import stat
import tempfile

from control import Control, in_state
from ebb import SLOWNESS, Ebb, expect, mine, succeeded
from strict_pool import Options, StrictPool

AT_ONCE = ("--ramp-up", "0s", "--trust-clock", "--threads", "1")
AT_ZERO = ("PARKED", "RELEASED")


async def run():
    with tempfile.TemporaryDirectory(prefix="ebb-hold-") as folder:
        control = Control(folder)
        control.run("status", code=1)
        await holds_and_releases(control)
        await remembers(control)
        reported(control)


async def holds_and_releases(control):
    async with StrictPool(Options(difficulty=1e-3)) as pool:
        with mine(pool.url, "--state", control.folder, *AT_ONCE) as miner:
            await pool.until_mining(10 * SLOWNESS)
            status = control.until_answered()
            expect(in_state(status, "FULL") and status["reasons"] == [], f"at first: {status}")
            await pool.until(lambda: pool.submits > 0, 20 * SLOWNESS, "a share")

            mode = os.stat(os.path.join(control.folder, "control.sock")).st_mode
            expect(stat.S_IMODE(mode) == 0o600, f"the socket's mode is {stat.S_IMODE(mode):o}")

            control.hold("0", reason="the grid asks for it")
            status = control.until(lambda it: in_state(it, *AT_ZERO), "at zero", 5)
            expect(status["limit"] == "0%" and status["zero"]["proved"], f"at zero: {status}")
            expect("the grid asks for it" in str(status["reasons"]), f"no reason: {status}")
            expect("earliest_return" not in status, f"a hold without an end returns: {status}")
            await asyncio.sleep(1)  # shares that were found are sent all the same
            submits = pool.submits
            for _ in range(3):
                pong = await pool.ask("mining.ping", [])
                expect(pong and pong["result"] == "pong", f"at zero it answered mining.ping with {pong}")
                pool.new_job(clean=False)
                await asyncio.sleep(0.3)
            expect(pool.submits == submits, f"{pool.submits - submits} submits at zero")

            control.hold("30%")
            status = control.until(lambda it: in_state(it, "LIMITED"), "LIMITED", 5)
            expect(status["limit"] == "30%", f"limited: {status}")
            control.release()
            control.until(lambda it: in_state(it, "FULL"), "full again", 5)
            submits = pool.submits
            await pool.until(lambda: pool.submits > submits, 20 * SLOWNESS, "a share after the release")

            with Ebb("mine", "--demo", "--state", control.folder, "--for", "1s") as second:
                expect(second.wait(10 * SLOWNESS) == 1 and "another ebb" in second.stderr,
                       f"a second miner: {second.returncode}, {second.stderr[-300:]!r}")

            expect("--reason" in control.run("hold", "0", code=2)[1], "a hold without a reason was taken")
            control.run("hold", "120%", "--reason", "x", code=2)

            control.hold("0", reason="for the restart")
            miner.signal(15)
            await miner.ended(10 * SLOWNESS)
            succeeded(miner)
        expect(not pool.faults, f"violations: {pool.faults[:3]}")
        expect(len(pool.sessions) == 1, f"{len(pool.sessions)} connections")


async def remembers(control):
    """The hold outlives an ordered end and a kill."""
    for end in (15, 9):
        async with StrictPool(Options(difficulty=1e-9)) as pool:
            with mine(pool.url, "--state", control.folder, *AT_ONCE) as miner:
                await pool.until_mining(10 * SLOWNESS)
                status = control.until_answered()
                expect(status["limit"] == "0%" and "for the restart" in str(status["reasons"]),
                       f"the hold is forgotten: {status}")
                control.until(lambda it: in_state(it, *AT_ZERO), "at zero", 5)
                miner.signal(end)
                await miner.ended(10 * SLOWNESS)
            expect(pool.submits == 0, f"{pool.submits} submits under a hold of zero")


def reported(control):
    events = control.report()
    expect(len(events) == 2, f"{len(events)} events, wanted 2: {events}")
    for event in events:
        expect(event["time_to_zero_ms"] is not None, f"no time to zero: {event}")
        expect(event["violations"] == [], f"violations: {event['violations']}")
    expect(events[1]["restarts"] >= 1, f"no restart: {events[1]}")
    for kind, sign in (("csv", "time_to_zero"), ("html", "<svg")):
        expect(sign in control.run("report", "--format", kind)[0], f"the {kind} report has no {sign}")
