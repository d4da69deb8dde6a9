"""The dispatch board: technicians and days, and beside it the work that nobody does yet."""

from collections.abc import Mapping
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

from flask import Response, make_response, render_template, request, url_for
from flask_babel import gettext as _

from concierge.core.names import initials
from concierge.dispatch import queries, words
from concierge.dispatch.plan import Bar, Block, Board, Row
from concierge.dispatch.queries import Unassigned
from concierge.dispatch.views.blueprint import DAYS, Look, Page, bp, look_from_address
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.words import clock_time, day
from concierge.visits.states import OVER
from concierge.workforce import queries as workforce

MARKS = {
    "accepted": "check",
    "under": "circle-dot",
    "done": "check",
    "short": "rotate-ccw",
    "asks": "hourglass",
}
"""Icons by look; a clash has the triangle whatever it looks like."""
WORDLESS = frozenset({"way", "call"})
"""Grey stretches that are too thin for words; those who hear the row are told."""
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


class ShownBar(NamedTuple):
    """A bar as the template draws it: plain texts and numbers."""

    key: str
    visit_id: int
    version: int
    was: str
    x: float
    width: float
    y: int
    look: str
    mark: str
    account: str
    what: str
    when: str
    against: str
    label: str
    is_movable: bool


class ShownRow(NamedTuple):
    """A technician's row as the template draws it."""

    user_id: int
    name: str
    initials: str
    city: str
    booked: int
    hours: int
    load: str
    height: int
    bars: list[ShownBar]
    blocks: list[Block]
    said: str


class Card(NamedTuple):
    """Work in the tray."""

    one: Unassigned
    what: str
    needs: str
    due: str
    due_state: str
    when: str
    url: str


class Entry(NamedTuple):
    """A visit in the list by day."""

    time: str
    account: str
    what: str
    who: str
    look: str
    state: str
    url: str
    clashes: str


@bp.get("/dispatch")
@requires(Permission.SEE_PEOPLE)
def board() -> Page:
    """Show who is where, what clashes, and what has nobody."""
    return render_template("dispatch/board.html", **page_of(_look()))


@bp.get("/dispatch/changes")
@requires(Permission.SEE_PEOPLE)
def changes() -> Response:
    """Tell a board that is open what others have changed since it was read; nothing when nothing was."""
    base, count = _seen(request.args.get("seen", ""))
    tag = f"{base}.{count}"
    if base >= 0 and queries.version_of(base) == (base, count):
        answer = make_response("", HTTPStatus.NOT_MODIFIED)
        answer.set_etag(tag)
        return answer
    return make_response(render_template("dispatch/_changes.html", **page_of(_look())))


def page_of(look: Look) -> dict[str, Any]:  # Any: what the template is given
    """Collect what the board shows."""
    looking, at = viewer(), clock.now()
    base, count = queries.version_of()
    found = queries.read_board(looking, look.wanted, look.axis, at=at)
    unassigned = queries.tray(looking, at=at)
    telling, may_move = words.Telling(looking.zone), looking.may(Permission.SCHEDULE_VISITS)
    query = look.values()
    rows = [_shown(row, found, telling, may_move) for row in found.rows]
    return {
        "look": look,
        "board": found,
        "rows": rows,
        "heading": words.heading(found.clashes, len(unassigned)),
        "period": _period(look),
        "heads": _heads(look),
        "tray": [_card(one, look, query) for one in unassigned if _belongs(one, look)],
        "unassigned": len(unassigned),
        "clock_notes": words.clock_notes(
            found.zones | {looking.zone}, look.first, look.first + timedelta(days=DAYS[look.view] - 1)
        ),
        "by_day": _by_day(look, found, rows, query),
        "query": query,
        "kept": {name: value for name, value in query.items() if name in ("view", "on")},
        "seen": f"{base}.{count}",
        "poll_url": url_for("dispatch.changes", **query, seen=f"{base}.{count}"),
        "visit_url": url_for("dispatch.visit", visit_id=0, **query).replace("/visits/0", "/visits/{}", 1),
        "drop_query": url_for("dispatch.board", **query).partition("?")[2],
        "earlier": look.address(on=(look.first - timedelta(days=DAYS[look.view])).isoformat()),
        "later": look.address(on=(look.first + timedelta(days=DAYS[look.view])).isoformat()),
        "is_now": look.first <= look.today < look.first + timedelta(days=DAYS[look.view]),
        "filters": _filters(look),
        "may_move": may_move,
        "looks": words.looks(),
        "states": STATES,
        "gaps": words.gaps(),
        "now": clock_time(at, looking.zone),
    }


def _look() -> Look:
    return look_from_address(clock.today(viewer().zone))


def _seen(text: str) -> tuple[int, int]:
    base, _dot, count = text.partition(".")
    if base.isascii() and base.isdigit() and count.isascii() and count.isdigit() and len(text) < 30:
        return int(base), int(count)
    return -1, 0


def _belongs(one: Unassigned, look: Look) -> bool:
    """Whether work is of the kind and needs the skill that is looked at."""
    return (look.kind is None or one.kind is look.kind) and (not look.skill or one.skill == look.skill)


def _card(one: Unassigned, look: Look, query: Mapping[str, Any]) -> Card:  # Any: values of an address
    due, state = words.due(one, look.today)
    url = (
        url_for("dispatch.visit", visit_id=one.visit_id, **query)
        if one.visit_id is not None
        else url_for("dispatch.work", work_order_id=one.work_order_id, **query)
    )
    return Card(one, words.work(one), words.needs(one), due, state, words.when_planned(one), url)


