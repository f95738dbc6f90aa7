"""`ebb bench throttle`, too short to say anything of speed: every figure is there and makes sense, the plot is XML."""

import json
import os
import tempfile
import xml.etree.ElementTree

from ebb import SLOWNESS, Ebb, expect

CAPS = (0.25, 0.75)


def run():
    with tempfile.TemporaryDirectory() as folder:
        plot = os.path.join(folder, "plot.svg")
        with Ebb("bench", "throttle", "--threads", "1", "--trials", "5", "--caps", "25%,75%", "--window", "1s", "--json",
                 "--plot", plot) as bench:
            bench.wait(100 * SLOWNESS)
            expect(bench.returncode == 0, f"{bench} ended with {bench.returncode}: {bench.stderr[-500:]!r}")
            figures = json.loads(bench.stdout)
        root = xml.etree.ElementTree.parse(plot).getroot()
        expect(root.tag.endswith("svg"), f"the plot's root is {root.tag}")
    expect(figures["trials"] == 5, f"{figures['trials']} trials")
    for name in ("zero_ms", "full_ms"):
        step = figures[name]
        expect(0 <= step["p50"] <= step["p99"] <= step["max"] <= 5000 * SLOWNESS, f"{name}: {step}")
    expect(0 <= figures["parked_cpu_fraction"] < 0.5, f"parked: {figures['parked_cpu_fraction']}")
    expect(len(figures["caps"]) == 2 * len(CAPS), f"caps: {figures['caps']}")
    for cap in figures["caps"]:
        expect(cap["asked"] > 0 and cap["measured"] > 0 and abs(cap["error"]) < 1, f"cap: {cap}")
    print(f"zero after {figures['zero_ms']['max']:.1f} ms at most, full after {figures['full_ms']['max']:.1f}")
