"""`concierge projects`: list them, look at one, approve a plan, keep it, compare it."""

import json
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from concierge.core.compare import Change, Row
from concierge.identity import queries as identity
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.viewer import Viewer
from concierge.platform import clock, settings
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.projects import chores, queries
from concierge.projects.actions import approving, importing, sheet
from concierge.projects.actions.laying_out import calendar_of
from concierge.projects.models import Milestone, Project
from concierge.projects.queries import comparing
from concierge.projects.verdict import sentence

OPERATOR = Viewer(user_id=0, name="operator", role=Role.ADMINISTRATOR, zone="UTC", language="en")
"""Whoever can run commands on the machine may see everything."""


@click.group()
def projects() -> None:
    """List projects, look at one, approve a plan, keep it, compare it."""


@projects.command("list")
@click.option("--health", multiple=True, help="Only these, e.g. late. May be repeated.")
@click.option("--text", default="", help="Only those whose key, name, account or order holds this.")
@click.option("--json", "as_json", is_flag=True, help="A list of objects: key, name, url, state, health …")
@with_appcontext
def list_(health: tuple[str, ...], text: str, as_json: bool) -> None:
    """List all projects.

    \b
    Example: concierge projects list --health late --json
    """
    found = queries.all_projects(OPERATOR, queries.Filter(text=text, health=health, sort="newest"))
    if as_json:
        click.echo(json.dumps([_short(project) for project in found], indent=2))
        return
    for project in found:
        handover = project.forecast_handover_on or "not set"
        click.echo(f"{project.key:<10} {project.health.value:<10} {handover!s:<10}  {project.name}")


@projects.command("import")
@click.argument(
    "path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
)
@click.option("--as", "email", default="", help="Who takes them over; the history keeps the name.")
@click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
@click.option(
    "--json", "as_json", is_flag=True, help="A list of objects: row, external_key, outcome, says, key."
)
@with_appcontext
def import_(path: Path, email: str, dry_run: bool, as_json: bool) -> None:
    """Take over projects that are under way elsewhere, from a sheet (CSV).

    Each row goes in by itself; one that is refused does not stop the others, and makes the exit status 1. The same
    sheet twice changes nothing.

    \b
    Example: concierge projects import --dry-run running.csv
    """
    actor_id = _who(email).id if email else None
    rows, remarks = sheet.read_sheet(path.read_bytes(), path.name)
    for remark in remarks:
        click.echo(remark, err=True)
    if dry_run:
        plans = list(importing.plan_rows(rows, at=clock.now()))
    else:
        twice = importing.repeated(rows)
        plans = []
        for first in range(0, len(rows), importing.TOGETHER):
            some = rows[first : first + importing.TOGETHER]
            plans += chores.import_rows(some, twice=twice, actor_id=actor_id)
    if as_json:
        click.echo(json.dumps([plan.as_json() for plan in plans], indent=2, ensure_ascii=False))
    else:
        for plan in plans:
            says = "  " + " ".join(plan.says) if plan.says else ""
            click.echo(
                f"row {plan.number:<5} {plan.external_key:<16} {plan.outcome.value:<8} {plan.key:<10}{says}"
            )
    refused = [plan for plan in plans if plan.outcome is importing.Outcome.REFUSED]
    for plan in refused:
        click.echo(f"row {plan.number}: {' '.join(plan.says)}", err=True)
    if refused:
        sys.exit(1)


@projects.command("example")
@with_appcontext
def example() -> None:
    """Print a CSV with every column and believable rows.

    \b
    Example: concierge projects example > running.csv
    """
    click.echo(sheet.example_csv(queries.some_product()), nl=False)


@projects.command()
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="A list of one object with its milestones.")
@with_appcontext
def show(key: str, as_json: bool) -> None:
    """Show one project with its milestones.

    \b
    Example: concierge projects show HB-1001
    """
    project = _found(key)
    if as_json:
        milestones = [_milestone(milestone) for milestone in project.milestones]
        click.echo(json.dumps([{**_short(project), "milestones": milestones}], indent=2))
        return
    with current_app.test_request_context():
        verdict = sentence(project).striptags()
    click.echo(f"{project.key}  {project.name}\n{project.health.value}: {verdict}\n{_url(project)}\n")
    click.echo(f"{'Milestone':<32} {'State':<8} {'Promised':<10} {'Forecast':<10} Actual")
    for one in project.milestones:
        name = one.english_name
        days = (one.promised_on, one.forecast_on, one.finished_on or one.started_on)
        said = " ".join(f"{day.isoformat() if day else '–':<10}" for day in days)
        click.echo(f"{name:<32} {one.state.value:<8} {said}")


