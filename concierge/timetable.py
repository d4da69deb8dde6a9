"""What happens at an hour. Read with ``concierge/reactions.py``: together they are all that acts by itself."""

from datetime import time

from concierge.feeds import chores as in_feeds
from concierge.platform.timetables import Chore, Daily, Every
from concierge.projects import chores as in_projects

TIMETABLE: tuple[Chore, ...] = (
    Chore(Every(minutes=60), in_projects.follow_the_day),
    Chore(Every(minutes=60), in_feeds.renew_old_entries),
    Chore(Daily(at=time(3, 40)), in_feeds.compare_a_sample),
)
