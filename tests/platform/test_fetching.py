"""What an address on the web holds is fetched without reaching inside, waiting for ever, or taking everything."""

import gzip
import ssl
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from concierge.platform import fetching
from concierge.platform.fetching import (
    Answered,
    BadAddress,
    Forbidden,
    NotSecure,
    TooLarge,
    TooSlow,
    Unfetched,
    Unreachable,
    is_public,
)
from tests.web_server import NAMES, NEAR, WebServer, ok, raw, to, unless_known

FILE = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
SECRET = "/secret-4711/basic.ics"
BRIEF_S = 0.6
SOON_S = 10.0
"""Far more than the time allowed, far less than what the server would take."""

PUBLIC = ("93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001:82f::200e")
INSIDE = (
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1",
    "172.31.255.254", "192.168.0.1", "169.254.169.254", "100.64.0.1", "100.127.255.254", "192.0.0.8",
    "192.0.0.9", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1",
    "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1",
    "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd00::1",
    "fe80::1", "fe80::1%eth0", "2606:2800:220:1::1%1", "fec0::1", "ff02::1", "ff0e::1",
    "no address", "", "127.1", "0x7f000001",
)  # fmt: skip
NO_ADDRESSES = (
    "", "  ", "calendar.example.com/basic.ics", "http://calendar.example.com/a", "ftp://calendar.example.com/",
    "file:///etc/passwd", "data:text/calendar,BEGIN", "javascript:alert(1)", "//calendar.example.com/a",
    "https://", "https:///a", "https://localhost/", "https://intranet/a.ics", "https://127.0.0.1/",
    "https://127.1/", "https://0x7f000001/", "https://0x7f.1/", "https://2130706433/", "https://0177.0.0.1/",
    "https://0/", "https://017700000001/", "https://①②⑦.⓪.⓪.①/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
    "https://[fe80::1%25eth0]/", "https://user@calendar.example.com/", "https://a:b@calendar.example.com/",
    "https://@calendar.example.com/", "https://calendar.example.com:8443/", "https://calendar.example.com:80/",
    "https://calendar.example.com:0/", "https://calendar.example.com:99999/",
    "https://calendar.example.com:x/", "https://calendar.example.com\\@evil.example.org/",
    "https://calendar.example.com/a b", "https://calendar.example.com/a\r\nHost: x", "https://a..example.com/",
    "https://-a.example.com/", "https://a_b.example.com/", "https://*.example.com/", "https://exa\x00mple.com/",
    "https://" + "a" * 64 + ".com/", "https://calendar.example.com/" + "a" * 500, "https://1.2.3.4.5/",
    "https://example.0x7f/",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _language(sqlite_app: Flask) -> Iterator[None]:
    with sqlite_app.test_request_context():
        yield


@pytest.mark.parametrize("address", PUBLIC)
def test_the_open_web_may_be_reached(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", INSIDE)
def test_no_other_network_may_be_reached(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_is_no_plain_https_address_of_a_named_server_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadAddress) as refusal:
        fetching.checked_address(text)

    assert refusal.value.sentence.endswith(".")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" https://calendar.example.com/a.ics ", "https://calendar.example.com/a.ics"),
        ("webcal://Calendar.Example.com./a.ics#x", "https://calendar.example.com/a.ics"),
        ("https://calendar.example.com:443", "https://calendar.example.com/"),
        ("https://bücher.example.com/ä?b=ü&c=%20", "https://xn--bcher-kva.example.com/%C3%A4?b=%C3%BC&c=%20"),
    ],
)
def test_an_address_is_kept_as_it_is_asked_for(typed: str, kept: str) -> None:
    assert fetching.checked_address(typed) == kept


def test_a_file_is_fetched_under_its_own_name(web: WebServer) -> None:
    web.answers[SECRET + "?a=b"] = ok(FILE, 'ETag: "one"')

    found = fetching.get(web.address(SECRET + "?a=b#c"), by=web.way())

    assert (found.data, found.entity_tag) == (FILE, '"one"')
    asked = web.asked[0]
    assert asked.headers["host"] == f"{NAMES[0]}:{web.port}"
    assert asked.server_name == NAMES[0], "the name stands in the TLS greeting as well"
    assert asked.headers["user-agent"].startswith("Mozilla/5.0")
    assert not {"authorization", "cookie"} & asked.headers.keys()


@pytest.mark.parametrize(
    "inside", ["10.0.0.7", "::1", "169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::a00:1"]
)
def test_a_name_that_leads_inside_is_not_followed_even_if_it_leads_outside_as_well(
    web: WebServer, inside: str
) -> None:
    way = replace(web.way(), look_up=lambda _name, _port: (NEAR, inside))

    with pytest.raises(Forbidden):
        fetching.get(web.address(SECRET), by=way)

    assert not web.connections


