"""What the customer and we write to each other."""

from http import HTTPStatus

from flask import request

from concierge.identity.guard import public
from concierge.platform import clock
from concierge.platform.errors import NotFound, Refused
from concierge.platform.limits import limiter
from concierge.platform.web import csrf
from concierge.portal import forms
from concierge.portal.views.access import (
    expect_own_form,
    note_read,
    read_again,
    reader_of,
    rendered,
    see,
    sent_once,
    shows_page,
    unknown_links,
)
from concierge.portal.views.blueprint import Page, customers
from concierge.readiness.actions import asking


@customers.get("/p/<token>/questions")
@public
@unknown_links
@shows_page
def questions(token: str) -> Page:
    """Show what was written both ways, and a form for more."""
    reader = reader_of(token)
    number = request.args.get("item", "")
    about = reader.item(int(number)) if number.isascii() and number.isdigit() and len(number) < 10 else None
    shown = rendered(
        "portal/questions.html",
        reader,
        form=forms.QuestionForm(formdata=None),
        about=reader.tasks[about.id] if about is not None else None,
        said=request.args.get("said", ""),
    )
    note_read(reader)
    return shown


@customers.post("/p/<token>/questions")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@limiter.limit("30 per hour")
@shows_page
def ask(token: str) -> Page:
    """Take a question."""
    expect_own_form(token)
    reader = reader_of(token)
    number = request.form.get("item", "")
    about = None
    if number:
        about = (
            reader.item(int(number)) if number.isascii() and number.isdigit() and len(number) < 10 else None
        )
        if about is None:
            raise NotFound
    form = forms.QuestionForm()
    context = {"form": form, "about": reader.tasks[about.id] if about else None, "said": ""}
    if not form.validate():
        return rendered("portal/questions.html", reader, status=HTTPStatus.UNPROCESSABLE_ENTITY, **context)
    try:
        with sent_once(reader, "questions", said="asked"):
            asking.ask(reader.link, form.text.data or "", item=about, at=clock.now())
    except Refused as problem:
        form.form_errors.append(problem.sentence)
        return rendered("portal/questions.html", read_again(token), status=HTTPStatus.CONFLICT, **context)
    return see("questions", token, said="asked")
