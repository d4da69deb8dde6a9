"""From a checklist's rows to the values of its document."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from babel import Locale
from babel.numbers import get_decimal_symbol
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _

from concierge.accounts.models import Site
from concierge.catalogue.states import (
    Audience,
    Evidence,
    GateKind,
    ItemType,
    MilestoneKind,
    ProductKind,
    Responsible,
)
from concierge.core import codes
from concierge.platform import clock, settings, signing
from concierge.platform.words import day, localized
from concierge.projects.actions.promising import ShownDate
from concierge.projects.models import Milestone, Project
from concierge.projects.queries import fields as own
from concierge.projects.states import MilestoneState
from concierge.readiness import plan, queries, scope
from concierge.readiness.document import values
from concierge.readiness.document.words import Figures, in_a_row
from concierge.readiness.models import Checklist, ReadinessItem, ReadinessSignature
from concierge.readiness.standing import Change
from concierge.readiness.states import Channel, Decision, DocumentKind, ItemState, Verdict

_WAY: tuple[tuple[MilestoneKind, ...], ...] = (
    (MilestoneKind.ORDER_ACCEPTED, MilestoneKind.KICK_OFF),
    (MilestoneKind.SITE_SURVEY, MilestoneKind.SITE_READY),
    (MilestoneKind.DELIVERED,),
    (MilestoneKind.INSTALLED,),
    (MilestoneKind.TRAINING,),
    (MilestoneKind.HANDOVER,),
)
"""The stations of the way as the document shows it; each takes the last of the milestones of these kinds."""

_FIRST_COUNTS = (MilestoneKind.TRAINING,)
"""Advanced courses follow months after handover; the way shows the first."""


def filled(
    checklist: Checklist,
    project: Project,
    *,
    language: str,
    kind: DocumentKind = DocumentKind.WORKING,
    revision: int = 1,
    revised_on: date | None = None,
    code: str = "",
) -> values.Checklist:
    """The document of a checklist in a language.

    Both rows come from `queries.checklist_by_id` and `queries.project_of`.

    :param code: of the print, as it is stored; empty while nothing is printed.
    """
    with force_locale(language):
        is_record = kind is DocumentKind.RECORD
        filled = _filled(
            checklist,
            project,
            language=language,
            revision=revision,
            revised_on=revised_on,
            is_record=is_record,
        )
        if is_record:
            filled = replace(
                filled, is_record=True, data=_as_data(checklist, project), is_sealed=signing.is_asked_for()
            )
    return replace(filled, code=codes.written(code)) if code else filled


def dates_shown(checklist: Checklist, project: Project) -> tuple[ShownDate, ...]:
    """The days of milestones that the document tells the customer: its way, and when delivery is planned.

    The first station is the customer's own order, which promises them nothing.
    """
    told = [
        ShownDate(milestone.key, on)
        for kinds in _WAY[1:]
        for milestone, on in _last_of(kinds, project.milestones)
    ]
    delivered = delivery_shown(checklist, project)
    return tuple(dict.fromkeys([*told, *delivered]))


def delivery_shown(checklist: Checklist, project: Project) -> tuple[ShownDate, ...]:
    """The day for which delivery is said to be planned, where the plan has a delivery."""
    return tuple(
        ShownDate(milestone.key, checklist.anchor_on)
        for milestone in project.milestones
        if milestone.kind is MilestoneKind.DELIVERED and milestone.start_on == checklist.anchor_on
    )[:1]


def link_of(checklist: Checklist) -> str:
    """The address that is printed: it opens the newest version of the checklist for whoever holds it."""
    in_force = settings.current()
    token = scope.link_token(checklist.link_nonce, key=in_force.secret_key)
    return f"{in_force.address}{values.LINK}{token}"


def section_title(section: str) -> str:
    """A section's name in words."""
    match section:
        case "access":
            return _("Access and route")
        case "space":
            return _("Space and bench")
        case "power":
            return _("Power")
        case "climate":
            return _("Climate")
        case "gas":
            return _("Gas")
        case "exhaust":
            return _("Exhaust and ventilation")
        case "water":
            return _("Water and drain")
        case "network" | "it":
            return _("Network")
        case "safety" | "ehs":
            return _("Safety")
        case "people":
            return _("People and rooms")
        case "supplies":
            return _("Supplies")
        case "delivery":
            return _("Day of delivery")
        case "after":
            return _("After delivery")
        case "environment":
            return _("Environment")
        case "magnet":
            return _("Magnet and field")
    return section.replace("-", " ").replace("_", " ").capitalize()


