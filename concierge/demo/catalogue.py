"""Putting the example instruments, articles and playbooks into the catalogue."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from concierge.catalogue.actions import playbooks, products
from concierge.catalogue.actions.playbooks import Content
from concierge.catalogue.models import (
    Course,
    Playbook,
    PlaybookField,
    PlaybookItem,
    PlaybookLink,
    PlaybookMessage,
    PlaybookMilestone,
    PlaybookStep,
    PlaybookVisit,
    Product,
    ProductFact,
)
from concierge.catalogue.states import AliasScheme, Audience, FieldKind, InstrumentClass, ProductKind
from concierge.demo import values
from concierge.demo.articles import ARTICLES
from concierge.demo.instruments import INSTRUMENTS
from concierge.demo.letters import LETTERS
from concierge.demo.playbooks import PLAYBOOKS

CLASSES: Mapping[str, InstrumentClass] = {
    "bench-customer": InstrumentClass.BENCH,
    "bench-engineer": InstrumentClass.BENCH,
    "floor": InstrumentClass.FLOOR,
    "sequencer": InstrumentClass.SEQUENCER,
    "clinical": InstrumentClass.CLINICAL_LINE,
    "magnet": InstrumentClass.MAGNET,
}


def fill_catalogue(*, actor_id: int | None, at: datetime) -> None:
    """Publish every example playbook and add what is sold with it."""
    for playbook in PLAYBOOKS:
        instrument = next(one for one in INSTRUMENTS if one.key == playbook.instrument)
        version = playbooks.draft_playbook(playbook.key, name=playbook.name, content=content_of(playbook))
        playbooks.publish(version, actor_id=actor_id, at=at)
        _add_instrument(instrument, version.playbook, actor_id=actor_id, at=at)
    for article in ARTICLES:
        products.add_product(
            key=article.key,
            name=article.name.en,
            kind=article.kind,
            aliases=_names(article.item_id, article.standard_id, article.name.en, *article.aliases),
            actor_id=actor_id,
            at=at,
        )


def content_of(playbook: values.Playbook) -> Content:
    """A playbook's rows, still without a version."""
    visits: dict[str, list[values.Call]] = {}
    for call in playbook.visits:
        visits.setdefault(call.milestone, []).append(call)
    return Content(
        milestones=[_milestone(step, visits.get(step.key, [])) for step in playbook.steps],
        items=[_item(item, playbook.instrument) for item in playbook.items],
        courses=[_course(course) for course in playbook.courses],
        messages=_letters({step.key for step in playbook.steps}),
        fields=_fields(),
        note=playbook.summary.en,
    )


def _letters(milestones: set[str]) -> list[PlaybookMessage]:
    """The letters that go with every playbook, as far as it has their milestones."""
    return [
        PlaybookMessage(
            key=letter.key,
            milestone_key=letter.milestone,
            offset_workdays=letter.workdays,
            subject=letter.subject.as_json(),
            text=letter.text.as_json(),
        )
        for letter in LETTERS
        if letter.milestone in milestones
    ]


def _fields() -> list[PlaybookField]:
    return [
        PlaybookField(
            key="cost-centre",
            name={"en": "Your cost centre", "de": "Ihre Kostenstelle"},
            kind=FieldKind.TEXT,
            audience=Audience.CUSTOMER,
        ),
        PlaybookField(
            key="crate-weight",
            name={"en": "Weight of the crate", "de": "Gewicht der Kiste"},
            kind=FieldKind.NUMBER,
            unit="kg",
        ),
    ]


def _add_instrument(
    instrument: values.Instrument, playbook: Playbook, *, actor_id: int | None, at: datetime
) -> None:
    name = f"{instrument.maker} {instrument.model}"
    product = products.add_product(
        key=instrument.key,
        name=name,
        kind=ProductKind.INSTRUMENT,
        maker=instrument.maker,
        instrument_class=CLASSES[instrument.family],
        playbook=playbook,
        facts=[_fact(fact) for fact in instrument.facts],
        aliases=_names(
            instrument.item_id,
            instrument.standard_id,
            name,
            instrument.model,
            instrument.title.en,
            instrument.title.de,
            *instrument.aliases,
        ),
        actor_id=actor_id,
        at=at,
    )
    for option in instrument.options:
        _add_option(option, product, instrument, actor_id=actor_id, at=at)


