"""Several pools: the primary lost, restored and silent; hashes split by weight. No share breaks a rule."""

import asyncio
import os
import tempfile

from ebb import PASSWORD, SLOWNESS, USER, Ebb, expect, succeeded
from front import Front
from strict_pool import Options, StrictPool

DIFFICULTY = 1e-3  # 4.3 million hashes a share
QUOTA_S = 90  # slices last five seconds: the split shows after many of them
# With a submit unanswered for so long a pool is left; then others are tried.
SILENCE_S = 60


async def run():
    await failover()
    await quota()


def strict_pool(seed):
    return StrictPool(Options(user=USER, password=PASSWORD, difficulty=DIFFICULTY, grace_s=SLOWNESS, seed=seed))


async def stopped(miner):
    expect(miner.alive(), f"{miner} ended by itself with {miner.returncode}")
    miner.signal(15)
    await miner.ended(10 * SLOWNESS)
    return succeeded(miner)


async def mines_at(pool, seconds, what):
    """Two more shares are accepted there."""
    wanted = pool.accepted + 2
    await pool.until(lambda: pool.accepted >= wanted, seconds * SLOWNESS, f"shares: {what}")


async def failover():
    """It mines at the first of three that works, and goes back to the primary when that is there again."""
    async with strict_pool(1) as primary, strict_pool(2) as second, strict_pool(3) as third:
        async with Front(primary.port) as front:
            args = []
            for url in (front.url, second.url, third.url):
                args += ["-o", url, "-u", USER, "-p", PASSWORD]
            with Ebb("mine", *args, "--threads", 1, "--summary", "-") as miner:
                await mines_at(primary, 30, "at the primary")
                expect(second.accepted == 0, "the second pool was mined while the primary worked")

                await front.close()
                await mines_at(second, 40, "at the second pool, the primary being down")
                await front.open()
                # Back-off of the lost pool, then ten seconds of proof.
                await mines_at(primary, 90, "at the restored primary")

                at_second = second.accepted
                front.hung = True
                await second.until(lambda: second.accepted >= at_second + 2, (SILENCE_S + 60) * SLOWNESS,
                                   "shares at the second pool, the primary being silent")
                summary = await stopped(miner)
    for pool in (primary, second, third):
        expect(not pool.faults, f"failover: {pool.faults[:5]}")
    # Only a slow machine needs the five seconds after which the third pool is tried beside the second.
    expect(third.accepted == 0 or SLOWNESS > 1, "the third pool was mined while the second worked")
    pools = summary["pools"]
    expect([pool["url"] for pool in pools] == [front.url, second.url, third.url], f"failover: {pools}")
    expect(sum(pool["accepted"] for pool in pools) == summary["accepted"], f"failover: {summary}")
    # Of what is under way at the stop, the pool may have accepted more than ebb waits to hear.
    expect(second.accepted - 3 <= pools[1]["accepted"] <= second.accepted,
           f"failover: {second.accepted} shares, {pools[1]}")
    expect(not summary["rejected"], f"failover: {summary['rejected']}")
    print(f"failover: {primary.accepted} shares at the primary, {second.accepted} at the second pool")


async def quota():
    """Of the hashes, 70 % are for one pool and 30 % for the other."""
    async with strict_pool(4) as large, strict_pool(5) as small:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "ebb.toml")
            with open(path, "w", encoding="utf-8") as file:
                file.write('[throttle]\nrecover_from_outages = false\n[pools]\nstrategy = "quota"\n')
                for pool, weight in ((large, 7), (small, 3)):
                    file.write(f'[[pool]]\nurl = "{pool.url}"\nuser = "{USER}"\npassword = "{PASSWORD}"\n'
                               f'weight = {weight}\n')
            with Ebb("mine", "--config", path, "--threads", 1, "--summary", "-", "--ramp-up", "0s",
                     "--random-return", "0s") as miner:
                await mines_at(large, 30, "at the large pool")
                await mines_at(small, 60, "at the small pool")
                await asyncio.sleep(QUOTA_S)
                summary = await stopped(miner)
    hashes = [pool["hashes"] for pool in summary["pools"]]
    part = hashes[0] / sum(hashes)
    print(f"quota: {100 * part:.1f} % of the hashes for the weight of 70 %")
    expect(abs(part - 0.7) < 0.05, f"quota: {100 * part:.1f} % of the hashes for the weight of 70 %")
    for pool in (large, small):
        expect(not pool.faults, f"quota: {pool.faults[:5]}")
    # A header that is hashed again is found again, and not sent.
    expect(summary["not_sent"] == 0, f"quota: {summary['not_sent']} shares not sent")
    expect(not summary["rejected"], f"quota: {summary['rejected']}")
