"""MQTT against real brokers, with TLS and passwords: what they say is obeyed, and what they do not say is not.

The rights are those that docs/fleet.md recommends. Shed and return; a lost, a late, a repeated, an older and a
senseless message; retained levels of yesterday; a broker killed and restored; ebb restarted; two brokers of which the
first has precedence; Home Assistant; brokers that are not who they should be.
"""

import json
import os
import tempfile
import time

from broker import PASSWORD, USER, WATCHER, Broker, Listener, Sender, make_certificates
from control import Control, in_state
from ebb import SLOWNESS, Ebb, expect

SETTINGS = """
[throttle]
trust_clock = true
debounce = "0s"
random_return = "0s"
ramp_up = "0s"
mains_good = "1s"
"""
SOURCE = """
[[source]]
name = "{name}"
type = "mqtt"
stale_after = "{stale}s"
user = "{user}"
password_file = "{password}"
"""
AT_ZERO = ("SHEDDING", "PARKED", "RELEASED")
STALE = 3 * SLOWNESS


def run():
    with tempfile.TemporaryDirectory(prefix="ebb-mqtt-") as folder:
        make_certificates(folder)
        with open(os.path.join(folder, "password"), "w", encoding="utf-8") as file:
            file.write(PASSWORD + "\n")
        trusts_nobody_else(folder)
        one_broker(folder)
        two_brokers(folder)


def recommended_rights():
    """The acl_file of docs/fleet.md, and the right to watch everything."""
    page = os.path.join(os.path.dirname(__file__), "..", "..", "..", "docs", "fleet.md")
    with open(page, encoding="utf-8") as file:
        _, _, rest = file.read().partition("```\n# acl:")
    expect(rest, "docs/fleet.md has no acl")
    return "# acl:" + rest.partition("```")[0] + f"\nuser {WATCHER}\ntopic read #\n"


def table(keys, name="site", user=USER, password="password"):
    return SOURCE.format(name=name, stale=STALE, user=user, password=password) + keys


