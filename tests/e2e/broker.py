"""mosquitto on loopback: brokers with and without TLS, senders and listeners. They die with the test."""

import os
import socket
import subprocess
import threading
import time

from ebb import SLOWNESS, Skip, die_with_parent, expect

PASSWORD = "a secret of the site"
USER = "rig1"  # of a rig; the test itself orders as one and listens as the other
DISPATCHER, WATCHER = "dispatcher", "watcher"


def find(program):
    """The path of a program; sbin is not on everybody's PATH."""
    for folder in os.environ.get("PATH", "").split(":") + ["/usr/sbin", "/usr/local/sbin"]:
        path = os.path.join(folder, program)
        if os.access(path, os.X_OK):
            return path
    raise Skip(f"there is no {program}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_certificates(folder):
    """A throw-away authority, ca.pem, and what it signed: server.pem for localhost and rig.pem, with their keys."""
    def openssl(*args):
        subprocess.run([find("openssl"), *args], cwd=folder, check=True, capture_output=True, timeout=60 * SLOWNESS)
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=a test",
            "-addext", "basicConstraints=critical,CA:TRUE")
    with open(os.path.join(folder, "san"), "w", encoding="ascii") as file:
        file.write("subjectAltName=DNS:localhost\n")
    for name in ("server", "rig"):
        openssl("req", *curve, "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-out", name + ".pem", "-days", "2", "-extfile", "san")



class Broker:
    """One mosquitto. With certificates (their folder) it speaks TLS and wants a user and PASSWORD."""

    def __init__(self, folder, name, certificates=None, acl=None, want_certificates=False):
        self.port = free_port()
        self.tls = certificates is not None
        self.config = os.path.join(folder, name + ".conf")
        self._log = open(os.path.join(folder, name + ".log"), "wb")
        self._certificates = certificates
        lines = [f"listener {self.port} 127.0.0.1", "persistence false", "user root"]
        if self.tls:
            passwords = os.path.join(folder, name + ".users")
            for create, user in ((["-c"], USER), ([], DISPATCHER), ([], WATCHER)):
                subprocess.run([find("mosquitto_passwd"), "-b", *create, passwords, user, PASSWORD], check=True,
                               capture_output=True, timeout=30 * SLOWNESS)
            lines += [f"cafile {certificates}/ca.pem", f"certfile {certificates}/server.pem",
                      f"keyfile {certificates}/server.key", "tls_version tlsv1.3",
                      f"password_file {passwords}", "allow_anonymous false",
                      f"require_certificate {str(want_certificates).lower()}"]
        else:
            lines += ["allow_anonymous true"]
        if acl is not None:
            rights = os.path.join(folder, name + ".acl")
            with open(rights, "w", encoding="utf-8") as file:
                file.write(acl)
            lines += [f"acl_file {rights}"]
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        self._process = None
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self._log.close()

    @property
    def url(self):
        return f"mqtt{'s' if self.tls else ''}://localhost:{self.port}"

    def start(self):
        self._process = subprocess.Popen([find("mosquitto"), "-c", self.config], stdin=subprocess.DEVNULL,
                                         stdout=self._log, stderr=self._log, preexec_fn=die_with_parent)
        end = time.monotonic() + 10 * SLOWNESS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                expect(time.monotonic() < end and self._process.poll() is None, "mosquitto does not start")
                time.sleep(0.02)

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def arguments(self, user=DISPATCHER):
        """Of mosquitto_pub and mosquitto_sub, to reach it."""
        args = ["-h", "localhost", "-p", str(self.port), "-q", "1"]
        if not self.tls:
            return args
        own = self._certificates
        return args + ["--cafile", f"{own}/ca.pem", "--cert", f"{own}/rig.pem", "--key", f"{own}/rig.key",
                       "-u", user, "-P", PASSWORD]

    def publish(self, topic, payload, retain=False):
        """Once; an empty payload with retain makes the broker forget."""
        subprocess.run([find("mosquitto_pub"), *self.arguments(), "-t", topic, *(["-r"] if retain else []),
                        *(["-m", payload] if payload else ["-n"])],
                       check=True, capture_output=True, timeout=30 * SLOWNESS)


class Sender:
    """A connection that sends lines to one topic, and repeats the last one when it is told to."""

    def __init__(self, broker, topic):
        self._process = subprocess.Popen([find("mosquitto_pub"), *broker.arguments(), "-t", topic, "-l"],
                                         stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                         preexec_fn=die_with_parent)
        self._lock = threading.Lock()
        self._level = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._repeat, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        self._process.kill()
        self._process.wait()

    def send(self, line):
        with self._lock:
            try:
                self._process.stdin.write(line.encode() + b"\n")
                self._process.stdin.flush()
            except OSError:
                pass  # its broker was killed

    def level(self, make):
        """Sends make() now and twice a second from now on; None: falls silent."""
        self._level = make
        if make is not None:
            self.send(make())

    def _repeat(self):
        while not self._stop.wait(0.5):
            make = self._level
            if make is not None:
                self.send(make())


class Listener:
    """All that is said on a topic filter: (topic, payload), in order."""

    def __init__(self, broker, filter_):
        self._process = subprocess.Popen([find("mosquitto_sub"), *broker.arguments(WATCHER), "-v", "-t", filter_],
                                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1,
                                         preexec_fn=die_with_parent)
        self.heard = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._thread.join()
        self._process.stdout.close()

    def _listen(self):
        for line in self._process.stdout:
            topic, _, payload = line.rstrip("\n").partition(" ")
            self.heard.append((topic, payload))

    def last(self, topic):
        """The newest payload of a topic, or None."""
        return next((payload for heard, payload in reversed(self.heard) if heard == topic), None)

    def until(self, topic, seen, what, seconds):
        """Waits for a newest payload of which seen() is true."""
        end = time.monotonic() + seconds * SLOWNESS
        while True:
            payload = self.last(topic)
            if payload is not None and seen(payload):
                return payload
            expect(time.monotonic() < end, f"not {what} within {seconds} s: {topic} says {payload!r}")
            time.sleep(0.02)
