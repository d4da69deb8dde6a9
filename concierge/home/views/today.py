"""Today: what needs whoever is looking, what happens at sites, and what changed since they were last here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask import render_template, request
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from markupsafe import Markup

from concierge.core import axis
from concierge.core.spans import Span
from concierge.core.worktime import WorkCalendar
from concierge.home import queries
from concierge.home.views import changed, needs
from concierge.home.views.blueprint import bp
from concierge.home.views.need import Need
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission, Role
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.words import called, clock_time, day, there_now
from concierge.projects import calendars
from concierge.projects.queries import promises
from concierge.visits.models import Visit
from concierge.visits.states import OVER, VisitState

SHOWN_AT_ONCE = 6
MOST_SITES, MOST_READ_SITES = 8, 16
COMING_SITES = 5
KEPT_WITHIN_DAYS = 90
FEWEST_FOR_A_SHARE = 5


@dataclass(frozen=True, slots=True)
class Section:
    """Needs of one urgency: those that are shown, and those that fold away."""

    title: str
    shown: Sequence[Need]
    folded: Sequence[Need]
    left_out: int = 0
    """How many more are known that the page has no line for."""
    is_more: bool = False
    """Whether there are even more than are known."""

    @property
    def count(self) -> int:
        """How many are known."""
        return len(self.shown) + len(self.folded) + self.left_out

    @property
    def counted(self) -> str:
        """The number as it is read: 7, or 60+ where there are more than were looked at."""
        return f"{self.count}+" if self.is_more else str(self.count)


@dataclass(frozen=True, slots=True)
class SiteRow:
    """One visit in the picture of the day."""

    name: str
    meta: str
    state: str
    icon: str
    url: str
    value: str
    mark: str
    note: str
    drawing: axis.Drawing
    tone: str = ""
    total: bool = False


@dataclass(frozen=True, slots=True)
class Sites:
    """The picture of the day: visits on one axis of 24 hours."""

    axis: axis.HourAxis
    rows: Sequence[SiteRow]
    more: int
    caption: str
    is_more: bool = False
    """Whether there are even more than were read."""

    @property
    def legend(self) -> tuple[str, ...]:
        """What of the picture needs to be named; on a day off nobody has working hours."""
        has_hours = any(shape.kind == "work" for row in self.rows for shape in row.drawing.shapes)
        return ("work",) if has_hours else ()


@bp.get("/today")
@requires(Permission.SIGNED_IN)
def today() -> str:
    """What needs the viewer, by when."""
    looking, now = viewer(), clock.now()
    if looking.role is Role.TECHNICIAN:
        return _technicians_day(looking, now)
    mine = wants_own(looking)
    found = needs.of_viewer(looking, now=now, mine=mine)
    since = queries.last_here(looking, now=now)
    counts = queries.counts(looking)
    coming = queries.coming_sites(looking, since=clock.today(looking.zone), mine=mine, most=COMING_SITES)
    return render_template(
        "home/today.html",
        eyebrow=_eyebrow(looking, now),
        heading=_heading(found),
        aside="" if found.act.count or found.soon.count else _nothing(looking, now, own=False),
        sections=(
            _listed(_("Act now"), found.act),
            _listed(_("Today and the days after"), found.soon),
        ),
        waiting=_listed(_("Waiting on others"), found.waiting, shown=0),
        put_aside=_listed(_("Put aside"), found.aside, shown=0),
        back="" if (whose := request.args.get("whose", "")) not in {"mine", "all"} else f"?whose={whose}",
        zone=looking.zone,
        sites=_sites(looking, now, own=False),
        place=queries.city_of(looking.zone),
        counts=counts,
        split=_split(counts),
        kept=_kept(looking, now),
        coming=coming,
        since=_since(since, now, looking.zone),
        feed=changed.feed(looking, since=since),
        mine=mine,
        may_choose=looking.role is Role.CONCIERGE,
        may_import=looking.may(Permission.IMPORT_ORDERS),
        is_first_use=not any((counts.live, counts.drafts, counts.late)),
    )


def _technicians_day(looking: Viewer, now: datetime) -> str:
    """The technician's own visits: today, then the two weeks after."""
    zone = ZoneInfo(looking.zone)
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    visits = needs.visits_of(looking, now=now)
    lines = {need.key: need for need in needs.own_visits(visits, looking, now=now)}
    since = queries.last_here(looking, now=now)
    to_close = [visit for visit in visits if visit.ends_at <= now and visit.state not in OVER]
    todays = [visit for visit in visits if visit.starts_at < midnight and visit.ends_at > now]
    coming = [visit for visit in visits if visit.starts_at >= midnight]
    next_one = next((visit for visit in todays + coming if visit.starts_at > now), None)

    def section(title: str, of: Sequence[Visit]) -> Section:
        found = (lines[f"visit:{visit.id}"] for visit in of)
        return _section(title, tuple(need for need in found if need.aside is None), shown=20)

    return render_template(
        "home/day.html",
        eyebrow=_eyebrow(looking, now),
        heading=_day_heading(len(todays), next_one, now),
        sections=(
            section(_("Say how it went"), to_close),
            section(_("Today"), todays),
            section(_("The next two weeks"), coming),
        ),
        put_aside=_section(_("Put aside"), tuple(need for need in lines.values() if need.aside), shown=0),
        zone=looking.zone,
        sites=_sites(looking, now, own=True),
        place=queries.city_of(looking.zone),
        since=_since(since, now, looking.zone),
        feed=changed.feed(looking, since=since),
    )


