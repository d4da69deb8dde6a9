"""What our own people wait for, in words."""

from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.home.agenda import Row
from concierge.home.views.need import Need, need_by
from concierge.platform.words import day


def leave(row: Row, today: date) -> Need:
    days = (row.last_on - row.first_on).days + 1
    said = ngettext(
        "%(num)s day from %(first)s", "%(num)s days from %(first)s", days, first=day(row.first_on)
    )
    return need_by(
        row.first_on,
        today,
        state="wait",
        icon="hourglass",
        title=_("Decide on the leave of %(who)s", who=row.who),
        url=f"/leave/{row.id}",
        why=f"{said}. {row.note}" if row.note else f"{said}.",
        action=_("Decide"),
    )


def expiring(row: Row, today: date) -> Need:
    has_run_out = row.expires_on < today
    one = _("Renew “%(code)s” of %(who)s", code=row.code, who=row.who)
    many = ngettext(
        "Renew %(num)s certificate of %(who)s",
        "Renew %(num)s certificates of %(who)s",
        row.certificates,
        who=row.who,
    )
    return need_by(
        row.expires_on,
        today,
        state="bad" if has_run_out else "warn",
        icon="triangle-alert",
        title=one if row.certificates == 1 else many,
        url=f"/technicians/{row.id}",
        why=_("It has run out: nobody can book them for it.")
        if has_run_out
        else _("From the day after, nobody can book them for it."),
        action=_("Look"),
    )
