"""Products are found by the names orders use; playbooks freeze when published."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from concierge.catalogue import queries
from concierge.catalogue.actions import aliases, playbooks
from concierge.catalogue.actions.playbooks import Content
from concierge.catalogue.models import PlaybookLink, PlaybookMilestone, Product
from concierge.catalogue.queries import LineNames
from concierge.catalogue.states import AliasScheme, MilestoneKind, PlaybookState, Team
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from tests.makers.catalogue import add_instrument

AT = datetime(2026, 3, 16, 9, tzinfo=UTC)


def meant_by(names: LineNames) -> Product | None:
    """The product that one order line means."""
    return queries.products_for([names])[0]


def test_a_line_is_known_by_its_seller_item_id_before_its_name(app: Flask) -> None:
    with unit_of_work():
        gas = add_instrument("gas-one", name="Gas One", item_id="G-1")
        add_instrument("liquid-two", name="Liquid Two", item_id="L-2")

    found = meant_by(LineNames(seller_item_id=" g 1 ", name="Liquid Two"))

    assert found is gas


def test_case_and_marks_do_not_matter_in_a_name(app: Flask) -> None:
    with unit_of_work():
        gas = add_instrument("gas-one", name="Gas One", item_id="G-1")

    assert meant_by(LineNames(name="GAS-ONE")) is gas
    assert meant_by(LineNames(name="Gas Two")) is None
    assert meant_by(LineNames(name="--")) is None


def test_a_name_matched_once_is_known_ever_after(app: Flask) -> None:
    with unit_of_work():
        gas = add_instrument("gas-one", name="Gas One", item_id="G-1")
        aliases.add_alias(gas, scheme=AliasScheme.NAME, value="Gaschromatograph", actor_id=None, at=AT)
        aliases.add_alias(gas, scheme=AliasScheme.NAME, value="gaschromatograph ", actor_id=None, at=AT)

    assert meant_by(LineNames(name="GASCHROMATOGRAPH")) is gas


def test_a_name_cannot_mean_two_products(app: Flask) -> None:
    with unit_of_work():
        add_instrument("gas-one", name="Gas One", item_id="G-1")
        liquid = add_instrument("liquid-two", name="Liquid Two", item_id="L-2")

    with pytest.raises(Refused, match="another product"), unit_of_work():
        aliases.add_alias(liquid, scheme=AliasScheme.NAME, value="gas one", actor_id=None, at=AT)


def test_candidates_share_words_with_the_line(app: Flask) -> None:
    with unit_of_work():
        add_instrument("gas-one", name="Gas One", item_id="G-1")
        liquid = add_instrument("liquid-two", name="Liquid Two", item_id="L-2")

    assert queries.candidates_for("A liquid handler", limit=1) == [liquid]


def test_the_newest_published_version_makes_plans(app: Flask) -> None:
    with unit_of_work():
        gas = add_instrument("gas-one", name="Gas One", item_id="G-1")
        second = playbooks.draft_playbook("gas-one", name="Gas One", content=_content("order", "install"))
        assert queries.published_versions([gas.id])[gas.id].number == 1
        playbooks.publish(second, actor_id=None, at=AT)

    version = queries.published_versions([gas.id])[gas.id]

    assert version.number == 2
    assert [milestone.key for milestone in version.milestones] == ["order", "install"]
    assert version.milestones[1].links[0].predecessor_key == "order"


def test_a_published_version_never_changes(app: Flask) -> None:
    with unit_of_work():
        version = playbooks.draft_playbook("gas", name="Gas", content=_content("order"))
        playbooks.publish(version, actor_id=None, at=AT)

    assert version.state is PlaybookState.PUBLISHED
    with pytest.raises(Refused, match="never changes"), unit_of_work():
        playbooks.publish(version, actor_id=None, at=AT)


def test_a_circle_is_named_when_publishing(app: Flask) -> None:
    content = _content("order", "install")
    content.milestones[0].links.append(PlaybookLink(predecessor_key="install"))

    with unit_of_work():
        version = playbooks.draft_playbook("gas", name="Gas", content=content)
    with pytest.raises(Refused, match="Install") as refused, unit_of_work():
        playbooks.publish(version, actor_id=None, at=AT)

    assert "Order" in refused.value.sentence


def test_one_draft_at_a_time(app: Flask) -> None:
    with unit_of_work():
        playbooks.draft_playbook("gas", name="Gas", content=_content("order"))
    with pytest.raises(Refused, match="open draft"), unit_of_work():
        playbooks.draft_playbook("gas", name="Gas", content=_content("order"))


def _content(*keys: str) -> Content:
    milestones = []
    for before, key in zip(("", *keys), keys, strict=False):
        milestones.append(
            PlaybookMilestone(
                key=key,
                name={"en": key.capitalize()},
                kind=MilestoneKind.OTHER,
                team=Team.SERVICE,
                workdays=1,
                links=[PlaybookLink(predecessor_key=before)] if before else [],
            )
        )
    return Content(milestones=milestones)
