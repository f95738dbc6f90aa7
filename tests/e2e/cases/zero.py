"""A cap of 0 keeps the connection and hashes nothing: under 1 % of one core over 10 s."""

import asyncio
import time

from ebb import SLOWNESS, expect, mine, succeeded
from strict_pool import Options, StrictPool

WINDOW_S = 10
MOST_CPU = 0.01 * SLOWNESS


async def run():
    for cap in (("--max-hashrate", "0"), ("--max-duty", "0"), ("--max-duty", "0%")):
        await capped(cap)


async def capped(cap):
    async with StrictPool(Options(difficulty=1e-9)) as pool:
        with mine(pool.url, *cap) as miner:
            await pool.until_mining(10 * SLOWNESS)
            await asyncio.sleep(1.0)  # start-up and self-test are over
            begun, cpu = time.monotonic(), miner.cpu_s()
            for step in range(WINDOW_S):
                await asyncio.sleep(max(0.0, begun + step + 1 - time.monotonic()))
                expect(miner.alive(), f"{miner} ended by itself with {miner.returncode}")
                pong = await pool.ask("mining.ping", [])
                expect(pong and pong["result"] == "pong", f"{miner} answered mining.ping with {pong}")
                pool.new_job(clean=step % 3 == 0)
            used = (miner.cpu_s() - cpu) / (time.monotonic() - begun)
            miner.signal(15)
            await miner.ended(5 * SLOWNESS)
            summary = succeeded(miner)
        expect(not pool.faults and pool.submits == 0,
               f"{cap}: {pool.submits} submits, violations {pool.faults}")
        expect(len(pool.sessions) == 1, f"{cap}: {len(pool.sessions)} connections")
        expect(summary["hashes"] == 0, f"{cap}: {summary['hashes']} hashes")
        expect(used < MOST_CPU, f"{cap}: {used:.2%} of one core, wanted under {MOST_CPU:.0%}")
        print(f"{' '.join(cap)}: {used:.2%} of one core")
