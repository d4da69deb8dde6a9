"""Where the pages of dispatch are hung up, and which part of the board an address asks for."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeAlias

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from concierge.catalogue.states import VisitKind
from concierge.core.board import WallAxis
from concierge.dispatch.queries import Wanted

bp = Blueprint("dispatch", __name__)
Page: TypeAlias = str | tuple[str, int] | Response

DAYS = {"day": 1, "week": 7, "month": 28}
"""How many days each view shows."""
FILTERS = ("territory", "skill", "technician", "kind")
ADDRESS = ("view", "on", *FILTERS)
"""What an address says of the board, on its own page and on those of acts that lead back to it."""


@dataclass(frozen=True, slots=True)
class Look:
    """The part of the board that an address asks for."""

    view: str
    first: date
    territory: str
    skill: str
    technician: int | None
    kind: VisitKind | None
    today: date

    @property
    def axis(self) -> WallAxis:
        """The days that it shows; on one day the night is not much narrower than work."""
        if self.view == "day":
            return WallAxis(self.first, 1, opens=6 * 60, closes=20 * 60, night=0.05)
        return WallAxis(self.first, DAYS[self.view])

    @property
    def wanted(self) -> Wanted:
        """The same for the question."""
        return Wanted(self.first, DAYS[self.view], self.territory, self.skill, self.technician, self.kind)

    @property
    def is_filtered(self) -> bool:
        """Whether it shows only some people or visits."""
        return bool(self.territory or self.skill or self.technician or self.kind)

    def values(self, **other: Any) -> dict[str, Any]:  # Any: values of an address
        """What its address says; what is as usual is left out."""
        is_usual = self.first == start_of(self.view, self.today)
        said: dict[str, Any] = {
            "view": None if self.view == "week" else self.view,
            "on": None if is_usual else self.first.isoformat(),
            "territory": self.territory or None,
            "skill": self.skill or None,
            "technician": self.technician,
            "kind": self.kind.value if self.kind else None,
        }
        return {name: value for name, value in {**said, **other}.items() if value is not None}

    def address(self, **other: Any) -> str:  # Any: values of an address
        """The address of the board, with something else than now."""
        return url_for("dispatch.board", **self.values(**other))


def look_from_address(today: date) -> Look:
    """Read which part of the board is asked for; what is malformed is as usual."""
    view = request.args.get("view", "week")
    view = view if view in DAYS else "week"
    kind = request.args.get("kind", "")
    return Look(
        view=view,
        first=start_of(view, _day(request.args.get("on", ""), today)),
        territory=request.args.get("territory", "")[:60],
        skill=request.args.get("skill", "")[:60],
        technician=request.args.get("technician", type=int),
        kind=VisitKind(kind) if kind in {each.value for each in VisitKind} else None,
        today=today,
    )


def start_of(view: str, day: date) -> date:
    """The first day that a view shows which holds a day."""
    return day if view == "day" else day - timedelta(days=day.weekday())


def _day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text[:10]) if text else today
    except ValueError:
        return today
    return day if 2000 <= day.year < 2100 else today
