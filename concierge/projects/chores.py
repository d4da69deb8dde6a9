"""What projects do when a day begins."""

from datetime import datetime

from concierge.platform.events import record
from concierge.projects import queries
from concierge.projects.actions.laying_out import follow
from concierge.projects.events import ForecastChanged
from concierge.projects.states import ProjectState


def follow_the_day(at: datetime) -> None:
    """Lay every open plan out for today: what did not happen yesterday moves, and a live plan says so.

    :param at: the instant it was due; a second run for the same instant changes nothing.
    """
    for project_id in queries.open_project_ids():
        project = queries.project_for_change(project_id)
        moves = follow(project, at=at, why="Another day has passed.")
        if moves and project.state is ProjectState.LIVE:
            record(
                ForecastChanged(
                    at=at, actor_id=None, project_id=project.id, cause="Another day has passed.", moves=moves
                )
            )
