"""Runs the strict pool's scenarios against `ebb mine`, several at a time, and prints a line for each.

    EBB_BIN=... python3 run_strict.py [-j JOBS] [--seconds S] [--list] [SCENARIO ...]

Exit 1 when any scenario has a complaint. The difficulty follows a short measurement of this machine under
the same load, so that a run gives about a thousand shares (400 in 10 s).
"""

import argparse
import asyncio
import math
import os
import sys
import time
import traceback

import ebb
from chain import compact_from_target, target_from_difficulty
from scenarios import SCENARIOS, Clock
from strict_pool import Options, StrictPool
from strict_verdict import hashrate_ratio, judge, within

WANTED_SHARES = 1000
MAX_SHARES_PER_S = 40  # ebb sends at most 100 a second, and keeps the best of more
GRACE_S = 1.0 * ebb.SLOWNESS
STOP_S = 2.0 * ebb.SLOWNESS


async def measure(jobs, seconds):
    """Hashes per second of one single-threaded ebb while `jobs` of them run."""
    async def one():
        async with StrictPool(Options(difficulty=1e6)) as pool:
            with ebb.mine(pool.url, "--threads", 1, "--for", f"{seconds}s") as miner:
                await miner.ended(seconds + 30)
                return ebb.succeeded(miner)["hashrate_hps"]
    rates = await asyncio.gather(*(one() for _ in range(jobs)))
    return sum(rates) / len(rates)


async def run_scenario(scenario, difficulty, seconds, min_shares):
    """One pool, one ebb; (line to print, complaints, pool, summary)."""
    settings = dict(scenario.pool)
    if settings.get("nbits") == "quarter":
        settings["nbits"] = compact_from_target(target_from_difficulty(difficulty))
    options = Options(user=ebb.USER, password=ebb.PASSWORD, grace_s=GRACE_S,
                      seed=int.from_bytes(scenario.name.encode(), "big") % (1 << 32),
                      **{"difficulty": difficulty * scenario.difficulty_factor, **settings})
    async with StrictPool(options) as pool:
        with ebb.mine(pool.url, "--threads", 1, "--for", f"{seconds:g}s", *scenario.args) as miner:
            script = asyncio.ensure_future(_play(scenario, pool, seconds))
            try:
                await miner.ended(seconds + 30)
                if not script.done():
                    pool.fault("the script was cut short: ebb ended before it")
            finally:
                script.cancel()
                await asyncio.gather(script, return_exceptions=True)
            summary = ebb.succeeded(miner)
            late = miner.ended_at - miner.started_at - seconds
            if not -0.5 < late < STOP_S:
                pool.fault(f"--for {seconds:g}s took {seconds + late:.2f} s")
        complaints = list(judge(scenario, pool, summary, min_shares))
        ratio, sigma = hashrate_ratio(pool, summary)
        share = f"{ratio:.3f} (sigma {sigma:.3f})" if ratio else "-"
        line = (f"{scenario.name:28} accepted {pool.accepted:5}  implied/reported {share}  "
                f"violations {len(complaints)}")
        return line, complaints, pool, summary


async def _play(scenario, pool, seconds):
    try:
        begun = time.monotonic()
        await pool.until_mining(timeout=min(20.0, seconds))
        await scenario.script(pool, Clock(seconds - 0.5 - (time.monotonic() - begun)))
    except TimeoutError as error:
        pool.fault(str(error))
    except Exception as error:  # an error of the script must not pass for a good run
        pool.fault(f"the script failed: {error!r}")
        traceback.print_exc()


async def run(names, jobs, seconds):
    """Every chosen scenario; True when none had a complaint."""
    chosen = [scenario for scenario in SCENARIOS if not names or scenario.name in names]
    jobs = min(jobs, len(chosen))
    rate = await measure(jobs, max(2, 2 * ebb.SLOWNESS))
    shares = min(WANTED_SHARES, MAX_SHARES_PER_S * seconds)
    difficulty = rate * seconds / shares / (1 << 32)
    print(f"{len(chosen)} scenarios of {seconds:g} s, {jobs} at a time, {rate / 1e6:.2f} MH/s each, "
          f"difficulty {difficulty:.3g}", flush=True)
    limit = asyncio.Semaphore(jobs)
    failed, work, work_squared, hashes = 0, 0.0, 0.0, 0

    async def one(scenario):
        nonlocal failed, work, work_squared, hashes
        async with limit:
            try:
                line, complaints, pool, summary = await run_scenario(scenario, difficulty, seconds,
                                                                     shares / 5)
                if not scenario.may_lose:
                    work, hashes = work + pool.work, hashes + summary["hashes"]
                    work_squared += pool.work_squared
            except (ebb.Failure, TimeoutError, OSError) as error:
                line, complaints = f"{scenario.name:28} did not run to its end", [str(error)]
        failed += bool(complaints)
        print("\n".join([line] + [f"    {text}" for text in complaints[:12]]), flush=True)

    await asyncio.gather(*(one(scenario) for scenario in chosen))
    together = not work or within(work / hashes, math.sqrt(work_squared) / work)
    if work:
        verdict = "" if together else ": NOT the same hashrate"
        print(f"all together: implied/reported {work / hashes:.4f}{verdict}")
    print(f"{len(chosen) - failed} passed, {failed} failed", flush=True)
    return failed == 0 and together


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    cores = len(os.sched_getaffinity(0))
    jobs = int(os.environ.get("EBB_E2E_JOBS") or max(12, 4 * cores))
    parser.add_argument("-j", "--jobs", type=int, default=jobs)
    parser.add_argument("--seconds", type=float, default=ebb.run_seconds(60))
    parser.add_argument("--list", action="store_true", help="print the scenarios' names")
    parser.add_argument("scenarios", nargs="*")
    options = parser.parse_args(arguments)
    names = [scenario.name for scenario in SCENARIOS]
    if options.list:
        print("\n".join(names))
        return 0
    unknown = set(options.scenarios) - set(names)
    if unknown:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    try:
        return 0 if asyncio.run(run(options.scenarios, options.jobs, options.seconds)) else 1
    except ebb.Failure as why:
        print(f"FAILED before any scenario: {why}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