def test_a_name_that_means_something_else_a_moment_later_gains_nothing(web: WebServer) -> None:
    web.answers[SECRET] = ok(FILE)
    told = iter([(NEAR,), ("10.0.0.7",), ("10.0.0.7",)])
    way = replace(web.way(), look_up=lambda _name, _port: next(told))

    assert fetching.get(web.address(SECRET), by=way).data == FILE

    assert next(told) == ("10.0.0.7",), "the name was looked up once, and the answer is where it went"


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
def test_redirects_are_followed(web: WebServer, status: str) -> None:
    web.answers[SECRET] = to(web.address("/b.ics", name=NAMES[1]), status)
    web.answers["/b.ics"] = to("c.ics")
    web.answers["/c.ics"] = ok(FILE)

    assert fetching.get(web.address(SECRET), by=web.way()).data == FILE

    assert [asked.server_name for asked in web.asked] == [NAMES[0], NAMES[1], NAMES[1]]


def test_a_redirect_inside_is_not_followed(web: WebServer) -> None:
    web.answers[SECRET] = to(web.address("/b.ics", name=NAMES[1]))
    places = {NAMES[0]: (NEAR,), NAMES[1]: ("192.168.1.1",)}
    way = replace(web.way(), look_up=lambda name, _port: places[name])

    with pytest.raises(Forbidden):
        fetching.get(web.address(SECRET), by=way)

    assert len(web.connections) == 1


@pytest.mark.parametrize(
    "place",
    ["http://calendar.example.com/a", "https://127.0.0.1/a", "https://localhost/", "https://a:b@other.example.com/",
     "file:///etc/passwd", "https://other.example.com:22/", "//intranet/"],
)  # fmt: skip
def test_a_redirect_to_what_nobody_may_type_is_refused(web: WebServer, place: str) -> None:
    web.answers[SECRET] = to(place)

    with pytest.raises(BadAddress):
        fetching.get(web.address(SECRET), by=web.way())


def test_the_sixth_redirect_is_one_too_many(web: WebServer) -> None:
    for number in range(6):
        web.answers[f"/{number}"] = to(f"/{number + 1}")
    web.answers["/6"] = ok(FILE)

    assert fetching.get(web.address("/1"), by=web.way()).data == FILE
    with pytest.raises(Unreachable):
        fetching.get(web.address("/0"), by=web.way())


def test_what_has_not_changed_is_not_sent_again(web: WebServer) -> None:
    web.answers[SECRET] = unless_known(FILE, '"one"')

    first = fetching.get(web.address(SECRET), by=web.way())
    second = fetching.get(
        web.address(SECRET), entity_tag=first.entity_tag, last_modified=first.last_modified, by=web.way()
    )

    assert first.data == FILE
    assert second.data is None
    assert web.asked[1].headers["if-modified-since"] == "Mon, 02 Mar 2026 08:00:00 GMT"


@pytest.mark.parametrize("tag", ["x" * 300, 'a"\x01', "ü"])
def test_a_tag_that_cannot_be_kept_whole_is_not_kept(web: WebServer, tag: str) -> None:
    web.answers[SECRET] = ok(FILE, f"ETag: {tag}")

    assert fetching.get(web.address(SECRET), by=web.way()).entity_tag == ""


def test_packed_answers_are_unpacked(web: WebServer) -> None:
    web.answers["/g"] = ok(gzip.compress(FILE), "Content-Encoding: gzip")
    web.answers["/d"] = ok(zlib.compress(FILE), "Content-Encoding: deflate")

    assert fetching.get(web.address("/g"), by=web.way()).data == FILE
    assert fetching.get(web.address("/d"), by=web.way()).data == FILE


def test_more_than_we_take_is_refused_however_it_comes(web: WebServer) -> None:
    mib = 1024 * 1024
    web.answers["/declared"] = raw("200 OK", b"", f"Content-Length: {40 * mib}")
    web.answers["/undeclared"] = raw("200 OK", b"x" * (2 * mib))
    web.answers["/packed"] = ok(gzip.compress(bytes(200 * mib), 9), "Content-Encoding: gzip")
    way = web.way(most_bytes=mib)

    for path in ("/declared", "/undeclared", "/packed"):
        with pytest.raises(TooLarge):
            fetching.get(web.address(path), by=way)


def test_packed_again_and_again_is_refused(web: WebServer) -> None:
    web.answers[SECRET] = ok(gzip.compress(gzip.compress(FILE)), "Content-Encoding: gzip, gzip")

    with pytest.raises(Answered):
        fetching.get(web.address(SECRET), by=web.way())


