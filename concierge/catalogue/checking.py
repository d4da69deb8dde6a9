"""What is wrong with a playbook, or looks wrong: each finding is a sentence that says what to do."""

import string
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from concierge.catalogue.contents import Contents, ItemPart, MessagePart, MilestonePart, Texts
from concierge.catalogue.states import Audience, FieldKind, ItemType, MilestoneKind, Severity
from concierge.core.units import STORED, Quantity, unit_of
from concierge.platform.words import listed, localized

PLACEHOLDERS = frozenset({"customer", "contact", "milestone", "date", "project"})
"""What a letter may name."""

MEASURED: Mapping[Quantity, frozenset[str]] = {
    Quantity.TEMPERATURE: frozenset({"temperature", "temperature_drift"}),
    Quantity.LENGTH: frozenset(
        {"width", "depth", "height", "length", "clearance", "distance", "altitude", "magnet_zone_inner"}
        | {"magnet_zone_outer", "clearance_above", "clearance_front", "clearance_sides", "clearance_rear"}
    ),
    Quantity.MASS: frozenset({"weight", "mass", "floor_load"}),
    Quantity.PRESSURE: frozenset({"pressure", "gas_pressure", "water_pressure"}),
    Quantity.POWER: frozenset({"power", "heat_load", "cooling"}),
    Quantity.APPARENT_POWER: frozenset({"power_apparent"}),
    Quantity.FLOW: frozenset({"flow", "gas_flow", "water_flow", "exhaust_flow"}),
    Quantity.VOLTAGE: frozenset({"voltage"}),
    Quantity.CURRENT: frozenset({"current", "circuit_current"}),
    Quantity.SHARE: frozenset({"humidity", "gas_purity"}),
    Quantity.FREQUENCY: frozenset({"frequency"}),
    Quantity.SOUND: frozenset({"sound", "noise"}),
}
"""Which quantities are measured in the units of what; quantities of a playbook's own are not judged."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend, and where."""

    is_wrong: bool
    """Whether it has to be mended before publishing; otherwise it is only worth a look."""
    sentence: str
    collection: str = ""
    key: str = ""


def findings(
    contents: Contents, *, products: Collection[str], instruments: int, always_used: bool = False
) -> tuple[Finding, ...]:
    """Everything that is wrong or looks wrong, the wrong first.

    :param products: keys of everything that can be sold.
    :param instruments: how many instruments use the playbook.
    :param always_used: whether orders take it without an instrument.
    """
    found = [
        *_of_plan(contents),
        *(one for item in contents.items for one in _of_item(item, products)),
        *_of_messages(contents),
        *_of_fields(contents),
        *_of_language(contents),
    ]
    if not instruments and not always_used:
        found.append(
            Finding(
                False,
                _(
                    "No instrument uses this playbook, so no order line matches it. Choose its instruments below."
                ),
            )
        )
    return tuple(sorted(found, key=lambda one: not one.is_wrong))


def circle_of(milestones: Iterable[MilestonePart]) -> tuple[str, ...]:
    """The keys of milestones that wait for each other, each waiting for the one before; empty when none do."""
    waits = {one.key: [link.predecessor_key for link in one.links] for one in milestones}
    done: set[str] = set()
    for start in waits:
        path: list[str] = []
        ways = [iter([start])]
        while ways:
            key = next(ways[-1], None)
            if key is None:
                ways.pop()
                if path:
                    done.add(path.pop())
            elif key in path:
                return tuple(reversed(path[path.index(key) :]))
            elif key in waits and key not in done:
                path.append(key)
                ways.append(iter(waits[key]))
    return ()


def circle_sentence(contents: Contents, circle: tuple[str, ...]) -> str:
    """A circle with the names of its milestones."""
    names = [_named(contents, key) for key in (*circle, circle[0])]
    return _(
        "These milestones wait for each other in a circle: %(circle)s. Take one of these links out.",
        circle=" → ".join(names),
    )


