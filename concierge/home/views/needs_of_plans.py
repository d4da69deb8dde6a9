"""What plans wait for, in words."""

from datetime import date, timedelta

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.catalogue.states import GateKind
from concierge.home.agenda import Row
from concierge.home.views.need import Need, for_days, need_by, place, slips, until, waited
from concierge.platform.words import day, localized, told_day
from concierge.projects.states import ProposalKind
from concierge.projects.words import change_title


def blocked(row: Row, today: date) -> Need:
    reason = (row.block_reason or _("no reason given")).rstrip(".")
    return Need(
        state="bad" if row.slip_workdays > 0 else "warn",
        icon="octagon-alert",
        title=_("Clear the way for %(milestone)s", milestone=localized(row.name)),
        url=f"/projects/{row.project_key}",
        why=_(
            "%(place)s. Blocked: %(reason)s. %(handover)s",
            place=place(row),
            reason=reason,
            handover=slips(row),
        ),
        when=for_days(row.blocked_on, today),
        note=_("blocked"),
        action=_("Open plan"),
    )


def overdue(row: Row, today: date) -> Need:
    late = (today - row.promised_on).days
    return Need(
        state="bad" if row.slip_workdays > 0 else "warn",
        icon="clock",
        title=_("Finish %(milestone)s, or move it", milestone=localized(row.name)),
        url=f"/projects/{row.project_key}",
        why=_(
            "%(place)s. Nobody has said that it is done. %(handover)s",
            place=place(row),
            handover=slips(row),
        ),
        when=ngettext("%(num)s day late", "%(num)s days late", late),
        note=_("promised %(on)s", on=day(row.promised_on, weekday=False)),
        action=_("Open plan"),
    )


def late(row: Row, today: date) -> Need:
    return Need(
        state="bad",
        icon="clock",
        title=_("Agree a new handover with %(account)s", account=row.account),
        url=f"/projects/{row.project_key}",
        why=ngettext(
            "%(project)s: %(expected)s, %(num)s working day after the %(promised)s we promised.",
            "%(project)s: %(expected)s, %(num)s working days after the %(promised)s we promised.",
            row.slip_workdays,
            project=row.project_name,
            expected=day(row.forecast_handover_on),
            promised=day(row.promised_handover_on, weekday=False),
        ),
        when=until(row.promised_handover_on, today),
        note=_("to the promise") if row.promised_handover_on >= today else _("the promise passed"),
        action=_("Open plan"),
    )


def conflict(row: Row, today: date) -> Need:
    first = row.conflicts[0] if row.conflicts else {}
    return Need(
        state="bad",
        icon="triangle-alert",
        title=_("Give %(project)s a day that its plan can meet", project=row.project_key),
        url=f"/projects/{row.project_key}",
        why=_(
            "%(place)s. %(milestone)s was wanted for %(wanted)s; the plan gives %(possible)s.",
            place=place(row),
            milestone=localized(first.get("milestone") or {}) or row.project_name,
            wanted=told_day(first.get("wanted_on")),
            possible=told_day(first.get("possible_on")),
        ),
        when=ngettext("%(num)s conflict", "%(num)s conflicts", row.conflict_count),
        note=_("in the plan"),
        action=_("Open plan"),
    )


def hold_over(row: Row, today: date) -> Need:
    return Need(
        state="warn",
        icon="pause",
        title=_("Let %(project)s go on, or say how long it rests", project=row.project_key),
        url=f"/projects/{row.project_key}",
        why=_(
            "%(place)s. On hold: %(reason)s. Work was to resume on %(day)s.",
            place=place(row),
            reason=row.reason.rstrip("."),
            day=day(row.expected_on),
        ),
        when=for_days(row.first_on, today),
        note=_("on hold"),
        action=_("Open plan"),
    )


