"""Fetching what an address on the web holds: guarded, because the address was typed by a person.

Only https, only port 443, only addresses that the whole world can reach. A name is looked up once, every address
found is checked, and the connection goes to exactly one of them – a name that means something else a moment later
(DNS rebinding) gains nothing. Every redirect is checked anew. Time, size and redirects are limited in total: a
server that sends one byte a second ends like one that sends nothing.
"""

import contextlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import urllib3
from flask import current_app
from flask_babel import gettext as _
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError, SSLError

from concierge.platform.errors import Refused

MOST_REDIRECTS = 5
MOST_BYTES = 10 * 1024 * 1024
MOST_SECONDS = 20.0
MOST_SECONDS_TO_CONNECT = 6.0
"""To one address of a name; the next one is tried then."""
LONGEST_ADDRESS = 500
HTTPS = 443
USER_AGENT = "Mozilla/5.0 (compatible; Concierge/1.0)"
"""Some servers answer 500 to programs that do not call themselves a browser."""

_PIECE = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.ASCII)
_UNWANTED = re.compile(r"[\x00-\x20\x7f\\]")
_FAR = ipaddress.ip_network("2000::/3")
"""The only part of IPv6 that is given to the world (RFC 4291 §2.4)."""
_NOT_THERE = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # IETF protocol assignments; Python calls some of them global
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # Teredo, ORCHID and other assignments, which may carry an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4: carries an IPv4 address
        "3fff::/20",
    )
)


class Unfetched(Refused):
    """Nothing was fetched; the sentence says why and what to do, and never holds the address."""


class BadAddress(Unfetched):
    """What was typed is no address that may be fetched."""


class Forbidden(Unfetched):
    """The address leads to a place that is not on the open web."""


class Unreachable(Unfetched):
    """Nobody answers there, or the answer broke off."""


class NotSecure(Unfetched):
    """The server cannot prove that it is who it says it is."""


class Answered(Unfetched):
    """The server answered, but with something else than the file."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


class TooLarge(Unfetched):
    """There is more than we take."""


class TooSlow(Unfetched):
    """It takes longer than we wait."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was found: the bytes, and what to send along next time; `None` for bytes: it has not changed."""

    data: bytes | None
    entity_tag: str = ""
    last_modified: str = ""


def is_public(address: str) -> bool:
    """Say whether an IP address is one that the whole world reaches, and nothing that hides another in it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and (found.scope_id or found not in _FAR):
        return False
    if any(found.version == network.version and found in network for network in _NOT_THERE):
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


def looked_up(host: str, port: int) -> Sequence[str]:
    """Ask the system for the addresses of a name, in its order.

    :raises OSError: when there are none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Way:
    """How the web is reached. There is one in production, `OPEN_WEB`; tests bring their own server near."""

    look_up: Callable[[str, int], Sequence[str]] = looked_up
    may_reach: Callable[[str], bool] = is_public
    ports: frozenset[int] = frozenset({HTTPS})
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context
    seconds: float = MOST_SECONDS
    most_bytes: int = MOST_BYTES


OPEN_WEB = Way()


def way() -> Way:
    """The way that this application takes."""
    chosen: Way = current_app.extensions.get("concierge.way", OPEN_WEB)
    return chosen


@dataclass(frozen=True, slots=True)
class _Target:
    """An address, taken apart once; what is sent is made of these parts and of nothing else."""

    host: str
    port: int
    path: str
    """With the query, as it is asked for."""

    @property
    def named(self) -> str:
        """The name as a request carries it."""
        return self.host if self.port == HTTPS else f"{self.host}:{self.port}"

    @property
    def whole(self) -> str:
        """The address again."""
        return f"https://{self.named}{self.path}"


def checked_address(text: str) -> str:
    """Return an address as it will be fetched: https, in ASCII, without a fragment; webcal becomes https.

    :raises BadAddress: when it is not one that may be fetched.
    """
    return _target(text, OPEN_WEB.ports).whole


def get(
    address: str, *, entity_tag: str = "", last_modified: str = "", accept: str = "*/*", by: Way | None = None
) -> Fetched:
    """Fetch what an address holds, unless it still is what was fetched before.

    :param entity_tag: of the copy at hand, with `last_modified` as the server gave them.
    :param by: how the web is reached; `None` for the application's way.
    :raises Unfetched: of the kind that says why; never anything else.
    """
    route = by or way()
    headers = {"User-Agent": USER_AGENT, "Accept": accept, "Accept-Encoding": "gzip"}
    if entity_tag:
        headers["If-None-Match"] = entity_tag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    target = _target(address, route.ports)
    with _Clock(route.seconds) as clock:
        for _hop in range(MOST_REDIRECTS + 1):
            answer = _ask(target, headers, route, clock)
            if isinstance(answer, Fetched):
                return answer
            target = _target(urljoin(target.whole, answer), route.ports, redirected=True)
    raise Unreachable(
        _("The address leads from one place to the next without end. Copy it again from your calendar.")
    )


