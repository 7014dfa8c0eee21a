"""What stands in for a browser, a certificate, another provider and the Azure CLI when signing in is rehearsed."""

import json
import shlex
import ssl
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from migrate.sandbox.job_tokens import JOB_SECRET
from migrate.sandbox.managed_identity import APP_SERVICE_SECRET

_BROWSER = '''#!{python}
"""Signs in on the page of the sandbox, as a person would; like a browser it goes on beside the program."""
import html, re, ssl, subprocess, sys, urllib.parse, urllib.request

ADDRESS, USER = sys.argv[-1], {user!r}
if sys.argv[1] != "--beside":
    subprocess.Popen([sys.executable, __file__, "--beside", ADDRESS], start_new_session=True)
    raise SystemExit
trusted = ssl.create_default_context(cafile={ca!r})
extra = "&" + urllib.parse.urlencode({{"user": USER}}) if USER else ""
try:
    page = urllib.request.urlopen(ADDRESS + extra, context=trusted, timeout=60).read().decode()
except urllib.error.HTTPError as refused:
    raise SystemExit("The page says: " + html.unescape(re.sub("<[^>]*>", " ", refused.read().decode())))
form = re.search('<form method="post" action="([^"]+)"', page)
if form is None:
    raise SystemExit("The page says: " + html.unescape(re.sub("<[^>]*>", " ", page)))
fields = re.findall('<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
sent = urllib.parse.urlencode([(name, html.unescape(value)) for name, value in fields]).encode()
urllib.request.urlopen(html.unescape(form[1]), data=sent, timeout=60).read()
'''

_CODE = '''#!{python}
"""Passes on what it reads, and enters the code that is named there on the page that is named there."""
import re, ssl, sys, urllib.parse, urllib.request

trusted = ssl.create_default_context(cafile={ca!r})
for line in sys.stdin:
    sys.stderr.write(line)
    sys.stderr.flush()
    found = re.search("open (https?://\\\\S+) and enter the code (\\\\w+)", line)
    if found:
        sent = urllib.parse.urlencode({{"code": found[2], "user": {user!r}}}).encode()
        urllib.request.urlopen(found[1], data=sent, context=trusted, timeout=60).read()
'''

_AZ = '''#!{python}
"""Answers `az account get-access-token` as after `az login --service-principal`."""
import json, ssl, sys, time, urllib.parse, urllib.request

if sys.argv[1:3] != ["account", "get-access-token"]:
    raise SystemExit("az: this one knows `account get-access-token` only")
trusted = ssl.create_default_context(cafile={ca!r})
asked = {{"client_id": {client!r}, "client_secret": "any", "grant_type": "client_credentials"}}
asked["scope"] = "{url}/.default"
address = "{url}/{tenant}/oauth2/v2.0/token"
with urllib.request.urlopen(address, data=urllib.parse.urlencode(asked).encode(), context=trusted) as answer:
    token = json.load(answer)
ends = int(time.time()) + int(token["expires_in"])
print(json.dumps({{"accessToken": token["access_token"], "expires_on": ends, "tokenType": "Bearer"}}))
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to sign in: what the environment holds, and what is typed."""

    kind: str
    environment: dict[str, str] = field(default_factory=dict)
    before: str = ""
    """A command that has to be typed first."""
    after: str = ""
    """What stands behind the command."""
    note: str = ""


def write_props(folder: Path, *, url: str, tenant: str, client: str, authority: Path, token: str, user: str) -> None:
    """Write the programs, a certificate with its key and another provider's token into a folder.

    Args:
        folder: Where they go; it is made.
        url: The sandbox.
        tenant: Its tenant id.
        client: The application that signs in.
        authority: The file with the certificate authority to trust.
        token: What the token file holds.
        user: Who signs in where a person does; empty for the administrator.
    """
    import trustme

    folder.mkdir(parents=True, exist_ok=True)
    facts = {
        "python": sys.executable,
        "ca": str(authority),
        "url": url,
        "tenant": tenant,
        "client": client,
        "user": user,
    }
    for name, text in (("browser", _BROWSER), ("enter-code", _CODE), ("az", _AZ)):
        _write(folder / name, text.format(**facts), 0o700)
    issued = trustme.CA().issue_cert("application.contoso.example", key_type=trustme.KeyType.RSA)
    _write(folder / "client.pem", (issued.private_key_pem.bytes() + issued.cert_chain_pems[0].bytes()).decode(), 0o600)
    _write(folder / "token", token, 0o600)


def job_token(url: str, authority: Path) -> str:
    """Return a token of the other identity provider that the sandbox plays, good for an hour. Raises OSError."""
    request = urllib.request.Request(f"{url}/actions/idtoken", headers={"Authorization": f"Bearer {JOB_SECRET}"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=60, context=ssl.create_default_context(cafile=authority)) as answer:  # noqa: S310
        return str(json.load(answer)["value"])


def _write(path: Path, text: str, mode: int) -> None:
    path.touch(mode=mode)
    path.chmod(mode)
    path.write_text(text, encoding="utf-8")


def ways_in(folder: Path, url: str, config: str) -> tuple[Way, ...]:
    """Return every way to sign in to a sandbox, with what `write_props` wrote."""
    identity = f"mfa-migrate sandbox grant read --config {config}"  # only what holds something by name is found
    pem, pfx = folder / "client.pem", folder / "client.pfx"
    return (
        Way(
            kind="browser",
            environment={"BROWSER": str(folder / "browser")},
            note="or leave BROWSER away, and use yours",
        ),
        Way(
            kind="device-code",
            after=f"2> >({shlex.quote(str(folder / 'enter-code'))})",
            note="or open the page that is named, in any browser (bash)",
        ),
        Way(kind="certificate", environment={"MFA_MIGRATE_CLIENT_CERTIFICATE_PATH": str(pem)}, note="PEM"),
        Way(
            kind="certificate",
            environment={
                "MFA_MIGRATE_CLIENT_CERTIFICATE_PATH": str(pfx),
                "MFA_MIGRATE_CLIENT_CERTIFICATE_PASSWORD": "word",
            },
            before=f"openssl pkcs12 -export -in {pem} -out {pfx} -passout pass:word",
            note="PKCS #12; without the password a terminal asks for it",
        ),
        Way(
            kind="client-secret",
            environment={"MFA_MIGRATE_CLIENT_SECRET": "any"},
            note="any but wrong-secret and expired-secret; without the variable a terminal asks for it",
        ),
        Way(
            kind="managed-identity",
            environment={"AZURE_POD_IDENTITY_AUTHORITY_HOST": url},
            before=identity,
            note="of a virtual machine (IMDS)",
        ),
        Way(
            kind="managed-identity",
            environment={"IDENTITY_ENDPOINT": f"{url}/msi/token", "IDENTITY_HEADER": APP_SERVICE_SECRET},
            before=identity,
            note="of App Service",
        ),
        Way(kind="workload-identity", environment={"MFA_MIGRATE_FEDERATED_TOKEN_FILE": str(folder / "token")}),
        Way(
            kind="github",
            environment={
                "ACTIONS_ID_TOKEN_REQUEST_URL": f"{url}/actions/idtoken?api-version=2.0",
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": JOB_SECRET,
            },
        ),
        Way(
            kind="azure-cli", environment={"PATH": f"{folder}:$PATH"}, note="an az that is signed in as an application"
        ),
    )
