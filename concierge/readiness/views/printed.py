"""What whoever holds a print may see: the page behind its link, and its code."""

from http import HTTPStatus

import structlog
from flask import render_template, request
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from concierge.core import codes
from concierge.identity.guard import public
from concierge.platform import clock
from concierge.platform.database import db, write_aside
from concierge.platform.errors import NotFound
from concierge.platform.limits import limiter
from concierge.projects.actions import promising
from concierge.projects.models import Project
from concierge.projects.queries import promises
from concierge.projects.states import ShownOn
from concierge.readiness import mails, plan, queries, scope
from concierge.readiness.document import filling, printing
from concierge.readiness.document.values import Checklist as Document
from concierge.readiness.document.words import Figures, Words
from concierge.readiness.models import Checklist, ChecklistDocument
from concierge.readiness.views.blueprint import Page, bp
from concierge.readiness.views.documents import served

log = structlog.get_logger()


def is_unknown(answer: AnyResponse) -> bool:
    """Whether a code was none: only those count, so that nobody finds codes by trying."""
    return answer.status_code == HTTPStatus.NOT_FOUND


@bp.get("/checklist/<token>")
@public
def printed_link(token: str) -> Page:
    """Show whoever holds a print which version is the newest, and what is still open."""
    found, project, document = _by_link(token)
    page = render_template(
        "readiness/printed_link.html",
        document=document,
        words=Words(document),
        token=token,
        kept=_newest(found, document),
    )
    _note_shown(project, filling.delivery_shown(found, project), ShownOn.PAGE, reference="")
    return page


@bp.get("/checklist/<token>/checklist.pdf")
@public
def printed_pdf(token: str) -> AnyResponse:
    """Hand the newest print to whoever holds the link of an older one."""
    found, project, document = _by_link(token)
    kept = _newest(found, document)
    if kept is None:
        raise NotFound(_("The PDF is not made yet. Open this page again in a minute."))
    answer = served(kept.file, inline=True)
    _note_shown(project, plan.shown_by(kept), ShownOn.PDF, reference=codes.written(kept.code or ""))
    return answer


@bp.get("/d/<code>")
@public
@limiter.limit("20 per 15 minutes", deduct_when=is_unknown)
def print_by_code(code: str) -> Page:
    """Tell whoever reads a code on a print whether that print is current, else what took its place; nothing else.

    The printed QR code brings the token of the printed link along; only with it the newest print can be opened.
    """
    known = codes.read(code)
    if known is None:
        raise NotFound
    document, found, newest = queries.document_by_code(known)
    project = queries.project_of(found)
    token = request.args.get("t", "")[:64]
    figures = Figures(language=str(get_locale() or "en")[:2], country=project.site.country)
    page = render_template(
        "readiness/print_by_code.html",
        code=codes.written(known),
        document=document,
        newest=newest,
        newest_code=codes.written(newest.code or ""),
        made_on=figures.short_day(clock.day_at(document.made_at, project.site.zone)),
        newest_on=figures.short_day(clock.day_at(newest.made_at, project.site.zone)),
        token=token if token and scope.link_hash(token) == found.link_hash else "",
    )
    _note_shown(project, plan.shown_by(document), ShownOn.PDF, reference=codes.written(known))
    return page


def _by_link(token: str) -> tuple[Checklist, Project, Document]:
    found = queries.checklist_by_link(scope.link_hash(token))
    project = queries.project_of(found)
    language = mails.language_for(project, printing.LANGUAGES)
    return found, project, filling.filled(found, project, language=language)


def _note_shown(
    project: Project, dates: tuple[promising.ShownDate, ...], shown_on: ShownOn, *, reference: str
) -> None:
    """Let the ledger know that a customer has seen dates; what staff look at promises nothing to anybody.

    Writes beside the page, and only what is new; a ledger that cannot be written keeps nobody from their page.
    """
    if current_user.is_authenticated:
        return
    found = promising.entries(
        project, dates, shown_on=shown_on, reference=reference, at=clock.now(), by_id=None
    )
    told = [(one["milestone_key"], one["finish_on"]) for one in found]
    if not promises.not_yet_shown(project.id, shown_on, told):
        return
    project_id = project.id
    db.session.rollback()  # gives the connection back before a second one is taken
    try:
        with write_aside() as session:
            promising.write(found, session=session)
    except Exception as error:  # read-only disk, full disk, lost connection: none is the customer's business
        log.warning("shown dates not noted", project_id=project_id, exc_info=error)


def _newest(found: Checklist, document: Document) -> ChecklistDocument | None:
    return next((d for d in queries.documents_of(found.id) if d.language == document.language), None)
