"""Plans of assignment: tables a dispatcher can read, and random problems in which no plan may break a rule."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concierge.core.assignment import Measure, Piece, Placement, Planner, Problem, Why, WhyNot, breaks
from concierge.core.dispatch import Certificate, Person, Rule, Taken, Work, objections
from concierge.core.hours import Hours, Place
from concierge.core.spans import Span
from concierge.core.travel import Spot
from tests.makers.assignment import drawn_problem
from tests.makers.days import on

ZURICH = ZoneInfo("Europe/Zurich")
WEEK = dict.fromkeys(range(5), (Hours(8 * 60, 17 * 60),))
BASEL = Spot("CH", "Basel", 47.56, 7.59, "Rheintal Pharma")
BERN = Spot("CH", "Bern", 46.95, 7.45, "Aare Clinic")
SITE = Place("Rheintal Pharma", ZURICH, WEEK)
WORK = Work(SITE, BASEL, "lc-ms", 2)


def local(day: str, clock: str) -> datetime:
    return datetime.combine(on(day), time.fromisoformat(clock), ZURICH).astimezone(UTC)


def stay(day: str, start: str, end: str, last: str = "") -> Span[datetime]:
    return Span(local(day, start), local(last or day, end))


WITHIN = stay("Mon 2026-11-23", "00:00", "23:59", "Fri 2026-12-04")


def somebody(
    key: str, home: Spot = BASEL, level: int = 3, until: date | None = None, **more: object
) -> Person:
    return replace(
        Person(
            key,
            key.title(),
            Place(key, ZURICH, WEEK),
            home,
            skills={"lc-ms": Certificate(level, until)},
            capacity_minutes=4800,
        ),
        **more,  # type: ignore[arg-type]  # its own fields
    )


def planned(pieces: list[Piece], people: list[Person]) -> tuple[Problem, Planner]:
    problem = Problem(tuple(pieces), tuple(people), WITHIN)
    return problem, Planner(problem)


def a_piece(key: str = "w1", minutes: int = 480, deadline: str = "Fri 2026-11-27", **more: object) -> Piece:
    return replace(Piece(key, WORK, minutes, on(deadline), key), **more)  # type: ignore[arg-type]  # its own fields


def busy(day: str, last: str = "", rule: Rule = Rule.LEAVE) -> Taken:
    return Taken(stay(day, "00:00", "23:59", last), rule, "away")


def test_the_nearest_who_may_go_is_sent_in_time_and_the_others_are_explained() -> None:
    near, far = somebody("near"), somebody("far", BERN)
    novice, lapsed = somebody("novice", level=1), somebody("lapsed", until=on("Sun 2026-11-22"))
    problem, planner = planned([a_piece()], [far, novice, lapsed, near])

    plan = planner.greedy()

    assert plan == (Placement("w1", stay("Mon 2026-11-23", "08:00", "16:00"), ("near",)),)
    why = planner.explain(plan)["w1"]
    assert isinstance(why, Why)
    assert [(one.person, one.rule) for one in why.beside] == [("far", None), ("lapsed", Rule.SKILL_EXPIRED)]
    assert (why.late, why.beside[0].travel > 0, why.earlier_days) == (-4, True, 0)
    assert breaks(problem, plan) == ()


def test_what_is_due_first_gets_the_only_free_day_and_the_other_is_late() -> None:
    """Taken in the order in which they were entered, the second would be late although it need not be."""
    selin = somebody("selin", taken=(busy("Tue 2026-11-24", "Mon 2026-11-30"),))
    pieces = [a_piece("w1", deadline="Fri 2026-11-27"), a_piece("w2", deadline="Mon 2026-11-23")]
    _problem, planner = planned(pieces, [selin])

    plan = {one.piece: one.stay for one in planner.greedy()}

    assert plan["w2"] == stay("Mon 2026-11-23", "08:00", "16:00")
    assert plan["w1"] == stay("Tue 2026-12-01", "08:00", "16:00")
    assert planner.measure(planner.greedy()).late == 4
    why = planner.explain(planner.greedy())["w1"]
    assert isinstance(why, Why)
    assert (why.late, why.earlier_days, why.earlier[0][0]) == (4, 6, Rule.LEAVE)


def test_a_crew_of_two_goes_together_and_long_work_goes_on_after_the_weekend() -> None:
    work = replace(WORK, crew=2, not_before=local("Fri 2026-11-27", "00:00"))
    problem, planner = planned(
        [a_piece(minutes=900, work=work)], [somebody("one"), somebody("two"), somebody("three", BERN)]
    )

    (placed,) = planner.greedy()

    assert placed == Placement(
        "w1", stay("Fri 2026-11-27", "08:00", "14:00", "Mon 2026-11-30"), ("one", "two")
    )
    assert breaks(problem, (placed,)) == ()


def test_who_leads_has_the_level_and_who_helps_need_not() -> None:
    novices = [somebody("a", level=1), somebody("b", level=1)]
    work = replace(WORK, crew=2, level=3)
    _problem, planner = planned([a_piece(work=work)], novices)
    assert planner.greedy() == ()
    problem, planner = planned([a_piece(work=work)], [*novices, somebody("far", BERN)])
    assert [one.crew for one in planner.greedy()] == [("a", "far")]
    assert breaks(problem, planner.greedy()) == ()
    led = a_piece(
        work=replace(WORK, level=3),
        going=frozenset({"far"}),
        stay=stay("Mon 2026-11-23", "08:00", "16:00"),
    )
    problem, planner = planned([led], [*novices, somebody("far", BERN)])
    assert [one.crew for one in planner.greedy()] == [("a",)]
    assert breaks(problem, planner.greedy()) == ()


@pytest.mark.parametrize(
    ("piece", "people", "able", "rules"),
    [
        (a_piece(work=replace(WORK, level=5)), [somebody("one")], 0, [Rule.SKILL_LEVEL]),
        (
            a_piece(work=replace(WORK, level=5, crew=2)),
            [somebody("one"), somebody("two")],
            2,
            [Rule.SKILL_LEVEL],
        ),
        (
            a_piece(work=replace(WORK, crew=2)),
            [somebody("one"), somebody("two", skills={})],
            1,
            [Rule.SKILL_MISSING],
        ),
        (a_piece(), [somebody("one", taken=(busy("Mon 2026-11-23", "Fri 2026-12-04"),))], 1, [Rule.LEAVE]),
        (a_piece(work=replace(WORK, held_by="Installation")), [somebody("one")], 1, []),
        (a_piece(going=frozenset({"one"})), [somebody("one")], 0, []),
    ],
)
def test_what_is_left_over_says_what_rules_everybody_out(
    piece: Piece, people: list[Person], able: int, rules: list[Rule]
) -> None:
    _problem, planner = planned([piece], people)

    assert planner.greedy() == ()
    found = planner.explain(())["w1"]
    assert isinstance(found, WhyNot)
    assert found.able == able
    assert [rule for _person, rule in found.people if rule is not Rule.VISIT][: len(rules)] == rules
    if piece.work.held_by:
        assert (found.starts, found.against_time[0][0]) == (0, Rule.GATE)


def test_load_is_shared_where_travel_is_the_same() -> None:
    _problem, planner = planned(
        [a_piece(f"w{n}", deadline="Fri 2026-12-04") for n in range(4)], [somebody("one"), somebody("two")]
    )
    crews = [one.crew for one in planner.greedy()]
    assert sorted(crews) == [("one",), ("one",), ("two",), ("two",)]


def test_nothing_is_placed_that_blocks_the_way_from_a_visit_booked_before() -> None:
    """Home is near, Bern is not: who goes straight there would be on the way during an entry of their own calendar."""
    home = Spot("CH", "Basel", 47.55, 7.58)
    booked = Taken(stay("Tue 2026-11-24", "08:00", "12:00"), Rule.VISIT, "Rheintal Pharma, training", BASEL)
    dentist = Taken(stay("Tue 2026-11-24", "12:20", "12:40"), Rule.OWN_CALENDAR)
    bern = a_piece(work=replace(WORK, spot=BERN), stay=stay("Tue 2026-11-24", "15:00", "17:00"))
    _problem, planner = planned([bern], [somebody("free", home, taken=(booked,))])
    assert len(planner.greedy()) == 1
    problem, planner = planned([bern], [somebody("one", home, taken=(booked, dentist))])
    assert planner.greedy() == ()
    assert breaks(problem, (Placement("w1", bern.stay or WITHIN, ("one",)),))


def test_days_off_within_long_work_are_free_for_what_can_be_reached() -> None:
    """From Friday to Monday in Basel: a visit in Bern on Saturday fits, one in Boston does not; a call always does."""
    long = a_piece(minutes=900, stay=stay("Fri 2026-11-27", "08:00", "14:00", "Mon 2026-11-30"))
    boston = Spot("US", "Boston", 42.36, -71.06, "far")
    for spot, is_possible in ((BERN, True), (boston, False), (None, True)):
        taken = Taken(stay("Sat 2026-11-28", "02:00", "05:00"), Rule.VISIT, "Saturday", spot)
        problem, planner = planned([long], [somebody("one", taken=(taken,))])
        assert bool(planner.greedy()) is is_possible
        assert (breaks(problem, (Placement("w1", long.stay or WITHIN, ("one",)),)) == ()) is is_possible


def test_a_call_takes_time_and_no_way() -> None:
    """Between two visits with barely the way between them there is no time for a call; after work there is."""
    boston = Spot("US", "Boston", 42.36, -71.06, "far")
    call = a_piece(minutes=60, work=replace(WORK, spot=boston, is_remote=True), deadline="Mon 2026-11-23")
    visits = [
        Taken(stay("Mon 2026-11-23", "08:00", "12:00"), Rule.VISIT, "Basel", BASEL),
        Taken(stay("Mon 2026-11-23", "13:30", "16:00"), Rule.VISIT, "Bern", BERN),
    ]
    problem, planner = planned([call], [somebody("one", taken=tuple(visits))])
    assert [one.stay for one in planner.greedy()] == [stay("Tue 2026-11-24", "08:00", "09:00")]
    problem, planner = planned([call], [somebody("one", taken=(visits[0],))])
    assert [one.stay for one in planner.greedy()] == [stay("Mon 2026-11-23", "12:00", "13:00")]
    assert planner.measure(planner.greedy()).travel == 0
    assert breaks(problem, planner.greedy()) == ()


def test_the_checker_sees_what_a_plan_breaks() -> None:
    problem, _planner = planned(
        [a_piece("w1"), a_piece("w2", work=replace(WORK, spot=BERN))],
        [somebody("one"), somebody("two", level=1)],
    )
    monday = stay("Mon 2026-11-23", "08:00", "16:00")

    assert breaks(problem, (Placement("w1", monday, ("one",)),)) == ()
    for plan in (
        (Placement("w1", monday, ("two",)),),
        (Placement("w1", stay("Mon 2026-11-23", "08:00", "16:00", "Tue 2026-11-24"), ("two",)),),
        (Placement("w1", monday, ("one", "two")),),
        (Placement("w1", stay("Mon 2026-11-23", "08:00", "12:00"), ("one",)),),
        (Placement("w1", stay("Sat 2026-11-28", "08:00", "16:00"), ("one",)),),
        (Placement("w1", monday, ("one",)), Placement("w2", monday, ("one",))),
        (Placement("w1", monday, ("one",)), Placement("w1", monday, ("one",))),
        (Placement("w3", monday, ("one",)),),
    ):
        assert breaks(problem, plan)


def test_measures_compare_what_counts_first() -> None:
    assert Measure(0, 9, 9, 9, 9) < Measure(1, 0, 0, 0, 0)
    assert Measure(0, 0, 9, 9, 9) < Measure(0, 1, 0, 0, 0)


problems = st.builds(
    drawn_problem,
    st.integers(0, 10_000),
    pieces=st.integers(1, 8),
    people=st.integers(0, 5),
    weeks=st.integers(1, 2),
    busy=st.sampled_from([0.0, 0.4, 0.8]),
    is_odd=st.just(True),
)


@settings(max_examples=60, deadline=None)
@given(problems)
def test_no_plan_breaks_a_rule_and_improving_is_never_worse(problem: Problem) -> None:
    """Also one that a careless solver made: what breaks a rule is placed anew."""
    planner = Planner(problem)
    greedy = planner.greedy()
    assert breaks(problem, greedy) == ()
    better = planner.improved(greedy)
    assert breaks(problem, better) == ()
    assert planner.measure(better) <= planner.measure(greedy)
    careless = tuple(replace(one, crew=greedy[0].crew) for one in greedy)
    assert breaks(problem, planner.completed(careless)) == ()
    left, late = planner.bound()
    measure = planner.measure(better)
    assert left <= measure.left
    assert left < measure.left or late <= measure.late
    assert set(planner.explain(better)) == {one.key for one in problem.pieces}


@settings(max_examples=60, deadline=None)
@given(problems)
def test_who_can_go_is_what_the_one_function_says(problem: Problem) -> None:
    """The quick look allows what `objections` allows and nothing else: calls, and days off within a visit, included."""
    planner = Planner(problem)
    model = planner.model((), most=10**6)
    offered = {
        (
            one.piece,
            planner.chosen([one])[0].stay if problem.pieces[one.piece].work.crew == 1 else None,
            one.person,
        )
        for one in model.options
    }
    for number, piece in enumerate(problem.pieces):
        if piece.work.crew != 1:
            continue
        for span in {stay.span for stay in planner._times(piece)}:
            for person, somebody_ in enumerate(problem.people):
                against = objections(span, piece.work, somebody_)
                is_offered = (number, span, person) in offered
                if is_offered:
                    assert against == ()
                elif not against:  # only a visit beside it, whose way would be blocked, may forbid it
                    assert breaks(problem, (Placement(piece.key, span, (somebody_.key,)),))
    assert model.is_whole
