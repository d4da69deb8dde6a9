"""What is done on the board: moving visits and who goes, booking work, swapping, and putting work back."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from concierge.catalogue.states import VisitKind
from concierge.core.spans import Span
from concierge.dispatch import forms, queries, words
from concierge.dispatch.plan import begun, look_of, moved
from concierge.dispatch.views.blueprint import Page, bp, look_from_address
from concierge.identity import queries as people
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, undo
from concierge.platform.clashes import meet
from concierge.platform.database import clean
from concierge.platform.errors import Refused
from concierge.platform.previews import Other, carry_out, foreseen
from concierge.platform.uids import fresh_uid
from concierge.platform.web import show_again
from concierge.platform.words import called, day, listed, localized, span
from concierge.projects import calendars
from concierge.projects.actions import gates
from concierge.projects.models import Milestone, Project
from concierge.visits import feasibility
from concierge.visits import queries as visits
from concierge.visits import words as rules
from concierge.visits.actions import arranging, bridging, checks, progress
from concierge.visits.clocks import wall_time
from concierge.visits.forms import choices
from concierge.visits.models import Visit, WorkOrder
from concierge.visits.states import WorkOrderState
from concierge.visits.views.editing import times_of
from concierge.workforce import queries as workforce

LOOK_AHEAD = timedelta(days=42)
"""How far ahead free times are looked for."""


@bp.route("/dispatch/visits/<int:visit_id>", methods=["GET", "POST"])
@requires(Permission.SCHEDULE_VISITS)
def visit(visit_id: int) -> Page:
    """Move a visit to another time or other people; the form that does what dragging does."""
    found = visits.visit_for(viewer(), visit_id)
    if found.state not in arranging.MOVABLE:
        return redirect(url_for("visits.visit", visit_id=visit_id), code=303)
    form = _form_of(found)
    if not form.is_submitted():
        form.load(found.version)
        return _visit_page(form, found)
    return _arrange(form, found)


@bp.post("/dispatch/visits/<int:visit_id>/drop")
@requires(Permission.SCHEDULE_VISITS)
def drop_visit(visit_id: int) -> Page:
    """Move a visit by half days or minutes, or from one person to another: what a drag or an arrow key asks for."""
    found = visits.visit_for(viewer(), visit_id)
    if found.state not in arranging.MOVABLE:
        raise checks.NotNow(_("This visit is under way or over. It stays where it was."))
    drop = forms.Drop()
    if not drop.validate_on_submit():
        raise Refused(_("That place is not on the board. Move the visit with its form instead."))
    was_starts, was_ends, was_who = _was(drop.was.data or "", found)
    starts, ends = moved(
        was_starts,
        was_ends,
        calendars.site_place(found.site),
        halves=drop.halves.data or 0,
        minutes=drop.minutes.data or 0,
    )
    who = {user_id for user_id in was_who if user_id != drop.off.data}
    who |= {drop.on.data} if drop.on.data else set()
    before = _form(
        found.site.zone, {**_times(was_starts, was_ends, found.fold), "technicians": list(was_who)}
    )
    before.load(int(drop.version.data or 0))
    sent = _sent(starts, ends, found.fold, who)
    sent["version"], sent["loaded"] = drop.version.data, before.loaded.data
    form = _form(found.site.zone, None, MultiDict(sent))
    _offer(form, found)
    return _arrange(form, found)


@bp.route("/dispatch/work-orders/<int:work_order_id>", methods=["GET", "POST"])
@requires(Permission.SCHEDULE_VISITS)
def work(work_order_id: int) -> Page:
    """Book a visit for work that has none: who can go in words, and free times."""
    found = queries.work_for(viewer(), work_order_id)
    form = forms.Book(data={**_first_time(found), "token": fresh_uid(at=clock.now())})
    form.zone = found.site.zone
    times = _look(form, found, minutes=found.minutes)
    _offer(form, found)
    if not form.is_submitted() or times is not None:
        return _work_page(form, found, times)
    return _book(form, found)


@bp.post("/dispatch/work-orders/<int:work_order_id>/drop")
@requires(Permission.SCHEDULE_VISITS)
def drop_work(work_order_id: int) -> Page:
    """Book work of the tray where it was put: on a person, from a half of a day on."""
    found = queries.work_for(viewer(), work_order_id)
    drop = forms.DropWork()
    if not drop.validate_on_submit() or (day := _day(drop.day.data)) is None:
        raise Refused(_("That place is not on the board. Book the visit with its form instead."))
    place = calendars.site_place(found.site)
    starts, ends = begun(day, drop.half.data or 0, found.minutes, place)
    sent = _sent(starts, ends, 0, [drop.on.data] if drop.on.data else [])
    form = forms.Book(formdata=MultiDict({**sent, "token": fresh_uid(at=clock.now())}))
    form.zone = found.site.zone
    _offer(form, found)
    return _book(form, found)


@bp.route("/dispatch/visits/<int:visit_id>/swap", methods=["GET", "POST"])
@requires(Permission.SCHEDULE_VISITS)
def swap(visit_id: int) -> Page:
    """Let two people take each other's visit."""
    found = visits.visit_for(viewer(), visit_id)
    checks.expect_state(found, arranging.MOVABLE)
    form = forms.Swap()
    others = {one.id: one for one in queries.swappable(viewer(), found)}
    form.theirs.choices = choices(_swaps(found, others.values()))
    page = {"visit": found, "query": _query(), "back": _back()}
    if not form.is_submitted():
        form.version.data = str(found.version)
        return render_template("dispatch/swap.html", form=form, **page)
    if not form.validate():
        return show_again("dispatch/swap.html", form, **page)
    mine, other_id, theirs = (int(part) for part in (form.theirs.data or "").split("-"))
    other = others[other_id]

    def act() -> None:
        first, second = (visits.visit_for_change(one) for one in sorted((found.id, other_id)))
        here, there = (first, second) if first.id == found.id else (second, first)
        checks.expect_version(here, _version(form.version.data))
        arranging.assign_together(
            {
                here: _instead(here.technician_ids, mine, theirs),
                there: _instead(there.technician_ids, theirs, mine),
            },
            conflict_reason=form.conflict_reason.data or "",
            at=at,
            actor_id=actor_id,
        )

    actor_id, at = viewer().user_id, clock.now()
    try:
        done = carry_out(
            act,
            project_id=found.project_id,
            actor_id=actor_id,
            at=at,
            needs=Permission.SCHEDULE_VISITS.value,
            title=_("Swap who goes to %(one)s and to %(other)s", one=found.title, other=other.title),
            verb=_("Swap"),
            back=_back(),
        )
    except checks.Conflicting as refusal:
        form.conflict_reason.errors = [refusal.sentence]
        return show_again("dispatch/swap.html", form, **page)
    return _after(done, _("They have swapped."))


