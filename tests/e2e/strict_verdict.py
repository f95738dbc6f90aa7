"""Judges one strict run: the pool's complaints, the summary against what the pool counted, and the
hashrate.

Each accepted share of target T stands for 2^256 / (T + 1) hashes on average. Their sum over a run of n
shares has the relative sigma sqrt(sum w^2) / sum w (= 1 / sqrt(n) at one difficulty), so the hashes that
ebb reports must be within 4.5 sigma of it; 1 % more is allowed for what a clean job or the end of the run
throws away.
"""

import math

SIGMAS = 4.5
SLACK = 0.01


def hashrate_ratio(pool, summary):
    """(implied / reported, sigma) of one run, or (None, None) without shares."""
    if not pool.work or not summary["hashes"]:
        return None, None
    return pool.work / summary["hashes"], math.sqrt(pool.work_squared) / pool.work


def within(ratio, sigma):
    """True where the ratio of a run without losses is as near to 1 as its shares allow."""
    return abs(ratio - 1) <= SIGMAS * sigma + SLACK


def judge(scenario, pool, summary, min_shares):
    """Every complaint about a finished run, as text."""
    yield from pool.faults
    if pool.fault_count > len(pool.faults):
        yield f"... {pool.fault_count} faults in all"
    yield from _counts(scenario, pool, summary)
    yield from _figures(scenario, pool, summary)
    yield from _hashrate(scenario, pool, summary, min_shares)
    if scenario.expect:
        yield from scenario.expect(pool, summary)


def _counts(scenario, pool, summary):
    """Replies on their way at a drop or at the end may be missing, none may be invented."""
    allowed = 3 + 10 * pool.drops
    if not pool.accepted - allowed <= summary["accepted"] <= pool.accepted:
        yield f"summary.accepted is {summary['accepted']}, the pool accepted {pool.accepted}"
    all_rejected = sum(pool.rejected.values())
    not_stale = all_rejected - pool.rejected.get("Stale", 0)
    reported = sum(summary["rejected"].values())
    if not not_stale - allowed <= reported <= all_rejected:
        yield f"summary.rejected is {summary['rejected']}, the pool rejected {pool.rejected}"
    if summary["hardware_errors"]:
        yield f"summary.hardware_errors is {summary['hardware_errors']}"
    if not summary["jobs"]:
        yield "summary.jobs is 0"
    came_back = len(pool.sessions) - 1
    if summary["reconnects"] != came_back:
        yield f"summary.reconnects is {summary['reconnects']}, the pool saw {came_back}"
    if scenario.reconnects not in (None, came_back):
        yield f"the pool saw {came_back} reconnects, the scenario wanted {scenario.reconnects}"


def _figures(scenario, pool, summary):
    if "127.0.0.1" not in summary["pool"]:
        yield f"summary.pool is {summary['pool']!r}"
    if not summary["devices"] or sum(device["hashes"] for device in summary["devices"]) != summary["hashes"]:
        yield "the devices' hashes do not add up to summary.hashes"
    if abs(summary["hashrate_hps"] * summary["elapsed_s"] - summary["hashes"]) > 0.01 * summary["hashes"]:
        yield f"hashrate_hps {summary['hashrate_hps']} is not hashes / elapsed_s"
    # A share that a new block overtakes is found and not sent. It may have been the best: of 400 in 10 s about one is
    # overtaken on a busy machine.
    best, told = pool.best_difficulty, summary["best_difficulty"]
    overtaken = summary["stale"] > 0 and told > best
    if not scenario.may_lose and not pool.rejected and not overtaken and abs(told - best) > 1e-3 * best:
        yield f"summary.best_difficulty is {told}, the pool's best share {best}"


def _hashrate(scenario, pool, summary, min_shares):
    shares = pool.accepted + sum(pool.rejected.values())
    if shares < min_shares:
        yield f"only {shares} shares, wanted {min_shares}"
    ratio, sigma = hashrate_ratio(pool, summary)
    if ratio is None:
        yield "no hashrate to compare"
        return
    lost = pool.lost_s / summary["elapsed_s"] if scenario.may_lose else 0.0
    low = (1 - lost) * (1 - SIGMAS * sigma) - SLACK
    high = 1 + SIGMAS * sigma + SLACK
    if not low <= ratio <= high:
        yield f"shares imply {ratio:.3f} of the reported hashrate, wanted {low:.3f} .. {high:.3f}"
