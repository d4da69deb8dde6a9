"""Playbooks in words: what a part is called, what it waits for, and each of its values as a person reads it."""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from concierge.catalogue import bounds, words
from concierge.catalogue.contents import (
    Contents,
    CoursePart,
    FieldPart,
    ItemPart,
    LinkPart,
    MessagePart,
    MilestonePart,
    Part,
    Texts,
    VisitPart,
)
from concierge.catalogue.models import PlaybookItem, Product
from concierge.catalogue.states import (
    Anchor,
    Audience,
    DaysOf,
    DueDays,
    Evidence,
    FieldKind,
    GateKind,
    ItemType,
    LagUnit,
    LinkKind,
    MilestoneKind,
    ProductKind,
    Responsible,
    Reviewer,
    Scope,
    Severity,
    StepKind,
    Team,
    VisitKind,
)
from concierge.platform.words import country, day, listed, localized, workdays


def collection_words() -> Mapping[str, str]:
    """What a playbook consists of."""
    return {
        "milestones": _("Milestones"),
        "items": _("Site requirements"),
        "messages": _("Letters to the customer"),
        "fields": _("Fields of our own"),
        "courses": _("Courses"),
    }


def part_words() -> Mapping[str, str]:
    """One of them, to be added."""
    return {
        "milestones": _("Add a milestone"),
        "items": _("Add a requirement"),
        "messages": _("Add a letter"),
        "fields": _("Add a field"),
        "courses": _("Add a course"),
    }


def called(part: Part) -> str:
    """What a part is called."""
    match part:
        case MilestonePart() | FieldPart():
            texts = part.name
        case ItemPart():
            text = localized(part.requirement) or part.key
            return bounds.asked_in_words(part, text, language=reader())
        case MessagePart():
            texts = part.subject
        case CoursePart():
            texts = part.title
    return localized(texts) or part.key


def asked_texts(items: Iterable[PlaybookItem | ItemPart], instruments: Sequence[Product]) -> dict[str, str]:
    """Requirements by key as they read with the first instrument's figures, wherever it goes and whatever is sold.

    :param instruments: loaded with their figures.
    """
    first = instruments[0] if instruments else None
    return {
        item.key: bounds.asked_in_words(
            item,
            localized(item.requirement) or item.key,
            language=reader(),
            facts=first.facts if first else (),
            instrument=first.key if first else "",
        )
        for item in items
    }


def due_in_words(item: ItemPart) -> str:
    """By when a requirement is due: "14 days before delivery", "5 working days before the start of installation"."""
    anchor = words.anchor_words()[item.anchor]
    count = abs(item.due_offset)
    if not count:
        return str(_("on the day of %(what)s", what=anchor))
    if item.due_days is DueDays.SITE:
        length = workdays(count)
    else:
        length = ngettext("%(num)s day", "%(num)s days", count)
    if item.due_offset < 0:
        return str(_("%(length)s before %(what)s", length=length, what=anchor))
    return str(_("%(length)s after %(what)s", length=length, what=anchor))


def asked_when(item: ItemPart, whole: Contents) -> str:
    """Where, with what, and by which answers a requirement is asked; empty: always."""
    said = []
    if item.countries:
        said.append(str(_("in %(where)s", where=listed(country(code) for code in item.countries))))
    if item.condition:
        said.append(str(_("if %(what)s", what=condition_in_words(item.condition, whole))))
    return ", ".join(said)


def reader() -> str:
    """The reader's language with their country, as numbers are written by it."""
    return str(get_locale() or "en_GB")