def party(responsible: Responsible) -> str:
    """Who brings an item about, in words that the customer understands."""
    match responsible:
        case Responsible.CUSTOMER:
            return _("Your team")
        case Responsible.VENDOR:
            return _("Our team")
        case Responsible.ENGINEER:
            return _("Our engineer")
        case Responsible.LOGISTICS:
            return _("Our logistics")
    return _("Carrier")


def answer_in_words(item: ReadinessItem) -> str:
    """What was answered, as people say it."""
    return value_in_words(item, item.value)


def value_in_words(item: ReadinessItem, value: str, *, locale: Locale | None = None) -> str:
    """Any answer to an item as people say it, also one that does not count.

    :param locale: how numbers are written; None: as in the language in force.
    """
    match item.type:
        case ItemType.CONFIRM:
            return {"yes": _("Yes"), "no": _("Not yet")}.get(value, value)
        case ItemType.CHOICE:
            return localized(item.choices.get(value, {})) or value
        case ItemType.MULTI:
            codes_given = [code.strip() for code in value.split(",")]
            return in_a_row(localized(item.choices.get(code, {})) or code for code in codes_given)
        case ItemType.MEASURE:
            told = _with_mark(item, value, get_decimal_symbol(locale or get_locale()))
            return f"{told}\N{NO-BREAK SPACE}{item.unit}" if item.unit and value[-1:].isdigit() else told
        case ItemType.DATE:
            on = day_given(value)
            return day(on) if on else value
    return value


def changes_in_words(kept: Iterable[Mapping[str, Any]], items: Mapping[str, ReadinessItem]) -> str:
    """What changed since something was signed, in the language in force: each point, what it said and what it says.

    :param kept: values of ``Change`` as they are kept.
    :param items: by key, for the words of choices; what is missing stays as it was typed.
    """

    def words(key: str, value: str) -> str:
        return (value_in_words(items[key], value) if key in items else value) if value else "–"

    told = [Change.from_json(one) for one in kept]
    return "; ".join(
        f"{localized(one.requirement) or one.key}: {words(one.key, one.before)} → {words(one.key, one.after)}"
        for one in told
    )


_ONE_MARK = re.compile(r"^(\s*[-+−]?\d+)[.,](\d+)(?![\d.,])")


def _with_mark(item: ReadinessItem, value: str, mark: str) -> str:
    """A measure as it was typed, its decimal mark the reader's. What three digits after one meant is as it was read."""
    found = _ONE_MARK.match(value)
    if found is None:
        return value
    if len(found[2]) == 3:
        try:
            figure = plan.answer_of(item, value).number
            plain = plan.answer_of(item, f"{found[1]}.{found[2]}0{value[found.end() :]}").number
        except ValueError:  # what is asked by now is something else
            return value
        if figure != plain:
            mark = ""
    return f"{found[1]}{mark}{found[2]}{value[found.end() :]}"


def day_given(value: str) -> date | None:
    """The day that an answer names; None when it is no day."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def accepted_in_words(item: ReadinessItem, *, language: str, country: str) -> str:
    """What is accepted as an answer, with the units of the site's country."""
    figures = Figures(language=language, country=country)
    return figures.accepted(_item(item, "", anchor_on=item.due_on, figures=figures))


