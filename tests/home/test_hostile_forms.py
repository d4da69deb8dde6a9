"""Whatever is typed into a form, its page says what is wrong: no form fails, and none loses what was typed."""

import random
import re
from collections.abc import Callable, Iterator
from html import unescape
from importlib import import_module

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from wtforms import DateField, FieldList, FormField, HiddenField, IntegerField, StringField

from concierge.catalogue import toml_file
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.forms import Form
from concierge.visits.states import VisitState
from tests.makers import orders, people, projects, visits, workforce
from tests.makers.pages import hidden_in

pytestmark = pytest.mark.usefixtures("wednesday")

SLICES = ("accounts", "catalogue", "identity", "orders", "projects", "readiness", "visits", "workforce")
HOSTILE = {
    "a number no column holds": "9" * 30,
    "below all": "-" + "9" * 30,
    "not a number": "NaN",
    "the last day there is": "9999-12-31",
    "the first day there is": "0001-01-01",
    "no day": "2026-02-30",
    "zero": "a\x00b",
    "long": "x" * 30_000,
    "signs": "💥\u202e' OR 1=1 --<script>",
    "empty": "",
}
LONGEST = 10_000
"""Characters of the longest text that a column holds."""
FILES = {("ImportFile", "text"): toml_file.LARGEST}
"""Fields that hold a pasted file: no column keeps it, what is read from it is judged value by value."""
ROUNDS = 4
"""How often each form is sent; every field gets other values each time."""
PAGES = (
    "/projects/{key}/hold",
    "/projects/{key}/go-live",
    "/projects/{key}/milestones/new",
    "/projects/{key}/milestones/{milestone}",
    "/projects/{key}/milestones/{milestone}/move",
    "/projects/{key}/milestones/{milestone}/shape",
    "/projects/{key}/milestones/{milestone}/split",
    "/projects/{key}/milestones/{milestone}/skip",
    "/projects/{key}/cancellation",
    "/projects/{key}/promise",
    "/projects/{key}/concierge",
    "/projects/{key}/delays",
    "/projects/{key}/baselines",
    "/visits/new?project={key}",
    "/visits/{visit}/move",
    "/visits/{visit}/edit",
    "/visits/{visit}/cancellation",
    "/calendars/closures/new",
    "/calendars/home",
    "/calendars/absences/new",
    "/calendars/sites/{site}/place",
    "/calendars/sites/{site}/hours",
    "/calendars/sites/{site}/closures/new",
    "/accounts/{account}/edit",
    "/technicians/{technician}/edit",
    "/technicians/{technician}/hours",
    "/technicians/{technician}/days/new",
    "/technicians/{technician}/capacity/new",
    "/technicians/{technician}/skills/new",
    "/territories/new",
    "/leave/{leave}",
    "/settings/me",
)


@pytest.fixture
def scene(app: Flask) -> dict[str, object]:
    """A project with a visit, and what addresses need to name them."""
    with unit_of_work():
        place = orders.site()
        crew = workforce.technician()
        project = projects.live(place=place, requested_from=None, at=clock.now())
        install = projects.milestone(project, "install")
        assert install.start_on
        starts = f"{install.start_on:%a %Y-%m-%d} 09:00"
        visit = visits.visit(project, crew, milestone=install, starts=starts, state=VisitState.TENTATIVE)
        return {
            "key": project.key,
            "milestone": projects.milestone(project, "site-ready").id,
            "visit": visit.id,
            "site": place.id,
            "account": project.account_id,
            "technician": crew.user_id,
            "leave": workforce.leave(crew, clock.today("Europe/Zurich")).id,
        }


