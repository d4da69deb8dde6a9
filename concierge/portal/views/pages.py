"""What the customer reads: the page itself, its sections, visits, documents and people."""

from http import HTTPStatus

from flask import Response, flash, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from concierge.feeds import queries as feeds
from concierge.feeds.words import LANGUAGES as CALENDAR_LANGUAGES
from concierge.fieldwork import queries as fieldwork
from concierge.identity.guard import public
from concierge.platform import clock, files
from concierge.platform.database import unit_of_work
from concierge.platform.deliveries import DeliveryStatus
from concierge.platform.errors import NotFound
from concierge.platform.file_kinds import NotKept
from concierge.platform.files import StoredFile
from concierge.platform.limits import limiter
from concierge.platform.web import csrf
from concierge.portal import forms
from concierge.portal.reading import Reader, Stand
from concierge.portal.views.access import (
    expect_own_form,
    note_seen,
    read_again,
    reader_of,
    rendered,
    see,
    sent_forms,
    shows_page,
    unknown_links,
)
from concierge.portal.views.blueprint import Page, customers
from concierge.readiness import queries
from concierge.readiness.actions import linking, sending, taking
from concierge.readiness.document import filling, printing, state
from concierge.readiness.models import ItemEvidence
from concierge.readiness.states import Channel, DocumentKind


@customers.get("/p/<token>")
@public
@unknown_links
@shows_page
def page(token: str) -> Page:
    """Show what is true of the project, what is to do next, and the way."""
    reader = reader_of(token)
    shown = home(reader)
    note_seen(reader)
    return shown


def home(reader: Reader) -> Page:
    """The page itself, for the customer and for our own people who look at it as they do."""
    return rendered("portal/page.html", reader, said=request.args.get("said", ""))


@customers.get("/p/<token>/sections/<section>")
@public
@unknown_links
@shows_page
def section(token: str, section: str) -> Page:
    """Show one part of the list, and what can be done with all of it."""
    reader = reader_of(token)
    found = next((one for one in reader.sections if one.key == section), None)
    if found is None:
        raise NotFound
    handed = [
        link
        for link in (queries.sections_handed_on(reader.project.id) if reader.sees_all else ())
        if link.section == section and link.is_open(at=reader.at)
    ]
    may_hand_on = reader.sees_all and not reader.has_ended and found.counted > 0
    return rendered("portal/section.html", reader, section=found, handed=handed, may_hand_on=may_hand_on)


@customers.get("/p/<token>/visits")
@public
@unknown_links
@shows_page
def visits(token: str) -> Page:
    """Show who comes when, and what to prepare."""
    reader = reader_of(token)
    if not reader.sees_all:
        raise NotFound
    shown = rendered("portal/visits.html", reader)
    note_seen(reader)
    return shown


@customers.get("/p/<token>/visits/<int:visit_id>.ics")
@public
@unknown_links
@shows_page
def calendar(token: str, visit_id: int) -> Page:
    """Hand one visit over as a calendar file."""
    reader = reader_of(token)
    visit = next((one for one in reader.visits if one.id == visit_id), None)
    if visit is None:
        raise NotFound
    language = reader.language if reader.language in CALENDAR_LANGUAGES else CALENDAR_LANGUAGES[0]
    data = feeds.visit_file(visit.id, language=language, at=reader.at)
    answer = Response(data, content_type="text/calendar; charset=utf-8")
    name = f"{visit.kind.value.replace(' ', '-')}-{visit.starts_local:%Y-%m-%d}.ics"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    note_seen(reader)
    return answer


@customers.get("/p/<token>/people")
@public
@unknown_links
@shows_page
def people(token: str) -> Page:
    """Show our people, with their time, and the colleagues who see to a section."""
    reader = reader_of(token)
    handed = queries.sections_handed_on(reader.project.id) if reader.sees_all else []
    return rendered(
        "portal/people.html",
        reader,
        handed=[(link, filling.section_title(link.section)) for link in handed if link.is_open(at=reader.at)],
    )


@customers.get("/p/<token>/documents")
@public
@unknown_links
@shows_page
def documents(token: str) -> Page:
    """Show the list as PDF, what they sent, and calendar files."""
    reader = reader_of(token)
    if not reader.sees_all:
        raise NotFound
    return _documents(reader, forms.ReturnForm(formdata=None))