def _filled(
    checklist: Checklist,
    project: Project,
    *,
    language: str,
    revision: int,
    revised_on: date | None,
    is_record: bool,
) -> values.Checklist:
    in_force = settings.current()
    site = project.site
    seen = _Seen(
        checklist, project, Figures(language=language, country=site.country), is_told_whole=is_record
    )
    people = project.concierge
    return values.Checklist(
        company=in_force.company,
        project_key=project.key,
        order_number=project.order.number,
        account=project.account.name,
        site=site.name,
        address=_address(site, Locale.parse(language).territories.get(site.country, site.country)),
        country=site.country,
        instruments=_instruments(project),
        sections=_sections(checklist, seen),
        steps=_steps(project.milestones),
        language=language,
        contact=project.contact.name if project.contact else "",
        own=tuple(
            values.OwnField(localized(one.field.name, language), one.said)
            for one in own.shown_to_customer(project.id)
        ),
        concierge=people.name if people else "",
        concierge_phone=people.phone if people else "",
        concierge_mail=people.email if people else "",
        delivery_on=checklist.anchor_on,
        sign_off_on=_sign_off(checklist),
        link=link_of(checklist),
        signatures=seen.signatures(""),
        return_address=scope.project_address(
            project.key, secret_key=in_force.secret_key, mailbox=in_force.project_mailbox
        ),
        revision=revision,
        revised_on=revised_on,
    )


def _address(site: Site, country: str) -> tuple[str, ...]:
    """The lines of a postal address as its country writes them."""
    match site.country:
        case "US" | "CA" | "AU":
            region = " ".join(part for part in (site.subdivision, site.postcode) if part)
            town = ", ".join(part for part in (site.city, region) if part)
        case "GB" | "IE" | "NZ" | "SG" | "IN" | "ZA":
            town = " ".join(part for part in (site.city, site.postcode) if part)
        case _:
            town = " ".join(part for part in (site.postcode, site.city) if part)
    return tuple(line for line in (site.street, town, country) if line)


def _instruments(project: Project) -> tuple[str, ...]:
    """What is installed, as the plan has it: a change of the order shows when it is accepted.

    What the catalogue does not know is called as the order calls it.
    """
    names = []
    for brought in project.playbooks:
        product = brought.line.product
        if product is not None and product.kind is ProductKind.INSTRUMENT:
            several = f"{brought.quantity}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{product.name}"
            names.append(several if brought.quantity > 1 else product.name)
    unknown = (brought.line.name for brought in project.playbooks if brought.line.product is None)
    return tuple(names) or tuple(dict.fromkeys(unknown)) or (project.name,)


class _Seen:
    """What was answered, judged and signed, with the people who did."""

    def __init__(
        self, checklist: Checklist, project: Project, figures: Figures, *, is_told_whole: bool
    ) -> None:
        self.figures = figures
        self.is_told_whole = is_told_whole
        self.zone = project.site.zone
        self.items = [item for item in checklist.items if item.is_asked]
        self.counting = queries.answers_that_count(item.id for item in self.items)
        self.waivers = queries.waivers_on(item.id for item in self.items)
        self.signed = queries.signatures_on(checklist.id)
        waived = [one for several in self.waivers.values() for one in several]
        self.people = queries.people_named(
            {one.answered_by_id for one in self.items}
            | {one.reviewed_by_id for one in self.items}
            | {one.by_id for one in self.signed}
            | {one.witness_id for one in self.signed}
            | {one.given_by_id for one in waived}
        )

    def name(self, user_id: int | None) -> str:
        """Somebody of ours by name; empty when it was nobody."""
        person = self.people.get(user_id) if user_id is not None else None
        return person.name if person else ""

    def audit(self, item: ReadinessItem) -> tuple[values.Deed, ...]:
        """Who did what to an item, when, and how it came."""
        deeds = []
        if item.answered_at is not None:
            who = item.answered_name or self.name(item.answered_by_id) or _("unknown")
            deeds.append(self._deed(_("Answered"), who, item.answered_at, item.channel))
        if item.state is ItemState.ACCEPTED and item.reviewed_at is not None:
            deeds.append(self._deed(_("Accepted"), self.name(item.reviewed_by_id), item.reviewed_at, None))
        for waiver in self.waivers.get(item.id, ()):
            until = _(
                "until %(day)s: %(reason)s",
                day=self.figures.short_day(waiver.expires_on),
                reason=waiver.reason,
            )
            told = self._deed(_("Waived"), waiver.name, waiver.given_at, None)
            deeds.append(replace(told, more=until))
        return tuple(deeds)

    def signatures(self, section: str) -> tuple[values.Signature, ...]:
        """Who signed a section; of the whole list with an empty one."""
        return tuple(
            values.Signature(
                name=one.name,
                title=one.title,
                meaning=one.meaning,
                decision=decision_in_words(one.decision) if one.decision else "",
                conditions=one.conditions,
                signed_at=in_a_row([self.figures.moment(one.signed_at, self.zone), self._signed_how(one)]),
                hash=one.content_hash,
                ended=self._ended(one),
            )
            for one in self.signed
            if one.section == section
        )

    def _ended(self, one: ReadinessSignature) -> str:
        if one.ended_at is None:
            return ""
        if told := changes_in_words(one.changes or (), {item.key: item for item in self.items}):
            return told
        anew = next((other for other in self.signed if other.signed_at == one.ended_at), None)
        return _("signed anew by %(name)s", name=anew.name) if anew else _("changed since")

    def _signed_how(self, one: ReadinessSignature) -> str:
        us = self.name(one.witness_id)
        return signed_with(us, one.channel) if us else channel_in_words(one.channel)

    def _deed(self, what: str, who: str, at: datetime, channel: Channel | None) -> values.Deed:
        how = channel_in_words(channel) if channel else ""
        return values.Deed(what, who, self.figures.moment(at, self.zone), how)


