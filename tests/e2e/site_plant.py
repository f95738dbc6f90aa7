"""A site with a real miner: what it draws is computed from the CPU time that it really uses, and shown by meters."""

import contextlib
import threading
import time

from ebb import expect
from modbus_server import INPUT, ModbusServer, words_of_float

IDLE_W, FULL_W = 100, 3000
RIG_METER_AT = 100  # of unit 2, a float32 in input registers
STEP_S = 0.1


class Site:
    """As a context manager. One thread works on one core: a core is full power."""

    def __init__(self, server: ModbusServer, rig):
        self.others = 0  # watts; below zero: generated
        self.hertz = 50.0
        self.own = IDLE_W
        self._server = server
        self._rig = rig
        self._watched = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._show()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    @property
    def watts(self):
        """Of the whole site."""
        return self.others + self.own

    def watch(self):
        """Remember from now on what the miner and the site draw."""
        self._watched = []

    def means(self, seconds):
        """Means over windows of so many seconds of what the miner drew since watch()."""
        samples = list(self._watched)
        width = round(seconds / STEP_S)
        expect(len(samples) >= width, "nothing was watched")
        return [sum(samples[i:i + width]) / width for i in range(0, len(samples) - width + 1, width)]

    def _run(self):
        at, used = time.monotonic(), None
        while not self._ended.wait(STEP_S):
            now, cpu = time.monotonic(), None
            with contextlib.suppress(OSError):
                cpu = self._rig.cpu_s()
            work = (cpu - used) / (now - at) if cpu is not None and used is not None else 0
            at, used = now, cpu
            self.own += 0.4 * (IDLE_W + min(max(work, 0), 1) * (FULL_W - IDLE_W) - self.own)
            self._watched.append(self.own)
            with contextlib.suppress(OSError, ValueError):  # the server may be killed at any time
                self._show()

    def _show(self):
        self._server.meter(self.watts, self.hertz)
        self._server.put(INPUT, RIG_METER_AT, words_of_float(self.own), unit=2)
