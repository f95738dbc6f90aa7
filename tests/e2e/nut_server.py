"""Network UPS Tools' own upsd and its dummy driver, with a UPS that says what it is told to say."""

import contextlib
import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time

from ebb import SLOWNESS, Failure, Skip, die_with_parent, expect

# Debian's /usr/sbin/upsd is a script that only starts it where the machine is configured for it.
UPSD, DRIVER = "/lib/nut/upsd", "/lib/nut/dummy-ups"
USER = "tester"
STALE_AFTER_S = 2


class NutServer:
    """A UPS called `ups`; as a context manager both run in the foreground, in a folder of the test's."""

    def __init__(self, folder):
        for program in (UPSD, DRIVER):
            if not os.path.exists(program):
                raise Skip(f"there is no {program}")
        for command in ("upsc", "upsrw"):
            if not shutil.which(command):
                raise Skip(f"there is no {command}")
        self._folder = folder
        self._env = {**os.environ, "NUT_CONFPATH": folder, "NUT_STATEPATH": folder, "NUT_ALTPIDPATH": folder}
        self._running = {}
        self.password = secrets.token_urlsafe(12)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"ups@127.0.0.1:{self.port}"
        self._write("ups.conf", "[ups]\ndriver = dummy-ups\nport = ups.dev\nmode = dummy-once\npollinterval = 1\n")
        self._write("ups.dev", "ups.status: OL\nbattery.charge: 100\n")
        self._write("upsd.conf", f"LISTEN 127.0.0.1 {self.port}\nMAXAGE {STALE_AFTER_S}\n")
        self._write("upsd.users", f"[{USER}]\npassword = {self.password}\nactions = SET\n")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        for name in list(self._running):
            if kind is not None:
                with open(self._log(name), encoding="utf-8", errors="replace") as log:
                    print(f"  log of {name}, ended with {self._running[name].poll()}:\n{log.read()[-2000:]}",
                          file=sys.stderr)
            self._kill(name)

    # -- running -----------------------------------------------------------------------------------

    def start(self):
        """Both, until upsd passes on what the driver says."""
        self.start_driver()
        self._start("upsd", UPSD)
        self.until(lambda: self.status() == "OL", "the UPS", 10)

    def start_driver(self):
        """Its UPS is online."""
        self._start("driver", DRIVER, "-a", "ups")

    def kill_driver(self):
        self._kill("driver")

    def kill_upsd(self):
        """The driver has to go with it: left alone, that of NUT 2.8.0 may abort when it next writes."""
        self._kill("upsd")
        self._kill("driver")

    @contextlib.contextmanager
    def hanging(self):
        """Meanwhile upsd's connections stand and nothing is answered."""
        upsd = self._running["upsd"]
        upsd.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            upsd.send_signal(signal.SIGCONT)

    def _start(self, name, program, *arguments):
        user = ["-u", getpass.getuser()] if os.geteuid() == 0 else []
        with open(self._log(name), "ab") as log:
            self._running[name] = subprocess.Popen(
                [program, *arguments, *user, "-F"], cwd=self._folder, env=self._env, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, preexec_fn=die_with_parent)

    def _kill(self, name):
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def _log(self, name):
        return os.path.join(self._folder, f"{name}.log")

    # -- the UPS -----------------------------------------------------------------------------------

    def status(self):
        """ups.status as NUT's own client reads it; its complaint when there is none."""
        read = subprocess.run(["upsc", self.address, "ups.status"], capture_output=True, text=True, env=self._env,
                              timeout=10 * SLOWNESS, check=False)
        return (read.stdout or read.stderr).strip()

    def say(self, status):
        """The UPS has this status from now on."""
        done = subprocess.run(["upsrw", "-s", f"ups.status={status}", "-u", USER, "-p", self.password, self.address],
                              capture_output=True, text=True, env=self._env, timeout=10 * SLOWNESS, check=False)
        expect(done.returncode == 0, f"upsrw: {done.stderr[-300:]!r}")
        self.until(lambda: self.status() == status, f"{status} at upsd", 5)

    @staticmethod
    def until(seen, what, seconds):
        end = time.monotonic() + seconds * SLOWNESS
        while not seen():
            if time.monotonic() > end:
                raise Failure(f"no {what} within {seconds} s")
            time.sleep(0.02)

    def _write(self, name, text):
        path = os.path.join(self._folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)
