"""What is wrong with a playbook, or looks wrong: each finding is a sentence that says what to do."""

import re
import string
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from babel import Locale, UnknownLocaleError
from flask_babel import gettext as _

from concierge.catalogue import figures
from concierge.catalogue.contents import Contents, ItemPart, MessagePart, MilestonePart, StepPart, Texts
from concierge.catalogue.figures import MEASURED
from concierge.catalogue.states import (
    LANGUAGES_FACT,
    PLACE_FACTS,
    ROLES,
    Audience,
    Evidence,
    FieldKind,
    FileKind,
    ItemType,
    MilestoneKind,
    Severity,
    StepKind,
)
from concierge.core import conditions, units
from concierge.core.conditions import Flaw
from concierge.core.units import STORED, is_known, unit_of
from concierge.platform.words import listed, localized

PLACEHOLDERS = frozenset({"customer", "contact", "milestone", "date", "project"})
"""What a letter may name."""

NAMED = frozenset({"range", "mains", "plugs", "languages"})
"""What the texts of a requirement may name."""
_NAME = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument that uses the playbook, with its figures."""

    key: str
    name: str
    figures: tuple[figures.Figure, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend, and where."""

    is_wrong: bool
    """Whether it has to be mended before publishing; otherwise it is only worth a look."""
    sentence: str
    collection: str = ""
    key: str = ""


