"""`ebb mine --config` for a strict pool on loopback that is reached in a special way."""

import asyncio
import os
import time

from ebb import PASSWORD, SLOWNESS, USER, Ebb, Failure, expect
from strict_pool import Options, StrictPool

DIFFICULTY = 1e-4  # 430,000 hashes a share
WANTED_SHARES = 3


def strict_pool():
    return StrictPool(Options(user=USER, password=PASSWORD, difficulty=DIFFICULTY, grace_s=SLOWNESS))


class PoolRig:
    """Runs of ebb with one pool each; their files lie in `folder`."""

    def __init__(self, folder, pool):
        self._folder = folder
        self._pool = pool
        self.said = ""  # by all runs

    def write(self, name, text):
        with open(os.path.join(self._folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def _start(self, url, keys, env):
        self.write("ebb.toml", f'[throttle]\nrecover_from_outages = false\n[[pool]]\nurl = "{url}"\nuser = "{USER}"\n'
                               f'password = "{PASSWORD}"\n{keys}\n')
        return Ebb("mine", "--config", os.path.join(self._folder, "ebb.toml"), "--threads", 1, "--summary", "-",
                   "--ramp-up", "0s", "--random-return", "0s", env=env)

    async def mines(self, url, keys, env=None, after=None):
        """Shares are accepted, and nothing is wrong with them; `after` is called with the miner at work."""
        accepted, connections = self._pool.accepted, len(self._pool.sessions)
        with self._start(url, keys, env) as miner:
            try:
                await self._pool.until(lambda: self._pool.accepted >= accepted + WANTED_SHARES or not miner.alive(),
                                       30 * SLOWNESS, f"shares with {keys!r}")
            except TimeoutError as error:
                raise Failure(str(error)) from error
            expect(len(self._pool.sessions) == connections + 1, f"{keys!r}: not one connection")
            if after:
                await after(miner)
            await self._stopped(miner)
        expect(not self._pool.faults, f"{keys!r}: {self._pool.faults}")

    async def is_refused(self, url, keys, why, env=None):
        """It says why, goes on trying, and the pool hears nothing."""
        connections = len(self._pool.sessions)
        with self._start(url, keys, env) as miner:
            await self.says(miner, why)
            await self._stopped(miner)
        expect(len(self._pool.sessions) == connections, f"{keys!r}: the pool has seen a connection")

    async def does_not_start(self, url, keys, why):
        with self._start(url, keys, None) as miner:
            await miner.ended(10 * SLOWNESS)
            self.said += miner.stderr
            expect(miner.returncode == 2 and why in miner.stderr and miner.stderr.count("\n") == 1,
                   f"{keys!r}: {miner.returncode} {miner.stderr!r}")

    @staticmethod
    async def says(miner, text):
        end = time.monotonic() + 15 * SLOWNESS
        while text not in miner.stderr:
            expect(miner.alive() and time.monotonic() < end, f"it does not say {text!r}: {miner.stderr[-600:]!r}")
            await asyncio.sleep(0.05)

    async def _stopped(self, miner):
        miner.signal(15)
        await miner.ended(5 * SLOWNESS)
        self.said += miner.stderr + miner.stdout
        expect(miner.returncode == 0, f"it ended with {miner.returncode}: {miner.stderr[-600:]!r}")
