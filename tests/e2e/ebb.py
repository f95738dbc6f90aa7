"""Starts the ebb binary under test, bounds every wait for it, and stops it whatever happens.

Environment: EBB_BIN (the binary), EBB_E2E_SECONDS (length of a run), EBB_E2E_SLOW=1 (a sanitizer build or a
crowded machine: time limits are three times as long).
"""

import asyncio
import ctypes
import json
import os
import shlex
import signal
import shutil
import subprocess
import sys
import tempfile
import time

SLOW = os.environ.get("EBB_E2E_SLOW", "") not in ("", "0")
SLOWNESS = 3 if SLOW else 1
USER = "worker.name"
PASSWORD = "x"

SUMMARY_FIELDS = {
    "elapsed_s": (int, float), "hashes": int, "hashrate_hps": (int, float), "accepted": int, "rejected": dict,
    "stale": int, "hardware_errors": int, "best_difficulty": (int, float), "pool": str, "jobs": int,
    "reconnects": int, "devices": list, "backend": str, "version": str}
DEVICE_FIELDS = {"name": str, "backend": str, "hashes": int, "hashrate_hps": (int, float),
                 "duty": (int, float), "failures": int, "quarantined": bool, "last_failure": str}


class Skip(Exception):
    """The case cannot run here; the text says why."""


class Failure(Exception):
    """The case ran and ebb was not as it should be."""


def expect(condition, text):
    """Fail the case with `text` unless condition holds."""
    if not condition:
        raise Failure(text)


def binary():
    """The binary under test."""
    path = os.environ.get("EBB_BIN")
    if not path:
        raise Failure("set EBB_BIN to the ebb binary")
    if not os.access(path, os.X_OK):
        raise Failure(f"EBB_BIN={path} is not an executable file")
    return os.path.abspath(path)


def run_seconds(default):
    """The length of a run: EBB_E2E_SECONDS, or the case's own default."""
    return float(os.environ.get("EBB_E2E_SECONDS") or default)


def die_with_parent():
    """Linux: the child gets SIGKILL when the test is killed, so that nothing is left behind."""
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)


class Ebb:
    """One process, as a context manager. stdout and stderr go to files, so that no pipe can fill up.

    What it keeps (its throttle's ledger) goes to a folder of its own, unless env names another.
    """

    def __init__(self, *args, runner=(), env=None):
        self.args = [str(arg) for arg in args]
        self._state = tempfile.mkdtemp(prefix="ebb-state-")
        self._out = tempfile.TemporaryFile()
        self._err = tempfile.TemporaryFile()
        self.returncode = None
        self.usage = None
        self.started_at = time.monotonic()
        self.ended_at = None
        self._process = subprocess.Popen(
            [*runner, binary(), *self.args], stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._err,
            start_new_session=True, preexec_fn=die_with_parent,
            env={**os.environ, "XDG_STATE_HOME": self._state, **(env or {})})
        self.pid = self._process.pid

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.kill()
        if kind is not None and not issubclass(kind, Skip):
            print(f"  stderr of {self}, its end:\n{self.stderr[-3000:]}", file=sys.stderr)
        self._out.close()
        self._err.close()
        shutil.rmtree(self._state, ignore_errors=True)

    def __str__(self):
        return shlex.join(["ebb", *self.args])

    # -- waiting -----------------------------------------------------------------------------------

    def poll(self):
        """Reap the process if it has ended; True once it has. wait4 keeps its resource usage."""
        if self.returncode is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self.ended_at = time.monotonic()
                self.returncode = self._process.returncode = os.waitstatus_to_exitcode(status)
                self.usage = usage
        return self.returncode is not None

    def wait(self, timeout):
        """Wait for the end; Failure when it does not come in time."""
        end = time.monotonic() + timeout
        while not self.poll():
            if time.monotonic() > end:
                raise Failure(f"{self} still runs after {timeout:g} s")
            time.sleep(0.005)
        return self.returncode

    async def ended(self, timeout):
        """wait() for asyncio."""
        end = time.monotonic() + timeout
        while not self.poll():
            if time.monotonic() > end:
                raise Failure(f"{self} still runs after {timeout:g} s")
            await asyncio.sleep(0.01)
        return self.returncode

    def signal(self, number):
        if not self.poll():
            os.kill(self.pid, number)

    def kill(self):
        if not self.poll():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.returncode = self._process.returncode = -signal.SIGKILL

    # -- looking -----------------------------------------------------------------------------------

    @property
    def stdout(self):
        return self._read(self._out)

    @property
    def stderr(self):
        return self._read(self._err)

    @staticmethod
    def _read(file):
        return os.pread(file.fileno(), 1 << 26, 0).decode("utf-8", "replace")

    def alive(self):
        return not self.poll()

    def cpu_s(self):
        """CPU time of all its threads so far, to the nanosecond (Linux's per-process CPU clock)."""
        return time.clock_gettime((~self.pid << 3) | 2)

    def memory_bytes(self, field="VmRSS"):
        """VmRSS (now) or VmHWM (the most so far) of the running process."""
        with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
        raise Failure(f"{self} has ended: no {field}")

    def summary(self):
        """The one JSON object on stdout, its fields and types checked."""
        text = self.stdout
        try:
            summary = json.loads(text)
        except ValueError as error:
            raise Failure(f"{self}: stdout is not one JSON object ({error}): {text[:300]!r}") from error
        check_fields(summary, SUMMARY_FIELDS, "summary")
        for device in summary["devices"]:
            check_fields(device, DEVICE_FIELDS, "summary.devices[]")
        return summary


def check_fields(value, fields, where):
    """Every field is there and has its type."""
    expect(isinstance(value, dict), f"{where} is no object: {value!r:.200}")
    for name, kind in fields.items():
        expect(name in value, f"{where} has no {name}")
        right = isinstance(value[name], kind) and isinstance(value[name], bool) == (kind is bool)
        expect(right, f"{where}.{name} is {value[name]!r:.80}")


def mine(url, *more, user=USER, password=PASSWORD, **popen):
    """`ebb mine` against one pool, with the summary on stdout."""
    return Ebb("mine", "-o", url, "-u", user, "-p", password, "--summary", "-", *more, **popen)


def succeeded(ebb):
    """The summary of a run that ended as it should."""
    expect(ebb.returncode == 0, f"{ebb} ended with {ebb.returncode}: {ebb.stderr[-500:]!r}")
    return ebb.summary()
