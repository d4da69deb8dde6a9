"""What follows from every event: ``now`` in the same transaction and in this order, ``later`` as deliveries."""

from concierge.accounts import events as accounts
from concierge.catalogue import events as catalogue
from concierge.dispatch import events as dispatch
from concierge.dispatch import reactions as in_dispatch
from concierge.enquiries import events as enquiries
from concierge.enquiries import reactions as in_enquiries
from concierge.equipment import events as equipment
from concierge.feeds import events as feeds
from concierge.feeds import reactions as in_feeds
from concierge.fieldwork import events as fieldwork
from concierge.fieldwork import reactions as in_fieldwork
from concierge.identity import events as identity
from concierge.identity import reactions as in_identity
from concierge.invitations import events as invitations
from concierge.invitations import reactions as in_invitations
from concierge.orders import events as orders
from concierge.platform import incoming as platform
from concierge.platform.events import Reaction, Reactions
from concierge.projects import events as projects
from concierge.projects import reactions as in_projects
from concierge.readiness import events as readiness
from concierge.readiness import reactions as in_readiness
from concierge.visits import events as visits
from concierge.visits import reactions as in_visits
from concierge.workforce import events as workforce
from concierge.workforce import reactions as in_workforce

NOTHING = Reaction()
ALONG = (in_visits.follow_milestones, in_feeds.write_moved_milestones)
"""What follows when dates move: visits go along, and calendars say so."""
FOLLOWED = (*ALONG, in_readiness.follow_delivery)
"""What follows when a person's act on the plan moves dates."""
FORECAST = (in_projects.forecast_anew,)
"""What follows later when a plan has changed: its past cases, its percentiles and the chance of its promise."""
ANSWERED = (
    in_readiness.ask_by_answers,
    in_readiness.report_gates,
    in_readiness.follow_judgement,
    in_readiness.refresh_print,
)
JUDGED = (in_readiness.report_gates, in_readiness.follow_judgement, in_readiness.refresh_print)
"""What follows when an answer or its proof changes: what it lets be asked, the gates, the customer's print."""
TOLD = (in_invitations.mark_people,)
"""What follows later when a visit has changed: whom it may concern is told once it is quiet."""
AWAY = (in_feeds.renew_free_busy, in_visits.question_visits)
"""What follows when somebody will be away: free and busy times, and visits that need another technician."""
LOOKED_AT = (in_visits.look_at_visits_of_person,)
"""What follows later when somebody's hours, certificates, leave or own calendar are others: rules are looked at."""
BACK_AGAIN = (in_feeds.renew_free_busy, in_visits.settle_visits)

