"""HTTPS on loopback: a certificate authority made on the fly, or certificates brought along."""

import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SandboxTls:
    """Files that a TLS server needs, and the authority that its clients have to trust."""

    certificate: Path
    key: Path
    authority: Path
    temporary: bool = False
    """The files lie in a folder of their own that goes when the server stops."""


def check_pair(tls: SandboxTls) -> None:
    """Raise ssl.SSLError for files that are no PEM, need a password, or do not belong together."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls.certificate, tls.key, password="")


def made_on_the_fly(folder: Path | None = None, *names: str) -> SandboxTls:
    """Make an authority and a certificate for loopback (and more names) in a folder, by default a new temporary one."""
    import trustme

    where = folder or Path(tempfile.mkdtemp(prefix="mfa-migrate-sandbox-"))
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1", "::1", *names)
    tls = SandboxTls(where / "server.pem", where / "server.key", where / "ca.pem", temporary=folder is None)
    authority.cert_pem.write_to_path(str(tls.authority))
    for position, part in enumerate(issued.cert_chain_pems):
        part.write_to_path(str(tls.certificate), append=position > 0)
    tls.key.touch(mode=0o600)
    issued.private_key_pem.write_to_path(str(tls.key))
    return tls
