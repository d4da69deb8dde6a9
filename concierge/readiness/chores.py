"""What readiness does when an hour comes: reminders; and the long work of making many checklists."""

import zipfile
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app
from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.core import codes
from concierge.platform import clock, files, jobs, mail, settings
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import outside
from concierge.platform.jobs import Progress, Result
from concierge.platform.mail import Letter, post
from concierge.platform.pdf import Unprintable
from concierge.projects.actions import gates
from concierge.projects.actions.promising import ShownDate
from concierge.projects.models import Project
from concierge.readiness import mails, queries, standing
from concierge.readiness.actions import assessing, batching, chasing, linking, sending, uploading
from concierge.readiness.actions.batching import Turn
from concierge.readiness.actions.chasing import Reader
from concierge.readiness.document import filling, printing, values

COUNTED_AT_ONCE = 100
"""Checklists from before it was kept how much is done, of which that is counted in one go."""
HIDDEN = "[…]"
"""Stands for a secret where a letter is shown to somebody who is not its reader."""


@outside
def remind_customers(at: datetime) -> None:
    """Write the reminders that may leave by now, each in a transaction of its own.

    Runs again and again, by any number of workers: a reader's day is taken once, and what changes while it runs,
    or while nothing runs, is seen at the moment of writing.

    :param at: the instant it was due; it is the clock that counts, so that nobody is written to at night because
        a worker was late.
    """
    waiting = [
        one.contact.id
        for one in chasing.outlook(now=clock.now(), only_now=True)
        if one.next is not None and one.next.is_due and not one.hindrance
    ]
    db.session.rollback()
    for contact_id in waiting:
        with unit_of_work():
            remind(contact_id, at=clock.now())
        db.session.expunge_all()


@outside
def judge_sites(at: datetime) -> None:
    """Judge each site 14 and 7 days before delivery and on the day of installation; end what was waived until then.

    Days are those at the site. Runs again and again; what is judged already is left alone.
    """
    waiting = queries.checklists_to_judge(clock.now().date())
    db.session.rollback()
    for checklist_id in waiting:
        with unit_of_work():
            assessing.judge_if_due(checklist_id, at=clock.now())
        db.session.expunge_all()
    for checklist_id in queries.checklists_not_counted(most=COUNTED_AT_ONCE):
        db.session.rollback()
        with unit_of_work():
            checklist = queries.checklist_by_id(checklist_id)
            gates.note_percent(checklist.project_id, standing.percent(checklist.items) or 0)
        db.session.expunge_all()


