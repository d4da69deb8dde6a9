"""Checklists for tests: an instrument that asks four things of its site, sold, planned and approved."""

from flask import g

from concierge.catalogue.actions import playbooks, products
from concierge.catalogue.actions.playbooks import Content
from concierge.catalogue.models import PlaybookItem, Product
from concierge.catalogue.states import (
    Evidence,
    GateKind,
    InstrumentClass,
    ItemType,
    ProductKind,
    Responsible,
    Severity,
)
from concierge.platform.database import db
from concierge.projects.actions.approving import approve_plan
from concierge.projects.actions.creation import create_project
from concierge.projects.models import Project
from concierge.readiness import queries
from concierge.readiness.models import Checklist, ReadinessItem
from tests.makers import again, catalogue, orders
from tests.makers.days import on


def wanted(
    key: str,
    requirement: str = "",
    *,
    section: str = "power",
    type: ItemType = ItemType.CONFIRM,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    gate: GateKind | None = GateKind.SHIP,
    evidence: Evidence = Evidence.NONE,
    due_offset: int = -14,
    choices: dict[str, dict[str, str]] | None = None,
) -> PlaybookItem:
    """A condition of a playbook; blocks shipping unless it is told otherwise."""
    said = requirement or key.replace("-", " ").capitalize()
    return PlaybookItem(
        key=key,
        section=section,
        type=type,
        requirement={"en": said, "de": f"{said} (de)"},
        why={"en": f"Because of {said.lower()}."},
        how={},
        unit=unit,
        minimum=minimum,
        maximum=maximum,
        choices=choices or {},
        responsible=Responsible.CUSTOMER,
        due_offset=due_offset,
        severity=Severity.BLOCKING if gate else Severity.ADVISORY,
        gate=gate,
        evidence=evidence,
        source="Maker's site guide",
        source_rev="rev 2",
        checked_on=on("Mon 2026-01-05"),
    )


def four_items() -> list[PlaybookItem]:
    """A circuit, a temperature, a floor plan as a file, and advice."""
    return [
        wanted("circuit", "Dedicated circuit is live", due_offset=-21),
        wanted("temperature", section="climate", type=ItemType.MEASURE, unit="°C", minimum=18, maximum=27),
        wanted("floor-plan", section="access", type=ItemType.UPLOAD, evidence=Evidence.REQUIRED),
        wanted("storage", "Room to store the crate", section="access", gate=None, due_offset=-7),
    ]


def instrument(key: str = "lcms", *, items: list[PlaybookItem] | None = None) -> Product:
    """An instrument whose published playbook asks for items; needs a unit of work."""
    content = Content(milestones=catalogue.plain_milestones(), items=four_items() if items is None else items)
    version = playbooks.draft_playbook(key, name=key.upper(), content=content)
    playbooks.publish(version, actor_id=None, at=catalogue.AT)
    return products.add_product(
        key=key,
        name=key.upper(),
        kind=ProductKind.INSTRUMENT,
        instrument_class=InstrumentClass.FLOOR,
        playbook=version.playbook,
        actor_id=None,
        at=catalogue.AT,
    )


def project(
    *instruments: Product,
    number: str = "SO-48213",
    key: str = "HB",
    country: str = "CH",
    language: str = "en",
) -> Project:
    """A live project with its checklist, delivery asked for on Wed 2026-04-29; needs a unit of work."""
    if instruments:
        return _project(instruments, number=number, key=key, country=country, language=language)
    return again.made(
        ("ready", number, key, country, language),
        lambda: _project(
            (instrument(f"lcms-{key.lower()}"),), number=number, key=key, country=country, language=language
        ),
    )


def _project(
    instruments: tuple[Product, ...], *, number: str, key: str, country: str, language: str
) -> Project:
    place = orders.site(key=key, account=f"{key} Biologics", country=country)
    person = orders.contact(place, language=language)
    sold = orders.order(
        place,
        *instruments,
        number=number,
        requested_from=on("Wed 2026-04-29"),
        person=person,
    )
    draft = create_project(sold.id, actor_id=None, at=orders.RECEIVED)
    return approve_plan(draft.id, actor_id=None, at=orders.RECEIVED)


def checklist(of: Project) -> Checklist:
    """A project's checklist as it is now."""
    if not g.get("in_unit_of_work"):
        db.session.rollback()  # what others have saved since is only seen from a new transaction
    db.session.expire_all()
    found = queries.checklist_of(of.id)
    assert found is not None
    return found


def item(of: Project, key: str) -> ReadinessItem:
    """One item by its key, as it is now."""
    return next(one for one in checklist(of).items if one.key == key)
