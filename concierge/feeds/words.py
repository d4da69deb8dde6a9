# ruff: noqa: E501 - a sentence that a person reads stays on one line
"""The words of an entry in English and German.

They stand here and not in the message catalogue because they are bytes that devices have stored: whoever
changes one raises `vevent.RENDERER`, so that every device is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from concierge.feeds.vevent import Entry, Status, Transparency

LANGUAGES = ("en", "de")

_WEEKDAYS: Mapping[str, tuple[str, ...]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "de": ("Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So."),
}
_MONTHS: Mapping[str, tuple[str, ...]] = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "de": (
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ),
}
_KINDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "site survey": "Site survey",
        "delivery": "Delivery",
        "install": "Installation",
        "training": "Training",
        "remote call": "Remote call",
        "other": "Visit",
    },
    "de": {
        "site survey": "Standortbegehung",
        "delivery": "Lieferung",
        "install": "Installation",
        "training": "Schulung",
        "remote call": "Online-Termin",
        "other": "Besuch",
    },
}
_SENTENCES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "{kind}: {account}, {place}",
        "title_without_place": "{kind}: {account}",
        "cancelled": "CANCELLED: {title}",
        "tentative": "Tentative: {title}",
        "cancelled_note": "This visit is cancelled. Do not travel.",
        "tentative_note": "This visit is not confirmed yet. The time may change.",
        "local_time": "Local time at the site: {span} ({zone}, {offset})",
        "what": "What: {title}",
        "where": "Where: {address}",
        "project": "Project: {key}",
        "details": "Details: {url}",
        "calendar": "Visits of {name}",
        "calendar_note": "Visits planned in Concierge. Changes arrive when your calendar program asks for them.",
        "nothing": "No visits are planned",
        "nothing_note": "This calendar works. Visits appear here as soon as they are planned for you.",
        "revoked": "This calendar address is no longer in use",
        "revoked_note": "Remove this calendar, then subscribe to the new address shown in Concierge under My calendar.",
    },
    "de": {
        "title": "{kind}: {account}, {place}",
        "title_without_place": "{kind}: {account}",
        "cancelled": "ABGESAGT: {title}",
        "tentative": "Vorläufig: {title}",
        "cancelled_note": "Dieser Besuch ist abgesagt. Bitte nicht anreisen.",
        "tentative_note": "Dieser Besuch ist noch nicht bestätigt. Die Zeit kann sich ändern.",
        "local_time": "Ortszeit am Standort: {span} ({zone}, {offset})",
        "what": "Was: {title}",
        "where": "Ort: {address}",
        "project": "Projekt: {key}",
        "details": "Einzelheiten: {url}",
        "calendar": "Besuche von {name}",
        "calendar_note": "In Concierge geplante Besuche. Änderungen erscheinen, sobald das Kalenderprogramm sie abruft.",
        "nothing": "Keine Besuche geplant",
        "nothing_note": "Dieser Kalender funktioniert. Besuche erscheinen hier, sobald sie für Sie geplant sind.",
        "revoked": "Diese Kalenderadresse gilt nicht mehr",
        "revoked_note": "Bitte diesen Kalender entfernen und die neue Adresse aus Concierge unter „Mein Kalender“ abonnieren.",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """What a feed tells of a visit: no names, telephone numbers or addresses of persons (feed rule F18).

    `zone` is the site's IANA zone; `place` the site's town; `titles` the title by language, where it is known.
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


def entry_of(appointment: Appointment, *, language: str, modified_at: datetime) -> Entry:
    """The entry of a visit in the words of a language, as of its last published change."""
    kind = kind_word(appointment.kind, language=language)
    title = sentence(
        "title" if appointment.place else "title_without_place",
        language=language,
        kind=kind,
        account=appointment.account,
        place=appointment.place,
    )
    is_cancelled = appointment.status is Status.CANCELLED
    match appointment.status:
        case Status.CANCELLED:
            title = sentence("cancelled", language=language, title=title)
        case Status.TENTATIVE:
            title = sentence("tentative", language=language, title=title)
    return Entry(
        uid=appointment.uid,
        sequence=appointment.sequence,
        created_at=appointment.created_at,
        modified_at=modified_at,
        start=appointment.start_at,
        end=appointment.end_at,
        summary=title,
        description=_description(appointment, language=language),
        location=appointment.address,
        status=appointment.status,
        transparency=Transparency.TRANSPARENT if is_cancelled else Transparency.OPAQUE,
        categories=(kind,),
        url=appointment.url,
    )


def plainest(entry: Entry, *, language: str) -> Entry:
    """The same entry without any text that people typed: what is published if the linter refuses the rest."""
    return replace(
        entry, summary=kind_word("other", language=language), description="", location="", categories=()
    )


def sentence(key: str, /, *, language: str, **parts: str) -> str:
    """A sentence of a feed in a language; English where the language is not ours."""
    return _SENTENCES[_known(language)][key].format(**parts)


def kind_word(kind: str, *, language: str) -> str:
    """The word for a kind of visit."""
    kinds = _KINDS[_known(language)]
    return kinds.get(kind, kinds["other"])


def span_in_words(start_at: datetime, end_at: datetime, *, zone: str, language: str) -> str:
    """From when to when in the zone of the site, such as "Mon 14 Dec 2026, 09:00–16:00"."""
    start, end = (each.astimezone(ZoneInfo(zone)) for each in (start_at, end_at))
    if start.date() == end.date():
        return f"{_day(start, language)}, {start:%H:%M}–{end:%H:%M}"
    return f"{_day(start, language)}, {start:%H:%M} – {_day(end, language)}, {end:%H:%M}"


def _description(appointment: Appointment, *, language: str) -> str:
    lines = []
    match appointment.status:
        case Status.CANCELLED:
            lines.append(sentence("cancelled_note", language=language))
        case Status.TENTATIVE:
            lines.append(sentence("tentative_note", language=language))
    lines.append(
        sentence(
            "local_time",
            language=language,
            span=span_in_words(
                appointment.start_at, appointment.end_at, zone=appointment.zone, language=language
            ),
            zone=appointment.zone,
            offset=_offset(appointment.start_at, zone=appointment.zone),
        )
    )
    title = appointment.titles.get(_known(language)) or appointment.title
    if title not in ("", kind_word(appointment.kind, language=language)):
        lines.append(sentence("what", language=language, title=title))
    if appointment.address:
        lines.append(sentence("where", language=language, address=appointment.address))
    if appointment.project_key:
        lines.append(sentence("project", language=language, key=appointment.project_key))
    if appointment.url:
        lines.append(sentence("details", language=language, url=appointment.url))
    return "\n".join(lines)


def _day(moment: datetime, language: str) -> str:
    known = _known(language)
    weekday, month = _WEEKDAYS[known][moment.weekday()], _MONTHS[known][moment.month - 1]
    return (
        f"{weekday}, {moment.day}. {month} {moment.year}"
        if known == "de"
        else f"{weekday} {moment.day} {month} {moment.year}"
    )


def _offset(instant: datetime, *, zone: str) -> str:
    offset = instant.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'−' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


def _known(language: str) -> str:
    return language if language in LANGUAGES else "en"
