"""What there is to tell as an entry in words, in the reader's language; the sentences stand in `sentences`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from concierge.feeds.sentences import DAYS, KINDS, MONTHS, SENTENCES, WEEKDAYS
from concierge.feeds.states import Shows
from concierge.feeds.vevent import Entry, Status, Transparency
from concierge.platform.speech import RIGHT_TO_LEFT

LANGUAGES = tuple(SENTENCES)
_APART, _TOGETHER = "\u2068", "\u2069"
"""What stands between these runs its own way, and nothing around it (UAX 9)."""

ALARMS = (timedelta(days=1), timedelta(hours=1))
"""How long before a visit or turn a device rings, where that was asked for."""
ALARM_OF_A_DAY = (timedelta(hours=15),)
"""The same for a milestone, which begins at midnight: at nine on the day before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """What a feed tells of a visit: no names, telephone numbers or addresses of persons (feed rule F18).

    `zone` is the site's IANA zone; `place` the site's town; `titles` the title by language, where it is known.
    `wall` are start and end as the clocks at the site were planned to show them: what is said in words stays
    when a country changes its clocks.
    """

    uid: str
    sequence: int
    created_at: datetime
    kind: str
    status: Status
    start_at: datetime
    end_at: datetime
    zone: str
    account: str
    place: str = ""
    address: str = ""
    title: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    project_key: str = ""
    url: str = ""
    wall: tuple[datetime, datetime] | None = None
    arrival_minutes: int = 0
    """Length of the window, from the start on, in which somebody arrives; 0: at the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedMilestone:
    """What a feed tells of a milestone: whole days at the site, the last one included.

    `names` is its name by language; `is_done` whether these are the days on which it happened.
    """

    uid: str
    sequence: int
    created_at: datetime
    status: Status
    first_on: date
    last_on: date
    zone: str
    names: Mapping[str, str]
    key: str
    account: str
    project_key: str
    is_done: bool = False
    url: str = ""

    @property
    def start_at(self) -> datetime:
        """The first of its days as a day in UTC: what entries are ordered and left out by."""
        return datetime.combine(self.first_on, time(), UTC)

    @property
    def end_at(self) -> datetime:
        """The day after its last one, likewise."""
        return datetime.combine(self.last_on + timedelta(days=1), time(), UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a feed tells of an on-call turn; `zone` is where the technician lives."""

    uid: str
    sequence: int
    created_at: datetime
    status: Status
    start_at: datetime
    end_at: datetime
    zone: str
    name: str
    note: str = ""
    wall: tuple[datetime, datetime] | None = None


