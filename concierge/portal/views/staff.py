"""What our own people see of the customer's page: who holds a link, what was asked, and the page as they see it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, mail, speech
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.portal import forms
from concierge.portal.reading import Reader
from concierge.portal.views.access import sealed, speak
from concierge.portal.views.answering import question as question_page
from concierge.portal.views.blueprint import Page, bp
from concierge.portal.views.pages import home
from concierge.projects import queries as projects
from concierge.projects.models import Project
from concierge.projects.views.heads import remedy_of
from concierge.readiness import queries
from concierge.readiness.actions import asking, linking
from concierge.readiness.document import filling
from concierge.readiness.models import CustomerLink, CustomerMessage, CustomerQuestion


@bp.get("/projects/<key>/customer")
@requires(Permission.SEE_CHECKLISTS)
def customer(key: str) -> Page:
    """Show who at the customer's holds a link, and what they asked."""
    project = projects.project_by_key(viewer(), key)
    return render_template("portal/customer.html", form=None, **_context(project))


@bp.post("/projects/<key>/customer/links")
@requires(Permission.EDIT_PROJECTS)
def give_link(key: str) -> Page:
    """Give one of the customer's people a link, by mail."""
    project = projects.project_by_key(viewer(), key)
    form = _give_form(project)
    if not form.validate_on_submit():
        return show_again("portal/customer.html", form, **_context(project))
    contact = next(
        one for one in queries.contacts_of_account(project.account_id) if one.id == form.contact_id.data
    )
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        outcome.led_to = url_for("portal.customer", key=key)
        linking.give_link(project, contact, at=clock.now(), actor_id=viewer().user_id)
    flash(_("%(name)s gets the link by mail.", name=contact.name))
    return redirect(url_for("portal.customer", key=key), code=303)


@bp.post("/projects/<key>/customer/links/<int:link_id>/letter")
@requires(Permission.EDIT_PROJECTS)
def send_link_again(key: str, link_id: int) -> Page:
    """Mail somebody their link once more."""
    with _their_link(key, link_id) as (link, at):
        linking.renew_if_ended(link, at=at)
        linking.send_link(link, at=at, actor_id=viewer().user_id)
        flash(_("%(name)s gets the link by mail.", name=link.name))
    return redirect(url_for("portal.customer", key=key), code=303)


@bp.post("/projects/<key>/customer/links/<int:link_id>/rotation")
@requires(Permission.EDIT_PROJECTS)
def rotate_link(key: str, link_id: int) -> Page:
    """Replace a link that went astray."""
    with _their_link(key, link_id) as (link, at):
        linking.rotate_link(link, at=at, actor_id=viewer().user_id)
        flash(_("%(name)s gets another link by mail; the old one opens nothing any more.", name=link.name))
    return redirect(url_for("portal.customer", key=key), code=303)


@bp.post("/projects/<key>/customer/links/<int:link_id>/revocation")
@requires(Permission.EDIT_PROJECTS)
def revoke_link(key: str, link_id: int) -> Page:
    """End a link."""
    with _their_link(key, link_id) as (link, at):
        linking.revoke_link(link, at=at, actor_id=viewer().user_id)
        flash(_("The link of %(name)s opens nothing any more.", name=link.name))
    return redirect(url_for("portal.customer", key=key), code=303)


@bp.post("/projects/<key>/customer/questions/<int:question_id>/answer")
@requires(Permission.EDIT_PROJECTS)
def answer_question(key: str, question_id: int) -> Page:
    """Answer what a customer asked."""
    project, found = queries.question_for(viewer(), key, question_id)
    form = forms.AnswerQuestionForm()
    if not form.validate_on_submit():
        return show_again("portal/customer.html", form, answering=found.id, **_context(project))
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        outcome.led_to = url_for("portal.customer", key=key, _anchor=f"question-{question_id}")
        asking.answer_question(
            queries.question_by_id(question_id),
            form.answer.data or "",
            at=clock.now(),
            actor_id=viewer().user_id,
        )
        name = found.name
    flash(_("%(name)s gets the answer by mail and reads it on their page.", name=name))
    return redirect(url_for("portal.customer", key=key, _anchor=f"question-{question_id}"), code=303)


@bp.post("/projects/<key>/customer/questions/<int:question_id>/settlement")
@requires(Permission.EDIT_PROJECTS)
def settle_question(key: str, question_id: int) -> Page:
    """Note that what a customer wrote needs no answer."""
    _project, found = queries.question_for(viewer(), key, question_id)
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        outcome.led_to = url_for("portal.customer", key=key)
        question = queries.question_by_id(found.id)
        asking.settle(question, at=clock.now(), actor_id=viewer().user_id)
        name = question.name
    flash(_("%(name)s sees on their page that you have read it.", name=name))
    return redirect(url_for("portal.customer", key=key), code=303)


