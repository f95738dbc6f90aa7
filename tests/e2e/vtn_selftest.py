"""Proves that the test VTN is strict, fair and faulty on demand: each bad client is complained of, the honest ones are
not, and each fault shows.

Runs in one process on loopback, without ebb.
"""

import contextlib
import http.client
import http.server
import json
import ssl
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

from certificates import Authority
from vtn import NOW, PAGE, SCOPES, Vtn

FORM = "application/x-www-form-urlencoded"
TIMEOUT_S = 5


class Client:
    """A VEN by hand: one connection, and what it needs to break or keep the rules."""

    def __init__(self, vtn, authority):
        self.vtn = vtn
        self._base = urllib.parse.urlsplit(vtn.url)
        self._tls = ssl.create_default_context(cafile=authority.certificate)
        self._connection = None
        self.token = None
        self.headers = {}

    def close(self):
        if self._connection:
            self._connection.close()
            self._connection = None

    def call(self, method, path, body=None, **headers):
        """(status, answer); raises what http.client and json raise."""
        if self._connection is None:
            self._connection = http.client.HTTPSConnection(self._base.hostname, self._base.port, timeout=TIMEOUT_S,
                                                           context=self._tls)
        sent = {"Content-Type": "application/json"} if body is not None else {}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        data = body if body is None or isinstance(body, str) else json.dumps(body)
        try:
            self._connection.request(method, self._base.path + path, data, sent)
            answer = self._connection.getresponse()
            self.headers = answer.headers
            return answer.status, json.loads(answer.read())
        except Exception:
            self.close()
            raise

    def login(self, **more):
        """Gets a token; the status."""
        client, secret = self.vtn.client
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret, **more}
        self.token = None
        status, answer = self.call("POST", "/auth/token", urllib.parse.urlencode(form), Content_Type=FORM)
        self.token = answer.get("access_token")
        return status

    def events(self, more=""):
        """Reads all pages; the ids, in order."""
        found = []
        while True:
            status, page = self.call("GET", f"/events?skip={len(found)}&limit={PAGE}{more}")
            assert status == 200, (status, page)
            found += [event["id"] for event in page]
            if len(page) < PAGE:
                return found

    def ven(self, name="ven"):
        request = {"objectType": "VEN_VEN_REQUEST"} if self.vtn.version != "3.0.1" else {}
        return self.call("POST", "/vens", {**request, "venName": name})

    def report(self, event, kind="DEMAND", value=1.5, **more):
        payload = {"type": kind, "values": [value]}
        told = {"resourceName": "rig", "intervals": [{"id": 0, "payloads": [payload]}]}
        return self.call("POST", "/reports", {"eventID": event, "clientName": "ven", "resources": [told], **more})

    def subscribe(self, url, **more):
        wanted = {"objects": ["EVENT"], "operations": ["CREATE", "UPDATE", "DELETE"], "callbackUrl": url,
                  "bearerToken": "word"}
        return self.call("POST", "/subscriptions", {"clientName": "ven", "objectOperations": [wanted], **more})


class Webhook:
    """A callback of a client, over HTTP. `echo`: what it makes of the word it is asked for."""

    def __init__(self, echo=lambda word: word):
        self.told, self.bearers = [], []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                hook.bearers.append(self.headers.get("Authorization"))
                self._answer(echo(query["echo"][0]))

            def do_POST(self):
                hook.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                hook.bearers.append(self.headers.get("Authorization"))
                self._answer("")

            def _answer(self, text):
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def until(condition, seconds=5):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


# -- bad clients: (what it does wrong, what the complaint says, how) -------------------------------

def told_too_early(c):
    c.vtn.faults.throttle = 3
    c.call("GET", "/events")
    c.vtn.faults.throttle = 0
    c.call("GET", "/events")


def untrue_echo(c):
    hook = Webhook(echo=lambda word: word[::-1])
    with contextlib.closing(hook):
        c.subscribe(hook.url)