def value_words() -> Mapping[str, str]:
    """The values of parts by their names."""
    return {
        "key": _("Key"),
        "code": _("Key"),
        "name": _("Name"),
        "note": _("Note"),
        "kind": _("Kind"),
        "team": _("Accountable"),
        "audience": _("Seen by"),
        "scope": _("How often"),
        "workdays": _("Length in days"),
        "days_of": _("Counted in"),
        "per_unit": _("Again for every further unit"),
        "just_in_time": _("As late as its followers allow"),
        "when_sold": _("In the plan"),
        "links": _("Waits for"),
        "visits": _("Visits"),
        "section": _("Section"),
        "type": _("Answered by"),
        "requirement": _("Requirement"),
        "why": _("Why"),
        "how": _("How to do it"),
        "quantity": _("Quantity"),
        "unit": _("Unit of measure"),
        "minimum": _("At least"),
        "maximum": _("At most"),
        "choices": _("Answers to choose from"),
        "responsible": _("Who sees to it"),
        "due_offset": _("Due, in days"),
        "severity": _("Severity"),
        "gate": _("Holds"),
        "evidence": _("Evidence"),
        "option_key": _("Asked when sold"),
        "tolerance": _("Tolerance"),
        "sample": _("What is measured"),
        "fact": _("Bounds from"),
        "accepted": _("Answers that fit"),
        "role": _("For whom at the customer"),
        "reviewer": _("Looked at by"),
        "anchor": _("Due days count from"),
        "due_days": _("Due days counted in"),
        "weight": _("Counts for"),
        "file_kinds": _("Kinds of files"),
        "file_count": _("Number of files"),
        "countries": _("Asked in"),
        "condition": _("Asked only if"),
        "source": _("Source"),
        "source_rev": _("Its revision"),
        "checked_on": _("Checked on"),
        "milestone_key": _("Milestone"),
        "offset_workdays": _("Working days from its start"),
        "subject": _("Subject"),
        "text": _("Text"),
        "title": _("Title"),
        "level": _("Level"),
        "half_days": _("Length in half days"),
        "capacity": _("People at once"),
        "curriculum": _("Lessons"),
    }


def differing(one: Part, other: Part) -> list[str]:
    """The names of the values in which two parts of a kind differ."""
    return [name for name in one.__dataclass_fields__ if getattr(one, name) != getattr(other, name)]


def told(name: str, part: Part, whole: Contents | None = None) -> str:
    """One value of a part in words."""
    value = getattr(part, name)
    if name == "condition":
        return condition_in_words(value, whole) or _("always")
    if name in {"role", "fact"} and value:
        return str({**words.role_words(), **words.place_words(), **words.quantity_words()}.get(value, value))
    if name == "countries":
        return listed(country(code) for code in value) or _("everywhere")
    if name == "file_kinds":
        kinds = {kind.value: text for kind, text in words.file_kind_words().items()}
        return listed(kinds.get(one, one) for one in value) or _("any")
    if name == "links":
        return listed(_link(link, whole) for link in value) or _("nothing")
    if name == "visits":
        return listed(_visit(visit) for visit in value) or _("none")
    return _told(value)


def waits_of(milestone: MilestonePart, whole: Contents) -> str:
    """What a milestone waits for, in words."""
    return listed(_link(link, whole) for link in milestone.links)


def length_of(milestone: MilestonePart) -> str:
    """How long it takes, and whose days count."""
    if not milestone.workdays:
        return str(_("a moment"))
    if milestone.days_of is DaysOf.SITE:
        return workdays(milestone.workdays)
    return f"{milestone.workdays} {words.days_of_words()[milestone.days_of]}"


def condition_in_words(condition: Mapping[str, Any], whole: Contents | None = None) -> str:  # Any: JSON
    """When an item is asked, by other answers; empty: always."""
    if not condition:
        return ""
    names = {one.key: localized(one.requirement) or one.key for one in whole.items} if whole else {}
    match condition:
        case {"all": [*parts]}:
            return str(
                _("%(all)s (all of these)", all=listed(condition_in_words(one, whole) for one in parts))
            )
        case {"any": [*parts]}:
            return str(
                _("%(any)s (any of these)", any=listed(condition_in_words(one, whole) for one in parts))
            )
        case {"not": part}:
            return str(_("not: %(what)s", what=condition_in_words(part, whole)))
        case {"sold": [*keys]}:
            return str(_("%(what)s is sold", what=listed(map(str, keys))))
        case {"country": [*codes]}:
            return str(_("the site is in %(where)s", where=listed(country(str(code)) for code in codes)))
        case {"item": key, "is": [*codes]}:
            return str(_("“%(item)s” is %(what)s", item=names.get(key, key), what=listed(map(str, codes))))
        case {"item": key, "is_not": [*codes]}:
            return str(
                _("“%(item)s” is not %(what)s", item=names.get(key, key), what=listed(map(str, codes)))
            )
        case {"item": key, "answered": is_answered}:
            text = _("“%(item)s” is answered") if is_answered else _("“%(item)s” is not answered")
            return str(text) % {"item": names.get(key, key)}
        case {"item": key, "at_least": bound}:
            return str(_("“%(item)s” is at least %(bound)s", item=names.get(key, key), bound=bound))
        case {"item": key, "at_most": bound}:
            return str(_("“%(item)s” is at most %(bound)s", item=names.get(key, key), bound=bound))
        case {"item": key, "verdict": [*verdicts]}:
            said = listed(str(one).replace("_", " ") for one in verdicts)
            return str(_("the answer to “%(item)s” is %(what)s", item=names.get(key, key), what=said))
    return str(_("something that nobody can read"))


