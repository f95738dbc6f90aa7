"""Malformed flags, numbers, URLs and users: exit 2, one line on stderr that names the offender, nothing on
stdout.
"""

import json
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor

from ebb import SLOWNESS, Ebb, Failure

URL = "stratum+tcp://127.0.0.1:3333"
MINE = ("mine", "-o", URL, "-u", "worker.name")

# arguments -> texts of which one must stand in the line (in any case of letters)
BAD = [
    ((), ("command",)),
    (("nosuch",), ("nosuch",)),
    (("--nosuch",), ("--nosuch",)),
    (("mine",), ("-o", "-u", "--demo")),
    (("mine", "-o", URL), ("-u", "user")),
    (("mine", "-u", "worker"), ("-o", "--url", "pool")),
    (("mine", "-o", URL, "-u", ""), ("-u", "user")),
    (("mine", "-o", URL, "-u", "wor\x01ker"), ("-u", "user")),
    (("mine", "-o", URL, "-u", "wor\nker"), ("-u", "user")),
    (("mine", "-o", URL, "-u", "\x7f"), ("-u", "user")),
    (("mine", "-o", "foo", "-u", "w"), ("foo",)),
    (("mine", "-o", "", "-u", "w"), ("-o", "url")),
    (("mine", "-o", "stratum+tcp://", "-u", "w"), ("stratum+tcp://", "--url")),
    (("mine", "-o", "stratum+tcp://:3333", "-u", "w"), ("stratum+tcp://:3333", "--url")),
    (("mine", "-o", "stratum+tcp://h:", "-u", "w"), ("stratum+tcp://h:", "--url")),
    (("mine", "-o", "stratum+tcp://h:0", "-u", "w"), ("stratum+tcp://h:0", "--url")),
    (("mine", "-o", "stratum+tcp://h:99999", "-u", "w"), ("99999", "--url")),
    (("mine", "-o", "stratum+tcp://h:-1", "-u", "w"), ("stratum+tcp://h:-1", "--url")),
    (("mine", "-o", "stratum+tcp://h:33x", "-u", "w"), ("33x", "--url")),
    (("mine", "-o", "stratum+tcp://h h:3333", "-u", "w"), ("h h", "--url")),
    (("mine", "-o", "stratum+tcp://[::1:3333", "-u", "w"), ("[::1", "--url")),
    (("mine", "-o", "ftp://h:1", "-u", "w"), ("ftp", "--url")),
    (("mine", "-o", "127.0.0.1:3333", "-u", "w"), ("127.0.0.1:3333", "--url")),
    ((*MINE, "--threads", "-1"), ("--threads", "-1")),
    ((*MINE, "--threads", "x"), ("--threads",)),
    ((*MINE, "--threads", "2.5"), ("--threads",)),
    ((*MINE, "--threads", "99999999999999999999"), ("--threads",)),
    ((*MINE, "--threads"), ("--threads",)),
    ((*MINE, "--max-duty", "140%"), ("140%", "--max-duty")),
    ((*MINE, "--max-duty", "-1%"), ("-1%", "--max-duty")),
    ((*MINE, "--max-duty", "abc"), ("abc", "--max-duty")),
    ((*MINE, "--max-duty", "nan"), ("nan", "--max-duty")),
    ((*MINE, "--max-duty", "40%%"), ("40%%", "--max-duty")),
    ((*MINE, "--max-duty", ""), ("--max-duty",)),
    ((*MINE, "--max-hashrate", "12Q"), ("12Q", "--max-hashrate")),
    ((*MINE, "--max-hashrate", "-5M"), ("-5M", "--max-hashrate")),
    ((*MINE, "--max-hashrate", "M"), ("--max-hashrate",)),
    ((*MINE, "--max-hashrate", "nan"), ("nan", "--max-hashrate")),
    ((*MINE, "--max-hashrate", "inf"), ("inf", "--max-hashrate")),
    ((*MINE, "--max-hashrate", "1e400"), ("1e400", "--max-hashrate")),
    ((*MINE, "--max-power", "250"), ("--max-power",)),
    ((*MINE, "--max-power", "-1W"), ("--max-power",)),
    ((*MINE, "--ramp-up", "10"), ("--ramp-up",)),
    ((*MINE, "--random-return", "1.5s"), ("--random-return",)),
    ((*MINE, "--state", ""), ("--state",)),
    ((*MINE, "--config", "/nonexistent/ebb.toml"), ("/nonexistent/ebb.toml",)),
    (("hold",), ("cap",)),
    (("hold", "0"), ("--reason",)),
    (("hold", "0", "--reason", ""), ("--reason",)),
    (("hold", "0", "--reason", "a\nb"), ("--reason",)),
    (("hold", "120%", "--reason", "x"), ("120%",)),
    (("hold", "0", "--reason", "x", "--until", "2020-01-01T00:00"), ("--until",)),
    (("hold", "0", "--reason", "x", "--until", "soon"), ("soon",)),
    (("override", "--reason", "x"), ("--until",)),
    (("override", "--until", "2h"), ("--reason",)),
    (("override", "--end", "--until", "2h"), ("--end",)),
    (("release", "now"), ("now",)),
    (("check",), ("--config",)),
    (("check", "--config", "/nonexistent/ebb.toml"), ("/nonexistent/ebb.toml",)),
    (("simulate", "--config", "/nonexistent/ebb.toml", "--timeline", "t"), ("/nonexistent/ebb.toml",)),
    ((*MINE, "--backend", "nosuch"), ("nosuch",)),
    ((*MINE, "--backend", ""), ("--backend", "backend")),
    ((*MINE, "--for", "5"), ("--for", "5")),
    ((*MINE, "--for", "-1s"), ("--for", "-1s")),
    ((*MINE, "--for", "s"), ("--for",)),
    ((*MINE, "--for", "5y"), ("--for", "5y")),
    ((*MINE, "--for", "1e30s"), ("--for", "1e30s")),
    ((*MINE, "--cpu-affinity", "999999"), ("999999", "--cpu-affinity")),
    ((*MINE, "--cpu-affinity", "3-1"), ("3-1", "--cpu-affinity")),
    ((*MINE, "--cpu-affinity", "a"), ("--cpu-affinity",)),
    ((*MINE, "--cpu-affinity", "0,,1"), ("--cpu-affinity",)),
    ((*MINE, "--cpu-affinity", ""), ("--cpu-affinity",)),
    ((*MINE, "--pin", "maybe"), ("maybe", "--pin")),
    ((*MINE, "--pin", ""), ("--pin",)),
    ((*MINE, "--cpu-affinity", "0", "--pin", "off"), ("--cpu-affinity", "--pin")),
    ((*MINE, "--suggest-difficulty", "nan"), ("--suggest-difficulty", "nan")),
    ((*MINE, "--suggest-difficulty", "-1"), ("--suggest-difficulty", "-1")),
    ((*MINE, "--suggest-difficulty", "0"), ("--suggest-difficulty",)),
    ((*MINE, "--suggest-difficulty", "x"), ("--suggest-difficulty",)),
    ((*MINE, "--summary", "/nonexistent-folder/summary.json"), ("/nonexistent-folder/summary.json",)),
    ((*MINE, "--summary", "/"), ("--summary", "/")),
    ((*MINE, "--summary", ""), ("--summary",)),
    ((*MINE, "--no-such-flag"), ("--no-such-flag",)),
    ((*MINE, "stray"), ("stray",)),
    (("pool", "--listen", "foo"), ("foo", "--listen")),
    (("pool", "--listen", "127.0.0.1:99999"), ("99999",)),
    (("pool", "--listen", "127.0.0.1"), ("127.0.0.1", "--listen")),
    (("pool", "--listen", "127.0.0.1:0", "--difficulty", "nan"), ("nan", "--difficulty")),
    (("pool", "--listen", "127.0.0.1:0", "--difficulty", "0"), ("--difficulty",)),
    (("pool", "--listen", "127.0.0.1:0", "--difficulty", "-1"), ("-1", "--difficulty")),
    (("pool", "--listen", "127.0.0.1:0", "--difficulty", "x"), ("--difficulty",)),
    (("pool", "--listen", "127.0.0.1:0", "--payout", "zz"), ("zz", "--payout")),
    (("pool", "--listen", "127.0.0.1:0", "--payout", "001"), ("001", "--payout")),
    (("pool", "--listen", "127.0.0.1:0", "--node", "ftp://127.0.0.1:1"), ("ftp", "--node")),
    (("pool", "--listen", "127.0.0.1:0", "--node", "http://"), ("http://", "--node")),
    (("pool", "--listen", "127.0.0.1:0", "--for", "x"), ("--for",)),
    (("devices", "--nosuch"), ("--nosuch",)),
    (("bench", "hash", "--threads", "1,0"), ("--threads",)),
    (("bench", "hash", "--midstates", "33"), ("--midstates", "33")),
    (("bench", "hash", "--seconds", "0"), ("--seconds",)),
    (("bench", "hash", "--repeats", "x"), ("--repeats",)),
    (("bench", "hash", "--devices", "gpu"), ("--devices", "gpu")),
    (("bench", "hash", "--devices", "cuda", "--threads", "2"), ("--threads",)),
    (("bench", "hash", "--plot", "/nonexistent-folder/plot.svg"), ("/nonexistent-folder/plot.svg",)),
]