def remind(contact_id: int, *, at: datetime) -> bool:
    """Write the reminder of one reader if it is due; whether it was. Needs a unit of work.

    Held like a letter that a person causes, though never into the evening.
    """
    taken = chasing.take_turn(contact_id, at=at)
    if taken is None:
        return False
    reader, key = taken
    projects = _projects(reader)
    links = {
        number: linking.give_link(project, reader.contact, is_mailed=False, at=at, actor_id=None)
        for number, project in projects.items()
    }
    pages = {number: (linking.address_of(link), linking.token_of(link)) for number, link in links.items()}
    token, leaves_by = chasing.opt_out_token(reader.contact), chasing.leaves_by(reader)
    left = max(timedelta(), leaves_by - at) if leaves_by else timedelta(days=1)
    letter = _letter(reader, projects, pages, opt_out=(_opt_out(token), token))
    post(
        letter,
        key=key,
        project_id=next(iter(projects)) if len(projects) == 1 else None,
        is_for_customer=True,
        hold=min(mail.held_for(), int(left.total_seconds()) // 2),
        leaves_by=leaves_by,
    )
    return True


def foreseen(reader: Reader) -> Letter:
    """The next letter to a reader as it would be written now, without what only they may know."""
    projects = _projects(reader)
    pages = dict.fromkeys(projects, (hidden_page(), ""))
    return _letter(reader, projects, pages, opt_out=(_opt_out(HIDDEN), ""))


def hidden_page() -> str:
    """The address of somebody's own page as others see it."""
    return f"{settings.current().address}/p/{HIDDEN}"


def _letter(
    reader: Reader,
    projects: dict[int, Project],
    pages: dict[int, tuple[str, str]],
    *,
    opt_out: tuple[str, str],
) -> Letter:
    if reader.next is None:
        raise ValueError("Nobody is reminded of nothing.")
    return mails.reminder_letter(
        reader,
        projects,
        today=reader.next.local_on,
        pages=pages,
        opt_out=opt_out,
        asked_before=chasing.names_of(_asked_before(reader)),
    )


def _asked_before(reader: Reader) -> Iterable[int]:
    return {
        point.first_id
        for point in reader.named
        if point.item_id in reader.second_for and point.first_id is not None
    }


def _projects(reader: Reader) -> dict[int, Project]:
    wanted = dict.fromkeys(point.project_id for point in reader.named)
    found = {project.id: project for project in queries.projects_printed(wanted)}
    return {number: found[number] for number in wanted}


def _opt_out(token: str) -> str:
    return f"{settings.current().address}/reminders/{token}"


def _count_as_left_out(key: str, at: datetime) -> None:
    chasing.note_stopped(key, at=at)


# --- many checklists at once

SIDE_BY_SIDE = 2
"""Documents that are printed at the same time; the press has as many children."""
READ_AT_ONCE = 50
"""Documents whose rows are read together while the ZIP is written."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A document that was made, or is there already, or why it is neither."""

    turn: Turn
    checklist_id: int = 0
    kept_id: int | None = None
    document: values.Checklist | None = None
    code: str = ""
    shown: tuple[ShownDate, ...] = ()
    data: bytes = b""
    why: str = ""


def register() -> None:
    """Make the job of many checklists known to the worker."""
    jobs.register(batching.JOB, make_batch)


def make_batch(progress: Progress, args: dict[str, Any]) -> Callable[[], Result]:  # Any: JSON
    """Make the checklists of a batch and their ZIP; run by a job, and gone on with after a crash."""
    batch_id = int(args["batch_id"])

    def tell(done: int, total: int) -> None:
        progress.tell(done=done, total=total, message=_("Making checklists."))

    return make_all(batch_id, tell)


def make_all(batch_id: int, tell: Callable[[int, int], None]) -> Callable[[], Result]:
    """Make what a batch still lacks, then its ZIP; returns what notes the end, to be called in a unit of work.

    A batch that is cancelled stops within one document and has no ZIP. Outside a unit of work.

    :param tell: told of each document how many are done, and how many there are.
    """
    batch = batching.batch_by_id(batch_id)
    total, waiting = len(batch.project_ids), deque(batching.turns(batch))
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's own door
    ahead: deque[tuple[_Made, Future[bytes] | None]] = deque()
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="batch") as pool:
        while waiting or ahead:
            if batching.is_cancelled(batch_id):
                for _made, future in ahead:
                    if future is not None:
                        future.cancel()
                return lambda: _over(batch_id, None)
            while waiting and len(ahead) < SIDE_BY_SIDE:
                made = _read_turn(waiting.popleft())
                printing_it = pool.submit(_print_in, app, made.document) if made.document else None
                ahead.append((made, printing_it))
            made, future = ahead.popleft()
            try:
                _keep(batch_id, _finished(made, future))
            except batching.Overtaken:
                return lambda: _over(batch_id, None)
            tell(made.turn.place + 1, total)
    return _zipped(batch_id)


def _read_turn(turn: Turn) -> _Made:
    """What is to be printed; or the document that is there already, or why there is none."""
    db.session.rollback()
    checklist_id = batching.checklist_id_of(turn.project_id)
    if checklist_id is None:
        return _Made(turn, why=_("It has no checklist. It is issued when the plan is approved."))
    checklist = queries.checklist_by_id(checklist_id)
    project = queries.project_of(checklist)
    language = turn.language or mails.language_for(project, printing.LANGUAGES)
    code = codes.drawn()
    document = filling.filled(
        checklist,
        project,
        language=language,
        revision=queries.next_revision(checklist_id, language=language),
        revised_on=clock.today(project.site.zone),
        code=code,
    )
    kept = queries.document_with(checklist_id, language=language, content_hash=document.content_hash)
    found = _Made(
        turn,
        checklist_id,
        kept_id=kept.id if kept else None,
        document=None if kept else document,
        code=code,
        shown=filling.dates_shown(checklist, project),
    )
    db.session.expunge_all()
    return found


