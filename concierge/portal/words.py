"""What the customer's page says: states, roles, kinds of visits and lengths, in the reader's language."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, format_time, get_timezone_name
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from concierge.catalogue.states import Evidence, FileKind, ItemType, MilestoneKind, VisitKind
from concierge.identity.permissions import Role
from concierge.platform import clock
from concierge.readiness.document.words import Figures, in_a_row
from concierge.readiness.models import ReadinessItem
from concierge.visits.states import VisitState


class Tongue(Figures):
    """Days, times and numbers in the reader's language, as the country of the site writes them."""

    def weekday(self, on: date | None) -> str:
        """A day with its weekday, and with its year when that is not this one: "Wed 25 Nov"."""
        if on is None:
            return _("not set yet")
        is_this_year = on.year == clock.now().year
        if self.locale.language == "en" and self.country not in {"US", "PH", "PR"}:
            return str(format_date(on, "EEE d MMM" if is_this_year else "EEE d MMM y", locale=self.locale))
        skeleton = "MMMEd" if is_this_year else "yMMMEd"
        return str(format_skeleton(skeleton, on, locale=self.locale, fuzzy=True))

    def time(self, wall: datetime) -> str:
        """A time of day at the place that it is said for."""
        return str(format_time(wall.time(), "short", locale=self.locale))

    def span(self, starts: datetime, ends: datetime) -> str:
        """From when to when, wall times of one place; no line ends between two times of a day."""
        if starts.date() == ends.date():
            return _(
                "%(day)s, %(from)s–%(until)s",
                day=self.weekday(starts.date()),
                until=f"\u2060{self.time(ends)}".replace(" ", "\u00a0"),
                **{"from": self.time(starts).replace(" ", "\u00a0")},
            )
        return _(
            "%(first)s to %(last)s",
            first=_("%(day)s, %(time)s", day=self.weekday(starts.date()), time=self.time(starts)),
            last=_("%(day)s, %(time)s", day=self.weekday(ends.date()), time=self.time(ends)),
        )

    def day_at(self, at: datetime, zone: str) -> str:
        """The day of an instant at a place."""
        return self.weekday(at.astimezone(ZoneInfo(zone)).date())

    def instant(self, at: datetime, zone: str) -> str:
        """An instant at a place: its day and time there."""
        there = at.astimezone(ZoneInfo(zone))
        return _("%(day)s, %(time)s", day=self.weekday(there.date()), time=self.time(there))

    def there_now(self, zone: str) -> str:
        """What time it is at a place."""
        return self.time(clock.now().astimezone(ZoneInfo(zone)))

    def place_of(self, zone: str) -> str:
        """A time zone as people call it: the name of its city."""
        try:
            return str(
                get_timezone_name(ZoneInfo(zone), width="long", zone_variant="generic", locale=self.locale)
            )
        except (LookupError, ValueError):
            return zone.rpartition("/")[2].replace("_", " ")


_STATIONS = {
    MilestoneKind.ORDER_ACCEPTED: _l("Order"),
    MilestoneKind.SITE_SURVEY: _l("Preparation"),
    MilestoneKind.DELIVERED: _l("Delivery"),
    MilestoneKind.INSTALLED: _l("Installation"),
    MilestoneKind.TRAINING: _l("Training"),
    MilestoneKind.HANDOVER: _l("Handover"),
}
_LATE = {
    MilestoneKind.DELIVERED: _l("We are late with the delivery"),
    MilestoneKind.INSTALLED: _l("We are late with the installation"),
    MilestoneKind.TRAINING: _l("We are late with the training"),
    MilestoneKind.HANDOVER: _l("We are late with the handover"),
}
_TO_PREPARE = {
    VisitKind.SITE_SURVEY: _l(
        "Somebody who knows the room, its power and its gases, and access to all of it."
    ),
    VisitKind.DELIVERY: _l("A free way from the dock to the room, and somebody who may sign for the crate."),
    VisitKind.INSTALL: _l("The room as agreed, power and gases on, and a person whom our engineer can ask."),
    VisitKind.TRAINING: _l(
        "The people who will work with the instrument, free of other duties, and samples of theirs."
    ),
    VisitKind.REMOTE_CALL: _l("The people whom it concerns, and this page at hand."),
}


def station(kind: MilestoneKind) -> str:
    """A station of the way, by the kind of its first milestone."""
    return str(_STATIONS[kind])


