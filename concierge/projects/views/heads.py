"""What stands at the head of a project on each of its pages."""

from markupsafe import Markup

from concierge.platform import clock
from concierge.projects.actions import recovering
from concierge.projects.models import Project
from concierge.projects.verdict import remedy_sentence


def remedy_of(project: Project) -> Markup:
    """What would bring days back, the last of the verdict's sentences; empty when none is missing."""
    return remedy_sentence(project, recovering.remedies_of(project, at=clock.now()))