def findings(
    contents: Contents,
    *,
    products: Collection[str],
    instruments: int,
    always_used: bool = False,
    known: Collection[Instrument] | None = None,
) -> tuple[Finding, ...]:
    """Everything that is wrong or looks wrong, the wrong first.

    :param products: keys of everything that can be sold.
    :param instruments: how many instruments use the playbook.
    :param always_used: whether orders take it without an instrument.
    :param known: those instruments with their figures; `None`: nobody looked, so nothing is said of figures.
    """
    found = [
        *_of_plan(contents),
        *(one for part in contents.milestones for one in _of_steps(part)),
        *(one for item in contents.items for one in _of_item(item, products)),
        *(one for item in contents.items for one in _of_answers(item)),
        *_of_conditions(contents),
        *(() if known is None else _of_figures(contents, known)),
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


def _of_steps(milestone: MilestonePart) -> Iterator[Finding]:
    """What technicians could not answer, or what would be asked of nobody."""
    for visit in milestone.visits:
        where = localized(visit.title) or localized(milestone.name) or milestone.key
        seen: set[str] = set()
        for step in visit.steps:
            name = localized(step.text) or step.key
            for is_wrong, sentence in _of_step(step, name, is_second=step.key in seen):
                yield Finding(is_wrong, f"{where}: {sentence}", "milestones", milestone.key)
            seen.add(step.key)
        if visit.steps and not visit.technicians:
            yield Finding(
                False,
                _("“%(name)s” has steps but nobody of ours goes. Say how many technicians go.", name=where),
                "milestones",
                milestone.key,
            )


def _of_step(step: StepPart, name: str, *, is_second: bool) -> Iterator[tuple[bool, str]]:
    if is_second:
        yield True, _("The key “%(key)s” stands twice. Give one of the steps another key.", key=step.key)
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", step.key):
        yield True, _("“%(key)s” is not a key. Use small letters, digits and single dashes.", key=step.key)
    if not step.text:
        yield True, _("The step “%(key)s” says nothing. Write what is to be done.", key=step.key)
    if step.minimum is not None and step.maximum is not None and step.minimum > step.maximum:
        yield True, _("The range of “%(name)s” ends before it begins. Exchange its two ends.", name=name)
    has_range = step.minimum is not None or step.maximum is not None
    if step.kind is StepKind.READING:
        if step.unit and not is_known(step.unit):
            yield (
                False,
                _(
                    "Nobody knows the unit “%(unit)s” of “%(name)s”: readings can be typed in no other one.",
                    unit=step.unit,
                    name=name,
                ),
            )
        if not step.unit and has_range:
            yield False, _("“%(name)s” has a range without a unit. Say what it is read in.", name=name)
    elif has_range or step.unit:
        yield False, _("“%(name)s” is no reading, so its range means nothing. Make it a reading.", name=name)


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
    elif item.type is ItemType.DATE:
        if item.minimum is not None or (item.maximum is not None and item.maximum % 1):
            yield about(
                True,
                _("“%(name)s” asks for a day: say in whole days from its anchor by when at most.", name=name),
            )
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


def _of_answers(item: ItemPart) -> Iterator[Finding]:
    """What is wrong with how an item is answered, proven and counted."""
    name = localized(item.requirement) or item.key

    def about(is_wrong: bool, sentence: str) -> Finding:
        return Finding(is_wrong, sentence, "items", item.key)

    if item.type is ItemType.MULTI and len(item.choices) < 2:
        yield about(True, _("“%(name)s” lets nothing be chosen. Give it at least two answers.", name=name))
    strange = [code for code in item.accepted if code not in item.choices]
    if strange:
        yield about(
            True,
            _(
                "“%(name)s” accepts %(codes)s, which nobody can choose. Use the codes of its answers.",
                name=name,
                codes=listed(strange),
            ),
        )
    if item.weight <= 0:
        yield about(
            True,
            _("“%(name)s” counts for nothing: its weight is not more than 0. Give it 1 or more.", name=name),
        )
    needs_files = item.evidence is Evidence.REQUIRED or item.type is ItemType.UPLOAD
    if needs_files and item.file_count < 1:
        yield about(
            True,
            _("“%(name)s” needs a file and asks for none. Set the number of files to 1 or more.", name=name),
        )
    if item.tolerance is not None and item.tolerance < 0:
        yield about(
            True,
            _(
                "The tolerance of “%(name)s” is less than nothing. Write it without the minus sign.",
                name=name,
            ),
        )
    if item.tolerance and item.minimum is None and item.maximum is None and not item.fact:
        yield about(False, _("“%(name)s” has a tolerance, but no bounds. Give it bounds.", name=name))
    if item.type is ItemType.MEASURE and item.unit and not units.is_known(item.unit):
        yield about(
            False,
            _(
                "“%(name)s” is measured in “%(unit)s”, which we cannot convert, so that it has to be typed so. "
                "Choose a unit that we know where there is one.",
                name=name,
                unit=item.unit,
            ),
        )
    if item.fact == LANGUAGES_FACT and not (
        item.type in {ItemType.CHOICE, ItemType.MULTI} and all(_is_language(code) for code in item.choices)
    ):
        yield about(
            True,
            _(
                "“%(name)s” is bounded by the languages of the country, but its answers are none. Let one of several"
                " answers be chosen, with codes such as en, de, fr, ja.",
                name=name,
            ),
        )
    if item.role and item.role not in ROLES:
        yield about(
            True,
            _(
                "“%(name)s” is for “%(role)s”, which nobody is. Use one of: %(known)s.",
                name=name,
                role=item.role,
                known=", ".join(ROLES),
            ),
        )
    kinds = {kind.value for kind in FileKind}
    if set(item.file_kinds) - kinds:
        yield about(
            True,
            _(
                "“%(name)s” asks for a kind of file that there is not. Use: %(known)s.",
                name=name,
                known=", ".join(sorted(kinds)),
            ),
        )
    unknown = [code for code in item.countries if code not in _territories()]
    if unknown:
        yield about(
            True,
            _(
                "“%(name)s” is asked in %(codes)s, which is no country. Use two letters, such as US or CH.",
                name=name,
                codes=listed(unknown),
            ),
        )
    yield from (about(is_wrong, sentence) for is_wrong, sentence in _of_texts(item, name))


def _of_texts(item: ItemPart, name: str) -> Iterator[tuple[bool, str]]:
    """What the texts name that cannot be filled in, and figures in two units that disagree."""
    texts = [text for each in (item.requirement, item.why, item.how) for text in each.values()]
    named = {one for text in texts for one in _NAME.findall(text)}
    for wrong in sorted(named - NAMED):
        yield (
            True,
            _(
                "“%(name)s” names {%(wrong)s}, which we cannot fill in. Use one of: %(known)s.",
                name=name,
                wrong=wrong[:40],
                known=", ".join(f"{{{one}}}" for one in sorted(NAMED)),
            ),
        )
    if "range" in named and item.minimum is None and item.maximum is None and not item.fact:
        yield (
            True,
            _(
                "“%(name)s” names {range}, but has no bounds. Give it bounds, or say which figure bounds it.",
                name=name,
            ),
        )
    for one, other, said in dict.fromkeys(pair for text in texts for pair in figures.disagreements(text)):
        yield (
            False,
            _(
                "“%(name)s” says one thing in two units that disagree: %(one)s is %(said)s, not %(other)s. "
                "Correct one of them, or name {range} and keep one figure.",
                name=name,
                one=one,
                said=said,
                other=other,
            ),
        )


def _of_conditions(contents: Contents) -> Iterator[Finding]:
    held = {item.key: item.condition for item in contents.items if item.condition}
    choices: dict[str, Collection[str]] = {
        item.key: {"yes", "no"} if item.type is ItemType.CONFIRM else set(item.choices)
        for item in contents.items
        if item.type in {ItemType.CONFIRM, ItemType.CHOICE, ItemType.MULTI}
    }
    keys = {item.key for item in contents.items}
    names = {item.key: localized(item.requirement) or item.key for item in contents.items}
    for key, condition in held.items():
        for fault in conditions.faults(
            condition, items=keys, own=key, known=conditions.Known(choices=choices)
        ):
            yield Finding(True, _fault_in_words(fault, names[key], names), "items", key)
    circle = conditions.circle({item.key: item.condition for item in contents.items})
    if len(circle) > 1:
        yield Finding(
            True,
            _(
                "These requirements are asked only by each other’s answers, so none of them ever is: %(circle)s. "
                "Take the condition of one of them away.",
                circle=" → ".join(names[key] for key in (*circle, circle[0])),
            ),
            "items",
            circle[0],
        )


def _fault_in_words(fault: conditions.Fault, name: str, names: Mapping[str, str]) -> str:
    match fault.flaw:
        case Flaw.UNKNOWN_ITEM:
            return _(
                "“%(name)s” is asked by the answer to “%(key)s”, which is not in this playbook. "
                "Choose another requirement, or ask always.",
                name=name,
                key=fault.about,
            )
        case Flaw.UNKNOWN_CODE:
            return _(
                "“%(name)s” is asked when “%(other)s” is answered by “%(code)s”, which nobody can choose. "
                "Use one of its answers.",
                name=name,
                other=names.get(fault.item, fault.item),
                code=fault.about,
            )
        case Flaw.ITSELF:
            return _(
                "“%(name)s” is asked by its own answer. Choose another requirement, or ask always.", name=name
            )
        case Flaw.TOO_DEEP:
            return _(
                "The condition of “%(name)s” is nested too deeply to be read. Make it simpler.", name=name
            )
        case Flaw.UNKNOWN_WORD:
            return _(
                "The condition of “%(name)s” says “%(word)s”, which means nothing. Use: is, is_not, answered, "
                "at_least, at_most, verdict, sold, country, all, any, not.",
                name=name,
                word=fault.about,
            )
    return _(
        'The condition of “%(name)s” cannot be read. Write it such as {"item": "gas", "is": ["h2"]}.',
        name=name,
    )


def _is_language(code: str) -> bool:
    try:
        return Locale.parse(code).language == code
    except (UnknownLocaleError, ValueError):
        return False


def _of_figures(contents: Contents, known: Collection[Instrument]) -> Iterator[Finding]:
    """What is wrong with the instruments' figures, and with requirements that are bounded by them."""
    for instrument in known:
        for doubt in figures.doubts(instrument.figures):
            yield Finding(False, f"{instrument.name}: {doubt.sentence}")
    for item in contents.items:
        if not item.fact or item.fact in PLACE_FACTS:
            continue
        name = localized(item.requirement) or item.key
        units_of = {one.unit for each in known for one in each.figures if one.quantity == item.fact}
        if not units_of:
            yield Finding(
                bool(known)
                and item.minimum is None
                and item.maximum is None
                and item.type is ItemType.MEASURE,
                _(
                    "“%(name)s” is bounded by the figure “%(fact)s”, which no instrument of this playbook has. "
                    "Enter that figure, or give the bounds here.",
                    name=name,
                    fact=item.fact,
                ),
                "items",
                item.key,
            )
        for unit in sorted(units_of):
            if not _can_be(unit, item.unit):
                yield Finding(
                    True,
                    _(
                        "“%(name)s” is measured in “%(unit)s”, but bounded by a figure in “%(other)s”. "
                        "Give it a unit of the same kind.",
                        name=name,
                        unit=item.unit,
                        other=unit,
                    ),
                    "items",
                    item.key,
                )


def _can_be(unit: str, other: str) -> bool:
    if unit == other:
        return True
    if not (units.is_known(unit) and units.is_known(other)):
        return False
    return unit_of(unit).quantity is unit_of(other).quantity


def _territories() -> Collection[str]:
    return {str(code) for code in Locale("en").territories if re.fullmatch("[A-Z]{2}", str(code))}


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
        texts += [(_("step"), step.text) for visit in one.visits for step in visit.steps]
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