def late_with(kind: MilestoneKind) -> str:
    """The first thing that is said when we are late with a station of ours."""
    return str(_LATE[kind])


def visit_kind(kind: VisitKind) -> str:
    """What somebody comes for."""
    return {
        VisitKind.SITE_SURVEY: _("Site survey"),
        VisitKind.DELIVERY: _("Delivery"),
        VisitKind.INSTALL: _("Installation"),
        VisitKind.TRAINING: _("Training"),
        VisitKind.REMOTE_CALL: _("Call"),
    }[kind]


def visit_state(state: VisitState) -> tuple[str, str]:
    """How certain a visit is: a state of the design system, and the word."""
    match state:
        case VisitState.TENTATIVE:
            return "idle", _("Planned, not yet confirmed")
        case VisitState.CONFIRMED | VisitState.ACCEPTED:
            return "ok", _("Confirmed")
        case VisitState.ON_ROUTE:
            return "go", _("On the way")
        case VisitState.IN_PROGRESS:
            return "go", _("Happening now")
        case VisitState.INCOMPLETE:
            return "idle", _("Ended early")
    return "ok", _("Done")


def lasts(minutes: int) -> str:
    """How long work takes at the site: "3 hours", "45 minutes"."""
    hours, rest = divmod(minutes, 60)
    told = [
        ngettext("%(num)s hour", "%(num)s hours", hours) if hours else "",
        ngettext("%(num)s minute", "%(num)s minutes", rest) if rest else "",
    ]
    return " ".join(part for part in told if part)


def rules_of(notice_days: int, moves: int) -> str:
    """How often and until when a visit may be moved or cancelled."""
    until = (
        ngettext(
            "You can move or cancel it here until %(num)s working day before.",
            "You can move or cancel it here until %(num)s working days before.",
            notice_days,
        )
        if notice_days
        else _("You can move or cancel it here until we come.")
    )
    often = (
        ngettext("You can move it %(num)s more time.", "You can move it %(num)s more times.", moves)
        if moves > 0
        else _("It was moved as often as it can be here.")
    )
    return f"{until} {often}"


def prepare_for(kind: VisitKind) -> str:
    """What the customer prepares for a visit."""
    return str(_TO_PREPARE[kind])


def role(of: Role) -> str:
    """What one of ours does for the customer."""
    return _("Engineer") if of is Role.TECHNICIAN else _("Your contact with us")


def minutes(item: ReadinessItem) -> int:
    """How long an answer takes, in minutes: a guess that people can plan by."""
    of_kind = {
        ItemType.CONFIRM: 1,
        ItemType.CHOICE: 1,
        ItemType.DATE: 1,
        ItemType.MULTI: 2,
        ItemType.TEXT: 2,
        ItemType.MEASURE: 5,
        ItemType.UPLOAD: 3,
        ItemType.SIGNATURE: 2,
    }.get(item.type, 1)
    has_file = item.type is not ItemType.UPLOAD and item.evidence_need is Evidence.REQUIRED
    return of_kind + (2 if has_file else 0)


def takes(count: int) -> str:
    """A length in minutes."""
    return ngettext("%(num)s minute", "%(num)s minutes", count)


def files_wanted(item: ReadinessItem) -> str:
    """Which files prove it."""
    kinds = {
        FileKind.PHOTO.value: _("a photo"),
        FileKind.LOG.value: _("a log"),
        FileKind.CERTIFICATE.value: _("a certificate"),
        FileKind.DRAWING.value: _("a drawing"),
    }
    named = [kinds[one] for one in item.file_kinds if one in kinds]
    said = (
        _("Wanted: %(kinds)s. Up to 20 MB each.", kinds=_or(named))
        if named
        else _("A photo, a PDF, a table or a text, up to 20 MB each.")
    )
    if named and FileKind.LOG.value not in item.file_kinds:
        return said
    return said + " " + _("Tables and texts up to 10 MB.")


def _or(words: list[str]) -> str:
    return (
        words[0]
        if len(words) == 1
        else _("%(first)s or %(last)s", first=in_a_row(words[:-1]), last=words[-1])
    )


def left(on: date, today: date) -> str:
    """How far away a day is."""
    days = (on - today) // timedelta(days=1)
    if days < 0:
        return ngettext("%(num)s day late", "%(num)s days late", -days)
    if days == 0:
        return _("today")
    if days == 1:
        return _("tomorrow")
    return ngettext("in %(num)s day", "in %(num)s days", days)
