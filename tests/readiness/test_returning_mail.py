"""Checklists that come back by mail: to the project's own address, from people we know or not, answered once."""

from collections.abc import Callable
from dataclasses import replace
from email import policy
from email.message import EmailMessage

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from concierge.platform import incoming, settings
from concierge.platform.database import db, unit_of_work
from concierge.platform.mail import OutgoingMail
from concierge.projects.models import Project
from concierge.readiness import mails, queries, scope
from concierge.readiness.actions import linking, taking
from concierge.readiness.models import ItemAnswer, ReturnedDocument
from concierge.readiness.states import Fate, ItemState, Outcome
from tests.makers import readiness
from tests.readiness.copies import Copy, made, of, saved
from tests.readiness.test_returning import AT, items, work

Mail = Callable[..., list[ReturnedDocument]]


@pytest.fixture
def project(app: Flask) -> Project:
    with time_machine.travel(AT, tick=False), unit_of_work():
        return readiness.project(readiness.instrument(items=items()))


@pytest.fixture(autouse=True)
def _now() -> object:
    with time_machine.travel(AT, tick=True):
        yield


def letter(
    project: Project,
    *files: bytes,
    sender: str = "",
    to: str = "",
    text: str = "Please find attached.",
    headers: dict[str, str] | None = None,
) -> bytes:
    """A message with files to a project's address, from its contact unless it is said otherwise."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender or f"Somebody <{contact(project)}>"
    message["To"] = to or mails.back_address(project.key)
    message["Subject"] = "Re: Site readiness checklist"
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(text)
    for number, data in enumerate(files):
        message.add_attachment(
            data, maintype="application", subtype="octet-stream", filename=f"scan {number}.bin"
        )
    return message.as_bytes()


def contact(project: Project) -> str:
    found = queries.projects_printed([project.id])[0].contact
    assert found is not None
    return found.email


@pytest.fixture
def mail(app: Flask) -> Mail:
    """Deliver a message and do what follows."""

    def deliver(data: bytes) -> list[ReturnedDocument]:
        with unit_of_work():
            incoming.keep(data, at=AT)
        work(app)
        return list(db.session.scalars(sa.select(ReturnedDocument).order_by(ReturnedDocument.id)))

    return deliver


def letters() -> list[OutgoingMail]:
    found = db.session.scalars(
        sa.select(OutgoingMail).where(OutgoingMail.key.like("returned:%")).order_by(OutgoingMail.id)
    )
    return list(found)


def test_a_copy_comes_back_by_mail_and_is_answered(project: Project, mail: Mail) -> None:
    (back,) = mail(letter(project, saved(made(of(project, circuit="yes", temperature="about seven")))))

    assert back.outcome is Outcome.PARTLY
    item = readiness.item(project, "circuit")
    assert (item.value, item.answered_name) == ("yes", queries.projects_printed([project.id])[0].contact.name)  # type: ignore[union-attr]  # it has one
    (said,) = letters()
    assert said.to == contact(project)
    assert said.reply_to == mails.back_address(project.key)
    assert "Dedicated circuit is live: Yes" in said.text
    assert "Temperature: about seven" in said.text
    assert "still open" in said.text


def test_several_files_in_one_mail_are_answered_once(project: Project, mail: Mail) -> None:
    copies = [saved(made(of(project, circuit=said))) for said in ("no", "yes")]

    found = mail(letter(project, *copies))

    assert len(found) == 2
    assert len(letters()) == 1
    values = db.session.scalars(sa.select(ItemAnswer.value)).all()
    assert set(values) == {"no", "yes"}


def test_the_same_mail_twice_is_one(project: Project, mail: Mail) -> None:
    data = saved(made(of(project, circuit="yes")))

    mail(letter(project, data))
    found = mail(letter(project, data, text="Once more, in case it was lost."))

    assert len(found) == 1
    assert len(letters()) == 1


def test_a_stranger_is_not_believed_and_learns_nothing(project: Project, mail: Mail) -> None:
    (back,) = mail(letter(project, saved(made(of(project, circuit="yes"))), sender="who@elsewhere.example"))

    assert (back.outcome, back.detail) == (Outcome.PARTLY, taking.STRANGER)
    assert [(one["key"], one["fate"], one["why"]) for one in back.entries] == [
        ("circuit", Fate.FOR_A_PERSON.value, "sender")
    ]
    assert readiness.item(project, "circuit").state is ItemState.OPEN
    (said,) = letters()
    assert said.to == "who@elsewhere.example"
    for secret in (project.key, project.name, "circuit", "Dedicated", contact(project)):
        assert secret not in said.text


@pytest.mark.parametrize(
    ("found", "is_believed"),
    [
        ("mx.ours.example; dkim=pass header.d={domain}", True),
        ("mx.ours.example; dkim=fail header.d={domain}", False),
        ("mx.ours.example; dkim=pass header.d=elsewhere.example", False),
        ("mx.theirs.example; dkim=pass header.d={domain}", False),
        ("", False),
    ],
)
def test_a_sender_is_believed_as_far_as_our_mail_server_vouches_for_them(
    app: Flask,
    project: Project,
    mail: Mail,
    monkeypatch: pytest.MonkeyPatch,
    found: str,
    *,
    is_believed: bool,
) -> None:
    """Where it says such things; anybody can write any sender, and any such header, into a letter."""
    in_force = app.extensions["concierge.settings"]
    monkeypatch.setitem(app.extensions, "concierge.settings", replace(in_force, authserv="mx.ours.example"))
    header = found.format(domain=contact(project).rpartition("@")[2])

    (back,) = mail(
        letter(
            project,
            saved(made(of(project, circuit="yes"))),
            headers={"Authentication-Results": header} if header else {},
        )
    )

    if is_believed:
        assert (back.outcome, back.detail) == (Outcome.TAKEN, "")
    else:
        assert (back.outcome, back.detail) == (Outcome.PARTLY, taking.UNPROVEN)
        assert [one["why"] for one in back.entries] == ["sender"]
        assert readiness.item(project, "circuit").state is ItemState.OPEN
        (answered,) = letters()
        assert "circuit" not in answered.text.lower(), "who may be anybody learns nothing"


def test_a_stranger_cannot_make_us_write_for_ever(project: Project, mail: Mail) -> None:
    for number in range(8):
        copy = of(project, contact_name=f"Name {number}")
        mail(letter(project, saved(made(copy)), sender="who@elsewhere.example"))

    assert len(letters()) == 5


def test_the_holder_of_a_link_is_believed_within_their_section(project: Project, mail: Mail) -> None:
    with unit_of_work():
        found = queries.projects_printed([project.id])[0]
        assert found.contact is not None
        link = linking.give_link(found, found.contact, is_mailed=False, at=AT, actor_id=None)
        link.email, link.section = "facility@elsewhere.example", "access"
        page = linking.address_of(link)
    copy = of(project, circuit="yes", storage="yes")

    (back,) = mail(letter(project, saved(made(copy)), sender="Facility <FACILITY+x@elsewhere.example>"))

    assert {one["key"]: (one["fate"], one["why"]) for one in back.entries} == {
        "circuit": (Fate.FOR_A_PERSON.value, "section"),
        "storage": (Fate.TAKEN.value, ""),
    }
    assert page in letters()[0].text


def test_words_without_a_file_are_laid_before_a_person(project: Project, mail: Mail) -> None:
    (back,) = mail(letter(project, text="The crane is booked for Friday."))

    assert (back.outcome, back.detail) == (Outcome.NOT_OURS, taking.WORDS)
    assert letters() == []


@pytest.mark.parametrize(
    "headers",
    [{"Auto-Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"List-Id": "<all.example>"}],
)
def test_a_machines_words_are_left_alone(project: Project, mail: Mail, headers: dict[str, str]) -> None:
    assert mail(letter(project, text="I am away.", headers=headers)) == []


def test_a_scanners_file_is_taken_and_not_answered(project: Project, mail: Mail) -> None:
    data = letter(
        project, saved(made(of(project, circuit="yes"))), headers={"Auto-Submitted": "auto-generated"}
    )

    (back,) = mail(data)

    assert back.entries
    assert letters() == []


@pytest.mark.parametrize("change", ["proof", "key"])
def test_an_address_with_another_proof_leads_nowhere(project: Project, mail: Mail, change: str) -> None:
    address = mails.back_address(project.key)
    wrong = address.replace("@", "a@") if change == "proof" else address.replace(project.key.lower(), "zz-1")

    assert mail(letter(project, saved(made(of(project, circuit="yes"))), to=wrong)) == []


def test_the_address_survives_another_case(project: Project, mail: Mail) -> None:
    found = mail(
        letter(project, saved(made(of(project, circuit="yes"))), to=mails.back_address(project.key).upper())
    )

    assert found[0].outcome is Outcome.TAKEN


def test_another_projects_file_is_answered_without_a_word_about_it(project: Project, mail: Mail) -> None:
    with unit_of_work():
        other = readiness.project(number="SO-777", key="BA")

    (back,) = mail(letter(project, saved(made(of(other, circuit="yes", contact_name="Secret Name")))))

    assert back.outcome is Outcome.OTHER_PROJECT
    assert back.entries == []
    (said,) = letters()
    for secret in (other.key, other.name, "SO-777", "Secret Name", "BA Biologics"):
        assert secret not in said.text + said.html


def test_one_mail_to_two_projects_is_sorted_by_the_files(project: Project, mail: Mail) -> None:
    with unit_of_work():
        other = readiness.project(number="SO-2", key="BA")
    both = f"{mails.back_address(project.key)}, {mails.back_address(other.key)}"

    found = mail(
        letter(
            project, saved(made(of(other, circuit="yes"))), saved(made(of(project, circuit="no"))), to=both
        )
    )

    assert {one.project_id for one in found} == {project.id, other.id}
    assert Outcome.OTHER_PROJECT not in {one.outcome for one in found}


def test_a_german_reader_is_answered_in_german(app: Flask, mail: Mail) -> None:
    with unit_of_work():
        project = readiness.project(readiness.instrument(items=items()), language="de")

    mail(letter(project, saved(made(of(project, circuit="yes")))))

    (said,) = letters()
    assert "Guten Tag" in said.text
    assert "offen" in said.text
    assert "Thank you" not in said.text
    assert "We took" not in said.text


def test_the_letter_that_brings_the_checklist_names_the_address(app: Flask, project: Project) -> None:
    address = mails.back_address(project.key)

    assert scope.project_of_address(address, secret_key=settings.current().secret_key) == project.key
    assert len(address.partition("@")[0]) <= 64


def test_a_mail_without_end_is_kept_and_said(project: Project, mail: Mail) -> None:
    data = letter(project, saved(made(Copy(pages=1))))
    nested = data.replace(b"\r\n\r\n", b"\r\n\r\n" + b"--x\r\n" * 2000, 1)

    assert len(mail(nested)) >= 1