def _of_plan(contents: Contents) -> Iterator[Finding]:
    if not contents.milestones:
        yield Finding(
            True, _("There is no milestone, so there is no plan. Add the first one: the order is accepted.")
        )
        return
    known = {one.key for one in contents.milestones}
    circle = circle_of(contents.milestones)
    if circle:
        yield Finding(True, circle_sentence(contents, circle), "milestones", circle[0])
    for one in contents.milestones:
        for link in one.links:
            if link.predecessor_key not in known:
                yield Finding(
                    True,
                    _(
                        "“%(name)s” waits for “%(key)s”, which is not in this playbook. "
                        "Add that milestone or take the link out.",
                        name=localized(one.name) or one.key,
                        key=link.predecessor_key,
                    ),
                    "milestones",
                    one.key,
                )
    if not circle:
        yield from _of_reach(contents)
    kinds = {one.kind for one in contents.milestones}
    if MilestoneKind.HANDOVER not in kinds:
        yield Finding(
            False,
            _(
                "No milestone is the handover, so the last one to finish counts as it. Add a handover at the end."
            ),
        )
    for one in contents.milestones:
        twice = {visit.kind for visit in one.visits}
        if len(twice) < len(one.visits):
            yield Finding(
                False,
                _(
                    "“%(name)s” has two visits of one kind; only the first is planned. Change one of them.",
                    name=localized(one.name),
                ),
                "milestones",
                one.key,
            )


def _of_reach(contents: Contents) -> Iterator[Finding]:
    """What does not follow from the order, and what leads nowhere."""
    orders = [one.key for one in contents.milestones if one.kind is MilestoneKind.ORDER_ACCEPTED]
    if not orders:
        yield Finding(
            False, _("No milestone says that the order is accepted. Add one at the start, without length.")
        )
    followers: dict[str, list[str]] = {one.key: [] for one in contents.milestones}
    for one in contents.milestones:
        for link in one.links:
            followers.setdefault(link.predecessor_key, []).append(one.key)
    reached: set[str] = set()
    coming = list(orders)
    while coming:
        key = coming.pop()
        if key not in reached:
            reached.add(key)
            coming.extend(followers[key])
    for one in contents.milestones:
        name = localized(one.name) or one.key
        if orders and one.key not in reached:
            yield Finding(
                False,
                _(
                    "“%(name)s” cannot be reached from the order, so it would begin on the first day. "
                    "Say what it waits for.",
                    name=name,
                ),
                "milestones",
                one.key,
            )
        if one.kind is not MilestoneKind.HANDOVER and not followers[one.key] and len(contents.milestones) > 1:
            yield Finding(
                False,
                _(
                    "Nobody waits for “%(name)s”, so the handover may come before it. "
                    "Let the milestone after it wait for it.",
                    name=name,
                ),
                "milestones",
                one.key,
            )


def _of_item(item: ItemPart, products: Collection[str]) -> Iterator[Finding]:
    name = localized(item.requirement) or item.key

    def about(is_wrong: bool, sentence: str) -> Finding:
        return Finding(is_wrong, sentence, "items", item.key)

    if item.minimum is not None and item.maximum is not None and item.minimum > item.maximum:
        yield about(
            True,
            _(
                "“%(name)s” asks for at least %(least)g and at most %(most)g, which nothing is. Exchange the bounds.",
                name=name,
                least=item.minimum,
                most=item.maximum,
            ),
        )
    if (item.severity is Severity.BLOCKING) != (item.gate is not None):
        yield about(
            True,
            _(
                "“%(name)s” has to name what it holds exactly when it blocks. "
                "Choose shipping, installation or nothing.",
                name=name,
            ),
        )
    if item.type is ItemType.MEASURE:
        yield from (about(True, sentence) for sentence in _of_unit(item, name))
    elif item.minimum is not None or item.maximum is not None:
        yield about(False, _("“%(name)s” has bounds, but measures nothing. Make it a measure.", name=name))
    if item.type is ItemType.CHOICE and len(item.choices) < 2:
        yield about(True, _("“%(name)s” lets nothing be chosen. Give it at least two answers.", name=name))
    if item.option_key and item.option_key not in products:
        yield about(
            False,
            _(
                "“%(name)s” is asked when “%(option)s” is sold, which no product is: a rule that matches nothing. "
                "Choose one of the options, or ask always.",
                name=name,
                option=item.option_key,
            ),
        )


