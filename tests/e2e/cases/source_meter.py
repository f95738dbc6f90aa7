"""A site's SunSpec meter at a real Modbus server: a limit of the whole site and under-frequency, held by watts that a
second meter shows.

The watts are made of the CPU time that the miner really uses. Others' load is made room for and given back, without
oscillation; the frequency is obeyed within a sample; silence of every kind is the fallback; a restart changes nothing.
"""

import tempfile
import time

from ebb import SLOWNESS, expect
from modbus_server import ModbusServer
from rig import NOT_WORKING, Rig
from site_plant import IDLE_W, RIG_METER_AT, Site

LIMIT_W = 10_000
STALE_S = 3 * SLOWNESS
HOLD_S = 3
AT_WORK_W = 1600  # a busy machine may leave it no whole core
CONFIG = f"""
[throttle]
trust_clock = true
debounce = "0s"
ramp_up = "0s"
random_return = "0s"
mains_good = "1s"

[[meter]]
name = "site"
type = "modbus"
address = "{{address}}"
period = "200ms"
timeout = "500ms"
sunspec = true

[[meter]]
name = "rig"
type = "modbus"
address = "{{address}}"
unit = 2
period = "200ms"
timeout = "500ms"
watts = {{{{ register = {RIG_METER_AT}, type = "float32", kind = "input" }}}}

[power]
meter = "rig"
nameplate = "3kW"
nameplate_idle = "100W"

[[source]]
name = "fuse"
type = "site_limit"
meter = "site"
limit = "{LIMIT_W // 1000}kW"
meter_delay = "2s"
stale_after = "{STALE_S}s"

[[source]]
name = "grid"
type = "frequency"
meter = "site"
steps = [{{{{ below = 49.8, cap = "0%", hold = "{HOLD_S}s" }}}}]
observe = false
stale_after = "{STALE_S}s"
"""
GARBAGE = b"HTTP/1.1 400 Bad Request\r\n\r\n"


def run():
    with ModbusServer() as server, tempfile.TemporaryDirectory(prefix="ebb-meter-") as home, \
            Rig(home, CONFIG.format(address=server.address)) as rig, Site(server, rig) as site:
        site.others = 2000
        rig.start()
        for step in (works_while_there_is_room, makes_room, takes_it_back, obeys_the_frequency,
                     falls_back_when_it_hangs, falls_back_without_a_server, falls_back_on_garbage, survives_delays,
                     stays_down_over_a_restart):
            began = time.monotonic()
            step(rig, site, server)
            print(f"  {step.__name__}: {time.monotonic() - began:.1f} s")
        rig.stop()
        events = rig.control.report()
        expect(len(events) >= 4, f"{len(events)} events")
        broken = [it for event in events for it in event["violations"] if "limit of 0" in it["text"]]
        expect(not broken, f"work at zero: {broken}")


def source(status, name):
    return next(it for it in status["sources"] if it["name"] == name)


def works_while_there_is_room(rig, site, _):
    status = rig.until_full(15)
    for name in ("fuse", "grid"):
        expect(source(status, name)["fresh"] and source(status, name)["connected"], f"{name}: {status}")
    expect(status["power"]["meter"] == "external meter", f"its own meter is another: {status}")
    rig.control.until(lambda _: site.own > AT_WORK_W, "at work", 20)


def makes_room(rig, site, _):
    """For 8.5 kW of others it goes down to 1.3 kW, and stays there."""
    site.others = 8500
    status = rig.control.until(lambda it: it["limit"].endswith("W"), "limited", 10)
    expect("the site may draw 10kW, others draw" in str(status["reasons"]), f"it does not say why: {status}")
    rig.control.until(lambda it: 700 < site.own < 1600, "at what is left", 30)
    time.sleep(3)
    site.watch()
    limits = []
    for _ in range(24):
        limits.append(rig.control.status()["limit"])
        time.sleep(0.25)
    means = site.means(2)
    expect(max(means) <= LIMIT_W - site.others + 150, f"the site draws too much: {means}")
    expect(min(means) > 500, f"more is shed than was asked: {means}")
    expect(len(set(limits)) <= 2, f"the cap wavers: {limits}")


def takes_it_back(rig, site, _):
    site.others = 2000
    rig.until_full(30)
    rig.control.until(lambda _: site.own > AT_WORK_W, "at work", 20)


def obeys_the_frequency(rig, site, _):
    began = time.monotonic()
    site.hertz = 49.7
    status = rig.control.until(lambda it: it["limit"] == "0%", "zero", 2)
    print(f"  49.7 Hz to zero, seen from outside: {time.monotonic() - began:.2f} s")
    expect("the grid is below 49.8 Hz" in str(status["reasons"]), f"it does not say why: {status}")
    rig.until_zero(10)
    site.hertz = 50.0
    held = time.monotonic()
    rig.control.until(lambda it: "the site fell by" in source(it, "fuse")["last"], "seen to fall", 10)
    rig.until_full(15)
    expect(time.monotonic() - held > HOLD_S - 0.5, "it did not hold")
    expect(not source(rig.control.status(), "fuse")["trouble"], "the site fell, and that is trouble")


def silent(rig):
    status = rig.until_zero(STALE_S + 7)
    expect(not source(status, "fuse")["fresh"] and not source(status, "grid")["fresh"], f"fresh: {status}")
    expect(source(status, "fuse")["trouble"], f"no trouble: {status}")


def falls_back_when_it_hangs(rig, _, server):
    with server.hanging():
        silent(rig)
    rig.until_full(20)


def falls_back_without_a_server(rig, _, server):
    server.kill()
    silent(rig)
    server.start()
    rig.until_full(25)


def falls_back_on_garbage(rig, _, server):
    server.kill()
    with server.babbling(GARBAGE):
        silent(rig)
    server.start()
    rig.until_full(25)


def survives_delays(rig, site, server):
    """It works on. While its own power wavers, a late meter has others draw some of it, so there may be a cap above that."""
    rig.control.until(lambda _: site.own > AT_WORK_W, "at work", 20)
    server.answer_after(0.1)
    end = time.monotonic() + STALE_S + 1
    while time.monotonic() < end:
        status = rig.control.status()
        expect(status["fraction"] == 1, f"an answer that is late sheds: {status}")
        expect(all(source(status, name)["fresh"] for name in ("fuse", "grid")), f"silent: {status}")
        time.sleep(0.2)
    server.answer_after(0)


def stays_down_over_a_restart(rig, site, _):
    site.others = 12_000
    rig.until_zero(15)
    rig.control.until(lambda _: site.own < IDLE_W + 300, "at rest", 10)
    rig.kill()
    rig.start()
    rig.stays(2, *NOT_WORKING)
    rig.until_zero(10)
    site.others = 2000
    rig.until_full(30)
