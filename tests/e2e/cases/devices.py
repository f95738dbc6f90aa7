"""Which devices there are and which are asked for. Without an NVIDIA card: `ebb devices` lists the CPU's backends and
one line why there is no card, `--devices cuda:0` is one clear line, and `auto` mines on the CPU.
"""

import json

from ebb import SLOWNESS, Ebb, Skip, expect


def run():
    code, out, _ = ends("devices", "--json")
    found = json.loads(out)
    expect(code == 0 and any(it["chosen"] for it in found["backends"]), f"devices --json: {code}, {found}")
    if found["cuda_devices"]:
        raise Skip(f"there is a card: {found['cuda_devices']}")
    reason = found["no_cuda_reason"]
    expect(reason, "no card and no reason")

    code, out, _ = ends("devices")
    lines = [line for line in out.splitlines() if "CUDA" in line]
    expect(code == 0 and lines == [f"no CUDA device: {reason}"], f"devices: {code}, {lines}")

    for wanted in ("cuda:0", "cuda", "cpu,cuda:7"):
        code, out, err = ends("mine", "--demo", "--for", "1s", "--devices", wanted)
        expect(code == 1 and not out, f"--devices {wanted}: exit code {code}, {out!r}")
        lines = err.strip().splitlines()
        expect(len(lines) == 1 and f"no CUDA device: {reason}" in lines[0], f"--devices {wanted}: {lines}")

    code, out, _ = ends("mine", "--demo", "--for", "1s", "--devices", "auto", "--threads", 1, "--summary", "-")
    devices = [it["name"] for it in json.loads(out)["devices"]]
    expect(code == 0 and devices == ["cpu0"], f"--devices auto: {code}, {devices}")
    print(f"no card ({reason}); the CPU mines")


def ends(*arguments):
    """Exit code, standard output and error of a command that ends by itself."""
    with Ebb(*arguments) as process:
        code = process.wait(30 * SLOWNESS)
        return code, process.stdout, process.stderr
