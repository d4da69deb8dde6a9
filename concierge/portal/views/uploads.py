"""Files in pieces, for the script of the question page: they go on where a connection was lost."""

from http import HTTPStatus

from flask import Response, make_response, request, url_for
from flask_babel import gettext as _

from concierge.identity.guard import public
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound
from concierge.platform.file_kinds import NotKept
from concierge.platform.limits import limiter
from concierge.platform.web import csrf
from concierge.portal.reading import Reader, wants_file
from concierge.portal.views.access import expect_own_form, reader_of, sealed, shows_page, unknown_links
from concierge.portal.views.answering import answerer, may_answer
from concierge.portal.views.blueprint import Page, customers
from concierge.readiness import queries
from concierge.readiness.actions import uploading
from concierge.readiness.actions.uploading import PIECE, Behind
from concierge.readiness.models import ReadinessItem, UploadUnderWay

pieces = limiter.limit("1200 per hour")


@customers.post("/p/<token>/uploads")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@limiter.limit("120 per hour")
@shows_page
def begin_upload(token: str) -> Page:
    """Begin an upload, or say how much of the same file is here already."""
    expect_own_form(token)
    reader = reader_of(token)
    asked = _item(reader, _number(request.form.get("item", "")))
    try:
        with unit_of_work():
            upload = uploading.begin_upload(
                reader.link,
                asked,
                name=request.form.get("name", "")[:400],
                size=_number(request.form.get("size", "")),
                changed=request.form.get("changed", ""),
                at=clock.now(),
            )
            told = _told(reader, upload)
    except NotKept as problem:
        return _refused(problem)
    return sealed(make_response(told, HTTPStatus.CREATED))


@customers.get("/p/<token>/uploads/<upload>")
@public
@unknown_links
@shows_page
def upload(token: str, upload: str) -> Page:
    """Say how much of an upload is here."""
    reader = reader_of(token)
    found = queries.upload_by_token(upload[:40], link_id=reader.link.id)
    return make_response(_told(reader, found))


@customers.post("/p/<token>/uploads/<upload>")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@pieces
@shows_page
def take_piece(token: str, upload: str) -> Page:
    """Take the next piece; the last one attaches the file to its point."""
    expect_own_form(token)
    reader = reader_of(token)
    offset = _number(request.headers.get("Upload-Offset", ""))
    if (request.content_length or 0) > PIECE:
        return _refused(NotKept(_("This piece is not as long as it should be. Start the upload again.")))
    data = request.get_data(cache=False)
    try:
        with unit_of_work():
            found = queries.upload_for_change(upload[:40], link_id=reader.link.id)
            if found is None:
                raise NotFound
            asked = _item(reader, found.item_id)
            uploading.take_piece(found, data, offset=offset)
            told = _told(reader, found)
            evidence = uploading.finish_upload(found, asked, by=answerer(reader), at=clock.now())
            if evidence is not None:
                told |= {
                    "is_done": True,
                    "name": evidence.file.name,
                    "url": url_for("portal.customers.file", token=token, evidence_id=evidence.id),
                }
    except Behind as problem:
        return make_response({"detail": problem.sentence, "received": problem.received}, HTTPStatus.CONFLICT)
    except NotKept as problem:
        _give_up(reader_of(token), upload)
        return _refused(problem)
    return make_response(told)


def _give_up(reader: Reader, token: str) -> None:
    """Forget an upload that cannot be kept."""
    with unit_of_work():
        found = queries.upload_for_change(token[:40], link_id=reader.link.id)
        if found is not None:
            uploading.forget_upload(found)


def _item(reader: Reader, item_id: int) -> ReadinessItem:
    found = reader.item(item_id)
    if found is None or not may_answer(reader, found) or not wants_file(found):
        raise NotFound
    return found


def _told(reader: Reader, upload: UploadUnderWay) -> dict[str, object]:
    return {
        "url": url_for("portal.customers.take_piece", token=reader.token, upload=upload.token),
        "received": upload.received,
        "size": upload.size,
        "piece": PIECE,
        "is_done": False,
    }


def _refused(problem: NotKept) -> Response:
    return make_response({"detail": problem.sentence}, HTTPStatus.UNPROCESSABLE_ENTITY)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 0
