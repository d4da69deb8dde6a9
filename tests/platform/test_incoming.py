"""The mailbox: each message kept once, whole, marked only then; a server in trouble costs little and is named."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from concierge.cli.mailbox import mailbox as commands
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock, files, incoming, mailbox, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import Delivery
from concierge.platform.events import RecordedEvent
from concierge.platform.incoming import IncomingMail, Mailbox
from concierge.platform.settings import BadSetting, current, load
from tests.mail_server import ImapServer
from tests.makers import people

HELLO = b"From: Yuki Mori <yuki@customer.example>\r\nTo: schedule+1.x@concierge.example\r\nSubject: Hello\r\n\r\nHi\r\n"


@pytest.fixture(autouse=True)
def own_mailbox(app: Flask, tmp_path: Path) -> Iterator[None]:
    app.extensions["concierge.mailbox"] = tmp_path / "mailbox"
    yield
    mailbox.register(app, current())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A mailbox of files, as it is before anybody looked into it."""
    (tmp_path / "mailbox" / "new").mkdir(parents=True)
    return tmp_path / "mailbox"


@pytest.fixture
def trusted(imap: ImapServer, monkeypatch: pytest.MonkeyPatch) -> ImapServer:
    """The IMAP server, whose certificate this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(imap.certificate))
    return imap


def use(app: Flask, address: str) -> None:
    app.extensions["concierge.mailbox"] = mailbox.place_of(replace(current(), mailbox=address))


def kept() -> list[IncomingMail]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(IncomingMail).order_by(IncomingMail.id)))


def state() -> Mailbox:
    db.session.rollback()
    return db.session.scalars(sa.select(Mailbox).execution_options(populate_existing=True)).one()


def message(number: int, *, size: int = 0) -> bytes:
    body = (b"x" * 76 + b"\r\n") * (size // 78)
    return b"Subject: No. %d\r\nMessage-ID: <%d@customer.example>\r\n\r\nText\r\n%b" % (number, number, body)


# ---------------------------------------------------------------- a folder


def test_a_message_in_the_folder_is_kept_whole_and_then_marked(app: Flask, folder: Path) -> None:
    (folder / "new" / "1700.M1.host").write_bytes(HELLO)

    assert mailbox.read_now() == 1

    (mail,) = kept()
    assert incoming.bytes_of(mail) == HELLO
    assert (mail.sender, mail.recipients, mail.subject) == (
        "yuki@customer.example",
        "schedule+1.x@concierge.example",
        "Hello",
    )
    assert mail.digest == sha256(HELLO).hexdigest()
    assert [path.name for path in (folder / "cur").iterdir()] == ["1700.M1.host:2,S"]
    assert mailbox.read_now() == 0


def test_the_same_message_twice_is_one(app: Flask, folder: Path) -> None:
    for name in ("first", "second"):
        (folder / "new" / name).write_bytes(HELLO)

    assert mailbox.read_now() == 1

    assert len(kept()) == 1
    assert not list((folder / "new").iterdir())
    assert db.session.scalar(sa.select(sa.func.count(RecordedEvent.id))) == 1


def test_flags_of_a_message_stay(app: Flask, folder: Path) -> None:
    (folder / "new" / "1.host:2,FR").write_bytes(HELLO)

    mailbox.read_now()

    assert (folder / "cur" / "1.host:2,FRS").exists()


def test_of_a_message_that_is_too_large_the_head_is_kept(app: Flask, folder: Path) -> None:
    (folder / "new" / "large").write_bytes(HELLO + b"x" * incoming.LARGEST)

    mailbox.read_now()

    (mail,) = kept()
    assert mail.note == mailbox.TOO_LARGE
    assert incoming.bytes_of(mail) == HELLO.removesuffix(b"\r\nHi\r\n") + b"\r\n"
    assert (folder / "cur" / "large:2,S").stat().st_size > incoming.LARGEST


def test_what_is_no_plain_file_is_never_opened(app: Flask, folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"Subject: not yours\r\n\r\n")
    (folder / "new" / "link").symlink_to(secret)
    (folder / "new" / "folder").mkdir()
    os.mkfifo(folder / "new" / "pipe")
    (folder / "new" / ".unfinished").write_bytes(HELLO)

    assert mailbox.read_now() == 0

    assert kept() == []


def test_a_message_that_was_not_kept_stays_where_it_is(
    app: Flask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "new" / "first").write_bytes(HELLO)

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files, "store", full)
        with pytest.raises(OSError, match="No space left"):
            mailbox.read_now()

    assert (folder / "new" / "first").exists()
    assert mailbox.read_now() == 1


def test_a_folder_that_cannot_be_opened_is_a_problem_with_words(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "mailbox").write_text("no folder")

    assert mailbox.read_now() == 0

    assert state().problem.startswith("The mailbox folder cannot be opened")


def test_every_minute_the_worker_looks_into_the_mailbox(app: Flask, folder: Path) -> None:
    (folder / "new" / "first").write_bytes(HELLO)

    worker.put_up(app)
    worker.drain(app)

    assert len(kept()) == 1
    done = db.session.scalars(sa.select(Delivery).where(Delivery.name == "mailbox.read")).one()
    assert (done.queue, done.status.value) == ("mail", "done")


def test_an_empty_folder_costs_no_delivery(app: Flask, folder: Path) -> None:
    with unit_of_work():
        mailbox.put_up(at=clock.now())

    assert db.session.scalar(sa.select(sa.func.count(Delivery.id))) == 0


# ---------------------------------------------------------------- a server


@pytest.mark.parametrize("scheme", ["imap", "imaps"])
def test_messages_on_a_server_are_kept_and_seen(app: Flask, trusted: ImapServer, scheme: str) -> None:
    user = trusted.user()
    trusted.put(user, message(1), message(2, size=3_000_000))
    use(app, trusted.url(user, scheme=scheme))

    assert mailbox.read_now() == 2

    assert [mail.subject for mail in kept()] == ["No. 1", "No. 2"]
    assert incoming.bytes_of(kept()[1]) == message(2, size=3_000_000)
    with trusted.signed_in(user) as client:
        assert [b"\\Seen" in flags for flags in client.get_flags([1, 2]).values()] == [True, True]
    assert (state().last_uid, state().problem) == (2, "")
    assert mailbox.read_now() == 0


def test_flags_that_people_set_stay(app: Flask, trusted: ImapServer) -> None:
    user = trusted.user()
    trusted.put(user, message(1))
    with trusted.signed_in(user) as client:
        client.add_flags([1], [b"\\Flagged", b"$Important"])
    use(app, trusted.url(user))

    mailbox.read_now()

    with trusted.signed_in(user) as client:
        assert {b"\\Flagged", b"$Important", b"\\Seen"} <= set(client.get_flags([1])[1])


def test_a_message_is_not_marked_before_it_is_kept(
    app: Flask, trusted: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = trusted.user()
    trusted.put(user, message(1))
    use(app, trusted.url(user))

    def full(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the database is gone")

    with monkeypatch.context() as patched:
        patched.setattr(incoming, "keep", full)
        with pytest.raises(RuntimeError):
            mailbox.read_now()

    with trusted.signed_in(user) as client:
        assert b"\\Seen" not in client.get_flags([1])[1]
    assert mailbox.read_now() == 1


def test_a_server_that_counts_anew_is_read_from_the_start_and_nothing_twice(
    app: Flask, trusted: ImapServer
) -> None:
    user = trusted.user()
    with trusted.signed_in(user) as client:
        client.create_folder("Answers")
        client.append("Answers", message(1))
    use(app, trusted.url(user, folder="Answers"))
    mailbox.read_now()
    before = state().uid_validity
    with trusted.signed_in(user) as client:
        client.delete_folder("Answers")
        client.create_folder("Answers")
        client.append("Answers", message(1))
        client.append("Answers", message(2))

    assert mailbox.read_now() == 1

    assert state().uid_validity != before
    assert [mail.subject for mail in kept()] == ["No. 1", "No. 2"]


def test_a_message_that_vanishes_meanwhile_is_passed_over(
    app: Flask, trusted: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = trusted.user()
    trusted.put(user, message(1), message(2), message(3))
    use(app, trusted.url(user))
    search = mailbox._Client.search

    def then_somebody_deletes(self: Any, *args: Any) -> Any:
        found = search(self, *args)
        with trusted.signed_in(user) as client:
            client.delete_messages([2])
            client.expunge()
        return found

    monkeypatch.setattr(mailbox._Client, "search", then_somebody_deletes)

    assert mailbox.read_now() == 2

    assert [mail.subject for mail in kept()] == ["No. 1", "No. 3"]
    assert (state().problem, state().last_uid) == ("", 3)


def test_two_workers_keep_each_message_once(app: Flask, trusted: ImapServer) -> None:
    user = trusted.user()
    trusted.put(user, *(message(number) for number in range(12)))
    use(app, trusted.url(user))
    counts: list[int] = []
    together = threading.Barrier(2)

    def work() -> None:
        with app.app_context():
            together.wait()
            counts.append(mailbox.read_now())

    hands = [threading.Thread(target=work) for _ in range(2)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()

    assert sum(counts) == 12
    assert len(kept()) == 12
    assert db.session.scalar(sa.select(sa.func.count(RecordedEvent.id))) == 12


def test_of_a_large_message_on_a_server_the_head_is_kept(
    app: Flask, trusted: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "LARGEST", 100_000)
    user = trusted.user()
    trusted.put(user, message(1, size=200_000), message(2))
    use(app, trusted.url(user))

    assert mailbox.read_now() == 2

    large, small = kept()
    assert (large.note, large.subject) == (mailbox.TOO_LARGE, "No. 1")
    assert incoming.bytes_of(large).endswith(b"\r\n\r\n")
    assert small.note == ""


def test_a_wrong_password_is_named_and_tried_less_and_less(app: Flask, trusted: ImapServer) -> None:
    right = trusted.url(trusted.user())
    use(app, right.replace("pass%2F", "fail%2F"))
    waits = []
    for _ in range(3):
        mailbox.read_now()
        waits.append(state().again_at - clock.now())  # type: ignore[operator]  # set after a failure

    assert state().problem == "The mail server refuses the name or the password. Check CONCIERGE_MAILBOX."
    assert [round(wait / timedelta(minutes=1)) for wait in waits] == [1, 2, 4]
    with unit_of_work():
        mailbox.put_up(at=clock.now())
    assert db.session.scalar(sa.select(sa.func.count(Delivery.id))) == 0
    with unit_of_work():
        mailbox.put_up(at=clock.now() + timedelta(minutes=5))
    assert db.session.scalar(sa.select(sa.func.count(Delivery.id))) == 1
    use(app, right)
    mailbox.read_now()
    assert (state().problem, state().failures, state().again_at) == ("", 0, None)


def test_the_password_is_nowhere_to_be_seen(
    app: Flask, trusted: ImapServer, caplog: pytest.LogCaptureFixture
) -> None:
    use(app, trusted.url(trusted.user()).replace("pass%2F", "fail%2F"))
    caplog.set_level("DEBUG")

    mailbox.read_now()

    assert "fail/" not in caplog.text
    assert "fail/" not in state().name + state().problem
    assert "fail/" not in repr(app.extensions["concierge.mailbox"])


def test_a_certificate_that_nobody_vouches_for_gets_no_password(app: Flask, imap: ImapServer) -> None:
    for scheme in ("imap", "imaps"):
        use(app, imap.url(imap.user(), scheme=scheme))
        mailbox.read_now()
        db.session.rollback()
        (problem,) = {row.problem for row in incoming.problems()}
        assert problem.startswith("The mail server's certificate is not trusted")


def test_without_encryption_a_password_is_said_on_this_machine_only(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with speaking(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n") as (port, heard):
        use(app, f"imap://robot:secret@127.0.0.1:{port}/INBOX")
        monkeypatch.setattr(mailbox.Server, "is_here", False)

        mailbox.read_now()

        assert (
            state().problem
            == "The mail server offers no encryption, so the password was not sent. Use imaps://."
        )
        assert b"secret" not in b"".join(heard)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("mail.example", False),
        ("10.0.0.1", False),
        ("127.0.0.1.example", False),
        ("localhost.example", False),
        ("0x7f.1", False),
    ],
)
def test_only_this_machine_is_here(host: str, is_here: bool) -> None:
    assert mailbox.Server(host, 143, "robot", "secret", "INBOX", is_tls=False).is_here is is_here


def test_a_missing_folder_is_named(app: Flask, trusted: ImapServer) -> None:
    use(app, trusted.url(trusted.user(), folder="Nowhere"))

    mailbox.read_now()

    assert state().problem == (
        "The mail server has no folder Nowhere that can be opened. Check CONCIERGE_MAILBOX."
    )


def test_a_server_that_is_away_is_named(app: Flask) -> None:
    with socket.socket() as mute:  # it has the port, and does not listen
        mute.bind(("127.0.0.1", 0))
        use(app, f"imap://robot:secret@127.0.0.1:{mute.getsockname()[1]}/INBOX")

        mailbox.read_now()

    assert state().problem == "The mail server cannot be reached. Check host and port of CONCIERGE_MAILBOX."


def test_what_came_before_a_connection_was_lost_is_kept(app: Flask, trusted: ImapServer) -> None:
    user = trusted.user()
    trusted.put(user, message(1), message(2), message(3, size=2_000_000))
    with cut_after(trusted.tls_port, 500_000) as port:
        use(app, trusted.url(user, scheme="imaps").replace(str(trusted.tls_port), str(port)))

        mailbox.read_now()

        assert [mail.subject for mail in kept()] == ["No. 1", "No. 2"]
        assert (state().problem, state().last_uid) == (
            "The connection to the mail server was lost. What it gave until then is kept.",
            2,
        )


@pytest.mark.parametrize("greeting", [b"", b"* OK [CAPABILITY IMAP4rev1] ready\r\n"])
def test_a_server_that_drips_costs_seconds_only(
    app: Flask, monkeypatch: pytest.MonkeyPatch, greeting: bytes
) -> None:
    monkeypatch.setattr(mailbox, "SECONDS", 0.6)
    with speaking(greeting, drip_s=0.05) as (port, _):
        use(app, f"imap://robot:secret@127.0.0.1:{port}/INBOX")
        began = time.monotonic()

        mailbox.read_now()

        assert time.monotonic() - began < 20
        assert state().problem.startswith("The mail server took longer than")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        b"* BYE go away\r\n",
        b"* OK " + b"x" * 2_000_000 + b"\r\n",
        b"* OK ready\r\n* 1 FETCH (BODY[] {9999999999}\r\n",
        b"\xff\xfe\x00\r\n",
        b"* PREAUTH welcome\r\n",
    ],
)
def test_a_server_that_speaks_nonsense_is_a_problem_and_no_failure(
    app: Flask, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(mailbox, "SECONDS", 3.0)
    with speaking(said) as (port, _):
        use(app, f"imap://robot:secret@127.0.0.1:{port}/INBOX")

        assert mailbox.read_now() == 0

        assert state().problem


def test_a_server_that_says_it_sends_gigabytes_is_left_at_once(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "SECONDS", 3.0)
    with speaking(b"* OK ready\r\n* 1 FETCH (BODY[] {9999999999}\r\n") as (port, _):
        use(app, f"imap://robot:secret@127.0.0.1:{port}/INBOX")

        mailbox.read_now()

        assert state().problem.startswith("The connection to the mail server was lost")


def test_a_problem_stands_on_the_page_of_deliveries(
    app: Flask, sign_in: Callable[[User], FlaskClient]
) -> None:
    with unit_of_work():
        person = people.user(name="Petra Falk", role=Role.ADMINISTRATOR)
        db.session.add(
            Mailbox(name="robot@mail.example:993/INBOX", problem="The mail server does not answer.")
        )

    page = sign_in(person).get("/settings/deliveries").get_data(as_text=True)

    assert "The mail server does not answer." in page
    assert "robot@mail.example:993/INBOX" in page


# ---------------------------------------------------------------- what is said of a message


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from([b"From", b"To", b"Subject", b"Message-ID", b"Cc", b"X", b"Delivered-To"]),
        max_size=6,
    ),
    st.lists(st.binary(max_size=300), min_size=6, max_size=6),
)
def test_any_bytes_are_kept(app: Flask, names: list[bytes], values: list[bytes]) -> None:
    data = b"".join(b"%b: %b\r\n" % pair for pair in zip(names, values, strict=False)) + b"\r\n" + values[-1]

    with unit_of_work():
        mail_id = incoming.keep(data, at=clock.now())

    if mail_id is not None:
        db.session.rollback()
        assert incoming.bytes_of(db.session.get_one(IncomingMail, mail_id)) == data


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "head",
    [
        b"To: " + b"a" * 2_000_000,
        b"To: " + b"a@" * 1_000_000,
        b"To: " + b"<" * 1_000_000,
        b"Subject: " + b"=?utf-8?q?" * 100_000,
        b"Subject: =?klingon?b?////?=",
        b"Subject: =?utf-8?b?" + b"A" * 70_000 + b"?=",
        b"".join(b"To: p%d@x.example\r\n" % number for number in range(20_000)),
        b"X: y\r\n " * 100_000,
        b"\r\n" * 100_000,
    ],
)
def test_a_head_that_is_made_to_hurt_takes_no_time(app: Flask, head: bytes) -> None:
    began = time.process_time()

    with unit_of_work():
        incoming.keep(head, at=clock.now())

    assert time.process_time() - began < 2


def test_the_sender_is_who_stands_in_angles(app: Flask) -> None:
    with unit_of_work():
        incoming.keep(b'From: "boss@corp.example" <mallory@evil.example>\r\n\r\n', at=clock.now())

    assert kept()[0].sender == "mallory@evil.example"


# ---------------------------------------------------------------- at a terminal


def test_a_terminal_reads_the_mailbox_and_takes_files_in(app: Flask, folder: Path, tmp_path: Path) -> None:
    (folder / "new" / "1").write_bytes(message(1))
    (tmp_path / "hello.eml").write_bytes(HELLO)
    runner = app.test_cli_runner()
    app.cli.add_command(commands)

    read = runner.invoke(args=["mailbox", "read"])
    taken = runner.invoke(args=["mailbox", "take", str(tmp_path / "hello.eml")])
    again = runner.invoke(args=["mailbox", "take", str(tmp_path / "hello.eml")])

    assert (read.output, read.exit_code) == ("1 new\n", 0)
    assert taken.output.startswith("hello.eml\tkept as no. ")
    assert again.output == "hello.eml\tknown already\n"
    assert len(kept()) == 2


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "address",
    ["imaps://mail.example", "http://a:b@c", "imaps://a:s3cret@host:port", "imaps:///INBOX", "INBOX"],
)
def test_an_address_that_is_none_stops_the_start_without_its_password(address: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="CONCIERGE_MAILBOX") as refused:
        load({"CONCIERGE_INSTANCE": str(tmp_path), "CONCIERGE_MAILBOX": address})

    assert "s3cret" not in str(refused.value)


def test_an_address_gives_user_host_and_folder(tmp_path: Path) -> None:
    there = {
        "CONCIERGE_INSTANCE": str(tmp_path),
        "CONCIERGE_MAILBOX": "imaps://a%40b.example:x%2Fy@Mail.example/Sub/Box",
    }

    place = mailbox.place_of(load(there))

    assert place == mailbox.Server("mail.example", 993, "a@b.example", "x/y", "Sub/Box", is_tls=True)
    assert mailbox.place_of(load({"CONCIERGE_INSTANCE": str(tmp_path)})) == tmp_path / "mailbox"


# ---------------------------------------------------------------- servers in trouble


@contextmanager
def speaking(greeting: bytes, *, drip_s: float = 0) -> Iterator[tuple[int, list[bytes]]]:
    """A server that says something to everybody, then listens, or drips a letter now and then."""
    ended = threading.Event()
    heard: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        connection.settimeout(0.05)
        with connection, suppress(OSError):
            connection.sendall(greeting)
            while not ended.is_set():
                if drip_s:
                    connection.sendall(b"*")
                    time.sleep(drip_s)
                with suppress(TimeoutError):
                    got = connection.recv(4096)
                    heard.append(got)
                    if not got:
                        return
                    if b" CAPABILITY" in got and not drip_s:
                        connection.sendall(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
                        connection.sendall(got.split()[0] + b" OK done\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, talk), daemon=True).start()
        yield server.getsockname()[1], heard
        ended.set()


@contextmanager
def cut_after(port: int, most: int) -> Iterator[int]:
    """A way to a server that breaks after so many bytes from it."""

    def carry(near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", port)) as far, suppress(OSError):
            threading.Thread(target=_copy, args=(near, far, None), daemon=True).start()
            _copy(far, near, most)
            near.shutdown(socket.SHUT_RDWR)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, carry), daemon=True).start()
        yield server.getsockname()[1]


def _copy(source: socket.socket, target: socket.socket, most: int | None) -> None:
    with suppress(OSError):
        while (data := source.recv(65536)) and (most is None or most > 0):
            target.sendall(data)
            most = None if most is None else most - len(data)


def _accept(server: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()
