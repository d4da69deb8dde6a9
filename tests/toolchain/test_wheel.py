"""What `pip install .` brings: the program with everything that it shows, and nothing that it is made from."""

import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = "concierge/_shipped/"


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files of a wheel that was built just now."""
    folder = tmp_path_factory.mktemp("wheel")
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(wheel) as packed:
        return set(packed.namelist())


@pytest.mark.parametrize("folder", ["templates", "migrations", "static/vendor"])
def test_a_wheel_carries_every_file_of(names: set[str], folder: str) -> None:
    wanted = {
        SHIPPED + path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert wanted
    assert wanted <= names


def test_a_wheel_carries_compiled_translations_and_data(names: set[str]) -> None:
    beside = {".mo", ".csv", ".json", ".xml"}
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "concierge").rglob("*")
        if path.suffix in beside and "__pycache__" not in path.parts
    }

    assert wanted <= names
    assert any(name.endswith("/de/LC_MESSAGES/messages.mo") for name in names)


def test_a_wheel_leaves_sources_and_tests_out(names: set[str]) -> None:
    assert not [name for name in names if name.startswith((f"{SHIPPED}static/css", f"{SHIPPED}static/js"))]
    assert not [name for name in names if name.endswith((".mjs", ".lock")) or name.startswith("tests/")]
