"""The technician's day as `protocol.Day` has it: one value for the pages, and for devices without network."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_timedelta
from flask import url_for
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from concierge.catalogue.states import GateKind, StepKind, VisitKind
from concierge.core import dispatch
from concierge.core.spans import Span
from concierge.fieldwork import plan, protocol, queries, scope
from concierge.fieldwork.actions import issuing
from concierge.fieldwork.models import FieldChange, FieldEntry, FieldRecord, FieldStep
from concierge.fieldwork.protocol import DAYS_AHEAD, Party
from concierge.fieldwork.queries import Found
from concierge.fieldwork.states import RecordKind, Standing
from concierge.fieldwork.words import small_number
from concierge.identity.viewer import Viewer
from concierge.platform import clock, settings
from concierge.platform.words import instant, localized, span
from concierge.projects.states import GateState
from concierge.projects.verdict import block_words
from concierge.readiness import queries as readiness
from concierge.visits import feasibility
from concierge.visits import words as visit_words
from concierge.visits.models import Visit
from concierge.visits.states import OVER, VisitState

MAP = "https://www.openstreetmap.org/?mlat={0}&mlon={1}#map=17/{0}/{1}"
MOST_OPEN = 20
"""Open points of a checklist that are told."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and when."""

    viewer: Viewer
    at: datetime


def day(viewer: Viewer, *, at: datetime) -> protocol.Day:
    """The day of somebody: their visits of today and the coming days, and those that are not finished."""
    home = ZoneInfo(viewer.zone)
    today = clock.day_at(at, viewer.zone)
    from_at = datetime.combine(today - timedelta(days=1), time(), home)
    to_at = datetime.combine(today + timedelta(days=DAYS_AHEAD + 1), time(), home)
    these = queries.visits_of_day(viewer.user_id, from_at=from_at, to_at=to_at)
    found = queries.found_at(these)
    reader = Reader(viewer, at)
    return {
        "at": _iso(at),
        "user": {
            "id": viewer.user_id,
            "name": viewer.name,
            "zone": viewer.zone,
            "language": viewer.language,
        },
        "token": generate_csrf(),
        "days": [(today + timedelta(days=number)).isoformat() for number in range(DAYS_AHEAD + 1)],
        "visits": [told(found[one.id], reader) for one in these],
        "causes": causes(),
    }


def visit(viewer: Viewer, uid: str, *, at: datetime) -> tuple[protocol.VisitData, list[protocol.CauseData]]:
    """One visit that the viewer may see, whenever it is, and what can stand in the way at a site.

    :raises NotFound: when there is none, or it is not shared with them.
    """
    found = queries.visit_for(viewer, uid)
    return told(queries.found_at([found])[found.id], Reader(viewer, at)), causes()


def causes() -> list[protocol.CauseData]:
    """What can stand in the way at a site, in words."""
    return [{"code": cause.value, "text": text} for cause, text in block_words().items()]


def told(found: Found, reader: Reader) -> protocol.VisitData:
    """One visit with all that is needed at the site."""
    visit, viewer = found.visit, reader.viewer
    work = visit.work_order
    return {
        "uid": visit.uid,
        "ticket": scope.ticket(viewer.user_id, visit.uid, key=settings.current().secret_key),
        "id": visit.id,
        "version": visit.version,
        "title": localized(visit.titles) or visit.title,
        "kind": visit.kind.value,
        "state": visit.state.value,
        "state_words": state_words()[visit.state],
        "starts_at": _iso(visit.starts_at),
        "ends_at": _iso(visit.ends_at),
        "zone": visit.zone,
        "starts_local": visit.starts_local.isoformat(),
        "ends_local": visit.ends_local.isoformat(),
        "when": span(visit.starts_local, visit.ends_local),
        "arrival_minutes": visit.arrival_minutes,
        "note": visit.note,
        "site": _site(visit),
        "contact": _contact(visit),
        "readiness": _readiness(visit),
        "way": _way(visit, reader),
        "crew": [{"name": one.user.name} for one in visit.crew_members if one.user_id != viewer.user_id],
        "tools": [str(one) for one in work.tools] if work is not None else [],
        "parts": _parts(visit),
        "steps": [_step(found, step, reader) for step in found.steps],
        "notes": [
            {
                "key": one.change.key,
                "text": one.text,
                "at": _iso(one.change.at),
                "by": one.change.user.name,
                "mark": mark(one.change),
            }
            for one in found.notes
        ],
        "photos": [
            {
                "key": one.change.key,
                "id": one.id,
                "step": next((step.key for step in found.steps if step.id == one.step_id), ""),
                "caption": one.caption,
                "small": url_for("fieldwork.photo", photo_id=one.id, size="small"),
                "large": url_for("fieldwork.photo", photo_id=one.id, size="large"),
                "at": _iso(one.change.at),
                "by": one.change.user.name,
                "mark": mark(one.change),
            }
            for one in found.photos
        ],
        "signatures": [_signature(found, one) for one in found.signatures],
        "taps": [
            {
                "key": one.change.key,
                "to": one.to.value,
                "at": _iso(one.change.at),
                "by": one.change.user.name,
                "mine": one.change.user_id == viewer.user_id,
                "problem": one.change.said,
            }
            for one in found.taps
        ],
        "not_ready": [
            {
                "key": one.change.key,
                "cause": block_words()[one.cause],
                "note": one.note,
                "at": _iso(one.change.at),
                "by": one.change.user.name,
                "withdrawn": one.withdrawn_at is not None,
            }
            for one in found.not_ready
        ],
        "papers": papers(found.records),
        "signing": _signing(found, reader),
        "project": {"key": visit.project.key, "account": visit.project.account.name},
        "url": url_for("visits.visit", visit_id=visit.id),
    }


