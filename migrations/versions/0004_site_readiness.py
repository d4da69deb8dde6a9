"""Typed requirements, judgement, the customer's links, documents that come back, reminders."""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

CHECKS = {'checklist_documents': {'ck_checklist_documents_document_kind': "kind IN ('working copy', 'record copy')"},
 'checklists': {'ck_checklists_freeze': "frozen_why IN ('signed off', 'ship released')"},
 'playbook_items': {'ck_playbook_items_anchor': "anchor IN ('delivery', 'install', 'order')",
                    'ck_playbook_items_due_days': "due_days IN ('calendar days', 'working days of the "
                                                  "site')",
                    'ck_playbook_items_item_type': "type IN ('confirm', 'measure', 'choice', 'text', "
                                                   "'date', 'upload', 'signature', 'multi', 'info')",
                    'ck_playbook_items_reviewer': "reviewer IN ('engineer', 'concierge')"},
 'readiness_items': {'ck_readiness_items_anchor': "anchor IN ('delivery', 'install', 'order')",
                     'ck_readiness_items_channel': "channel IN ('web', 'staff', 'pdf', 'field')",
                     'ck_readiness_items_contact_role': "role IN ('lab', 'facilities', 'it', 'safety', "
                                                        "'purchasing', 'receiving')",
                     'ck_readiness_items_due_days': "due_days IN ('calendar days', 'working days of the "
                                                    "site')",
                     'ck_readiness_items_item_type': "type IN ('confirm', 'measure', 'choice', 'text', "
                                                     "'date', 'upload', 'signature', 'multi', 'info')",
                     'ck_readiness_items_reviewer': "reviewer IN ('engineer', 'concierge')"}}
"""The checks of older tables that are new or change, as they are from now on."""

EARLIER_CHECKS = {'checklist_documents': {},
 'checklists': {},
 'playbook_items': {'ck_playbook_items_item_type': "type IN ('confirm', 'measure', 'choice', 'text', "
                                                   "'date', 'upload', 'info')"},
 'readiness_items': {'ck_readiness_items_channel': "channel IN ('web', 'staff', 'pdf')",
                     'ck_readiness_items_item_type': "type IN ('confirm', 'measure', 'choice', 'text', "
                                                     "'date', 'upload', 'info')"}}


