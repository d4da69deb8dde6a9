"""The history of one project: every event in words, with who did it and when, in the reader's zone."""

from collections.abc import Iterator

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from concierge.catalogue.words import team_words
from concierge.enquiries import words as enquiry_words
from concierge.fieldwork import words as field_words
from concierge.home import queries
from concierge.home.views.changed import LOOKS, Change, Payload, Texts, in_their_words, undone, visit_state
from concierge.identity.permissions import Permission
from concierge.identity.viewer import Viewer
from concierge.invitations.words import words_of_json
from concierge.platform import clock, undo
from concierge.platform.events import Event, RecordedEvent
from concierge.platform.words import instant, localized, told_day
from concierge.projects import reasons
from concierge.projects.actions import sheet
from concierge.projects.models import Project
from concierge.projects.states import Counting
from concierge.projects.verdict import block_words
from concierge.projects.words import change_title, lines_words, party_words
from concierge.readiness.actions import waiving
from concierge.readiness.document.filling import changes_in_words, section_title


def of_project(looking: Viewer, project: Project, *, most: int) -> list[Change]:
    """What happened to a project, latest first."""
    rows = queries.story(project.id, most=most)
    acts = undo.of_events([row.id for row, _actor in rows], since=clock.now() - undo.KEPT)
    texts = queries.texts_of(
        [*(row.payload for row, _actor in rows), *(undone(row.payload) for row, _ in rows)]
    )
    return [_change(row, actor, looking, acts.get(row.id), texts) for row, actor in rows]


def _change(
    row: RecordedEvent, actor: str | None, looking: Viewer, act: undo.Undo | None, texts: Texts
) -> Change:
    state, icon = LOOKS.get(row.name, ("idle", "circle"))
    return Change(
        state=state,
        icon=icon,
        who=_("You")
        if row.actor_id == looking.user_id and _says_you()
        else actor or str(row.payload.get("by_name") or "") or _("Concierge"),
        what=words(row.name, in_their_words(row.payload, texts)),
        when=instant(row.at, looking.zone),
        iso=row.at.isoformat(),
        url="",
        undo=f"/undo/{act.act}" if act is not None and looking.may(_needs(act)) else "",
    )


def _says_you() -> bool:
    """Whether the words after a name can stand after "you" too, which in most languages takes another verb."""
    locale = get_locale()
    return locale is None or locale.language == "en"


def _needs(act: undo.Undo) -> Permission:
    return Permission(act.needs or Permission.EDIT_PROJECTS.value)


def words(name: str, told: Payload) -> str:
    """One event in words, to stand after the name of who did it."""
    if name == "ActUndone":
        what = words(str(told.get("undone") or ""), told.get("told") or {})
        if letters := int(told.get("letters") or 0):
            what += " " + ngettext(
                "(%(num)s letter that had gone out stays sent)",
                "(%(num)s letters that had gone out stay sent)",
                letters,
            )
        return (
            _("did again: %(what)s", what=what)
            if told.get("is_again")
            else _("took back: %(what)s", what=what)
        )
    said = (
        _about_plan(name, told)
        or _about_delays(name, told)
        or _about_visits(name, told)
        or _about_offers(name, told)
        or _about_readiness(name, told)
        or _about_customers_page(name, told)
        or _about_technicians(name, told)
        or _about_invitations(name, told)
        or _about_calendars(name, told)
        or _about_letters(name, told)
        or _about_equipment(name, told)
        or enquiry_words.story(name, told)
        or field_words.story(name, told)
    )
    return said or name


