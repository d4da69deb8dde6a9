"""Tables of how long milestones took before, and of how well the forecast did."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from concierge.catalogue.states import MilestoneKind
from concierge.platform.database import Base, Line, text_enum
from concierge.projects.states import Party


class PastCase(Base):
    """How long one milestone took beside what was planned; what the forecast learns from."""

    __tablename__ = "past_cases"

    milestone_id: Mapped[int] = mapped_column(sa.ForeignKey("milestones.id", ondelete="CASCADE"), unique=True)
    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    kind: Mapped[MilestoneKind] = mapped_column(text_enum(MilestoneKind))
    product_key: Mapped[str] = mapped_column(Line(60), default="")
    """The instrument model; empty when the project has several or none."""
    region: Mapped[str] = mapped_column(Line(2))
    """Country of the site, ISO 3166-1 alpha-2."""
    party: Mapped[Party] = mapped_column(text_enum(Party))
    planned_workdays: Mapped[int]
    actual_workdays: Mapped[int]
    """Working days from the day it could begin to the day it was finished, both counted."""
    finished_on: Mapped[date]

    __table_args__ = (sa.Index("ix_past_cases_kind_finished_on", "kind", "finished_on"),)


class Backtest(Base):
    """One night's comparison of what the forecast would have said with what happened, for one group."""

    __tablename__ = "backtests"

    ran_at: Mapped[datetime] = mapped_column(index=True)
    group: Mapped[str] = mapped_column(Line(160))
    """The group in words of its parts, e.g. ``site ready · customer``; empty for all."""
    cases: Mapped[int]
    within_p50: Mapped[int]
    within_p80: Mapped[int]
    within_p90: Mapped[int]
    detail: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    """Which wider group was used where there were too few cases, and other plain values for the page."""
