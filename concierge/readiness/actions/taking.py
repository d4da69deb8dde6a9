"""Taking what comes back: files are kept as they came, and what was filled in is merged field by field.

A file is a claim. What stands in it counts by itself only when it is whole, holds no script, carries the note that we
signed when we printed it, was printed for the very project it came to, and came from one of the customer's people or
one of ours. Everything else that can be read is laid before a person, and nothing that somebody wrote is lost: each
thing is an entry of the returned document, with its fate. An answer counts only where the sender changed what was
printed, against the answer that the print showed (``seen``); what contradicts a newer one becomes a conflict.

An entry is a dictionary: ``kind`` (item, section), ``key`` of the item or section, ``typed`` and ``comment`` as they
were written, ``was`` as it was printed, ``seen``, ``fate`` (a value of ``Fate``), ``why`` (a word of ``WHY``), ``said``
(a sentence that a verb refused it with), and ``answer``, the id of the answer that it became.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _

from concierge.catalogue.states import ItemType
from concierge.platform import files, settings
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.platform.file_kinds import NotKept, kind_of, refuse_size
from concierge.platform.files import StoredFile
from concierge.platform.incoming import IncomingMail
from concierge.projects import queries as projects
from concierge.projects.models import Project
from concierge.readiness import fields, plan, queries
from concierge.readiness.actions import answering, signing
from concierge.readiness.actions.answering import Answerer
from concierge.readiness.events import DocumentsReturned, ReturnSettled, ReturnsRead
from concierge.readiness.fields import Note, Part, Printed
from concierge.readiness.models import Checklist, ItemAnswer, ReadinessItem, ReturnedDocument
from concierge.readiness.queries import Sender
from concierge.readiness.returning import Form, Problem, Value, is_pdf
from concierge.readiness.states import Channel, Decision, Fate, Outcome, Standing

WAITING = frozenset(
    {
        Outcome.CONFLICTS, Outcome.PARTLY, Outcome.OTHER_PROJECT, Outcome.ALTERED, Outcome.ENCRYPTED,
        Outcome.TRUNCATED, Outcome.TOO_LARGE, Outcome.ACTIVE_CONTENT, Outcome.FLAT, Outcome.UNREADABLE,
        Outcome.NOT_OURS,
    }
)  # fmt: skip
"""Outcomes that a person of ours looks at."""

WHY = frozenset(
    {
        "unreadable", "accepted", "sender", "section", "altered", "script", "truncated", "doubtful", "comment",
        "emptied", "signed", "refused", "file",
    }
)  # fmt: skip
"""Why an entry waits for a person."""

OLD, FILES_INSIDE, STRANGER, WORDS = "old", "files", "stranger", "words"
UNPROVEN, BESIDE = "unproven", "beside"
"""Words of a returned document's ``detail``."""

Entry = dict[str, Any]  # Any: what JSON holds


