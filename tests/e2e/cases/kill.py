"""kill -9 at random moments of events, many times: the ledger opens, nothing acknowledged is lost, and the next
start is never above what was held.

A person changes the cap at random; each change that `ebb hold` acknowledged must stand after the kill. The hashes
of each run tell that nothing was hashed under a hold of zero.
"""

import os
import random
import sqlite3
import subprocess
import tempfile
import time

from control import Control
from ebb import SLOW, SLOWNESS, Ebb, binary, expect

KILLS = 200 if not SLOW else 30
SEED = int(os.environ.get("EBB_E2E_SEED") or time.time_ns() % 1_000_000)
CAPS = ("0", "20%", "50%", "0")


def run():
    chance = random.Random(SEED)
    print(f"seed {SEED}, {KILLS} kills")
    with tempfile.TemporaryDirectory(prefix="ebb-kill-") as folder:
        control = Control(folder)
        acknowledged = []
        standing, hurried = None, None
        for number in range(KILLS):
            with Ebb("mine", "--demo", "--state", folder, "--threads", "1", "--backend", "scalar", "--ramp-up", "0s",
                     "--trust-clock") as miner:
                status = control.until_answered()
                standing, hurried = stands(status, standing, hurried, number), None
                for _ in range(chance.randrange(3)):
                    standing = change(control, chance, number, acknowledged)
                if chance.random() < 0.5:
                    hurried = hurry(folder, chance, number)
                    time.sleep(chance.uniform(0, 0.03))
                else:
                    time.sleep(chance.uniform(0, 0.2))
                miner.kill()
                if hurried:
                    hurried, standing = settle(hurried, standing, acknowledged)
        check_ledger(folder, acknowledged)
        print(f"{len(acknowledged)} holds acknowledged, all kept")


def change(control, chance, number, acknowledged):
    """An acknowledged hold; (its cap, its reason)."""
    cap, reason = chance.choice(CAPS), f"hold {number}.{len(acknowledged)}"
    control.hold(cap, reason=reason)
    acknowledged.append(reason)
    return cap, reason


def hurry(folder, chance, number):
    """A hold that the kill may overtake."""
    cap, reason = chance.choice(CAPS), f"hurried {number}"
    process = subprocess.Popen([binary(), "hold", cap, "--reason", reason, "--state", folder],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return cap, reason, process


def settle(hurried, standing, acknowledged):
    """Whether the hurried hold was acknowledged before the kill; then it is the one that stands."""
    cap, reason, process = hurried
    if process.wait(30 * SLOWNESS) == 0:
        acknowledged.append(reason)
        return None, (cap, reason)
    return (cap, reason), standing


def stands(status, standing, hurried, number):
    """The hold that stands right after a start: what was acknowledged last, or what was under way."""
    text = str(status["reasons"])
    for wanted in (standing, hurried):
        if wanted is not None and f"{wanted[1]}'" in text:
            break
    else:
        expect(standing is None, f"start {number}: neither {standing} nor {hurried} stands: {status}")
        return None
    cap = {"0": 0}.get(wanted[0], None)
    most = 0 if cap == 0 else float(wanted[0].rstrip("%")) / 100
    expect(status["fraction"] <= most + 1e-6, f"start {number}: {status['fraction']} under {wanted}: {status}")
    if cap == 0:
        expect(status["hashrate"] == 0, f"start {number}: it hashes at zero: {status}")
    return wanted


def check_ledger(folder, acknowledged):
    with sqlite3.connect(f"file:{folder}/ledger.db?mode=ro", uri=True) as ledger:
        expect(ledger.execute("pragma integrity_check").fetchone() == ("ok",), "the ledger is damaged")
        text = "\n".join(ledger.iterdump())
    lost = [reason for reason in acknowledged if f"{reason}\"" not in text and f"{reason}'" not in text]
    expect(not lost, f"lost: {lost[:5]} ({len(lost)} of {len(acknowledged)})")
