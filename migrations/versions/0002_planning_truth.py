"""planning that tells the truth."""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

CHECKS = {'closures': {'ck_closures_both_times_or_none': '(from_time IS NULL) = (to_time IS NULL)'},
 'milestone_links': {'ck_milestone_links_lag_unit': "lag_unit IN ('workdays', 'days', 'hours')",
                     'ck_milestone_links_link_kind': "kind IN ('finish to start', 'start to start', "
                                                     "'finish to finish', 'start to finish')"},
 'milestones': {'ck_milestones_days_of': "days_of IN ('site', 'customer', 'company', 'crew', 'every day')",
                'ck_milestones_milestone_state': "state IN ('planned', 'started', 'blocked', 'done', "
                                                 "'skipped')",
                'ck_milestones_skipped_has_reason': "(state = 'skipped') = (skip_reason <> '')"},
 'playbook_links': {'ck_playbook_links_lag_unit': "lag_unit IN ('workdays', 'days', 'hours')",
                    'ck_playbook_links_link_kind': "kind IN ('finish to start', 'start to start', 'finish "
                                                   "to finish', 'start to finish')"},
 'playbook_milestones': {'ck_playbook_milestones_days_of': "days_of IN ('site', 'customer', 'company', "
                                                           "'crew', 'every day')"},
 'projects': {'ck_projects_counting': "counting IN ('forward', 'backward')",
              'ck_projects_health': "health IN ('draft', 'on track', 'at risk', 'late', 'on hold', 'done', "
                                    "'cancelled')",
              'ck_projects_milestone_kind': "stage IN ('order accepted', 'kick-off', 'site survey', 'site "
                                            "ready', 'ship released', 'delivered', 'installed', 'iq', "
                                            "'oq', 'pq', 'training', 'handover', 'other')"}}
"""The checks of older tables that are new or change, as they are from now on."""

EARLIER_CHECKS = {'closures': {},
 'milestone_links': {},
 'milestones': {'ck_milestones_milestone_state': "state IN ('planned', 'started', 'blocked', 'done')"},
 'playbook_links': {},
 'playbook_milestones': {},
 'projects': {'ck_projects_health': "health IN ('draft', 'on track', 'at risk', 'late', 'done', "
                                    "'cancelled')"}}


ON_SQLITE = (
    """CREATE VIRTUAL TABLE search_words USING fts5(kind, words, content='search_entries', content_rowid='id',
    tokenize="unicode61 remove_diacritics 0 tokenchars '_'", prefix='1 2 3 4 5')""",
    """CREATE TRIGGER search_entries_added AFTER INSERT ON search_entries BEGIN
    INSERT INTO search_words (rowid, kind, words) VALUES (new.id, new.kind, new.words); END""",
    """CREATE TRIGGER search_entries_removed AFTER DELETE ON search_entries BEGIN
    INSERT INTO search_words (search_words, rowid, kind, words)
    VALUES ('delete', old.id, old.kind, old.words); END""",
    """CREATE TRIGGER search_entries_changed AFTER UPDATE OF kind, words ON search_entries BEGIN
    INSERT INTO search_words (search_words, rowid, kind, words)
    VALUES ('delete', old.id, old.kind, old.words);
    INSERT INTO search_words (rowid, kind, words) VALUES (new.id, new.kind, new.words); END""",
)
ON_POSTGRESQL = (
    """CREATE INDEX ix_search_entries_words ON search_entries USING gin (array_to_tsvector(array_remove(string_to_array('_' || kind || ' ' || words, ' '), '')))""",
)
DATA = (
    "UPDATE milestones SET derived_start_on = forecast_start_on, derived_on = forecast_on",
    """UPDATE project_playbooks SET quantity = COALESCE((SELECT CASE WHEN line.quantity < 1 THEN 1
    ELSE CAST(line.quantity AS INTEGER) END FROM order_lines line
    WHERE line.id = project_playbooks.order_line_id), 1)""",
    """INSERT INTO date_changes (project_id, milestone_id, kind, start_on, finish_on, at, by_id, why)
    SELECT project_id, id, 'planned', forecast_start_on, forecast_on, CURRENT_TIMESTAMP, NULL, ''
    FROM milestones WHERE forecast_on IS NOT NULL""",
    """INSERT INTO date_changes (project_id, milestone_id, kind, start_on, finish_on, at, by_id, why)
    SELECT milestone.project_id, milestone.id, 'promised', milestone.promised_start_on, milestone.promised_on,
    project.approved_at, NULL, '' FROM milestones milestone JOIN projects project ON project.id = milestone.project_id
    WHERE milestone.promised_on IS NOT NULL AND project.approved_at IS NOT NULL""",
    """INSERT INTO date_changes (project_id, milestone_id, kind, start_on, finish_on, at, by_id, why)
    SELECT project_id, id, 'actual', started_on, finished_on, CURRENT_TIMESTAMP, NULL, ''
    FROM milestones WHERE started_on IS NOT NULL OR finished_on IS NOT NULL""",
    """INSERT INTO promises (project_id, account_id, milestone_id, milestone_key, is_handover, start_on, finish_on,
    shown_on, shown_at, told_on, reference, by_id, is_agreed)
    SELECT project.id, project.account_id, milestone.id, milestone.key, milestone.kind = 'handover',
    milestone.promised_start_on, milestone.promised_on, 'mail', checklist.sent_at, DATE(checklist.sent_at), '', NULL, false
    FROM milestones milestone JOIN projects project ON project.id = milestone.project_id
    JOIN checklists checklist ON checklist.project_id = project.id
    WHERE checklist.sent_at IS NOT NULL AND milestone.audience = 'customer' AND milestone.promised_on IS NOT NULL""",
)
"""What is known of plans made before: their dates are noted as of now, what was mailed was promised."""


