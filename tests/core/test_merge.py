"""Merging playbooks of what was sold into one network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.core.merge import MergedStep, Scope, Sold, Source, TemplateStep, merge
from concierge.core.schedule import CycleFound, LagUnit, Link, LinkKind, Step, lay_out
from concierge.core.worktime import WorkCalendar
from tests.makers.days import on, said


def template(key: str, workdays: int, *after: str | Link, **more: object) -> TemplateStep:
    links = tuple(link if isinstance(link, Link) else Link(link) for link in after)
    return TemplateStep(key, workdays, links=links, **more)  # type: ignore[arg-type]  # TemplateStep's fields


BENCH = (
    template("accepted", 0),
    template("prepare", 10, "accepted"),
    template("release", 0, "prepare", just_in_time=True),
    template("deliver", 1, "release"),
    template("install", 1, Link("deliver", 1), scope=Scope.INSTRUMENT, per_unit=True),
    template("oq", 1, Link("install", 1), scope=Scope.INSTRUMENT, when_sold=frozenset({"oq"})),
    template("training", 1, Link("oq", 2), when_sold=frozenset({"training"})),
    template("handover", 0, "training", "oq"),
)
FLOOR = (
    template("accepted", 0),
    template("survey", 1, "accepted"),
    template("prepare", 30, "survey"),
    template("release", 0, "prepare", just_in_time=True),
    template("deliver", 1, Link("release", 2)),
    template("install", 3, "deliver", scope=Scope.INSTRUMENT),
    template("handover", 0, "install"),
)


def links(steps: tuple[MergedStep, ...]) -> dict[str, dict[str, int]]:
    return {step.key: {link.predecessor: link.lag for link in step.links} for step in steps}


def test_one_instrument_keeps_the_playbooks_own_keys() -> None:
    merged = merge([Sold("gc", BENCH, quantity=3, kinds=frozenset({"oq", "training"}))])

    assert [step.key for step in merged] == [step.key for step in BENCH]
    by_key = {step.key: step for step in merged}
    assert by_key["install"].workdays == 3
    assert by_key["install"].sold == "gc"
    assert by_key["install"].sources == (Source("gc", "install"),)
    assert by_key["deliver"].workdays == 1
    assert by_key["deliver"].sold is None


def test_what_was_not_sold_is_bridged_with_its_lags() -> None:
    merged = merge([Sold("gc", BENCH)])

    assert [step.key for step in merged] == [
        "accepted",
        "prepare",
        "release",
        "deliver",
        "install",
        "handover",
    ]
    assert links(merged)["handover"] == {"install": 3}


def test_bridging_keeps_which_end_waits_for_which_and_adds_the_lags() -> None:
    steps = (
        template("deliver", 1),
        template(
            "acclimatise", 1, Link("deliver", 24, unit=LagUnit.HOURS), when_sold=frozenset({"cold room"})
        ),
        template("install", 2, Link("acclimatise", 12, LinkKind.FINISH_TO_FINISH, LagUnit.HOURS)),
        template("unpack", 1, Link("acclimatise", 2, LinkKind.START_TO_START, LagUnit.DAYS)),
    )

    merged = {step.key: step.links for step in merge([Sold("ms", steps)])}

    assert merged["install"] == (Link("deliver", 36, LinkKind.FINISH_TO_FINISH, LagUnit.HOURS),)
    assert merged["unpack"] == (Link("deliver", 3),), "24 hours and 2 days become working days, not shorter"


def test_two_playbooks_keep_links_of_every_kind_and_the_days_of_the_longer_step() -> None:
    short = (template("prepare", 5), template("deliver", 1, Link("prepare", 1, LinkKind.START_TO_START)))
    long = (
        template("prepare", 9, calendar="customer"),
        template("deliver", 1, Link("prepare", 3, LinkKind.START_TO_START), Link("prepare", 2)),
    )

    merged = {step.key: step for step in merge([Sold("gc", short), Sold("ms", long)])}

    assert (merged["prepare"].workdays, merged["prepare"].calendar) == (9, "customer")
    assert set(merged["deliver"].links) == {Link("prepare", 3, LinkKind.START_TO_START), Link("prepare", 2)}


def test_copying_a_playbook_keeps_its_links_whatever_day_it_starts() -> None:
    """Kanboard #4153, ERPNext #44348 and #8274: templates are relative, and copies keep what waits for what."""

    def copied(start: str) -> dict[str, int]:
        steps = [Step(s.key, s.workdays, "basel", s.links) for s in merge([Sold("gc", BENCH)])]
        plan = lay_out(
            steps, calendars={"basel": WorkCalendar("Basel-Stadt")}, start_on=on(start), today=on(start)
        )
        begin_on = plan.placed["accepted"].start_on
        return {key: (place.start_on - begin_on).days for key, place in plan.placed.items()}

    assert copied("Mon 2026-03-02") == copied("Mon 2027-11-15")