def _shown(row: Row, found: Board, telling: words.Telling, may_move: bool) -> ShownRow:
    known, gaps = row.known, words.gaps()
    bars = [_shown_bar(bar, row, found, telling, may_move) for bar in row.bars]
    days = found.axis.days
    blocks = [
        one if one.kind in WORDLESS else one.spoken(_gap_words(one, gaps), row.bars, days)
        for one in row.blocks
    ]
    away = [
        f"{gaps[gap.kind]} {telling.span(gap.starts, gap.ends)}"
        for gap in known.gaps
        if gap.kind in gaps and found.axis.stretch(gap.starts, gap.ends)
    ]
    return ShownRow(
        user_id=row.user_id,
        name=known.name,
        initials=initials(known.name),
        city=known.city,
        booked=row.load.booked_hours,
        hours=row.load.free_hours,
        load=row.load.state,
        height=row.height,
        bars=bars,
        blocks=blocks,
        said="; ".join(away),
    )


def _gap_words(one: Block, gaps: Mapping[str, str]) -> str:
    """What takes somebody; of a holiday its name without the place."""
    return one.words.split(",")[0] if one.words else gaps.get(one.kind, "")


def _shown_bar(bar: Bar, row: Row, found: Board, telling: words.Telling, may_move: bool) -> ShownBar:
    one = bar.booked
    account, what = telling.lines(bar)
    when, against = telling.when(one), telling.against(bar) if bar.against else ""
    said = (telling.about(bar), when, telling.state(bar), against)
    who = ",".join(map(str, found.crews.get(one.visit_id, (row.user_id,))))
    return ShownBar(
        key=f"b{one.visit_id}-{row.user_id}",
        visit_id=one.visit_id,
        version=one.version,
        was=f"{one.starts_local:%Y-%m-%dT%H:%M}/{one.ends_local:%Y-%m-%dT%H:%M}/{who}",
        x=bar.x,
        width=bar.width,
        y=bar.y,
        look=f"{bar.look} clash bad" if bar.is_clash else f"{bar.look} {STATES[bar.look]}",
        mark="triangle-alert" if bar.is_clash else MARKS.get(bar.look, ""),
        account=account,
        what=what,
        when=when,
        against=against,
        label=". ".join(filter(None, said)),
        is_movable=may_move and bar.look != "under" and one.state not in OVER,
    )


def _heads(look: Look) -> list[tuple[float, str, bool]]:
    """Words over the columns: where, what, and whether it is today."""
    axis = look.axis
    if look.view == "day":
        return [(round(axis.at_minute(hour * 60), 3), f"{hour:02}:00", False) for hour in range(6, 21, 2)]
    return [
        (
            round(number * axis.width, 3),
            _head(on, look.view, number),
            on == look.today,
        )
        for number, on in enumerate(axis.every)
    ]


def _head(on: date, view: str, number: int) -> str:
    if view == "week":
        return f"{day(on).split()[0].rstrip(',')} {on.day}"
    if number % 7 == 0:
        return day(on, weekday=False)
    return "" if number % 7 == 1 else str(on.day)  # the first day of a week takes the room of two


def _period(look: Look) -> str:
    last = look.first + timedelta(days=DAYS[look.view] - 1)
    if look.view == "day":
        return _("%(day)s · times at each site", day=day(look.first))
    return _(
        "Week %(week)s, %(first)s – %(last)s · times at each site",
        week=look.first.isocalendar().week,
        first=day(look.first, weekday=False),
        last=day(last, weekday=False),
    )


def _filters(look: Look) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    people = workforce.holders("", on=look.today)
    territories = [(one.name, one.name) for one in workforce.territories()]
    kinds = [(kind.value, name) for kind, name in words.kinds().items()]
    skills = [(code, code) for code in workforce.skill_codes()]
    everybody = [(str(user_id), one.name) for user_id, one in people.items()]
    return [
        ("territory", _("Territory"), [("", _("All territories")), *territories], look.territory),
        ("skill", _("Certification"), [("", _("Any certification")), *skills], look.skill),
        ("technician", _("Engineer"), [("", _("Everybody")), *everybody], str(look.technician or "")),
        ("kind", _("Kind"), [("", _("All visits")), *kinds], look.kind.value if look.kind else ""),
    ]


def _by_day(
    look: Look,
    found: Board,
    rows: list[ShownRow],
    query: Mapping[str, Any],  # Any: values of an address
) -> list[tuple[date, str, list[Entry]]]:
    """The visits of at most a week as a list, for narrow screens: each visit once, on the day it begins."""
    first = look.today if look.axis.first <= look.today <= look.axis.last else look.first
    if look.view != "month":
        first = look.first
    days = [on for on in look.axis.every if on >= first][:7]
    states = words.looks()
    listed: dict[date, dict[int, Entry]] = {on: {} for on in days}
    for row, shown in zip(found.rows, rows, strict=True):
        for bar, drawn in zip(row.bars, shown.bars, strict=True):
            one = bar.booked
            on = max(one.starts_local.date(), first)
            if on not in listed or one.ends_local.date() < first:
                continue
            known = listed[on].get(one.visit_id)
            if known is not None:
                listed[on][one.visit_id] = known._replace(who=f"{known.who}, {shown.name}")
                continue
            listed[on][one.visit_id] = Entry(
                time=drawn.when,
                account=drawn.account,
                what=drawn.what,
                who=shown.name,
                look=bar.look,
                state=states[bar.look],
                url=url_for("dispatch.visit", visit_id=one.visit_id, **query),
                clashes=drawn.against,
            )
    return [(on, day(on), list(listed[on].values())) for on in days]
