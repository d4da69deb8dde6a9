"""From what a record says to a page, and from the page to a PDF, in the language of whoever reads it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template
from flask_babel import force_locale
from flask_babel import gettext as _
from markupsafe import Markup, escape

from concierge.catalogue.states import StepKind
from concierge.fieldwork.models import FieldRecord
from concierge.fieldwork.protocol import Party, Tap
from concierge.fieldwork.states import Fit, RecordKind
from concierge.fieldwork.words import small_number
from concierge.platform import settings, signing
from concierge.platform.paths import templates_dir
from concierge.platform.pdf import InnerFile, Press, Printed, press
from concierge.platform.words import localized
from concierge.readiness.document.form import breakable_text, seal, seal_at
from concierge.readiness.document.printing import LANGUAGES, stylesheet
from concierge.readiness.document.values import LETTER_COUNTRIES, RIGHT_TO_LEFT
from concierge.readiness.document.words import Figures, in_a_row

RECORD_FILE = "record.json"
"""Name of the file inside that holds what the record says, for machines."""
TEMPLATE_VERSION = 1
LONGEST = 4000
"""Letters of a text: a note may be so long."""
MOST_PHOTOS = 60
MACHINES = frozenset({"file", "small"})
"""Where photos lie with us; nobody else needs it."""

Said = Mapping[str, Any]  # Any: JSON


@dataclass(frozen=True, slots=True)
class Row:
    """One step as the page shows it."""

    number: str
    text: str
    accepted: str
    answer: Markup
    length: int
    """Letters of the answer."""
    state: str
    """``open`` or ``out_of_range``; empty when it is well."""
    note: str
    """Who entered it, and when."""


@dataclass(frozen=True, slots=True)
class Line:
    """A note, a time, or why a site was not ready: what, and who said so when."""

    text: str
    note: str


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as the page shows it."""

    source: str
    """Address among the files of the page; empty: it is only named."""
    alt: str
    caption: str
    note: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature as the page shows it; `path` is the drawing in a field of `width` by `height`."""

    party: str
    who: str
    meaning: str
    when: str
    sha256: str
    path: str
    box: str
    alt: str


class Words(Figures):
    """What the template says about a record, in a language and the country of the site."""

    def __init__(self, record: FieldRecord, language: str) -> None:
        self.content: Said = record.content
        self.language = language
        self.record = record
        super().__init__(language=language, country=self.content["site"]["country"])
        self.zone = self.content["site"]["zone"]

    @property
    def is_mirrored(self) -> bool:
        """Whether the language is written from right to left."""
        return self.language in RIGHT_TO_LEFT

    @property
    def paper(self) -> str:
        """The class of the paper's size."""
        return "letter" if self.country in LETTER_COUNTRIES else "a4"

    @property
    def is_certificate(self) -> bool:
        """Whether it is a certificate."""
        return self.record.kind is RecordKind.CERTIFICATE

    def text(self, text: object) -> Markup:
        """A text of people, in its own direction, which may break anywhere and cannot turn what stands around."""
        return self.said(self.long(text))

    def long(self, text: object) -> str:
        """A text of people that a line can hold."""
        return breakable_text(str(text or ""), most=LONGEST)

    def at(self, told: str) -> str:
        """An instant as the record keeps it, on the site's clock."""
        return self.moment(datetime.fromisoformat(told), self.zone)

    def title(self) -> str:
        """What the visit is called."""
        visit = self.content["visit"]
        return localized(visit["titles"], self.language) or str(visit["title"])

    def kind(self) -> str:
        """What the record is."""
        return _("Installation certificate") if self.is_certificate else _("Service report")

    def verdict(self) -> str:
        """The one sentence on top."""
        if self.is_certificate:
            return _(
                "The instrument was installed and accepted on %(day)s.", day=self.day(self.accepted_on())
            )
        if self.content["visit"]["is_complete"]:
            return _("The work is done.")
        return _("The work is not done; somebody comes again.")

    def accepted_on(self) -> date:
        """The day at the site on which the last one signed."""
        at = max(datetime.fromisoformat(one["at"]) for one in self.content["signatures"])
        return at.astimezone(ZoneInfo(self.zone)).date()

    def clocks(self) -> str:
        """Until when the warranty and the days for the introduction run; empty while they do not."""
        unit = self.content["unit"]
        warranty, training = (unit.get(name) for name in ("warranty_to", "training_to"))
        return in_a_row(
            [
                _("Warranty until %(day)s", day=self.day(date.fromisoformat(warranty))) if warranty else "",
                _("Training to be taken until %(day)s", day=self.day(date.fromisoformat(training)))
                if training
                else "",
            ]
        )

    def rows(self) -> list[Row]:
        """The steps."""
        return [self._row(number, step) for number, step in enumerate(self.content["steps"], 1)]

    def times(self) -> list[Line]:
        """Who set out, came and went when."""
        names = {
            Tap.ON_ROUTE.value: _("Set out"),
            Tap.ARRIVED.value: _("Arrived"),
            Tap.FINISHED.value: _("Finished"),
            Tap.INCOMPLETE.value: _("Left; somebody comes again"),
        }
        return [
            Line(
                in_a_row([names.get(one["to"], ""), self.long(one.get("note"))]),
                self._who_when(one),
            )
            for one in self.content["times"]
        ]

    def notes(self) -> list[Line]:
        """What was written, and what was found not ready."""
        found = [
            Line(_("Not ready: %(note)s", note=self.long(one["note"])), self._who_when(one))
            for one in self.content["not_ready"]
        ]
        return found + [Line(self.long(one["text"]), self._who_when(one)) for one in self.content["notes"]]

    def photos(self) -> list[Photo]:
        """The photos, the first of them as pictures."""
        of_step = {step["key"]: localized(step["text"], self.language) for step in self.content["steps"]}
        said = [one["caption"] or of_step.get(one["step"], "") for one in self.content["photos"]]
        return [
            Photo(
                source=f"asset:photo-{place}.jpg" if place < MOST_PHOTOS else "",
                alt=self.plain(self.long(said[place])) or _("Photo %(number)s", number=place + 1),
                caption=self.long(said[place]),
                note=self._who_when(one),
            )
            for place, one in enumerate(self.content["photos"])
        ]

    def signatures(self) -> list[Signed]:
        """Who signed, what for, when, and bound to what."""
        return [self._signed(one) for one in self.content["signatures"]]

    def _row(self, number: int, step: Said) -> Row:
        state = "open" if step["is_open"] and (step["is_required"] or step["value"]) else ""
        said = self.long(step["value"])
        answer = self.said(said)
        if step["kind"] == StepKind.TICK.value:
            answer = escape(_("Done") if step["value"] == "yes" else _("Open"))
        elif step["kind"] == StepKind.PHOTO.value:
            answer = escape(_("Done") if step["photos"] else _("Open"))
        elif step["kind"] == StepKind.READING.value and step["number"] is not None:
            answer = escape(self._measured(step))
        if step["fit"] == Fit.OUT.value:
            state = "out_of_range"
        if not answer:
            answer = escape(_("Open") if step["is_required"] else "–")
        return Row(
            number=str(number),
            text=self.long(localized(step["text"], self.language)),
            accepted=self._range(step),
            answer=answer,
            length=len(said),
            state=state,
            note=self._who_when(step) if step["at"] else "",
        )

    def number(self, value: float | Decimal) -> str:
        """A number as people write it, also one that is very small, such as a pressure in vacuum: 3 × 10⁻¹⁰."""
        parts = small_number(float(value))
        return super().number(value) if parts is None else f"{super().number(parts[0])}{parts[1]}"

    def _measured(self, step: Said) -> str:
        unit = f"\N{NO-BREAK SPACE}{step['unit']}" if step["unit"] else ""
        value = self.apart(f"{self.number(step['number'])}{unit}")
        typed = self.long(step["value"]).strip()
        is_plain = typed.replace(",", ".").replace("−", "-") == f"{step['number']:g}"
        return value if is_plain else in_a_row([value, _("typed %(text)s", text=self.apart(typed))])

    def _range(self, step: Said) -> str:
        unit = f"\N{NO-BREAK SPACE}{step['unit']}" if step["unit"] else ""
        match step["minimum"], step["maximum"]:
            case None, None:
                return ""
            case None, most:
                return _("at most %(value)s", value=self.apart(f"{self.number(most)}{unit}"))
            case least, None:
                return _("at least %(value)s", value=self.apart(f"{self.number(least)}{unit}"))
            case least, most:
                return self.apart(f"{self.number(least)}\N{EN DASH}{self.number(most)}{unit}")
        return ""

    def _who_when(self, one: Said) -> str:
        odd = _("the device's clock may have been wrong") if one["is_odd"] else ""
        return in_a_row([self._alone(one["by"]), self.at(one["at"]), odd])

    def _alone(self, text: object) -> str:
        long = self.long(text)
        return f"\N{FIRST STRONG ISOLATE}{long}\N{POP DIRECTIONAL ISOLATE}" if self.is_mirrored else long

    def _signed(self, one: Said) -> Signed:
        path, box = drawing(one["strokes"])
        is_ours = one["party"] == Party.TECHNICIAN.value
        when = _("Signed %(moment)s", moment=self.at(one["at"]))
        if one["is_odd"]:
            arrived = _("arrived %(moment)s", moment=self.at(one["received_at"]))
            when = in_a_row([when, _("the device's clock may have been wrong"), arrived])
        return Signed(
            party=settings.current().company if is_ours else self.content["account"],
            who=in_a_row([self._alone(one["name"]), self._alone(one["role"])]),
            meaning=self.long(one["meaning"]),
            when=when,
            sha256=one["sha256"],
            path=path,
            box=box,
            alt=_("Signature of %(name)s, drawn by hand", name=self.plain(self.long(one["name"]))),
        )


