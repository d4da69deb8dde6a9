"""What came of a file that came back, in words: for our own people, and for whoever sent it."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.catalogue.states import ItemType
from concierge.platform.words import localized
from concierge.readiness import plan
from concierge.readiness.actions import taking
from concierge.readiness.models import ReadinessItem, ReturnedDocument
from concierge.readiness.states import Fate, Outcome

LOOKS = {
    Outcome.WAITING: ("wait", "hourglass"),
    Outcome.TAKEN: ("ok", "check"),
    Outcome.OLD_REVISION: ("ok", "check"),
    Outcome.NOTHING_FILLED: ("idle", "circle-dot"),
    Outcome.SETTLED: ("ok", "check"),
}
"""State and icon of an outcome's pill; all others wait for somebody."""
FATES = {
    Fate.TAKEN: ("ok", "check"),
    Fate.KNOWN: ("ok", "check"),
    Fate.CONFLICT: ("warn", "triangle-alert"),
    Fate.FOR_A_PERSON: ("warn", "hourglass"),
    Fate.NOT_ASKED: ("idle", "circle-dot"),
    Fate.LEFT: ("idle", "circle-dot"),
}

Entry = Mapping[str, Any]  # Any: what JSON holds


def look(row: ReturnedDocument) -> tuple[str, str]:
    """State and icon of a file's pill."""
    if row.settled_at is not None:
        return LOOKS[Outcome.SETTLED]
    return LOOKS.get(row.outcome, ("warn", "triangle-alert"))


def outcome(row: ReturnedDocument) -> str:
    """What a file turned out to be, in a few words."""
    if taking.WORDS in row.detail.split() and row.outcome is Outcome.NOT_OURS:
        return _("A letter without a file")
    return {
        Outcome.WAITING: _("Is being read"),
        Outcome.TAKEN: _("Taken"),
        Outcome.CONFLICTS: _("Contradicts newer answers"),
        Outcome.PARTLY: _("Partly taken"),
        Outcome.NOTHING_FILLED: _("Nothing filled in"),
        Outcome.OTHER_PROJECT: _("Of another project"),
        Outcome.ALTERED: _("Altered"),
        Outcome.OLD_REVISION: _("Taken from an older print"),
        Outcome.ENCRYPTED: _("Locked with a password"),
        Outcome.TRUNCATED: _("Breaks off"),
        Outcome.TOO_LARGE: _("Too large"),
        Outcome.ACTIVE_CONTENT: _("Holds a script"),
        Outcome.FLAT: _("Scan or print"),
        Outcome.UNREADABLE: _("Damaged"),
        Outcome.NOT_OURS: _("No checklist of ours"),
        Outcome.SETTLED: _("Dealt with"),
    }[row.outcome]


def told_to_us(row: ReturnedDocument) -> str:
    """What one of ours has to know about a file, and what to do."""
    notes = row.detail.split()
    if taking.WORDS in notes:
        return {
            Outcome.NOT_OURS: _("They wrote to the project’s address without a checklist. Read the letter."),
            Outcome.TOO_LARGE: _(
                "The letter is larger than 25 MB, and only its head was kept. Ask for less."
            ),
        }.get(row.outcome, _("The letter could not be read. Open it, or ask for it once more."))
    said = [_ours(row.outcome)]
    if has_no_picture(row):
        said = [
            _(
                "It is a photo as iPhones keep it (HEIC), of which no picture can be made here. Save the original, look"
                " at it in another program, and type in beside what you read; or ask for it as JPEG or PDF."
            )
        ]
    if taking.OLD in notes:
        said.append(
            _(
                "It was filled in on revision %(number)s, which is not the newest. Each answer was compared with"
                " what came since.",
                number=row.revision,
            )
        )
    if taking.STRANGER in notes:
        said.append(
            _(
                "%(sender)s is none of this customer’s people, and anybody can write any sender into a letter."
                " So nothing was taken.",
                sender=row.sender or _("The sender"),
            )
        )
    if taking.UNPROVEN in notes:
        said.append(
            _(
                "It names %(sender)s as its sender, but our mail server found no signature (DKIM) of that domain in it."
                " So nothing was taken.",
                sender=row.sender or _("nobody"),
            )
        )
    if taking.BESIDE in notes:
        said.append(
            _(
                "Something is written or drawn on its pages, or stands in fields that we did not print. Look at the"
                " pictures, and type in what is missing."
            )
        )
    if taking.FILES_INSIDE in notes:
        said.append(
            _(
                "There are files inside that we did not put there. They were not opened; save the original to look."
            )
        )
    return " ".join(part for part in said if part)