class NotTaken(Refused):
    """Some of what a person typed in cannot be taken; ``problems`` has a sentence for each item key."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__(_("Nothing was taken: correct what is marked, then send again."))


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file as it came."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Source:
    """How files came, and from whom: by mail from an address, through a link, or from one of ours."""

    channel: Channel
    sender: str = ""
    mail_id: int | None = None
    link_id: int | None = None
    user_id: int | None = None
    is_vouched: bool = True
    """Whether our mail server, where it says such things, says that a letter comes from where it claims to."""
    is_automatic: bool = False
    """Whether a machine sent it, such as a scanner: it is not answered."""


@dataclass(frozen=True, slots=True)
class Received:
    """The rows of files that came: new ones, and those that had come before."""

    new: tuple[ReturnedDocument, ...]
    known: tuple[ReturnedDocument, ...]

    @property
    def all(self) -> tuple[ReturnedDocument, ...]:
        """All of them."""
        return self.new + self.known


@dataclass(frozen=True, slots=True)
class Judged:
    """What a file is, before anything in it is looked at."""

    outcome: Outcome | None
    """Why nothing in it counts by itself; None when it may."""
    note: Note | None = None
    """What it says of itself; to be believed unless ``outcome`` is ALTERED."""
    is_beside: bool = False
    """Whether something stands on its pages that no field of ours holds."""


def receive(project_id: int, arrived: Sequence[Arrived], source: Source, *, at: datetime) -> Received:
    """Keep files that came for a project, each once, as they came; they are read a moment later.

    :raises NotKept: when one that is uploaded is empty, too large, or neither a PDF nor a photograph.
    """
    projects.project_for_change(project_id)  # whoever brings the same at this moment waits
    new: list[ReturnedDocument] = []
    known: list[ReturnedDocument] = []
    for one in arrived:
        if source.mail_id is None:
            _refuse_upload(one.data)
        digest = hashlib.sha256(one.data).hexdigest()
        row = queries.returned_with(project_id, digest=digest)
        if row is not None:
            if row not in new + known:
                known.append(row)
            continue
        name = files.plain_name(one.name or "checklist.pdf")
        stored = files.store(one.data, name=name, content_type=_content_type(one.data))
        row = ReturnedDocument(
            file=stored,
            file_id=stored.id,
            digest=digest,
            project_id=project_id,
            channel=source.channel,
            sender=source.sender,
            mail_id=source.mail_id,
            link_id=source.link_id,
            by_id=source.user_id,
            received_at=at,
            outcome=Outcome.WAITING,
            detail="" if source.is_vouched else UNPROVEN,
            entries=[],
            pictures=[],
        )
        db.session.add(row)
        db.session.flush()
        new.append(row)
    if new:
        record(
            DocumentsReturned(
                at=at,
                actor_id=source.user_id,
                project_id=project_id,
                returned_ids=tuple(row.id for row in new),
                sender="" if source.is_automatic else source.sender,
            )
        )
    return Received(tuple(new), tuple(known))


def keep_message(project_id: int, mail: IncomingMail, *, outcome: Outcome, at: datetime) -> ReturnedDocument:
    """Keep a message that brings no file for a project, or cannot be read: a person reads it.

    :param outcome: NOT_OURS for words only, UNREADABLE, or TOO_LARGE when only its head is there.
    """
    row = ReturnedDocument(
        file=db.session.get_one(StoredFile, mail.file_id),
        file_id=mail.file_id,
        digest=mail.digest,
        project_id=project_id,
        channel=Channel.PDF,
        sender=mail.sender,
        mail_id=mail.id,
        received_at=at,
        outcome=outcome,
        detail=WORDS,
        entries=[],
        pictures=[],
    )
    db.session.add(row)
    db.session.flush()
    tell_read([row], answer_to="", at=at)
    return row


def judged(form: Form | None, *, project_key: str, items: Collection[str]) -> Judged:
    """What a file is.

    :param form: None: a photograph.
    :param items: keys of the project's items, by which a form is known as ours when its note is gone.
    """
    if form is None:
        return Judged(Outcome.FLAT)
    if form.problem is not Problem.NONE:
        return Judged(_PROBLEMS[form.problem])
    found = fields.read(form.note, secret_key=settings.current().secret_key)
    note = found.note if found else None
    if found is not None and found.is_genuine and found.note.project != project_key:
        return Judged(Outcome.OTHER_PROJECT, note)
    if not form.has_form or not form.values:
        return Judged(Outcome.FLAT, note)
    if found is None:
        names = {fields.value_of(key) for key in items}
        return Judged(Outcome.ALTERED if names & form.values.keys() else Outcome.NOT_OURS)
    if not found.is_genuine:
        return Judged(Outcome.ALTERED, note)
    if not form.is_whole:
        return Judged(Outcome.TRUNCATED, note)
    outcome = Outcome.ACTIVE_CONTENT if form.active else None
    return Judged(outcome, note, is_beside=form.is_drawn_on or _is_renamed(form, found.note))


def _is_renamed(form: Form, note: Note) -> bool:
    """Whether fields are filled in that the print did not have, or none is there that it had."""
    ours = tuple(f"{key}-" for key in note.fields)
    known = [name for name in form.values if name.startswith(ours)]
    others = [one for name, one in form.values.items() if not name.startswith((*ours, *_OTHER_FIELDS))]
    return any(one.text or one.is_doubtful for one in others) or bool(note.fields and others and not known)


_OTHER_FIELDS = ("section-", f"{fields.FINAL}-")


def project_of(form: Form) -> str:
    """The key of the project that a file was printed for, when the note in it is ours; else nothing."""
    found = fields.read(form.note, secret_key=settings.current().secret_key)
    return found.note.project if found is not None and found.is_genuine else ""


def needs_pictures(standing: Judged) -> bool:
    """Whether a person reads a file by pictures of its pages."""
    return standing.is_beside or standing.outcome not in {None, Outcome.ENCRYPTED, Outcome.OTHER_PROJECT}


def take(row: ReturnedDocument, form: Form | None, pictures: Sequence[bytes], *, at: datetime) -> None:
    """Take what a file says, unless that was done before.

    :param row: locked.
    :param form: what was read of it; None: a photograph.
    """
    if row.outcome is not Outcome.WAITING or row.project_id is None:
        return
    project = projects.project_for_change(row.project_id)
    checklist = queries.checklist_of(project.id)
    items = {item.key: item for item in checklist.items} if checklist else {}
    standing = judged(form, project_key=project.key, items=items)
    is_unproven = UNPROVEN in row.detail.split()
    notes = [FILES_INSIDE] if form is not None and form.files else []
    notes += [BESIDE] if standing.is_beside else []
    row.pictures = [
        files.store(one, name=f"page-{number}.jpg", content_type="image/jpeg").id
        for number, one in enumerate(pictures, 1)
    ]
    if standing.note is not None and standing.outcome is not Outcome.ALTERED:
        is_old = _note_print(row, standing.note, project)
        notes += [OLD] if is_old and standing.outcome is None else []
    if form is not None and standing.outcome in _READABLE and checklist is not None:
        sender = sender_of(row, project)
        if sender is None:
            notes.append(UNPROVEN if is_unproven else STRANGER)
        _merge(row, form, standing, checklist, project, sender=sender, at=at)
    row.outcome = standing.outcome or _outcome(row, notes)
    row.detail = " ".join(notes)
    db.session.flush()


def tell_read(rows: Sequence[ReturnedDocument], *, answer_to: str, at: datetime) -> None:
    """Say what came of files that came together.

    :param answer_to: the mail address that waits for an answer; empty: none does.
    """
    first = rows[0]
    entries = [entry for row in rows for entry in row.entries]
    record(
        ReturnsRead(
            at=at,
            actor_id=first.by_id,
            project_id=first.project_id,
            returned_ids=tuple(row.id for row in rows),
            outcomes=tuple(row.outcome.value for row in rows),
            taken=sum(entry["fate"] == Fate.TAKEN.value for entry in entries),
            waiting=sum(entry["fate"] in _OPEN for entry in entries),
            sender=answer_to,
        )
    )


def sender_of(row: ReturnedDocument, project: Project) -> Sender | None:
    """Who answers by a file: one of ours, the holder of a link, or whom the customer's people have as this address.

    None: nobody that we know at this customer's; the address in a mail proves little, and another one nothing.
    """
    if row.link_id is not None:
        return queries.holder_of(row.link_id)
    if UNPROVEN in row.detail.split():
        return None
    if row.mail_id is None:
        return Sender(name="", user_id=row.by_id)
    return queries.sender_named(row.sender, project, at=row.received_at)


def settle(
    row: ReturnedDocument,
    chosen: Mapping[int, bool],
    *,
    read_as: str = "",
    at: datetime,
    user_id: int,
    is_done: bool,
) -> int:
    """Decide on entries that wait: take them as answers, or leave them.

    :param row: locked, with its file.
    :param chosen: by the entry's place whether it is taken.
    :param read_as: what a person reads it as, where it could not be read as it was typed.
    :param is_done: whether the file is dealt with; entries that still wait are left then.
    :return: how many became answers.
    :raises Refused: when an entry cannot be taken; nothing is then.
    """
    _refuse_settled(row)
    by = Answerer(user_id=user_id, channel=Channel.PDF)
    entries = [dict(entry) for entry in row.entries]
    items = _items_of(row)
    taken = 0
    for place, is_taken in chosen.items():
        entry = entries[place] if 0 <= place < len(entries) else None
        if entry is None or entry["fate"] != Fate.FOR_A_PERSON.value:
            raise Refused(_("Somebody decided on this entry in the meantime. Load the page again."))
        if not is_taken:
            entry["fate"] = Fate.LEFT.value
            continue
        item = items.get(entry["key"])
        if entry["kind"] == "section":
            _sign(entry, row, name=entry["typed"], at=at)
        elif item is None:
            raise Refused(
                _("This entry belongs to no point of the checklist. Leave it, or enter it by hand.")
            )
        else:
            country = queries.country_of(row.project_id or 0)
            meant = _as_asked(read_as, item, language="en", country=country) if read_as else None
            _answer(entry, item, by=by, row=row, at=at, seen=None, typed=meant)
        if entry["fate"] == Fate.FOR_A_PERSON.value:
            raise Refused(
                _("“%(typed)s” cannot be taken: %(why)s", typed=entry["typed"], why=entry.get("said", ""))
            )
        taken += 1
    if is_done:
        for entry in entries:
            if entry["fate"] == Fate.FOR_A_PERSON.value:
                entry["fate"] = Fate.LEFT.value
    row.entries = entries
    if is_done or not any(entry["fate"] in _OPEN for entry in entries):
        _close(row, taken, at=at, user_id=user_id)
    return taken


def type_in(
    row: ReturnedDocument, typed: Mapping[str, tuple[str, str]], *, at: datetime, user_id: int, is_done: bool
) -> int:
    """Take what a person read in the pictures of a file as answers.

    :param row: locked.
    :param typed: answer and comment by item key, those that were filled in.
    :raises NotTaken: when something cannot be taken; nothing is then.
    """
    _refuse_settled(row)
    by = Answerer(user_id=user_id, channel=Channel.PDF)
    items = _items_of(row)
    country = queries.country_of(row.project_id or 0)
    entries, problems = [dict(entry) for entry in row.entries], {}
    for key, (answer, comment) in typed.items():
        item = items.get(key)
        if item is None or not (answer or comment):
            continue
        text = _as_asked(answer, item, language="en", country=country)
        entry = _entry(key, text, comment, Printed(0, item.value, item.comment))
        _answer(entry, item, by=by, row=row, at=at, seen=None)
        if entry["fate"] == Fate.FOR_A_PERSON.value:
            problems[key] = str(entry.get("said", ""))
        entries.append(entry)
    if problems:
        raise NotTaken(problems)
    taken = len(entries) - len(row.entries)
    row.entries = entries
    if is_done:
        _close(row, taken, at=at, user_id=user_id)
    return taken


def fate_now(entry: Entry, answer: ItemAnswer | None) -> Fate:
    """What came of an entry by now: who chooses between two answers may do so elsewhere.

    :param answer: the one that the entry became.
    """
    fate = Fate(entry["fate"])
    if fate is not Fate.CONFLICT or answer is None or answer.standing is Standing.CONFLICT:
        return fate
    return Fate.LEFT if answer.standing is Standing.DISMISSED else Fate.TAKEN


def follow_choices(project_id: int, *, at: datetime, user_id: int | None) -> None:
    """Note in files that wait that a person chose between answers; one in which nothing waits is dealt with."""
    for row in queries.returned_unsettled(project_id):
        given = queries.answers_by_ids([entry["answer"] for entry in row.entries if entry["answer"]])
        entries = [{**one, "fate": fate_now(one, given.get(one["answer"])).value} for one in row.entries]
        if entries == row.entries:
            continue
        row.entries = entries
        if not any(entry["fate"] in _OPEN for entry in entries):
            _close(row, 0, at=at, user_id=user_id)


def file_with_its_own(
    row: ReturnedDocument, *, project_id: int, at: datetime, user_id: int
) -> ReturnedDocument:
    """Bring a file that was printed for another project to that one, where it is read anew; here it is dealt with.

    :param row: locked, with its file.
    :param project_id: the project that it was printed for.
    :return: the row there.
    :raises Refused: when somebody has dealt with it already.
    """
    _refuse_settled(row)
    arrived = Arrived(row.file.name, files.read(row.file))
    received = receive(project_id, [arrived], Source(Channel.STAFF, user_id=user_id), at=at)
    _close(row, 0, at=at, user_id=user_id)
    return received.all[0]


# ---------------------------------------------------------------- what it is

_PROBLEMS = {
    Problem.PASSWORD: Outcome.ENCRYPTED,
    Problem.TRUNCATED: Outcome.TRUNCATED,
    Problem.DAMAGED: Outcome.UNREADABLE,
    Problem.TOO_LARGE: Outcome.TOO_LARGE,
    Problem.TOO_HARD: Outcome.TOO_LARGE,
}
_READABLE = frozenset({None, Outcome.ALTERED, Outcome.TRUNCATED, Outcome.ACTIVE_CONTENT})
_DOUBTS = {
    Outcome.ALTERED: "altered",
    Outcome.TRUNCATED: "truncated",
    Outcome.ACTIVE_CONTENT: "script",
}
_OPEN = frozenset({Fate.FOR_A_PERSON.value, Fate.CONFLICT.value})


def _note_print(row: ReturnedDocument, note: Note, project: Project) -> bool:
    """Note which print a file is; whether there is a newer one in its language."""
    row.revision = note.revision
    document = queries.document_with_code(note.document) if note.document else None
    row.document_id = document.id if document else None
    newest = queries.newest_revision(project.id, language=note.language)
    return note.project == project.key and note.revision < newest


def _outcome(row: ReturnedDocument, notes: Collection[str]) -> Outcome:
    fates = {entry["fate"] for entry in row.entries}
    if Fate.CONFLICT.value in fates:
        return Outcome.CONFLICTS
    if Fate.FOR_A_PERSON.value in fates or {FILES_INSIDE, BESIDE} & set(notes):
        return Outcome.PARTLY
    if not fates:
        return Outcome.NOTHING_FILLED
    return Outcome.OLD_REVISION if OLD in notes else Outcome.TAKEN


def _refuse_upload(data: bytes) -> None:
    refuse_size(data)
    if not is_pdf(data) and not _content_type(data).startswith("image/"):
        raise NotKept(_("Choose the checklist as a PDF, or photos of its pages (JPEG, PNG, WebP, HEIC)."))


def _content_type(data: bytes) -> str:
    if is_pdf(data):
        return "application/pdf"
    try:
        return kind_of(data)[0]
    except NotKept:
        return "application/octet-stream"


# ---------------------------------------------------------------- merging


def _merge(
    row: ReturnedDocument,
    form: Form,
    standing: Judged,
    checklist: Checklist,
    project: Project,
    *,
    sender: Sender | None,
    at: datetime,
) -> None:
    """Give every thing that the sender wrote its fate."""
    items = {item.key: item for item in checklist.items}
    is_ours = standing.outcome is not Outcome.ALTERED
    printed = dict(standing.note.fields) if standing.note is not None and is_ours else {}
    language = standing.note.language if standing.note is not None else "en"
    entries: list[Entry] = []
    waiting: list[tuple[Entry, ReadinessItem, Printed]] = []
    for key in [*items, *(key for key in printed if key not in items)]:
        item = items.get(key)
        was = printed.get(key) or Printed(0, item.value if item else "", item.comment if item else "")
        values = _values(form, key, item)
        if values is None:
            continue
        value, comment = values
        text = value.text
        if _plain(text) != _plain(was.value):
            text = _as_asked(text, item, language=language, country=project.site.country)
        if _plain(text) == _plain(was.value) and _plain(comment.text) == _plain(was.comment):
            continue
        said = comment.text if _plain(comment.text) != _plain(was.comment) else ""
        entry = _entry(key, text, said, was)
        entries.append(entry)
        if item is None:
            entry["fate"] = Fate.NOT_ASKED.value
        elif why := _why_not(value, comment, item, standing, sender):
            entry["why"] = why
        else:
            waiting.append((entry, item, was))
    by = Answerer(
        user_id=sender.user_id if sender else None,
        link_id=sender.link_id if sender else None,
        name=sender.name if sender else "",
        channel=Channel.PDF,
    )
    for is_last in (False, True):  # an answer may let another item be asked
        for one in list(waiting):
            entry, item, was = one
            if not item.is_asked and not is_last:
                continue
            waiting.remove(one)
            if not item.is_asked:
                entry["fate"] = Fate.NOT_ASKED.value
            else:
                _take(entry, item, was, by=by, row=row, at=at)
    signed = _signatures(form, items.values())
    if standing.outcome is None and sender is not None and not sender.section:
        for entry in signed:
            if entry["key"] != fields.FINAL and _is_as_signed(entry["key"], entries, items, printed):
                _sign(entry, row, name=entry["typed"], link_id=sender.link_id, at=at)
    row.entries = entries + signed


def _why_not(
    value: Value, comment: Value, item: ReadinessItem, standing: Judged, sender: Sender | None
) -> str:
    """The word for why an entry does not count by itself; empty when it may."""
    if standing.outcome is not None:
        return _DOUBTS[standing.outcome]
    if value.is_doubtful or comment.is_doubtful:
        return "doubtful"
    if sender is None:
        return "sender"
    return "section" if sender.section and sender.section != item.section else ""


def _take(
    entry: Entry, item: ReadinessItem, was: Printed, *, by: Answerer, row: ReturnedDocument, at: datetime
) -> None:
    """Let an entry count, if it can."""
    if not entry["typed"] and was.value:
        entry["why"] = "emptied"
    elif item.type is ItemType.UPLOAD:
        entry["why"] = "file"
    elif _plain(entry["typed"]) == _plain(was.value):  # only the comment is new
        if not item.value or not plan.is_same_value(item, item.value, was.value):
            entry["why"] = "comment"
        else:
            _answer(entry, item, by=by, row=row, at=at, seen=was.seen, typed=item.value)
    else:
        _answer(entry, item, by=by, row=row, at=at, seen=was.seen)


def _answer(
    entry: Entry,
    item: ReadinessItem,
    *,
    by: Answerer,
    row: ReturnedDocument,
    at: datetime,
    seen: int | None,
    typed: str | None = None,
) -> None:
    """Give an entry as an answer; what a verb refuses waits for a person."""
    try:
        with db.session.begin_nested():
            given = answering.answer_item(
                item,
                typed=entry["typed"] if typed is None else typed,
                comment=entry["comment"],
                at=at,
                by=by,
                seen=seen,
                returned_id=row.id,
            )
    except answering.UnreadableAnswer as problem:
        entry["fate"], entry["why"], entry["said"] = Fate.FOR_A_PERSON.value, "unreadable", problem.sentence
        return
    except Refused as refused:
        entry["fate"], entry["why"], entry["said"] = Fate.FOR_A_PERSON.value, "refused", refused.sentence
        return
    entry["answer"] = given.answer_id
    if given.standing is Standing.CONFLICT:
        entry["fate"] = Fate.CONFLICT.value
    elif queries.is_answer_of(given.answer_id, returned_id=row.id):
        entry["fate"] = Fate.TAKEN.value
    else:
        entry["fate"] = Fate.KNOWN.value
    entry["why"] = ""


def _entry(key: str, typed: str, comment: str, was: Printed, *, kind: str = "item") -> Entry:
    return {
        "kind": kind,
        "key": key,
        "typed": typed,
        "comment": comment,
        "was": was.value,
        "seen": was.seen,
        "fate": Fate.FOR_A_PERSON.value,
        "why": "",
        "said": "",
        "answer": None,
    }


def _values(form: Form, key: str, item: ReadinessItem | None) -> tuple[Value, Value] | None:
    """What an item's fields hold, answer and comment; None when the file has no field for it."""
    value = form.values.get(fields.value_of(key))
    comment = form.values.get(fields.comment_of(key))
    codes = sorted(item.choices) if item is not None and item.type is ItemType.MULTI else []
    boxes = {code: form.values.get(fields.choice_of(key, code)) for code in codes}
    if any(box is not None for box in boxes.values()):
        pressed = [code for code, box in boxes.items() if box is not None and box.text]
        value = Value("/Btn", " ".join(pressed))
    if value is None and comment is None:
        return None
    return value or Value(""), comment or Value("")


