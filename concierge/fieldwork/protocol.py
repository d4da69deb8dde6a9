"""What a device and the server say to each other about the technician's day.

A device keeps what is entered in its outbox, each change under a key of its own, and sends changes in the order in
which they were made, again and again, until each has an outcome. Nothing depends on when they arrive:

* a change that arrives twice is known and does nothing;
* what is entered at a step names the entries that stood before the person's eyes (`Change.seen`). Entries that
  somebody saw and wrote over are superseded. Those that nobody has seen stand side by side: equal ones agree,
  others are in conflict until a person enters one that has seen them all;
* notes, photos and signatures are added; nothing replaces them;
* an instant is the device's. A clock that is wrong is told by `Batch.sent_at` and marked.

Addresses:

* ``GET /day/data`` → `Day`. 401 when the sign-in has ended: keep everything, ask to sign in.
* ``POST /day/changes``, header ``X-CSRFToken: <Day.token>``, a `Batch` of at most `MOST_CHANGES` and
  `LARGEST_BATCH` bytes → `Answer`. 400: the token is too old: fetch ``/day/data``, send again.
  422: the batch cannot be read; ``{"detail": sentence}``.
* ``POST /day/files/<uuid>?offset=<n>&size=<all>``, same header, body: the next at most `PIECE` bytes → `Received`.
  409 with `Received` when the piece does not follow: go on at ``received``. 422: never to be sent again;
  ``{"detail": sentence}``. An empty body with ``offset=0`` asks how much is here (and begins the upload).
* ``GET /day/photos/<photo id>/<"small" | "large">`` → JPEG.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, NotRequired, TypedDict

MOST_CHANGES = 100
"""In one batch; the rest is sent with the next."""
LARGEST_BATCH = 2 * 1024 * 1024
"""Bytes of a batch: drawn signatures are the largest part of it."""
PIECE = 1024 * 1024
"""Bytes of a piece of a photo; the last one is smaller."""
LARGEST_PHOTO = 20 * 1024 * 1024
"""Bytes of a photo as it is sent. A browser that can should make larger ones smaller first, and keep the original."""
LONGEST_TEXT, LONGEST_NOTE, LONGEST_NAME = 2000, 4000, 120
"""Characters of an entry or caption, a note, and a name."""
MOST_POINTS = 20_000
"""Points of a drawn signature, all strokes together."""
DAYS_AHEAD = 3
"""Today and so many more days are in `Day`, besides what is under way or not finished."""


class Kind(Enum):
    """What a change adds; said in `Change.kind`."""

    STATE = "state"
    """Value `StateValue`."""
    TICK = "tick"
    """At a step; value true or false."""
    READING = "reading"
    """At a step; value as typed, a text such as ``"21.5"`` or ``"70 °F"``; without unit it is in the step's."""
    SERIAL = "serial"
    """At a step; value a text."""
    TEXT = "text"
    """At a step; value a text."""
    NOTE = "note"
    """Value a text."""
    PHOTO = "photo"
    """At a step or none; value `PhotoValue`. Sent after its file is whole."""
    SIGNATURE = "signature"
    """Value `SignatureValue`."""
    NOT_READY = "not_ready"
    """Value `NotReadyValue`."""


class Tap(Enum):
    """What a person says about their own way and work; said in `StateValue.to`."""

    ON_ROUTE = "on route"
    ARRIVED = "arrived"
    FINISHED = "finished"
    INCOMPLETE = "incomplete"
    """Finished, but somebody has to come again; needs a note."""


class Party(Enum):
    """For whom somebody signs."""

    TECHNICIAN = "technician"
    CUSTOMER = "customer"


class Outcome(Enum):
    """What became of a change; the device takes it from its outbox unless it is LATER or REFUSED."""

    DONE = "done"
    """Kept."""
    KNOWN = "known"
    """It was kept before."""
    CONFLICT = "conflict"
    """Kept, and a person has to look at it; the sentence says why: another value stands beside it, the visit was
    cancelled, moved or given to somebody else meanwhile, or the plan does not allow what was said."""
    REFUSED = "refused"
    """Not kept, and sending it again does not help. The device shows it with the sentence until the person
    discards it."""
    LATER = "later"
    """Not yet: the photo's file is not whole here. Send the file, then the change again."""


