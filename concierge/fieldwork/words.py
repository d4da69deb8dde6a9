"""What happened in the field, in words: for the history of a project, and for what changed since one last looked."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.fieldwork.states import RecordKind
from concierge.platform.words import listed
from concierge.projects.states import BlockCause
from concierge.projects.verdict import block_words

Payload = Mapping[str, Any]  # Any: plain values as they were recorded


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def small_number(value: float) -> tuple[float, str] | None:
    """Figure and power of ten of a number that is too small to be written out: 2.5 and “ × 10⁻⁷”; else None."""
    if not value or abs(value) >= 1e-3:
        return None
    figure, _e, power = f"{value:.5e}".partition("e")
    return float(figure), f"\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}10{str(int(power)).translate(_RAISED)}"


def story(name: str, told: Payload) -> str:
    """One event, to stand after the name of who did it; empty when it is none of the field's."""
    title = str(told.get("title") or "")
    match name:
        case "FieldworkReported":
            return _("sent in from “%(title)s”: %(what)s", title=title, what=_counted(told))
        case "SiteNotReady":
            return _(
                "found the site not ready at “%(title)s” (%(cause)s): %(note)s",
                title=title,
                cause=_cause(told),
                note=told.get("note", ""),
            )
        case "NotReadyWithdrawn":
            return _("took back that the site was not ready at “%(title)s”", title=title)
        case "EntryChosen":
            return _(
                "chose %(value)s for “%(step)s” at “%(title)s”",
                value=told.get("value", ""),
                step=told.get("step", ""),
                title=title,
            )
        case "StraysSeen":
            return _("looked at what came in from “%(title)s” after it was changed", title=title)
        case "RecordIssued" if told.get("name"):
            return _(
                "had the %(record)s of “%(title)s” signed by %(name)s",
                record=_record(told),
                title=title,
                name=told["name"],
            )
        case "RecordIssued":
            return _("signed the %(record)s of “%(title)s”", record=_record(told), title=title)
        case "RecordPrinted":
            return _("made the PDF of the %(record)s of “%(title)s”", record=_record(told), title=title)
    return ""


def changed(name: str, told: Payload) -> str:
    """One event, to stand after the customer's name."""
    title = str(told.get("title") or "")
    match name:
        case "SiteNotReady":
            return _("%(title)s: the site was not ready (%(cause)s)", title=title, cause=_cause(told))
        case "RecordIssued":
            return _("%(title)s: %(record)s signed", title=title, record=_record(told))
    return _("%(title)s: %(what)s came in", title=title, what=_counted(told))


def _counted(told: Payload) -> str:
    counts = {what: int(told.get(what) or 0) for what in ("entries", "notes", "photos", "signatures")}
    parts = [
        ngettext("%(num)s entry", "%(num)s entries", counts["entries"]) if counts["entries"] else "",
        ngettext("%(num)s note", "%(num)s notes", counts["notes"]) if counts["notes"] else "",
        ngettext("%(num)s photo", "%(num)s photos", counts["photos"]) if counts["photos"] else "",
        ngettext("%(num)s signature", "%(num)s signatures", counts["signatures"])
        if counts["signatures"]
        else "",
    ]
    said = listed(part for part in parts if part) or _("something that could not be done")
    if conflicts := int(told.get("conflicts") or 0):
        said += "; " + ngettext(
            "%(num)s value stands against another one",
            "%(num)s values stand against others",
            conflicts,
        )
    return said


def _cause(told: Payload) -> str:
    try:
        return block_words()[BlockCause(told.get("cause"))]
    except ValueError:
        return str(told.get("cause") or "")


def _record(told: Payload) -> str:
    is_certificate = told.get("kind") == RecordKind.CERTIFICATE.value
    about = {"revision": told.get("revision", 1)}
    if is_certificate:
        return _("installation certificate, revision %(revision)s", **about)
    return _("service report, revision %(revision)s", **about)
