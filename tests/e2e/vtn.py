"""A VTN of OpenADR 3 for tests: HTTPS on loopback, strict with its clients, faulty on demand.

    with tempfile.TemporaryDirectory() as folder, Vtn(Authority(folder)) as vtn:
        program = vtn.program()
        event = vtn.signal(program, "SIMPLE", 3, seconds=10)
        vtn.faults.error = True         # from now on
        vtn.delete(event)
        expect(not vtn.complaints, ...)

It speaks 3.1, or 3.0.1 if told so. What a client does against the standard becomes a text in `complaints`; what the
VTN itself does wrong, one in `broken`. What it sends is validated as well as what it gets.
"""

import calendar
import dataclasses
import itertools
import json
import random
import re
import secrets
import threading
import time
import urllib.parse

from openadr_schemas import EVENT, PROGRAM, REPORT, RESOURCE, SUBSCRIPTION, VEN, fault_of
from vtn_http import HttpServer, Reply, call

FOREVER = "P9999Y"
NOW = "0001-01-01T00:00:00Z"
PAGE = 50
DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
SCOPES = {"3.1": {"read_targets", "read_ven_objects", "write_reports", "write_subscriptions", "write_vens"},
          "3.0.1": {"read_all", "write_reports", "write_subscriptions", "write_vens"}}
NOTIFIED_AS = {"CREATE": "POST", "UPDATE": "PUT", "DELETE": "DELETE"}


@dataclasses.dataclass
class Faults:
    """Switched on and off while the VTN runs. All but the token's own spare the calls under /auth."""
    token_down: bool = False           # the token endpoint answers 503
    token_calls: int = 0               # each token is good for so many calls; 0: for all until it expires
    throttle: int = 0                  # 429, with Retry-After of so many seconds
    error: bool = False                # 500
    hang: bool = False                 # no answer until switched off
    truncate: str = ""                 # "body": half the JSON; "connection": it breaks in the middle of an answer
    drop_page: int | None = None       # of /events: the connection closes instead of that page (0, 1, …)
    shuffle: bool = False              # each reading of a collection has another order
    clock_skew: float = 0              # seconds that all its clocks are ahead
    repeat_notifications: bool = False # each is sent twice
    verbs: bool = False                # notifications of 3.1 with the verbs of 3.0.1, as an example in the standard
    wrong_echo: bool = False           # takes the right answer of a callback for a wrong one
    bare_echo: bool = False            # asks for the echo without the bearer token


@dataclasses.dataclass
class Seen:
    """A call of a client."""
    at: float  # by time.monotonic()
    method: str
    path: str
    query: dict
    status: int = 0


@dataclasses.dataclass
class Token:
    expires: float  # by time.monotonic()
    scopes: set
    calls: int = 0


class Problem(Exception):
    """A call that is answered by a problem; `complaint`: the client should have known better."""

    def __init__(self, status, detail, complaint=False, **headers):
        super().__init__(detail)
        self.status, self.detail, self.complaint = status, detail, complaint
        self.headers = {name.replace("_", "-"): str(value) for name, value in headers.items()}


@dataclasses.dataclass(frozen=True)
class Kind:
    """A collection of the API."""
    name: str            # of its objects
    key: str = ""        # the member that no two of them share
    read: str = ""       # scope, where it is not that of 3.0.1
    write: str = ""      # scope; empty: no client writes there
    queries: tuple = ()  # parameters beside skip, limit and targets that select by equality


KINDS = {
    "programs": Kind(PROGRAM, read="read_targets"),
    "events": Kind(EVENT, read="read_targets", queries=("programID",)),
    "reports": Kind(REPORT, read="read_ven_objects", write="write_reports", queries=("eventID", "clientName")),
    "subscriptions": Kind(SUBSCRIPTION, read="read_ven_objects", write="write_subscriptions",
                          queries=("programID", "clientName")),
    "vens": Kind(VEN, "venName", "read_ven_objects", "write_vens", ("venName",)),
    "resources": Kind(RESOURCE, "resourceName", "read_ven_objects", "write_vens", ("resourceName", "venID")),
}
FOLDER_OF = {kind.name: folder for folder, kind in KINDS.items()}