@bp.route("/dispatch/visits/<int:visit_id>/tray", methods=["GET", "POST"])
@requires(Permission.SCHEDULE_VISITS)
def unschedule(visit_id: int) -> Page:
    """Put the work of a visit back among what nobody does yet; the visit is called off."""
    found = visits.visit_for(viewer(), visit_id)
    checks.expect_state(found, arranging.MOVABLE)
    form = forms.Unschedule()
    page = {"visit": found, "query": _query(), "back": _back()}
    if not form.is_submitted():
        form.version.data = str(found.version)
        return render_template("dispatch/unschedule.html", form=form, **page)
    if not form.validate():
        return show_again("dispatch/unschedule.html", form, **page)
    actor_id, at = viewer().user_id, clock.now()

    def act() -> None:
        own = visits.visit_for_change(visit_id)
        if own.work_order_id is None:
            raise Refused(_("This visit belongs to no work order. Cancel it on its own page instead."))
        progress.cancel(
            own, reason=form.reason.data or "", version=_version(form.version.data), at=at, actor_id=actor_id
        )

    done = carry_out(
        act,
        project_id=found.project_id,
        actor_id=actor_id,
        at=at,
        needs=Permission.SCHEDULE_VISITS.value,
        title=_("Put %(visit)s back among what has nobody", visit=found.title),
        verb=_("Put it back"),
        back=_back(),
    )
    return _after(done, _("The work waits for somebody again."))


