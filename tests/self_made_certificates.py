"""A certificate for localhost that nobody but the test trusts, made by openssl on the spot."""

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from redumbrella.destinations.safe_address import tls_context


@dataclass(frozen=True)
class Certificate:
    """A certificate that is its own authority, and its key."""

    path: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path, self.key)
        return context


def certificate(folder: Path, name: str = "localhost") -> Certificate:
    """A new certificate for a name; the test is skipped where there is no openssl."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    kind = ["req", "-x509", "-nodes", "-days", "2", "-newkey", "ec"]
    kind += ["-pkeyopt", "ec_paramgen_curve:prime256v1"]
    named = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    files = ["-out", made.path, "-keyout", made.key]
    subprocess.run([openssl, *kind, *named, *files], check=True, capture_output=True)
    return made


def trust(made: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the certificate is that of an authority of this machine."""
    monkeypatch.setenv("SSL_CERT_FILE", str(made.path))
    tls_context.cache_clear()
