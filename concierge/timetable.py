"""What happens at an hour. Read with ``concierge/reactions.py``: together they are all that acts by itself."""

from concierge.platform.timetables import Chore, Every
from concierge.projects import chores as in_projects

TIMETABLE: tuple[Chore, ...] = (
    Chore(Every(minutes=60), in_projects.follow_the_day),
)
