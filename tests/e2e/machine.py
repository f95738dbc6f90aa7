"""What else the machine did meanwhile: without it, a missed cap cannot be told from a crowded machine."""

import os
import time


class Disturbance:
    """Watches, from construction on, how many cores other processes (or other guests) took."""

    def __init__(self):
        self._began = time.monotonic()
        self._busy, self._stolen = _cpu_ticks()
        self._own = sum(os.times()[:2])

    def cores(self, known_cpu_s):
        """Cores taken by others on average; known_cpu_s is what the process under test used."""
        busy, stolen = _cpu_ticks()
        elapsed = time.monotonic() - self._began
        ticks = os.sysconf("SC_CLK_TCK")
        used = (busy - self._busy) / ticks - known_cpu_s - (sum(os.times()[:2]) - self._own)
        return max(0.0, used, (stolen - self._stolen) / ticks) / elapsed


def _cpu_ticks():
    """(user + nice + system + interrupts, stolen) of all cores since boot."""
    with open("/proc/stat", encoding="ascii") as stat:
        fields = [int(field) for field in stat.readline().split()[1:]]
    user, nice, system, _, _, irq, softirq, steal = fields[:8]
    return user + nice + system + irq + softirq, steal
