"""A pool behind real proxies: microsocks (SOCKS5) and tinyproxy (HTTP CONNECT), with and without a user and password,
in clear text and with TLS inside; a proxy that is gone or refuses us is said to be.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time

from certificates import Authority
from ebb import SLOWNESS, Failure, Skip, die_with_parent, expect
from pool_rig import PoolRig, strict_pool
from tls_front import TlsFront

NAME, SECRET = "somebody", "hunter2-Tr0ub4dor"


async def run():
    for program in ("microsocks", "tinyproxy"):
        if not shutil.which(program):
            raise Skip(f"there is no {program}")
    with tempfile.TemporaryDirectory(prefix="ebb-proxy-") as home:
        authority = Authority(home)
        async with strict_pool() as pool:
            with contextlib.suppress(OSError):
                await pool.listen("::1", pool.port)  # microsocks tries a name's first address alone
            rig = PoolRig(home, pool)
            rig.write("password", SECRET + "\n")
            rig.write("wrong", SECRET + "x\n")
            for scheme, start in (("socks5", microsocks), ("http", tinyproxy)):
                await is_open(rig, pool, scheme, start, home)
                await asks_for_a_password(rig, pool, scheme, start, home)
            with TlsFront(*authority.server(), behind=pool.port) as front, tinyproxy(home) as port:
                await rig.mines(f"stratum+tls://localhost:{front.port}",
                                f'ca_file = "authority.pem"\nproxy = "http://127.0.0.1:{port}"')
            expect(SECRET not in rig.said, "a password is in the log or the summary")
            print(f"{len(pool.sessions)} connections, {pool.accepted} shares accepted")


async def is_open(rig, pool, scheme, start, home):
    with start(home) as port:
        proxy = f"{scheme}://127.0.0.1:{port}"
        url = f"stratum+tcp://localhost:{pool.port}"

        async def through(miner):
            await rig.says(miner, f"localhost:{pool.port} through {proxy}")
        await rig.mines(url, f'proxy = "{proxy}"', after=through)
        unused = free_port()
        await rig.is_refused(f"stratum+tcp://127.0.0.1:{unused}", f'proxy = "{proxy}"', f"the proxy {proxy}: ")
    await rig.is_refused(url, f'proxy = "{proxy}"', f"the proxy {proxy}: Connection refused")


async def asks_for_a_password(rig, pool, scheme, start, home):
    with start(home, NAME, SECRET) as port:
        at = f"127.0.0.1:{port}"
        user = f'proxy = "{scheme}://{NAME}@{at}"\nproxy_password_file = '
        await rig.mines(pool.url, f'proxy = "{scheme}://{NAME}:{SECRET}@{at}"')
        await rig.mines(pool.url, f'{user}"password"')
        await rig.is_refused(pool.url, f'{user}"wrong"', "it refuses the user and password")
        await rig.is_refused(pool.url, f'proxy = "{scheme}://{at}"', "it wants a user and password")
    await rig.does_not_start(pool.url, f'{user}"missing"', "missing")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def microsocks(_home, *credentials):
    port = free_port()
    flags = [word for pair in zip(("-u", "-P"), credentials) for word in pair]
    return server(port, "microsocks", "-i", "127.0.0.1", "-p", str(port), *flags)


def tinyproxy(home, *credentials):
    port = free_port()
    path = os.path.join(home, f"tinyproxy-{port}.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\n")
        if credentials:
            file.write(f"BasicAuth {' '.join(credentials)}\n")
    return server(port, "tinyproxy", "-d", "-c", path)


@contextlib.contextmanager
def server(port, *command):
    """Yields the port once somebody listens there; the server dies with the test."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                   preexec_fn=die_with_parent)
        try:
            end = time.monotonic() + 10 * SLOWNESS
            while not listens(port):
                if process.poll() is not None or time.monotonic() > end:
                    said.seek(0)
                    raise Failure(f"{command[0]} does not listen: {said.read()[-300:]!r}")
                time.sleep(0.02)
            yield port
        finally:
            process.kill()
            process.wait()


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
