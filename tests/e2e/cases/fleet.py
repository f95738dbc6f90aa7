"""A site of 1,000 rigs on one broker: one publish stops them all within a second, and they return gently.

Each rig has its own connection (TLS, password), MQTT source and throttle; its devices are simulated. A sanitizer
build has 100 rigs. Measured: from the sending of the order to the last slice of each rig, the spread of the returns
over the random window, and the site's rise, which may never be faster than was configured.
"""

import json
import os
import resource
import subprocess
import tempfile
import threading
import time

from broker import PASSWORD, USER, Broker, Listener, make_certificates
from ebb import SLOW, SLOWNESS, Failure, binary, die_with_parent, expect

RIGS = 100 if SLOW else 1000
FULL_WATTS, IDLE_WATTS = 3250, 50
RANDOM_RETURN = 15  # s
SITE_WATTS_PER_MINUTE = RIGS * 16_000  # a rig ramps for 12 s
SAMPLING = 0.5 * SLOWNESS  # s by which two samples of a rise may be off


class Fleet:
    """ebb_fleet, and what it has told so far."""

    def __init__(self, broker, ca):
        default = os.path.join(os.path.dirname(os.path.dirname(binary())), "tests", "fleet", "ebb_fleet")
        path = os.environ.get("EBB_FLEET", default)
        if not os.access(path, os.X_OK):
            raise Failure(f"there is no {path}: set EBB_FLEET")
        self._process = subprocess.Popen(
            [path, "--broker", broker.url, "--user", USER, "--password", PASSWORD, "--ca-file", ca, "--rigs",
             str(RIGS), "--random-return", str(RANDOM_RETURN), "--watts-per-minute", str(SITE_WATTS_PER_MINUTE)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, preexec_fn=die_with_parent)
        self.samples = []
        self.figures = {}
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
            told = json.loads(line)
            if "watts" in told:
                self.samples.append(told)
            else:
                self.figures.update(told)

    def until(self, seen, what, seconds):
        """The first sample of which seen() is true."""
        end = time.monotonic() + seconds * SLOWNESS
        while True:
            expect(self._process.poll() is None, f"ebb_fleet ended with {self._process.returncode}")
            if self.samples and seen(self.samples[-1]):
                return self.samples[-1]
            expect(time.monotonic() < end, f"not {what} within {seconds} s: {self.samples[-1:]}")
            time.sleep(0.05)

    def figure(self, name):
        """Of each rig, sorted; it was told just after the sample that ended something."""
        end = time.monotonic() + 10 * SLOWNESS
        while name not in self.figures:
            expect(time.monotonic() < end, f"{name} was not told")
            time.sleep(0.05)
        return sorted(self.figures.pop(name))

    def end(self):
        """Seconds until it has stopped all its rigs."""
        begin = time.monotonic()
        self._process.stdin.close()
        expect(self._process.wait(60 * SLOWNESS) == 0, f"ebb_fleet ended with {self._process.returncode}")
        return time.monotonic() - begin


def run():
    allow_many_files()
    if RIGS < 1000:
        print(f"{RIGS} rigs instead of 1,000: this build or machine is slow")
    with tempfile.TemporaryDirectory(prefix="ebb-fleet-") as folder:
        make_certificates(folder)
        with Broker(folder, "site", folder) as broker, Fleet(broker, os.path.join(folder, "ca.pem")) as fleet:
            fleet.until(lambda it: it["connected"] == RIGS, "connected", 60)
            expect(fleet.samples[-1]["zero"] == RIGS, "a rig works that has heard nothing")
            with Listener(broker, "ebb/+/state") as answers:
                returns(broker, fleet, "the first permission")
                stops(broker, fleet, answers)
                returns(broker, fleet, "the order's end")
            survives(broker, fleet)
            print(f"all stopped in {fleet.end():.1f} s")


def allow_many_files():
    """A broker of a thousand connections has more files than shells allow; it inherits this."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def say(broker, cap, number):
    sent = time.time()
    broker.publish("site/cap", json.dumps({"cap": cap, "seq": number, "sent": sent}), retain=True)
    return sent


def stops(broker, fleet, answers):
    answered = len(answers.heard)
    sent = say(broker, 0, int(time.time() * 1000))
    fleet.until(lambda it: it["zero"] == RIGS and it["time"] > sent, "at zero", 30)
    took = fleet.figure("zero_ms")
    expect(len(took) == RIGS, f"{len(took)} of {RIGS} rigs obeyed")
    p99 = took[int(0.99 * RIGS) - 1]
    print(f"{RIGS} rigs at zero after one publish: median {took[RIGS // 2]:.0f} ms, p99 {p99:.0f} ms, "
          f"last {took[-1]:.0f} ms")
    expect(p99 < 1000 * SLOWNESS, f"p99 is {p99:.0f} ms")

    def at_zero():
        return {topic for topic, payload in answers.heard[answered:] if json.loads(payload)["cap"] == 0}
    end = time.monotonic() + 15 * SLOWNESS
    while len(at_zero()) < RIGS:
        expect(time.monotonic() < end, f"{len(at_zero())} of {RIGS} rigs have answered")
        time.sleep(0.2)
    print(f"all have answered {time.time() - sent:.1f} s after the order")


def survives(broker, fleet):
    """The broker restarts: all come back, and none has shed for a silence shorter than stale_after."""
    broker.kill()
    fleet.until(lambda it: it["connected"] == 0, "all lost", 10)
    broker.start()
    begin = time.monotonic()
    last = fleet.until(lambda it: it["connected"] == RIGS, "all back", 60)
    expect(last["full"] == RIGS, f"some shed: {last}")
    print(f"all were back {time.monotonic() - begin:.1f} s after the broker's restart")


def returns(broker, fleet, what):
    first = len(fleet.samples)
    sent = say(broker, 1, int(time.time() * 1000))
    fleet.until(lambda it: it["full"] == RIGS, f"full after {what}", 120)
    at = fleet.figure("return_s")
    expect(len(at) == RIGS, f"{len(at)} of {RIGS} rigs returned")
    window = [share for share in (at[0], at[RIGS // 4], at[RIGS // 2], at[3 * RIGS // 4], at[-1])]
    print(f"return after {what}: first rig {window[0]:.1f} s, quarters {window[1]:.1f} / {window[2]:.1f} / "
          f"{window[3]:.1f} s, last {window[4]:.1f} s")
    # Uniform over the window, after the debounce of 1 s. Of 100 rigs a quartile is within 4 standard errors.
    error = 4 * RANDOM_RETURN * 0.43 / RIGS ** 0.5
    for place, share in ((1, 0.25), (2, 0.5), (3, 0.75)):
        wanted = 1 + share * RANDOM_RETURN
        expect(wanted - error < window[place] < wanted + error + SLOWNESS,
               f"returns are not spread: quartile {place} at {window[place]:.1f} s, wanted {wanted:.1f} s")
    expect(window[4] < 1 + RANDOM_RETURN + 2 * SLOWNESS, f"the last rig returned after {window[4]:.1f} s")

    rising = [it for it in fleet.samples[first:] if it["time"] >= sent]
    per_second = SITE_WATTS_PER_MINUTE / 60
    fastest = 0
    for i, begin in enumerate(rising):
        for end in rising[i + 1:]:
            rise, time_between = end["watts"] - begin["watts"], end["time"] - begin["time"]
            expect(rise >= -1, f"the site's power fell by {-rise:.0f} W on its way up")
            expect(rise <= per_second * (time_between + SAMPLING),
                   f"{rise / 1e3:.0f} kW in {time_between:.1f} s, allowed {per_second / 1e3:.1f} kW/s")
            if time_between >= 5:
                fastest = max(fastest, rise / time_between)
    expect(max(it["watts"] for it in rising) <= RIGS * FULL_WATTS + 1, "more than full power")
    print(f"the site rose by at most {60 * fastest / 1e6:.2f} MW/min over 5 s, allowed "
          f"{SITE_WATTS_PER_MINUTE / 1e6:.2f} MW/min")
