"""A whole calendar file: header, kept entries joined, footer; which entries belong into it, and the tag
that names it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from icalendar import Calendar

from concierge.feeds import vevent, words
from concierge.feeds.states import Scope, Shows
from concierge.feeds.vevent import Entry, Transparency

CONTENT_TYPE = "text/calendar; charset=utf-8"
PRODUCT = "-//Concierge//Visits//EN"
FOOTER = b"END:VCALENDAR\r\n"
REFRESH = "PT1H"
"""How often a calendar program is asked to look again. Most decide for themselves."""

_WORD = {
    Shows.VISITS: "visits",
    Shows.MILESTONES: "milestones",
    Shows.ON_CALL: "on_call",
    Shows.FREE_BUSY: "free_busy",
}

PAST_DAYS = 60
FUTURE_DAYS = 400
NOTICE_DAYS = 30
"""How long an ended address answers with a notice, which is what empties the devices (feed rule F29)."""


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of time a feed covers. It moves once a week, so that files and tags are stable in between.

    `week_on` is the Monday (UTC) of the week it was made for, `days` how far it reaches beyond that week. A
    visit belongs into it when it ends after `from_at` and starts before `to_at`.
    """

    week_on: date
    days: int = FUTURE_DAYS

    @classmethod
    def around(cls, at: datetime, *, days: int = FUTURE_DAYS) -> "Window":
        """The window for a moment: from 60 days before its week to some days after it."""
        today = at.astimezone(UTC).date()
        return cls(today - timedelta(days=today.weekday()), days)

    @property
    def week_at(self) -> datetime:
        """The instant the week starts."""
        return datetime(self.week_on.year, self.week_on.month, self.week_on.day, tzinfo=UTC)

    @property
    def from_at(self) -> datetime:
        """Visits that end at or before this instant are left out."""
        return self.week_at - timedelta(days=PAST_DAYS)

    @property
    def to_at(self) -> datetime:
        """Visits that start at or after this instant are left out."""
        return self.week_at + timedelta(days=7 + self.days)


@lru_cache(maxsize=1024)
def header(*, title: str, language: str) -> bytes:
    """Everything before the first entry.

    No METHOD, calendar UID, X-WR-TIMEZONE or SOURCE: each breaks a client.
    """
    title = vevent.text(vevent.one_line(title, at_most=120))
    about = vevent.text(words.sentence("calendar_note", language=language))
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", vevent.text(PRODUCT))
    calendar.add("calscale", vevent.text("GREGORIAN"))
    calendar.add("name", title)
    calendar.add("x-wr-calname", title)
    calendar.add("x-wr-caldesc", about)
    calendar.add("refresh-interval", vevent.text(REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vevent.text(REFRESH))
    return bytes(calendar.to_ical(sorted=False)).removesuffix(FOOTER)


def title_of(shows: Shows, scope: Scope, name: str, *, language: str) -> str:
    """What a calendar is called in a program, such as "Visits of Tomas Berger"."""
    key = f"calendar_{_WORD[shows]}"
    if shows is Shows.VISITS and scope in (Scope.PROJECT, Scope.SITE):
        key = "calendar_visits_of_project"
    elif scope is Scope.TEAM and not name:
        key = f"{key}_of_all"
    return words.sentence(key, language=language, name=name)


@lru_cache(maxsize=1)
def bare_header() -> bytes:
    """What stands before the entry of a file that is attached to a letter."""
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", vevent.text(PRODUCT))
    calendar.add("calscale", vevent.text("GREGORIAN"))
    return bytes(calendar.to_ical(sorted=False)).removesuffix(FOOTER)


def joined(head: bytes, entries: Iterable[bytes]) -> bytes:
    """The file: header, entries, footer."""
    return b"".join((head, *entries, FOOTER))


def nothing_planned(
    *, scope: str, window: Window, changed_at: datetime | None, language: str, shows: Shows = Shows.VISITS
) -> bytes:
    """The entry that stands in a file without any other, on the first day of the window's week.

    A file without any entry empties Thunderbird but not Evolution (feed rule F6). Its dates come from the
    window and from the last change (`None`: none yet), never from the clock, so that one tag names one
    file.
    """
    modified_at = window.week_at if changed_at is None else max(window.week_at, changed_at)
    return vevent.render(
        Entry(
            uid=f"{scope}-nothing@concierge",
            sequence=0,
            created_at=window.week_at,
            modified_at=modified_at,
            start=window.week_on,
            end=window.week_on + timedelta(days=1),
            summary=words.sentence(f"nothing_{_WORD[shows]}", language=language),
            description=words.sentence(f"nothing_{_WORD[shows]}_note", language=language),
            transparency=Transparency.TRANSPARENT,
        )
    )


def address_ended(*, scope: str, ended_at: datetime, language: str, is_for_customer: bool = False) -> bytes:
    """The one entry of an address that was replaced or withdrawn: nothing of the visits, on each day of the
    notice.
    """
    ended_on = ended_at.astimezone(UTC).date()
    return vevent.render(
        Entry(
            uid=f"{scope}-ended@concierge",
            sequence=0,
            created_at=ended_at,
            modified_at=ended_at,
            start=ended_on,
            end=ended_on + timedelta(days=NOTICE_DAYS),
            summary=words.sentence("revoked", language=language),
            description=words.sentence(
                "revoked_note_customer" if is_for_customer else "revoked_note", language=language
            ),
            transparency=Transparency.TRANSPARENT,
        )
    )


def notice_is_over(*, ended_at: datetime, at: datetime) -> bool:
    """Whether an ended address has shown its notice long enough and is gone (410)."""
    return at >= ended_at + timedelta(days=NOTICE_DAYS)


def tag(*, scope: str, version: str, window: Window, lapsed: int, base_url: str) -> str:
    """The strong entity tag of a file, without quotation marks. Same tag, same bytes.

    `version` is drawn at random with every change, for a counter repeats itself after a restored backup (C4);
    `lapsed` counts the cancelled entries that have left since, by the hour they were given when written (C7);
    the `scope` is whose visits these are, not the address (C9).
    """
    return f"{vevent.RENDERER}.{_site(base_url)}.{scope}.{version}.{window.week_on:%Y%m%d}.{lapsed}"


@lru_cache(maxsize=8)
def _site(base_url: str) -> str:
    return sha256(base_url.encode()).hexdigest()[:6]


def ended_tag(*, scope: str, ended_at: datetime, language: str) -> str:
    """The tag of an ended address's notice."""
    return f"{vevent.RENDERER}.{scope}.ended.{ended_at:%Y%m%d%H%M%S}.{language}"


def compressed_tag(plain: str) -> str:
    """The tag of the same file compressed; strong tags differ per coding (RFC 9110 §8.8.3.3)."""
    return f"{plain}.gz"