def _about_plan(name: str, told: Payload) -> str:
    milestone = str(told.get("name") or "")
    reason = reasons.words_of_json(told.get("because")) or str(told.get("reason") or "")
    match name:
        case "ProjectCreated":
            return _("planned the project %(key)s", key=told.get("key", ""))
        case "PlanRenewed":
            return _("laid the plan out again: %(reason)s", reason=reason)
        case "PlanApproved":
            return _(
                "approved the plan; handover is promised for %(on)s", on=told_day(told.get("handover_on"))
            )
        case "DatesPromised":
            on = told_day(told.get("handover_on"))
            return _("promised other dates, handover on %(on)s: %(reason)s", on=on, reason=reason)
        case "BaselineTaken":
            return _(
                "kept the plan as baseline %(number)s, “%(name)s”",
                number=told.get("number", ""),
                name=milestone,
            )
        case "MilestoneMoved":
            moved = _("moved %(name)s to start on %(on)s", name=milestone, on=told_day(told.get("to")))
            return _with_others(moved, told) + (f" ({reason})" if reason else "")
        case "ForecastChanged" if told.get("cause") == reasons.Because.AFTER_UNDOING.value:
            return _with_moves(_("followed what had happened while an act was taken back"), told)
        case "ForecastChanged":
            return _with_moves(_("followed the calendar: another day has passed"), told)
        case "PlanReplanned" | "PlanReplannedAmongMany":
            change = change_title(str(told.get("change") or ""), bool(told.get("is_back")))
            return _with_moves(_("changed working days: %(change)s", change=change), told)
        case "MilestoneStarted":
            return _with_moves(
                _("started %(name)s on %(on)s", name=milestone, on=told_day(told.get("on"))), told
            )
        case "MilestoneFinished":
            return _with_moves(
                _("finished %(name)s on %(on)s", name=milestone, on=told_day(told.get("on"))), told
            )
        case "MilestoneBlocked":
            cause = next(
                (said for kind, said in block_words().items() if kind.value == told.get("cause")), ""
            )
            why = f"{cause}: {reason}"
            return _with_moves(_("blocked %(name)s: %(why)s", name=milestone, why=why), told)
        case "MilestoneUnblocked":
            return _with_moves(_("let %(name)s go on", name=milestone), told)
        case "MilestoneReopened":
            return _with_moves(_("reopened %(name)s: %(reason)s", name=milestone, reason=reason), told)
        case "MilestoneAdded":
            return _with_others(_("took %(name)s into the plan", name=milestone), told)
        case "MilestoneSplit":
            said = _("split %(name)s; %(rest)s follows it", name=milestone, rest=told.get("rest_name") or "")
            return _with_moves(said, told)
        case "MilestoneSkipped":
            said = _("left %(name)s out of the plan: %(reason)s", name=milestone, reason=reason)
            return _with_moves(said, told)
        case "MilestoneRestored":
            return _with_moves(_("took %(name)s into the plan again", name=milestone), told)
        case "MilestoneShaped":
            said = _("changed how %(name)s is planned", name=milestone)
            what = ", ".join(_changed(told.get("changed") or {}))
            said = f"{said} ({what})" if what else said
            return _with_moves(f"{said}: {reason}" if reason else said, told)
        case "GoLiveRequired":
            return _with_moves(_go_live(told), told)
        case "ProjectHeld":
            said = _(
                "put the project on hold from %(on)s: %(reason)s",
                on=told_day(told.get("first_on")),
                reason=reason,
            )
            return _with_moves(said, told)
        case "ResumeExpected":
            said = (
                _("expects the project to go on on %(on)s", on=told_day(told.get("expected_on")))
                if told.get("expected_on")
                else _("no longer knows when the project goes on")
            )
            return _with_moves(said, told)
        case "ProjectResumed":
            said = ngettext(
                "let the project go on from %(on)s, after %(num)s working day on hold",
                "let the project go on from %(on)s, after %(num)s working days on hold",
                int(told.get("workdays") or 0),
                on=told_day(told.get("on")),
            )
            return _with_moves(said, told)
        case "PlaybookAdopted":
            return _about_adoption(told)
        case "FieldsChanged":
            return _about_fields(told)
        case "MessageSent":
            return _(
                "sent the letter “%(subject)s” to the customer, about %(name)s on %(on)s",
                subject=told.get("subject", ""),
                name=milestone,
                on=told_day(told.get("on")),
            )
        case "MilestoneReassigned":
            teams = {one.value: words for one, words in team_words().items()}
            team = teams.get(str(told.get("team")), "")
            return _("made %(team)s accountable for %(name)s", team=team, name=milestone)
        case "ProjectReminded":
            return ngettext(
                "reminded the customer of %(num)s open item",
                "reminded the customer of %(num)s open items",
                told.get("open_items", 0),
            )
        case "ProjectTakenOver":
            return _(
                "took the project over from another system; its key there is %(key)s",
                key=told.get("external_key", ""),
            )
        case "ProjectBroughtUpToDate":
            changed = ", ".join(map(sheet.change_words, told.get("changed") or ()))
            return _with_moves(
                _("brought the project up to date from another system: %(what)s", what=changed), told
            )
        case "ProjectReassigned":
            return _("gave the project to another concierge")
        case "ProjectFinished":
            return _("saw the project handed over on %(on)s", on=told_day(told.get("on")))
        case "ProjectReopened":
            return _("opened the project again")
        case "ProjectCancelled":
            return _("cancelled the project: %(reason)s", reason=reason)
        case "GateCleared":
            return (
                _("cleared the way for shipping") if _ships(told) else _("cleared the way for installation")
            )
        case "GateHeld":
            return (
                _("holds shipping: blocking items are open")
                if _ships(told)
                else _("holds installation: blocking items are open")
            )
        case "GateOverridden":
            gate = (
                _("overrode the shipping gate: %(reason)s")
                if _ships(told)
                else _("overrode the installation gate: %(reason)s")
            )
            return gate % {"reason": reason}
        case "NoteWritten":
            return _("wrote a note: %(text)s", text=_short(told.get("text")))
        case "NoteChanged":
            before, after = _short(told.get("text_before")), _short(told.get("text"))
            return _("changed a note from “%(before)s” to “%(after)s”", before=before, after=after)
        case "NoteRemoved":
            return _("removed a note that said: %(text)s", text=told.get("text", ""))
        case "UnitRecorded":
            return _("noted the serial number %(serial)s", serial=told.get("serial", ""))
        case "UnitRemoved":
            return _("removed the serial number %(serial)s", serial=told.get("serial", ""))
        case "ProposalMade":
            if told.get("kind") != "new dates":
                asked = _("brought in that the buyer cancels the order")
            elif told.get("asks_dates", True):
                asked = _("brought in that the order asks for other dates")
            else:
                asked = _("brought in that the order was changed")
            said = " ".join(filter(None, (told.get("note"), lines_words(told.get("lines") or {}))))
            return asked + (f": {said}" if said else "")
        case "ProposalDecided":
            done = _("accepted what the order asks") if told.get("accepted") else _("left the plan as it is")
            return done + (f": {reason}" if reason else "")
    return ""


