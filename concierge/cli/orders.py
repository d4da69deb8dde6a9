"""`concierge orders`: taking orders in at a terminal."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from concierge.orders.actions.importing import ImportPlan, ImportRefused, Planner, as_result, import_orders
from concierge.orders.documents import LARGEST_BYTES, TURN_BYTES, read_orders, shown_name, too_large, turn
from concierge.orders.incoming import BadDocument
from concierge.orders.spreadsheet import example_csv
from concierge.orders.states import Outcome
from concierge.platform import clock, files, settings
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from concierge.projects.queries import project_of_order

WORDS = {
    Outcome.CREATE: "new order",
    Outcome.CHANGE: "changes",
    Outcome.CANCEL: "asks to cancel",
    Outcome.UNCHANGED: "nothing new",
    Outcome.REFUSE: "refused",
}


@click.group("orders")
def orders() -> None:
    """Orders: from the customer or the seller's system."""


@orders.command("import")
@click.argument(
    "paths",
    metavar="FILE…",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
)
@click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects for scripts, one an order.")
@with_appcontext
def import_(paths: tuple[Path, ...], dry_run: bool, as_json: bool) -> None:
    """Import UBL orders, order changes and cancellations (XML) and sheets of orders (CSV).

    Orders are read before changes, changes before cancellations. Each FILE is taken in whole or not at all; a
    document that is known already changes nothing. A refused file does not keep the others out; its sentence is
    on standard error and the exit status is 1.

    \b
    Example: concierge orders import --dry-run order-4711.xml
             concierge orders import *.xml orders.csv --json
    """
    planner = Planner(clock.now())
    in_turn = sorted(paths, key=_turn)
    plans = [_plan(path, planner) if dry_run else _import(path) for path in in_turn]
    if as_json:
        click.echo(json.dumps([one for plan in plans for one in _plain(plan)], indent=2, ensure_ascii=False))
    else:
        for plan in plans:
            _say(plan, dry_run=dry_run)
    for plan in plans:
        for sentence in plan.sentences:
            click.echo(sentence, err=True)
    if any(plan.is_refused for plan in plans):
        sys.exit(1)


@orders.command("example")
def example() -> None:
    """Print a CSV with every column and believable rows.

    \b
    Example: concierge orders example > orders.csv
    """
    click.echo(example_csv(), nl=False)


def _turn(path: Path) -> tuple[int, int]:
    with path.open("rb") as file:
        return turn(file.read(TURN_BYTES))


def _read(path: Path) -> bytes:
    if path.stat().st_size > LARGEST_BYTES:
        raise too_large(path.name, path.stat().st_size)
    return path.read_bytes()


def _plan(path: Path, planner: Planner) -> ImportPlan:
    try:
        return planner.plan_file(_read(path), path.name)
    except BadDocument as refused:
        return ImportPlan(shown_name(path.name), refusals=refused.sentences)


def _import(path: Path) -> ImportPlan:
    name = shown_name(path.name)
    try:
        data = _read(path)
        read = read_orders(data, name)
        with unit_of_work():
            kind = "application/xml" if read[0].syntax == "ubl" else "text/csv"
            kept = files.store(data, name=name, content_type=kind)
            done = import_orders(
                read, name, hashlib.sha256(data).hexdigest(), file=kept, actor_id=None, at=clock.now()
            )
            if not done.does_something:
                raise _NothingNew(done)
            return done
    except _NothingNew as nothing:
        return nothing.plan
    except BadDocument as refused:
        return ImportPlan(name, refusals=refused.sentences)
    except ImportRefused as refused:
        return refused.plan
    except Refused as refused:
        return ImportPlan(name, refusals=(refused.sentence,))


class _NothingNew(Exception):
    """Everything was known: the transaction is left, so that not even the file is kept again."""

    def __init__(self, plan: ImportPlan) -> None:
        self.plan = plan


def _plain(plan: ImportPlan) -> list[dict[str, Any]]:  # Any: what JSON holds
    if plan.refusals:
        return [{"file": plan.name, "outcome": Outcome.REFUSE.value, "sentence": " ".join(plan.refusals)}]
    base = settings.current().address
    rows = []
    for row, plain in zip(plan.rows, as_result(plan)["rows"], strict=True):
        project = project_of_order(row.order_id) if row.order_id else None
        kept = {
            "id": plain.pop("order_id"),
            "url": f"{base}/orders/{row.order_id}" if row.order_id else None,
            "key": project.key if project else None,
            "project_url": f"{base}/projects/{project.key}" if project else None,
            "state": project.state.value if project else None,
        }
        rows.append({"file": plan.name, **plain, **kept})
    return rows


def _say(plan: ImportPlan, *, dry_run: bool) -> None:
    for row in plan.rows:
        if row.outcome is Outcome.REFUSE:
            continue
        project = project_of_order(row.order_id) if row.order_id else None
        words = [plan.name, row.number, row.customer, WORDS[row.outcome], row.sentence]
        click.echo("\t".join([*words, project.key if project else ("dry run" if dry_run else "")]).rstrip())
        for remark in row.remarks:
            click.echo(f"\t{remark}")
        if row.unmatched_count:
            names = ", ".join(row.unmatched[:5]) + (", …" if row.unmatched_count > 5 else "")
            click.echo(f"\tnot in the catalogue ({row.unmatched_count}): {names}")