def told_to_sender(row: ReturnedDocument) -> str:
    """What whoever sent a file has to know about it, and what to do. Names nothing of any other project."""
    if taking.WORDS in row.detail.split():
        return _("Your letter is here. A person reads it.")
    said = [_theirs(row.outcome)]
    if has_no_picture(row):
        said = [
            _(
                "Your photo is in a format (HEIC) that not every program shows. A person tries to read it; a PDF, a"
                " photo as JPEG, or your answers on your page are surer."
            )
        ]
    if row.outcome in {Outcome.TAKEN, Outcome.OLD_REVISION, Outcome.CONFLICTS, Outcome.PARTLY}:
        taken = sum(entry["fate"] in {Fate.TAKEN.value, Fate.KNOWN.value} for entry in row.entries)
        said.insert(
            0, ngettext("We took %(num)s answer.", "We took %(num)s answers.", taken) if taken else ""
        )
    if taking.OLD in row.detail.split():
        said.append(
            _(
                "You filled in an older print; each answer was compared with what has come in since it was made."
            )
        )
    if taking.BESIDE in row.detail.split():
        said.append(_("What is written beside the fields, a person reads and types in."))
    if taking.FILES_INSIDE in row.detail.split():
        said.append(
            _("Files inside the PDF were not taken. Please attach them on your page, at the point they show.")
        )
    return " ".join(part for part in said if part)


def has_no_picture(row: ReturnedDocument) -> bool:
    """Whether a file is a photo that can only be looked at elsewhere."""
    return row.outcome is Outcome.FLAT and not row.pictures and row.file.content_type == "image/heic"


def fate(came: Fate) -> str:
    """What came of one entry, in a word or two."""
    return {
        Fate.TAKEN: _("Taken"),
        Fate.KNOWN: _("Known already"),
        Fate.CONFLICT: _("Contradicts a newer answer"),
        Fate.FOR_A_PERSON: _("Needs you"),
        Fate.NOT_ASKED: _("No longer asked"),
        Fate.LEFT: _("Left"),
    }[came]


def why(entry: Entry, item: ReadinessItem | None = None) -> str:
    """Why an entry waits for a person, in the reader's language; empty when it does not.

    :param item: the point that it is an answer to; None: then in the language in which it was read.
    """
    if entry["why"] == "unreadable" and item is not None:
        try:
            plan.answer_of(item, entry["typed"])
        except ValueError as problem:
            return str(problem)
    if entry["why"] in {"unreadable", "refused"} and entry.get("said"):
        return str(entry["said"])
    return {
        "unreadable": _("It cannot be read as an answer to what is asked."),
        "refused": _("It cannot be taken just now."),
        "accepted": _("The point was accepted already."),
        "sender": _("Nobody of this customer’s people sent it."),
        "section": _("It belongs to a section that its sender was not asked about."),
        "altered": _("The note that says which print it is was changed or is missing."),
        "script": _("A script in the file could have written it."),
        "truncated": _("The file breaks off: there may have been more."),
        "doubtful": _(
            "The field holds more, or something else, than a form program writes. Look at the file."
        ),
        "comment": _("There is a comment, and no new answer."),
        "emptied": _("The answer that was printed was taken out."),
        "file": _("A file is asked for here. Ask for it, or attach what came."),
        "signed": _("A signature on the paper. Compare it with what is open, then take it."),
    }.get(entry["why"], "")


