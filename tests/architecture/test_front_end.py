"""What templates, icons and scripts may hold, so that the content policy has nothing to forbid."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
ICONS = {
    name
    for line in (ROOT / "static" / "icons.txt").read_text("utf-8").splitlines()
    if (name := line.partition("#")[0].strip())
}
SOURCES = [*TEMPLATES, *sorted((ROOT / "concierge").rglob("*.py"))]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_holds_no_inline_script_or_style(path: Path) -> None:
    markup = re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.DOTALL)

    assert not re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", markup)
    assert not re.findall(r"<style\b", markup)
    assert not re.findall(r"<[a-z][^<>]*\s(?:style|on[a-z]+)\s*=", markup)
    assert not re.findall(r"javascript:", markup)
    assert not re.findall(r"\bhx-(?:on|vals|vars|headers)\b", markup), "htmx without expressions"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_icon_that_is_named_is_in_the_sprite(path: Path) -> None:
    text = path.read_text("utf-8")

    named = set(re.findall(r"""\bicon(?:=|\()["']([a-z0-9-]+)["']""", text))

    assert named <= ICONS, f"add {sorted(named - ICONS)} to static/icons.txt"


def test_every_icon_of_the_sprite_is_used() -> None:
    scripts = sorted((ROOT / "static" / "js").rglob("*.js"))
    text = "\n".join(path.read_text("utf-8") for path in (*SOURCES, *scripts))

    unused = {name for name in ICONS if not re.search(rf"""["'#]{name}["']""", text)}

    assert not unused, "take them out of static/icons.txt"


def test_icons_are_listed_once_and_in_order() -> None:
    listed = (ROOT / "static" / "icons.txt").read_text("utf-8").splitlines()
    names = [line for line in listed if line and not line.startswith("#")]

    assert names == sorted(set(names))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_takes_nothing_from_another_host(path: Path) -> None:
    fetched = re.findall(
        r"""<(?:script|link|img)[^>]*(?:src|href)=["'](?:https?:)?//""", path.read_text("utf-8")
    )

    assert not fetched
