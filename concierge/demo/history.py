"""Living through the stories: every act at its moment, through the same actions that people use.

Each order's life is a generator. It says at which moment it wants to act next, is called again when all
earlier moments of every other life have passed, and then acts. So two lives never send one technician to
two places, and the record of what happened is in the order in which it happened.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from random import Random
from typing import TypeAlias
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from concierge.catalogue.states import GateKind, ItemType, MilestoneKind, VisitKind
from concierge.core.dispatch import Rule
from concierge.core.spans import Span
from concierge.core.worktime import WorkCalendar, add_workdays, next_workday, previous_workday
from concierge.demo import answers, dispatching, documents, fieldwork
from concierge.demo.articles import ARTICLES
from concierge.demo.customers import CUSTOMERS, Customer, Place
from concierge.demo.documents import Line, Paper
from concierge.demo.instruments import INSTRUMENTS
from concierge.demo.stories import LEAD_DAYS, Story
from concierge.orders.actions.importing import import_file
from concierge.platform import files
from concierge.platform.clock import day_at
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.projects import queries as projects
from concierge.projects.actions import approving, delays, gates, milestones, proposals, rescheduling
from concierge.projects.actions.laying_out import calendar_of, follow
from concierge.projects.actions.promising import note_shown
from concierge.projects.events import ForecastChanged
from concierge.projects.models import Milestone, Project
from concierge.projects.queries import lost_days
from concierge.projects.states import GateState, MilestoneState, Party, ProjectState, ShownOn
from concierge.readiness import queries as readiness
from concierge.readiness.actions.answering import Answerer, answer_item
from concierge.readiness.actions.attaching import attach_file
from concierge.readiness.actions.judging import accept_item
from concierge.readiness.actions.sending import note_sent
from concierge.readiness.document import filling
from concierge.readiness.models import ReadinessItem
from concierge.readiness.states import ItemState, Verdict
from concierge.visits import feasibility
from concierge.visits.actions import arranging, progress
from concierge.visits.actions.checks import Conflicting
from concierge.visits.models import Visit
from concierge.visits.states import COMING, FOLLOWING_THE_PLAN, VisitState
from concierge.workforce.models import Technician

AGREED = "Agreed with everybody by phone."
_BENT = frozenset(
    {Rule.HOURS, Rule.SITE_HOURS, Rule.SITE_CLOSED, Rule.PREREQUISITE, Rule.TRAVEL, Rule.SKILL_LEVEL}
)
"""Rules over which people are sent for a reason, when nobody else can go."""
BOOKED_AHEAD = timedelta(days=35)
CONFIRMED_AHEAD = timedelta(days=21)
LATELY = timedelta(days=10)
"""What is older than this has been mailed and printed long ago."""
PRICES = {
    "bench-customer": 48_000,
    "bench-engineer": 86_000,
    "sequencer": 238_000,
    "floor": 412_000,
    "clinical": 365_000,
    "magnet": 1_240_000,
}
GATED = {
    MilestoneKind.SHIP_RELEASED: GateKind.SHIP,
    MilestoneKind.DELIVERED: GateKind.SHIP,
    MilestoneKind.INSTALLED: GateKind.INSTALL,
}


_SURE = frozenset({VisitState.CONFIRMED, VisitState.ACCEPTED})
_Deed: TypeAlias = tuple[datetime, Callable[[datetime], None]]


@dataclass(slots=True)
class Company:
    """Who acts: the concierge of each country, the dispatcher, and the technicians by territory."""

    now: datetime
    concierges: dict[str, int]
    dispatcher_id: int
    manager_id: int
    technicians: list[Technician]
    random: Random
    phones: frozenset[int] = frozenset()
    """Users who enter on their phones what they do."""
    sent: dict[int, list[Visit]] = field(default_factory=dict)


def live_through(company: Company, stories: Iterable[Story]) -> int:
    """Let every story happen up to now; return how many acts there were."""
    waiting: list[tuple[datetime, int, Iterator[datetime]]] = []
    for number, story in enumerate(stories):
        life = _Life(company, story, number).lived()
        heapq.heappush(waiting, (next(life), number, life))
    acts = 0
    while waiting:
        at, number, life = heapq.heappop(waiting)
        if at > company.now:
            continue
        acts += 1
        following = next(life, None)
        if following is not None:
            heapq.heappush(waiting, (max(following, at), number, life))
    return acts


class _Life:
    """One order from its purchase to now."""

    def __init__(self, company: Company, story: Story, number: int) -> None:
        self.company = company
        self.story = story
        self.number = number
        self.customer: Customer = next(one for one in CUSTOMERS if one.key == story.customer)
        self.place: Place = self.customer.places[story.place]
        self.zone = ZoneInfo(self.place.zone)
        self.today = day_at(company.now, self.place.zone)
        self.random = Random(f"{story.customer}-{number}")  # noqa: S311 - the same company every time
        self.concierge_id = company.concierges[self.place.country]
        self.project: Project
        self.calendar: WorkCalendar
        self.order_number = ""
        self.ends: dict[int, date] = {}
        self.due: dict[int, date] = {}
        self.visits: list[Visit] | None = None
        self.items: list[ReadinessItem] | None = None
        self.troubled = self.moved = self.received = False

    def lived(self) -> Iterator[datetime]:
        """Yield the moments at which something happens."""
        yield (at := self._moment(self._ordered_on(), 9, 5 + self.number % 50))
        self._order(at)
        if self.story.is_draft:
            return
        approved_on = add_workdays(self.calendar, day_at(at, self.place.zone), 1)
        yield (at := self._moment(approved_on, 10, 30))
        self.project = approving.approve_plan(self.project.id, actor_id=self.concierge_id, at=at)
        answering = self._answer_days(approved_on)
        yield (at := self._moment(approved_on, 10, 32))
        self._send_checklist(at)
        day = approved_on + timedelta(days=1)
        while day <= self.today and self.project.state is ProjectState.LIVE:
            if self.story.is_past and not self._is_due(day, answering):
                day += timedelta(days=1)
                continue
            yield from self._live(self._morning_of(day))
            yield from self._live([*self._rest_of(day, answering), *self._visits_of(day)])
            day += timedelta(days=1)

    def _is_due(self, day: date, answering: dict[date, list[int]]) -> bool:
        """Whether anything was to happen on a day of long ago."""
        if day in answering:
            return True
        if any(visit.starts_local.date() <= day <= visit.ends_local.date() for visit in self._visits()):
            return True
        return any(
            one.state is not MilestoneState.DONE
            and (self.ends.get(one.id, day) <= day if one.started_on else (one.start_on or day) <= day)
            for one in self.project.milestones
        )

    def _live(self, acts: Iterable[_Deed]) -> Iterator[datetime]:
        """Wait for each moment, then act; what lies ahead of now has not happened."""
        for at, act in sorted(acts, key=lambda one: one[0]):
            if at <= self.company.now and self.project.state is ProjectState.LIVE:
                yield at
                act(at)

    # ------------------------------------------------------------------ the order

    def _ordered_on(self) -> date:
        family = max(
            (one.family for one in INSTRUMENTS if one.key in self.story.instruments),
            key=LEAD_DAYS.__getitem__,
        )
        lead = LEAD_DAYS[family] if self.story.lead is None else self.story.lead
        day = self.today + timedelta(days=self.story.delivery - lead)
        weekday = day - timedelta(days=max(0, day.weekday() - 4))
        return min(weekday, self.today - timedelta(days=1))

    def _order(self, at: datetime) -> None:
        ordered_on = day_at(at, self.place.zone)
        delivery = self.today + timedelta(days=self.story.delivery)
        self.order_number = f"PO-{self.customer.domain[:2].upper()}{20400 + self.number * 7}"
        paper = self._paper(
            self.order_number,
            ordered_on,
            asked=(delivery, delivery + timedelta(days=4)),
            note=self.story.note,
        )
        order_id = self._import(documents.order_xml(paper), f"{self.order_number}.xml", at)
        project = projects.project_of_order(order_id)
        if project is None:
            raise LookupError(f"Order {self.order_number} became no project.")
        self.project = milestones.give_project_to(
            project.id, concierge_id=self.concierge_id, actor_id=self.concierge_id, at=at
        )
        self.calendar = calendar_of(self.project)

    def _paper(
        self,
        number: str,
        issued_on: date,
        *,
        asked: tuple[date, date] | None,
        note: str = "",
        about: str = "",
    ) -> Paper:
        return Paper(
            number=number,
            customer=self.customer,
            place=self.place,
            contact=self.customer.people[0],
            issued_on=issued_on,
            lines=tuple(self._lines()),
            asked=asked,
            note=note,
            about=about,
        )

    def _lines(self) -> Iterator[Line]:
        worth = {"JPY": 160, "USD": 1.1, "CHF": 0.95, "GBP": 0.86, "SGD": 1.45, "NZD": 1.8, "SEK": 11.2}
        rate = Decimal(str(worth.get(self.customer.currency, 1)))

        def price(euros: int) -> Decimal:
            return (Decimal(euros) * rate).quantize(Decimal(1))

        families = set()
        for key in self.story.instruments:
            one = next(instrument for instrument in INSTRUMENTS if instrument.key == key)
            families.add(one.family)
            cost = price(PRICES[one.family] + self.number % 7 * 1500)
            name = f"{one.maker} {one.model}"
            yield Line(name, one.item_id, one.standard_id, self.story.quantity, cost)
            for option in one.options:
                if option.key in self.story.options:
                    option_id = f"{one.item_id}-{option.key.upper()}"
                    yield Line(f"{option.name.en} for {one.model}", option_id, price=price(7_400))
        supply = {"floor": "starter-lcms", "sequencer": "starter-seq", "clinical": "control-set"}
        wanted = [*self.story.extras, *(supply[family] for family in sorted(families) if family in supply)]
        for article in ARTICLES:
            if article.key in wanted:
                yield Line(article.name.en, article.item_id, article.standard_id, 1, price(3_800))
        if self.story.unknown_line:
            yield Line(self.story.unknown_line, price=price(240))

    def _import(self, data: bytes, name: str, at: datetime) -> int:
        stored = files.store(data, name=name, content_type="application/xml")
        done = import_file(data, name, file=stored, actor_id=self.concierge_id, at=at)
        return done.rows[0].order_id or 0

    # ------------------------------------------------------------------ day by day

    def _morning_of(self, day: date) -> Iterator[_Deed]:
        """What is looked at before anybody sets out."""
        if self.calendar.is_workday(day):
            yield self._moment(day, 6, 5), self._look_ahead
            yield self._moment(day, 6, 15), self._start_what_can

    def _rest_of(self, day: date, answering: dict[date, list[int]]) -> Iterator[_Deed]:
        """What happens on a day besides visits, each at its moment."""
        story = self.story
        if story.cancelled and day == self.today + timedelta(days=story.cancelled[0]):
            yield self._moment(day, 15, 20), self._cancel
        if day == self.today - timedelta(days=1):
            yield self._moment(day, 15, 50), self._arrange_call
            yield self._moment(day, 17, 5), self._take_in_latest
        if not self.calendar.is_workday(day):
            return
        if day in answering:
            yield self._moment(day, 11, 5), lambda at: self._answer(answering[day], at)
        if story.trouble and not self.troubled and day >= self.today + timedelta(days=story.trouble.since):
            yield self._moment(day, 10, 15), self._meet_trouble
        if story.moved and not self.moved and day >= self.today - timedelta(days=5):
            yield self._moment(day, 14, 40), self._move
        yield self._moment(day, 16, 40), self._finish_what_is_due

    def _look_ahead(self, at: datetime) -> None:
        """What a new day means for the plan, and who goes where in the coming weeks."""
        day = day_at(at, self.place.zone)
        overdue = any(
            one.state is not MilestoneState.DONE
            and one.forecast_on is not None
            and (one.forecast_on < day or (one.started_on is None and (one.start_on or day) < day))
            for one in self.project.milestones
        )
        if overdue:
            moves = follow(self.project, at=at)
            if moves:
                record(
                    ForecastChanged(
                        at=at,
                        actor_id=None,
                        project_id=self.project.id,
                        cause="Another day has passed.",
                        moves=moves,
                    )
                )
        for visit in self._visits():
            self._prepare(visit, at)
        if self._arrived_before(day):
            self._answer([item.id for item in self._items() if item.due_offset >= 0], at)

    def _arrived_before(self, day: date) -> bool:
        """Whether the crate came on an earlier day and nobody has said yet how it did."""
        came = next((one for one in self.project.milestones if one.kind is MilestoneKind.DELIVERED), None)
        if self.received or came is None or came.finished_on is None or came.finished_on >= day:
            return False
        self.received = True
        return True

    def _start_what_can(self, at: datetime) -> None:
        day = day_at(at, self.place.zone)
        for one in list(self.project.milestones):
            is_due = one.workdays > 0 and one.state is MilestoneState.PLANNED and (one.start_on or day) <= day
            if is_due and self._may_go_on(one, at):
                self.project = milestones.start(
                    self.project.id, one.id, on=day, actor_id=self.concierge_id, at=at
                )
                last = add_workdays(self.calendar, day, one.workdays - 1) if one.workdays > 1 else day
                late = self.story.late_steps.get(one.key, 0)
                self.ends[one.id] = add_workdays(self.calendar, last, late) if late else last
                self.due[one.id] = last

    def _finish_what_is_due(self, at: datetime) -> None:
        day = day_at(at, self.place.zone)
        for one in list(self.project.milestones):
            moment = (
                one.workdays == 0 and one.state is MilestoneState.PLANNED and (one.start_on or day) <= day
            )
            worked = one.state is MilestoneState.STARTED and self.ends.get(one.id, day) <= day
            if (moment or worked) and self._may_go_on(one, at):
                self.project = milestones.finish(
                    self.project.id, one.id, on=day, actor_id=self.concierge_id, at=at
                )
                self._say_why_late(one, day, at)
                if one.kind is MilestoneKind.INSTALLED:
                    fieldwork.hand_over(self.project, one.order_line_id, at=at, on=day)

    def _say_why_late(self, one: Milestone, day: date, at: datetime) -> None:
        """Whose the days were by which a milestone took longer, where somebody knows."""
        late, due = self.story.late_why.get(one.key), self.due.get(one.id, day)
        if late is None or day <= due:
            return
        ours = one.team if late.party is Party.US else None
        delays.enter(
            self.project.id,
            milestone_id=one.id,
            party=late.party,
            team=ours,
            cause=late.cause,
            first_on=due,
            last_on=day,
            reason=late.words,
            actor_id=self.concierge_id,
            at=at,
        )

    def _may_go_on(self, one: Milestone, at: datetime) -> bool:
        """Whether what it waits for is done and its gate is open; opens the gate where the story does."""
        done = {other.id for other in self.project.milestones if other.state is MilestoneState.DONE}
        if any(link.predecessor_id not in done for link in one.links):
            return False
        if one.kind not in GATED:
            return True
        kind = GATED[one.kind]
        gate = next(gate for gate in self.project.gates if gate.kind is kind)
        if gate.state is GateState.HELD and self.story.override and kind is GateKind.SHIP:
            self.project = gates.override(
                self.project.id, kind, reason=self.story.override, actor_id=self.company.manager_id, at=at
            )
            return True
        if gate.state is GateState.HELD and self.story.answers >= 0.6 and self.story.delivery <= 4:
            self._answer_what_holds(kind, at)
            gate = next(gate for gate in self.project.gates if gate.kind is kind)
        return gate.state is not GateState.HELD

    def _meet_trouble(self, at: datetime) -> None:
        trouble = self.story.trouble
        one = next((m for m in self.project.milestones if trouble and m.key == trouble.step), None)
        if (
            trouble is None
            or one is None
            or one.state not in {MilestoneState.PLANNED, MilestoneState.STARTED}
        ):
            return
        self.troubled = True
        self.project = milestones.block(
            self.project.id,
            one.id,
            cause=trouble.cause,
            reason=trouble.words,
            actor_id=self.concierge_id,
            at=at,
        )
        self._show_trouble(one, trouble.says, at)

    def _show_trouble(self, one: Milestone, says: str, at: datetime) -> None:
        """What shows the delay that a block wrote, and what the customer says to it."""
        told = lost_days.latest_events(self.project.id, most=20)
        block = next((row.id for row in told if row.name == "MilestoneBlocked"), None)
        for delay in lost_days.open_delays(self.project.id, milestone_id=one.id):
            if block is not None:
                delays.link_event(delay.id, event_id=block, actor_id=self.concierge_id, at=at)
            if says:
                delays.comment(
                    delay.id,
                    party=Party.CUSTOMER,
                    name=self.customer.people[0].name,
                    text=says,
                    actor_id=self.concierge_id,
                    at=at,
                )

    def _move(self, at: datetime) -> None:
        self.moved = True
        if self.story.moved is None:
            return
        key, days, reason = self.story.moved
        one = next(milestone for milestone in self.project.milestones if milestone.key == key)
        if one.state is not MilestoneState.PLANNED or one.start_on is None:
            return
        rescheduling.move_milestone(
            self.project.id,
            one.id,
            to=next_workday(self.calendar, one.start_on + timedelta(days=days)),
            reason=reason,
            actor_id=self.concierge_id,
            at=at,
        )
        self._send_checklist(at)

    def _cancel(self, at: datetime) -> None:
        reason = self.story.cancelled[1] if self.story.cancelled else ""
        self.project = proposals.cancel(
            self.project.id, reason=reason, actor_id=self.company.manager_id, at=at
        )

    def _arrange_call(self, at: datetime) -> None:
        """A call in the site's own day, so that every day has something to show in several zones."""
        if self.story.call_today is None:
            return
        starts = datetime.combine(next_workday(self.calendar, self.today), self.story.call_today)
        visit = arranging.plan_visit(
            self.project,
            kind=VisitKind.REMOTE_CALL,
            title="Readiness call",
            starts_local=starts,
            ends_local=starts + timedelta(minutes=45),
            site=self.project.site,
            crew=1,
            at=at,
            actor_id=self.concierge_id,
        )
        self._visits()
        if self.visits is not None and visit not in self.visits:
            self.visits.append(visit)
        self._send(visit, at)
        if visit.crew_members:
            progress.confirm(visit, conflict_reason=AGREED, at=at, actor_id=self.company.dispatcher_id)

    def _take_in_latest(self, at: datetime) -> None:
        """What the customer's system sent yesterday, for a person to decide."""
        issued_on = day_at(at, self.place.zone)
        if self.story.change:
            days, note = self.story.change
            asked = self.today + timedelta(days=days)
            paper = self._paper(
                f"{self.order_number}-C1",
                issued_on,
                asked=(asked, asked + timedelta(days=4)),
                note=note,
                about=self.order_number,
            )
            self._import(documents.change_xml(paper, sequence=1), f"{paper.number}.xml", at)
        if self.story.cancellation:
            paper = self._paper(
                f"{self.order_number}-X",
                issued_on,
                asked=None,
                note=self.story.cancellation,
                about=self.order_number,
            )
            self._import(documents.cancellation_xml(paper), f"{paper.number}.xml", at)

    # ------------------------------------------------------------------ the checklist

    def _items(self) -> list[ReadinessItem]:
        """The checklist's items; the rows are loaded once and change in place."""
        if self.items is None:
            checklist = readiness.checklist_of(self.project.id)
            asked = checklist.items if checklist else ()
            self.items = [item for item in asked if item.type is not ItemType.INFO]
        return self.items

    def _answer_days(self, approved_on: date) -> dict[date, list[int]]:
        """Which items are answered on which day: the share the story says, spread over the time there was."""
        items = sorted(self._items(), key=lambda item: (item.due_on, item.position))
        items = [item for item in items if item.due_offset < 0]
        chosen = items[: round(len(items) * min(1.0, self.story.answers))]
        if self.story.delivery <= 4:
            wanted = [item for item in items if item.gate is not None or item.position % 3 == 0]
            chosen = wanted if self.story.answers >= 0.6 and not self.story.override else chosen
        delivery = self.today + timedelta(days=self.story.delivery)
        first = approved_on + timedelta(days=3)
        last = min(self.today, delivery - timedelta(days=12))
        length = max(1, (last - first).days)
        days: dict[date, list[int]] = {}
        for place, item in enumerate(chosen):
            wished = first + timedelta(days=round(length * (place // 4 * 4) / max(1, len(chosen))))
            day = previous_workday(self.calendar, max(first, min(wished, last)))
            days.setdefault(max(day, next_workday(self.calendar, approved_on)), []).append(item.id)
        return days

    def _send_checklist(self, at: datetime) -> None:
        """A checklist of long ago has reached the customer; a recent one still goes out by itself."""
        checklist = readiness.checklist_of(self.project.id)
        if checklist is not None and at < self.company.now - LATELY:
            note_sent(checklist, contact_id=self.project.contact_id, at=at)
            printed = readiness.project_of(checklist)
            for channel in (ShownOn.MAIL, ShownOn.PDF):
                note_shown(
                    printed,
                    filling.dates_shown(checklist, printed),
                    shown_on=channel,
                    reference=printed.contact.email if printed.contact else "",
                    at=at,
                    by_id=None,
                )

    def _answer(self, item_ids: list[int], at: datetime) -> None:
        for item in self._items():
            if item.id in item_ids and item.is_asked and item.state is ItemState.OPEN:
                self._answer_one(item, at)

    def _answer_what_holds(self, kind: GateKind, at: datetime) -> None:
        for item in self._items():
            if item.gate is not kind or not item.is_asked or item.is_cleared:
                continue
            if item.state is ItemState.OPEN:
                self._answer_one(item, at)
            elif item.reviewer is not None and item.verdict is Verdict.OK and not item.lacks_evidence:
                accept_item(item, at=at, actor_id=self.concierge_id)

    def _answer_one(self, item: ReadinessItem, at: datetime) -> None:
        wrong = item.key == self.story.out_of_range
        for name, data in answers.evidence_for(item, self.place, at):
            attach_file(item, name=name, data=data, at=at, by=Answerer(user_id=self.concierge_id))
        if item.state is ItemState.OPEN:
            typed = answers.answer_for(item, self.customer, self.place, wrong=wrong)
            comment = answers.comment_for(item, wrong=wrong)
            by = Answerer(user_id=self.concierge_id)
            answer_item(item, typed=typed, comment=comment, at=at, by=by)
        if wrong or item.lacks_evidence or item.state is ItemState.ACCEPTED:
            return
        if item.verdict is Verdict.OK and self._is_looked_at(item):
            accept_item(item, at=at, actor_id=self.concierge_id)

    def _is_looked_at(self, item: ReadinessItem) -> bool:
        """Whether one of ours looks at an answer as it comes: mostly where that is due, else now and then."""
        is_soon = self.story.delivery <= 4
        if item.reviewer is not None:
            return is_soon or item.position % 5 != 2
        return item.position % 9 == 4 and not is_soon

    # ------------------------------------------------------------------ the visits

    def _visits(self) -> list[Visit]:
        """Visits that have not ended, earliest first; the rows are loaded once and change in place."""
        if self.visits is None:
            self.visits = list(
                db.session.scalars(
                    sa.select(Visit)
                    .where(Visit.project_id == self.project.id)
                    .options(joinedload(Visit.site), selectinload(Visit.crew_members))
                )
            )
        open_ones = [one for one in self.visits if one.state in COMING or one.state is VisitState.IN_PROGRESS]
        return sorted(open_ones, key=lambda one: (one.starts_at, one.id))

    def _prepare(self, visit: Visit, at: datetime) -> None:
        """Send people in time, confirm, decide what a moved plan asked."""
        act = {"at": at, "actor_id": self.company.dispatcher_id}
        is_recent = at > self.company.now - timedelta(days=3)
        if visit.needs_decision and visit.proposed_local and not is_recent:
            try:
                arranging.follow_proposal(
                    visit,
                    site=visit.site,
                    calendar=self.calendar,
                    conflict_reason=AGREED,
                    **act,  # type: ignore[arg-type]  # at and actor_id
                )
            except Refused:
                return
            self._hand_on(visit, at)
        ahead = visit.starts_at - at
        if (
            visit.state in FOLLOWING_THE_PLAN
            and ahead < BOOKED_AHEAD
            and visit.crew
            and not visit.crew_members
        ):
            self._send(visit, at)
        staffed = not visit.crew or len(visit.crew_members) >= visit.crew
        if visit.state in FOLLOWING_THE_PLAN and ahead < CONFIRMED_AHEAD and staffed:
            with suppress(Conflicting):  # a certification runs out first
                progress.confirm(visit, conflict_reason=AGREED, **act)  # type: ignore[arg-type]  # at and actor_id
        elif (
            is_recent
            and visit.state is VisitState.CONFIRMED
            and ahead < timedelta(days=12)
            and visit.crew_members
        ):
            progress.accept(visit, at=at, actor_id=visit.crew_members[0].user_id)

    def _send(self, visit: Visit, at: datetime) -> None:
        """The nearest people who are certified and free; nobody, when there are too few."""
        free = [
            one for one in self._nearest() if _holds(one, visit.skill) and self._is_free(one.user_id, visit)
        ]
        found = feasibility.candidates(
            visit.site,
            Span(visit.starts_at, visit.ends_at),
            skill=visit.skill,
            is_remote=visit.kind is VisitKind.REMOTE_CALL,
            user_ids=[one.user_id for one in free],
            except_visit_id=visit.id,
        )
        broken = {int(one.person.key): {each.rule for each in one.against} for one in found}
        for bent in (
            frozenset(),
            _BENT,
        ):  # who breaks no rule goes first, then who works longer or travels hard
            able = [one.user_id for one in free if broken[one.user_id] <= bent]
            if len(able) < visit.crew:
                continue
            ids = able[: visit.crew]
            with suppress(Refused):
                arranging.assign_technicians(
                    visit,
                    technician_ids=ids,
                    site=visit.site,
                    conflict_reason=AGREED,
                    at=at,
                    actor_id=self.company.dispatcher_id,
                )
                db.session.refresh(visit, ["crew_members"])
                for user_id in ids:
                    self.company.sent.setdefault(user_id, []).append(visit)
            return

    def _hand_on(self, visit: Visit, at: datetime) -> None:
        """Let others do what somebody can no longer do, because another visit of theirs is then by now."""
        before = set(visit.technician_ids)
        staying = [user_id for user_id in visit.technician_ids if self._is_free(user_id, visit)]
        if len(staying) == len(before):
            return
        dispatching.hand_on(visit, staying, at=at, dispatcher_id=self.company.dispatcher_id)
        for user_id in before.difference(visit.technician_ids):
            self.company.sent[user_id].remove(visit)
        for user_id in set(visit.technician_ids).difference(before):
            self.company.sent.setdefault(user_id, []).append(visit)

    def _is_free(self, user_id: int, visit: Visit) -> bool:
        """Whether nobody else needs them then, as far as is remembered; the action checks it for good."""
        return not any(
            other.starts_at < visit.ends_at and visit.starts_at < other.ends_at
            for other in self.company.sent.get(user_id, ())
            if other is not visit and other.state is not VisitState.CANCELLED
        )

    def _nearest(self) -> list[Technician]:
        region = _region(self.place.country)

        def distance(one: Technician) -> tuple[int, int, int]:
            return (
                one.country != self.place.country or one.subdivision != self.place.subdivision,
                one.country != self.place.country,
                one.id,
            )

        return sorted(
            (one for one in self.company.technicians if _region(one.country) == region), key=distance
        )

    def _visits_of(self, day: date) -> Iterator[_Deed]:
        """People set out, begin and end at the times of their visits."""
        start_of_day = self._moment(day, 0, 0)
        end_of_day = self._moment(day + timedelta(days=1), 0, 0)
        for visit in self._visits():
            if start_of_day <= visit.starts_at < end_of_day:
                is_recent = start_of_day > self.company.now - LATELY
                if is_recent and visit.kind is not VisitKind.REMOTE_CALL and visit.crew_members:
                    yield visit.starts_at - timedelta(minutes=40), partial(self._set_out, visit)
                yield visit.starts_at, partial(self._begin, visit)
                if self._is_told(visit):
                    yield visit.starts_at + timedelta(minutes=110), partial(self._work, visit)
            if start_of_day < visit.ends_at < end_of_day:
                yield visit.ends_at, partial(self._end, visit)

    def _set_out(self, visit: Visit, at: datetime) -> None:
        if visit.state in _SURE and self._can_begin(visit):
            progress.set_out(visit, at=at, actor_id=self._who(visit))

    def _begin(self, visit: Visit, at: datetime) -> None:
        if visit.state in _SURE | {VisitState.ON_ROUTE} and self._can_begin(visit):
            with suppress(Refused):
                progress.start(visit, at=at, actor_id=self._who(visit))

    def _end(self, visit: Visit, at: datetime) -> None:
        if visit.state is not VisitState.IN_PROGRESS:
            return
        is_recent = visit.ends_at > self.company.now - LATELY  # what was open longer ago has been done since
        is_complete = self.random.random() > 0.02 or not is_recent
        note = "" if is_complete else "The last check has to be repeated."
        if self._is_told(visit):
            fieldwork.end_work(visit, is_complete=is_complete, note=note, at=at)
            self.project = projects.project_for_change(self.project.id)
        if visit.state is VisitState.IN_PROGRESS:
            progress.finish(visit, is_complete=is_complete, note=note, at=at, actor_id=self._who(visit))

    def _work(self, visit: Visit, at: datetime) -> None:
        if visit.state is VisitState.IN_PROGRESS:
            fieldwork.begin_work(visit, at=at)
            self.project = projects.project_for_change(self.project.id)

    def _is_told(self, visit: Visit) -> bool:
        """Whether somebody with a phone enters there what they do."""
        is_there = (
            visit.kind is not VisitKind.REMOTE_CALL and visit.starts_at > self.company.now - fieldwork.SINCE
        )
        return is_there and any(one.user_id in self.company.phones for one in visit.crew_members)

    def _who(self, visit: Visit) -> int:
        return visit.crew_members[0].user_id if visit.crew_members else self.company.dispatcher_id

    def _can_begin(self, visit: Visit) -> bool:
        one = next((m for m in self.project.milestones if m.id == visit.milestone_id), None)
        if one is None:
            return True
        return one.state in {MilestoneState.STARTED, MilestoneState.DONE} and not visit.needs_decision

    def _moment(self, day: date, hour: int, minute: int) -> datetime:
        return datetime.combine(day, time(hour, minute), tzinfo=self.zone)


def _holds(technician: Technician, skill: str) -> bool:
    return not skill or any(one.code == skill for one in technician.skills)


def _region(country: str) -> str:
    if country in {"CH", "DE", "FR", "GB", "SE"}:
        return "Europe"
    return "America" if country == "US" else "Asia-Pacific"