def gate(row: Row, today: date) -> Need:
    first = localized((row.holding[0] if row.holding else {}).get("requirement") or {}).rstrip(".")
    title = (
        ngettext("Get %(num)s item ready, or move “%(milestone)s”", "Get %(num)s items ready, or move “%(milestone)s”",
                 row.open_items, milestone=localized(row.name))
    )  # fmt: skip
    ships = row.kind is GateKind.SHIP
    if first:
        why = (
            _("%(place)s. Shipping is held; first: %(requirement)s.", place=place(row), requirement=first)
            if ships
            else _(
                "%(place)s. Installation is held; first: %(requirement)s.",
                place=place(row),
                requirement=first,
            )
        )
    else:
        why = (
            _("%(place)s. Shipping is held.", place=place(row))
            if ships
            else _("%(place)s. Installation is held.", place=place(row))
        )
    return Need(
        state="bad" if row.forecast_start_on <= today else "warn",
        icon="lock",
        title=title,
        url=f"/projects/{row.project_key}/readiness",
        why=why,
        when=day(row.forecast_start_on),
        note=until(row.forecast_start_on, today),
        action=_("Open checklist"),
    )


def proposed(row: Row, today: date) -> Need:
    if row.kind is ProposalKind.CANCEL:
        title = _("Decide whether %(project)s is cancelled", project=row.project_key)
        why = _("%(place)s. The order asks to cancel; the plan runs on until you decide.", place=place(row))
    elif row.requested_from is None and row.requested_to is None:
        title = _("Decide on a change of the order of %(project)s", project=row.project_key)
        why = _(
            "%(place)s. The order says something else; the plan stays until you decide.", place=place(row)
        )
    else:
        title = _("Decide on new dates for %(project)s", project=row.project_key)
        why = _(
            "%(place)s. The order now asks for delivery from %(day)s.",
            place=place(row),
            day=day(row.requested_from or row.requested_to),
        )
    return Need(
        state="warn",
        icon="file-text",
        title=title,
        url=f"/projects/{row.project_key}/proposals/{row.id}",
        why=why,
        when=waited((today - row.made_at.date()).days),
        note=_("since it was asked"),
        action=_("Decide"),
    )


def calendar(row: Row, today: date) -> Need:
    moved = ngettext("It moves %(num)s project", "It moves %(num)s projects", row.projects)
    missed = (
        ngettext("%(num)s promise would be missed", "%(num)s promises would be missed", row.promises)
        if row.promises
        else _("no promise would be missed")
    )
    return Need(
        state="bad" if row.promises else "warn",
        icon="calendar-range",
        title=_("Apply or dismiss “%(title)s”", title=change_title(row.title, row.takes_back_id is not None)),
        url=f"/calendars/changes/{row.id}",
        why=_("%(moved)s; %(missed)s.", moved=moved, missed=missed),
        when=waited((today - row.made_at.date()).days),
        note=_("since it was proposed"),
        action=_("Review"),
    )


def to_approve(row: Row, today: date) -> Need:
    return Need(
        state="idle",
        icon="clipboard-check",
        title=_("Approve the plan of %(project)s", project=row.project_name),
        url=f"/projects/{row.project_key}",
        why=_(
            "%(place)s. Handover would be promised for %(day)s.",
            place=place(row),
            day=day(row.forecast_handover_on),
        ),
        when=waited((today - row.created_at.date()).days),
        note=_("since the order came"),
        action=_("Review"),
    )


def to_match(row: Row, today: date) -> Need:
    return Need(
        state="idle",
        icon="link",
        title=ngettext(
            "Match %(num)s line of order %(number)s",
            "Match %(num)s lines of order %(number)s",
            row.lines,
            number=row.number,
        ),
        url=f"/orders/{row.id}",
        why=_(
            "%(account)s calls it “%(name)s”. Once is enough for all later orders.",
            account=row.account,
            name=row.first,
        ),
        when=waited((today - row.received_at.date()).days),
        note=_("since the order came"),
        action=_("Match"),
    )


def held_units(row: Row, today: date) -> Need:
    """What is held for an enquiry and will be free."""
    ends_on = (row.expires_at - timedelta(minutes=1)).date()
    return need_by(
        ends_on,
        today,
        state="warn" if not row.is_over else "idle",
        icon="hourglass",
        title=_("Ended: what was held for %(code)s, %(who)s", code=row.code, who=row.customer)
        if row.is_over
        else _("Soon free: what is held for %(code)s, %(who)s", code=row.code, who=row.customer),
        url=f"/enquiries/{row.code}",
        why=_("Units and people are free for others again; hold them anew, or close the enquiry.")
        if row.is_over
        else _("Held by %(who)s. Extend it, make orders of it, or release it.", who=row.who),
        action=_("Look"),
    )