def _target(text: str, ports: frozenset[int], *, redirected: bool = False) -> _Target:
    """Take an address apart and refuse what may not be fetched.

    :raises BadAddress: when it is not one.
    """
    text = text if redirected else text.strip()
    if not text or len(text) > (8 * LONGEST_ADDRESS if redirected else LONGEST_ADDRESS):
        raise BadAddress(
            _("The address has to have %(most)s characters at most.", most=LONGEST_ADDRESS)
            if text
            else _("Enter the address of your calendar.")
        )
    if _UNWANTED.search(text):
        raise BadAddress(
            _("The address holds a space or another sign that cannot stand in it. Copy it again.")
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise BadAddress(_("This is no address. Copy it again from your calendar.")) from error
    scheme = "https" if parts.scheme == "webcal" else parts.scheme
    if scheme != "https":
        raise BadAddress(
            _(
                "The address leads to a place without encryption, which is not followed. Use one with https://."
            )
            if redirected
            else _("The address has to begin with https:// or webcal://.")
        )
    if parts.username is not None or parts.password is not None:
        raise BadAddress(
            _("The address holds a name or password. Use the secret address that your calendar offers.")
        )
    port = HTTPS if port is None else port
    if port not in ports:
        raise BadAddress(_("The address names a port other than 443. Use one without a port."))
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return _Target(_host(parts.hostname or ""), port, urlunsplit(("", "", path, query, "")))


def _host(host: str) -> str:
    """A name of the open web in ASCII; numbers, however written, and names without a dot are none.

    :raises BadAddress: when it is not one.
    """
    try:
        name = host.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError as error:
        raise BadAddress(_("The name in the address cannot be. Copy it again from your calendar.")) from error
    labels = name.split(".")
    last = labels[-1]
    is_name = len(labels) > 1 and len(name) <= 253 and all(_LABEL.fullmatch(label) for label in labels)
    if not is_name or last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last):
        raise BadAddress(
            _("The address has to hold the full name of a server, such as calendar.example.com.")
        )
    return name


