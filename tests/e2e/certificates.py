"""Throw-away certificates for servers on loopback, made by the openssl command.

    authority = Authority(folder)
    certificate, key = authority.server()
    context.load_verify_locations(authority.certificate)
"""

import os
import shutil
import subprocess

from ebb import Failure, Skip

DAYS = "2"
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

    def server(self, name="server", hosts=("DNS:localhost", "IP:127.0.0.1")):
        """(certificate, key) of a server that answers for these hosts."""
        return self._signed(name, "-addext", "extendedKeyUsage=serverAuth", "-addext",
                            f"subjectAltName={','.join(hosts)}")

    def client(self, name="client"):
        """(certificate, key) of a client."""
        return self._signed(name, "-addext", "extendedKeyUsage=clientAuth")

    def _signed(self, name, *extensions):
        return self._make(name, "-CA", self.certificate, "-CAkey", self._key, "-addext",
                          "basicConstraints=critical,CA:FALSE", *extensions)

    def _make(self, name, *more):
        certificate, key = self._paths(name)
        made = subprocess.run(["openssl", "req", "-x509", *CURVE, "-days", DAYS, "-subj", f"/CN={name}",
                               "-keyout", key, "-out", certificate, *more],
                              capture_output=True, text=True, timeout=60, check=False)
        if made.returncode != 0:
            raise Failure(f"openssl made no certificate for {name}: {made.stderr[-300:]}")
        os.chmod(key, 0o600)
        return certificate, key

    def _paths(self, name):
        return os.path.join(self._folder, f"{name}.pem"), os.path.join(self._folder, f"{name}.key")
