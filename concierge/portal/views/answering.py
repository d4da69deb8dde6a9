"""One question a page: what is asked, why, how, and the answer, saved at each step."""

from http import HTTPStatus

from flask import request
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from concierge.catalogue.states import FileKind, ItemType
from concierge.identity.guard import public
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.file_kinds import NotKept
from concierge.platform.web import csrf
from concierge.portal import forms, words
from concierge.portal.forms import ReplyForm
from concierge.portal.reading import Reader, Stand, wants_file
from concierge.portal.views.access import (
    expect_own_form,
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
from concierge.readiness.actions import answering, attaching
from concierge.readiness.actions.answering import Answerer, UnreadableAnswer
from concierge.readiness.document import filling
from concierge.readiness.models import ItemAnswer, ReadinessItem
from concierge.readiness.states import Channel, ItemState, Standing, Verdict

PHOTOS = "image/jpeg,image/png,image/webp,image/heic"
OTHERS = ".pdf,.csv,.txt,.log,.xlsx,.docx"


@customers.get("/p/<token>/items/<int:item_id>")
@public
@unknown_links
@shows_page
def item(token: str, item_id: int) -> Page:
    """Show one point with its form."""
    reader = reader_of(token)
    return question(reader, item_id)


@customers.post("/p/<token>/items/<int:item_id>")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@sent_forms
@shows_page
def answer(token: str, item_id: int) -> Page:
    """Take an answer and what shows it; what was sent stays, also when the other of both cannot be taken."""
    expect_own_form(token)
    reader = reader_of(token)
    asked = _asked(reader, item_id)
    if not may_answer(reader, asked):
        raise NotFound
    form = _form(reader, asked, is_sent=True)
    if form is None:
        return see("item", token, item_id=item_id)
    is_fine = form.validate()
    has_files = _attach(reader, asked, form)
    reader = read_again(token)  # with the files, and as it is when some could not be kept
    asked = _asked(reader, item_id)
    if not is_fine or form.file.errors:
        return question(reader, item_id, form=form)
    if form.is_optional:
        if not has_files and not asked.evidence:
            form.file.errors = [_("Choose a file.")]
            return question(reader, item_id, form=form)
        return (
            see("item", token, item_id=item_id, said="file") if asked.lacks_evidence else _on(token, item_id)
        )
    try:
        with unit_of_work():
            said = answering.answer_item(
                asked,
                typed=form.typed,
                comment=form.comment.data or "",
                at=clock.now(),
                by=answerer(reader),
                seen=form.seen_id,
            )
            standing, verdict, lacks_file = said.standing, said.verdict, asked.lacks_evidence
    except UnreadableAnswer as problem:
        form["answer" if "answer" in form else "year"].errors = [problem.sentence]
        return question(read_again(token), item_id, form=form)
    except Refused as problem:
        form.form_errors.append(problem.sentence)
        return question(read_again(token), item_id, form=form)
    if standing is Standing.CONFLICT:
        return see("item", token, item_id=item_id, said="both")
    if verdict is Verdict.OUT_OF_RANGE and not isinstance(form, forms.ConfirmReply):
        return see("item", token, item_id=item_id, said="outside")
    if lacks_file:
        return see("item", token, item_id=item_id, said="file")
    return _on(token, item_id)


def question(reader: Reader, item_id: int, *, form: ReplyForm | None = None) -> Page:
    """The page of one point, for the customer and for our own people who look at it as they do."""
    asked = _asked(reader, item_id)
    task = reader.tasks[item_id]
    is_again = form is not None
    if form is None and may_answer(reader, asked):
        form = _form(reader, asked, is_sent=False)
    before, after = reader.beside(item_id)
    requirement, language = reader.text(asked.requirement)
    counts = queries.answers_that_count([item_id]).get(item_id)
    others = queries.answers_in_conflict([item_id]).get(item_id, [])
    return rendered(
        "portal/item.html",
        reader,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if is_again else HTTPStatus.OK,
        item=asked,
        task=task,
        form=form,
        requirement=requirement,
        text_language=language,
        why=reader.text(asked.why),
        how=reader.text(asked.how),
        accepted=reader.accepted(asked) if asked.type in {ItemType.MEASURE, ItemType.DATE} else "",
        section=next(one for one in reader.sections if one.key == asked.section),
        place=[one.id for one in reader.items].index(item_id) + 1,
        before=before,
        after=after,
        evidence=[one for one in asked.evidence if one.attached_by_id is None],
        answers=_told(reader, asked, counts, others),
        wants_file=wants_file(asked) and form is not None,
        needs_file=forms.needs_file(asked),
        files_hint=words.files_wanted(asked),
        accept=PHOTOS if asked.file_kinds == [FileKind.PHOTO.value] else f"{PHOTOS},{OTHERS}",
        takes_photo=not asked.file_kinds or FileKind.PHOTO.value in asked.file_kinds,
        day_order=day_order(reader),
        said=request.args.get("said", "") if not is_again else "",
        is_theirs=task.stand not in {Stand.OURS, Stand.INFO},
    )


def may_answer(reader: Reader, asked: ReadinessItem) -> bool:
    """Whether the point is the customer's to answer now."""
    stand = reader.tasks[asked.id].stand
    if reader.has_ended or stand in {Stand.OURS, Stand.INFO, Stand.NOT_YET}:
        return False
    return asked.responsible.value == "customer"


def answerer(reader: Reader) -> Answerer:
    """The holder of a link, as answers and files note them."""
    return Answerer(link_id=reader.link.id, name=reader.link.name, channel=Channel.WEB)


def day_order(reader: Reader) -> tuple[str, str, str]:
    """In which order the reader's country writes day, month and year."""
    pattern = reader.tongue.locale.date_formats["short"].pattern.lower()
    found = sorted(("day", "month", "year"), key=lambda part: pattern.find(part[0]))
    return found[0], found[1], found[2]


def _asked(reader: Reader, item_id: int) -> ReadinessItem:
    found = reader.item(item_id)
    if found is None:
        raise NotFound
    return found


def _form(reader: Reader, asked: ReadinessItem, *, is_sent: bool) -> ReplyForm | None:
    counts = queries.answers_that_count([asked.id]).get(asked.id)
    is_answered = asked.state is not ItemState.OPEN
    return forms.reply_form(
        asked,
        [(code, reader.text(said)[0] or code) for code, said in asked.choices.items()],
        value=asked.value if is_answered else "",
        comment=asked.comment if is_answered and counts is not None and counts.by_id is None else "",
        seen=counts.id if counts is not None else 0,
        country=reader.project.site.country,
        day_order=day_order(reader),
        is_sent=is_sent,
    )


def _attach(reader: Reader, asked: ReadinessItem, form: ReplyForm) -> bool:
    """Keep the files that came along, each for itself, and say whether one was; at the field what could not be."""
    has_kept, problems, token, item_id, by = False, [], reader.token, asked.id, answerer(reader)
    for one in form.files:
        try:
            with unit_of_work():
                asked = _asked(reader_of(token), item_id)
                attaching.attach_file(asked, name=one.filename or "", data=_data(one), at=clock.now(), by=by)
            has_kept = True
        except NotKept as problem:
            problems.append(f"{one.filename}: {problem.sentence}")
            read_again(token)
    if problems:
        form.file.errors = problems
    return has_kept


def _data(sent: FileStorage) -> bytes:
    return sent.stream.read()


def _on(token: str, item_id: int) -> Page:
    """On to what can be done next; to the page itself when that was the last of it."""
    again = read_again(token)
    if again.item(item_id) is None:
        return see("page", token, said="saved")
    following = again.after(item_id)
    if following is None:
        return see("page", token, said="all")
    return see("item", token, item_id=following.id, said="saved")


def _told(
    reader: Reader, asked: ReadinessItem, counts: ItemAnswer | None, others: list[ItemAnswer]
) -> list[dict[str, str]]:
    """Answers that contradict each other, side by side; nothing while there is only one."""
    if not others:
        return []
    told = []
    for one in (counts, *others):
        if one is None:
            continue
        who = one.name or (_("one of us") if one.by_id is not None else _("somebody"))
        told.append(
            {
                "value": filling.value_in_words(asked, one.value),
                "comment": one.comment if one.by_id is None else "",
                "who": who,
                "when": reader.tongue.instant(one.at, reader.zone),
                "counts": "1" if one is counts else "",
            }
        )
    return told
