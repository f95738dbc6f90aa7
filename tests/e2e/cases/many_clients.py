"""`ebb pool` with 50 clients at once, each written in Python: jobs, shares, every kind of refusal, and
garbage.
"""

import asyncio

from chain import target_from_difficulty
from ebb import SLOWNESS, expect
from mini_miner import MiniMiner
from pool_junk import JUNK
from pool_process import PoolProcess

CLIENTS = 50
DIFFICULTY = 1e-7
USER = "client.{}"


async def run():
    with PoolProcess("--difficulty", f"{DIFFICULTY:g}") as server:
        await server.listening()
        clients = await asyncio.gather(*(client(server.port, n) for n in range(CLIENTS)))
        extranonces = {miner.job_extranonce1 for miner in clients}
        expect(len(extranonces) == CLIENTS, f"{len(extranonces)} extranonces for {CLIENTS} clients")
        sent_well = CLIENTS + await refusals(server.port)
        for miner in clients:
            miner.close()
        await garbage(server)
        sent_well += await after_garbage(server.port)
        summary = await server.stopped()
    expect(summary["accepted"] == sent_well, f"summary.accepted is {summary['accepted']}, sent {sent_well}")
    expect(summary["clients"] >= CLIENTS, f"summary.clients is {summary['clients']}")
    expect(sum(summary["rejected"].values()) >= CLIENTS, f"summary.rejected is {summary['rejected']}")
    print(f"{CLIENTS} clients; accepted {summary['accepted']}, rejected {summary['rejected']}")


async def start(port, user, rolling=True):
    miner = await MiniMiner().connect(port)
    await asyncio.wait_for(miner.start(user, rolling=rolling), 20 * SLOWNESS)
    expect(miner.difficulty == DIFFICULTY, f"difficulty {miner.difficulty}, wanted {DIFFICULTY}")
    expect(4 <= miner.job_extranonce2_size <= 16, f"extranonce2 of {miner.job_extranonce2_size} bytes")
    return miner


async def client(port, number):
    """One valid share, then the same again."""
    miner = await start(port, USER.format(number), rolling=number % 2 == 0)
    share = miner.share(miner.extranonce2(number), miner.solve(miner.extranonce2(number)))
    await answered(miner, share, True)
    await answered(miner, share, 22)
    return miner


async def answered(miner, params, wanted):
    """Submit and expect true, or an error of one of the codes `wanted`."""
    reply = await miner.request("mining.submit", params)
    if wanted is True:
        expect(reply["result"] is True and reply.get("error") is None, f"{params} was answered {reply}")
        return
    codes = wanted if isinstance(wanted, tuple) else (wanted,)
    error = reply.get("error")
    right = reply.get("result") is not True and isinstance(error, list) and error[0] in codes
    expect(right, f"{params} was answered {reply}, wanted error {codes}")
    expect(isinstance(error[1], str) and error[1], f"error without a text: {reply}")


async def refusals(port):
    """One client breaks one rule after the other; returns how many of its shares were good."""
    miner = await start(port, "careful.worker")
    expect(miner.mask == 0x1FFFE000, f"mask {miner.mask:08x}")
    free = miner.mask & ~int(miner.job[5], 16)
    bit = free & -free
    zero = miner.extranonce2(0)
    good = miner.share(zero, miner.solve(zero, bit), bit)
    nonce = miner.solve(zero, target=(1 << 256) - 1, above=target_from_difficulty(DIFFICULTY))
    await answered(miner, miner.share(zero, nonce), 23)
    await answered(miner, [good[0], "no-such-job", *good[2:]], (20, 21))
    await answered(miner, ["somebody.else", *good[1:]], (20, 24))
    await answered(miner, good[:5], (20, 23))                                # rolled, but the bits left out
    await answered(miner, [*good[:5], "20000000"], (20, 23))                 # outside the mask
    await answered(miner, [*good[:2], good[2] + "00", *good[3:]], 20)        # extranonce2 too long
    await answered(miner, [*good[:2], good[2][:-1], *good[3:]], 20)          # odd number of digits
    await answered(miner, [*good[:3], f"{int(good[3], 16) - 7200:08x}", *good[4:]], (20, 21, 23))
    await answered(miner, [*good[:3], f"{int(good[3], 16) + 86400:08x}", *good[4:]], (20, 21, 23))
    await answered(miner, [*good[:4], "zzzzzzzz", good[5]], 20)
    await answered(miner, [*good[:4], 5, good[5]], 20)
    await answered(miner, good[:3], 20)
    await answered(miner, good, True)
    await answered(miner, good, 22)
    reply = await miner.request("mining.no_such_method", [])
    expect(reply.get("result") is None and reply.get("error"), f"an unknown method was answered {reply}")
    miner.close()

    stranger = await MiniMiner().connect(port)
    reply = await stranger.request("mining.submit", good)
    expect(reply.get("result") is not True and reply.get("error"),
           f"submit before subscribe was answered {reply}")
    stranger.close()
    return 1


async def garbage(server):
    """Each junk line on its own connection, then bytes that never end in a line; the pool lives on."""
    for name, line in JUNK:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(line + b"\n")
            await asyncio.wait_for(writer.drain(), 10)
            await asyncio.sleep(0.01)
            writer.close()
        except (ConnectionError, asyncio.TimeoutError):
            pass
        expect(server.alive(), f"{server} died of the line '{name}'")
    before = server.memory_bytes()
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for _ in range(100):
            writer.write(b"x" * (1 << 20))
            await asyncio.wait_for(writer.drain(), 10)
        writer.close()
    except (ConnectionError, asyncio.TimeoutError):
        pass
    expect(server.alive(), f"{server} died of a line without end")
    growth = server.memory_bytes() - before
    expect(SLOWNESS > 1 or growth < 50 << 20, f"a line without end cost {growth >> 20} MiB")


async def after_garbage(port):
    miner = await start(port, "late.worker", rolling=False)
    await answered(miner, miner.share(miner.extranonce2(0), miner.solve(miner.extranonce2(0))), True)
    miner.close()
    return 1
