"""Pages of the checklist: the list, one item, its files, its print, and the page behind the printed link."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus

import structlog
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from concierge.catalogue.states import GateKind, ItemType
from concierge.core import codes, readiness
from concierge.identity import queries as people
from concierge.identity.guard import public, requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, files
from concierge.platform.clashes import Met, meet
from concierge.platform.database import db, unit_of_work, write_aside
from concierge.platform.deliveries import DeliveryStatus
from concierge.platform.errors import NotFound, Refused, Stale
from concierge.platform.file_kinds import NotKept
from concierge.platform.files import StoredFile
from concierge.platform.forms import Form
from concierge.platform.limits import limiter
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.platform.words import day, localized
from concierge.projects.actions import promising
from concierge.projects.models import Project
from concierge.projects.queries import promises
from concierge.projects.states import GateState, ShownOn
from concierge.readiness import forms, mails, plan, queries, scope
from concierge.readiness.actions import answering, attaching, issuing, judging, sending
from concierge.readiness.actions.answering import Answerer
from concierge.readiness.document import filling, printing
from concierge.readiness.document.values import Checklist as Document
from concierge.readiness.document.words import Figures, Words
from concierge.readiness.models import Checklist, ChecklistDocument, ReadinessItem
from concierge.readiness.states import ItemState, Verdict

bp = Blueprint("readiness", __name__)
log = structlog.get_logger()

Page = str | AnyResponse | tuple[str, int]


def is_unknown(answer: AnyResponse) -> bool:
    """Whether a code was none: only those count, so that nobody finds codes by trying."""
    return answer.status_code == HTTPStatus.NOT_FOUND


@dataclass(frozen=True, slots=True)
class Row:
    """An item as the list shows it."""

    item: ReadinessItem
    state: str
    icon: str
    why: str
    due: str
    due_state: str
    gate: str


@dataclass(frozen=True, slots=True)
class Group:
    """A section of the list: what is open, and what folds away."""

    title: str
    open: tuple[Row, ...]
    cleared: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the whole checklist stands, in words and as segments."""

    heading: str
    lead: str
    segments: tuple[tuple[str, int, str], ...]
    cleared: int
    total: int


@bp.get("/projects/<key>/readiness")
@requires(Permission.SEE_CHECKLISTS)
def checklist(key: str) -> Page:
    """Say whether the site is ready, and what is still open."""
    project, found = queries.checklist_for(viewer(), key)
    if found is None:
        return render_template("readiness/none.html", project=project)
    today = _judged_on(project)
    contacts = queries.contacts_of(found.items)
    return render_template(
        "readiness/checklist.html",
        project=project,
        checklist=found,
        standing=_standing(project, found, today),
        groups=_groups(found, today),
        contacts=contacts,
        documents=queries.documents_of(found.id),
        languages=printing.LANGUAGES,
        may_answer=viewer().may(Permission.ANSWER_CHECKLISTS),
        may_send=viewer().may(Permission.EDIT_PROJECTS),
    )


@bp.post("/projects/<key>/readiness")
@requires(Permission.EDIT_PROJECTS)
def issue(key: str) -> AnyResponse:
    """Issue the checklist of a project that has none."""
    project, _found = queries.checklist_for(viewer(), key)
    with unit_of_work():
        if project.approved_at is None:
            raise Refused("The checklist is issued when the plan is approved. Approve the plan first.")
        issuing.issue_checklist(project, at=clock.now(), actor_id=viewer().user_id)
    flash(_("The checklist was issued."))
    return redirect(url_for("readiness.checklist", key=key), code=303)


@bp.get("/projects/<key>/readiness/<int:item_id>")
@requires(Permission.SEE_CHECKLISTS)
def item(key: str, item_id: int) -> Page:
    """Show one item: what is asked, why, what was answered, and what can be done."""
    project, asked = queries.item_for(viewer(), key, item_id)
    return _item_page(project, asked)


@bp.post("/projects/<key>/readiness/<int:item_id>/answer")
@requires(Permission.ANSWER_CHECKLISTS)
def answer(key: str, item_id: int) -> Page:
    """Answer an item."""
    project, asked = queries.item_for(viewer(), key, item_id)
    form = _answer_form(asked, sent=True)
    if form is None:
        raise NotFound("This point is not answered in words. Attach a file to it, or read it.")
    if not form.validate_on_submit():
        return _item_again(project, asked, form)
    theirs = _answer_form(asked) if form.version.data else None
    by = people.last_change(project_id=project.id, item_id=asked.id)
    if theirs and (met := meet(form, theirs, version=asked.version, by=by, zone=viewer().zone)):
        return _item_again(project, asked, form, met=met)[0], HTTPStatus.CONFLICT
    typed = form.answer.data
    try:
        with unit_of_work():
            _same_version(asked, form.version.data)
            verdict = answering.answer_item(
                asked,
                typed=typed.isoformat() if isinstance(typed, date) else str(typed or ""),
                comment=form.comment.data or "",
                at=clock.now(),
                by=Answerer(user_id=viewer().user_id),
            ).verdict
    except answering.UnreadableAnswer as problem:
        form.answer.errors = [*form.answer.errors, problem.sentence]
        return _item_again(*queries.item_for(viewer(), key, item_id), form)
    flash(_answer_told(verdict))
    return redirect(url_for("readiness.checklist", key=key, _anchor=f"item-{item_id}"), code=303)


