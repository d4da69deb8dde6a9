"""Where the days went: the ledger of a project, and what people enter about its delays."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import date
from http import HTTPStatus
from types import SimpleNamespace as Shown
from typing import Any

from flask import Response, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Redirect
from wtforms import Field

from concierge.catalogue.states import Team
from concierge.catalogue.words import team_words
from concierge.core.delays import Party as CoreParty
from concierge.identity import queries as people
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clashes, clock, files, telling
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.events import Event, RecordedEvent
from concierge.platform.forms import Form
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.platform.words import day, instant, localized
from concierge.projects import forms, queries
from concierge.projects.actions import delays
from concierge.projects.models import Delay, DelayEvidence, Project
from concierge.projects.queries import lost_days
from concierge.projects.states import BlockCause, Party, ProjectState
from concierge.projects.verdict import block_words
from concierge.projects.views import ledger
from concierge.projects.views.blueprint import bp
from concierge.projects.views.heads import remedy_of
from concierge.projects.words import party_words

Page = str | tuple[str, int] | Response | Redirect


@bp.get("/projects/<key>/delays")
@requires(Permission.SEE_PROJECTS)
def project_delays(key: str) -> Page:
    """Show where a project's days went, each with its party, milestone, cause and evidence."""
    project = queries.project_by_key(viewer(), key)
    entered = lost_days.delays_of(project.id)
    found = lost_days.lost_days(project, at=clock.now())
    names = {one.key: localized(one.name) for one in project.milestones}
    rows = ledger.rows(project, found, entered, names) if found else []
    return render_template(
        "projects/delays.html",
        project=project,
        remedy=remedy_of(project),
        found=found,
        said=ledger.sentence(found) if found else "",
        notes=ledger.notes(found) if found else [],
        rows=rows,
        parties=(parties := ledger.parties(found, names) if found else []),
        segment_parts=[(one.state, one.days, f"{one.words} {one.days}") for one in parties],
        entered=[ledger.entered(one, rows, project) for one in entered],
    )


@bp.route("/projects/<key>/delays/new", methods=["GET", "POST"])
@requires(Permission.EDIT_PROJECTS)
def enter_delay(key: str) -> Page:
    """Say that something costs days."""
    project = queries.project_by_key(viewer(), key)
    if project.state is ProjectState.DRAFT:
        raise Refused(
            _(
                "The plan of %(key)s is a draft, so no day of it can be lost yet. Approve it first.",
                key=project.key,
            )
        )
    form = _filled(forms.DelayForm(first_on=clock.today(project.site.zone)), project)
    if form.validate_on_submit():
        try:
            with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
                outcome.led_to = url_for("projects.project_delays", key=key)
                delays.enter(project.id, **_values(form), actor_id=viewer().user_id, at=clock.now())
        except Refused as problem:
            _say(form, problem)
        else:
            flash(_("The delay is entered. The ledger counts with it."))
            return _back(key)
    if form.is_submitted():
        return show_again("projects/delay_form.html", form, project=_again(key), delay=None)
    return render_template("projects/delay_form.html", form=form, project=project, delay=None)


@bp.get("/projects/<key>/delays/<int:delay_id>")
@requires(Permission.SEE_PROJECTS)
def delay(key: str, delay_id: int) -> Page:
    """Show one delay: what is said about it, what shows it, what each party says."""
    project, found = lost_days.delay_for(viewer(), key, delay_id)
    return render_template("projects/delay.html", **_one(project, found))