def _signatures(form: Form, items: Iterable[ReadinessItem]) -> list[Entry]:
    """Who signed which section, and the whole list."""
    sections = dict.fromkeys(item.section for item in items)
    found = []
    for section in (*sections, fields.FINAL):
        name, day, sign = (
            form.values.get(fields.sign_of(section, part), Value(""))
            for part in (Part.SIGN_NAME, Part.SIGN_DATE, Part.SIGNATURE)
        )
        decision = form.values.get(fields.DECISION, Value("")) if section == fields.FINAL else Value("")
        conditions = form.values.get(fields.CONDITIONS, Value("")) if section == fields.FINAL else Value("")
        if not (name.text or sign.is_signed or decision.text or conditions.text):
            continue
        entry = _entry(section, name.text, conditions.text, Printed(), kind="section")
        entry |= {"day": day.text, "decision": decision.text, "is_signed": sign.is_signed, "why": "signed"}
        found.append(entry)
    return found


def _is_as_signed(
    section: str, entries: Iterable[Entry], items: Mapping[str, ReadinessItem], printed: Mapping[str, Printed]
) -> bool:
    """Whether a section says by now what stood on the paper that was signed."""
    fates = {entry["key"]: entry["fate"] for entry in entries}
    for key, item in items.items():
        if item.section != section or key not in printed:
            continue
        was = printed[key].value
        if key in fates:
            if fates[key] not in {Fate.TAKEN.value, Fate.KNOWN.value}:
                return False
        elif item.value != was and not plan.is_same_value(item, item.value, was):
            return False
    return True


