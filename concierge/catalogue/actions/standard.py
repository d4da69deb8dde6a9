"""The playbook for orders whose lines mean no instrument we know: plain, and always there."""

from datetime import datetime

from concierge.catalogue import queries
from concierge.catalogue.actions.playbooks import Content, draft_playbook, publish
from concierge.catalogue.models import (
    PlaybookItem,
    PlaybookLink,
    PlaybookMilestone,
    PlaybookVersion,
    PlaybookVisit,
)
from concierge.catalogue.states import (
    Audience,
    Evidence,
    GateKind,
    ItemType,
    MilestoneKind,
    ProductKind,
    Responsible,
    Severity,
    Team,
    VisitKind,
)

KEY = "standard"


def standard_version(*, at: datetime) -> PlaybookVersion:
    """The published version of the standard playbook; the first order that needs it brings it into being."""
    known = queries.newest_published(KEY)
    if known is not None:
        return known
    content = Content(
        milestones=_milestones(),
        items=_items(),
        note="Used when no line of an order means a known instrument.",
    )
    version = draft_playbook(KEY, name="Standard", content=content)
    publish(version, actor_id=None, at=at)
    return version


def _milestones() -> list[PlaybookMilestone]:
    customer, concierge, logistics, service = Team.CUSTOMER, Team.CONCIERGE, Team.LOGISTICS, Team.SERVICE
    kinds = MilestoneKind
    return [
        _milestone("order", "Order accepted", "Auftrag angenommen", kinds.ORDER_ACCEPTED, Team.SALES, 0),
        _milestone("kick-off", "Kick-off", "Auftaktgespräch", kinds.KICK_OFF, concierge, 1, ("order", 1)),
        _milestone(
            "site-ready", "Lab prep", "Vorbereitung des Labors", kinds.SITE_READY, customer, 10, ("kick-off", 0)
        ),
        _milestone(
            "ship-release", "Ship release", "Versandfreigabe", kinds.SHIP_RELEASED, logistics, 0, ("site-ready", 0),
            just_in_time=True, audience=Audience.INTERNAL,
        ),
        _milestone(
            "delivery", "Delivery", "Lieferung", kinds.DELIVERED, logistics, 1, ("ship-release", 3),
            visit=(VisitKind.DELIVERY, "Delivery", "Lieferung", 240),
        ),
        _milestone(
            "install", "Install", "Installation", kinds.INSTALLED, service, 1, ("delivery", 1), per_unit=True,
            visit=(VisitKind.INSTALL, "Install", "Installation", 480),
        ),
        _milestone(
            "training", "Training", "Schulung", kinds.TRAINING, service, 1, ("install", 0),
            when_sold=ProductKind.TRAINING, visit=(VisitKind.TRAINING, "Training", "Schulung", 480),
        ),
        _milestone("handover", "Handover", "Übergabe", kinds.HANDOVER, concierge, 0, ("install", 0), ("training", 0)),
    ]  # fmt: skip


def _milestone(
    key: str,
    english: str,
    german: str,
    kind: MilestoneKind,
    team: Team,
    workdays: int,
    *links: tuple[str, int],
    visit: tuple[VisitKind, str, str, int] | None = None,
    audience: Audience = Audience.CUSTOMER,
    just_in_time: bool = False,
    per_unit: bool = False,
    when_sold: ProductKind | None = None,
) -> PlaybookMilestone:
    row = PlaybookMilestone(
        key=key,
        name={"en": english, "de": german},
        kind=kind,
        team=team,
        workdays=workdays,
        audience=audience,
        just_in_time=just_in_time,
        per_unit=per_unit,
        when_sold=when_sold,
    )
    row.links = [PlaybookLink(predecessor_key=predecessor, lag=lag) for predecessor, lag in links]
    row.visits = (
        [PlaybookVisit(kind=visit[0], title={"en": visit[1], "de": visit[2]}, minutes=visit[3])]
        if visit
        else []
    )
    return row


def _items() -> list[PlaybookItem]:
    ship, install = GateKind.SHIP, GateKind.INSTALL
    return [
        _item(
            "location", "space", -14, ship, "The final place is marked and free.",
            "Der endgültige Platz ist markiert und frei.", evidence=Evidence.OPTIONAL,
        ),
        _item(
            "route", "access", -28, ship,
            "Every door and lift from the dock to the place is wide enough for the crate.",
            "Alle Türen und Aufzüge von der Rampe bis zum Platz sind breit genug für die Kiste.",
            evidence=Evidence.OPTIONAL,
        ),
        _item(
            "power", "power", -21, ship, "The power outlet is installed, live and on a circuit of its own.",
            "Die Steckdose ist installiert, unter Spannung und an einem eigenen Stromkreis.",
        ),
        _item(
            "network", "network", -21, None, "A network port is live at the place.",
            "Ein Netzwerkanschluss ist am Platz in Betrieb.",
        ),
        _item(
            "receiving", "access", -7, ship, "A person to receive the delivery and the dock hours are named.",
            "Eine Person für den Empfang und die Zeiten der Rampe sind benannt.", kind=ItemType.TEXT,
        ),
        _item(
            "users", "people", -7, install, "The users are free during installation and introduction.",
            "Die Anwenderinnen und Anwender sind während Installation und Einführung verfügbar.",
        ),
    ]  # fmt: skip


def _item(
    key: str,
    section: str,
    due_offset: int,
    gate: GateKind | None,
    english: str,
    german: str,
    *,
    kind: ItemType = ItemType.CONFIRM,
    evidence: Evidence = Evidence.NONE,
) -> PlaybookItem:
    return PlaybookItem(
        key=key,
        section=section,
        type=kind,
        requirement={"en": english, "de": german},
        why={},
        how={},
        choices={},
        responsible=Responsible.CUSTOMER,
        due_offset=due_offset,
        severity=Severity.BLOCKING if gate else Severity.ADVISORY,
        gate=gate,
        evidence=evidence,
    )