@bp.route("/projects/<key>/delays/<int:delay_id>/edit", methods=["GET", "POST"])
@requires(Permission.EDIT_PROJECTS)
def amend_delay(key: str, delay_id: int) -> Page:
    """Correct what is said about a delay."""
    project, found = lost_days.delay_for(viewer(), key, delay_id)
    form = _filled(forms.DelayForm(data=_said_of(found)), project, known_id=found.milestone_id)
    if form.validate_on_submit():
        theirs = forms.DelayForm(formdata=None, data=_said_of(found))
        _filled(theirs, project, known_id=found.milestone_id)
        by = people.last_change(project_id=project.id, delay_id=found.id)
        if met := clashes.meet(form, theirs, version=found.version, by=by, zone=viewer().zone):
            page = render_template(
                "projects/delay_form.html", form=form, project=project, delay=found, met=met
            )
            return page, HTTPStatus.CONFLICT
        try:
            with unit_of_work():
                delays.amend(
                    found.id,
                    version=_version(form.version.data),
                    **_values(form),
                    actor_id=viewer().user_id,
                    at=clock.now(),
                )
        except Refused as problem:
            _say(form, problem)
        else:
            flash(_("The delay is corrected."))
            return redirect(url_for("projects.delay", key=key, delay_id=delay_id), code=303)
    if form.is_submitted():
        project, found = lost_days.delay_for(viewer(), key, delay_id)
        return show_again("projects/delay_form.html", form, project=project, delay=found)
    form.load(found.version)
    return render_template("projects/delay_form.html", form=form, project=project, delay=found)


@bp.post("/projects/<key>/delays/<int:delay_id>/end")
@requires(Permission.EDIT_PROJECTS)
def end_delay(key: str, delay_id: int) -> Page:
    """Say on which day a delay ended."""
    _project, found = lost_days.delay_for(viewer(), key, delay_id)
    form = forms.EndDelay()

    def end() -> None:
        delays.close(found.id, last_on=form.ended_on.data or date.min, **_act())

    done = _carried_out(form, end, said=_("The delay has ended."), back=_at_delay(key, delay_id))
    return done or _delay_again(key, delay_id, end_form=form)


@bp.post("/projects/<key>/delays/<int:delay_id>/withdrawal")
@requires(Permission.EDIT_PROJECTS)
def withdraw_delay(key: str, delay_id: int) -> Page:
    """Take back a delay that was entered by mistake."""
    _project, found = lost_days.delay_for(viewer(), key, delay_id)
    form = forms.WithdrawDelay()

    def withdraw() -> None:
        delays.withdraw(found.id, reason=form.why.data or "", **_act())

    said = _("The delay is taken back. The history keeps what it said.")
    back = url_for("projects.project_delays", key=key)
    return _carried_out(form, withdraw, said=said, back=back) or _delay_again(
        key, delay_id, withdraw_form=form
    )


@bp.post("/projects/<key>/delays/<int:delay_id>/files")
@requires(Permission.EDIT_PROJECTS)
def attach_to_delay(key: str, delay_id: int) -> Page:
    """Keep a file that shows a delay."""
    _project, found = lost_days.delay_for(viewer(), key, delay_id)
    form = forms.DelayFile()

    def attach() -> None:
        delays.attach_file(
            found.id,
            name=form.file.data.filename or "",
            data=form.file.data.read(files.LARGEST + 1),
            note=form.file_note.data or "",
            **_act(),
        )

    said, back = _("The file is linked to the delay."), _at_delay(key, delay_id)
    done = _carried_out(form, attach, said=said, back=back, is_once=True, at_field=form.file)
    return done or _delay_again(key, delay_id, file_form=form)


@bp.post("/projects/<key>/delays/<int:delay_id>/links")
@requires(Permission.EDIT_PROJECTS)
def link_to_delay(key: str, delay_id: int) -> Page:
    """Link an event of the history, or a page elsewhere, to a delay."""
    project, found = lost_days.delay_for(viewer(), key, delay_id)
    form = _with_events(forms.DelayLink(), project)
    said, back = _("The evidence is linked to the delay."), _at_delay(key, delay_id)
    done = _carried_out(form, lambda: _link(found, form), said=said, back=back)
    return done or _delay_again(key, delay_id, link_form=form)


