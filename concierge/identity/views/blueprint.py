"""The blueprint that identity's pages hang on."""

from flask import Blueprint
from flask.blueprints import BlueprintSetupState

from concierge.identity import reactions

bp = Blueprint("identity", __name__)


@bp.record_once
def _register(state: BlueprintSetupState) -> None:
    reactions.register()