@bp.post("/projects/<key>/readiness/<int:item_id>/files")
@requires(Permission.ANSWER_CHECKLISTS)
def attach(key: str, item_id: int) -> Page:
    """Attach a file to an item."""
    project, asked = queries.item_for(viewer(), key, item_id)
    form = forms.FileForm()
    if not form.validate_on_submit():
        return _item_again(project, asked, form)
    try:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
            outcome.led_to = url_for("readiness.item", key=key, item_id=item_id)
            kept = attaching.attach_file(
                asked,
                name=form.file.data.filename or "",
                data=form.file.data.read(files.LARGEST + 1),
                at=clock.now(),
                by=Answerer(user_id=viewer().user_id),
            )
            name = kept.file.name
    except NotKept as problem:
        form.file.errors = [*form.file.errors, problem.sentence]
        return _item_again(*queries.item_for(viewer(), key, item_id), form)
    flash(_("%(name)s was attached.", name=name))
    return redirect(url_for("readiness.item", key=key, item_id=item_id), code=303)


@bp.post("/projects/<key>/readiness/<int:item_id>/acceptance")
@requires(Permission.ANSWER_CHECKLISTS)
def accept(key: str, item_id: int) -> Page:
    """Let an answer count."""
    project, asked = queries.item_for(viewer(), key, item_id)
    form = forms.AcceptForm()
    if not form.validate_on_submit():
        return _item_again(project, asked, form)
    with unit_of_work():
        _same_version(asked, form.version.data)
        judging.accept_item(
            asked, note=form.accept_comment.data or "", at=clock.now(), actor_id=viewer().user_id
        )
    flash(_("The answer was accepted."))
    return redirect(url_for("readiness.checklist", key=key, _anchor=f"item-{item_id}"), code=303)


@bp.post("/projects/<key>/readiness/<int:item_id>/reopening")
@requires(Permission.ANSWER_CHECKLISTS)
def reopen(key: str, item_id: int) -> Page:
    """Ask for an item again."""
    project, asked = queries.item_for(viewer(), key, item_id)
    form = forms.ReopenForm()
    if not form.validate_on_submit():
        return _item_again(project, asked, form)
    with unit_of_work():
        _same_version(asked, form.version.data)
        judging.return_item(asked, reason=form.reason.data or "", at=clock.now(), actor_id=viewer().user_id)
    flash(_("The point is open again."))
    return redirect(url_for("readiness.item", key=key, item_id=item_id), code=303)


@bp.get("/projects/<key>/readiness/files/<int:evidence_id>")
@requires(Permission.SEE_CHECKLISTS)
def evidence(key: str, evidence_id: int) -> AnyResponse:
    """Hand out a file, to be saved and never shown in place."""
    return _served(queries.evidence_for(viewer(), key, evidence_id).file, inline=False)


@bp.get("/projects/<key>/readiness.pdf")
@requires(Permission.SEE_CHECKLISTS)
def pdf(key: str) -> Page:
    """Show the newest print of the checklist, or say that it is being made."""
    project, found = queries.checklist_for(viewer(), key)
    if found is None:
        raise NotFound("This project has no checklist yet. It is issued when the plan is approved.")
    language = _language()
    document = filling.filled(found, queries.project_of(found), language=language)
    kept = queries.document_with(found.id, language=language, content_hash=document.content_hash)
    if kept is not None:
        return _served(kept.file, inline=True)
    status = queries.print_status(found.id, language=language, content_hash=document.content_hash)
    is_coming = status in {DeliveryStatus.READY, DeliveryStatus.LEASED}
    page = render_template(
        "readiness/printing.html",
        project=project,
        language=language,
        is_coming=is_coming,
        has_failed=status is DeliveryStatus.DEAD,
        latest=next((d for d in queries.documents_of(found.id) if d.language == language), None),
    )
    again = {"Refresh": "2"} if is_coming else {}
    return Response(page, status=202, headers=again, content_type="text/html; charset=utf-8")


