"""How the pool's messages reach the socket: whole lines, or cut and joined as TCP may deliver them."""

import asyncio
import json
import random

STYLES = ("plain", "crlf", "fragments", "joined")


class Wire:
    """Writes messages in one of STYLES, always in order.

    plain: a line per message. crlf: the same, ended by CR LF. fragments: pieces of 1..200 bytes, a
    millisecond apart. joined: held back for up to 20 ms so that several lines leave in one segment.
    """

    def __init__(self, writer, style="plain"):
        if style not in STYLES:
            raise ValueError(style)
        self._writer = writer
        self._style = style
        self._random = random.Random(1)
        self._queue = bytearray()
        self._pump = None

    def send(self, message):
        """One JSON message."""
        end = b"\r\n" if self._style == "crlf" else b"\n"
        self.send_raw(json.dumps(message, ensure_ascii=False).encode() + end)

    def send_raw(self, data):
        """Bytes as they are."""
        if self._writer.is_closing():
            return
        if self._style in ("plain", "crlf"):
            self._writer.write(data)
            return
        self._queue += data
        if self._pump is None or self._pump.done():
            self._pump = asyncio.ensure_future(self._run())

    async def _run(self):
        while self._queue and not self._writer.is_closing():
            if self._style == "joined":
                await asyncio.sleep(0.02)
                count = len(self._queue)
            else:
                await asyncio.sleep(0.001)
                count = self._random.randint(1, 200)
            self._writer.write(bytes(self._queue[:count]))
            del self._queue[:count]
