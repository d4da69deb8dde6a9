"""Technicians' hours, territories and leave; reasons of dates in every language; one link for each person."""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

CHECKS = {'absences': {'ck_absences_times_in_order': 'first_on < last_on OR from_time IS NULL OR to_time IS NULL OR '
                                            'from_time < to_time'},
 'baselines': {'ck_baselines_because': "because IN ('order planned', 'order changed', 'line matched', "
                                       "'order asks', 'approved', 'promised', 'agreed', 'moved', 'split', "
                                       "'joined', 'left out', 'taken in again', 'shaped', 'go-live "
                                       "required', 'go-live free', 'playbook adopted', 'taken over', "
                                       "'sheet says', 'sheet finished', 'held', 'resume expected', 'resume "
                                       "unknown', 'resumed', 'blocked', 'unblocked', 'started', "
                                       "'finished', 'reopened', 'working days', 'undone', 'after undoing', "
                                       "'day passed')"},
 'date_changes': {'ck_date_changes_because': "because IN ('order planned', 'order changed', 'line "
                                             "matched', 'order asks', 'approved', 'promised', 'agreed', "
                                             "'moved', 'split', 'joined', 'left out', 'taken in again', "
                                             "'shaped', 'go-live required', 'go-live free', 'playbook "
                                             "adopted', 'taken over', 'sheet says', 'sheet finished', "
                                             "'held', 'resume expected', 'resume unknown', 'resumed', "
                                             "'blocked', 'unblocked', 'started', 'finished', 'reopened', "
                                             "'working days', 'undone', 'after undoing', 'day passed')"},
 'sites': {'ck_sites_both_degrees_or_none': '(latitude IS NULL) = (longitude IS NULL)',
           'ck_sites_latitude_on_earth': 'latitude IS NULL OR abs(latitude) <= 90',
           'ck_sites_longitude_on_earth': 'longitude IS NULL OR abs(longitude) <= 180'},
 'skills': {'ck_skills_in_order': 'issued_on IS NULL OR expires_on IS NULL OR issued_on <= expires_on',
            'ck_skills_level_in_range': 'level BETWEEN 1 AND 5'},
 'technicians': {'ck_technicians_both_degrees_or_none': '(latitude IS NULL) = (longitude IS NULL)',
                 'ck_technicians_latitude_on_earth': 'latitude IS NULL OR abs(latitude) <= 90',
                 'ck_technicians_longitude_on_earth': 'longitude IS NULL OR abs(longitude) <= 180'}}
"""The checks of older tables that are new or change, as they are from now on."""

EARLIER_CHECKS = {'absences': {}, 'baselines': {}, 'date_changes': {}, 'sites': {}, 'skills': {}, 'technicians': {}}


