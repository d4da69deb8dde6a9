"""Makers of products and playbooks."""

from datetime import UTC, datetime

from concierge.catalogue.actions import playbooks, products
from concierge.catalogue.actions.playbooks import Content
from concierge.catalogue.models import PlaybookLink, PlaybookMilestone, Product
from concierge.catalogue.states import (
    AliasScheme,
    InstrumentClass,
    MilestoneKind,
    ProductKind,
    Scope,
    Team,
)

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)

STEPS: tuple[tuple[str, MilestoneKind, Team, int], ...] = (
    ("order-accepted", MilestoneKind.ORDER_ACCEPTED, Team.CONCIERGE, 0),
    ("lab-prep", MilestoneKind.SITE_READY, Team.CUSTOMER, 10),
    ("ship-released", MilestoneKind.SHIP_RELEASED, Team.LOGISTICS, 2),
    ("delivery", MilestoneKind.DELIVERED, Team.DISTRIBUTION, 1),
    ("install", MilestoneKind.INSTALLED, Team.SERVICE, 2),
    ("training", MilestoneKind.TRAINING, Team.SERVICE, 1),
    ("handover", MilestoneKind.HANDOVER, Team.CONCIERGE, 1),
)


def add_instrument(
    key: str, *, name: str = "", item_id: str = "", milestones: list[PlaybookMilestone] | None = None
) -> Product:
    """An instrument with a published playbook of seven milestones in a row, or of others; needs a unit of work."""
    version = playbooks.draft_playbook(
        key, name=name or key, content=Content(milestones=milestones or plain_milestones())
    )
    playbooks.publish(version, actor_id=None, at=AT)
    return products.add_product(
        key=key,
        name=name or key,
        kind=ProductKind.INSTRUMENT,
        instrument_class=InstrumentClass.BENCH,
        playbook=version.playbook,
        aliases=[(AliasScheme.NAME, name or key), (AliasScheme.SELLER_ITEM_ID, item_id)],
        actor_id=None,
        at=AT,
    )


def plain_milestones() -> list[PlaybookMilestone]:
    """Seven milestones, each after the one before."""
    milestones = []
    before = ""
    for key, kind, team, workdays in STEPS:
        milestones.append(
            PlaybookMilestone(
                key=key,
                name={"en": key.replace("-", " ").capitalize()},
                kind=kind,
                team=team,
                scope=Scope.PROJECT,
                workdays=workdays,
                links=[PlaybookLink(predecessor_key=before)] if before else [],
            )
        )
        before = key
    return milestones
