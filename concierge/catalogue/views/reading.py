"""Pages to read playbooks and instruments' figures."""

from collections.abc import Sequence
from itertools import groupby

from flask import render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from concierge.catalogue import contents, queries
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
    team_words,
    visit_words,
)
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
        kinds=field_words(),
        audiences=audience_words(),
        responsible=responsible_words(),
        asked=len(version.items),
        blocking=sum(item.gate is not None for item in version.items),
    )


@bp.get("/instruments/<key>")
@requires(Permission.SEE_PLAYBOOKS)
def instrument(key: str) -> Page:
    """Show an instrument's figures, each with the document it was read in."""
    product = queries.instrument_by_key(viewer(), key)
    words = quantity_words()
    return render_template(
        "catalogue/instrument.html",
        product=product,
        options=queries.options_of(viewer(), [product.id]),
        classes=class_words(),
        figures=[
            (words.get(fact.quantity, fact.quantity.replace("_", " ").capitalize()), figure_words(fact), fact)
            for fact in product.facts
        ],
    )


def figure_words(fact: ProductFact) -> str:
    """A figure in words: "18–27 °C", "at least 300 mm", "680 kg"."""
    least, most = (
        None if end is None else f"{end:,.6g}".replace(",", "\u202f") for end in (fact.minimum, fact.maximum)
    )
    unit = f" {fact.unit}" if fact.unit else ""
    match least, most:
        case None, None:
            return localized(fact.text)
        case _, None:
            return str(_("at least %(figure)s", figure=f"{least}{unit}"))
        case None, _:
            return str(_("at most %(figure)s", figure=f"{most}{unit}"))
    return f"{least}{unit}" if least == most else f"{least}–{most}{unit}"


def _others(instruments: Sequence[Product]) -> list[Product]:
    """Instruments that another playbook plans."""
    mine = {one.id for one in instruments}
    return [one for one in queries.all_instruments(viewer()) if one.id not in mine]


def _sections(version: PlaybookVersion) -> list[tuple[str, list[PlaybookItem]]]:
    order = {section: place for place, section in enumerate(SECTIONS)}
    known = sorted({item.section for item in version.items}, key=lambda one: (order.get(one, 99), one))
    return [(section, [item for item in version.items if item.section == section]) for section in known]
