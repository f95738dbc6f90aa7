"""`ebb status`, `hold`, `release` and `report` against a miner of one state folder."""

import json
import subprocess
import time

from ebb import SLOWNESS, binary, expect


class Control:
    """The commands that speak to the miner whose state folder this is."""

    def __init__(self, folder, runner=()):
        self.folder = folder
        self.runner = list(runner)

    def run(self, *args, code=0):
        """One command; (stdout, stderr) once it ended with that code."""
        done = subprocess.run([*self.runner, binary(), *args, "--state", self.folder], capture_output=True,
                              text=True, timeout=30 * SLOWNESS, check=False)
        expect(done.returncode == code, f"ebb {' '.join(args)} ended with {done.returncode}, wanted {code}: "
                                        f"{done.stdout[-300:]!r} {done.stderr[-300:]!r}")
        return done.stdout, done.stderr

    def status(self):
        """What `ebb status --json` says."""
        return json.loads(self.run("status", "--json")[0])

    def hold(self, cap, *more, reason="a test"):
        return self.run("hold", cap, "--reason", reason, *more)

    def release(self):
        return self.run("release")

    def report(self):
        """All events of the ledger."""
        report = json.loads(self.run("report", "--format", "json")[0])
        return report["events"] if isinstance(report, dict) else report

    def until(self, seen, what, seconds):
        """The first status of which seen() is true; a failure when it does not come in time."""
        end = time.monotonic() + seconds * SLOWNESS
        while True:
            status = self.status()
            if seen(status):
                return status
            expect(time.monotonic() < end, f"not {what} within {seconds} s: {status}")
            time.sleep(0.1)

    def until_answered(self, seconds=10):
        """Waits for a miner that has just been started."""
        end = time.monotonic() + seconds * SLOWNESS
        while True:
            done = subprocess.run([*self.runner, binary(), "status", "--json", "--state", self.folder],
                                  capture_output=True, text=True, timeout=30 * SLOWNESS, check=False)
            if done.returncode == 0:
                return json.loads(done.stdout)
            expect(time.monotonic() < end, f"no miner answered within {seconds} s: {done.stderr[-300:]!r}")
            time.sleep(0.05)


def in_state(status, *states):
    return status["state"] in states
