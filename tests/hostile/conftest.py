"""The small world, for every test here."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from concierge.identity.models import User
from tests.hostile import world as worlds
from tests.hostile.world import World


@pytest.fixture
def world(app: Flask, sign_in: Callable[[User], FlaskClient]) -> World:
    """Two customers with a row in every table that holds text."""
    return worlds.build(sign_in)