def signed_with(us: str, channel: Channel) -> str:
    """How the customer signed with one of ours.

    :param us: who of ours that was.
    """
    if channel is Channel.FIELD:
        return _("side by side with %(name)s", name=us)
    return _("on the phone with %(name)s", name=us)


def channel_in_words(channel: Channel) -> str:
    """How something came in."""
    match channel:
        case Channel.WEB:
            return _("on the customer's page")
        case Channel.PDF:
            return _("in a returned PDF")
        case Channel.FIELD:
            return _("on site")
    return _("entered by our team")


def decision_in_words(decision: Decision) -> str:
    """What was declared of the site."""
    match decision:
        case Decision.READY:
            return _("The site is ready")
        case Decision.WITH_CONDITIONS:
            return _("The site is ready with the conditions named below")
    return _("The site is not ready; we suggest another delivery date")


def _sections(checklist: Checklist, seen: _Seen) -> tuple[values.Section, ...]:
    grouped: dict[str, list[ReadinessItem]] = {}
    for item in seen.items:
        grouped.setdefault(item.section, []).append(item)
    sections = []
    for number, (section, items) in enumerate(grouped.items(), 1):
        parties = [party(item.responsible) for item in items]
        sections.append(
            values.Section(
                number=number,
                title=section_title(section),
                responsible=max(parties, key=parties.count),
                items=tuple(
                    _item(
                        item,
                        f"{number}.{place}",
                        anchor_on=checklist.anchor_on,
                        figures=seen.figures,
                        seen=seen,
                    )
                    for place, item in enumerate(items, 1)
                ),
                key=section,
                signatures=seen.signatures(section),
            )
        )
    return tuple(sections)


def _item(
    item: ReadinessItem, number: str, *, anchor_on: date, figures: Figures, seen: _Seen | None = None
) -> values.Item:
    is_told = item.state is not ItemState.OPEN
    counts = seen.counting.get(item.id) if seen else None
    waived = bool(seen and seen.waivers.get(item.id)) and not item.is_cleared
    return values.Item(
        number=number,
        key=item.key,
        requirement=localized(item.requirement),
        why=_reason_to_ask_again(item) or localized(item.how) or localized(item.why),
        kind=item.type.value,
        least=None if item.type is ItemType.DATE else item.minimum,
        most=None if item.type is ItemType.DATE else item.maximum,
        unit=item.unit,
        quantity=item.quantity or "",
        is_difference=plan.is_difference(item),
        accepted=_accepted_in_words(item, figures),
        sample=item.sample or "",
        choices=tuple(localized(choice) for choice in item.choices.values()),
        codes=tuple(item.choices),
        severity=_severity(item),
        responsible=party(item.responsible),
        evidence=_EVIDENCE[item.evidence_need],
        due_on=item.due_on,
        offset_days=(item.due_on - anchor_on).days,
        answered=values.Answered.WAIVED if waived else _answered(item),
        answer=_answer_in_document(item, figures) if is_told else "",
        typed=_typed(item, figures) if is_told else "",
        comment=_their_comment(item),
        seen=counts.id if counts else 0,
        is_settled=item.state is ItemState.ACCEPTED,
        audit=seen.audit(item) if seen and (seen.is_told_whole or item.state is ItemState.ACCEPTED) else (),
        files=tuple(one.file.name for one in item.evidence),
        answered_by=(item.answered_name or (seen.name(item.answered_by_id) if seen else ""))
        if is_told
        else "",
        answered_on=clock.day_at(item.answered_at, seen.zone) if item.answered_at and seen else None,
        source=item.source,
        source_revision=item.source_rev,
        checked_on=item.checked_on,
    )


