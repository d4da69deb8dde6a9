"""The checklist of a project: where it stands, and issuing it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as AnyResponse

from concierge.catalogue.states import GateKind, ItemType
from concierge.core import readiness
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.words import day, localized
from concierge.projects.models import Project
from concierge.projects.states import GateState
from concierge.readiness import queries, standing
from concierge.readiness.actions import issuing
from concierge.readiness.document import filling, printing
from concierge.readiness.models import Checklist, ReadinessItem
from concierge.readiness.states import DocumentKind, ItemState, Verdict
from concierge.readiness.views import judged
from concierge.readiness.views.blueprint import Page, anchor_of, bp
from concierge.readiness.views.returned import came_back


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

    key: str
    title: str
    open: tuple[Row, ...]
    """Without those that are waived: they are listed apart."""
    cleared: tuple[Row, ...]
    total: int
    percent: int
    """Of what is asked in it, by weight."""
    signed: tuple[tuple[str, str], ...]
    """State and words of each signature that holds, and of the newest one that ended."""

    @property
    def anchor(self) -> str:
        """Where it stands on the page."""
        return anchor_of(self.key)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the whole checklist stands, in words and as segments."""

    heading: str
    lead: str
    segments: tuple[tuple[str, int, str], ...]
    cleared: int
    total: int
    percent: int
    """By weight."""


@dataclass(frozen=True, slots=True)
class Waived:
    """An open point that delivery does not wait for."""

    row: Row
    words: str


