"""What technicians entered on their phones at the visits of the last days, and what stood at customers long before."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from PIL import Image, ImageDraw, ImageFont
from sqlalchemy.orm import joinedload

from concierge.accounts.models import Site
from concierge.catalogue.actions.products import set_warranty
from concierge.catalogue.models import Product
from concierge.catalogue.states import MilestoneKind, StepKind, VisitKind
from concierge.demo.customers import CUSTOMERS
from concierge.equipment import queries as equipment
from concierge.equipment.actions import installing, keeping
from concierge.equipment.states import AssetState
from concierge.fieldwork import queries
from concierge.fieldwork.actions import issuing, taking
from concierge.fieldwork.models import FieldStep, PhotoUpload
from concierge.fieldwork.protocol import Change, Kind, Party, Tap
from concierge.identity.models import User
from concierge.platform import files
from concierge.platform.database import db
from concierge.projects.models import Milestone, Project
from concierge.projects.states import ProjectState
from concierge.visits.actions import arranging, progress
from concierge.visits.models import Visit, WorkOrder
from concierge.visits.states import COMING, VisitState
from concierge.workforce.models import Technician

PHONES = ("Selin Aksoy", "Aiko Ito")
"""Who has entered on their phones what they did, and since when before now."""
SINCE = timedelta(days=21)
_KEYS = UUID("6f2f1f2e-0c1b-5b7e-9f0a-4d5c2b9e7a10")
_KINDS = {step: kind for kind, step in taking.AT_STEP.items()}
_TEXTS = {
    "software": "Acquisition 4.2.1, firmware 2.118",
    "equipment": "Multimeter MM-07, certificate 25-11873, due in 5 months",
    "people": "Head of the laboratory and three operators",
    "findings": "The door to the preparation room opens inwards; lift it out for the delivery.",
}
_NOTE = "The gas line was 40 cm too short; the customer's plumber made it longer while we unpacked."
_SIGNED = [[40, 300], [90, 160], [140, 310], [190, 150], [230, 300], [330, 270], [420, 300], [560, 230]]


def begin_work(visit: Visit, *, at: datetime) -> None:
    """Let the first half of the steps of a visit be done by then; nothing where nobody asks for steps."""
    day = _Day.of(visit, at=at)
    if day.steps:
        day.send(day.taps(visit.starts_at), day.entries(day.steps[: len(day.steps) // 2]))


def end_work(visit: Visit, *, is_complete: bool, note: str, at: datetime) -> None:
    """Let what is left be done, and whoever was there sign; the customer signs what is complete."""
    day = _Day.of(visit, at=at)
    if not day.steps:
        return
    done = {step.key for step in day.steps if issuing.is_answered(day.found, step)}
    left = [step for step in day.steps if step.key not in done]
    taps = [] if day.found.taps else day.taps(visit.starts_at)
    day.send(
        taps,
        day.entries(left if is_complete else left[:-2]),
        [day.change(Kind.NOTE, _NOTE, name="note", before=20)],
        [
            day.change(
                Kind.STATE,
                {"to": (Tap.FINISHED if is_complete else Tap.INCOMPLETE).value, "note": note},
                name="end",
                before=4,
            )
        ],
    )
    day = _Day.of(visit, at=at)
    parties = [Party.TECHNICIAN, Party.CUSTOMER] if is_complete else [Party.TECHNICIAN]
    day.send([day.signature(party, before=3 - place) for place, party in enumerate(parties)])


def look_again(*, at: datetime, planner_id: int) -> None:
    """Send the first of them somewhere today, or on the next day that works, unless she goes anywhere by then."""
    who = db.session.scalars(sa.select(Technician).join(Technician.user).where(User.name == PHONES[0])).one()
    home = ZoneInfo("Europe/Zurich")
    now = at.astimezone(home)
    hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if now.weekday() > 4 or hour.hour > 15:
        hour = (now + timedelta(days=7 - now.weekday() if now.weekday() > 3 else 1)).replace(
            hour=9, minute=0, second=0, microsecond=0
        )
    starts = max(hour, hour.replace(hour=9)).replace(tzinfo=None)
    ends = starts + timedelta(hours=2)
    busy = sa.select(Visit.id).where(
        Visit.crew_members.any(user_id=who.user_id),
        Visit.kind != VisitKind.REMOTE_CALL,
        Visit.state.in_(COMING | {VisitState.IN_PROGRESS}),
        Visit.starts_at < starts.replace(hour=23, tzinfo=home),
        Visit.ends_at > at,
    )
    survey = db.session.scalars(
        sa.select(Milestone)
        .join(Milestone.project)
        .join(Project.site)
        .where(
            Milestone.kind == MilestoneKind.SITE_SURVEY,
            Project.state == ProjectState.LIVE,
            Site.country.in_(("CH", "DE")),
        )
        .options(joinedload(Milestone.project).joinedload(Project.site))
        .order_by(Site.country, Project.starts_on.desc(), Milestone.id)
        .limit(1)
    ).first()
    if survey is None or db.session.scalar(busy.limit(1)) is not None:
        return
    visit = arranging.plan_visit(
        survey.project,
        kind=VisitKind.SITE_SURVEY,
        title="Second look at the way in",
        titles={"en": "Second look at the way in", "de": "Noch einmal der Weg in den Raum"},
        starts_local=starts,
        ends_local=ends,
        site=survey.project.site,
        milestone=survey,
        technician_ids=[who.user_id],
        arrival_minutes=30,
        conflict_reason="Agreed with everybody by phone.",
        note="The lift was exchanged in spring: measure its door, not the plan's.",
        at=at,
        actor_id=planner_id,
    )
    work = db.session.get_one(WorkOrder, visit.work_order_id)
    work.tools = ["Laser distance meter", "Multimeter", "Thermometer"]
    progress.confirm(
        visit,
        conflict_reason="Agreed with everybody by phone.",
        at=at,
        actor_id=planner_id,
    )
    progress.accept(visit, at=at, actor_id=who.user_id)


@dataclass(frozen=True, slots=True)
class _Day:
    """What one technician's phone says at one visit, at a moment."""

    found: queries.Found
    user_id: int
    at: datetime

    @classmethod
    def of(cls, visit: Visit, *, at: datetime) -> _Day:
        return cls(issuing.found_of(visit.id), visit.crew_members[0].user_id, at)

    @property
    def steps(self) -> Sequence[FieldStep]:
        return self.found.steps

    def send(self, *changes: Sequence[Change]) -> None:
        sent = [one for several in changes for one in several]
        visit = self.found.visit
        taking.take_changes(sent, user_id=self.user_id, sent_at=self.at, at=self.at)
        db.session.refresh(visit, ["site", "crew_members"])  # whoever goes on with it needs both

    def change(
        self, kind: Kind, value: Any, *, name: str, step: str = "", before: int
    ) -> Change:  # Any: JSON
        """A change that was entered so many minutes before it is sent."""
        return Change(
            key=self.key(name),
            visit=self.found.visit.uid,
            ticket="",
            kind=kind,
            step=step,
            value=value,
            at=self.at - timedelta(minutes=before),
        )

    def key(self, name: str) -> str:
        return str(uuid5(_KEYS, f"{self.found.visit.uid} {name}"))

    def taps(self, starts_at: datetime) -> list[Change]:
        moments = {Tap.ON_ROUTE: timedelta(minutes=-38), Tap.ARRIVED: timedelta(minutes=3)}
        return [
            replace(
                self.change(Kind.STATE, {"to": tap.value}, name=tap.value, before=0), at=starts_at + after
            )
            for tap, after in moments.items()
        ]

    def entries(self, steps: Sequence[FieldStep]) -> list[Change]:
        """What is entered at steps, three minutes for each, the last some time before it is sent."""
        found = []
        for place, step in enumerate(steps):
            before = 25 + 3 * (len(steps) - place)
            if step.kind is StepKind.PHOTO:
                value = {"file": self._photo(step)}
                found.append(
                    self.change(Kind.PHOTO, value, name=f"at {step.key}", step=step.key, before=before)
                )
            elif (entered := self._value(step)) is not None:
                kind = _KINDS[step.kind]
                found.append(self.change(kind, entered, name=f"at {step.key}", step=step.key, before=before))
        return found

    def signature(self, party: Party, *, before: int) -> Change:
        visit = self.found.visit
        contact = visit.project.contact
        is_ours = party is Party.TECHNICIAN
        name = visit.crew_members[0].user.name if is_ours else contact.name if contact else "Reception"
        value = {
            "party": party.value,
            "name": name,
            "role": "" if is_ours or contact is None else contact.title,
            "meaning": issuing.meaning(visit, party),
            "strokes": [[[x, y + 6 * (x // (len(name) + 3) % 9)] for x, y in _SIGNED]],
            "shown": sorted(self.found.changes),
        }
        return self.change(Kind.SIGNATURE, value, name=f"signed by {party.value}", before=before)

    def _value(self, step: FieldStep) -> object:
        """What is entered; None where nothing out of the ordinary has to be said."""
        if step.kind is StepKind.TICK:
            return True
        if step.kind is StepKind.SERIAL:
            unit = int(step.key.partition("--")[2] or 1)
            return serial_of(self.found.visit.project, self.found.visit.id + 1009 * (unit - 1))
        if step.kind is StepKind.READING:
            return _reading(step)
        return _TEXTS.get(step.key.partition("--")[0], "As expected" if step.is_required else None)

    def _photo(self, step: FieldStep) -> str:
        """A picture as a phone would have sent it: kept as the worker of photos leaves it, without its child."""
        uuid = self.key(f"file {step.key}")
        lines = [step.text.get("en", step.key), self.found.visit.site.name, f"{self.at:%d %b %Y}"]
        large, small = (
            files.store(picture(lines, width), name=f"{uuid}{tail}.jpg", content_type="image/jpeg")
            for width, tail in ((640, ""), (480, "-small"))
        )
        upload = PhotoUpload(
            uuid=uuid,
            user_id=self.user_id,
            size=large.size,
            received=large.size,
            pieces=[],
            file_id=large.id,
            small_id=small.id,
            begun_at=self.at,
        )
        db.session.add(upload)
        db.session.flush()
        return uuid


def picture(lines: Sequence[str], width: int) -> bytes:
    """A small JPEG that says what a photo would show; the demo company has no camera."""
    made = Image.new("RGB", (width, width * 3 // 4), "#5b6570")
    pen, unit = ImageDraw.Draw(made), width // 32
    pen.rectangle((2 * unit, 3 * unit, width - 2 * unit, width * 3 // 4 - 3 * unit), fill="#e9ecef")
    for place, line in enumerate(lines):
        font = ImageFont.load_default(size=unit * (1.6 if place == 0 else 1.3))
        pen.text((3 * unit, (5 + 4 * place) * unit), line[:44], fill="#22272c", font=font)
    kept = io.BytesIO()
    made.save(kept, "JPEG", quality=70)
    return kept.getvalue()


def _reading(step: FieldStep) -> str:
    least, most = step.minimum, step.maximum
    if step.unit == "V":
        value = 231.0
    elif least is not None and most is not None:
        value = least + 0.45 * (most - least)
    elif least is not None:
        value = least * 1.35
    else:
        value = (most or 1) * 0.6
    return f"{value:.3g}"


def serial_of(project: Project, number: int) -> str:
    """A serial number as makers write them: from the project, and what number it is there."""
    return f"{project.key.partition('-')[0]}{project.approved_at:%y%m}-{1000 + 37 * number % 9000}"


# --------------------------------------------------------------------------- the installed base


def hand_over(project: Project, order_line_id: int | None, *, at: datetime, on: date) -> None:
    """Give what was set up its serial number and start its clocks, where no certificate did: nobody had phones then."""
    for number, asset in enumerate(equipment.assets_of_order(project.order_id)):
        if asset.order_line_id != order_line_id or asset.state is AssetState.REMOVED:
            continue
        if not asset.serial:
            serial = serial_of(project, project.id * 5 + number)
            keeping.change_asset(asset, serial=serial, project_id=project.id, at=at, actor_id=None)
        terms = equipment.terms_for(asset)
        installing.start_clocks(
            asset,
            installed_on=on,
            warranty_months=terms.warranty_months,
            training_days=terms.training_days,
            project_id=project.id,
            at=at,
            actor_id=None,
        )


@dataclass(frozen=True, slots=True)
class Old:
    """An instrument that stood there before: installed so many days before today, with months of warranty."""

    customer: str
    instrument: str
    days: int
    months: int = 12
    room: str = ""
    options: tuple[str, ...] = ()
    software: Mapping[str, str] | None = None
    note: str = ""
    removed: tuple[int, str] | None = None


BASE: tuple[Old, ...] = (
    Old("halden", "api-4000", 2210, room="Building 2, floor 1, 2.114", software={"Analyst": "1.7.3"}),
    Old("halden", "orbitrap-astral", 352, room="Building 2, floor 1, 2.110", software={"Xcalibur": "4.7"}),
    Old("aarefeld", "architect-c8000", 1480, 24, "Core laboratory", software={"ARCHITECT": "9.41"}),
    Old("lemanique", "nextseq-2000", 715, 24, "Sequencing, bench 3", software={"Control": "1.5.0"}),
    Old("isarquell", "icap-rq", 980, 36, "Trace analysis, 0.07"),
    Old("brandauer", "agilent-8890", 344, room="Hall B", options=("Headspace sampler",)),
    Old("thornhill", "benchmark-xt", 1905, 24, "Histology", note="The customer cleans it weekly."),
    Old("strathcairn", "fourier-300", 3050, room="Basement, NMR"),
    Old("palisade", "gridion", 171, room="Wet laboratory 4"),
    Old("kitamura", "promethion", 610, 24, "7F, genome centre", software={"MinKNOW": "24.06"}),
    Old(
        "tidewater",
        "icap-rq",
        2890,
        room="Trailer",
        removed=(240, "Scrapped: the interface was beyond repair."),
    ),
)
"""What the older customers have had for between half a year and eight years."""


MONTHS = {"architect-c8000": 24, "architect-c16000": 24, "benchmark-xt": 24, "warranty-plus": 24}
"""Of warranty, where it is not as long as usual; what is no instrument makes it so much longer."""


def stand_since_long(*, at: datetime, today: date, actor_id: int) -> None:
    """Enter what stood at customers before the company used Concierge, and how long warranties last."""
    sites: dict[str, Site] = {}
    for site in db.session.scalars(sa.select(Site).options(joinedload(Site.account)).order_by(Site.id)):
        sites.setdefault(site.account.name, site)
    products = {one.key: one for one in db.session.scalars(sa.select(Product))}
    for key, months in MONTHS.items():
        set_warranty(products[key], months, actor_id=actor_id, at=at)
    names = {one.key: one.name for one in CUSTOMERS}
    for number, old in enumerate(BASE):
        on = today - timedelta(days=old.days)
        product = products[old.instrument]
        asset = keeping.add_asset(
            site=sites[names[old.customer]],
            product=product,
            name=product.name,
            serial=f"{old.instrument[:2].upper()}{on:%y%W}-{204 + 391 * number}",
            place=old.room,
            options=old.options,
            software=[{"name": name, "version": version} for name, version in (old.software or {}).items()],
            installed_on=on,
            warranty_to=installing.last_day(on, months=old.months),
            note=old.note,
            at=at,
            actor_id=actor_id,
        )
        if old.removed:
            days, why = old.removed
            keeping.remove_asset(asset, on=today - timedelta(days=days), reason=why, at=at, actor_id=actor_id)
