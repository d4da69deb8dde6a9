"""What was judged, signed, waived and lost, in words."""

from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.catalogue.states import Reviewer
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.words import day, localized
from concierge.projects.models import Project
from concierge.readiness import queries
from concierge.readiness.actions.judging import may_review
from concierge.readiness.document import filling
from concierge.readiness.models import Checklist, ReadinessItem
from concierge.readiness.standing import Change
from concierge.readiness.states import Decision, Freeze, Occasion

SHOWN = 3
"""How many changes one sentence names."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence that concerns the whole list, with where it leads."""

    state: str
    icon: str
    words: str
    url: str = ""
    link: str = ""


def notices(project: Project, found: Checklist, *, looking: Viewer) -> list[Notice]:
    """What stands above the list, the gravest first."""
    said = []
    if found.ready_lost_at is not None:
        said.append(
            Notice(
                "bad",
                "triangle-alert",
                lost(project, found),
                url_for("readiness.assessments", key=project.key),
                _("See what changed"),
            )
        )
    if waiting := [one for one in found.items if one.is_contradicted]:
        words = ngettext(
            "%(num)s point has two answers that contradict each other.",
            "%(num)s points have answers that contradict each other.",
            len(waiting),
        )
        said.append(Notice("bad", "triangle-alert", words, _of(project, waiting[0]), _("Choose")))
    if waiting := to_review(found, looking):
        words = ngettext(
            "%(num)s answer waits for your review.", "%(num)s answers wait for your review.", len(waiting)
        )
        said.append(Notice("go", "hourglass", words, _of(project, waiting[0]), _("Review")))
    return said


def to_review(found: Checklist, looking: Viewer) -> list[ReadinessItem]:
    """The items with an answer that somebody's review is asked for, those that were changed after all first."""
    waiting = [
        one
        for one in found.items
        if one.needs_review and one.is_counted and not one.lacks_evidence and may_review(one, looking.role)
    ]
    return sorted(waiting, key=lambda one: (one.reported_at is None, one.gate is None, one.due_on))


def lost(project: Project, found: Checklist) -> str:
    """That a site was said to be ready and is not any more: who said so when, and what changed by whom."""
    kept = found.ready_lost or {}
    said_on = day(clock.day_at(datetime.fromisoformat(str(kept["at"])), project.site.zone))
    name = str(kept.get("name") or "")
    first = (
        _("Was ready on %(day)s, signed by %(name)s, but changed.", day=said_on, name=name)
        if name
        else _("Was ready on %(day)s, but changed.", day=said_on)
    )
    items = {one.key: one for one in found.items}
    changes = [Change.from_json(one) for one in kept.get("changes", ())]
    told = [change_words(one, items.get(one.key)) for one in changes[:SHOWN]]
    if more := len(changes) - len(told):
        told.append(ngettext("%(num)s more.", "%(num)s more.", more))
    return " ".join((first, *told))


def change_words(change: Change, item: ReadinessItem | None) -> str:
    """What became of an item, with who did it, as a sentence.

    :param item: as it is now, for the words of its choices; `None` when it is gone.
    """
    what = localized(change.requirement)
    before, after = (answer_words(item, value) for value in (change.before, change.after))
    match change.what:
        case "answer" if not change.after:
            said = _("“%(what)s” is open again; it was “%(before)s”", what=what, before=before)
        case "answer" if not change.before:
            said = _("“%(what)s” was answered with “%(after)s”", what=what, after=after)
        case "answer" if change.before == change.after:
            said = _("The comment on “%(what)s” changed", what=what)
        case "answer":
            said = _("“%(what)s” is “%(after)s”; it was “%(before)s”", what=what, before=before, after=after)
        case "files":
            said = _(
                "“%(what)s” has %(after)s files; it had %(before)s",
                what=what,
                before=change.before,
                after=change.after,
            )
        case "asked":
            said = _("“%(what)s” asks otherwise than before", what=what)
        case "gone":
            said = _("“%(what)s” is no longer asked", what=what)
        case "new":
            said = _("“%(what)s” is asked anew", what=what)
        case "waiver" if not change.after:
            said = _("The waiver of “%(what)s” ended", what=what)
        case "waiver":
            said = _("“%(what)s” was waived", what=what)
        case _:
            said = _("“%(what)s” counts otherwise than before", what=what)
    return said + (f" ({change.by})." if change.by else ".")