@bp.post("/projects/<key>/delays/<int:delay_id>/comments")
@requires(Permission.EDIT_PROJECTS)
def comment_on_delay(key: str, delay_id: int) -> Page:
    """Note what a party says to a delay."""
    _project, found = lost_days.delay_for(viewer(), key, delay_id)
    form = _with_parties(forms.DelayCommentForm())

    def comment() -> None:
        delays.comment(
            found.id,
            party=Party(form.says.data),
            name=form.who.data or "",
            text=form.text.data or "",
            **_act(),
        )

    said, back = _("The comment is noted. It stays as it was said."), _at_delay(key, delay_id)
    done = _carried_out(form, comment, said=said, back=back, is_once=True)
    return done or _delay_again(key, delay_id, comment_form=form)


@bp.get("/projects/<key>/delays/files/<int:evidence_id>")
@requires(Permission.SEE_PROJECTS)
def delay_file(key: str, evidence_id: int) -> Page:
    """Hand out a file, to be saved and never shown in place."""
    kept = lost_days.evidence_for(viewer(), key, evidence_id)
    if kept.file is None:
        raise NotFound
    answer = Response(files.read(kept.file), content_type=kept.file.content_type)
    answer.headers.set("Content-Disposition", "attachment", filename=kept.file.name)
    return answer


# ------------------------------------------------------------------ one delay


def _one(project: Project, found: Delay) -> dict[str, Any]:  # Any: values for the page
    names = {one.id: localized(one.name) for one in project.milestones}
    events = lost_days.events_by_id(
        (one.event_id for one in found.evidence if one.event_id), project_id=project.id
    )
    lost = lost_days.lost_days(project, at=clock.now())
    ref = f"delay {found.id}"
    booked = [one for one in lost.ledger.bookings if ref in one.refs] if lost else []
    return {
        "project": project,
        "delay": found,
        "cause": block_words()[found.cause],
        "party": ledger.party_said(CoreParty(found.party.value), found.team.value if found.team else ""),
        "where": names.get(found.milestone_id or 0, _("the whole project")),
        "booked": len(booked),
        "evidence": [_evidence(project, one, events) for one in found.evidence],
        "comments": [
            Shown(
                who=one.name,
                party=party_words()[one.party],
                text=one.text,
                when=instant(one.at, viewer().zone),
            )
            for one in found.comments
        ],
        "may_end": found.last_on is None and found.hold_id is None and not found.is_from_block,
        "may_withdraw": found.hold_id is None and not (found.is_from_block and found.last_on is None),
        "end_form": forms.EndDelay(formdata=None, ended_on=clock.today(project.site.zone)),
        "withdraw_form": forms.WithdrawDelay(formdata=None),
        "file_form": forms.DelayFile(formdata=None),
        "link_form": _with_events(forms.DelayLink(formdata=None), project),
        "comment_form": _with_parties(forms.DelayCommentForm(formdata=None)),
    }


def _evidence(project: Project, one: DelayEvidence, events: Mapping[int, RecordedEvent]) -> Shown:
    if one.file is not None:
        url = url_for("projects.delay_file", key=project.key, evidence_id=one.id)
        return Shown(icon="paperclip", words=one.file.name, url=url, note=one.note)
    if one.event_id is not None and one.event_id in events:
        row = events[one.event_id]
        url = url_for("home.history", key=project.key)
        return Shown(icon="history", words=_event_words(row), url=url, note=one.note)
    return Shown(icon="link", words=one.url, url=one.url, note=one.note)


def _event_words(row: RecordedEvent) -> str:
    """An event in a line to be chosen from: when, and what happened."""
    return f"{day(row.at)}: {telling.told(row)}"