BAD = [
    ("no token", "no bearer token", lambda c: setattr(c, "token", None) or c.call("GET", "/events")),
    ("basic authentication", "no bearer token", lambda c: c.call("GET", "/events", Authorization="Basic eDp5")),
    ("wrong secret", "invalid_client", lambda c: c.login(client_secret="guessed")),
    ("wrong grant", "unsupported_grant_type", lambda c: c.login(grant_type="password")),
    ("unknown scope", "invalid_scope", lambda c: c.login(scope="write_events")),
    ("token by JSON", "no form", lambda c: c.call("POST", "/auth/token", {"grant_type": "client_credentials"})),
    ("secret in the URL", "secret is in the URL", lambda c: c.call("GET", f"/events?key={c.vtn.client[1]}")),
    ("scope not asked for", "needs the scope write_vens", lambda c: (c.login(scope="read_targets"), c.ven())),
    ("page too long", "limit is 1 to 50", lambda c: c.call("GET", f"/events?limit={PAGE + 1}")),
    ("page of nothing", "limit is 1 to 50", lambda c: c.call("GET", "/events?limit=0")),
    ("negative skip", "no whole number", lambda c: c.call("GET", "/events?skip=-50")),
    ("unknown query", "unknown: ['programId']", lambda c: c.call("GET", "/events?programId=1")),
    ("unknown call", "no such call", lambda c: c.call("GET", "/event")),
    ("call beside the base path", "nothing is there", lambda c: (
        setattr(c, "_base", c._base._replace(path="/openadr2")), c.call("GET", "/events"))),
    ("event from a client", "not here", lambda c: c.call("POST", "/events", {"programID": "program-1"})),
    ("a method that is not there", "not here", lambda c: c.call("DELETE", "/vens")),
    ("no JSON", "no JSON", lambda c: c.call("POST", "/vens", "{")),
    ("no content type", "no application/json", lambda c: c.call("POST", "/vens", "{}", Content_Type="text/plain")),
    ("ven without its type", "objectType", lambda c: c.call("POST", "/vens", {"venName": "ven"})),
    ("ven that grants itself targets", "targets", lambda c: c.call(
        "POST", "/vens", {"objectType": "VEN_VEN_REQUEST", "venName": "ven", "targets": ["all"]})),
    ("attribute of another type", "MAX", lambda c: c.call("POST", "/vens", {
        "objectType": "VEN_VEN_REQUEST", "venName": "MAX", "attributes": [
            {"type": "MAX_POWER_CONSUMPTION", "values": ["MAX"]}]})),
    ("resource of no ven", "no such ven", lambda c: c.call("POST", "/resources", {
        "objectType": "VEN_RESOURCE_REQUEST", "resourceName": "rig", "venID": "ven-0"})),
    ("report on no event", "no such event", lambda c: c.report("event-0")),
    ("report of a type of events", "payloads/0/type", lambda c: c.report(c.event, "SIMPLE", 3)),
    ("state that does not exist", "is not one of", lambda c: c.report(c.event, "OPERATING_STATE", "PARKED")),
    ("negative energy", "minimum", lambda c: c.report(c.event, "USAGE", -1)),
    ("report of 3.0.1", "programID", lambda c: c.report(c.event, programID="program-1")),
    ("report without resources", "resources", lambda c: c.call(
        "POST", "/reports", {"eventID": c.event, "clientName": "ven"})),
    ("report with a time of day", "start", lambda c: c.report(c.event, resources=[{
        "resourceName": "rig", "intervals": [{"id": 0, "payloads": [{"type": "DEMAND", "values": [1]}],
                                              "intervalPeriod": {"start": "12:22:12"}}]}])),
    ("unit that does not exist", "watts", lambda c: c.report(c.event, payloadDescriptors=[
        {"payloadType": "DEMAND", "units": "watts"}])),
    ("callback that echoes another word", "the callback answered 200", untrue_echo),
    ("callback that is not there", "the callback answered 0", lambda c: c.subscribe("http://127.0.0.1:9/hook")),
    ("callback without TLS", "needs https", lambda c: (
        setattr(c.vtn, "_clear_callbacks", False), c.subscribe("http://127.0.0.1:9/hook"))),
    ("back before Retry-After", "before Retry-After", told_too_early),
]


def complained_of(authority, text, how):
    """Why a bad client got away; None when it did not."""
    with Vtn(authority, clear_callbacks=True) as vtn:
        client = Client(vtn, authority)
        client.event = vtn.signal(vtn.program(), "SIMPLE", 2)
        client.login()
        how(client)
        client.close()
        if not any(text in complaint for complaint in vtn.complaints):
            return f"complaints: {vtn.complaints}, broken: {vtn.broken}"
        return vtn.broken or None