def _told(value: Any) -> str:  # Any: what a part holds
    if value is None or value == "" or value == () or value == {}:
        return str(_("not set"))
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, Enum):
        return _member(value)
    if isinstance(value, float):
        return f"{value:,.6g}".replace(",", "\u202f")
    if isinstance(value, Mapping):
        return _texts(value)
    if isinstance(value, tuple):
        return listed(_told(one) for one in value)
    if hasattr(value, "isoformat"):
        return day(value)
    return str(value)


def _member(value: Enum) -> str:
    lists: Mapping[type[Enum], Mapping[Any, str]] = {  # Any: members of the list
        MilestoneKind: words.milestone_words(),
        Team: words.team_words(),
        Audience: words.audience_words(),
        Scope: words.scope_words(),
        DaysOf: words.days_of_words(),
        ProductKind: words.sold_words(),
        ItemType: words.answer_words(),
        Severity: words.severity_words(),
        GateKind: words.gate_words(),
        Evidence: words.evidence_words(),
        Responsible: words.responsible_words(),
        Anchor: words.anchor_words(),
        DueDays: words.due_days_words(),
        Reviewer: words.reviewer_words(),
        FieldKind: words.field_words(),
        VisitKind: words.visit_words(),
        StepKind: words.step_words(),
        LinkKind: words.link_words(),
        LagUnit: words.lag_words(),
    }
    return str(lists[type(value)][value])


def _texts(texts: Texts | Mapping[str, Texts]) -> str:
    """Each language's text; the answers of a choice."""
    said = []
    for key, text in texts.items():
        said.append(f"{key}: {text if isinstance(text, str) else localized(text)}")
    return " · ".join(said)


def _link(link: LinkPart, whole: Contents | None) -> str:
    names = {one.key: localized(one.name) for one in whole.milestones} if whole else {}
    name = names.get(link.predecessor_key) or link.predecessor_key
    if link.kind is not LinkKind.FINISH_TO_START:
        name = str(_("%(name)s (%(how)s)", name=name, how=words.link_words()[link.kind]))
    if not link.lag:
        return name
    return str(_("%(name)s %(lag)s", name=name, lag=_lag(link)))


def _lag(link: LinkPart) -> str:
    sign = "−" if link.lag < 0 else "+"
    match link.lag_unit:
        case LagUnit.WORKDAYS:
            said = workdays(link.lag)
        case LagUnit.DAYS:
            said = ngettext("%(num)s day", "%(num)s days", abs(link.lag))
        case LagUnit.HOURS:
            said = ngettext("%(num)s hour", "%(num)s hours", abs(link.lag))
    return f"{sign} {said}"


def _visit(visit: VisitPart) -> str:
    said = [
        str(
            _(
                "%(title)s, %(minutes)d minutes, %(people)d technicians",
                title=localized(visit.title),
                minutes=visit.minutes,
                people=visit.technicians,
            )
        )
    ]
    if visit.skill:
        said.append(str(_("%(skill)s from level %(level)d on", skill=visit.skill, level=visit.level)))
    if visit.tools:
        said.append(str(_("with %(tools)s", tools=listed(visit.tools))))
    if visit.needs_customer:
        said.append(str(_("the customer has to be there")))
    said += [words.step_in_words(step) for step in visit.steps]
    return "; ".join(said)
