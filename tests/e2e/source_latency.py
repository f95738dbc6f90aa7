"""How soon each source is obeyed: `ebb bench throttle --source` against the real servers, on loopback.

    EBB_BIN=build/release/miner/ebb python3 tests/e2e/source_latency.py [--trials N] [SOURCE...]

The bench's trigger writes into a pipe; this program reads it and makes the server say so. From there on: the server,
the protocol, the source, the policy, the controller, the last hash. Run by hand; the tests look at no speed.
"""

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from broker import Broker, Sender  # noqa: E402 (after the path)
from cases.source_matrix import message  # noqa: E402
from cases.source_webhook import Poster, free_port  # noqa: E402
from certificates import Authority  # noqa: E402
from ebb import binary  # noqa: E402
from market import Market  # noqa: E402
from modbus_server import DISCRETE, ModbusServer  # noqa: E402
from nut_server import USER, NutServer  # noqa: E402
from vtn import Vtn  # noqa: E402

TOKEN = "a token of at least sixteen bytes"
HOUR = 3600


@contextlib.contextmanager
def mqtt(folder):
    with Broker(folder, "broker") as broker:
        broker.start()
        with Sender(broker, "site/cap") as sender:
            yield (f'type = "mqtt"\nbroker = "{broker.url}"\ntopic = "site/cap"',
                   lambda permit: sender.send(message(1 if permit else 0)))


@contextlib.contextmanager
def webhook(folder):
    poster = Poster(free_port())
    write(folder, "token", TOKEN)
    yield (f'type = "webhook"\ntoken_file = "token"\n[api]\nlisten = "127.0.0.1:{poster.port}"',
           lambda permit: poster.post(message(1 if permit else 0), {"Authorization": f"Bearer {TOKEN}"}))


@contextlib.contextmanager
def contact(_):
    with ModbusServer() as server:
        server.put(DISCRETE, 3, [1])
        yield (f'type = "contact"\nmodbus = "{server.address}"\ninputs = [3]\npoll = "50ms"',
               lambda permit: server.put(DISCRETE, 3, [1 if permit else 0]))


@contextlib.contextmanager
def frequency(_):
    with ModbusServer() as server:
        server.meter(20_000, 50.0)
        yield ('type = "frequency"\nmeter = "site"\nsteps = [{ below = 49.8, cap = "0%", hold = "1s" }]\n'
               f'observe = false\n[[meter]]\nname = "site"\ntype = "modbus"\naddress = "{server.address}"\n'
               'sunspec = true\nperiod = "200ms"',
               lambda permit: server.meter(20_000, 50.0 if permit else 49.5))


class PromptDriver:
    """A UPS that tells upsd at once, by the protocol of NUT's own drivers; dummy-ups does at its next second."""

    def __init__(self, folder):
        path = os.path.join(folder, "dummy-ups-ups")
        if os.path.exists(path):
            os.unlink(path)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(path)
        self._socket.listen(1)
        self._upsd = None
        self._status = "OL"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        self._upsd, _ = self._socket.accept()
        for line in self._upsd.makefile():
            if line.startswith("PING"):
                self._upsd.sendall(b"PONG\n")
            elif line.startswith("DUMPALL"):
                self.say(self._status)
                self._upsd.sendall(b"DATAOK\nDUMPDONE\n")

    def say(self, status):
        self._status = status
        self._upsd.sendall(f'SETINFO ups.status "{status}"\n'.encode())


@contextlib.contextmanager
def nut(folder):
    with NutServer(folder) as server:
        server.kill_driver()
        driver = PromptDriver(folder)
        server.until(lambda: server.status() == "OL", "the UPS", 10)
        write(folder, "password", server.password)
        yield (f'type = "nut"\nups = "{server.address}"\nuser = "{USER}"\npassword_file = "password"\n'
               'poll = "500ms"\nconfirm = "0s"', lambda permit: driver.say("OL" if permit else "OB"))


@contextlib.contextmanager
def openadr(folder):
    with Vtn(Authority(folder)) as vtn:
        write(folder, "secret", vtn.client[1])
        program, events = vtn.program(), []

        def say(permit):
            while permit and events:
                vtn.delete(events.pop())
            if not permit:
                events.append(vtn.signal(program, "SIMPLE", 3))
        yield (f'type = "openadr"\nurl = "{vtn.url}"\nclient_id = "{vtn.client[0]}"\n'
               f'client_secret_file = "secret"\nca_file = "{os.path.join(folder, "authority.pem")}"\npoll = "1s"', say)


@contextlib.contextmanager
def price(_):
    with Market() as market:
        market.publish((HOUR, 50))
        yield (f'type = "price"\nformat = "json"\nurl = "http://{market.address}/prices"\nitems = "data"\n'
               'start = "from"\nend = "to"\nvalue = "price"\nunit = "EUR/MWh"\noff_above = "80 EUR/MWh"\npoll = "500ms"',
               lambda permit: market.publish((HOUR, 50 if permit else 120)))


# The poll, in ms; what is pushed has none.
SOURCES = {mqtt: 0, webhook: 0, contact: 50, frequency: 200, nut: 500, price: 500, openadr: 1000}


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text + "\n")


def measure(source, trials):
    with tempfile.TemporaryDirectory(prefix="ebb-latency-") as folder, source(folder) as (table, say):
        write(folder, "ebb.toml", f'[[source]]\nname = "plant"\n{table}')
        pipe = os.path.join(folder, "pipe")
        os.mkfifo(pipe)

        def listen():
            with open(pipe, encoding="ascii") as lines, open(pipe, "w", encoding="ascii"):  # never at its end
                for line in lines:
                    say(line.strip() == "100%")
        threading.Thread(target=listen, daemon=True).start()
        done = subprocess.run(
            [binary(), "bench", "throttle", "--source", "plant", "--config", os.path.join(folder, "ebb.toml"), "--trigger",
             f'echo "$EBB_CAP" > {pipe}', "--trials", str(trials), "--patience", "10s", "--json"],
            stdout=subprocess.PIPE, check=False)  # 1: a step was given up, which the figures say
        return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("sources", nargs="*", choices=[[], *(source.__name__ for source in SOURCES)])
    options = parser.parse_args()
    print("source      poll   zero: p50     p99     max   never   parked")
    for source, poll in SOURCES.items():
        if options.sources and source.__name__ not in options.sources:
            continue
        figures = measure(source, options.trials)
        zero = figures["zero_ms"]
        print(f"{source.__name__:<10}{poll:>6}   {zero['p50']:>9.1f} {zero['p99']:>7.1f} {zero['max']:>7.1f} "
              f"{figures['never_zero']:>7}   {figures['parked_cpu_fraction']:.4%}", flush=True)


if __name__ == "__main__":
    main()