@pytest.mark.parametrize("page", PAGES)
def test_hostile_values_are_answered_by_a_page_and_change_nothing_half(
    app: Flask, scene: dict[str, object], sign_in: Callable[[User], FlaskClient], page: str
) -> None:
    with unit_of_work():
        person = people.user(role=Role.MANAGER)
    browser = sign_in(person)
    path = page.format(**scene)
    forms = list(forms_in(browser.get(path).get_data(as_text=True), path))
    assert forms or page.endswith(("delays", "baselines", "concierge"))
    values_of = list(HOSTILE.values())
    for action, kept, typed in forms:
        for turn in range(ROUNDS):
            values = {name: values_of[(at + turn * 3) % len(values_of)] for at, name in enumerate(typed)}
            answer = browser.post(action, data={**kept, **values})

            assert answer.status_code in {200, 303, 409, 422}, (action, values, answer.status_code)
            assert "<script>" not in answer.get_data(as_text=True).partition("<main")[2]


def forms_in(page: str, path: str) -> Iterator[tuple[str, dict[str, object], list[str]]]:
    """Where each form of a page goes, what it carries, and the names of the fields that people type into."""
    main = page.partition("<main")[2]
    for form in re.findall(r"<form[^>]*method=\"post\"[^>]*>.*?</form>", main, re.DOTALL):
        action = re.search(r'<form[^>]* action="([^"]*)"', form)
        kept: dict[str, object] = dict(hidden_in(form))
        for name, inside in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
            values = re.findall(r'<option[^>]*value="([^"]*)"', inside)
            chosen = re.findall(r'<option[^>]*selected[^>]*value="([^"]*)"', inside)
            kept[name] = (chosen or [one for one in values if one] or [""])[0]
        typed = [
            attributes["name"]
            for tag in re.findall(r"<input[^>]*>", form)
            if (attributes := dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))).get("type")
            in {"text", "number", "date", "time", "email"}
        ]
        typed += re.findall(r'<textarea[^>]* name="([^"]+)"', form)
        if typed:
            yield unescape(action[1]) if action else path, kept, typed


def kinds() -> list[type[Form]]:
    """Every form of every slice."""
    found = []
    for name in SLICES:
        module = import_module(f"concierge.{name}.forms")
        found += [
            one
            for one in vars(module).values()
            if isinstance(one, type) and issubclass(one, Form) and one.__module__ == module.__name__
        ]
    return found


def leaves(fields: object) -> Iterator[object]:
    """The fields that hold a value."""
    for field in fields:  # type: ignore[attr-defined]  # a form or a list
        if isinstance(field, FormField):
            yield from leaves(field.form)
        elif isinstance(field, FieldList):
            yield from leaves(field)
        else:
            yield field


@pytest.mark.parametrize("seed", range(4))
def test_no_form_takes_what_no_column_holds(app: Flask, seed: int) -> None:
    rng = random.Random(seed)
    assert len(kinds()) > 50
    for kind in kinds():
        if kind.__name__ == "PartForm":
            continue
        with app.test_request_context("/", method="POST"):
            names = [field.name for field in leaves(kind(formdata=None, meta={"csrf": False}))]  # type: ignore[attr-defined]  # see above
            sent = MultiDict({name: rng.choice(list(HOSTILE.values())) for name in names})
            form = kind(formdata=sent, meta={"csrf": False})
            for field in leaves(form):
                if getattr(field, "choices", ()) is None:
                    field.choices = []  # type: ignore[attr-defined]  # a select field
            valid = form.validate()
            for field in leaves(form):
                value = field.data  # type: ignore[attr-defined]  # a field
                errors = field.errors  # type: ignore[attr-defined]  # a field
                if isinstance(field, IntegerField) and isinstance(value, int):
                    assert errors or abs(value) < 2**31, (kind, field.name)
                if isinstance(field, DateField) and value is not None:
                    assert errors or 1970 <= value.year <= 2100, (kind, field.name)
                if isinstance(field, StringField) and not isinstance(field, HiddenField) and value:
                    assert "\x00" not in value
                    longest = FILES.get((kind.__name__, field.name), LONGEST)  # type: ignore[attr-defined]  # a field
                    assert errors or len(value) <= longest or not valid, (kind, field.name)
