"""Blocks that ebb made, read back from a regtest node and checked."""

from bcoin_node import FEE
from chain import hash_value, target_from_compact
from ebb import expect

ROLLING_MASK = 0x1FFFE000


def pays(block, script):
    return block["tx"][0]["vout"][0]["scriptPubKey"]["hex"] == script


def own_heights(node, script):
    return [height for height in range(1, node.height() + 1) if pays(node.block(height), script)]


def included(node, payout, txids):
    """True once blocks that pay `payout` hold the transactions, and two more came after them."""
    left = set(txids)
    state = {"next": node.height() + 1, "after": 0}

    def check():
        while state["next"] <= node.height():
            block = node.block(state["next"])
            state["next"] += 1
            if pays(block, payout):
                state["after"] += not left
                left.difference_update(tx["txid"] for tx in block["tx"])
        return state["after"] >= 2
    return check


def check_block(node, block, payout, spent):
    """Header, coinbase script, payout and commitment of one block; `spent`: transactions with FEE, by id."""
    expect(pays(block, payout), f"block {block['height']} pays somebody else")
    height, coinbase = block["height"], block["tx"][0]
    where = f"block {height}"
    header = bytes.fromhex(node.rpc("getblock", block["hash"], False))[:80]
    expect(f"{hash_value(header):064x}" == block["hash"], f"{where}: its hash is not that of its header")
    expect(hash_value(header) <= target_from_compact(block["bits"]), f"{where}: no proof of work")
    base = 0x30000003 if 144 <= height < 432 else 0x20000000
    version = block["version"] & 0xFFFFFFFF
    expect(version & ~ROLLING_MASK == base & ~ROLLING_MASK and version & base == base,
           f"{where}: version {version:08x}, the template's is {base:08x}")
    script = bytes.fromhex(block["coinbase"])
    push = height_push(height)
    expect(script.startswith(push), f"{where}: coinbase script {script.hex()}, wanted {push.hex()} first")
    expect(2 <= len(script) <= 100, f"{where}: coinbase script of {len(script)} bytes")
    fees = sum(FEE for tx in block["tx"] if tx["txid"] in spent)
    value = sum(round(output["value"] * 1e8) for output in coinbase["vout"])
    wanted = (50 * 100_000_000 >> height // 150) + fees
    expect(value == wanted, f"{where}: the coinbase pays {value}, wanted {wanted}")
    commitments = [output for output in coinbase["vout"]
                   if output["scriptPubKey"]["hex"].startswith("6a24aa21a9ed")]
    witness = coinbase["vin"][0].get("txinwitness", [])
    if height < 432:
        expect(not witness, f"{where}: a witness before segwit is active")
    elif commitments or len(block["tx"]) > 1:  # Core would refuse what bcoin lets pass here
        expect(len(commitments) == 1 and witness == ["00" * 32], f"{where}: commitment without its witness")


def height_push(height):
    """BIP 34: the shortest push of the number, OP_1 .. OP_16 for 1 .. 16."""
    if height <= 16:
        return bytes([0x50 + height])
    data = height.to_bytes((height.bit_length() + 8) // 8, "little")  # a sign bit fits
    return bytes([len(data)]) + data
