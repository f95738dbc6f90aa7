"""TLS in front of a server on loopback that has none, as a proxy has it on a site."""

import asyncio
import socket
import ssl
import threading


class TlsFront:
    """https://127.0.0.1:port, passed on to port `behind`, by itself one that is free at first. A context manager."""

    def __init__(self, certificate, key, behind=None, version=None):
        """version: an ssl.TLSVersion, the only one to be spoken."""
        if behind is None:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                behind = probe.getsockname()[1]
        self.behind = behind
        self.port = 0
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if version is not None:
            self._tls.set_ciphers("ALL:@SECLEVEL=0")  # old versions need old hashes
            self._tls.minimum_version = self._tls.maximum_version = version
        self._tls.load_cert_chain(certificate, key)
        self._loop = asyncio.new_event_loop()
        self._server = None

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def __enter__(self):
        # On its own thread from the start: the test may have a loop of its own.
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._pass_on, "127.0.0.1", 0, ssl=self._tls), self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _pass_on(self, reader, writer):
        try:
            onward = await asyncio.open_connection("127.0.0.1", self.behind)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._copy(reader, onward[1]), self._copy(onward[0], writer))

    @staticmethod
    async def _copy(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()