def _sign(
    entry: Entry, row: ReturnedDocument, *, name: str, link_id: int | None = None, at: datetime
) -> None:
    """Let a signature on the paper count; what the verb refuses waits for a person."""
    checklist = queries.checklist_of(row.project_id) if row.project_id is not None else None
    if checklist is None:
        return
    by = Answerer(link_id=link_id, name=name, channel=Channel.PDF)
    meaning = _(
        "We have checked the points above. The answers are true on the day of signing, and we will tell our concierge"
        " at once if something changes before delivery."
    )
    try:
        with db.session.begin_nested():
            if entry["key"] != fields.FINAL:
                signing.sign_section(checklist, entry["key"], name=name, meaning=meaning, at=at, by=by)
            elif entry["decision"] in _DECISIONS:
                signing.sign_list(
                    checklist,
                    name=name,
                    decision=_DECISIONS[entry["decision"]],
                    conditions=entry["comment"],
                    meaning=meaning,
                    at=at,
                    by=by,
                )
            else:
                raise Refused(_("It does not say whether the site is ready. Ask, then sign on the page."))
    except Refused as refused:
        entry["fate"], entry["why"], entry["said"] = Fate.FOR_A_PERSON.value, "refused", refused.sentence
        return
    entry["fate"], entry["why"] = Fate.TAKEN.value, ""


