"""Every text that a person can type is found by the search, or left out for a reason that stands here."""

import sqlalchemy as sa

from concierge.platform.database import Base, Line, Prose
from concierge.platform.searching import Findable
from concierge.projects.queries import fields as _names_of_fields  # noqa: F401  # lets values be found by their names
from tests.hostile import world

BY_ANOTHER = {
    "holds.reason": "each hold writes a delay with its reason",
    "milestones.block_reason": "each block writes a delay with its reason",
    "playbook_fields.name": "values are found by the names of their fields",
    "playbook_fields.choices": "values are found by what was chosen",
    "playbook_fields.unit": "stands beside numbers only",
}
IN_THE_HISTORY = "why something changed; it is read in the history of its project"
ON_ITS_PAGE = "read on the page of what was found, where a search would find every one alike"
OF_A_PLAYBOOK = "the same text in every project of a playbook; the playbook is found by its name"
OF_A_SYSTEM = "what another system calls it; people know the thing by its name"
ADDRESSES = "part of an address or a way to reach somebody; the person or place is found by its name"
LEFT_OUT = {
    **dict.fromkeys(
        ("projects.cancel_reason", "milestones.move_reason", "milestones.skip_reason", "date_changes.why",
         "date_changes.about", "gates.reason",
         "proposals.note", "proposals.lines", "proposals.reason",
         "baselines.name", "baselines.note", "visits.cancel_reason", "work_orders.cancel_reason",
         "assets.removal_reason",
         "visits.cancel_because", "work_orders.cancel_because",
         "visits.needs_decision", "visits.decide_words", "visit_technicians.conflict_reason", "broken_rules.reason",
         "broken_rules.words", "calendar_proposals.title",
         "calendar_proposals.note", "calendar_proposals.change", "recorded_events.payload"),
        IN_THE_HISTORY,
    ),
    **dict.fromkeys(
        ("work_orders.titles", "work_orders.skill", "work_orders.tools", "work_orders.note", "assets.options",
         "assets.software", "assets.place", "assets.note", "orders.note", "orders.system",
         "order_lines.description", "order_documents.name", "order_documents.number", "order_documents.summary",
         "visits.title", "visits.titles", "visits.note", "visits.skill",
         "readiness_items.value", "readiness_items.comment", "readiness_items.review_note",
         "readiness_items.answered_name", "readiness_items.returned_reason", "item_answers.value",
         "item_answers.comment", "item_answers.name", "item_evidence.attached_name", "assessments.signed_name",
         "assessments.meaning", "assessments.note", "assessments.standing", "waivers.name", "waivers.reason",
         "waivers.ended_why", "readiness_signatures.name", "readiness_signatures.title",
         "readiness_signatures.meaning", "readiness_signatures.conditions", "readiness_signatures.content",
         "readiness_signatures.changes", "readiness_signatures.ended_why", "checklists.ready_lost",
         "delay_comments.name", "delay_comments.text",
         "delay_evidence.url", "delay_evidence.note", "sites.dock_notes", "checklist_documents.shown",
         "invitations.comment", "invitation_answers.comment", "invitation_answers.why",
         "invitation_answers.about", "time_proposals.comment",
         "on_call_turns.note", "skills.number", "other_hours.reason", "capacities.reason",
         "leave_requests.note", "leave_requests.answer", "customer_questions.name",
         "customer_questions.text", "customer_questions.answer",
         "customer_messages.name", "customer_messages.text",
         "planning_runs.territory", "planning_runs.skill",
         "planning_proposals.refusal",
         "uploads_under_way.name", "returned_documents.detail", "returned_documents.entries",
         "readiness_signatures.critical", "field_changes.said", "field_entries.value", "field_notes.text",
         "field_photos.caption", "field_signatures.name", "field_signatures.role", "field_signatures.meaning",
         "field_taps.note", "not_ready_reports.note", "slot_offers.note", "slot_offers.wish", "slot_offers.reason",
         "stock_units.note", "stock_units.gone_reason",
         "enquiries.note", "enquiries.close_reason", "enquiry_lines.subdivision",
         "enquiry_lines.city", "stock_holds.extension_reason", "time_holds.words"),
        ON_ITS_PAGE,
    ),
    **dict.fromkeys(
        ("playbook_versions.note", "playbook_items.section", "playbook_items.requirement", "playbook_items.why",
         "playbook_items.how", "playbook_items.quantity", "playbook_items.unit", "playbook_items.choices",
         "playbook_items.source", "playbook_items.source_rev", "playbook_messages.subject", "playbook_messages.text",
         "playbook_milestones.name", "playbook_visits.tools", "playbook_steps.text", "playbook_steps.unit",
         "field_steps.text", "field_steps.unit",
         "playbook_visits.title", "playbook_visits.skill", "milestones.name",
         "baseline_milestones.name", "readiness_signatures.section", "readiness_items.section",
         "readiness_items.requirement", "readiness_items.why",
         "readiness_items.how", "readiness_items.quantity", "readiness_items.unit", "readiness_items.choices",
         "readiness_items.source", "readiness_items.source_rev", "playbook_items.accepted", "playbook_items.sample",
         "playbook_items.fact", "playbook_items.countries", "playbook_items.condition", "playbook_items.file_kinds",
         "playbook_items.role", "readiness_items.accepted", "readiness_items.sample", "readiness_items.file_kinds",
         "readiness_items.condition", "gates.holding", "projects.conflicts", "checklists.sold",
         "projects.health_facts"),
        OF_A_PLAYBOOK,
    ),
    **dict.fromkeys(
        ("accounts.party_id", "projects.external_key", "order_lines.line_id", "order_lines.seller_item_id",
         "order_lines.standard_item_id", "order_lines.buyer_item_id", "order_lines.unit", "promises.reference",
         "jobs.title", "jobs.message", "jobs.result",
         "stored_files.name", "order_imports.results", "deliveries.last_error", "mailboxes.name", "mailboxes.problem",
         "user_sessions.client", "own_calendars.problem", "own_calendars.entity_tag",
         "own_calendars.last_modified", "projects.forecast_basis",
         "reminders.mail_key", "reminders.items",
         "document_batches.project_ids", "document_batches.made", "document_batches.left_out",
         "document_batches.language"),
        OF_A_SYSTEM,
    ),
    **dict.fromkeys(
        ("contacts.phone", "contacts.title", "users.phone", "sites.street", "sites.postcode", "sites.subdivision",
         "technicians.city", "technicians.subdivision", "technicians.territory", "own_calendars.address",
         "own_calendars.name", "invitations.email", "invitation_answers.sender", "invitation_answers.attendee",
         "incoming_mails.sender", "incoming_mails.recipients", "incoming_mails.subject", "incoming_mails.message_id",
         "outgoing_mails.to_name", "outgoing_mails.subject", "outgoing_mails.text", "outgoing_mails.reply_to",
         "outgoing_mails.unsubscribe", "outgoing_mails.returned_why", "outgoing_mails.afterwards",
         "incoming_mails.text", "incoming_mails.note", "customer_links.name", "customer_links.email",
         "returned_documents.sender", "technicians.languages"),
        ADDRESSES,
    ),
    **dict.fromkeys(
        ("closures.name", "site_closures.name", "offices.name", "courses.code", "courses.title", "courses.level",
         "courses.curriculum", "product_facts.quantity", "product_facts.unit", "product_facts.printed",
         "product_facts.condition", "product_facts.text", "product_facts.source", "product_facts.source_rev",
         "saved_views.name", "saved_views.query", "calendars.name", "feeds.device",
         "territories.name"),
        "kept on one page of its own, where all of it stands; the palette offers saved views by themselves",
    ),
}  # fmt: skip


def test_every_text_that_people_type_is_found_or_left_out_for_a_reason() -> None:
    searched = _searched()
    silent = [name for name in _typed() if name not in searched | BY_ANOTHER.keys() | LEFT_OUT.keys()]

    assert silent == [], "let it be found, or say here why it is not"


def test_nothing_is_left_out_that_is_found_or_gone() -> None:
    typed, listed = set(_typed()), {*BY_ANOTHER, *LEFT_OUT}

    assert sorted(listed & _searched()) == []
    assert sorted(name for name in listed - typed if name.partition(".")[0] in Base.metadata.tables) == []


def _searched() -> set[str]:
    """Columns whose words lead somewhere, themselves or through a row that they belong to."""
    return {
        f"{mapper.local_table}.{name}"
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, Findable)
        for name in mapper.class_.searched
        if "." not in name
    }


def _typed() -> list[str]:
    """Columns that hold what people or foreign files say."""
    made = world.CODES | world.LISTS | world.MADE_UP
    return [
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Line | Prose | sa.JSON)
        and f"{table.name}.{column.name}" not in made
        and table.name != "search_entries"
    ]
