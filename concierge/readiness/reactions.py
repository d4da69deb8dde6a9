"""What checklists do when something happens elsewhere, and what follows from their own events."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import force_locale

from concierge.accounts.events import (
    SiteChanged,
    SiteClosureChanged,
    SiteClosureEntered,
    SiteClosureRemoved,
    SiteHoursSet,
)
from concierge.catalogue.states import GateKind, MilestoneKind
from concierge.core import codes
from concierge.identity.events import LetterLetGo, LetterStopped
from concierge.orders.events import OrderLineMatched
from concierge.platform import clock, deliveries, files, incoming, mail, settings, speech, vouching
from concierge.platform.database import db
from concierge.platform.deliveries import Hopeless
from concierge.platform.errors import NotFound
from concierge.platform.events import Event, together, unseen
from concierge.platform.incoming import IncomingMail, MailReceived
from concierge.platform.mail import Attachment, Letter, announce, post
from concierge.platform.pdf import Unprintable
from concierge.platform.signing import NotSigned
from concierge.projects import queries as projects
from concierge.projects.actions import gates, promising
from concierge.projects.events import (
    ActUndone,
    FieldsChanged,
    GateOverridden,
    MilestoneFinished,
    MilestoneReopened,
    MilestoneStarted,
    PlanApproved,
    PlanEvent,
    PlanReplanned,
    PlanReplannedAmongMany,
    PlaybookAdopted,
    ProjectReminded,
    ProjectTakenOver,
    ProposalDecided,
)
from concierge.projects.models import Project
from concierge.projects.states import ProjectState, ProposalKind, ShownOn
from concierge.readiness import fields, mails, plan, queries, returning, scope, standing
from concierge.readiness.actions import (
    asking,
    assessing,
    chasing,
    computing,
    issuing,
    linking,
    renewing,
    sending,
    signing,
    taking,
    waiving,
)
from concierge.readiness.document import filling, printing
from concierge.readiness.events import (
    AnswerChosen,
    AnswerDismissed,
    AnswersDiffer,
    AssessmentSigned,
    ChecklistIssued,
    ChecklistPrinted,
    ChecklistRedated,
    ChecklistRenewed,
    ChecklistRequested,
    DocumentsReturned,
    EvidenceAttached,
    ItemAccepted,
    ItemAnswered,
    ItemReopened,
    ItemWaived,
    LinkGiven,
    LinkRotated,
    LinkSent,
    ListSigned,
    MessageWritten,
    QuestionAnswered,
    QuestionAsked,
    ReturnsRead,
    SectionHandedOn,
    SectionSigned,
    SignatureEnded,
    SiteAssessed,
    WaiverEnded,
)
from concierge.readiness.models import BlockingItem, Checklist, CustomerLink, ReadinessItem
from concierge.readiness.states import Channel, DocumentKind, Freeze, ItemState, Outcome
from concierge.workforce.events import ClosureChanged, ClosureEntered, ClosureRemoved

ItemChanged = ItemAnswered | AnswerChosen | ItemAccepted | ItemReopened | EvidenceAttached
ItemJudged = ItemWaived | WaiverEnded | ChecklistRenewed | AnswersDiffer | AnswerDismissed
SiteJudged = SiteAssessed | AssessmentSigned | ListSigned
JUDGEMENTS = frozenset(
    {
        "AnswerChosen",
        "AnswerDismissed",
        "ChecklistThawed",
        "ItemAccepted",
        "ItemReopened",
        "ItemWaived",
        "WaiverEnded",
    }
)
"""Events of acts that change a checklist but none of its days."""


def issue(event: PlanApproved) -> None:
    """Issue the checklist of an approved plan, or date it anew when there is one from before."""
    project = projects.project_for_change(event.project_id)
    checklist = queries.checklist_of(project.id)
    if checklist is None:
        try:
            issuing.issue_checklist(project, at=event.at, actor_id=event.actor_id)
        except issuing.NothingToAsk:
            _clear_gates(event.project_id, event)
    else:
        _follow(event)


def take_many_over(events: Sequence[ProjectTakenOver]) -> None:
    """Issue the checklists of many projects that were under way elsewhere; see `take_over`."""
    waiting: dict[tuple[datetime, int | None], list[Project]] = {}
    for event in events:
        project = projects.project_for_change(event.project_id)
        is_delivered = any(
            one.kind is MilestoneKind.DELIVERED and one.finished_on is not None for one in project.milestones
        )
        if not (is_delivered or project.has_ended):
            waiting.setdefault((event.at, event.actor_id), []).append(project)
    issued: set[int] = set()
    for (at, actor_id), of in waiting.items():
        issued |= issuing.issue_checklists(of, at=at, actor_id=actor_id, is_quiet=True).keys()
    for event in events:
        if event.project_id not in issued:
            _clear_gates(event.project_id, event)


@together(take_many_over)
def take_over(event: ProjectTakenOver) -> None:
    """Issue the checklist of a project that was under way elsewhere; nobody is written to before a person asks.

    What has been delivered was sent to a site that was ready, so nothing is asked any more.
    """
    take_many_over((event,))


def remind(event: ProjectReminded) -> None:
    """Send the customer the checklist with what is still open."""
    checklist = queries.checklist_of(event.project_id)
    if checklist is not None:
        project = projects.project_for_change(event.project_id)
        sending.ask_to_send(checklist, project, at=event.at, actor_id=event.actor_id)


@unseen
def follow_delivery(event: PlanEvent) -> None:
    """Date open items anew when what a person did moved delivery."""
    _follow(event)


def follow_undone(event: ActUndone) -> None:
    """Say that items have their old due days back; the customer has been told of the others, unless that was held."""
    if "checklists" in event.touched and event.undone not in JUDGEMENTS:
        checklist = queries.checklist_of(event.project_id)
        if checklist is not None:
            is_untold = mail.stop_untold(
                f"checklist:{checklist.id}:{mails.MOVED}:",
                since=event.done_at or event.at,
                by_id=event.actor_id,
                at=event.at,
            )
            items = sum(item.state is ItemState.OPEN for item in checklist.items)
            issuing.tell_redated(checklist, items, is_quiet=is_untold, at=event.at, actor_id=event.actor_id)
    if "readiness_items" in event.touched:
        checklist = queries.checklist_of(event.project_id)
        if checklist is not None:
            renewing.ask_by_answers(checklist)
            _report_gates(checklist, tuple(GateKind), event)
            _note_what_was_lost(checklist, event)
    if "field_values" in event.touched:
        _print_fields(event.project_id)
    if event.is_behind:
        _follow(event)


def show_fields(event: FieldsChanged) -> None:
    """Print anew what the customer sees of the fields of the company's own."""
    _print_fields(event.project_id)


