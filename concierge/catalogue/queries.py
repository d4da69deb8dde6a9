"""Questions about what is sold and about playbooks."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload, selectinload

from concierge.catalogue.checking import Instrument
from concierge.catalogue.contents import Contents, of_version
from concierge.catalogue.models import (
    Course,
    Playbook,
    PlaybookItem,
    PlaybookMilestone,
    PlaybookVersion,
    PlaybookVisit,
    Product,
    ProductAlias,
    ProductFact,
)
from concierge.catalogue.states import AliasScheme, InstrumentClass, PlaybookState, ProductKind
from concierge.identity.models import User
from concierge.identity.viewer import Viewer
from concierge.platform.database import db, in_hand
from concierge.platform.errors import NotFound
from concierge.platform.events import RecordedEvent
from concierge.platform.searching import matches

_GAPS = re.compile(r"[\W_]+")


def as_alias(text: str) -> str:
    """A name or number as it is compared: case folded, marks and white space reduced to single spaces.

    Empty when nothing but marks is left.
    """
    return _GAPS.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()[:200]


@dataclass(frozen=True, slots=True)
class LineNames:
    """What an order line calls a product."""

    seller_item_id: str = ""
    standard_id: str = ""
    name: str = ""

    def aliases(self) -> tuple[tuple[AliasScheme, str], ...]:
        """Scheme and compared value of each given name, the surest first."""
        given = (
            (AliasScheme.SELLER_ITEM_ID, as_alias(self.seller_item_id)),
            (AliasScheme.STANDARD_ITEM_ID, as_alias(self.standard_id)),
            (AliasScheme.NAME, as_alias(self.name)),
        )
        return tuple((scheme, value) for scheme, value in given if value)


def products_for(lines: Sequence[LineNames]) -> list[Product | None]:
    """What each of several order lines means, in one question."""
    wanted = {alias for line in lines for alias in line.aliases()}
    if not wanted:
        return [None] * len(lines)
    known = in_hand(
        ("products by alias", frozenset(wanted)),
        lambda: _known_by({value for _, value in wanted}),
        of=(ProductAlias, Product),
        are_rows=True,
    )
    return [next((known[alias] for alias in line.aliases() if alias in known), None) for line in lines]


def _known_by(values: Collection[str]) -> Mapping[tuple[AliasScheme, str], Product]:
    found = db.session.execute(
        sa.select(ProductAlias.scheme, ProductAlias.value, Product)
        .join(Product, Product.id == ProductAlias.product_id)
        .where(ProductAlias.value.in_(values))
    )
    return {(scheme, value): product for scheme, value, product in found}


def candidates_for(name: str, *, limit: int = 8) -> list[Product]:
    """Products that an unmatched line may mean, the likeliest first: those that share most words with it."""
    words = set(as_alias(name).split())
    products = products_for_choice()

    def likeness(product: Product) -> tuple[int, str]:
        return (-len(words & set(as_alias(f"{product.maker} {product.name}").split())), product.name)

    return sorted(products, key=likeness)[:limit]


def products_for_choice() -> list[Product]:
    """Everything that can be sold, instruments first, for a list to choose from."""
    first = sa.case((Product.kind == ProductKind.INSTRUMENT, 0), else_=1)
    return list(db.session.scalars(sa.select(Product).order_by(first, Product.name, Product.id)))


def product_by_id(product_id: int) -> Product:
    """One product.

    :raises NotFound: when there is none.
    """
    product = db.session.get(Product, product_id)
    if product is None:
        raise NotFound(_("That product is no longer in the catalogue. Choose another one."))
    return product


def published_versions(product_ids: Iterable[int]) -> dict[int, PlaybookVersion]:
    """The newest published playbook version of each instrument, by product, with all that a plan needs.

    Products without a published playbook are left out.
    """
    newest = (
        sa.select(Product.id, sa.func.max(PlaybookVersion.number))
        .join(PlaybookVersion, PlaybookVersion.playbook_id == Product.playbook_id)
        .where(Product.id.in_(set(product_ids)), PlaybookVersion.state == PlaybookState.PUBLISHED)
        .group_by(Product.id)
        .subquery()
    )
    rows = db.session.execute(
        sa.select(newest.c[0], PlaybookVersion)
        .join(Product, Product.id == newest.c[0])
        .join(
            PlaybookVersion,
            sa.and_(
                PlaybookVersion.playbook_id == Product.playbook_id, PlaybookVersion.number == newest.c[1]
            ),
        )
        .options(*_whole_version())
    )
    return {row[0]: row[1] for row in rows}


def newest_published(playbook_key: str) -> PlaybookVersion | None:
    """The newest published version of a playbook with all that a plan needs; None when there is none."""
    return db.session.scalar(
        sa.select(PlaybookVersion)
        .join(PlaybookVersion.playbook)
        .where(Playbook.key == playbook_key, PlaybookVersion.state == PlaybookState.PUBLISHED)
        .order_by(PlaybookVersion.number.desc())
        .limit(1)
        .options(*_whole_version())
    )


def courses_of(version_id: int) -> list[Course]:
    """The trainings that come with a playbook version."""
    return list(
        db.session.scalars(sa.select(Course).where(Course.version_id == version_id).order_by(Course.id))
    )


@dataclass(frozen=True, slots=True)
class ListedPlaybook:
    """A playbook as the list shows it."""

    key: str
    name: str
    instrument_class: InstrumentClass | None
    number: int
    published_at: datetime | None
    milestones: int
    items: int
    is_draft_open: bool
    """Whether a next version is being written."""


def playbooks_listed(viewer: Viewer, *, text: str = "", instrument_class: str = "") -> list[ListedPlaybook]:
    """Every playbook with its newest version, by class and name. Some hundred at most, so it is not paged."""
    published = sa.case((PlaybookVersion.state == PlaybookState.PUBLISHED, PlaybookVersion.number))
    numbers = sa.func.coalesce(sa.func.max(published), sa.func.max(PlaybookVersion.number))
    drafts = sa.func.count(sa.case((PlaybookVersion.state == PlaybookState.DRAFT, 1)))
    newest = (
        sa.select(PlaybookVersion.playbook_id, numbers.label("number"), drafts.label("drafts"))
        .group_by(PlaybookVersion.playbook_id)
        .subquery()
    )
    milestones = (
        sa.select(sa.func.count(PlaybookMilestone.id))
        .where(PlaybookMilestone.version_id == PlaybookVersion.id)
        .scalar_subquery()
    )
    items = (
        sa.select(sa.func.count(PlaybookItem.id))
        .where(PlaybookItem.version_id == PlaybookVersion.id)
        .scalar_subquery()
    )
    classes = (
        sa.select(sa.func.min(Product.instrument_class))
        .where(Product.playbook_id == Playbook.id)
        .scalar_subquery()
    )
    question = (
        sa.select(
            Playbook.key,
            Playbook.name,
            classes,
            PlaybookVersion.number,
            PlaybookVersion.published_at,
            milestones,
            items,
            newest.c.drafts > 0,
        )
        .join(newest, newest.c.playbook_id == Playbook.id)
        .join(
            PlaybookVersion,
            sa.and_(PlaybookVersion.playbook_id == Playbook.id, PlaybookVersion.number == newest.c.number),
        )
        .order_by(classes, Playbook.name, Playbook.id)
    )
    question = question.where(*matches(text, Playbook))
    if instrument_class in {known.value for known in InstrumentClass}:
        question = question.where(classes == InstrumentClass(instrument_class))
    return [ListedPlaybook(*row) for row in db.session.execute(question)]


def playbook_by_key(viewer: Viewer, key: str, *, number: int | None = None) -> PlaybookVersion:
    """One version of a playbook; without a number the newest published one, else the draft.

    :raises NotFound: when there is no such playbook or version.
    """
    return _version(key, number=number)


def draft_by_key(viewer: Viewer, key: str) -> PlaybookVersion:
    """The open draft of a playbook.

    :raises NotFound: when there is none.
    """
    version = _version(key, number=None, state=PlaybookState.DRAFT)
    if version.state is not PlaybookState.DRAFT:
        raise NotFound
    return version


def contents_of(key: str, *, number: int | None = None) -> Contents:
    """All that a version holds, as values; without a number that of the newest published one, else the draft.

    :raises NotFound: when there is no such playbook or version.
    """
    version = _version(key, number=number)
    return of_version(version, courses_of(version.id))


def contents_of_published(key: str) -> tuple[int, Contents]:
    """Number and contents of the newest published version.

    :raises NotFound: when none is published.
    """
    version = _version(key, number=None)
    if version.state is not PlaybookState.PUBLISHED:
        raise NotFound
    return version.number, of_version(version, courses_of(version.id))


def playbook_keys() -> frozenset[str]:
    """The keys of all playbooks."""
    return frozenset(db.session.scalars(sa.select(Playbook.key)))


def skills_named() -> list[str]:
    """Every skill that a visit of a playbook asks for, by name."""
    question = sa.select(PlaybookVisit.skill).where(PlaybookVisit.skill != "").distinct()
    return list(db.session.scalars(question.order_by(PlaybookVisit.skill)))


def contents_or_none(key: str) -> Contents | None:
    """All that the newest published version holds, else the draft; None when there is no such playbook."""
    try:
        return contents_of(key)
    except NotFound:
        return None


def version_number(key: str, *, number: int | None = None) -> int:
    """The number of that version.

    :raises NotFound: when there is no such playbook or version.
    """
    return _version(key, number=number).number


def version_for_change(version_id: int) -> PlaybookVersion:
    """One version whole, as it is in the database now."""
    return db.session.scalars(
        sa.select(PlaybookVersion)
        .where(PlaybookVersion.id == version_id)
        .options(*_whole_version())
        .execution_options(populate_existing=True)
    ).one()


def _version(key: str, *, number: int | None, state: PlaybookState | None = None) -> PlaybookVersion:
    first = sa.case((PlaybookVersion.state == (state or PlaybookState.PUBLISHED), 0), else_=1)
    question = (
        sa.select(PlaybookVersion)
        .join(PlaybookVersion.playbook)
        .where(Playbook.key == key)
        .order_by(first, PlaybookVersion.number.desc())
        .limit(1)
        .options(*_whole_version())
    )
    if number is not None:
        question = question.where(PlaybookVersion.number == number)
    version = db.session.scalar(question)
    if version is None:
        raise NotFound
    return version


def all_instruments(viewer: Viewer) -> list[Product]:
    """Every instrument, by name."""
    return list(
        db.session.scalars(
            sa.select(Product)
            .where(Product.kind == ProductKind.INSTRUMENT)
            .order_by(Product.name, Product.id)
        )
    )


def product_keys() -> frozenset[str]:
    """The keys of everything that can be sold."""
    return frozenset(db.session.scalars(sa.select(Product.key)))


def last_edit_of(version_id: int, collection: str, key: str) -> tuple[str, datetime] | None:
    """Who changed a part of a draft last, and when; None when nobody did since it was begun."""
    rows = db.session.execute(
        sa.select(RecordedEvent.payload, RecordedEvent.at, User.name)
        .outerjoin(User, User.id == RecordedEvent.actor_id)
        .where(RecordedEvent.name == "PlaybookEdited")
        .order_by(RecordedEvent.id.desc())
        .limit(200)
    )
    for payload, at, name in rows:
        if (payload["version_id"], payload["collection"], payload["key"]) == (version_id, collection, key):
            return name or "", at
    return None


def versions_of(viewer: Viewer, playbook_id: int) -> list[PlaybookVersion]:
    """Every version of a playbook, the newest first."""
    return list(
        db.session.scalars(
            sa.select(PlaybookVersion)
            .where(PlaybookVersion.playbook_id == playbook_id)
            .order_by(PlaybookVersion.number.desc())
        )
    )


def instruments_of(viewer: Viewer, playbook_id: int) -> list[Product]:
    """The instruments that a playbook brings into use."""
    return list(
        db.session.scalars(
            sa.select(Product).where(Product.playbook_id == playbook_id).order_by(Product.name, Product.id)
        )
    )


def instrument_by_key(viewer: Viewer, key: str) -> Product:
    """One instrument with its figures, names on orders and playbook.

    :raises NotFound: when there is no such instrument.
    """
    product = db.session.scalar(
        sa.select(Product)
        .where(Product.key == key, Product.kind == ProductKind.INSTRUMENT)
        .options(selectinload(Product.facts), selectinload(Product.aliases), joinedload(Product.playbook))
    )
    if product is None:
        raise NotFound
    return product


def instruments_with_figures(playbook_id: int) -> list[Product]:
    """The instruments that a playbook brings into use, with their figures, by name."""
    return list(
        db.session.scalars(
            sa.select(Product)
            .where(Product.playbook_id == playbook_id, Product.kind == ProductKind.INSTRUMENT)
            .order_by(Product.name, Product.id)
            .options(selectinload(Product.facts))
        )
    )


def figures_of(playbook_id: int) -> tuple[Instrument, ...]:
    """The instruments that a playbook brings into use, with their figures, as its check looks at them."""
    found = instruments_with_figures(playbook_id)
    return tuple(Instrument(one.key, one.name, tuple(one.facts)) for one in found)


def quantities_of(playbook_id: int) -> list[str]:
    """Of which quantities the instruments of a playbook have figures, by name."""
    question = (
        sa.select(ProductFact.quantity)
        .join(Product, Product.id == ProductFact.product_id)
        .where(Product.playbook_id == playbook_id)
        .distinct()
    )
    return sorted(db.session.scalars(question))


def options_of(viewer: Viewer, product_ids: Iterable[int]) -> list[Product]:
    """The options that can be ordered with instruments, by name."""
    return list(
        db.session.scalars(
            sa.select(Product)
            .where(Product.option_of_id.in_(set(product_ids)))
            .order_by(Product.name, Product.id)
        )
    )


def playbooks_by_key(keys: Iterable[str]) -> Mapping[str, Playbook]:
    """Playbooks by their keys; unknown ones are left out."""
    found = db.session.scalars(sa.select(Playbook).where(Playbook.key.in_(set(keys))))
    return {playbook.key: playbook for playbook in found}


def _whole_version() -> tuple[sa.orm.interfaces.ORMOption, ...]:
    milestones = selectinload(PlaybookVersion.milestones)
    return (
        joinedload(PlaybookVersion.playbook),
        milestones.selectinload(PlaybookMilestone.links),
        milestones.selectinload(PlaybookMilestone.visits).selectinload(PlaybookVisit.steps),
        selectinload(PlaybookVersion.items),
        selectinload(PlaybookVersion.messages),
        selectinload(PlaybookVersion.fields),
    )