def run():
    with ThreadPoolExecutor(max(2, len(os.sched_getaffinity(0)))) as workers:
        faults = [fault for faults in workers.map(lambda row: list(refused(*row)), BAD) for fault in faults]
    faults += good()
    print(f"{len(BAD)} malformed command lines, {len(faults)} faults")
    if faults:
        raise Failure("\n  ".join(["", *faults]))


def refused(arguments, texts):
    """Complaints about one malformed command line."""
    with Ebb(*arguments) as process:
        try:
            code = process.wait(10 * SLOWNESS)
        except Failure as fault:
            yield f"{fault}: it was not refused"
            return
        lines = process.stderr.splitlines()
        if code != 2:
            yield f"{process}: exit {code}, wanted 2; stderr {process.stderr[-200:]!r}"
        elif len(lines) != 1 or not process.stderr.endswith("\n"):
            yield f"{process}: stderr has {len(lines)} lines, wanted one: {process.stderr[:300]!r}"
        elif not any(text.lower() in lines[0].lower() for text in texts):
            yield f"{process}: the line names none of {texts}: {lines[0]!r}"
        if any(ord(letter) < 32 and letter != "\n" for letter in process.stderr):
            yield f"{process}: control characters on stderr: {process.stderr[:200]!r}"
        if process.stdout:
            yield f"{process}: stdout is {process.stdout[:200]!r}"


def good():
    """Complaints about what must work: --version, --help, devices, and a summary in a file."""
    faults = []
    for arguments in (("--version",), ("--help",), ("mine", "--help"), ("devices",), ("devices", "--json")):
        with Ebb(*arguments) as process:
            code = process.wait(10 * SLOWNESS)
            if code != 0 or not process.stdout:
                faults.append(f"{process}: exit {code}, stdout {process.stdout[:100]!r}")
            if arguments[-1] == "--json":
                try:
                    json.loads(process.stdout)
                except ValueError as error:
                    faults.append(f"{process}: {error}")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "summary.json")
        with Ebb("mine", "--demo", "--for", "1500ms", "--threads", 1, "--summary", path) as process:
            code = process.wait(20 * SLOWNESS)
            if code != 0 or process.stdout:
                faults.append(f"{process}: exit {code}, stdout {process.stdout[:100]!r}")
            else:
                with open(path, encoding="utf-8") as file:
                    json.load(file)
    return faults
