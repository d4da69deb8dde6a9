"""Typed requirements in playbooks: what the check finds, what the editor saves, and figures in the reader's units."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from concierge.catalogue import checking, comparing, figures, forms, queries, toml_file
from concierge.catalogue.contents import Contents, ItemPart
from concierge.catalogue.states import (
    ROLES,
    Anchor,
    DueDays,
    Evidence,
    FileKind,
    GateKind,
    ItemType,
    Responsible,
    Reviewer,
    Severity,
)
from concierge.catalogue.views import telling
from concierge.catalogue.words import section_words
from concierge.cli.playbooks import check
from concierge.core.units import convert
from concierge.demo.catalogue import fill_catalogue
from concierge.demo.instruments import INSTRUMENTS
from concierge.demo.lint import faults_of_instruments
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from tests.makers import orders, people

SignIn = Callable[[User], FlaskClient]
AT = orders.RECEIVED
CHOICES = {"h2": {"en": "Hydrogen", "de": "Wasserstoff"}, "he": {"en": "Helium", "de": "Helium"}}
SOUND = ItemPart(
    key="room",
    section="climate",
    type=ItemType.MEASURE,
    requirement={"en": "The room stays at {range}", "de": "Der Raum bleibt bei {range}"},
    quantity="temperature",
    unit="°C",
    minimum=18.0,
    maximum=27.0,
    due_offset=-14,
)
GAS = ItemPart(
    key="gas",
    section="gas",
    type=ItemType.CHOICE,
    requirement={"en": "Which gas?", "de": "Welches Gas?"},
    choices=CHOICES,
    due_offset=-28,
)


DEEP: dict[str, Any] = {"item": "gas", "answered": True}
for _number in range(6):
    DEEP = {"not": DEEP}
USED = ("fact", "accepted", "role", "reviewer", "tolerance", "sample", "condition", "file_kinds")


def found(*items: ItemPart, known: Any = None) -> list[checking.Finding]:
    whole = Contents(key="lcms", name="LCMS", items=items)
    everything = checking.findings(whole, products={"lcms-faims"}, instruments=1, known=known)
    return [one for one in everything if one.collection == "items" or known is not None]


@pytest.mark.parametrize(
    ("item", "says", "is_wrong"),
    [
        (replace(SOUND, minimum=30.0), "Exchange the bounds", True),
        (replace(SOUND, unit="kg"), "not counted in “kg”", True),
        (replace(SOUND, unit="smoot", quantity="reach"), "cannot convert", False),
        (replace(SOUND, tolerance=-1.0), "without the minus sign", True),
        (replace(SOUND, minimum=None, maximum=None), "names {range}, but has no bounds", True),
        (replace(SOUND, requirement={"en": "At {rnage}"}), "names {rnage}", True),
        (replace(SOUND, requirement={"en": "Carries 25 kg (60 lb)"}), "25 kg is 55.1 lb, not 60 lb", False),
        (replace(SOUND, requirement={"en": "Gap of 50 cm (19.2 in)"}), "50 cm is 19.7 in, not 19.2 in", False),
        (replace(SOUND, weight=0), "counts for nothing", True),
        (replace(SOUND, evidence=Evidence.REQUIRED, file_count=0), "asks for none", True),
        (replace(SOUND, type=ItemType.UPLOAD, file_count=0), "asks for none", True),
        (replace(SOUND, role="janitor"), "which nobody is", True),
        (replace(SOUND, file_kinds=("film",)), "kind of file", True),
        (replace(SOUND, countries=("XQ", "CH")), "no country", True),
        (replace(GAS, accepted=("n2",)), "accepts n2, which nobody can choose", True),
        (replace(GAS, type=ItemType.MULTI, choices={}), "at least two answers", True),
        (replace(SOUND, condition={"item": "gsa", "is": ["h2"]}), "which is not in this playbook", True),
        (replace(SOUND, condition={"item": "gas", "is": ["n2"]}), "answered by “n2”", True),
        (replace(SOUND, condition={"item": "room", "is": ["h2"]}), "by its own answer", True),
        (replace(SOUND, condition={"item": "gas", "si": ["h2"]}), "says “si”", True),
        (replace(SOUND, condition={"item": "gas"}), "cannot be read", True),
        (replace(SOUND, condition=DEEP), "nested too deeply", True),
    ],
)  # fmt: skip
def test_what_is_wrong_is_a_sentence_with_the_remedy(
    sqlite_app: Flask, item: ItemPart, says: str, is_wrong: bool
) -> None:
    with sqlite_app.test_request_context():
        others = (GAS,) if item.key != "gas" else ()
        told = [one for one in found(item, *others) if says in one.sentence]

        assert [one.is_wrong for one in told] == [is_wrong]
        assert told[0].sentence.endswith(".")
        assert not [one for one in found(SOUND, GAS) if one.is_wrong]


def test_items_that_ask_for_each_other_are_a_circle(sqlite_app: Flask) -> None:
    with sqlite_app.test_request_context():
        one = replace(SOUND, condition={"item": "gas", "is": ["h2"]})
        other = replace(GAS, condition={"item": "room", "verdict": ["ok"]})

        assert any("none of them ever is" in finding.sentence for finding in found(one, other))


def figure(
    quantity: str, least: float | None, most: float | None, unit: str, printed: str = "", **more: str
) -> Any:
    return SimpleNamespace(
        quantity=quantity,
        minimum=least,
        maximum=most,
        unit=unit,
        printed=printed,
        condition=more.get("condition", ""),
    )


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ([figure("temperature", 27, 18, "°C")], "least that is more"),
        ([figure("weight", 25, 25, "kg", "25 kg (60 lb)")], "25 kg is 55.1 lb"),
        ([figure("depth", 500, 500, "mm", "50 cm / 19.2 in")], "50 cm is 19.7 in"),
        ([figure("weight", 60, 60, "kg", "25 kg")], "is kept as 60 kg, but “25 kg” is printed"),
        ([figure("heat_load", 900, 900, "W", "2 731 BTU/h")], "is kept as 900 W"),
        ([figure("heat_load", 800, 800, "W", "2 731 BTU/h (900 W)")], "2731 BTU/h is 800 W, not 900 W"),
        ([figure("temperature", 4000, 4000, "°C", "4 000 BTU/h")], "heat given off"),
        ([figure("temperature", 1200, 1200, "W", "")], "does not measure that"),
        ([figure("weight", 0, 0, "kg")], "weighs nothing"),
        ([figure("weight", 14.4, 14.4, "kg"), figure("shipping_weight", 11, 11, "kg")], "The crate weighs 11 kg, less"),
        ([figure("weight", 30, 30, "lb"), figure("shipping_weight", 13, 13, "kg")], "The crate weighs 13 kg, less"),
    ],
)  # fmt: skip
def test_figures_that_cannot_be_true_are_found(sqlite_app: Flask, told: list[Any], says: str) -> None:
    with sqlite_app.test_request_context():
        assert any(says in doubt.sentence for doubt in figures.doubts(told)), figures.doubts(told)


@pytest.mark.parametrize(
    "told",
    [
        figure("heat_load", 800, 800, "W", "2 731 BTU/h (800 W) with PC"),
        figure("heat_load", 960, 960, "W", "3 275 BTU/h (960 W), ≤55 dB(A)"),
        figure("temperature", 19, 25, "°C", "22 ±3 °C"),
        figure("voltage", 108, 132, "V", "120 V ±10 %"),
        figure("width", 590, 590, "mm", "W59 × D54 × H50 cm"),
        figure("temperature", 18, 27, "°C", "18–27 °C (64–81 °F)"),
        figure("exhaust_flow", 2800, None, "L/min", "2.8 m³/min"),
        figure("weight", 50, 50, "kg", "fifty kilograms"),
    ],
)
def test_figures_that_agree_are_left_alone(sqlite_app: Flask, told: Any) -> None:
    with sqlite_app.test_request_context():
        assert figures.doubts([told]) == ()


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from([("kg", "lb"), ("cm", "in"), ("W", "BTU/h"), ("bar", "psi"), ("m³/h", "cfm")]),
    st.integers(100, 5000),
    st.sampled_from([-8, -4, -2, 0, 2, 4, 8]),
)
def test_two_units_disagree_exactly_when_they_are_off(
    pair: tuple[str, str], value: int, off_percent: int
) -> None:
    metric, us = pair
    other = float(convert(value * 1, from_unit=metric, to_unit=us)) * (1 + off_percent / 100)  # type: ignore[arg-type]
    text = f"{value} {metric} ({other:.1f} {us})"

    assert bool(list(figures.disagreements(text))) is (off_percent != 0), text


def test_what_a_fact_bounds_has_to_be_a_figure_of_the_instrument(sqlite_app: Flask) -> None:
    known = [checking.Instrument("lcms", "LCMS", (figure("weight", 50, 50, "kg"),))]
    with sqlite_app.test_request_context():
        absent = found(replace(SOUND, fact="humidity", minimum=None, maximum=None), known=known)
        strange = found(replace(SOUND, fact="weight"), known=known)
        mains = found(replace(GAS, fact="mains_plug"), known=known)

    assert [one.is_wrong for one in absent if "no instrument of this playbook has" in one.sentence] == [True]
    assert any("bounded by a figure in “kg”" in one.sentence for one in strange)
    assert not any("figure" in one.sentence for one in mains)


def test_the_command_checks_a_file(sqlite_app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "lcms.toml"
    with sqlite_app.test_request_context():
        wrong = Contents(key="lcms", name="LCMS", items=(replace(SOUND, minimum=99.0), GAS))
        file.write_text(toml_file.written(wrong), encoding="utf-8")

    outcome = sqlite_app.test_cli_runner().invoke(check, [str(file)])

    assert isinstance(outcome.exception, Refused)
    assert "items[0].minimum: The minimum is more than the maximum." in outcome.exception.sentence


def test_a_comparison_tells_what_became_of_typed_values(sqlite_app: Flask) -> None:
    before = Contents(key="lcms", name="LCMS", items=(SOUND, GAS))
    after = Contents(
        key="lcms",
        name="LCMS",
        items=(
            replace(
                SOUND, tolerance=0.5, countries=("US",), condition={"item": "gas", "is": ["h2"]}, role="it"
            ),
            replace(GAS, accepted=("he",), reviewer=Reviewer.ENGINEER, anchor=Anchor.INSTALL),
        ),
    )

    with sqlite_app.test_request_context():
        changed = {
            (one.key, value.name): telling.told(value.name, one.after, after)
            for one in comparing.compared(before, after).differences
            for value in one.changed
            if one.after is not None
        }

    assert changed == {
        ("room", "tolerance"): "0.5",
        ("room", "countries"): "United States",
        ("room", "condition"): "“Which gas?” is h2",
        ("room", "role"): "IT",
        ("gas", "accepted"): "he",
        ("gas", "reviewer"): "an engineer",
        ("gas", "anchor"): "the start of installation",
    }


TYPED = st.builds(
    lambda **values: replace(GAS, **values),
    type=st.sampled_from([ItemType.CHOICE, ItemType.MULTI]),
    unit=st.sampled_from(["", "°C"]),
    minimum=st.none() | st.integers(-40, 40).map(float),
    tolerance=st.none() | st.sampled_from([0.125, 1.5, 1.125]),
    sample=st.sampled_from(["", "24 h log"]),
    fact=st.sampled_from(["", "temperature", "mains_plug"]),
    accepted=st.sampled_from([(), ("h2",), ("he", "h2")]),
    responsible=st.sampled_from(Responsible),
    role=st.sampled_from(["", *ROLES]),
    reviewer=st.none() | st.sampled_from(Reviewer),
    anchor=st.sampled_from(Anchor),
    due_days=st.sampled_from(DueDays),
    due_offset=st.integers(-99, 99),
    severity=st.just(Severity.BLOCKING),
    gate=st.sampled_from(GateKind),
    weight=st.integers(1, 100),
    evidence=st.sampled_from(Evidence),
    file_kinds=st.lists(st.sampled_from(FileKind), unique=True).map(
        lambda kinds: tuple(kind.value for kind in FileKind if kind in kinds)
    ),
    file_count=st.integers(1, 20),
    countries=st.sampled_from([(), ("US",), ("US", "CA")]),
    condition=st.sampled_from(
        [
            {},
            {"item": "room", "is": ["yes"]},
            {"item": "room", "is_not": ["yes", "no"]},
            {"item": "room", "answered": True},
            {"item": "room", "answered": False},
            {"item": "room", "at_least": 2.5},
            {"any": [{"item": "room", "verdict": ["ok"]}, {"country": ["US"]}]},
        ]
    ),
)


@settings(max_examples=120, deadline=None)
@given(TYPED)
def test_the_editor_gives_back_what_it_was_shown(sqlite_app: Flask, part: ItemPart) -> None:
    with sqlite_app.test_request_context():
        shown = forms.ItemForm()
        shown.fill(part)
        _offer(shown)
        sent = MultiDict()
        for field in shown:
            for value in field.data if isinstance(field.data, list) else [field.data]:
                sent.add(field.name, "" if value is None else str(value))
        sent.poplist("checked_on")

    with sqlite_app.test_request_context(method="POST", data=sent):
        again = forms.ItemForm(meta={"csrf": False})
        _offer(again)

        assert again.validate(), again.errors
        assert again.part(part.key) == part


def _offer(form: forms.ItemForm) -> None:
    form.set_choices(section_words(), [], ["temperature"], [("room", "The room")])


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("tolerance", "-1", "without the minus sign"),
        ("accepted", "h2, xe", "Nobody can choose xe"),
        ("countries", "Switzerland", "two letters"),
        ("if_value", "", "Write which answer"),
        ("condition", "{item: gas}", "Write it as JSON"),
        ("weight", "0", "from 1 to 100"),
        ("file_count", "0", "from 1 to 20"),
    ],
)
def test_the_editor_says_what_to_write(sqlite_app: Flask, field: str, typed: str, says: str) -> None:
    sent = {
        "section": "gas",
        "type": "choice",
        "requirement_en": "Which gas?",
        "choices": "h2: Hydrogen\nhe: Helium",
        "responsible": "customer",
        "due_offset": "-14",
        "anchor": "delivery",
        "due_days": "calendar days",
        "severity": "advisory",
        "evidence": "none",
        "if_item": "room" if field == "if_value" else "",
        "if_how": "is",
        field: typed,
    }
    with sqlite_app.test_request_context(method="POST", data=sent):
        form = forms.ItemForm(meta={"csrf": False})
        _offer(form)

        assert not form.validate()
        assert says in " ".join(map(str, form.errors[field]))


def test_at_least_twelve_real_models_are_shipped_with_sound_figures(sqlite_app: Flask) -> None:
    with sqlite_app.test_request_context():
        assert list(faults_of_instruments(INSTRUMENTS)) == []
        real = [one for one in INSTRUMENTS if len(one.facts) >= 3]
        assert len(real) >= 12
        sources = [fact.source for one in real for fact in one.facts]
        assert all(
            source.name and source.checked_on for source in sources
        )  # some state no revision; pages say so


def test_every_example_playbook_passes_its_check_and_uses_what_there_is(app: Flask) -> None:
    with unit_of_work():
        fill_catalogue(actor_id=None, at=AT)

    with app.test_request_context():
        types: set[ItemType] = set()
        used: set[str] = set()
        for key in sorted(queries.playbook_keys()):
            whole = queries.contents_of(key)
            known = queries.figures_of(queries.playbooks_by_key([key])[key].id)
            told = checking.findings(
                whole, products=queries.product_keys(), instruments=len(known), known=known
            )
            assert [one.sentence for one in told if one.collection != "milestones"] == [], key
            types |= {item.type for item in whole.items}
            for item in whole.items:
                used |= {
                    name
                    for name in (
                        "fact",
                        "accepted",
                        "role",
                        "reviewer",
                        "tolerance",
                        "sample",
                        "condition",
                        "file_kinds",
                    )
                    if getattr(item, name)
                }

    assert types >= set(ItemType) - {ItemType.DATE}
    assert used == set(USED)


def test_an_instrument_shows_both_systems_from_one_value(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        fill_catalogue(actor_id=None, at=AT)
        ada = people.user(role=Role.CONCIERGE)
    client = sign_in(ada)

    metric = client.get("/instruments/orbitrap-astral").get_data(as_text=True)
    us = client.get("/instruments/orbitrap-astral?units=us").get_data(as_text=True)

    assert "Example data: confirm each figure" in metric
    for said in ("680\u00a0kg", "1,499\u00a0lb", "18–27\u00a0°C", "64.4–80.6\u00a0°F", "at most 0.9\u00a0°F"):
        assert said in metric, said
        assert said in us, said
    assert metric.index("680\u00a0kg") < metric.index("1,499\u00a0lb")
    assert us.index("1,499\u00a0lb") < us.index("680\u00a0kg")


def test_a_playbook_reads_with_its_instruments_figures(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        fill_catalogue(actor_id=None, at=AT)
        ada = people.user(role=Role.CONCIERGE)
    page = sign_in(ada).get("/playbooks/agilent-8890").get_data(as_text=True)

    assert "The room stays at 15–35\u00a0°C for 24 hours" in page
    assert "The outlet gives 220–240\u00a0V / 108–132\u00a0V" in page
    assert "{range}" not in page
