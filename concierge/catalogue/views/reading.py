"""Pages to read playbooks and instruments' figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from babel.numbers import format_decimal
from flask import render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from concierge.catalogue import contents, figures, queries
from concierge.catalogue.models import PlaybookItem, PlaybookVersion, Product, ProductFact
from concierge.catalogue.states import SECTIONS, PlaybookState
from concierge.catalogue.views import picture, telling
from concierge.catalogue.views.blueprint import bp
from concierge.catalogue.words import (
    audience_words,
    class_words,
    field_words,
    quantity_words,
    responsible_words,
    section_words,
    step_in_words,
    team_words,
    visit_words,
)
from concierge.core import units
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.words import localized

Page = str | Response


@bp.get("/playbooks")
@requires(Permission.SEE_PLAYBOOKS)
def playbooks() -> Page:
    """List playbooks by class of instrument."""
    text, chosen = request.args.get("q", "")[:200], request.args.get("class", "")[:40]
    found = queries.playbooks_listed(viewer(), text=text, instrument_class=chosen)
    groups = [
        (instrument_class, list(group))
        for instrument_class, group in groupby(found, key=lambda one: one.instrument_class)
    ]
    return render_template(
        "catalogue/playbooks.html",
        groups=groups,
        total=len(found),
        text=text,
        chosen=chosen,
        classes=class_words(),
    )


@bp.get("/playbooks/<key>")
@requires(Permission.SEE_PLAYBOOKS)
def playbook(key: str) -> Page:
    """Show a playbook laid out for a sample order, with all it asks for."""
    version = queries.playbook_by_key(viewer(), key, number=request.args.get("version", type=int))
    instruments = queries.instruments_of(viewer(), version.playbook_id)
    courses = queries.courses_of(version.id)
    whole = contents.of_version(version, courses)
    order = picture.order_from_address()
    versions = queries.versions_of(viewer(), version.playbook_id)
    return render_template(
        "catalogue/playbook.html",
        version=version,
        versions=versions,
        drafted=next((one for one in versions if one.state is PlaybookState.DRAFT), None),
        published=[one for one in versions if one.state is PlaybookState.PUBLISHED],
        instruments=instruments,
        others=_others(instruments),
        courses=courses,
        sample=picture.drawn(whole, order, start_on=picture.next_monday(clock.today(viewer().zone))),
        with_extras=not order.is_plain,
        options={
            option.key: option.name
            for option in queries.options_of(viewer(), (one.id for one in instruments))
        },
        waits={one.key: telling.waits_of(one, whole) for one in whole.milestones},
        lengths={one.key: telling.length_of(one) for one in whole.milestones},
        names={milestone.key: localized(milestone.name) for milestone in version.milestones},
        sections=_sections(version),
        section_words=section_words(),
        teams=team_words(),
        visit_kinds=visit_words(),
        step_words=step_in_words,
        kinds=field_words(),
        audiences=audience_words(),
        responsible=responsible_words(),
        asked_texts=telling.asked_texts(version.items, queries.instruments_with_figures(version.playbook_id)),
        due_words={item.key: telling.due_in_words(item) for item in whole.items},
        asked_when={item.key: telling.asked_when(item, whole) for item in whole.items},
        asked=len(version.items),
        blocking=sum(item.gate is not None for item in version.items),
    )


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """One figure in the reader's units and in the other system, both computed from the one value that is kept."""

    name: str
    words: str
    other: str
    """Empty where both systems use the same unit."""
    fact: ProductFact


@bp.get("/instruments/<key>")
@requires(Permission.SEE_PLAYBOOKS)
def instrument(key: str) -> Page:
    """Show an instrument's figures, each with the document it was read in."""
    product = queries.instrument_by_key(viewer(), key)
    asked = request.args.get("units", "")
    is_customary = asked == CUSTOMARY if asked else viewer().zone in CUSTOMARY_ZONES
    return render_template(
        "catalogue/instrument.html",
        product=product,
        options=queries.options_of(viewer(), [product.id]),
        classes=class_words(),
        figures=[_shown(fact, is_customary=is_customary) for fact in product.facts],
        is_customary=is_customary,
        doubts=figures.doubts(product.facts),
    )


CUSTOMARY = "us"
"""What the address says of the figures' units when they are those of the United States."""
CUSTOMARY_ZONES = frozenset(
    {
        "America/New_York",
        "America/Detroit",
        "America/Chicago",
        "America/Denver",
        "America/Boise",
        "America/Phoenix",
    }
    | {
        "America/Los_Angeles",
        "America/Anchorage",
        "America/Juneau",
        "America/Puerto_Rico",
        "Pacific/Honolulu",
    }
    | {"America/Indiana/Indianapolis", "America/Kentucky/Louisville", "Africa/Monrovia", "Asia/Yangon"}
)
"""Zones in which people are taken to measure in US customary units until they choose otherwise."""


def _shown(fact: ProductFact, *, is_customary: bool) -> ShownFigure:
    words = quantity_words()
    name = words.get(fact.quantity, fact.quantity.replace("_", " ").capitalize())
    other_unit = units.preferred(fact.unit, country="US", quantity=fact.quantity)
    kept = figure_words(fact, fact.unit)
    other = figure_words(fact, other_unit) if other_unit != fact.unit else ""
    first, second = (other, kept) if is_customary and other else (kept, other)
    return ShownFigure(name, first, second, fact)


def figure_words(fact: ProductFact, unit: str) -> str:
    """A figure in words in some unit: "18–27 °C", "at least 300 mm", "680 kg"."""
    ends = [None if end is None else Decimal(str(end)) for end in (fact.minimum, fact.maximum)]
    is_moved = "drift" in fact.quantity
    if ends[0] == ends[1] and ends[0] is not None and unit != fact.unit:
        turned = units.from_stored(
            units.to_stored(ends[0], fact.unit, is_difference=is_moved), unit, is_difference=is_moved
        )
        ends = [units.rounded(turned)] * 2
    elif unit != fact.unit:
        ends = list(
            units.shown_bounds(ends[0], ends[1], unit=fact.unit, to_unit=unit, is_difference=is_moved)
        )
    locale = telling.reader()
    least, most = (
        None if end is None else str(format_decimal(end, "#,##0.######", locale=locale)) for end in ends
    )
    said = f"\u00a0{unit}" if unit else ""
    match least, most:
        case None, None:
            return localized(fact.text)
        case _, None:
            return str(_("at least %(figure)s", figure=f"{least}{said}"))
        case None, _:
            return str(_("at most %(figure)s", figure=f"{most}{said}"))
    return f"{least}{said}" if least == most else f"{least}–{most}{said}"


def _others(instruments: Sequence[Product]) -> list[Product]:
    """Instruments that another playbook plans."""
    mine = {one.id for one in instruments}
    return [one for one in queries.all_instruments(viewer()) if one.id not in mine]


def _sections(version: PlaybookVersion) -> list[tuple[str, list[PlaybookItem]]]:
    order = {section: place for place, section in enumerate(SECTIONS)}
    known = sorted({item.section for item in version.items}, key=lambda one: (order.get(one, 99), one))
    return [(section, [item for item in version.items if item.section == section]) for section in known]
