"""What somebody at the customer sees of their project: rows made into words, and nothing that is ours alone.

Everything that the pages show passes through here. What customers are told is written down field by field; a
row is never handed to a page of theirs as it is where it holds anything internal.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.catalogue import bounds
from concierge.catalogue.states import (
    Audience,
    Evidence,
    GateKind,
    ItemType,
    MilestoneKind,
    Responsible,
    VisitKind,
)
from concierge.core.names import initials
from concierge.dispatch import offers
from concierge.dispatch.models import SlotChoice, SlotOffer
from concierge.dispatch.states import OfferKind, OfferState
from concierge.invitations import queries as invitations
from concierge.invitations import secret
from concierge.invitations.models import Invitation
from concierge.invitations.states import Reply
from concierge.platform import clock, settings
from concierge.platform.words import listed, localized
from concierge.portal import words
from concierge.portal.words import Tongue
from concierge.projects.actions.promising import ShownDate
from concierge.projects.models import Milestone, Project
from concierge.projects.states import MilestoneState, ProjectState
from concierge.readiness import plan, queries, standing
from concierge.readiness.document import filling
from concierge.readiness.models import Checklist, CustomerLink, CustomerQuestion, ReadinessItem
from concierge.readiness.states import ItemState, Verdict
from concierge.visits import queries as visits
from concierge.visits.models import Visit
from concierge.visits.states import COMING, VisitState
from concierge.visits.words import arrival

WAY: tuple[tuple[MilestoneKind, ...], ...] = (
    (MilestoneKind.ORDER_ACCEPTED, MilestoneKind.KICK_OFF),
    (MilestoneKind.SITE_SURVEY, MilestoneKind.SITE_READY),
    (MilestoneKind.DELIVERED,),
    (MilestoneKind.INSTALLED,),
    (MilestoneKind.TRAINING,),
    (MilestoneKind.HANDOVER,),
)
"""The stations of the way; each takes the last of the milestones of these kinds."""
OURS = frozenset(
    {MilestoneKind.DELIVERED, MilestoneKind.INSTALLED, MilestoneKind.TRAINING, MilestoneKind.HANDOVER}
)
"""Stations that we are late with when their day has passed."""
ARRIVAL = "delivery"
"""The part of the list about the day of delivery."""
PREVIEWED = {"page": "preview", "item": "preview_item"}


class Stand(StrEnum):
    """How one task stands."""

    TO_DO = "to do"
    LATE = "late"
    RETURNED = "returned"
    CHECKED = "checked"
    """Answered; one of ours looks at it."""
    DONE = "done"
    NOT_YET = "not yet"
    """It cannot begin before something else has happened."""
    OURS = "ours"
    CLOSED = "closed"
    """Open when the project ended; nothing comes of it any more."""
    INFO = "info"


OPEN = frozenset({Stand.TO_DO, Stand.LATE, Stand.RETURNED})
"""Tasks that somebody at the customer can do now."""
AT_REST = frozenset({Stand.DONE, Stand.OURS, Stand.INFO, Stand.CHECKED, Stand.CLOSED})
"""Tasks with which nobody at the customer has anything more to do."""


@dataclass(frozen=True, slots=True)
class Task:
    """One requirement as a row of the list."""

    id: int
    section: str
    title: str
    title_language: str
    """The language of the title when it is not the reader's; empty when it is."""
    stand: Stand
    word: str
    """Its state in a word or two; done is said plainly, so that what is open stands out."""
    note: str
    """Why it cannot begin, or what was given back."""
    due: str
    url: str
    """Empty when there is nothing to open."""
    takes: str
    answer: str
    is_quoted: bool
    """Whether the answer is in somebody's own words, which may run another way than the page."""
    rank: tuple[object, ...]
    is_for_me: bool

    @property
    def is_open(self) -> bool:
        """Whether somebody at the customer can do it now."""
        return self.stand in OPEN


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the list."""

    key: str
    title: str
    tasks: tuple[Task, ...]
    url: str
    with_whom: str
    """Colleagues to whom it was handed, by name; empty for none."""

    @property
    def left(self) -> int:
        """How many of its tasks are open."""
        return sum(task.is_open for task in self.tasks)

    @property
    def unanswered(self) -> int:
        """How many of its tasks keep it from being signed: those that are open, and those that cannot begin yet."""
        return sum(task.is_open or task.stand is Stand.NOT_YET for task in self.tasks)

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is left for the customer."""
        return all(task.stand in AT_REST for task in self.tasks)

    @property
    def word(self) -> str:
        """How a part stands with which the customer has nothing more to do; empty when its points are completed."""
        closed = next((task.word for task in self.tasks if task.stand is Stand.CLOSED), "")
        return closed or ("" if self.counted else self.tasks[0].word)

    @property
    def counted(self) -> int:
        """How many of its points are the customer's."""
        return sum(task.stand not in {Stand.OURS, Stand.INFO} for task in self.tasks)


