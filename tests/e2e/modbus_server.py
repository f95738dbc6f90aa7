"""A Modbus TCP server by pymodbus, in a process of its own, whose registers and inputs change as the test says.

As a program (`modbus_server.py PORT`) it is that process: orders come as lines of JSON on stdin, each is answered by
a line.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

DISCRETE, HOLDING, INPUT = "discrete", "holding", "input"
SUNSPEC_AT = 40000


def words_of_float(value):
    """A float32 as two registers, the high one first."""
    return list(struct.unpack(">HH", struct.pack(">f", value)))


def sunspec_meter(watts, hertz):
    """A SunSpec map: a common model, then a three-phase meter of integers (model 203), in 10 W and 10 mHz."""
    common = [1, 66] + [0] * 66
    meter = [203, 105] + [0] * 105
    meter[16], meter[17] = round(hertz * 100), -2 & 0xFFFF
    meter[18], meter[22] = round(watts / 10) & 0xFFFF, 1
    return [0x5375, 0x6E53] + common + meter + [0xFFFF, 0]


class ModbusServer:
    """The process, as a context manager; what was put before it started is there when it does."""

    def __init__(self):
        from ebb import Skip
        self._python = next((path for path in (sys.executable, "/usr/bin/python3")
                             if shutil.which(path) and has_pymodbus(path)), None)
        if not self._python:
            raise Skip("no python3 has pymodbus (Debian: python3-pymodbus, python3-serial-asyncio)")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self._orders = {}
        self._process = None
        self._lock = threading.Lock()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        """Until it listens."""
        from ebb import SLOWNESS, die_with_parent, expect
        with self._lock:
            self._process = subprocess.Popen(
                [self._python, os.path.abspath(__file__), str(self.port)], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True, bufsize=1, preexec_fn=die_with_parent)
            for order in self._orders.values():
                self._send(order)
        end = time.monotonic() + 10 * SLOWNESS
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            expect(self._process.poll() is None, f"pymodbus ended with {self._process.poll()}")
            expect(time.monotonic() < end, "pymodbus does not listen")
            time.sleep(0.02)

    def kill(self):
        with self._lock:
            if self._process:
                self._process.kill()
                self._process.wait()
                self._process.stdin.close()
                self._process.stdout.close()
                self._process = None

    def put(self, kind, address, values, unit=1):
        """Registers or inputs from an address on; in force when it returns."""
        self._order((unit, kind, address), {"unit": unit, "kind": kind, "address": address, "values": values})

    def meter(self, watts, hertz):
        """What its SunSpec meter shows."""
        self.put(HOLDING, SUNSPEC_AT, sunspec_meter(watts, hertz))

    def answer_after(self, seconds):
        """How late every answer is."""
        self._order("delay", {"delay": seconds})

    @contextlib.contextmanager
    def hanging(self):
        """Meanwhile connections stand and nothing is answered."""
        process = self._process
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    @contextlib.contextmanager
    def babbling(self, text):
        """Meanwhile something else answers at its port, whatever it is asked. To be killed before."""
        with socket.create_server(("127.0.0.1", self.port)) as server:
            ended = threading.Event()
            thread = threading.Thread(target=babble, args=(server, text, ended), daemon=True)
            thread.start()
            try:
                yield
            finally:
                ended.set()
                thread.join()

    def _order(self, key, order):
        with self._lock:
            self._orders[key] = order
            if self._process:
                self._send(order)

    def _send(self, order):
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self._process.stdout.readline()


def has_pymodbus(python):
    return subprocess.run([python, "-c", "import pymodbus.server"], capture_output=True, check=False).returncode == 0


def babble(server, text, ended):
    server.settimeout(0.05)
    clients = []
    while not ended.is_set():
        with contextlib.suppress(OSError):
            clients.append(server.accept()[0])
        for client in clients:
            client.settimeout(0.01)
            with contextlib.suppress(OSError):
                if client.recv(512):
                    client.sendall(text)
    for client in clients:
        client.close()


# -- the process -----------------------------------------------------------------------------------


def serve(port):
    import asyncio
    import logging

    from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
    from pymodbus.server import StartAsyncTcpServer

    logging.disable(logging.CRITICAL)  # it logs every connection that ends
    delay = [0.0]

    class Block(ModbusSparseDataBlock):
        def getValues(self, address, count=1):
            time.sleep(delay[0])
            return super().getValues(address, count)

    blocks, slaves = {}, {}
    for unit in (1, 2):
        # An address that is never asked for: a block must not be empty.
        blocks[unit] = {kind: Block({65000: 0}) for kind in (DISCRETE, HOLDING, INPUT)}
        slaves[unit] = ModbusSlaveContext(di=blocks[unit][DISCRETE], hr=blocks[unit][HOLDING],
                                          ir=blocks[unit][INPUT], zero_mode=True)

    def obey():
        for line in sys.stdin:
            order = json.loads(line)
            if "delay" in order:
                delay[0] = order["delay"]
            else:
                values = {order["address"] + i: value for i, value in enumerate(order["values"])}
                blocks[order["unit"]][order["kind"]].values.update(values)
            print("ok", flush=True)

    threading.Thread(target=obey, daemon=True).start()
    asyncio.run(StartAsyncTcpServer(context=ModbusServerContext(slaves=slaves, single=False),
                                    address=("127.0.0.1", port), allow_reuse_address=True))


if __name__ == "__main__":
    serve(int(sys.argv[1]))
