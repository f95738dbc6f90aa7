"""Proves that the strict pool is strict: every hand-made bad client is flagged, the honest one is not.

Runs in one process on loopback, without ebb.
"""

import asyncio
import sys
import time

from chain import target_from_difficulty
from mini_miner import MiniMiner
from strict_pool import Options, StrictPool

USER = "worker.name"
EASY = 1e-7      # about 430 hashes a share
GRACE_S = 0.2


# -- bad clients: each gets a started miner (m) and its pool (p) and breaks one rule ---------------

async def wrong_nonce(m, p):
    nonce = m.solve(m.extranonce2(0))
    while m.hash(m.extranonce2(0), 0, nonce) <= target_from_difficulty(EASY):
        nonce += 1
    await m.request("mining.submit", m.share(m.extranonce2(0), nonce))


async def duplicate(m, p):
    share = m.share(m.extranonce2(0), m.solve(m.extranonce2(0)))
    await m.request("mining.submit", share)
    await m.request("mining.submit", share)


async def duplicate_on_a_second_connection(m, p):
    """Only an extranonce1 of no bytes allows it; the pool's job is the same on both."""
    share = m.share(m.extranonce2(0), m.solve(m.extranonce2(0)))
    await m.request("mining.submit", share)
    again = await (await MiniMiner().connect(p.port)).start(USER)
    await again.request("mining.submit", share)
    again.close()


async def short_extranonce2(m, p):
    share = m.share(m.extranonce2(0), m.solve(m.extranonce2(0)))
    share[2] = share[2][:-2]
    await m.request("mining.submit", share)


async def upper_case_hex(m, p):
    share = m.share(m.extranonce2(0xAB), m.solve(m.extranonce2(0xAB)))
    share[2] = share[2].upper()
    await m.request("mining.submit", share)


async def no_sixth_parameter(m, p):
    await m.request("mining.submit", m.share(m.extranonce2(0), m.solve(m.extranonce2(0)))[:5])


async def sixth_parameter_uninvited(m, p):
    await m.request("mining.submit", m.share(m.extranonce2(0), m.solve(m.extranonce2(0))) + ["00000000"])


async def bits_outside_the_mask(m, p):
    bits = 0x00001000
    await m.request("mining.submit", m.share(m.extranonce2(0), m.solve(m.extranonce2(0), bits), bits))


async def bits_over_the_jobs_own(m, p):
    bits = 0x10000000
    await m.request("mining.submit", m.share(m.extranonce2(0), m.solve(m.extranonce2(0), bits), bits))


async def bits_after_the_mask_shrank(m, p):
    p.set_version_mask(0x00006000)
    await asyncio.sleep(2 * GRACE_S)
    bits = 0x00008000
    await m.request("mining.submit", m.share(m.extranonce2(0), m.solve(m.extranonce2(0), bits), bits))


async def id_reused(m, p):
    m._number -= 1
    await m.request("mining.submit", m.share(m.extranonce2(0), m.solve(m.extranonce2(0))))


async def id_zero(m, p):
    m._number = -1
    await m.request("mining.submit", m.share(m.extranonce2(0), m.solve(m.extranonce2(0))))


async def id_string(m, p):
    m.raw({"id": "7", "method": "mining.submit", "params": []})
    await m.until(lambda: "7" in m._replies, "reply")


async def stale(m, p):
    share = m.share(m.extranonce2(0), m.solve(m.extranonce2(0)))
    p.new_job(clean=True)
    await asyncio.sleep(2 * GRACE_S)
    await m.request("mining.submit", share)


async def wrong_user(m, p):
    share = m.share(m.extranonce2(0), m.solve(m.extranonce2(0)))
    await m.request("mining.submit", ["worker.other"] + share[1:])


async def unknown_job(m, p):
    share = m.share(m.extranonce2(0), m.solve(m.extranonce2(0)))
    await m.request("mining.submit", [share[0], share[1] + " "] + share[2:])


