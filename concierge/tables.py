"""Every table there is: importing this module makes the metadata whole."""

from concierge.accounts import models as accounts
from concierge.catalogue import models as catalogue
from concierge.feeds import models as feeds
from concierge.identity import models as identity
from concierge.orders import models as orders
from concierge.platform import deliveries, events, files, jobs, limits, mail, once
from concierge.projects import models as projects
from concierge.readiness import models as readiness
from concierge.visits import models as visits
from concierge.workforce import models as workforce

ALL = (
    identity,
    accounts,
    catalogue,
    workforce,
    orders,
    projects,
    visits,
    readiness,
    feeds,
    deliveries,
    events,
    files,
    jobs,
    limits,
    mail,
    once,
)
