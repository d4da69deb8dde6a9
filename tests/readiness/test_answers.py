"""Every answer stays: one counts and the item shows it, the others are earlier ones or wait visibly for a person."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from concierge.catalogue.states import ItemType
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import NotFound
from concierge.platform.events import RecordedEvent
from concierge.projects.models import Project
from concierge.readiness.actions import answering, attaching, judging
from concierge.readiness.actions.answering import Answered, Answerer
from concierge.readiness.models import CustomerLink, ItemAnswer, ReadinessItem
from concierge.readiness.states import Channel, ItemState, Standing, Verdict
from tests.makers import orders, people, readiness

AT = orders.RECEIVED
OURS = Answerer(channel=Channel.STAFF)
PAPER = Answerer(name="yuki@halden.example", channel=Channel.PDF)


@pytest.fixture
def project(app: Flask) -> Project:
    with unit_of_work():
        return readiness.project()


def link(project: Project, name: str = "Yuki Tanaka") -> Answerer:
    with unit_of_work():
        made = CustomerLink(
            project_id=project.id, name=name, email="yuki@halden.example", nonce="0" * 32, created_at=AT,
            token_hash=f"{name:0<64}", expires_at=AT,
        )  # fmt: skip
        db.session.add(made)
    return Answerer(link_id=made.id, name=name, channel=Channel.WEB)


def answer(
    project: Project,
    typed: str,
    by: Answerer = OURS,
    *,
    seen: int | None = None,
    key: str = "temperature",
    comment: str = "",
) -> Answered:
    with unit_of_work():
        item = readiness.item(project, key)
        return answering.answer_item(item, typed=typed, comment=comment, at=AT, by=by, seen=seen)


def history(project: Project, key: str = "temperature") -> list[tuple[str, Standing]]:
    item_id = readiness.item(project, key).id
    rows = db.session.scalars(
        sa.select(ItemAnswer).where(ItemAnswer.item_id == item_id).order_by(ItemAnswer.id)
    )
    return [(row.value, row.standing) for row in rows]


def test_the_answer_before_stays_in_the_history(project: Project) -> None:
    answer(project, "21")
    answer(project, "71 °F", comment="Logger 7")

    assert history(project) == [("21", Standing.EARLIER), ("71 °F", Standing.CURRENT)]
    item = readiness.item(project, "temperature")
    assert (item.value, item.comment, item.state) == ("71 °F", "Logger 7", ItemState.ANSWERED)


def test_two_who_do_not_know_of_each_other_contradict_visibly(project: Project) -> None:
    yuki = link(project)
    first = answer(project, "21", yuki, seen=0)
    second = answer(project, "30", PAPER, seen=0)

    assert (first.standing, second.standing) == (Standing.CURRENT, Standing.CONFLICT)
    assert second.verdict is Verdict.OUT_OF_RANGE
    assert readiness.item(project, "temperature").value == "21"
    told = db.session.scalars(sa.select(RecordedEvent).where(RecordedEvent.name == "AnswersDiffer")).one()
    assert (told.payload["value"], told.payload["counts"]) == ("30", "21")


def test_the_same_in_another_unit_contradicts_nothing(project: Project) -> None:
    answer(project, "22", link(project), seen=0)

    assert answer(project, "71.6 °F", PAPER, seen=0).standing is Standing.CURRENT
    assert history(project) == [("22", Standing.EARLIER), ("71.6 °F", Standing.CURRENT)]


def test_the_same_again_is_known_already(project: Project) -> None:
    first = answer(project, "22", link(project), seen=0, comment="Logger 7")

    assert answer(project, "22", PAPER, seen=0).answer_id == first.answer_id
    assert history(project) == [("22", Standing.CURRENT)]
    assert readiness.item(project, "temperature").comment == "Logger 7"


def test_who_saw_what_counts_may_replace_it(project: Project) -> None:
    first = answer(project, "21", link(project), seen=0)

    assert answer(project, "25", PAPER, seen=first.answer_id).standing is Standing.CURRENT


def test_who_saw_an_older_answer_of_the_same_value_may_replace_it(project: Project) -> None:
    first = answer(project, "22", link(project), seen=0)
    answer(project, "71.6 °F", OURS)

    assert answer(project, "25", PAPER, seen=first.answer_id).standing is Standing.CURRENT


def test_going_back_on_the_phone_is_no_contradiction_with_oneself(project: Project) -> None:
    yuki = link(project)
    answer(project, "21", yuki, seen=0)

    assert answer(project, "22", yuki, seen=0).standing is Standing.CURRENT
    assert answer(project, "23", link(project, "Somebody else"), seen=0).standing is Standing.CONFLICT


def test_what_a_paper_brings_back_as_it_was_printed_says_nothing_new(project: Project) -> None:
    first = answer(project, "21", link(project), seen=0)
    answer(project, "25", OURS)

    assert answer(project, "21", PAPER, seen=first.answer_id).standing is Standing.EARLIER
    assert history(project) == [("21", Standing.EARLIER), ("25", Standing.CURRENT)]


def test_a_paper_brought_twice_contradicts_once(project: Project) -> None:
    answer(project, "21", link(project), seen=0)
    first = answer(project, "30", PAPER, seen=0)

    assert answer(project, "30", PAPER, seen=0) == first
    assert len(history(project)) == 2


def test_one_of_two_is_chosen_and_none_is_lost(project: Project) -> None:
    answer(project, "21", link(project), seen=0)
    second = answer(project, "30", PAPER, seen=0)
    third = answer(project, "24", link(project, "Somebody else"), seen=0)
    with unit_of_work():
        chooser = people.user(name="Ada Lind")
        answering.choose_answer(
            readiness.item(project, "temperature"), third.answer_id, at=AT, actor_id=chooser.id
        )

    assert history(project) == [
        ("21", Standing.EARLIER),
        ("30", Standing.DISMISSED),
        ("24", Standing.CURRENT),
    ]
    item = readiness.item(project, "temperature")
    assert (item.value, item.answered_name, item.channel) == ("24", "Somebody else", Channel.WEB)
    with pytest.raises(answering.WrongMoment), unit_of_work():
        answering.choose_answer(
            readiness.item(project, "temperature"), second.answer_id, at=AT, actor_id=None
        )


def test_what_counts_already_may_be_chosen_and_another_be_put_aside(project: Project) -> None:
    first = answer(project, "21", link(project), seen=0)
    answer(project, "30", PAPER, seen=0)
    with unit_of_work():
        answering.choose_answer(readiness.item(project, "temperature"), first.answer_id, at=AT, actor_id=None)
    assert history(project) == [("21", Standing.CURRENT), ("30", Standing.DISMISSED)]

    again = answer(project, "31", PAPER, seen=0)
    with unit_of_work():
        answering.dismiss_answer(
            readiness.item(project, "temperature"), again.answer_id, at=AT, actor_id=None
        )
    assert history(project)[-1] == ("31", Standing.DISMISSED)
    with pytest.raises(NotFound), unit_of_work():
        answering.dismiss_answer(readiness.item(project, "circuit"), again.answer_id, at=AT, actor_id=None)


def test_an_answer_from_before_there_was_a_history_gets_its_row(project: Project) -> None:
    with unit_of_work():
        item = readiness.item(project, "temperature")
        item.value, item.si_value, item.verdict = "21", 21.0, Verdict.OK
        item.state, item.answered_at, item.channel = ItemState.ANSWERED, AT, Channel.STAFF

    assert answer(project, "30", PAPER, seen=0).standing is Standing.CONFLICT
    assert history(project) == [("21", Standing.CURRENT), ("30", Standing.CONFLICT)]


def test_a_returned_answer_stays_readable_and_the_next_one_counts(project: Project) -> None:
    answer(project, "21", link(project), seen=0)
    with unit_of_work():
        judging.return_item(
            readiness.item(project, "temperature"), reason="Log over 24 h, please.", at=AT, actor_id=None
        )
    item = readiness.item(project, "temperature")
    assert (item.state, item.value, item.returned_reason) == (ItemState.OPEN, "", "Log over 24 h, please.")
    assert history(project) == [("21", Standing.EARLIER)]

    assert answer(project, "21", link(project, "Somebody else"), seen=0).standing is Standing.CURRENT
    assert readiness.item(project, "temperature").returned_reason == ""


def test_a_customer_who_changes_what_was_accepted_is_heard_and_it_is_looked_at_again(
    project: Project,
) -> None:
    yuki = link(project)
    first = answer(project, "21", yuki, seen=0)
    with unit_of_work():
        judging.accept_item(readiness.item(project, "temperature"), note="Seen", at=AT, actor_id=None)

    with pytest.raises(answering.WrongMoment, match="Reopen"):
        answer(project, "29", OURS)
    answer(project, "29", yuki, seen=first.answer_id)

    item = readiness.item(project, "temperature")
    assert (item.state, item.value, item.reviewed_at, item.review_note) == (
        ItemState.ANSWERED,
        "29",
        None,
        "",
    )
    told = db.session.scalars(
        sa.select(RecordedEvent).where(RecordedEvent.name == "ItemAnswered").order_by(RecordedEvent.id.desc())
    ).first()
    assert told is not None
    assert (told.payload["was_accepted"], told.payload["before"]) == (True, "21")


def test_a_file_answers_by_whoever_brought_it(project: Project) -> None:
    yuki = link(project)
    with unit_of_work():
        kept = attaching.attach_file(
            readiness.item(project, "floor-plan"), name="plan.pdf", data=b"%PDF-1.7", at=AT, by=yuki
        )

    assert (kept.attached_by_id, kept.attached_name, kept.link_id) == (None, "Yuki Tanaka", yuki.link_id)
    assert history(project, "floor-plan") == [("plan.pdf", Standing.CURRENT)]
    assert readiness.item(project, "floor-plan").answered_name == "Yuki Tanaka"


def test_a_file_that_comes_when_one_is_there_changes_no_answer(project: Project) -> None:
    for name in ("a.pdf", "b.pdf"):
        with unit_of_work():
            item = readiness.item(project, "floor-plan")
            attaching.attach_file(item, name=name, data=b"%PDF-1.7", at=AT, by=OURS)

    assert history(project, "floor-plan") == [("a.pdf", Standing.CURRENT)]
    assert len(readiness.item(project, "floor-plan").evidence) == 2


CHOICES = {code: {"en": code} for code in ("eu", "us", "jp")}
TYPED = {
    ItemType.MEASURE: st.sampled_from(["21", "21.0", "69.8 °F", "25", "30,5", "19 °C"]),
    ItemType.CONFIRM: st.sampled_from(["yes", "no"]),
    ItemType.CHOICE: st.sampled_from(sorted(CHOICES)),
    ItemType.TEXT: st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=8),
}
STEP = st.tuples(
    st.sampled_from(["ours", "link", "paper"]),
    st.sampled_from(["nothing", "nobody knows", "the newest", "the first", "another item's"]),
    st.sampled_from(["answer", "answer", "answer", "answer", "choose", "dismiss", "return", "accept"]),
    st.sampled_from(["", "Logger 7"]),
)


@pytest.mark.parametrize("kind", TYPED, ids=lambda kind: kind.value)
def test_in_whatever_order_nothing_is_lost_and_one_counts(app: Flask, kind: ItemType) -> None:
    """Three answerers with any knowledge of each other, and one of ours who chooses, returns and accepts."""
    asked = readiness.wanted(
        "asked", type=kind, unit="°C" if kind is ItemType.MEASURE else "", choices=CHOICES
    )
    with unit_of_work():
        person = people.user(name="Ada Lind")
        project = readiness.project(readiness.instrument(items=[asked]))
    who = {"ours": Answerer(user_id=person.id), "link": link(project), "paper": PAPER}
    check_any_order(project, who, TYPED[kind])


def check_any_order(project: Project, who: dict[str, Answerer], typed: st.SearchStrategy[str]) -> None:
    item_id = readiness.item(project, "asked").id

    @settings(
        max_examples=25,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.lists(st.tuples(STEP, typed), min_size=1, max_size=8))
    def check(steps: list[tuple[tuple[str, str, str, str], str]]) -> None:
        with afresh(item_id):
            entered: list[str] = []
            for (name, seeing, act, comment), words in steps:
                rows = rows_of(item_id)
                if act == "answer":
                    seen = {
                        "nothing": 0, "nobody knows": None, "another item's": 10**9,
                        "the newest": rows[-1].id if rows else 0, "the first": rows[0].id if rows else 0,
                    }[seeing]  # fmt: skip
                    try:
                        answer(project, words, who[name], seen=seen, key="asked", comment=comment)
                    except answering.WrongMoment:
                        continue
                    entered.append(words.strip())
                else:
                    do(project, act, rows[-1].id if rows else 0)
                holds(item_id, entered)

    check()


def do(project: Project, act: str, answer_id: int) -> None:
    """Something that one of ours does; what is refused changes nothing."""
    acts: dict[str, Callable[[ReadinessItem], object]] = {
        "choose": lambda item: answering.choose_answer(item, answer_id, at=AT, actor_id=None),
        "dismiss": lambda item: answering.dismiss_answer(item, answer_id, at=AT, actor_id=None),
        "return": lambda item: judging.return_item(item, reason="Again", at=AT, actor_id=None),
        "accept": lambda item: judging.accept_item(item, note="Will do", at=AT, actor_id=None),
    }
    try:
        with unit_of_work():
            acts[act](readiness.item(project, "asked"))
    except (answering.WrongMoment, NotFound):
        pass


def holds(item_id: int, entered: list[str]) -> None:
    rows = rows_of(item_id)
    item = db.session.get(ReadinessItem, item_id, populate_existing=True)
    assert item is not None
    current = [row for row in rows if row.standing is Standing.CURRENT]
    assert len(current) == (0 if item.state is ItemState.OPEN else 1)
    mirrored = [
        (row.value, row.si_value, row.verdict, row.comment, row.at, row.by_id, row.name, row.channel)
        for row in current
    ] or [("", None, Verdict.UNKNOWN, "", None, None, "", None)]
    assert mirrored == [
        (item.value, item.si_value, item.verdict, item.comment, item.answered_at, item.answered_by_id,
         item.answered_name, item.channel)
    ]  # fmt: skip
    assert set(entered) <= {row.value for row in rows}, "every entry is there"
    if not current:
        assert all(row.standing is not Standing.CURRENT for row in rows)


def rows_of(item_id: int) -> list[ItemAnswer]:
    db.session.rollback()
    return list(
        db.session.scalars(
            sa.select(ItemAnswer)
            .where(ItemAnswer.item_id == item_id)
            .order_by(ItemAnswer.id)
            .execution_options(populate_existing=True)
        )
    )


@contextmanager
def afresh(item_id: int) -> Iterator[None]:
    """The item as nobody has answered it yet."""
    with unit_of_work():
        db.session.execute(sa.delete(ItemAnswer).where(ItemAnswer.item_id == item_id))
        db.session.execute(
            sa.update(ReadinessItem)
            .where(ReadinessItem.id == item_id)
            .values(
                state=ItemState.OPEN, value="", si_value=None, verdict=Verdict.UNKNOWN, comment="",
                answered_at=None, answered_by_id=None, answered_name="", channel=None, returned_reason="",
            )
        )  # fmt: skip
    yield


def test_two_at_once_lose_nothing(app: Flask, project: Project) -> None:
    """Each knows of no answer; whoever comes second is kept beside the first."""
    givers = [link(project, name) for name in ("Yuki", "Ana", "Ben", "Cem")]
    start, found = Barrier(len(givers)), []

    def give(number: int, by: Answerer) -> None:
        with app.app_context():
            try:
                start.wait(timeout=20)
                with unit_of_work():
                    item = readiness.item(project, "temperature")
                    found.append(
                        answering.answer_item(item, typed=str(20 + number), at=AT, by=by, seen=0).standing
                    )
            finally:
                db.session.remove()

    threads = [Thread(target=give, args=one) for one in enumerate(givers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sorted(one.value for one in found) == ["conflict", "conflict", "conflict", "current"]
    assert sorted(value for value, _standing in history(project)) == ["20", "21", "22", "23"]
