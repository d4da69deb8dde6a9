"""The shape of the program, held by tests of a few lines each."""

import ast
import re
import sys
import tomllib
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import configure_mappers

from concierge.platform.database import Base
from concierge.platform.events import Event
from concierge.platform.settings import Settings
from concierge.reactions import REACTIONS

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "concierge"
SOURCES = sorted(PACKAGE.rglob("*.py"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

LEVELS = (
    {"fieldwork", "dispatch", "enquiries"},
    {"feeds"},
    {"invitations"},
    {"visits", "readiness"},
    {"projects"},
    {"equipment"},
    {"orders"},
    {"accounts", "catalogue", "workforce"},
    {"identity"},
    {"platform"},
)
"""Slices that have tables, upper first; foreign keys point down."""

KINDS = {
    "__init__", "views", "forms", "reactions", "chores", "mails", "document", "actions", "queries", "plan", "clocks",
    "calendars", "scope", "models", "events", "states", "permissions",
}  # fmt: skip


TOLD = {"Refused", "Stale", "NotNow", "NotFound", "Conflicting", "WrongMoment", "flash"}
FOR_OPERATORS = ("concierge/readiness/actions/batching.py", "concierge/readiness/queries.py")
"""They also serve the command line, which names its own commands."""


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def calls(path: Path) -> list[tuple[str, str]]:
    """Every call in a file as the text of what is called, with the file and the line."""
    return [
        (dotted(node.func), f"{named(path)}:{node.lineno}")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    ]


def dotted(node: ast.expr) -> str:
    """The names of what is called, `.` between them; what is no name is left out."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{dotted(node.value)}.{node.attr}"
    return ""


def test_every_event_has_its_row() -> None:
    events = {kind for kind in Event.known.values() if kind.__module__.startswith("concierge.")}
    shapes = {kind for kind in events if any(issubclass(other, kind) for other in events - {kind})}

    missing = {kind.__name__ for kind in events - shapes} - {kind.__name__ for kind in REACTIONS}

    assert not missing, "add a row to concierge/reactions.py"


def test_foreign_keys_point_down() -> None:
    configure_mappers()
    slice_of = {
        mapper.local_table.name: mapper.class_.__module__.split(".")[1] for mapper in Base.registry.mappers
    }
    level = {name: number for number, names in enumerate(LEVELS) for name in names}

    for table in Base.metadata.tables.values():
        for key in table.foreign_keys:
            ours, theirs = slice_of[table.name], slice_of[key.column.table.name]
            assert ours == theirs or level[ours] < level[theirs], f"{table.name} → {key.column.table.name}"


def test_no_relationship_loads_by_surprise() -> None:
    configure_mappers()

    for mapper in Base.registry.mappers:
        for relationship in mapper.relationships:
            assert relationship.lazy in {"raise_on_sql", "write_only"}, relationship


def test_every_page_states_who_may_open_it(sqlite_app: Flask) -> None:
    for rule in sqlite_app.url_map.iter_rules():
        view = sqlite_app.view_functions[rule.endpoint]
        assert hasattr(view, "access"), f"{rule} lacks @requires(…) or @public"


def test_a_get_page_takes_nothing_but_get(sqlite_app: Flask) -> None:
    allowed = {"GET", "HEAD", "OPTIONS", "POST"}

    for rule in sqlite_app.url_map.iter_rules():
        if rule.endpoint.startswith("feeds."):
            continue  # answers every method itself, most of them with 405
        assert rule.methods is not None
        assert rule.methods <= allowed, rule


def test_only_the_unit_of_work_commits() -> None:
    found = [
        place
        for path in SOURCES
        if path != PACKAGE / "platform" / "database.py"
        for call, place in calls(path)
        if call.endswith((".commit", "session.begin"))
    ]

    assert not found


def test_only_pages_jobs_and_commands_open_a_unit_of_work() -> None:
    found = []
    for path in SOURCES:
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if not (
            parts[0] in {"platform", "cli", "demo"}
            or "views" in parts
            or parts[-1] in {"chores", "jobs", "reactions"}
        ):
            found += [place for call, place in calls(path) if call == "unit_of_work"]

    assert not found


def test_only_the_clock_reads_the_clock() -> None:
    readers = {
        "datetime.now",
        "datetime.utcnow",
        "date.today",
        "datetime.today",
        "time.time",
        "datetime.datetime.now",
    }
    found = [
        place
        for path in SOURCES
        if path != PACKAGE / "platform" / "clock.py"
        for call, place in calls(path)
        if call in readers
    ]

    assert not found


def test_the_core_needs_only_the_standard_library() -> None:
    found = []
    for path in (PACKAGE / "core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            found += [
                f"{named(path)}: {name}"
                for name in names
                if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("concierge.core")
            ]

    assert not found


@pytest.mark.parametrize("name", sorted(set().union(*LEVELS, {"home", "portal"}) - {"platform"}))
def test_a_slice_holds_only_the_kinds_of_file_it_may(name: str) -> None:
    known = KINDS | set(PROJECT["tool"]["concierge"]["named"].get(name, ()))

    found = {path.stem for path in (PACKAGE / name).iterdir() if path.name != "__pycache__"}

    assert found <= known, f"name the domain's word in pyproject.toml, or find its place: {found - known}"


@pytest.mark.parametrize("name", sorted(set().union(*LEVELS, {"home", "portal"}) - {"platform"}))
def test_a_slice_says_in_one_docstring_what_it_owns(name: str) -> None:
    body = ast.parse((PACKAGE / name / "__init__.py").read_text("utf-8")).body

    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)


def test_no_text_that_is_said_later_holds_values() -> None:
    """A lazy text calls itself safe HTML, and so would what people typed in it."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {
                "_l",
                "lazy_gettext",
                "lazy_ngettext",
            }:
                found += [f"{named(path)}:{node.lineno}"] if node.keywords or len(node.args) != 1 else []

    assert not found, "say it at once: gettext"


def test_what_people_are_told_is_marked_for_translation() -> None:
    """Operators read the command line, letters of other systems and the log in English."""
    theirs = {"cli", "core", "demo"}
    said = [
        f"{named(path)}:{node.lineno}"
        for path in SOURCES
        if path.relative_to(PACKAGE).parts[0] not in theirs
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and node.args and dotted(node.func).rsplit(".")[-1] in TOLD
        for text in node.args[:1]
        if isinstance(text, ast.JoinedStr) or (isinstance(text, ast.Constant) and " " in str(text.value))
    ]

    assert [place for place in said if not place.startswith(FOR_OPERATORS)] == []


def test_every_import_of_a_template_is_used() -> None:
    idle = []
    for path in TEMPLATES:
        text = path.read_text("utf-8")
        for line in re.findall(r"{%-?\s*from [^%]+ import ([^%]+?)(?:with(?:out)? context)?\s*-?%}", text):
            for name in re.split(r"\s*,\s*", line.strip()):
                name = name.split(" as ")[-1].strip()
                if len(re.findall(rf"\b{re.escape(name)}\b", text)) < 2:
                    idle.append(f"{named(path)}: {name}")

    assert not idle, "imported for nothing"


def test_every_text_of_a_template_is_marked_for_translation() -> None:
    unmarked = {}
    for path in TEMPLATES:
        if path.name == "styleguide.html":
            continue  # its words are samples
        text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", " ", path.read_text("utf-8"), flags=re.DOTALL)
        text = re.sub(r"<!--.*?-->|<kbd>.*?</kbd>|<code>.*?</code>|<[^>]*>", " ", text, flags=re.DOTALL)
        text = re.sub(r"&\w+;|Concierge|Ctrl K|\bPDF\b|\bCSV\b|\bXML\b", " ", text)
        if words := re.findall(r"[A-Za-zÀ-ž]{2,}", text):
            unmarked[named(path)] = words

    assert not unmarked


def test_every_setting_is_described_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")

    for setting in fields(Settings):
        assert f"`{setting.metadata['name']}`" in readme, setting.metadata["name"]
        assert setting.metadata["meaning"].endswith(".")
