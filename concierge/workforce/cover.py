"""Who else is there while somebody is away: day by day, for their territory and for what they can do."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from concierge.core.hours import Place


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the same territory: what they hold, when they work, on which days they ask to be away too."""

    user_id: int
    name: str
    skills: frozenset[str]
    place: Place
    asks: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class CoverDay:
    """A day of the leave: who is there, and who of them asks to be away as well."""

    on: date
    there: tuple[str, ...]
    asking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cover:
    """Who is there on the days of a leave on which its person would have worked.

    `least` is how many the territory needs; `missing` tells, of each certification that the person holds, on how many
    of the days nobody else of the territory with it is there.
    """

    territory: str
    least: int
    days: tuple[CoverDay, ...]
    missing: Mapping[str, int]

    @property
    def thin(self) -> tuple[CoverDay, ...]:
        """The days on which fewer are there than the territory needs."""
        return tuple(day for day in self.days if len(day.there) < self.least)

    @property
    def alone(self) -> tuple[CoverDay, ...]:
        """The days on which nobody is there at all."""
        return tuple(day for day in self.days if not day.there)

    @property
    def is_enough(self) -> bool:
        """Whether the territory has the people and the certifications that it needs."""
        return not (self.thin or self.alone or self.missing)


def cover(
    days: Sequence[date],
    colleagues: Collection[Colleague],
    *,
    skills: Collection[str],
    territory: str = "",
    least: int = 0,
) -> Cover:
    """Say who is there on some days.

    :param days: those on which the person who is away would have worked.
    :param skills: what that person holds.
    """
    there = {day: [one for one in colleagues if one.place.hours_on(day)] for day in days}
    lacking = {
        skill: sum(not any(skill in one.skills for one in there[day]) for day in days)
        for skill in sorted(skills)
    }
    return Cover(
        territory=territory,
        least=least,
        days=tuple(
            CoverDay(
                on=day,
                there=tuple(sorted(one.name for one in there[day])),
                asking=tuple(sorted(one.name for one in there[day] if day in one.asks)),
            )
            for day in days
        ),
        missing={skill: count for skill, count in lacking.items() if count},
    )
