"""A server of prices on loopback that can be late, silent, gone, overwhelmed or talk nonsense."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Market:
    """As a context manager; it keeps its port while it is stopped.

    say: what it does: "prices", "garbage", "hang", or an HTTP status. prices: seconds from the moment of publish()
    and what they cost, in order.
    """

    def __init__(self):
        self.say = "prices"
        self.requests = []  # when, and for what
        self._document = b"{}"
        self._intensity = b"{}"
        self._hung = threading.Event()
        self._server = None
        self._port = 0
        self.intensity(100)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def address(self):
        return f"127.0.0.1:{self._port}"

    def start(self):
        market = self
        self._hung.clear()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                market.answer(self)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self._hung.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def publish(self, *steps, begins=-10):
        """Prices of the seconds up to each: (3, 50), (6, 120); from ten seconds ago on."""
        now = time.time()
        data = []
        for until, price in steps:
            data.append({"from": now + begins, "to": now + until, "price": price})
            begins = until
        self._document = json.dumps({"data": data}).encode()

    def intensity(self, grams):
        """Of this hour and the next."""
        hour = int(time.time()) // 3600 * 3600
        data = [{"from": time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(hour + 3600 * i)),
                 "to": time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(hour + 3600 * (i + 1))),
                 "intensity": {"forecast": grams, "actual": None, "index": "moderate"}} for i in range(2)]
        self._intensity = json.dumps({"data": data}).encode()

    def answer(self, handler):
        if handler.path == "/intensity":
            return self._send(handler, 200, self._intensity)
        self.requests.append((time.monotonic(), handler.path))
        if self.say == "prices":
            return self._send(handler, 200, self._document)
        if self.say == "garbage":
            return self._send(handler, 200, b'{"data": [{"from": "soon", "price": ' + b"[" * 5000)
        if self.say == "hang":
            self._hung.wait(60)
            handler.close_connection = True
            return None
        return self._send(handler, self.say, b"<html>no</html>")

    @staticmethod
    def _send(handler, status, body):
        handler.send_response(status)
        if status == 429:
            handler.send_header("Retry-After", "3")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