Told: TypeAlias = Appointment | DatedMilestone | Turn
"""Whatever one entry tells of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """For whom an entry is written. Calendars of one style share the bytes of their entries."""

    language: str
    shows: Shows = Shows.VISITS
    is_busy_only: bool = False
    has_alarms: bool = False
    is_for_customer: bool = False


def entry_of(told: Told, *, style: Style, modified_at: datetime) -> Entry:
    """The entry of a visit, milestone or turn in the style of a calendar, as of its last published change."""
    language = style.language
    match told:
        case Appointment():
            entry = _of_visit(told, style=style, modified_at=modified_at)
        case DatedMilestone():
            entry = _of_milestone(told, style=style, modified_at=modified_at)
        case Turn():
            entry = _of_turn(told, language=language, modified_at=modified_at)
    if style.is_busy_only:
        entry = replace(
            entry,
            summary=sentence("busy", language=language),
            description="",
            location="",
            categories=(),
            url="",
        )
    if told.status is Status.CANCELLED:
        title = sentence("cancelled", language=language, title=entry.summary)
        return replace(entry, summary=title, transparency=Transparency.TRANSPARENT, alarms=())
    if told.status is Status.TENTATIVE:
        entry = replace(entry, summary=sentence("tentative", language=language, title=entry.summary))
    if style.has_alarms:
        entry = replace(entry, alarms=ALARM_OF_A_DAY if isinstance(told, DatedMilestone) else ALARMS)
    return entry


def _of_visit(appointment: Appointment, *, style: Style, modified_at: datetime) -> Entry:
    language = style.language
    kind = kind_word(appointment.kind, language=language)
    title = sentence(
        "title" if appointment.place else "title_without_place",
        language=language,
        kind=kind,
        account=appointment.account,
        place=appointment.place,
    )
    return Entry(
        uid=appointment.uid,
        sequence=appointment.sequence,
        created_at=appointment.created_at,
        modified_at=modified_at,
        start=appointment.start_at,
        end=appointment.end_at,
        summary=title,
        description=_description(appointment, style=style),
        location=appointment.address,
        status=appointment.status,
        categories=(kind,),
        url="" if style.is_for_customer else appointment.url,
    )


def _of_milestone(milestone: DatedMilestone, *, style: Style, modified_at: datetime) -> Entry:
    language = style.language
    name = milestone.names.get(_known(language)) or milestone.names.get("en") or milestone.key
    key = "milestone_customer" if style.is_for_customer else "milestone"
    lines = []
    if milestone.status is Status.CANCELLED:
        lines.append(sentence("cancelled_milestone_note", language=language))
    days = _day(milestone.first_on, language)
    if milestone.last_on != milestone.first_on:
        last = _day(milestone.last_on, language)
        days = sentence("days", language=language, first=days, last=last)
    lines.append(
        sentence(
            "done_on" if milestone.is_done else "planned_on",
            language=language,
            days=days,
            zone=milestone.zone,
        )
    )
    lines.append(sentence("project", language=language, key=milestone.project_key))
    url = "" if style.is_for_customer else milestone.url
    if url:
        lines.append(sentence("details", language=language, url=url))
    return Entry(
        uid=milestone.uid,
        sequence=milestone.sequence,
        created_at=milestone.created_at,
        modified_at=modified_at,
        start=milestone.first_on,
        end=milestone.last_on + timedelta(days=1),
        summary=sentence(key, language=language, name=name, account=milestone.account),
        description="\n".join(lines),
        status=milestone.status,
        transparency=Transparency.TRANSPARENT,
        url=url,
    )


def _of_turn(turn: Turn, *, language: str, modified_at: datetime) -> Entry:
    lines = []
    if turn.status is Status.CANCELLED:
        lines.append(sentence("cancelled_turn_note", language=language))
    lines.append(
        sentence(
            "turn_time",
            language=language,
            span=_span(turn, language=language),
            zone=turn.zone,
            offset=_offset(turn),
        )
    )
    if turn.note:
        lines.append(sentence("note", language=language, note=turn.note))
    return Entry(
        uid=turn.uid,
        sequence=turn.sequence,
        created_at=turn.created_at,
        modified_at=modified_at,
        start=turn.start_at,
        end=turn.end_at,
        summary=sentence("turn", language=language, name=turn.name),
        description="\n".join(lines),
        status=turn.status,
        transparency=Transparency.TRANSPARENT,
    )


def plainest(entry: Entry, *, language: str) -> Entry:
    """The same entry without any text that people typed: what is published if the linter refuses the rest."""
    return replace(
        entry, summary=kind_word("other", language=language), description="", location="", categories=()
    )


def sentence(key: str, /, *, language: str, **parts: str) -> str:
    """A sentence of a feed in a language; English where the language is not ours.

    In one that is written from right to left each name, figure and address in it runs its own way, but not a link:
    programs would take the mark for a part of it.
    """
    if language in RIGHT_TO_LEFT:
        parts = {
            name: part if name == "url" else f"{_APART}{part}{_TOGETHER}" for name, part in parts.items()
        }
    return SENTENCES[_known(language)][key].format(**parts)


def kind_word(kind: str, *, language: str) -> str:
    """The word for a kind of visit."""
    kinds = KINDS[_known(language)]
    return kinds.get(kind, kinds["other"])


def _wall(told: Appointment | Turn) -> tuple[datetime, datetime]:
    """Start and end as the clocks there show them; naive."""
    if told.wall is not None:
        return told.wall
    zone = ZoneInfo(told.zone)
    start, end = (each.astimezone(zone).replace(tzinfo=None) for each in (told.start_at, told.end_at))
    return start, end


def _span(told: Appointment | Turn, *, language: str) -> str:
    """From when to when in the zone of the site, such as "Mon 14 Dec 2026, 09:00–16:00"."""
    start, end = _wall(told)
    first, last = _day(start, language), _day(end, language)
    times = {"start": f"{start:%H:%M}", "end": f"{end:%H:%M}"}
    if start.date() == end.date():
        return sentence("on_one_day", language=language, day=first, **times)
    return sentence("over_days", language=language, first=first, last=last, **times)


def _description(appointment: Appointment, *, style: Style) -> str:
    language = style.language
    lines = []
    match appointment.status:
        case Status.CANCELLED:
            note = "cancelled_note_customer" if style.is_for_customer else "cancelled_note"
            lines.append(sentence(note, language=language))
        case Status.TENTATIVE:
            lines.append(sentence("tentative_note", language=language))
    lines.append(
        sentence(
            "local_time",
            language=language,
            span=_span(appointment, language=language),
            zone=appointment.zone,
            offset=_offset(appointment),
        )
    )
    if appointment.arrival_minutes and appointment.status is not Status.CANCELLED:
        earliest = _wall(appointment)[0]
        latest = earliest + timedelta(minutes=appointment.arrival_minutes)
        window = {"earliest": f"{earliest:%H:%M}", "latest": f"{latest:%H:%M}"}
        lines.append(sentence("arrival", language=language, **window))
    titles = appointment.titles
    title = titles.get(_known(language)) or (
        titles.get("en", "") if style.is_for_customer else appointment.title
    )
    if title not in ("", *(kind_word(appointment.kind, language=each) for each in (language, "en"))):
        lines.append(sentence("what", language=language, title=title))
    if appointment.address:
        lines.append(sentence("where", language=language, address=appointment.address))
    if appointment.project_key:
        lines.append(sentence("project", language=language, key=appointment.project_key))
    if appointment.url and not style.is_for_customer:
        lines.append(sentence("details", language=language, url=appointment.url))
    return "\n".join(lines)


def _day(moment: date, language: str) -> str:
    known = _known(language)
    return DAYS[known].format(
        weekday=WEEKDAYS[known][moment.weekday()],
        day=moment.day,
        month=MONTHS[known][moment.month - 1],
        year=moment.year,
    )


def _offset(told: Appointment | Turn) -> str:
    offset = _wall(told)[0] - told.start_at.astimezone(UTC).replace(tzinfo=None)
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'−' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


def _known(language: str) -> str:
    return language if language in LANGUAGES else "en"
