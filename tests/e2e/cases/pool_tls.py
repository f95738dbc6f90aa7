"""A pool behind TLS: mined for when an authority or a pin vouches for it, told nothing otherwise; no answer in clear
text, no old version.
"""

import asyncio
import ssl
import tempfile

from certificates import Authority, certificate_pin, key_pin
from ebb import expect
from pool_rig import PoolRig, strict_pool
from tls_front import TlsFront


async def run():
    with tempfile.TemporaryDirectory(prefix="ebb-tls-") as home:
        authority = Authority(home)
        known = authority.server()
        alone = authority.self_signed()
        ca_file = 'ca_file = "authority.pem"'
        async with strict_pool() as pool:
            rig = PoolRig(home, pool)
            with TlsFront(*known, behind=pool.port) as front:
                for host in ("localhost", "127.0.0.1"):
                    await rig.mines(address(front, host), ca_file)
                await rig.mines(address(front), "", env={"SSL_CERT_FILE": authority.certificate})  # the system's store
                await rig.is_refused(address(front), "", "an authority that is not known here")
                pin = certificate_pin(alone[0])
                await rig.is_refused(address(front), f'{ca_file}\npin = "{pin}"', certificate_pin(known[0]))
                await rig.does_not_start(address(front), 'ca_file = "missing.pem"', "missing.pem")
            with TlsFront(*alone, behind=pool.port) as front:
                await rig.mines(address(front), f'pin = ["{pin}"]')
                await rig.mines(address(front), f'pin = "{key_pin(alone[0])}"')
                await rig.is_refused(address(front), ca_file, "signed by itself")
            with TlsFront(*authority.server("other", ("DNS:pool.example.org",)), behind=pool.port) as front:
                await rig.is_refused(address(front), ca_file, "for another name than localhost")
            with TlsFront(*authority.server("old", days_ago=10), behind=pool.port) as front:
                await rig.is_refused(address(front), ca_file, "certificate expired on ")
            with TlsFront(*known, behind=pool.port, version=ssl.TLSVersion.TLSv1_1) as front:
                await rig.is_refused(address(front), ca_file, "the TLS handshake")
            await clear_text(rig, ca_file)
            await rig.does_not_start(pool.url, f'pin = "{pin}"', "not encrypted")
            print(f"{len(pool.sessions)} connections, {pool.accepted} shares accepted")


def address(front, host="localhost"):
    return f"stratum+tls://{host}:{front.port}"


async def clear_text(rig, keys):
    """Whatever a server in clear text says, it hears nothing but a handshake, however often it is tried."""
    heard = []

    async def answer(reader, writer):
        heard.append(await reader.read(65536))
        writer.write(b'{"id":null,"method":"mining.notify","params":[]}\n')
        heard.append(await reader.read(65536))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await rig.is_refused(f"stratum+tls://127.0.0.1:{port}", keys, "does not speak TLS")
    server.close()
    expect(heard and heard[0].startswith(b"\x16\x03"), f"no handshake: {heard[:1]!r:.100}")
    expect(not any(b"mining" in data or b"worker" in data for data in heard), "it spoke in clear text")
