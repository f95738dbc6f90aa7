"""bcoin 1.0.2, a full node with segwit and getblocktemplate, on loopback in regtest.

What was seen of it (Node 20, npm 11), and how it differs from Bitcoin Core:
* Installs in 5 s without compiling: leveldown is overridden in package.json and install scripts are off,
  which NODE_BACKEND=js makes harmless (leveldown 5 brings its binary along). Ready 0.5 s after its start, 84 MB. Only
  `--listen=false` keeps its P2P port closed; the wallet (`--no-wallet`) would open a port more.
* RPC is POST / with basic authentication, any user name and the API key as password. Errors come with HTTP
  200 and {"result":null,"error":{"message","code"}}; a wrong key is HTTP 401 with an empty body, a body
  that is no JSON HTTP 500.
* getblocktemplate without the rule "segwit" works until segwit is active, then: -8 "Client must support
  segwit.". `rules` lists active deployments: [] at first, ["csv","!segwit","testdummy"] from height 432 on.
* default_witness_commitment is offered from height 1 on if the rule is asked for, but a coinbase with a
  witness is refused ("rejected: unexpected-witness") before "!segwit" stands in `rules`.
* version is 20000000, but 30000003 at heights 144..431: bit 28 is set, inside the mask of BIP 320.
* curtime follows median-time-past + 1: 440 blocks made in 1.5 s leave it 73 s ahead of the clock, with
  mintime = curtime. A header with the machine's own time is then "rejected: time-too-old".
* The template is cached until the next block. A new transaction refreshes it only if nobody has asked for a
  template for 10 s: to a pool that polls, a transaction shows up one block late.
* longpollid works: the call returns at the next block.
* submitblock: null; otherwise "rejected: " and time-too-old, time-too-new, bad-cb-amount, high-hash,
  bad-prevblk or duplicate. A sibling of the tip gives null, too. A coinbase that commits but has no witness
  passes while no other transaction has one; Core refuses it, so the test looks for the witness itself.
* getblock HASH true true gives whole transactions (txinwitness included); `bits` is a number, values are in
  BTC. A third form, verbosity 2, is refused: "Param #1 must be a boolean.".
* BIP 34 is not checked: a wrong height in the coinbase passes, so the test looks at it itself.
* Subsidy halves every 150 blocks, a coinbase matures after 100. Bech32 prefix `rb`.
"""

import base64
import hashlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import urllib.request

from ebb import Failure, Skip, die_with_parent

HERE = os.path.dirname(os.path.abspath(__file__))
API_KEY = "regtest-key"
# P2WSH of OP_1: the witness [51] spends it, unsigned.
ANYONE_SCRIPT = "0020" + hashlib.sha256(b"\x51").hexdigest()
FEE = 10_000


class RpcError(Exception):
    """The node answered with an error."""


def install():
    """The folder that holds bcoin; (folder, remove afterwards). Skip without npm or its packages, Failure
    in CI.
    """
    given = os.environ.get("EBB_BCOIN_DIR")
    folder = os.path.abspath(given) if given else tempfile.mkdtemp(prefix="ebb-bcoin-")
    if os.path.exists(_program(folder)):
        return folder, False
    why = _npm_ci(folder)
    if why is None:
        return folder, not given
    if not given:
        shutil.rmtree(folder, ignore_errors=True)
    if os.environ.get("CI", "").lower() in ("true", "1"):
        raise Failure(f"bcoin could not be installed: {why}")
    raise Skip(f"bcoin could not be installed: {why}")


def _program(folder):
    return os.path.join(folder, "node_modules", "bcoin", "bin", "node")


