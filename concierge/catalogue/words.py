"""The closed lists of the catalogue in the reader's words, for every page that shows them."""

from collections.abc import Mapping

from flask_babel import gettext as _

from concierge.catalogue.states import Team


def team_words() -> Mapping[Team, str]:
    """Teams in words."""
    return {
        Team.CONCIERGE: _("Concierge"),
        Team.OPERATIONS: _("Operations"),
        Team.SALES: _("Sales"),
        Team.SERVICE: _("Service"),
        Team.LOGISTICS: _("Logistics"),
        Team.DISTRIBUTION: _("Distribution"),
        Team.CUSTOMER_SERVICE: _("Customer service"),
        Team.CUSTOMER: _("Customer"),
    }
