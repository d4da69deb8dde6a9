"""Who may look: the link that an address opens, the code of a confidential site, the proof that a form carries."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import wraps
from http import HTTPStatus
from typing import ParamSpec, cast

import structlog
from flask import Response, g, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import refresh
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as AnyResponse

from concierge.platform import clock, settings, speech
from concierge.platform.database import db, unit_of_work, write_aside
from concierge.platform.errors import OUT_OF_RANGE, NotFound, Refused, reference_of
from concierge.platform.limits import limiter
from concierge.platform.once import taken_once
from concierge.platform.web import csrf, wants_json
from concierge.portal import forms
from concierge.portal.reading import Reader
from concierge.portal.views.blueprint import Page, customers
from concierge.projects.actions import promising
from concierge.projects.queries import promises
from concierge.projects.states import ShownOn
from concierge.readiness import queries, scope
from concierge.readiness.models import CustomerLink

P = ParamSpec("P")
log = structlog.get_logger()

CODE_HOLDS = timedelta(hours=12)
"""So long a browser that showed the code is not asked for it again, at most until it is closed."""
NOTED_EVERY = timedelta(minutes=10)


def is_unknown(answer: Response) -> bool:
    """Whether a link was none: only those count, so that nobody finds one by trying."""
    return answer.status_code == HTTPStatus.NOT_FOUND


def holds_link() -> bool:
    """Whether the request carries a link that opens something: whoever has one is never kept out by others' tries."""
    token = str((request.view_args or {}).get("token", ""))
    try:
        queries.link_by_token(token, at=clock.now())
    except NotFound:
        return False
    return True


unknown_links = limiter.shared_limit(
    "60 per 15 minutes", scope="customer links", deduct_when=is_unknown, exempt_when=holds_link
)
"""Stands over every page behind a link; a laboratory shares one address on the net."""
sent_forms = limiter.shared_limit("240 per 15 minutes", scope="customer forms")
"""Stands over every form behind a link."""


class CodeAsked(RequestRedirect):
    """The site is confidential, and this browser has not shown the code yet."""

    code = HTTPStatus.SEE_OTHER


def reader_of(token: str, *, with_code: bool = True) -> Reader:
    """Who holds a link, with the project that it opens, in their language.

    :param with_code: whether a confidential site asks for its code first.
    :raises NotFound: when the link is unknown, has run out or was ended.
    :raises CodeAsked: when the code has to be shown first.
    """
    at = clock.now()
    link = queries.link_by_token(token, at=at)
    speak(link.language)
    project = queries.projects_printed([link.project_id])[0]
    if with_code and project.site.is_confidential and not has_shown_code(link, at=at):
        raise CodeAsked(url_for("portal.customers.code", token=token))
    found = Reader(
        link, token, project, queries.checklist_of(project.id), speech.customer_language(link.language)
    )
    g.reader = found
    return found


def read_again(token: str) -> Reader:
    """Who holds a link, after an act was refused: what it had locked was read without what a page shows.

    :raises NotFound: as `reader_of` does.
    """
    db.session.rollback()
    db.session.expunge_all()
    return reader_of(token)


def speak(language: str) -> None:
    """Say everything of this request in a customer's language."""
    g.spoken = speech.customer_language(language)
    refresh()


def shows_page(page: Callable[P, Page]) -> Callable[P, Response]:
    """A page of the customer's: not kept, not indexed, and its address told to nobody."""

    @wraps(page)
    def shown(*args: P.args, **kwargs: P.kwargs) -> Response:
        return sealed(page(*args, **kwargs))

    return shown


def sealed(page: Page) -> Response:
    """An answer with the headers that keep a link to those who hold it."""
    answer = make_response(page)
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def rendered(template: str, reader: Reader, *, status: HTTPStatus = HTTPStatus.OK, **context: object) -> Page:
    """A page for the holder of a link; `page` is what they may see, `proof` what its forms carry."""
    return (
        render_template(
            template,
            page=reader,
            proof=proof_of(reader.token),
            languages=speech.AUTONYMS,
            company=settings.current().company,
            **context,
        ),
        status,
    )


