"""calendars of every kind, invitations and answers, mail that comes in."""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

CHECKS = {'feeds': {'ck_feeds_one_owner': '(user_id IS NULL) <> (contact_id IS NULL)'}}
"""The checks of older tables that are new or change, as they are from now on."""

EARLIER_CHECKS = {'feeds': {}}

CARRIED_OVER = (
    """INSERT INTO calendars (shows, scope, scope_key, is_for_customer, language, is_busy_only, has_alarms,
    cancelled_days, horizon_days, name, label, version, changed_at, lapses)
    SELECT 'visits', 'person', CAST(v.owner_id AS VARCHAR(20)), false, person.language, false, false, 7, 400,
    person.name, v.scope, v.version, v.changed_at, v.lapses
    FROM feed_versions v JOIN users person ON person.id = v.owner_id""",
    """INSERT INTO calendar_entries (calendar_id, subject, subject_id, starts_at, ends_at, uid, sequence,
    modified_at, renderer, gone_at, body)
    SELECT calendar.id, 'visit', entry.visit_id, entry.starts_at, entry.ends_at, entry.uid, entry.sequence,
    entry.modified_at, entry.renderer, entry.gone_at, entry.body
    FROM feed_entries entry JOIN calendars calendar ON calendar.scope_key = CAST(entry.owner_id AS VARCHAR(20))""",
    """UPDATE feeds SET calendar_id = (SELECT calendar.id FROM calendars calendar
    WHERE calendar.scope_key = CAST(feeds.user_id AS VARCHAR(20)))""",
)
"""Each person's calendar becomes one of their visits; the addresses stay as they are, so no device notices."""


