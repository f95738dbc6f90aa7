"""Every source at once, each server failing in turn: the limit is always the least that the rules give, and the ledger
says why it changed.

A UPS, a broker, a VTN, a webhook, a site's meter (its limit and its frequency), a contact, a price and a carbon
intensity; the model here is a table of what each asks for, and of what its silence costs.
"""

import json
import os
import sqlite3
import tempfile
import time

from broker import Broker, Sender
from cases.source_webhook import Poster, free_port
from certificates import Authority
from ebb import SLOWNESS, expect
from market import Market
from modbus_server import DISCRETE, ModbusServer
from nut_server import USER, NutServer
from rig import Rig
from vtn import Vtn

STALE_S = 3 * SLOWNESS
TOKEN = "a token of at least sixteen bytes"
# What each asks for when it asks, and what its silence costs; an economic one's costs nothing.
CAPS = {"ups": 0.10, "broker": 0.15, "utility": 0.50, "plant": 0.05, "relay": 0.20, "market": 0.30, "carbon": 0.40,
        "grid": 0.25}
FALLBACKS = {"ups": 0.60, "broker": 0.55, "utility": 0.65, "relay": 0.75, "fuse": 0.70, "grid": 0.80}
CONFIG = """
[throttle]
trust_clock = true
debounce = "0s"
ramp_up = "0s"
economic_ramp_down = "0s"
random_return = "0s"
mains_good = "0s"

[api]
listen = "127.0.0.1:{plant}"

[[meter]]
name = "site"
type = "modbus"
address = "{meter}"
period = "200ms"
timeout = "500ms"
sunspec = true

[power]
nameplate = "3kW"
nameplate_idle = "100W"

[[source]]
name = "ups"
type = "nut"
ups = "{ups}"
user = "{ups_user}"
password_file = "ups-password"
poll = "250ms"
confirm = "0s"
cap = "10%"
stale_after = "{stale}s"
fallback = "60%"

[[source]]
name = "broker"
type = "mqtt"
broker = "{broker}"
topic = "site/cap"
stale_after = "{stale}s"
fallback = "55%"

[[source]]
name = "utility"
type = "openadr"
url = "{vtn}"
client_id = "{client}"
client_secret_file = "vtn-secret"
ca_file = "{ca}"
poll = "1s"
stale_after = "{stale}s"
fallback = "65%"

[[source]]
name = "plant"
type = "webhook"
token_file = "token"

[[source]]
name = "fuse"
type = "site_limit"
meter = "site"
limit = "100kW"
stale_after = "{stale}s"
fallback = "70%"

[[source]]
name = "grid"
type = "frequency"
meter = "site"
steps = [{{ below = 49.8, cap = "25%", hold = "1s" }}]
observe = false
stale_after = "{stale}s"
fallback = "80%"

[[source]]
name = "relay"
type = "contact"
modbus = "{relay}"
inputs = [3]
poll = "100ms"
timeout = "500ms"
shed = "20%"
stale_after = "{stale}s"
fallback = "75%"

[[source]]
name = "market"
type = "price"
format = "json"
url = "http://{market}/prices"
items = "data"
start = "from"
end = "to"
value = "price"
unit = "EUR/MWh"
off_above = "80 EUR/MWh"
cap = "30%"
poll = "500ms"
timeout = "1s"
stale_after = "{stale}s"

[[source]]
name = "carbon"
type = "carbon"
url = "http://{market}/intensity"
off_above = 200
cap = "40%"
poll = "500ms"
stale_after = "{stale}s"
"""
HOUR = 3600