def test_a_server_that_sends_a_byte_now_and_then_ends_like_one_that_sends_none(
    web: WebServer, silence: int
) -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    web.answers["/head"] = lambda talk: talk.drip(whole * 100)
    web.answers["/never"] = lambda talk: talk.drip(b"", every_s=1) or (talk.ended.wait() and None)  # type: ignore[func-returns-value]  # waits
    web.answers["/body"] = lambda talk: (talk.send(whole), talk.drip(b"x" * 100000))[1]  # type: ignore[func-returns-value]  # both
    web.answers["/endless"] = lambda talk: (  # type: ignore[func-returns-value]  # both
        talk.send(b"HTTP/1.1 200 OK\r\n\r\n"), talk.drip(b"x" * 100000),
    )[1]  # fmt: skip
    way = web.way(seconds=BRIEF_S)
    quiet = replace(way, ports=frozenset({silence}))

    for address, by in [
        *((web.address(path), way) for path in ("/head", "/never", "/body", "/endless")),
        (f"https://{NAMES[0]}:{silence}/", quiet),
    ]:
        before = time.monotonic()
        with pytest.raises(TooSlow):
            fetching.get(address, by=by)
        assert time.monotonic() - before < SOON_S, address


def test_redirects_share_the_time_of_one_fetch(web: WebServer) -> None:
    def slowly(talk: object) -> None:
        talk.ended.wait(0.3)  # type: ignore[attr-defined]  # a conversation
        to(SECRET)(talk)  # type: ignore[arg-type]  # as above

    web.answers[SECRET] = slowly
    before = time.monotonic()

    with pytest.raises(TooSlow):
        fetching.get(web.address(SECRET), by=web.way(seconds=BRIEF_S))

    assert time.monotonic() - before < SOON_S


def test_a_name_nobody_answers_for_ends_in_time(web: WebServer) -> None:
    way = replace(
        web.way(seconds=BRIEF_S), look_up=lambda _name, _port: (web.ended.wait(SOON_S) and (NEAR,)) or (NEAR,)
    )
    before = time.monotonic()

    with pytest.raises(TooSlow):
        fetching.get(web.address(SECRET), by=way)

    assert time.monotonic() - before < SOON_S


def test_only_a_server_that_proves_its_name_is_believed(web: WebServer) -> None:
    web.answers[SECRET] = ok(FILE)

    with pytest.raises(NotSecure):
        fetching.get(web.address(SECRET, name="stranger.example.org"), by=web.way())
    with pytest.raises(NotSecure):
        fetching.get(web.address(SECRET), by=replace(web.way(), context=ssl.create_default_context))

    assert not web.asked


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (raw("401 Unauthorized", b"", "Content-Length: 0"), Answered),
        (raw("404 Not Found", b"", "Content-Length: 0"), Answered),
        (raw("500 Oops", b"", "Content-Length: 0"), Answered),
        (raw("204 No Content"), Answered),
        (raw("302 Found", b"", "Content-Length: 0"), Answered),
        (raw("200 OK", b"half", "Content-Length: 4000"), Unreachable),
        (raw("200 OK", b"5\r\nhello\r\n", "Transfer-Encoding: chunked"), Unreachable),
        (raw("200 OK", b"zz\r\nhello\r\n", "Transfer-Encoding: chunked"), Unreachable),
        (raw("200 OK", b"no gzip", "Content-Encoding: gzip", "Content-Length: 7"), Unreachable),
        (lambda talk: talk.send(b"\x00\xff garbage \r\n\r\n"), Unreachable),
        (lambda talk: talk.send(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n"), Unreachable),
        (lambda talk: talk.send(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n"), Unreachable),
        (lambda talk: None, Unreachable),
    ],
)  # fmt: skip
def test_every_failure_is_a_sentence_that_does_not_hold_the_address(
    web: WebServer, answer: object, kind: type[Unfetched]
) -> None:
    web.answers[SECRET] = answer  # type: ignore[assignment]  # an answer

    with pytest.raises(kind) as refusal:
        fetching.get(web.address(SECRET), by=web.way())

    assert refusal.value.sentence.endswith(".")
    assert "4711" not in str(refusal.value)
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


def test_nobody_there_is_a_sentence(web: WebServer) -> None:
    def unknown(_name: str, _port: int) -> tuple[str, ...]:
        raise OSError("no such name")

    with pytest.raises(Unreachable):
        fetching.get(web.address(SECRET), by=replace(web.way(), look_up=unknown))
    with pytest.raises(Unreachable):
        fetching.get("https://calendar.example.com:1/", by=replace(web.way(), ports=frozenset({1})))


def test_the_way_in_production_reaches_the_open_web_only(sqlite_app: Flask) -> None:
    assert fetching.way() is fetching.OPEN_WEB
    assert fetching.OPEN_WEB.may_reach is is_public
    assert fetching.OPEN_WEB.ports == {443}
    assert fetching.OPEN_WEB.context().verify_mode is ssl.CERT_REQUIRED
    assert fetching.OPEN_WEB.context().check_hostname