def _print_fields(project_id: int) -> None:
    checklist = queries.checklist_alone(project_id)
    if checklist is not None:
        sending.refresh_print(checklist.id, at=clock.now())


def renew(event: PlaybookAdopted) -> None:
    """Ask what the newer version of a playbook asks; answers stay."""
    project = projects.project_for_change(event.project_id)
    renewing.renew_checklist(
        project, version_before_id=event.version_before_id, at=event.at, actor_id=event.actor_id
    )


def follow_order(event: ProposalDecided | OrderLineMatched) -> None:
    """Ask what the options ask that are sold now: a change of the order was accepted, or a line was matched."""
    if isinstance(event, ProposalDecided):
        if not event.accepted or event.kind != ProposalKind.NEW_DATES.value:
            return
        project_id: int | None = event.project_id
    else:
        found = projects.project_of_order(event.order_id)
        project_id = None if found is None or found.state is not ProjectState.LIVE else found.id
    if project_id is not None:
        project = projects.project_for_change(project_id)
        renewing.renew_checklist(project, why=renewing.ORDER, at=event.at, actor_id=event.actor_id)


def follow_site(event: SiteChanged) -> None:
    """Ask what the site's country asks, and count due days in its working days, after it changed."""
    if not {"country", "subdivision"} & set(event.changed):
        return
    for project_id in queries.projects_with_checklist(event.site_id):
        project = projects.project_for_change(project_id)
        renewing.renew_checklist(project, why=renewing.SITE, at=event.at, actor_id=event.actor_id)
        checklist = queries.checklist_of(project_id)
        if checklist is not None:
            issuing.redate_open_items(checklist, project, at=event.at, actor_id=event.actor_id)


