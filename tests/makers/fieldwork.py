"""What comes from the field, for tests: visits with steps, and changes as devices send them."""

import io
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from PIL import Image

from concierge.catalogue.states import StepKind, VisitKind
from concierge.fieldwork import plan, scope
from concierge.fieldwork.actions import photos, taking
from concierge.fieldwork.models import FieldStep
from concierge.fieldwork.protocol import Change, Kind, Result
from concierge.platform import settings
from concierge.platform.database import db
from concierge.projects.models import Project
from concierge.visits.models import Visit
from concierge.visits.states import VisitState
from concierge.workforce.models import Technician
from tests.makers import visits
from tests.makers.days import at

ARRIVED = at("Tue 2026-03-17 09:05+01:00")
"""Some minutes after the visit was to begin."""

STEPS: tuple[dict[str, Any], ...] = (  # Any: values of columns
    {
        "key": "unpacked",
        "kind": StepKind.TICK,
        "text": {"en": "Unpack", "de": "Auspacken", "ar": "فك التغليف"},
    },
    {
        "key": "temperature",
        "kind": StepKind.READING,
        "text": {"en": "Room temperature", "de": "Raumtemperatur", "ja": "室温"},
        "unit": "°C",
        "minimum": 18.0,
        "maximum": 25.0,
    },
    {"key": "serial", "kind": StepKind.SERIAL, "text": {"en": "Serial number"}},
    {"key": "label", "kind": StepKind.PHOTO, "text": {"en": "Photo of the label"}, "is_required": False},
    {"key": "remarks", "kind": StepKind.TEXT, "text": {"en": "Remarks"}, "is_required": False},
)


def visit(
    of: Project,
    *technicians: Technician,
    state: VisitState = VisitState.CONFIRMED,
    kind: VisitKind = VisitKind.TRAINING,
    **wanted: Any,  # Any: as `visits.visit` takes them
) -> Visit:
    """A confirmed visit with five steps; needs a unit of work."""
    found = visits.visit(of, *technicians, state=state, kind=kind, **wanted)
    owner = {"work_order_id": found.work_order_id} if found.work_order_id else {"visit_id": found.id}
    for position, step in enumerate(STEPS):
        db.session.add(FieldStep(**owner, position=position, **step))
    db.session.flush()
    return found


def key(number: int) -> str:
    """A key that a device could have made."""
    return str(UUID(int=number + 2**64))


def change(
    of: Visit,
    kind: Kind,
    value: Any,  # Any: JSON
    *,
    by: int,
    step: str = "",
    seen: tuple[str, ...] = (),
    name: str = "",
    at: datetime = ARRIVED,
) -> Change:
    """A change as somebody's device sends it."""
    raw = {
        "key": name or str(uuid4()),
        "visit": of.uid,
        "ticket": scope.ticket(by, of.uid, key=settings.current().secret_key),
        "kind": kind.value,
        "step": step,
        "value": value,
        "at": at.isoformat(),
        "seen": list(seen),
    }
    return plan.read_change(raw)


def send(*changes: Change, by: int, later: timedelta = timedelta(minutes=1)) -> list[Result]:
    """Take changes, some time after the last was entered; needs a unit of work."""
    return taking.take_changes(changes, user_id=by, at=max(one.at for one in changes) + later)


def photo(size: tuple[int, int] = (640, 480), kind: str = "JPEG", **how: Any) -> bytes:
    """A picture with a place in it that nobody must keep."""
    kept = io.BytesIO()
    picture = Image.linear_gradient("L").resize(size).convert("RGB")
    exif = Image.Exif()
    exif[0x010F] = "A camera that says where it was"
    exif[0x0112] = 6  # lying on its side
    picture.save(kept, kind, exif=exif, **how)
    return kept.getvalue()


def uploaded(by: int, data: bytes | None = None) -> str:
    """A photo that has come whole; returns its uuid. Needs a unit of work."""
    uuid = str(uuid4())
    photos.keep_photo(uuid, data or photo(), user_id=by, at=ARRIVED)
    return uuid


def filled_and_signed(
    of: Visit, *, by: int, customer: str = "Dr. Mei Tan", temperature: str = "21.5"
) -> list[Result]:
    """Everything done, read, finished and signed by both; needs a unit of work."""
    keys = {name: str(uuid4()) for name in ("unpacked", "temperature", "serial", "note")}
    about: dict[str, Any] = {"by": by}
    shown = list(keys.values())
    signed = {
        "meaning": "",
        "shown": shown,
        "strokes": [[[100, 200], [300, 120.5], [420, 260]], [[500, 200]]],
    }
    return send(
        change(of, Kind.STATE, {"to": "on route"}, at=ARRIVED - timedelta(hours=1), **about),
        change(of, Kind.STATE, {"to": "arrived"}, **about),
        change(of, Kind.TICK, True, step="unpacked", name=keys["unpacked"], **about),
        change(of, Kind.READING, temperature, step="temperature", name=keys["temperature"], **about),
        change(of, Kind.SERIAL, "SN-4711", step="serial", name=keys["serial"], **about),
        change(of, Kind.NOTE, "The door is narrow.", name=keys["note"], **about),
        change(of, Kind.STATE, {"to": "finished"}, at=ARRIVED + timedelta(hours=2), **about),
        change(
            of, Kind.SIGNATURE, {"party": "technician", "name": "Tomas Keller", **signed},
            at=ARRIVED + timedelta(hours=2), **about,
        ),
        change(
            of, Kind.SIGNATURE, {"party": "customer", "name": customer, "role": "Lab manager", **signed},
            at=ARRIVED + timedelta(hours=2), **about,
        ),
        by=by,
    )  # fmt: skip