class _Clock:
    """Ends what takes longer than the time allowed in total: at its last second it cuts the connection."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._cord: socket.socket | None = None
        self._late = threading.Event()
        self._alarm = threading.Timer(seconds, self._cut)
        self._alarm.daemon = True

    def __enter__(self) -> "_Clock":
        self._alarm.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._alarm.cancel()
        self.let_go()

    @property
    def left(self) -> float:
        """Seconds that are left.

        :raises TooSlow: when there are none.
        """
        self.check()
        return max(0.01, self._ends - time.monotonic())

    def check(self) -> None:
        """Go on only while there is time.

        :raises TooSlow: when there is none.
        """
        if self.is_over:
            raise _too_slow()

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self._late.is_set() or time.monotonic() >= self._ends

    def watch(self, connection: socket.socket) -> None:
        """Hold a connection by a second handle: whoever waits for it wakes when it is cut."""
        self.let_go()
        with self._lock:
            self._cord = connection.dup()
        if self._late.is_set():
            self._cut()

    def let_go(self) -> None:
        """Give the second handle up."""
        with self._lock:
            cord, self._cord = self._cord, None
        if cord is not None:
            cord.close()

    def _cut(self) -> None:
        self._late.set()
        with self._lock:
            if self._cord is not None:
                with contextlib.suppress(OSError):  # the other side was quicker
                    self._cord.shutdown(socket.SHUT_RDWR)


class _Pinned(HTTPSConnection):
    """A connection to one checked address, under the name it was looked up for: SNI, Host and certificate."""

    address: str
    clock: _Clock

    def _new_conn(self) -> socket.socket:
        patience = min(self.clock.left, MOST_SECONDS_TO_CONNECT)
        connection = socket.create_connection((self.address, self.port), timeout=patience)
        self.clock.watch(connection)
        return connection


def _ask(target: _Target, headers: dict[str, str], route: Way, clock: _Clock) -> Fetched | str:
    """Ask once; the answer, or where the server sends us instead.

    :raises Unfetched: of the kind that says why.
    """
    connection: _Pinned | None = None
    response: urllib3.BaseHTTPResponse | None = None
    try:
        connection = _connected(target, route, clock)
        connection.timeout = clock.left
        if connection.sock is not None:
            connection.sock.settimeout(clock.left)
        connection.request(
            "GET", target.path, headers={"Host": target.named, **headers}, preload_content=False,
            decode_content=False,
        )  # fmt: skip
        response = connection.getresponse()
        return _read(response, route, clock)
    except Refused:
        raise
    except (HTTPError, OSError, http.client.HTTPException, ValueError, LookupError) as error:
        if clock.is_over:
            raise _too_slow() from None
        # Without its cause: what libraries say of an address holds the address, which is secret.
        raise _as_refusal(error) from None
    finally:
        clock.let_go()
        if response is not None:
            response.close()
        if connection is not None:
            connection.close()


def _connected(target: _Target, route: Way, clock: _Clock) -> _Pinned:
    """Connect to the first address of a name that answers; all of them have to be ones that may be reached.

    :raises Forbidden: when one is not.
    :raises Unreachable: when none answers.
    """
    addresses = _addresses(target, route, clock)
    if not all(route.may_reach(address) for address in addresses):
        raise Forbidden(
            _("The address leads into a private network, which is not fetched. Use one on the open web.")
        )
    context = route.context()
    failure: Exception = OSError()
    for address in addresses[:4]:
        connection = _Pinned(target.host, target.port, timeout=clock.left, ssl_context=context)
        connection.address, connection.clock = address, clock
        try:
            connection.connect()
        except (OSError, HTTPError) as error:
            connection.close()
            if clock.is_over or isinstance(error, ssl.SSLError | SSLError):
                raise
            failure = error
            continue
        return connection
    raise failure


def _addresses(target: _Target, route: Way, clock: _Clock) -> Sequence[str]:
    """Look a name up without waiting longer than there is time: the system's own patience is longer.

    :raises Unreachable: when there is no such name.
    """
    found: list[Sequence[str]] = []

    def ask() -> None:
        with contextlib.suppress(OSError, UnicodeError):
            found.append(route.look_up(target.host, target.port))

    asking = threading.Thread(target=ask, name="look-up", daemon=True)
    asking.start()
    asking.join(clock.left)
    if asking.is_alive():
        raise _too_slow()
    if not found or not found[0]:
        raise Unreachable(_("There is no server of this name. Check the address, or copy it again."))
    return found[0]


def _read(response: urllib3.BaseHTTPResponse, route: Way, clock: _Clock) -> Fetched | str:
    """Read an answer as far as we take it; where it sends us for a redirect.

    :raises Unfetched: when it is no file, too large, too slow or broken off.
    """
    code = response.status
    tag, modified = _kept(response, "ETag", 200), _kept(response, "Last-Modified", 60)
    if code == HTTPStatus.NOT_MODIFIED:
        return Fetched(None, tag, modified)
    if code in _REDIRECTS:
        place = response.headers.get("Location", "")
        if not place:
            raise _answered(code)
        return place
    if code != HTTPStatus.OK:
        raise _answered(code)
    if response.headers.get("Content-Encoding", "").strip().lower() not in _CODINGS:
        raise Answered(
            _("The server packs the calendar in a way that nobody asked for. Tell its owner."), code
        )
    if (declared := response.headers.get("Content-Length", "")).isdigit() and int(
        declared
    ) > route.most_bytes:
        raise _too_large(route)
    data = bytearray()
    while piece := response.read(_PIECE, decode_content=True):
        data += piece
        if len(data) > route.most_bytes:
            raise _too_large(route)
        clock.check()
    if clock.is_over:  # an answer without a length ends wherever it is cut
        raise _too_slow()
    return Fetched(bytes(data), tag, modified)


def _kept(response: urllib3.BaseHTTPResponse, name: str, most: int) -> str:
    """A header to send back next time, if it can be kept whole."""
    value = response.headers.get(name, "").strip()
    return value if len(value) <= most and value.isascii() and value.isprintable() else ""


def _too_large(route: Way) -> TooLarge:
    return TooLarge(
        _(
            "There is more than %(most)s MB at the address. Publish a calendar that goes back less far.",
            most=max(1, route.most_bytes // (1024 * 1024)),
        )
    )


def _too_slow() -> TooSlow:
    return TooSlow(_("The server takes too long to answer. It is asked again later."))


def _answered(code: int) -> Answered:
    if code in {401, 403}:
        return Answered(
            _("The server asks for a password. Use the secret address that your calendar offers."), code
        )
    if code in {404, 410}:
        return Answered(
            _("There is no calendar at the address any more. Copy the address again from your calendar."),
            code,
        )
    return Answered(
        _("The server answers with an error (%(code)s). It is asked again later.", code=code), code
    )


def _as_refusal(error: Exception) -> Unfetched:
    if isinstance(error, ssl.SSLError | SSLError):
        return NotSecure(
            _("The server cannot prove who it is: its certificate is not valid. Check the address.")
        )
    if isinstance(error, UnicodeError):
        return BadAddress(_("This is no address. Copy it again from your calendar."))
    return Unreachable(_("The server cannot be reached, or its answer broke off. It is asked again later."))
