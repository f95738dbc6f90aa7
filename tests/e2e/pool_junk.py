"""Lines that no pool should send and some do. ebb drops each one, counts it and keeps its session.

None of them may act: a difficulty among them is none that is legal, a job among them cannot be mined.
"""

import json

_ZERO = "00" * 32


def _notify(**changes):
    """A notify that is whole but for the changes."""
    fields = {"job": "bad", "prev": _ZERO, "coinb1": "01000000", "coinb2": "00000000", "branch": [],
              "version": "20000000", "nbits": "1d00ffff", "ntime": "5f5e1000", "clean": True}
    fields.update(changes)
    return json.dumps({"id": None, "method": "mining.notify", "params": list(fields.values())}).encode()


def _difficulty(text):
    return b'{"id":null,"method":"mining.set_difficulty","params":[' + text + b"]}"


JUNK = [
    ("empty", b""),
    ("spaces", b"   \t "),
    ("not JSON", b"HTTP/1.1 400 Bad Request"),
    ("cut short", b'{"id":null,"method":"mining.notify","params":["1",'),
    ("two objects", b'{"id":null} {"id":null}'),
    ("2 MiB", b"A" * (2 << 20)),
    ("2 MiB of JSON", b'{"id":null,"method":"x","params":["' + b"A" * (2 << 20) + b'"]}'),
    ("NUL first", b'\0{"id":null,"method":"mining.set_difficulty","params":[1]}'),
    ("NUL inside", b'{"id":null,"method":"mining.set_difficulty","params":[1\0]}'),
    ("NUL in a string", b'{"id":null,"method":"client.show_message","params":["a\0b"]}'),
    ("bad UTF-8", b'{"id":null,"method":"client.show_message","params":["\xff\xfe\xc0\x80"]}'),
    ("10,000 brackets", b"[" * 10_000),
    ("10,000 objects", b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
    ("nested parameters", b'{"id":null,"method":"mining.notify","params":' + b"[" * 500 + b"]" * 500 + b"}"),
    ("array", b"[1,2,3]"),
    ("number", b"17"),
    ("null", b"null"),
    ("no method, no id", b'{"result":true}'),
    ("reply to nothing", b'{"id":999999,"result":true,"error":null}'),
    ("reply with an object as id", b'{"id":{},"result":true,"error":null}'),
    ("method is a number", b'{"id":null,"method":5,"params":[]}'),
    ("params is an object", b'{"id":null,"method":"mining.notify","params":{}}'),
    ("params is null", b'{"id":null,"method":"mining.notify","params":null}'),
    ("no params", b'{"id":null,"method":"mining.set_difficulty"}'),
    ("difficulty of nothing", b'{"id":null,"method":"mining.set_difficulty","params":[]}'),
    ("difficulty NaN", _difficulty(b"NaN")),
    ("difficulty 'nan'", _difficulty(b'"nan"')),
    ("difficulty 'inf'", _difficulty(b'"inf"')),
    ("difficulty 0", _difficulty(b"0")),
    ("difficulty -1", _difficulty(b"-1")),
    ("difficulty 1e999", _difficulty(b"1e999")),
    ("difficulty null", _difficulty(b"null")),
    ("difficulty array", _difficulty(b"[1]")),
    ("difficulty '1x'", _difficulty(b'"1x"')),
    ("difficulty ''", _difficulty(b'""')),
    ("job id is a number", _notify(job=5)),
    ("prev_hash too short", _notify(prev="00" * 31)),
    ("prev_hash no hex", _notify(prev="zz" * 32)),
    ("coinb1 odd", _notify(coinb1="0")),
    ("coinb2 no hex", _notify(coinb2="0g")),
    ("coinb1 is null", _notify(coinb1=None)),
    ("branch is a string", _notify(branch="00")),
    ("branch of a short hash", _notify(branch=["00" * 31])),
    ("branch of numbers", _notify(branch=[1, 2])),
    ("branch of 100,000", b'{"id":null,"method":"mining.notify","params":["bad","' + _ZERO.encode()
     + b'","01","00",[' + b",".join([b'""'] * 100_000) + b'],"20000000","1d00ffff","5f5e1000",true]}'),
    ("version too long", _notify(version="020000000")),
    ("nbits empty", _notify(nbits="")),
    ("ntime negative", _notify(ntime="-0000001")),
    ("clean is a string", _notify(clean="yes")),
    ("eight parameters", json.dumps({"id": None, "method": "mining.notify", "params": [
        "bad", _ZERO, "00", "00", [], "20000000", "1d00ffff", "5f5e1000"]}).encode()),
    ("mask no hex", b'{"id":null,"method":"mining.set_version_mask","params":["1fffe00g"]}'),
    ("mask is a number", b'{"id":null,"method":"mining.set_version_mask","params":[12]}'),
    ("extranonce1 odd", b'{"id":null,"method":"mining.set_extranonce","params":["abc",4]}'),
    ("extranonce1 of 33 bytes",
     b'{"id":null,"method":"mining.set_extranonce","params":["' + b"00" * 33 + b'",4]}'),
    ("extranonce2 of 17 bytes", b'{"id":null,"method":"mining.set_extranonce","params":["00",17]}'),
    ("extranonce2 of -1 bytes", b'{"id":null,"method":"mining.set_extranonce","params":["00",-1]}'),
    ("extranonce2 of 1e300 bytes", b'{"id":null,"method":"mining.set_extranonce","params":["00",1e300]}'),
    ("reconnect to port 99999", b'{"id":null,"method":"client.reconnect","params":["127.0.0.1","99999",0]}'),
    ("reconnect to a number", b'{"id":null,"method":"client.reconnect","params":[1,2,3]}'),
]