async def truncated_to_pdiff_1_65536(m, p):
    """A target from 2^224 instead of 0xFFFF * 2^208: only one share in 65536 shows it, so look for such a
    one.
    """
    exact = target_from_difficulty(m.job_difficulty)
    nonce = m.solve(m.extranonce2(0), target=exact * 11 // 10, above=exact)
    await m.request("mining.submit", m.share(m.extranonce2(0), nonce))


async def raise_ignored(m, p):
    p.set_difficulty(EASY * 8)
    await asyncio.sleep(2 * GRACE_S)
    asked, stamped = target_from_difficulty(EASY * 8), target_from_difficulty(EASY)
    nonce = m.solve(m.extranonce2(0), target=stamped, above=asked)
    await m.request("mining.submit", m.share(m.extranonce2(0), nonce))


async def lowered_too_early(m, p):
    p.set_difficulty(EASY / 8)
    await asyncio.sleep(2 * GRACE_S)
    asked, stamped = target_from_difficulty(EASY / 8), target_from_difficulty(EASY)
    nonce = m.solve(m.extranonce2(0), target=asked, above=stamped)
    await m.request("mining.submit", m.share(m.extranonce2(0), nonce))


async def _at_ntime(m, ntime):
    m.job = m.job[:7] + [f"{ntime:08x}"] + m.job[8:]
    await m.request("mining.submit", m.share(m.extranonce2(0), m.solve(m.extranonce2(0))))


async def ntime_before_the_job(m, p):
    await _at_ntime(m, int(m.job[7], 16) - 1)


async def ntime_ahead(m, p):
    await _at_ntime(m, int(m.job[7], 16) + 4)


async def old_extranonce_on_a_new_job(m, p):
    old = m.extranonce1
    p.set_extranonce(4, 3)
    p.new_job()
    await m.until(lambda: m.job_extranonce2_size == 3, "job with the new extranonce")
    m.job_extranonce1 = old
    await m.request("mining.submit", m.share(m.extranonce2(0), m.solve(m.extranonce2(0))))


async def unknown_method(m, p):
    await m.request("mining.multi_version", [1])


async def garbage(m, p):
    m.raw(b"GET / HTTP/1.1\r\n")
    await m.request("mining.extranonce_subscribe", [])


async def nul_in_a_line(m, p):
    m.raw(b'{"id":9,"method":"mining.submit","params":["\0"]}\n')
    await p.until(lambda: p.faults, 5, "fault")


async def key_twice(m, p):
    m.raw(b'{"id":9,"id":10,"method":"mining.submit","params":[]}\n')
    await p.until(lambda: p.faults, 5, "fault")


async def no_newline_at_the_end(m, p):
    m.raw(b'{"id":9,"method":"mining.submit","params":[]}')
    m.writer.write_eof()
    await p.until(lambda: p.faults, 5, "fault")


async def long_line(m, p):
    m.raw(b" " * 100_000 + b"\n")
    await p.until(lambda: p.faults, 5, "fault")


async def ping_ignored(m, p):
    m.answers_requests = False
    await p.ask("mining.ping", [], GRACE_S)


async def answer_to_nothing(m, p):
    m.raw({"id": 77, "result": True, "error": None})
    await p.until(lambda: p.faults, 5, "fault")


async def submit_before_authorize(m, p):
    other = await MiniMiner().connect(p.port)
    await other.request("mining.subscribe", ["mini/1"])
    await other.request("mining.submit", [USER, "x", "", "", ""])
    other.close()


async def authorize_first(m, p):
    other = await MiniMiner().connect(p.port)
    await other.request("mining.authorize", [USER, "x"])
    other.close()


async def wrong_password(m, p):
    other = await MiniMiner().connect(p.port)
    await other.request("mining.subscribe", ["mini/1"])
    await other.request("mining.authorize", [USER, "y"])
    other.close()


async def _configure(p, extensions, settings):
    other = await MiniMiner().connect(p.port)
    await other.request("mining.configure", [extensions, settings])
    other.close()


async def no_min_bit_count(m, p):
    await _configure(p, ["version-rolling"], {"version-rolling.mask": "1fffe000"})


async def bit_30_asked(m, p):
    settings = {"version-rolling.mask": "5fffe000", "version-rolling.min-bit-count": 2}
    await _configure(p, ["version-rolling"], settings)


# bad client -> text that must stand in a fault, and the pool it needs
BAD = [
    (wrong_nonce, "high hash", {}), (duplicate, "duplicate", {}),
    (duplicate_on_a_second_connection, "duplicate", {"extranonce1_size": 0, "same_job": True}),
    (short_extranonce2, "extranonce2", {}), (upper_case_hex, "extranonce2", {}),
    (no_sixth_parameter, "wanted [6]", {}), (sixth_parameter_uninvited, "wanted [5]", {"configure": "false"}),
    (bits_outside_the_mask, "leave the mask", {}),
    (bits_over_the_jobs_own, "overlap", {"job_version": 0x30000000}),
    (bits_after_the_mask_shrank, "leave the mask 00006000", {}),
    (id_reused, "after id", {}), (id_zero, "no unsigned integer", {}), (id_string, "no unsigned integer", {}),
    (stale, "stale", {}), (wrong_user, "submit as", {}), (unknown_job, "unknown job", {}),
    (truncated_to_pdiff_1_65536, "high hash", {}), (raise_ignored, "high hash", {}),
    (lowered_too_early, "high hash", {}), (ntime_before_the_job, "ntime", {}), (ntime_ahead, "ntime", {}),
    (old_extranonce_on_a_new_job, "high hash", {}), (unknown_method, "unknown method", {}),
    (garbage, "not JSON", {}), (nul_in_a_line, "NUL", {}), (key_twice, "a key occurs twice", {}),
    (no_newline_at_the_end, "no newline", {}), (long_line, "line longer", {}),
    (ping_ignored, "no answer to", {}), (answer_to_nothing, "an answer to nothing", {}),
    (submit_before_authorize, "before mining.authorize", {}),
    (authorize_first, "before the reply to mining.subscribe", {}),
    (wrong_password, "mining.authorize with", {}),
    (no_min_bit_count, "min-bit-count", {}), (bit_30_asked, "asks for the mask", {}),
]


async def flagged(client, text, settings):
    """Run one bad client; the reason why it was not caught, or None."""
    settings = dict(settings)
    same_job = settings.pop("same_job", False)
    options = Options(user=USER, difficulty=EASY, grace_s=GRACE_S, **settings)
    if same_job:
        options.job = StrictPool(options).maker.make(options.extranonce2_size)
    async with StrictPool(options) as pool:
        miner = await (await MiniMiner().connect(pool.port)).start(USER)
        if pool.faults:
            return f"flagged before it did anything wrong: {pool.faults}"
        await client(miner, pool)
        miner.close()
        caught = any(text in fault for fault in pool.faults)
        return None if caught else f"no fault with {text!r}: {pool.faults}"


# -- the honest client -----------------------------------------------------------------------------

HONEST = [
    {}, {"configure": "false"}, {"configure": "error"}, {"configure": "text"}, {"mask": 0x5FFFE000},
    {"first_job": "early"}, {"first_job": "subscribed"}, {"first_job": "authorized"},
    {"reject_fraction": 0.3},
    {"extranonce1_size": 0, "extranonce2_size": 16}, {"extranonce1_size": 32, "extranonce2_size": 0},
    {"wire": "fragments"}, {"wire": "joined"}, {"wire": "crlf"}, {"subscribe_reply": "null"},
    {"subscribe_reply": "flat", "odd_frames": True}, {"job_version": 0x30000003}, {"outputs": 1500},
    {"difficulty": EASY * 100, "nbits": 0x2003FFFF},
]


async def honest(settings, seconds=0.7):
    """Mine by the rules through jobs, clean jobs and changes of difficulty; the list of complaints, empty
    if none.
    """
    options = Options(user=USER, grace_s=GRACE_S, **{"difficulty": EASY, **settings})
    async with StrictPool(options) as pool:
        miner = await (await MiniMiner().connect(pool.port)).start(USER)
        end, count, job = time.monotonic() + seconds, 0, None
        sent = {"accepted": 0, "rejected": 0}
        while time.monotonic() < end:
            if count % 10 == 5:
                pool.set_difficulty(options.difficulty * (1 + count % 3))
                pool.new_job(clean=count % 20 == 5)
                await asyncio.sleep(0.05)
            if miner.job is not job:
                job, nonce = miner.job, 0
            bits = 0
            if miner.mask:
                bits = (count % 4) << 13 & miner.mask & ~int(job[5], 16)
            extranonce2 = miner.extranonce2(count % 256)
            network = (int(job[6], 16) & 0xFFFFFF) << 8 * ((int(job[6], 16) >> 24) - 3)
            target = max(network, target_from_difficulty(miner.job_difficulty))
            nonce = miner.solve(extranonce2, bits, target, first=nonce)
            reply = await miner.request("mining.submit", miner.share(extranonce2, nonce, bits))
            sent["accepted" if reply["result"] is True else "rejected"] += 1
            nonce, count = nonce + 1, count + 1
        complaints = list(pool.faults)
        miner.close()
        if sent["accepted"] != pool.accepted or sent["rejected"] != sum(pool.rejected.values()):
            complaints.append(f"pool counted {pool.accepted} and {pool.rejected}, miner {sent}")
        if bool(options.reject_fraction) != bool(sent["rejected"]) or sent["accepted"] < 10:
            complaints.append(f"{sent} shares")
        return complaints


async def run():
    """Every client in turn; True if each got what it deserves."""
    failed = 0
    for client, text, settings in BAD:
        why = await asyncio.wait_for(flagged(client, text, settings), 30)
        failed += why is not None
        if why:
            print(f"NOT CAUGHT {client.__name__}: {why}")
    for settings in HONEST:
        complaints = await asyncio.wait_for(honest(settings), 60)
        failed += bool(complaints)
        if complaints:
            print(f"WRONGLY BLAMED {settings}: {complaints[:3]}")
    total = len(BAD) + len(HONEST)
    print(f"strict pool: {len(BAD)} bad clients, {len(HONEST)} honest ones; "
          f"{total - failed} passed, {failed} failed")
    return failed == 0


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(run()) else 1)