def _make_search_index() -> None:
    """The index of full text, which each database has in its own way."""
    for statement in ON_SQLITE if op.get_context().dialect.name == "sqlite" else ON_POSTGRESQL:
        op.get_bind().exec_driver_sql(statement)


def upgrade() -> None:
    """planning that tells the truth."""
# ### commands auto generated by Alembic - please adjust! ###
    op.create_table('backtests',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('ran_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('group', sa.String(length=160), nullable=False),
    sa.Column('cases', sa.Integer(), nullable=False),
    sa.Column('within_p50', sa.Integer(), nullable=False),
    sa.Column('within_p80', sa.Integer(), nullable=False),
    sa.Column('within_p90', sa.Integer(), nullable=False),
    sa.Column('detail', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_backtests'))
    )
    with op.batch_alter_table('backtests', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_backtests_ran_at'), ['ran_at'], unique=False)

    op.create_table('offices',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('subdivision', sa.String(length=10), nullable=False),
    sa.Column('zone', sa.String(length=64), nullable=False),
    sa.Column('is_home', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_offices'))
    )
    op.create_table('search_entries',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('row_id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=True),
    sa.Column('under_kind', sa.String(length=40), nullable=False),
    sa.Column('under_id', sa.Integer(), nullable=True),
    sa.Column('code', sa.String(length=120), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('key', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_search_entries')),
    sa.UniqueConstraint('kind', 'row_id', name=op.f('uq_search_entries_kind_row_id'))
    )
    with op.batch_alter_table('search_entries', schema=None) as batch_op:
        batch_op.create_index('ix_search_entries_key', ['key'], unique=False)
        batch_op.create_index(batch_op.f('ix_search_entries_project_id'), ['project_id'], unique=False)

    op.create_table('undos',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('act', sa.String(length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor_id', sa.Integer(), nullable=True),
    sa.Column('project_id', sa.Integer(), nullable=True),
    sa.Column('first_event_id', sa.Integer(), nullable=False),
    sa.Column('last_event_id', sa.Integer(), nullable=False),
    sa.Column('needs', sa.String(length=60), nullable=False),
    sa.Column('differences', sa.JSON(), nullable=False),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_undos'))
    )
    with op.batch_alter_table('undos', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_undos_act'), ['act'], unique=False)
        batch_op.create_index(batch_op.f('ix_undos_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_undos_first_event_id'), ['first_event_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_undos_project_id'), ['project_id'], unique=False)

    op.create_table('calendar_proposals',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('foreseeing', 'open', 'applying', 'applied', 'dismissed', name='calendar_proposal_state', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('change', sa.JSON(), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_by_id', sa.Integer(), nullable=True),
    sa.Column('job_id', sa.Integer(), nullable=True),
    sa.Column('projects', sa.Integer(), nullable=False),
    sa.Column('promises', sa.Integer(), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('note', sa.String(length=1000), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['decided_by_id'], ['users.id'], name=op.f('fk_calendar_proposals_decided_by_id')),
    sa.ForeignKeyConstraint(['job_id'], ['jobs.id'], name=op.f('fk_calendar_proposals_job_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['made_by_id'], ['users.id'], name=op.f('fk_calendar_proposals_made_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_calendar_proposals'))
    )
    op.create_table('put_aside',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_put_aside_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_put_aside')),
    sa.UniqueConstraint('user_id', 'key', name=op.f('uq_put_aside_user_id_key'))
    )
    op.create_table('saved_views',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('query', sa.String(length=1000), nullable=False),
    sa.Column('is_shared', sa.Boolean(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_saved_views_owner_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_views')),
    sa.UniqueConstraint('owner_id', 'name', name=op.f('uq_saved_views_owner_id_name'))
    )
    with op.batch_alter_table('saved_views', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_saved_views_owner_id'), ['owner_id'], unique=False)

    op.create_table('playbook_fields',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('version_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=60), nullable=False),
    sa.Column('name', sa.JSON(), nullable=False),
    sa.Column('kind', sa.Enum('text', 'number', 'date', 'choice', 'yes or no', name='field_kind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('unit', sa.String(length=20), nullable=False),
    sa.Column('choices', sa.JSON(), nullable=False),
    sa.Column('audience', sa.Enum('customer', 'internal', name='audience', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['playbook_versions.id'], name=op.f('fk_playbook_fields_version_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_playbook_fields')),
    sa.UniqueConstraint('version_id', 'key', name=op.f('uq_playbook_fields_version_id_key'))
    )
    with op.batch_alter_table('playbook_fields', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_playbook_fields_version_id'), ['version_id'], unique=False)

    op.create_table('playbook_messages',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('version_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=60), nullable=False),
    sa.Column('milestone_key', sa.String(length=60), nullable=False),
    sa.Column('offset_workdays', sa.Integer(), nullable=False),
    sa.Column('subject', sa.JSON(), nullable=False),
    sa.Column('text', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['playbook_versions.id'], name=op.f('fk_playbook_messages_version_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_playbook_messages')),
    sa.UniqueConstraint('version_id', 'key', name=op.f('uq_playbook_messages_version_id_key'))
    )
    with op.batch_alter_table('playbook_messages', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_playbook_messages_version_id'), ['version_id'], unique=False)

    op.create_table('site_closures',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('site_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('shutdown', 'frozen', name='site_closure_kind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('first_on', sa.Date(), nullable=False),
    sa.Column('last_on', sa.Date(), nullable=False),
    sa.Column('from_time', sa.Time(), nullable=True),
    sa.Column('to_time', sa.Time(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('(from_time IS NULL) = (to_time IS NULL)', name=op.f('ck_site_closures_both_times_or_none')),
    sa.CheckConstraint('first_on <= last_on', name=op.f('ck_site_closures_in_order')),
    sa.CheckConstraint('from_time IS NULL OR from_time < to_time', name=op.f('ck_site_closures_times_in_order')),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_site_closures_site_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_site_closures'))
    )
    with op.batch_alter_table('site_closures', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_site_closures_site_id'), ['site_id'], unique=False)

    op.create_table('site_hours',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('site_id', sa.Integer(), nullable=False),
    sa.Column('weekday', sa.Integer(), nullable=False),
    sa.Column('opens', sa.Time(), nullable=False),
    sa.Column('closes', sa.Time(), nullable=False),
    sa.CheckConstraint('opens < closes', name=op.f('ck_site_hours_in_order')),
    sa.CheckConstraint('weekday BETWEEN 0 AND 6', name=op.f('ck_site_hours_weekday_in_week')),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_site_hours_site_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_site_hours')),
    sa.UniqueConstraint('site_id', 'weekday', 'opens', name=op.f('uq_site_hours_site_id_weekday_opens'))
    )
    with op.batch_alter_table('site_hours', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_site_hours_site_id'), ['site_id'], unique=False)

    op.create_table('field_values',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=60), nullable=False),
    sa.Column('text', sa.String(length=2000), nullable=False),
    sa.Column('number', sa.Double(), nullable=True),
    sa.Column('day', sa.Date(), nullable=True),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('search', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['changed_by_id'], ['users.id'], name=op.f('fk_field_values_changed_by_id')),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_field_values_project_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_field_values')),
    sa.UniqueConstraint('project_id', 'key', name=op.f('uq_field_values_project_id_key'))
    )
    with op.batch_alter_table('field_values', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_field_values_key'), ['key'], unique=False)

    op.create_table('holds',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('first_on', sa.Date(), nullable=False),
    sa.Column('expected_on', sa.Date(), nullable=True),
    sa.Column('resumed_on', sa.Date(), nullable=True),
    sa.Column('cause', sa.Enum('power', 'hvac', 'gas', 'exhaust', 'water', 'floor or route', 'bench', 'network', 'permit or safety', 'people away', 'freight damage', 'customs', 'stock or allocation', 'engineer capacity', 'order or contract', 'decontamination', 'building project late', 'other', name='block_cause', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('party', sa.Enum('customer', 'us', 'carrier or customs', 'supplier', 'agreed change', 'concurrent', 'none', name='party', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('workdays', sa.Integer(), nullable=False),
    sa.Column('held_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('held_by_id', sa.Integer(), nullable=True),
    sa.Column('resumed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('resumed_by_id', sa.Integer(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('(resumed_on IS NULL) = (resumed_at IS NULL)', name=op.f('ck_holds_resumed_has_instant')),
    sa.CheckConstraint('expected_on IS NULL OR expected_on > first_on', name=op.f('ck_holds_expected_after_start')),
    sa.CheckConstraint('resumed_on IS NULL OR resumed_on >= first_on', name=op.f('ck_holds_resumed_after_start')),
    sa.ForeignKeyConstraint(['held_by_id'], ['users.id'], name=op.f('fk_holds_held_by_id')),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_holds_project_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['resumed_by_id'], ['users.id'], name=op.f('fk_holds_resumed_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_holds'))
    )
    with op.batch_alter_table('holds', schema=None) as batch_op:
        batch_op.create_index('ix_holds_expected', ['expected_on'], unique=False, sqlite_where=sa.text('resumed_on IS NULL'), postgresql_where=sa.text('resumed_on IS NULL'))
        batch_op.create_index(batch_op.f('ix_holds_project_id'), ['project_id'], unique=False)

    op.create_table('project_notes',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('text', sa.String(length=8000), nullable=False),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('written_by_id', sa.Integer(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('search', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_project_notes_project_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['written_by_id'], ['users.id'], name=op.f('fk_project_notes_written_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_project_notes'))
    )
    with op.batch_alter_table('project_notes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_project_notes_project_id'), ['project_id'], unique=False)

    op.create_table('units',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('order_line_id', sa.Integer(), nullable=False),
    sa.Column('serial', sa.String(length=60), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by_id', sa.Integer(), nullable=True),
    sa.Column('search', sa.Text(), nullable=False),
    sa.CheckConstraint("serial <> ''", name=op.f('ck_units_has_serial')),
    sa.ForeignKeyConstraint(['order_line_id'], ['order_lines.id'], name=op.f('fk_units_order_line_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_units_project_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['recorded_by_id'], ['users.id'], name=op.f('fk_units_recorded_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_units')),
    sa.UniqueConstraint('project_id', 'serial', name=op.f('uq_units_project_id_serial'))
    )
    with op.batch_alter_table('units', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_units_order_line_id'), ['order_line_id'], unique=False)

    op.create_table('calendar_proposal_moves',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('proposal_id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('milestone_id', sa.Integer(), nullable=False),
    sa.Column('start_before', sa.Date(), nullable=True),
    sa.Column('start_after', sa.Date(), nullable=True),
    sa.Column('finish_before', sa.Date(), nullable=True),
    sa.Column('finish_after', sa.Date(), nullable=True),
    sa.Column('promised_on', sa.Date(), nullable=True),
    sa.Column('misses_promise', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['milestone_id'], ['milestones.id'], name=op.f('fk_calendar_proposal_moves_milestone_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_calendar_proposal_moves_project_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['proposal_id'], ['calendar_proposals.id'], name=op.f('fk_calendar_proposal_moves_proposal_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_calendar_proposal_moves'))
    )
    with op.batch_alter_table('calendar_proposal_moves', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_calendar_proposal_moves_milestone_id'), ['milestone_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_calendar_proposal_moves_project_id'), ['project_id'], unique=False)
        batch_op.create_index('ix_calendar_proposal_moves_proposal_id_project_id', ['proposal_id', 'project_id'], unique=False)

    op.create_table('date_changes',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('milestone_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('planned', 'promised', 'actual', name='date_kind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('start_on', sa.Date(), nullable=True),
    sa.Column('finish_on', sa.Date(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=True),
    sa.Column('why', sa.String(length=500), nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['users.id'], name=op.f('fk_date_changes_by_id')),
    sa.ForeignKeyConstraint(['milestone_id'], ['milestones.id'], name=op.f('fk_date_changes_milestone_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_date_changes_project_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_date_changes'))
    )
    with op.batch_alter_table('date_changes', schema=None) as batch_op:
        batch_op.create_index('ix_date_changes_milestone_id', ['milestone_id'], unique=False)
        batch_op.create_index('ix_date_changes_project_id_kind_at', ['project_id', 'kind', 'at'], unique=False)

    op.create_table('delays',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('milestone_id', sa.Integer(), nullable=True),
    sa.Column('hold_id', sa.Integer(), nullable=True),
    sa.Column('cause', sa.Enum('power', 'hvac', 'gas', 'exhaust', 'water', 'floor or route', 'bench', 'network', 'permit or safety', 'people away', 'freight damage', 'customs', 'stock or allocation', 'engineer capacity', 'order or contract', 'decontamination', 'building project late', 'other', name='block_cause', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('party', sa.Enum('customer', 'us', 'carrier or customs', 'supplier', 'agreed change', 'concurrent', 'none', name='party', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('team', sa.Enum('concierge', 'operations', 'sales', 'service', 'logistics', 'distribution', 'customer service', 'customer', name='team', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('first_on', sa.Date(), nullable=False),
    sa.Column('last_on', sa.Date(), nullable=True),
    sa.Column('reason', sa.String(length=1000), nullable=False),
    sa.Column('is_from_block', sa.Boolean(), nullable=False),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('entered_by_id', sa.Integer(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("team IS NULL OR party = 'us'", name=op.f('ck_delays_team_is_ours')),
    sa.CheckConstraint('last_on IS NULL OR first_on <= last_on', name=op.f('ck_delays_in_order')),
    sa.ForeignKeyConstraint(['entered_by_id'], ['users.id'], name=op.f('fk_delays_entered_by_id')),
    sa.ForeignKeyConstraint(['hold_id'], ['holds.id'], name=op.f('fk_delays_hold_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['milestone_id'], ['milestones.id'], name=op.f('fk_delays_milestone_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_delays_project_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delays'))
    )
    with op.batch_alter_table('delays', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_delays_hold_id'), ['hold_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_delays_milestone_id'), ['milestone_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_delays_project_id'), ['project_id'], unique=False)

    op.create_table('milestone_crew',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('milestone_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['milestone_id'], ['milestones.id'], name=op.f('fk_milestone_crew_milestone_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_milestone_crew_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_milestone_crew')),
    sa.UniqueConstraint('milestone_id', 'user_id', name=op.f('uq_milestone_crew_milestone_id_user_id'))
    )
    with op.batch_alter_table('milestone_crew', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_milestone_crew_user_id'), ['user_id'], unique=False)

    op.create_table('past_cases',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('milestone_id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('order accepted', 'kick-off', 'site survey', 'site ready', 'ship released', 'delivered', 'installed', 'iq', 'oq', 'pq', 'training', 'handover', 'other', name='milestone_kind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('product_key', sa.String(length=60), nullable=False),
    sa.Column('region', sa.String(length=2), nullable=False),
    sa.Column('party', sa.Enum('customer', 'us', 'carrier or customs', 'supplier', 'agreed change', 'concurrent', 'none', name='party', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('planned_workdays', sa.Integer(), nullable=False),
    sa.Column('actual_workdays', sa.Integer(), nullable=False),
    sa.Column('finished_on', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['milestone_id'], ['milestones.id'], name=op.f('fk_past_cases_milestone_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_past_cases_project_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_past_cases')),
    sa.UniqueConstraint('milestone_id', name=op.f('uq_past_cases_milestone_id'))
    )
    with op.batch_alter_table('past_cases', schema=None) as batch_op:
        batch_op.create_index('ix_past_cases_kind_finished_on', ['kind', 'finished_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_past_cases_project_id'), ['project_id'], unique=False)

    op.create_table('promises',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('milestone_id', sa.Integer(), nullable=True),
    sa.Column('milestone_key', sa.String(length=80), nullable=False),
    sa.Column('is_handover', sa.Boolean(), nullable=False),
    sa.Column('start_on', sa.Date(), nullable=True),
    sa.Column('finish_on', sa.Date(), nullable=False),
    sa.Column('shown_on', sa.Enum('page', 'mail', 'pdf', 'feed', 'agreement', name='shown_on', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('shown_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('told_on', sa.Date(), nullable=False),
    sa.Column('reference', sa.String(length=120), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=True),
    sa.Column('is_agreed', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_promises_account_id')),
    sa.ForeignKeyConstraint(['by_id'], ['users.id'], name=op.f('fk_promises_by_id')),
    sa.ForeignKeyConstraint(['milestone_id'], ['milestones.id'], name=op.f('fk_promises_milestone_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_promises_project_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_promises')),
    sa.UniqueConstraint('project_id', 'milestone_key', 'shown_on', 'finish_on', name=op.f('uq_promises_project_id_milestone_key_shown_on_finish_on'))
    )
    with op.batch_alter_table('promises', schema=None) as batch_op:
        batch_op.create_index('ix_promises_account_id_finish_on', ['account_id', 'finish_on'], unique=False)
        batch_op.create_index('ix_promises_finish_on', ['finish_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_promises_milestone_id'), ['milestone_id'], unique=False)
        batch_op.create_index('ix_promises_project_id_shown_at', ['project_id', 'shown_at'], unique=False)

    op.create_table('delay_comments',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('delay_id', sa.Integer(), nullable=False),
    sa.Column('party', sa.Enum('customer', 'us', 'carrier or customs', 'supplier', 'agreed change', 'concurrent', 'none', name='party', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('text', sa.String(length=2000), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['by_id'], ['users.id'], name=op.f('fk_delay_comments_by_id')),
    sa.ForeignKeyConstraint(['delay_id'], ['delays.id'], name=op.f('fk_delay_comments_delay_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delay_comments'))
    )
    with op.batch_alter_table('delay_comments', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_delay_comments_delay_id'), ['delay_id'], unique=False)

    op.create_table('delay_evidence',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('delay_id', sa.Integer(), nullable=False),
    sa.Column('file_id', sa.Integer(), nullable=True),
    sa.Column('event_id', sa.Integer(), nullable=True),
    sa.Column('url', sa.String(length=500), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('linked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('linked_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['delay_id'], ['delays.id'], name=op.f('fk_delay_evidence_delay_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['event_id'], ['recorded_events.id'], name=op.f('fk_delay_evidence_event_id')),
    sa.ForeignKeyConstraint(['file_id'], ['stored_files.id'], name=op.f('fk_delay_evidence_file_id')),
    sa.ForeignKeyConstraint(['linked_by_id'], ['users.id'], name=op.f('fk_delay_evidence_linked_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delay_evidence'))
    )
    with op.batch_alter_table('delay_evidence', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_delay_evidence_delay_id'), ['delay_id'], unique=False)

    with op.batch_alter_table('baseline_milestones', schema=None) as batch_op:
        batch_op.add_column(sa.Column('content', sa.JSON(), nullable=False, server_default='{}'))

    with op.batch_alter_table('baselines', schema=None) as batch_op:
        batch_op.add_column(sa.Column('note', sa.String(length=1000), nullable=False, server_default=''))

    with op.batch_alter_table('checklist_documents', schema=None) as batch_op:
        batch_op.add_column(sa.Column('code', sa.String(length=8), nullable=True))
        batch_op.add_column(sa.Column('shown', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.create_unique_constraint(batch_op.f('uq_checklist_documents_code'), ['code'])

    with op.batch_alter_table('closures', schema=None) as batch_op:
        batch_op.add_column(sa.Column('from_time', sa.Time(), nullable=True))
        batch_op.add_column(sa.Column('to_time', sa.Time(), nullable=True))

    with op.batch_alter_table('milestone_links', schema=None) as batch_op:
        batch_op.add_column(sa.Column('kind', sa.Enum('finish to start', 'start to start', 'finish to finish', 'start to finish', name='link_kind', native_enum=False, create_constraint=False, length=40), nullable=False, server_default='finish to start'))
        batch_op.add_column(sa.Column('lag_unit', sa.Enum('workdays', 'days', 'hours', name='lag_unit', native_enum=False, create_constraint=False, length=40), nullable=False, server_default='workdays'))
        batch_op.drop_constraint(batch_op.f('uq_milestone_links_milestone_id_predecessor_id'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_milestone_links_milestone_id_predecessor_id_kind'), ['milestone_id', 'predecessor_id', 'kind'])

    with op.batch_alter_table('milestones', schema=None) as batch_op:
        batch_op.add_column(sa.Column('days_of', sa.Enum('site', 'customer', 'company', 'crew', 'every day', name='days_of', native_enum=False, create_constraint=False, length=40), nullable=False, server_default='site'))
        batch_op.add_column(sa.Column('not_after_on', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('exactly_on', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('moved_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('moved_by_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('move_reason', sa.String(length=500), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('derived_start_on', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('derived_on', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('p50_on', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('p80_on', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('p90_on', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('free_workdays', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('skip_reason', sa.String(length=500), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('split_from_id', sa.Integer(), nullable=True))
        batch_op.create_index('ix_milestones_blocked', ['project_id'], unique=False, sqlite_where=sa.text("state = 'blocked'"), postgresql_where=sa.text("state = 'blocked'"))
        batch_op.create_index('ix_milestones_coming', ['forecast_start_on'], unique=False, sqlite_where=sa.text("state = 'planned' AND kind IN ('ship released', 'delivered', 'installed')"), postgresql_where=sa.text("state = 'planned' AND kind IN ('ship released', 'delivered', 'installed')"))
        batch_op.create_index('ix_milestones_promised_open', ['promised_on'], unique=False, sqlite_where=sa.text("state IN ('planned', 'started')"), postgresql_where=sa.text("state IN ('planned', 'started')"))
        batch_op.create_foreign_key(batch_op.f('fk_milestones_moved_by_id'), 'users', ['moved_by_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_milestones_split_from_id'), 'milestones', ['split_from_id'], ['id'], ondelete='SET NULL')

    with op.batch_alter_table('playbook_links', schema=None) as batch_op:
        batch_op.add_column(sa.Column('kind', sa.Enum('finish to start', 'start to start', 'finish to finish', 'start to finish', name='link_kind', native_enum=False, create_constraint=False, length=40), nullable=False, server_default='finish to start'))
        batch_op.add_column(sa.Column('lag_unit', sa.Enum('workdays', 'days', 'hours', name='lag_unit', native_enum=False, create_constraint=False, length=40), nullable=False, server_default='workdays'))

    with op.batch_alter_table('playbook_milestones', schema=None) as batch_op:
        batch_op.add_column(sa.Column('days_of', sa.Enum('site', 'customer', 'company', 'crew', 'every day', name='days_of', native_enum=False, create_constraint=False, length=40), nullable=False, server_default='site'))

    with op.batch_alter_table('project_playbooks', schema=None) as batch_op:
        batch_op.add_column(sa.Column('quantity', sa.Integer(), nullable=False, server_default='1'))

    with op.batch_alter_table('projects', schema=None) as batch_op:
        batch_op.add_column(sa.Column('counting', sa.Enum('forward', 'backward', name='counting', native_enum=False, create_constraint=False, length=40), nullable=False, server_default='forward'))
        batch_op.add_column(sa.Column('required_on', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('external_key', sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column('imported_digest', sa.String(length=64), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('held_on', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('stage', sa.Enum('order accepted', 'kick-off', 'site survey', 'site ready', 'ship released', 'delivered', 'installed', 'iq', 'oq', 'pq', 'training', 'handover', 'other', name='milestone_kind', native_enum=False, create_constraint=False, length=40), nullable=False, server_default='order accepted'))
        batch_op.add_column(sa.Column('stage_since_on', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('chance_percent', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('handover_p50_on', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('handover_p80_on', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('handover_p90_on', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('forecast_basis', sa.JSON(), nullable=False, server_default='{}'))
        batch_op.add_column(sa.Column('conflicts', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.add_column(sa.Column('conflict_count', sa.Integer(), nullable=False, server_default='0'))
        batch_op.create_index('ix_projects_health_slip_workdays', ['health', 'slip_workdays', 'id'], unique=False)
        batch_op.create_index('ix_projects_in_conflict', ['id'], unique=False, sqlite_where=sa.text('conflict_count > 0'), postgresql_where=sa.text('conflict_count > 0'))
        batch_op.create_index('ix_projects_open_forecast_handover_on', ['forecast_handover_on', 'id', 'state'], unique=False, sqlite_where=sa.text("state IN ('draft', 'live')"), postgresql_where=sa.text("state IN ('draft', 'live')"))
        batch_op.create_index('ix_projects_open_name', ['name', 'id', 'state'], unique=False, sqlite_where=sa.text("state IN ('draft', 'live')"), postgresql_where=sa.text("state IN ('draft', 'live')"))
        batch_op.create_index('ix_projects_open_slip_workdays', ['slip_workdays', 'id', 'state'], unique=False, sqlite_where=sa.text("state IN ('draft', 'live')"), postgresql_where=sa.text("state IN ('draft', 'live')"))
        batch_op.create_index('ix_projects_open_stage_stage_since_on', ['stage', 'stage_since_on', 'id', 'state'], unique=False, sqlite_where=sa.text("state IN ('draft', 'live')"), postgresql_where=sa.text("state IN ('draft', 'live')"))
        batch_op.create_index('ix_projects_state_created_at', ['state', 'created_at'], unique=False)
        batch_op.create_index('ix_projects_state_slip_workdays', ['state', 'slip_workdays'], unique=False)
        batch_op.create_unique_constraint(batch_op.f('uq_projects_external_key'), ['external_key'])

    with op.batch_alter_table('proposals', schema=None) as batch_op:
        batch_op.create_index('ix_proposals_open', ['made_at'], unique=False, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))

    with op.batch_alter_table('readiness_items', schema=None) as batch_op:
        batch_op.create_index('ix_readiness_items_blocking', ['due_on'], unique=False, sqlite_where=sa.text("state = 'open' AND severity = 'blocking'"), postgresql_where=sa.text("state = 'open' AND severity = 'blocking'"))

    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.add_column(sa.Column('keys_off', sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table('visits', schema=None) as batch_op:
        batch_op.add_column(sa.Column('titles', sa.JSON(), nullable=False, server_default='{}'))
        batch_op.create_index('ix_visits_to_decide', ['starts_at'], unique=False, sqlite_where=sa.text("needs_decision <> ''"), postgresql_where=sa.text("needs_decision <> ''"))

    # ### end Alembic commands ###
    _check(EARLIER_CHECKS, CHECKS)
    _make_search_index()
    for statement in DATA:
        op.execute(statement)


def downgrade() -> None:
    """planning that tells the truth."""
    op.execute("UPDATE milestones SET state = 'planned', skip_reason = '' WHERE state = 'skipped'")
    if op.get_context().dialect.name == "sqlite":
        for trigger in ("added", "removed", "changed"):
            op.execute(f"DROP TRIGGER search_entries_{trigger}")
        op.execute("DROP TABLE search_words")
    _check(CHECKS, EARLIER_CHECKS)
# ### commands auto generated by Alembic - please adjust! ###
    with op.batch_alter_table('visits', schema=None) as batch_op:
        batch_op.drop_index('ix_visits_to_decide', sqlite_where=sa.text("needs_decision <> ''"), postgresql_where=sa.text("needs_decision <> ''"))
        batch_op.drop_column('titles')

    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.drop_column('keys_off')

    with op.batch_alter_table('readiness_items', schema=None) as batch_op:
        batch_op.drop_index('ix_readiness_items_blocking', sqlite_where=sa.text("state = 'open' AND severity = 'blocking'"), postgresql_where=sa.text("state = 'open' AND severity = 'blocking'"))

    with op.batch_alter_table('proposals', schema=None) as batch_op:
        batch_op.drop_index('ix_proposals_open', sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))

    with op.batch_alter_table('projects', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_projects_external_key'), type_='unique')
        batch_op.drop_index('ix_projects_state_slip_workdays')
        batch_op.drop_index('ix_projects_state_created_at')
        batch_op.drop_index('ix_projects_open_stage_stage_since_on', sqlite_where=sa.text("state IN ('draft', 'live')"), postgresql_where=sa.text("state IN ('draft', 'live')"))
        batch_op.drop_index('ix_projects_open_slip_workdays', sqlite_where=sa.text("state IN ('draft', 'live')"), postgresql_where=sa.text("state IN ('draft', 'live')"))
        batch_op.drop_index('ix_projects_open_name', sqlite_where=sa.text("state IN ('draft', 'live')"), postgresql_where=sa.text("state IN ('draft', 'live')"))
        batch_op.drop_index('ix_projects_open_forecast_handover_on', sqlite_where=sa.text("state IN ('draft', 'live')"), postgresql_where=sa.text("state IN ('draft', 'live')"))
        batch_op.drop_index('ix_projects_in_conflict', sqlite_where=sa.text('conflict_count > 0'), postgresql_where=sa.text('conflict_count > 0'))
        batch_op.drop_index('ix_projects_health_slip_workdays')
        batch_op.drop_column('conflict_count')
        batch_op.drop_column('conflicts')
        batch_op.drop_column('forecast_basis')
        batch_op.drop_column('handover_p90_on')
        batch_op.drop_column('handover_p80_on')
        batch_op.drop_column('handover_p50_on')
        batch_op.drop_column('chance_percent')
        batch_op.drop_column('stage_since_on')
        batch_op.drop_column('stage')
        batch_op.drop_column('held_on')
        batch_op.drop_column('imported_digest')
        batch_op.drop_column('external_key')
        batch_op.drop_column('required_on')
        batch_op.drop_column('counting')

    with op.batch_alter_table('project_playbooks', schema=None) as batch_op:
        batch_op.drop_column('quantity')

    with op.batch_alter_table('playbook_milestones', schema=None) as batch_op:
        batch_op.drop_column('days_of')

    with op.batch_alter_table('playbook_links', schema=None) as batch_op:
        batch_op.drop_column('lag_unit')
        batch_op.drop_column('kind')

    with op.batch_alter_table('milestones', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_milestones_split_from_id'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_milestones_moved_by_id'), type_='foreignkey')
        batch_op.drop_index('ix_milestones_promised_open', sqlite_where=sa.text("state IN ('planned', 'started')"), postgresql_where=sa.text("state IN ('planned', 'started')"))
        batch_op.drop_index('ix_milestones_coming', sqlite_where=sa.text("state = 'planned' AND kind IN ('ship released', 'delivered', 'installed')"), postgresql_where=sa.text("state = 'planned' AND kind IN ('ship released', 'delivered', 'installed')"))
        batch_op.drop_index('ix_milestones_blocked', sqlite_where=sa.text("state = 'blocked'"), postgresql_where=sa.text("state = 'blocked'"))
        batch_op.drop_column('split_from_id')
        batch_op.drop_column('skip_reason')
        batch_op.drop_column('free_workdays')
        batch_op.drop_column('p90_on')
        batch_op.drop_column('p80_on')
        batch_op.drop_column('p50_on')
        batch_op.drop_column('derived_on')
        batch_op.drop_column('derived_start_on')
        batch_op.drop_column('move_reason')
        batch_op.drop_column('moved_by_id')
        batch_op.drop_column('moved_at')
        batch_op.drop_column('exactly_on')
        batch_op.drop_column('not_after_on')
        batch_op.drop_column('days_of')

    with op.batch_alter_table('milestone_links', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_milestone_links_milestone_id_predecessor_id_kind'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_milestone_links_milestone_id_predecessor_id'), ['milestone_id', 'predecessor_id'])
        batch_op.drop_column('lag_unit')
        batch_op.drop_column('kind')

    with op.batch_alter_table('closures', schema=None) as batch_op:
        batch_op.drop_column('to_time')
        batch_op.drop_column('from_time')

    with op.batch_alter_table('checklist_documents', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_checklist_documents_code'), type_='unique')
        batch_op.drop_column('shown')
        batch_op.drop_column('code')

    with op.batch_alter_table('baselines', schema=None) as batch_op:
        batch_op.drop_column('note')

    with op.batch_alter_table('baseline_milestones', schema=None) as batch_op:
        batch_op.drop_column('content')

    with op.batch_alter_table('delay_evidence', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_delay_evidence_delay_id'))

    op.drop_table('delay_evidence')
    with op.batch_alter_table('delay_comments', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_delay_comments_delay_id'))

    op.drop_table('delay_comments')
    with op.batch_alter_table('promises', schema=None) as batch_op:
        batch_op.drop_index('ix_promises_project_id_shown_at')
        batch_op.drop_index(batch_op.f('ix_promises_milestone_id'))
        batch_op.drop_index('ix_promises_finish_on')
        batch_op.drop_index('ix_promises_account_id_finish_on')

    op.drop_table('promises')
    with op.batch_alter_table('past_cases', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_past_cases_project_id'))
        batch_op.drop_index('ix_past_cases_kind_finished_on')

    op.drop_table('past_cases')
    with op.batch_alter_table('milestone_crew', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_milestone_crew_user_id'))

    op.drop_table('milestone_crew')
    with op.batch_alter_table('delays', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_delays_project_id'))
        batch_op.drop_index(batch_op.f('ix_delays_milestone_id'))
        batch_op.drop_index(batch_op.f('ix_delays_hold_id'))

    op.drop_table('delays')
    with op.batch_alter_table('date_changes', schema=None) as batch_op:
        batch_op.drop_index('ix_date_changes_project_id_kind_at')
        batch_op.drop_index('ix_date_changes_milestone_id')

    op.drop_table('date_changes')
    with op.batch_alter_table('calendar_proposal_moves', schema=None) as batch_op:
        batch_op.drop_index('ix_calendar_proposal_moves_proposal_id_project_id')
        batch_op.drop_index(batch_op.f('ix_calendar_proposal_moves_project_id'))
        batch_op.drop_index(batch_op.f('ix_calendar_proposal_moves_milestone_id'))

    op.drop_table('calendar_proposal_moves')
    with op.batch_alter_table('units', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_units_order_line_id'))

    op.drop_table('units')
    with op.batch_alter_table('project_notes', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_project_notes_project_id'))

    op.drop_table('project_notes')
    with op.batch_alter_table('holds', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_holds_project_id'))
        batch_op.drop_index('ix_holds_expected', sqlite_where=sa.text('resumed_on IS NULL'), postgresql_where=sa.text('resumed_on IS NULL'))

    op.drop_table('holds')
    with op.batch_alter_table('field_values', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_field_values_key'))

    op.drop_table('field_values')
    with op.batch_alter_table('site_hours', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_site_hours_site_id'))

    op.drop_table('site_hours')
    with op.batch_alter_table('site_closures', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_site_closures_site_id'))

    op.drop_table('site_closures')
    with op.batch_alter_table('playbook_messages', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_playbook_messages_version_id'))

    op.drop_table('playbook_messages')
    with op.batch_alter_table('playbook_fields', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_playbook_fields_version_id'))

    op.drop_table('playbook_fields')
    with op.batch_alter_table('saved_views', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_saved_views_owner_id'))

    op.drop_table('saved_views')
    op.drop_table('put_aside')
    op.drop_table('calendar_proposals')
    with op.batch_alter_table('undos', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_undos_project_id'))
        batch_op.drop_index(batch_op.f('ix_undos_first_event_id'))
        batch_op.drop_index(batch_op.f('ix_undos_at'))
        batch_op.drop_index(batch_op.f('ix_undos_act'))

    op.drop_table('undos')
    with op.batch_alter_table('search_entries', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_search_entries_project_id'))
        batch_op.drop_index('ix_search_entries_key')

    op.drop_table('search_entries')
    op.drop_table('offices')
    with op.batch_alter_table('backtests', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_backtests_ran_at'))

    op.drop_table('backtests')
    # ### end Alembic commands ###


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
