"""The technician's pages: the day, one visit, and what waits; without scripts they take the same entries by forms."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from os import SEEK_END
from uuid import uuid4

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from concierge.fieldwork import plan, telling
from concierge.fieldwork.actions import photos, taking
from concierge.fieldwork.protocol import (
    Change,
    Kind,
    MeaningData,
    Outcome,
    Party,
    StepData,
    VisitData,
)
from concierge.fieldwork.views import stops
from concierge.fieldwork.views.blueprint import Page, bp
from concierge.fieldwork.views.stops import Stop
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.words import clock_time, instant

PERSON = "Concierge-Person"
"""Header that says whose page it is; the worker on the device shows it to nobody else."""


LARGEST_HAND_IN = 64 * 1024 * 1024
"""Bytes of a form that are read; a photo above its own limit is refused in words."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody who can sign on the page of a visit."""

    code: str
    title: str
    name: str
    """What the field is filled with."""
    meanings: Sequence[MeaningData]


@dataclass(frozen=True, slots=True)
class Clash:
    """A step with two values, entered without seeing each other."""

    stop: Stop
    step: StepData


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed into a form that could not be taken, so that it stands there again."""

    kind: str = ""
    step: str = ""
    value: str = ""
    note: str = ""
    cause: str = ""
    caption: str = ""


@bp.url_value_preprocessor
def _let_photos_in(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Let the forms read more than other pages, so that a photo that is too large costs nothing that was typed."""
    if endpoint == "fieldwork.enter":
        request.max_content_length = LARGEST_HAND_IN


@bp.get("/day")
@requires(Permission.WORK_VISITS)
def day() -> Page:
    """Where one goes today and in the next three days, when, with what, and what is ready there."""
    looking, now = viewer(), clock.now()
    found = telling.day(looking, at=now)
    all_stops = [stops.stop_of(visit, looking.zone) for visit in found["visits"]]
    days = stops.days_of(
        all_stops, [date.fromisoformat(each) for each in found["days"]], looking.zone, now=now
    )
    laid = {stop.visit["uid"] for each in days for stop in each.stops}
    return _page(
        "fieldwork/day.html",
        days=days,
        stops=all_stops,
        earlier=[
            stop
            for stop in all_stops
            if stop.visit["uid"] not in laid and stop.phase not in ("over", "cancelled")
        ],
        next=stops.next_of(all_stops, now=now),
        as_of=now,
    )


@bp.get("/day/visits/<uid>")
@requires(Permission.WORK_VISITS)
def visit(uid: str) -> Page:
    """What is done at one visit: steps, readings, photos, notes, signatures."""
    return _visit_page(uid)


@bp.get("/day/outbox")
@requires(Permission.WORK_VISITS)
def outbox() -> Page:
    """What has not been sent yet (the device adds it), and what a person has to choose."""
    looking = viewer()
    found = telling.day(looking, at=clock.now())
    all_stops = [stops.stop_of(visit, looking.zone) for visit in found["visits"]]
    clashes = [
        Clash(stop, step)
        for stop in all_stops
        for step in stop.visit["steps"]
        if any(entry["standing"] == "conflict" for entry in step["entries"])
    ]
    strays = [(stop, tap["problem"]) for stop in all_stops for tap in stop.visit["taps"] if tap["problem"]]
    return _page("fieldwork/outbox.html", clashes=clashes, strays=strays)


@bp.post("/day/visits/<uid>/changes")
@requires(Permission.WORK_VISITS)
def enter(uid: str) -> Page:
    """Take one entry from a form, by the same verb that takes a device's outbox."""
    actor_id, now = viewer().user_id, clock.now()
    try:
        change = _change(uid, now)
        with unit_of_work():
            _keep_photo(change, actor_id=actor_id, at=now)
            (result,) = taking.take_changes([change], user_id=actor_id, sent_at=now, at=now)
            if result.outcome in (Outcome.REFUSED, Outcome.LATER):
                raise Refused(result.sentence)
    except plan.Malformed as problem:
        return _visit_page(uid, problem=problem.sentence)
    except Refused as refusal:
        return _visit_page(uid, problem=refusal.sentence)
    flash(result.sentence or _("Kept."), "warn" if result.outcome is Outcome.CONFLICT else "message")
    anchor = f"step-{change.step}" if change.step else None
    return redirect(url_for("fieldwork.visit", uid=uid, _anchor=anchor), code=HTTPStatus.SEE_OTHER)


