"""Throw-away certificates for servers on loopback, made by the openssl command.

    authority = Authority(folder)
    certificate, key = authority.server()
    context.load_verify_locations(authority.certificate)
"""

import glob
import hashlib
import os
import shutil
import ssl
import subprocess

from ebb import Failure, Skip

DAYS = "2"
FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")  # openssl makes no certificate of the past
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Authority:
    """A certificate authority of its own; all it makes lies in `folder`, as PEM files."""

    def __init__(self, folder, name="authority"):
        if not shutil.which("openssl"):
            raise Skip("there is no openssl command")
        self._folder = folder
        self._name = name
        self.certificate, self._key = self._paths(name)
        self._make(name, "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")

    def server(self, name="server", hosts=("DNS:localhost", "IP:127.0.0.1"), days_ago=0):
        """(certificate, key) of a server that answers for these hosts, made so many days ago."""
        return self._signed(name, "-addext", "extendedKeyUsage=serverAuth", "-addext",
                            f"subjectAltName={','.join(hosts)}", days_ago=days_ago)

    def client(self, name="client"):
        """(certificate, key) of a client."""
        return self._signed(name, "-addext", "extendedKeyUsage=clientAuth")

    def self_signed(self, name="alone", hosts=("DNS:localhost", "IP:127.0.0.1")):
        """(certificate, key) of a server for which nobody vouches."""
        return self._make(name, "-addext", f"subjectAltName={','.join(hosts)}")

    def _signed(self, name, *extensions, days_ago=0):
        return self._make(name, "-CA", self.certificate, "-CAkey", self._key, "-addext",
                          "basicConstraints=critical,CA:FALSE", *extensions, days_ago=days_ago)

    def _make(self, name, *more, days_ago=0):
        certificate, key = self._paths(name)
        env = dict(os.environ)
        if days_ago:
            if not FAKETIME:
                raise Skip("there is no libfaketime")
            env |= {"LD_PRELOAD": FAKETIME[0], "FAKETIME": f"-{days_ago}d"}
        made = subprocess.run(["openssl", "req", "-x509", *CURVE, "-days", DAYS, "-subj", f"/CN={name}",
                               "-keyout", key, "-out", certificate, *more],
                              capture_output=True, text=True, timeout=60, check=False, env=env)
        if made.returncode != 0:
            raise Failure(f"openssl made no certificate for {name}: {made.stderr[-300:]}")
        os.chmod(key, 0o600)
        return certificate, key

    def _paths(self, name):
        return os.path.join(self._folder, f"{name}.pem"), os.path.join(self._folder, f"{name}.key")


def certificate_pin(certificate):
    """What a miner is told to pin."""
    with open(certificate, encoding="ascii") as file:
        return "sha256:" + hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).hexdigest()


def key_pin(certificate):
    """The same of the public key, with colons, as openssl prints digests."""
    key = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"], capture_output=True,
                         timeout=60, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, capture_output=True,
                         timeout=60, check=True).stdout
    return "sha256:" + hashlib.sha256(der).digest().hex(":").upper()
