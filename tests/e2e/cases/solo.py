"""Solo on a real node: `ebb mine -o http://…` finds more than 50 blocks in a row, through everything.

bcoin keeps its chain on the disk here. Transactions with witnesses enter some blocks, the node is killed and
started again, and once both are killed while a found block lies on ebb's disk alone: the next ebb delivers
it. Every block that ebb said was accepted is then on the chain, and every block of the chain is checked.
Before that: a node of another network, an address that is none, a certificate that nobody signed.
"""

import glob
import os
import re
import signal
import tempfile
import time

from bcoin_node import ANYONE_SCRIPT, BcoinNode
from certificates import Authority
from ebb import SLOWNESS, Ebb, Failure, expect, succeeded
from node_blocks import ROLLING_MASK, check_block, included, own_heights
from tls_front import TlsFront

ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
PAYOUT = "0014751e76e8199196d454941c45d1b3a323f1433bd6"
SIGNALLING, SEGWIT = 150, 445
IN_A_ROW = 50
JUDGED = re.compile(r"block ([0-9]+) ([0-9a-f]{64}): accepted")


def run():
    with tempfile.TemporaryDirectory(prefix="ebb-solo-") as folder, BcoinNode(on_disk=True) as node:
        state = os.path.join(folder, "state")
        wrong_settings(node)
        untrusted(node, folder)
        with solo(node, state) as miner:
            wait(miner, "first blocks", lambda: node.height() >= 3)
            end(miner)
        node.generate_to(SIGNALLING)
        with solo(node, state) as miner:
            wait(miner, "deployments signal", lambda: node.height() >= SIGNALLING + 3)
            end(miner)
        node.generate_to(max(SEGWIT, node.height() + 110))  # the first of these matures
        spendable = own_heights(node, ANYONE_SCRIPT)
        start = node.height()
        told = in_a_row(node, state, start, spendable)
        check_chain(node, state, start, told)


def in_a_row(node, state, start, spendable):
    """Blocks from `start` on, all ours; (accepted by the miners' logs, spent transactions)."""
    accepted, spent = {}, {}
    with solo(node, state) as miner:
        wait(miner, "10 blocks", lambda: node.height() >= start + 10)
        for height in spendable[:2]:
            spent[node.spend_coinbase(height)] = height
        wait(miner, "transactions", included(node, PAYOUT, spent))
        node.kill()
        time.sleep(1)
        node.start_again()
        back = node.height()
        wait(miner, "10 more after the node's end", lambda: node.height() >= back + 10)
        name = found_in_vain(node, state)
        miner.kill()
        accepted.update(accepted_by(miner))
    node.kill()
    node.start_again()
    height, block_hash = name.removesuffix(".block").split("-")
    expect(node.height() < int(height), f"the node has block {height} already")
    with solo(node, state) as miner:
        wait(miner, "the kept block", lambda: node.height() >= int(height))
        expect(node.rpc("getblockhash", int(height)) == block_hash, f"block {height} is not the one kept")
        late = node.spend_coinbase(spendable[2])
        spent[late] = spendable[2]
        wait(miner, "one more transaction", included(node, PAYOUT, {late: spendable[2]}))
        wait(miner, "the row", lambda: node.height() >= start + IN_A_ROW + 5)
        end(miner)
        accepted.update(accepted_by(miner))
        expect(f"{block_hash}: accepted" in miner.stderr, "the kept block's verdict was not told")
    return accepted, spent


def found_in_vain(node, state):
    """Name of the file of a block that the node, which hangs now, has not seen."""
    for _ in range(20):
        node.signal(signal.SIGSTOP)
        end_of_try = time.monotonic() + 2 * SLOWNESS
        while time.monotonic() < end_of_try:
            names = kept(state)
            # Older ones may be under way already.
            if names and time.monotonic() > end_of_try - SLOWNESS:
                return names[0]
            time.sleep(0.05)
        node.signal(signal.SIGCONT)
        time.sleep(0.3)
    raise Failure("no block was found while the node hung")


def kept(state):
    return sorted(os.path.basename(path) for path in glob.glob(os.path.join(state, "blocks", "*", "*.block")))


def solo(node, state, url=None, address=ADDRESS):
    return Ebb("mine", "-o", url or node.url, "-u", address, "--threads", 1, "--state", state, "--summary", "-")


def wait(miner, what, reached):
    until = time.monotonic() + 60 * SLOWNESS
    while not reached():
        expect(miner.alive(), f"{what}: {miner} ended with {miner.returncode}")
        expect(time.monotonic() < until, f"{what}: not in time; {miner.stderr[-600:]!r}")
        time.sleep(0.05)


def end(miner):
    miner.signal(signal.SIGINT)
    miner.wait(10 * SLOWNESS)
    return succeeded(miner)


def accepted_by(miner):
    return {int(height): block_hash for height, block_hash in JUDGED.findall(miner.stderr)}


def check_chain(node, state, start, told):
    accepted, spent = told
    expect(not kept(state), f"unjudged at the end: {kept(state)}")
    tip = node.height()
    versions = set()
    for height in range(start + 1, tip + 1):
        block = node.block(height)
        check_block(node, block, PAYOUT, spent)
        versions.add(block["version"] & ROLLING_MASK)
        if height in accepted:
            expect(accepted[height] == block["hash"], f"block {height} was accepted, another one is there")
    early = [height for height in own_heights(node, PAYOUT) if height <= start]
    for height in early:
        check_block(node, node.block(height), PAYOUT, spent)
    print(f"blocks in a row: {tip - start}, of them told {len(accepted)}, with {len(versions)} sets of rolled bits; "
          f"before them {len(early)}")
    expect(tip - start >= IN_A_ROW, f"only {tip - start} blocks")
    expect(max(accepted) <= tip, "an accepted block is not on the chain")
    expect(len(accepted) >= IN_A_ROW / 2, f"only {len(accepted)} verdicts were told")
    expect(len(versions) > 1, "no block with a rolled version")
    carried = {tx["txid"] for height in range(start + 1, tip + 1) for tx in node.block(height)["tx"]}
    expect(set(spent) <= carried, "a transaction is in none of our blocks")


def wrong_settings(node):
    with tempfile.TemporaryDirectory(prefix="ebb-solo-") as state:
        with solo(node, state, address="alice.worker1") as miner:
            expect(miner.wait(10 * SLOWNESS) == 2, "an address that is none was taken")
            expect("--user: 'alice.worker1'" in miner.stderr, f"said {miner.stderr!r}")
        with solo(node, state, address="1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa") as miner:
            wait(miner, "the network's name", lambda: "the node is on regtest" in miner.stderr)
            expect(node.height() == 0 and end(miner)["jobs"] == 0, "mined for an address of another network")


def untrusted(node, folder):
    """A certificate that the system does not trust: nothing is sent to whom it belongs."""
    certificate, key = Authority(folder).server()
    with TlsFront(certificate, key) as front, tempfile.TemporaryDirectory(prefix="ebb-solo-") as state:
        front.behind = node.port
        url = node.url.replace("http://", "https://").replace(str(node.port), str(front.port))
        with solo(node, state, url=url) as miner:
            wait(miner, "the refusal", lambda: "trying again" in miner.stderr)
            expect("certificate" in miner.stderr, f"said {miner.stderr[-300:]!r}")
            expect(end(miner)["jobs"] == 0, "mined for a node whose certificate nobody signed")
