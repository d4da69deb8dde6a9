"""`concierge checklists`: readiness checklists at a terminal."""

import json
import sys
from datetime import date
from pathlib import Path

import click
from flask.cli import with_appcontext

from concierge.core import codes
from concierge.platform import clock, files
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from concierge.readiness import chores, mails, queries, reactions, returned_words, returning
from concierge.readiness.actions import batching, sending, taking
from concierge.readiness.document import filling, printing
from concierge.readiness.models import ChecklistDocument
from concierge.readiness.states import Channel, DocumentKind


@click.group("checklists")
def checklists() -> None:
    """Site readiness checklists."""


@checklists.command("pdf")
@click.argument("key")
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write."
)
@click.option(
    "--language",
    type=click.Choice(printing.LANGUAGES),
    help="Language of the document; the contact's when it is not given.",
)
@click.option(
    "--kind",
    type=click.Choice(["working", "record"]),
    default="working",
    help="The copy to be filled in, or the flat record with everything that was answered and signed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a list of one object for scripts.")
@with_appcontext
def pdf(key: str, output: Path, language: str | None, kind: str, as_json: bool) -> None:
    """Write a project's readiness checklist as a PDF; made again only when its content has changed.

    \b
    Examples: concierge checklists pdf HB-2041 --output checklist.pdf --language de
              concierge checklists pdf HB-2041 --output record.pdf --kind record
    """
    found = queries.checklist_of_key(key)
    if found is None:
        raise Refused(
            f"{key} has no checklist. It is issued when the plan is approved: concierge projects approve {key}"
        )
    project = queries.project_of(found)
    language = language or mails.language_for(project, printing.LANGUAGES)
    made = DocumentKind.RECORD if kind == "record" else DocumentKind.WORKING
    kept = _print(found.id, language=language, kind=made, on=clock.today(project.site.zone))
    try:
        output.write_bytes(files.read(kept.file))
    except OSError as problem:
        raise Refused(
            f"{output} cannot be written: {problem.strerror}. Choose another --output."
        ) from problem
    if as_json:
        about = {
            "key": project.key,
            "language": language,
            "kind": kind,
            "revision": kept.revision,
            "code": codes.written(kept.code or ""),
            "hash": kept.content_hash,
            "output": str(output),
            "url": filling.link_of(found),
        }
        click.echo(json.dumps([about], indent=2, ensure_ascii=False))
        return
    click.echo(f"Wrote {output}: {project.key}, revision {kept.revision}, {kept.file.size // 1024} KiB")


def _print(checklist_id: int, *, language: str, kind: DocumentKind, on: date) -> ChecklistDocument:
    found, code = queries.checklist_by_id(checklist_id), codes.drawn()
    project = queries.project_of(found)
    document = filling.filled(
        found,
        project,
        language=language,
        kind=kind,
        revision=queries.next_revision(checklist_id, language=language, kind=kind),
        revised_on=on,
        code=code,
    )
    kept = queries.document_with(checklist_id, language=language, content_hash=document.content_hash)
    if kept is not None:
        return kept
    printed = printing.printed(document)
    shown = filling.dates_shown(found, project)
    with unit_of_work():
        return sending.keep_print(
            queries.checklist_by_id(checklist_id),
            language=language,
            content_hash=document.content_hash,
            revision=document.revision,
            name=printing.file_name(document),
            data=printed.data,
            code=code,
            shown=shown,
            occasion="",
            kind=kind,
            at=clock.now(),
        )


@checklists.command("batch")
@click.argument("keys", nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="Of every project under way.")
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), required=True, help="ZIP to write."
)
@click.option(
    "--language",
    type=click.Choice(printing.LANGUAGES),
    help="Language of all of them; each contact's when it is not given.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a list of one object for scripts.")
@with_appcontext
def batch(keys: tuple[str, ...], is_all: bool, output: Path, language: str | None, as_json: bool) -> None:
    """Write the readiness checklists of many projects into one ZIP; only those that changed are made again.

    \b
    Example: concierge checklists batch HB-2041 HB-2042 --output checklists.zip --language de
             concierge checklists batch --all --output checklists.zip
    """
    if bool(keys) == is_all:
        raise click.UsageError("Name projects, or say --all.")
    ids = batching.project_ids_of(keys)
    with unit_of_work():
        made = batching.ask_batch(
            ids, language=language or "", at=clock.now(), actor_id=None, is_waited_for=True
        )
        batch_id = made.id
    finish = chores.make_all(batch_id, _tell)
    with unit_of_work():
        finish()
    made = batching.batch_by_id(batch_id)
    if made.file is not None:
        try:
            with output.open("wb") as written:
                written.writelines(files.pieces(made.file))
        except OSError as problem:
            raise Refused(
                f"{output} cannot be written: {problem.strerror}. Choose another --output."
            ) from problem
    for one in made.left_out:
        click.echo(f"{one['project']}: {one['why']}", err=True)
    if as_json:
        about = {
            "made": len(made.made),
            "left_out": made.left_out,
            "output": str(output) if made.file else "",
        }
        click.echo(json.dumps([about], indent=2, ensure_ascii=False))
    elif made.file is not None:
        click.echo(f"Wrote {output}: {len(made.made)} checklists, {made.file.size // 1024} KiB")
    if made.file is None:
        raise Refused("No checklist could be made, so there is no ZIP.")


def _tell(done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done} of {total}", nl=done == total, err=True)


@checklists.command("take")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--project", "key", help="Key of its project; found by the note in the file when it is not given."
)
@click.option("--json", "as_json", is_flag=True, help="Print a list of one object for scripts.")
@with_appcontext
def take(file: Path, key: str | None, as_json: bool) -> None:
    """Take a filled-in checklist that came back, as if it had been brought in on its project's page.

    \b
    Examples: concierge checklists take back.pdf
              concierge checklists take scan.pdf --project HB-2041
    """
    try:
        data = file.read_bytes()
    except OSError as problem:
        raise Refused(f"{file} cannot be read: {problem.strerror}.") from problem
    key = key or taking.project_of(returning.read_form(data))
    if not key:
        raise Refused(f"{file} does not say which project it belongs to. Name it: --project HB-2041")
    found = queries.checklist_of_key(key)
    if found is None:
        raise Refused(f"{key} has no checklist. It is issued when the plan is approved.")
    project_id = found.project_id
    with unit_of_work():
        source = taking.Source(Channel.STAFF)
        received = taking.receive(project_id, [taking.Arrived(file.name, data)], source, at=clock.now())
        returned_id, is_new = received.all[0].id, bool(received.new)
    write = reactions.read_now([returned_id], project_id=project_id)
    if write is not None:
        with unit_of_work():
            write()
    row = queries.returned_by_ids([returned_id])[0]
    about = {
        "key": key.upper(),
        "file": str(file),
        "is_new": is_new,
        "outcome": row.outcome.value,
        "told": returned_words.told_to_us(row),
        "entries": [
            {name: entry[name] for name in ("key", "typed", "comment", "fate")} for entry in row.entries
        ],
    }
    if as_json:
        click.echo(json.dumps([about], indent=2, ensure_ascii=False))
        return
    click.echo(f"{about['key']}: {returned_words.outcome(row)}. {about['told']}")
    for entry in row.entries:
        why = returned_words.why(entry)
        click.echo(f"  {entry['key']}: {entry['typed']} – {entry['fate']}" + (f" ({why})" if why else ""))
