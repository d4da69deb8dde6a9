"""`concierge playbooks`: list, take along as files, bring in, check."""

import json
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from concierge.catalogue import checking, comparing, queries, toml_file
from concierge.catalogue.actions import drafting
from concierge.catalogue.actions.standard import KEY as STANDARD
from concierge.catalogue.contents import Contents
from concierge.cli.projects import OPERATOR
from concierge.platform import clock, settings
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused


@click.group()
def playbooks() -> None:
    """Take playbooks along as files, bring them in, check them."""


@playbooks.command("list")
@click.option("--json", "as_json", is_flag=True, help="A list of objects: key, name, version, state …")
@with_appcontext
def list_(as_json: bool) -> None:
    """List all playbooks.

    \b
    Example: concierge playbooks list
    """
    found = queries.playbooks_listed(OPERATOR)
    if as_json:
        rows = [
            {
                "key": one.key,
                "name": one.name,
                "version": one.number,
                "published": one.published_at is not None,
                "draft_open": one.is_draft_open,
                "milestones": one.milestones,
                "requirements": one.items,
                "url": f"{settings.current().address}/playbooks/{one.key}",
            }
            for one in found
        ]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for one in found:
        state = f"version {one.number}" if one.published_at else "draft"
        click.echo(f"{one.key:<24} {state:<12} {one.name}{', a draft is open' if one.is_draft_open else ''}")


@playbooks.command("export")
@click.argument("key")
@click.option(
    "--version", "number", type=int, help="Its number; the newest published one when it is not given."
)
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="File to write; else the screen."
)
@with_appcontext
def export(key: str, number: int | None, output: Path | None) -> None:
    """Write a playbook as one readable file.

    \b
    Example: concierge playbooks export gridion --output gridion.toml
    """
    whole = _found(key, number)
    text = toml_file.written(whole)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise Refused(
            f"{output} cannot be written: {problem.strerror}. Choose another --output."
        ) from problem
    click.echo(
        f"Wrote {output}: {whole.name}, {len(whole.milestones)} milestones, {len(whole.items)} requirements"
    )


@playbooks.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would differ, and save nothing.")
@click.option("--json", "as_json", is_flag=True, help="A list of one object for scripts.")
@with_appcontext
def import_(file: Path, dry_run: bool, as_json: bool) -> None:
    """Bring a playbook in as a draft; a person publishes it.

    \b
    Example: concierge playbooks import gridion.toml --dry-run
    """
    with current_app.test_request_context():
        whole = _read(file)
        before = queries.contents_or_none(whole.key)
        found = comparing.compared(before, whole) if before is not None else None
        number = 0
        if not dry_run and not (found is not None and found.is_same):
            with unit_of_work():
                number = drafting.import_draft(whole, actor_id=None, at=clock.now()).number
    if as_json:
        click.echo(json.dumps([_as_json(whole, found, number)], indent=2, ensure_ascii=False))
        return
    click.echo(_in_words(whole, found))
    for one in found.differences if found is not None else ():
        values = ", ".join(value.name for value in one.changed)
        click.echo(f"  {one.act:<8} {one.collection:<11} {one.key}{f': {values}' if values else ''}")
    if number:
        click.echo(
            f"It is now the draft of version {number}: {settings.current().address}/playbooks/{whole.key}/draft"
        )
    elif dry_run:
        click.echo("Nothing was saved.")


@playbooks.command()
@click.argument("what")
@click.option("--version", "number", type=int, help="Its number, when a key is given.")
@click.option("--json", "as_json", is_flag=True, help="A list of objects: wrong, sentence, collection, key.")
@with_appcontext
def check(what: str, number: int | None, as_json: bool) -> None:
    """Check a playbook, given by its key, or a file that ends in .toml. Exit status 1 when something is wrong.

    \b
    Example: concierge playbooks check gridion.toml
    """
    with current_app.test_request_context():
        whole = _read(Path(what)) if what.endswith(".toml") else _found(what, number)
        known = queries.playbooks_by_key([whole.key]).get(whole.key)
        instruments = queries.figures_of(known.id) if known is not None else ()
        found = checking.findings(
            whole,
            products=queries.product_keys(),
            instruments=len(instruments),
            always_used=whole.key == STANDARD,
            known=instruments,
        )
    if as_json:
        rows = [
            {"wrong": one.is_wrong, "sentence": one.sentence, "collection": one.collection, "key": one.key}
            for one in found
        ]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        for one in found:
            click.echo(f"{'wrong' if one.is_wrong else 'look'}: {one.sentence}")
        if not found:
            click.echo("The check found nothing to mend.")
    wrong = sum(one.is_wrong for one in found)
    if wrong:
        raise Refused(f"{wrong} of these have to be mended before the playbook can be published.")


def _found(key: str, number: int | None) -> Contents:
    try:
        return queries.contents_of(key, number=number)
    except NotFound as none:
        which = f" of version {number}" if number is not None else ""
        raise Refused(f"There is no playbook {key}{which}. See: concierge playbooks list") from none


def _read(file: Path) -> Contents:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise Refused(f"{file} cannot be read: {problem.strerror}. Check its name.") from problem
    except UnicodeDecodeError as problem:
        raise Refused(f"{file} is not text in UTF-8. Save it as UTF-8.") from problem
    try:
        return toml_file.read(text)
    except toml_file.UnreadableFile as unreadable:
        raise Refused("\n".join(f"{file}: {fault}" for fault in unreadable.faults)) from unreadable


def _in_words(whole: Contents, found: comparing.Comparison | None) -> str:
    if found is None:
        counts = f"{len(whole.milestones)} milestones, {len(whole.items)} requirements"
        return f"{whole.name} ({whole.key}) is new: {counts}."
    if found.is_same:
        return f"The file changes nothing in {whole.name}."
    counts = ", ".join(f"{found.count(act)} {act}" for act in ("added", "removed", "changed"))
    return f"{whole.name}: {counts}."


def _as_json(whole: Contents, found: comparing.Comparison | None, number: int) -> dict[str, object]:
    return {
        "key": whole.key,
        "name": whole.name,
        "is_new": found is None,
        "is_same": found is not None and found.is_same,
        "draft": number or None,
        "differences": [
            {
                "collection": one.collection,
                "key": one.key,
                "act": one.act,
                "changed": [
                    {"name": value.name, "before": value.before, "after": value.after}
                    for value in one.changed
                ],
            }
            for one in (found.differences if found is not None else ())
        ],
    }