@bp.get("/projects/<key>/readiness/versions/<int:document_id>.pdf")
@requires(Permission.SEE_CHECKLISTS)
def version(key: str, document_id: int) -> AnyResponse:
    """Show an earlier print."""
    _project, found = queries.checklist_for(viewer(), key)
    kept = queries.document_by_id(document_id)
    if found is None or kept.checklist_id != found.id:
        raise NotFound
    return _served(kept.file, inline=True)


@bp.post("/projects/<key>/readiness/prints")
@requires(Permission.SEE_CHECKLISTS)
def make_print(key: str) -> AnyResponse:
    """Show the newest print, having it made if the checklist has changed since the last one."""
    _project, found = queries.checklist_for(viewer(), key)
    if found is None:
        raise NotFound
    language = _language()
    with unit_of_work():
        content = filling.filled(found, queries.project_of(found), language=language).content_hash
        if queries.document_with(found.id, language=language, content_hash=content) is None:
            sending.order_print(found.id, language=language, content_hash=content)
    return redirect(url_for("readiness.pdf", key=key, language=language), code=303)


@bp.post("/projects/<key>/readiness/letter")
@requires(Permission.EDIT_PROJECTS)
def send(key: str) -> AnyResponse:
    """Send the checklist to the customer's contact."""
    project, found = queries.checklist_for(viewer(), key)
    if found is None:
        raise NotFound
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        outcome.led_to = url_for("readiness.checklist", key=key)
        sending.ask_to_send(found, project, at=clock.now(), actor_id=viewer().user_id)
        name = project.contact.name if project.contact else ""
    flash(_("The checklist is on its way to %(name)s.", name=name))
    return redirect(url_for("readiness.checklist", key=key), code=303)


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
        raise NotFound("The PDF is not made yet. Open this page again in a minute.")
    answer = _served(kept.file, inline=True)
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


def _language() -> str:
    wanted = request.values.get("language", viewer().language)
    return wanted if wanted in printing.LANGUAGES else printing.LANGUAGES[0]


def _same_version(asked: ReadinessItem, version: str | None) -> None:
    if version and version != str(asked.version):
        raise Stale(
            "Somebody else answered this point in the meantime. Open it again, look at what is new, then repeat."
        )


def _served(stored: StoredFile, *, inline: bool) -> AnyResponse:
    answer = Response(files.read(stored), content_type=stored.content_type)
    answer.headers.set("Content-Disposition", "inline" if inline else "attachment", filename=stored.name)
    if not inline:
        answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.set_etag(stored.sha256[:32])
    return answer.make_conditional(request)


def _answer_form(asked: ReadinessItem, *, sent: bool = False) -> forms.AnswerForm | None:
    choices = [(code, localized(words)) for code, words in asked.choices.items()]
    comment = asked.comment if asked.state is ItemState.ANSWERED else ""
    form = forms.answer_form(asked.type, choices, shown=_shown(asked), comment=comment, sent=sent)
    if form is not None and not sent:
        form.load(asked.version)
    return form


def _shown(asked: ReadinessItem) -> object:
    if asked.type is ItemType.DATE and asked.value:
        return date.fromisoformat(asked.value)
    return asked.value or None


def _item_page(project: Project, asked: ReadinessItem) -> str:
    return render_template("readiness/item.html", **_item_context(project, asked), form=None)


def _item_again(
    project: Project, asked: ReadinessItem, form: Form, *, met: Met | None = None
) -> tuple[str, int]:
    context = {**_item_context(project, asked), "met": met}
    for name, kind in (
        ("answer_form", forms.AnswerForm),
        ("file_form", forms.FileForm),
        ("accept_form", forms.AcceptForm),
        ("reopen_form", forms.ReopenForm),
    ):
        if isinstance(form, kind):
            context[name] = form
    return show_again("readiness/item.html", form, **context)


def _item_context(project: Project, asked: ReadinessItem) -> dict[str, object]:
    country = project.site.country
    return {
        "project": project,
        "item": asked,
        "row": _row(asked, _judged_on(project)),
        "accepted": filling.accepted_in_words(asked, language=viewer().language, country=country),
        "answered": filling.answer_in_words(asked),
        "party": filling.party(asked.responsible),
        "section": filling.section_title(asked.section),
        "contact": queries.contacts_of([asked]).get(asked.contact_id or 0),
        "answerer": queries.answerers_of([asked]).get(asked.answered_by_id or 0),
        "answer_form": _answer_form(asked),
        "file_form": forms.FileForm(formdata=None),
        "accept_form": forms.AcceptForm(formdata=None),
        "reopen_form": forms.ReopenForm(formdata=None),
        "may_answer": viewer().may(Permission.ANSWER_CHECKLISTS),
        "waits_for_acceptance": asked.state is ItemState.ANSWERED,
        "may_reopen": asked.state is not ItemState.OPEN,
    }


