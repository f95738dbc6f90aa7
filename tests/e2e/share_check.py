"""The rules that a mining.submit must obey, decided from the raw job data and nothing of the miner's.

`check` re-hashes the share and returns a Verdict: what to answer, the work it stands for and every rule it
broke. A short grace covers what was on its way when the pool changed the rules (mask, difficulty, clean
jobs).
"""

import re
from dataclasses import dataclass, field

from chain import hash_value, target_from_compact, target_from_difficulty, work_of

NTIME_SLACK_S = 2  # whole seconds on both sides of the wire

REPLIES = {20: "Other", 21: "Stale", 22: "Duplicate", 23: "Above target", 24: "Unauthorised worker"}


@dataclass
class LiveJob:
    """A job as one connection was given it: extranonce and difficulty are those of the moment of its
    notify.
    """

    job: object
    extranonce1: bytes
    extranonce2_size: int
    difficulty: float
    sent_at: float
    dropped_at: float = None


@dataclass
class History:
    """Values of one setting with the time from which each was in force; the grace makes recent ones count
    too.
    """

    entries: list = field(default_factory=list)

    def put(self, now, value):
        self.entries.append((now, value))

    @property
    def current(self):
        return self.entries[-1][1]

    def in_force(self, now, grace):
        """Every value that was in force at some time in the last `grace` seconds."""
        values = []
        until = float("inf")
        for since, value in reversed(self.entries):
            if until >= now - grace:
                values.append(value)
            until = since
        return values


@dataclass
class Verdict:
    """The outcome of one submit. error is None or the Stratum code; work is 0 where the hash proves
    nothing.
    """

    error: int = None
    faults: list = field(default_factory=list)
    work: float = 0.0
    hash: int = None
    header: bytes = None
    version_bits: int = 0
    job_id: str = None
    nonce: int = None
    ntime: int = None

    def fault(self, error, text):
        self.error = self.error or error
        self.faults.append(text)
        return self


def hex_field(value, digits):
    """True for exactly `digits` lower-case hex digits."""
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{%d}" % digits, value) is not None


def check(params, now, grace, user, jobs, masks, difficulties, seen):
    """Judge the parameters of one submit.

    jobs: job id -> LiveJob of this connection. masks, difficulties: History of this connection; mask 0
    means that no rolling was negotiated. seen: header hashes of the whole run, to which a new one is added.
    """
    verdict = Verdict()
    allowed_masks = masks.in_force(now, grace)
    wanted = {6 if mask else 5 for mask in allowed_masks}
    if not isinstance(params, list) or len(params) not in wanted:
        return verdict.fault(20, f"submit with params {params!r:.120}: wanted {sorted(wanted)} of them")
    if params[0] != user:
        verdict.fault(24, f"submit as {params[0]!r:.80}, authorised is {user!r}")
    live = jobs.get(params[1]) if isinstance(params[1], str) else None
    if live is None:
        return verdict.fault(21, f"submit for unknown job {params[1]!r:.80}")
    verdict.job_id = params[1]
    job = live.job
    if not hex_field(params[2], 2 * live.extranonce2_size):
        digits = 2 * live.extranonce2_size
        return verdict.fault(20, f"extranonce2 {params[2]!r:.80}: wanted {digits} lower-case hex digits")
    for name, value in zip(("ntime", "nonce", "version bits"), params[3:]):
        if not hex_field(value, 8):
            return verdict.fault(20, f"{name} {value!r:.80}: wanted 8 lower-case hex digits")
    ntime, nonce = int(params[3], 16), int(params[4], 16)
    verdict.ntime, verdict.nonce = ntime, nonce
    latest = job.ntime + (now - live.sent_at) + NTIME_SLACK_S
    if not job.ntime <= ntime <= latest:
        verdict.fault(20, f"ntime {params[3]} is outside [{job.ntime:08x}, {int(latest):08x}]")
    bits = int(params[5], 16) if len(params) == 6 else 0
    if not any(bits & ~mask == 0 for mask in allowed_masks):
        verdict.fault(23, f"version bits {bits:08x} leave the mask {masks.current:08x}")
    if bits & job.version:
        verdict.fault(23, f"version bits {bits:08x} overlap with the job's version {job.version:08x}")
    verdict.version_bits = bits

    verdict.header = job.header(live.extranonce1, bytes.fromhex(params[2]), ntime, nonce, job.version | bits)
    verdict.hash = hash_value(verdict.header)
    _judge_hash(verdict, live, difficulties, now, grace)
    if verdict.hash in seen:
        verdict.work = 0.0
        verdict.fault(22, f"duplicate: {verdict.header.hex()}")
    seen.add(verdict.hash)
    if live.dropped_at is not None:
        if now - live.dropped_at > grace:
            verdict.fault(21, f"stale: job {params[1]!r} was dropped {now - live.dropped_at:.3f} s ago")
        verdict.error = verdict.error or 21
    return verdict


def _judge_hash(verdict, live, difficulties, now, grace):
    """Hash <= the target stamped on the job or, after a raise, the harder one; a block is always welcome."""
    network = target_from_compact(live.job.nbits)

    def target(difficulty):
        return max(target_from_difficulty(max(live.difficulty, difficulty)), network)

    strict = target(difficulties.current)
    lenient = max(target(difficulty) for difficulty in difficulties.in_force(now, grace))
    if verdict.hash > lenient:
        verdict.fault(23, f"high hash {verdict.hash:064x}: the target is {lenient:064x}")
    else:
        verdict.work = work_of(strict if verdict.hash <= strict else lenient)