def wants_own(looking: Viewer) -> bool:
    """Whether somebody looks at their own projects only, as the address says or as they do by default."""
    asked = request.args.get("whose", "")
    return asked == "mine" or (asked != "all" and queries.own_by_default(looking))


def _listed(title: str, listed: needs.Listed, *, shown: int = SHOWN_AT_ONCE) -> Section:
    left_out = listed.count - len(listed.needs)
    return replace(_section(title, listed.needs, shown=shown), left_out=left_out, is_more=listed.is_more)


def _section(title: str, rows: Sequence[Need], *, shown: int = SHOWN_AT_ONCE) -> Section:
    if len(rows) <= shown + 1:
        return Section(title, rows, ())
    return Section(title, rows[:shown], rows[shown:])


def _eyebrow(looking: Viewer, now: datetime) -> str:
    there = now.astimezone(ZoneInfo(looking.zone))
    locale = get_locale()
    pattern = "EEEE d MMMM" if locale is None or locale.language != "de" else "EEEE, d. MMMM"
    return _(
        "%(day)s · %(city)s %(clock)s",
        day=format_date(there, pattern, locale=locale or "en"),
        city=queries.city_of(looking.zone),
        clock=clock_time(there),
    )


def _heading(found: needs.Agenda) -> str:
    act, soon = found.act.count, found.soon.count
    if act and found.act.is_more:
        return _("More than %(many)s things need you now", many=act)
    if act:
        return ngettext(
            "%(many)s thing needs you now", "%(many)s things need you now", act, many=_number(act)
        )
    if soon and found.soon.is_more:
        return _("More than %(many)s things can be done today", many=soon)
    if soon:
        return ngettext(
            "%(many)s thing can be done today", "%(many)s things can be done today", soon, many=_number(soon)
        )
    return _("Nothing needs you")


def _day_heading(today_count: int, next_one: Visit | None, now: datetime) -> str:
    if today_count:
        return ngettext(
            "%(many)s visit today", "%(many)s visits today", today_count, many=_number(today_count)
        )
    if next_one is None:
        return _("No visit in the next two weeks")
    return _(
        "No visit today; the next is on %(day)s in %(city)s",
        day=day(next_one.starts_local),
        city=next_one.site.city or next_one.site.name,
    )


def _nothing(looking: Viewer, now: datetime, *, own: bool) -> str:
    coming = queries.next_visit(looking, after=now, own=own)
    if coming is None:
        return ""
    return _(
        "Next: %(title)s in %(city)s, %(day)s at %(clock)s.",
        title=called(coming),
        city=coming.site.city or coming.site.name,
        day=day(coming.starts_local),
        clock=clock_time(coming.starts_local),
    )


def _number(count: int) -> str:
    words = (
        _("No"),
        _("One"),
        _("Two"),
        _("Three"),
        _("Four"),
        _("Five"),
        _("Six"),
        _("Seven"),
        _("Eight"),
        _("Nine"),
        _("Ten"),
        _("Eleven"),
        _("Twelve"),
    )
    return words[count] if count < len(words) else str(count)


def _split(counts: queries.Counts) -> tuple[tuple[str, int, str, str], ...]:
    fine = counts.live - counts.late - counts.at_risk
    return (
        ("ok", fine, _("%(count)s on track", count=fine), "/projects?health=on+track"),
        ("warn", counts.at_risk, _("%(count)s at risk", count=counts.at_risk), "/projects?health=at+risk"),
        ("bad", counts.late, _("%(count)s late", count=counts.late), "/projects?health=late"),
    )


def _kept(looking: Viewer, now: datetime) -> Markup:
    """How many of the promises that fell due lately were kept, leading to all of them by quarter."""
    today = now.date()
    tally = promises.promises_kept(
        looking,
        from_on=today - timedelta(days=KEPT_WITHIN_DAYS),
        to_on=today + timedelta(days=1),
        at=now,
    )
    if not tally.due:
        words = _("no promise fell due in %(days)s days", days=KEPT_WITHIN_DAYS)
    elif tally.due < FEWEST_FOR_A_SHARE:
        words = ngettext(
            "%(kept)s of %(num)s promise, %(days)s days",
            "%(kept)s of %(num)s promises, %(days)s days",
            tally.due,
            kept=tally.kept,
            days=KEPT_WITHIN_DAYS,
        )
    else:
        words = ngettext(
            "%(share)s %% of %(num)s promise, %(days)s days",
            "%(share)s %% of %(num)s promises, %(days)s days",
            tally.due,
            share=round(100 * tally.kept / tally.due),
            days=KEPT_WITHIN_DAYS,
        )
    return Markup('<a href="/promises">%s</a>') % words