def _of_unit(item: ItemPart, name: str) -> Iterator[str]:
    wanted = next((known for known, slugs in MEASURED.items() if item.quantity in slugs), None)
    if wanted is None:
        return
    try:
        unit = unit_of(item.unit)
    except ValueError:
        fits = False
    else:
        fits = unit.quantity is wanted
    if not fits:
        yield _(
            "“%(name)s” measures %(quantity)s, which is not counted in “%(unit)s”. Give it a unit such as %(example)s.",
            name=name,
            quantity=item.quantity.replace("_", " "),
            unit=item.unit,
            example=STORED[wanted],
        )


def _of_messages(contents: Contents) -> Iterator[Finding]:
    by_key = {one.key: one for one in contents.milestones}
    for message in contents.messages:
        name = localized(message.subject) or message.key
        milestone = by_key.get(message.milestone_key)
        if milestone is None:
            yield Finding(
                True,
                _(
                    "The letter “%(name)s” belongs to “%(key)s”, which is not in this playbook. "
                    "Choose another milestone for it.",
                    name=name,
                    key=message.milestone_key,
                ),
                "messages",
                message.key,
            )
        elif milestone.audience is not Audience.CUSTOMER:
            yield Finding(
                False,
                _(
                    "The letter “%(name)s” never goes out: “%(milestone)s” is not shown to the customer. "
                    "Choose a milestone that is.",
                    name=name,
                    milestone=localized(milestone.name),
                ),
                "messages",
                message.key,
            )
        for wrong in unknown_placeholders(message):
            yield Finding(
                True,
                _(
                    "The letter “%(name)s” names {%(wrong)s}, which we cannot fill in. Use one of: %(known)s.",
                    name=name,
                    wrong=wrong,
                    known=", ".join(f"{{{one}}}" for one in sorted(PLACEHOLDERS)),
                ),
                "messages",
                message.key,
            )


def unknown_placeholders(message: MessagePart) -> tuple[str, ...]:
    """What a letter names that cannot be filled in; an unpaired brace counts as one."""
    found: list[str] = []
    for text in (*message.subject.values(), *message.text.values()):
        try:
            for _said, name, layout, conversion in string.Formatter().parse(text):
                if name is not None and (name not in PLACEHOLDERS or layout or conversion):
                    found.append(name or "…")
        except ValueError:
            found.append("…")
    return tuple(dict.fromkeys(found))


def _of_fields(contents: Contents) -> Iterator[Finding]:
    for one in contents.fields:
        if one.kind is FieldKind.CHOICE and len(one.choices) < 2:
            yield Finding(
                True,
                _(
                    "The field “%(name)s” lets nothing be chosen. Give it two answers.",
                    name=localized(one.name),
                ),
                "fields",
                one.key,
            )


def _of_language(contents: Contents) -> Iterator[Finding]:
    for collection, key, name, texts in _texts(contents):
        lacking = [said for said, text in texts if text.get("en") and not text.get("de")]
        if lacking:
            yield Finding(
                False,
                _(
                    "“%(name)s” has no German text for: %(what)s. German readers see English there.",
                    name=name,
                    what=listed(lacking),
                ),
                collection,
                key,
            )


def _texts(contents: Contents) -> Iterator[tuple[str, str, str, list[tuple[str, Texts]]]]:
    """Each part with its texts: collection, key, what it is called, and the texts in words."""
    for one in contents.milestones:
        texts = [(_("name"), one.name), *((_("visit"), visit.title) for visit in one.visits)]
        yield "milestones", one.key, localized(one.name) or one.key, texts
    for item in contents.items:
        texts = [(_("requirement"), item.requirement), (_("why"), item.why), (_("how"), item.how)]
        texts += [(_("answer"), choice) for choice in item.choices.values()]
        yield "items", item.key, localized(item.requirement) or item.key, texts
    for message in contents.messages:
        texts = [(_("subject"), message.subject), (_("text"), message.text)]
        yield "messages", message.key, localized(message.subject) or message.key, texts
    for own in contents.fields:
        texts = [(_("name"), own.name), *((_("answer"), choice) for choice in own.choices.values())]
        yield "fields", own.key, localized(own.name) or own.key, texts
    for course in contents.courses:
        texts = [(_("title"), course.title), *((_("lesson"), lesson) for lesson in course.curriculum)]
        yield "courses", course.key, localized(course.title) or course.key, texts


def _named(contents: Contents, key: str) -> str:
    return next((localized(one.name) or key for one in contents.milestones if one.key == key), key)
