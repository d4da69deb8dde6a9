"""The example data says nothing impossible and names where each figure was read."""

from dataclasses import replace

from concierge.catalogue.states import ItemType
from concierge.demo.instruments import GC_8890, INSTRUMENTS, PROMETHION_24, QUANTSTUDIO_FLEX, gtin
from concierge.demo.lint import faults_of_instruments, faults_of_playbooks, has_check_digit
from concierge.demo.playbooks import PLAYBOOKS


def test_no_figure_is_impossible_and_each_names_its_document() -> None:
    assert list(faults_of_instruments(INSTRUMENTS)) == []


def test_no_playbook_waits_in_a_circle_and_no_item_is_unanswerable() -> None:
    assert list(faults_of_playbooks(PLAYBOOKS)) == []


def test_every_class_has_a_playbook_and_their_plans_differ() -> None:
    lengths = {playbook.family: sum(step.workdays for step in playbook.steps) for playbook in PLAYBOOKS}

    assert len(PLAYBOOKS) >= 10
    assert lengths["bench-customer"] < lengths["bench-engineer"] < lengths["floor"] < lengths["magnet"]


def test_a_crate_lighter_than_its_content_is_found() -> None:
    facts = tuple(replace(f, value=11) if f.quantity == "shipping_weight" else f for f in PROMETHION_24.facts)

    found = list(faults_of_instruments([replace(PROMETHION_24, facts=facts)]))

    assert any("The crate weighs 11 kg" in fault for fault in found)


def test_a_heat_load_that_disagrees_with_its_print_is_found() -> None:
    facts = tuple(replace(f, value=900) if f.quantity == "heat_load" else f for f in QUANTSTUDIO_FLEX.facts)

    assert any("BTU/h" in fault for fault in faults_of_instruments([replace(QUANTSTUDIO_FLEX, facts=facts)]))


def test_an_item_with_its_range_upside_down_is_found() -> None:
    playbook = next(one for one in PLAYBOOKS if one.key == GC_8890.key)
    items = tuple(
        replace(i, least=9.0, most=1.0) if i.kind is ItemType.MEASURE else i for i in playbook.items
    )

    assert any(
        "more than the most" in fault for fault in faults_of_playbooks([replace(playbook, items=items)])
    )


def test_standard_ids_carry_a_check_digit() -> None:
    assert gtin(1320) == "2000000013206"
    assert has_check_digit("4006381333931")
    assert not has_check_digit("4006381333932")
