"""`ebb bench hash` with repeats too short to say anything of speed: every backend that is usable here has its
rows, every row its fields, every hash is verified, and the plot is XML.
"""

import json
import os
import tempfile
import xml.etree.ElementTree

from ebb import SLOWNESS, Ebb, expect

NUMBERS = ("seconds", "hps_median", "hps_min", "hps_max", "cycles_per_hash", "clock_hz", "ratio_to_openssl")
NUMBERS_OR_NULL = ("bound_cycles", "ratio_to_bound", "joules_per_hash")
REFERENCES = ("openssl", "openssl-midstate")


def run():
    usable = [backend["name"] for backend in output_of("devices")["backends"] if backend["usable"]]
    with tempfile.TemporaryDirectory() as folder:
        plot = os.path.join(folder, "plot.svg")
        rows = output_of("bench", "hash", "--threads", "1,2", "--midstates", "1,8,32", "--seconds", "0.001",
                         "--repeats", 2, "--plot", plot)
        root = xml.etree.ElementTree.parse(plot).getroot()
        expect(root.tag.endswith("svg"), f"the plot's root is {root.tag}")
    wanted = [(name, threads, midstates) for threads in (1, 2)
              for name, counts in [(name, (1, 8, 32)) for name in usable] + [(name, (1,)) for name in REFERENCES]
              for midstates in counts]
    got = [(row["backend"], row["threads"], row["midstates"]) for row in rows]
    expect(got == wanted, f"rows {got}, wanted {wanted}")
    for row in rows:
        expect(row["verified"] is True, f"not verified: {row}")
        expect(row["reference"] == (row["backend"] in REFERENCES), f"reference: {row}")
        expect(all(row[name] > 0 for name in NUMBERS), f"a figure is not above zero: {row}")
        expect(all(row[name] is None or row[name] > 0 for name in NUMBERS_OR_NULL), f"neither null nor above zero: {row}")
        expect(row["hps_min"] <= row["hps_median"] <= row["hps_max"], f"median outside minimum and maximum: {row}")
    refuses_missing_card()
    print(f"{len(rows)} rows of {', '.join(usable)} and OpenSSL, all verified")


def refuses_missing_card():
    """No machine has 256 cards, and one without any says why."""
    with Ebb("bench", "hash", "--devices", "cpu,cuda:255", "--seconds", "0.001") as process:
        code = process.wait(100 * SLOWNESS)
        lines = process.stderr.splitlines()
        expect(code == 1 and len(lines) == 1 and "--devices" in lines[0] and not process.stdout,
               f"{process}: exit {code}, stdout {process.stdout[:100]!r}, stderr {process.stderr[:300]!r}")


def output_of(*arguments):
    """What a command prints with --json."""
    with Ebb(*arguments, "--json") as process:
        code = process.wait(100 * SLOWNESS)
        expect(code == 0, f"{process}: exit {code}, stderr {process.stderr[-300:]!r}")
        return json.loads(process.stdout)
