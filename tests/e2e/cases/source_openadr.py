"""A VEN against a VTN over HTTPS: events of every kind are obeyed and return, what the VTN breaks is no order to work,
and the VTN gets the registration and the reports it is owed.
"""

import os
import tempfile
import time

from broker import Broker
from certificates import Authority
from ebb import SLOWNESS, expect
from rig import NOT_WORKING, Rig
from tls_front import TlsFront
from vtn import FOREVER, NOW, Vtn

POLL_S = 1
STALE_S = 3 * SLOWNESS
SLOWLY = {"poll": 60, "stale": 600}  # hints are what counts
CONFIG = """
[throttle]
trust_clock = true
debounce = "0s"
ramp_up = "0s"
random_return = "0s"
mains_good = "0s"

[[source]]
name = "utility"
type = "openadr"
url = "{vtn.url}"
client_id = "{vtn.client[0]}"
client_secret_file = "secret"
ca_file = "{ca}"
version = "{vtn.version}"
ven_name = "rig-7"
poll = "{poll}s"
stale_after = "{stale}s"
other_load = "1kW"
"""
API = """
[api]
listen = "127.0.0.1:{port}"
"""


class Site:
    """A VTN with one programme, and the miner that listens to it."""

    def __init__(self, authority, folder, before="", more="", poll=POLL_S, stale=STALE_S, **vtn):
        """`before` and `more` stand before and after what every site has in its configuration."""
        self.vtn = Vtn(authority, **vtn)
        self.authority = authority
        self._folder = folder
        self._form = before + CONFIG + more
        self._times = {"poll": poll, "stale": stale}

    def __enter__(self):
        self.vtn.__enter__()
        self.program = self.vtn.program()
        home = tempfile.mkdtemp(dir=self._folder)
        with open(os.path.join(home, "secret"), "w", encoding="utf-8") as file:
            file.write(self.vtn.client[1] + "\n")
        self.rig = Rig(home, self.configuration(self.authority))
        return self

    def __exit__(self, *error):
        self.rig.__exit__(*error)
        self.vtn.__exit__(*error)
        if error[0] is None:
            expect(not self.vtn.complaints, f"the VTN complains: {self.vtn.complaints[:3]}")
            expect(not self.vtn.broken, f"the VTN is broken: {self.vtn.broken[:3]}")
            expect(self.vtn.client[1] not in self.rig.stderr, "the client's secret is in the log")
        else:
            print(f"  the VTN complains: {self.vtn.complaints[:3]}, is broken: {self.vtn.broken[:3]}")

    def configuration(self, authority):
        return self._form.format(vtn=self.vtn, ca=authority.certificate, **self._times)

    def ask(self, kind, *values, **more):
        return self.vtn.signal(self.program, kind, *values, **more)


def run():
    with tempfile.TemporaryDirectory(prefix="ebb-openadr-") as folder:
        authority = Authority(folder)
        with Site(authority, folder) as site:
            for step in (distrusts_a_stranger, is_registered, obeys_and_returns, ends_by_itself, finds_the_second_page,
                         renews_its_token, doubts_a_faulty_vtn, keeps_what_it_has_when_the_vtn_dies,
                         stays_down_over_a_restart, reports, doubts_a_clock):
                timed(step, site)
            site.rig.stop()
        timed(is_told_at_once, authority, folder)
        timed(is_told_by_a_broker, authority, folder)
        timed(speaks_the_older_version, authority, folder)
        timed(is_refused_a_name, authority, folder)


def timed(step, *arguments):
    began = time.monotonic()
    step(*arguments)
    print(f"  {step.__name__}: {time.monotonic() - began:.1f} s", flush=True)


def distrusts_a_stranger(site):
    """A certificate that nobody vouches for: nothing is sent, nothing believed."""
    with tempfile.TemporaryDirectory() as folder:
        site.rig.configure(site.configuration(Authority(folder, "another")))
        site.rig.start()
        site.rig.until_trouble("certificate")
        site.rig.stays(1, *NOT_WORKING)
        expect(not site.vtn.seen, f"it spoke to a stranger: {site.vtn.seen[:3]}")
        site.rig.stop()
    site.rig.configure(site.configuration(site.authority))
    site.rig.start()


def is_registered(site):
    source = site.rig.source(site.rig.until_full())
    expect(source["fresh"] and source["connected"] and source["class"] == "mandatory", f"the VTN is there: {source}")
    until(lambda: site.vtn.all("resources"), "a resource")
    vens, resources = site.vtn.all("vens"), site.vtn.all("resources")
    expect([it["venName"] for it in vens] == ["rig-7"], f"vens: {vens}")
    expect([it["venID"] for it in resources] == [vens[0]["id"]], f"resources: {resources}")