def follow_site_days(
    event: SiteHoursSet | SiteClosureEntered | SiteClosureChanged | SiteClosureRemoved,
) -> None:
    """Count due days in the working days of a site anew when those are others."""
    for project_id in queries.projects_with_checklist(event.site_id):
        checklist = queries.checklist_of(project_id) if queries.counts_workdays(project_id) else None
        if checklist is not None:
            issuing.redate_open_items(checklist, checklist.project, at=event.at, actor_id=event.actor_id)


def follow_company_days(event: ClosureEntered | ClosureChanged | ClosureRemoved) -> None:
    """Count due days anew that run over days on which our company is closed, or no longer is."""
    periods = [(event.first_on, event.last_on)]
    if isinstance(event, ClosureChanged):
        periods.append((event.first_before, event.last_before))
    for project_id in queries.projects_counting_over(periods):
        checklist = queries.checklist_of(project_id)
        if checklist is not None:
            issuing.redate_open_items(checklist, checklist.project, at=event.at, actor_id=event.actor_id)


def ask_by_answers(event: ItemChanged) -> None:
    """Ask what follows from an answer, and no longer what does not; it holds a gate only while it is asked."""
    checklist = queries.checklist_by_id(event.checklist_id)
    if renewing.ask_by_answers(checklist):
        _report_gates(checklist, tuple(GateKind), event)


def report_gates_of_many(
    events: Sequence[ChecklistIssued | ChecklistRedated | ItemChanged | ItemJudged],
) -> None:
    """Tell many projects which items hold shipping and installation."""
    checklists = queries.checklists_by_id({event.checklist_id for event in events})
    for event in events:
        _report_gates(checklists[event.checklist_id], tuple(GateKind), event)


@together(report_gates_of_many)
def report_gates(event: ChecklistIssued | ChecklistRedated | ItemChanged | ItemJudged) -> None:
    """Tell the project which items hold shipping and installation, and how much of all is done."""
    _report_gates(queries.checklist_by_id(event.checklist_id), tuple(GateKind), event)


def report_due_days(event: ChecklistRedated) -> None:
    """Tell the project by when what holds shipping and installation is due now; what is done stays done."""
    if event.judged:
        report_gates(event)
        return
    assert event.project_id is not None  # noqa: S101 # every checklist is a project's
    items = queries.blocking_items(event.checklist_id)
    holding = _holding(items, tuple(GateKind), queries.moment_of(event.project_id))
    gates.report_due_days(event.project_id, holding, actor_id=event.actor_id, at=event.at)


def _report_gates(checklist: Checklist, kinds: Iterable[GateKind], event: Event) -> None:
    """Tell the project what holds each gate."""
    items = [item for item in checklist.items if item.gate is not None and item.is_counted]
    gates.report_all_open_items(
        checklist.project_id,
        _holding(items, kinds, queries.moment_of(checklist.project_id)),
        percent=standing.percent(checklist.items),
        actor_id=event.actor_id,
        at=event.at,
    )


def _holding(
    items: Iterable[ReadinessItem | BlockingItem], kinds: Iterable[GateKind], moment: queries.Moment
) -> dict[GateKind, list[gates.HoldingItem]]:
    """What holds each gate. What shipping was let pass without holds installing."""
    open_items = [item for item in items if not item.is_cleared]

    def holds(item: ReadinessItem | BlockingItem, kind: GateKind) -> bool:
        if kind is GateKind.SHIP:
            return item.gate is GateKind.SHIP and not item.is_waived
        return item.gate is kind or item.is_waived or moment.is_let_pass or moment.is_delivered

    return {
        kind: [
            gates.HoldingItem(item.key, item.requirement, item.due_on)
            for item in open_items
            if holds(item, kind)
        ]
        for kind in kinds
    }


def follow_judgement(event: ItemChanged | ItemJudged | SiteJudged) -> None:
    """End settled waivers and signatures under what says something else, and notice a readiness that is lost."""
    checklist = queries.checklist_by_id(event.checklist_id)
    for item in checklist.items:
        if item.waived_until is not None and item.is_cleared:
            waiving.end_waiver(item, why=waiving.SETTLED, at=event.at, actor_id=event.actor_id)
    _note_what_was_lost(checklist, event)


