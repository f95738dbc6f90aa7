"""A real node: `ebb pool` takes bcoin's template, `ebb mine` finds blocks through Stratum, the node's
height rises.

Three stretches of one chain, each mined by ebb: before the deployments signal (version 20000000), while
they do (30000003: bit 28 lies under the rolling mask and must survive), and with segwit active and a
transaction with a witness in the template, so that the block needs its commitment. Every block of ours is
then read back from the node. Last the node dies: pool and miner live on.
"""

import asyncio
import re
import time

from bcoin_node import ANYONE_SCRIPT, BcoinNode
from ebb import SLOWNESS, Failure, expect, mine, succeeded
from node_blocks import check_block, included, own_heights, pays
from pool_process import PoolProcess

PAYOUT = "0014" + "eb" * 20
SIGNALLING, SEGWIT = 150, 445
WORKING_LINE = re.compile(r"working on block ([0-9]+) ")
BLOCK_LINE = re.compile(r"block [0-9]+ [0-9a-f]{64}: ")


async def run():
    with BcoinNode() as node:
        arguments = ("--node", node.url, "--difficulty", "0.0001", "--payout", PAYOUT)
        with PoolProcess(*arguments) as pool:
            await pool.listening()
            await rise(node, pool, "first blocks", lambda: node.height() >= 3)
            node.generate_to(SIGNALLING)
            await rise(node, pool, "deployments signal", risen(node, 3))
            node.generate_to(max(SEGWIT, node.height() + 110))  # the first of these matures
            spent = {}
            for height in own_heights(node, ANYONE_SCRIPT)[:2]:
                spent[node.spend_coinbase(height)] = height
            await rise(node, pool, "segwit with transactions", included(node, PAYOUT, spent))
            blocks = check_chain(node, spent)
            summary = await pool.stopped()
        check_summary(summary, blocks)
        await node_dies(node, arguments)


async def node_dies(node, arguments):
    """Pool and miner live on, and both still stop well; a block that nobody could take is not accepted."""
    with PoolProcess(*arguments) as pool:
        await pool.listening()
        # A node that dies right after it took a block leaves a template on which nothing is left to be found: it dies
        # while nobody mines, and its last template is mined afterwards.
        end = time.monotonic() + 60 * SLOWNESS
        while WORKING_LINE.findall(pool.stderr)[-1:] != [str(node.height() + 1)]:
            expect(time.monotonic() < end, f"no template of the node's tip: {pool.stderr[-600:]!r}")
            await asyncio.sleep(0.1)
        node.kill()
        with mine(pool.url, "--threads", 1) as miner:
            end = time.monotonic() + 60 * SLOWNESS
            while len(BLOCK_LINE.findall(pool.stderr)) < 2:
                expect(pool.alive(), f"the pool ended with {pool.returncode} when its node died")
                expect(miner.alive(), f"{miner} ended with {miner.returncode} when the node died")
                expect(time.monotonic() < end, f"no block found without the node: {pool.stderr[-600:]!r}")
                await asyncio.sleep(0.1)
            await stop(miner)
        summary = await pool.stopped()
    newest = summary["blocks"][-1]
    expect(newest["result"] not in (None, "accepted"), f"without a node, {newest} counts as accepted")


def risen(node, count):
    """True once `count` more blocks of ours are at the end of the chain."""
    start = node.height()

    def check():
        ours = [height for height in range(start + 1, node.height() + 1) if pays(node.block(height), PAYOUT)]
        return len(ours) >= count
    return check


async def rise(node, pool, what, reached):
    """Mine through the pool until reached(); the miner must end well."""
    start = node.height()
    with mine(pool.url) as miner:
        end = time.monotonic() + 60 * SLOWNESS
        while not reached():
            expect(miner.alive(), f"{what}: {miner} ended with {miner.returncode}")
            expect(pool.alive(), f"{what}: {pool} ended with {pool.returncode}: {pool.stderr[-300:]!r}")
            if time.monotonic() > end:
                raise Failure(f"{what}: height {start} -> {node.height()} only; pool: {pool.stderr[-600:]!r}")
            await asyncio.sleep(0.2)
        summary = await stop(miner)
    expect(summary["accepted"] >= 1, f"{what}: nothing accepted: {summary}")
    print(f"{what}: height {start} -> {node.height()}, accepted {summary['accepted']}, "
          f"rejected {summary['rejected']}")


async def stop(miner):
    miner.signal(2)
    await miner.ended(5 * SLOWNESS)
    return succeeded(miner)


# -- reading the blocks back -----------------------------------------------------------------------

def check_chain(node, spent):
    """Every block of ours; height -> hash."""
    ours = {}
    for height in own_heights(node, PAYOUT):
        block = node.block(height)
        check_block(node, block, PAYOUT, spent)
        ours[height] = block["hash"]
    early = [height for height in ours if height < 144]
    signalling = [height for height in ours if 144 <= height < 432]
    segwit = [height for height in ours if height >= 432]
    print(f"blocks of ours: {len(early)} early, {len(signalling)} signalling, {len(segwit)} with segwit")
    expect(len(early) >= 3, f"only {len(early)} blocks below height 144")
    expect(len(segwit) >= 3, f"only {len(segwit)} blocks with segwit")
    carried = {tx["txid"] for height in segwit for tx in node.block(height)["tx"]}
    expect(set(spent) <= carried, "a transaction is in none of our blocks")
    return ours


def check_summary(summary, ours):
    """Blocks of ours stand in the pool's summary as accepted; it may keep only the newest."""
    accepted = {block["hash"] for block in summary["blocks"] if block["result"] in (None, "accepted")}
    expect(len(accepted & set(ours.values())) >= 3, f"pool summary: {summary['blocks'][-5:]}")
    oldest = min(block["height"] for block in summary["blocks"])
    missing = [height for height, block_hash in ours.items()
               if height >= oldest and block_hash not in accepted]
    expect(not missing, f"pool summary lacks our blocks at {missing[:10]}")
    expect(summary["clients"] >= 1 and summary["accepted"] >= 1,
           f"pool summary: {summary['accepted']} accepted, {summary['clients']} clients")