def _answer_told(verdict: Verdict) -> str:
    match verdict:
        case Verdict.OK:
            return _("The answer was noted and fits.")
        case Verdict.OUT_OF_RANGE:
            return _("The answer was noted. It is not within what was asked for, so the point stays open.")
    return _("The answer was noted.")


def _judged_on(project: Project) -> date:
    """The day that items are judged on: today at the site; nothing is late any more once a project has ended."""
    return date.min if project.has_ended else clock.today(project.site.zone)


def _standing(project: Project, found: Checklist, today: date) -> Standing:
    items = plan.counted(found.items)
    let_pass = {gate.kind.value for gate in project.gates if gate.state is GateState.OVERRIDDEN}
    ship, install = (
        () if gate.value in let_pass else readiness.gate_state(items, gate).held_by for gate in readiness.Gate
    )
    cleared = sum(item.is_cleared for item in items)
    segments = _segments(found.items, today)
    told = _("%(cleared)s of %(total)s points are confirmed.", cleared=cleared, total=len(items))
    first = _first(found.items, ship or install)
    if first is not None:
        told = " ".join(
            (
                told,
                _(
                    "First comes “%(point)s”, due %(day)s.",
                    point=localized(first.requirement),
                    day=day(first.due_on),
                ),
                _("Delivery is planned for %(day)s.", day=day(found.anchor_on)),
            )
        )
    return Standing(
        _heading(len(ship), len(install), len(items) - cleared), told, segments, cleared, len(items)
    )


def _heading(ship: int, install: int, still_open: int) -> str:
    if ship:
        return ngettext("Delivery waits for %(num)s point", "Delivery waits for %(num)s points", ship)
    if install:
        return ngettext(
            "Installation waits for %(num)s point", "Installation waits for %(num)s points", install
        )
    if still_open:
        return _("Nothing holds delivery or installation")
    return _("The site is ready")


def _first(items: Iterable[ReadinessItem], held_by: tuple[str, ...]) -> ReadinessItem | None:
    return next((item for key in held_by[:1] for item in items if item.key == key), None)


def _segments(items: Iterable[ReadinessItem], today: date) -> tuple[tuple[str, int, str], ...]:
    states = [_state(item, today)[0] for item in items if item.type is not ItemType.INFO]
    words = {
        "ok": _("%(n)s confirmed", n=states.count("ok")),
        "bad": _("%(n)s late or out of range", n=states.count("bad")),
        "warn": _("%(n)s without evidence", n=states.count("warn")),
        "wait": _("%(n)s awaited", n=states.count("wait")),
        "idle": _("%(n)s open, not blocking", n=states.count("idle")),
    }
    return tuple((state, states.count(state), said) for state, said in words.items())


def _groups(found: Checklist, today: date) -> tuple[Group, ...]:
    sections: dict[str, list[Row]] = {}
    for one in found.items:
        sections.setdefault(one.section, []).append(_row(one, today))
    return tuple(
        Group(
            filling.section_title(section),
            tuple(row for row in rows if not row.item.is_cleared),
            tuple(row for row in rows if row.item.is_cleared),
        )
        for section, rows in sections.items()
    )


def _row(one: ReadinessItem, today: date) -> Row:
    state, icon, why = _state(one, today)
    due = day(one.due_on)
    due_state = "idle" if one.is_cleared else state
    if not one.is_cleared and one.due_on < today:
        late = (today - one.due_on).days
        due, due_state = ngettext("%(num)s day late", "%(num)s days late", late), "bad"
    held = {GateKind.SHIP: _("Holds delivery."), GateKind.INSTALL: _("Holds installation.")}
    gate = held.get(one.gate, "") if one.gate and not one.is_cleared else ""
    return Row(one, state, icon, why, due, due_state, gate)


def _state(one: ReadinessItem, today: date) -> tuple[str, str, str]:
    """The state, icon and reason of an item; late and out of range weigh most."""
    if one.type is ItemType.INFO:
        return "ok", "info", localized(one.why)
    answered = filling.answer_in_words(one)
    if one.is_cleared:
        return "ok", "check", answered
    if one.state is ItemState.ANSWERED and one.verdict is not Verdict.OK:
        return (
            "bad",
            "triangle-alert",
            _("Answered “%(answer)s”, which is not within what was asked for.", answer=answered),
        )
    if one.state is ItemState.ANSWERED:
        return (
            "warn",
            "paperclip",
            _("Answered “%(answer)s”; the evidence is still missing.", answer=answered),
        )
    if one.due_on < today and one.gate is not None:
        return "bad", "triangle-alert", one.returned_reason or localized(one.why)
    if one.gate is not None:
        return "wait", "hourglass", one.returned_reason or localized(one.why)
    return "idle", "circle", one.returned_reason or localized(one.why)