@dataclass(frozen=True, slots=True)
class Step:
    """One station of the way, with the day that we hold to."""

    kind: MilestoneKind
    name: str
    reached: str
    """done, now or next"""
    on: date | None
    when: str
    note: str = ""
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of ours."""

    name: str
    initials: str
    role: str
    there: str
    """What time it is where they are."""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Meeting:
    """A visit as the customer sees it."""

    id: int
    kind: str
    """What it is for: its title where a playbook gives one in the reader's language, else its kind."""
    when: str
    zone: str
    """The place whose clock `when` is."""
    own_time: str
    """The same on the reader's clock, when that is another one."""
    state: str
    word: str
    is_sure: bool
    """Whether it is confirmed."""
    arrival: str
    """Between which times somebody arrives, in words; empty: at the start, or not sure."""
    is_call: bool
    """Whether nobody has to travel for it."""
    coming: str
    """Who comes, by name; empty while that is not sure."""
    prepare: str
    where: str
    answer_url: str
    """Where the reader answers their invitation; empty when there is none to answer."""
    calendar_url: str
    is_over: bool
    reply: str
    change_url: str = ""
    """Where the reader, who chose its time, moves or cancels it."""


@dataclass(frozen=True, slots=True)
class Offered:
    """Times that the reader may choose from, or has chosen from."""

    id: int
    what: str
    """What it is for, in the reader's words."""
    lasts: str
    where: str
    zone: str
    """The place whose clock its times are said by."""
    until: str
    """The last day on which may be chosen, by that clock."""
    note: str
    """What one of ours says to it, in their own words."""
    wish: str
    is_open: bool
    is_booked: bool
    is_any: bool
    """Whether any free time may be chosen."""
    is_confirmed: bool
    """Whether a visit stands already that would be moved."""
    rules: str
    """How often and until when the visit may be moved or cancelled, in a sentence."""
    url: str


@dataclass(frozen=True, slots=True)
class Slot:
    """One time that may be chosen."""

    when: str
    own_time: str
    """The same on the reader's clock, when that is another one."""
    is_free: bool
    url: str
    """Where it is looked at before it is chosen; empty for one that is only held then."""
    starts: str
    ends: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody at the customer's wrote, with our answer."""

    anchor: str
    at: datetime
    text: str
    about: str
    name: str
    when: str
    answer: str
    answered: str
    """Who answered, and when; empty while nobody did."""
    is_ours: bool = False
    """Whether it is a message of ours, which waits for nothing."""
    is_new: bool = False
    """Whether something of ours in it came after its reader last looked."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is true now, said first."""

    state: str
    title: str
    lead: str
    icon: str
    kind: str
    """cancelled, done, held, late, open, waiting or planning"""


