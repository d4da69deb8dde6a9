"""`concierge equipment`: the installed base at a terminal."""

import json
import sys
from pathlib import Path

import click
from flask.cli import with_appcontext

from concierge.accounts import queries as accounts
from concierge.equipment import queries
from concierge.equipment.actions import importing, sheet
from concierge.equipment.models import Asset
from concierge.identity import queries as identity
from concierge.identity.permissions import Role
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from concierge.projects import queries as projects

OPERATOR = Viewer(user_id=0, name="operator", role=Role.ADMINISTRATOR, zone="UTC", language="en")
"""Whoever can run commands on the machine may see everything."""


@click.group()
def equipment() -> None:
    """The installed base: what stands where, and since when its clocks run."""


@equipment.command("list")
@click.option("--text", default="", help="Only what this stands in: name, serial number, customer or site.")
@click.option("--json", "as_json", is_flag=True, help="A list of objects: id, name, serial, account, site …")
@with_appcontext
def list_(text: str, as_json: bool) -> None:
    """List the installed base.

    \b
    Example: concierge equipment list --text halden --json
    """
    found: list[Asset] = []
    page = 1
    while True:
        listed = queries.assets_listed(OPERATOR, queries.Filter(text=text, page=page))
        found += listed.assets
        if page >= listed.last:
            break
        page += 1
    if as_json:
        click.echo(json.dumps([_plain(one) for one in found], indent=2, ensure_ascii=False))
        return
    for one in found:
        serial = one.serial or "not read yet"
        click.echo(
            f"{one.state.value:<10} {serial:<18} {one.name}  ({one.site.account.name}, {one.site.name})"
        )


@equipment.command("import")
@click.argument(
    "path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
)
@click.option("--as", "email", default="", help="Who takes them over; the history keeps the name.")
@click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
@click.option(
    "--json", "as_json", is_flag=True, help="A list of objects: row, account, serial, outcome, says."
)
@with_appcontext
def import_(path: Path, email: str, dry_run: bool, as_json: bool) -> None:
    """Take over an installed base from a sheet (CSV).

    Each row goes in by itself; one that is refused does not stop the others, and makes the exit status 1. The same
    sheet twice changes nothing.

    \b
    Example: concierge equipment import --dry-run base.csv
    """
    actor_id = _who(email) if email else None
    rows, remarks = sheet.read_sheet(path.read_bytes(), path.name)
    for remark in remarks:
        click.echo(remark, err=True)
    plans = list(importing.plan_rows(rows)) if dry_run else []
    if not dry_run:
        twice = importing.repeated(rows)
        for row in rows:
            with unit_of_work():
                plans.append(importing.import_row(row, twice=twice, at=clock.now(), actor_id=actor_id))
    if as_json:
        click.echo(json.dumps([plan.as_json() for plan in plans], indent=2, ensure_ascii=False))
    else:
        for plan in plans:
            says = "  " + " ".join(plan.says) if plan.says else ""
            click.echo(f"row {plan.number:<5} {plan.serial:<18} {plan.outcome.value:<8}{says}")
    refused = [plan for plan in plans if plan.outcome is importing.Outcome.REFUSED]
    for plan in refused:
        click.echo(f"row {plan.number}: {' '.join(plan.says)}", err=True)
    if refused:
        sys.exit(1)


@equipment.command("example")
@with_appcontext
def example() -> None:
    """Print a CSV with every column and a believable row.

    \b
    Example: concierge equipment example > base.csv
    """
    known = accounts.accounts_listed(OPERATOR).accounts
    click.echo(sheet.example_csv(known[0].name if known else "", projects.some_product()), nl=False)


def _plain(one: Asset) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "serial": one.serial,
        "state": one.state.value,
        "account": one.site.account.name,
        "site": one.site.name,
        "place": one.place,
        "warranty_to": one.warranty_to.isoformat() if one.warranty_to else None,
    }


def _who(email: str) -> int:
    person = identity.person_by_email(email)
    if person is None:
        raise Refused(f"Nobody here has the address {email}. concierge user add brings people in.")
    return person.id
