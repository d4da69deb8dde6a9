"""Drafts of playbooks: begun from a version, changed by several people, checked, compared, published."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from concierge.catalogue import checking, comparing, contents, queries, toml_file
from concierge.catalogue.actions import drafting, playbooks
from concierge.catalogue.contents import ItemPart, LinkPart, MessagePart, MilestonePart, StepPart, VisitPart
from concierge.catalogue.states import (
    GateKind,
    ItemType,
    LagUnit,
    LinkKind,
    MilestoneKind,
    PlaybookState,
    Severity,
    StepKind,
    Team,
    VisitKind,
)
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import NotFound, Refused
from tests.conftest import csrf_token
from tests.makers import people
from tests.makers.catalogue import add_instrument

AT = datetime(2026, 3, 16, 9, tzinfo=UTC)
SignIn = Callable[[User], FlaskClient]


def begin(key: str = "gas-one") -> None:
    """A published playbook with an open draft of version 2."""
    with unit_of_work():
        add_instrument(key, name="Gas One")
        drafting.start_draft(key, number=None, actor_id=None, at=AT)


def now(key: str = "gas-one") -> contents.Contents:
    """The draft as it is saved."""
    db.session.rollback()
    db.session.expunge_all()
    return queries.contents_of(key, number=2)


def milestone(whole: contents.Contents, key: str) -> MilestonePart:
    return next(one for one in whole.milestones if one.key == key)


def put(part: contents.Part, *, collection: str = "milestones", basis: str | None = None) -> None:
    """Save a part in the place of the one with its key, as somebody who saw the saved one."""
    saved = next((one for one in now().parts(collection) if one.key == part.key), None)
    with unit_of_work():
        drafting.put_part(
            "gas-one",
            collection,
            part,
            replaces=part.key if saved is not None else "",
            basis=basis if basis is not None else contents.fingerprint(saved),
            actor_id=None,
            at=AT,
        )


def test_a_draft_begins_as_a_copy_and_leaves_the_version_alone(app: Flask) -> None:
    begin()
    install = milestone(now(), "install")

    put(
        replace(
            install, workdays=5, links=(LinkPart(predecessor_key="lab-prep", lag=3, lag_unit=LagUnit.DAYS),)
        )
    )

    assert milestone(queries.contents_of("gas-one", number=1), "install") == install
    assert milestone(now(), "install").workdays == 5
    assert milestone(now(), "install").links[0].predecessor_key == "lab-prep"
    assert queries.contents_of("gas-one") == queries.contents_of("gas-one", number=1), (
        "the draft is not in use"
    )


def test_a_link_that_closes_a_circle_is_refused_by_name(app: Flask) -> None:
    begin()
    before = now()
    closing = replace(
        milestone(before, "order-accepted"),
        links=(LinkPart(predecessor_key="handover", kind=LinkKind.START_TO_START),),
    )

    with pytest.raises(Refused) as refused:
        put(closing)

    assert "Order accepted → Lab prep" in refused.value.sentence
    assert "Handover → Order accepted" in refused.value.sentence
    assert now() == before, "nothing is half-saved"


def test_the_second_of_two_editors_sees_what_the_first_saved(app: Flask) -> None:
    begin()
    seen = milestone(now(), "install")
    basis = contents.fingerprint(seen)
    put(replace(seen, workdays=4), basis=basis)

    with pytest.raises(drafting.EditedMeanwhile) as stale:
        put(replace(seen, workdays=9), basis=basis)

    assert isinstance(stale.value.theirs, MilestonePart)
    assert stale.value.theirs.workdays == 4
    assert milestone(now(), "install").workdays == 4


def test_two_people_may_edit_different_milestones_at_once(app: Flask) -> None:
    begin()
    install, training = milestone(now(), "install"), milestone(now(), "training")

    put(replace(install, workdays=4), basis=contents.fingerprint(install))
    put(replace(training, workdays=3), basis=contents.fingerprint(training))

    assert [milestone(now(), key).workdays for key in ("install", "training")] == [4, 3]


def test_followers_of_a_milestone_that_is_taken_out_wait_for_what_it_waited_for(app: Flask) -> None:
    begin()

    with unit_of_work():
        followers = drafting.remove_part("gas-one", "milestones", "delivery", actor_id=None, at=AT)

    assert followers == ("install",)
    assert [link.predecessor_key for link in milestone(now(), "install").links] == ["ship-released"]
    assert not [one for one in checking.findings(now(), products=(), instruments=1) if one.is_wrong]


def test_a_milestone_is_added_after_what_it_waits_for_and_can_be_moved(app: Flask) -> None:
    begin()
    photo = MilestonePart(
        key="photo",
        name={"en": "Photo of the bench"},
        kind=MilestoneKind.OTHER,
        team=Team.CUSTOMER,
        workdays=1,
        links=(LinkPart(predecessor_key="order-accepted"),),
    )

    put(photo)
    assert [one.key for one in now().milestones][:3] == ["order-accepted", "photo", "lab-prep"]
    with unit_of_work():
        drafting.move_part("gas-one", "milestones", "photo", to=99, actor_id=None, at=AT)

    assert now().milestones[-1].key == "photo"


def test_publishing_freezes_the_draft_and_a_second_editor_is_told(app: Flask) -> None:
    begin()
    with unit_of_work():
        playbooks.publish(queries.version_for_change(_draft_id()), actor_id=None, at=AT)

    with pytest.raises(NotFound, match="no open draft"), unit_of_work():
        drafting.remove_part("gas-one", "milestones", "install", actor_id=None, at=AT)
    with unit_of_work():
        third = drafting.start_draft("gas-one", number=1, actor_id=None, at=AT)
    assert third.number == 3


def test_what_is_wrong_is_not_published(app: Flask) -> None:
    begin()
    letter = MessagePart(key="soon", milestone_key="nowhere", subject={"en": "Soon"}, text={"en": "Soon."})
    put(letter, collection="messages")

    with pytest.raises(Refused, match="nowhere"), unit_of_work():
        playbooks.publish(queries.version_for_change(_draft_id()), actor_id=None, at=AT)

    db.session.rollback()
    assert queries.draft_by_key(None, "gas-one").state is PlaybookState.DRAFT  # type: ignore[arg-type]  # nobody looks


def test_a_draft_is_thrown_away_and_a_new_playbook_with_it(app: Flask) -> None:
    begin()
    with unit_of_work():
        drafting.start_playbook(key="fresh", name="Fresh", actor_id=None, at=AT)
    with unit_of_work():
        drafting.discard_draft("fresh", actor_id=None, at=AT)
        drafting.discard_draft("gas-one", actor_id=None, at=AT)

    assert not queries.playbooks_by_key(["fresh"])
    assert queries.contents_of("gas-one").milestones


def test_a_comparison_names_old_and_new(app: Flask) -> None:
    begin()
    put(replace(milestone(now(), "install"), workdays=5))
    put(_item(), collection="items")
    with unit_of_work():
        drafting.remove_part("gas-one", "milestones", "training", actor_id=None, at=AT)

    found = comparing.compared(queries.contents_of("gas-one", number=1), now())

    assert (found.count("added"), found.count("removed")) == (1, 1)
    changed = {
        one.key: {value.name: (value.before, value.after) for value in one.changed}
        for one in found.of("milestones")
    }
    assert changed["install"]["workdays"] == (2, 5)
    assert set(changed["handover"]) == {"links"}
    assert comparing.compared(now(), now()).is_same


def test_pages_need_the_permission_and_a_form_comes_back_with_its_faults(app: Flask, sign_in: SignIn) -> None:
    begin()
    with unit_of_work():
        ada, tomas = people.user(role=Role.CONCIERGE), people.user(name="Tomas", role=Role.TECHNICIAN)
    browser, stranger = sign_in(ada), sign_in(tomas)

    assert stranger.get("/playbooks/gas-one/draft").status_code == 403
    page = browser.get("/playbooks/gas-one/draft")
    form = browser.get("/playbooks/gas-one/draft/milestones/install").get_data(as_text=True)
    bad = _post(browser, "install", _form(form, workdays="many"))
    draws = _post(browser, "install", _form(form, workdays="30", draw="1"))
    circle = _post(
        browser,
        "order-accepted",
        _form(
            browser.get("/playbooks/gas-one/draft/milestones/order-accepted").get_data(as_text=True),
            **{
                "links-0-predecessor_key": "handover",
                "links-0-kind": "finish to start",
                "links-0-lag_unit": "workdays",
            },
        ),
    )

    assert page.status_code == 200
    assert "No instrument uses" not in page.get_data(as_text=True)
    assert bad.status_code == circle.status_code == 422
    assert "Order accepted → " in circle.get_data(as_text=True)
    assert draws.status_code == 200
    assert "30 working days" in draws.get_data(as_text=True)
    for blank in ("   ", "\u200b \t"):
        nameless = _post(browser, "install", _form(form, name_en=blank))
        assert nameless.status_code == 422
        assert "Say it in English" in nameless.get_data(as_text=True)
    for wrong, told in {
        "workdays": "Enter a whole number of days from 0 to 999.",
        "links-0-lag": "Give a number from -400 to 400.",
    }.items():
        for more in ({}, {"draw": "1"}):
            answer = _post(browser, "install", _form(form, **{wrong: "1000000000"}, **more))
            text = unescape(answer.get_data(as_text=True))
            assert answer.status_code == (200 if more else 422)
            assert "sample order from" in text, "as it is saved: nobody lives to see the end of the other"
            assert more or f'<a href="#{wrong}">{told}</a>' in text
            assert "{'" not in text
            assert "<li>{}</li>" not in text
    assert milestone(now(), "install").workdays == 2, "drawing saves nothing"


def test_a_page_shows_both_values_of_a_conflict_and_saving_again_keeps_ones_own(
    app: Flask, sign_in: SignIn
) -> None:
    begin()
    named = milestone(now(), "install")
    put(replace(named, name={**named.name, "fr": "Pose"}))
    with unit_of_work():
        ada, bo = (
            people.user(name="Ada Lind", role=Role.CONCIERGE),
            people.user(name="Bo Ek", role=Role.MANAGER),
        )
    mine, theirs = sign_in(ada), sign_in(bo)
    opened = mine.get("/playbooks/gas-one/draft/milestones/install").get_data(as_text=True)
    other = theirs.get("/playbooks/gas-one/draft/milestones/install").get_data(as_text=True)

    assert _post(theirs, "install", _form(other, workdays="4", team="logistics")).status_code == 303
    conflict = _post(mine, "install", _form(opened, workdays="9"))
    shown = conflict.get_data(as_text=True)
    again = _post(mine, "install", _form(shown, workdays="9"))

    assert conflict.status_code == 409
    assert "Bo Ek" in shown
    assert "Length in days" in shown
    assert again.status_code == 303
    saved = milestone(now(), "install")
    assert saved.workdays == 9, "both changed it, and one's own was kept"
    assert saved.team is Team.LOGISTICS, "only the other one changed it"
    assert saved.name["fr"] == "Pose", "a language that the form does not show stays"


def test_a_playbook_is_written_from_nothing_to_publishing_in_the_browser(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        ada = people.user(role=Role.CONCIERGE)
    browser = sign_in(ada)
    token = {"csrf_token": csrf_token(browser, "/playbooks/new")}

    begun = browser.post("/playbooks/new", data={**token, "name": "Große Zentrifuge"})
    assert begun.headers["Location"].endswith("/playbooks/grosse-zentrifuge/draft")
    at = "/playbooks/grosse-zentrifuge/draft"
    for name, kind, waits in (
        ("Order accepted", "order accepted", ""),
        ("Handover", "handover", "order-accepted"),
    ):
        page = browser.get(f"{at}/milestones/new").get_data(as_text=True)
        data = _form(page, name_en=name, name_de=name, kind=kind, team="sales", workdays="0")
        if waits:
            data |= {"links-0-predecessor_key": waits, "links-0-lag": "5"}
        saved = browser.post(f"{at}/milestones/new", data=data)
        assert saved.status_code == 303, saved.get_data(as_text=True)
    item = _form(
        browser.get(f"{at}/items/new").get_data(as_text=True),
        requirement_en="The rotor is unlocked",
        type="measure",
        quantity="temperature",
        unit="°C",
        minimum="18,5",
        maximum="25",
        severity="blocking",
        gate="ship",
    )
    assert browser.post(f"{at}/items/new", data=item).status_code == 303
    assert "in your browser" not in browser.get(at).get_data(as_text=True)
    published = browser.post(f"{at}/publication", data=token)

    assert published.status_code == 303
    db.session.rollback()
    whole = queries.contents_of("grosse-zentrifuge")
    assert whole.milestones[1].links[0].lag == 5
    assert whole.items[0].minimum == 18.5
    assert whole.items[0].gate is GateKind.SHIP


def _item() -> ItemPart:
    return ItemPart(
        key="door", section="access", type=ItemType.CONFIRM, requirement={"en": "Wide door"}, due_offset=-14,
        severity=Severity.ADVISORY,
    )  # fmt: skip


def _draft_id() -> int:
    return queries.draft_by_key(None, "gas-one").id  # type: ignore[arg-type]  # nobody looks


def _form(page: str, **typed: str) -> dict[str, str]:
    """What a browser would send of the page's form, with some of it typed over."""
    import html5lib

    tree = html5lib.parse(page, namespaceHTMLElements=False)
    form = next(one for one in tree.iter("form") if "form" in (one.get("class") or "").split())
    data: dict[str, str] = {}
    for one in form.iter():
        name = one.get("name")
        if not name or one.tag == "button":
            continue
        if one.tag == "select":
            options = list(one.iter("option"))
            chosen = next((option for option in options if option.get("selected") is not None), options[0])
            data[name] = chosen.get("value") or ""
        elif one.tag == "textarea":
            data[name] = (one.text or "").removeprefix("\n")
        elif one.get("type") not in {"checkbox", "radio"} or one.get("checked") is not None:
            data[name] = one.get("value") or ""
    return {**data, **typed}