def _about_delays(name: str, told: Payload) -> str:
    match name:
        case "DelayEntered" if told.get("name"):
            return _("entered a delay of %(name)s: %(what)s", name=told.get("name"), what=_delay(told))
        case "DelayEntered":
            return _("entered a delay of the whole project: %(what)s", what=_delay(told))
        case "DelayAmended":
            return _("corrected a delay: %(what)s", what=_delay(told))
        case "DelayClosed":
            return _(
                "ended a delay on %(on)s: %(cause)s", on=told_day(told.get("last_on")), cause=_cause(told)
            )
        case "DelayWithdrawn":
            return _("took a delay back that was entered by mistake: %(reason)s", reason=told.get("reason"))
        case "DelayEvidenceLinked":
            return _("linked evidence to a delay: %(what)s", what=_evidence(told))
        case "DelayCommented":
            return _(
                "noted what %(who)s (%(party)s) says to a delay: %(text)s",
                who=told.get("name", ""),
                party=_party(told),
                text=told.get("text", ""),
            )
    return ""


def _delay(told: Payload) -> str:
    return f"{_party(told)}, {_cause(told)}: {told.get('reason') or ''}"


def _party(told: Payload) -> str:
    return next((said for one, said in party_words().items() if one.value == told.get("party")), "")


def _cause(told: Payload) -> str:
    return next((said for one, said in block_words().items() if one.value == told.get("cause")), "")


def _evidence(told: Payload) -> str:
    """A file or an address by its name; an event by what happened."""
    name = str(told.get("name") or "")
    return _("an event of the history") if name in Event.known else name


def _about_adoption(told: Payload) -> str:
    said = _(
        "took version %(number)d of the playbook %(name)s over, after version %(before)d",
        number=told.get("number", 0),
        name=told.get("playbook", ""),
        before=told.get("number_before", 0),
    )
    for names, words in (
        (told.get("added"), _("added: %(names)s")),
        (told.get("removed"), _("left out: %(names)s")),
    ):
        if names:
            said += "; " + words % {"names": ", ".join(names)}
    return _with_moves(said, told)


