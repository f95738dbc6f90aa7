"""January 2022 in Kazakhstan, replayed with the real program on a faked clock.

The order: no power for miners from the 24th to the end of the 31st, Asia/Almaty's time of then (+06:00). It stops on
the minute; on the 25th at 11:59 the mains goes (kill -9); the restart stays at zero though there is no network; on
the 30th the extension to the 7th of February arrives as an edit of the file and nothing dips upward, not at the end
of the 31st either; after the 7th it returns after a random delay on a ramp. The report shows one event.
"""

import calendar
import glob
import json
import os
import subprocess
import tempfile
import time

from control import Control, in_state
from ebb import SLOWNESS, Skip, binary, expect, mine
from strict_pool import Options, StrictPool

CONFIG = """
[throttle]
trust_clock = true
debounce = "1s"
mains_good = "2s"
random_return = "4s"
ramp_up = "6s"

[[schedule]]
name = "kegoc"
cap = "0"
class = "mandatory"
zone = "Asia/Almaty"
from = "2022-01-24T00:00"
until = "{until}"
reason = "KEGOC order of 21 January 2022"
"""
FIRST_END, LAST_END = "2022-01-31T24:00", "2022-02-07T24:00"
# Preloaded by hand, for the command `faketime` keeps a process between us and the miner.
FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
AT_ZERO = ("SHEDDING", "PARKED", "RELEASED")
NOWHERE = "stratum+tcp://127.0.0.1:9"


async def run():
    if not FAKETIME:
        raise Skip("there is no libfaketime")
    probe = subprocess.run([*at("2022-01-01T00:00:00"), binary(), "--version"], capture_output=True, text=True,
                           timeout=30 * SLOWNESS, check=False)
    if probe.returncode != 0:
        raise Skip(f"the binary does not run under faketime: {probe.stderr[:200]!r}")
    with tempfile.TemporaryDirectory(prefix="ebb-kazakhstan-") as folder:
        story = Story(folder)
        story.order(FIRST_END)
        await story.stops_on_the_minute()
        await story.stays_at_zero_after_the_blackout()
        await story.is_extended_without_a_dip()
        await story.returns_gently()
        story.is_one_event()


def at(local):
    """Runs a command as if it were that local time in Almaty (+06:00)."""
    return ("env", "TZ=Asia/Almaty", f"LD_PRELOAD={FAKETIME[0]}", f"FAKETIME=@{local.replace('T', ' ')}",
            "DONT_FAKE_MONOTONIC=1", "NO_FAKE_STAT=1")


class Story:
    def __init__(self, folder):
        self.control = Control(os.path.join(folder, "state"))
        self.config = os.path.join(folder, "ebb.toml")

    def order(self, until):
        """Writes the configuration as an editor does: a new file in the old one's place."""
        with open(self.config + ".new", "w", encoding="utf-8") as file:
            file.write(CONFIG.format(until=until))
        os.replace(self.config + ".new", self.config)

    def miner(self, local, url):
        return mine(url, "--config", self.config, "--state", self.control.folder, "--threads", "1", runner=at(local))

    async def stops_on_the_minute(self):
        async with StrictPool(Options(difficulty=1e-7)) as pool:
            with self.miner("2022-01-23T23:59:50", pool.url) as miner:
                status = self.control.until_answered()
                expect(in_state(status, "FULL"), f"before the order it is not full: {status}")
                await pool.until(lambda: pool.submits > 0, 8 * SLOWNESS, "a share before the order")
                self.control.until(lambda it: in_state(it, "PARKED"), "parked at midnight", 15)
                miner.kill()

    async def stays_at_zero_after_the_blackout(self):
        with self.miner("2022-01-25T11:58:57", NOWHERE) as miner:  # the mains goes at 11:59
            self.control.until_answered()
            self.at_zero(3)
            miner.kill()
        with self.miner("2022-01-25T12:40:00", NOWHERE) as miner:
            self.control.until_answered()
            self.at_zero(6)
            miner.signal(15)
            await miner.ended(10 * SLOWNESS)

    async def is_extended_without_a_dip(self):
        async with StrictPool(Options(difficulty=1e-9)) as pool:
            with self.miner("2022-01-30T10:00:00", pool.url) as miner:
                self.control.until_answered()
                self.order(LAST_END)
                self.control.until(lambda it: "2022-02-08" in json.dumps(it["reasons"]), "extended", 20)
                self.at_zero(2)
                miner.signal(15)
                await miner.ended(10 * SLOWNESS)
            with self.miner("2022-01-31T23:59:57", pool.url) as miner:
                self.control.until_answered()
                self.at_zero(8)
                miner.signal(15)
                await miner.ended(10 * SLOWNESS)
            expect(pool.submits == 0, f"{pool.submits} submits under the order")

    async def returns_gently(self):
        async with StrictPool(Options(difficulty=1e-7)) as pool:
            with self.miner("2022-02-07T23:59:55", pool.url) as miner:
                self.control.until_answered()
                seen, end = [], time.monotonic() + 40 * SLOWNESS
                while not seen or seen[-1][0] != "FULL":
                    status = self.control.status()
                    seen.append((status["state"], status["fraction"]))
                    expect(time.monotonic() < end, f"not back within 40 s: {status}")
                    time.sleep(0.1)
                states = list(dict.fromkeys(state for state, _ in seen))
                expect(states[-3:] == ["HOLDOFF", "RAMPING", "FULL"], f"the way back: {states}")
                ramp = [fraction for state, fraction in seen if state == "RAMPING"]
                expect(ramp == sorted(ramp) and len(set(ramp)) > 5, f"no ramp: {ramp}")
                await pool.until(lambda: pool.submits > 0, 20 * SLOWNESS, "a share afterwards")
                miner.signal(15)
                await miner.ended(10 * SLOWNESS)

    def at_zero(self, seconds):
        """For so long every look shows zero and no hash."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            status = self.control.status()
            expect(status["limit"] == "0%" and in_state(status, *AT_ZERO) and status["hashrate"] == 0,
                   f"not at zero: {status}")
            time.sleep(0.2)

    def is_one_event(self):
        events = self.control.report()
        expect(len(events) == 1, f"{len(events)} events, wanted one: {events}")
        event = events[0]
        begin, end = (calendar.timegm(time.strptime(event[key][:19], "%Y-%m-%dT%H:%M:%S"))
                      for key in ("began", "ended"))
        midnight = calendar.timegm((2022, 1, 23, 18, 0, 0))
        over = calendar.timegm((2022, 2, 7, 18, 0, 0))
        expect(abs(begin - midnight) <= 2, f"it began at {event['began']}")
        expect(over + 6 <= end <= over + 40 * SLOWNESS, f"it ended at {event['ended']}")
        expect(event["restarts"] == 5, f"{event['restarts']} restarts, wanted 5")
        expect(event["violations"] == [], f"violations: {event['violations']}")