def proof_of(token: str) -> str:
    """What the forms of a page carry."""
    return scope.form_proof(token, key=settings.current().secret_key, at=clock.now())


def expect_own_form(token: str) -> None:
    """Refuse a form that does not come from a page behind this link; a browser need not keep cookies for it.

    :raises CSRFError: when neither the page's own proof nor the session's token comes along.
    """
    given = request.headers.get("X-Proof") or request.form.get("proof", "")
    if scope.is_form_proof(given, token, key=settings.current().secret_key, at=clock.now()):
        g.csrf_valid = True  # as `protect` notes it, for the forms
    else:
        csrf.protect()


@contextmanager
def sent_once(reader: Reader, page: str, **values: object) -> Iterator[None]:
    """One act that is done once however often its form is sent; a copy is led where the first one led.

    :param page: where that is.
    :raises TakenAlready: when the same form was taken before.
    """
    with unit_of_work(), taken_once(by=-reader.link.id) as outcome:  # below zero: nobody of ours
        outcome.led_to = reader.url(page, **values)
        yield


def has_shown_code(link: CustomerLink, *, at: datetime) -> bool:
    """Whether this browser showed the code of this very link not long ago."""
    kept = session.get("shown_codes") or {}
    shown = kept.get(_code_key(link)) if isinstance(kept, dict) else None
    if not isinstance(shown, int):
        return False
    return timedelta(0) <= at - datetime.fromtimestamp(shown, UTC) <= CODE_HOLDS


def keep_shown_code(link: CustomerLink, *, at: datetime) -> None:
    """Remember in this browser that the code was shown, until it is closed."""
    kept = session.get("shown_codes") or {}
    kept = dict(list(kept.items())[-9:]) if isinstance(kept, dict) else {}
    session["shown_codes"] = {**kept, _code_key(link): int(at.timestamp())}


def _code_key(link: CustomerLink) -> str:
    return link.token_hash[:20]


def note_seen(reader: Reader) -> None:
    """Note that the page was opened, and which dates it showed; what staff look at promises nothing to anybody.

    Writes beside the page, and only what is new; a database that cannot be written keeps nobody from their page.
    """
    if reader.is_preview or current_user.is_authenticated:
        return
    project, link, at = reader.project, reader.link, reader.at
    found = promising.entries(
        project, reader.shown_dates, shown_on=ShownOn.PAGE, reference=link.name, at=at, by_id=None
    )
    told = [(one["milestone_key"], one["finish_on"]) for one in found]
    is_new = promises.not_yet_shown(project.id, ShownOn.PAGE, told)
    is_opened = link.opened_at is None or at - link.opened_at >= NOTED_EVERY
    if not is_new and not is_opened:
        return
    link_id, project_id = link.id, project.id
    db.session.rollback()  # gives the connection back before a second one is taken
    try:
        with write_aside() as beside:
            if is_new:
                promising.write(found, session=beside)
            if is_opened:
                opened = beside.get(CustomerLink, link_id)
                if opened is not None:
                    opened.opened_at = at
    except Exception as error:  # read-only disk, full disk, lost connection: none is the customer's business
        log.warning("seen page not noted", project_id=project_id, exc_info=error)


# --- what goes wrong


@customers.errorhandler(NotFound)
def unknown(_error: NotFound) -> Response:
    """A link that opens nothing, whatever the reason: whoever has one is sent it again.

    What is not there behind a link that does open says so.
    """
    if "reader" in g:
        return problem(HTTPStatus.NOT_FOUND, _("There is nothing here. It may have been taken away since."))
    speak(request.accept_languages.best_match(speech.CUSTOMERS) or "en")
    return ask_again(HTTPStatus.NOT_FOUND)


