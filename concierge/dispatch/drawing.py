"""The picture of a row of the board as SVG in percent units: a month of two hundred people has thousands of shapes.

A template would write, look at and hand on every number of them; here only what people wrote is escaped.
"""

from collections.abc import Iterable
from html import escape

from markupsafe import Markup

from concierge.dispatch.plan import BAR_PX, Bar, Block

MARKS = {
    "accepted": "check",
    "under": "circle-dot",
    "done": "check",
    "short": "rotate-ccw",
    "asks": "hourglass",
}
"""Icons by look; a clash has the triangle whatever it looks like."""
CLASH = "triangle-alert"
STATES = {
    "draft": "idle",
    "planned": "go",
    "sure": "go",
    "accepted": "ok",
    "under": "go",
    "done": "idle",
    "short": "warn",
    "asks": "warn",
}
"""Colours by look; a clash is always red."""


def blocks(found: Iterable[Block]) -> Markup:
    """Grey stretches; those who do not see them are told beside the name."""
    drawn = []
    for kind, x, width, y, height, words, words_x in found:
        text = ""
        if words:
            down = 18 if kind == "off" else 25
            text = f'<text x="{words_x}%" dx="10" y="{down}" font-size="11">{escape(words)}</text>'
        look = "call wait" if kind == "call" else kind
        corner = "" if kind in {"off", "call"} else ' rx="5"'
        drawn.append(
            f'<svg class="block {look}" x="{x}%" width="{width}%" y="{y}" height="{height}" aria-hidden="true">'
            f'<rect width="100%" height="100%"{corner}></rect>{text}</svg>'
        )
    return Markup("".join(drawn))  # noqa: S704 # numbers, and words that are escaped


def bar(
    one: Bar,
    *,
    user_id: int,
    lines: tuple[str, str],
    label: str,
    url: tuple[str, str],
    moves: str,
    sprite: str,
) -> str:
    """A visit: a link with its whole story as its name.

    :param lines: what stands in it, `label` what it says.
    :param url: of its form, before and after the number.
    :param moves: who goes, as ``3,7``, when it can be moved; else empty.
    :param sprite: where the icons are.
    """
    visit = one.booked
    look = f"{one.look} clash bad" if one.is_clash else f"{one.look} {STATES[one.look]}"
    mark = CLASH if one.is_clash else MARKS.get(one.look, "")
    account, what = lines
    icon, aside = "", 12
    if mark:
        icon = f'<use href="{sprite}#{mark}" class="mark" x="11" y="7" width="13" height="13"></use>'
        aside = 28
    held = ""
    if moves:
        starts, ends = (each.isoformat(timespec="minutes") for each in (visit.starts_local, visit.ends_local))
        held = f' data-visit="{visit.visit_id}" data-version="{visit.version}" data-was="{starts}/{ends}/{moves}"'
    return (
        f'<a class="bar {look}" id="b{visit.visit_id}-{user_id}" href="{url[0]}{visit.visit_id}{url[1]}"'
        f' aria-label="{escape(label)}"{held}>'
        f'<svg x="{one.x}%" width="{one.width}%" y="{one.y}" height="{BAR_PX}">'
        f'<rect class="b" width="100%" height="100%" rx="6"></rect>'
        f'<rect class="e" width="4" height="100%" rx="2"></rect>{icon}'
        f'<text class="n" x="{aside}" y="18" font-size="12">{escape(account)}</text>'
        f'<text class="k" x="12" y="34" font-size="11">{escape(what)}</text></svg></a>'
    )


def escaped(url: str) -> tuple[str, str]:
    """An address with ``{}`` for a number, ready to stand in an attribute: what is before and after."""
    before, _place, after = url.partition("{}")
    return escape(before), escape(after)
