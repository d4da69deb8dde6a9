"""Work orders and claims on people's time, the installed base, slots, enquiries and the technician's day."""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

CHECKS = {'playbook_visits': {'ck_playbook_visits_level_in_range': 'level BETWEEN 1 AND 5'},
 'visit_technicians': {'ck_visit_technicians_claims_in_order': 'claims_from IS NULL OR claims_from < '
                                                               'claims_to',
                       'ck_visit_technicians_claims_whole': '(claims_from IS NULL) = (claims_to IS NULL)'},
 'visits': {'ck_visits_level_in_range': 'level BETWEEN 1 AND 5',
            'ck_visits_window_within_a_day': 'arrival_minutes BETWEEN 0 AND 1440'}}
"""The checks of older tables that are new or change, as they are from now on."""

EARLIER_CHECKS = {'playbook_visits': {}, 'visit_technicians': {}, 'visits': {}}


def upgrade() -> None:
    """Work orders and claims on people's time, the installed base, slots, enquiries and the technician's day."""
    op.create_table('playbook_steps',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=60), nullable=False),
    sa.Column('kind', sa.Enum('tick', 'reading', 'serial', 'photo', 'text', name='step_kind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('text', sa.JSON(), nullable=False),
    sa.Column('unit', sa.String(length=20), nullable=False),
    sa.Column('minimum', sa.Double(), nullable=True),
    sa.Column('maximum', sa.Double(), nullable=True),
    sa.Column('is_required', sa.Boolean(), nullable=False),
    sa.CheckConstraint('minimum IS NULL OR maximum IS NULL OR minimum <= maximum', name=op.f('ck_playbook_steps_range_in_order')),
    sa.ForeignKeyConstraint(['visit_id'], ['playbook_visits.id'], name=op.f('fk_playbook_steps_visit_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_playbook_steps')),
    sa.UniqueConstraint('visit_id', 'key', name=op.f('uq_playbook_steps_visit_id_key'))
    )
    op.create_table('assets',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('site_id', sa.Integer(), nullable=False),
    sa.Column('product_id', sa.Integer(), nullable=True),
    sa.Column('order_line_id', sa.Integer(), nullable=True),
    sa.Column('name', sa.String(length=160), nullable=False),
    sa.Column('serial', sa.String(length=80), nullable=False),
    sa.Column('options', sa.JSON(), nullable=False),
    sa.Column('software', sa.JSON(), nullable=False),
    sa.Column('place', sa.String(length=120), nullable=False),
    sa.Column('state', sa.Enum('expected', 'installed', 'removed', name='asset_state', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('installed_on', sa.Date(), nullable=True),
    sa.Column('warranty_from', sa.Date(), nullable=True),
    sa.Column('warranty_to', sa.Date(), nullable=True),
    sa.Column('training_from', sa.Date(), nullable=True),
    sa.Column('training_to', sa.Date(), nullable=True),
    sa.Column('note', sa.String(length=4000), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('(training_from IS NULL) = (training_to IS NULL)', name=op.f('ck_assets_training_whole')),
    sa.CheckConstraint('(warranty_from IS NULL) = (warranty_to IS NULL)', name=op.f('ck_assets_warranty_whole')),
    sa.CheckConstraint('training_from IS NULL OR training_from <= training_to', name=op.f('ck_assets_training_in_order')),
    sa.CheckConstraint('warranty_from IS NULL OR warranty_from <= warranty_to', name=op.f('ck_assets_warranty_in_order')),
    sa.ForeignKeyConstraint(['order_line_id'], ['order_lines.id'], name=op.f('fk_assets_order_line_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_assets_product_id')),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_assets_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_assets'))
    )
    with op.batch_alter_table('assets', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_assets_order_line_id'), ['order_line_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_assets_product_id'), ['product_id'], unique=False)
        batch_op.create_index('ix_assets_serial', ['serial'], unique=False)
        batch_op.create_index(batch_op.f('ix_assets_site_id'), ['site_id'], unique=False)

    op.create_table('work_orders',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('milestone_id', sa.Integer(), nullable=True),
    sa.Column('site_id', sa.Integer(), nullable=False),
    sa.Column('asset_id', sa.Integer(), nullable=True),
    sa.Column('kind', sa.Enum('site survey', 'delivery', 'install', 'training', 'remote call', name='visit_kind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('titles', sa.JSON(), nullable=False),
    sa.Column('skill', sa.String(length=60), nullable=False),
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('crew', sa.Integer(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('tools', sa.JSON(), nullable=False),
    sa.Column('needs_customer', sa.Boolean(), nullable=False),
    sa.Column('note', sa.String(length=4000), nullable=False),
    sa.Column('state', sa.Enum('open', 'done', 'cancelled', name='work_order_state', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancel_reason', sa.String(length=500), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(state = 'open') = (closed_at IS NULL)", name=op.f('ck_work_orders_closed_has_instant')),
    sa.CheckConstraint('crew >= 0', name=op.f('ck_work_orders_crew_not_negative')),
    sa.CheckConstraint('level BETWEEN 1 AND 5', name=op.f('ck_work_orders_level_in_range')),
    sa.CheckConstraint('minutes > 0', name=op.f('ck_work_orders_takes_time')),
    sa.ForeignKeyConstraint(['asset_id'], ['assets.id'], name=op.f('fk_work_orders_asset_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['milestone_id'], ['milestones.id'], name=op.f('fk_work_orders_milestone_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_work_orders_project_id')),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_work_orders_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_work_orders')),
    sa.UniqueConstraint('project_id', 'number', name=op.f('uq_work_orders_project_id_number'))
    )
    with op.batch_alter_table('work_orders', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_work_orders_asset_id'), ['asset_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_work_orders_milestone_id'), ['milestone_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_work_orders_site_id'), ['site_id'], unique=False)

    with op.batch_alter_table('playbook_visits', schema=None) as batch_op:
        batch_op.add_column(sa.Column('level', sa.Integer(), nullable=False, server_default='1'))
        batch_op.add_column(sa.Column('tools', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.add_column(sa.Column('needs_customer', sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table('visit_technicians', schema=None) as batch_op:
        batch_op.add_column(sa.Column('claims_from', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('claims_to', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index('ix_visit_technicians_claims', ['user_id', 'claims_from'], unique=False)

    with op.batch_alter_table('visits', schema=None) as batch_op:
        batch_op.add_column(sa.Column('work_order_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('arrival_minutes', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('level', sa.Integer(), nullable=False, server_default='1'))
        batch_op.create_index(batch_op.f('ix_visits_work_order_id'), ['work_order_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_visits_work_order_id'), 'work_orders', ['work_order_id'], ['id'], ondelete='SET NULL')

    _check(EARLIER_CHECKS, CHECKS)
    _carry_over()


def downgrade() -> None:
    """Work orders and claims on people's time, the installed base, slots, enquiries and the technician's day."""
    _check(CHECKS, EARLIER_CHECKS)
    with op.batch_alter_table('visits', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_visits_work_order_id'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_visits_work_order_id'))
        batch_op.drop_column('level')
        batch_op.drop_column('arrival_minutes')
        batch_op.drop_column('work_order_id')

    with op.batch_alter_table('visit_technicians', schema=None) as batch_op:
        batch_op.drop_index('ix_visit_technicians_claims')
        batch_op.drop_column('claims_to')
        batch_op.drop_column('claims_from')

    with op.batch_alter_table('playbook_visits', schema=None) as batch_op:
        batch_op.drop_column('needs_customer')
        batch_op.drop_column('tools')
        batch_op.drop_column('level')

    with op.batch_alter_table('work_orders', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_work_orders_site_id'))
        batch_op.drop_index(batch_op.f('ix_work_orders_milestone_id'))
        batch_op.drop_index(batch_op.f('ix_work_orders_asset_id'))

    op.drop_table('work_orders')
    with op.batch_alter_table('assets', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_assets_site_id'))
        batch_op.drop_index('ix_assets_serial')
        batch_op.drop_index(batch_op.f('ix_assets_product_id'))
        batch_op.drop_index(batch_op.f('ix_assets_order_line_id'))

    op.drop_table('assets')
    op.drop_table('playbook_steps')


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


def _carry_over() -> None:
    """Give every visit of before its work order, and what is booked its claim on people's time."""
    op.execute(
        "INSERT INTO work_orders (project_id, number, milestone_id, site_id, kind, title, titles, skill, level, crew,"
        " minutes, tools, needs_customer, note, state, opened_at, closed_at, cancel_reason, version)"
        " SELECT project_id, row_number() OVER (PARTITION BY project_id ORDER BY starts_at, id), milestone_id, site_id,"
        " kind, title, titles, skill, 1, CASE WHEN crew < 0 THEN 0 ELSE crew END, 480, '[]', false, '',"
        " CASE WHEN state = 'complete' THEN 'done' WHEN state = 'cancelled' THEN 'cancelled' ELSE 'open' END,"
        " created_at, CASE WHEN state = 'complete' THEN ends_at WHEN state = 'cancelled' THEN cancelled_at END,"
        " cancel_reason, 1 FROM visits"
    )
    op.execute(
        "UPDATE visits SET work_order_id = (SELECT w.id FROM work_orders w JOIN"
        " (SELECT id, project_id, row_number() OVER (PARTITION BY project_id ORDER BY starts_at, id) AS number"
        " FROM visits) v ON w.project_id = v.project_id AND w.number = v.number WHERE v.id = visits.id)"
    )