def start(folder, state, sources):
    """A miner of its own pool, and the way to ask it."""
    config = os.path.join(folder, state + ".toml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(SETTINGS + sources)
    control = Control(os.path.join(folder, state))
    ebb = Ebb("mine", "--demo", "--threads", "1", "--config", config, "--state", control.folder, "--for", "10m")
    return ebb, control


def cap(level, **more):
    return json.dumps({"cap": level, **more})


class Sequence:
    """Messages that are numbered and dated as they are made."""

    def __init__(self):
        self.number = 0

    def __call__(self, level, **more):
        def make():
            self.number += 1
            return cap(level, seq=self.number, sent=time.time(), **more)
        return make


def source(status):
    return status["sources"][0]


def reasons(status):
    return str(status["reasons"])


def trusts_nobody_else(folder):
    """A broker of another name or authority is none, and a wrong password is told."""
    with Broker(folder, "stranger", folder) as broker:
        broker.publish("site/cap", cap(0), retain=True)
        address = f"127.0.0.1:{broker.port}"
        with open(os.path.join(folder, "wrong"), "w", encoding="utf-8") as file:
            file.write("not " + PASSWORD)
        miner, control = start(
            folder, "wary",
            table(f'broker = "mqtts://{address}"\nca_file = "ca.pem"\ntopic = "site/cap"\n', "name") +
            table(f'broker = "{broker.url}"\ntopic = "site/cap"\n', "authority") +
            table(f'broker = "{broker.url}"\nca_file = "ca.pem"\ntopic = "site/cap"\n', "password",
                  password="wrong"))
        with miner:
            control.until_answered()
            status = control.until(lambda it: all(one["trouble"] for one in it["sources"]), "three troubles", 10)
            for one in status["sources"]:
                expect(not one["connected"] and not one["fresh"], f"{one['name']} is trusted: {one}")
            troubles = {one["name"]: one["trouble"] for one in status["sources"]}
            expect("verify failed" in troubles["authority"], f"authority: {troubles}")
            expect("authori" in troubles["password"], f"password: {troubles}")
            expect(PASSWORD not in miner.stderr, "the password is in the log")


def one_broker(folder):
    with Broker(folder, "broker", folder, recommended_rights()) as broker:
        keys = table(f"""broker = "{broker.url}"
ca_file = "ca.pem"
topic = "site/cap"
publish = "ebb/rig1"
publish_every = "1s"
home_assistant = true
""")
        numbered = Sequence()
        # What yesterday left at the broker permits nothing.
        broker.publish("site/cap", cap(1, sent=time.time() - 86400), retain=True)
        with Listener(broker, "#") as world:
            miner, control = start(folder, "one", keys)
            with miner, Sender(broker, "site/cap") as sender:
                world.until("ebb/rig1/availability", lambda it: it == "online", "online", 20)
                time.sleep(0.5)
                status = control.until_answered()
                expect(status["limit"] == "0%" and "waiting for site" in reasons(status),
                       f"an old permission counts: {status}")
                expect(source(status)["connected"] and not source(status)["fresh"],
                       f"connected is not fresh: {status}")
                broker.publish("site/cap", cap(1), retain=True)  # live once, then retained without a date
                control.until(lambda it: in_state(it, "FULL"), "full by a permission", 5)
                sheds_and_returns(control, sender, world, numbered)
                refuses(control, sender, numbered)
                obeys_home_assistant(control, sender, broker, world, numbered)
                falls_silent(control, sender, numbered)
                status = control.until(lambda it: in_state(it, *AT_ZERO), "at zero before the kill", 10)
                miner.kill()
            world.until("ebb/rig1/availability", lambda it: it == "offline", "offline by its will", 30)
            survives(folder, broker, keys, numbered, world)


def sheds_and_returns(control, sender, world, numbered):
    sender.level(numbered(1))
    control.until(lambda it: in_state(it, "FULL") and source(it)["fresh"], "full", 5)
    begin = time.monotonic()
    sender.level(numbered(0, reason="evening peak"))
    world.until("ebb/rig1/state", lambda it: json.loads(it)["cap"] == 0, "zero told", 5)
    took = time.monotonic() - begin
    expect(took < 1 * SLOWNESS, f"{took:.2f} s from the message to the answer of zero")
    status = control.until(lambda it: in_state(it, "PARKED", "RELEASED"), "at zero", 5)
    expect("evening peak" in reasons(status), f"without its reason: {status}")
    print(f"zero was told {1000 * took:.0f} ms after the message was sent")
    sender.level(numbered("40%", until=time.time() + 600))
    control.until(lambda it: it["limit"] == "40%", "at 40 %", 5)
    sender.level(numbered(None))
    control.until(lambda it: in_state(it, "FULL"), "full after the end", 5)


def refuses(control, sender, numbered):
    """Garbage, a repetition, an older and a late message change nothing."""
    sender.level(numbered(0))
    control.until(lambda it: in_state(it, *AT_ZERO), "at zero", 5)
    for line in ("nonsense", "[" * 5000, cap(1, capp=1), cap(40), '{"cap":1,"seq":-1}', "x" * 100000,
                 cap(1, seq=1, sent=time.time()),  # reordered
                 cap(1, seq=10**6, sent=time.time() - 3600)):  # late
        sender.send(line)
    status = control.until(lambda it: "refused" in source(it).get("trouble", ""), "garbage noticed", 5)
    time.sleep(0.5)
    expect(control.status()["limit"] == "0%", f"garbage raised it: {status}")
    sender.level(numbered(1))
    control.until(lambda it: in_state(it, "FULL"), "full after garbage", 5)


def obeys_home_assistant(control, sender, broker, world, numbered):
    for component, name in (("number", "cap"), ("switch", "hold"), ("sensor", "hashrate"), ("sensor", "power"),
                            ("sensor", "state")):
        config = json.loads(world.until(f"homeassistant/{component}/ebb_rig1/{name}/config", bool, "announced", 5))
        expect(config["availability_topic"] == "ebb/rig1/availability" and config["unique_id"].startswith("ebb_rig1_")
               and config["device"]["identifiers"] == ["ebb_rig1"], f"{name}: {config}")
        expect(("expire_after" in config) == (component == "sensor"), f"expire_after: {config}")
    sender.level(numbered(1))
    broker.publish("ebb/rig1/cap/set", "40")
    control.until(lambda it: it["limit"] == "40%", "capped by a slider", 5)
    world.until("ebb/rig1/state", lambda it: json.loads(it)["set_cap"] == 40, "slider shown", 5)
    broker.publish("ebb/rig1/hold/set", "ON")
    control.until(lambda it: in_state(it, *AT_ZERO), "held", 5)
    world.until("ebb/rig1/state", lambda it: json.loads(it)["hold"] == "ON", "hold shown", 5)
    broker.publish("ebb/rig1/hold/set", "OFF")
    control.until(lambda it: it["limit"] == "40%", "released", 5)
    # The feed says zero: no slider raises that.
    sender.level(numbered(0))
    control.until(lambda it: in_state(it, *AT_ZERO), "at zero", 5)
    broker.publish("ebb/rig1/cap/set", "100")
    time.sleep(1)
    expect(control.status()["limit"] == "0%", "a slider raised what the feed forbids")
    sender.level(numbered(1))
    control.until(lambda it: in_state(it, "FULL"), "full", 5)


def falls_silent(control, sender, numbered):
    """A lost message is silence, and silence is zero; a word of the feed ends it."""
    sender.level(None)
    status = control.until(lambda it: in_state(it, *AT_ZERO), "at zero in silence", STALE + 5)
    expect("not heard" in reasons(status) and source(status)["connected"], f"silence: {status}")
    sender.level(numbered(1))
    control.until(lambda it: in_state(it, "FULL"), "full again", 5)
    sender.level(numbered(0, reason="before the kill"))


def survives(folder, broker, keys, numbered, world):
    miner, control = start(folder, "one", keys)
    with miner, Sender(broker, "site/cap") as sender:
        world.until("ebb/rig1/availability", lambda it: it == "online", "online again", 20)
        status = control.until_answered()
        expect(status["limit"] == "0%" and "before the kill" in reasons(status), f"forgotten: {status}")
        time.sleep(0.5)
        expect(control.status()["limit"] == "0%", "the retained permission without a date raised it")
        sender.level(numbered(1))
        control.until(lambda it: in_state(it, "FULL"), "full after the restart", 5)
        broker.kill()
    miner.kill()

    # A level retained with its date by a sender who repeats it is one: no need to wait for the next.
    broker.start()
    numbered.number += 1000
    broker.publish("site/cap", numbered(1)(), retain=True)
    miner, control = start(folder, "one", keys)
    with miner:
        control.until_answered()
        control.until(lambda it: in_state(it, "FULL"), "full by a fresh retained permission", 5)
        with Sender(broker, "site/cap") as sender:
            sender.level(numbered(1))
            control.until(lambda it: in_state(it, "FULL"), "full", 5)
            broker.kill()
        status = control.until(lambda it: in_state(it, *AT_ZERO), "at zero without a broker", STALE + 5)
        expect(not source(status)["connected"] and source(status)["trouble"], f"no trouble: {status}")
        broker.start()
        with Sender(broker, "site/cap") as sender:
            sender.level(numbered(1))
            control.until(lambda it: in_state(it, "FULL"), "full with the broker back", 40)
            with Listener(broker, "ebb/#") as ours:
                ours.until("ebb/rig1/availability", lambda it: it == "online", "online", 5)
                miner.signal(15)
                expect(miner.wait(10 * SLOWNESS) == 0, f"it ended with {miner.returncode}")
                ours.until("ebb/rig1/availability", lambda it: it == "offline", "offline", 5)
                expect(PASSWORD not in miner.stderr, "the password is in the log")


def two_brokers(folder):
    with (Broker(folder, "first", folder, want_certificates=True) as first,
          Broker(folder, "second", folder, want_certificates=True) as second):
        keys = table(f"""broker = "{first.url}"
second_broker = "{second.url}"
ca_file = "ca.pem"
cert_file = "rig.pem"
key_file = "rig.key"
target_topic = "site/target"
""")

        def target(value):
            return lambda: json.dumps({"target": value, "timestamp": time.time()})

        miner, control = start(folder, "two", keys)
        with miner, Sender(second, "site/target") as low:
            with Sender(first, "site/target") as high:
                control.until_answered()
                high.level(target(100))
                control.until(lambda it: in_state(it, "FULL"), "full by the first", 10)
                low.send(target(0)())  # once: the first does not agree, and wins
                high.level(target(100))
                control.until(lambda it: in_state(it, "FULL"), "full by precedence", 5)
                high.level(target(0))
                control.until(lambda it: in_state(it, *AT_ZERO), "at zero by the first", 5)
                low.level(target(100))
                time.sleep(STALE + 1)
                expect(control.status()["limit"] == "0%", "the second raised what the first forbids")
            first.kill()
            begin = time.monotonic()
            control.until(lambda it: in_state(it, "FULL"), "full by the second alone", STALE + 10)
            expect(time.monotonic() - begin > STALE - 1.5, "the second was believed too early")
            low.send(json.dumps({"target": 0, "timestamp": 1000 * time.time()}))  # milliseconds: nonsense
            time.sleep(0.5)
            expect(in_state(control.status(), "FULL"), "a senseless time stamp was believed")
            low.level(target(0))
            control.until(lambda it: in_state(it, *AT_ZERO), "at zero by the second", 5)
