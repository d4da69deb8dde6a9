"""Pages of what came back: the files of a project, one of them entry by entry, and what waits everywhere."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as AnyResponse

from concierge.catalogue.states import ItemType
from concierge.identity.guard import requires, viewer
from concierge.identity.models import User
from concierge.identity.permissions import Permission
from concierge.platform import clock, files
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.file_kinds import NotKept
from concierge.platform.forms import Form
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.platform.words import ago, instant, localized
from concierge.projects.models import Project
from concierge.readiness import forms, mails, queries, returned_words
from concierge.readiness.actions import answering, taking
from concierge.readiness.document import filling
from concierge.readiness.models import ItemAnswer, ReadinessItem, ReturnedDocument
from concierge.readiness.states import Channel, Fate, Outcome
from concierge.readiness.views.blueprint import Page, bp
from concierge.readiness.views.documents import served


@dataclass(frozen=True, slots=True)
class Line:
    """A file that came back, as a line of a list."""

    state: str
    icon: str
    title: str
    url: str
    why: str
    when: str
    note: str
    action: str


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a file: what stands in it, and what came of it."""

    place: int
    title: str
    url: str
    typed: str
    comment: str
    was: str
    state: str
    icon: str
    fate: str
    why: str
    counts: str
    """What counts instead, for a conflict."""
    answer_id: int | None
    item_id: int | None
    is_open: bool
    is_unreadable: bool
    is_conflict: bool
    may_take: bool


@bp.get("/returned")
@requires(Permission.SEE_CHECKLISTS)
def returned_waiting() -> Page:
    """List what came back for any project and waits for a person, the oldest first."""
    found = queries.returned_waiting(viewer(), taking.WAITING)
    return render_template(
        "readiness/returned_waiting.html",
        lines=[_line(row, project, is_anywhere=True) for row, project in found],
    )


@bp.get("/projects/<key>/readiness/returned")
@requires(Permission.SEE_CHECKLISTS)
def returned(key: str) -> Page:
    """List what came back for a project, with a place to drop more."""
    project, found = queries.checklist_for(viewer(), key)
    if found is None:
        raise NotFound
    return _list_page(project, forms.ReturnForm(formdata=None))


@bp.post("/projects/<key>/readiness/returned")
@requires(Permission.ANSWER_CHECKLISTS)
def bring_back(key: str) -> Page:
    """Take files that came on another way, such as on paper or to somebody's own address."""
    project, found = queries.checklist_for(viewer(), key)
    if found is None:
        raise NotFound
    form = forms.ReturnForm()
    if not form.validate_on_submit():
        return _list_again(project, form)
    source = taking.Source(Channel.STAFF, user_id=viewer().user_id)
    try:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
            outcome.led_to = url_for("readiness.returned", key=key)
            received = taking.receive(project.id, _arrived(form), source, at=clock.now())
            new, known = len(received.new), len(received.known)
            only = received.all[0].id if len(received.all) == 1 else None
    except NotKept as problem:
        form.files.errors = [*form.files.errors, problem.sentence]
        return _list_again(queries.checklist_for(viewer(), key)[0], form)
    said = [ngettext("%(num)s file is being read.", "%(num)s files are being read.", new)] if new else []
    if known:
        said.append(ngettext("%(num)s file had come before.", "%(num)s files had come before.", known))
    flash(" ".join(said))
    if only is not None:
        return redirect(url_for("readiness.one_returned", key=key, returned_id=only), code=303)
    return redirect(url_for("readiness.returned", key=key), code=303)


def _arrived(form: forms.ReturnForm) -> list[taking.Arrived]:
    """The files of a form, which are closed then."""
    found = []
    for one in form.files.data:
        with closing(one):
            if one.filename:
                found.append(taking.Arrived(one.filename, one.read(files.LARGEST + 1)))
    return found


@bp.get("/projects/<key>/readiness/returned/<int:returned_id>")
@requires(Permission.SEE_CHECKLISTS)
def one_returned(key: str, returned_id: int) -> Page:
    """Show one file: what it is, what came of each entry, its pictures, the original."""
    project, row = queries.returned_for(viewer(), key, returned_id)
    page = _one_page(project, row)
    if row.outcome is Outcome.WAITING:
        return Response(page, headers={"Refresh": "2"}, content_type="text/html; charset=utf-8")
    return page


