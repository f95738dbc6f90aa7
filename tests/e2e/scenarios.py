"""The strict pool's scenarios: what the pool is like, what it does during the run, and what must be seen at
its end.
"""

import asyncio
import time
from dataclasses import dataclass, field

import scripts


@dataclass
class Scenario:
    """One run of one ebb against one pool.

    difficulty_factor: how much harder than usual the first difficulty is. may_lose: connections drop, so
    that shares and replies on their way are lost. expect: called at the end with (pool, summary), yields
    complaints.
    """

    name: str
    pool: dict = field(default_factory=dict)
    script: object = scripts.steady
    args: tuple = ()
    difficulty_factor: float = 1.0
    may_lose: bool = False
    reconnects: int = 0  # None: as it likes
    expect: object = None


class Clock:
    """Time since mining began, as fractions of the run."""

    def __init__(self, seconds):
        self.seconds = seconds
        self._start = time.monotonic()

    async def until(self, fraction):
        await asyncio.sleep(max(0.0, self._start + fraction * self.seconds - time.monotonic()))


def rolled(pool, _summary):
    if not pool.version_bits_used - {0}:
        yield "no share has a rolled version bit"


def not_rolled(pool, _summary):
    if pool.version_bits_used - {0}:
        yield "version bits were rolled"


def bit_30_unused(pool, summary):
    yield from rolled(pool, summary)
    if any(bits >> 29 for bits in pool.version_bits_used):
        yield "bits 29..31 were rolled"


def asked_16(pool, _summary):
    if pool.suggested != [[16]] or isinstance(pool.suggested[0][0], float):
        yield f"mining.suggest_difficulty came as {pool.suggested}, wanted one with the integer 16"


def some_rejected(_pool, summary):
    if not summary["rejected"]:
        yield "the summary counts no rejected share"


def _sizes():
    """Every size of extranonce1 and of extranonce2 that the issue names, with and without rolling."""
    for size in (0, 5, 9, 32):
        yield Scenario(f"extranonce1-{size}", {"extranonce1_size": size})
    for size in (0, 1, 3, 4, 8, 16):
        yield Scenario(f"extranonce2-{size}", {"extranonce2_size": size})
    yield Scenario("extranonce2-0-not-rolled", {"extranonce2_size": 0, "configure": "false"},
                   expect=not_rolled)
    yield Scenario("extranonce-0-0", {"extranonce1_size": 0, "extranonce2_size": 0}, expect=rolled)


SCENARIOS = [
    Scenario("rolling", expect=rolled),
    Scenario("not-rolled", {"configure": "false"}, expect=not_rolled),
    Scenario("configure-refused-by-text", {"configure": "text"}, expect=not_rolled),
    Scenario("configure-error", {"configure": "error"}, expect=not_rolled),
    Scenario("configure-unanswered", {"configure": "silent"}, expect=not_rolled),
    Scenario("mask-5fffe000", {"mask": 0x5FFFE000}, expect=bit_30_unused),
    Scenario("mask-0000e000", {"mask": 0x0000E000}, expect=rolled),
    Scenario("mask-changes", script=scripts.mask_changes, expect=rolled),
    Scenario("version-30000000", {"job_version": 0x30000000}, expect=rolled),
    Scenario("version-3fffe003", {"job_version": 0x3FFFE003}, expect=not_rolled),
    Scenario("clean-every-3-s", script=scripts.clean_jobs),
    Scenario("difficulty-raised", script=scripts.difficulty_raised, difficulty_factor=0.5),
    Scenario("difficulty-lowered", script=scripts.difficulty_lowered, difficulty_factor=4.0),
    Scenario("difficulty-spelled", script=scripts.difficulty_spelled),
    Scenario("easy-network", {"nbits": "quarter"}, difficulty_factor=4.0),
    Scenario("connection-closed", script=scripts.connection_closed, may_lose=True, reconnects=2),
    Scenario("reconnect-here", script=scripts.reconnect_here, may_lose=True, reconnects=1),
    Scenario("reconnect-other-port", script=scripts.reconnect_other_port, may_lose=True, reconnects=1),
    Scenario("reconnect-other-host", script=scripts.reconnect_other_host, may_lose=True, reconnects=None),
    Scenario("ckpool-rejects", {"reject_fraction": 0.25}, expect=some_rejected),
    *_sizes(),
    Scenario("early", {"first_job": "early"}),
    Scenario("early-5-3", {"first_job": "early", "extranonce1_size": 5, "extranonce2_size": 3}),
    Scenario("job-before-authorize", {"first_job": "subscribed", "subscribe_reply": "flat"}),
    Scenario("job-after-authorize",
             {"first_job": "authorized", "subscribe_reply": "null", "extranonce2_size": 4}),
    Scenario("extranonce-changes", script=scripts.extranonce_changes),
    Scenario("job-repeated", script=scripts.job_repeated),
    Scenario("job-repeated-extranonce2-0", {"extranonce2_size": 0}, scripts.job_repeated),
    Scenario("bad-lines", script=scripts.bad_lines),
    Scenario("asked-by-the-pool", script=scripts.asked_by_the_pool),
    Scenario("huge-coinbase", {"outputs": 3000}),
    Scenario("wire-fragments", {"wire": "fragments", "odd_frames": True}),
    Scenario("wire-joined", {"wire": "joined", "odd_frames": True}),
    Scenario("wire-crlf", {"wire": "crlf", "first_job": "early"}),
    Scenario("suggest-difficulty", args=("--suggest-difficulty", "16"), expect=asked_16),
]
