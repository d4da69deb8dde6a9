"""What templates, icons and scripts may hold, so that the content policy has nothing to forbid."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
ICONS = {
    name
    for line in (ROOT / "static" / "icons.txt").read_text("utf-8").splitlines()
    if (name := line.partition("#")[0].strip())
}
SOURCES = [*TEMPLATES, *sorted((ROOT / "concierge").rglob("*.py"))]


FORBIDDEN = {
    "a script of its own": r"<script(?![^>]*\bsrc=)[^>]*>",
    "a style of its own": r"<style\b",
    "a style or a handler in an attribute": r"<[a-z][^<>]*\s(?:style|on[a-z]+)\s*=",
    "a script as an address": r"javascript:",
    "htmx with expressions": r"\bhx-(?:on|vals|vars|headers)\b",
}
FROM_ELSEWHERE = r"""<(?:script|link|img)[^>]*(?:src|href)=["'](?:https?:)?//"""


def test_no_template_holds_inline_script_or_style() -> None:
    found = []
    for path in TEMPLATES:
        markup = re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.DOTALL)
        for what, pattern in FORBIDDEN.items():
            found += [f"{path.relative_to(ROOT)}: {what}: {part}" for part in re.findall(pattern, markup)]

    assert not found


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    missing = {}
    for path in SOURCES:
        named = set(re.findall(r"""\bicon(?:=|\()["']([a-z0-9-]+)["']""", path.read_text("utf-8")))
        if named - ICONS:
            missing[str(path.relative_to(ROOT))] = named - ICONS

    assert not missing, "add them to static/icons.txt"


def test_every_icon_of_the_sprite_is_used() -> None:
    scripts = sorted((ROOT / "static" / "js").rglob("*.js"))
    text = "\n".join(path.read_text("utf-8") for path in (*SOURCES, *scripts))

    unused = {name for name in ICONS if not re.search(rf"""["'#]{name}["']""", text)}

    assert not unused, "take them out of static/icons.txt"


def test_icons_are_listed_once_and_in_order() -> None:
    listed = (ROOT / "static" / "icons.txt").read_text("utf-8").splitlines()
    names = [line for line in listed if line and not line.startswith("#")]

    assert names == sorted(set(names))


def test_no_template_takes_anything_from_another_host() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {part}"
        for path in TEMPLATES
        for part in re.findall(FROM_ELSEWHERE, path.read_text("utf-8"))
    ]

    assert not found
