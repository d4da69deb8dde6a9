"""The history says every event of a project in words."""

import pytest
from flask import Flask

from concierge.home.views.story import words
from concierge.platform.events import Event
from concierge.projects.events import ProjectEvent
from concierge.reactions import REACTIONS
from concierge.readiness import events as readiness
from concierge.visits.events import VisitEvent

OF_PROJECTS = sorted(
    (
        kind.__name__
        for kind in REACTIONS
        if issubclass(kind, ProjectEvent | VisitEvent) or kind.__module__ == readiness.__name__
    ),
)


@pytest.mark.parametrize("name", OF_PROJECTS)
def test_an_event_of_a_project_has_words_of_its_own(sqlite_app: Flask, name: str) -> None:
    assert Event.known[name]
    with sqlite_app.test_request_context():
        said = words(name, {"gate": "ship", "kind": "new dates"})

    assert said != name
    assert said[0].islower(), "it stands after the name of who did it"