def _about_fields(told: Payload) -> str:
    said = []
    for name, before, after in told.get("changes") or ():
        if not before:
            said.append(_("%(name)s: %(after)s", name=name, after=after))
        elif not after:
            said.append(_("%(name)s: %(before)s taken out", name=name, before=before))
        else:
            said.append(_("%(name)s: %(before)s → %(after)s", name=name, before=before, after=after))
    return _("filled in %(fields)s", fields="; ".join(said))


def _about_visits(name: str, told: Payload) -> str:
    title = str(told.get("title") or "")
    reason = (
        reasons.words_of_json(told.get("because"))
        or localized(told.get("reasons"))
        or str(told.get("reason") or "")
    )
    match name:
        case "VisitPlanned":
            return _(
                "planned the visit %(title)s for %(on)s", title=title, on=told_day(told.get("starts_at"))
            )
        case "ProposalRejected":
            return _("rejected the proposal for %(title)s", title=title)
        case "ProposalChanged":
            return _("changed the proposal for %(title)s; it is not booked yet", title=title)
        case "VisitMoved":
            before, after = told_day(told.get("starts_before")), told_day(told.get("starts_at"))
            return _(
                "moved the visit %(title)s from %(before)s to %(after)s",
                title=title,
                before=before,
                after=after,
            )
        case "VisitNeedsDecision":
            return _("asked for a decision on the visit %(title)s: %(reason)s", title=title, reason=reason)
        case "VisitDecided":
            return _("kept the visit %(title)s as it is: %(reason)s", title=title, reason=reason)
        case "VisitChanged":
            return _("changed the visit %(title)s", title=title)
        case "TechniciansAssigned":
            return _("changed who goes on the visit %(title)s", title=title)
        case "VisitConfirmed":
            return _("confirmed the visit %(title)s", title=title)
        case "VisitStateChanged":
            return _(
                "set the visit %(title)s to %(state)s",
                title=title,
                state=visit_state(str(told.get("state_after"))),
            )
        case "VisitCancelled":
            return _("cancelled the visit %(title)s: %(reason)s", title=title, reason=reason)
    return _about_work(name, told, work=f"{told.get('code', '')}, {title}", reason=reason)


def _about_offers(name: str, told: Payload) -> str:
    about = {"title": str(told.get("title") or ""), "name": str(told.get("name") or "")}
    match name:
        case "TimesOffered" if told.get("count"):
            return ngettext(
                "offered %(name)s %(num)s time for %(title)s",
                "offered %(name)s %(num)s times for %(title)s",
                int(told.get("count") or 0),
                **about,
            )
        case "TimesOffered":
            return _("let %(name)s choose any free time for %(title)s", **about)
        case "OfferSent":
            return _("sent %(name)s the times for %(title)s again", **about)
        case "OfferWithdrawn":
            reason = str(told.get("reason") or "")
            said = _("took back the times offered to %(name)s for %(title)s", **about)
            return f"{said}: {reason}" if reason else said
        case "OfferLapsed":
            return _("noted that %(name)s chose no time for %(title)s", **about)
        case "OfferOvertaken":
            return _("ended the offer to %(name)s: %(title)s was arranged otherwise", **about)
        case "TimeChosen":
            on = told_day(told.get("starts_at"))
            return _("noted that %(name)s chose %(on)s for %(title)s", on=on, **about)
        case "TimeChanged":
            days = {
                "before": told_day(told.get("starts_before")),
                "after": told_day(told.get("starts_at")),
            }
            return _("noted that %(name)s moved %(title)s from %(before)s to %(after)s", **days, **about)
        case "CalledOff":
            reason = str(told.get("reason") or "")
            return _("noted that %(name)s cancelled %(title)s: %(reason)s", reason=reason, **about)
        case "NoTimeSuits":
            wish = str(told.get("wish") or "")
            return _("noted that no time suits %(name)s for %(title)s: %(wish)s", wish=wish, **about)
        case "OfferNoted":
            return _("looked at what became of the offer to %(name)s for %(title)s", **about)
    return ""