class Vtn:
    """One VTN with one client; as a context manager it runs."""

    def __init__(self, authority, version="3.1", client=("ven-client", None), token_seconds=3600, active="honoured",
                 clear_callbacks=False, mqtt=None):
        """client: (id, secret), a secret of None is made up; client None: everybody may call without a token.
        active: what it does with that query: "honoured", "ignored" (as one of the VTNs does) or "refused".
        clear_callbacks: webhooks may be http://. mqtt: (uri, publish), publish(topic, text) sends.
        """
        self.version = version
        self.faults = Faults()
        self.client = client and (client[0], client[1] or secrets.token_urlsafe(24))
        self.token_seconds = token_seconds
        self.active = active
        self.complaints, self.broken, self.seen, self.notified = [], [], [], []
        self.granted = set()  # targets of the client's objects
        self.tokens_given = 0
        self._authority, self._clear_callbacks, self._mqtt = authority, clear_callbacks, mqtt
        self._objects = {folder: {} for folder in KINDS}
        self._gone = set()  # ids of what was deleted
        self._tokens = {}
        self._order = 0
        self._throttled_until = 0
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._notices = threading.Condition(self._lock)
        self._unsent = []
        self._http = HttpServer(self, *authority.server("vtn"))

    # -- running -----------------------------------------------------------------------------------

    def __enter__(self):
        self._closing = False
        threading.Thread(target=self._notify, daemon=True).start()
        self.start()
        return self

    def __exit__(self, *_):
        with self._notices:
            self._closing = True
            self._notices.notify()
        self.stop()

    def start(self):
        """Listens, after a stop() on the same port."""
        self._http.start()

    def stop(self):
        """As if it were killed: nothing listens, all connections break. What it knows stays."""
        self._http.stop()

    @property
    def url(self):
        return f"https://127.0.0.1:{self._http.port}/openadr3/{self.version}"

    @property
    def _old(self):
        return self.version == "3.0.1"

    def now(self):
        return time.time() + self.faults.clock_skew

    def stamp(self, offset=0.0):
        """RFC 3339 of so many seconds from now, by the VTN's clock."""
        instant = self.now() + offset
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(instant)) + f".{int(instant % 1 * 1000):03}Z"

    # -- what the programme's side does ------------------------------------------------------------

    def program(self, name="site", **more):
        return self._create("programs", {"programName": name, **more})["id"]

    def event(self, program, intervals, valid=True, **more):
        """An event with these intervals. valid=False: send it though it breaks the standard."""
        return self._create("events", {"programID": program, "intervals": intervals, **more}, valid)["id"]

    def signal(self, program, kind, *values, start=0.0, seconds=None, units=None, **more):
        """An event of one interval; without `seconds` it has no end."""
        period = {"start": self.stamp(start), "duration": FOREVER if seconds is None else f"PT{seconds}S"}
        described = {"payloadDescriptors": [{"payloadType": kind, "units": units}]} if units else {}
        intervals = [{"id": 0, "payloads": [{"type": kind, "values": list(values)}]}]
        return self.event(program, intervals, **{"intervalPeriod": period, **described, **more})

    def crowd(self, program, count):
        """So many events that ask for nothing."""
        return [self.signal(program, "ALERT_OTHER", "exercise", start=86400.0, seconds=60) for _ in range(count)]

    def change(self, identity, **members):
        """Rewrites an object; None removes a member."""
        with self._lock:
            folder = self._folder_of(identity)
            changed = {**self._objects[folder][identity], **members, "modificationDateTime": self.stamp()}
            self._put(folder, {name: value for name, value in changed.items() if value is not None}, "UPDATE")

    def delete(self, identity):
        with self._lock:
            folder = self._folder_of(identity)
            removed = self._objects[folder].pop(identity)
            self._gone.add(identity)
            self._announce(folder, "DELETE", removed)

    def grant(self, *targets):
        """The client's objects have these targets from now on, and it may see what is aimed at them."""
        self.granted = set(targets)

    def occupy(self, folder, name):
        """That name belongs to a client that is not ours."""
        extra = {"venID": "ven-of-another"} if folder == "resources" else {}
        self._create(folder, {KINDS[folder].key: name, "clientID": "another", **extra}, valid=False)

    def revoke(self):
        """No token given so far is good any more."""
        with self._lock:
            self._tokens.clear()

    def all(self, folder):
        """The objects of a collection, in order of creation."""
        with self._lock:
            return list(self._objects[folder].values())

    def calls(self, method, path, since=0.0):
        """The calls of that method whose path under the base begins so."""
        with self._lock:
            return [it for it in self.seen if it.method == method and it.path.startswith(path) and it.at >= since]

    def _folder_of(self, identity):
        return next(folder for folder, objects in self._objects.items() if identity in objects)

    def _create(self, folder, members, valid=True):
        with self._lock:
            stamp = self.stamp()
            kind = KINDS[folder]
            made = {**members, "id": f"{kind.name.lower()}-{next(self._numbers)}", "createdDateTime": stamp,
                    "modificationDateTime": stamp, "objectType": kind.name}
            if self.client and folder not in ("programs", "events") and not self._old:
                made.setdefault("clientID", self.client[0])
            return self._put(folder, made, "CREATE", valid)

    def _put(self, folder, made, operation, valid=True):
        self._objects[folder][made["id"]] = made
        fault = fault_of(self._shown(folder, made), KINDS[folder].name.lower(), self.version, vtn_sends=True)
        if fault and valid:
            self.broken.append(f"made against the standard: {fault}")
        self._announce(folder, operation, made)
        return made

    # -- calls -------------------------------------------------------------------------------------

    def answer(self, method, target, headers, body):
        """The Reply to a call; None: close the connection instead."""
        url = urllib.parse.urlsplit(target)
        prefix = urllib.parse.urlsplit(self.url).path
        path = url.path.removeprefix(prefix)
        query = urllib.parse.parse_qs(url.query, keep_blank_values=True)
        seen = Seen(time.monotonic(), method, path, query)
        with self._lock:
            self.seen.append(seen)
        try:
            if not url.path.startswith(prefix + "/"):
                raise Problem(404, "nothing is there", complaint=True)
            if self.client and any(self.client[1] in text for text in (target, urllib.parse.unquote(target))):
                raise Problem(400, "the client's secret is in the URL", complaint=True)
            if path.startswith("/auth/"):
                reply = self._auth(method, path, headers, body)
            else:
                reply = self._api(method, path, query, headers, body)
        except Problem as problem:
            if problem.complaint:
                self.complain(f"{method} {path}: {problem.detail}")
            shown = {"type": "about:blank", "title": str(problem.status), "status": problem.status,
                     "detail": problem.detail}
            reply = Reply(problem.status, shown, "problem", problem.headers)
        if reply:
            seen.status = reply.status
            fault = reply.shape and fault_of(reply.body, reply.shape, self.version, vtn_sends=True)
            if fault:
                self.broken.append(f"{method} {path}: {fault}")
        return reply

    def complain(self, text):
        with self._lock:
            self.complaints.append(text)

    def _auth(self, method, path, headers, body):
        if (method, path) == ("GET", "/auth/server") and not self._old:
            return Reply(200, {"tokenURL": self.url + "/auth/token"}, "auth_server")
        if (method, path) != ("POST", "/auth/token"):
            raise Problem(404, "no such call", complaint=path != "/auth/server")
        if self.faults.token_down:
            raise Problem(503, "out of order")
        if self.client is None:
            raise Problem(501, "tokens are given elsewhere")
        if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise Problem(415, "the request for a token is no form", complaint=True)
        form = {name: values[0] for name, values in urllib.parse.parse_qs(body.decode("utf-8", "replace")).items()}
        if form.get("grant_type") != "client_credentials":
            raise Problem(400, "unsupported_grant_type", complaint=True)
        scopes = SCOPES[self.version]
        wanted = set(form.get("scope", "").split()) or scopes
        if wanted - scopes:
            raise Problem(400, f"invalid_scope: {wanted - scopes}", complaint=True)
        if (form.get("client_id"), form.get("client_secret")) != self.client:
            raise Problem(401, "invalid_client", complaint=True)
        token = secrets.token_urlsafe(32)
        with self._lock:
            self.tokens_given += 1
            self._tokens[token] = Token(time.monotonic() + self.token_seconds, wanted)
        return Reply(200, {"access_token": token, "token_type": "Bearer", "expires_in": self.token_seconds}, "token")

    def _api(self, method, path, query, headers, body):
        self._act_up(method, path)
        scopes = self._scopes(headers)
        head, *rest = path.strip("/").split("/")
        if head == "notifiers" and method == "GET" and not self._old:
            return self._notifiers(rest)
        folder, identity, fixed = self._route(head, rest)
        kind = KINDS[folder]
        needed = kind.write if method != "GET" else "read_all" if self._old else kind.read
        if method not in (("GET", "PUT", "DELETE") if identity else ("GET", "POST")) or not needed:
            raise Problem(405, "not here", complaint=True)
        if scopes is not None and needed not in scopes:
            raise Problem(403, f"needs the scope {needed}", complaint=True)
        if method == "GET" and not identity:
            return self._page(folder, query, fixed)
        sent = {**self._read(kind, headers, body), **fixed} if method in ("POST", "PUT") else None
        if sent and folder == "subscriptions":
            self._try_callbacks(sent)
        with self._lock:
            return self._one(method, folder, identity, sent)

    def _act_up(self, method, path):
        """The faults that have nothing to do with what is asked for."""
        if time.monotonic() < self._throttled_until:
            self.complain(f"{method} {path}: {self._throttled_until - time.monotonic():.1f} s before Retry-After")
        while self.faults.hang and not self._http.stopped():
            time.sleep(0.02)
        if self.faults.throttle:
            self._throttled_until = time.monotonic() + self.faults.throttle
            raise Problem(429, "too many calls", Retry_After=self.faults.throttle)
        if self.faults.error:
            raise Problem(500, "something broke")

    def _route(self, head, rest):
        """(collection, id of an object or None, members that the path gives)."""
        fixed = {}
        if self._old and head in ("resources", "notifiers"):
            raise Problem(404, "no such call")
        if self._old and head == "vens" and rest[1:2] == ["resources"]:
            if rest[0] not in self._objects["vens"]:
                raise Problem(404, "no such ven")
            fixed, head, rest = {"venID": rest[0]}, "resources", rest[2:]
        if head not in KINDS or len(rest) > 1:
            raise Problem(404, "no such call", complaint=True)
        return head, rest[0] if rest else None, fixed

    def _scopes(self, headers):
        """Those of the call's token; None: no token is needed."""
        if self.client is None:
            return None
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            raise Problem(401, "no bearer token", complaint=True, WWW_Authenticate="Bearer")
        with self._lock:
            known = self._tokens.get(token)
            good = known and time.monotonic() < known.expires
            if not good or (self.faults.token_calls and known.calls >= self.faults.token_calls):
                raise Problem(401, "the token is not good (any more)", WWW_Authenticate="Bearer")
            known.calls += 1
            return known.scopes

    def _page(self, folder, query, fixed):
        kind = KINDS[folder]
        known = {"skip", "limit", *kind.queries, *(("targetType", "targetValues") if self._old else ("targets",))}
        if folder == "events" and not self._old and self.active != "refused":
            known.add("active")
        if unknown := set(query) - known:
            raise Problem(400, f"unknown: {sorted(unknown)}", complaint=unknown != {"active"})
        skip, limit = self._whole(query, "skip", 0), self._whole(query, "limit", PAGE)
        if not 1 <= limit <= PAGE:
            raise Problem(400, f"limit is 1 to {PAGE}", complaint=True)
        if folder == "events" and self.faults.drop_page == skip // PAGE:
            return None
        with self._lock:
            found = [it for it in self._objects[folder].values() if self._visible(folder, it)
                     and all(it.get(name) == value for name, value in fixed.items())
                     and all(it.get(name) in query[name] for name in kind.queries if name in query)]
            if "targets" in query:
                found = [it for it in found if set(it.get("targets") or ()) & set(query["targets"])]
            if query.get("active") == ["true"] and self.active == "honoured":
                found = [it for it in found if _end_of(it, self.now()) > self.now()]
            if skip == 0:
                self._order += 1
            if self.faults.shuffle:
                random.Random(self._order).shuffle(found)
            return Reply(200, [self._shown(folder, it) for it in found[skip:skip + limit]])

    @staticmethod
    def _whole(query, name, default):
        text = query.get(name, [str(default)])[-1]
        if not re.fullmatch("[0-9]{1,9}", text):
            raise Problem(400, f"{name} is no whole number", complaint=True)
        return int(text)

    def _one(self, method, folder, identity, sent):
        """A call on one object, which it may create."""
        kind, objects = KINDS[folder], self._objects[folder]
        if identity is not None and (identity not in objects or not self._visible(folder, objects[identity])):
            raise Problem(404, "no such object")
        if method == "GET":
            return Reply(200, self._shown(folder, objects[identity]))
        if method == "DELETE":
            removed = objects[identity]
            self.delete(identity)
            return Reply(200, self._shown(folder, removed))
        if kind.key and any(it[kind.key] == sent[kind.key] and it["id"] != identity
                            and (not self._old or it.get("venID") == sent.get("venID"))
                            for it in objects.values()):
            raise Problem(409, f"that {kind.key} is taken")
        if folder == "resources" and sent["venID"] not in self._objects["vens"]:
            raise Problem(404, "no such ven", complaint=True)
        if folder == "reports" and sent["eventID"] not in self._objects["events"]:
            raise Problem(404, "no such event", complaint=sent["eventID"] not in self._gone)
        if method == "POST":
            return Reply(201, self._shown(folder, self._create(folder, sent)))
        self.change(identity, **{**sent, "objectType": kind.name})
        return Reply(200, self._shown(folder, objects[identity]))

    def _read(self, kind, headers, body):
        """The object that a client sent."""
        if not headers.get("content-type", "").startswith("application/json"):
            raise Problem(415, "no application/json", complaint=True)
        try:
            sent = json.loads(body)
        except ValueError as error:
            raise Problem(400, f"no JSON: {error}", complaint=True) from error
        fault = fault_of(sent, kind.name.lower(), self.version)
        if fault:
            raise Problem(400, fault, complaint=True)
        return {name: value for name, value in sent.items() if value is not None}

    def _visible(self, folder, it):
        """A client sees its own objects, and of programs and events those aimed at it or at nobody."""
        if folder not in ("programs", "events"):
            return it.get("clientID") != "another"
        return self._old or not it.get("targets") or bool(self.granted & set(it["targets"]))

    def _shown(self, folder, it):
        """The object as the client gets it."""
        if folder in ("vens", "resources") and self.granted and not self._old:
            return {**it, "targets": sorted(self.granted)}
        return it

    def _notifiers(self, rest):
        if not rest:
            found = {"WEBHOOK": True}
            if self._mqtt:
                found["MQTT"] = {"URIS": [self._mqtt[0]], "serialization": "JSON",
                                 "authentication": {"method": "ANONYMOUS"}}
            return Reply(200, found, "notifiers")
        if rest[:2] != ["mqtt", "topics"] or not self._mqtt:
            raise Problem(404, "no such notifier")
        below = rest[2:]
        if below not in (["programs"], ["events"]) and not (
                len(below) == 3 and below[0] in ("vens", "programs") and below[1] in self._objects[below[0]]
                and below[2] in ("events", "programs")):
            raise Problem(404, "no such topics")
        topics = {name: "/".join(["openadr", *below, name]) for name in NOTIFIED_AS}
        return Reply(200, {"topics": topics}, "topics")

    # -- notifications -----------------------------------------------------------------------------

    def _try_callbacks(self, sent):
        for wanted in sent["objectOperations"]:
            url, token = wanted["callbackUrl"], wanted.get("bearerToken")
            if not url.startswith("https://") and not self._clear_callbacks:
                raise Problem(400, "a callback needs https", complaint=True)
            word = secrets.token_urlsafe(24)
            status, text = call(url + ("&" if "?" in url else "?") + f"echo={word}", self._authority.certificate,
                                bearer=None if self.faults.bare_echo else token)
            if (status, text.strip()) != (200, word):
                raise Problem(400, f"the callback answered {status} {text:.80}", complaint=True)
            if self.faults.wrong_echo:
                raise Problem(400, "the callback answered another word")

    def _announce(self, folder, operation, it):
        with self._notices:
            self._unsent.append((folder, operation, it))
            self._notices.notify()

    def _notify(self):
        """Sends what is to be told, in order."""
        while True:
            with self._notices:
                self._notices.wait_for(lambda: self._unsent or self._closing)
                if self._closing:
                    return
                folder, operation, it = self._unsent.pop(0)
                if not self._visible(folder, it):
                    continue
                verb = NOTIFIED_AS[operation] if self.faults.verbs or self._old else operation
                notice = {"objectType": KINDS[folder].name, "operation": verb, "object": self._shown(folder, it)}
                fault = fault_of(notice, "notification", "3.0.1" if self.faults.verbs else self.version, vtn_sends=True)
                callbacks = [(wanted["callbackUrl"], wanted.get("bearerToken"))
                             for subscription in self._objects["subscriptions"].values()
                             if subscription.get("programID", it.get("programID")) == it.get("programID")
                             for wanted in subscription["objectOperations"]
                             if notice["objectType"] in wanted["objects"] and operation in wanted["operations"]]
            if fault:
                self.broken.append(f"notification: {fault}")
            for _ in range(2 if self.faults.repeat_notifications else 1):
                for url, token in callbacks:
                    status, _ = call(url, self._authority.certificate, bearer=token, body=json.dumps(notice))
                    self.notified.append((operation, it["id"], status))
                if self._mqtt and folder in ("programs", "events"):
                    self._publish(folder, operation, it, notice)

    def _publish(self, folder, operation, it, notice):
        places = [[folder], *(["vens", ven, folder] for ven in self._objects["vens"])]
        if folder == "events":
            places.append(["programs", it["programID"], "events"])
        for place in places:
            self._mqtt[1]("/".join(["openadr", *place, operation]), json.dumps(notice))


def _end_of(event, now):
    """When an event ends, in seconds since 1970; infinite where that is hard to tell."""
    ends = []
    for interval in event["intervals"]:
        own = interval.get("intervalPeriod")
        period = own or event["intervalPeriod"]
        length = DURATION.fullmatch(period.get("duration", "P"))
        start = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z", period["start"])
        if not length or not start:
            return float("inf")
        begin = now if start[1].startswith("0001") else calendar.timegm(time.strptime(start[1], "%Y-%m-%dT%H:%M:%S"))
        seconds = sum(float(part or 0) * unit for part, unit in zip(length.groups(), (86400, 3600, 60, 1)))
        ends.append(begin + float(start[2] or 0) + seconds * (1 if own else len(event["intervals"])))
    return max(ends, default=now)