@bp.app_template_filter("local")
def local(text: str, zone: str) -> str:
    """An instant as the protocol tells it (ISO 8601), on somebody's clock: only the time when it was today."""
    at = datetime.fromisoformat(text)
    if clock.day_at(at, zone) == clock.today(zone):
        return clock_time(at, zone)
    return instant(at, zone)


def _visit_page(uid: str, *, problem: str = "") -> Page:
    looking, now = viewer(), clock.now()
    told, causes = telling.visit(looking, uid, at=now)
    stop = stops.stop_of(told, looking.zone)
    return _page(
        "fieldwork/visit.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
        stop=stop,
        causes={cause["code"]: cause["text"] for cause in causes},
        parties=_signers(told, looking.name),
        shown=_shown(told),
        problem=problem,
        typed=_typed() if problem else Typed(),
    )


def _page(template: str, *, status: HTTPStatus = HTTPStatus.OK, **context: object) -> Response:
    """A page of the day, marked with whose it is."""
    text = render_template(template, me=viewer(), new_key=lambda: str(uuid4()), **context)
    answer = make_response(text, status)
    answer.headers[PERSON] = str(viewer().user_id)
    return answer


def _signers(told: VisitData, name: str) -> list[Signer]:
    contact = told["contact"]
    titles = {Party.TECHNICIAN: _("You sign"), Party.CUSTOMER: _("The customer signs")}
    names = {Party.TECHNICIAN: name, Party.CUSTOMER: contact["name"] if contact else ""}
    return [
        Signer(
            party.value,
            titles[party],
            names[party],
            [each for each in told["signing"]["meanings"] if each["party"] == party.value],
        )
        for party in Party
    ]


def _shown(told: VisitData) -> list[str]:
    """Keys of everything on the page that a signature is bound to."""
    entries = [entry["key"] for step in told["steps"] for entry in step["entries"]]
    return [*entries, *(note["key"] for note in told["notes"]), *(photo["key"] for photo in told["photos"])]


def _change(uid: str, now: datetime) -> Change:
    """Read a form as the change that a device would send.

    :raises Malformed: when it cannot be read.
    """
    said = request.form
    photo = request.files.get("file")
    value = _value(said.get("kind", ""), has_photo=bool(photo and photo.filename))
    return plan.read_change(
        {
            "key": said.get("key", ""),
            "visit": uid,
            "ticket": said.get("ticket", ""),
            "kind": said.get("kind", ""),
            "step": said.get("step", ""),
            "value": value,
            "at": now.astimezone(UTC).isoformat(),
            "seen": said.get("seen", "").split(),
        }
    )


def _value(kind: str, *, has_photo: bool) -> object:
    said = request.form
    match kind:
        case Kind.TICK.value:
            return said.get("value") == "true"
        case Kind.STATE.value:
            return {"to": said.get("to", ""), "note": said.get("note", "")}
        case Kind.PHOTO.value:
            return {"file": _file_key(), "caption": said.get("caption", "")}
        case Kind.NOT_READY.value:
            told = {"cause": said.get("cause", ""), "note": said.get("note", "")}
            return told | ({"file": _file_key()} if has_photo else {})
        case Kind.SIGNATURE.value:
            return {
                "party": said.get("party", ""),
                "name": said.get("name", ""),
                "role": said.get("role", ""),
                "meaning": said.get("meaning", ""),
                "strokes": _strokes(said.get("strokes", "")),
                "shown": said.get("shown", "").split(),
            }
    return said.get("value", "")


def _file_key() -> str:
    """The uuid of the photo that comes with a form: one for each form, so that a form sent twice brings one photo."""
    return request.form.get("file_key", "")


def _strokes(text: str) -> object:
    try:
        return json.loads(text) if text else []
    except (ValueError, RecursionError):
        return None


def _keep_photo(change: Change, *, actor_id: int, at: datetime) -> None:
    photo = request.files.get("file")
    if photo is None or not photo.filename:
        if change.kind is Kind.PHOTO:
            raise Refused(_("Choose a photo first."))
        return
    if not plan.is_uuid(_file_key()):
        raise Refused(_("This form has expired. Load the page again and repeat."))
    photos.refuse_large(photo.stream.seek(0, SEEK_END))
    photo.stream.seek(0)
    photos.keep_photo(_file_key(), photo.read(), user_id=actor_id, at=at)


def _typed() -> Typed:
    said = request.form
    return Typed(
        kind=said.get("kind", ""),
        step=said.get("step", ""),
        value=said.get("value", ""),
        note=said.get("note", ""),
        cause=said.get("cause", ""),
        caption=said.get("caption", ""),
    )