def _about_equipment(name: str, told: Payload) -> str:
    unit = ", ".join(filter(None, (str(told.get("name") or ""), str(told.get("serial") or ""))))
    reason = str(told.get("reason") or "")
    match name:
        case "EquipmentExpected":
            return _about_expected(int(told.get("added") or 0), int(told.get("taken_out") or 0))
        case "AssetAdded":
            return _("entered %(unit)s into the installed base", unit=unit)
        case "AssetChanged" if "serial" in (told.get("changed") or ()):
            if not told.get("serial"):
                return _("took the serial number off %(unit)s", unit=unit)
            return _("noted the serial number of %(unit)s", unit=unit)
        case "AssetChanged":
            return _("corrected what is known of %(unit)s", unit=unit)
        case "AssetMoved":
            return _(
                "moved %(unit)s from %(before)s to %(after)s: %(reason)s",
                unit=unit,
                before=told.get("site_before", ""),
                after=told.get("site", ""),
                reason=reason,
            )
        case "AssetRemoved":
            return _("took %(unit)s out of the installed base: %(reason)s", unit=unit, reason=reason)
        case "ClocksStarted":
            return _(
                "started the clocks of %(unit)s; warranty lasts until %(on)s",
                unit=unit,
                on=told_day(told.get("warranty_to")),
            )
    return ""


def _about_expected(added: int, taken_out: int) -> str:
    if added and taken_out:
        return _(
            "found other instruments expected at the site: %(more)s more, %(fewer)s fewer",
            more=added,
            fewer=taken_out,
        )
    if added:
        return ngettext(
            "noted %(num)s instrument as expected at the site",
            "noted %(num)s instruments as expected at the site",
            added,
        )
    return ngettext(
        "noted %(num)s instrument as no longer expected",
        "noted %(num)s instruments as no longer expected",
        taken_out,
    )


def _about_work(name: str, told: Payload, *, work: str, reason: str) -> str:
    match name:
        case "WorkOpened":
            return _("opened the work order %(work)s", work=work)
        case "WorkChanged":
            return _("changed what the work order %(work)s asks for", work=work)
        case "WorkDone":
            note = str(told.get("note") or "")
            if note:
                return _("closed the work order %(work)s: %(note)s", work=work, note=note)
            return _("finished the work order %(work)s", work=work)
        case "WorkReopened":
            return _("opened the work order %(work)s again: %(reason)s", work=work, reason=reason)
        case "WorkCancelled":
            return _("cancelled the work order %(work)s: %(reason)s", work=work, reason=reason)
    return ""


def _about_technicians(name: str, told: Payload) -> str:
    on = told_day(told.get("starts_at"))
    match name:
        case "OwnCalendarAdded":
            return _("lets a calendar of their own count")
        case "OwnCalendarRenamed":
            return _("changed a calendar of their own")
        case "OwnCalendarRemoved":
            return _("no longer lets a calendar of their own count")
        case "OwnCalendarRead":
            return ngettext(
                "read a technician’s own calendar: %(num)s time is taken",
                "read a technician’s own calendar: %(num)s times are taken",
                int(told.get("times") or 0),
            )
        case "OwnCalendarFailed" if told.get("fetched_at") is None:
            return _("could not read a technician’s own calendar, so nothing in it counts")
        case "OwnCalendarFailed":
            return _("can no longer read a technician’s own calendar; what it said still counts")
        case "TurnEntered":
            return _("put a technician on call from %(on)s", on=on)
        case "TurnChanged":
            return _("changed a turn on call; it starts on %(on)s", on=on)
        case "TurnCancelled":
            return _("cancelled a turn on call that was to start on %(on)s", on=on)
    return ""


def _about_invitations(name: str, told: Payload) -> str:
    who = str(told.get("name") or "")
    match name:
        case "InvitationSent" if told.get("method") == "CANCEL":
            return _("wrote to %(name)s that a visit is off", name=who)
        case "InvitationSent":
            return _("invited %(name)s to a visit by mail", name=who)
        case "InvitationAnswered":
            said = {
                "accepted": _("noted that %(name)s accepted", name=who),
                "tentative": _("noted that %(name)s may come", name=who),
                "declined": _("noted that %(name)s declined", name=who),
            }.get(str(told.get("reply")), _("noted an answer of %(name)s", name=who))
            return said + (f": {_short(told.get('comment'))}" if told.get("comment") else "")
        case "AnswerSetAside":
            return _("set an answer of %(name)s aside: %(why)s", name=who, why=words_of_json(told))
        case "TimeProposed":
            return _("noted that %(name)s asks for another time", name=who)
        case "TimeProposalDecided" if told.get("state") == "taken":
            return _("took the time that %(name)s asked for", name=who)
        case "TimeProposalDecided":
            return _("declined the time that %(name)s asked for", name=who)
        case "InvitationUndeliverable":
            return _("could not bring an invitation to %(name)s: the address does not take mail", name=who)
    return ""