def _print_in(app: Flask, document: values.Checklist) -> bytes:
    with app.app_context():
        return printing.printed(document).data


def _finished(made: _Made, future: "Future[bytes] | None") -> _Made:
    if future is None:
        return made
    try:
        return replace(made, data=future.result())
    except Unprintable as problem:
        return replace(made, document=None, why=problem.sentence)


def _keep(batch_id: int, made: _Made) -> None:
    """Keep one document together with the note that it is made."""
    db.session.rollback()
    with unit_of_work():
        if made.document is not None:
            kept = sending.keep_print(
                queries.checklist_by_id(made.checklist_id),
                language=made.document.language,
                content_hash=made.document.content_hash,
                revision=made.document.revision,
                name=printing.file_name(made.document),
                data=made.data,
                code=made.code,
                shown=made.shown,
                occasion="",
                at=clock.now(),
            )
            batching.note_made(batch_id, made.turn, kept.id)
        elif made.kept_id is not None:
            batching.note_made(batch_id, made.turn, made.kept_id)
        else:
            batching.note_left_out(batch_id, made.turn, why=made.why)
    db.session.expunge_all()


def _zipped(batch_id: int) -> Callable[[], Result]:
    """Write the ZIP piece by piece; returns what notes that it is there."""
    batch = batching.batch_by_id(batch_id)
    if not batch.made:
        return lambda: _over(batch_id, None)
    with files.writing() as written, zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as together:
        for first in range(0, len(batch.made), READ_AT_ONCE):
            for key, document in batching.documents_of(batch, first=first, most=READ_AT_ONCE):
                _put(together, f"{key}-{document.language}.pdf", files.read(document.file), document.made_at)
            db.session.rollback()
            db.session.expunge_all()
            batch = batching.batch_by_id(batch_id)
        if batch.left_out:
            told = "\n".join(f"{one['project']}: {one['why']}" for one in batch.left_out)
            _put(together, _("left-out.txt"), f"{told}\n".encode(), batch.asked_at)
    return lambda: _over(batch_id, written)


def _put(together: zipfile.ZipFile, name: str, data: bytes, at: datetime) -> None:
    about = zipfile.ZipInfo(files.plain_name(name), at.timetuple()[:6])
    about.external_attr = 0o644 << 16
    together.writestr(about, data)


def _over(batch_id: int, written: files.Writing | None) -> Result:
    batch = batching.batch_by_id(batch_id)
    name = f"checklists-{batch.asked_at:%Y-%m-%d-%H%M}.zip"
    file = None if written is None else written.keep(name=name, content_type="application/zip")
    batching.finish(batch_id, file=file, at=clock.now())
    made = len(batch.made)
    said = ngettext("%(num)s checklist is there.", "%(num)s checklists are there.", made)
    if batch.cancelled_at is not None:
        said = _("Cancelled.") + " " + said
    return {"summary": said, "url": f"/checklists/batches/{batch_id}"}


def forget_unfinished(at: datetime) -> None:
    """Remove files that were sent in part and never whole, and codes by mail that count no more."""
    for upload in queries.uploads_before(at - uploading.KEPT):
        uploading.forget_upload(upload)
    linking.forget_codes(before=at - uploading.KEPT)


def forget_batches(at: datetime) -> None:
    """Remove ZIPs of many checklists that were made long ago; their bytes are swept with the next night."""
    batching.forget_old(before=at - batching.KEPT)


mail.when_too_late(chasing.LETTER, _count_as_left_out)
mail.only_while(chasing.LETTER, chasing.is_wanted)