def _answer_in_document(item: ReadinessItem, figures: Figures) -> str:
    on = day_given(item.value) if item.type is ItemType.DATE else None
    return figures.day(on) if on else value_in_words(item, item.value, locale=figures.locale)


def _accepted_in_words(item: ReadinessItem, figures: Figures) -> str:
    """For a choice the answers that fit, where not all do; for a day the last one that will do."""
    latest_on = plan.latest_on(item)
    if latest_on is not None:
        return _("on %(day)s at the latest", day=figures.day(latest_on))
    if item.type not in {ItemType.CHOICE, ItemType.MULTI}:
        return ""
    return in_a_row(localized(item.choices.get(str(code), {})) or str(code) for code in item.accepted or ())


def _typed(item: ReadinessItem, figures: Figures) -> str:
    """The answer as a field holds it; a measure without the unit that stands beside the field."""
    if item.type is ItemType.MEASURE:
        number, unit = plan.parted(item.value)
        beside = plan.unit_for(item, country=figures.country)
        return number if (unit or item.unit) == beside else f"{number} {unit or item.unit}".strip()
    if item.type is not ItemType.MULTI:
        return item.value
    return " ".join(sorted({code.strip() for code in item.value.split(",") if code.strip()}))


def _their_comment(item: ReadinessItem) -> str:
    """What the customer wrote beside their answer; what ours wrote is not for their eyes."""
    is_ours = item.channel in {Channel.STAFF, Channel.FIELD}
    return "" if is_ours or item.state is ItemState.OPEN else item.comment


def _reason_to_ask_again(item: ReadinessItem) -> str:
    """What we wrote to the customer when we gave their answer back; other comments are our own."""
    return item.returned_reason if item.state is ItemState.OPEN else ""


_EVIDENCE = {
    Evidence.NONE: values.Evidence.NONE,
    Evidence.OPTIONAL: values.Evidence.OPTIONAL,
    Evidence.REQUIRED: values.Evidence.REQUIRED,
}


def _severity(item: ReadinessItem) -> values.Severity:
    match item.gate:
        case GateKind.SHIP:
            return values.Severity.SHIP
        case GateKind.INSTALL:
            return values.Severity.INSTALL
    return values.Severity.INFO if item.type is ItemType.INFO else values.Severity.ADVISORY


def _answered(item: ReadinessItem) -> values.Answered:
    if item.is_cleared:
        return values.Answered.CONFIRMED
    if item.state is ItemState.OPEN:
        return values.Answered.OPEN
    if item.verdict is Verdict.OK:
        return values.Answered.UNPROVEN
    return values.Answered.OUT_OF_RANGE


def _steps(milestones: Sequence[Milestone]) -> tuple[values.Step, ...]:
    steps: list[values.Step] = []
    for kinds in _WAY:
        these = _shown(kinds, milestones)
        if not these:
            continue
        done = all(m.state is MilestoneState.DONE for m in these)
        steps.append(
            values.Step(
                name=_way_name(kinds[0]),
                on=next((on for _milestone, on in _last_of(kinds, milestones)), None),
                reached=values.Reached.DONE if done else values.Reached.NEXT,
            )
        )
    for place, step in enumerate(steps):
        if step.reached is values.Reached.NEXT:
            steps[place] = values.Step(step.name, step.on, values.Reached.NOW)
            break
    return tuple(steps)