def state_words() -> dict[VisitState, str]:
    """The states of visits in words."""
    return {
        VisitState.DRAFT: _("Draft"),
        VisitState.TENTATIVE: _("Tentative"),
        VisitState.CONFIRMED: _("Confirmed"),
        VisitState.ACCEPTED: _("Accepted"),
        VisitState.ON_ROUTE: _("On the way"),
        VisitState.IN_PROGRESS: _("In progress"),
        VisitState.COMPLETE: _("Complete"),
        VisitState.INCOMPLETE: _("Incomplete"),
        VisitState.CANCELLED: _("Cancelled"),
    }


def papers(records: Sequence[FieldRecord]) -> list[protocol.PaperData]:
    """Certificates and reports that can be opened, the newest first."""
    return [
        {
            "name": paper_name(one.kind),
            "revision": one.revision,
            "url": url_for("fieldwork.paper", record_id=one.id, language=made.language),
            "made_at": _iso(made.made_at),
        }
        for one in reversed(records)
        for made in one.prints
    ]


def paper_name(kind: RecordKind) -> str:
    """What a record is called."""
    return _("Installation certificate") if kind is RecordKind.CERTIFICATE else _("Service report")


def mark(row: FieldChange) -> str:
    """What is odd about when something was entered, as a sentence; empty when nothing is."""
    if not plan.is_odd(row.at, off=row.clock_off, received_at=row.received_at):
        return ""
    received = instant(row.received_at, row.user.zone)
    if row.clock_off:
        off = format_timedelta(abs(row.clock_off), granularity="minute", threshold=2, locale=get_locale())
        if row.clock_off > 0:
            return _("The device’s clock was %(time)s fast. It arrived %(when)s.", time=off, when=received)
        return _("The device’s clock was %(time)s slow. It arrived %(when)s.", time=off, when=received)
    return _("The device’s clock may have been wrong. It arrived %(when)s.", when=received)


def entry_words(entry: FieldEntry, step: FieldStep) -> str:
    """What was entered, as it is shown."""
    if step.kind is StepKind.TICK:
        return _("Done") if entry.value == "yes" else _("Not done")
    if step.kind is not StepKind.READING or entry.number is None:
        return entry.value
    typed = entry.value.strip()
    if typed.replace(",", ".").lstrip("+-−").replace(".", "", 1).isdigit():
        return f"{typed} {step.unit}".strip()
    converted = f"{_figure(entry.number)} {step.unit}".strip()
    return typed if typed == converted else _("%(typed)s (%(converted)s)", typed=typed, converted=converted)


def range_words(step: FieldStep) -> str:
    """The range of a reading: “18 to 25 °C”; empty when any value will do."""
    unit = f" {step.unit}" if step.unit else ""
    match step.minimum, step.maximum:
        case None, None:
            return ""
        case None, float() as most:
            return _("at most %(value)s", value=f"{_figure(most)}{unit}")
        case float() as least, None:
            return _("at least %(value)s", value=f"{_figure(least)}{unit}")
    return _("%(least)s to %(most)s", least=_figure(step.minimum), most=f"{_figure(step.maximum)}{unit}")


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    parts = small_number(value)
    return f"{value:.6g}" if parts is None else f"{parts[0]:.6g}{parts[1]}"


def _step(found: Found, step: FieldStep, reader: Reader) -> protocol.StepData:
    entries = found.entries.get(step.id, ()) if step.id is not None else ()
    shown = [one for one in entries if one.standing is not Standing.SUPERSEDED]
    shown.sort(key=lambda one: one.standing is not Standing.CURRENT)
    return {
        "key": step.key,
        "kind": step.kind.value,
        "text": localized(step.text),
        "unit": step.unit,
        "minimum": step.minimum,
        "maximum": step.maximum,
        "range": range_words(step),
        "required": step.is_required,
        "entries": [
            {
                "key": one.change.key,
                "value": one.value == "yes" if step.kind is StepKind.TICK else one.value,
                "words": entry_words(one, step),
                "verdict": one.fit.value if one.fit is not None else "",
                "at": _iso(one.change.at),
                "by": one.change.user.name,
                "mine": one.change.user_id == reader.viewer.user_id,
                "standing": one.standing.value,
                "mark": mark(one.change),
            }
            for one in shown
        ],
    }


