"""Mines what would be exported, by a real Modbus server's SunSpec meter, and nothing when that is not known.

The watts are made of the CPU time that the miner really uses.
"""

import tempfile
import time

from ebb import SLOWNESS, expect
from modbus_server import ModbusServer
from rig import NOT_WORKING, Rig
from site_plant import RIG_METER_AT, Site

START_AFTER_S = 2
CONFIG = f"""
[throttle]
trust_clock = true
debounce = "0s"
ramp_up = "0s"
economic_ramp_down = "0s"
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
watts = {{{{ register = {RIG_METER_AT}, type = "float32", kind = "input" }}}}

[power]
meter = "rig"
nameplate = "3kW"
nameplate_idle = "100W"

[[source]]
name = "sun"
type = "surplus"
meter = "site"
start = "1kW"
stop = "500W"
start_after = "{START_AFTER_S}s"
stop_after = "1s"
reserve = "100W"
meter_delay = "2s"
"""


def run():
    with ModbusServer() as server, tempfile.TemporaryDirectory(prefix="ebb-surplus-") as home, \
            Rig(home, CONFIG.format(address=server.address)) as rig, Site(server, rig) as site:
        site.others = 500
        rig.start()
        for step in (rests_without_a_surplus, mines_the_surplus, mines_in_full, rests_without_a_meter,
                     rests_over_a_restart):
            began = time.monotonic()
            step(rig, site, server)
            print(f"  {step.__name__}: {time.monotonic() - began:.1f} s")
        rig.stop()


def rests_without_a_surplus(rig, *_):
    status = rig.until_zero(15)
    expect("nothing to spare" in str(status["reasons"]), f"it does not say why: {status}")
    rig.stays(1, *NOT_WORKING)


def mines_the_surplus(rig, site, _):
    site.others = -2000
    rig.stays(START_AFTER_S - 1, *NOT_WORKING)
    rig.control.until(lambda it: 700 < site.own < 1950, "mining the surplus", 40)
    time.sleep(3)
    site.watch()
    time.sleep(6)
    means = site.means(2)
    expect(max(means) <= 2000, f"it draws from the grid: {means}")


def mines_in_full(rig, site, _):
    site.others = -6000
    rig.until_full(30)
    site.others = 1000
    rig.until_zero(10)


def rests_without_a_meter(rig, site, server):
    site.others = -6000
    rig.until_full(30)
    server.kill()
    status = rig.until_zero(20)
    expect("the meter is silent" in str(status["reasons"]), f"it does not say why: {status}")
    server.start()
    rig.until_full(30)


def rests_over_a_restart(rig, site, _):
    site.others = 1000
    rig.until_zero(10)
    rig.kill()
    rig.start()
    rig.stays(2 * SLOWNESS, *NOT_WORKING)
    site.others = -6000
    rig.until_full(30)
