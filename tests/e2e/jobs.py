"""Jobs as a pool's mining.notify carries them, and a maker of plausible ones."""

import random
import struct
import time
from dataclasses import dataclass

from chain import merkle_root, pack_header, sha256d, varint, wire_prevhash


@dataclass(frozen=True)
class Job:
    """One block template. prev_hash and branch are in header order; the coinbase is split at the
    extranonce.
    """

    job_id: str
    prev_hash: bytes
    coinb1: bytes
    coinb2: bytes
    branch: tuple
    version: int
    nbits: int
    ntime: int

    def notify_params(self, clean):
        """The nine parameters of mining.notify."""
        return [self.job_id, wire_prevhash(self.prev_hash), self.coinb1.hex(), self.coinb2.hex(),
                [node.hex() for node in self.branch], f"{self.version:08x}", f"{self.nbits:08x}",
                f"{self.ntime:08x}", clean]

    def header(self, extranonce1, extranonce2, ntime, nonce, version):
        """The header that a share stands for."""
        coinbase = self.coinb1 + extranonce1 + extranonce2 + self.coinb2
        root = merkle_root(sha256d(coinbase), self.branch)
        return pack_header(version, self.prev_hash, root, ntime, self.nbits, nonce)


# Shapes seen at pools (hex, 17 characters, '/', '.', upper case) and two that need JSON escapes.
ID_SHAPES = ("{n:x}", "{n:016x}", "Q{n:016x}", "N{n:x}", "bj/{n}/A", "job.{n}.x", "JOB-{n:X}",
             'q"{n}"', "back\\slash{n}", "ü{n}", "0{n}", " {n} ")


class JobMaker:
    """Makes jobs that look like a real pool's; the same seed gives the same jobs, save for the time."""

    def __init__(self, seed, version=0x20000000, nbits=0x1D00FFFF, outputs=2):
        self._random = random.Random(seed)
        self._version = version
        self._nbits = nbits
        self._outputs = outputs
        self._count = 0
        self._prev_hash = self._random.randbytes(32)

    def make(self, extranonce_bytes, new_block=False):
        """A job with room for `extranonce_bytes` in its scriptSig; a new block has another prev_hash."""
        if new_block:
            self._prev_hash = self._random.randbytes(32)
        self._count += 1
        shape = ID_SHAPES[self._count % len(ID_SHAPES)]
        branch = tuple(self._random.randbytes(32) for _ in range(self._random.randint(0, 12)))
        coinb1, coinb2 = self._coinbase(extranonce_bytes)
        return Job(shape.format(n=0x6B02CCB80000000 + self._count), self._prev_hash, coinb1, coinb2, branch,
                   self._version, self._nbits, int(time.time()))

    def _coinbase(self, extranonce_bytes):
        """Version 1, one input with height, clock and tag; a payout, a witness commitment, more payouts."""
        height = 900_000 + self._count
        before = b"\x03" + struct.pack("<I", height)[:3] + b"\x04" + struct.pack("<I", int(time.time()))
        after = b"/strict/"
        script_bytes = len(before) + extranonce_bytes + len(after)
        coinb1 = (struct.pack("<I", 1) + b"\x01" + bytes(32) + b"\xff" * 4 + varint(script_bytes) + before)
        outputs = [struct.pack("<q", 0) + b"\x26\x6a\x24\xaa\x21\xa9\xed" + self._random.randbytes(32)]
        for _ in range(self._outputs - 1):
            outputs.append(struct.pack("<q", 312_500_000) + b"\x16\x00\x14" + self._random.randbytes(20))
        coinb2 = after + b"\xff" * 4 + varint(len(outputs)) + b"".join(outputs) + bytes(4)
        return coinb1, coinb2


def genesis_job():
    """Mainnet's block 0: nonce 7c2bac1d makes its hash 000000000019d668...8ce26f.

    The message is the newspaper headline, the key is Satoshi's; the extranonce is empty and stands after
    the script.
    """
    headline = b"The Times 03/Jan/2009 Chancellor on brink of second bailout for banks"
    script = bytes.fromhex("04ffff001d0104") + bytes([len(headline)]) + headline
    key = bytes.fromhex("04678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb6"
                        "49f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f")
    coinb1 = struct.pack("<I", 1) + b"\x01" + bytes(32) + b"\xff" * 4 + bytes([len(script)]) + script
    output = struct.pack("<q", 50 * 100_000_000) + bytes([len(key) + 2, len(key)]) + key + b"\xac"
    coinb2 = b"\xff" * 4 + b"\x01" + output + bytes(4)
    return Job("genesis", bytes(32), coinb1, coinb2, (), 1, 0x1D00FFFF, 0x495FAB29)