def _since(since: datetime, now: datetime, zone: str) -> str:
    there, here = since.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone))
    if there.date() == here.date():
        return _("Since %(clock)s", clock=clock_time(there))
    if there.date() == here.date() - timedelta(days=1):
        return _("Since yesterday %(clock)s", clock=clock_time(there))
    return _("Since %(day)s", day=day(there))


def _sites(looking: Viewer, now: datetime, *, own: bool) -> Sites:
    zone = ZoneInfo(looking.zone)
    on = axis.HourAxis(now.astimezone(zone).date(), zone, now)
    visits = [
        visit
        for visit in queries.visits_between(looking, on.from_at, on.to_at, own=own, most=MOST_READ_SITES)
        if _present(visit, on)
    ]
    drawn, more = visits[:MOST_SITES], max(0, len(visits) - MOST_SITES)
    days = calendars.site_calendars({visit.site_id for visit in drawn})
    rows = [_site_row(visit, on, now, days[visit.site_id]) for visit in drawn]
    caption = _(
        "Visits of %(day)s by site, on the clock of %(city)s; it is %(clock)s.",
        day=day(on.on),
        city=queries.city_of(looking.zone),
        clock=clock_time(now.astimezone(zone)),
    )
    is_more = len(visits) + 1 >= MOST_READ_SITES
    return Sites(on, rows, more, caption, is_more)


def _present(visit: Visit, on: axis.HourAxis) -> list[Span[datetime]]:
    """The hours of the viewer's day during which somebody is there."""
    return [
        span
        for span in _presences(visit)
        if span.to_at and span.to_at > on.from_at and span.from_at < on.to_at
    ]


def _site_row(visit: Visit, on: axis.HourAxis, now: datetime, calendar: WorkCalendar) -> SiteRow:
    """One visit as it lies on the viewer's day."""
    there = ZoneInfo(visit.zone)
    presences = _present(visit, on)
    first_on, last_on = visit.starts_local.date(), visit.ends_local.date()
    shown = next((span for span in presences if span.to_at and span.to_at > now), presences[-1])
    state, word = _standing(visit, shown, now)
    day_there = shown.from_at.astimezone(there).date()
    title = called(visit)
    if last_on > first_on:
        title = _(
            "%(title)s, day %(day)s of %(days)s",
            title=title,
            day=(day_there - first_on).days + 1,
            days=(last_on - first_on).days + 1,
        )
    hours = [
        Span(
            datetime.combine(each, visit.site.access_from, tzinfo=there),
            datetime.combine(each, visit.site.access_to, tzinfo=there),
        )
        for each in (day_there - timedelta(days=1), day_there, day_there + timedelta(days=1))
        if calendar.is_workday(each)
    ]
    line = axis.DayLine(open=tuple(hours), present=tuple((span, state) for span in presences))
    return SiteRow(
        name=visit.site.city or visit.site.name,
        meta=_("%(clock)s there now", clock=there_now(visit.zone)),
        state=state,
        icon=needs.ICONS[visit.kind] if state == "idle" else "",
        url=f"/visits/{visit.id}",
        value=title,
        mark=word,
        note=f"{shown.from_at.astimezone(there):%H:%M}–{(shown.to_at or shown.from_at).astimezone(there):%H:%M}",
        drawing=axis.draw_day([line], on)[0],
    )


def _presences(visit: Visit) -> Iterable[Span[datetime]]:
    """The hours somebody is there on each day of a visit: nobody works through the night."""
    there = ZoneInfo(visit.zone)
    starts, ends = visit.starts_local, visit.ends_local
    if starts.date() == ends.date() or ends <= starts:
        yield Span(visit.starts_at, visit.ends_at)
        return
    closes = ends.time() if ends.time() > starts.time() else max(visit.site.access_to, starts.time())
    each = starts.date()
    while each <= ends.date():
        until = ends.time() if each == ends.date() else closes
        if until > starts.time():
            yield Span(
                datetime.combine(each, starts.time(), tzinfo=there),
                datetime.combine(each, until, tzinfo=there),
            )
        each += timedelta(days=1)


def _standing(visit: Visit, shown: Span[datetime], now: datetime) -> tuple[str, str]:
    """The state of a visit today, and the word for it."""
    ends_at = shown.to_at or visit.ends_at
    if visit.state is VisitState.COMPLETE:
        return "ok", _("Done")
    if visit.state is VisitState.INCOMPLETE:
        return "bad", _("Not finished")
    if visit.needs_decision:
        return "warn", _("To decide")
    if visit.state is VisitState.IN_PROGRESS:
        return ("ok", _("Done for today")) if ends_at <= now else ("go", _("Now"))
    if visit.state is VisitState.ON_ROUTE:
        return "go", _("On the way")
    if ends_at <= now:
        return "warn", _("Not reported")
    if shown.from_at <= now:
        return "go", _("Should be there")
    if not visit.crew_members:
        return "warn", _("Nobody assigned")
    return "idle", _("Planned") if visit.state in {VisitState.DRAFT, VisitState.TENTATIVE} else _("Confirmed")
