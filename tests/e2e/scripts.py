"""What a strict pool does during a run. Each script gets the pool and a clock that counts in fractions of
the run.

All of them end by 0.9; one that has not ended when ebb does is a failure, for then the point of it was not
reached.
"""

import asyncio
import json

from pool_junk import JUNK


async def steady(pool, clock):
    """New jobs as a real pool sends them: most keep the block, every fourth is a new one."""
    for step in range(1, 10):
        await clock.until(step / 10)
        pool.new_job(clean=step % 4 == 0)


async def clean_jobs(pool, clock):
    """A new block every 3 s; in a short run at least four."""
    period = min(3.0, clock.seconds / 5) / clock.seconds
    step = 1
    while step * period <= 0.9:
        await clock.until(step * period)
        pool.new_job(clean=True)
        step += 1


async def difficulty_raised(pool, clock):
    """Raised without a job (the higher of both holds), then stamped by a new job; twice; once with a clean
    job.
    """
    base = pool.difficulty
    for start, factor in ((0.15, 2.0), (0.45, 4.0)):
        await clock.until(start)
        pool.set_difficulty(base * factor)
        await clock.until(start + 0.15)
        pool.new_job(clean=False)
    await clock.until(0.8)
    pool.set_difficulty(base * 6)
    pool.new_job(clean=True)
    await clock.until(0.9)


async def difficulty_lowered(pool, clock):
    """Lowered without a job (the job's own holds on), then stamped; then up and down again before any job."""
    base = pool.difficulty
    await clock.until(0.15)
    pool.set_difficulty(base / 4)
    await clock.until(0.4)
    pool.new_job()
    await clock.until(0.6)
    pool.set_difficulty(base)
    await clock.until(0.7)
    pool.set_difficulty(base / 4)
    await clock.until(0.8)
    pool.new_job()
    await clock.until(0.9)


async def difficulty_spelled(pool, clock):
    """The same number as a string and with an exponent, and fractions that are no round binary numbers."""
    base = pool.difficulty
    for step, factor in enumerate((1.1, 0.9, 1.37, 1.0), 1):
        await clock.until(step / 5)
        value = base * factor
        spelled = {1: repr(value), 2: f"{value:.17e}", 3: json.loads(f"{value:.17e}")}.get(step)
        pool.set_difficulty(value, spelled)
        pool.new_job(clean=step == 3)


async def mask_changes(pool, clock):
    """BIP310: a new mask holds at once, not from the next job on. It shrinks, moves, and comes back."""
    masks = ((0.2, 0x00006000), (0.4, 0x1FFFE000), (0.5, 0x1C000000), (0.65, 0x0000E000), (0.8, 0x5FFFE000))
    for at, mask in masks:
        await clock.until(at)
        pool.set_version_mask(mask)
        if at in (0.4, 0.65):
            pool.new_job()


async def extranonce_changes(pool, clock):
    """Acts on the next job; shares for older jobs keep the old one. Also without a size, which then stays."""
    for at, sizes in ((0.15, (8, 4)), (0.4, (2, None)), (0.65, (0, 8))):
        await clock.until(at)
        pool.set_extranonce(*sizes)
        await clock.until(at + 0.1)
        pool.new_job(clean=at == 0.65)
    await clock.until(0.9)


async def job_repeated(pool, clock):
    """Word by word the same job, again and again: nothing may be hashed twice."""
    for step in range(1, 36):
        await clock.until(step / 40)
        if step == 20:
            pool.new_job()
        else:
            pool.repeat_job()


async def connection_closed(pool, clock):
    """A hard close, later a RST; ebb comes back by itself both times."""
    await clock.until(0.2)
    pool.drop()
    await pool.until_mining(10 * pool.options.grace_s, count=2)
    await clock.until(0.6)
    pool.drop(reset=True)
    await pool.until_mining(10 * pool.options.grace_s, count=3)


async def reconnect_here(pool, clock):
    """client.reconnect without parameters: close and come back to the same address."""
    await clock.until(0.3)
    pool.drops += 1
    pool.notify("client.reconnect", [])
    await pool.until_mining(10 * pool.options.grace_s, count=2)
    await steady_from(pool, clock, 0.7)


async def reconnect_other_port(pool, clock):
    """The same host on another port, given as a string: allowed."""
    port = await pool.listen()
    await clock.until(0.3)
    pool.drops += 1
    pool.notify("client.reconnect", ["127.0.0.1", str(port), 0])
    await pool.until_mining(10 * pool.options.grace_s, count=2)
    if pool.session.local_port != port:
        pool.fault("ebb came back to the old port")
    await steady_from(pool, clock, 0.7)


async def reconnect_other_host(pool, clock):
    """An address that is another host: never followed. ebb may stay, or come back to the one it was given."""
    port = await pool.listen("127.0.0.2")
    await clock.until(0.3)
    pool.drops += 1
    pool.notify("client.reconnect", ["127.0.0.2", port, 0])
    await clock.until(0.6)
    if any(session.local_port == port for session in pool.sessions):
        pool.fault("ebb followed client.reconnect to another host")
    await pool.until_mining(10 * pool.options.grace_s, count=len(pool.sessions))
    await steady_from(pool, clock, 0.8)


async def steady_from(pool, clock, start):
    """A last job late in the run."""
    await clock.until(start)
    pool.new_job()
    await clock.until(0.9)


async def bad_lines(pool, clock):
    """One unusable line, then a good one, and so on: each time ebb still answers on the same connection."""
    for step, (name, line) in enumerate(JUNK, 1):
        await clock.until(0.9 * step / len(JUNK))
        pool.send_raw(line)
        await pool.ask("mining.ping", [])
        if len(pool.sessions) != 1 or pool.session.closed:
            pool.fault(f"the connection did not survive the line '{name}'")
            return
        if step % 8 == 0:
            pool.new_job(clean=step % 16 == 0)


async def asked_by_the_pool(pool, clock):
    """Requests of the pool get an answer with their own id; messages do not disturb."""
    for step in range(1, 9):
        await clock.until(step / 10)
        pong = await pool.ask("mining.ping", [])
        if pong and (pong["result"] != "pong" or pong.get("error") is not None):
            pool.fault(f"mining.ping was answered {pong}")
        version = await pool.ask("client.get_version", [])
        if version and not str(version["result"]).startswith("ebb"):
            pool.fault(f"client.get_version was answered {version}")
        unknown = await pool.ask("client.no_such_method", [1, {"a": None}])
        if unknown and (unknown.get("result") is not None or _code(unknown) not in (38, -3)):
            pool.fault(f"an unknown method was answered {unknown}, wanted error 38 or -3")
        pool.notify("client.show_message", ["Maintenance tonight \u2014 \x1b[31mred\x1b[0m\r\n, ü, \u0000."])
        pool.notify("client.no_such_method", [])
        pool.notify("mining.ping", [])
        pool.new_job(clean=step == 5)
        await asyncio.sleep(0)


def _code(message):
    error = message.get("error")
    if isinstance(error, list) and error:
        return error[0]
    return error.get("code") if isinstance(error, dict) else None
