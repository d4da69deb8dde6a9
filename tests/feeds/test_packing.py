"""Calendar files packed in pieces: one gzip file to every reader, the same for the same file, cheap to change."""

import gzip
import http.server
import random
import re
import shutil
import subprocess
import threading
import time
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

from concierge.feeds import lint, shelf, vevent
from concierge.platform import uids
from tests.bench import weight
from tests.feeds.test_entries_as_bytes import ENTRY, file_of

MANY = 1000


@pytest.fixture(autouse=True)
def empty_shelf() -> Iterator[None]:
    shelf.clear()
    yield
    shelf.clear()


def entries(count: int, *, seed: int = 7) -> list[bytes]:
    """Entries with UIDs, times and texts of their own."""
    chance = random.Random(seed)
    words = ["Isar Klinik", "Kantonsspital Aarefeld", "Institut Lémanique", "Łódź", "Labor 日本"]
    return [
        vevent.render(
            replace(
                ENTRY,
                uid=str(uuid.UUID(int=chance.getrandbits(128), version=4)),  # as names were once
                start=ENTRY.start + timedelta(hours=number),
                end=ENTRY.start + timedelta(hours=number + chance.randrange(1, 9)),
                summary=f"{chance.choice(words)} {number}",
                description=f"{chance.choice(words)}\nhttps://concierge.example/visits/{chance.randrange(10_000)}",
            )
        )
        for number in range(count)
    ]


def reads(packed: bytes, *, step: int) -> bytes:
    """What a program gets that unpacks bytes as they arrive."""
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
    got = b"".join(reader.decompress(packed[at : at + step]) for at in range(0, len(packed), step))
    assert reader.eof
    assert reader.unused_data == b""
    return got


@pytest.fixture(scope="module")
def plain() -> bytes:
    return file_of(*entries(MANY))


def test_f27_a_large_file_in_pieces_is_one_gzip_file_to_every_program(plain: bytes) -> None:
    packed = shelf.packed(plain)

    assert len(shelf._pieces(plain)) > 8
    assert gzip.decompress(packed) == shelf.unpacked(packed) == plain
    for step in (1, 13, 4096, len(packed)):
        assert reads(packed, step=step) == plain
    assert len(packed) < len(gzip.compress(plain, compresslevel=6)) * 1.03
    for program in filter(shutil.which, ("gzip", "pigz")):
        told = subprocess.run([program, "-dc"], input=packed, capture_output=True, check=True)
        assert told.stdout == plain


def test_f27_curl_and_a_browser_read_it(plain: bytes, browser: Browser) -> None:
    packed = shelf.packed(plain)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(packed)))
            self.end_headers()
            self.wfile.write(packed)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        if shutil.which("curl"):
            told = subprocess.run(["curl", "-sS", "--compressed", address], capture_output=True, check=True)
            assert told.stdout == plain
        page = browser.new_page()
        page.goto(address)
        shown = page.evaluate("() => fetch('/').then(answer => answer.text())")
        page.close()
        server.shutdown()
    assert shown == plain.decode()


def test_c2_c4_the_same_file_gives_the_same_bytes_whatever_was_packed_before(plain: bytes) -> None:
    afresh = shelf.packed(plain)
    again = shelf.packed(plain)
    shelf.clear()
    others = entries(MANY)
    for number in (0, 1, 500, 998, 999):
        shelf.packed(file_of(*others[:number], *others[number + 1 :]))

    assert shelf.packed(plain) == again == afresh


def test_after_one_change_only_the_pieces_around_it_are_packed_anew(
    plain: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[bytes] = []
    pack = shelf._packed_after

    def counted(seen: bytes, piece: bytes) -> bytes:
        done.append(piece)
        return pack(seen, piece)

    monkeypatch.setattr(shelf, "_packed_after", counted)
    rows = entries(MANY)
    shelf.packed(plain)
    for changed in (
        [*rows[:400], rows[400].replace(b"SEQUENCE:2", b"SEQUENCE:3"), *rows[401:]],
        [*rows[:700], *entries(1, seed=99), *rows[700:]],
        [*rows[:300], *rows[301:]],
        rows[1:],
        rows[:-1],
    ):
        done.clear()
        data = file_of(*changed)
        assert gzip.decompress(shelf.packed(data)) == data
        assert 1 <= len(done) <= 3
        assert sum(map(len, done)) < len(data) * 0.6


def test_the_calendar_of_a_team_packs_to_seventy_bytes_an_entry() -> None:
    """Names, folds and the order of properties are made for it; with names of 122 random bits it is a fifth more."""
    data = weight.file_of_a_team()
    random_names = re.sub(rb"(?<=\r\nUID:)[^\r]+", lambda _: str(uuid.uuid4()).encode(), data)

    assert data.count(b"BEGIN:VEVENT") == weight.VISITS
    assert lint.problems(data) == ()
    assert weight.weight(data) < 70 * weight.VISITS
    assert weight.weight(random_names) > 1.2 * weight.weight(data)


def test_f9_names_are_unlike_everywhere_and_tell_nothing(app: Flask) -> None:
    at = datetime(2026, 11, 22, 10, 30, 7, 999_999, tzinfo=UTC)
    names = {uids.fresh_uid(at=at) for _ in range(2000)}

    assert len(names) == 2000, "made in one second"
    (ending,) = {name.rpartition("-")[2] for name in names}
    assert all(re.fullmatch(r"20261122T103007Z-[a-z2-7]{8}-[a-z2-7]{16}", name) for name in names)
    assert ending != uids._ending("another installation's key")


def test_a_small_file_is_packed_at_once_and_keeps_no_pieces() -> None:
    data = file_of(*entries(40))

    assert shelf.packed(data) == gzip.compress(data, compresslevel=6, mtime=0)
    assert not shelf._files


@settings(max_examples=60, deadline=None)
@given(
    data=st.lists(
        st.sampled_from(
            [
                b"x" * 40_000,
                b"END:VEVENT\r\nBEGIN:VEVENT\r\nUID:",
                b"\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:a\r\n",
                b"\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nDTSTAMP:1\r\nCREATED:1\r\nUID:a\r\n",
                b"\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:%d\r\n" % 7,
                bytes(range(256)) * 50,
                b"\0",
                b"",
            ]
        )
        | st.binary(max_size=50)
        | st.integers(0, 999).map(lambda n: b"\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:%d\r\n" % n),
        max_size=300,
    ).map(b"".join)
)
def test_whatever_is_packed_comes_out_again(data: bytes) -> None:
    packed = shelf.packed(data)

    assert b"".join(shelf._pieces(data)) == data
    assert gzip.decompress(packed) == reads(packed, step=997) == data


def test_packing_after_a_change_costs_a_fraction_of_packing_afresh(plain: bytes) -> None:
    rows = entries(MANY)
    afresh = spent(plain, afresh=True)
    after = []
    for number in range(5, 900, 100):
        rows[number] = rows[number].replace(b"SEQUENCE:2", b"SEQUENCE:3")
        after.append(spent(file_of(*rows)))

    assert sorted(after)[len(after) // 2] < afresh / 2


def spent(data: bytes, *, afresh: bool = False) -> float:
    """Processor time of packing."""
    if afresh:
        shelf.clear()
    began = time.process_time()
    shelf.packed(data)
    return time.process_time() - began
