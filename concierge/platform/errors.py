"""What can stand in the way, and how it is said: as a page, or as a problem document (RFC 9457)."""

import secrets
from http import HTTPStatus

import structlog
from flask import Flask, Response, current_app, g, jsonify, render_template, request
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException, SecurityError

log = structlog.get_logger()

OUT_OF_RANGE = (DataError, OverflowError)
"""What a number or a sign ends in that no column holds."""


class Refused(Exception):
    """An act that cannot be done; the sentence says what stands in the way and what to do."""

    status = HTTPStatus.CONFLICT

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Stale(Refused):
    """Somebody else changed the same thing in the meantime."""


class NotFound(Refused):
    """There is no such thing, or the viewer may not know of it: the same answer for both."""

    status = HTTPStatus.NOT_FOUND

    def __init__(self, sentence: str = "") -> None:
        super().__init__(sentence or _said(_SENTENCES[404]))


class NotAllowed(Refused):
    """A signed-in person lacks a permission; the sentence says who can grant it."""

    status = HTTPStatus.FORBIDDEN


_SENTENCES = {
    400: _l("The request could not be read. Go back, reload the page and try again."),
    403: _l("You may not do this. An administrator can change your role."),
    404: _l("There is nothing at this address, or it is not shared with you."),
    405: _l("This address does not take that kind of request."),
    413: _l("The file is too large. Send one of at most 20 MB."),
    429: _l("That was tried too often. Wait a minute, then try again."),
}


def _said(sentence: LazyString) -> str:
    """A sentence in the reader's language; in English where it cannot be known, as while the database is away."""
    try:
        return str(sentence)
    except Exception:  # whatever keeps us from knowing who reads
        with force_locale("en"):
            return str(sentence)


def register(app: Flask) -> None:
    """Turn refusals and failures of the application into answers."""
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    for kind in OUT_OF_RANGE:
        app.register_error_handler(kind, _out_of_range)
    app.register_error_handler(Exception, _failed)


def _refused(error: Refused) -> Response:
    return _form_again(error) or _answer(error.status, error.sentence)


def _form_again(error: Refused) -> Response | None:
    """The page of the form whose act was refused, as it was filled, with the sentence; None where there is none.

    The view is asked once more. Its form now says the refusal (`platform/forms.py`), so the act is not reached.
    """
    if error.status != HTTPStatus.CONFLICT or not g.get("has_valid_form") or "refused" in g or _asks_json():
        return None
    g.refused = error
    try:
        view = current_app.ensure_sync(current_app.view_functions[request.endpoint or ""])
        answer = current_app.make_response(view(**(request.view_args or {})))
    except (Refused, HTTPException):
        return None
    if answer.status_code < HTTPStatus.BAD_REQUEST or answer.mimetype != "text/html":
        return None
    answer.status_code = error.status
    return answer


def _csrf(_: CSRFError) -> Response:
    return _answer(
        HTTPStatus.BAD_REQUEST,
        _said(_l("This form has expired. Go back, reload the page and send it again.")),
    )


def _http(error: HTTPException) -> Response:
    code = error.code or 500
    if isinstance(error, SecurityError):  # a foreign Host: no page can be built, because no address is ours
        return Response(_said(_SENTENCES[400]), status=400, content_type="text/plain; charset=utf-8")
    if code < 400:
        return error.get_response()  # type: ignore[return-value]  # werkzeug types its own Response here
    answer = _answer(HTTPStatus(code), _said(_SENTENCES.get(code, _l("This could not be done."))))
    if code == 405 and getattr(error, "valid_methods", None):
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))  # type: ignore[attr-defined]  # MethodNotAllowed
    return answer


def _out_of_range(error: Exception) -> Response:
    """A number, day or sign that no column holds was asked for; what forms take is checked before."""
    log.warning("value out of range", exc_info=error)
    return _answer(HTTPStatus.BAD_REQUEST, _said(_SENTENCES[400]))


def reference_of(error: Exception) -> str:
    """Note in the log what failed; what it is found by there."""
    reference = secrets.token_hex(4)
    log.error("request failed", reference=reference, exc_info=error)
    return reference


def _failed(error: Exception) -> Response:
    reference = reference_of(error)
    sentence = _l(
        "Something went wrong on our side. Nothing was saved. Try again; if it stays, tell us the reference."
    )
    return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, _said(sentence), reference=reference)


def _asks_json() -> bool:
    offered = ["text/html", "application/json", "application/problem+json"]
    return request.accept_mimetypes.best_match(offered) in offered[1:]


def _answer(status: HTTPStatus, sentence: str, *, reference: str = "") -> Response:
    if _asks_json():
        problem = jsonify(
            type="about:blank", title=status.phrase, status=status, detail=sentence, reference=reference
        )
        problem.content_type = "application/problem+json"
        problem.status_code = status
        return problem
    try:
        page = render_template("layouts/error.html", status=status, sentence=sentence, reference=reference)
    except Exception as error:  # the page asks who looks; what failed may be just that
        log.error("no page for an error", reference=reference, exc_info=error)
        words = f"{sentence} {reference}".strip() + "\n"
        return Response(words, status=status, content_type="text/plain; charset=utf-8")
    return Response(page, status=status, content_type="text/html; charset=utf-8")
