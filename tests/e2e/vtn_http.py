"""HTTPS for the test VTN: a server whose answers somebody else makes, and calls to webhooks."""

import dataclasses
import http.server
import json
import socket
import ssl
import sys
import threading
import traceback
import urllib.error
import urllib.request

MAX_BODY = 1 << 20
CALL_TIMEOUT_S = 5


@dataclasses.dataclass
class Reply:
    status: int
    body: object
    shape: str = ""  # of openadr_schemas, by which the body is checked
    headers: dict = dataclasses.field(default_factory=dict)


class HttpServer:
    """Serves `site` on a free port of 127.0.0.1. start() and stop() may follow each other: the port stays.

    The site has answer(method, target, headers, body), now(), faults.truncate, and lists `broken` and `complaints`.
    """

    def __init__(self, site, certificate, key):
        self.port = 0
        self._site = site
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._tls.load_cert_chain(certificate, key)
        self._server = None

    def start(self):
        site, tls = self._site, self._tls
        self._server = _Server(("127.0.0.1", self.port), type("Handler", (_Handler,), {"site": site}), tls)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        if self._server:
            self._server.drop()
            self._server = None

    def stopped(self):
        return self._server is None


class _Server(http.server.ThreadingHTTPServer):
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address, handler, tls):
        self._tls = tls
        self._connections = set()
        self._lock = threading.Lock()
        super().__init__(address, handler)

    def get_request(self):
        plain, address = self.socket.accept()
        # The handshake waits for the connection's own thread.
        connection = self._tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request):
        with self._lock:
            self._connections.discard(request)
        _cut(request)
        request.close()

    def handle_error(self, request, client_address):
        """Called in the handler of an exception; a connection that broke is none of ours."""
        if not isinstance(sys.exc_info()[1], OSError):
            self.RequestHandlerClass.site.broken.append(traceback.format_exc())

    def drop(self):
        self.shutdown()
        self.server_close()
        with self._lock:
            for connection in self._connections:
                _cut(connection)


def _cut(connection):
    try:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)  # TLS's own would pull the session from under a reader
    except OSError:
        pass


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    site = None

    def _serve(self):
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            self.site.complaints.append(f"{self.command}: Content-Length {length!r:.40}")
            self.close_connection = True
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.site.answer(self.command, self.path, headers, body)
        if reply is None:
            self.close_connection = True
            return
        data = json.dumps(reply.body).encode()
        fault = self.site.faults.truncate if not self.path.partition("/auth/")[1] else ""
        sent = data[:len(data) // 2] if fault else data
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data if fault == "connection" else sent)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(sent)
        if fault == "connection":
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def date_time_string(self, timestamp=None):
        return super().date_time_string(self.site.now() if timestamp is None else timestamp)

    def log_message(self, *_):
        pass


def call(url, authority, bearer=None, body=None):
    """(status, text) of a webhook; (0, why) when it cannot be reached."""
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(url, body and body.encode(), headers)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=authority)))
    try:
        with opener.open(request, timeout=CALL_TIMEOUT_S) as answer:
            return answer.status, answer.read(MAX_BODY).decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read(MAX_BODY).decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        return 0, str(error)