SHEDS = [
    # type, value, units, the limit it makes (None: zero, whatever the unit)
    ("SIMPLE", 3, None, None),
    ("SIMPLE", 1, None, "50%"),
    ("DISPATCH_SETPOINT", 0, "KW", None),
    ("IMPORT_CAPACITY_LIMIT", 0.5, "KW", None),  # the house alone draws more
    ("ALERT_GRID_EMERGENCY", "load shed stage 3", None, None),
]


def obeys_and_returns(site):
    for kind, value, units, limit in SHEDS:
        event = site.ask(kind, value, units=units)
        if limit:
            site.rig.until_limit(limit)
        else:
            status = at_zero(site, kind)
            expect(kind in str(status["reasons"]), f"it does not say why: {status}")
        site.vtn.delete(event)  # in the middle of its interval
        site.rig.until_full(what=f"full after {kind}")


def at_zero(site, what):
    return site.rig.control.until(lambda it: it["state"] in ("PARKED", "RELEASED"), f"zero by {what}", 5)


def ends_by_itself(site):
    site.ask("SIMPLE", 3, seconds=4)
    at_zero(site, "an event of 4 s")
    site.rig.until_full()
    expect(site.vtn.all("events"), "the event is still there")


def finds_the_second_page(site):
    """The event that matters comes after fifty others; and a page that gets lost is no cancellation."""
    site.vtn.crowd(site.program, 60)
    site.ask("SIMPLE", 3)
    at_zero(site, "an event of the second page")
    site.vtn.faults.shuffle = True
    site.rig.stays(2 * POLL_S + 0.5, *NOT_WORKING)
    site.vtn.faults.drop_page = 1
    site.rig.stays(STALE_S + POLL_S, *NOT_WORKING)
    site.vtn.faults.drop_page = None
    site.vtn.faults.shuffle = False
    for it in site.vtn.all("events"):
        site.vtn.delete(it["id"])
    site.rig.until_full()


def renews_its_token(site):
    given = site.vtn.tokens_given
    site.vtn.faults.token_calls = 3
    site.rig.stays(3, "FULL")
    site.vtn.faults.token_calls = 0
    site.vtn.token_seconds = 1
    site.vtn.revoke()
    site.rig.stays(2.5, "FULL")
    expect(site.vtn.tokens_given >= given + 3, f"{site.vtn.tokens_given - given} new tokens")
    site.vtn.token_seconds = 3600


TROUBLES = [
    # what is wrong, what the status says of it
    ({"error": True}, "500"),
    ({"hang": True}, ""),
    ({"truncate": "body"}, ""),
    ({"truncate": "connection"}, ""),
    ({"token_down": True}, "503"),
]


def doubts_a_faulty_vtn(site):
    """While nothing can be read there is no permission, and as soon as it can be read there is."""
    site.vtn.faults.throttle = 2
    site.rig.until_trouble("429")
    site.vtn.faults.throttle = 0
    site.rig.until_full()
    for faults, trouble in TROUBLES:
        switch(site.vtn, faults, True)
        site.rig.until_zero(STALE_S + 8, what=f"zero under {faults}")
        site.rig.control.until(lambda it: trouble_of(it) and trouble in trouble_of(it), f"in trouble by {faults}", 10)
        switch(site.vtn, faults, False)
        site.rig.until_full(20, what=f"full after {faults}")


def trouble_of(status):
    return status["sources"][0]["trouble"]


def switch(vtn, faults, on):
    for name, value in faults.items():
        setattr(vtn.faults, name, value if on else type(value)())
    vtn.revoke()


def keeps_what_it_has_when_the_vtn_dies(site):
    """What was received stays good while silence is permitted, and stands beside the fallback afterwards."""
    event = site.ask("SIMPLE", 2, seconds=60)
    site.rig.until_limit("25%")
    site.vtn.stop()
    stopped = time.monotonic()
    while time.monotonic() - stopped < STALE_S - POLL_S - 0.5:
        status = site.rig.control.status()
        expect(status["limit"] == "25%", f"what was received is forgotten: {status}")
        time.sleep(0.1)
    status = site.rig.until_zero(5, what="zero by silence")
    expect("SIMPLE 2" in str(status["reasons"]), f"what was received is forgotten: {status}")
    site.vtn.start()
    site.rig.until_limit("25%", 20)
    site.vtn.delete(event)
    site.rig.until_full()