def upgrade() -> None:
    """Technicians' hours, territories and leave; reasons of dates in every language; one link for each person."""
    _settle()
    op.create_table('territories',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('least', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('least BETWEEN 0 AND 1000', name=op.f('ck_territories_least_in_range')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_territories')),
    sa.UniqueConstraint('name', name=op.f('uq_territories_name'))
    )
    op.create_table('territory_parts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('territory_id', sa.Integer(), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('subdivision', sa.String(length=10), nullable=False),
    sa.ForeignKeyConstraint(['territory_id'], ['territories.id'], name=op.f('fk_territory_parts_territory_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_territory_parts')),
    sa.UniqueConstraint('territory_id', 'country', 'subdivision', name=op.f('uq_territory_parts_territory_id_country_subdivision'))
    )
    op.create_table('capacities',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('technician_id', sa.Integer(), nullable=False),
    sa.Column('first_on', sa.Date(), nullable=False),
    sa.Column('last_on', sa.Date(), nullable=True),
    sa.Column('percent', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=120), nullable=False),
    sa.CheckConstraint('last_on IS NULL OR first_on <= last_on', name=op.f('ck_capacities_in_order')),
    sa.CheckConstraint('percent BETWEEN 0 AND 100', name=op.f('ck_capacities_percent_in_range')),
    sa.ForeignKeyConstraint(['technician_id'], ['technicians.id'], name=op.f('fk_capacities_technician_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_capacities'))
    )
    with op.batch_alter_table('capacities', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_capacities_technician_id'), ['technician_id'], unique=False)

    op.create_table('other_hours',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('technician_id', sa.Integer(), nullable=False),
    sa.Column('worked_on', sa.Date(), nullable=False),
    sa.Column('from_minute', sa.Integer(), nullable=True),
    sa.Column('to_minute', sa.Integer(), nullable=True),
    sa.Column('reason', sa.String(length=120), nullable=False),
    sa.CheckConstraint('(from_minute IS NULL) = (to_minute IS NULL)', name=op.f('ck_other_hours_both_minutes_or_none')),
    sa.CheckConstraint('from_minute IS NULL OR (0 <= from_minute AND from_minute < to_minute AND to_minute <= 1440)', name=op.f('ck_other_hours_in_order')),
    sa.ForeignKeyConstraint(['technician_id'], ['technicians.id'], name=op.f('fk_other_hours_technician_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_other_hours')),
    sa.UniqueConstraint('technician_id', 'worked_on', 'from_minute', name=op.f('uq_other_hours_technician_id_worked_on_from_minute'))
    )
    op.create_table('served_territories',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('technician_id', sa.Integer(), nullable=False),
    sa.Column('territory_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['technician_id'], ['technicians.id'], name=op.f('fk_served_territories_technician_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['territory_id'], ['territories.id'], name=op.f('fk_served_territories_territory_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_served_territories')),
    sa.UniqueConstraint('technician_id', 'territory_id', name=op.f('uq_served_territories_technician_id_territory_id'))
    )
    with op.batch_alter_table('served_territories', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_served_territories_territory_id'), ['territory_id'], unique=False)

    op.create_table('technician_hours',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('technician_id', sa.Integer(), nullable=False),
    sa.Column('weekday', sa.Integer(), nullable=False),
    sa.Column('from_minute', sa.Integer(), nullable=False),
    sa.Column('to_minute', sa.Integer(), nullable=False),
    sa.CheckConstraint('0 <= from_minute AND from_minute < to_minute AND to_minute <= 1440', name=op.f('ck_technician_hours_in_order')),
    sa.CheckConstraint('weekday BETWEEN 0 AND 6', name=op.f('ck_technician_hours_weekday_in_week')),
    sa.ForeignKeyConstraint(['technician_id'], ['technicians.id'], name=op.f('fk_technician_hours_technician_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_technician_hours')),
    sa.UniqueConstraint('technician_id', 'weekday', 'from_minute', name=op.f('uq_technician_hours_technician_id_weekday_from_minute'))
    )
    op.create_table('leave_requests',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('technician_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('leave', 'sick', 'travel', 'training', name='absence_kind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('first_on', sa.Date(), nullable=False),
    sa.Column('last_on', sa.Date(), nullable=False),
    sa.Column('from_time', sa.Time(), nullable=True),
    sa.Column('to_time', sa.Time(), nullable=True),
    sa.Column('note', sa.String(length=1000), nullable=False),
    sa.Column('state', sa.Enum('requested', 'approved', 'refused', 'withdrawn', name='leave_state', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('requested_by_id', sa.Integer(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('answer', sa.String(length=1000), nullable=False),
    sa.Column('absence_id', sa.Integer(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(state = 'requested') = (decided_at IS NULL)", name=op.f('ck_leave_requests_decided_has_instant')),
    sa.CheckConstraint("absence_id IS NULL OR state = 'approved'", name=op.f('ck_leave_requests_absence_is_approved')),
    sa.CheckConstraint("state <> 'refused' OR answer <> ''", name=op.f('ck_leave_requests_refusal_has_reason')),
    sa.CheckConstraint('first_on < last_on OR from_time IS NULL OR to_time IS NULL OR from_time < to_time', name=op.f('ck_leave_requests_times_in_order')),
    sa.CheckConstraint('first_on <= last_on', name=op.f('ck_leave_requests_in_order')),
    sa.ForeignKeyConstraint(['absence_id'], ['absences.id'], name=op.f('fk_leave_requests_absence_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['decided_by_id'], ['users.id'], name=op.f('fk_leave_requests_decided_by_id')),
    sa.ForeignKeyConstraint(['requested_by_id'], ['users.id'], name=op.f('fk_leave_requests_requested_by_id')),
    sa.ForeignKeyConstraint(['technician_id'], ['technicians.id'], name=op.f('fk_leave_requests_technician_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_leave_requests'))
    )
    with op.batch_alter_table('leave_requests', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_leave_requests_technician_id'), ['technician_id'], unique=False)
        batch_op.create_index('ix_leave_requests_to_decide', ['first_on'], unique=False, sqlite_where=sa.text("state = 'requested'"), postgresql_where=sa.text("state = 'requested'"))

    with op.batch_alter_table('absences', schema=None) as batch_op:
        batch_op.add_column(sa.Column('from_time', sa.Time(), nullable=True))
        batch_op.add_column(sa.Column('to_time', sa.Time(), nullable=True))

    with op.batch_alter_table('baselines', schema=None) as batch_op:
        batch_op.add_column(sa.Column('because', sa.Enum('order planned', 'order changed', 'line matched', 'order asks', 'approved', 'promised', 'agreed', 'moved', 'split', 'joined', 'left out', 'taken in again', 'shaped', 'go-live required', 'go-live free', 'playbook adopted', 'taken over', 'sheet says', 'sheet finished', 'held', 'resume expected', 'resume unknown', 'resumed', 'blocked', 'unblocked', 'started', 'finished', 'reopened', 'working days', 'undone', 'after undoing', 'day passed', name='because', native_enum=False, create_constraint=False, length=40), nullable=True))

    with op.batch_alter_table('checklists', schema=None) as batch_op:
        batch_op.create_index('ix_checklists_anchor_on', ['anchor_on'], unique=False)

    with op.batch_alter_table('customer_links', schema=None) as batch_op:
        batch_op.create_index('uq_customer_links_one_for_each', ['project_id', 'contact_id'], unique=True, sqlite_where=sa.text("revoked_at IS NULL AND section = ''"), postgresql_where=sa.text("revoked_at IS NULL AND section = ''"))

    with op.batch_alter_table('date_changes', schema=None) as batch_op:
        batch_op.add_column(sa.Column('because', sa.Enum('order planned', 'order changed', 'line matched', 'order asks', 'approved', 'promised', 'agreed', 'moved', 'split', 'joined', 'left out', 'taken in again', 'shaped', 'go-live required', 'go-live free', 'playbook adopted', 'taken over', 'sheet says', 'sheet finished', 'held', 'resume expected', 'resume unknown', 'resumed', 'blocked', 'unblocked', 'started', 'finished', 'reopened', 'working days', 'undone', 'after undoing', 'day passed', name='because', native_enum=False, create_constraint=False, length=40), nullable=True))
        batch_op.add_column(sa.Column('about', sa.JSON(none_as_null=True), nullable=True))

    with op.batch_alter_table('gates', schema=None) as batch_op:
        batch_op.add_column(sa.Column('percent', sa.Integer(), nullable=True))

    with op.batch_alter_table('readiness_items', schema=None) as batch_op:
        batch_op.add_column(sa.Column('is_contradicted', sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table('readiness_signatures', schema=None) as batch_op:
        batch_op.add_column(sa.Column('witness_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_readiness_signatures_witness_id'), 'users', ['witness_id'], ['id'])

    with op.batch_alter_table('sites', schema=None) as batch_op:
        batch_op.add_column(sa.Column('latitude', sa.Double(), nullable=True))
        batch_op.add_column(sa.Column('longitude', sa.Double(), nullable=True))

    with op.batch_alter_table('skills', schema=None) as batch_op:
        batch_op.add_column(sa.Column('number', sa.String(length=60), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('issued_on', sa.Date(), nullable=True))
        batch_op.create_index('ix_skills_expires_on', ['expires_on'], unique=False)

    with op.batch_alter_table('technicians', schema=None) as batch_op:
        batch_op.add_column(sa.Column('latitude', sa.Double(), nullable=True))
        batch_op.add_column(sa.Column('longitude', sa.Double(), nullable=True))
        batch_op.add_column(sa.Column('languages', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default='1'))

    _check(EARLIER_CHECKS, CHECKS)
    _carry_over()


def downgrade() -> None:
    """Technicians' hours, territories and leave; reasons of dates in every language; one link for each person."""
    _check(CHECKS, EARLIER_CHECKS)
    with op.batch_alter_table('technicians', schema=None) as batch_op:
        batch_op.drop_column('version')
        batch_op.drop_column('languages')
        batch_op.drop_column('longitude')
        batch_op.drop_column('latitude')

    with op.batch_alter_table('skills', schema=None) as batch_op:
        batch_op.drop_index('ix_skills_expires_on')
        batch_op.drop_column('issued_on')
        batch_op.drop_column('number')

    with op.batch_alter_table('sites', schema=None) as batch_op:
        batch_op.drop_column('longitude')
        batch_op.drop_column('latitude')

    with op.batch_alter_table('readiness_signatures', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_readiness_signatures_witness_id'), type_='foreignkey')
        batch_op.drop_column('witness_id')

    with op.batch_alter_table('readiness_items', schema=None) as batch_op:
        batch_op.drop_column('is_contradicted')

    with op.batch_alter_table('gates', schema=None) as batch_op:
        batch_op.drop_column('percent')

    with op.batch_alter_table('date_changes', schema=None) as batch_op:
        batch_op.drop_column('about')
        batch_op.drop_column('because')

    with op.batch_alter_table('customer_links', schema=None) as batch_op:
        batch_op.drop_index('uq_customer_links_one_for_each', sqlite_where=sa.text("revoked_at IS NULL AND section = ''"), postgresql_where=sa.text("revoked_at IS NULL AND section = ''"))

    with op.batch_alter_table('checklists', schema=None) as batch_op:
        batch_op.drop_index('ix_checklists_anchor_on')

    with op.batch_alter_table('baselines', schema=None) as batch_op:
        batch_op.drop_column('because')

    with op.batch_alter_table('absences', schema=None) as batch_op:
        batch_op.drop_column('to_time')
        batch_op.drop_column('from_time')

    with op.batch_alter_table('leave_requests', schema=None) as batch_op:
        batch_op.drop_index('ix_leave_requests_to_decide', sqlite_where=sa.text("state = 'requested'"), postgresql_where=sa.text("state = 'requested'"))
        batch_op.drop_index(batch_op.f('ix_leave_requests_technician_id'))

    op.drop_table('leave_requests')
    op.drop_table('technician_hours')
    with op.batch_alter_table('served_territories', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_served_territories_territory_id'))

    op.drop_table('served_territories')
    op.drop_table('other_hours')
    with op.batch_alter_table('capacities', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_capacities_technician_id'))

    op.drop_table('capacities')
    op.drop_table('territory_parts')
    op.drop_table('territories')


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


def _settle() -> None:
    """Let rows of before keep the new rules: levels from 1 to 5, and one open link for each person."""
    op.execute("UPDATE skills SET level = 1 WHERE level < 1")
    op.execute("UPDATE skills SET level = 5 WHERE level > 5")
    op.execute(
        "UPDATE customer_links SET revoked_at = created_at"
        " WHERE revoked_at IS NULL AND section = '' AND contact_id IS NOT NULL AND id NOT IN"
        " (SELECT max(id) FROM customer_links WHERE revoked_at IS NULL AND section = '' AND contact_id IS NOT NULL"
        " GROUP BY project_id, contact_id)"
    )


def _carry_over() -> None:
    """Say of rows of before what the new columns tell."""
    op.execute(
        "INSERT INTO territories (name, least, version)"
        " SELECT DISTINCT territory, 0, 1 FROM technicians WHERE territory <> ''"
    )
    op.execute(
        "UPDATE readiness_items SET is_contradicted = true"
        " WHERE id IN (SELECT item_id FROM item_answers WHERE standing = 'conflict')"
    )
