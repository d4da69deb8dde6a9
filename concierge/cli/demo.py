"""`concierge demo`: the demo company."""

import json

import click
from flask.cli import with_appcontext

from concierge.demo.load import demo_sign_ins, load_demo
from concierge.platform import clock


@click.group("demo")
def demo() -> None:
    """A believable company at work, to look around in."""


@demo.command("load")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects for scripts.")
@with_appcontext
def load(as_json: bool) -> None:
    """Load the demo company, dated around today; a second time changes nothing.

    \b
    Example: concierge demo load --json
    """
    loaded = load_demo(at=clock.now())
    sign_ins = demo_sign_ins()
    if as_json:
        found = [{"role": role, "email": email, "password": password} for role, email, password in sign_ins]
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    if loaded.projects:
        click.echo(
            f"{loaded.people} people, {loaded.accounts} customers, {loaded.projects} projects, "
            f"{loaded.acts} acts."
        )
    else:
        click.echo("The demo company is here already; nothing changed.")
    for role, email, password in sign_ins:
        click.echo(f"{role}\t{email}\t{password}")