def file_name(record: FieldRecord, language: str) -> str:
    """The name under which it is saved."""
    with force_locale(language):
        name = _("installation-certificate") if record.kind is RecordKind.CERTIFICATE else _("service-report")
    return f"{record.content['number']}-{name}-{record.revision}.pdf"


def printed(
    record: FieldRecord, *, language: str, photos: Mapping[int, bytes], on: Press | None = None
) -> Printed:
    """A record as PDF/A-3a and PDF/UA-1, signed by the company if it has a certificate.

    Takes about a second: for the worker, never for a page.

    :param photos: small pictures by the number of their stored file; those that lack are only named.
    :raises Unprintable: when it cannot be laid out within its limits.
    :raises NotSigned: when the company's certificate cannot be used.
    """
    is_sealed = signing.is_asked_for()
    assets = {
        f"photo-{place}.jpg": photos[one["small"]]
        for place, one in enumerate(record.content["photos"][:MOST_PHOTOS])
        if one["small"] in photos
    }
    data = json.dumps(for_machines(record), ensure_ascii=False, indent=1, sort_keys=True).encode()
    company = settings.current().company
    with force_locale(language):
        fields = [seal(company)] if is_sealed else []
        reason = _("The record as we hold it")
    made = (on or press()).print_page(
        html(record, language=language, assets=frozenset(assets), is_sealed=is_sealed),
        stylesheet=_styles(is_mirrored=language in RIGHT_TO_LEFT),
        assets=assets,
        fields=fields,
        files=[InnerFile(RECORD_FILE, "application/json", data, "The record, for machines")],
        is_record=True,
        is_mirrored=language in RIGHT_TO_LEFT,
    )
    return replace(made, data=signing.signed(made.data, reason=reason, place=company)) if is_sealed else made