@dataclass
class Reader:
    """Who looks at which project, and everything that they are shown of it."""

    link: CustomerLink
    token: str
    project: Project
    checklist: Checklist | None
    language: str
    is_preview: bool = False
    at: datetime = field(default_factory=clock.now)

    @cached_property
    def tongue(self) -> Tongue:
        """How days and numbers are written for them."""
        return Tongue(language=self.language, country=self.project.site.country)

    @cached_property
    def today(self) -> date:
        """The day at the site."""
        return clock.day_at(self.at, self.project.site.zone)

    @property
    def zone(self) -> str:
        """The clock that the reader lives by."""
        contact = self.link.contact
        return contact.zone if contact is not None and contact.zone != "UTC" else self.project.site.zone

    @property
    def sees_all(self) -> bool:
        """Whether they see the whole project; else only a section."""
        return not self.link.section

    @cached_property
    def giver(self) -> str:
        """The colleague who handed them the section that they see; empty when they see everything."""
        if self.link.given_by_id is None:
            return ""
        links = queries.links_of(self.project.id)
        return next((one.name for one in links if one.id == self.link.given_by_id), "")

    def url(self, page: str, **values: object) -> str:
        """The address of a page of theirs; in a preview only what can be looked at leads anywhere."""
        if not self.is_preview:
            return url_for(f"portal.customers.{page}", token=self.token, **values)  # type: ignore[arg-type]  # parts of an address
        if page not in PREVIEWED:
            return ""
        return url_for(
            f"portal.{PREVIEWED[page]}",
            key=self.project.key,
            link_id=self.link.id,
            **values,  # type: ignore[arg-type]  # parts of an address
        )

    # --- the list

    @cached_property
    def items(self) -> tuple[ReadinessItem, ...]:
        """The requirements that they see, in their order."""
        found = self.checklist.items if self.checklist else ()
        return tuple(
            item
            for item in found
            if item.is_asked and not item.is_withdrawn and self.link.section in {"", item.section}
        )

    @cached_property
    def tasks(self) -> Mapping[int, Task]:
        """Those as rows, by the number of the item."""
        return {item.id: self._task(item) for item in self.items}

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The parts of the list."""
        handed: dict[str, list[str]] = {}
        if self.sees_all and self.checklist is not None:
            for link in queries.sections_handed_on(self.project.id):
                if link.is_open(at=self.at):
                    handed.setdefault(link.section, []).append(link.name)
        grouped: dict[str, list[Task]] = {}
        for task in self.tasks.values():
            grouped.setdefault(task.section, []).append(task)
        return tuple(
            Section(
                key,
                filling.section_title(key),
                tuple(tasks),
                self.url("section", section=key),
                self._names(handed.get(key, ())),
            )
            for key, tasks in grouped.items()
        )

    @cached_property
    def to_do(self) -> tuple[Task, ...]:
        """What somebody at the customer can do now, the most pressing first; theirs before others'."""
        return tuple(sorted((t for t in self.tasks.values() if t.is_open), key=lambda task: task.rank))

    @property
    def next_task(self) -> Task | None:
        """The one task that stands on top."""
        return self.to_do[0] if self.to_do else None

    def item(self, item_id: int) -> ReadinessItem | None:
        """One requirement that they see; None when they see no such one."""
        return next((item for item in self.items if item.id == item_id), None)

    def beside(self, item_id: int) -> tuple[str, str]:
        """The addresses of the points before and after one; empty at the ends."""
        ids = [item.id for item in self.items]
        place = ids.index(item_id)
        before = self.url("item", item_id=ids[place - 1]) if place else ""
        after = self.url("item", item_id=ids[place + 1]) if place + 1 < len(ids) else ""
        return before, after

    def after(self, item_id: int) -> Task | None:
        """What can be done next once a point is saved: further on in its section, else what presses most."""
        ids = [item.id for item in self.items]
        section = self.tasks[item_id].section
        later = [
            self.tasks[one]
            for one in ids[ids.index(item_id) + 1 :]
            if self.tasks[one].is_open and self.tasks[one].section == section
        ]
        others = [task for task in self.to_do if task.id != item_id]
        return next(iter((*later, *others)), None)

    def text(self, texts: Mapping[str, str] | None) -> tuple[str, str]:
        """A text of a playbook in the reader's language, and the language that it is in when that is another."""
        if not texts:
            return "", ""
        said = localized(texts, self.language)
        if self.language in texts:
            return said, ""
        return said, next((code for code, one in texts.items() if one == said), "")

    def _task(self, item: ReadinessItem) -> Task:
        stand, note = self._stand(item)
        title, language = self.text(item.requirement)
        is_mine = item.contact_id is not None and item.contact_id == self.link.contact_id
        is_others = item.contact_id is not None and not is_mine
        is_shown = stand is not Stand.NOT_YET
        late = item.due_on < self.today
        return Task(
            id=item.id,
            section=item.section,
            title=title,
            title_language=language,
            stand=stand,
            word=self._word(stand, item),
            note=note,
            due=self.tongue.weekday(item.due_on),
            url=self.url("item", item_id=item.id) if is_shown else "",
            takes=words.takes(words.minutes(item)),
            answer=self.answer_of(item),
            is_quoted=item.type in {ItemType.MEASURE, ItemType.TEXT, ItemType.SIGNATURE, ItemType.UPLOAD},
            rank=(
                is_others,
                stand is not Stand.RETURNED,
                not late,
                item.gate is None,
                item.gate is GateKind.INSTALL,
                item.due_on,
                item.position,
            ),
            is_for_me=is_mine,
        )

    def _stand(self, item: ReadinessItem) -> tuple[Stand, str]:
        if item.type is ItemType.INFO:
            return Stand.INFO, ""
        if item.responsible is not Responsible.CUSTOMER:
            return (Stand.DONE if item.is_cleared else Stand.OURS), ""
        if item.is_cleared or self.has_ended:
            return (Stand.DONE if item.is_cleared else Stand.CLOSED), ""
        if item.is_contradicted:
            return Stand.CHECKED, ""
        if item.state is ItemState.OPEN and item.returned_reason:
            return Stand.RETURNED, item.returned_reason
        if item.needs_review and item.verdict is not Verdict.OUT_OF_RANGE and not item.lacks_evidence:
            return Stand.CHECKED, ""
        if self._is_for_later(item):
            return Stand.NOT_YET, _("It begins once the instrument is delivered.")
        if item.due_on < self.today and not self.project.held_on and not item.is_waived:
            return Stand.LATE, self._missing(item)
        return Stand.TO_DO, self._missing(item)

    def _missing(self, item: ReadinessItem) -> str:
        if item.state is not ItemState.ANSWERED:
            return ""
        if item.lacks_evidence and item.verdict is not Verdict.OUT_OF_RANGE:
            return standing.missing_files(item)
        return _("Answered, but not within what is needed.")

    def _is_for_later(self, item: ReadinessItem) -> bool:
        """Whether it is about a delivery that has not happened, or the time after it.

        On the day itself it can be answered at once, at the dock: nobody has noted the delivery yet.
        """
        if self.checklist is None:
            return False
        anchor_on = self.checklist.anchor_on
        is_at_the_dock = item.section == ARRIVAL and item.due_on == anchor_on and self.today < anchor_on
        if item.due_on <= anchor_on and not is_at_the_dock:
            return False
        return not any(
            one.kind is MilestoneKind.DELIVERED and one.state is MilestoneState.DONE
            for one in self.project.milestones
        )

    def _word(self, stand: Stand, item: ReadinessItem) -> str:
        match stand:
            case Stand.DONE:
                return _("Completed")
            case Stand.CHECKED:
                return _("We check it")
            case Stand.RETURNED:
                return _("Please look again")
            case Stand.LATE:
                return words.left(item.due_on, self.today)
            case Stand.NOT_YET:
                return _("Cannot start yet")
            case Stand.OURS:
                return _("We see to it")
            case Stand.CLOSED:
                return _("Not needed any more")
            case Stand.INFO:
                return _("Good to know")
        return _("To do")

    def answer_of(self, item: ReadinessItem) -> str:
        """What was answered, as people say it; empty while nothing was."""
        if item.state is ItemState.OPEN:
            return ""
        if item.type is ItemType.DATE and item.verdict is not Verdict.UNKNOWN:
            return self.tongue.weekday(plan.answer_of(item, item.value).day)
        return filling.answer_in_words(item)

    def accepted(self, item: ReadinessItem) -> str:
        """What will do as an answer, in the units of the site's country."""
        country = self.project.site.country
        if item.type is ItemType.DATE:
            latest_on = plan.latest_on(item)
            return _("on %(day)s at the latest", day=self.tongue.weekday(latest_on)) if latest_on else ""
        return bounds.range_in_words(
            item, language=self.language, country=country
        ) or filling.accepted_in_words(item, language=self.language, country=country)

    # --- the way

    @property
    def has_ended(self) -> bool:
        """Whether the project is finished or cancelled."""
        return self.project.has_ended

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The stations of the way with the days that we hold to; forecasts are ours alone."""
        found: list[Step] = []
        for kinds in WAY:
            these = [one for one in self._milestones if one.kind in kinds]
            if these:
                found.append(self._step(kinds, these))
        for place, step in enumerate(found):
            if step.reached == "next":
                found[place] = Step(step.kind, step.name, "now", step.on, step.when, step.note, step.is_late)
                break
        return tuple(found)

    @cached_property
    def _milestones(self) -> tuple[Milestone, ...]:
        return tuple(
            one
            for one in self.project.milestones
            if one.audience is Audience.CUSTOMER and one.state is not MilestoneState.SKIPPED
        )

    def _step(self, kinds: tuple[MilestoneKind, ...], these: Sequence[Milestone]) -> Step:
        kind = kinds[0]
        if all(one.state is MilestoneState.DONE for one in these):
            on = max((one.finished_on for one in these if one.finished_on), default=None)
            when = self.tongue.weekday(on) if on else _("Done")
            return Step(kind, words.station(kind), "done", on, when)
        held = held_to(kind, these, self.checklist)
        if held is None:
            return Step(kind, words.station(kind), "next", None, _("Day follows"))
        on, before = held
        is_late = kind in OURS and on < self.today and not self.project.held_on and not self.has_ended
        note = _("was %(day)s", day=self.tongue.weekday(before)) if before else ""
        return Step(kind, words.station(kind), "next", on, self.tongue.weekday(on), note, is_late)

    @cached_property
    def shown_dates(self) -> tuple[ShownDate, ...]:
        """The days of milestones that their pages tell them; the first station is their own order."""
        told: list[ShownDate] = []
        for kinds in WAY[1:]:
            these = [
                one for one in self._milestones if one.kind in kinds and one.state is not MilestoneState.DONE
            ]
            held = held_to(kinds[0], these, self.checklist)
            if held is not None:
                told.extend(
                    ShownDate(one.key, held[0])
                    for one in these
                    if one.promised_on in held or one.start_on == held[0]
                )
        return tuple(dict.fromkeys(told))

    # --- people, visits, questions

    @cached_property
    def visits(self) -> Sequence[Visit]:
        """The visits that the customer knows of."""
        return visits.visits_shown_to_customer(self.project.id) if self.sees_all else ()

    # --- times to choose from

    @cached_property
    def _offers(self) -> Sequence[SlotOffer]:
        if not self.sees_all or self.is_preview:
            return ()
        return offers.of_link(self.link.id, since=self.at - timedelta(days=30))

    @cached_property
    def to_choose(self) -> tuple[Offered, ...]:
        """What the reader may choose a time for now."""
        if self.has_ended or self.project.held_on is not None:
            return ()
        return tuple(self.offered(one) for one in self._offers if one.is_open(at=self.at))

    def offered(self, offer: SlotOffer) -> Offered:
        """An offer in words; its work with site, and its visit, are loaded."""
        work = offer.work_order
        site = work.site
        return Offered(
            id=offer.id,
            what=work.titles.get(self.language) or words.visit_kind(work.kind),
            lasts=words.lasts(offer.minutes),
            where=", ".join(part for part in (site.name, site.address_line) if part),
            zone=self.tongue.place_of(site.zone),
            until=self.tongue.weekday(offer.answer_on),
            note=offer.note,
            wish=offer.wish,
            is_open=offer.is_open(at=self.at),
            is_booked=offer.state is OfferState.BOOKED,
            is_any=offer.kind is OfferKind.OPEN,
            is_confirmed=offer.state is OfferState.BOOKED,
            rules=words.rules_of(offer.notice_days, offer.moves_allowed - offer.moves_made),
            url=self.url("times", offer_id=offer.id),
        )

    def slot(
        self,
        offer: SlotOffer,
        starts_at: datetime,
        ends_at: datetime,
        *,
        choice_id: int | None = None,
        is_free: bool = True,
    ) -> Slot:
        """A time of an offer in words, on the site's clock and, where that shows another one, on the reader's."""
        there, mine = ZoneInfo(offer.work_order.site.zone), ZoneInfo(self.zone)
        when = self.tongue.span(starts_at.astimezone(there), ends_at.astimezone(there))
        own = self.tongue.span(starts_at.astimezone(mine), ends_at.astimezone(mine))
        return Slot(
            when=when,
            own_time="" if own == when else own,
            is_free=is_free,
            url=self.url("chosen_time", offer_id=offer.id, choice_id=choice_id) if choice_id else "",
            starts=starts_at.isoformat(),
            ends=ends_at.isoformat(),
        )

    def meeting_of(self, offer: SlotOffer) -> Meeting | None:
        """The visit that was chosen; `None` while none is."""
        if offer.state is not OfferState.BOOKED or offer.visit_id is None:
            return None
        found = next((one for one in self.meetings if one.id == offer.visit_id), None)
        return replace(found, change_url="") if found is not None else None

    def is_chosen(self, offer: SlotOffer, choice: SlotChoice) -> bool:
        """Whether a time is the one that is booked."""
        visit = offer.visit
        return offer.state is OfferState.BOOKED and visit is not None and visit.starts_at == choice.starts_at

    @staticmethod
    def clock_of(zone: str) -> tzinfo:
        """The clock of a place."""
        return ZoneInfo(zone)

    @cached_property
    def meetings(self) -> tuple[Meeting, ...]:
        """Those in words, the next ones first, then those that are over."""
        found = [self._meeting(visit) for visit in self.visits]
        return tuple(sorted(found, key=lambda one: one.is_over))

    @property
    def next_meeting(self) -> Meeting | None:
        """The visit that comes next."""
        return next((one for one in self.meetings if not one.is_over), None)

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """Our people whom they deal with."""
        found = []
        ours = self.project.concierge
        if ours is not None:
            found.append(
                Person(
                    ours.name,
                    ours.initials,
                    words.role(ours.role),
                    self.tongue.there_now(ours.zone),
                    ours.phone,
                    ours.email,
                )
            )
        known = {ours.id} if ours is not None else set()
        for visit in self.visits:
            if visit.state is VisitState.TENTATIVE or visit.state not in COMING | {VisitState.IN_PROGRESS}:
                continue
            for member in visit.crew_members:
                if member.user_id not in known:
                    known.add(member.user_id)
                    found.append(self._engineer(member.user.name, member.user.zone))
        return tuple(found)

    def _engineer(self, name: str, zone: str) -> Person:
        return Person(name, initials(name), _("Engineer"), self.tongue.there_now(zone))

    def _meeting(self, visit: Visit) -> Meeting:
        when = self.tongue.span(visit.starts_local, visit.ends_local)
        mine = ZoneInfo(self.zone)
        own = self.tongue.span(visit.starts_at.astimezone(mine), visit.ends_at.astimezone(mine))
        is_over = visit.ends_at <= self.at or visit.state in {VisitState.COMPLETE, VisitState.INCOMPLETE}
        is_sure = visit.state is not VisitState.TENTATIVE
        state, word = words.visit_state(visit.state)
        answer_url, reply = self._invitation(visit) if not is_over else ("", "")
        site = visit.site
        return Meeting(
            id=visit.id,
            kind=visit.titles.get(self.language) or words.visit_kind(visit.kind),
            when=when,
            zone=self.tongue.place_of(visit.zone),
            own_time="" if own == when else own,
            state=state,
            word=word,
            is_sure=is_sure,
            arrival=arrival(visit) if is_sure and not is_over else "",
            is_call=visit.kind is VisitKind.REMOTE_CALL,
            coming=self._names(m.user.name for m in visit.crew_members if is_sure),
            prepare="" if is_over else words.prepare_for(visit.kind),
            where=", ".join(part for part in (site.name, site.address_line) if part),
            answer_url=answer_url,
            calendar_url="" if is_over else self.url("calendar", visit_id=visit.id),
            is_over=is_over,
            reply=reply,
            change_url="" if is_over else self._change_url(visit),
        )

    def _change_url(self, visit: Visit) -> str:
        """Where the reader changes a visit whose time they chose."""
        mine = (one for one in self._offers if one.state is OfferState.BOOKED and one.visit_id == visit.id)
        return next((self.url("times", offer_id=one.id) for one in mine), "")

    def _names(self, names: Iterable[str]) -> str:
        """Names in a sentence, each running its own way; empty for none."""
        told = [self.tongue.apart(name) for name in names]
        return listed(told) if told else ""

    @cached_property
    def _invited(self) -> Mapping[int, Invitation]:
        """The reader's own invitations, by visit."""
        if self.link.contact_id is None or self.is_preview:
            return {}
        return invitations.sent_to_contact(self.link.contact_id, project_id=self.project.id)

    def _invitation(self, visit: Visit) -> tuple[str, str]:
        """Where the reader answers their own invitation to a visit, and what they answered."""
        one = self._invited.get(visit.id)
        if one is None:
            return "", ""
        token = secret.page_token(one.id, one.nonce, key=settings.current().secret_key)
        said = {
            Reply.ACCEPTED: _("You accepted"),
            Reply.TENTATIVE: _("You said maybe"),
            Reply.DECLINED: _("You declined"),
        }.get(one.reply, "")
        return url_for("invitations.answer", token=token), said

    @cached_property
    def questions(self) -> tuple[Asked, ...]:
        """What was asked and answered; who has only a section sees their own questions."""
        rows = queries.questions_of(self.project.id, link_id=None if self.sees_all else self.link.id)
        answerers = queries.people_named(one.answered_by_id for one in rows)
        titles = {task.id: task.title for task in self.tasks.values()}
        return tuple(self._asked(one, titles, {k: u.name for k, u in answerers.items()}) for one in rows)

    @cached_property
    def messages(self) -> tuple[Asked, ...]:
        """What we wrote of our own accord; who has only a section sees what was written to them."""
        rows = queries.messages_to(self.project.id, link_id=None if self.sees_all else self.link.id)
        writers = queries.people_named(one.by_id for one in rows)
        return tuple(
            Asked(
                anchor=f"message-{one.id}",
                at=one.sent_at,
                text=one.text,
                about="",
                name=writers[one.by_id].name if one.by_id in writers else settings.current().company,
                when=self.tongue.instant(one.sent_at, self.zone),
                answer="",
                answered="",
                is_ours=True,
                is_new=self._is_new(one.sent_at),
            )
            for one in rows
        )

    @cached_property
    def talk(self) -> tuple[Asked, ...]:
        """Everything that was written both ways, the newest first."""
        return tuple(sorted((*self.questions, *self.messages), key=lambda one: one.at, reverse=True))

    @property
    def news(self) -> tuple[Asked, ...]:
        """What we wrote that the reader has not looked at, the newest first."""
        return tuple(one for one in self.talk if one.is_new)

    def _is_new(self, at: datetime) -> bool:
        return at > (self.link.read_at or self.link.created_at)

    def _asked(self, one: CustomerQuestion, titles: Mapping[int, str], names: Mapping[int, str]) -> Asked:
        answered = ""
        if one.answered_at is not None:
            when = self.tongue.instant(one.answered_at, self.zone)
            by = names.get(one.answered_by_id or 0, "")
            answered = _("%(name)s, %(when)s", name=by, when=when) if by else when
        return Asked(
            anchor=f"question-{one.id}",
            at=one.asked_at,
            text=one.text,
            about=titles.get(one.item_id or 0, ""),
            name=one.name,
            when=self.tongue.instant(one.asked_at, self.zone),
            answer=one.answer if answered else "",
            answered=answered,
            is_new=bool(one.answer) and one.answered_at is not None and self._is_new(one.answered_at),
        )

    # --- what is true now

    @cached_property
    def situation(self) -> Situation:
        """What is said first: what happened to the project, whether we are late, and whether anything is to do."""
        project, tongue = self.project, self.tongue
        if project.state is ProjectState.CANCELLED:
            return Situation(
                "idle",
                _("This project was cancelled"),
                _("Nothing more is needed from you. What you sent stays here to look at."),
                "ban",
                "cancelled",
            )
        if project.state is ProjectState.DONE:
            return Situation(
                "ok",
                _("Your instrument is handed over"),
                _(
                    "Since %(day)s it is yours to work with. The certificates and whom to call stand below.",
                    day=tongue.weekday(project.finished_on),
                )
                if project.finished_on
                else _("It is yours to work with. The certificates and whom to call stand below."),
                "flag",
                "done",
            )
        if project.held_on:
            return Situation(
                "warn",
                _("The project rests"),
                _(
                    "It has been on hold since %(day)s. We write to you when it goes on, with new days. "
                    "What you answer meanwhile is kept.",
                    day=tongue.weekday(project.held_on),
                ),
                "pause",
                "held",
            )
        late = next((step for step in self.steps if step.is_late), None)
        if late is not None and not self._holds_up():
            return Situation(
                "bad",
                words.late_with(late.kind),
                _(
                    "We had promised it for %(day)s. We are sorry. You hear from us with a new day; until then "
                    "nothing changes for you.",
                    day=late.when,
                ),
                "clock",
                "late",
            )
        if self.to_do:
            return Situation("go", self._count_to_do(), self._coming(), "circle-dot", "open")
        if self.checklist is None and self.sees_all:
            return Situation(
                "wait",
                _("We are planning your project"),
                _(
                    "Nothing is needed from you yet. As soon as the days stand, they stand here, and you hear from us."
                ),
                "hourglass",
                "planning",
            )
        waiting = sum(task.stand is Stand.CHECKED for task in self.tasks.values())
        if waiting:
            said = ngettext(
                "We look at %(num)s of your answers and tell you here if anything is missing.",
                "We look at %(num)s of your answers and tell you here if anything is missing.",
                waiting,
            )
            return Situation(
                "ok", _("Nothing to do for you now"), f"{said} {self._coming()}".strip(), "check", "waiting"
            )
        return Situation("ok", _("Nothing to do for you now"), self._coming(), "check", "waiting")

    def _holds_up(self) -> bool:
        """Whether something of theirs that blocks is late itself: then it is not we who are late first."""
        return any(
            item.gate is not None and self.tasks[item.id].stand in {Stand.LATE, Stand.RETURNED}
            for item in self.items
        )

    def _count_to_do(self) -> str:
        late = sum(task.stand is Stand.LATE for task in self.to_do)
        if late:
            return ngettext("%(num)s point is late", "%(num)s points are late", late)
        return ngettext("%(num)s point needs you", "%(num)s points need you", len(self.to_do))

    def _coming(self) -> str:
        """What comes next, and when."""
        for step in self.steps:
            if step.reached == "done" or step.on is None or step.on < self.today:
                continue
            if step.kind is MilestoneKind.DELIVERED:
                return _("We hold to %(day)s for the delivery.", day=step.when)
            if step.kind in OURS:
                return _("Next is %(what)s: we hold to %(day)s for it.", what=step.name, day=step.when)
        return ""


def held_to(
    kind: MilestoneKind, these: Iterable[Milestone], checklist: Checklist | None
) -> tuple[date, date | None] | None:
    """The day that we hold to for a station, and the one that we held to before when we told of a new one.

    That is the promised day. Delivery is the exception: when it moves, the customer is written to with the new
    day, and everything that they have to prepare counts from it.

    :param kind: of the station.
    :param these: its milestones that the customer sees and that are not done.
    """
    days = [one.promised_on for one in these if one.promised_on is not None]
    if not days:
        return None
    promised = min(days) if kind is MilestoneKind.TRAINING else max(days)
    if kind is MilestoneKind.DELIVERED and checklist is not None:
        told = [one.finish_on for one in these if one.start_on == checklist.anchor_on and one.finish_on]
        if told and max(told) != promised:
            return max(told), promised
    return promised, None


def wants_file(item: ReadinessItem) -> bool:
    """Whether a file can be sent for a requirement."""
    return item.type is ItemType.UPLOAD or item.evidence_need is not Evidence.NONE