# -- honest clients, by version --------------------------------------------------------------------

def honest(authority, version):
    """All calls a VEN makes; the complaints."""
    new = version != "3.0.1"
    with Vtn(authority, version=version, clear_callbacks=True) as vtn:
        c = Client(vtn, authority)
        program = vtn.program(targets=["site"]) if new else vtn.program(bindingEvents=True)
        seen = vtn.signal(program, "DISPATCH_SETPOINT", 2.5, units="KW", priority=1)
        vtn.event(program, [{"id": 7, "payloads": [{"type": "X_OURS", "values": [True, {"x": 1, "y": 2}]}]}],
                  intervalPeriod={"start": NOW, "randomizeStart": "PT5M"})
        assert c.call("GET", "/auth/server")[0] == (200 if new else 404)
        assert c.login(scope=" ".join(SCOPES[version])) == 200
        assert len(c.call("GET", "/programs")[1]) == (0 if new else 1)
        vtn.grant("site")
        assert [it["id"] for it in c.call("GET", "/programs")[1]] == [program]
        assert c.events(f"&programID={program}") == [it["id"] for it in vtn.all("events")]
        assert c.call("GET", f"/events/{seen}")[1]["priority"] == 1
        assert c.call("GET", "/events/event-0")[0] == 404

        status, ven = c.ven()
        assert status == 201 and ven["venName"] == "ven" and c.ven()[0] == 409
        assert not new or ven["targets"] == ["site"]
        assert [it["id"] for it in c.call("GET", "/vens?venName=ven")[1]] == [ven["id"]]
        rig = {"resourceName": "rig", "attributes": [{"type": "MAX_POWER_CONSUMPTION", "values": [3.5]}]}
        rig |= {"objectType": "VEN_RESOURCE_REQUEST", "venID": ven["id"]} if new else {}
        resources = "/resources" if new else f"/vens/{ven['id']}/resources"
        status, made = c.call("POST", resources, rig)
        assert status == 201 and made["venID"] == ven["id"]
        assert c.call("POST", resources, rig)[0] == 409
        renamed = c.call("PUT", f"{resources}/{made['id']}", {**rig, "resourceName": "rig-2"})[1]
        assert renamed["resourceName"] == "rig-2"
        vtn.occupy("vens", "theirs")
        assert c.ven("theirs")[0] == 409 and c.call("GET", "/vens?venName=theirs")[1] == []

        of_program = {} if new else {"programID": program}
        status, report = c.report(seen, reportName="demand", **of_program)
        assert status == 201
        assert c.report(seen, "OPERATING_STATE", "IDLE_CURTAILED", **of_program)[0] == 201
        assert c.call("DELETE", f"/reports/{report['id']}")[0] == 200 and len(vtn.all("reports")) == 1

        with contextlib.closing(Webhook()) as hook:
            status, subscription = c.subscribe(hook.url, programID=program)
            assert status == 201
            event = vtn.signal(program, "SIMPLE", 1)
            vtn.change(event, priority=3)
            vtn.delete(event)
            until(lambda: len(hook.told) == 3)
            assert [it["operation"] for it in hook.told] == (
                ["CREATE", "UPDATE", "DELETE"] if new else ["POST", "PUT", "DELETE"])
            assert set(hook.bearers) == {"Bearer word"}, hook.bearers
            assert c.call("DELETE", f"/subscriptions/{subscription['id']}")[0] == 200
            vtn.signal(program, "SIMPLE", 1)
            time.sleep(0.1)
            assert len(hook.told) == 3
        assert c.report(event, **of_program)[0] == 404  # it was there once: no complaint
        c.close()
        return vtn.complaints + vtn.broken


# -- faults: each as the client sees it ------------------------------------------------------------

def breaks(call, *kinds):
    try:
        call()
    except kinds:
        return True
    return False


def token_expires(c):
    c.vtn.token_seconds = 1
    assert c.login() == 200 and c.call("GET", "/events")[0] == 200
    time.sleep(1.05)
    assert c.call("GET", "/events")[0] == 401
    assert c.login() == 200 and c.call("GET", "/events")[0] == 200 and c.vtn.tokens_given == 3


