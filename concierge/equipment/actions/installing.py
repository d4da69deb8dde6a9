"""A unit runs: its clocks start with the co-signed certificate."""

import calendar
from datetime import date, datetime, timedelta

from concierge.equipment.events import ClocksStarted
from concierge.equipment.models import Asset
from concierge.equipment.states import AssetState
from concierge.platform.database import db
from concierge.platform.events import record


def start_clocks(
    asset: Asset,
    *,
    installed_on: date,
    warranty_months: int,
    training_days: int,
    project_id: int | None = None,
    at: datetime,
    actor_id: int | None,
) -> bool:
    """Let warranty and the days for the introduction count from a day on, both ends included.

    A certificate that is signed again does not make a warranty longer: clocks that run go on.

    :param installed_on: the day at the site on which both had signed.
    :param warranty_months: see `queries.terms_for`.
    :param asset: with its site.
    :return: whether they were started.
    """
    if asset.warranty_from is not None or asset.state is AssetState.REMOVED:
        return False
    asset.state = AssetState.INSTALLED
    asset.installed_on = installed_on
    asset.warranty_from, asset.warranty_to = installed_on, last_day(installed_on, months=warranty_months)
    asset.training_from = installed_on
    asset.training_to = installed_on + timedelta(days=max(1, training_days) - 1)
    db.session.flush()
    record(
        ClocksStarted(
            at=at,
            actor_id=actor_id,
            project_id=project_id,
            asset_id=asset.id,
            account_id=asset.site.account_id,
            name=asset.name,
            serial=asset.serial,
            installed_on=installed_on,
            warranty_to=asset.warranty_to,
            training_to=asset.training_to,
        )
    )
    return True


def last_day(first_on: date, *, months: int) -> date:
    """The last of so many months from a day on: from 17 March twelve of them end on 16 March of the next year.

    Where the last month has no such day, they end with that month: one month from 31 January ends on 28 February.
    """
    if months < 1:
        return first_on
    year, month = divmod(first_on.year * 12 + first_on.month - 1 + months, 12)
    days = calendar.monthrange(year, month + 1)[1]
    if first_on.day > days:
        return date(year, month + 1, days)
    return date(year, month + 1, first_on.day) - timedelta(days=1)
