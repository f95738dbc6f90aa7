"""Prices from a server, from a file, and carbon intensity: what is known is obeyed to its end, whatever the server does,
and what is not known stops nothing.
"""

import os
import tempfile
import time

from ebb import SLOWNESS, expect
from market import Market
from rig import NOT_WORKING, Rig

TOKEN = "opensesame-4711"
CONFIG = """
[throttle]
trust_clock = true
debounce = "0s"
ramp_up = "0s"
economic_ramp_down = "0s"
random_return = "0s"
mains_good = "1s"

[[source]]
name = "market"
type = "price"
format = "json"
url = "http://{address}/prices?from={{from}}&key={{token}}"
token_file = "token"
items = "data"
start = "from"
end = "to"
value = "price"
unit = "EUR/MWh"
off_above = "80 EUR/MWh"
on_below = "6 ct/kWh"
poll = "500ms"
timeout = "1s"
stale_after = "3s"

[[source]]
name = "list"
type = "price"
format = "csv"
file = "prices.csv"
unit = "ct/kWh"
off_above = "8 ct/kWh"
poll = "250ms"

[[source]]
name = "carbon"
type = "carbon"
url = "http://{address}/intensity"
off_above = 200
cap = "50%"
poll = "250ms"
"""
LONG = 3600


def run():
    with tempfile.TemporaryDirectory(prefix="ebb-price-") as home, Market() as market:
        with open(os.path.join(home, "token"), "w", encoding="utf-8") as file:
            file.write(TOKEN + "\n")
        write_list(home, "5")
        market.publish((LONG, 50))
        with Rig(home, CONFIG.format(address=market.address)) as rig:
            rig.start()
            rig.until_full(what="full at low prices")
            for step in (follows_the_prices, mines_at_negative_prices, obeys_while_the_server_is_gone,
                         drops_out_when_prices_are_late, keeps_what_it_knows, waits_when_asked_to,
                         follows_a_file, follows_carbon, remembers):
                began = time.monotonic()
                step(rig, market)
                print(f"  {step.__name__}: {time.monotonic() - began:.1f} s")
            rig.stop()
            events = rig.control.report()
            expect(len(events) >= 5 and all(not event["violations"] for event in events), f"report: {events}")
            expect(TOKEN not in rig.stderr + str(events), "the token is in the log or the report")
            expect(any(f"key={TOKEN}" in path for _, path in market.requests), "the token was not sent")


def named(status, name):
    return next(source for source in status["sources"] if source["name"] == name)


def write_list(folder, price):
    """The price of these hours, in cents, put in place at once."""
    hour = int(time.time()) // 3600 * 3600
    path = os.path.join(folder, "prices.csv")
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write("start,price\n")
        for i in range(-1, 3):
            file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(hour + 3600 * i))},{price}\n")
    os.replace(path + ".new", path)


def follows_the_prices(rig, market):
    """Off above 80, and not on again before it is below 60."""
    began = time.time()
    market.publish((3, 50), (5, 120.5), (7, 70), (LONG, 59))
    status = rig.until_zero(6)
    expect(time.time() - began > 2.5, "it stopped before the price rose")
    expect("price up to 120.5 EUR/MWh: above 80" in str(status["reasons"]), f"it does not say why: {status}")
    expect(status["reasons"][0]["class"] == "economic", f"not economic: {status}")
    rig.control.until(lambda it: rig.source(it)["last"].startswith("price 120.5 EUR/MWh until "), "the price", 1)
    rig.stays(max(0, began + 6.5 - time.time()), *NOT_WORKING)
    rig.until_full(4)
    expect(time.time() - began > 6.5, "it returned before the price was low enough")


def mines_at_negative_prices(rig, market):
    market.publish((LONG, 120))
    rig.until_zero()
    market.publish((LONG, -20))  # the newest publication wins
    rig.until_full()


def obeys_while_the_server_is_gone(rig, market):
    began = time.time()
    market.publish((4, 120), (LONG, 50))
    rig.until_zero(3)
    market.stop()
    status = rig.control.until(lambda it: not rig.source(it)["connected"], "disconnected", 5)
    expect(rig.source(status)["trouble"], f"no trouble: {status}")
    rig.stays(max(0, began + 3.5 - time.time()), *NOT_WORKING)
    status = rig.until_full(5, "full at the end of what was known to be dear")
    expect(time.time() - began > 3.5, "it returned while it was dear")
    time.sleep(3.5)
    status = rig.control.status()
    expect(rig.source(status)["fresh"], f"what was received is good to its end: {status}")
    market.start()
    rig.control.until(lambda it: rig.source(it)["connected"] and not rig.source(it)["trouble"], "connected", 5)


def drops_out_when_prices_are_late(rig, market):
    market.publish((LONG, 50))
    rig.until_full()
    market.stop()
    rig.stop()  # so that nothing is known from before
    market.start()
    market.publish((2, 120), begins=-2)
    rig.start()
    rig.until_zero(3)
    rig.until_full(5, "full when nothing is known")
    rig.until_trouble("the price of now is not known: no cap")
    market.publish((LONG, 120), begins=-1)
    rig.until_zero(what="zero once it was published")
    expect(rig.source()["trouble"] == "", "no trouble any more")


def keeps_what_it_knows(rig, market):
    """Whatever the server says instead."""
    for say, trouble in (("garbage", "not JSON"), (500, "HTTP 500"), (401, "HTTP 401"), ("hang", "Timeout")):
        market.say = say
        rig.until_trouble(trouble)
        rig.stays(1, *NOT_WORKING)
    rig.stop(2)  # while it hangs
    market.say = "prices"
    rig.start()
    rig.until_zero()
    market.publish((LONG, 50))
    rig.until_full()


def waits_when_asked_to(rig, market):
    market.say = 429
    rig.until_trouble("HTTP 429")
    asked = market.requests[-1][0]
    market.say = "prices"
    rig.control.until(lambda it: not rig.source(it)["trouble"], "asked again", 8)
    after = [when - asked for when, _ in market.requests if when > asked]
    expect(after and after[0] > 2.5, f"asked after {after[:3]} s, told to wait for 3 s")


def follows_a_file(rig, _):
    folder = rig.folder
    write_list(folder, "12.5")
    rig.control.until(lambda it: not named(it, "list")["trouble"] and it["limit"] == "0%", "zero by the file", 5)
    with open(os.path.join(folder, "prices.csv"), "w", encoding="utf-8") as file:
        file.write("start,price\nand so on\n")
    rig.control.until(lambda it: "line 2" in named(it, "list")["trouble"], "in trouble over the file", 5)
    rig.stays(0.5, *NOT_WORKING)
    os.remove(os.path.join(folder, "prices.csv"))
    rig.control.until(lambda it: "cannot be read" in named(it, "list")["trouble"], "in trouble without a file", 15)
    rig.stays(0.5, *NOT_WORKING)
    write_list(folder, "7.5")
    rig.until_full(15)


def follows_carbon(rig, market):
    market.intensity(250)
    status = rig.until_limit("50%")
    expect("carbon intensity up to 250 g/kWh: above 200" in str(status["reasons"]), f"why? {status}")
    market.intensity(150)
    rig.until_full()


def remembers(rig, market):
    """A start while the server is gone: what was received before holds."""
    market.publish((LONG, 120))
    rig.until_zero()
    rig.kill()
    market.stop()
    rig.start()
    rig.stays(2 * SLOWNESS, *NOT_WORKING)
    market.publish((LONG, 50))
    market.start()
    rig.until_full(15)
