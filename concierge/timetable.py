"""What happens at an hour. Read with ``concierge/reactions.py``; together they are all that acts by itself."""

from concierge.platform.timetables import Chore

TIMETABLE: tuple[Chore, ...] = ()
