"""Letters before they leave, and what became of them: held for a while, stopped, sent without waiting, left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from concierge.feeds import queries as feeds
from concierge.home.views.blueprint import bp
from concierge.identity.actions import letters
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, mail
from concierge.platform.database import unit_of_work
from concierge.platform.deliveries import DeliveryStatus
from concierge.platform.errors import NotAllowed, NotFound
from concierge.platform.mail import Leaving, OutgoingMail
from concierge.platform.once import taken_once
from concierge.platform.words import clock_time, instant
from concierge.projects import queries as projects
from concierge.projects.models import Project
from concierge.readiness import chores, mails
from concierge.readiness import queries as readiness
from concierge.readiness.document import filling, printing

Page = str | Response

PER_PAGE = 30
VISITS_IN_A_LETTER = 5
LOOKS = 3
"""How often a page looks for letters that follow from an act, before it takes it that there are none."""
SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Shown:
    """A letter as lists and its page show it."""

    row: OutgoingMail
    state: str
    said: str
    """What became of it, in a word or two."""
    when: str
    preview: str
    may_stop: bool
    may_send: bool

    @property
    def is_held(self) -> bool:
        """Whether it is still here and about to leave."""
        return self.row.sent_at is None and self.row.stopped_at is None


@bp.get("/letters")
@requires(Permission.SEE_ACCOUNTS)
def letters_leaving() -> Page:
    """Show what is about to leave, what was stopped, and what left."""
    which = _which()
    page = max(1, request.args.get("page", 1, type=int))
    rows, total = mail.letters_listed(which, who=_who(), page=page, per_page=PER_PAGE)
    return _list(rows, total, which=which, page=page, template="home/letters.html", project=None)


@bp.get("/projects/<key>/letters")
@requires(Permission.SEE_ACCOUNTS)
def letters_of_project(key: str) -> Page:
    """Show the letters about a project, those to come first."""
    project = projects.project_by_key(viewer(), key)
    which = _which(usual=Leaving.ALL)
    page = max(1, request.args.get("page", 1, type=int))
    rows, total = mail.letters_listed(which, project_id=project.id, page=page, per_page=PER_PAGE)
    return _list(rows, total, which=which, page=page, template="home/letters.html", project=project)


@bp.get("/letters/held")
@requires(Permission.SIGNED_IN)
def letters_held() -> Page:
    """Show the letters that the viewer caused and can still stop; for a page that has just told of an act."""
    rows, _total = mail.letters_listed(Leaving.HELD, caused_by_id=viewer().user_id, per_page=5)
    shown = [_shown(row, status) for row, status in rows if _is_new(row)]
    look = max(0, request.args.get("look", 0, type=int))
    answer = make_response(
        render_template("home/_held.html", letters=shown, look=look + 1 if not shown and look < LOOKS else 0)
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/letters/<int:letter_id>")
@requires(Permission.SEE_ACCOUNTS)
def letter_shown(letter_id: int) -> Page:
    """Show one letter as its reader will see it or has seen it."""
    row, delivery = mail.letter_by_id(letter_id)
    _may_see(row)
    return render_template(
        "home/letter.html",
        letter=_shown(row, delivery.status if delivery else None),
        problem=delivery.last_error if delivery and row.sent_at is None else "",
        attachments=mail.attachment_names(row),
        zone=viewer().zone,
    )


@bp.post("/letters/<int:letter_id>/stop")
@requires(Permission.SEE_ACCOUNTS)
def stop_letter(letter_id: int) -> Response:
    """Stop a letter that has not left yet."""
    _may_decide(letter_id)
    with unit_of_work():
        row = letters.stop_letter(letter_id, at=clock.now(), actor_id=viewer().user_id)
        name = row.to_name or row.to
    flash(_("Stopped. %(name)s gets nothing.", name=name))
    return redirect(url_for("home.letter_shown", letter_id=letter_id), code=303)


@bp.post("/letters/<int:letter_id>/send")
@requires(Permission.SEE_ACCOUNTS)
def send_letter(letter_id: int) -> Response:
    """Send a letter now, one that is held or one that was stopped."""
    _may_decide(letter_id)
    with unit_of_work():
        row = letters.send_letter(letter_id, at=clock.now(), actor_id=viewer().user_id)
        name = row.to_name or row.to
    flash(_("It leaves now, to %(name)s.", name=name))
    return redirect(url_for("home.letter_shown", letter_id=letter_id), code=303)


@bp.post("/letters/stop")
@requires(Permission.SEE_ACCOUNTS)
def stop_letters() -> Response:
    """Stop every letter that the viewer caused and that has not left yet."""
    looking, at, stopped = viewer(), clock.now(), 0
    with unit_of_work(), taken_once(by=looking.user_id) as outcome:
        outcome.led_to = url_for("home.letters_leaving", show=Leaving.STOPPED.value)
        rows, _total = mail.letters_listed(Leaving.HELD, caused_by_id=looking.user_id, per_page=5000)
        for row, _status in rows:
            try:
                letters.stop_letter(row.id, at=at, actor_id=looking.user_id)
            except letters.LeftAlready:
                continue
            stopped += 1
    flash(ngettext("%(num)s letter was stopped.", "%(num)s letters were stopped.", stopped))
    return redirect(url_for("home.letters_leaving", show=Leaving.STOPPED.value), code=303)


@bp.get("/projects/<key>/readiness/letter")
@requires(Permission.EDIT_PROJECTS)
def checklist_letter(key: str) -> Page:
    """Show the letter with the checklist before it is sent."""
    project, checklist = readiness.checklist_for(viewer(), key)
    if checklist is None:
        raise NotFound(_("This project has no checklist yet. It is issued when the plan is approved."))
    project = readiness.project_of(checklist)
    letter, names = None, []
    if project.contact is not None and project.contact.email:
        language = mails.language_for(project, printing.LANGUAGES)
        document = filling.filled(checklist, project, language=language)
        coming = feeds.coming_visits(project.id, at=clock.now(), at_most=VISITS_IN_A_LETTER)
        letter = mails.checklist_letter(
            document,
            project.contact,
            occasion=mails.ASKED,
            attachments=(),
            calendars=len(coming),
            page=chores.hidden_page(),
        )
        names = [
            printing.file_name(document),
            *(ngettext("%(num)s visit as a calendar file", "%(num)s visits as calendar files", len(coming)),)[
                : len(coming)
            ],
        ]
    return render_template(
        "home/checklist_letter.html",
        project=project,
        letter=letter,
        attachments=names,
        hold=mail.held_for(),
    )


def _list(
    rows: Sequence[tuple[OutgoingMail, DeliveryStatus | None]],
    total: int,
    *,
    which: Leaving,
    page: int,
    template: str,
    project: Project | None,
) -> str:
    _held, waiting = mail.letters_listed(
        Leaving.HELD,
        who=_who() if project is None else mail.EVERYBODY,
        project_id=project.id if project else None,
        per_page=1,
    )
    return render_template(
        template,
        letters=[_shown(row, status) for row, status in rows],
        project=project,
        show=which.value,
        held=waiting,
        own=sum(row.caused_by_id == viewer().user_id for row, _status in rows),
        total=total,
        page=page,
        last=max(1, -(-total // PER_PAGE)),
        zone=viewer().zone,
    )


def _which(usual: Leaving = Leaving.HELD) -> Leaving:
    wanted = request.args.get("show", "")
    return next((one for one in Leaving if one.value == wanted), usual)


def _who() -> int | None:
    """Whose letters the viewer sees beside those about projects: everybody's, or their own."""
    return mail.EVERYBODY if viewer().may(Permission.OPERATE) else viewer().user_id


