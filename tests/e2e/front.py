"""A port before a pool's, by which a test takes the pool away, brings it back, or makes it silent."""

import asyncio


class Front:
    """Forwards what comes to a port on loopback. While `hung`, it takes connections and bytes and passes none on."""

    def __init__(self, behind):
        self._behind = behind
        self._server = None
        self._port = 0
        self._tasks = set()
        self.hung = False

    async def __aenter__(self):
        await self.open()
        return self

    async def __aexit__(self, *_):
        await self.close()

    @property
    def url(self):
        return f"stratum+tcp://127.0.0.1:{self._port}"

    async def open(self):
        """Listen, at the same port as before."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self):
        """As a pool that is killed: its connections end, and its port is closed."""
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connected(self, reader, writer):
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader, writer):
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", self._behind)
        ways = [asyncio.ensure_future(self._pass_on(*way))
                for way in ((reader, behind_writer), (behind_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.close()
            behind_writer.close()

    async def _pass_on(self, reader, writer):
        try:
            while data := await reader.read(65536):
                if not self.hung:
                    writer.write(data)
                    await writer.drain()
        except ConnectionError:
            pass