def _add_option(
    option: values.Option,
    product: Product,
    instrument: values.Instrument,
    *,
    actor_id: int | None,
    at: datetime,
) -> None:
    name = f"{option.name.en} for {instrument.model}"
    item_id = f"{instrument.item_id}-{option.key.upper()}"
    products.add_product(
        key=f"{instrument.key}-{option.key}",
        name=name,
        kind=ProductKind.OPTION,
        maker=instrument.maker,
        option_of=product,
        aliases=[(AliasScheme.SELLER_ITEM_ID, item_id), (AliasScheme.NAME, name)],
        actor_id=actor_id,
        at=at,
    )


def _names(item_id: str, standard_id: str, *names: str) -> list[tuple[AliasScheme, str]]:
    return [
        (AliasScheme.SELLER_ITEM_ID, item_id),
        (AliasScheme.STANDARD_ITEM_ID, standard_id),
        *((AliasScheme.NAME, name) for name in dict.fromkeys(names)),
    ]


def _fact(fact: values.Fact) -> ProductFact:
    return ProductFact(
        quantity=fact.quantity,
        minimum=fact.value if fact.value is not None else fact.least,
        maximum=fact.value if fact.value is not None else fact.most,
        unit=fact.unit,
        printed=fact.printed,
        condition=fact.where,
        text=fact.note.as_json() if fact.note else {},
        source=fact.source.name,
        source_rev=fact.source.revision,
        checked_on=fact.source.checked_on,
    )


def _milestone(step: values.Step, calls: list[values.Call]) -> PlaybookMilestone:
    return PlaybookMilestone(
        key=step.key,
        name=step.name.as_json(),
        kind=step.kind,
        team=step.owner,
        audience=step.audience,
        scope=step.scope,
        workdays=step.workdays,
        per_unit=step.per_unit,
        just_in_time=step.just_in_time,
        when_sold=step.when_sold,
        links=[PlaybookLink(predecessor_key=link.key, lag=link.lag) for link in step.after],
        visits=[
            PlaybookVisit(
                kind=call.kind,
                title=call.title.as_json(),
                skill=call.skill,
                minutes=call.minutes,
                technicians=call.technicians,
                tools=list(call.tools),
                needs_customer=call.needs_customer,
                steps=[
                    PlaybookStep(
                        key=step.key,
                        kind=step.kind,
                        text=step.text.as_json(),
                        unit=step.unit,
                        minimum=step.least,
                        maximum=step.most,
                        is_required=step.is_required,
                    )
                    for step in call.steps
                ],
            )
            for call in calls
        ],
    )


def _item(item: values.Item, instrument: str) -> PlaybookItem:
    return PlaybookItem(
        key=item.key,
        section=item.section,
        type=item.kind,
        requirement=item.requirement.as_json(),
        why=item.why.as_json(),
        how=item.how.as_json(),
        quantity=(item.fact or item.key.replace("-", "_")) if item.unit else "",
        unit=item.unit,
        minimum=item.least,
        maximum=item.most,
        tolerance=item.tolerance,
        sample=item.sample,
        fact=item.fact,
        choices={code: text.as_json() for code, text in item.choices},
        accepted=list(item.accepted),
        responsible=item.responsible,
        role=item.role,
        reviewer=item.reviewer,
        weight=item.weight,
        anchor=item.anchor,
        due_days=item.due_days,
        file_kinds=[kind.value for kind in item.files],
        file_count=item.file_count,
        countries=list(item.countries),
        condition=_named(item.condition, instrument),
        due_offset=item.due,
        severity=item.severity,
        gate=item.gate,
        evidence=item.evidence,
        option_key=f"{instrument}-{item.option}" if item.option else "",
        source=item.source.name,
        source_rev=item.source.revision,
        checked_on=item.source.checked_on,
    )


def _named(condition: Any, instrument: str) -> Any:  # Any: JSON values
    """A condition with the keys of the instrument's own options."""
    if isinstance(condition, str):
        return condition.replace("{instrument}", instrument)
    if isinstance(condition, list):
        return [_named(one, instrument) for one in condition]
    if isinstance(condition, Mapping):
        return {word: _named(value, instrument) for word, value in condition.items()}
    return condition


def _course(course: values.Course) -> Course:
    return Course(
        code=course.key,
        title=course.title.as_json(),
        level=course.level,
        half_days=course.half_days,
        capacity=course.capacity,
        curriculum=[text.as_json() for text in course.curriculum],
    )
