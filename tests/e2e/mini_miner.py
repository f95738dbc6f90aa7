"""A small Stratum V1 client in Python: the honest partner of the strict pool, and the hand that writes bad
shares.

About a million hashes a second, so it is used at difficulties around 1e-7 .. 1e-4.
"""

import asyncio
import hashlib
import json
import struct

from chain import hash_value, merkle_root, pack_header, sha256d, target_from_difficulty


class MiniMiner:
    """One connection. Requests are numbered from 1; `raw` sends anything at all."""

    def __init__(self):
        self.reader = self.writer = None
        self.extranonce1 = b""
        self.extranonce2_size = 0
        self.mask = 0
        self.difficulty = None
        self.job = None             # parameters of the newest notify
        self.job_extranonce1 = b""  # and what held when it came
        self.job_extranonce2_size = 0
        self.job_difficulty = None
        self.user = None
        self._early = []
        self._number = 0
        self._replies = {}
        self._changed = asyncio.Event()
        self._task = None
        self.answers_requests = True
        self.closed = False

    async def connect(self, port, host="127.0.0.1"):
        self.reader, self.writer = await asyncio.open_connection(host, port, limit=1 << 20)
        self._task = asyncio.ensure_future(self._read())
        return self

    def close(self):
        if self._task:
            self._task.cancel()
        if self.writer:
            self.writer.close()

    async def _read(self):
        try:
            while raw := await self.reader.readline():
                self._on_message(json.loads(raw))
                self._changed.set()
        except (ConnectionError, ValueError):
            pass
        self.closed = True
        self._changed.set()

    def _on_message(self, message):
        if "method" not in message:
            self._replies[message["id"]] = message
            if isinstance(message.get("result"), list) and message["id"] == self._subscribe_id:
                self.extranonce1 = bytes.fromhex(message["result"][1])
                self.extranonce2_size = int(float(message["result"][2]))
                for early in self._early:
                    self._on_notification(early)
                self._early = None
        elif message.get("id") is not None:
            if self.answers_requests:
                self.raw({"id": message["id"], "result": "pong", "error": None})
        elif self._early is not None:
            self._early.append(message)
        else:
            self._on_notification(message)

    def _on_notification(self, message):
        method, params = message["method"], message["params"]
        if method == "mining.set_difficulty":
            self.difficulty = float(params[0])
        elif method == "mining.set_version_mask":
            self.mask = int(params[0], 16)
        elif method == "mining.set_extranonce":
            self.extranonce1 = bytes.fromhex(params[0])
            self.extranonce2_size = params[1] if len(params) > 1 else self.extranonce2_size
        elif method == "mining.notify":
            self.job, self.job_difficulty = params, self.difficulty
            self.job_extranonce1, self.job_extranonce2_size = self.extranonce1, self.extranonce2_size

    def raw(self, message):
        """Send bytes as they are, anything else as a JSON line."""
        self.writer.write(message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n")

    def send(self, method, params):
        """Send a request without waiting; returns its id."""
        self._number += 1
        if method == "mining.subscribe":
            self._subscribe_id = self._number
        self.raw({"id": self._number, "method": method, "params": params})
        return self._number

    _subscribe_id = None

    async def until(self, condition, what, timeout=10):
        async def wait():
            while not condition():
                if self.closed:
                    raise ConnectionError(f"closed by the pool, no {what}")
                self._changed.clear()
                await self._changed.wait()
        await asyncio.wait_for(wait(), timeout)

    async def request(self, method, params):
        """Send a request and return its whole reply."""
        number = self.send(method, params)
        await self.until(lambda: number in self._replies, f"reply to {method}")
        return self._replies.pop(number)

    async def start(self, user, password="x", rolling=True):
        """Configure, subscribe and authorise; returns when there is a job."""
        self.user = user
        if rolling:
            settings = {"version-rolling.mask": "1fffe000", "version-rolling.min-bit-count": 2}
            reply = await self.request("mining.configure", [["version-rolling"], settings])
            if reply["result"] and reply["result"].get("version-rolling") is True:
                self.mask = int(reply["result"]["version-rolling.mask"], 16) & 0x1FFFE000
        await self.request("mining.subscribe", ["mini/1"])
        reply = await self.request("mining.authorize", [user, password])
        if reply["result"] is not True:
            raise ConnectionError(f"not authorised: {reply}")
        await self.until(lambda: self.job, "job")
        return self

    def solve(self, extranonce2, version_bits=0, target=None, first=0, above=None):
        """The first nonce from `first` whose hash is <= target (and > above, where given)."""
        target = target_from_difficulty(self.job_difficulty) if target is None else target
        head = self.header(extranonce2, version_bits, 0)
        midstate, tail = hashlib.sha256(head[:64]), head[64:76]
        for nonce in range(first, 1 << 32):
            inner = midstate.copy()
            inner.update(tail + struct.pack("<I", nonce))
            value = int.from_bytes(hashlib.sha256(inner.digest()).digest(), "little")
            if value <= target and (above is None or value > above):
                return nonce
        raise RuntimeError("no nonce")

    def header(self, extranonce2, version_bits, nonce):
        """The 80 bytes of a share on the newest job, from the notify's own text."""
        _, prev, coinb1, coinb2, branch, version, nbits, ntime = self.job[:8]
        words = bytes.fromhex(prev)
        prev_hash = b"".join(words[i:i + 4][::-1] for i in range(0, 32, 4))
        coinbase = bytes.fromhex(coinb1) + self.job_extranonce1 + extranonce2 + bytes.fromhex(coinb2)
        root = merkle_root(sha256d(coinbase), [bytes.fromhex(node) for node in branch])
        return pack_header(int(version, 16) | version_bits, prev_hash, root, int(ntime, 16), int(nbits, 16),
                           nonce)

    def hash(self, extranonce2, version_bits, nonce):
        return hash_value(self.header(extranonce2, version_bits, nonce))

    def share(self, extranonce2, nonce, version_bits=0):
        """The parameters of mining.submit."""
        params = [self.user, self.job[0], extranonce2.hex(), self.job[7], f"{nonce:08x}"]
        return params + [f"{version_bits:08x}"] if self.mask else params

    def extranonce2(self, count):
        return count.to_bytes(self.job_extranonce2_size, "big") if self.job_extranonce2_size else b""
