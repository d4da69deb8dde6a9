"""`concierge projects` at a terminal."""

import pytest
from flask import Flask

from concierge.cli import main


@pytest.mark.parametrize("act", ["show", "approve"])
def test_an_unknown_key_is_named_with_the_way_to_find_one(app: Flask, act: str) -> None:
    answer = app.test_cli_runner().invoke(main, ["projects", act, "XX-404"])

    assert answer.exit_code == 1
    assert answer.stderr == "There is no project XX-404. See: concierge projects list\n"


def test_a_server_that_is_not_installed_is_named_with_what_to_type(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("concierge.cli.run.find_spec", lambda name: None)

    answer = app.test_cli_runner().invoke(main, ["run", "--server", "waitress", "--port", "0"])

    assert answer.exit_code == 1
    assert "pip install waitress" in answer.stderr
