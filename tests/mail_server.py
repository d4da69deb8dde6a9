"""Mail servers for the tests: Dovecot in a temporary folder, on ports of its own, and one that takes letters.

Fixture `imap` (one server per test process). By hand: `with running_dovecot() as server: …`.
Letters are taken by whatever `receiving(handler)` is given, in this process.
"""

import atexit
import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from imapclient import IMAPClient

from tests import programs
from tests.processes import dies_with_parent, free_port, stop

START_TIMEOUT_S = 60  # a machine may have a lot else to do
PASSWORD = "pass/wörd@1:%"
"""With everything in it that an address has to escape."""

CONFIGURATION = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%u
mail_max_userip_connections = 50
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain_port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True, slots=True)
class ImapServer:
    """A running server; any user name is let in with the password, and has a mailbox of its own."""

    folder: Path
    pid: int
    plain_port: int
    tls_port: int
    users: Iterator[int]

    @property
    def certificate(self) -> Path:
        """The server's own certificate, for 127.0.0.1 and localhost; nobody trusts it unless told to."""
        return self.folder / "certificate.pem"

    def user(self) -> str:
        """Somebody whose mailbox is empty."""
        return f"robot{next(self.users)}"

    def url(self, user: str, *, scheme: str = "imap", folder: str = "INBOX") -> str:
        """The address of a mailbox, as `CONCIERGE_MAILBOX` takes it."""
        port = self.tls_port if scheme == "imaps" else self.plain_port
        return f"{scheme}://{user}:pass%2Fw%C3%B6rd%401%3A%25@127.0.0.1:{port}/{folder}"

    @contextlib.contextmanager
    def signed_in(self, user: str) -> Iterator[IMAPClient]:
        """A person's own program, looking at the mailbox."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        with IMAPClient("127.0.0.1", self.tls_port, ssl=True, ssl_context=context) as client:
            client.plain_login(user, PASSWORD)
            client.select_folder("INBOX")
            yield client

    def put(self, user: str, *messages: bytes) -> None:
        """Put messages into somebody's mailbox."""
        with self.signed_in(user) as client:
            for message in messages:
                client.append("INBOX", message)


@contextlib.contextmanager
def running_dovecot() -> Iterator[ImapServer]:
    """Start a Dovecot (as nobody when we are root), stop it after.

    :raises LookupError: when Dovecot is not installed
    :raises RuntimeError: when it does not start; carries its own words
    """
    program = programs.dovecot()
    if program is None:
        raise LookupError("Dovecot is not installed. Type: sudo apt-get install -y dovecot-imapd")
    # a socket's path holds 107 bytes at most, so not below a long TMPDIR
    folder = Path(tempfile.mkdtemp(prefix="concierge-imap-", dir="/tmp" if Path("/tmp").is_dir() else None))
    process: subprocess.Popen[bytes] | None = None

    def clean() -> None:
        if process is not None:
            stop(process, with_signal=signal.SIGTERM)
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(clean)
    try:
        ports = free_port(), free_port()
        process = _start(program, folder, *ports)
        yield ImapServer(folder, process.pid, *ports, count(1))
    finally:
        clean()
        atexit.unregister(clean)


@pytest.fixture(scope="session")
def imap() -> Iterator[ImapServer]:
    """An IMAP server of this test process's own; skips (or fails in CI) where none is installed."""
    if programs.dovecot() is None:
        programs.missing("Dovecot (IMAP server)", install="sudo apt-get install -y dovecot-imapd")
    with running_dovecot() as server:
        yield server


class _Receiver(Controller):
    """Listens on a port that is its own from the beginning: nobody can take it meanwhile."""

    def __init__(self, handler: object, own: socket.socket) -> None:
        self._own = own
        host, port = own.getsockname()
        super().__init__(handler, hostname=host, port=port, ready_timeout=START_TIMEOUT_S)

    def _create_server(self) -> Any:  # Any: as the class above
        return self.loop.create_server(self._factory_invoker, sock=self._own)


@contextlib.contextmanager
def receiving(handler: object) -> Iterator[str]:
    """Take letters by SMTP as a handler of aiosmtpd's says; gives the address, as `CONCIERGE_MAIL` takes it."""
    with socket.create_server(("127.0.0.1", 0)) as own:
        server = _Receiver(handler, own)
        server.start()
        try:
            yield f"smtp://127.0.0.1:{server.port}"
        finally:
            server.stop()


def _start(program: str, folder: Path, plain_port: int, tls_port: int) -> subprocess.Popen[bytes]:
    person = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    _make_certificate(folder)
    (folder / "dovecot.conf").write_text(
        CONFIGURATION.format(
            folder=folder,
            user=person.pw_name,
            group=grp.getgrgid(person.pw_gid).gr_name,
            password=PASSWORD.replace("%", "%%"),
            plain_port=plain_port,
            tls_port=tls_port,
        )
    )
    for part in ("run", "state", "mail", "home"):
        (folder / part).mkdir()
    is_root = os.geteuid() == 0
    if is_root:
        for path in (folder, *folder.iterdir()):
            os.chown(path, person.pw_uid, person.pw_gid)
    log = folder / "started"
    with log.open("wb") as lines:
        process = subprocess.Popen(
            [program, "-F", "-c", str(folder / "dovecot.conf")],
            stdin=subprocess.DEVNULL, stdout=lines, stderr=lines, cwd=folder,
            preexec_fn=dies_with_parent(signal.SIGTERM),
            **({"user": person.pw_uid, "group": person.pw_gid, "extra_groups": ()} if is_root else {}),
        )  # fmt: skip
    try:
        _wait(process, folder, plain_port)
    except BaseException:
        stop(process, with_signal=signal.SIGTERM)
        raise
    return process


def _make_certificate(folder: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
        check=True, capture_output=True,
    )  # fmt: skip


def _wait(process: subprocess.Popen[bytes], folder: Path, port: int) -> None:
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < give_up_at:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as probe:
            if probe.recv(4) == b"* OK":
                return
        time.sleep(0.05)
    said = [
        path.read_text(errors="replace")[-1500:]
        for path in (folder / "started", folder / "log")
        if path.exists()
    ]
    raise RuntimeError(f"Dovecot did not start: {' '.join(said)}")