def _about_readiness(name: str, told: Payload) -> str:
    requirement = str(told.get("requirement") or "")
    match name:
        case "ChecklistIssued":
            return ngettext(
                "issued the checklist with %(num)s item",
                "issued the checklist with %(num)s items",
                told.get("items", 0),
            )
        case "ChecklistRedated":
            return ngettext(
                "set a new due day for %(num)s open item",
                "set new due days for %(num)s open items",
                told.get("items", 0),
            )
        case "ChecklistRenewed":
            counts = {name: told.get(name, 0) for name in ("added", "removed", "changed")}
            why = told.get("why")
            if why == "order":
                return _(
                    "renewed the checklist for what the order has now: %(added)d asked anew, %(removed)d no longer "
                    "asked, %(changed)d changed; answers stay",
                    **counts,
                )
            if why == "site":
                return _(
                    "renewed the checklist for the site’s country: %(added)d asked anew, %(removed)d no longer "
                    "asked, %(changed)d changed; answers stay",
                    **counts,
                )
            return _(
                "renewed the checklist from the playbook: %(added)d asked anew, %(removed)d no longer asked, "
                "%(changed)d changed; answers stay",
                **counts,
            )
        case "ChecklistRequested":
            return _("asked for the checklist to be sent again")
        case "ChecklistPrinted":
            return _("made the checklist’s PDF")
        case "ChecklistSent":
            return _("sent the checklist to the customer’s contact")
        case "DocumentsReturned" | "ReturnsRead" | "ReturnSettled":
            return _about_returned(name, told)
        case "CustomerReminded" | "ReminderLeftOut" | "ChasingTurned":
            return _about_reminders(name, told)
        case "ItemAnswered":
            return _("answered “%(what)s” with %(value)s", what=requirement, value=told.get("value", ""))
        case "AnswersDiffer":
            return _(
                "said %(value)s of “%(what)s”, where %(counts)s counts: both are kept until a person chooses",
                value=told.get("value", ""),
                what=requirement,
                counts=told.get("counts", ""),
            )
        case "AnswerChosen":
            return _(
                "chose %(value)s as the answer to “%(what)s”", value=told.get("value", ""), what=requirement
            )
        case (
            "ItemWaived"
            | "WaiverEnded"
            | "SiteAssessed"
            | "AssessmentSigned"
            | "SectionSigned"
            | "ListSigned"
            | "SignatureEnded"
            | "ReadinessLost"
            | "ReadinessRegained"
            | "ChecklistThawed"
        ):
            return _about_judgement(name, told)
        case "AnswerDismissed":
            return _(
                "put %(value)s aside as an answer to “%(what)s”",
                value=told.get("value", ""),
                what=requirement,
            )
        case "ItemAccepted":
            return _("accepted the answer to “%(what)s”", what=requirement)
        case "ItemReopened":
            return _("asked again for “%(what)s”: %(why)s", what=requirement, why=told.get("reason", ""))
        case "EvidenceAttached":
            return _("attached %(file)s to “%(what)s”", file=told.get("name", ""), what=requirement)
    return ""


def _about_customers_page(name: str, told: Payload) -> str:
    who = str(told.get("name") or "")
    match name:
        case "LinkGiven":
            return _("gave %(name)s a link to the customer’s page", name=who)
        case "LinkSent":
            if told.get("is_asked_for"):
                return _("sent %(name)s their link again, as they asked", name=who)
            return _("sent %(name)s their link again", name=who)
        case "LinkRotated":
            return _("replaced the link of %(name)s", name=who)
        case "LinkRevoked":
            return _("ended the link of %(name)s", name=who)
        case "SectionHandedOn":
            section = section_title(str(told.get("section") or ""))
            return _("handed “%(section)s” to %(name)s", section=section, name=who)
        case "QuestionAsked":
            return _("asked: “%(question)s”", question=told.get("text", ""))
        case "QuestionAnswered":
            return _("answered %(name)s: “%(answer)s”", name=who, answer=told.get("text", ""))
        case "QuestionSettled":
            return _("read what %(name)s wrote: “%(text)s”", name=who, text=told.get("text", ""))
        case "MessageWritten" if who:
            return _("wrote to %(name)s: “%(text)s”", name=who, text=told.get("text", ""))
        case "MessageWritten":
            return _("wrote to the customer: “%(text)s”", text=told.get("text", ""))
    return ""


