"""Contacts as discrete inputs of a real Modbus server: one that permits while it is closed, and a box of two that dims.

An open contact is obeyed within a poll; a server that hangs, dies or babbles is silence and the fallback; a restart
changes nothing.
"""

import tempfile
import time

from control import in_state
from ebb import SLOWNESS, expect
from modbus_server import DISCRETE, ModbusServer
from rig import NOT_WORKING, Rig

POLL_S = 0.1
STALE_S = 2 * SLOWNESS
THROTTLE = """
[throttle]
trust_clock = true
debounce = "0s"
ramp_up = "0s"
random_return = "0s"
mains_good = "1s"
"""
SOURCE = f"""
[[source]]
name = "box"
type = "contact"
modbus = "{{address}}"
poll = "{round(POLL_S * 1000)}ms"
timeout = "500ms"
stale_after = "{STALE_S}s"
"""
PERMIT = THROTTLE + SOURCE + "inputs = [3]\n"
BOX = THROTTLE + SOURCE + """
inputs = [3, 4]
dim = "40%"
states = {{ "11" = "on", "10" = "dim", "00" = "off" }}
"""
GARBAGE = b"HTTP/1.1 400 Bad Request\r\n\r\n"


def run():
    with ModbusServer() as server, tempfile.TemporaryDirectory(prefix="ebb-contact-") as home:
        server.put(DISCRETE, 3, [1, 0])
        with Rig(home, PERMIT.format(address=server.address)) as rig:
            rig.start()
            for step in (permits, sheds_when_it_opens, falls_back_when_it_hangs, falls_back_without_a_server,
                         falls_back_on_garbage, survives_delays, holds_over_a_restart, dims):
                began = time.monotonic()
                step(rig, server)
                print(f"  {step.__name__}: {time.monotonic() - began:.1f} s")
            rig.stop()
            events = rig.control.report()
            expect(len(events) >= 4 and all(not event["violations"] for event in events), f"report: {events}")


def permits(rig, _):
    source = rig.source(rig.until_full())
    expect(source["fresh"] and source["connected"] and source["class"] == "mandatory", f"it is there: {source}")
    expect(source["last"] == "the contact is closed: on" and not source["trouble"], f"it is closed: {source}")


def sheds_when_it_opens(rig, server):
    for _ in range(3):
        began = time.monotonic()
        server.put(DISCRETE, 3, [0])
        status = rig.control.until(lambda it: it["limit"] == "0%", "zero when it opens", POLL_S + 1)
        print(f"  open to zero, seen from outside: {time.monotonic() - began:.2f} s")
        expect("the contact is open: off" in str(status["reasons"]), f"it does not say why: {status}")
        rig.until_zero()
        server.put(DISCRETE, 3, [1])
        rig.until_full()


def falls_back_when_it_hangs(rig, server):
    with server.hanging():
        rig.until_trouble("timed out")
        silent(rig)
    rig.until_full()


def silent(rig):
    status = rig.until_zero(STALE_S + 5)
    expect(not rig.source(status)["fresh"], f"it is fresh: {status}")


def falls_back_without_a_server(rig, server):
    server.kill()
    rig.until_trouble("refused")
    silent(rig)
    server.start()
    rig.until_full()


def falls_back_on_garbage(rig, server):
    server.kill()
    with server.babbling(GARBAGE):
        silent(rig)
        expect(rig.source()["trouble"], "garbage is no trouble")
    server.start()
    rig.until_full()


def survives_delays(rig, server):
    server.answer_after(0.2)
    rig.stays(STALE_S + 1, "FULL")
    server.answer_after(0)


def holds_over_a_restart(rig, server):
    server.put(DISCRETE, 3, [0])
    rig.until_zero()
    rig.kill()
    rig.start()
    rig.stays(1, *NOT_WORKING)
    rig.until_zero()
    server.put(DISCRETE, 3, [1])
    rig.until_full()
    rig.stop()
    rig.start()  # and one that was ended in order
    rig.until_full()


def dims(rig, server):
    """Two contacts: on, dim, off; what contradicts itself is off."""
    rig.stop()
    rig.configure(BOX.format(address=server.address))
    server.put(DISCRETE, 3, [1, 1])
    rig.start()
    rig.until_full()
    server.put(DISCRETE, 3, [1, 0])
    status = rig.until_limit("40%")
    expect(in_state(status, "LIMITED") and "10: dim" in str(status["reasons"]), f"dimmed: {status}")
    for level in ([0, 0], [0, 1]):
        server.put(DISCRETE, 3, level)
        rig.until_zero()
        server.put(DISCRETE, 3, [1, 1])
        rig.until_full()