class StateValue(TypedDict):
    """Value of a change of kind STATE."""

    to: str
    """A value of `Tap`."""
    note: NotRequired[str]
    """What is left to do; INCOMPLETE needs it."""


class PhotoValue(TypedDict):
    """Value of a change of kind PHOTO."""

    file: str
    """The uuid under which the bytes were sent."""
    caption: NotRequired[str]


class NotReadyValue(TypedDict):
    """Value of a change of kind NOT_READY: the site is not ready, and work cannot go on."""

    cause: str
    """A code of `Day.causes`."""
    note: str
    """In the person's words; must not be empty."""
    file: NotRequired[str]
    """The uuid of a photo that shows it; sent before, like any photo."""


class SignatureValue(TypedDict):
    """Value of a change of kind SIGNATURE."""

    party: str
    """A value of `Party`."""
    name: str
    """As typed or said; must not be empty."""
    role: NotRequired[str]
    """What the person is, such as “Lab manager”."""
    meaning: str
    """The sentence that stood over the signature, from `Signing.meanings`."""
    strokes: list[list[list[float]]]
    """The drawing: strokes of points ``[x, y]``, each from 0 to 1000 of the width of the field, y down.
    Empty: signed by typing the name."""
    shown: list[str]
    """Keys of every entry, note and photo that the signed page showed as it stands (no superseded ones). The
    signature is bound to them: the server keeps their content and its SHA-256."""


class ChangeData(TypedDict):
    """One change in a `Batch`."""

    key: str
    """A uuid in lower case with hyphens, made by the device, once for each change."""
    visit: str
    """`VisitData.uid`."""
    ticket: str
    """`VisitData.ticket` as it came: it shows that the visit was once given to this person."""
    kind: str
    """A value of `Kind`."""
    step: str
    """`StepData.key`, or empty."""
    value: Any
    """By kind, see `Kind`."""
    at: str
    """When it was entered, by the device's clock: ISO 8601 with offset."""
    seen: list[str]
    """At a step: the keys of all its entries that the page showed with standing ``current``, ``agreed`` or
    ``conflict``, sent or not. Otherwise empty."""


class Batch(TypedDict):
    """The body of ``POST /day/changes``."""

    user: int
    """`Day.user`’s id when the changes were entered: another person's outbox is refused whole."""
    sent_at: str
    """The device's clock while it sends: ISO 8601 with offset."""
    changes: list[ChangeData]


class ResultData(TypedDict):
    """What became of one change, in the order of the batch."""

    key: str
    outcome: str
    """A value of `Outcome`."""
    sentence: str
    """In the person's language; empty when there is nothing to say."""


class Received(TypedDict):
    """How much of a photo is here."""

    received: int
    size: int
    is_whole: bool


class PersonData(TypedDict):
    """Who is signed in."""

    id: int
    name: str
    zone: str
    language: str


class EntryData(TypedDict):
    """What somebody entered at a step."""

    key: str
    value: Any
    """As given: true or false of a tick, else a text."""
    words: str
    """The value as it is shown; a reading with its unit, and in the step's when it was typed in another."""
    verdict: str
    """Of a reading: ``ok``, ``out of range`` or ``unreadable``; otherwise empty."""
    at: str
    """ISO 8601, UTC."""
    by: str
    mine: bool
    standing: str
    """``current``, ``agreed`` (the same as the current one) or ``conflict``; superseded ones are not told."""
    mark: str
    """What is odd about the device's clock, as a sentence; mostly empty."""


class StepData(TypedDict):
    """Something to do, read off or record."""

    key: str
    kind: str
    """A value of `StepKind`: tick, reading, serial, photo, text."""
    text: str
    unit: str
    minimum: float | None
    maximum: float | None
    range: str
    """The range in words, such as “18 to 25 °C”; empty when any value will do."""
    required: bool
    entries: list[EntryData]
    """The current one first. Photos of a photo step are in `VisitData.photos`."""


class NoteData(TypedDict):
    """What somebody wrote."""

    key: str
    text: str
    at: str
    by: str
    mark: str


class PhotoData(TypedDict):
    """A photo."""

    key: str
    id: int
    step: str
    caption: str
    small: str
    """Address of a picture of at most 480 px."""
    large: str
    """Address of a picture of at most 2560 px."""
    at: str
    by: str
    mark: str


