"""The mainnet genesis block, served as a Stratum job, is solved: nonce 7c2bac1d.

No extranonce, no version rolling, difficulty 1. It takes up to 2^31 hashes where the nonces are searched in
order, and 2^32 at most; a job of its age may be given newer ntimes afterwards, so only the first share must
be the block.
"""

import os

from chain import hash_value
from ebb import SLOW, Failure, Skip, expect, mine, succeeded
from jobs import genesis_job
from strict_pool import Options, StrictPool

NONCE = 0x7C2BAC1D
LIMIT_S = 600


async def run():
    if SLOW:
        raise Skip("2^31 hashes at a sanitizer's speed prove nothing that they do not prove at full speed")
    job = genesis_job()
    hash_hex = f"{hash_value(job.header(b'', b'', job.ntime, NONCE, 1)):064x}"
    assert hash_hex.startswith("000000000019d6689c085ae165831e93"), hash_hex
    options = Options(difficulty=1.0, configure="false", extranonce1_size=0, extranonce2_size=0,
                      job_version=1, job=job)
    async with StrictPool(options) as pool:
        with mine(pool.url, "--threads", len(os.sched_getaffinity(0)), "--for", f"{LIMIT_S}s") as miner:
            def solved():
                return ("genesis", job.ntime, NONCE) in pool.submit_log or miner.poll()
            try:
                await pool.until(solved, LIMIT_S, "share with nonce 7c2bac1d")
            except TimeoutError as error:
                raise Failure(str(error)) from error
            expect(miner.alive(), f"ebb ended with {miner.returncode} before it had the block")
            miner.signal(2)
            await miner.ended(10)
            summary = succeeded(miner)
    expect(not pool.faults, f"violations: {pool.faults}")
    expect(summary["accepted"] >= 1, f"accepted is {summary['accepted']}")
    print(f"block 0 found again after {summary['hashes'] / 2**31:.2f} * 2^31 hashes, "
          f"{summary['elapsed_s']:.0f} s")