def _note_what_was_lost(checklist: Checklist, event: Event) -> None:
    """End signatures under what says something else by now, and notice that a site is not ready any more, or again."""
    told = getattr(event, "by_name", "")
    ours = queries.people_named([event.actor_id]).get(event.actor_id or 0)
    name = str(told) or (ours.name if ours else "")
    moment = queries.moment_of(checklist.project_id)
    signing.end_changed(checklist, by_name=name, at=event.at, actor_id=event.actor_id)
    assessing.note_loss(
        checklist,
        is_delivered=moment.is_delivered,
        today=clock.day_at(event.at, moment.zone),
        by_name=name,
        at=event.at,
        actor_id=event.actor_id,
    )


def follow_override(event: GateOverridden) -> None:
    """Let installation wait for what shipping was let pass without."""
    checklist = queries.checklist_of(event.project_id)
    if checklist is not None and event.gate == GateKind.SHIP.value:
        _report_gates(checklist, (GateKind.INSTALL,), event)


def follow_milestone(event: MilestoneStarted | MilestoneFinished | MilestoneReopened) -> None:
    """Freeze the checklist at ship release, end waivers when installation begins, and hold it from delivery."""
    if queries.checklist_alone(event.project_id) is None:
        return
    kind = next(
        (one.kind for one in queries.milestones_of(event.project_id) if one.id == event.milestone_id), None
    )
    checklist = queries.checklist_of(event.project_id)
    if checklist is None:
        return
    match kind, event:
        case MilestoneKind.SHIP_RELEASED, MilestoneFinished():
            signing.freeze(checklist, Freeze.SHIP_RELEASED, at=event.at)
        case MilestoneKind.SHIP_RELEASED, MilestoneReopened():
            signing.thaw_after_release(checklist)
        case MilestoneKind.DELIVERED, MilestoneFinished() | MilestoneReopened():
            _report_gates(checklist, tuple(GateKind), event)
        case MilestoneKind.INSTALLED, MilestoneStarted() | MilestoneFinished():
            waiving.end_all(checklist, why=waiving.INSTALLING, at=event.at, actor_id=event.actor_id)


def print_for_customer(event: ChecklistIssued | ChecklistRedated | ChecklistRequested) -> None:
    """Make the print that goes to the customer's contact."""
    if not isinstance(event, ChecklistRequested) and event.is_quiet:
        return
    if isinstance(event, ChecklistRedated) and event.project_id is not None:
        projects.project_for_change(event.project_id)  # nobody takes the move back meanwhile
    checklist = queries.checklist_by_id(event.checklist_id)
    project = queries.project_of(checklist)
    if project.contact is None or not project.contact.email:
        return
    letter_key = ""
    match event:
        case ChecklistIssued():
            occasion = mails.ISSUED
        case ChecklistRedated():
            # Taken back, or moved on: what came after tells of itself.
            if event.delivery_on != checklist.anchor_on:
                return
            occasion = mails.MOVED
            letter_key = f"checklist:{checklist.id}:{occasion}:{event.at.isoformat()}"
            _announce(
                checklist, project, occasion=occasion, key=letter_key, at=event.at, actor_id=event.actor_id
            )
        case _:
            occasion = mails.ASKED
            letter_key = sending.letter_key(event)
    language = mails.language_for(project, printing.LANGUAGES)
    sending.order_letter(
        event.checklist_id, language=language, occasion=occasion, letter_key=letter_key, at=event.at
    )


def refresh_print(event: ItemChanged | ItemJudged | SectionSigned | ListSigned | SignatureEnded) -> None:
    """Make the customer's print anew a little later, once for all the answers that come in meanwhile."""
    sending.refresh_print(event.checklist_id, at=clock.now())