def token_is_used_up(c):
    c.vtn.faults.token_calls = 2
    assert [c.call("GET", "/events")[0] for _ in range(3)] == [200, 200, 401]
    c.login()
    assert c.call("GET", "/events")[0] == 200


def token_is_revoked(c):
    c.vtn.revoke()
    assert c.call("GET", "/events")[0] == 401


def token_endpoint_is_down(c):
    c.vtn.faults.token_down = True
    assert c.login() == 503


def throttles(c):
    c.vtn.faults.throttle = 1
    assert c.call("GET", "/events")[0] == 429 and c.headers["Retry-After"] == "1"
    c.vtn.faults.throttle = 0
    time.sleep(1.05)
    assert c.call("GET", "/events")[0] == 200


def fails(c):
    c.vtn.faults.error = True
    status, problem = c.call("GET", "/events")
    assert status == 500 and problem["status"] == 500 and problem["detail"]


def hangs(c):
    c.vtn.faults.hang = True
    began = time.monotonic()
    threading.Timer(0.3, lambda: setattr(c.vtn.faults, "hang", False)).start()
    assert c.call("GET", "/events")[0] == 200 and time.monotonic() - began > 0.29


def truncates(c):
    c.vtn.faults.truncate = "body"
    assert breaks(lambda: c.call("GET", "/events"), json.JSONDecodeError)
    c.vtn.faults.truncate = "connection"
    assert breaks(lambda: c.call("GET", "/events"), http.client.IncompleteRead)


def drops_a_page(c):
    c.vtn.crowd("program-1", PAGE)
    c.vtn.faults.drop_page = 1
    assert c.call("GET", "/events")[0] == 200
    assert breaks(lambda: c.call("GET", f"/events?skip={PAGE}"), http.client.RemoteDisconnected)
    c.vtn.faults.drop_page = None
    assert len(c.events()) == PAGE + 1


def shuffles(c):
    c.vtn.crowd("program-1", 2 * PAGE)
    assert c.events() == c.events()
    c.vtn.faults.shuffle = True
    first, second = c.events(), c.events()
    assert first != second and set(first) == set(second) and len(set(first)) == 2 * PAGE + 1


def has_a_wrong_clock(c):
    c.call("GET", "/events")
    right = c.headers["Date"]
    c.vtn.faults.clock_skew = 7200
    event = c.vtn.signal("program-1", "SIMPLE", 1)
    shown = c.call("GET", f"/events/{event}")[1]
    before, after = (http.client.email.utils.parsedate_to_datetime(it) for it in (right, c.headers["Date"]))
    assert 7190 < (after - before).total_seconds() < 7260
    assert shown["intervalPeriod"]["start"].startswith(after.strftime("%Y-%m-%dT%H"))


def deletes_in_mid_interval(c):
    assert c.events() == [c.event]
    c.vtn.delete(c.event)
    assert c.events() == [] and c.call("GET", f"/events/{c.event}")[0] == 404


def tells_twice(c):
    c.vtn.faults.repeat_notifications = True
    with contextlib.closing(Webhook()) as hook:
        assert c.subscribe(hook.url)[0] == 201
        event = c.vtn.signal("program-1", "SIMPLE", 1)
        until(lambda: len(hook.told) == 2)
        assert [it["object"]["id"] for it in hook.told] == [event] * 2


def tells_in_verbs(c):
    c.vtn.faults.verbs = True
    with contextlib.closing(Webhook()) as hook:
        c.subscribe(hook.url)
        c.vtn.signal("program-1", "SIMPLE", 1)
        until(lambda: hook.told)
        assert hook.told[0]["operation"] == "POST"


def refuses_a_right_echo(c):
    c.vtn.faults.wrong_echo = True
    with contextlib.closing(Webhook()) as hook:
        assert c.subscribe(hook.url)[0] == 400 and not c.vtn.all("subscriptions")


def asks_without_bearer(c):
    c.vtn.faults.bare_echo = True
    with contextlib.closing(Webhook()) as hook:
        assert c.subscribe(hook.url)[0] == 201 and hook.bearers == [None]


def is_killed(c):
    c.call("GET", "/events")
    c.vtn.stop()
    assert breaks(lambda: c.call("GET", "/events"), http.client.RemoteDisconnected, ConnectionError)
    assert breaks(lambda: c.call("GET", "/events"), ConnectionRefusedError)
    c.vtn.start()
    assert c.call("GET", "/events")[0] == 200