REACTIONS: Reactions = {
    # --- platform
    platform.MailReceived: Reaction(later=(in_invitations.take_mail, in_readiness.keep_returned)),
    # --- identity
    identity.PersonInvited: Reaction(now=(in_feeds.give_address,), later=(in_identity.mail_invitation,)),
    identity.PersonAdded: Reaction(now=(in_feeds.give_address,)),
    identity.PasswordResetAsked: Reaction(later=(in_identity.mail_reset,)),
    identity.PasswordChosen: NOTHING,
    identity.RoleChanged: Reaction(now=(in_feeds.end_addresses_without_right,)),
    identity.AccessDisabled: Reaction(now=(in_feeds.end_addresses,)),
    identity.AccessRestored: NOTHING,
    identity.ProfileChanged: Reaction(
        now=(in_feeds.write_calendar_of_person,), later=(in_invitations.mark_person,)
    ),
    identity.SignedIn: NOTHING,
    identity.SessionsRevoked: NOTHING,
    identity.LetterStopped: Reaction(now=(in_readiness.note_letter_stopped,)),
    identity.LetterLetGo: Reaction(now=(in_readiness.note_letter_let_go,)),
    # --- accounts
    accounts.AccountAdded: NOTHING,
    accounts.AccountRenamed: Reaction(
        now=(in_projects.found_by_new_name, in_feeds.write_visits_of_account),
        later=(in_invitations.mark_people_of_account,),
    ),
    accounts.SiteAdded: NOTHING,
    accounts.SiteChanged: Reaction(
        now=(in_feeds.write_visits_of_site, in_readiness.follow_site),
        later=(in_invitations.mark_people_of_site, in_visits.look_at_visits_at_site),
    ),
    accounts.SiteHoursSet: Reaction(later=(in_readiness.follow_site_days, in_visits.look_at_visits_at_site)),
    accounts.SiteClosureEntered: Reaction(
        later=(in_readiness.follow_site_days, in_visits.look_at_visits_at_site)
    ),
    accounts.SiteClosureChanged: Reaction(
        later=(in_readiness.follow_site_days, in_visits.look_at_visits_at_site)
    ),
    accounts.SiteClosureRemoved: Reaction(
        later=(in_readiness.follow_site_days, in_visits.look_at_visits_at_site)
    ),
    accounts.ContactAdded: NOTHING,
    accounts.ContactAwayEntered: Reaction(later=(in_visits.look_at_visits_with_contact,)),
    accounts.ContactAwayRemoved: Reaction(later=(in_visits.look_at_visits_with_contact,)),
    accounts.ContactChanged: Reaction(
        now=(in_feeds.write_calendar_of_contact,), later=(in_invitations.mark_contact,)
    ),
    # --- catalogue
    catalogue.ProductAdded: NOTHING,
    catalogue.WarrantySet: NOTHING,
    catalogue.AliasAdded: NOTHING,
    catalogue.PlaybookPublished: NOTHING,
    catalogue.PlaybookDrafted: NOTHING,
    catalogue.PlaybookEdited: NOTHING,
    catalogue.PlaybookDiscarded: NOTHING,
    catalogue.PlaybookPutBack: NOTHING,
    catalogue.PlaybookChosen: NOTHING,
    # --- workforce
    workforce.TechnicianAdded: NOTHING,
    workforce.SkillGranted: Reaction(later=LOOKED_AT),
    workforce.TechnicianChanged: Reaction(later=LOOKED_AT),
    workforce.SkillRemoved: Reaction(later=LOOKED_AT),
    workforce.HoursSet: Reaction(later=LOOKED_AT),
    workforce.DaySet: Reaction(later=LOOKED_AT),
    workforce.DayCleared: Reaction(later=LOOKED_AT),
    workforce.CapacitySet: NOTHING,
    workforce.CapacityRemoved: NOTHING,
    workforce.TerritoryAdded: NOTHING,
    workforce.TerritoryChanged: NOTHING,
    workforce.TerritoryRemoved: NOTHING,
    workforce.AbsenceEntered: Reaction(now=AWAY, later=LOOKED_AT),
    workforce.AbsenceRemoved: Reaction(now=BACK_AGAIN, later=LOOKED_AT),
    workforce.LeaveRequested: Reaction(later=(in_workforce.tell_deciders,)),
    workforce.LeaveApproved: Reaction(now=AWAY, later=(in_workforce.tell_decided, *LOOKED_AT)),
    workforce.LeaveRefused: Reaction(later=(in_workforce.tell_decided,)),
    workforce.LeaveWithdrawn: Reaction(now=BACK_AGAIN, later=(in_workforce.tell_withdrawn, *LOOKED_AT)),
    workforce.ClosureEntered: Reaction(
        later=(in_readiness.follow_company_days, in_visits.look_at_all_visits)
    ),
    workforce.ClosureChanged: Reaction(
        later=(in_readiness.follow_company_days, in_visits.look_at_all_visits)
    ),
    workforce.ClosureRemoved: Reaction(
        later=(in_readiness.follow_company_days, in_visits.look_at_all_visits)
    ),
    workforce.HomeOfficeSet: NOTHING,
    workforce.OwnCalendarAdded: NOTHING,
    workforce.OwnCalendarRenamed: NOTHING,
    workforce.OwnCalendarRemoved: Reaction(now=(in_feeds.renew_free_busy,), later=LOOKED_AT),
    workforce.OwnCalendarRead: Reaction(now=(in_feeds.renew_free_busy,), later=LOOKED_AT),
    workforce.OwnCalendarFailed: NOTHING,
    workforce.TurnEntered: Reaction(now=(in_feeds.write_turn,)),
    workforce.TurnChanged: Reaction(now=(in_feeds.write_turn,)),
    workforce.TurnCancelled: Reaction(now=(in_feeds.write_turn,)),
    # --- orders
    orders.OrderReceived: Reaction(now=(in_projects.order_becomes_project, in_enquiries.take_held_units)),
    orders.OrderChanged: Reaction(now=(in_projects.project_hears_of_change,)),
    orders.OrderCancellationReceived: Reaction(now=(in_projects.project_hears_of_cancellation,)),
    orders.OrderLineMatched: Reaction(
        now=(in_projects.matched_line_joins_plan, in_projects.expect_matched, in_readiness.follow_order)
    ),
    # --- equipment
    equipment.EquipmentExpected: NOTHING,
    equipment.AssetAdded: NOTHING,
    equipment.AssetChanged: NOTHING,
    equipment.AssetMoved: NOTHING,
    equipment.AssetRemoved: NOTHING,
    equipment.ClocksStarted: NOTHING,
    # --- enquiries
    enquiries.StockAdded: NOTHING,
    enquiries.StockChanged: NOTHING,
    enquiries.StockGone: NOTHING,
    enquiries.StockReserved: NOTHING,
    enquiries.SupplyTimeSet: NOTHING,
    enquiries.EnquiryAsked: NOTHING,
    enquiries.EnquiryClosed: NOTHING,
    enquiries.EnquiryReopened: NOTHING,
    enquiries.UnitsHeld: NOTHING,
    enquiries.HoldExtended: NOTHING,
    enquiries.HoldReleased: NOTHING,
    enquiries.EnquiryOrdered: NOTHING,
    # --- projects
    projects.ProjectCreated: Reaction(later=FORECAST),
    projects.PlanRenewed: Reaction(now=(in_feeds.write_milestones,), later=FORECAST),
    projects.PlanApproved: Reaction(
        now=(
            in_projects.expect_equipment,
            in_visits.plan_visits,
            in_readiness.issue,
            in_enquiries.let_people_go,
            in_feeds.write_milestones,
        ),
        later=FORECAST,
    ),
    projects.DatesPromised: Reaction(later=FORECAST),
    projects.BaselineTaken: NOTHING,
    projects.MilestoneMoved: Reaction(now=FOLLOWED, later=FORECAST),
    projects.ForecastChanged: Reaction(now=ALONG, later=FORECAST),
    projects.PlanReplanned: Reaction(now=FOLLOWED, later=FORECAST),
    projects.PlanReplannedAmongMany: Reaction(later=(*FOLLOWED, *FORECAST)),
    projects.MilestoneStarted: Reaction(now=(in_readiness.follow_milestone, *ALONG), later=FORECAST),
    projects.MilestoneFinished: Reaction(
        now=(in_projects.note_installed, in_readiness.follow_milestone, *ALONG), later=FORECAST
    ),
    projects.MilestoneBlocked: Reaction(
        now=(in_projects.block_costs_days, *ALONG),
        later=FORECAST,
    ),
    projects.MilestoneUnblocked: Reaction(
        now=(in_projects.block_cost_days, *ALONG),
        later=FORECAST,
    ),
    projects.MilestoneReopened: Reaction(
        now=(in_projects.note_installed, in_readiness.follow_milestone, *ALONG), later=FORECAST
    ),
    projects.MilestoneAdded: Reaction(now=(in_visits.plan_visit_of_added, *FOLLOWED), later=FORECAST),
    projects.PlaybookAdopted: Reaction(
        now=(in_visits.follow_playbook, in_readiness.renew, *FOLLOWED, in_feeds.write_milestones),
        later=FORECAST,
    ),
    projects.FieldsChanged: Reaction(now=(in_readiness.show_fields,)),
    projects.MessageSent: NOTHING,
    projects.MilestoneSplit: Reaction(now=FOLLOWED, later=FORECAST),
    projects.MilestoneSkipped: Reaction(
        now=(in_projects.block_cost_days, in_visits.cancel_visits_of_skipped, *FOLLOWED), later=FORECAST
    ),
    projects.MilestoneRestored: Reaction(now=(in_visits.reopen_work, *FOLLOWED), later=FORECAST),
    projects.MilestoneShaped: Reaction(now=FOLLOWED, later=FORECAST),
    projects.GoLiveRequired: Reaction(now=FOLLOWED, later=FORECAST),
    projects.ProjectHeld: Reaction(now=(in_projects.hold_costs_days, *FOLLOWED), later=FORECAST),
    projects.ResumeExpected: Reaction(now=FOLLOWED, later=FORECAST),
    projects.ProjectResumed: Reaction(now=(in_projects.hold_cost_days, *FOLLOWED), later=FORECAST),
    projects.MilestoneReassigned: NOTHING,
    projects.ProjectReassigned: Reaction(now=(in_feeds.write_milestones,)),
    projects.ProjectFinished: NOTHING,
    projects.ProjectReopened: NOTHING,
    projects.ProjectCancelled: Reaction(
        now=(
            in_projects.order_is_cancelled,
            in_projects.expect_no_equipment,
            in_enquiries.give_units_back,
            in_visits.cancel_visits,
            in_feeds.write_milestones,
        ),
        later=FORECAST,
    ),
    projects.GateCleared: NOTHING,
    projects.GateHeld: NOTHING,
    projects.GateOverridden: Reaction(now=(in_readiness.follow_override,)),
    projects.NoteWritten: NOTHING,
    projects.NoteChanged: NOTHING,
    projects.NoteRemoved: NOTHING,
    projects.UnitRecorded: Reaction(now=(in_projects.know_serial,)),
    projects.UnitRemoved: Reaction(now=(in_projects.forget_serial,)),
    projects.ProposalMade: NOTHING,
    projects.ProposalDecided: Reaction(
        now=(in_projects.order_stands, in_projects.expect_equipment, in_readiness.follow_order)
    ),
    projects.DelayEntered: NOTHING,
    projects.DelayAmended: NOTHING,
    projects.DelayClosed: NOTHING,
    projects.DelayWithdrawn: NOTHING,
    projects.DelayEvidenceLinked: NOTHING,
    projects.DelayCommented: NOTHING,
    projects.WorkingDaysPutBack: Reaction(
        now=(in_feeds.renew_all_free_busy,), later=(in_workforce.tell_taken_back,)
    ),
    projects.ActUndone: Reaction(
        now=(in_visits.share_undone, in_feeds.write_undone, in_readiness.follow_undone),
        later=(*FORECAST, in_invitations.mark_people_of_undone),
    ),
    projects.ProjectReminded: Reaction(now=(in_readiness.remind,)),
    projects.ProjectTakenOver: Reaction(
        now=(
            in_projects.expect_equipment,
            in_visits.plan_visits,
            in_readiness.take_over,
            in_feeds.write_milestones,
        ),
        later=FORECAST,
    ),
    projects.ProjectBroughtUpToDate: Reaction(now=FOLLOWED, later=FORECAST),
    projects.ViewSaved: NOTHING,
    projects.ViewChanged: NOTHING,
    projects.ViewDeleted: NOTHING,
    # --- visits
    visits.VisitPlanned: Reaction(now=(in_feeds.write_visit, in_dispatch.end_offers)),
    visits.VisitMoved: Reaction(now=(in_feeds.write_visit,), later=TOLD),
    visits.VisitNeedsDecision: Reaction(now=(in_feeds.write_visit,)),
    visits.VisitDecided: Reaction(now=(in_feeds.write_visit,), later=TOLD),
    visits.VisitChanged: Reaction(now=(in_feeds.write_visit,), later=TOLD),
    visits.TechniciansAssigned: Reaction(
        now=(in_feeds.write_visit, in_feeds.end_addresses_of_gone), later=TOLD
    ),
    visits.VisitConfirmed: Reaction(now=(in_feeds.write_visit, in_dispatch.end_offers), later=TOLD),
    visits.VisitStateChanged: Reaction(
        now=(in_feeds.write_visit, in_invitations.note_acceptance, in_visits.end_work), later=TOLD
    ),
    visits.VisitCancelled: Reaction(
        now=(
            in_feeds.write_visit,
            in_feeds.end_addresses_of_gone,
            in_visits.end_work,
            in_dispatch.end_chosen,
        ),
        later=TOLD,
    ),
    visits.WorkOpened: NOTHING,
    visits.WorkChanged: Reaction(now=(in_fieldwork.start_clocks_of_named_unit,)),
    visits.WorkDone: Reaction(now=(in_dispatch.end_with_work,)),
    visits.WorkReopened: NOTHING,
    visits.WorkCancelled: Reaction(now=(in_dispatch.end_with_work,)),
    visits.ZoneRulesChanged: Reaction(now=(in_feeds.write_by_new_rules,)),
    # --- readiness
    readiness.ChecklistIssued: Reaction(
        now=(in_readiness.report_gates,), later=(in_readiness.print_for_customer,)
    ),
    readiness.ChecklistRedated: Reaction(
        now=(in_readiness.report_due_days,), later=(in_readiness.print_for_customer,)
    ),
    readiness.ChecklistRenewed: Reaction(now=JUDGED),
    readiness.ItemAnswered: Reaction(now=ANSWERED),
    readiness.AnswersDiffer: Reaction(now=JUDGED),
    readiness.AnswerChosen: Reaction(now=(*ANSWERED, in_readiness.follow_choice)),
    readiness.AnswerDismissed: Reaction(now=(*JUDGED, in_readiness.follow_choice)),
    readiness.ItemAccepted: Reaction(now=ANSWERED),
    readiness.ItemReopened: Reaction(now=ANSWERED),
    readiness.EvidenceAttached: Reaction(now=ANSWERED),
    readiness.ItemWaived: Reaction(now=JUDGED),
    readiness.WaiverEnded: Reaction(now=JUDGED),
    readiness.SiteAssessed: Reaction(now=(in_readiness.follow_judgement,)),
    readiness.AssessmentSigned: Reaction(now=(in_readiness.follow_judgement,)),
    readiness.SectionSigned: Reaction(now=(in_readiness.refresh_print,)),
    readiness.ListSigned: Reaction(now=(in_readiness.follow_judgement, in_readiness.refresh_print)),
    readiness.SignatureEnded: Reaction(now=(in_readiness.refresh_print,)),
    readiness.ReadinessLost: NOTHING,
    readiness.ReadinessRegained: NOTHING,
    readiness.ChecklistThawed: NOTHING,
    readiness.ChecklistRequested: Reaction(
        now=(in_readiness.announce_checklist,), later=(in_readiness.print_for_customer,)
    ),
    readiness.ChecklistPrinted: Reaction(later=(in_feeds.mail_checklist,)),
    readiness.ChecklistSent: NOTHING,
    readiness.CustomerReminded: NOTHING,
    readiness.ReminderLeftOut: NOTHING,
    readiness.ChasingTurned: NOTHING,
    readiness.LinkGiven: Reaction(later=(in_readiness.mail_link,)),
    readiness.LinkSent: Reaction(later=(in_readiness.mail_link,)),
    readiness.LinkRotated: Reaction(later=(in_readiness.mail_link,)),
    readiness.LinkRevoked: Reaction(now=(in_dispatch.end_with_link,)),
    readiness.SectionHandedOn: Reaction(later=(in_readiness.mail_section,)),
    readiness.QuestionAsked: Reaction(later=(in_readiness.mail_question,)),
    readiness.QuestionAnswered: Reaction(later=(in_readiness.mail_answer,)),
    readiness.QuestionSettled: NOTHING,
    readiness.MessageWritten: Reaction(now=(in_readiness.mail_message,)),
    readiness.DocumentsReturned: Reaction(later=(in_readiness.read_returned,)),
    readiness.ReturnsRead: Reaction(later=(in_readiness.answer_sender,)),
    readiness.ReturnSettled: NOTHING,
    # --- feeds
    feeds.AddressCreated: NOTHING,
    feeds.AddressRotated: NOTHING,
    feeds.AddressRevoked: NOTHING,
    feeds.AddressRenamed: NOTHING,
    feeds.AddressChosen: NOTHING,
    # --- invitations
    invitations.InvitationSent: NOTHING,
    invitations.InvitationAnswered: Reaction(later=(in_invitations.pass_decline_on,)),
    invitations.AnswerSetAside: Reaction(later=(in_invitations.withdraw_again,)),
    invitations.TimeProposed: NOTHING,
    invitations.TimeProposalDecided: Reaction(later=(in_invitations.tell_wish_declined,)),
    invitations.InvitationUndeliverable: NOTHING,
    # --- dispatch
    dispatch.PlanAsked: NOTHING,
    dispatch.PlanCancelled: NOTHING,
    dispatch.ProposalRejected: NOTHING,
    dispatch.ProposalChanged: NOTHING,
    dispatch.TimesOffered: Reaction(now=(in_dispatch.mail_offer,)),
    dispatch.OfferSent: Reaction(now=(in_dispatch.mail_offer,)),
    dispatch.OfferWithdrawn: Reaction(now=(in_dispatch.mail_no_longer,)),
    dispatch.OfferLapsed: NOTHING,
    dispatch.OfferOvertaken: Reaction(now=(in_dispatch.mail_no_longer,)),
    dispatch.TimeChosen: NOTHING,
    dispatch.TimeChanged: NOTHING,
    dispatch.CalledOff: NOTHING,
    dispatch.NoTimeSuits: NOTHING,
    dispatch.OfferNoted: NOTHING,
    # --- fieldwork
    fieldwork.FieldworkReported: NOTHING,
    fieldwork.SiteNotReady: NOTHING,
    fieldwork.NotReadyWithdrawn: NOTHING,
    fieldwork.EntryChosen: NOTHING,
    fieldwork.StraysSeen: NOTHING,
    fieldwork.RecordIssued: Reaction(later=(in_fieldwork.print_record,)),
    fieldwork.RecordPrinted: NOTHING,
}