def _about_judgement(name: str, told: Payload) -> str:
    requirement, who, why = (str(told.get(key) or "") for key in ("requirement", "name", "why"))
    section = section_title(str(told.get("section") or ""))
    if name == "SignatureEnded":
        why = changes_in_words(told.get("changes") or (), {}) or why
    match name:
        case "ItemWaived":
            return _(
                "let delivery not wait for “%(what)s” until %(until)s; %(who)s answers for it: %(why)s",
                what=requirement,
                until=told_day(told.get("until")),
                who=who,
                why=told.get("reason", ""),
            )
        case "WaiverEnded":
            return _(
                "ended the waiver of “%(what)s” by %(who)s: %(why)s",
                what=requirement,
                who=who,
                why=waiving.end_words(why),
            )
        case "SiteAssessed":
            return _assessed(told)
        case "AssessmentSigned":
            return _("signed the assessment of the site as %(who)s", who=who)
        case "SectionSigned" if told.get("is_witnessed"):
            return _("took down the signature of %(who)s under “%(section)s”", section=section, who=who)
        case "SectionSigned":
            return _("signed “%(section)s” as %(who)s", section=section, who=who)
        case "ListSigned":
            declared = {
                "ready": _("declared the site ready, signed %(who)s", who=who),
                "ready with conditions": _(
                    "declared the site ready on conditions, signed %(who)s: %(what)s",
                    who=who,
                    what=told.get("conditions", ""),
                ),
            }
            return declared.get(
                str(told.get("decision")), _("declared the site not ready, signed %(who)s", who=who)
            )
        case "SignatureEnded" if told.get("section"):
            return _(
                "ended the signature of %(who)s under “%(section)s”: %(why)s",
                who=who,
                section=section,
                why=why,
            )
        case "SignatureEnded":
            return _("ended the sign-off of %(who)s: %(why)s", who=who, why=why)
        case "ReadinessLost":
            return _(
                "changed a site that was ready on %(day)s: “%(what)s” is open again",
                day=told_day(str(told.get("said_at") or "")[:10]),
                what=requirement,
            )
        case "ReadinessRegained":
            return _("made the site ready again")
        case "ChecklistThawed":
            return _("let answers change freely again: %(why)s", why=told.get("reason", ""))
    return ""


def _assessed(told: Payload) -> str:
    percent, critical = int(told.get("percent") or 0), int(told.get("critical") or 0)
    if told.get("is_ready"):
        return _("judged the site ready, %(percent)s %% done", percent=percent)
    return ngettext(
        "judged the site not ready: %(num)s critical point open, %(percent)s %% done",
        "judged the site not ready: %(num)s critical points open, %(percent)s %% done",
        critical,
        percent=percent,
    )


def _about_returned(name: str, told: Payload) -> str:
    files = len(told.get("returned_ids") or ())
    match name:
        case "DocumentsReturned" if told.get("sender"):
            return ngettext(
                "received %(num)s file back from %(sender)s",
                "received %(num)s files back from %(sender)s",
                files,
                sender=told["sender"],
            )
        case "DocumentsReturned":
            return ngettext("brought in %(num)s file", "brought in %(num)s files", files)
        case "ReturnsRead":
            taken = ngettext(
                "read what came back: %(num)s answer taken",
                "read what came back: %(num)s answers taken",
                told.get("taken", 0),
            )
            waiting = told.get("waiting", 0)
            return f"{taken}; " + (
                ngettext("%(num)s entry waits for a person", "%(num)s entries wait for a person", waiting)
                if waiting
                else _("nothing waits for a person")
            )
        case "ReturnSettled":
            return ngettext(
                "dealt with a file that came back: %(num)s answer taken",
                "dealt with a file that came back: %(num)s answers taken",
                told.get("taken", 0),
            )
    return ""