@projects.command()
@click.argument("key")
@click.option("--as", "email", default="", help="Who approves it; the history keeps the name.")
@click.option("--json", "as_json", is_flag=True, help="A list of one object.")
@with_appcontext
def approve(key: str, email: str, as_json: bool) -> None:
    """Approve a plan: its dates become promises.

    \b
    Example: concierge projects approve HB-1001 --as maja@demo.example
    """
    with unit_of_work():
        actor_id = _who(email).id if email else None
        found = _found(key)
        project = approving.approve_plan(found.id, actor_id=actor_id, at=clock.now())
    if as_json:
        click.echo(json.dumps([_short(project)], indent=2))
    else:
        click.echo(
            f"The plan of {project.key} is approved; handover is promised for {project.promised_handover_on}."
        )


@projects.command()
@click.argument("key")
@click.option(
    "--with",
    "wanted",
    default="baseline:1",
    show_default=True,
    help="baseline:2, day:2026-11-01, yesterday, week or month.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="A list of objects, one a milestone: what it was and is."
)
@with_appcontext
def compare(key: str, wanted: str, as_json: bool) -> None:
    """Compare a project's plan with a baseline, or with the plan as it was on a day.

    \b
    Example: concierge projects compare HB-1001 --with week --json
    """
    project = _found(key)
    found = comparing.compared(project, wanted, calendar=calendar_of(project), at=clock.now())
    if as_json:
        rows = [_compared(row, found.names) for row in found.comparison.rows]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    counts = [f"{found.comparison.count(change)} {change.value}" for change in Change]
    click.echo(f"{project.key} beside {wanted}: {', '.join(counts)}")
    for row in found.comparison.rows:
        name = found.names[row.key].get("en", row.key)
        before, after = (str(side.finish_on) if side else "–" for side in (row.before, row.after))
        click.echo(f"{name:<32} {row.change.value:<8} {before:<10} {after:<10} {row.finish_workdays:+d}")


@projects.command()
@click.argument("key")
@click.option("--name", required=True, help="By which you will know it.")
@click.option("--note", default="", help="Why it is kept; it cannot be changed later.")
@click.option("--as", "email", default="", help="Who keeps it; the history keeps the name.")
@click.option("--json", "as_json", is_flag=True, help="A list of one object.")
@with_appcontext
def keep(key: str, name: str, note: str, email: str, as_json: bool) -> None:
    """Keep the plan as it is now as a baseline that nobody can change.

    \b
    Example: concierge projects keep HB-1001 --name "Before the shutdown" --as maja@demo.example
    """
    with unit_of_work():
        actor_id = _who(email).id if email else None
        project, kept = approving.keep_plan(
            _found(key).id, name=name, note=note, actor_id=actor_id, at=clock.now()
        )
        about = {"key": project.key, "number": kept.number, "name": kept.name, "note": kept.note}
    if as_json:
        click.echo(json.dumps([about], indent=2, ensure_ascii=False))
    else:
        click.echo(f"Kept as baseline {about['number']} of {about['key']}: {about['name']}")


def _compared(row: Row, names: Mapping[str, Mapping[str, str]]) -> dict[str, object]:
    return {
        "key": row.key,
        "name": names[row.key].get("en", row.key),
        "change": row.change.value,
        "start_before": _iso(row.before.start_on if row.before else None),
        "start_after": _iso(row.after.start_on if row.after else None),
        "finish_before": _iso(row.before.finish_on if row.before else None),
        "finish_after": _iso(row.after.finish_on if row.after else None),
        "finish_workdays": row.finish_workdays,
    }


def _found(key: str) -> Project:
    try:
        return queries.project_by_key(OPERATOR, key)
    except NotFound as none:
        raise Refused(f"There is no project {key}. See: concierge projects list") from none


def _who(email: str) -> User:
    person = identity.person_by_email(email)
    if person is None:
        raise Refused(f"Nobody here has the address {email}. concierge user add brings people in.")
    return person


def _short(project: Project) -> dict[str, object]:
    return {
        "key": project.key,
        "name": project.name,
        "url": _url(project),
        "state": project.state.value,
        "health": project.health.value,
        "account": project.account.name,
        "site": project.site.name,
        "country": project.site.country,
        "order": project.order.number,
        "promised_handover": _iso(project.promised_handover_on),
        "forecast_handover": _iso(project.forecast_handover_on),
        "slip_workdays": project.slip_workdays,
    }


def _milestone(one: Milestone) -> dict[str, object]:
    return {
        "key": one.key,
        "name": one.english_name,
        "kind": one.kind.value,
        "state": one.state.value,
        "team": one.team.value,
        "promised_start": _iso(one.promised_start_on),
        "promised": _iso(one.promised_on),
        "forecast_start": _iso(one.forecast_start_on),
        "forecast": _iso(one.forecast_on),
        "started": _iso(one.started_on),
        "finished": _iso(one.finished_on),
        "slack_workdays": one.slack_workdays,
    }


def _url(project: Project) -> str:
    return f"{settings.current().address}/projects/{project.key}"


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