def upgrade() -> None:
    """calendars of every kind, invitations and answers, mail that comes in."""
    op.create_table('calendars',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('shows', sa.Enum('visits', 'milestones', 'on call', 'free/busy', name='shows', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('scope', sa.Enum('person', 'team', 'project', 'site', name='scope', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('scope_key', sa.String(length=80), nullable=False),
    sa.Column('is_for_customer', sa.Boolean(), nullable=False),
    sa.Column('language', sa.String(length=16), nullable=False),
    sa.Column('is_busy_only', sa.Boolean(), nullable=False),
    sa.Column('has_alarms', sa.Boolean(), nullable=False),
    sa.Column('cancelled_days', sa.Integer(), nullable=False),
    sa.Column('horizon_days', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('label', sa.String(length=32), nullable=False),
    sa.Column('version', sa.String(length=32), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lapses', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_calendars')),
    sa.UniqueConstraint('label', name=op.f('uq_calendars_label')),
    sa.UniqueConstraint('scope', 'scope_key', 'shows', 'is_for_customer', 'language', 'is_busy_only', 'has_alarms', 'cancelled_days', 'horizon_days', name='uq_calendars_what')
    )
    op.create_table('invitation_tellings',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('recipient', sa.String(length=40), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('round', sa.String(length=16), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invitation_tellings')),
    sa.UniqueConstraint('recipient', name=op.f('uq_invitation_tellings_recipient'))
    )
    op.create_table('mailboxes',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('uid_validity', sa.BigInteger(), nullable=False),
    sa.Column('last_uid', sa.BigInteger(), nullable=False),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('problem', sa.String(length=300), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('again_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mailboxes')),
    sa.UniqueConstraint('name', name=op.f('uq_mailboxes_name'))
    )
    op.create_table('calendar_entries',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('calendar_id', sa.Integer(), nullable=False),
    sa.Column('subject', sa.Enum('visit', 'milestone', 'turn', name='subject', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('subject_id', sa.Integer(), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('uid', sa.String(length=64), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('modified_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('renderer', sa.String(length=40), nullable=False),
    sa.Column('gone_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['calendar_id'], ['calendars.id'], name=op.f('fk_calendar_entries_calendar_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_calendar_entries')),
    sa.UniqueConstraint('calendar_id', 'subject', 'subject_id', name=op.f('uq_calendar_entries_calendar_id_subject_subject_id'))
    )
    with op.batch_alter_table('calendar_entries', schema=None) as batch_op:
        batch_op.create_index('ix_calendar_entries_calendar_id_starts_at', ['calendar_id', 'starts_at', 'uid'], unique=False)
        batch_op.create_index('ix_calendar_entries_subject', ['subject', 'subject_id'], unique=False)

    op.create_table('incoming_mails',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('message_id', sa.String(length=300), nullable=False),
    sa.Column('sender', sa.String(length=254), nullable=False),
    sa.Column('recipients', sa.String(length=1000), nullable=False),
    sa.Column('subject', sa.String(length=300), nullable=False),
    sa.Column('note', sa.String(length=300), nullable=False),
    sa.Column('file_id', sa.Integer(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('text', sa.String(length=4000), nullable=False),
    sa.ForeignKeyConstraint(['file_id'], ['stored_files.id'], name=op.f('fk_incoming_mails_file_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_incoming_mails')),
    sa.UniqueConstraint('digest', name=op.f('uq_incoming_mails_digest'))
    )
    with op.batch_alter_table('incoming_mails', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_incoming_mails_message_id'), ['message_id'], unique=False)

    op.create_table('on_call_turns',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=64), nullable=False),
    sa.Column('technician_id', sa.Integer(), nullable=False),
    sa.Column('starts_local', sa.DateTime(), nullable=False),
    sa.Column('ends_local', sa.DateTime(), nullable=False),
    sa.Column('zone', sa.String(length=64), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('cancelled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.CheckConstraint('starts_at < ends_at', name=op.f('ck_on_call_turns_ends_after_start')),
    sa.ForeignKeyConstraint(['technician_id'], ['technicians.id'], name=op.f('fk_on_call_turns_technician_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_on_call_turns')),
    sa.UniqueConstraint('uid', name=op.f('uq_on_call_turns_uid'))
    )
    with op.batch_alter_table('on_call_turns', schema=None) as batch_op:
        batch_op.create_index('ix_on_call_turns_starts_at', ['starts_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_on_call_turns_technician_id'), ['technician_id'], unique=False)

    op.create_table('own_calendars',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('technician_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('address', sa.String(length=500), nullable=False),
    sa.Column('state', sa.Enum('waiting', 'fresh', 'stale', name='own_calendar_state', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('tried_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('fetched_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('read_zone', sa.String(length=64), server_default='', nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('problem', sa.String(length=300), nullable=False),
    sa.Column('entity_tag', sa.String(length=200), nullable=False),
    sa.Column('last_modified', sa.String(length=60), nullable=False),
    sa.ForeignKeyConstraint(['technician_id'], ['technicians.id'], name=op.f('fk_own_calendars_technician_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_own_calendars'))
    )
    with op.batch_alter_table('own_calendars', schema=None) as batch_op:
        batch_op.create_index('ix_own_calendars_due_at', ['due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_own_calendars_technician_id'), ['technician_id'], unique=False)

    op.create_table('busy_times',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('own_calendar_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('busy', 'tentative', name='busy_kind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('starts_at < ends_at', name=op.f('ck_busy_times_ends_after_start')),
    sa.ForeignKeyConstraint(['own_calendar_id'], ['own_calendars.id'], name=op.f('fk_busy_times_own_calendar_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_busy_times'))
    )
    with op.batch_alter_table('busy_times', schema=None) as batch_op:
        batch_op.create_index('ix_busy_times_own_calendar_id_starts_at', ['own_calendar_id', 'starts_at'], unique=False)

    op.create_table('feed_clients',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('feed_id', sa.Integer(), nullable=False),
    sa.Column('client', sa.String(length=200), nullable=False),
    sa.Column('first_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['feed_id'], ['feeds.id'], name=op.f('fk_feed_clients_feed_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feed_clients')),
    sa.UniqueConstraint('feed_id', 'client', name=op.f('uq_feed_clients_feed_id_client'))
    )
    op.create_table('invitations',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('contact_id', sa.Integer(), nullable=True),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('nonce', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sent_sequence', sa.Integer(), nullable=False),
    sa.Column('sent_fingerprint', sa.String(length=64), nullable=False),
    sa.Column('sent_starts_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sent_ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('undeliverable_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reply', sa.Enum('none', 'accepted', 'tentative', 'declined', 'delegated', name='reply', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('replied_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('replied_sequence', sa.Integer(), nullable=False),
    sa.Column('replied_way', sa.Enum('mail', 'page', name='way', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('comment', sa.String(length=2000), nullable=False),
    sa.CheckConstraint('(user_id IS NULL) <> (contact_id IS NULL)', name=op.f('ck_invitations_one_invited')),
    sa.ForeignKeyConstraint(['contact_id'], ['contacts.id'], name=op.f('fk_invitations_contact_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_invitations_user_id')),
    sa.ForeignKeyConstraint(['visit_id'], ['visits.id'], name=op.f('fk_invitations_visit_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invitations')),
    sa.UniqueConstraint('nonce', name=op.f('uq_invitations_nonce'))
    )
    with op.batch_alter_table('invitations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_invitations_contact_id'), ['contact_id'], unique=False)
        batch_op.create_index('ix_invitations_declined', ['visit_id'], unique=False, sqlite_where=sa.text("reply = 'declined'"), postgresql_where=sa.text("reply = 'declined'"))
        batch_op.create_index('ix_invitations_returned', ['undeliverable_at'], unique=False, sqlite_where=sa.text('undeliverable_at IS NOT NULL'), postgresql_where=sa.text('undeliverable_at IS NOT NULL'))
        batch_op.create_index(batch_op.f('ix_invitations_user_id'), ['user_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_invitations_visit_id'), ['visit_id'], unique=False)
        batch_op.create_index('uq_invitations_visit_contact', ['visit_id', 'contact_id'], unique=True, sqlite_where=sa.text('contact_id IS NOT NULL'), postgresql_where=sa.text('contact_id IS NOT NULL'))
        batch_op.create_index('uq_invitations_visit_user', ['visit_id', 'user_id'], unique=True, sqlite_where=sa.text('user_id IS NOT NULL'), postgresql_where=sa.text('user_id IS NOT NULL'))

    op.create_table('invitation_answers',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('invitation_id', sa.Integer(), nullable=True),
    sa.Column('incoming_mail_id', sa.Integer(), nullable=True),
    sa.Column('way', sa.Enum('mail', 'page', name='way', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('method', sa.String(length=20), nullable=False),
    sa.Column('reply', sa.Enum('none', 'accepted', 'tentative', 'declined', 'delegated', name='reply', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('sender', sa.String(length=254), nullable=False),
    sa.Column('attendee', sa.String(length=254), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('stamped_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('comment', sa.String(length=2000), nullable=False),
    sa.Column('trust', sa.Enum('secret address', 'signed', 'a person', 'none', name='trust', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('outcome', sa.Enum('applied', 'repeated', 'outdated', 'stranger', 'suggested', 'proposed', 'for a person', 'refused', name='outcome', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('why', sa.String(length=300), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['incoming_mail_id'], ['incoming_mails.id'], name=op.f('fk_invitation_answers_incoming_mail_id')),
    sa.ForeignKeyConstraint(['invitation_id'], ['invitations.id'], name=op.f('fk_invitation_answers_invitation_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invitation_answers'))
    )
    with op.batch_alter_table('invitation_answers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_invitation_answers_incoming_mail_id'), ['incoming_mail_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_invitation_answers_invitation_id'), ['invitation_id'], unique=False)
        batch_op.create_index('ix_invitation_answers_to_settle', ['id'], unique=False, sqlite_where=sa.text("seen_at IS NULL AND outcome IN ('stranger', 'suggested', 'for a person')"), postgresql_where=sa.text("seen_at IS NULL AND outcome IN ('stranger', 'suggested', 'for a person')"))

    op.create_table('time_proposals',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('invitation_id', sa.Integer(), nullable=False),
    sa.Column('answer_id', sa.Integer(), nullable=True),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('comment', sa.String(length=2000), nullable=False),
    sa.Column('state', sa.Enum('open', 'taken', 'declined', 'overtaken', name='proposal_state', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('starts_at < ends_at', name=op.f('ck_time_proposals_ends_after_start')),
    sa.ForeignKeyConstraint(['answer_id'], ['invitation_answers.id'], name=op.f('fk_time_proposals_answer_id')),
    sa.ForeignKeyConstraint(['decided_by_id'], ['users.id'], name=op.f('fk_time_proposals_decided_by_id')),
    sa.ForeignKeyConstraint(['invitation_id'], ['invitations.id'], name=op.f('fk_time_proposals_invitation_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_time_proposals'))
    )
    with op.batch_alter_table('time_proposals', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_time_proposals_invitation_id'), ['invitation_id'], unique=False)
        batch_op.create_index('ix_time_proposals_open', ['made_at'], unique=False, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))

    with op.batch_alter_table('calendar_proposals', schema=None) as batch_op:
        batch_op.add_column(sa.Column('takes_back_id', sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f('ix_calendar_proposals_takes_back_id'), ['takes_back_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_calendar_proposals_takes_back_id'), 'calendar_proposals', ['takes_back_id'], ['id'], ondelete='SET NULL')

    with op.batch_alter_table('feeds', schema=None) as batch_op:
        batch_op.add_column(sa.Column('contact_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('calendar_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('device', sa.String(length=80), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('fetched_version', sa.String(length=32), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('has_own_language', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.alter_column('user_id',
               existing_type=sa.INTEGER(),
               nullable=True)
        batch_op.create_index(batch_op.f('ix_feeds_calendar_id'), ['calendar_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_feeds_contact_id'), ['contact_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_feeds_calendar_id'), 'calendars', ['calendar_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_feeds_contact_id'), 'contacts', ['contact_id'], ['id'])

    with op.batch_alter_table('outgoing_mails', schema=None) as batch_op:
        batch_op.add_column(sa.Column('secrets', sa.JSON(), server_default='[]', nullable=False))
        batch_op.add_column(sa.Column('reply_to', sa.String(length=320), server_default='', nullable=False))

    with op.batch_alter_table('promises', schema=None) as batch_op:
        batch_op.add_column(sa.Column('taken_back_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('taken_back_by_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_promises_taken_back_by_id'), 'users', ['taken_back_by_id'], ['id'])

    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.add_column(sa.Column('invited_by_mail', sa.Boolean(), server_default=sa.true(), nullable=False))

    for statement in CARRIED_OVER:
        op.execute(statement)
    with op.batch_alter_table('feeds', schema=None) as batch_op:
        batch_op.alter_column('calendar_id', existing_type=sa.INTEGER(), nullable=False)
    op.drop_table('feed_entries')
    op.drop_table('feed_versions')
    _check(EARLIER_CHECKS, CHECKS)




def downgrade() -> None:
    """calendars of every kind, invitations and answers, mail that comes in."""
    op.execute("DELETE FROM feed_clients")
    op.execute("DELETE FROM feeds WHERE user_id IS NULL")
    _check(CHECKS, EARLIER_CHECKS)
    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.drop_column('invited_by_mail')

    with op.batch_alter_table('promises', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_promises_taken_back_by_id'), type_='foreignkey')
        batch_op.drop_column('taken_back_by_id')
        batch_op.drop_column('taken_back_at')

    with op.batch_alter_table('outgoing_mails', schema=None) as batch_op:
        batch_op.drop_column('reply_to')
        batch_op.drop_column('secrets')

    with op.batch_alter_table('feeds', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_feeds_contact_id'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_feeds_calendar_id'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_feeds_contact_id'))
        batch_op.drop_index(batch_op.f('ix_feeds_calendar_id'))
        batch_op.alter_column('user_id',
               existing_type=sa.INTEGER(),
               nullable=False)
        batch_op.drop_column('has_own_language')
        batch_op.drop_column('fetched_version')
        batch_op.drop_column('device')
        batch_op.drop_column('calendar_id')
        batch_op.drop_column('contact_id')

    with op.batch_alter_table('calendar_proposals', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_calendar_proposals_takes_back_id'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_calendar_proposals_takes_back_id'))
        batch_op.drop_column('takes_back_id')

    op.create_table('feed_entries',
    sa.Column('id', sa.INTEGER(), nullable=False),
    sa.Column('owner_id', sa.INTEGER(), nullable=False),
    sa.Column('visit_id', sa.INTEGER(), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('uid', sa.VARCHAR(length=64), nullable=False),
    sa.Column('sequence', sa.INTEGER(), nullable=False),
    sa.Column('modified_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('renderer', sa.VARCHAR(length=40), nullable=False),
    sa.Column('gone_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_feed_entries_owner_id')),
    sa.ForeignKeyConstraint(['visit_id'], ['visits.id'], name=op.f('fk_feed_entries_visit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feed_entries')),
    sa.UniqueConstraint('owner_id', 'visit_id', name=op.f('uq_feed_entries_owner_id_visit_id'))
    )
    with op.batch_alter_table('feed_entries', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_feed_entries_visit_id'), ['visit_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_feed_entries_owner_id_starts_at'), ['owner_id', 'starts_at', 'uid'], unique=False)

    op.create_table('feed_versions',
    sa.Column('id', sa.INTEGER(), nullable=False),
    sa.Column('owner_id', sa.INTEGER(), nullable=False),
    sa.Column('scope', sa.VARCHAR(length=32), nullable=False),
    sa.Column('version', sa.VARCHAR(length=32), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lapses', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_feed_versions_owner_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feed_versions')),
    sa.UniqueConstraint('owner_id', name=op.f('uq_feed_versions_owner_id')),
    sa.UniqueConstraint('scope', name=op.f('uq_feed_versions_scope'))
    )
    with op.batch_alter_table('time_proposals', schema=None) as batch_op:
        batch_op.drop_index('ix_time_proposals_open', sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))
        batch_op.drop_index(batch_op.f('ix_time_proposals_invitation_id'))

    op.drop_table('time_proposals')
    with op.batch_alter_table('invitation_answers', schema=None) as batch_op:
        batch_op.drop_index('ix_invitation_answers_to_settle', sqlite_where=sa.text("seen_at IS NULL AND outcome IN ('stranger', 'suggested', 'for a person')"), postgresql_where=sa.text("seen_at IS NULL AND outcome IN ('stranger', 'suggested', 'for a person')"))
        batch_op.drop_index(batch_op.f('ix_invitation_answers_invitation_id'))
        batch_op.drop_index(batch_op.f('ix_invitation_answers_incoming_mail_id'))

    op.drop_table('invitation_answers')
    with op.batch_alter_table('invitations', schema=None) as batch_op:
        batch_op.drop_index('uq_invitations_visit_user', sqlite_where=sa.text('user_id IS NOT NULL'), postgresql_where=sa.text('user_id IS NOT NULL'))
        batch_op.drop_index('uq_invitations_visit_contact', sqlite_where=sa.text('contact_id IS NOT NULL'), postgresql_where=sa.text('contact_id IS NOT NULL'))
        batch_op.drop_index(batch_op.f('ix_invitations_visit_id'))
        batch_op.drop_index(batch_op.f('ix_invitations_user_id'))
        batch_op.drop_index('ix_invitations_returned', sqlite_where=sa.text('undeliverable_at IS NOT NULL'), postgresql_where=sa.text('undeliverable_at IS NOT NULL'))
        batch_op.drop_index('ix_invitations_declined', sqlite_where=sa.text("reply = 'declined'"), postgresql_where=sa.text("reply = 'declined'"))
        batch_op.drop_index(batch_op.f('ix_invitations_contact_id'))

    op.drop_table('invitations')
    op.drop_table('feed_clients')
    with op.batch_alter_table('busy_times', schema=None) as batch_op:
        batch_op.drop_index('ix_busy_times_own_calendar_id_starts_at')

    op.drop_table('busy_times')
    with op.batch_alter_table('own_calendars', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_own_calendars_technician_id'))
        batch_op.drop_index('ix_own_calendars_due_at')

    op.drop_table('own_calendars')
    with op.batch_alter_table('on_call_turns', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_on_call_turns_technician_id'))
        batch_op.drop_index('ix_on_call_turns_starts_at')

    op.drop_table('on_call_turns')
    with op.batch_alter_table('incoming_mails', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_incoming_mails_message_id'))

    op.drop_table('incoming_mails')
    with op.batch_alter_table('calendar_entries', schema=None) as batch_op:
        batch_op.drop_index('ix_calendar_entries_subject')
        batch_op.drop_index('ix_calendar_entries_calendar_id_starts_at')

    op.drop_table('calendar_entries')
    op.drop_table('mailboxes')
    op.drop_table('invitation_tellings')
    op.drop_table('calendars')


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
