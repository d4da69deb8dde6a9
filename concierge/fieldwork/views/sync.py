"""What a device and the server exchange, and the files that go with it; see ``protocol.py``."""

import json
from http import HTTPStatus
from typing import Any

from flask import Response, jsonify, make_response, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from concierge.fieldwork import plan, protocol, queries, telling
from concierge.fieldwork.actions import photos, taking
from concierge.fieldwork.protocol import LARGEST_BATCH, MOST_CHANGES, PIECE, Outcome, Result
from concierge.fieldwork.views.blueprint import Page, bp
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, files
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound
from concierge.platform.file_kinds import NotKept
from concierge.platform.limits import limiter


@bp.get("/day/data")
@requires(Permission.WORK_VISITS)
@limiter.limit("1200 per hour")
def data() -> Page:
    """The viewer's day, for a device to keep."""
    return jsonify(telling.day(viewer(), at=clock.now()))


@bp.post("/day/changes")
@requires(Permission.WORK_VISITS)
@limiter.limit("1200 per hour")
def changes() -> Page:
    """Take what a device sends; each change has its own outcome."""
    try:
        batch = _batch()
        sent_at = plan.read_instant(batch["sent_at"]) if batch.get("sent_at") else None
    except ValueError as problem:
        return _unreadable(str(problem) if isinstance(problem, _NoBatch) else _no_batch())
    whose = _whose(batch.get("user", viewer().user_id))
    if whose is None:
        return _not_yours()
    results: list[Result | None] = []
    readable: list[protocol.Change] = []
    for raw in batch["changes"]:
        try:
            readable.append(plan.read_change(raw))
            results.append(None)
        except plan.Malformed as problem:
            results.append(Result(problem.key, Outcome.REFUSED, problem.sentence))
    at = clock.now()
    with unit_of_work():
        taken = iter(taking.take_changes(readable, user_id=whose, sent_at=sent_at, at=at))
    answer: protocol.Answer = {
        "results": [_result(one if one is not None else next(taken)) for one in results],
        "data": telling.day(viewer(), at=clock.now()),
    }
    return jsonify(answer)


@bp.post("/day/files/<uuid>")
@requires(Permission.WORK_VISITS)
@limiter.limit("6000 per hour")
def take_piece(uuid: str) -> Page:
    """Take the next piece of a photo."""
    offset, size = _number("offset"), _number("size")
    whose = _whose(_number("of") or viewer().user_id)
    if whose is None:
        return _not_yours()
    if (request.content_length or 0) > PIECE:
        return _refused_photo(
            uuid, _("This piece is not as long as it should be. Send the photo again."), size, whose
        )
    piece = request.get_data(cache=False)
    try:
        with unit_of_work():
            upload = photos.take_piece(uuid, piece, offset=offset, size=size, user_id=whose, at=clock.now())
            told = _received(upload.received, upload.size, is_whole=upload.is_whole)
    except photos.Behind as problem:
        return make_response(_received(problem.received, size, is_whole=False), HTTPStatus.CONFLICT)
    except NotKept as problem:
        return _refused_photo(uuid, problem.sentence, size, whose)
    return make_response(told)


@bp.get("/day/photos/<int:photo_id>/<size>")
@requires(Permission.SEE_VISITS)
def photo(photo_id: int, size: str) -> AnyResponse:
    """Show a photo, small or large."""
    if size not in {"small", "large"}:
        raise NotFound
    found = queries.photo_for(viewer(), photo_id)
    stored = found.small if size == "small" else found.file
    answer = Response(files.read(stored), content_type="image/jpeg")
    answer.headers.set("Content-Disposition", "inline", filename=f"photo-{found.id}.jpg")
    answer.headers["Cache-Control"] = "private, max-age=86400, immutable"
    answer.set_etag(stored.sha256[:32])
    return answer.make_conditional(request)


class _NoBatch(ValueError):
    """The body is no batch of changes."""


def _no_batch() -> str:
    return _("What was sent cannot be read. Load the page again; what you entered stays on the device.")


def _batch() -> dict[str, Any]:  # Any: JSON
    """The body of a request as JSON of the right shape.

    :raises _NoBatch: when it is none; the words say what to do.
    """
    if (request.content_length or 0) > LARGEST_BATCH:
        raise _NoBatch(_("Too much was sent at once. Send fewer changes at a time."))
    try:
        found = json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError):
        raise _NoBatch(_no_batch()) from None
    if not isinstance(found, dict) or not isinstance(found.get("changes"), list):
        raise _NoBatch(_no_batch())
    if len(found["changes"]) > MOST_CHANGES:
        raise _NoBatch(_("Too much was sent at once. Send fewer changes at a time."))
    return found


def _unreadable(sentence: str) -> Page:
    return make_response({"detail": sentence}, HTTPStatus.UNPROCESSABLE_ENTITY)


def _whose(user_id: object) -> int | None:
    """Whose changes are taken: the viewer's own, or those of somebody whose access was ended; `None`: nobody's."""
    if user_id == viewer().user_id:
        return viewer().user_id
    is_id = isinstance(user_id, int) and not isinstance(user_id, bool) and 0 < user_id < 2**31
    return user_id if is_id and queries.has_left(user_id) else None  # type: ignore[return-value, arg-type]  # just seen


def _not_yours() -> Page:
    said = _(
        "These changes are somebody else’s. They stay on the device until that person signs in here again."
    )
    return make_response({"detail": said, "why": "not yours"}, HTTPStatus.UNPROCESSABLE_ENTITY)


def _refused_photo(uuid: str, sentence: str, size: int, whose: int) -> Page:
    """Say why a photo is not kept, and keep nothing of it: the device has it still."""
    with unit_of_work():
        photos.forget(uuid, user_id=whose)
    answer: dict[str, object] = {"detail": sentence, **_received(0, size, is_whole=False)}
    return make_response(answer, HTTPStatus.UNPROCESSABLE_ENTITY)


def _received(received: int, size: int, *, is_whole: bool) -> protocol.Received:
    return {"received": received, "size": size, "is_whole": is_whole}


def _result(one: Result) -> protocol.ResultData:
    return {"key": one.key, "outcome": one.outcome.value, "sentence": one.sentence}


def _number(name: str) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 0
