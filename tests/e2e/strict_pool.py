"""An independent, strict Stratum V1 server: it re-hashes every share and records every rule that a miner
breaks.

It stands on hashlib and asyncio, listens on loopback only and shares no code with ebb. A scenario steers it
through the methods of StrictPool; `pool.faults` is the list that a test expects to be empty.
"""

import asyncio
import random
import time
from dataclasses import dataclass

from chain import difficulty_of
from jobs import JobMaker
from strict_session import StrictSession

MAX_FAULTS = 50  # kept as text; the rest is only counted


@dataclass
class Options:
    """What the pool is like. Strings name the ways in which real pools were seen to differ.

    first_job: when difficulty and job are sent: before the subscribe reply (early), after it (subscribed),
    before the authorize reply (authorizing) or after it (authorized).
    """

    user: str = "worker.name"
    password: str = "x"
    difficulty: float = 1.0
    configure: str = "mask"           # mask | false | text | error | silent
    mask: int = 0x1FFFE000
    extranonce1_size: int = 4
    extranonce2_size: int = 8
    first_job: str = "authorizing"    # early | subscribed | authorizing | authorized
    job_version: int = 0x20000000
    nbits: int = 0x1D00FFFF
    outputs: int = 2
    reject_fraction: float = 0.0      # of the good shares, in ckpool's form
    wire: str = "plain"
    subscribe_reply: str = "plain"    # plain | null | flat
    odd_frames: bool = False          # no "error" if there is none, notifications without id, more parameters
    grace_s: float = 1.0
    seed: int = 1
    job: object = None                # one fixed Job instead of made ones


class StrictPool:
    """The server, what it counted, and the handles by which a scenario steers it."""

    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.maker = JobMaker(options.seed, options.job_version, options.nbits, options.outputs)
        self.difficulty = options.difficulty
        self.faults = []
        self.fault_count = 0
        self.sessions = []            # every one of the run, the newest last
        self.session_ids = set()
        self.seen = set()             # header hashes of every share of the run
        self.submits = self.accepted = self.stale = self.drops = 0
        self.rejected = {}
        self.work = self.work_squared = 0.0
        self.best_difficulty = 0.0
        self.version_bits_used = set()
        self.submit_log = []          # (job id, ntime, nonce) of the last shares that hashed well
        self.suggested = []
        self.lost_s = 0.0             # time without any job between two connections
        self.lost_since = None
        self.changed = asyncio.Event()
        self._servers = []
        self._tasks = set()
        self.port = None

    # -- life --------------------------------------------------------------------------------------

    async def __aenter__(self):
        self.port = await self.listen()
        return self

    async def __aexit__(self, *_):
        for server in self._servers:
            server.close()
        for session in self.sessions:
            session.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def listen(self, host="127.0.0.1", port=0):
        """One more address to listen on; returns its port."""
        server = await asyncio.start_server(self._connected, host, port, limit=64 * 1024)
        self._servers.append(server)
        return server.sockets[0].getsockname()[1]

    @property
    def url(self):
        return f"stratum+tcp://127.0.0.1:{self.port}"

    def _connected(self, reader, writer):
        """A plain function: asyncio would print the cancellation of a coroutine of its own."""
        session = StrictSession(self, reader, writer)
        self.sessions.append(session)
        task = asyncio.ensure_future(self._serve(session))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.wake()

    async def _serve(self, session):
        try:
            await session.run()
        finally:
            if session is self.session and self.lost_since is None and session.jobs:
                self.lost_since = time.monotonic()
            self.wake()

    # -- what a session reports --------------------------------------------------------------------

    def fault(self, text):
        """Record one broken rule."""
        self.fault_count += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(text)

    def job_sent(self):
        """A job went out: the time without one, if any, is over."""
        if self.lost_since is not None:
            self.lost_s += time.monotonic() - self.lost_since
            self.lost_since = None
        self.wake()

    def credit(self, verdict):
        """Book a share whose hash is good, whatever is answered to it."""
        self.work += verdict.work
        self.work_squared += verdict.work ** 2
        self.best_difficulty = max(self.best_difficulty, difficulty_of(verdict.hash))
        self.version_bits_used.add(verdict.version_bits)
        self.submit_log = self.submit_log[-999:] + [(verdict.job_id, verdict.ntime, verdict.nonce)]
        self.wake()

    def reject(self, reason):
        self.rejected[reason] = self.rejected.get(reason, 0) + 1

    def wake(self):
        """Let `until` look again."""
        self.changed.set()

    # -- what a scenario does ----------------------------------------------------------------------

    @property
    def session(self):
        """The newest connection, or None."""
        return self.sessions[-1] if self.sessions else None

    async def until(self, condition, timeout, what):
        """Wait until condition() holds; TimeoutError names `what` otherwise."""
        end = time.monotonic() + timeout
        while not condition():
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no {what} within {timeout:g} s")
            self.changed.clear()
            try:
                await asyncio.wait_for(self.changed.wait(), min(left, 0.25))
            except asyncio.TimeoutError:
                pass

    async def until_mining(self, timeout=20, count=1):
        """Wait until the count-th connection is authorised and has a job."""
        def mining():
            return len(self.sessions) >= count and self.session.authorised and self.session.jobs
        await self.until(mining, timeout, f"authorised connection number {count}")

    def new_job(self, clean=False):
        self.session.send_job(clean)

    def repeat_job(self):
        """The newest job once more, word by word."""
        self.session.repeat_job()

    def set_difficulty(self, difficulty, spelled=None):
        """Change it without a job; `spelled` is the JSON value to send, if not the plain number."""
        self.difficulty = difficulty
        self.session.send_difficulty(spelled)

    def set_version_mask(self, mask):
        self.session.send_version_mask(mask)

    def set_extranonce(self, extranonce1_size, extranonce2_size=None):
        self.session.send_extranonce(extranonce1_size, extranonce2_size)

    def notify(self, method, params):
        """Any notification."""
        self.session.notify(method, params)

    def send_raw(self, data):
        """Bytes as they are, a newline added."""
        self.session.wire.send_raw(data + b"\n")

    async def ask(self, method, params, timeout=None):
        """Send a request to the miner and return its answer; none in time is a fault and gives None."""
        return await self.session.ask(method, params, timeout or 2 * self.options.grace_s)

    def drop(self, reset=False):
        """Close the connection at once, with a RST if asked."""
        self.drops += 1
        self.session.close(reset)