class SignatureData(TypedDict):
    """Somebody signed."""

    key: str
    party: str
    name: str
    role: str
    meaning: str
    at: str
    holds: bool
    """Whether what was signed is still all that stands; otherwise it has to be signed again."""
    changed: str
    """What changed since, as a sentence; empty while it holds."""
    mark: str


class NotReadyData(TypedDict):
    """The site was not ready."""

    key: str
    cause: str
    note: str
    at: str
    by: str
    withdrawn: bool
    """Whether a dispatcher took it back."""


class TapData(TypedDict):
    """When somebody set out, came or went."""

    key: str
    to: str
    at: str
    by: str
    mine: bool
    problem: str
    """Why it did not move the visit; mostly empty."""


class PaperData(TypedDict):
    """A certificate or report that was made."""

    name: str
    revision: int
    url: str
    made_at: str


class MeaningData(TypedDict):
    """The sentence that somebody signs, in a language."""

    party: str
    language: str
    text: str


class SigningData(TypedDict):
    """What can be signed."""

    document: str
    """``certificate`` or ``report``."""
    title: str
    meanings: list[MeaningData]
    """The technician's in their own language; the customer's in the customer's first, then in English."""
    lacks: list[str]
    """What stands in the way of the certificate, as sentences: open steps, conflicts. It can be signed all the same;
    then a report is made, and the certificate once it is complete and signed again."""


class SiteData(TypedDict):
    """Where it is."""

    name: str
    lines: list[str]
    access: str
    """What one has to know to get in."""
    map: str
    """An address that opens a map; empty when there is nothing to show on one."""
    latitude: float | None
    longitude: float | None


class ContactData(TypedDict):
    """Whom to ask for at the site."""

    name: str
    phone: str
    email: str
    zone: str


class ReadinessData(TypedDict):
    """Whether the site is ready."""

    verdict: str
    """``ready``, ``open`` or ``held``; empty when there is no checklist."""
    words: str
    open: list[str]
    """What is open, the blocking points first."""


class WayData(TypedDict):
    """How to get there from the visit before, or from home."""

    minutes: int
    by: str
    words: str


class PartData(TypedDict):
    """What is installed or was sold."""

    name: str
    serial: str
    options: list[str]


class ProjectData(TypedDict):
    """The project the visit belongs to."""

    key: str
    account: str


class ColleagueData(TypedDict):
    """Somebody who also goes."""

    name: str


class VisitData(TypedDict):
    """One visit with all that is needed at the site."""

    uid: str
    ticket: str
    """Opaque; comes back with each change."""
    id: int
    version: int
    title: str
    kind: str
    state: str
    """A value of `VisitState`."""
    state_words: str
    starts_at: str
    ends_at: str
    """ISO 8601, UTC."""
    zone: str
    starts_local: str
    ends_local: str
    """Wall time at the site, ISO 8601 without offset."""
    when: str
    """Day and time at the site in words."""
    arrival_minutes: int
    note: str
    site: SiteData
    contact: ContactData | None
    readiness: ReadinessData
    way: WayData | None
    crew: list[ColleagueData]
    tools: list[str]
    parts: list[PartData]
    steps: list[StepData]
    notes: list[NoteData]
    photos: list[PhotoData]
    signatures: list[SignatureData]
    taps: list[TapData]
    not_ready: list[NotReadyData]
    papers: list[PaperData]
    signing: SigningData
    project: ProjectData
    url: str
    """The visit's page for the office."""


class CauseData(TypedDict):
    """Why a site is not ready."""

    code: str
    text: str


class Day(TypedDict):
    """The answer of ``GET /day/data``."""

    at: str
    user: PersonData
    token: str
    """For ``X-CSRFToken``; lasts some hours."""
    days: list[str]
    """Today and the coming days by the person's own zone, ISO 8601."""
    visits: list[VisitData]
    """By their start: those of the days, and earlier ones that are not over or were over yesterday."""
    causes: list[CauseData]


class Answer(TypedDict):
    """The answer of ``POST /day/changes``."""

    results: list[ResultData]
    data: Day


@dataclass(frozen=True, slots=True)
class Change:
    """One change as it was read; its value is checked by the verb of its kind."""

    key: str
    visit: str
    ticket: str
    kind: Kind
    step: str
    value: Any
    at: datetime
    """Aware, UTC: the device's."""
    seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one change."""

    key: str
    outcome: Outcome
    sentence: str = ""
