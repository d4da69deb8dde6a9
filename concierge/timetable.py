"""What happens at an hour. Read with ``concierge/reactions.py``: together they are all that acts by itself."""

from datetime import time

from concierge.dispatch import chores as in_dispatch
from concierge.feeds import chores as in_feeds
from concierge.fieldwork import chores as in_fieldwork
from concierge.identity import chores as in_identity
from concierge.invitations import chores as in_invitations
from concierge.platform import chores as in_platform
from concierge.platform.timetables import Chore, Daily, Every
from concierge.projects import chores as in_projects
from concierge.readiness import chores as in_readiness
from concierge.visits import chores as in_visits

TIMETABLE: tuple[Chore, ...] = (
    Chore(Every(minutes=1), in_platform.read_mailbox),
    Chore(Every(minutes=5), in_invitations.tell_unfetched_changes),
    Chore(Every(minutes=5), in_readiness.remind_customers),
    Chore(Every(minutes=5), in_dispatch.end_offers),
    Chore(Every(minutes=60), in_readiness.judge_sites),
    Chore(Every(minutes=15), in_visits.order_own_calendars),
    Chore(Every(minutes=60), in_projects.follow_the_day),
    Chore(Every(minutes=60), in_projects.send_letters),
    Chore(Every(minutes=60), in_platform.forget_limits),
    Chore(Every(minutes=60), in_platform.weigh_tables),
    Chore(Daily(time(2, 5)), in_platform.forget_forms),
    Chore(Daily(time(2, 10)), in_platform.forget_deliveries),
    Chore(Daily(time(2, 15)), in_platform.forget_acts),
    Chore(Daily(time(2, 18)), in_readiness.forget_batches),
    Chore(Daily(time(2, 19)), in_readiness.forget_unfinished),
    Chore(Daily(time(2, 19)), in_fieldwork.forget_photos),
    Chore(Daily(time(2, 20)), in_platform.sweep_files),
    Chore(Daily(time(2, 25)), in_visits.look_at_rules),
    Chore(Daily(time(2, 30)), in_identity.forget_ended_access),
    Chore(Daily(time(2, 50)), in_projects.renew_forecasts),
    Chore(Every(minutes=60), in_feeds.renew_old_entries),
    Chore(Every(minutes=60), in_feeds.end_addresses_without_right),
    Chore(Every(minutes=60), in_feeds.follow_zone_rules),
    Chore(Daily(at=time(3, 30)), in_feeds.remove_unused_calendars),
    Chore(Daily(at=time(3, 40)), in_feeds.compare_a_sample),
)
