"""A checklist as values that are kept: how it scored, how each item stood, what was signed, and what changed since."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, TypeAlias

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.core import readiness
from concierge.core.readiness import Gate, Score
from concierge.readiness.models import ReadinessItem

Kept: TypeAlias = dict[str, Any]  # Any: JSON values


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one item between two states of a checklist."""

    key: str
    requirement: dict[str, str]
    """Language to text."""
    what: str
    """``answer``, ``files``, ``asked`` (otherwise than before), ``gone``, ``new``, ``review`` or ``waiver``."""
    before: str = ""
    after: str = ""
    by: str = ""
    """Who changed it, as shown; empty: it happened by itself, or nobody noted who."""

    def as_json(self) -> Kept:
        """As it is kept in a column."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Change":  # Any: JSON values
        """As it was kept."""
        return cls(**kept)


def core_item(item: ReadinessItem) -> readiness.Item:
    """An item as it counts."""
    return readiness.Item(
        key=item.key,
        gate=Gate(item.gate.value) if item.gate else None,
        is_done=item.is_cleared,
        is_waived=item.is_waived,
        due_on=item.due_on,
        weight=max(0, item.weight),
    )


def counted(items: Iterable[ReadinessItem]) -> tuple[readiness.Item, ...]:
    """The items that somebody has to do something about; neither information nor what is not asked is among them."""
    return tuple(core_item(item) for item in items if item.is_counted)


def score(items: Iterable[ReadinessItem], gate: Gate, *, today: date) -> Score:
    """How ready a site is for a gate; the same everywhere it is shown.

    :param items: with their evidence.
    :param today: the day at the site.
    """
    return readiness.score(counted(items), gate, today=today)


def percent(items: Iterable[ReadinessItem]) -> int | None:
    """The weighted share of what is asked that is done, 0–100; `None` when nothing is asked.

    :param items: with their evidence.
    """
    asked = counted(items)
    return readiness.score(asked, Gate.INSTALL, today=date.min).percent if asked else None


def standing(items: Iterable[ReadinessItem]) -> list[Kept]:
    """Each item that is asked as it stands, as an assessment keeps it."""
    return [
        {
            **_said(item),
            "section": item.section,
            "gate": item.gate.value if item.gate else "",
            "weight": item.weight,
            "state": item.state.value,
            "verdict": item.verdict.value,
            "is_done": item.is_cleared,
            "waived_until": item.waived_until.isoformat() if item.waived_until else "",
        }
        for item in items
        if item.is_counted
    ]


def content(items: Iterable[ReadinessItem], section: str = "") -> list[Kept]:
    """What a signature under a section, or under the whole list, stands for: what is asked, answers and files.

    Whether one of ours accepted an answer is no part of it: the customer did not say so.
    """
    return [
        {**_said(item), "comment": item.comment}
        for item in items
        if item.is_counted and section in {"", item.section}
    ]


def missing_files(item: ReadinessItem) -> str:
    """Which files it still takes to settle an item, in the reader's language; empty when none is missing.

    The same file twice counts once, and what cannot be of a kind that is asked for does not count: a table is no
    photo, a text no certificate.
    """
    if not item.lacks_evidence:
        return ""
    needed, there = max(1, item.file_count), item.proofs
    said = (
        ngettext(
            "%(there)s of %(num)s file is there.",
            "%(there)s of %(num)s files are there.",
            needed,
            there=there,
        )
        if there or needed > 1
        else _("Answered; the file that shows it is still missing.")
    )
    if there < len(item.evidence):
        said += " " + _(
            "What was sent besides is another kind of file than is asked for, or the same one again."
        )
    return said


def digest(kept: Sequence[Kept]) -> str:
    """SHA-256 over kept values, as 64 hexadecimal digits; the same values give the same digest everywhere."""
    written = json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


def changes(before: Sequence[Kept], after: Sequence[Kept]) -> tuple[Change, ...]:
    """What became of each item from one state to another, in the order of the second; gone ones come last."""
    older = {str(one["key"]): one for one in before}
    found = [
        change for one in after if (change := _change(older.pop(str(one["key"]), None), one)) is not None
    ]
    gone = [Change(key, one["requirement"], "gone", before=str(one["value"])) for key, one in older.items()]
    return (*found, *gone)


def _said(item: ReadinessItem) -> Kept:
    return {
        "key": item.key,
        "requirement": dict(item.requirement),
        "asks": [
            item.type.value,
            item.quantity or "",
            item.unit or "",
            item.minimum,
            item.maximum,
            item.tolerance,
            sorted(str(code) for code in item.accepted or ()),
        ],
        "value": item.value,
        "files": sorted(one.file.sha256 for one in item.evidence),
    }


def _change(before: Kept | None, after: Kept) -> Change | None:
    key, requirement = str(after["key"]), after["requirement"]
    if before is None:
        return Change(key, requirement, "new", after=str(after["value"]))
    said = {"before": str(before["value"]), "after": str(after["value"])}
    if before["value"] != after["value"] or before.get("comment") != after.get("comment"):
        return Change(key, requirement, "answer", **said)
    if before["asks"] != after["asks"] or before["requirement"] != after["requirement"]:
        return Change(key, requirement, "asked", **said)
    if before["files"] != after["files"]:
        return Change(key, requirement, "files", str(len(before["files"])), str(len(after["files"])))
    if before.get("waived_until", "") != after.get("waived_until", ""):
        return Change(key, requirement, "waiver", before["waived_until"], after["waived_until"])
    if before.get("is_done") != after.get("is_done"):
        return Change(key, requirement, "review", before["state"], after["state"])
    return None