def _arrange(form: forms.Arrange, found: Visit) -> Page:
    """Do what a form about a visit says, whether it was filled in or stands for a drag."""
    times = _look(form, found)
    if times is not None:
        _offer(form, found)
        return _visit_page(form, found, times=times)
    if not form.validate():
        return _visit_page(form, found, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    by = people.last_change(project_id=found.project_id, visit_id=found.id)
    theirs = _form(found.site.zone, _as_it_is(found))
    _offer(theirs, found)
    if met := meet(form, theirs, version=found.version, by=by, zone=viewer().zone):
        return _visit_page(form, found, met=met, status=HTTPStatus.CONFLICT)
    actor_id, at = viewer().user_id, clock.now()
    goes_along = bool(request.form.get("along"))
    move = _rearrange_along if goes_along else _rearrange
    title = called(found)
    try:
        other = None if goes_along or request.form.get("agreed") else _along_with(form, found)
        done = carry_out(
            lambda: move(form, found, actor_id=actor_id, at=at),
            project_id=found.project_id,
            actor_id=actor_id,
            at=at,
            needs=Permission.SCHEDULE_VISITS.value,
            title=_("Move the visit %(title)s and its milestone", title=title)
            if goes_along
            else _("Move the visit %(title)s", title=title),
            verb=_("Move it"),
            back=_back(),
            ask=True if goes_along or other else None,
            other=other,
        )
    except checks.Conflicting as refusal:
        form.conflict_reason.errors = [refusal.sentence]
        return _visit_page(form, found, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _after(
        done, _("The visit has moved, and the plan with it.") if goes_along else _("The visit has moved.")
    )


def _along_with(form: forms.Arrange, found: Visit) -> Other | None:
    """What moving the plan along with a visit would do; None where it stays within its milestone."""
    actor_id, at = viewer().user_id, clock.now()
    return _along(
        form,
        found.milestone,
        found.project,
        lambda: _rearrange_along(form, found, reason=_("to see what it does"), actor_id=actor_id, at=at),
        verb=_("See what moving the visit and “%(name)s” does", name=_name_of(found.milestone)),
    )


def _along(
    form: forms.Arrange | forms.Book,
    milestone: Milestone | None,
    project: Project,
    do: Callable[[], object],
    *,
    verb: str,
) -> Other | None:
    """What moving the plan along would do, for a visit that lies outside of its milestone; else None.

    :param project: with its gates.
    :param do: the act that moves both.
    """
    if not bridging.leaves(milestone, starts_local=form.starts_local, ends_local=form.ends_local):
        return None
    name, title = _name_of(milestone), _("Move the plan along?")
    outside = _("The visit would lie outside of “%(name)s”.", name=name)
    try:
        seen = foreseen(do, project_id=project.id, at=clock.now())
    except checks.Conflicting:
        return None  # said of the visit alone
    except Refused as refusal:
        return Other(title, f"{outside} {refusal.sentence}")
    if not seen.moved:  # it begins when it did, and only ends later
        return Other(name, outside)
    if seen.handover_before == seen.handover_after:
        follows = _("Moving that along: handover stays on %(day)s.", day=day(seen.handover_after))
    else:
        before, after = day(seen.handover_before), day(seen.handover_after)
        follows = _(
            "Moving that along: handover moves from %(before)s to %(after)s.", before=before, after=after
        )
    return Other(
        title,
        f"{outside} {follows}",
        field="along",
        verb=verb,
        asks=_("Why the plan moves, though its dates are settled")
        if gates.settled_since(project.gates) is not None
        else "",
    )


def _name_of(milestone: Milestone | None) -> str:
    return localized(milestone.name) if milestone is not None else ""


def _why_plan_moves() -> str:
    return clean(request.form.get("plan_reason", "")[:500], lines=True)


def _rearrange_along(
    form: forms.Arrange, found: Visit, *, reason: str = "", actor_id: int, at: datetime
) -> None:
    bridging.move_with_plan(
        found.id,
        starts_local=form.starts_local,
        ends_local=form.ends_local,
        fold=form.fold if form.asks_for_hour else 0,
        technician_ids=forms.chosen(form),
        conflict_reason=form.conflict_reason.data or "",
        reason=reason or _why_plan_moves(),
        version=found.version,
        at=at,
        actor_id=actor_id,
    )


def _rearrange(form: forms.Arrange, found: Visit, *, actor_id: int, at: datetime) -> None:
    own = visits.visit_for_change(found.id)
    arranging.rearrange(
        own,
        site=own.site,
        title=own.title,
        kind=own.kind,
        milestone_id=own.milestone_id,
        skill=own.skill,
        crew=own.crew,
        note=own.note,
        starts_local=form.starts_local,
        ends_local=form.ends_local,
        fold=form.fold if form.asks_for_hour else 0,
        technician_ids=forms.chosen(form),
        conflict_reason=form.conflict_reason.data or "",
        version=found.version,
        at=at,
        actor_id=actor_id,
    )


def _book(form: forms.Book, found: WorkOrder) -> Page:
    if not form.validate():
        return _work_page(form, found, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    actor_id, at = viewer().user_id, clock.now()
    goes_along = bool(request.form.get("along"))

    def act() -> None:
        own = queries.work_for(viewer(), found.id)
        if queries.has_visit_to_come(own, but_uid=form.token.data or ""):
            raise checks.NotNow(_("Somebody has booked a visit for it meanwhile. Open the board again."))
        arranging.plan_visit(
            own.project,
            kind=own.kind,
            title=own.title,
            titles=own.titles,
            starts_local=form.starts_local,
            ends_local=form.ends_local,
            site=own.site,
            milestone=own.milestone,
            work_order=own,
            fold=form.fold if form.asks_for_hour else 0,
            skill=own.skill,
            level=own.level,
            crew=own.crew,
            technician_ids=forms.chosen(form),
            conflict_reason=form.conflict_reason.data or "",
            note=own.note,
            uid=form.token.data or "",
            at=at,
            actor_id=actor_id,
        )

    def along(reason: str = "") -> None:
        starts_on, milestone = form.starts_local.date(), queries.work_for(viewer(), found.id).milestone
        if milestone is not None:
            reason = reason or _why_plan_moves()
            bridging.bring(milestone, to=starts_on, by=starts_on, reason=reason, at=at, actor_id=actor_id)
        act()

    title = localized(found.titles) or found.title
    try:
        other = None
        if not goes_along and not request.form.get("agreed"):
            other = _along(
                form,
                found.milestone,
                found.project,
                lambda: along(_("to see what it does")),
                verb=_("See what booking it and moving “%(name)s” does", name=_name_of(found.milestone)),
            )
        done = carry_out(
            along if goes_along else act,
            project_id=found.project_id,
            actor_id=actor_id,
            at=at,
            needs=Permission.SCHEDULE_VISITS.value,
            title=_("Book a visit: %(title)s, and move its milestone", title=title)
            if goes_along
            else _("Book a visit: %(title)s", title=title),
            verb=_("Book it"),
            back=_back(),
            ask=True if goes_along or other else None,
            other=other,
        )
    except checks.Conflicting as refusal:
        form.conflict_reason.errors = [refusal.sentence]
        return _work_page(form, found, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _after(
        done,
        _("The visit is booked, tentatively, and the plan has moved with it.")
        if goes_along
        else _("The visit is booked, tentatively."),
    )


def _after(done: undo.Act | tuple[str, int], sentence: str) -> Page:
    """Go back to the board with a way to take it back; or show what would follow."""
    if not isinstance(done, undo.Act):
        return done
    if done.differences:
        undo.tell(done, sentence)
    else:
        flash(_("Nothing has changed."))
    return redirect(_back(), code=303)


# ------------------------------------------------------------ pages


def _visit_page(
    form: forms.Arrange,
    found: Visit,
    *,
    met: Any = None,  # Any: what two people changed
    times: Sequence[tuple[str, str, str]] | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Page:
    page = render_template(
        "dispatch/visit.html",
        form=form,
        visit=found,
        met=met,
        times=times,
        warnings=_warnings(form, found),
        yours=_yours(found),
        state=words.looks()[look_of(found)],
        query=_query(),
        back=_back(),
        action=url_for("dispatch.visit", visit_id=found.id, **_query()),
    )
    return page, status


def _work_page(
    form: forms.Book,
    found: WorkOrder,
    times: Sequence[tuple[str, str, str]] | None = None,
    *,
    status: HTTPStatus = HTTPStatus.OK,
) -> Page:
    if found.state is not WorkOrderState.OPEN:
        raise Refused(_("This work is done or cancelled. The board shows what is open."))
    (one,) = queries.tray(viewer(), at=clock.now(), keys={f"w{found.id}"}) or (None,)
    page = render_template(
        "dispatch/work.html",
        form=form,
        work=found,
        one=one,
        lasts=words.lasts(found.minutes),
        needs=words.needs(one) if one else "",
        due=words.due(one, clock.today(viewer().zone)) if one else ("", "idle"),
        times=times,
        query=_query(),
        back=_back(),
        action=url_for("dispatch.work", work_order_id=found.id, **_query()),
    )
    return page, status


def _warnings(form: forms.Arrange, found: Visit) -> list[tuple[bool, str]]:
    """What stands against the visit as the form has it; whether it needs a reason, and a sentence."""
    if form.start_on.errors or form.start_time.errors or form.end_time.errors or form.end_on.errors:
        return []
    try:
        when = form.when
    except Refused:
        return []
    against = feasibility.conflicts(
        feasibility.wanted_of(
            found, starts_at=when.starts_at, ends_at=when.ends_at, user_ids=forms.chosen(form)
        )
    )
    unsettled = set(feasibility.unsettled(against, visit_id=found.id))
    with_day = form.starts_local.date() != form.ends_local.date()
    return [(one in unsettled, rules.sentence(one, with_day=with_day)) for one in against]


def _yours(found: Visit) -> str:
    """When the visit is by the reader's clock; empty when it is the same there."""
    zone = viewer().zone
    starts, ends = wall_time(found.starts_at, zone), wall_time(found.ends_at, zone)
    return "" if starts == found.starts_local else span(starts, ends)


# ------------------------------------------------------------ forms


def _form_of(found: Visit) -> forms.Arrange:
    form = forms.Arrange(data=_as_it_is(found))
    form.zone = found.zone
    _offer(form, found)
    return form


def _form(
    zone: str, data: Mapping[str, Any] | None, sent: Any = None
) -> forms.Arrange:  # Any: as forms take it
    form = forms.Arrange(formdata=sent, data=data)
    form.zone = zone
    return form


def _as_it_is(found: Visit) -> dict[str, Any]:  # Any: values of fields
    return {**times_of(found), "technicians": list(found.technician_ids)}


def _times(starts: datetime, ends: datetime, fold: int) -> dict[str, Any]:  # Any: values of fields
    return {
        "start_on": starts.date(),
        "start_time": starts.time(),
        "end_on": None if starts.date() == ends.date() else ends.date(),
        "end_time": ends.time(),
        "later_hour": bool(fold),
    }


def _sent(starts: datetime, ends: datetime, fold: int, who: Collection[int]) -> MultiDict[str, Any]:
    """The same as a browser would send it. Any: texts, and lists of them."""
    found: MultiDict[str, Any] = MultiDict(request.form)
    for name in ("halves", "minutes", "off", "on", "was", "day", "half"):
        found.pop(name, None)
    found["start_on"], found["start_time"] = starts.date().isoformat(), f"{starts:%H:%M}"
    found["end_on"] = "" if starts.date() == ends.date() else ends.date().isoformat()
    found["end_time"] = f"{ends:%H:%M}"
    if fold:
        found["later_hour"] = "y"
    found.poplist("technicians")
    for user_id in sorted(who):
        found.add("technicians", str(user_id))
    return found


def _was(text: str, found: Visit) -> tuple[datetime, datetime, tuple[int, ...]]:
    """Where the bar was when it was taken; what cannot be read is as the visit is now."""
    try:
        starts, ends, who = text.split("/")
        ids = tuple(int(one) for one in who.split(",") if one)
        return datetime.fromisoformat(starts), datetime.fromisoformat(ends), ids
    except ValueError:
        return found.starts_local, found.ends_local, found.technician_ids


def _first_time(found: WorkOrder) -> dict[str, Any]:  # Any: values of fields
    """When the work could begin: with its milestone, else on the next day on which the site is open."""
    place = calendars.site_place(found.site)
    today = clock.today(found.site.zone)
    planned = found.milestone.start_on if found.milestone else None
    day = max(planned or today, today + timedelta(days=1))
    day = next((on for on in (day + timedelta(days=n) for n in range(30)) if place.planned_on(on)), day)
    starts, ends = begun(day, 0, found.minutes, place)
    return _times(starts, ends, 0)


def _look(
    form: forms.Arrange, of: Visit | WorkOrder, *, minutes: int = 0
) -> Sequence[tuple[str, str, str]] | None:
    """What somebody asks for before anything is saved: who can go then, or when; None when they save.

    :param minutes: how long it takes; 0: as long as the form says.
    """
    asked = request.form.get("look", "")
    if not asked or not form.is_submitted():
        return None
    if asked not in {"who", "when"}:
        _take_slot(form, asked)
        return ()
    try:
        when = form.when
    except Refused:
        return ()
    if asked == "who":
        return ()
    span_of = Span(when.starts_at, when.ends_at)
    names = {str(each.user_id): each.user.name for each in workforce.technicians()}
    slots = feasibility.slots(
        of.site,
        minutes=minutes or feasibility.worked_minutes(of.site, span_of, user_ids=form.technicians.data or ()),
        within=Span(when.starts_at, when.starts_at + LOOK_AHEAD),
        skill=of.skill,
        level=of.level,
        crew=max(1, of.crew),
        contact_ids=[one.contact_id for one in of.attendees] if isinstance(of, Visit) else (),
        milestone_id=of.milestone_id,
        is_remote=of.kind is VisitKind.REMOTE_CALL,
        except_visit_id=of.id if isinstance(of, Visit) else None,
    )
    return [
        (
            f"{slot.stay.from_at.isoformat()}/{_end(slot.stay).isoformat()}/{','.join(slot.crew)}",
            span(wall_time(slot.stay.from_at, form.zone), wall_time(_end(slot.stay), form.zone)),
            listed(names[key] for key in slot.crew),
        )
        for slot in slots
    ]


def _take_slot(form: forms.Arrange, value: str) -> None:
    """Put a free time, and who can go then, into the form; what is no such value changes nothing."""
    try:
        starts, ends, who = value.split("/")
        first, last = (wall_time(datetime.fromisoformat(each), form.zone) for each in (starts, ends))
        ids = [int(key) for key in who.split(",")]
    except (ValueError, OverflowError):
        return
    for name, data in _times(first, last, 0).items():
        field = form[name]
        field.raw_data, field.data = None, data
    form.technicians.data = ids


def _end(stay: Span[datetime]) -> datetime:
    return stay.to_at or stay.from_at


def _offer(form: forms.Arrange, of: Visit | WorkOrder) -> None:
    """Name everybody who can be sent, the best first, with what speaks for them or against."""
    everybody = workforce.holders("", on=clock.today(of.site.zone))
    names = {user_id: one.name for user_id, one in everybody.items()}
    if isinstance(of, Visit):
        names |= {member.user_id: member.user.name for member in of.crew_members}
    said: dict[int, str] = {}
    try:
        when = form.when if form.start_on.data and form.start_time.data and form.end_time.data else None
    except Refused:
        when = None
    if when is not None:
        for one in feasibility.candidates(
            of.site,
            Span(when.starts_at, when.ends_at),
            skill=of.skill,
            level=of.level,
            is_remote=of.kind is VisitKind.REMOTE_CALL,
            user_ids=names.keys(),
            except_visit_id=of.id if isinstance(of, Visit) else None,
        ):
            about = rules.candidate(one, zone=of.site.zone, skill=of.skill)
            said[int(one.person.key)] = _("%(name)s: %(words)s", name=one.person.name, words=about)
    form.technicians.choices = choices((said | {key: names[key] for key in names if key not in said}).items())


def _swaps(found: Visit, others: Collection[Visit]) -> list[tuple[str, str]]:
    """Who could swap with whom, the nearest visits first: mine, the other visit and theirs as a value, and in words."""
    pairs = []
    mine = [(member.user_id, member.user.name) for member in found.crew_members]
    for other in sorted(others, key=lambda one: abs(one.starts_at - found.starts_at)):
        for member in other.crew_members:
            if member.user_id in {user_id for user_id, _name in mine}:
                continue
            for user_id, name in mine:
                told = _(
                    "%(name)s takes over “%(visit)s” from %(other)s, %(when)s",
                    name=name,
                    visit=f"{other.project.account.name}: {other.title}",
                    other=member.user.name,
                    when=span(other.starts_local, other.ends_local),
                )
                pairs.append((f"{user_id}-{other.id}-{member.user_id}", told))
    return pairs


def _instead(ids: Collection[int], off: int, on: int) -> list[int]:
    return sorted({user_id for user_id in ids if user_id != off} | {on})


def _version(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if 2000 <= day.year < 2100 else None


def _query() -> dict[str, Any]:  # Any: values of an address
    return look_from_address(clock.today(viewer().zone)).values()


def _back() -> str:
    return url_for("dispatch.board", **_query())