@bp.get("/projects/<key>/readiness/returned/<int:returned_id>/original")
@requires(Permission.SEE_CHECKLISTS)
def original(key: str, returned_id: int) -> AnyResponse:
    """Hand out a file as it came, to be saved and never shown in place."""
    return served(queries.returned_for(viewer(), key, returned_id)[1].file, inline=False)


@bp.get("/projects/<key>/readiness/returned/<int:returned_id>/pages/<int:number>.jpg")
@requires(Permission.SEE_CHECKLISTS)
def picture(key: str, returned_id: int, number: int) -> AnyResponse:
    """Show a picture of one page, which we made ourselves."""
    _project, row = queries.returned_for(viewer(), key, returned_id)
    found = queries.pictures_of(row)
    if not 1 <= number <= len(found):
        raise NotFound
    return served(found[number - 1], inline=True)


@bp.post("/projects/<key>/readiness/returned/<int:returned_id>/entries/<int:place>")
@requires(Permission.ANSWER_CHECKLISTS)
def decide(key: str, returned_id: int, place: int) -> AnyResponse:
    """Take an entry as an answer, or leave it."""
    _pressed()
    queries.returned_for(viewer(), key, returned_id)
    is_taken = request.form.get("decision") == "take"
    with unit_of_work():
        row = queries.returned_by_ids([returned_id], is_for_change=True)[0]
        taking.settle(
            row,
            {place: is_taken},
            read_as=request.form.get("read_as", "").strip()[:2000],
            at=clock.now(),
            user_id=viewer().user_id,
            is_done=False,
        )
    flash(_("The answer counts.") if is_taken else _("It was left."))
    return redirect(url_for("readiness.one_returned", key=key, returned_id=returned_id), code=303)


@bp.post("/projects/<key>/readiness/returned/<int:returned_id>/choices/<int:place>")
@requires(Permission.ANSWER_CHECKLISTS)
def choose_of_returned(key: str, returned_id: int, place: int) -> AnyResponse:
    """Say which of two answers that contradict each other counts: the one in the file, or the newer one."""
    _pressed()
    project, seen = queries.returned_for(viewer(), key, returned_id)
    entry = seen.entries[place] if place < len(seen.entries) else None
    if entry is None or entry["fate"] != Fate.CONFLICT.value:
        raise NotFound
    is_taken = request.form.get("decision") == "take"
    item = next((one for one in _asked(project) if one.key == entry["key"]), None)
    if item is None:
        raise NotFound
    with unit_of_work():
        verb = answering.choose_answer if is_taken else answering.dismiss_answer
        verb(item, entry["answer"], at=clock.now(), actor_id=viewer().user_id)
    flash(_("The answer in the file counts.") if is_taken else _("The newer answer counts."))
    return redirect(url_for("readiness.one_returned", key=key, returned_id=returned_id), code=303)


@bp.post("/projects/<key>/readiness/returned/<int:returned_id>/answers")
@requires(Permission.ANSWER_CHECKLISTS)
def type_in(key: str, returned_id: int) -> Page:
    """Take what a person read in the pictures."""
    project, row = queries.returned_for(viewer(), key, returned_id)
    asked = _asked(project)
    form = _typed_form(asked)
    if not form.validate_on_submit():
        return _one_again(project, row, form)
    typed = {item.key: (_said(form, "answer", item), _said(form, "comment", item)) for item in asked}
    try:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
            outcome.led_to = url_for("readiness.one_returned", key=key, returned_id=returned_id)
            locked = queries.returned_by_ids([returned_id], is_for_change=True)[0]
            taken = taking.type_in(
                locked,
                typed,
                at=clock.now(),
                user_id=viewer().user_id,
                is_done=bool(form.is_done.data),
            )
    except taking.NotTaken as problem:
        ids = {item.key: item.id for item in asked}
        for item_key, sentence in problem.problems.items():
            field = form[f"answer_{ids[item_key]}"]
            field.errors = [*field.errors, sentence]
        db.session.rollback()
        return _one_again(*queries.returned_for(viewer(), key, returned_id), form)
    flash(ngettext("%(num)s answer counts.", "%(num)s answers count.", taken))
    return redirect(url_for("readiness.one_returned", key=key, returned_id=returned_id), code=303)


