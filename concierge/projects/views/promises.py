"""Pages of the ledger: what a customer was shown, and how much of it came true by account and quarter."""

from types import SimpleNamespace as Shown

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.core.promises import Outcome, Tally
from concierge.core.quarters import Quarter, quarter_of, read_quarter
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.errors import NotFound
from concierge.platform.words import localized
from concierge.projects import queries
from concierge.projects.queries import promises as ledger
from concierge.projects.states import ShownOn
from concierge.projects.views.acts import Page
from concierge.projects.views.blueprint import bp

OF_ACCOUNT_QUARTERS = 4
LOOKS = {
    Outcome.KEPT: ("ok", "check"),
    Outcome.AGREED: ("idle", "handshake"),
    Outcome.BROKEN: ("bad", "x"),
    Outcome.WITHDRAWN: ("idle", "ban"),
    Outcome.OPEN: ("wait", "hourglass"),
}
"""State and icon of each outcome."""


@bp.get("/projects/<key>/promises")
@requires(Permission.SEE_PROJECTS)
def promises_of_project(key: str) -> Page:
    """List every date that the customer of a project was shown."""
    project = queries.project_by_key(viewer(), key)
    entries = ledger.ledger_of(project, at=clock.now())
    names = {one.key: one for one in project.milestones}
    rows = [
        Shown(
            promise=entry.promise,
            name=localized(names[entry.promise.milestone_key].name)
            if entry.promise.milestone_key in names
            else entry.promise.milestone_key,
            milestone=names.get(entry.promise.milestone_key),
            by=entry.by,
            outcome=outcome_words()[entry.outcome],
            look=LOOKS[entry.outcome],
            channel=channel_words()[entry.promise.shown_on],
        )
        for entry in entries
    ]
    dates = {
        (entry.promise.milestone_key, entry.promise.finish_on): entry.outcome
        for entry in entries
        if entry.promise.taken_back_at is None
    }
    return render_template(
        "projects/promises.html", project=project, rows=rows, tally=_tally(list(dates.values())), dates=dates
    )


@bp.get("/promises")
@requires(Permission.SEE_PROJECTS)
def promises_of_quarter() -> Page:
    """How the promises of a quarter came out, for every account or date by date for one."""
    at = clock.now()
    current = quarter_of(at.date())
    account_id = request.args.get("account", type=int)
    try:
        quarter = read_quarter(request.args["quarter"]) if request.args.get("quarter") else current
    except ValueError:
        return render_template(
            "projects/quarter.html",
            problem=_("Write the quarter as year and number, such as 2026-Q4."),
            quarter=None,
            current=current,
            account=None,
        ), 422
    period = {"from_on": quarter.from_on, "to_on": quarter.to_on, "at": at}
    page = max(1, request.args.get("page", 1, type=int))
    account = None
    about: dict[str, object] = {}
    if account_id is not None:
        account = ledger.account_named(viewer(), account_id)
        if account is None:
            raise NotFound
        about["dates"] = [
            Shown(
                due=one,
                look=LOOKS[one.outcome],
                outcome=outcome_words()[one.outcome],
                channels=", ".join(channel_words()[channel] for channel in dict.fromkeys(one.channels)),
                name=localized(one.name),
            )
            for one in ledger.due_dates(viewer(), account_id, **period)  # type: ignore[arg-type]  # days and an instant
        ]
        tally = ledger.tally_of_account(viewer(), account_id, **period)  # type: ignore[arg-type]  # as above
    else:
        rows, total = ledger.tallies_by_account(viewer(), page=page, **period)  # type: ignore[arg-type]  # as above
        about |= {"rows": rows, "pages": max(1, -(-total // ledger.PAGE)), "page": page}
        tally = ledger.promises_kept(viewer(), **period)  # type: ignore[arg-type]  # as above
    return render_template(
        "projects/quarter.html",
        quarter=quarter,
        current=current,
        account=account,
        tally=tally,
        headline=headline(tally),
        is_running=quarter.to_on > at.date(),
        **about,
    )


@bp.get("/accounts/<int:account_id>/promises")
@requires(Permission.SEE_ACCOUNTS)
def promises_of_account(account_id: int) -> Page:
    """The promises of one account in its last quarters, as a part of its page."""
    at = clock.now()
    quarters: list[Quarter] = [quarter_of(at.date())]
    while len(quarters) < OF_ACCOUNT_QUARTERS:
        quarters.append(quarters[-1].previous)
    rows = [
        (
            quarter,
            ledger.tally_of_account(
                viewer(), account_id, from_on=quarter.from_on, to_on=quarter.to_on, at=at
            ),
        )
        for quarter in quarters
    ]
    return render_template("projects/_promises_of_account.html", account_id=account_id, rows=rows)


def headline(tally: Tally) -> str:
    """How much came true, in one sentence."""
    if not tally.due:
        return _("No promise fell due")
    return ngettext(
        "%(kept)s of %(num)s promise kept", "%(kept)s of %(num)s promises kept", tally.due, kept=tally.kept
    )


def outcome_words() -> dict[Outcome, str]:
    """What became of a date, in words."""
    return {
        Outcome.KEPT: _("Kept"),
        Outcome.AGREED: _("Agreed anew"),
        Outcome.BROKEN: _("Broken"),
        Outcome.WITHDRAWN: _("Withdrawn"),
        Outcome.OPEN: _("Not due yet"),
    }


def channel_words() -> dict[ShownOn, str]:
    """Where a customer saw a date, in words."""
    return {
        ShownOn.PAGE: _("Page"),
        ShownOn.MAIL: _("Letter"),
        ShownOn.PDF: _("PDF"),
        ShownOn.FEED: _("Calendar file"),
        ShownOn.AGREEMENT: _("Agreement"),
    }


def _tally(found: list[Outcome]) -> Tally:
    return Tally(found.count(Outcome.KEPT), found.count(Outcome.AGREED), found.count(Outcome.BROKEN))
