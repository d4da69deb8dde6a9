"""What sites wait for, in words."""

from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.catalogue.states import Responsible
from concierge.home.agenda import Row
from concierge.home.views.need import Need, need_by, place, until, waited
from concierge.platform.words import day, localized
from concierge.readiness.standing import Change
from concierge.readiness.states import Outcome


def unanswered(row: Row, today: date) -> Need:
    requirement = localized(row.requirement).rstrip(".")
    if not row.overdue:
        title = ngettext(
            "%(who)s owes %(num)s answer about the site",
            "%(who)s owes %(num)s answers about the site",
            row.due,
            who=row.contact or row.account,
        )
        why = _("%(place)s. First: %(requirement)s.", place=place(row), requirement=requirement)
        when, note = day(row.due_on), until(row.due_on, today)
    else:
        title = _(
            "Chase the site checklist, %(answered)s of %(total)s answered",
            answered=row.answered,
            total=row.total,
        )
        why = _("%(place)s. Still waiting for: %(requirement)s.", place=place(row), requirement=requirement)
        when = ngettext("%(num)s overdue", "%(num)s overdue", row.overdue)
        note = _("since %(day)s", day=day(row.due_on))
    return Need(
        state="wait",
        icon="hourglass",
        title=title,
        url=f"/projects/{row.project_key}/readiness",
        why=why,
        when=when,
        note=note,
        action=_("Open checklist"),
    )


def unreached(row: Row, today: date) -> Need:
    if not row.email:
        why = _("%(place)s. %(who)s has no mail address.", place=place(row), who=row.who)
    elif not row.is_reminded:
        why = _("%(place)s. %(who)s does not want reminders.", place=place(row), who=row.who)
    else:
        why = _("%(place)s. Letters to %(who)s come back.", place=place(row), who=row.who)
    return need_by(
        row.due_on,
        today,
        state="warn",
        icon="mail",
        title=_("Ask %(who)s yourself, or somebody else", who=row.who),
        url=f"/projects/{row.project_key}/readiness/reminders",
        why=why,
        action=_("Open reminders"),
    )


def ours(row: Row, today: date) -> Need:
    who = {
        Responsible.ENGINEER: _("our engineer"),
        Responsible.LOGISTICS: _("our logistics"),
        Responsible.CARRIER: _("the carrier"),
    }.get(row.responsible, _("us"))
    return need_by(
        row.due_on,
        today,
        state="bad" if row.due_on < today else "warn",
        icon="list-checks",
        title=_("See to it: %(requirement)s", requirement=localized(row.requirement).rstrip(".")),
        url=f"/projects/{row.project_key}/readiness/{row.id}",
        why=_("%(place)s. A point of the site’s checklist for %(who)s.", place=place(row), who=who),
        action=_("Open point"),
    )


def question(row: Row, today: date) -> Need:
    return Need(
        state="warn",
        icon="message-circle",
        title=_("Answer %(who)s", who=row.who),
        url=f"/projects/{row.project_key}/customer#question-{row.id}",
        why=_("%(place)s. “%(question)s”", place=place(row), question=_shortened(row.text)),
        when=waited((today - row.asked_at.date()).days),
        note=_("since the question came"),
        action=_("Answer"),
    )


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else line[:119].rstrip() + "…"


def came_back(row: Row, today: date) -> Need:
    why = {
        Outcome.CONFLICTS: _("Some answers in it differ from newer ones."),
        Outcome.FLAT: _("It is a scan or a photo; somebody types in what it says."),
        Outcome.PARTLY: _("Some of it could not be taken by itself."),
    }.get(row.outcome, _("It could not be taken by itself."))
    return Need(
        state="warn",
        icon="file-text",
        title=_("Look at the checklist that came back for %(key)s", key=row.project_key),
        url=f"/projects/{row.project_key}/readiness/returned/{row.id}",
        why=_("%(place)s. %(what)s", place=place(row), what=why),
        when=waited((today - row.received_at.date()).days),
        note=_("since it came"),
        action=_("Look"),
    )


def lost(row: Row, today: date) -> Need:
    changes = (row.ready_lost or {}).get("changes") or ()
    first = Change.from_json(changes[0]) if changes else None
    who = first.by if first else ""
    what = localized(first.requirement).rstrip(".") if first else ""
    why = (
        _("%(place)s. Changed by %(who)s: %(what)s.", place=place(row), who=who, what=what)
        if who
        else _("%(place)s. First: %(what)s.", place=place(row), what=what)
        if what
        else _("%(place)s.", place=place(row))
    )
    return need_by(
        row.anchor_on,
        today,
        state="bad",
        icon="triangle-alert",
        title=_("Site of %(project)s was ready, but changed", project=row.project_name),
        url=f"/projects/{row.project_key}/readiness/assessments",
        why=why,
        action=_("See what changed"),
    )


def contradicted(row: Row, today: date) -> Need:
    return need_by(
        row.due_on,
        today,
        state="warn",
        icon="triangle-alert",
        title=_("Choose which answer counts: %(what)s", what=localized(row.requirement)),
        url=f"/projects/{row.project_key}/readiness/{row.id}",
        why=_("%(place)s. Two answers contradict each other.", place=place(row)),
        action=_("Choose"),
    )


def to_review(row: Row, today: date) -> Need:
    why = (
        _("%(place)s. The customer changed it after the site was signed off.", place=place(row))
        if row.reported_at is not None
        else _("%(place)s. The answer counts when you have looked at it.", place=place(row))
    )
    return need_by(
        row.due_on,
        today,
        state="bad" if row.reported_at is not None else "warn",
        icon="clipboard-check",
        title=_("Review the answer: %(what)s", what=localized(row.requirement)),
        url=f"/projects/{row.project_key}/readiness/{row.id}",
        why=why,
        action=_("Review"),
    )