def stays_down_over_a_restart(site):
    event = site.ask("SIMPLE", 3)
    at_zero(site, "an event")
    site.rig.kill()
    site.vtn.stop()
    site.rig.start()
    site.rig.stays(2, *NOT_WORKING)
    site.vtn.start()
    site.rig.stays(3, *NOT_WORKING)
    site.vtn.delete(event)
    site.rig.until_full(20)


REPORTED = {"DEMAND": "KW", "USAGE": "KWH", "OPERATING_STATE": None, "SETPOINT": None, "BASELINE": "KW"}


def reports(site):
    """What an event asks for arrives when it is over; that it is well-formed the VTN has seen to."""
    wanted = [{"payloadType": kind, **({"units": units} if units else {})} for kind, units in REPORTED.items()]
    event = site.ask("SIMPLE", 3, seconds=3, reportDescriptors=wanted)
    at_zero(site, "an event to report on")

    def told():
        return {payload["type"]: payload["values"][0]
                for report in site.vtn.all("reports") if report["eventID"] == event
                for resource in report["resources"] for interval in resource["intervals"]
                for payload in interval["payloads"]}
    until(lambda: set(told()) >= set(REPORTED), "all reports", 15)
    expect(told()["OPERATING_STATE"].endswith("_CURTAILED"), f"reported: {told()}")
    site.rig.until_full()


def doubts_a_clock(site):
    """Clocks that are far apart are told of, and a shed without a time of day is obeyed all the same."""
    site.vtn.faults.clock_skew = 3600
    event = site.ask("SIMPLE", 3, intervalPeriod={"start": NOW, "duration": FOREVER})
    at_zero(site, "an event from another hour")
    site.rig.until_trouble("5 minutes apart")
    site.vtn.faults.clock_skew = 0
    site.vtn.delete(event)
    site.rig.until_full()


def is_told_at_once(authority, folder):
    """A notification, be it told twice, beats a poll interval of a minute."""
    with TlsFront(*authority.server("front")) as front:
        callback = f'callback_url = "{front.url}/api/v1/sources/utility"\n'
        with Site(authority, folder, API.format(port=front.behind), callback, **SLOWLY) as site:
            site.rig.start()
            until(lambda: site.vtn.all("subscriptions"), "a subscription")
            site.vtn.faults.repeat_notifications = True
            obeys_a_hint(site)
            until(lambda: len(site.vtn.notified) == 4, "the last notification")
            expect(all(status == 200 for *_, status in site.vtn.notified), f"notified: {site.vtn.notified}")
            site.rig.stop()


def is_told_by_a_broker(authority, folder):
    """The VTN has one; what it publishes beats the poll interval, too."""
    with Broker(folder, "hints") as broker:
        with Site(authority, folder, mqtt=(broker.url, broker.publish), **SLOWLY) as site:
            site.rig.start()
            topics = "/notifiers/mqtt/topics"
            until(lambda: len(site.vtn.calls("GET", topics)) >= 2, "a look for the topics")
            asked = site.vtn.calls("GET", topics)[-1].at
            until(lambda: site.vtn.calls("GET", "/events", since=asked), "a reading after the connection")
            obeys_a_hint(site)
            site.rig.stop()


def obeys_a_hint(site):
    site.rig.until_full()
    event = site.ask("SIMPLE", 3)
    at_zero(site, "a hint")
    site.vtn.delete(event)
    site.rig.until_full(5)


def speaks_the_older_version(authority, folder):
    with Site(authority, folder, version="3.0.1") as site:
        site.rig.start()
        site.rig.until_full()
        until(lambda: site.vtn.all("resources"), "a resource")
        event = site.ask("SIMPLE", 3)
        at_zero(site, "an event of 3.0.1")
        site.vtn.delete(event)
        site.rig.until_full()
        site.rig.stop()


def is_refused_a_name(authority, folder):
    """By a VTN that knows no query for what is active. Its events are obeyed all the same."""
    with Site(authority, folder, active="refused") as site:
        site.vtn.occupy("vens", "rig-7")
        site.rig.start()
        site.rig.until_trouble("another's")
        event = site.ask("SIMPLE", 3)
        at_zero(site, "an event from a VTN that refused our name")
        site.vtn.delete(event)
        site.rig.until_full()
        site.rig.stop()


def until(seen, what, seconds=10):
    end = time.monotonic() + seconds * SLOWNESS
    while not seen():
        expect(time.monotonic() < end, f"no {what} within {seconds} s")
        time.sleep(0.05)