def _post(browser: FlaskClient, name: str, data: dict[str, str]) -> object:
    return browser.post(f"/playbooks/gas-one/draft/milestones/{name}", data=data)


def test_steps_of_a_visit_are_written_kept_in_order_and_checked(app: Flask, sign_in: SignIn) -> None:
    begin()
    french = {"en": "Leak check", "fr": "Contrôle de fuite"}
    install = VisitPart(
        kind=VisitKind.INSTALL,
        title={"en": "Install", "fr": "Installation"},
        minutes=480,
        steps=(StepPart(key="leak", text=french), StepPart(key="ran", text={"en": "It ran"})),
    )
    put(replace(milestone(now(), "install"), visits=(install,)))
    with unit_of_work():
        ada = people.user()
    browser = sign_in(ada)
    page = browser.get("/playbooks/gas-one/draft/milestones/install").get_data(as_text=True)
    steps = "visits-0-steps-"
    more = _form(page, more="steps-0")
    page = browser.post("/playbooks/gas-one/draft/milestones/install", data=more).get_data(as_text=True)
    typed = {
        f"{steps}2-kind": "reading", f"{steps}2-text_en": "Base pressure", f"{steps}2-unit": "mbar",
        f"{steps}2-minimum": "3", f"{steps}2-maximum": "2e-5", f"{steps}2-place": "1", f"{steps}0-place": "2",
        f"{steps}1-text_en": "", "visits-0-tools": "Leak detector\nGloves", "visits-0-level": "3",
        "visits-0-needs_customer": "y",
    }  # fmt: skip

    wrong = _post(browser, "install", _form(page, **typed))
    assert wrong.status_code == 422  # type: ignore[attr-defined]  # an answer
    assert "Exchange the two" in wrong.get_data(as_text=True)  # type: ignore[attr-defined]  # an answer
    saved = _post(browser, "install", _form(page, **{**typed, f"{steps}2-minimum": "0"}))
    assert saved.status_code == 303, saved.get_data(as_text=True)  # type: ignore[attr-defined]  # an answer

    (visit,) = milestone(now(), "install").visits
    assert (visit.tools, visit.level, visit.needs_customer) == (("Leak detector", "Gloves"), 3, True)
    assert visit.title["fr"] == "Installation"
    first, second = visit.steps
    assert (first.key, first.kind, first.unit, first.minimum, first.maximum) == (
        "base-pressure", StepKind.READING, "mbar", 0.0, 2e-5,
    )  # fmt: skip
    assert (second.key, second.text) == ("leak", french)
    twice = replace(visit, steps=(first, replace(second, key=first.key, unit="furlong")))
    whole = contents.replaced(now(), milestones=(replace(milestone(now(), "install"), visits=(twice,)),))
    said = [(one.is_wrong, one.sentence) for one in checking.findings(whole, products=(), instruments=1)]
    assert any(is_wrong and "stands twice" in sentence for is_wrong, sentence in said)
    odd = replace(visit, steps=(replace(first, unit="furlong"),))
    whole = contents.replaced(now(), milestones=(replace(milestone(now(), "install"), visits=(odd,)),))
    said = [(one.is_wrong, one.sentence) for one in checking.findings(whole, products=(), instruments=1)]
    assert any(not is_wrong and "furlong" in sentence for is_wrong, sentence in said)
    again = toml_file.read(toml_file.written(now()))
    assert milestone(again, "install").visits == (visit,)