@bp.post("/projects/<key>/readiness/returned/<int:returned_id>/settlement")
@requires(Permission.ANSWER_CHECKLISTS)
def settle_returned(key: str, returned_id: int) -> AnyResponse:
    """Note that a person has dealt with a file; what still waits in it is left."""
    _pressed()
    queries.returned_for(viewer(), key, returned_id)
    with unit_of_work():
        row = queries.returned_by_ids([returned_id], is_for_change=True)[0]
        taking.settle(row, {}, at=clock.now(), user_id=viewer().user_id, is_done=True)
    flash(_("The file is dealt with."))
    return redirect(url_for("readiness.returned", key=key), code=303)


@bp.post("/projects/<key>/readiness/returned/<int:returned_id>/filing")
@requires(Permission.ANSWER_CHECKLISTS)
def file_elsewhere(key: str, returned_id: int) -> AnyResponse:
    """Bring a file to the project that it was printed for."""
    _pressed()
    _project, seen = queries.returned_for(viewer(), key, returned_id)
    other = queries.project_printed_for(viewer(), seen)
    if other is None:
        raise NotFound
    other_key = other.key
    with unit_of_work():
        row = queries.returned_by_ids([returned_id], is_for_change=True)[0]
        there = taking.file_with_its_own(
            row, project_id=other.id, at=clock.now(), user_id=viewer().user_id
        ).id
    flash(_("The file was brought to %(key)s.", key=other_key))
    return redirect(url_for("readiness.one_returned", key=other_key, returned_id=there), code=303)


def came_back(project: Project) -> dict[str, object]:
    """What the page of a checklist shows of what came back: the newest files, and a place to drop more."""
    return {
        "lines": lines_of(project)[:5],
        "return_form": forms.ReturnForm(formdata=None),
        "address": mails.back_address(project.key),
    }


def lines_of(project: Project) -> list[Line]:
    """What came back for a project, the newest first."""
    return [_line(row, project) for row in queries.returned_of(project.id)]


def _pressed() -> None:
    if not forms.Press().validate_on_submit():
        raise Refused(_("This form has expired. Load the page again and repeat."))


def _line(row: ReturnedDocument, project: Project, *, is_anywhere: bool = False) -> Line:
    state, icon = returned_words.look(row)
    said = _("Dealt with") if row.settled_at else returned_words.outcome(row)
    waiting = sum(entry["fate"] in {Fate.FOR_A_PERSON.value, Fate.CONFLICT.value} for entry in row.entries)
    why = [said]
    if waiting and row.settled_at is None:
        why.append(ngettext("%(num)s entry waits", "%(num)s entries wait", waiting))
    why.append(_from(row))
    return Line(
        state=state,
        icon=icon,
        title=f"{project.name}: {row.file.name}" if is_anywhere else row.file.name,
        url=url_for("readiness.one_returned", key=project.key, returned_id=row.id),
        why=" · ".join(part for part in why if part),
        when=ago(row.received_at),
        note="",
        action=_("Look"),
    )


def _from(row: ReturnedDocument) -> str:
    if row.mail_id is not None:
        return _("by mail from %(sender)s", sender=row.sender or _("an unknown address"))
    if row.link_id is not None:
        return _("brought on the customer’s page")
    return _("brought in by one of ours")


def _list_page(project: Project, form: forms.ReturnForm) -> str:
    return render_template("readiness/returned_list.html", **_list_context(project, form))


def _list_again(project: Project, form: forms.ReturnForm) -> Page:
    return show_again("readiness/returned_list.html", form, **_list_context(project, form))


def _list_context(project: Project, form: forms.ReturnForm) -> dict[str, object]:
    return {
        "project": project,
        "lines": lines_of(project),
        "return_form": form,
        "address": mails.back_address(project.key),
        "may_answer": viewer().may(Permission.ANSWER_CHECKLISTS),
    }


def _one_page(project: Project, row: ReturnedDocument) -> str:
    return render_template("readiness/returned.html", **_one_context(project, row), form=None)


def _one_again(project: Project, row: ReturnedDocument, form: forms.TypedForm) -> Page:
    return show_again("readiness/returned.html", form, **{**_one_context(project, row), "typed_form": form})