def note_read(reader: Reader) -> None:
    """Note that the messages were read, if any of them was new; as `note_seen` writes."""
    if reader.is_preview or current_user.is_authenticated or not reader.news:
        return
    link_id, at = reader.link.id, reader.at
    db.session.rollback()  # gives the connection back before a second one is taken
    try:
        with write_aside() as beside:
            read = beside.get(CustomerLink, link_id)
            if read is not None:
                read.read_at = at
    except Exception as error:  # as above
        log.warning("messages not noted as read", link_id=link_id, exc_info=error)


@customers.errorhandler(CSRFError)
def form_too_old(_error: CSRFError) -> Response:
    """A form that is too old, or comes from elsewhere."""
    _speak_to_somebody()
    return problem(
        HTTPStatus.BAD_REQUEST, _("This page was open for too long. Go back, reload it and send it again.")
    )


@customers.errorhandler(Refused)
def refused(error: Refused) -> Response:
    """What cannot be done now, where no form can say it."""
    _speak_to_somebody()
    return problem(error.status, error.sentence)


@customers.errorhandler(HTTPException)
def failed(error: HTTPException) -> Response:
    """Too many tries, too large a file, and what else a server refuses."""
    code = error.code or 500
    if code < HTTPStatus.BAD_REQUEST:
        return cast("Response", error.get_response())
    _speak_to_somebody()
    sentences = {
        404: _("There is nothing here. It may have been taken away since."),
        413: _("The file is larger than 20 MB. Send a smaller photo, or split the document."),
        429: _("That was tried too often. Wait a quarter of an hour, then try again."),
    }
    answer = problem(
        HTTPStatus(code), sentences.get(code, _("This could not be done. Go back and try again."))
    )
    if code == HTTPStatus.METHOD_NOT_ALLOWED and getattr(error, "valid_methods", None):
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))  # type: ignore[attr-defined]  # MethodNotAllowed
    return answer


@customers.errorhandler(Exception)
def broken(error: Exception) -> Response:
    """What we did wrong, said in the reader's language and without a way into pages of ours."""
    _speak_to_somebody()
    if isinstance(error, OUT_OF_RANGE):
        sentence, status = _("This could not be done. Go back and try again."), HTTPStatus.BAD_REQUEST
    else:
        sentence, status = (
            _(
                "Something went wrong on our side, and nothing was saved. Try again; if it stays, tell us the "
                "reference %(reference)s.",
                reference=reference_of(error),
            ),
            HTTPStatus.INTERNAL_SERVER_ERROR,
        )
    return problem(status, sentence)


def problem(status: HTTPStatus, sentence: str) -> Response:
    """What stands in the way, in one sentence and with a way back; as JSON to the script that sends files."""
    if wants_json():
        answer = make_response({"detail": sentence}, status)
        answer.content_type = "application/problem+json"
        return sealed(answer)
    reader: Reader | None = g.get("reader")
    back = reader.url("page") if reader is not None else ""
    return sealed((render_template("portal/problem.html", sentence=sentence, back=back), status))


def ask_again(status: HTTPStatus, form: forms.ResendForm | None = None) -> Response:
    """The page on which somebody has their link sent again."""
    form = form or forms.ResendForm(formdata=None)
    is_known = status is HTTPStatus.NOT_FOUND
    page = render_template(
        "portal/link_again.html", form=form, is_ended=is_known, company=settings.current().company
    )
    return sealed((page, status))


def see(page: str, token: str, **values: object) -> AnyResponse:
    """Lead on to another page behind the same link."""
    return redirect(url_for(f"portal.customers.{page}", token=token, **values), code=HTTPStatus.SEE_OTHER)  # type: ignore[arg-type]  # parts of an address


def _speak_to_somebody() -> None:
    if "spoken" not in g:
        speak(request.accept_languages.best_match(speech.CUSTOMERS) or "en")
