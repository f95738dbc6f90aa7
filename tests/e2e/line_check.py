"""The rules for one line that a miner sends: JSON, whole, with the keys and ids of a request or of an
answer.
"""

import json

MAX_LINE = 16 * 1024

METHODS = frozenset({"mining.configure", "mining.subscribe", "mining.authorize", "mining.submit",
                     "mining.suggest_difficulty", "mining.extranonce.subscribe"})


class BadLine(Exception):
    """A line that no pool could make sense of."""


def _unique_keys(pairs):
    if len({key for key, _ in pairs}) != len(pairs):
        raise BadLine("a key occurs twice")
    return dict(pairs)


def _no_constant(name):
    raise BadLine(f"{name} is no JSON")


def parse(raw):
    """The JSON object of a line as read from the socket, its newline included; BadLine otherwise."""
    if not raw.endswith(b"\n"):
        raise BadLine("the line has no newline at its end")
    if len(raw) > MAX_LINE:
        raise BadLine(f"a line of {len(raw)} bytes")
    if b"\0" in raw:
        raise BadLine("NUL in the line")
    try:
        message = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique_keys, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadLine(f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise BadLine("not a JSON object")
    return message


def unsigned(value):
    """True for a JSON integer >= 1 (true is no integer here)."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value < 1 << 63


def request_faults(message, last_id):
    """What is wrong with a request's frame: its keys, its id (after `last_id`) and its method."""
    faults = []
    if set(message) != {"id", "method", "params"}:
        faults.append(f"request with the keys {sorted(message)}")
    number = message.get("id")
    if not unsigned(number):
        faults.append(f"request id {number!r:.40} is no unsigned integer from 1 on")
    elif number <= last_id:
        faults.append(f"request id {number} after id {last_id}")
    if message["method"] not in METHODS:
        faults.append(f"unknown method {message['method']!r:.80}")
    if not isinstance(message.get("params"), list):
        faults.append(f"{message['method']!r:.80}: params is no array")
    return faults


def configure_faults(params):
    """BIP310: two parameters; version-rolling first, with mask and min-bit-count; never bits 29-31."""
    if len(params) != 2 or not isinstance(params[0], list) or not isinstance(params[1], dict):
        return [f"mining.configure with params {params!r:.200}"]
    faults = []
    extensions, settings = params
    if not extensions or extensions[0] != "version-rolling":
        faults.append(f"mining.configure asks {extensions!r:.120}: version-rolling must come first")
    mask = settings.get("version-rolling.mask")
    if not isinstance(mask, str) or len(mask) != 8 or int(mask, 16) & ~0x1FFFFFE0:
        faults.append(f"mining.configure asks for the mask {mask!r:.40}")
    count = settings.get("version-rolling.min-bit-count")
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= 29:
        faults.append(f"mining.configure without a usable version-rolling.min-bit-count: {count!r:.40}")
    return faults
