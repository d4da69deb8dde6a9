"""The calendar that programs fetch: to whoever knows its secret address."""

from collections.abc import Callable

import structlog
from flask import Response, request

from concierge.feeds import calendar_file, clients, doorway, free_busy, queries, shelf
from concierge.feeds.actions import addresses
from concierge.feeds.kept import Kept, keep, kept
from concierge.feeds.queries import Address
from concierge.feeds.states import Shows
from concierge.feeds.views.blueprint import bp
from concierge.identity.guard import public
from concierge.platform import clock
from concierge.platform.database import db, write_aside
from concierge.projects.actions import promising

log = structlog.get_logger()

ROUTE = "/cal/<token>/<name>"


@bp.get(f"{ROUTE}.ics", defaults={"form": "ics"}, provide_automatic_options=False)
@bp.get(f"{ROUTE}.ifb", defaults={"form": "ifb"}, provide_automatic_options=False)
@bp.get(f"{ROUTE}.json", defaults={"form": "json"}, provide_automatic_options=False)
@public
def calendar(token: str, name: str, form: str) -> Response:
    """A calendar, to whoever knows its secret address: the file, 304, or what was served last."""
    try:
        return _answered(token, form)
    except Exception as error:  # whatever it is: a status of 5xx makes programs stop asking
        log.error("calendar failed", route=f"{ROUTE}.{form}", exc_info=error)
        return _answered_from_disk(token, form)


def _answered(token: str, form: str) -> Response:
    at = clock.now()
    address = queries.address_of_token(token)
    if address is None or (form != "ics" and address.shows is not Shows.FREE_BUSY):
        return _plain("There is no calendar at this address.\n", 404)
    if address.ended_at is not None and calendar_file.notice_is_over(ended_at=address.ended_at, at=at):
        return _plain("This calendar address is no longer in use.\n", 410)
    tag = address.tag(at=at) + (".json" if form == "json" else "")

    def body() -> bytes:
        if address.shows is Shows.FREE_BUSY:
            return queries.free_busy_of(address, at=at, as_json=form == "json")
        return queries.file_of(address, at=at)

    def is_current() -> bool:
        again = queries.address_of_token(token)
        return again is not None and again.version == address.version

    answer = _conditional(
        tag, body, file_name=address.file_name, form=form, is_current=is_current, kept_for=token
    )
    if request.method != "HEAD":  # a look at the head brings nobody the visits
        _note(address)
    return answer


def _answered_from_disk(token: str, form: str) -> Response:
    """The last good bytes; 304 to a program that has a copy; 404, which programs bear, to one that has
    none.
    """
    last = kept(token, form=_kept_as(form))
    if last is not None:
        return _conditional(last.tag, lambda: last.body, file_name=last.file_name, form=form)
    if request.if_none_match:
        tag = next(iter(request.if_none_match.as_set(include_weak=True)), "")
        return _with_headers(Response(status=304), tag=tag)
    return _plain("There is no calendar at this address.\n", 404)


def _kept_as(form: str) -> str:
    return "" if form == "ics" else f".{form}"


def _conditional(
    tag: str,
    body: Callable[[], bytes],
    *,
    file_name: str,
    form: str,
    is_current: Callable[[], bool] = lambda: False,
    kept_for: str = "",
) -> Response:
    """304 when the program has one of our two codings of this tag, else the file, compressed if it asked
    so.

    :param is_current: asked once the entries are read: another may have written between tag and entries. Such a
        file heals at the program's next fetch (C3), but under this tag it is given to nobody else and not kept.
    :param kept_for: the token of the address whose last good bytes these are.
    """
    compressed = calendar_file.compressed_tag(tag)
    is_compressed = doorway.accepts_packed(request.headers.get("Accept-Encoding", ""))
    preferred, other = (compressed, tag) if is_compressed else (tag, compressed)
    for known in (preferred, other):
        if request.if_none_match.contains_weak(known):
            return _with_headers(Response(status=304), tag=known)
    data = shelf.found(preferred)
    if data is not None:
        plain, is_sound = shelf.unpacked(data) if is_compressed else data, True
    else:
        plain = body()
        is_sound = is_current()
        data = shelf.packed(plain) if is_compressed else plain
    if is_sound:
        shelf.put(preferred, data)
        if kept_for:
            keep(kept_for, Kept(tag=tag, file_name=file_name, body=plain), form=_kept_as(form))
    answer = Response(
        data, content_type=free_busy.JSON_TYPE if form == "json" else calendar_file.CONTENT_TYPE
    )
    answer.headers["Content-Disposition"] = f'inline; filename="{file_name}.{form}"'
    answer.headers["Content-Length"] = str(len(data))
    if is_compressed:
        answer.headers["Content-Encoding"] = "gzip"
    return _with_headers(answer, tag=preferred)


def _with_headers(answer: Response, *, tag: str) -> Response:
    if tag:
        answer.set_etag(tag)
    answer.headers.update(doorway.HEADERS)
    return answer


def _plain(sentence: str, status: int) -> Response:
    answer = Response(sentence, status=status, content_type="text/plain; charset=utf-8")
    return _with_headers(answer, tag="")


def _note(address: Address) -> None:
    """Note who fetched, once in a while, and which days a customer was shown by what is new; a database that cannot
    be written keeps nobody from their calendar.
    """
    at = clock.now()
    client = clients.client_named(request.headers.get("User-Agent", ""))
    if not addresses.is_worth_noting(
        fetched_at=address.fetched_at,
        fetched_by=address.fetched_by,
        has_latest=address.has_latest,
        client=client,
        at=at,
    ):
        return
    try:
        is_news = not address.has_latest and clients.is_a_calendar(client)
        promises = addresses.promised(address, at=at) if is_news else ()
        db.session.rollback()  # gives the connection back before a second one is taken
        with write_aside() as session:
            addresses.note_fetch(session, address.feed_id, client=client, version=address.version, at=at)
            promising.write(promises, session=session)
    except Exception as error:  # read-only disk, full disk, lost connection: none is the program's business
        log.warning("fetch not noted", feed_id=address.feed_id, exc_info=error)
