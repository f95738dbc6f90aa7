"""`ebb bench throttle`, too short to say anything of speed: every figure is there and makes sense, the plot is XML."""

import json
import os
import tempfile
import xml.etree.ElementTree

from ebb import Ebb, expect

CAPS = (0.25, 0.75)


def run():
    with tempfile.TemporaryDirectory() as folder:
        plot = os.path.join(folder, "plot.svg")
        with Ebb("bench", "throttle", "--threads", "1", "--trials", "5", "--caps", "25%,75%", "--window", "1s", "--json",
                 "--patience", "10s", "--plot", plot) as bench:
            bench.wait(280)
            expect(bench.returncode in (0, 1), f"{bench} ended with {bench.returncode}: {bench.stderr[-500:]!r}")
            figures = json.loads(bench.stdout)
        # On a machine whose others take all they can, full work may not come back within the patience, and it says so.
        given_up = figures["never_zero"] + figures["never_full"]
        expect(bench.returncode == (given_up > 0), f"{bench} ended with {bench.returncode} after giving up {given_up} steps")
        expect(figures["never_zero"] == 0, "a step to zero was given up")
        root = xml.etree.ElementTree.parse(plot).getroot()
        expect(root.tag.endswith("svg"), f"the plot's root is {root.tag}")
    expect(figures["trials"] == 5, f"{figures['trials']} trials")
    for name in ("zero_ms", "full_ms"):
        step = figures[name]
        expect(0 <= step["p50"] <= step["p99"] <= step["max"] <= 10_500, f"{name}: {step}")
    expect(0 <= figures["parked_cpu_fraction"] < 0.5, f"parked: {figures['parked_cpu_fraction']}")
    expect(len(figures["caps"]) == 2 * len(CAPS), f"caps: {figures['caps']}")
    for cap in figures["caps"]:
        expect(cap["asked"] > 0 and cap["measured"] > 0 and abs(cap["error"]) < 1, f"cap: {cap}")
    print(f"zero after {figures['zero_ms']['max']:.1f} ms at most, full after {figures['full_ms']['max']:.1f}")
