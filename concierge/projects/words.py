"""The closed lists of lost days and forecasts in the reader's words."""

from collections.abc import Mapping

from flask_babel import gettext as _

from concierge.core.forecast import Level
from concierge.projects.states import Party


def party_words() -> Mapping[Party, str]:
    """To whom a lost day is booked."""
    return {
        Party.CUSTOMER: _("Customer"),
        Party.US: _("Us"),
        Party.CARRIER: _("Carrier or customs"),
        Party.SUPPLIER: _("Supplier"),
        Party.AGREED: _("Agreed change"),
        Party.CONCURRENT: _("Several at once"),
        Party.NONE: _("Nobody named"),
    }


def level_words() -> Mapping[Level, str]:
    """What the cases of a group have in common."""
    return {
        Level.MODEL_REGION_PARTY: _("same milestone, instrument, country and party"),
        Level.MODEL_PARTY: _("same milestone, instrument and party"),
        Level.KIND_PARTY: _("same milestone and party, any instrument"),
        Level.KIND: _("same milestone, any party"),
        Level.ALL: _("all milestones"),
        Level.NONE: _("too few cases of any kind"),
    }
