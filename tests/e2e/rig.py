"""`ebb mine --demo` under a configuration, in a folder that outlives its runs: for tests of what it obeys."""

import os
import time

from control import Control, in_state
from ebb import SLOWNESS, Ebb, expect

AT_ZERO = ("PARKED", "RELEASED")
NOT_WORKING = ("SHEDDING", "PARKED", "RELEASED", "HOLDOFF")


class Rig:
    """As a context manager: it is killed at the end if it still runs."""

    def __init__(self, folder, configuration, env=None):
        self.folder = folder
        self.control = Control(os.path.join(folder, "state"))
        self._env = env
        self._miner = None
        self._said = ""  # on stderr, by runs that have ended
        self.configure(configuration)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self._miner:
            self._miner.__exit__(*error)

    def configure(self, configuration):
        with open(os.path.join(self.folder, "ebb.toml"), "w", encoding="utf-8") as file:
            file.write(configuration)

    # -- runs --------------------------------------------------------------------------------------

    def start(self):
        self._miner = Ebb("mine", "--demo", "--threads", "1", "--config", os.path.join(self.folder, "ebb.toml"),
                          "--state", self.control.folder, env=self._env)
        return self.control.until_answered()

    def stop(self, seconds=5):
        """As told: it ends in time and in order."""
        self._miner.signal(15)
        code = self._miner.wait(seconds * SLOWNESS)
        expect(code == 0, f"it ended with {code}: {self._miner.stderr[-500:]!r}")
        self._end()

    def kill(self):
        self._miner.kill()
        self._end()

    def _end(self):
        self._said += self._miner.stderr
        self._miner.__exit__(None)
        self._miner = None

    @property
    def stderr(self):
        """Of all its runs."""
        return self._said + (self._miner.stderr if self._miner else "")

    def cpu_s(self):
        """CPU time of the run so far; nothing without one."""
        return self._miner.cpu_s() if self._miner and self._miner.alive() else None

    # -- looks -------------------------------------------------------------------------------------

    def source(self, status=None):
        """What the status says of the first source."""
        return (status or self.control.status())["sources"][0]

    def until_full(self, seconds=10, what="full"):
        return self.control.until(lambda it: in_state(it, "FULL"), what, seconds)

    def until_zero(self, seconds=5, what="zero"):
        """Nothing is allowed, and the devices prove that nothing is done."""
        return self.control.until(lambda it: it["limit"] == "0%" and in_state(it, *AT_ZERO), what, seconds)

    def until_limit(self, limit, seconds=5):
        return self.control.until(lambda it: it["limit"] == limit, f"limited to {limit}", seconds)

    def until_trouble(self, text, seconds=10):
        return self.control.until(lambda it: text in self.source(it)["trouble"], f"in trouble ({text})", seconds)

    def stays(self, seconds, *states):
        """At every look for so long it is in one of these states."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            status = self.control.status()
            expect(in_state(status, *states), f"not {' or '.join(states)}: {status}")
            time.sleep(0.1)