@customers.post("/p/<token>/returned")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@limiter.limit("30 per hour")
@shows_page
def return_document(token: str) -> Page:
    """Take a list that was filled in elsewhere."""
    expect_own_form(token)
    reader = reader_of(token)
    if reader.checklist is None or not reader.sees_all or reader.has_ended:
        raise NotFound
    form = forms.ReturnForm()
    if not form.validate():
        return _documents(reader, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    arrived = taking.Arrived(form.file.data.filename or "", form.file.data.stream.read())
    source = taking.Source(Channel.PDF, sender=reader.link.email, link_id=reader.link.id)
    try:
        with unit_of_work():
            taking.receive(reader.project.id, [arrived], source, at=clock.now())
    except NotKept as problem:
        form.file.errors = [problem.sentence]
        return _documents(read_again(token), form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    flash(_("It arrived. Your answers stand here in a minute; what cannot be read, a person looks at."))
    return see("documents", token)


@customers.post("/p/<token>/documents")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@sent_forms
@shows_page
def make_document(token: str) -> Page:
    """Have the PDF of the list as it stands now made."""
    expect_own_form(token)
    reader = reader_of(token)
    checklist = reader.checklist
    if checklist is None or not reader.sees_all:
        raise NotFound
    language = _document_language(reader)
    with unit_of_work():
        content = state.content_hash(checklist.id, reader.project.id, language=language)
        if queries.document_with(checklist.id, language=language, content_hash=content) is None:
            sending.order_print(checklist.id, language=language, content_hash=content)
    return see("documents", token)


@customers.get("/p/<token>/documents/<int:document_id>.pdf")
@public
@unknown_links
@shows_page
def document(token: str, document_id: int) -> Page:
    """Hand over a PDF of the list."""
    reader = reader_of(token)
    kept = queries.document_by_id(document_id)
    if reader.checklist is None or kept.checklist_id != reader.checklist.id or not reader.sees_all:
        raise NotFound
    note_seen(reader)
    return _served(kept.file, is_ours=True)


@customers.get("/p/<token>/papers/<int:record_id>/<language>.pdf")
@public
@unknown_links
@shows_page
def paper(token: str, record_id: int, language: str) -> Page:
    """Hand over a certificate or report of a visit."""
    reader = reader_of(token)
    made = next(
        (
            one
            for record in fieldwork.records_signed_by_customer(reader.project.id)
            for one in record.prints
            if record.id == record_id and one.language == language
        ),
        None,
    )
    if made is None or not reader.sees_all:
        raise NotFound
    return _served(made.file, is_ours=True)


@customers.get("/p/<token>/files/<int:evidence_id>")
@public
@unknown_links
@shows_page
def file(token: str, evidence_id: int) -> Page:
    """Hand over a file that was sent for one of their points; never shown in the page."""
    reader = reader_of(token)
    found = next((one for one in _evidence(reader) if one.id == evidence_id), None)
    if found is None:
        raise NotFound
    return _served(found.file)


@customers.post("/p/<token>/language")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@sent_forms
@shows_page
def choose_language(token: str) -> Page:
    """Show and write everything in another language."""
    expect_own_form(token)
    reader = reader_of(token, with_code=False)
    wanted = request.form.get("language", "")
    with unit_of_work():
        linking.speak(queries.link_for_change(reader.link.id), wanted)
    return see("page", token)


@customers.post("/p/<token>/colleagues/<int:link_id>/removal")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@sent_forms
@shows_page
def take_back(token: str, link_id: int) -> Page:
    """Take a section back from a colleague."""
    expect_own_form(token)
    reader = reader_of(token)
    if not reader.sees_all:
        raise NotFound
    with unit_of_work():
        link = queries.link_for_change(link_id, project_id=reader.project.id)
        linking.take_back(link, by=reader.link, at=clock.now())
        name, key = link.name, link.section
    flash(_("%(name)s no longer sees this section.", name=name))
    return see("section", token, section=key)


def _documents(reader: Reader, form: forms.ReturnForm, *, status: HTTPStatus = HTTPStatus.OK) -> Page:
    checklist = reader.checklist
    language = _document_language(reader)
    kept = queries.documents_of(checklist.id) if checklist else []
    working = [one for one in kept if one.kind is DocumentKind.WORKING and one.language == language]
    print_status = None
    is_current = False
    if checklist is not None:
        content = state.content_hash(checklist.id, reader.project.id, language=language)
        is_current = bool(working) and working[0].content_hash == content
        print_status = queries.print_status(checklist.id, language=language, content_hash=content)
    return rendered(
        "portal/documents.html",
        reader,
        status=status,
        return_form=form,
        working=working[0] if working else None,
        is_current=is_current,
        is_coming=print_status in {DeliveryStatus.READY, DeliveryStatus.LEASED},
        records=[one for one in kept if one.kind is DocumentKind.RECORD],
        papers=fieldwork.records_signed_by_customer(reader.project.id),
        sent=[(reader.tasks[one.item_id].title, one) for one in _evidence(reader)],
    )


def _evidence(reader: Reader) -> list[ItemEvidence]:
    return [
        one
        for item in reader.items
        if reader.tasks[item.id].stand is not Stand.OURS
        for one in item.evidence
        if one.attached_by_id is None
    ]


def _document_language(reader: Reader) -> str:
    return reader.language if reader.language in printing.LANGUAGES else printing.LANGUAGES[0]


def _served(stored: StoredFile, *, is_ours: bool = False) -> AnyResponse:
    """A file as a download; only the PDFs that we made ourselves open in the browser."""
    answer = Response(files.read(stored), content_type=stored.content_type)
    disposition = "inline" if is_ours else "attachment"
    answer.headers.set("Content-Disposition", disposition, filename=stored.name)
    if not is_ours:
        answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
