"""`concierge checklists`: readiness checklists at a terminal."""

import json
from datetime import date
from pathlib import Path

import click
from flask.cli import with_appcontext

from concierge.core import codes
from concierge.platform import clock, files
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from concierge.readiness import mails, queries
from concierge.readiness.actions import sending
from concierge.readiness.document import filling, printing
from concierge.readiness.models import ChecklistDocument
from concierge.readiness.states import DocumentKind


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