def upgrade() -> None:
    """Typed requirements, judgement, the customer's links, documents that come back, reminders."""
    op.create_table('document_batches',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('asked_by_id', sa.Integer(), nullable=True),
    sa.Column('job_id', sa.Integer(), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('language', sa.String(length=16), nullable=False),
    sa.Column('project_ids', sa.JSON(), nullable=False),
    sa.Column('made', sa.JSON(), nullable=False),
    sa.Column('left_out', sa.JSON(), nullable=False),
    sa.Column('cancelled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('file_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['asked_by_id'], ['users.id'], name=op.f('fk_document_batches_asked_by_id')),
    sa.ForeignKeyConstraint(['file_id'], ['stored_files.id'], name=op.f('fk_document_batches_file_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_document_batches'))
    )
    op.create_table('reminders',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('contact_id', sa.Integer(), nullable=False),
    sa.Column('local_on', sa.Date(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('mail_key', sa.String(length=200), nullable=False),
    sa.Column('items', sa.JSON(), nullable=False),
    sa.Column('stopped_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['contact_id'], ['contacts.id'], name=op.f('fk_reminders_contact_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reminders')),
    sa.UniqueConstraint('contact_id', 'local_on', name=op.f('uq_reminders_contact_id_local_on'))
    )
    op.create_table('customer_links',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('contact_id', sa.Integer(), nullable=True),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('language', sa.String(length=16), nullable=False),
    sa.Column('section', sa.String(length=40), nullable=False),
    sa.Column('given_by_id', sa.Integer(), nullable=True),
    sa.Column('nonce', sa.String(length=32), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['contact_id'], ['contacts.id'], name=op.f('fk_customer_links_contact_id')),
    sa.ForeignKeyConstraint(['given_by_id'], ['customer_links.id'], name=op.f('fk_customer_links_given_by_id')),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_customer_links_project_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer_links')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_customer_links_token_hash'))
    )
    with op.batch_alter_table('customer_links', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_customer_links_contact_id'), ['contact_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_customer_links_project_id'), ['project_id'], unique=False)

    op.create_table('assessments',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('checklist_id', sa.Integer(), nullable=False),
    sa.Column('occasion', sa.Enum('14 days before', '7 days before', 'on the day', 'by hand', name='occasion', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('on', sa.Date(), nullable=False),
    sa.Column('counted_from', sa.Date(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=True),
    sa.Column('signed_name', sa.String(length=120), nullable=False),
    sa.Column('signed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('signed_by_id', sa.Integer(), nullable=True),
    sa.Column('meaning', sa.String(length=500), nullable=False),
    sa.Column('gate', sa.Enum('ship', 'install', name='gate_kind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('is_ready', sa.Boolean(), nullable=False),
    sa.Column('percent', sa.Integer(), nullable=False),
    sa.Column('critical_open', sa.Integer(), nullable=False),
    sa.Column('standing', sa.JSON(), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('note', sa.String(length=2000), nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['users.id'], name=op.f('fk_assessments_by_id')),
    sa.ForeignKeyConstraint(['checklist_id'], ['checklists.id'], name=op.f('fk_assessments_checklist_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['signed_by_id'], ['users.id'], name=op.f('fk_assessments_signed_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_assessments'))
    )
    with op.batch_alter_table('assessments', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_assessments_checklist_id'), ['checklist_id'], unique=False)

    op.create_table('link_codes',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('link_id', sa.Integer(), nullable=False),
    sa.Column('code_hash', sa.String(length=64), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['link_id'], ['customer_links.id'], name=op.f('fk_link_codes_link_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_link_codes'))
    )
    with op.batch_alter_table('link_codes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_link_codes_link_id'), ['link_id'], unique=False)

    op.create_table('readiness_signatures',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('checklist_id', sa.Integer(), nullable=False),
    sa.Column('section', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('title', sa.String(length=80), nullable=False),
    sa.Column('meaning', sa.String(length=500), nullable=False),
    sa.Column('decision', sa.Enum('ready', 'ready with conditions', 'not ready', name='decision', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('conditions', sa.String(length=2000), nullable=False),
    sa.Column('signed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('channel', sa.Enum('web', 'staff', 'pdf', 'field', name='channel', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=True),
    sa.Column('link_id', sa.Integer(), nullable=True),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_why', sa.String(length=300), nullable=False),
    sa.Column('critical', sa.JSON(), nullable=False),
    sa.Column('changes', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['users.id'], name=op.f('fk_readiness_signatures_by_id')),
    sa.ForeignKeyConstraint(['checklist_id'], ['checklists.id'], name=op.f('fk_readiness_signatures_checklist_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['link_id'], ['customer_links.id'], name=op.f('fk_readiness_signatures_link_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_readiness_signatures'))
    )
    with op.batch_alter_table('readiness_signatures', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_readiness_signatures_checklist_id'), ['checklist_id'], unique=False)

    op.create_table('customer_questions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=True),
    sa.Column('link_id', sa.Integer(), nullable=True),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('text', sa.String(length=2000), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer', sa.String(length=4000), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['answered_by_id'], ['users.id'], name=op.f('fk_customer_questions_answered_by_id')),
    sa.ForeignKeyConstraint(['item_id'], ['readiness_items.id'], name=op.f('fk_customer_questions_item_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['link_id'], ['customer_links.id'], name=op.f('fk_customer_questions_link_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_customer_questions_project_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer_questions'))
    )
    with op.batch_alter_table('customer_questions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_customer_questions_project_id'), ['project_id'], unique=False)
        batch_op.create_index('ix_customer_questions_waiting', ['asked_at', 'id'], unique=False, sqlite_where=sa.text('answered_at IS NULL'), postgresql_where=sa.text('answered_at IS NULL'))

    op.create_table('returned_documents',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('file_id', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=True),
    sa.Column('document_id', sa.Integer(), nullable=True),
    sa.Column('channel', sa.Enum('web', 'staff', 'pdf', 'field', name='channel', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('sender', sa.String(length=254), nullable=False),
    sa.Column('mail_id', sa.Integer(), nullable=True),
    sa.Column('link_id', sa.Integer(), nullable=True),
    sa.Column('by_id', sa.Integer(), nullable=True),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('outcome', sa.Enum('waiting', 'taken', 'conflicts', 'partly taken', 'nothing filled in', 'of another project', 'altered', 'old revision', 'encrypted', 'truncated', 'too large', 'with script or XFA', 'flattened or scanned', 'unreadable', 'not ours', 'settled', name='outcome', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('detail', sa.String(length=2000), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('entries', sa.JSON(), nullable=False),
    sa.Column('pictures', sa.JSON(), nullable=False),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['by_id'], ['users.id'], name=op.f('fk_returned_documents_by_id')),
    sa.ForeignKeyConstraint(['document_id'], ['checklist_documents.id'], name=op.f('fk_returned_documents_document_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['file_id'], ['stored_files.id'], name=op.f('fk_returned_documents_file_id')),
    sa.ForeignKeyConstraint(['link_id'], ['customer_links.id'], name=op.f('fk_returned_documents_link_id')),
    sa.ForeignKeyConstraint(['mail_id'], ['incoming_mails.id'], name=op.f('fk_returned_documents_mail_id')),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_returned_documents_project_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['settled_by_id'], ['users.id'], name=op.f('fk_returned_documents_settled_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_returned_documents')),
    sa.UniqueConstraint('project_id', 'digest', name=op.f('uq_returned_documents_project_id_digest'))
    )
    with op.batch_alter_table('returned_documents', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_returned_documents_digest'), ['digest'], unique=False)
        batch_op.create_index(batch_op.f('ix_returned_documents_project_id'), ['project_id'], unique=False)
        batch_op.create_index('ix_returned_documents_unsettled', ['outcome'], unique=False, sqlite_where=sa.text('settled_at IS NULL'), postgresql_where=sa.text('settled_at IS NULL'))

    op.create_table('uploads_under_way',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('token', sa.String(length=40), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=False),
    sa.Column('link_id', sa.Integer(), nullable=True),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('received', sa.Integer(), nullable=False),
    sa.Column('pieces', sa.JSON(), nullable=False),
    sa.Column('begun_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['item_id'], ['readiness_items.id'], name=op.f('fk_uploads_under_way_item_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['link_id'], ['customer_links.id'], name=op.f('fk_uploads_under_way_link_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_uploads_under_way_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_uploads_under_way')),
    sa.UniqueConstraint('token', name=op.f('uq_uploads_under_way_token'))
    )
    with op.batch_alter_table('uploads_under_way', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_uploads_under_way_item_id'), ['item_id'], unique=False)

    op.create_table('waivers',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('reason', sa.String(length=2000), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('given_by_id', sa.Integer(), nullable=True),
    sa.Column('expires_on', sa.Date(), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_why', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['given_by_id'], ['users.id'], name=op.f('fk_waivers_given_by_id')),
    sa.ForeignKeyConstraint(['item_id'], ['readiness_items.id'], name=op.f('fk_waivers_item_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_waivers'))
    )
    with op.batch_alter_table('waivers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_waivers_item_id'), ['item_id'], unique=False)

    op.create_table('item_answers',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=False),
    sa.Column('standing', sa.Enum('current', 'earlier', 'conflict', 'dismissed', name='standing', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('value', sa.String(length=2000), nullable=False),
    sa.Column('si_value', sa.Double(), nullable=True),
    sa.Column('verdict', sa.Enum('ok', 'out of range', 'unknown', name='verdict', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('comment', sa.String(length=2000), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('channel', sa.Enum('web', 'staff', 'pdf', 'field', name='channel', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=True),
    sa.Column('link_id', sa.Integer(), nullable=True),
    sa.Column('returned_id', sa.Integer(), nullable=True),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['users.id'], name=op.f('fk_item_answers_by_id')),
    sa.ForeignKeyConstraint(['item_id'], ['readiness_items.id'], name=op.f('fk_item_answers_item_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['link_id'], ['customer_links.id'], name=op.f('fk_item_answers_link_id')),
    sa.ForeignKeyConstraint(['returned_id'], ['returned_documents.id'], name=op.f('fk_item_answers_returned_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_item_answers'))
    )
    with op.batch_alter_table('item_answers', schema=None) as batch_op:
        batch_op.create_index('ix_item_answers_in_conflict', ['item_id'], unique=False, sqlite_where=sa.text("standing = 'conflict'"), postgresql_where=sa.text("standing = 'conflict'"))
        batch_op.create_index(batch_op.f('ix_item_answers_item_id'), ['item_id'], unique=False)

    with op.batch_alter_table('checklist_documents', schema=None) as batch_op:
        batch_op.add_column(sa.Column('kind', sa.Enum('working copy', 'record copy', name='document_kind', native_enum=False, create_constraint=False, length=40), nullable=False, server_default='working copy'))

    with op.batch_alter_table('checklists', schema=None) as batch_op:
        batch_op.add_column(sa.Column('install_on', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('ordered_on', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('is_chased', sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column('frozen_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('frozen_why', sa.Enum('signed off', 'ship released', name='freeze', native_enum=False, create_constraint=False, length=40), nullable=True))
        batch_op.add_column(sa.Column('ready_lost_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('ready_lost', sa.JSON(), nullable=False, server_default='{}'))
        batch_op.add_column(sa.Column('chased_after', sa.Date(), nullable=True))
        batch_op.create_index('ix_checklists_ready_lost', ['anchor_on'], unique=False, sqlite_where=sa.text('ready_lost_at IS NOT NULL'), postgresql_where=sa.text('ready_lost_at IS NOT NULL'))

    with op.batch_alter_table('contacts', schema=None) as batch_op:
        batch_op.add_column(sa.Column('is_reminded', sa.Boolean(), nullable=False, server_default=sa.true()))

    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.add_column(sa.Column('asked_by_id', sa.Integer(), nullable=True))

    with op.batch_alter_table('gates', schema=None) as batch_op:
        batch_op.add_column(sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('item_evidence', schema=None) as batch_op:
        batch_op.add_column(sa.Column('attached_name', sa.String(length=120), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('link_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_item_evidence_link_id'), 'customer_links', ['link_id'], ['id'])

    with op.batch_alter_table('outgoing_mails', schema=None) as batch_op:
        batch_op.add_column(sa.Column('unsubscribe', sa.String(length=500), server_default='', nullable=False))
        batch_op.add_column(sa.Column('project_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('is_for_customer', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column('caused_by_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('is_whole', sa.Boolean(), server_default=sa.true(), nullable=False))
        batch_op.add_column(sa.Column('leaves_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('leaves_by', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('afterwards', sa.JSON(), server_default='[]', nullable=False))
        batch_op.add_column(sa.Column('taken_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('stopped_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('stopped_by_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('returned_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('returned_why', sa.String(length=300), server_default='', nullable=False))
        batch_op.create_index(batch_op.f('ix_outgoing_mails_project_id'), ['project_id'], unique=False)
        batch_op.create_index('ix_outgoing_mails_returned', ['to'], unique=False, sqlite_where=sa.text('returned_at IS NOT NULL'), postgresql_where=sa.text('returned_at IS NOT NULL'))
        batch_op.create_index('ix_outgoing_mails_waiting', ['id'], unique=False, sqlite_where=sa.text('sent_at IS NULL AND stopped_at IS NULL'), postgresql_where=sa.text('sent_at IS NULL AND stopped_at IS NULL'))

    with op.batch_alter_table('playbook_items', schema=None) as batch_op:
        batch_op.add_column(sa.Column('accepted', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.add_column(sa.Column('tolerance', sa.Double(), nullable=True))
        batch_op.add_column(sa.Column('sample', sa.String(length=80), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('fact', sa.String(length=60), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('countries', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.add_column(sa.Column('condition', sa.JSON(), nullable=False, server_default='{}'))
        batch_op.add_column(sa.Column('file_kinds', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.add_column(sa.Column('file_count', sa.Integer(), nullable=False, server_default='1'))
        batch_op.add_column(sa.Column('weight', sa.Integer(), nullable=False, server_default='1'))
        batch_op.add_column(sa.Column('anchor', sa.Enum('delivery', 'install', 'order', name='anchor', native_enum=False, create_constraint=False, length=40), nullable=False, server_default='delivery'))
        batch_op.add_column(sa.Column('due_days', sa.Enum('calendar days', 'working days of the site', name='due_days', native_enum=False, create_constraint=False, length=40), nullable=False, server_default='calendar days'))
        batch_op.add_column(sa.Column('role', sa.String(length=20), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('reviewer', sa.Enum('engineer', 'concierge', name='reviewer', native_enum=False, create_constraint=False, length=40), nullable=True))

    with op.batch_alter_table('readiness_items', schema=None) as batch_op:
        batch_op.add_column(sa.Column('accepted', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.add_column(sa.Column('tolerance', sa.Double(), nullable=True))
        batch_op.add_column(sa.Column('sample', sa.String(length=80), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('file_kinds', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.add_column(sa.Column('file_count', sa.Integer(), nullable=False, server_default='1'))
        batch_op.add_column(sa.Column('condition', sa.JSON(), nullable=False, server_default='{}'))
        batch_op.add_column(sa.Column('is_asked', sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column('is_withdrawn', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('weight', sa.Integer(), nullable=False, server_default='1'))
        batch_op.add_column(sa.Column('role', sa.Enum('lab', 'facilities', 'it', 'safety', 'purchasing', 'receiving', name='contact_role', native_enum=False, create_constraint=False, length=40), nullable=True))
        batch_op.add_column(sa.Column('reviewer', sa.Enum('engineer', 'concierge', name='reviewer', native_enum=False, create_constraint=False, length=40), nullable=True))
        batch_op.add_column(sa.Column('anchor', sa.Enum('delivery', 'install', 'order', name='anchor', native_enum=False, create_constraint=False, length=40), nullable=False, server_default='delivery'))
        batch_op.add_column(sa.Column('due_days', sa.Enum('calendar days', 'working days of the site', name='due_days', native_enum=False, create_constraint=False, length=40), nullable=False, server_default='calendar days'))
        batch_op.add_column(sa.Column('answered_name', sa.String(length=120), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('returned_reason', sa.String(length=2000), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('reviewed_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('reviewed_by_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('review_note', sa.String(length=2000), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('reported_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('waived_until', sa.Date(), nullable=True))
        batch_op.create_index('ix_readiness_items_to_review', ['due_on'], unique=False, sqlite_where=sa.text("state = 'answered' AND (reviewer IS NOT NULL OR reported_at IS NOT NULL)"), postgresql_where=sa.text("state = 'answered' AND (reviewer IS NOT NULL OR reported_at IS NOT NULL)"))
        batch_op.create_foreign_key(batch_op.f('fk_readiness_items_reviewed_by_id'), 'users', ['reviewed_by_id'], ['id'])

    with op.batch_alter_table('sites', schema=None) as batch_op:
        batch_op.add_column(sa.Column('is_confidential', sa.Boolean(), nullable=False, server_default=sa.false()))

    _check(EARLIER_CHECKS, CHECKS)


def downgrade() -> None:
    """Typed requirements, judgement, the customer's links, documents that come back, reminders."""
    _check(CHECKS, EARLIER_CHECKS)
    with op.batch_alter_table('sites', schema=None) as batch_op:
        batch_op.drop_column('is_confidential')

    with op.batch_alter_table('readiness_items', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_readiness_items_reviewed_by_id'), type_='foreignkey')
        batch_op.drop_index('ix_readiness_items_to_review', sqlite_where=sa.text("state = 'answered' AND (reviewer IS NOT NULL OR reported_at IS NOT NULL)"), postgresql_where=sa.text("state = 'answered' AND (reviewer IS NOT NULL OR reported_at IS NOT NULL)"))
        batch_op.drop_column('waived_until')
        batch_op.drop_column('reported_at')
        batch_op.drop_column('review_note')
        batch_op.drop_column('reviewed_by_id')
        batch_op.drop_column('reviewed_at')
        batch_op.drop_column('returned_reason')
        batch_op.drop_column('answered_name')
        batch_op.drop_column('due_days')
        batch_op.drop_column('anchor')
        batch_op.drop_column('reviewer')
        batch_op.drop_column('role')
        batch_op.drop_column('weight')
        batch_op.drop_column('is_withdrawn')
        batch_op.drop_column('is_asked')
        batch_op.drop_column('condition')
        batch_op.drop_column('file_count')
        batch_op.drop_column('file_kinds')
        batch_op.drop_column('sample')
        batch_op.drop_column('tolerance')
        batch_op.drop_column('accepted')

    with op.batch_alter_table('playbook_items', schema=None) as batch_op:
        batch_op.drop_column('reviewer')
        batch_op.drop_column('role')
        batch_op.drop_column('due_days')
        batch_op.drop_column('anchor')
        batch_op.drop_column('weight')
        batch_op.drop_column('file_count')
        batch_op.drop_column('file_kinds')
        batch_op.drop_column('condition')
        batch_op.drop_column('countries')
        batch_op.drop_column('fact')
        batch_op.drop_column('sample')
        batch_op.drop_column('tolerance')
        batch_op.drop_column('accepted')

    with op.batch_alter_table('outgoing_mails', schema=None) as batch_op:
        batch_op.drop_index('ix_outgoing_mails_waiting', sqlite_where=sa.text('sent_at IS NULL AND stopped_at IS NULL'), postgresql_where=sa.text('sent_at IS NULL AND stopped_at IS NULL'))
        batch_op.drop_index('ix_outgoing_mails_returned', sqlite_where=sa.text('returned_at IS NOT NULL'), postgresql_where=sa.text('returned_at IS NOT NULL'))
        batch_op.drop_index(batch_op.f('ix_outgoing_mails_project_id'))
        batch_op.drop_column('returned_why')
        batch_op.drop_column('returned_at')
        batch_op.drop_column('stopped_by_id')
        batch_op.drop_column('stopped_at')
        batch_op.drop_column('taken_at')
        batch_op.drop_column('afterwards')
        batch_op.drop_column('leaves_by')
        batch_op.drop_column('leaves_at')
        batch_op.drop_column('is_whole')
        batch_op.drop_column('caused_by_id')
        batch_op.drop_column('is_for_customer')
        batch_op.drop_column('project_id')
        batch_op.drop_column('unsubscribe')

    with op.batch_alter_table('item_evidence', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_item_evidence_link_id'), type_='foreignkey')
        batch_op.drop_column('link_id')
        batch_op.drop_column('attached_name')

    with op.batch_alter_table('gates', schema=None) as batch_op:
        batch_op.drop_column('settled_at')

    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.drop_column('asked_by_id')

    with op.batch_alter_table('contacts', schema=None) as batch_op:
        batch_op.drop_column('is_reminded')

    with op.batch_alter_table('checklists', schema=None) as batch_op:
        batch_op.drop_index('ix_checklists_ready_lost', sqlite_where=sa.text('ready_lost_at IS NOT NULL'), postgresql_where=sa.text('ready_lost_at IS NOT NULL'))
        batch_op.drop_column('chased_after')
        batch_op.drop_column('ready_lost')
        batch_op.drop_column('ready_lost_at')
        batch_op.drop_column('frozen_why')
        batch_op.drop_column('frozen_at')
        batch_op.drop_column('is_chased')
        batch_op.drop_column('ordered_on')
        batch_op.drop_column('install_on')

    with op.batch_alter_table('checklist_documents', schema=None) as batch_op:
        batch_op.drop_column('kind')

    with op.batch_alter_table('item_answers', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_item_answers_item_id'))
        batch_op.drop_index('ix_item_answers_in_conflict', sqlite_where=sa.text("standing = 'conflict'"), postgresql_where=sa.text("standing = 'conflict'"))

    op.drop_table('item_answers')
    with op.batch_alter_table('waivers', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_waivers_item_id'))

    op.drop_table('waivers')
    with op.batch_alter_table('uploads_under_way', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_uploads_under_way_item_id'))

    op.drop_table('uploads_under_way')
    with op.batch_alter_table('returned_documents', schema=None) as batch_op:
        batch_op.drop_index('ix_returned_documents_unsettled', sqlite_where=sa.text('settled_at IS NULL'), postgresql_where=sa.text('settled_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_returned_documents_project_id'))
        batch_op.drop_index(batch_op.f('ix_returned_documents_digest'))

    op.drop_table('returned_documents')
    with op.batch_alter_table('customer_questions', schema=None) as batch_op:
        batch_op.drop_index('ix_customer_questions_waiting', sqlite_where=sa.text('answered_at IS NULL'), postgresql_where=sa.text('answered_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_customer_questions_project_id'))

    op.drop_table('customer_questions')
    with op.batch_alter_table('readiness_signatures', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_readiness_signatures_checklist_id'))

    op.drop_table('readiness_signatures')
    with op.batch_alter_table('link_codes', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_link_codes_link_id'))

    op.drop_table('link_codes')
    with op.batch_alter_table('assessments', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_assessments_checklist_id'))

    op.drop_table('assessments')
    with op.batch_alter_table('customer_links', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_customer_links_project_id'))
        batch_op.drop_index(batch_op.f('ix_customer_links_contact_id'))

    op.drop_table('customer_links')
    op.drop_table('reminders')
    op.drop_table('document_batches')


def _check(before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]) -> None:
    """Put the checks of tables in the place of earlier ones."""
    for table, checks in after.items():
        with op.batch_alter_table(table) as batch_op:
            for name, text in before[table].items():
                if checks.get(name) != text:
                    batch_op.drop_constraint(op.f(name), type_="check")
            for name, text in checks.items():
                if before[table].get(name) != text:
                    batch_op.create_check_constraint(op.f(name), sa.text(text))
