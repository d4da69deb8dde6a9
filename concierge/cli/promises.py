"""`concierge promises`: how many of the dates that customers were shown came true."""

import json

import click
from flask.cli import with_appcontext

from concierge.cli.projects import OPERATOR
from concierge.core.promises import Tally
from concierge.core.quarters import quarter_of, read_quarter
from concierge.platform import clock
from concierge.platform.errors import Refused
from concierge.projects.queries import promises as ledger


@click.command("promises")
@click.option(
    "--quarter", default="", help="Year and number, such as 2026-Q4; the current one when not given."
)
@click.option(
    "--json", "as_json", is_flag=True, help="A list of objects: account, kept, broken, agreed_anew, share."
)
@with_appcontext
def promises(quarter: str, as_json: bool) -> None:
    """Count the promises that fell due in a quarter, by account.

    A promise is one milestone on one day that the customer was shown. It is kept when the milestone was finished by
    that day, agreed anew when the customer agreed to a later day before, otherwise broken.

    \b
    Example: concierge promises --quarter 2026-Q4 --json
    """
    at = clock.now()
    try:
        asked = read_quarter(quarter) if quarter else quarter_of(at.date())
    except ValueError as problem:
        raise Refused(str(problem)) from problem
    rows: list[ledger.AccountTally] = []
    page, pages = 1, 1
    while page <= pages:
        found, total = ledger.tallies_by_account(
            OPERATOR, from_on=asked.from_on, to_on=asked.to_on, at=at, page=page
        )
        rows += found
        page, pages = page + 1, -(-total // ledger.PAGE)
    if as_json:
        about = [
            {"account": row.name, "account_id": row.account_id, "quarter": str(asked), **_plain(row.tally)}
            for row in rows
        ]
        click.echo(json.dumps(about, indent=2, ensure_ascii=False))
        return
    whole = ledger.promises_kept(OPERATOR, from_on=asked.from_on, to_on=asked.to_on, at=at)
    click.echo(f"{asked}: {whole.kept} of {whole.due} promises kept, {whole.agreed} agreed anew")
    for row in rows:
        click.echo(
            f"{row.tally.kept:>5} kept {row.tally.broken:>5} broken {row.tally.agreed:>5} anew  {row.name}"
        )


def _plain(tally: Tally) -> dict[str, object]:
    share = None if tally.share is None else round(tally.share, 4)
    return {"kept": tally.kept, "broken": tally.broken, "agreed_anew": tally.agreed, "share": share}
