"""Pools that waste a miner's time: silent, closing at once, a line without end, a flood of jobs.

ebb lives on, its memory is bounded, and it does not hammer a pool that turns it away.
"""

import asyncio
import json
import time

from ebb import SLOW, SLOWNESS, USER, expect, mine, succeeded
from strict_pool import Options, StrictPool

MEMORY_BYTES = 50 << 20
FLOOD_BYTES = 100 << 20


async def run():
    await silent()
    await closing()
    await endless_line()
    await flood_of_jobs()


async def stop(miner):
    """A clean end."""
    expect(miner.alive(), f"{miner} ended by itself with {miner.returncode}")
    miner.signal(15)
    await miner.ended(5 * SLOWNESS)
    return succeeded(miner)


def grown(miner, before, what):
    """A sanitizer keeps freed memory on purpose, so that the bound has no meaning there."""
    growth = miner.memory_bytes("VmHWM") - before
    print(f"{what}: memory grew by {growth / 2**20:.1f} MiB")
    expect(SLOW or growth < MEMORY_BYTES, f"{what}: memory grew by {growth / 2**20:.0f} MiB")


async def silent():
    """Accepts, then says nothing for 10 s: ebb waits or reconnects, seldom, and hashes nothing."""
    attempts = []

    def accept(_reader, writer):
        attempts.append(writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        with mine(f"stratum+tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}") as miner:
            await asyncio.sleep(10)
            summary = await stop(miner)
    print(f"silent pool: {len(attempts)} connections in 10 s")
    expect(1 <= len(attempts) <= 5, f"silent pool: {len(attempts)} connections in 10 s")
    expect(summary["hashes"] == 0, f"silent pool: {summary['hashes']} hashes without a job")


async def closing():
    """Closes every connection at once: the back-off grows, so that there are few attempts, but some."""
    attempts = []

    def accept(_reader, writer):
        attempts.append(time.monotonic())
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        with mine(f"stratum+tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}") as miner:
            await asyncio.sleep(10)
            await stop(miner)
    gaps = [after - before for before, after in zip(attempts, attempts[1:])]
    text = f"closing pool: {len(attempts)} connections in 10 s, gaps {[round(gap, 2) for gap in gaps]}"
    print(text)
    expect(2 <= len(attempts) <= 5, text)
    expect(min(gaps) >= 0.4, text)


async def endless_line():
    """After a good start 100 MB without a newline: dropped as they come, or the connection is closed."""
    sent = 0

    async def serve(reader, writer):
        nonlocal sent
        try:
            while raw := await reader.readline():
                message = json.loads(raw)
                results = {"mining.subscribe": [[], "00000001", 4], "mining.authorize": True}
                reply = {"id": message["id"], "result": results.get(message["method"]), "error": None}
                writer.write(json.dumps(reply).encode() + b"\n")
                if message["method"] == "mining.authorize":
                    break
            block = b"x" * (1 << 20)
            while sent < FLOOD_BYTES:
                writer.write(block)
                await asyncio.wait_for(writer.drain(), 20)
                sent += len(block)
        except (ConnectionError, asyncio.TimeoutError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        with mine(f"stratum+tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}", user=USER) as miner:
            await asyncio.sleep(0.5)
            before = miner.memory_bytes()
            end = time.monotonic() + 20
            while sent < FLOOD_BYTES and time.monotonic() < end:
                await asyncio.sleep(0.2)
                expect(miner.alive(), f"{miner} ended with {miner.returncode} in a line without end")
            grown(miner, before, f"line without end ({sent >> 20} MiB of it)")
            expect(sent > 0, "line without end: nothing was sent")
            await stop(miner)


async def flood_of_jobs():
    """1,000 notifies a second for 5 s: ebb answers, keeps its connection and goes on with the last job."""
    async with StrictPool(Options(difficulty=1e-4)) as pool:
        with mine(pool.url, "--threads", 1) as miner:
            await pool.until_mining(20)
            before = miner.memory_bytes()
            begun = time.monotonic()
            for count in range(5000):
                pool.new_job(clean=count % 100 == 99)
                if count % 10 == 9:
                    await asyncio.sleep(max(0.0, begun + (count + 1) / 1000 - time.monotonic()))
            expect(await pool.ask("mining.ping", [], 5 * SLOWNESS), "flood of jobs: no answer to mining.ping")
            count = pool.accepted
            pool.new_job(clean=True)
            await pool.until(lambda: pool.accepted > count, 30 * SLOWNESS, "share after the flood")
            grown(miner, before, "5,000 jobs in 5 s")
            expect(len(pool.sessions) == 1, f"flood of jobs: {len(pool.sessions)} connections")
            await stop(miner)
    expect(not pool.faults, f"flood of jobs: {pool.faults[:5]}")