def test_a_kind_sold_for_the_whole_order_counts_for_each_line() -> None:
    merged = merge([Sold("gc", BENCH)], also_sold={"oq"})

    assert links(merged)["handover"] == {"oq": 2}


def test_two_instruments_share_what_happens_once() -> None:
    merged = merge(
        [Sold("gc", BENCH, quantity=2, kinds=frozenset({"oq"})), Sold("ms", FLOOR)], also_sold={"training"}
    )

    assert [step.key for step in merged] == [
        "accepted",
        "survey",
        "prepare",
        "release",
        "deliver",
        "install-gc",
        "install-ms",
        "oq-gc",
        "training",
        "handover",
    ]
    found = links(merged)
    assert found["prepare"] == {"accepted": 0, "survey": 0}
    assert found["deliver"] == {"release": 2}
    assert found["handover"] == {"training": 0, "oq-gc": 0, "install-ms": 0}
    by_key = {step.key: step for step in merged}
    assert by_key["prepare"].workdays == 30
    assert by_key["prepare"].sources == (Source("gc", "prepare"), Source("ms", "prepare"))
    assert by_key["release"].just_in_time
    assert by_key["install-gc"].workdays == 2


def test_a_merged_plan_can_be_laid_out() -> None:
    merged = merge([Sold("gc", BENCH), Sold("ms", FLOOR)])

    plan = lay_out(
        (Step(s.key, s.workdays, "basel", s.links, just_in_time=s.just_in_time) for s in merged),
        calendars={"basel": WorkCalendar("Basel-Stadt")},
        start_on=on("Mon 2026-03-02"),
        today=on("Mon 2026-03-02"),
    )

    assert said(plan.placed["deliver"].start_on) == "Wed 2026-04-15"
    assert plan.driving_chain[0] == "accepted"


def test_playbooks_that_contradict_each_other_are_found() -> None:
    one = (template("release", 0), template("deliver", 1, "release"))
    other = (template("deliver", 1), template("release", 0, "deliver"))

    with pytest.raises(CycleFound, match="release") as caught:
        merge([Sold("gc", one), Sold("ms", other)])

    assert set(caught.value.keys) == {"release", "deliver"}


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Sold("gc", BENCH, quantity=0), "sold 0 times"),
        (
            lambda: Sold("gc", (template("install", 1, "deliver"),)),
            "waits for “deliver”, which it does not have",
        ),
        (
            lambda: Sold("gc", (template("install", 1), template("install", 2))),
            "has the step “install” twice",
        ),
        (lambda: merge([Sold("gc", BENCH), Sold("gc", FLOOR)]), "same name"),
    ],
)
def test_bad_lines_are_refused_in_words(make: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()  # type: ignore[operator]  # the table holds callables


def test_nothing_sold_is_an_empty_plan() -> None:
    assert merge([]) == ()


@st.composite
def playbooks(draw: st.DrawFn) -> tuple[TemplateStep, ...]:
    """Draw a playbook without circles over keys whose scope and order agree between playbooks."""
    numbers = sorted(draw(st.sets(st.integers(0, 8), min_size=1)))
    steps = []
    for place, number in enumerate(numbers):
        earlier = draw(st.sets(st.sampled_from(numbers[:place]), max_size=3)) if place else set()
        steps.append(
            TemplateStep(
                f"s{number}",
                draw(st.integers(0, 5)),
                Scope.INSTRUMENT if number % 3 == 0 else Scope.PROJECT,
                tuple(Link(f"s{key}", draw(st.integers(0, 3))) for key in sorted(earlier)),
                when_sold=frozenset({"oq"}) if draw(st.booleans()) else frozenset(),
                per_unit=draw(st.booleans()),
            )
        )
    return tuple(steps)


@given(st.lists(st.tuples(playbooks(), st.integers(1, 3), st.booleans()), max_size=3))
def test_every_merged_step_waits_only_for_steps_before_it(
    lines: list[tuple[tuple[TemplateStep, ...], int, bool]],
) -> None:
    sold = [
        Sold(f"l{number}", steps, quantity, frozenset({"oq"} if with_oq else ()))
        for number, (steps, quantity, with_oq) in enumerate(lines)
    ]

    merged = merge(sold)

    seen: set[str] = set()
    for step in merged:
        assert {link.predecessor for link in step.links} <= seen
        assert step.key not in seen
        assert step.sources
        seen.add(step.key)
    always = {s.key for steps, *_ in lines for s in steps if not s.when_sold}
    assert always <= {step.template_key for step in merged}
    assert merge(sold) == merged
