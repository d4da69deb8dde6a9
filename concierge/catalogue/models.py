"""Tables of what is sold and of the playbooks that bring it into use."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.catalogue.states import (
    AliasScheme,
    Anchor,
    Audience,
    DaysOf,
    DueDays,
    Evidence,
    FieldKind,
    GateKind,
    InstrumentClass,
    ItemType,
    LagUnit,
    LinkKind,
    MilestoneKind,
    PlaybookState,
    ProductKind,
    Responsible,
    Reviewer,
    Scope,
    Severity,
    StepKind,
    Team,
    VisitKind,
)
from concierge.platform.database import Base, Line, Prose, text_enum
from concierge.platform.searching import Searchable


class Playbook(Searchable, Base):
    """The reusable, versioned plan for a class of instruments."""

    __tablename__ = "playbooks"
    searched = ("name",)
    found_key = "key"

    key: Mapped[str] = mapped_column(Line(60), unique=True)
    name: Mapped[str] = mapped_column(Line(120))

    versions: Mapped[list["PlaybookVersion"]] = relationship(
        back_populates="playbook", lazy="raise_on_sql", order_by="PlaybookVersion.number"
    )


class PlaybookVersion(Base):
    """One state of a playbook; frozen once published."""

    __tablename__ = "playbook_versions"

    playbook_id: Mapped[int] = mapped_column(sa.ForeignKey("playbooks.id"))
    number: Mapped[int]
    state: Mapped[PlaybookState] = mapped_column(text_enum(PlaybookState), default=PlaybookState.DRAFT)
    published_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Prose(1000), default="")

    playbook: Mapped[Playbook] = relationship(back_populates="versions", lazy="raise_on_sql")
    milestones: Mapped[list["PlaybookMilestone"]] = relationship(
        back_populates="version", lazy="raise_on_sql", order_by="PlaybookMilestone.position"
    )
    items: Mapped[list["PlaybookItem"]] = relationship(
        back_populates="version", lazy="raise_on_sql", order_by="PlaybookItem.position"
    )
    messages: Mapped[list["PlaybookMessage"]] = relationship(
        back_populates="version", lazy="raise_on_sql", order_by="PlaybookMessage.position"
    )
    fields: Mapped[list["PlaybookField"]] = relationship(
        back_populates="version", lazy="raise_on_sql", order_by="PlaybookField.position"
    )

    __table_args__ = (
        sa.UniqueConstraint("playbook_id", "number"),
        sa.CheckConstraint(
            "(state = 'published') = (published_at IS NOT NULL)", name="published_has_instant"
        ),
    )


class PlaybookMilestone(Base):
    """One dated outcome in a playbook."""

    __tablename__ = "playbook_milestones"

    version_id: Mapped[int] = mapped_column(sa.ForeignKey("playbook_versions.id", ondelete="CASCADE"))
    position: Mapped[int]
    key: Mapped[str] = mapped_column(Line(60))
    name: Mapped[dict[str, str]]
    """Language to text."""
    kind: Mapped[MilestoneKind] = mapped_column(text_enum(MilestoneKind))
    team: Mapped[Team] = mapped_column(text_enum(Team))
    audience: Mapped[Audience] = mapped_column(text_enum(Audience), default=Audience.CUSTOMER)
    scope: Mapped[Scope] = mapped_column(text_enum(Scope), default=Scope.PROJECT)
    workdays: Mapped[int]
    """Length in the days that ``days_of`` names; 0 is a moment."""
    days_of: Mapped[DaysOf] = mapped_column(text_enum(DaysOf), default=DaysOf.SITE)
    per_unit: Mapped[bool] = mapped_column(default=False)
    """Whether the working days are needed again for every further unit ordered."""
    just_in_time: Mapped[bool] = mapped_column(default=False)
    """Whether it is laid out as late as its followers allow."""
    when_sold: Mapped[ProductKind | None] = mapped_column(text_enum(ProductKind))
    """Only part of a plan when the order has a line of this kind; None: always."""

    version: Mapped[PlaybookVersion] = relationship(back_populates="milestones", lazy="raise_on_sql")
    links: Mapped[list["PlaybookLink"]] = relationship(
        lazy="raise_on_sql",
        foreign_keys="PlaybookLink.milestone_id",
        order_by="PlaybookLink.id",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )
    visits: Mapped[list["PlaybookVisit"]] = relationship(
        lazy="raise_on_sql", order_by="PlaybookVisit.id", cascade="all, delete-orphan", passive_deletes=True
    )

    __table_args__ = (
        sa.UniqueConstraint("version_id", "key"),
        sa.CheckConstraint("workdays >= 0", name="workdays_not_negative"),
    )


class PlaybookLink(Base):
    """A milestone waits for another: which end of it for which, and how long after."""

    __tablename__ = "playbook_links"

    milestone_id: Mapped[int] = mapped_column(
        sa.ForeignKey("playbook_milestones.id", ondelete="CASCADE"), index=True
    )
    predecessor_key: Mapped[str] = mapped_column(Line(60))
    kind: Mapped[LinkKind] = mapped_column(text_enum(LinkKind), default=LinkKind.FINISH_TO_START)
    lag: Mapped[int] = mapped_column(default=0)
    """Time between, in ``lag_unit``; may be negative."""
    lag_unit: Mapped[LagUnit] = mapped_column(text_enum(LagUnit), default=LagUnit.WORKDAYS)


class PlaybookVisit(Base):
    """Somebody comes for a milestone."""

    __tablename__ = "playbook_visits"

    milestone_id: Mapped[int] = mapped_column(
        sa.ForeignKey("playbook_milestones.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[VisitKind] = mapped_column(text_enum(VisitKind))
    title: Mapped[dict[str, str]]
    skill: Mapped[str] = mapped_column(Line(60), default="")
    minutes: Mapped[int]
    """Length on one day; a milestone of several working days gets a visit that spans them."""
    technicians: Mapped[int] = mapped_column(default=1)
    level: Mapped[int] = mapped_column(default=1)
    """The least level of the skill, 1 to 5."""
    tools: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """What has to be brought, in words."""
    needs_customer: Mapped[bool] = mapped_column(default=False)
    """Whether somebody of the customer has to be there."""

    steps: Mapped[list["PlaybookStep"]] = relationship(
        lazy="raise_on_sql",
        order_by="PlaybookStep.position",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )

    __table_args__ = (sa.CheckConstraint("level BETWEEN 1 AND 5", name="level_in_range"),)


class PlaybookStep(Base):
    """One thing that a technician does, reads off or records at a visit."""

    __tablename__ = "playbook_steps"

    visit_id: Mapped[int] = mapped_column(sa.ForeignKey("playbook_visits.id", ondelete="CASCADE"))
    position: Mapped[int]
    key: Mapped[str] = mapped_column(Line(60))
    kind: Mapped[StepKind] = mapped_column(text_enum(StepKind))
    text: Mapped[dict[str, str]]
    """Language to text."""
    unit: Mapped[str] = mapped_column(Line(20), default="")
    """Of a reading: the unit that ``minimum`` and ``maximum`` are in."""
    minimum: Mapped[float | None]
    maximum: Mapped[float | None]
    is_required: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (
        sa.UniqueConstraint("visit_id", "key"),
        sa.CheckConstraint("minimum IS NULL OR maximum IS NULL OR minimum <= maximum", name="range_in_order"),
    )


class PlaybookItem(Base):
    """One condition that the site has to meet."""

    __tablename__ = "playbook_items"

    version_id: Mapped[int] = mapped_column(sa.ForeignKey("playbook_versions.id", ondelete="CASCADE"))
    position: Mapped[int]
    key: Mapped[str] = mapped_column(Line(60))
    section: Mapped[str] = mapped_column(Line(40))
    """Stable slug of the section: access, space, power, climate, gas, water, network, safety …"""
    type: Mapped[ItemType] = mapped_column(text_enum(ItemType))
    requirement: Mapped[dict[str, str]]
    why: Mapped[dict[str, str]]
    how: Mapped[dict[str, str]]
    quantity: Mapped[str] = mapped_column(Line(40), default="")
    unit: Mapped[str] = mapped_column(Line(20), default="")
    """The SI unit (or the unit of record) that ``minimum`` and ``maximum`` are in."""
    minimum: Mapped[float | None]
    maximum: Mapped[float | None]
    choices: Mapped[dict[str, dict[str, str]]] = mapped_column(sa.JSON, default=dict)
    """For a choice: code to texts by language."""
    accepted: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """For a choice: the codes that fit; empty: any."""
    tolerance: Mapped[float | None]
    """How far a measure may lie outside, in ``unit``."""
    sample: Mapped[str] = mapped_column(Line(80), default="")
    """What has to be measured, e.g. ``24 h log``."""
    fact: Mapped[str] = mapped_column(Line(60), default="")
    """Quantity of the instrument's facts that bounds it, e.g. ``temperature``, or of the destination's mains, e.g.
    ``mains_voltage``, ``mains_plug``; empty: the bounds here."""
    countries: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Asked only at sites in these countries (ISO 3166-1 alpha-2); empty: everywhere."""
    condition: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    """When it is asked at all, by other answers; see ``core/conditions.py``. Empty: always."""
    file_kinds: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Values of ``FileKind`` that prove it; empty: any."""
    file_count: Mapped[int] = mapped_column(default=1)
    weight: Mapped[int] = mapped_column(default=1)
    """What it counts for in the readiness of the site."""
    anchor: Mapped[Anchor] = mapped_column(text_enum(Anchor), default=Anchor.DELIVERY)
    due_days: Mapped[DueDays] = mapped_column(text_enum(DueDays), default=DueDays.CALENDAR)
    role: Mapped[str] = mapped_column(Line(20), default="")
    """Which of the customer's people it is for, a value of ``ContactRole``; empty: the project's contact."""
    reviewer: Mapped[Reviewer | None] = mapped_column(text_enum(Reviewer))
    """Whose review an answer needs before it counts; None: none."""
    responsible: Mapped[Responsible] = mapped_column(text_enum(Responsible))
    due_offset: Mapped[int]
    """Calendar days from delivery; negative is before."""
    severity: Mapped[Severity] = mapped_column(text_enum(Severity))
    gate: Mapped[GateKind | None] = mapped_column(text_enum(GateKind))
    evidence: Mapped[Evidence] = mapped_column(text_enum(Evidence), default=Evidence.NONE)
    option_key: Mapped[str] = mapped_column(Line(60), default="")
    """Key of the product, an option, that must be sold for the item to be asked; empty: always."""
    source: Mapped[str] = mapped_column(Line(200), default="")
    source_rev: Mapped[str] = mapped_column(Line(60), default="")
    checked_on: Mapped[date | None]

    version: Mapped[PlaybookVersion] = relationship(back_populates="items", lazy="raise_on_sql")

    __table_args__ = (
        sa.UniqueConstraint("version_id", "key"),
        sa.CheckConstraint("minimum IS NULL OR maximum IS NULL OR minimum <= maximum", name="range_in_order"),
        sa.CheckConstraint("(severity = 'blocking') = (gate IS NOT NULL)", name="blocking_names_gate"),
    )


class Product(Searchable, Base):
    """Anything that an order line can mean."""

    __tablename__ = "products"
    searched = ("name", "maker", "key")
    found_key = "key"

    key: Mapped[str] = mapped_column(Line(60), unique=True)
    name: Mapped[str] = mapped_column(Line(160))
    kind: Mapped[ProductKind] = mapped_column(text_enum(ProductKind))
    maker: Mapped[str] = mapped_column(Line(80), default="")
    instrument_class: Mapped[InstrumentClass | None] = mapped_column(text_enum(InstrumentClass))
    playbook_id: Mapped[int | None] = mapped_column(sa.ForeignKey("playbooks.id"))
    option_of_id: Mapped[int | None] = mapped_column(sa.ForeignKey("products.id"))
    """For an option: the instrument it belongs to; None: any."""
    warranty_months: Mapped[int] = mapped_column(default=0)
    """Of an instrument how long its warranty lasts, 0: as usual; of anything else how much longer it makes it."""

    playbook: Mapped[Playbook | None] = relationship(lazy="raise_on_sql")
    facts: Mapped[list["ProductFact"]] = relationship(lazy="raise_on_sql", order_by="ProductFact.id")
    aliases: Mapped[list["ProductAlias"]] = relationship(lazy="raise_on_sql", order_by="ProductAlias.id")

    __table_args__ = (
        sa.CheckConstraint(
            "(kind = 'instrument') = (instrument_class IS NOT NULL AND playbook_id IS NOT NULL)",
            name="instrument_has_class_and_playbook",
        ),
        sa.CheckConstraint("warranty_months BETWEEN 0 AND 240", name="warranty_within_reason"),
    )


class ProductAlias(Base):
    """A name by which orders call a product; matched by hand once, known ever after."""

    __tablename__ = "product_aliases"

    product_id: Mapped[int] = mapped_column(sa.ForeignKey("products.id", ondelete="CASCADE"), index=True)
    scheme: Mapped[AliasScheme] = mapped_column(text_enum(AliasScheme))
    value: Mapped[str] = mapped_column(Line(200))
    """As orders write it, normalised: case folded, white space and punctuation reduced."""

    __table_args__ = (sa.UniqueConstraint("scheme", "value"),)


class ProductFact(Base):
    """One figure of an instrument, stored once in SI, with where it was read."""

    __tablename__ = "product_facts"

    product_id: Mapped[int] = mapped_column(sa.ForeignKey("products.id", ondelete="CASCADE"), index=True)
    quantity: Mapped[str] = mapped_column(Line(60))
    """Stable slug: width, depth, height, weight, temperature, humidity, heat-load, power …"""
    minimum: Mapped[float | None]
    maximum: Mapped[float | None]
    unit: Mapped[str] = mapped_column(Line(20), default="")
    printed: Mapped[str] = mapped_column(Line(200), default="")
    """The figure as the document prints it."""
    condition: Mapped[str] = mapped_column(Line(60), default="")
    """Key of the option, part or mains voltage that the figure is for; empty: always."""
    text: Mapped[dict[str, str]]
    """Said in words where a figure alone is not enough; language to text, may be empty."""
    source: Mapped[str] = mapped_column(Line(200))
    source_rev: Mapped[str] = mapped_column(Line(60))
    checked_on: Mapped[date]

    __table_args__ = (
        sa.CheckConstraint("minimum IS NULL OR maximum IS NULL OR minimum <= maximum", name="range_in_order"),
    )


class Course(Base):
    """A training that comes with a playbook version."""

    __tablename__ = "courses"

    version_id: Mapped[int] = mapped_column(
        sa.ForeignKey("playbook_versions.id", ondelete="CASCADE"), index=True
    )
    code: Mapped[str] = mapped_column(Line(40))
    title: Mapped[dict[str, str]]
    level: Mapped[str] = mapped_column(Line(40))
    half_days: Mapped[int]
    capacity: Mapped[int]
    """People who can be taught hands-on at once."""
    curriculum: Mapped[list[dict[str, str]]] = mapped_column(sa.JSON, default=list)
    """What is taught, in order; each language to text."""


class PlaybookMessage(Base):
    """A letter to the customer that goes out around a milestone."""

    __tablename__ = "playbook_messages"

    version_id: Mapped[int] = mapped_column(
        sa.ForeignKey("playbook_versions.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    key: Mapped[str] = mapped_column(Line(60))
    milestone_key: Mapped[str] = mapped_column(Line(60))
    offset_workdays: Mapped[int] = mapped_column(default=0)
    """Working days of the site from the milestone's start; negative is before, 0 the day itself."""
    subject: Mapped[dict[str, str]]
    text: Mapped[dict[str, str]]
    """Language to text; may name ``{customer}``, ``{contact}``, ``{milestone}``, ``{date}``, ``{project}``."""

    version: Mapped[PlaybookVersion] = relationship(back_populates="messages", lazy="raise_on_sql")

    __table_args__ = (sa.UniqueConstraint("version_id", "key"),)


class PlaybookField(Base):
    """A field of a company's own that projects of this playbook carry."""

    __tablename__ = "playbook_fields"

    version_id: Mapped[int] = mapped_column(
        sa.ForeignKey("playbook_versions.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    key: Mapped[str] = mapped_column(Line(60))
    name: Mapped[dict[str, str]]
    kind: Mapped[FieldKind] = mapped_column(text_enum(FieldKind))
    unit: Mapped[str] = mapped_column(Line(20), default="")
    choices: Mapped[dict[str, dict[str, str]]] = mapped_column(sa.JSON, default=dict)
    """For a choice: code to texts by language."""
    audience: Mapped[Audience] = mapped_column(text_enum(Audience), default=Audience.INTERNAL)

    version: Mapped[PlaybookVersion] = relationship(back_populates="fields", lazy="raise_on_sql")

    __table_args__ = (sa.UniqueConstraint("version_id", "key"),)