def _one_context(project: Project, row: ReturnedDocument) -> dict[str, object]:
    asked = _asked(project)
    may_answer = viewer().may(Permission.ANSWER_CHECKLISTS)
    is_open = row.settled_at is None and row.outcome in taking.WAITING
    can_be_read = bool(row.pictures) or returned_words.has_no_picture(row)
    is_to_type = is_open and may_answer and can_be_read
    by = queries.people_named([row.settled_by_id, row.by_id])
    mail = queries.mail_of(row)
    return {
        "project": project,
        "returned": row,
        "look": returned_words.look(row),
        "outcome": _("Dealt with") if row.settled_at else returned_words.outcome(row),
        "told": returned_words.told_to_us(row),
        "rows": _rows(row, project, may_answer=may_answer and row.settled_at is None),
        "pictures": range(1, len(row.pictures) + 1),
        "typed_form": _typed_form(asked, is_sent=False) if is_to_type else None,
        "asked": asked,
        "counting": {item.id: returned_words.typed(item, item.value) for item in asked if item.value},
        "is_open": is_open,
        "may_answer": may_answer,
        "other": queries.project_printed_for(viewer(), row) if row.outcome is Outcome.OTHER_PROJECT else None,
        "mail": mail,
        "came": _("%(how)s, %(when)s", how=_from(row), when=instant(row.received_at, viewer().zone)),
        "settled": _settled(row, by),
    }


def _settled(row: ReturnedDocument, by: dict[int, User]) -> str:
    if row.settled_at is None:
        return ""
    person = by.get(row.settled_by_id or 0)
    return _(
        "%(name)s dealt with it, %(when)s.",
        name=person.name if person else _("Somebody"),
        when=instant(row.settled_at, viewer().zone),
    )


def _asked(project: Project) -> list[ReadinessItem]:
    found = queries.checklist_of(project.id)
    kept = found.items if found else []
    return [item for item in kept if item.is_asked and item.type not in {ItemType.INFO, ItemType.UPLOAD}]


def _typed_form(asked: Sequence[ReadinessItem], *, is_sent: bool = True) -> forms.TypedForm:
    return forms.typed_form(
        [
            (
                str(item.id),
                localized(item.requirement),
                item.type,
                [(code, localized(words)) for code, words in item.choices.items()],
            )
            for item in asked
        ],
        is_sent=is_sent,
    )


def _said(form: Form, what: str, item: ReadinessItem) -> str:
    said = form[f"{what}_{item.id}"].data
    return " ".join(sorted(said)) if isinstance(said, list) else str(said or "").strip()


def _rows(row: ReturnedDocument, project: Project, *, may_answer: bool) -> list[Row]:
    found = queries.checklist_of(project.id)
    items = {item.key: item for item in found.items} if found else {}
    given = queries.answers_by_ids([entry["answer"] for entry in row.entries if entry.get("answer")])
    return [
        _row(place, entry, items.get(entry["key"]), given, project, may_answer=may_answer)
        for place, entry in enumerate(row.entries)
    ]


def _row(
    place: int,
    entry: taking.Entry,
    item: ReadinessItem | None,
    given: dict[int, ItemAnswer],
    project: Project,
    *,
    may_answer: bool,
) -> Row:
    fate = taking.fate_now(entry, given.get(entry.get("answer") or 0))
    state, icon = returned_words.FATES[fate]
    is_item = entry["kind"] == "item"
    if is_item:
        title = localized(item.requirement) if item else entry["key"]
    elif entry["key"] == "final":
        title = _("Declaration for the whole site")
    else:
        title = _("Signature under “%(section)s”", section=filling.section_title(entry["key"]))
    typed = returned_words.typed(item, entry["typed"]) if is_item else _signed(entry)
    return Row(
        place=place,
        title=title,
        url=url_for("readiness.item", key=project.key, item_id=item.id) if item and is_item else "",
        typed=typed,
        comment=entry["comment"],
        was=returned_words.typed(item, entry["was"]) if is_item else "",
        state=state,
        icon=icon,
        fate=returned_words.fate(fate),
        why=returned_words.why(entry, item) if fate is Fate.FOR_A_PERSON else "",
        counts=returned_words.typed(item, item.value) if item and fate is Fate.CONFLICT else "",
        answer_id=entry.get("answer"),
        item_id=item.id if item else None,
        is_open=may_answer and fate is Fate.FOR_A_PERSON,
        is_unreadable=is_item and entry["why"] in {"unreadable", "doubtful"},
        is_conflict=may_answer and fate is Fate.CONFLICT,
        may_take=bool(entry["typed"])
        and (not is_item or (item is not None and item.type is not ItemType.UPLOAD)),
    )


def _signed(entry: taking.Entry) -> str:
    decision = {
        "ready": _("ready"),
        "with-conditions": _("ready with conditions"),
        "not-ready": _("not ready"),
    }.get(entry.get("decision", ""), entry.get("decision", ""))
    return ", ".join(part for part in (entry["typed"], entry.get("day", ""), decision) if part)
