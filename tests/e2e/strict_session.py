"""One connection of the strict pool: answers the miner, gives it jobs and checks order, frames and shares."""

import asyncio
import socket
import struct
import time

import line_check
from pool_wire import Wire
from share_check import REPLIES, History, LiveJob, check


class StrictSession:
    """Lives from accept to close; everything that outlasts the connection is booked in the pool."""

    def __init__(self, pool, reader, writer):
        self._pool = pool
        self._options = pool.options
        self._reader = reader
        self._writer = writer
        self.wire = Wire(writer, pool.options.wire)
        self.local_port = writer.get_extra_info("sockname")[1]
        self.opened_at = time.monotonic()
        self.closed = False
        self.subscribed = self.authorised = False
        self.jobs = {}
        self.last_clean = None
        self.asked_mask = None
        self._last_id = 0
        self._newest = None
        self._extranonce1 = pool.random.randbytes(pool.options.extranonce1_size)
        self._extranonce2_size = pool.options.extranonce2_size
        self._masks = History([(float("-inf"), 0)])
        self._difficulties = History()
        self._asked = {}
        self._ask_id = 0

    # -- reading -----------------------------------------------------------------------------------

    async def run(self):
        """Read lines until the miner or the pool closes."""
        try:
            while raw := await self._reader.readline():
                if self.closed:  # what was read before our own close counts as lost
                    break
                self._on_line(raw)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except ValueError:
            self._fault("a line longer than 64 KiB")
        finally:
            self.close()

    def _fault(self, text):
        self._pool.fault(f"connection {self._pool.sessions.index(self) + 1}: {text}")

    def _on_line(self, raw):
        try:
            message = line_check.parse(raw)
        except line_check.BadLine as bad:
            self._fault(f"{bad}: {raw[:120]!r}")
            return
        if "method" in message:
            self._on_request(message)
        else:
            self._on_answer(message)

    def _on_request(self, message):
        faults = line_check.request_faults(message, self._last_id)
        for text in faults:
            self._fault(text)
        if line_check.unsigned(message.get("id")):
            if self._last_id == 0 and len(self._pool.sessions) == 1 and message["id"] != 1:
                self._fault(f"the first request has id {message['id']}")
            self._last_id = max(self._last_id, message["id"])
        if faults:
            self._reply(message.get("id"), None, [20, "Malformed request", None])
            return
        handler = getattr(self, "_on_" + message["method"].partition(".")[2].replace(".", "_"))
        handler(message["id"], message["params"])

    def _on_answer(self, message):
        future = self._asked.pop(message.get("id"), None)
        if future is None or not {"id", "result"} <= set(message) <= {"id", "result", "error", "jsonrpc"}:
            self._fault(f"an answer to nothing: {message!r:.160}")
        elif not future.done():
            future.set_result(message)

    # -- the miner's requests ----------------------------------------------------------------------

    def _on_configure(self, number, params):
        faults = line_check.configure_faults(params)
        if self.asked_mask is not None:
            faults.append("mining.configure twice")
        if self.authorised:
            faults.append("mining.configure after mining.authorize")
        for text in faults:
            self._fault(text)
        if faults:
            self._reply(number, None, [20, "Malformed configure", None])
            return
        self.asked_mask = int(params[1]["version-rolling.mask"], 16)
        way = self._options.configure
        if way == "mask":
            result = {"version-rolling": True, "version-rolling.mask": f"{self._options.mask:08x}"}
            self._masks = History([(float("-inf"), self._options.mask & self.asked_mask)])
            self._reply(number, result)
        elif way == "false":
            self._reply(number, {"version-rolling": False})
        elif way == "text":
            self._reply(number, {"version-rolling": "not on this server"})
        elif way == "error":
            self._reply(number, None, [20, "Not supported.", None])

    def _on_subscribe(self, number, params):
        if self.subscribed:
            self._fault("mining.subscribe twice")
        if not 1 <= len(params) <= 2 or not isinstance(params[0], str) or not params[0]:
            self._fault(f"mining.subscribe with params {params!r:.120}")
        elif len(params) == 2 and params[1] not in self._pool.session_ids:
            self._fault(f"mining.subscribe resumes the session {params[1]!r:.80}, which never was")
        if self._options.first_job == "early":
            self.send_difficulty()
            self.send_job(clean=True)
        session_id = f"{len(self._pool.sessions):08x}"
        self._pool.session_ids.add(session_id)
        shapes = {"plain": [["mining.set_difficulty", session_id], ["mining.notify", session_id]],
                  "null": None, "flat": ["mining.notify", session_id]}
        size = self._extranonce2_size
        odd_size = float(size) if self._options.subscribe_reply == "null" else str(size)
        result = [shapes[self._options.subscribe_reply], self._extranonce1.hex(),
                  size if self._options.subscribe_reply == "plain" else odd_size]
        self._reply(number, result + (["extra"] if self._options.odd_frames else []))
        self.subscribed = True
        if self._options.first_job == "subscribed":
            self.send_difficulty()
            self.send_job(clean=True)

    def _on_authorize(self, number, params):
        if not self.subscribed:
            self._fault("mining.authorize before the reply to mining.subscribe")
        right = params == [self._options.user, self._options.password]
        if not right:
            self._fault(f"mining.authorize with params {params!r:.120}")
        if self.authorised:
            self._fault("mining.authorize twice")
        if self._options.first_job == "authorizing":
            self.send_difficulty()
            self.send_job(clean=True)
        self._reply(number, right)
        self.authorised = right
        if self._options.first_job == "authorized":
            self.send_difficulty()
            self.send_job(clean=True)
        self._pool.wake()

    def _on_suggest_difficulty(self, _number, params):
        if not self.authorised:
            self._fault("mining.suggest_difficulty before mining.authorize: ckpool ignores it")
        if len(params) != 1 or isinstance(params[0], bool) or not isinstance(params[0], (int, float)):
            self._fault(f"mining.suggest_difficulty with params {params!r:.80}")
        self._pool.suggested.append(params)

    def _on_extranonce_subscribe(self, _number, _params):
        """Never answered, as by ckpool."""

    def _on_submit(self, number, params):
        pool, now = self._pool, time.monotonic()
        pool.submits += 1
        if not self.authorised:
            self._fault("mining.submit before mining.authorize succeeded")
            self._reply(number, None, [24, REPLIES[24], None])
            return
        verdict = check(params, now, self._options.grace_s, self._options.user, self.jobs, self._masks,
                        self._difficulties, pool.seen)
        for text in verdict.faults:
            self._fault(text)
        if verdict.work:
            pool.credit(verdict)
        if verdict.error:
            pool.stale += verdict.error == 21
            pool.reject(REPLIES[verdict.error])
            self._reply(number, None, [verdict.error, REPLIES[verdict.error], None])
        elif pool.random.random() < self._options.reject_fraction:
            pool.reject(REPLIES[23])
            self.wire.send({"reject-reason": REPLIES[23], "result": False, "error": None, "id": number})
        else:
            pool.accepted += 1
            self._reply(number, True)

    # -- writing -----------------------------------------------------------------------------------

    def _reply(self, number, result, error=None):
        message = {"id": number, "result": result, "error": error}
        if error is None and self._options.odd_frames:
            del message["error"]
        self.wire.send(message)

    def notify(self, method, params):
        message = {"id": None, "method": method, "params": params}
        if self._options.odd_frames:
            del message["id"]
        self.wire.send(message)

    def send_difficulty(self, spelled=None):
        self._difficulties.put(time.monotonic(), self._pool.difficulty)
        self.notify("mining.set_difficulty", [self._pool.difficulty if spelled is None else spelled])

    def send_job(self, clean):
        """A new job, stamped with the extranonce and difficulty of now; a clean one is a new block, too."""
        room = len(self._extranonce1) + self._extranonce2_size
        job = self._options.job or self._pool.maker.make(room, new_block=clean)
        self._newest = (job, clean)
        self._send_notify(job, clean)
        now = time.monotonic()
        if clean:
            for live in self.jobs.values():
                live.dropped_at = live.dropped_at or now
        self.jobs[job.job_id] = LiveJob(job, self._extranonce1, self._extranonce2_size,
                                        self._pool.difficulty, now)
        self._pool.job_sent()

    def repeat_job(self):
        self._send_notify(self._newest[0], clean=False)

    def _send_notify(self, job, clean):
        params = job.notify_params(int(clean) if self._options.odd_frames else clean)
        self.notify("mining.notify", params + (["extra", None] if self._options.odd_frames else []))

    def send_version_mask(self, mask):
        self._masks.put(time.monotonic(), mask & (self.asked_mask or 0))
        self.notify("mining.set_version_mask", [f"{mask:08x}"])

    def send_extranonce(self, extranonce1_size, extranonce2_size):
        self._extranonce1 = self._pool.random.randbytes(extranonce1_size)
        params = [self._extranonce1.hex()]
        if extranonce2_size is not None:
            self._extranonce2_size = extranonce2_size
            params.append(extranonce2_size)
        self.notify("mining.set_extranonce", params)

    async def ask(self, method, params, timeout):
        """Ids start at 1 here too, so that they collide with the miner's own."""
        self._ask_id += 1
        number = self._ask_id
        future = asyncio.get_running_loop().create_future()
        self._asked[number] = future
        self.wire.send({"id": number, "method": method, "params": params})
        try:
            return await asyncio.wait_for(future, timeout)
        except asyncio.TimeoutError:
            self._asked.pop(number, None)
            self._fault(f"no answer to {method} within {timeout:g} s")
            return None

    def close(self, reset=False):
        """Close now; with `reset` the peer sees a RST instead of a FIN."""
        if self.closed:
            return
        self.closed = True
        self.authorised = False
        if reset:
            sock = self._writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._writer.transport.abort()
        else:
            self._writer.close()
