"""`ebb mine --demo` finds shares in its own pool and loses none."""

from ebb import Ebb, SLOWNESS, expect, run_seconds, succeeded

SHARES_IN_20_S = 20


def run():
    seconds = run_seconds(20)
    with Ebb("mine", "--demo", "--for", f"{seconds:g}s", "--summary", "-") as miner:
        miner.wait(seconds + 20 * SLOWNESS)
        summary = succeeded(miner)
    wanted = SHARES_IN_20_S * seconds / 20
    expect(summary["accepted"] >= wanted,
           f"{summary['accepted']} accepted in {seconds:g} s, wanted {wanted:g}")
    expect(not summary["rejected"], f"rejected: {summary['rejected']}")
    expect(summary["hardware_errors"] == 0, f"{summary['hardware_errors']} hardware errors")
    expect(summary["hashes"] > 0 and summary["hashrate_hps"] > 0, "no hashes counted")
    expect(summary["jobs"] >= 1 and summary["reconnects"] == 0, f"jobs {summary['jobs']}, reconnects "
                                                                f"{summary['reconnects']}")
    print(f"{summary['accepted']} accepted, {summary['hashrate_hps'] / 1e6:.1f} MH/s on {summary['backend']}")