def _npm_ci(folder):
    """None, or why it failed."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "no node and npm on PATH"
    os.makedirs(folder, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(HERE, "bcoin", name), folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
    except subprocess.TimeoutExpired:
        return "npm ci took more than 180 s"
    if done.returncode != 0 or not os.path.exists(_program(folder)):
        return "npm ci failed: " + (done.stderr or done.stdout).strip()[-300:].replace("\n", " | ")
    return None


def _free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class BcoinNode:
    """A running node; a context manager that leaves nothing behind."""

    def __init__(self, on_disk=False):
        """`on_disk`: the chain outlives a kill; else it is gone with the process."""
        self._on_disk = on_disk
        self._folder, self._remove = install()
        self._data = tempfile.mkdtemp(prefix="ebb-bcoin-data-")
        self._process = None
        self.port = None

    def __enter__(self):
        for _ in range(3):  # a free port may be taken by somebody else meanwhile
            self.port = _free_port()
            self._start()
            if self._ready(60):
                return self
            self.kill()
        log = self._log()
        self.__exit__()
        raise Failure(f"bcoin does not start: {log}")

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self._data, ignore_errors=True)
        if self._remove:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self):
        arguments = ["--network=regtest", "--listen=false", "--no-wallet", "--log-level=warning",
                     *([] if self._on_disk else ["--memory"]),
                     f"--api-key={API_KEY}", "--http-host=127.0.0.1", f"--http-port={self.port}",
                     f"--port={_free_port()}", f"--prefix={self._data}"]
        with open(os.path.join(self._data, "stdout"), "wb") as log:
            self._process = subprocess.Popen(
                ["node", _program(self._folder), *arguments], stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=die_with_parent,
                env={**os.environ, "NODE_BACKEND": "js"})

    def _ready(self, timeout):
        end = time.monotonic() + timeout
        while time.monotonic() < end and self._process.poll() is None:
            try:
                return self.rpc("getblockcount") >= 0
            except (OSError, ValueError):
                time.sleep(0.1)
        return False

    def _log(self):
        with open(os.path.join(self._data, "stdout"), encoding="utf-8", errors="replace") as log:
            return log.read()[-500:]

    def kill(self):
        """End the node at once, as a power cut would."""
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def signal(self, number):
        os.killpg(self._process.pid, number)

    def start_again(self):
        """After kill(), on the same port and with what is on the disk."""
        self._start()
        if not self._ready(60):
            raise Failure(f"bcoin does not start again: {self._log()}")

    @property
    def url(self):
        """For `ebb pool --node`."""
        return f"http://x:{API_KEY}@127.0.0.1:{self.port}"

    def rpc(self, method, *params):
        """One call; RpcError for an error of the node."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/", json.dumps(
            {"id": 1, "method": method, "params": list(params)}).encode())
        request.add_header("Authorization", "Basic " + base64.b64encode(f"x:{API_KEY}".encode()).decode())
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as reply:
            answer = json.load(reply)
        if answer["error"]:
            raise RpcError(f"{method}: {answer['error']}")
        return answer["result"]

    # -- the chain ---------------------------------------------------------------------------------

    def height(self):
        return self.rpc("getblockcount")

    def block(self, height):
        """A block of the best chain with whole transactions."""
        return self.rpc("getblock", self.rpc("getblockhash", height), True, True)

    def generate_to(self, height):
        """Let the node itself mine, to ANYONE_SCRIPT, until the chain has this height."""
        address = self.rpc("decodescript", ANYONE_SCRIPT)["addresses"][0]
        missing = height - self.height()
        if missing > 0:
            self.rpc("generatetoaddress", missing, address)

    def spend_coinbase(self, height):
        """Send a segwit transaction that spends the coinbase of that block with FEE; returns its txid."""
        coinbase = self.block(height)["tx"][0]
        output = coinbase["vout"][0]
        assert output["scriptPubKey"]["hex"] == ANYONE_SCRIPT, "not a block of generate_to"
        script = bytes.fromhex(ANYONE_SCRIPT)
        value = round(output["value"] * 1e8) - FEE
        raw = (struct.pack("<i", 2) + b"\x00\x01" + b"\x01" + bytes.fromhex(coinbase["txid"])[::-1] + bytes(4)
               + b"\x00" + b"\xff" * 4 + b"\x01" + struct.pack("<q", value) + bytes([len(script)]) + script
               + b"\x01\x01\x51" + bytes(4))
        return self.rpc("sendrawtransaction", raw.hex())