def is_killed_while_it_hangs(c):
    c.vtn.faults.hang = True
    threading.Timer(0.2, c.vtn.stop).start()
    assert breaks(lambda: c.call("GET", "/events"), http.client.RemoteDisconnected, ConnectionError)


def honours_active(c):
    over = c.vtn.signal("program-1", "SIMPLE", 1, start=-60.0, seconds=30)
    assert c.events("&active=true") == [c.event] and c.events() == [c.event, over]
    c.vtn.active = "ignored"
    assert c.events("&active=true") == [c.event, over]
    c.vtn.active = "refused"
    assert c.call("GET", "/events?active=true")[0] == 400


def aims(c):
    aimed = c.vtn.signal("program-1", "SIMPLE", 1, targets=["group-7"])
    assert c.events() == [c.event] and c.call("GET", f"/events/{aimed}")[0] == 404
    c.vtn.grant("group-7")
    assert c.events() == [c.event, aimed] and c.events("&targets=group-7") == [aimed]


def is_public(c):
    c.vtn.client = c.token = None
    assert c.call("GET", "/events")[0] == 200


def names_its_topics(c):
    sent = []
    assert c.call("GET", "/notifiers")[1] == {"WEBHOOK": True}
    c.vtn._mqtt = ("mqtts://127.0.0.1:8883", lambda topic, text: sent.append((topic, json.loads(text))))
    assert c.call("GET", "/notifiers")[1]["MQTT"]["URIS"] == ["mqtts://127.0.0.1:8883"]
    topics = c.call("GET", "/notifiers/mqtt/topics/programs/program-1/events")[1]["topics"]
    c.vtn.signal("program-1", "SIMPLE", 3)
    until(lambda: any(topic == topics["CREATE"] for topic, _ in sent))


def notices_its_own_faults(c):
    c.vtn.signal("program-1", "SIMPLE", 4)
    assert "maximum" in c.vtn.broken.pop() and not c.vtn.broken
    c.vtn.event("program-1", [{"id": 0, "payloads": []}], valid=False)
    assert len(c.events()) == 3


def is_not_trusted(c):
    with tempfile.TemporaryDirectory() as folder:
        stranger = Client(c.vtn, Authority(folder))
        assert breaks(lambda: stranger.call("GET", "/events"), ssl.SSLCertVerificationError)


FAULTS = [token_expires, token_is_used_up, token_is_revoked, token_endpoint_is_down, throttles, fails, hangs, truncates,
          drops_a_page, shuffles, has_a_wrong_clock, deletes_in_mid_interval, tells_twice, tells_in_verbs,
          refuses_a_right_echo, asks_without_bearer, is_killed, is_killed_while_it_hangs, honours_active, aims,
          is_public, names_its_topics, notices_its_own_faults, is_not_trusted]


def shows(authority, fault):
    """Why a fault does not show; None when it does."""
    with Vtn(authority, clear_callbacks=True) as vtn:
        client = Client(vtn, authority)
        client.event = vtn.signal(vtn.program(), "SIMPLE", 2)
        client.login()
        try:
            fault(client)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[1]
            return f"{error!r} in line {where.lineno}: {where.line}, complaints: {vtn.complaints}, broken: {vtn.broken}"
        finally:
            client.close()
        return vtn.complaints + vtn.broken or None


def run():
    """Every client and fault in turn; True if all was as it should be."""
    with tempfile.TemporaryDirectory(prefix="ebb-vtn-") as folder:
        authority = Authority(folder)
        failed = [f"NOT CAUGHT {name}: {why}" for name, text, how in BAD
                  if (why := complained_of(authority, text, how))]
        failed += [f"WRONGLY BLAMED {version}: {why}" for version in SCOPES if (why := honest(authority, version))]
        failed += [f"DOES NOT SHOW {it.__name__}: {why}" for it in FAULTS if (why := shows(authority, it))]
    print("\n".join(failed), end="\n" if failed else "")
    total = len(BAD) + len(SCOPES) + len(FAULTS)
    print(f"VTN: {len(BAD)} bad clients, {len(SCOPES)} honest ones, {len(FAULTS)} faults; "
          f"{total - len(failed)} passed, {len(failed)} failed")
    return not failed


if __name__ == "__main__":
    sys.exit(0 if run() else 1)