def typed(item: ReadinessItem | None, value: str) -> str:
    """What was typed, as a person reads it: yes and no in words, a choice by its label."""
    if item is None:
        return value
    if item.type is ItemType.CONFIRM:
        return {"yes": _("Yes"), "no": _("Not yet")}.get(value, value)
    if item.type is ItemType.CHOICE and value in item.choices:
        return localized(item.choices[value])
    if item.type is ItemType.MULTI:
        return ", ".join(
            localized(item.choices[code]) if code in item.choices else code for code in value.split()
        )
    return value


def _ours(outcome: Outcome) -> str:
    return {
        Outcome.WAITING: _("It is being read. Load the page again in a moment."),
        Outcome.TAKEN: _("Everything that was filled in counts."),
        Outcome.OLD_REVISION: _("Everything that was filled in counts."),
        Outcome.SETTLED: "",
        Outcome.CONFLICTS: _(
            "Some of it differs from answers that came in after it was printed. Choose which counts."
        ),
        Outcome.PARTLY: _("Some of it needs you: decide on each entry that waits."),
        Outcome.NOTHING_FILLED: _(
            "It is as it was printed: nobody filled anything in, or the program did not save it."
        ),
        Outcome.OTHER_PROJECT: _("It was printed for another project. Nothing was taken."),
        Outcome.ALTERED: _(
            "The signed note that ties a copy to its project was changed or is missing, as some programs do when they"
            " save. Nothing was taken by itself: compare, then take what is right."
        ),
        Outcome.ENCRYPTED: _(
            "It opens only with a password. Ask for it without one, or for the answers on the page."
        ),
        Outcome.TRUNCATED: _(
            "The file breaks off. What could be read of it waits for you; ask for it once more."
        ),
        Outcome.TOO_LARGE: _(
            "It has more pages, fields or data than a checklist has. Look at the pictures of its first pages."
        ),
        Outcome.ACTIVE_CONTENT: _(
            "It holds a script or another active part that is not ours. Nothing of that was run, and nothing was taken"
            " by itself: compare, then take what is right."
        ),
        Outcome.FLAT: _("There are no form fields in it. Type in beside the pictures what you read."),
        Outcome.UNREADABLE: _("It cannot be opened. Ask for it once more."),
        Outcome.NOT_OURS: _("It is no checklist that we made. Look at it, and put it where it belongs."),
    }[outcome]


def _theirs(outcome: Outcome) -> str:
    return {
        Outcome.WAITING: _("It is being read."),
        Outcome.TAKEN: "",
        Outcome.OLD_REVISION: "",
        Outcome.SETTLED: _("A person has dealt with it."),
        Outcome.CONFLICTS: _(
            "Some of it differs from newer answers. A person compares them; nothing is lost."
        ),
        Outcome.PARTLY: _("A person looks at the rest and writes to you if something is missing."),
        Outcome.NOTHING_FILLED: _(
            "There was nothing filled in. Some programs show what you type and do not save it: save the file under a"
            " new name, or answer on your page."
        ),
        Outcome.OTHER_PROJECT: _(
            "It does not belong to this installation. Please check which file you sent."
        ),
        Outcome.ALTERED: _(
            "Your program has changed more than the answers. A person compares it with what we sent."
        ),
        Outcome.ENCRYPTED: _(
            "It is locked with a password. Please send it without one, or answer on your page."
        ),
        Outcome.TRUNCATED: _("The file breaks off. Please send it once more, or answer on your page."),
        Outcome.TOO_LARGE: _("It is much larger than the checklist that we sent. A person looks at it."),
        Outcome.ACTIVE_CONTENT: _(
            "It holds an active part that we did not put there. A person compares it with what we sent."
        ),
        Outcome.FLAT: _(
            "It came as a picture. A person types in what it says, and writes to you if something is missing."
        ),
        Outcome.UNREADABLE: _("It cannot be opened. Please send it once more, or answer on your page."),
        Outcome.NOT_OURS: _("It is not the checklist that we sent. A person looks at it."),
    }[outcome]