def _may_see(row: OutgoingMail) -> None:
    if not mail.is_seen(row, who=_who()):
        raise NotFound


def _may_decide(letter_id: int) -> None:
    row, _delivery = mail.letter_by_id(letter_id)
    _may_see(row)
    if not _decides(row):
        raise NotAllowed(_("Only who coordinates projects may stop letters that others caused."))


def _decides(row: OutgoingMail) -> bool:
    return row.caused_by_id == viewer().user_id or viewer().may(Permission.EDIT_PROJECTS)


def _is_new(row: OutgoingMail) -> bool:
    """Whether somebody can still be expected to remember the act that it follows from."""
    return (clock.now() - row.created_at).total_seconds() < SECONDS


def _shown(row: OutgoingMail, status: DeliveryStatus | None) -> Shown:
    state, said = _standing(row, status)
    is_here = row.sent_at is None and row.taken_at is None
    return Shown(
        row=row,
        state=state,
        said=said,
        when=_when(row),
        preview=" ".join(row.shown_text.split())[:280],
        may_stop=is_here and row.stopped_at is None and not row.is_itip and _decides(row),
        may_send=is_here
        and _decides(row)
        and (row.stopped_at is not None or (row.leaves_at is not None and row.leaves_at > clock.now())),
    )


def _standing(row: OutgoingMail, status: DeliveryStatus | None) -> tuple[str, str]:
    if row.returned_at is not None:
        return "bad", _("came back")
    if row.sent_at is not None:
        return "ok", _("left")
    if row.stopped_at is not None:
        if row.stopped_by_id:
            return "idle", _("stopped")
        is_late = row.leaves_by is not None and row.stopped_at > row.leaves_by
        return "idle", _("too late to leave") if is_late else _("not needed any more")
    if row.taken_at is not None:
        return "go", _("leaving")
    if status is DeliveryStatus.DEAD:
        return "bad", _("given up")
    if row.leaves_at is not None and row.leaves_at > clock.now():
        return "wait", _("held")
    return "go", _("on its way") if row.is_whole else _("waits for its files")


def _when(row: OutgoingMail) -> str:
    zone, at = viewer().zone, row.sent_at or row.stopped_at
    if at is not None:
        return instant(at, zone)
    if row.leaves_at is not None and row.leaves_at > clock.now():
        return _seconds(row.leaves_at)
    return instant(row.created_at, zone)


def _seconds(leaves_at: datetime) -> str:
    left = max(1, round((leaves_at - clock.now()).total_seconds()))
    if left >= SECONDS:
        return _("leaves at %(time)s", time=clock_time(leaves_at, viewer().zone))
    return ngettext("leaves in %(num)s second", "leaves in %(num)s seconds", left)