@deliveries.outside
def print_checklist(args: dict[str, Any]) -> Callable[[], None] | None:  # Any: JSON values
    """Make the print of a checklist's content of now, unless it is there; a second or so.

    :raises Hopeless: when it cannot be laid out.
    """
    checklist_id, occasion = int(args["checklist_id"]), str(args["occasion"])
    letter_key = str(args.get("letter_key", ""))
    try:
        checklist = queries.checklist_by_id(checklist_id)
    except NotFound as gone:
        raise Hopeless("The checklist is gone.") from gone
    project = queries.project_of(checklist)
    language = str(args["language"]) or mails.language_for(project, printing.LANGUAGES)
    at, code, kind = clock.now(), codes.drawn(), DocumentKind(args.get("kind", DocumentKind.WORKING.value))
    document = filling.filled(
        checklist,
        project,
        language=language,
        kind=kind,
        revision=queries.next_revision(checklist_id, language=language, kind=kind),
        revised_on=clock.today(project.site.zone),
        code=code,
    )
    kept = queries.document_with(checklist_id, language=language, content_hash=document.content_hash)
    if kept is not None:
        kept_id = kept.id
        if not occasion:
            return None
        return lambda: _note_printed(checklist_id, kept_id, occasion=occasion, letter_key=letter_key)
    try:
        data = printing.printed(document).data
    except (Unprintable, NotSigned) as problem:
        raise Hopeless(problem.sentence) from problem
    name = printing.file_name(document)
    shown = filling.dates_shown(checklist, project)

    def keep() -> None:
        sending.keep_print(
            queries.checklist_by_id(checklist_id),
            language=language,
            content_hash=document.content_hash,
            revision=document.revision,
            name=name,
            data=data,
            code=code,
            shown=shown,
            occasion=occasion,
            letter_key=letter_key,
            kind=kind,
            at=at,
        )

    return keep


def post_checklist(
    event: ChecklistPrinted,
    *,
    calendars: tuple[Attachment, ...] = (),
    visits: Sequence[tuple[str, promising.ShownDate]] = (),
) -> Project | None:
    """Send a print to the customer's contact, when somebody waits for it; what it tells them enters the ledger.

    It does so once the letter has left: one that was stopped has told nobody anything.

    :param calendars: the coming visits as calendar files; the slice that owns them is a higher one.
    :param visits: what these say: the file's name and the milestone's days.
    :returns: the project whose customer it went to; None when it went to nobody.
    """
    if not event.occasion:
        return None
    checklist = queries.checklist_by_id(event.checklist_id)
    project = queries.project_of(checklist)
    if project.contact is None or not project.contact.email:
        return None
    kept = queries.document_by_id(event.document_id)
    document = filling.filled(checklist, project, language=event.language, revision=kept.revision)
    pdf = Attachment(kept.file.name, "application/pdf", files.read(kept.file))
    page = linking.give_link(project, project.contact, is_mailed=False, at=clock.now(), actor_id=None)
    letter = mails.checklist_letter(
        document,
        project.contact,
        occasion=event.occasion,
        attachments=(pdf, *calendars),
        page=linking.address_of(page),
        token=linking.token_of(page),
    )
    shown = [
        *_told(filling.delivery_shown(checklist, project), ShownOn.MAIL, project.contact.email),
        *_told(plan.shown_by(kept), ShownOn.PDF, codes.written(kept.code or "")),
        *(one for name, date in visits for one in _told((date,), ShownOn.FEED, name)),
    ]
    post(
        letter,
        key=event.letter_key or f"checklist:{checklist.id}:{event.occasion}:{event.at.isoformat()}",
        project_id=project.id,
        afterwards=(
            CHECKLIST_LEFT,
            {"checklist_id": checklist.id, "contact_id": project.contact_id, "shown": shown},
        ),
    )
    return project


def _follow(event: PlanApproved | PlanEvent) -> None:
    checklist = queries.checklist_alone(event.project_id)
    if checklist is None:
        return
    project = projects.plan_for_change(event.project_id)
    days = issuing.delivery_day(project, project.milestones), computing.install_day(project.milestones)
    if days != (checklist.anchor_on, checklist.install_on):
        issuing.redate_checklist(
            checklist,
            delivery_on=days[0],
            install_on=days[1],
            project=project,
            at=event.at,
            actor_id=event.actor_id,
        )
    elif isinstance(event, PlanReplanned | PlanReplannedAmongMany):  # other days are worked
        issuing.redate_open_items(checklist, project, at=event.at, actor_id=event.actor_id)


def _clear_gates(project_id: int, event: PlanApproved | ProjectTakenOver) -> None:
    nothing: dict[GateKind, tuple[gates.HoldingItem, ...]] = dict.fromkeys(GateKind, ())
    gates.report_all_open_items(project_id, nothing, actor_id=event.actor_id, at=event.at)