def _about_reminders(name: str, told: Payload) -> str:
    whom = str(told.get("name") or "")
    match name:
        case "CustomerReminded":
            said = ngettext(
                "reminded %(whom)s of %(num)s open point",
                "reminded %(whom)s of %(num)s open points",
                told.get("items", 0),
                whom=whom,
            )
            return said + (" " + _("that others were reminded of before") if told.get("is_second") else "")
        case "ReminderLeftOut":
            return _("left out the reminder to %(whom)s on %(on)s", whom=whom, on=told_day(told.get("on")))
        case "ChasingTurned" if told.get("is_chased"):
            return _("turned reminders on for this checklist")
        case "ChasingTurned":
            return _("turned reminders off for this checklist")
    return ""


def _about_letters(name: str, told: Payload) -> str:
    about = {"subject": told.get("subject") or "", "whom": told.get("to_name") or ""}
    match name:
        case "LetterStopped":
            return _("stopped the letter “%(subject)s” to %(whom)s before it left", **about)
        case "LetterLetGo" if told.get("was_stopped"):
            return _("sent the letter “%(subject)s” to %(whom)s after all", **about)
        case "LetterLetGo":
            return _("sent the letter “%(subject)s” to %(whom)s without waiting", **about)
    return ""


def _about_calendars(name: str, told: Payload) -> str:
    shown, device = str(told.get("calendar") or ""), str(told.get("device") or "")
    match name:
        case "AddressCreated":
            return _(
                "made a calendar address: %(what)s", what=", ".join(one for one in (device, shown) if one)
            )
        case "AddressRotated":
            return _("replaced a calendar address")
        case "AddressRevoked":
            return _("withdrew a calendar address")
        case "AddressRenamed":
            return _(
                "renamed the calendar address %(before)s to %(after)s",
                before=told.get("device_before") or "–",
                after=device or "–",
            )
        case "AddressChosen":
            return _("let a calendar address show “%(after)s”", after=told.get("after") or "")
        case "ZoneRulesChanged":
            visits = told.get("visit_ids") or ()
            return ngettext(
                "found newer rules of time zones (%(after)s instead of %(before)s) and moved %(num)s visit",
                "found newer rules of time zones (%(after)s instead of %(before)s) and moved %(num)s visits",
                len(visits),
                before=told.get("version_before") or "–",
                after=told.get("version_after") or "–",
            )
    return ""


def _short(value: object) -> str:
    """The beginning of a text, on one line."""
    words = " ".join(str(value or "").split())
    return words if len(words) <= 160 else words[:159].rstrip() + "…"


def _ships(told: Payload) -> bool:
    return told.get("gate") == "ship"


def _go_live(told: Payload) -> str:
    if not told.get("required_on"):
        return _("took back that a go-live is required")
    on = told_day(told.get("required_on"))
    if told.get("counting") == Counting.BACKWARD.value:
        return _("counts the plan back from the go-live on %(on)s", on=on)
    return _("noted that the customer needs to go live by %(on)s", on=on)


def _changed(told: Payload) -> Iterator[str]:
    """What was changed of a milestone's plan, each with its value before and after."""
    names = {
        "workdays": _("length"),
        "days_of": _("whose days"),
        "not_before_on": _("not before"),
        "not_after_on": _("not after"),
        "exactly_on": _("exactly on"),
    }
    for what, values in told.items():
        before, after = (_plain(what, value) for value in values)
        name = names.get(what) or _("what it waits for")
        yield _(
            "%(what)s: %(before)s → %(after)s",
            what=name,
            before=before or _("none"),
            after=after or _("none"),
        )


def _plain(what: str, value: str) -> str:
    return told_day(value) if what.endswith("_on") and value else value


def _with_moves(said: str, told: Payload) -> str:
    count = len(told.get("moves") or ())
    return said + ("; " + ngettext("%(num)s date moved", "%(num)s dates moved", count) if count else "")


def _with_others(said: str, told: Payload) -> str:
    count = len(told.get("moves") or ()) - 1
    return said + (
        "; " + ngettext("%(num)s other milestone followed", "%(num)s other milestones followed", count)
        if count > 0
        else ""
    )
