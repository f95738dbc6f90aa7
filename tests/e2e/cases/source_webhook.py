"""Signals by POST: signed or with a token, obeyed at once and answered with what is in force; nobody else is obeyed,
no replay, not even after a restart; what other programs ask for the API says without a token.
"""

import hashlib
import hmac
import http.client
import json
import os
import socket
import tempfile
import time

from ebb import SLOWNESS, Ebb, expect
from rig import Rig

KEY = "a signing key that nobody guesses"
TOKEN = "a token that nobody guesses"
CONFIG = """
[throttle]
trust_clock = true
debounce = "0s"
ramp_up = "0s"
random_return = "0s"
mains_good = "1s"

[api]
listen = "127.0.0.1:{port}"

[[source]]
name = "plant"
type = "webhook"
signing_key_file = "key"
token_env = "EBB_TEST_TOKEN"
"""
PATH = "/api/v1/sources/plant"


def run():
    with tempfile.TemporaryDirectory(prefix="ebb-webhook-") as home:
        with open(os.path.join(home, "key"), "w", encoding="utf-8") as file:
            file.write(KEY + "\n")
        poster = Poster(free_port())
        with Rig(home, CONFIG.format(port=poster.port), env={"EBB_TEST_TOKEN": TOKEN}) as rig:
            rig.start()
            rig.until_full()
            obeys(rig, poster)
            refuses(rig, poster)
            survives(rig, poster)
            tells(poster)
            bench(home)
            rig.stop()
            said = rig.stderr + str(rig.control.report())
            expect(KEY not in said and TOKEN not in said, "a secret is in the log or the report")


def obeys(rig, poster):
    status, answer = poster.signed({"cap": "0%", "reason": "feeder 7 is hot", "seq": 1})
    expect(status == 200 and answer["limit"] == "0%", f"a signed cap: {status} {answer}")
    expect("feeder 7 is hot" in str(answer["reasons"]), f"the answer has no reason: {answer}")
    rig.until_zero()
    status, answer = poster.with_token({"cap": "40%", "seq": 2})
    expect(status == 200 and answer["limit"] == "40%", f"with the token: {status} {answer}")
    rig.until_limit("40%")
    poster.signed({"cap": "50%", "id": "other", "seq": 3})
    status, answer = poster.signed({"cap": None, "seq": 4})
    expect(status == 200 and answer["limit"] == "50%", f"after a retraction the other stands: {status} {answer}")
    poster.signed({"cap": None, "id": "other", "seq": 5})
    rig.until_full()
    poster.signed({"cap": 0.25, "seq": 6, "until": time.time() + 1.5 * SLOWNESS})
    rig.until_limit("25%")
    rig.until_full()


def refuses(rig, poster):
    hold = {"cap": "10%", "seq": 10}
    expect(poster.signed(hold)[0] == 200, "a cap of 10 % is refused")
    rig.until_limit("10%")
    raise_it = {"cap": "100%", "seq": 11}
    refused = {
        "a replay": (poster.signed({"cap": "100%", "seq": 10}), 409),
        "no proof": (poster.post(json.dumps({**raise_it, "sent": time.time()}), {}), 401),
        "another's key": (poster.signed(raise_it, key="another key, as long as it"), 401),
        "another's token": (poster.with_token(raise_it, token=TOKEN + "x"), 401),
        "an old message": (poster.signed({**raise_it, "sent": time.time() - 400}), 400),
        "no number": (poster.signed({"cap": "100%"}), 400),
        "a misspelt member": (poster.signed({**raise_it, "untill": 5}), 400),
        "no JSON": (poster.signed_text("cap=100%"), 400),
        "too much": (poster.signed_text(" " * 70_000), 413),
    }
    for what, ((status, answer), wanted) in refused.items():
        expect(status == wanted, f"{what}: {status} {answer}, wanted {wanted}")
    source = rig.source()
    expect(rig.control.status()["limit"] == "10%", "a refused message raised the cap")
    expect("refused" in source["trouble"], f"no trouble is shown: {source}")
    with socket.create_connection(("127.0.0.1", poster.port)) as sock:  # garbage, and its end in mid-request
        sock.sendall(b"\x00\xff garbage\r\n\r\n")
    expect(poster.get("/api/v1/sources/nobody")[0] == 404, "a path of nobody's is served")


def survives(rig, poster):
    """A cap holds over a restart, and what was said before it is still a replay."""
    rig.kill()
    rig.start()
    rig.until_limit("10%")
    expect(poster.signed({"cap": "100%", "seq": 10})[0] == 409, "a replay is taken after a restart")
    expect(poster.signed({"cap": "100%", "seq": 11})[0] == 200, "the next message is refused after a restart")
    rig.until_full()


def tells(poster):
    status, body = poster.get("/api/v1/status")
    expect(status == 200 and json.loads(body)["sources"][0]["name"] == "plant", f"status: {status} {body}")
    status, body = poster.get("/metrics")
    expect(status == 200 and 'ebb_source_fresh{source="plant",type="webhook",class="mandatory"} 1' in body,
           f"metrics: {status} {body}")
    expect(TOKEN not in body and KEY not in body, "a secret is in the metrics")


def bench(home):
    """`ebb bench throttle --source`: from the trigger to the last hash."""
    poster = Poster(free_port())
    path = os.path.join(home, "bench.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(CONFIG.format(port=poster.port))
    here = os.path.abspath(__file__)
    trigger = f"PYTHONPATH={os.path.dirname(os.path.dirname(here))} python3 {here} {poster.port}"
    with Ebb("bench", "throttle", "--threads", "1", "--trials", "3", "--source", "plant", "--config", path, "--trigger",
             trigger, "--patience", f"{10 * SLOWNESS}s", "--json", env={"EBB_TEST_TOKEN": TOKEN}) as measured:
        measured.wait(120 * SLOWNESS)
        expect(measured.returncode == 0, f"{measured} ended with {measured.returncode}: {measured.stderr[-500:]!r}")
        figures = json.loads(measured.stdout)
    expect(figures["trials"] == 3 and 0 < figures["zero_ms"]["max"] <= 10_000 * SLOWNESS, f"bench: {figures}")
    print(f"  from the trigger to the last hash: {figures['zero_ms']['max']:.0f} ms at most")


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Poster:
    """Another program on this machine."""

    def __init__(self, port):
        self.port = port

    def post(self, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10 * SLOWNESS)
        connection.request("POST", PATH, body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, json.loads(text) if text else None

    def signed_text(self, body, key=KEY):
        signature = hmac.new(key.encode(), body.encode(), hashlib.sha256).hexdigest()
        return self.post(body, {"X-Ebb-Signature": f"sha256={signature}"})

    def signed(self, message, key=KEY):
        return self.signed_text(json.dumps({"sent": time.time(), **message}), key)

    def with_token(self, message, token=TOKEN):
        return self.post(json.dumps({"sent": time.time(), **message}), {"Authorization": f"Bearer {token}"})

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10 * SLOWNESS)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


if __name__ == "__main__":  # the bench's trigger
    import sys
    Poster(int(sys.argv[1])).with_token({"cap": os.environ["EBB_CAP"], "seq": time.time_ns()})