def _note_printed(checklist_id: int, document_id: int, *, occasion: str, letter_key: str) -> None:
    sending.note_printed(
        queries.checklist_by_id(checklist_id),
        queries.document_by_id(document_id),
        occasion=occasion,
        letter_key=letter_key,
        at=clock.now(),
    )


# --- letters that leave, and those that are stopped

CHECKLIST_LEFT = "readiness.checklist_left"
"""The name of the delivery that notes what a customer knows since a letter left."""


def announce_checklist(event: ChecklistRequested) -> None:
    """Let the letter be seen and stopped that was asked for, before its print is made."""
    checklist = queries.checklist_by_id(event.checklist_id)
    project = queries.project_of(checklist)
    key = sending.letter_key(event)
    _announce(checklist, project, occasion=mails.ASKED, key=key, at=event.at, actor_id=event.actor_id)


def _announce(
    checklist: Checklist, project: Project, *, occasion: str, key: str, at: datetime, actor_id: int | None
) -> None:
    if project.contact is None or not project.contact.email:
        return
    language = mails.language_for(project, printing.LANGUAGES)
    page = linking.give_link(project, project.contact, is_mailed=False, at=at, actor_id=actor_id)
    letter = mails.checklist_letter(
        filling.filled(checklist, project, language=language),
        project.contact,
        occasion=occasion,
        attachments=(),
        page=linking.address_of(page),
        token=linking.token_of(page),
    )
    announce(letter, key=key, project_id=project.id)


def note_checklist_left(args: dict[str, Any]) -> None:  # Any: JSON
    """Note that the checklist went out, and which dates its letter told the customer."""
    checklist, at = queries.checklist_by_id(int(args["checklist_id"])), clock.now()
    project = queries.project_of(checklist)
    sending.note_sent(checklist, contact_id=args["contact_id"], at=at)
    for one in args["shown"]:
        starts_on = date.fromisoformat(one["starts"]) if one["starts"] else None
        shown = promising.ShownDate(one["milestone"], date.fromisoformat(one["on"]), starts_on)
        promising.note_shown(
            project,
            (shown,),
            shown_on=ShownOn(one["where"]),
            reference=one["reference"],
            at=at,
            by_id=None,
        )


def note_letter_stopped(event: LetterStopped) -> None:
    """Count a reminder that was stopped as left out; take back what another letter was to bring."""
    chasing.note_stopped(event.key, at=event.at)
    asking.follow_stopped(event.key, at=event.at)


def note_letter_let_go(event: LetterLetGo) -> None:
    """Count a reminder that leaves after all as sent; put back what another letter brings."""
    chasing.note_stopped(event.key, at=None)
    asking.follow_let_go(event.key, at=event.at, actor_id=event.actor_id)


def _told(
    shown: Iterable[promising.ShownDate], where: ShownOn, reference: str
) -> list[dict[str, Any]]:  # Any: JSON
    return [
        {
            "milestone": one.milestone_key,
            "on": one.finish_on.isoformat(),
            "starts": one.start_on.isoformat() if one.start_on else "",
            "where": where.value,
            "reference": reference,
        }
        for one in shown
    ]


# --- the customer's page

LINKS_ASKED = "readiness.links_asked"
"""The name of the delivery that mails somebody the links that they hold."""


def send_links(args: dict[str, Any]) -> None:
    """Mail somebody their links. It happens here, so that the page takes the same time for a stranger."""
    linking.send_again(str(args["email"]), at=clock.now())


def mail_link(event: LinkGiven | LinkSent | LinkRotated) -> None:
    """Write the letter with somebody's link."""
    if isinstance(event, LinkGiven) and not event.is_mailed:
        return
    found = _link_to_mail(event.link_id)
    if found is None:
        return
    link, project = found
    if link.section:
        letter = _section_letter(link, project, by_name=_name_of_giver(link), note="")
    else:
        letter = mails.link_letter(
            link,
            project,
            address=linking.address_of(link),
            token=linking.token_of(link),
            is_again=isinstance(event, LinkSent) and event.is_asked_for,
        )
    post(letter, key=f"link:{link.id}:{event.at.isoformat()}", project_id=project.id)