def _shown(kinds: tuple[MilestoneKind, ...], milestones: Sequence[Milestone]) -> list[Milestone]:
    return [
        one
        for one in milestones
        if one.kind in kinds and one.audience is Audience.CUSTOMER and one.state is not MilestoneState.SKIPPED
    ]


def _last_of(
    kinds: tuple[MilestoneKind, ...], milestones: Sequence[Milestone]
) -> list[tuple[Milestone, date]]:
    """The milestone whose day a station shows, with that day; none while nothing is planned."""
    dated = [
        (one, on)
        for one in _shown(kinds, milestones)
        if (on := one.finished_on or one.forecast_on or one.promised_on)
    ]
    ordered = sorted(dated, key=lambda pair: pair[1])
    return ordered[:1] if kinds == _FIRST_COUNTS else ordered[-1:]


def _way_name(kind: MilestoneKind) -> str:
    match kind:
        case MilestoneKind.ORDER_ACCEPTED:
            return _("Order")
        case MilestoneKind.SITE_SURVEY:
            return _("Preparation")
        case MilestoneKind.DELIVERED:
            return _("Delivery")
        case MilestoneKind.INSTALLED:
            return _("Installation")
        case MilestoneKind.TRAINING:
            return _("Training")
    return _("Handover")


def _sign_off(checklist: Checklist) -> date | None:
    """The day by which everything that holds the shipment has to be there."""
    days = [item.due_on for item in checklist.items if item.gate is GateKind.SHIP and item.is_asked]
    return max(days, default=None) if days else plan.due_on(checklist.anchor_on, 0)


def _as_data(checklist: Checklist, project: Project) -> str:
    """A record for machines: every answer with who gave it, when and how, its judgement and proof, and who signed."""
    seen = _Seen(
        checklist, project, Figures(language="en", country=project.site.country), is_told_whole=False
    )
    said = {
        "project": project.key,
        "order": project.order.number,
        "site": project.site.name,
        "country": project.site.country,
        "delivery": checklist.anchor_on.isoformat(),
        "items": [_item_as_data(item, seen) for item in seen.items],
        "signatures": [
            {
                "section": one.section,
                "name": one.name,
                "title": one.title,
                "meaning": one.meaning,
                "decision": one.decision.value if one.decision else "",
                "conditions": one.conditions,
                "at": one.signed_at.isoformat(),
                "channel": one.channel.value,
                "sha256": one.content_hash,
                "ended": one.ended_at.isoformat() if one.ended_at else "",
                "why": one.ended_why,
            }
            for one in seen.signed
        ],
    }
    return json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True)


def _item_as_data(item: ReadinessItem, seen: _Seen) -> dict[str, Any]:  # Any: what JSON holds
    counts = seen.counting.get(item.id)
    return {
        "key": item.key,
        "section": item.section,
        "type": item.type.value,
        "requirement": localized(item.requirement, "en"),
        "least": item.minimum,
        "most": item.maximum,
        "unit": item.unit,
        "gate": item.gate.value if item.gate else "",
        "due": item.due_on.isoformat(),
        "state": item.state.value,
        "value": item.value,
        "si_value": item.si_value,
        "verdict": item.verdict.value,
        "comment": _their_comment(item),
        "answer": counts.id if counts else None,
        "answered_at": item.answered_at.isoformat() if item.answered_at else None,
        "answered_by": item.answered_name or seen.name(item.answered_by_id),
        "channel": item.channel.value if item.channel else "",
        "accepted_at": item.reviewed_at.isoformat() if item.reviewed_at else None,
        "accepted_by": seen.name(item.reviewed_by_id),
        "waivers": [
            {
                "name": one.name,
                "reason": one.reason,
                "given_at": one.given_at.isoformat(),
                "expires_on": one.expires_on.isoformat(),
            }
            for one in seen.waivers.get(item.id, ())
        ],
        "files": [{"name": one.file.name, "sha256": one.file.sha256} for one in item.evidence],
    }