def _signature(found: Found, one) -> protocol.SignatureData:  # type: ignore[no-untyped-def]
    changed = issuing.changed_since(one, found)
    said = ngettext(
        "Changed since it was signed: %(steps)s",
        "Changed since it was signed: %(steps)s",
        len(changed),
        steps=", ".join(localized(step.text) for step in changed),
    )
    return {
        "key": one.change.key,
        "party": one.party.value,
        "name": one.name,
        "role": one.role,
        "meaning": one.meaning,
        "at": _iso(one.change.at),
        "holds": not changed,
        "changed": said if changed else "",
        "mark": mark(one.change),
    }


def _signing(found: Found, reader: Reader) -> protocol.SigningData:
    visit = found.visit
    theirs = visit.project.contact.language.partition("-")[0] if visit.project.contact else "en"
    meanings: list[protocol.MeaningData] = [
        {
            "party": Party.TECHNICIAN.value,
            "language": reader.viewer.language,
            "text": issuing.meaning(visit, Party.TECHNICIAN),
        }
    ]
    meanings += [
        {
            "party": Party.CUSTOMER.value,
            "language": language,
            "text": issuing.meaning(visit, Party.CUSTOMER, language=language),
        }
        for language in dict.fromkeys([theirs, "en"])
    ]
    kind = issuing.kind_of(visit)
    return {
        "document": kind.value,
        "title": paper_name(kind),
        "meanings": meanings,
        "lacks": issuing.lacks(found) if visit.kind is VisitKind.INSTALL else [],
    }


def _site(visit: Visit) -> protocol.SiteData:
    site = visit.site
    has_degrees = site.latitude is not None and site.longitude is not None
    return {
        "name": site.name,
        "lines": [one for one in (site.street, f"{site.postcode} {site.city}".strip(), site.country) if one],
        "access": site.dock_notes,
        "map": MAP.format(site.latitude, site.longitude) if has_degrees else "",
        "latitude": site.latitude,
        "longitude": site.longitude,
    }


def _contact(visit: Visit) -> protocol.ContactData | None:
    contact = visit.project.contact
    if contact is None:
        return None
    return {"name": contact.name, "phone": contact.phone, "email": contact.email, "zone": contact.zone}


def _readiness(visit: Visit) -> protocol.ReadinessData:
    checklist = readiness.checklist_of(visit.project_id)
    if checklist is None:
        return {"verdict": "", "words": _("There is no checklist for this site."), "open": []}
    left = [one for one in checklist.items if one.is_counted and not one.is_cleared]
    left.sort(key=lambda one: (one.gate is None, one.due_on, one.id))
    held = sum(
        gate.open_items
        for gate in visit.project.gates
        if gate.kind is GateKind.INSTALL and gate.state is GateState.HELD
    )
    told = [localized(one.requirement) for one in left[:MOST_OPEN]]
    if held and visit.kind is VisitKind.INSTALL and visit.state not in OVER:
        words = ngettext(
            "Installation is held: %(num)s blocking point is open.",
            "Installation is held: %(num)s blocking points are open.",
            held,
        )
        return {"verdict": "held", "words": words, "open": told}
    if left:
        words = ngettext("%(num)s point is open.", "%(num)s points are open.", len(left))
        return {"verdict": "open", "words": words, "open": told}
    return {"verdict": "ready", "words": _("The site is ready."), "open": []}


def _way(visit: Visit, reader: Reader) -> protocol.WayData | None:
    if visit.kind is VisitKind.REMOTE_CALL or visit.state in OVER:
        return None
    stay = Span(visit.starts_at, visit.ends_at)
    found = feasibility.people(stay, user_ids=[reader.viewer.user_id], except_visit_id=visit.id)
    if not found:
        return None
    there = dispatch.ways(stay, feasibility.work_at(visit.site), found[0])
    words = visit_words.way(there.there)
    if there.comes_from:
        words = _("%(way)s, from “%(visit)s”", way=words, visit=there.comes_from)
    return {"minutes": there.there.minutes, "by": there.there.by.value, "words": words}


def _parts(visit: Visit) -> list[protocol.PartData]:
    return [
        {"name": one.name, "serial": one.serial, "options": [str(each) for each in one.options]}
        for one in queries.units_at(visit)
    ]


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