def mail_section(event: SectionHandedOn) -> None:
    """Write the letter with which a colleague gets a section."""
    found = _link_to_mail(event.link_id)
    if found is None:
        return
    link, project = found
    letter = _section_letter(link, project, by_name=event.by_name, note=event.note)
    post(letter, key=f"link:{link.id}:{event.at.isoformat()}", project_id=project.id)


def mail_question(event: QuestionAsked) -> None:
    """Tell whoever coordinates the project what the customer asked."""
    question = queries.question_by_id(event.question_id)
    project = queries.projects_printed([question.project_id])[0]
    if project.concierge is None:
        return
    address = f"{settings.current().address}/projects/{project.key}/customer#question-{question.id}"
    letter = mails.question_letter(
        question, project, project.concierge, requirement=event.requirement, address=address
    )
    post(letter, key=f"question:{question.id}", project_id=project.id)


def mail_answer(event: QuestionAnswered) -> None:
    """Bring the customer the answer; whose link has ended hears nothing more from here."""
    question = queries.question_by_id(event.question_id)
    found = _link_to_mail(question.link_id) if question.link_id is not None else None
    if found is None:
        return
    link, project = found
    people = queries.people_named([question.answered_by_id])
    by = people[question.answered_by_id].name if question.answered_by_id in people else ""
    letter = mails.answer_letter(
        question,
        link,
        project,
        by=by,
        address=f"{linking.address_of(link)}/questions",
        token=linking.token_of(link),
    )
    post(letter, key=asking.answer_key(question, at=event.at), project_id=project.id)


def mail_message(event: MessageWritten) -> None:
    """Bring the customer what one of ours wrote, each in their language."""
    message = queries.message_by_id(event.message_id)
    found = (
        [queries.link_for_change(message.link_id)]
        if message.link_id is not None
        else queries.links_to_write_to(message.project_id, at=event.at)
    )
    project = queries.projects_printed([message.project_id])[0]
    people = queries.people_named([message.by_id])
    by = people[message.by_id].name if message.by_id in people else ""
    for link in found:
        letter = mails.message_letter(
            message,
            link,
            project,
            by=by,
            address=f"{linking.address_of(link)}/questions#message-{message.id}",
            token=linking.token_of(link),
        )
        post(letter, key=asking.letter_key(message, link), project_id=project.id)


def _section_letter(link: CustomerLink, project: Project, *, by_name: str, note: str) -> Letter:
    with force_locale(link.language):
        section = filling.section_title(link.section)
    return mails.section_letter(
        link,
        project,
        section=section,
        by_name=by_name,
        note=note,
        address=linking.address_of(link),
        token=linking.token_of(link),
    )


def _link_to_mail(link_id: int) -> tuple[CustomerLink, Project] | None:
    """A link that still opens something, and its project; None when a letter would lead nowhere."""
    link = queries.link_for_change(link_id)
    if not link.is_open(at=clock.now()):
        return None
    return link, queries.projects_printed([link.project_id])[0]


def _name_of_giver(link: CustomerLink) -> str:
    return queries.link_for_change(link.given_by_id).name if link.given_by_id is not None else ""


deliveries.register(sending.PRINT, print_checklist)
deliveries.register(CHECKLIST_LEFT, note_checklist_left)
deliveries.register(LINKS_ASKED, send_links)


# ---------------------------------------------------------------- what comes back


@deliveries.outside
def keep_returned(event: MailReceived) -> Callable[[], None] | None:
    """Keep the files of a message that came to a project's address, once, however often this runs."""
    mail = db.session.get_one(IncomingMail, event.mail_id)
    key = settings.current().secret_key
    named = [scope.project_of_address(address, secret_key=key) for address in mail.recipients.split()]
    wanted = queries.project_ids_of([one for one in named if one])
    if not wanted or queries.has_taken_mail(mail.id):
        return None
    data, note = incoming.bytes_of(mail), mail.note
    db.session.rollback()  # nobody waits for the reader
    said = returning.read_message(data)
    brought = [(_meant(one.data, wanted), taking.Arrived(one.name, one.data)) for one in said.files]
    if not brought and (said.is_report or said.is_automatic):
        return None

    def write() -> None:
        kept = db.session.get_one(IncomingMail, event.mail_id, with_for_update=True, populate_existing=True)
        if queries.has_taken_mail(kept.id):
            return
        if not brought:
            outcome = Outcome.NOT_OURS if said.is_read else Outcome.UNREADABLE
            taking.keep_message(
                next(iter(wanted.values())),
                kept,
                outcome=Outcome.TOO_LARGE if note else outcome,
                at=clock.now(),
            )
        source = taking.Source(
            Channel.PDF,
            sender=said.sender,
            mail_id=kept.id,
            is_vouched=vouching.is_vouched(
                said.sender, said.authentication_results, authserv=settings.current().authserv
            ),
            is_automatic=said.is_automatic,
        )
        for project_id in dict.fromkeys(project_id for project_id, _file in brought):
            arrived = [one for of_project, one in brought if of_project == project_id]
            taking.receive(project_id, arrived, source, at=clock.now())

    return write