def html(
    record: FieldRecord, *, language: str, assets: frozenset[str] = frozenset(), is_sealed: bool = False
) -> str:
    """The page that is printed; a sealed one has a place for the company's signature."""
    with force_locale(language):
        return render_template(
            "fieldwork/document.html",
            words=Words(record, language),
            record=record,
            assets=assets,
            company=settings.current().company,
            seal=seal_at(0) if is_sealed else "",
        )


def for_machines(record: FieldRecord) -> dict[str, Any]:  # Any: JSON
    """What the record says, with its own hash, without what is only ours."""
    content = dict(record.content)
    content["photos"] = [
        {name: value for name, value in one.items() if name not in MACHINES} for one in content["photos"]
    ]
    return {"record": content, "sha256": record.content_hash, "signed_sha256": record.signed_hash}


def drawing(strokes: list[list[list[float]]]) -> tuple[str, str]:
    """The path of a drawn signature and the box around it, as SVG has them; empty when nothing was drawn."""
    points = [(float(x), float(y)) for stroke in strokes for x, y in stroke]
    if not points:
        return "", ""
    path = " ".join(
        "M" + " L".join(f"{x:g} {y:g}" for x, y in ([*stroke, stroke[0]] if len(stroke) == 1 else stroke))
        for stroke in strokes
        if stroke
    )
    left, top = min(x for x, _y in points) - 8, min(y for _x, y in points) - 8
    width, height = max(x for x, _y in points) + 8 - left, max(y for _x, y in points) + 8 - top
    return path, f"{left:g} {top:g} {width:g} {height:g}"


def language_of(wanted: str) -> str:
    """A language that records are printed in: the wanted one, else English."""
    short = wanted.partition("-")[0]
    return short if short in LANGUAGES else LANGUAGES[0]


@cache
def _styles(*, is_mirrored: bool) -> str:
    own = (templates_dir() / "fieldwork" / "document.css").read_text("utf-8")
    return stylesheet(is_mirrored=is_mirrored) + own
