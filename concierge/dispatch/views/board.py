"""The dispatch board: technicians and days, and beside it the work that nobody does yet."""

from collections.abc import Mapping
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

from flask import Response, make_response, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup

from concierge.core.names import initials
from concierge.dispatch import drawing, queries, words
from concierge.dispatch.plan import Bar, Block, Board, Row
from concierge.dispatch.queries import Unassigned
from concierge.dispatch.views.blueprint import DAYS, Look, Page, bp, look_from_address
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.assets import asset
from concierge.platform.words import clock_time, day
from concierge.visits.states import OVER
from concierge.workforce import queries as workforce

NOW_LINE = Markup('<use href="#board-now"></use>')
"""Drawn once, beside the axis; each row points to it."""
SOON = timedelta(days=28)
"""What is due so long after the days shown is counted; what is due later can be unfolded."""
WORDLESS = frozenset({"way", "call"})
"""Grey stretches that are too thin for words; those who hear the row are told."""


class _Drawn(NamedTuple):
    """What is the same in every row."""

    gaps: Mapping[str, str]
    url: tuple[str, str]
    sprite: str
    may_move: bool


class Told(NamedTuple):
    """What is said of a visit."""

    account: str
    what: str
    when: str
    against: str


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
    picture: Markup
    """Grey stretches, then the visits, with the place of the now line between them."""
    told: list[Told]
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
    unassigned = [one for one in queries.tray(looking, at=at) if _belongs(one, look)]
    last = look.first + timedelta(days=DAYS[look.view] - 1)
    soon = [one for one in unassigned if (queries.due_on(one) or last) <= last + SOON]
    later = [one for one in unassigned if one not in soon]
    telling, may_move = words.Telling(looking.zone), looking.may(Permission.SCHEDULE_VISITS)
    query = look.values()
    visit_url = url_for("dispatch.visit", visit_id=0, **query).replace("/visits/0", "/visits/{}", 1)
    work_url = url_for("dispatch.work", work_order_id=0, **query).replace(
        "/work-orders/0", "/work-orders/{}", 1
    )
    drawn = _Drawn(words.gaps(), drawing.escaped(visit_url), asset("icons.svg"), may_move)
    rows = [_shown(row, found, telling, drawn) for row in found.rows]
    return {
        "look": look,
        "board": found,
        "rows": rows,
        "heading": words.heading(found.clashes, len(soon)),
        "period": _period(look),
        "heads": _heads(look),
        "tray": [_card(one, look, visit_url, work_url) for one in soon],
        "later_tray": [_card(one, look, visit_url, work_url) for one in later],
        "clock_notes": words.clock_notes(
            found.zones | {looking.zone}, look.first, look.first + timedelta(days=DAYS[look.view] - 1)
        ),
        "by_day": _by_day(look, found, rows, visit_url, telling),
        "query": query,
        "kept": {name: value for name, value in query.items() if name in ("view", "on")},
        "seen": f"{base}.{count}",
        "poll_url": url_for("dispatch.changes", **query, seen=f"{base}.{count}"),
        "drop_query": url_for("dispatch.board", **query).partition("?")[2],
        "earlier": look.address(on=(look.first - timedelta(days=DAYS[look.view])).isoformat()),
        "later": look.address(on=(look.first + timedelta(days=DAYS[look.view])).isoformat()),
        "is_now": look.first <= look.today < look.first + timedelta(days=DAYS[look.view]),
        "filters": _filters(look, found),
        "may_move": may_move,
        "looks": words.looks(),
        "states": drawing.STATES,
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


def _card(one: Unassigned, look: Look, visit_url: str, work_url: str) -> Card:
    due, state = words.due(one, look.today)
    url = (
        work_url.replace("{}", str(one.work_order_id))
        if one.visit_id is None
        else visit_url.replace("{}", str(one.visit_id))
    )
    return Card(one, words.work(one), words.needs(one), due, state, words.when_planned(one), url)


def _shown(row: Row, found: Board, telling: words.Telling, drawn: _Drawn) -> ShownRow:
    known, gaps, days = row.known, drawn.gaps, found.axis.days
    blocks = [
        one if one.kind in WORDLESS else one.spoken(_gap_words(one, gaps), row.bars, days)
        for one in row.blocks
    ]
    away = [
        f"{gaps[gap.kind]} {telling.span(gap.starts, gap.ends)}"
        for gap in known.gaps
        if gap.kind in gaps and found.axis.stretch(gap.starts, gap.ends)
    ]
    told, bars = [], []
    for bar in row.bars:
        one = bar.booked
        lines, when = telling.lines(bar), telling.when(one)
        against = telling.against(bar) if bar.against else ""
        told.append(Told(*lines, when, against))
        label = f"{telling.about(bar)}. {when}. {telling.state(bar)}"
        is_movable = drawn.may_move and bar.look != "under" and one.state not in OVER
        who = ",".join(map(str, found.crews.get(one.visit_id, (row.user_id,)))) if is_movable else ""
        bars.append(
            drawing.bar(
                bar,
                user_id=row.user_id,
                lines=lines,
                label=f"{label}. {against}" if against else label,
                url=drawn.url,
                moves=who,
                sprite=drawn.sprite,
            )
        )
    return ShownRow(
        user_id=row.user_id,
        name=known.name,
        initials=initials(known.name),
        city=known.city,
        booked=row.load.booked_hours,
        hours=row.load.free_hours,
        load=row.load.state,
        height=row.height,
        picture=drawing.blocks(blocks) + NOW_LINE + Markup("".join(bars)),  # noqa: S704 # escaped by `drawing`
        told=told,
        said="; ".join(away),
    )


def _gap_words(one: Block, gaps: Mapping[str, str]) -> str:
    """What takes somebody; of a holiday its name without the place."""
    return one.words.split(",")[0] if one.words else gaps.get(one.kind, "")


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


def _filters(look: Look, found: Board) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    territories = [(one.name, one.name) for one in workforce.territories()]
    kinds = [(kind.value, name) for kind, name in words.kinds().items()]
    skills = [(code, code) for code in workforce.skill_codes()]
    everybody = [(str(user_id), name) for user_id, name in found.everybody]
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
    visit_url: str,
    telling: words.Telling,
) -> list[tuple[date, str, list[Entry]]]:
    """The visits of at most a week as a list, for narrow screens: each visit once, on the day it begins."""
    first = look.today if look.axis.first <= look.today <= look.axis.last else look.first
    if look.view != "month":
        first = look.first
    days = [on for on in look.axis.every if on >= first][:7]
    states = words.looks()
    listed: dict[date, dict[int, Entry]] = {on: {} for on in days}
    of_visit: dict[int, list[Bar]] = {}
    for row, shown in zip(found.rows, rows, strict=True):
        for bar, told in zip(row.bars, shown.told, strict=True):
            one = bar.booked
            on = max(one.starts_local.date(), first)
            if on not in listed or one.ends_local.date() < first:
                continue
            of_visit.setdefault(one.visit_id, []).append(bar)
            known = listed[on].get(one.visit_id)
            if known is not None:
                against = telling.against(*of_visit[one.visit_id]) if bar.against else known.clashes
                listed[on][one.visit_id] = known._replace(who=f"{known.who}, {shown.name}", clashes=against)
                continue
            listed[on][one.visit_id] = Entry(
                time=told.when,
                account=told.account,
                what=told.what,
                who=shown.name,
                look=bar.look,
                state=states[bar.look],
                url=visit_url.replace("{}", str(one.visit_id)),
                clashes=told.against,
            )
    return [(on, day(on), list(listed[on].values())) for on in days]