def _carried_out(
    form: Form,
    do: Callable[[], object],
    *,
    said: str,
    back: str,
    is_once: bool = False,
    at_field: Field | None = None,
) -> Redirect | None:
    """Do what a form asks for and go back; None when it asks for nothing that can be, and says so itself.

    :param is_once: whether the same form sent twice does it once.
    :param at_field: where to say why it is refused; None: above the form.
    """
    if not form.validate_on_submit():
        return None
    try:
        with unit_of_work(), taken_once(by=viewer().user_id) if is_once else nullcontext() as outcome:
            if outcome is not None:
                outcome.led_to = back
            do()
    except Refused as problem:
        if at_field is None:
            _say(form, problem)
        else:
            at_field.errors = [*at_field.errors, problem.sentence]
        return None
    flash(said)
    return redirect(back, code=303)


def _act() -> dict[str, Any]:  # Any: arguments of an action
    """Who does something, and when."""
    return {"actor_id": viewer().user_id, "at": clock.now()}


def _at_delay(key: str, delay_id: int) -> str:
    return url_for("projects.delay", key=key, delay_id=delay_id)


def _delay_again(key: str, delay_id: int, **faulty: Form) -> Page:
    project, found = lost_days.delay_for(viewer(), key, delay_id)
    page = {**_one(project, found), **faulty}
    (form,) = faulty.values()
    return show_again("projects/delay.html", form, **page)


def _link(found: Delay, form: forms.DelayLink) -> None:
    note = form.link_note.data or ""
    if form.event.data:
        delays.link_event(found.id, event_id=form.event.data, note=note, **_act())
    else:
        delays.link_address(found.id, url=form.url.data or "", note=note, **_act())


def _with_events(form: forms.DelayLink, project: Project) -> forms.DelayLink:
    form.event.choices = [
        (0, _("none, an address instead")),
        *(
            (row.id, _event_words(row))
            for row in lost_days.latest_events(project.id)
            if row.name in Event.known and not row.name.startswith("Delay")
        ),
    ]
    return form


def _with_parties(form: forms.DelayCommentForm) -> forms.DelayCommentForm:
    words = party_words()
    spoken = (Party.CUSTOMER, Party.US, Party.CARRIER, Party.SUPPLIER)
    form.says.choices = [(party.value, words[party]) for party in spoken]
    return form


# ------------------------------------------------------------------ the form of a delay


def _filled(form: forms.DelayForm, project: Project, *, known_id: int | None = None) -> forms.DelayForm:
    """Give a form its choices."""
    planned = [one for one in project.milestones if one in project.planned or one.id == known_id]
    words = party_words()
    form.milestone.choices = [
        (0, _("the whole project")),
        *((one.id, localized(one.name)) for one in planned),
    ]
    form.party.choices = [(party.value, words[party]) for party in delays.CLAIMED_BY_PEOPLE]
    form.team.choices = [
        ("", _("not ours")),
        *((team.value, said) for team, said in team_words().items() if team is not Team.CUSTOMER),
    ]
    form.cause.choices = [(cause.value, said) for cause, said in block_words().items()]
    return form


def _said_of(found: Delay) -> dict[str, Any]:  # Any: what fields hold
    """What is said about a delay, as its form holds it."""
    return {
        "milestone": found.milestone_id or 0,
        "party": found.party.value,
        "team": found.team.value if found.team else "",
        "cause": found.cause.value,
        "first_on": found.first_on,
        "last_on": found.last_on,
        "reason": found.reason,
    }


def _values(form: forms.DelayForm) -> dict[str, Any]:  # Any: the arguments of an action
    return {
        "milestone_id": form.milestone.data or None,
        "party": Party(form.party.data),
        "team": Team(form.team.data) if form.team.data else None,
        "cause": BlockCause(form.cause.data),
        "first_on": form.first_on.data or date.min,
        "last_on": form.last_on.data,
        "reason": form.reason.data or "",
    }


def _say(form: Form, problem: Refused) -> None:
    form.form_errors = [*form.form_errors, problem.sentence]


def _version(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def _again(key: str) -> Project:
    """The project once more: an act that failed has let go of what was loaded."""
    return queries.project_by_key(viewer(), key)


def _back(key: str) -> Redirect:
    return redirect(url_for("projects.project_delays", key=key), code=303)