def answer_words(item: ReadinessItem | None, value: str) -> str:
    """An answer of any time as it is read today: choices by their words, figures as they were typed."""
    return value if item is None or not value else filling.value_in_words(item, value)


def signatures(project: Project, found: Checklist, section: str) -> tuple[tuple[str, str], ...]:
    """State and words of each signature under a section (empty: the whole list) that holds, else of what ended it."""
    rows = [one for one in queries.signatures_on(found.id) if one.section == section]
    holding = [one for one in rows if one.ended_at is None]
    with_us = queries.people_named(one.witness_id for one in holding)
    zone = project.site.zone
    said = []
    for one in holding:
        signed_on = day(clock.day_at(one.signed_at, zone))
        declared = {
            Decision.READY: _("Declared ready"),
            Decision.WITH_CONDITIONS: _("Declared ready on conditions: %(what)s", what=one.conditions),
            Decision.NOT_READY: _("Declared not ready"),
        }
        words = _("%(name)s signed on %(day)s.", name=one.name, day=signed_on)
        if one.witness_id in with_us:
            how = filling.signed_with(with_us[one.witness_id].name, one.channel)
            words = _("%(name)s signed on %(day)s, %(how)s.", name=one.name, day=signed_on, how=how)
        if one.decision is not None:
            words = f"{declared[one.decision]}. {words}"
        said.append(("warn" if one.decision is Decision.NOT_READY else "ok", words))
    ended = next((one for one in rows if one.ended_at is not None and one.changes), None)
    if ended is not None and not holding:
        items = {one.key: one for one in found.items}
        changes = [Change.from_json(one) for one in ended.changes[:SHOWN]]
        told = " ".join(change_words(one, items.get(one.key)) for one in changes)
        words = _("The signature of %(name)s ended: %(why)s", name=ended.name, why=told)
        said.append(("warn", words))
    return tuple(said)


def reported(item: ReadinessItem) -> str:
    """That the customer changed what was settled."""
    return _(
        "Changed to “%(answer)s” after the site was signed off; it counts when one of us has looked at it.",
        answer=filling.answer_in_words(item),
    )


def awaits_review(item: ReadinessItem) -> str:
    """Whose review an answer waits for."""
    answered = filling.answer_in_words(item)
    if item.reviewer is Reviewer.ENGINEER:
        return _("Answered “%(answer)s”; it counts when our engineer has looked at it.", answer=answered)
    return _("Answered “%(answer)s”; it counts when the concierge has looked at it.", answer=answered)


def frozen(project: Project, found: Checklist) -> str:
    """Since when and why answers count as settled; empty when they do not."""
    if found.frozen_at is None:
        return ""
    since = day(clock.day_at(found.frozen_at, project.site.zone))
    why = (
        _("Frozen since shipping was released on %(day)s.", day=since)
        if found.frozen_why is Freeze.SHIP_RELEASED
        else _("Frozen since the site was signed off on %(day)s.", day=since)
    )
    return f"{why} " + _(
        "What the customer changes is looked at before it counts, and whoever moves a date says why."
    )


def occasion_words(occasion: Occasion) -> str:
    """Why a site was judged."""
    return {
        Occasion.FOURTEEN_DAYS: _("14 days before delivery"),
        Occasion.SEVEN_DAYS: _("7 days before delivery"),
        Occasion.ON_THE_DAY: _("On the day of installation"),
        Occasion.BY_HAND: _("By hand"),
    }[occasion]


def _of(project: Project, item: ReadinessItem) -> str:
    return url_for("readiness.item", key=project.key, item_id=item.id)
