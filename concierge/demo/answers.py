"""What laboratories answer: believable values for every item of a checklist."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from concierge.catalogue.states import FileKind, ItemType
from concierge.demo.customers import Customer, Place
from concierge.readiness import plan
from concierge.readiness.models import ReadinessItem

MAINS: Mapping[str, float] = {"US": 120, "JP": 100}
PLUGS: Mapping[str, str] = {
    "CH": "t23",
    "DE": "schuko",
    "FR": "schuko",
    "SE": "schuko",
    "GB": "bs1363",
    "SG": "bs1363",
    "US": "nema-5-20",
    "NZ": "as3112",
    "JP": "nema-5-15",
    "CA": "nema-5-15",
}
USUAL: Mapping[str, float] = {
    "temperature": 21.5,
    "humidity": 45,
    "temperature-drift": 0.3,
    "nitrogen-purity": 99.9,
}


def answer_for(item: ReadinessItem, customer: Customer, place: Place, *, wrong: bool = False) -> str:
    """What the laboratory types for an item; `wrong` gives a value that does not fit."""
    match item.type:
        case ItemType.CONFIRM:
            return "yes"
        case ItemType.MEASURE:
            return _measured(item, place, wrong=wrong)
        case ItemType.CHOICE:
            return _chosen(item, place)
        case ItemType.DATE:
            return _early_enough(item)
        case ItemType.MULTI:
            return ", ".join(list(item.choices)[: 1 + item.position % 2])
    return _text(item, customer)


def comment_for(item: ReadinessItem, *, wrong: bool) -> str:
    """What the laboratory adds, if anything."""
    if wrong:
        return "Measured twice, on different days."
    return "Confirmed by phone." if item.position % 11 == 3 else ""


def evidence_for(item: ReadinessItem, place: Place, at: datetime) -> list[tuple[str, bytes]]:
    """Name and content of each file that an item needs: a log as text, anything else as a photo of it."""
    if not item.needs_evidence:
        return []
    numbers = range(1, max(1, item.file_count) + 1)
    if item.file_kinds and FileKind.LOG.value not in item.file_kinds:
        return [(f"{item.key}-{number}.png", _picture(60 + 4 * number)) for number in numbers]
    text = (
        f"{place.name}, {place.city}\n{item.requirement.get('en', '')}\n"
        f"Checked on site on {at:%d %B %Y}. Signed: facilities management.\n"
    )
    return [(f"{item.key}-{number}.txt", f"{text}Page {number}\n".encode()) for number in numbers]


def _picture(height: int, width: int = 96) -> bytes:
    """A small PNG, grey and getting lighter, where a laboratory would send a photo (PNG 1.2 §2)."""
    rows = b"".join(b"\0" + bytes((64 + 2 * line,)) * width for line in range(height))

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _measured(item: ReadinessItem, place: Place, *, wrong: bool) -> str:
    least, most = item.minimum, item.maximum
    if wrong:
        value = most * 1.15 if most is not None else (least or 1) * 0.8
    elif item.unit == "V":
        value = min(max(MAINS.get(place.country, 230.0), least or 0), most or 1000)
    elif item.key in USUAL and (least or 0) <= USUAL[item.key] <= (most or 1e9):
        value = USUAL[item.key]
    elif least is not None and most is not None:
        value = (least + most) / 2
    elif least is not None and item.unit == "%":
        value = (least + 100) / 2
    elif least is not None:
        value = least * 1.2
    else:
        value = (most or 1000) * 0.8
    return f"{value:.4g} {item.unit}".replace("e+03", "000")


def _early_enough(item: ReadinessItem) -> str:
    """A day a week before the last one that will do, as year-month-day."""
    latest_on = plan.latest_on(item)
    return (latest_on - timedelta(days=7) if latest_on else item.due_on).isoformat()


def _chosen(item: ReadinessItem, place: Place) -> str:
    wanted = {
        "plug-type": PLUGS.get(place.country, "other"),
        "dock": "dock" if "ock" in place.dock else "tail-lift",
        "biosafety": "bsl-2",
        "carrier-gas": "hydrogen" if place.country in {"DE", "US"} else "helium",
    }.get(item.key, "")
    return wanted if wanted in item.choices else next(iter(item.accepted or item.choices))


def _text(item: ReadinessItem, customer: Customer) -> str:
    people = [person.name for person in customer.people]
    return {
        "receiving-contact": f"{people[1]}, +41 61 555 03 40, 08:00–15:30",
        "addresses": "DHCP; host name lab-ms-04",
        "it-contact": people[-1],
        "work-permit": people[-1],
        "users-booked": f"{people[0]} and two colleagues",
    }.get(item.key, f"{people[0]} will tell us by phone")
