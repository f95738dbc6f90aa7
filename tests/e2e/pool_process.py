"""`ebb pool` as a process under test: its port, and its summary after the first line."""

import asyncio
import json
import re
import time

from ebb import SLOWNESS, Ebb, Failure, check_fields, expect

SUMMARY_FIELDS = {"accepted": int, "rejected": dict, "clients": int, "blocks": list}


class PoolProcess(Ebb):
    """`ebb pool --listen 127.0.0.1:0 --summary -` with more arguments."""

    def __init__(self, *more):
        super().__init__("pool", "--listen", "127.0.0.1:0", "--summary", "-", *more)
        self.port = None

    @property
    def url(self):
        return f"stratum+tcp://127.0.0.1:{self.port}"

    async def listening(self):
        """Wait for the first line of stdout and take the port from it."""
        end = time.monotonic() + 10 * SLOWNESS
        while "\n" not in self.stdout:
            expect(self.alive(), f"{self} ended with {self.returncode}: {self.stderr[-300:]!r}")
            if time.monotonic() > end:
                raise Failure(f"{self} printed no line on stdout")
            await asyncio.sleep(0.02)
        match = re.fullmatch(r"listening on 127\.0\.0\.1:([0-9]+)", self.stdout.splitlines()[0])
        expect(match, f"{self} printed {self.stdout[:100]!r}")
        self.port = int(match.group(1))
        return self

    async def stopped(self):
        """Stop it with SIGTERM; its summary."""
        expect(self.alive(), f"{self} ended by itself with {self.returncode}: {self.stderr[-300:]!r}")
        self.signal(15)
        await self.ended(5 * SLOWNESS)
        expect(self.returncode == 0, f"{self} ended with {self.returncode}: {self.stderr[-300:]!r}")
        text = self.stdout.partition("\n")[2]
        try:
            summary = json.loads(text)
        except ValueError as error:
            raise Failure(f"{self}: no JSON after the first line ({error}): {text[:200]!r}") from error
        check_fields(summary, SUMMARY_FIELDS, "pool summary")
        for block in summary["blocks"]:
            check_fields(block, {"height": int, "hash": str}, "pool summary.blocks[]")
            expect("result" in block, "pool summary.blocks[] has no result")
        return summary
