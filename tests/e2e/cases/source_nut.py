"""A UPS behind the real upsd: blips are ridden through, a confirmed outage, a low battery and a shutdown are obeyed,
silence of every kind is the fallback, and a return waits until the mains is good.
"""

import os
import tempfile
import time

from ebb import SLOWNESS, expect
from nut_server import USER, NutServer
from rig import NOT_WORKING, Rig

CONFIRM_S = 3 * SLOWNESS
STALE_S = 3 * SLOWNESS
MAINS_GOOD_S = 2
CONFIG = f"""
[throttle]
trust_clock = true
debounce = "0s"
ramp_up = "0s"
random_return = "0s"
mains_good = "{MAINS_GOOD_S}s"

[[source]]
name = "mains"
type = "nut"
ups = "{{address}}"
user = "{USER}"
password_file = "password"
poll = "250ms"
confirm = "{CONFIRM_S}s"
stale_after = "{STALE_S}s"
"""
GARBAGE = "OLB OBX ,OL {}[]<&>%n"


def run():
    with tempfile.TemporaryDirectory(prefix="ebb-nut-") as folder, \
            tempfile.TemporaryDirectory(prefix="ebb-rig-") as home, NutServer(folder) as ups:
        with open(os.path.join(home, "password"), "w", encoding="utf-8") as file:
            file.write(ups.password + "\n")
        with Rig(home, CONFIG.format(address=ups.address)) as rig:
            rig.start()
            for step in (is_heard, rides_a_blip_through, obeys_an_outage, obeys_a_low_battery, obeys_a_shutdown,
                         waits_for_a_battery, falls_back_on_garbage, falls_back_without_a_driver,
                         falls_back_without_a_server, falls_back_when_it_hangs, stays_down_over_a_restart):
                began = time.monotonic()
                step(rig, ups)
                print(f"  {step.__name__}: {time.monotonic() - began:.1f} s")
            rig.stop()
            events = rig.control.report()
            expect(len(events) >= 6 and all(not event["violations"] for event in events), f"report: {events}")
            expect(ups.password not in rig.stderr + str(events), "the password is in the log or the report")


def is_heard(rig, _):
    source = rig.source(rig.until_full())
    expect(source["fresh"] and source["connected"] and source["last"] == "OL", f"the UPS is there: {source}")
    expect(source["class"] == "protective" and not source["trouble"], f"the UPS is there: {source}")


def rides_a_blip_through(rig, ups):
    ups.say("OB DISCHRG")
    ups.say("OL CHRG")
    rig.stays(CONFIRM_S + 0.5, "FULL")


def obeys_an_outage(rig, ups):
    began = time.monotonic()
    ups.say("OB DISCHRG")
    status = rig.until_zero(CONFIRM_S + 3)
    expect(time.monotonic() - began > CONFIRM_S - 0.5, "it did not wait for the confirmation")
    expect("on battery" in str(status["reasons"]), f"it does not say why: {status}")
    rig.stays(1, *NOT_WORKING)
    returns(rig, ups)


def returns(rig, ups):
    """To full, after the mains was good for long enough, with a dip in between."""
    ups.say("OL CHRG")
    rig.control.until(lambda it: it["state"] == "HOLDOFF", "waiting for good mains", 5)
    rig.stays(MAINS_GOOD_S - 1.5, *NOT_WORKING)
    rig.until_full(MAINS_GOOD_S + 5)


def obeys_a_low_battery(rig, ups):
    at_once(rig, ups, "OB LB", "battery, which is low")
    ups.say("OB DISCHRG")  # after it, still out
    rig.stays(1, *NOT_WORKING)


def obeys_a_shutdown(rig, ups):
    returns(rig, ups)
    at_once(rig, ups, "FSD OL", "shutting down")


def at_once(rig, ups, said, why):
    """Without the time for confirmation."""
    ups.say(said)
    began = time.monotonic()
    status = rig.control.until(lambda it: it["limit"] == "0%", f"zero at {said}", 5)
    expect(time.monotonic() - began < CONFIRM_S / 2, f"{said} was confirmed first")
    expect(why in str(status["reasons"]), f"it does not say why: {status}")
    rig.until_zero()


def waits_for_a_battery(rig, ups):
    """The mains is back and the battery is empty: the next dip would be the end."""
    ups.say("OL CHRG LB")
    rig.stays(MAINS_GOOD_S + 1, *NOT_WORKING)
    ups.say("OL CHRG")
    rig.until_full()


def falls_back_on_garbage(rig, ups):
    ups.say(GARBAGE)
    rig.until_trouble("tells nothing of the mains")
    silent(rig)
    ups.say("OL")
    rig.until_full()


def silent(rig):
    """What is not heard counts as an outage soon."""
    status = rig.until_zero(STALE_S + 5)
    expect(not rig.source(status)["fresh"], f"it is fresh: {status}")


def falls_back_without_a_driver(rig, ups):
    ups.kill_driver()
    rig.until_trouble("upsd says")
    silent(rig)
    expect(rig.source()["connected"], "upsd is there")
    ups.start_driver()
    rig.until_full(15)


def falls_back_without_a_server(rig, ups):
    ups.kill_upsd()
    rig.until_trouble("no answer")
    silent(rig)
    expect(not rig.source()["connected"], "upsd is not there")
    ups.start()
    rig.until_full(15)


def falls_back_when_it_hangs(rig, ups):
    with ups.hanging():
        rig.until_trouble("no answer")
        silent(rig)
        rig.stop()
        rig.start()
        rig.stays(1, *NOT_WORKING)
    rig.until_full(15)


def stays_down_over_a_restart(rig, ups):
    ups.say("OB DISCHRG")
    rig.until_zero(CONFIRM_S + 3)
    rig.kill()
    rig.start()
    rig.stays(CONFIRM_S + 2, *NOT_WORKING)
    returns(rig, ups)