@bp.post("/projects/<key>/customer/messages")
@requires(Permission.EDIT_PROJECTS)
def write_message(key: str) -> Page:
    """Write to the customer: on their page, and by mail."""
    project = projects.project_by_key(viewer(), key)
    form = _message_form(project)
    if not form.validate_on_submit():
        return show_again("portal/customer.html", form, **_context(project) | {"message_form": form})
    at, letter = clock.now(), ""
    try:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
            outcome.led_to = url_for("portal.customer", key=key, _anchor="messages")
            chosen = form.link_id.data
            to = queries.link_for_change(chosen, project_id=project.id) if chosen else None
            written = asking.write(project.id, form.text.data or "", to=to, at=at, actor_id=viewer().user_id)
            name, letter = written.name, asking.letter_key(written, to) if to else ""
    except asking.NotAsked as problem:
        form.form_errors.append(problem.sentence)
        return show_again("portal/customer.html", form, **_context(project) | {"message_form": form})
    said = (
        _("It stands on the customer’s page, and %(name)s gets it by mail.", name=name)
        if name
        else _("It stands on the customer’s page, and everybody who sees it gets it by mail.")
    )
    flash(mail.told(said, letter))  # type: ignore[arg-type]  # any JSON value will do
    return redirect(url_for("portal.customer", key=key, _anchor="messages"), code=303)


@bp.get("/projects/<key>/customer/links/<int:link_id>/preview")
@requires(Permission.SEE_CHECKLISTS)
def preview(key: str, link_id: int) -> Page:
    """Show the page as the holder of a link sees it; nothing is noted, nothing can be sent."""
    return sealed(home(_as_they_do(key, link_id)))


@bp.get("/projects/<key>/customer/links/<int:link_id>/preview/items/<int:item_id>")
@requires(Permission.SEE_CHECKLISTS)
def preview_item(key: str, link_id: int, item_id: int) -> Page:
    """Show the page of one point as the holder of a link sees it."""
    return sealed(question_page(_as_they_do(key, link_id), item_id))


def _as_they_do(key: str, link_id: int) -> Reader:
    project = projects.project_by_key(viewer(), key)
    link = next((one for one in queries.links_of(project.id) if one.id == link_id), None)
    if link is None:
        raise NotFound
    speak(link.language)
    return Reader(
        link,
        "",
        queries.projects_printed([project.id])[0],
        queries.checklist_of(project.id),
        speech.customer_language(link.language),
        is_preview=True,
    )


@contextmanager
def _their_link(key: str, link_id: int) -> Iterator[tuple[CustomerLink, datetime]]:
    """One link, locked for an act that is done once however often it is sent; and when that is.

    :raises NotFound: when the viewer does not see the project, or it has no such link.
    """
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        outcome.led_to = url_for("portal.customer", key=key)
        project = projects.project_by_key(viewer(), key)
        yield queries.link_for_change(link_id, project_id=project.id), clock.now()


def _give_form(project: Project) -> forms.GiveLinkForm:
    form = forms.GiveLinkForm()
    people = queries.contacts_of_account(project.account_id)
    form.contact_id.choices = [
        SelectChoice(one.id, f"{one.name}, {one.email or _('no mail address')}") for one in people
    ]
    if request.method != "POST" and project.contact_id is not None:
        form.contact_id.data = project.contact_id
    return form


def _message_form(project: Project) -> forms.MessageForm:
    form = forms.MessageForm()
    open_links = [link for link in queries.links_of(project.id) if link.is_open(at=clock.now())]
    form.link_id.choices = [
        SelectChoice(0, _("Everybody who sees the whole page")),
        *(SelectChoice(link.id, f"{link.name}, {link.email}") for link in open_links),
    ]
    return form


def _written_at(one: CustomerQuestion | CustomerMessage) -> datetime:
    return one.sent_at if isinstance(one, CustomerMessage) else one.asked_at


def _context(project: Project) -> dict[str, object]:
    found = queries.questions_of(project.id)
    waiting: list[CustomerQuestion] = [one for one in found if one.answered_at is None]
    requirements = queries.requirements_named(one.item_id for one in found)
    links = queries.links_of(project.id)
    messages = queries.messages_to(project.id, with_stopped=True)
    thread: list[CustomerQuestion | CustomerMessage] = [*messages, *(one for one in found if one.answered_at)]
    message_form = _message_form(project)
    if request.method != "POST" and project.contact_id is not None:
        message_form.link_id.data = next((one.id for one in links if one.contact_id == project.contact_id), 0)
    return {
        "project": project,
        "remedy": remedy_of(project),
        "links": links,
        "givers": {link.id: link.name for link in links},
        "sections": {link.section: filling.section_title(link.section) for link in links if link.section},
        "now": clock.now(),
        "zone": viewer().zone,
        "waiting": waiting,
        "thread": sorted(thread, key=_written_at, reverse=True),
        "requirements": requirements,
        "people": queries.people_named(
            [*(one.answered_by_id for one in found), *(one.by_id for one in messages)]
        ),
        "give_form": _give_form(project),
        "answer_form": forms.AnswerQuestionForm(formdata=None),
        "message_form": message_form,
        "may_edit": viewer().may(Permission.EDIT_PROJECTS),
    }