@bp.get("/projects/<key>/readiness")
@requires(Permission.SEE_CHECKLISTS)
def checklist(key: str) -> Page:
    """Say whether the site is ready, and what is still open."""
    project, found = queries.checklist_for(viewer(), key)
    if found is None:
        return render_template("readiness/none.html", project=project)
    today = judged_on(project)
    contacts = queries.contacts_of(found.items)
    return render_template(
        "readiness/checklist.html",
        project=project,
        checklist=found,
        standing=_standing(project, found, today),
        groups=_groups(project, found, today),
        not_asked=[one for one in found.items if not one.is_asked and not one.is_withdrawn],
        waived=_waived(found, today),
        notices=judged.notices(project, found, looking=viewer()),
        signed=judged.signatures(project, found, ""),
        frozen=judged.frozen(project, found),
        newest=next(iter(queries.assessments_of(found.id)), None),
        may_waive=viewer().may(Permission.OVERRIDE_GATES),
        contacts=contacts,
        ours=queries.people_of_ours(project),
        documents=queries.documents_of(found.id),
        records=queries.documents_of(found.id, kind=DocumentKind.RECORD),
        languages=printing.LANGUAGES,
        **came_back(project),
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
            raise Refused(_("The checklist is issued when the plan is approved. Approve the plan first."))
        issuing.issue_checklist(project, at=clock.now(), actor_id=viewer().user_id)
    flash(_("The checklist was issued."))
    return redirect(url_for("readiness.checklist", key=key), code=303)


def judged_on(project: Project) -> date:
    """The day that items are judged on: today at the site; nothing is late any more once a project has ended."""
    return date.min if project.has_ended else clock.today(project.site.zone)


def _standing(project: Project, found: Checklist, today: date) -> Standing:
    items = standing.counted(found.items)
    let_pass = {gate.kind.value for gate in project.gates if gate.state is GateState.OVERRIDDEN}
    ship, install = (
        () if gate.value in let_pass else readiness.gate_state(items, gate).held_by for gate in readiness.Gate
    )
    cleared = sum(item.is_done for item in items)
    segments = _segments(found.items, today)
    percent = standing.score(found.items, readiness.Gate.INSTALL, today=today).percent
    told = _("%(cleared)s of %(total)s points are confirmed.", cleared=cleared, total=len(items))
    if len({one.weight for one in items}) > 1:
        told += " " + _("By weight that is %(percent)s %%.", percent=percent)
    if waived := sum(one.is_waived and not one.is_done for one in items):
        told += " " + ngettext("%(num)s is waived.", "%(num)s are waived.", waived)
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
        _heading(len(ship), len(install), len(items) - cleared),
        told,
        segments,
        cleared,
        len(items),
        percent,
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
    states = [_state(item, today)[0] for item in items if item.is_counted]
    words = {
        "ok": _("%(n)s confirmed", n=states.count("ok")),
        "bad": _("%(n)s late or out of range", n=states.count("bad")),
        "warn": _("%(n)s waived or without evidence", n=states.count("warn")),
        "go": _("%(n)s to review", n=states.count("go")),
        "wait": _("%(n)s awaited", n=states.count("wait")),
        "idle": _("%(n)s open, not blocking", n=states.count("idle")),
    }
    return tuple((state, states.count(state), said) for state, said in words.items())


def _groups(project: Project, found: Checklist, today: date) -> tuple[Group, ...]:
    sections: dict[str, list[Row]] = {}
    for one in found.items:
        if one.is_asked:
            sections.setdefault(one.section, []).append(row_of(one, today))
    return tuple(
        Group(
            section,
            filling.section_title(section),
            tuple(row for row in rows if not row.item.is_cleared and not row.item.is_waived),
            tuple(row for row in rows if row.item.is_cleared),
            len(rows),
            standing.score([row.item for row in rows], readiness.Gate.INSTALL, today=today).percent,
            judged.signatures(project, found, section),
        )
        for section, rows in sections.items()
    )


def _waived(found: Checklist, today: date) -> tuple[Waived, ...]:
    items = [one for one in found.items if one.is_waived and one.is_counted]
    waivers = queries.waivers_on([one.id for one in items])
    return tuple(
        Waived(
            row_of(one, today),
            _(
                "Until %(day)s; %(name)s answers for it: %(reason)s",
                day=day(waiver.expires_on),
                name=waiver.name,
                reason=waiver.reason,
            ),
        )
        for one in items
        for waiver in waivers.get(one.id, ())
    )


def row_of(one: ReadinessItem, today: date) -> Row:
    """An item as the list shows it.

    :param today: the day at the site.
    """
    state, icon, why = _state(one, today)
    due = day(one.due_on)
    due_state = "idle" if one.is_cleared else state
    if not one.is_cleared and one.due_on < today:
        late = (today - one.due_on).days
        due, due_state = ngettext("%(num)s day late", "%(num)s days late", late), "bad"
    held = {GateKind.SHIP: _("Holds delivery."), GateKind.INSTALL: _("Holds installation.")}
    if one.is_waived:
        held[GateKind.SHIP] = _("Holds installation.")
    gate = held.get(one.gate, "") if one.gate and not one.is_cleared else ""
    return Row(one, state, icon, why, due, due_state, gate)


def _state(one: ReadinessItem, today: date) -> tuple[str, str, str]:
    """The state, icon and reason of an item; late and out of range weigh most."""
    if one.is_contradicted:
        return "bad", "triangle-alert", _("Two answers contradict each other. Choose which one counts.")
    if one.type is ItemType.INFO:
        return "ok", "info", localized(one.why)
    answered = filling.answer_in_words(one)
    if one.is_cleared:
        return "ok", "check", answered
    if one.reported_at is not None:
        return "bad", "triangle-alert", judged.reported(one)
    if one.is_waived and one.waived_until is not None:
        return "warn", "shield", _("Waived until %(day)s.", day=day(one.waived_until))
    if one.needs_review and one.verdict is Verdict.OK and not one.lacks_evidence:
        return "go", "hourglass", judged.awaits_review(one)
    if one.state is ItemState.ANSWERED and one.lacks_evidence and one.verdict is not Verdict.OUT_OF_RANGE:
        return "warn", "paperclip", standing.missing_files(one)
    if one.state is ItemState.ANSWERED and one.verdict is not Verdict.OK:
        return (
            "bad",
            "triangle-alert",
            _("Answered “%(answer)s”, which is not within what was asked for.", answer=answered),
        )
    if one.due_on < today and one.gate is not None:
        return "bad", "triangle-alert", one.returned_reason or localized(one.why)
    if one.gate is not None:
        return "wait", "hourglass", one.returned_reason or localized(one.why)
    return "idle", "circle", one.returned_reason or localized(one.why)