_DECISIONS = {decision.value.replace(" ", "-"): decision for decision in Decision}

_DAY = re.compile(r"(\d{1,4})\s*[./\-年]\s*(\d{1,2})\s*[./\-月]\s*(\d{1,4})\s*日?\.?")


def _as_asked(text: str, item: ReadinessItem | None, *, language: str, country: str) -> str:
    """What was typed, in the way that an answer of this kind is written: days as ISO, a choice by its code, a measure
    with its unit.

    What cannot be understood stays as it was typed.
    """
    if item is None:
        return text
    match item.type:
        case ItemType.DATE:
            return _iso_day(text, is_month_first=language == "en" and country in {"US", "PH", "PR"})
        case ItemType.MEASURE:  # the unit stands beside the field, and is not always the one that is kept
            return plan.with_unit(text, plan.unit_for(item, country=country))
        case ItemType.CHOICE if text not in item.choices:
            meant = [
                code for code, words in item.choices.items() if _plain(text) in map(_plain, words.values())
            ]
            return meant[0] if len(meant) == 1 else text
    return text


def _iso_day(text: str, *, is_month_first: bool) -> str:
    found = _DAY.fullmatch(text.strip())
    if found is None:
        return text
    first, second, third = (int(number) for number in found.groups())
    if first > 31:
        year, month, day = first, second, third
    elif is_month_first and "/" in text:
        month, day, year = first, second, third
    else:
        day, month, year = first, second, third
    try:
        return date(year + 2000 if year < 100 else year, month, day).isoformat()
    except ValueError:
        return text


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


# ---------------------------------------------------------------- a person's part


def _items_of(row: ReturnedDocument) -> dict[str, ReadinessItem]:
    checklist = queries.checklist_of(row.project_id) if row.project_id is not None else None
    return {item.key: item for item in checklist.items} if checklist else {}


def _refuse_settled(row: ReturnedDocument) -> None:
    if row.settled_at is not None:
        raise Refused(_("Somebody has dealt with this file already. Load the page again."))


def _close(row: ReturnedDocument, taken: int, *, at: datetime, user_id: int | None) -> None:
    row.settled_at, row.settled_by_id = at, user_id
    record(ReturnSettled(at=at, actor_id=user_id, project_id=row.project_id, returned_id=row.id, taken=taken))