class Site:
    """All servers, and the table of what they say."""

    def __init__(self, folder):
        self.folder = folder
        self.ups = NutServer(os.path.join(folder, "nut"))
        self.broker = Broker(folder, "broker")
        self.authority = Authority(folder)
        self.vtn = Vtn(self.authority)
        self.meter, self.relay, self.market = ModbusServer(), ModbusServer(), Market()
        self.poster = Poster(free_port())
        self.asking, self.dead = set(), set()
        self._event = None
        self._running = [self.meter, self.relay, self.market, self.vtn, self.ups, self.broker]

    def __enter__(self):
        self.meter.meter(20_000, 50.0)
        self.relay.put(DISCRETE, 3, [1])
        for server in self._running:
            server.__enter__()
        self.broker.start()
        self.program = self.vtn.program()
        self.market.publish((HOUR, 50))
        self.orders = Sender(self.broker, "site/cap").__enter__()
        self._permit_by_broker()
        for name, secret in (("ups-password", self.ups.password), ("vtn-secret", self.vtn.client[1]), ("token", TOKEN)):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                file.write(secret + "\n")
        return self

    def __exit__(self, *error):
        self.orders.__exit__(*error)
        for server in reversed(self._running):
            server.__exit__(*error)

    def configuration(self):
        return CONFIG.format(plant=self.poster.port, meter=self.meter.address, relay=self.relay.address,
                             ups=self.ups.address, ups_user=USER, broker=self.broker.url, vtn=self.vtn.url,
                             client=self.vtn.client[0], ca=self.authority.certificate, market=self.market.address, stale=STALE_S)

    # -- what they ask for -------------------------------------------------------------------------

    def ask(self, name, on):
        """One source asks for its cap, or asks no more."""
        getattr(self, f"_ask_{name}")(on)
        (self.asking.add if on else self.asking.discard)(name)

    def _ask_ups(self, on):
        self.ups.say("OB" if on else "OL")

    def _ask_broker(self, on):
        self.orders.level(lambda: message(CAPS["broker"] if on else 1))

    def _permit_by_broker(self):
        self._ask_broker(False)

    def _ask_utility(self, on):
        if on:
            self._event = self.vtn.signal(self.program, "SIMPLE", 1)
        else:
            self.vtn.delete(self._event)

    def _ask_plant(self, on):
        status, answer = self.poster.post(message(CAPS["plant"] if on else None), {"Authorization": f"Bearer {TOKEN}"})
        expect(status == 200, f"the webhook answers {status} {answer}")

    def _ask_relay(self, on):
        self.relay.put(DISCRETE, 3, [0 if on else 1])

    def _ask_market(self, on):
        self.market.publish((HOUR, 120 if on else 50))

    def _ask_carbon(self, on):
        self.market.intensity(300 if on else 100)

    def _ask_grid(self, on):
        self.meter.meter(20_000, 49.5 if on else 50.0)

    # -- who fails ---------------------------------------------------------------------------------

    def servers(self):
        """How each is killed and started, and the sources that it takes with it."""
        return {
            "upsd": (self.ups.kill_upsd, self.ups.start, {"ups"}),
            "mosquitto": (self.kill_broker, self.restore_broker, {"broker"}),
            "VTN": (self.vtn.stop, self.vtn.start, {"utility"}),
            "contact": (self.relay.kill, self.relay.start, {"relay"}),
            "meter": (self.meter.kill, self.meter.start, {"fuse", "grid"}),
            "market": (self.market.stop, self.market.start, {"market", "carbon"}),
        }

    def kill_broker(self):
        self.orders.__exit__(None, None, None)
        self.broker.kill()

    def restore_broker(self):
        self.broker.start()
        self.orders = Sender(self.broker, "site/cap").__enter__()
        self._permit_by_broker()

    # -- the rules ---------------------------------------------------------------------------------

    def allowed(self):
        return min([1.0] + [CAPS[name] for name in self.asking]
                   + [FALLBACKS[name] for name in self.dead if name in FALLBACKS])


def message(cap):
    now = time.time()
    return json.dumps({"cap": cap, "seq": time.time_ns(), "sent": now})


def run():
    with tempfile.TemporaryDirectory(prefix="ebb-matrix-") as folder:
        os.mkdir(os.path.join(folder, "nut"))
        with Site(folder) as site, Rig(folder, site.configuration()) as rig:
            rig.start()
            obeyed(rig, site, "all permit")
            for name in CAPS:
                site.ask(name, True)
                obeyed(rig, site, f"{name} asks")
                site.ask(name, False)
                obeyed(rig, site, f"{name} asks no more")
            for server, (kill, start, sources) in site.servers().items():
                began = time.monotonic()
                fails(rig, site, server, kill, start, sources)
                print(f"  {server}: {time.monotonic() - began:.1f} s")
            rig.stop()
            explained(rig)


def fails(rig, site, server, kill, start, sources):
    kill()
    site.dead |= sources
    obeyed(rig, site, f"{server} is dead")
    silent = [it for it in rig.control.status()["sources"] if it["name"] in sources]
    expect(all(not it["fresh"] or it["class"] == "economic" for it in silent), f"{server} is dead: {silent}")
    for name in CAPS:
        if name in sources:
            continue
        site.ask(name, True)
        obeyed(rig, site, f"{server} is dead, {name} asks")
        site.ask(name, False)
    obeyed(rig, site, f"{server} is dead, nobody asks")
    site.ask("relay" if server != "contact" else "plant", True)
    rig.kill()
    rig.start()
    obeyed(rig, site, f"{server} is dead, ebb was restarted")
    site.ask("relay" if server != "contact" else "plant", False)
    start()
    site.dead.clear()
    obeyed(rig, site, f"{server} is back")


def obeyed(rig, site, when):
    """The limit becomes what the rules give, and stays there."""
    wanted = site.allowed()
    right = lambda status: abs(status["fraction"] - wanted) < 1e-6
    rig.control.until(right, f"at {wanted:.0%} ({when})", 15)
    time.sleep(0.25)
    status = rig.control.status()
    expect(right(status), f"{when}: not at {wanted:.0%} any more: {status}")


def explained(rig):
    """Each decision of the ledger names reasons, and the least of them is its limit."""
    with sqlite3.connect(f"file:{os.path.join(rig.control.folder, 'ledger.db')}?mode=ro", uri=True) as ledger:
        decisions = [json.loads(data) for (data,) in
                     ledger.execute("SELECT data FROM entry WHERE kind = 'decision' ORDER BY id")]
    limits = set()
    for decision in decisions:
        limit = float(decision["limit"]["fraction"])
        limits.add(round(limit, 6))
        reasons = [float(reason["limit"]["fraction"]) for reason in decision["reasons"] if not reason["overridden"]]
        expect(abs(min(reasons, default=1) - limit) < 1e-6, f"a decision that its reasons do not explain: {decision}")
    missing = set(CAPS.values()) | set(FALLBACKS.values()) - {FALLBACKS["grid"]}  # the fuse's is lower
    expect(missing <= limits, f"the ledger has no decision of {missing - limits}")
    print(f"  {len(decisions)} decisions, {len(limits)} limits, each explained")