@deliveries.outside
def read_returned(event: DocumentsReturned) -> Callable[[], None] | None:
    """Read files that came back in processes of their own, then take what they say; once."""
    if event.project_id is None:
        return None
    return read_now(event.returned_ids, project_id=event.project_id, answer_to=event.sender)


def read_now(
    returned_ids: Collection[int], *, project_id: int, answer_to: str = ""
) -> Callable[[], None] | None:
    """Read files that nobody has read yet; None when there are none.

    :return: what takes what they say, to be called in a unit of work.
    """
    rows = [row for row in queries.returned_by_ids(returned_ids) if row.outcome is Outcome.WAITING]
    if not rows:
        return None
    project_key, items = queries.asked_of(project_id)
    bytes_of = {row.id: files.read(row.file) for row in rows}
    db.session.rollback()  # nobody waits for the reader
    read: dict[int, tuple[returning.Form | None, list[bytes]]] = {}
    for returned_id, data in bytes_of.items():
        form = returning.read_form(data) if returning.is_pdf(data) else None
        standing = taking.judged(form, project_key=project_key, items=items)
        read[returned_id] = form, returning.pictures_of(data) if taking.needs_pictures(standing) else []

    def write() -> None:
        now = queries.returned_by_ids(list(read), is_for_change=True)
        new = [row for row in now if row.outcome is Outcome.WAITING]
        for row in new:
            form, pictures = read[row.id]
            taking.take(row, form, pictures, at=clock.now())
        if new:
            taking.tell_read(new, answer_to=answer_to, at=clock.now())

    return write


def answer_sender(event: ReturnsRead) -> None:
    """Write to whoever sent files by mail what came of them; to a stranger only that they are here."""
    rows = queries.returned_by_ids(event.returned_ids)
    checklist = queries.checklist_of(event.project_id) if event.project_id is not None else None
    if not event.sender or not rows or rows[0].mail_id is None or checklist is None:
        return
    project = queries.project_of(checklist)
    sender = taking.sender_of(rows[0], project)
    key = f"returned:{rows[0].id}"
    if sender is None:
        day = clock.now() - timedelta(days=1)
        if queries.returned_from(event.sender, day) <= MOST_STRANGERS_LETTERS:
            post(
                mails.stranger_letter(event.sender, language=mails.language_for(project, speech.CUSTOMERS)),
                key=key,
            )
        return
    link = queries.link_named(sender.link_id)
    token = "" if link is None else linking.token_of(link)
    page = "" if link is None else linking.address_of(link)
    letter = mails.returned_letter(
        rows,
        {item.key: item for item in checklist.items},
        project,
        to=event.sender,
        sender=sender,
        page=page,
        token=token,
    )
    post(letter, key=key)


def follow_choice(event: AnswerChosen | AnswerDismissed) -> None:
    """Note in what came back that a person chose between answers."""
    if event.project_id is not None:
        taking.follow_choices(event.project_id, at=event.at, user_id=event.actor_id)


MOST_STRANGERS_LETTERS = 5
"""Files from one unknown address within a day that are answered: nobody makes us write to somebody else for ever."""


def _meant(data: bytes, wanted: Mapping[str, int]) -> int:
    """Which of several projects that a message was sent to a file belongs to, by the note in it; else the first."""
    if len(wanted) > 1 and returning.is_pdf(data):
        note = fields.read(returning.read_form(data).note, secret_key=settings.current().secret_key)
        if note is not None and note.is_genuine and note.note.project in wanted:
            return wanted[note.note.project]
    return next(iter(wanted.values()))
