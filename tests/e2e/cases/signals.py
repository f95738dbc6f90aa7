"""SIGINT and SIGTERM stop ebb within 1 s, with its summary and exit 0, whatever the pool is doing; twice
ends it at once.
"""

import asyncio
import os
import signal
import socket
import time

from ebb import Ebb, SLOWNESS, expect, mine, succeeded
from strict_pool import Options, StrictPool

STOP_S = 1.0 * SLOWNESS
SIGNALS = (signal.SIGINT, signal.SIGTERM)


async def run():
    for number in SIGNALS:
        await pool_up(number)
        await demo(number)
        await pool_down(number)
        await mid_connect(number)
        await silent_pool(number)
        await at_zero(number)
        await pool_server(number)
    for number in SIGNALS:
        await twice(number)


async def stops(miner, number, what):
    """Send the signal; the summary of a clean stop in time."""
    expect(miner.alive(), f"{what}: {miner} ended by itself with {miner.returncode}")
    begun = time.monotonic()
    miner.signal(number)
    await miner.ended(10 * SLOWNESS)
    took = miner.ended_at - begun
    summary = succeeded(miner)
    expect(took <= STOP_S, f"{what}: {number.name} took {took:.2f} s, wanted {STOP_S:g} s")
    print(f"{what}: {number.name} took {took:.3f} s")
    return summary


async def pool_up(number):
    async with StrictPool(Options(difficulty=1e-4)) as pool:
        with mine(pool.url) as miner:
            await pool.until_mining(10 * SLOWNESS)
            await pool.until(lambda: pool.accepted >= 3, 30 * SLOWNESS, "third share")
            summary = await stops(miner, number, "pool up")
    expect(not pool.faults, f"violations: {pool.faults}")
    expect(summary["accepted"] >= 3 and summary["hashes"] > 0, f"summary: {summary}")


async def demo(number):
    with Ebb("mine", "--demo", "--summary", "-") as miner:
        await asyncio.sleep(2.0 * SLOWNESS)
        await stops(miner, number, "demo")


async def pool_down(number):
    """Nothing listens on the port: ebb is in its back-off."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, never listening: refused, and nobody else can take it
        with mine(f"stratum+tcp://127.0.0.1:{unused.getsockname()[1]}") as miner:
            await asyncio.sleep(3.0)
            summary = await stops(miner, number, "pool down")
    expect(summary["accepted"] == 0 and summary["hashes"] == 0, f"summary: {summary}")


async def mid_connect(number):
    """A listener whose queue is full drops SYNs: the connect neither succeeds nor fails."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(listener.getsockname())
            with mine(f"stratum+tcp://127.0.0.1:{listener.getsockname()[1]}") as miner:
                await asyncio.sleep(1.5)
                await stops(miner, number, "in mid-connect")
        finally:
            for filler in fillers:
                filler.close()


async def silent_pool(number):
    """Connected, and no reply to anything."""
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with server:
        with mine(f"stratum+tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}") as miner:
            await asyncio.sleep(1.5)
            await stops(miner, number, "silent pool")


async def at_zero(number):
    async with StrictPool(Options(difficulty=1e-4)) as pool:
        with mine(pool.url, "--max-duty", "0") as miner:
            await pool.until_mining(10 * SLOWNESS)
            await asyncio.sleep(0.5)
            await stops(miner, number, "at duty 0")


async def pool_server(number):
    """`ebb pool` stops as cleanly, with its own summary."""
    with Ebb("pool", "--listen", "127.0.0.1:0", "--summary", "-") as server:
        await asyncio.sleep(1.0 * SLOWNESS)
        expect(server.alive(), f"{server} ended by itself with {server.returncode}: {server.stderr[-300:]!r}")
        begun = time.monotonic()
        server.signal(number)
        code = await server.ended(10 * SLOWNESS)
        took = server.ended_at - begun
        first, _, rest = server.stdout.partition("\n")
        expect(code == 0, f"{server} ended with {code}")
        expect(took <= STOP_S, f"{server}: {number.name} took {took:.2f} s")
        expect(first.startswith("listening on 127.0.0.1:"), f"{server} printed {first!r}")
        expect(rest.strip().startswith("{"), f"{server} printed no summary: {rest!r:.100}")


async def twice(number):
    """The second signal, a moment after the first, ends it at once in whatever way."""
    async with StrictPool(Options(difficulty=1e-4)) as pool:
        with mine(pool.url, "--threads", len(os.sched_getaffinity(0))) as miner:
            await pool.until_mining(10 * SLOWNESS)
            await asyncio.sleep(0.5)
            begun = time.monotonic()
            miner.signal(number)
            miner.signal(number)
            await miner.ended(10 * SLOWNESS)
            took = miner.ended_at - begun
            expect(took <= STOP_S, f"two signals: {took:.2f} s")
            print(f"twice: {number.name} took {took:.3f} s, ended with {miner.returncode}")
