"""Two people and returned copies edit one checklist in any order: nothing entered is lost or silently replaced."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from concierge.catalogue.states import ItemType
from concierge.platform.database import db, unit_of_work
from concierge.platform.settings import current
from concierge.projects.models import Project
from concierge.readiness import fields, plan, queries
from concierge.readiness.actions import answering, taking
from concierge.readiness.actions.answering import Answerer
from concierge.readiness.actions.taking import Arrived, Source
from concierge.readiness.fields import Note, Printed
from concierge.readiness.models import ItemAnswer, ReadinessItem
from concierge.readiness.returning import Form, Value
from concierge.readiness.states import Channel, Fate, Standing
from tests.makers import orders, people, readiness

AT = orders.RECEIVED + timedelta(hours=1)
KEYS = ("power", "warmth", "word")
VALUES = {
    "power": ("yes", "no"),
    "warmth": ("20 °C", "68 °F", "25 °C", "about seven"),
    "word": ("red", "blue", "=1+1"),
}
_numbers = count(1)


@dataclass
class Copy:
    """A working copy that somebody holds: what was printed, and what they wrote since."""

    printed: dict[str, Printed]
    written: dict[str, str] = field(default_factory=dict)


ITEM = st.sampled_from(KEYS)
ACT = st.one_of(
    st.tuples(st.just("print"), st.integers(0, 1)),
    st.tuples(st.just("look"), st.integers(0, 1)),
    st.tuples(st.just("answer"), st.integers(0, 1), ITEM, st.integers(0, 3)),
    st.tuples(st.just("write"), st.integers(0, 1), ITEM, st.integers(0, 3)),
    st.tuples(st.just("return"), st.integers(0, 1)),
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(acts=st.lists(ACT, min_size=4, max_size=16))
def test_nothing_is_lost_or_silently_replaced(app: Flask, acts: list[tuple[object, ...]]) -> None:
    number = next(_numbers)
    with unit_of_work():
        project = readiness.project(
            readiness.instrument(
                f"lcms-{number}",
                items=[
                    readiness.wanted("power"),
                    readiness.wanted("warmth", type=ItemType.MEASURE, unit="°C", minimum=18, maximum=27),
                    readiness.wanted("word", type=ItemType.TEXT),
                ],
            ),
            number=f"SO-{number}",
            key=f"P{number}",
        )
        ours = [
            people.user(name=name, email=f"{name}{number}@concierge.example").id for name in ("ann", "ben")
        ]
    copies = [Copy(_printed(project)), Copy(_printed(project))]
    seen: list[dict[str, int]] = [dict.fromkeys(KEYS, 0), dict.fromkeys(KEYS, 0)]
    entered: list[tuple[str, str]] = []

    for act in acts:
        match act:
            case ("print", int(which)):
                copies[which] = Copy(_printed(project))
            case ("look", int(who)):
                seen[who] = {key: one.seen for key, one in _printed(project).items()}
            case ("answer", int(who), str(key), int(place)):
                value = VALUES[key][place % len(VALUES[key])]
                by = Answerer(user_id=ours[who], channel=Channel.WEB)
                before = _counting(project)
                if _give(project, key, value, by=by, seen=seen[who][key]):
                    entered.append((key, value))
                    if not _is_own(before[key], ours[who]):
                        _assert_replaced_only_what_was_seen(project, before, {key: seen[who][key]})
            case ("write", int(which), str(key), int(place)):
                copies[which].written[key] = VALUES[key][place % len(VALUES[key])]
            case ("return", int(which)):
                copy = copies[which]
                before = _counting(project)
                _bring_back(project, copy, user_id=ours[0])
                _assert_replaced_only_what_was_seen(
                    project, before, {key: one.seen for key, one in copy.printed.items()}
                )
                entered += [
                    (key, value) for key, value in copy.written.items() if value != copy.printed[key].value
                ]

    for key, value in entered:
        assert value in _kept(project, key), (key, value, acts)
    _assert_shown_as_it_counts(project)


def _items(project: Project) -> dict[str, ReadinessItem]:
    return {item.key: item for item in readiness.checklist(project).items}


def _counting(project: Project) -> dict[str, int]:
    """The answer that counts of each item; 0: none."""
    items = _items(project)
    found = queries.answers_that_count([item.id for item in items.values()])
    return {key: found[item.id].id if item.id in found else 0 for key, item in items.items()}


def _printed(project: Project) -> dict[str, Printed]:
    counting = _counting(project)
    return {key: Printed(counting[key], item.value) for key, item in _items(project).items()}


def _give(project: Project, key: str, value: str, *, by: Answerer, seen: int) -> bool:
    """Answer an item on the page; False when it cannot be read."""
    try:
        with unit_of_work():
            answering.answer_item(readiness.item(project, key), typed=value, at=AT, by=by, seen=seen)
    except answering.UnreadableAnswer:
        return False
    return True


def _bring_back(project: Project, copy: Copy, *, user_id: int) -> None:
    """Bring a copy back as it stands now; what the child would read of it is given directly."""
    note = Note(document="", project=project.key, template=1, language="en", revision=1, fields=copy.printed)
    values = {
        fields.value_of(key): Value("/Tx", copy.written.get(key, printed.value))
        for key, printed in copy.printed.items()
    }
    form = Form(has_form=True, note=fields.written(note, secret_key=current().secret_key), values=values)
    data = b"%PDF-" + repr(sorted(values.items())).encode() + form.note
    with unit_of_work():
        source = Source(Channel.STAFF, user_id=user_id)
        for row in taking.receive(project.id, [Arrived("back.pdf", data)], source, at=AT).new:
            taking.take(row, form, [], at=AT)


def _kept(project: Project, key: str) -> set[str]:
    """Every value of an item that is to be found somewhere: as an answer, or as an entry that a person decides on."""
    item = readiness.item(project, key)
    answers = set(db.session.scalars(sa.select(ItemAnswer.value).where(ItemAnswer.item_id == item.id)))
    waiting = {
        entry["typed"]
        for row in queries.returned_of(project.id)
        for entry in row.entries
        if entry["key"] == key and entry["fate"] == Fate.FOR_A_PERSON.value
    }
    same = {value for value in VALUES[key] if any(plan.is_same_value(item, value, one) for one in answers)}
    return answers | waiting | same


def _answers(item_id: int) -> Iterator[ItemAnswer]:
    yield from db.session.scalars(sa.select(ItemAnswer).where(ItemAnswer.item_id == item_id))


def _is_own(answer_id: int, user_id: int) -> bool:
    """Whether somebody gave an answer themselves, so that they may replace it."""
    answer = db.session.get(ItemAnswer, answer_id) if answer_id else None
    return answer is not None and answer.by_id == user_id and answer.channel is not Channel.PDF


def _assert_replaced_only_what_was_seen(
    project: Project, before: dict[str, int], seen: dict[str, int]
) -> None:
    """What counted still counts, unless it was seen by whoever replaced it, or both say the same."""
    after, items = _counting(project), _items(project)
    for key, seen_id in seen.items():
        was = db.session.get(ItemAnswer, before[key]) if before[key] else None
        if was is None or after[key] == before[key] or seen_id == before[key]:
            continue
        looked_at = db.session.get(ItemAnswer, seen_id) if seen_id else None
        said = [items[key].value] + ([looked_at.value] if looked_at else [])
        assert any(plan.is_same_value(items[key], was.value, one) for one in said), (key, was.value, said)


def _assert_shown_as_it_counts(project: Project) -> None:
    """The item shows the answer that counts, and there is one at most."""
    for item in _items(project).values():
        current_ones = [one for one in _answers(item.id) if one.standing is Standing.CURRENT]
        assert len(current_ones) <= 1
        assert [one.value for one in current_ones] == ([item.value] if item.value else [])
