"""A playbook as a file: what was written is read again as it was; faults have a place and nothing is half-saved."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from concierge.catalogue import queries, toml_file
from concierge.catalogue.contents import (
    Contents,
    CoursePart,
    FieldPart,
    ItemPart,
    LinkPart,
    MessagePart,
    MilestonePart,
    StepPart,
    VisitPart,
)
from concierge.catalogue.states import (
    ROLES,
    Anchor,
    Audience,
    DaysOf,
    DueDays,
    Evidence,
    FieldKind,
    FileKind,
    GateKind,
    ItemType,
    LagUnit,
    LinkKind,
    MilestoneKind,
    ProductKind,
    Responsible,
    Reviewer,
    Scope,
    Severity,
    StepKind,
    Team,
    VisitKind,
)
from concierge.demo.catalogue import fill_catalogue
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform.database import clean, db, unit_of_work
from tests.conftest import csrf_token
from tests.makers import people
from tests.makers.catalogue import add_instrument

AT = datetime(2026, 3, 16, 9, tzinfo=UTC)
SignIn = Callable[[User], FlaskClient]

HOSTILE = st.text(min_size=1, max_size=60)
LINES = HOSTILE.map(lambda text: clean(text, lines=False)).filter(bool)
PROSE = st.one_of(
    HOSTILE,
    st.sampled_from(['"""', 'a\n"""\nb\\', "\\n", "# no comment", "]\n[[milestones]]", "\ttab\n\n'''"]),
).map(lambda text: clean(text, lines=True))
TEXTS = st.dictionaries(st.sampled_from(["en", "de", "fr"]), PROSE, max_size=3)
KEYS = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=20)
WHOLE = st.integers(-400, 400)
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32)


def _in_order(part: Any) -> Any:  # Any: a part with a range
    ends = (part.minimum, part.maximum)
    return part if None in ends or ends[0] <= ends[1] else replace(part, minimum=ends[1], maximum=ends[0])


CHOICES = st.dictionaries(KEYS, TEXTS, max_size=3)
LEAVES = st.one_of(
    st.builds(lambda key, codes: {"item": key, "is": codes}, KEYS, st.lists(KEYS, min_size=1, max_size=3)),
    st.builds(lambda key, given: {"item": key, "answered": given}, KEYS, st.booleans()),
    st.builds(
        lambda key, bound: {"item": key, "at_least": bound},
        KEYS,
        st.integers(-99, 99) | st.floats(-1e6, 1e6, allow_nan=False),
    ),
    st.builds(lambda codes: {"country": codes}, st.lists(st.sampled_from(["US", "CH"]), min_size=1)),
)
CONDITIONS = st.just({}) | st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=4,
)
LINKS = st.builds(
    LinkPart,
    predecessor_key=KEYS,
    kind=st.sampled_from(LinkKind),
    lag=WHOLE,
    lag_unit=st.sampled_from(LagUnit),
)
STEPS = st.builds(
    StepPart,
    key=KEYS,
    kind=st.sampled_from(StepKind),
    text=TEXTS,
    unit=st.sampled_from(["", "°C", "mbar"]),
    minimum=NUMBERS,
    maximum=NUMBERS,
    is_required=st.booleans(),
)
VISITS = st.builds(
    VisitPart,
    kind=st.sampled_from(VisitKind),
    title=TEXTS,
    skill=LINES,
    minutes=st.integers(15, 1440),
    technicians=st.integers(0, 9),
    level=st.integers(1, 5),
    tools=st.lists(LINES, max_size=2).map(tuple),
    needs_customer=st.booleans(),
    steps=st.lists(STEPS.map(_in_order), max_size=2, unique_by=lambda step: step.key).map(tuple),
)
MILESTONES = st.builds(
    MilestonePart,
    key=KEYS,
    name=TEXTS,
    kind=st.sampled_from(MilestoneKind),
    team=st.sampled_from(Team),
    audience=st.sampled_from(Audience),
    scope=st.sampled_from(Scope),
    workdays=st.integers(0, 300),
    days_of=st.sampled_from(DaysOf),
    per_unit=st.booleans(),
    just_in_time=st.booleans(),
    when_sold=st.none() | st.sampled_from(ProductKind),
    links=st.lists(LINKS, max_size=3).map(tuple),
    visits=st.lists(VISITS, max_size=2).map(tuple),
)
ITEMS = st.builds(
    ItemPart,
    key=KEYS,
    section=KEYS,
    type=st.sampled_from(ItemType),
    requirement=TEXTS,
    why=TEXTS,
    how=TEXTS,
    quantity=KEYS,
    unit=st.sampled_from(["", "°C", "MΩ·cm"]),
    minimum=NUMBERS,
    maximum=NUMBERS,
    tolerance=NUMBERS,
    sample=st.just("") | LINES,
    fact=st.sampled_from(["", "temperature", "mains_plug"]),
    choices=CHOICES,
    accepted=st.lists(KEYS, max_size=3).map(tuple),
    responsible=st.sampled_from(Responsible),
    role=st.sampled_from(["", *ROLES]),
    reviewer=st.none() | st.sampled_from(Reviewer),
    anchor=st.sampled_from(Anchor),
    due_days=st.sampled_from(DueDays),
    due_offset=WHOLE,
    severity=st.sampled_from(Severity),
    gate=st.none() | st.sampled_from(GateKind),
    weight=st.integers(1, 99),
    evidence=st.sampled_from(Evidence),
    file_kinds=st.lists(st.sampled_from(FileKind).map(lambda kind: kind.value), unique=True).map(tuple),
    file_count=st.integers(1, 9),
    countries=st.lists(st.sampled_from(["US", "CH", "JP"]), unique=True).map(tuple),
    condition=CONDITIONS,
    option_key=st.just("") | KEYS,
    source=LINES,
    source_rev=st.just("") | LINES,
    checked_on=st.none() | st.dates(date(1990, 1, 1), date(2099, 1, 1)),
).map(_in_order)
MESSAGES = st.builds(
    MessagePart, key=KEYS, milestone_key=KEYS, offset_workdays=WHOLE, subject=TEXTS, text=TEXTS
)
FIELDS = st.builds(
    FieldPart,
    key=KEYS,
    name=TEXTS,
    kind=st.sampled_from(FieldKind),
    unit=st.sampled_from(["", "kg"]),
    choices=CHOICES,
    audience=st.sampled_from(Audience),
)
COURSES = st.builds(
    CoursePart,
    code=KEYS,
    title=TEXTS,
    level=LINES.map(lambda text: clean(text[:40], lines=False)),
    half_days=st.integers(1, 20),
    capacity=st.integers(1, 99),
    curriculum=st.lists(TEXTS, max_size=3).map(tuple),
)


def unique(parts: list[object]) -> tuple[object, ...]:
    return tuple({part.key: part for part in parts}.values())  # type: ignore[attr-defined]  # every part has a key


CONTENTS = st.builds(
    Contents,
    key=KEYS,
    name=LINES,
    note=PROSE,
    milestones=st.lists(MILESTONES, max_size=3).map(unique),
    items=st.lists(ITEMS, max_size=3).map(unique),
    messages=st.lists(MESSAGES, max_size=2).map(unique),
    fields=st.lists(FIELDS, max_size=2).map(unique),
    courses=st.lists(COURSES, max_size=2).map(unique),
)


@settings(max_examples=150, deadline=None)
@given(whole=CONTENTS)
def test_what_was_written_is_read_again_as_it_was(sqlite_app: Flask, whole: Contents) -> None:
    with sqlite_app.test_request_context():
        text = toml_file.written(whole)
        again = toml_file.read(text)

        assert again == whole
        assert toml_file.written(again) == text


def test_every_example_playbook_survives_the_way_through_a_file_and_the_tables(app: Flask) -> None:
    with unit_of_work():
        fill_catalogue(actor_id=None, at=AT)

    for key in sorted(queries.playbook_keys()):
        whole = queries.contents_of(key)
        assert toml_file.read(toml_file.written(whole)) == whole, key


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('team = "sales"', 'team = "slaes"'), "is none of"),
        (("workdays = 10", 'workdays = "ten"'), "whole number"),
        (('kind = "kick-off"', 'knd = "kick-off"'), "There is no “knd”"),
        (("format = 1", "format = 9"), "another format"),
        (('severity = "blocking"', "severity = blocking"), "This is not TOML"),
        (('key = "kick-off"', 'key = "order"'), "stands twice"),
        (('key = "base-pressure"', 'key = "leak-check"'), "stands twice"),
        (("maximum = 2.5", "maximum = 0.25"), "more than the maximum"),
        (("level = 3", "level = 9"), "from 1 to 5"),
    ],
)
def test_a_fault_is_told_with_its_line_and_what_to_do(
    sqlite_app: Flask, change: tuple[str, str], says: str
) -> None:
    with sqlite_app.app_context(), sqlite_app.test_request_context():
        text = STANDARD.replace(*change, 1)
        assert text != STANDARD

        with pytest.raises(toml_file.UnreadableFile) as unreadable:
            toml_file.read(text)

    told = [fault for fault in unreadable.value.faults if says in fault.sentence]
    assert told, unreadable.value.faults
    lines = zip(text.splitlines(), STANDARD.splitlines(), strict=True)
    assert told[0].line == next(n for n, (one, other) in enumerate(lines, 1) if one != other)


def test_a_file_is_looked_at_before_it_becomes_a_draft(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        add_instrument("gas-one", name="Gas One")
        ada = people.user(role=Role.CONCIERGE)
    browser = sign_in(ada)
    whole = queries.contents_of("gas-one")
    db.session.rollback()
    changed = replace(
        whole, milestones=tuple(replace(one, workdays=one.workdays + 1) for one in whole.milestones)
    )
    text = toml_file.written(changed)
    token = {"csrf_token": csrf_token(browser, "/playbooks/import")}

    broken = browser.post(
        "/playbooks/import", data={**token, "text": text.replace("format = 1", "format = x")}
    )
    sent = browser.post("/playbooks/import", data={**token, "file": (BytesIO(text.encode()), "gas.toml")})
    assert [one.number for one in queries.versions_of(None, 1) or []] in ([], [1])  # type: ignore[arg-type]  # nobody looks
    made = browser.post("/playbooks/import/draft", data={**token, "text": text})
    again = browser.post("/playbooks/import/draft", data={**token, "text": text})

    assert broken.status_code == 422
    assert "0 added, 0 removed, 7 changed" in sent.get_data(as_text=True)
    assert made.status_code == 303
    assert again.status_code == 409, "one draft at a time"
    assert browser.get("/playbooks/gas-one/playbook.toml?version=2").get_data(as_text=True) == text


def test_commands_take_playbooks_along_and_bring_them_in(app: Flask, tmp_path: Path) -> None:
    with unit_of_work():
        add_instrument("gas-one", name="Gas One")
    file = tmp_path / "gas.toml"
    command = app.test_cli_runner()
    from concierge.cli.playbooks import playbooks

    assert command.invoke(playbooks, ["export", "gas-one", "--output", str(file)]).exit_code == 0
    same = command.invoke(playbooks, ["import", str(file), "--json"])
    file.write_text(file.read_text("utf-8").replace("workdays = 10", "workdays = 12"), "utf-8")
    dry = command.invoke(playbooks, ["import", str(file), "--dry-run"])
    db.session.rollback()
    before = len(queries.versions_of(None, queries.playbooks_by_key(["gas-one"])["gas-one"].id))  # type: ignore[arg-type]  # nobody looks
    real = command.invoke(playbooks, ["import", str(file)])

    assert json.loads(same.output)[0]["is_same"] is True
    assert "changed  milestones  lab-prep: workdays" in dry.output
    assert before == 1
    assert "draft of version 2" in real.output


STANDARD = toml_file.written(
    Contents(
        key="small",
        name="Small",
        milestones=(
            MilestonePart(
                key="order", name={"en": "Order"}, kind=MilestoneKind.ORDER_ACCEPTED, team=Team.SALES
            ),
            MilestonePart(
                key="kick-off", name={"en": "Call"}, kind=MilestoneKind.KICK_OFF, team=Team.SALES, workdays=1
            ),
            MilestonePart(
                key="lab",
                name={"en": "Lab"},
                kind=MilestoneKind.SITE_READY,
                team=Team.SALES,
                workdays=10,
                visits=(
                    VisitPart(kind=VisitKind.SITE_SURVEY, title={"en": "Look"}, minutes=60),
                    VisitPart(
                        kind=VisitKind.INSTALL,
                        title={"en": "Install"},
                        minutes=480,
                        level=3,
                        steps=(
                            StepPart(key="leak-check", text={"en": "Leak check"}),
                            StepPart(
                                key="base-pressure",
                                kind=StepKind.READING,
                                text={"en": "Base pressure"},
                                unit="mbar",
                                minimum=0.5,
                                maximum=2.5,
                            ),
                        ),
                    ),
                ),
            ),
        ),
        items=(
            ItemPart(
                key="door",
                section="access",
                type=ItemType.CONFIRM,
                requirement={"en": "Door"},
                due_offset=-7,
                severity=Severity.BLOCKING,
                gate=GateKind.SHIP,
            ),
        ),
    )
)
