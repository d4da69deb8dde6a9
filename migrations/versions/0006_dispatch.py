"""Work orders, claims on people's time, the installed base, slots, enquiries and the technician's day."""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

CHECKS = {'baselines': {'ck_baselines_because': "because IN ('order planned', 'order changed', 'line matched', "
                                       "'order asks', 'order cancelled', 'approved', 'promised', 'agreed', "
                                       "'moved', 'split', 'joined', 'left out', 'taken in again', "
                                       "'shaped', 'go-live required', 'go-live free', 'playbook adopted', "
                                       "'playbook without', 'taken over', 'sheet says', 'sheet finished', "
                                       "'held', 'resume expected', 'resume unknown', 'resumed', 'blocked', "
                                       "'unblocked', 'started', 'finished', 'reopened', 'working days', "
                                       "'working days back', 'undone', 'after undoing', 'day passed')"},
 'date_changes': {'ck_date_changes_because': "because IN ('order planned', 'order changed', 'line "
                                             "matched', 'order asks', 'order cancelled', 'approved', "
                                             "'promised', 'agreed', 'moved', 'split', 'joined', 'left "
                                             "out', 'taken in again', 'shaped', 'go-live required', "
                                             "'go-live free', 'playbook adopted', 'playbook without', "
                                             "'taken over', 'sheet says', 'sheet finished', 'held', "
                                             "'resume expected', 'resume unknown', 'resumed', 'blocked', "
                                             "'unblocked', 'started', 'finished', 'reopened', 'working "
                                             "days', 'working days back', 'undone', 'after undoing', 'day "
                                             "passed')"},
 'invitation_answers': {'ck_invitation_answers_because': "because IN ('no answer', 'named twice', 'for "
                                                         "several', 'time unreadable', 'says nothing', "
                                                         "'not invited', 'another appointment', 'no "
                                                         "invitation', 'unvouched', 'sent just now', 'sent "
                                                         "again', 'a machine', 'in words', 'copy failed', "
                                                         "'made sure', 'to decide', 'neither', 'same "
                                                         "answer', 'begun', 'cancelled', 'withdrawn', "
                                                         "'older', 'uncertain', 'another goes', 'asked "
                                                         "before', 'later answer', 'another comes', 'comes "
                                                         "after all', 'on the way', 'ends first', 'has "
                                                         "passed', 'too long', 'is the one', 'same time')"},
 'playbook_visits': {'ck_playbook_visits_level_in_range': 'level BETWEEN 1 AND 5'},
 'products': {'ck_products_warranty_within_reason': 'warranty_months BETWEEN 0 AND 240'},
 'visits': {'ck_visits_level_in_range': 'level BETWEEN 1 AND 5',
            'ck_visits_window_within_a_day': 'arrival_minutes BETWEEN 0 AND 1440'}}
"""The checks of older tables that are new or change, as they are from now on."""

EARLIER_CHECKS = {'baselines': {'ck_baselines_because': "because IN ('order planned', 'order changed', 'line matched', "
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
 'invitation_answers': {},
 'playbook_visits': {},
 'products': {},
 'visits': {}}


def upgrade() -> None:
    """Work orders, claims on people's time, the installed base, slots, enquiries and the technician's day."""
    op.create_table('enquiries',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=20), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('customer', sa.String(length=160), nullable=False),
    sa.Column('reference', sa.String(length=120), nullable=False),
    sa.Column('wanted_on', sa.Date(), nullable=True),
    sa.Column('pace', sa.Enum('each', 'together', name='pace', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('note', sa.String(length=4000), nullable=False),
    sa.Column('state', sa.Enum('open', 'ordered', 'closed', name='enquiry_state', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('asked_by_id', sa.Integer(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('close_reason', sa.String(length=500), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('search', sa.Text(), nullable=False),
    sa.CheckConstraint("(state = 'open') = (closed_at IS NULL)", name=op.f('ck_enquiries_closed_has_instant')),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_enquiries_account_id')),
    sa.ForeignKeyConstraint(['asked_by_id'], ['users.id'], name=op.f('fk_enquiries_asked_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_enquiries')),
    sa.UniqueConstraint('code', name=op.f('uq_enquiries_code'))
    )
    with op.batch_alter_table('enquiries', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_enquiries_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_enquiries_asked_by_id'), ['asked_by_id'], unique=False)
        batch_op.create_index('ix_enquiries_state_id', ['state', 'id'], unique=False)

    op.create_table('photo_uploads',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uuid', sa.String(length=36), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('received', sa.Integer(), nullable=False),
    sa.Column('pieces', sa.JSON(), nullable=False),
    sa.Column('file_id', sa.Integer(), nullable=True),
    sa.Column('small_id', sa.Integer(), nullable=True),
    sa.Column('begun_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('(file_id IS NULL) = (small_id IS NULL)', name=op.f('ck_photo_uploads_whole_has_both')),
    sa.ForeignKeyConstraint(['file_id'], ['stored_files.id'], name=op.f('fk_photo_uploads_file_id')),
    sa.ForeignKeyConstraint(['small_id'], ['stored_files.id'], name=op.f('fk_photo_uploads_small_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_photo_uploads_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_photo_uploads')),
    sa.UniqueConstraint('uuid', name=op.f('uq_photo_uploads_uuid'))
    )
    with op.batch_alter_table('photo_uploads', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_photo_uploads_begun_at'), ['begun_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_photo_uploads_user_id'), ['user_id'], unique=False)

    op.create_table('planning_runs',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('asked_by_id', sa.Integer(), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('job_id', sa.Integer(), nullable=True),
    sa.Column('first_on', sa.Date(), nullable=False),
    sa.Column('last_on', sa.Date(), nullable=False),
    sa.Column('territory', sa.String(length=60), nullable=False),
    sa.Column('skill', sa.String(length=60), nullable=False),
    sa.Column('keys', sa.JSON(), nullable=False),
    sa.Column('state', sa.Enum('planning', 'ready', 'cancelled', name='planning_state', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('people', sa.Integer(), nullable=False),
    sa.Column('result', sa.JSON(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(state = 'planning') = (ended_at IS NULL)", name=op.f('ck_planning_runs_ended_has_instant')),
    sa.CheckConstraint('first_on <= last_on', name=op.f('ck_planning_runs_ends_after_start')),
    sa.ForeignKeyConstraint(['asked_by_id'], ['users.id'], name=op.f('fk_planning_runs_asked_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_planning_runs'))
    )
    op.create_table('time_holds',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('from_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('to_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('held_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('held_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('holder', sa.String(length=60), nullable=False),
    sa.Column('words', sa.String(length=200), nullable=False),
    sa.CheckConstraint('from_at < to_at', name=op.f('ck_time_holds_in_order')),
    sa.CheckConstraint('held_from <= held_until', name=op.f('ck_time_holds_held_in_order')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_time_holds_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_time_holds'))
    )
    with op.batch_alter_table('time_holds', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_time_holds_held_until'), ['held_until'], unique=False)
        batch_op.create_index(batch_op.f('ix_time_holds_holder'), ['holder'], unique=False)
        batch_op.create_index('ix_time_holds_user_id_from_at', ['user_id', 'from_at'], unique=False)

    op.create_table('enquiry_lines',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('enquiry_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('product_id', sa.Integer(), nullable=False),
    sa.Column('options', sa.JSON(), nullable=False),
    sa.Column('quantity', sa.Integer(), nullable=False),
    sa.Column('site_id', sa.Integer(), nullable=True),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('subdivision', sa.String(length=10), nullable=False),
    sa.Column('city', sa.String(length=100), nullable=False),
    sa.CheckConstraint('quantity BETWEEN 1 AND 40', name=op.f('ck_enquiry_lines_quantity_in_range')),
    sa.ForeignKeyConstraint(['enquiry_id'], ['enquiries.id'], name=op.f('fk_enquiry_lines_enquiry_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_enquiry_lines_product_id')),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_enquiry_lines_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_enquiry_lines')),
    sa.UniqueConstraint('enquiry_id', 'position', name=op.f('uq_enquiry_lines_enquiry_id_position'))
    )
    with op.batch_alter_table('enquiry_lines', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_enquiry_lines_product_id'), ['product_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_enquiry_lines_site_id'), ['site_id'], unique=False)

    op.create_table('stock_holds',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('enquiry_id', sa.Integer(), nullable=False),
    sa.Column('held_by_id', sa.Integer(), nullable=False),
    sa.Column('held_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('extended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('extension_reason', sa.String(length=500), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by_id', sa.Integer(), nullable=True),
    sa.Column('ended_how', sa.Enum('released', 'ordered', 'replaced', name='hold_end', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('pace', sa.Enum('each', 'together', name='pace', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(extended_at IS NULL) = (extension_reason = '')", name=op.f('ck_stock_holds_extension_has_reason')),
    sa.CheckConstraint('(ended_at IS NULL) = (ended_how IS NULL)', name=op.f('ck_stock_holds_end_has_reason')),
    sa.CheckConstraint('held_at < expires_at', name=op.f('ck_stock_holds_in_order')),
    sa.ForeignKeyConstraint(['ended_by_id'], ['users.id'], name=op.f('fk_stock_holds_ended_by_id')),
    sa.ForeignKeyConstraint(['enquiry_id'], ['enquiries.id'], name=op.f('fk_stock_holds_enquiry_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['held_by_id'], ['users.id'], name=op.f('fk_stock_holds_held_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stock_holds'))
    )
    with op.batch_alter_table('stock_holds', schema=None) as batch_op:
        batch_op.create_index('ix_stock_holds_ending', ['expires_at'], unique=False, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
        batch_op.create_index(batch_op.f('ix_stock_holds_enquiry_id'), ['enquiry_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_stock_holds_held_by_id'), ['held_by_id'], unique=False)

    op.create_table('stock_units',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('product_id', sa.Integer(), nullable=False),
    sa.Column('serial', sa.String(length=80), nullable=False),
    sa.Column('options', sa.JSON(), nullable=False),
    sa.Column('place', sa.String(length=120), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('export_days', sa.Integer(), nullable=False),
    sa.Column('available_on', sa.Date(), nullable=False),
    sa.Column('state', sa.Enum('expected', 'on hand', 'gone', name='stock_state', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('note', sa.String(length=1000), nullable=False),
    sa.Column('gone_on', sa.Date(), nullable=True),
    sa.Column('gone_reason', sa.String(length=200), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('search', sa.Text(), nullable=False),
    sa.CheckConstraint("(state = 'gone') = (gone_on IS NOT NULL)", name=op.f('ck_stock_units_gone_has_day')),
    sa.CheckConstraint('export_days BETWEEN 0 AND 365', name=op.f('ck_stock_units_export_days_in_range')),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_stock_units_product_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stock_units'))
    )
    with op.batch_alter_table('stock_units', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_stock_units_product_id'), ['product_id'], unique=False)
        batch_op.create_index('ix_stock_units_there_once', ['product_id', 'serial'], unique=True, sqlite_where=sa.text("serial <> '' AND state <> 'gone'"), postgresql_where=sa.text("serial <> '' AND state <> 'gone'"))

    op.create_table('supply_times',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('product_id', sa.Integer(), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('days BETWEEN 1 AND 1000', name=op.f('ck_supply_times_days_in_range')),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_supply_times_product_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_supply_times')),
    sa.UniqueConstraint('product_id', name=op.f('uq_supply_times_product_id'))
    )
    op.create_table('contact_aways',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('contact_id', sa.Integer(), nullable=False),
    sa.Column('starts_local', sa.DateTime(), nullable=False),
    sa.Column('ends_local', sa.DateTime(), nullable=False),
    sa.Column('zone', sa.String(length=64), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('starts_at < ends_at', name=op.f('ck_contact_aways_in_order')),
    sa.ForeignKeyConstraint(['contact_id'], ['contacts.id'], name=op.f('fk_contact_aways_contact_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact_aways'))
    )
    with op.batch_alter_table('contact_aways', schema=None) as batch_op:
        batch_op.create_index('ix_contact_aways_contact_id_starts_at', ['contact_id', 'starts_at'], unique=False)

    op.create_table('held_units',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('hold_id', sa.Integer(), nullable=False),
    sa.Column('line_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('delivery_on', sa.Date(), nullable=True),
    sa.Column('window_from_on', sa.Date(), nullable=False),
    sa.Column('window_to_on', sa.Date(), nullable=False),
    sa.Column('handover_on', sa.Date(), nullable=False),
    sa.Column('order_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('window_from_on <= window_to_on', name=op.f('ck_held_units_in_order')),
    sa.ForeignKeyConstraint(['hold_id'], ['stock_holds.id'], name=op.f('fk_held_units_hold_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['line_id'], ['enquiry_lines.id'], name=op.f('fk_held_units_line_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_held_units_order_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_held_units')),
    sa.UniqueConstraint('hold_id', 'line_id', 'number', name=op.f('uq_held_units_hold_id_line_id_number'))
    )
    with op.batch_alter_table('held_units', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_held_units_hold_id'), ['hold_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_held_units_line_id'), ['line_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_held_units_order_id'), ['order_id'], unique=False)

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
    sa.Column('removed_on', sa.Date(), nullable=True),
    sa.Column('removal_reason', sa.String(length=500), nullable=False),
    sa.Column('note', sa.String(length=4000), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('search', sa.Text(), nullable=False),
    sa.CheckConstraint("state <> 'removed' OR removed_on IS NOT NULL", name=op.f('ck_assets_removed_has_day')),
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
        batch_op.create_index('ix_assets_stands_once', ['product_id', 'serial'], unique=True, sqlite_where=sa.text("serial <> '' AND state <> 'removed'"), postgresql_where=sa.text("serial <> '' AND state <> 'removed'"))

    op.create_table('stock_reservations',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('held_unit_id', sa.Integer(), nullable=True),
    sa.Column('order_id', sa.Integer(), nullable=True),
    sa.Column('project_id', sa.Integer(), nullable=True),
    sa.Column('from_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('made_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('CASE WHEN held_unit_id IS NULL THEN 0 ELSE 1 END + CASE WHEN order_id IS NULL THEN 0 ELSE 1 END + CASE WHEN project_id IS NULL THEN 0 ELSE 1 END = 1', name=op.f('ck_stock_reservations_for_one')),
    sa.CheckConstraint('until_at IS NULL OR from_at <= until_at', name=op.f('ck_stock_reservations_in_order')),
    sa.ForeignKeyConstraint(['held_unit_id'], ['held_units.id'], name=op.f('fk_stock_reservations_held_unit_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['made_by_id'], ['users.id'], name=op.f('fk_stock_reservations_made_by_id')),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_stock_reservations_order_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_stock_reservations_project_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['unit_id'], ['stock_units.id'], name=op.f('fk_stock_reservations_unit_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stock_reservations'))
    )
    with op.batch_alter_table('stock_reservations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_stock_reservations_held_unit_id'), ['held_unit_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_stock_reservations_order_id'), ['order_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_stock_reservations_project_id'), ['project_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_stock_reservations_unit_id'), ['unit_id'], unique=False)

    op.create_table('customer_messages',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('link_id', sa.Integer(), nullable=True),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('text', sa.String(length=4000), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=False),
    sa.Column('stopped_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['by_id'], ['users.id'], name=op.f('fk_customer_messages_by_id')),
    sa.ForeignKeyConstraint(['link_id'], ['customer_links.id'], name=op.f('fk_customer_messages_link_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_customer_messages_project_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer_messages'))
    )
    with op.batch_alter_table('customer_messages', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_customer_messages_project_id'), ['project_id'], unique=False)

    op.create_table('work_orders',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=60), nullable=False),
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
    sa.Column('cancel_because', sa.JSON(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('search', sa.Text(), nullable=False),
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

    op.create_table('broken_rules',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('rule', sa.Enum('site closed', 'site hours', 'attendee', 'prerequisite', 'gate', 'skill missing', 'skill level', 'skill expired', 'day off', 'hours', 'leave', 'visit', 'own calendar', 'travel', 'same day', 'own calendar tentative', 'own calendar unread', name='rule', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('about', sa.String(length=120), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('words', sa.String(length=300), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('other_visit_id', sa.Integer(), nullable=True),
    sa.Column('found_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('gone_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('given_by_id', sa.Integer(), nullable=True),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(reason = '') = (given_at IS NULL)", name=op.f('ck_broken_rules_reason_has_instant')),
    sa.CheckConstraint('starts_at < ends_at', name=op.f('ck_broken_rules_in_order')),
    sa.ForeignKeyConstraint(['given_by_id'], ['users.id'], name=op.f('fk_broken_rules_given_by_id')),
    sa.ForeignKeyConstraint(['other_visit_id'], ['visits.id'], name=op.f('fk_broken_rules_other_visit_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_broken_rules_user_id')),
    sa.ForeignKeyConstraint(['visit_id'], ['visits.id'], name=op.f('fk_broken_rules_visit_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_broken_rules')),
    sa.UniqueConstraint('visit_id', 'about', name=op.f('uq_broken_rules_visit_id_about'))
    )
    with op.batch_alter_table('broken_rules', schema=None) as batch_op:
        batch_op.create_index('ix_broken_rules_now', ['visit_id'], unique=False, sqlite_where=sa.text('gone_at IS NULL'), postgresql_where=sa.text('gone_at IS NULL'))
        batch_op.create_index(batch_op.f('ix_broken_rules_other_visit_id'), ['other_visit_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_broken_rules_user_id'), ['user_id'], unique=False)

    op.create_table('field_changes',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=36), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('state', 'tick', 'reading', 'serial', 'text', 'note', 'photo', 'signature', 'not_ready', name='kind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('clock_off', sa.Integer(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('stray', sa.Enum('cancelled', 'taken away', 'moved', 'not possible', name='stray', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('said', sa.String(length=500), nullable=False),
    sa.Column('looked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('looked_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['looked_by_id'], ['users.id'], name=op.f('fk_field_changes_looked_by_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_field_changes_user_id')),
    sa.ForeignKeyConstraint(['visit_id'], ['visits.id'], name=op.f('fk_field_changes_visit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_field_changes')),
    sa.UniqueConstraint('key', name=op.f('uq_field_changes_key'))
    )
    with op.batch_alter_table('field_changes', schema=None) as batch_op:
        batch_op.create_index('ix_field_changes_stray', ['visit_id'], unique=False, sqlite_where=sa.text('stray IS NOT NULL AND looked_at IS NULL'), postgresql_where=sa.text('stray IS NOT NULL AND looked_at IS NULL'))
        batch_op.create_index(batch_op.f('ix_field_changes_user_id'), ['user_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_field_changes_visit_id'), ['visit_id'], unique=False)

    op.create_table('field_records',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('certificate', 'report', name='record_kind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('signed_hash', sa.String(length=64), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['visit_id'], ['visits.id'], name=op.f('fk_field_records_visit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_field_records')),
    sa.UniqueConstraint('visit_id', 'kind', 'revision', name=op.f('uq_field_records_visit_id_kind_revision'))
    )
    op.create_table('field_steps',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('work_order_id', sa.Integer(), nullable=True),
    sa.Column('visit_id', sa.Integer(), nullable=True),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=60), nullable=False),
    sa.Column('kind', sa.Enum('tick', 'reading', 'serial', 'photo', 'text', name='step_kind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('text', sa.JSON(), nullable=False),
    sa.Column('unit', sa.String(length=20), nullable=False),
    sa.Column('minimum', sa.Double(), nullable=True),
    sa.Column('maximum', sa.Double(), nullable=True),
    sa.Column('is_required', sa.Boolean(), nullable=False),
    sa.Column('asset_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('(work_order_id IS NULL) <> (visit_id IS NULL)', name=op.f('ck_field_steps_belongs_to_one')),
    sa.ForeignKeyConstraint(['asset_id'], ['assets.id'], name=op.f('fk_field_steps_asset_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['visit_id'], ['visits.id'], name=op.f('fk_field_steps_visit_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['work_order_id'], ['work_orders.id'], name=op.f('fk_field_steps_work_order_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_field_steps')),
    sa.UniqueConstraint('visit_id', 'key', name=op.f('uq_field_steps_visit_id_key')),
    sa.UniqueConstraint('work_order_id', 'key', name=op.f('uq_field_steps_work_order_id_key'))
    )
    with op.batch_alter_table('field_steps', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_field_steps_asset_id'), ['asset_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_field_steps_visit_id'), ['visit_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_field_steps_work_order_id'), ['work_order_id'], unique=False)

    op.create_table('planning_proposals',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('site_id', sa.Integer(), nullable=False),
    sa.Column('work_order_id', sa.Integer(), nullable=True),
    sa.Column('visit_id', sa.Integer(), nullable=True),
    sa.Column('needs_people', sa.Boolean(), nullable=False),
    sa.Column('seen_version', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('proposed', 'left over', 'accepted', 'rejected', name='proposal_state', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('user_ids', sa.JSON(), nullable=False),
    sa.Column('deadline_on', sa.Date(), nullable=True),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('refusal', sa.String(length=1000), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(state IN ('accepted', 'rejected')) = (decided_at IS NOT NULL)", name=op.f('ck_planning_proposals_decided_has_instant')),
    sa.CheckConstraint("state = 'left over' OR starts_at IS NOT NULL", name=op.f('ck_planning_proposals_proposed_has_time')),
    sa.CheckConstraint('(starts_at IS NULL) = (ends_at IS NULL)', name=op.f('ck_planning_proposals_both_or_neither')),
    sa.ForeignKeyConstraint(['decided_by_id'], ['users.id'], name=op.f('fk_planning_proposals_decided_by_id')),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_planning_proposals_project_id')),
    sa.ForeignKeyConstraint(['run_id'], ['planning_runs.id'], name=op.f('fk_planning_proposals_run_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_planning_proposals_site_id')),
    sa.ForeignKeyConstraint(['visit_id'], ['visits.id'], name=op.f('fk_planning_proposals_visit_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['work_order_id'], ['work_orders.id'], name=op.f('fk_planning_proposals_work_order_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_planning_proposals')),
    sa.UniqueConstraint('run_id', 'position', name=op.f('uq_planning_proposals_run_id_position'))
    )
    with op.batch_alter_table('planning_proposals', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_planning_proposals_project_id'), ['project_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_planning_proposals_run_id'), ['run_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_planning_proposals_site_id'), ['site_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_planning_proposals_visit_id'), ['visit_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_planning_proposals_work_order_id'), ['work_order_id'], unique=False)

    op.create_table('slot_offers',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('work_order_id', sa.Integer(), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=True),
    sa.Column('link_id', sa.Integer(), nullable=False),
    sa.Column('contact_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('times', 'open', name='offer_kind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('state', sa.Enum('open', 'booked', 'withdrawn', 'lapsed', 'called off', 'overtaken', name='offer_state', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('first_on', sa.Date(), nullable=False),
    sa.Column('last_on', sa.Date(), nullable=False),
    sa.Column('user_ids', sa.JSON(), nullable=False),
    sa.Column('buffer_minutes', sa.Integer(), nullable=False),
    sa.Column('notice_days', sa.Integer(), nullable=False),
    sa.Column('moves_allowed', sa.Integer(), nullable=False),
    sa.Column('moves_made', sa.Integer(), nullable=False),
    sa.Column('note', sa.String(length=1000), nullable=False),
    sa.Column('offered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('offered_by_id', sa.Integer(), nullable=True),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('wish', sa.String(length=1000), nullable=False),
    sa.Column('wished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('booked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('delay_id', sa.Integer(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('seen_by_us_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(state IN ('open', 'booked')) = (ended_at IS NULL)", name=op.f('ck_slot_offers_ended_has_instant')),
    sa.CheckConstraint("(wish = '') = (wished_at IS NULL)", name=op.f('ck_slot_offers_wish_has_instant')),
    sa.CheckConstraint("state <> 'booked' OR booked_at IS NOT NULL", name=op.f('ck_slot_offers_booked_has_instant')),
    sa.CheckConstraint('buffer_minutes >= 0 AND notice_days >= 0', name=op.f('ck_slot_offers_not_negative')),
    sa.CheckConstraint('first_on <= last_on', name=op.f('ck_slot_offers_ends_after_start')),
    sa.CheckConstraint('minutes > 0', name=op.f('ck_slot_offers_takes_time')),
    sa.CheckConstraint('moves_made >= 0 AND moves_allowed >= 0', name=op.f('ck_slot_offers_moves_not_negative')),
    sa.ForeignKeyConstraint(['contact_id'], ['contacts.id'], name=op.f('fk_slot_offers_contact_id')),
    sa.ForeignKeyConstraint(['delay_id'], ['delays.id'], name=op.f('fk_slot_offers_delay_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['link_id'], ['customer_links.id'], name=op.f('fk_slot_offers_link_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['offered_by_id'], ['users.id'], name=op.f('fk_slot_offers_offered_by_id')),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_slot_offers_project_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['visit_id'], ['visits.id'], name=op.f('fk_slot_offers_visit_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['work_order_id'], ['work_orders.id'], name=op.f('fk_slot_offers_work_order_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_slot_offers'))
    )
    with op.batch_alter_table('slot_offers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_slot_offers_contact_id'), ['contact_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_slot_offers_delay_id'), ['delay_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_slot_offers_link_id'), ['link_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_slot_offers_project_id'), ['project_id'], unique=False)
        batch_op.create_index('ix_slot_offers_to_look_at', ['offered_at'], unique=False, sqlite_where=sa.text('seen_by_us_at IS NULL'), postgresql_where=sa.text('seen_by_us_at IS NULL'))
        batch_op.create_index(batch_op.f('ix_slot_offers_visit_id'), ['visit_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_slot_offers_work_order_id'), ['work_order_id'], unique=False)
        batch_op.create_index('uq_slot_offers_one_open', ['work_order_id'], unique=True, sqlite_where=sa.text("state IN ('open', 'booked')"), postgresql_where=sa.text("state IN ('open', 'booked')"))

    op.create_table('visit_attendees',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('contact_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contacts.id'], name=op.f('fk_visit_attendees_contact_id')),
    sa.ForeignKeyConstraint(['visit_id'], ['visits.id'], name=op.f('fk_visit_attendees_visit_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visit_attendees')),
    sa.UniqueConstraint('visit_id', 'contact_id', name=op.f('uq_visit_attendees_visit_id_contact_id'))
    )
    with op.batch_alter_table('visit_attendees', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_visit_attendees_contact_id'), ['contact_id'], unique=False)

    op.create_table('field_entries',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('change_id', sa.Integer(), nullable=False),
    sa.Column('step_id', sa.Integer(), nullable=False),
    sa.Column('value', sa.String(length=2000), nullable=False),
    sa.Column('number', sa.Double(), nullable=True),
    sa.Column('fit', sa.Enum('ok', 'out of range', 'unreadable', name='fit', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('standing', sa.Enum('current', 'agreed', 'conflict', 'superseded', name='standing', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('seen', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['change_id'], ['field_changes.id'], name=op.f('fk_field_entries_change_id')),
    sa.ForeignKeyConstraint(['step_id'], ['field_steps.id'], name=op.f('fk_field_entries_step_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_field_entries')),
    sa.UniqueConstraint('change_id', name=op.f('uq_field_entries_change_id'))
    )
    with op.batch_alter_table('field_entries', schema=None) as batch_op:
        batch_op.create_index('ix_field_entries_in_conflict', ['step_id'], unique=False, sqlite_where=sa.text("standing = 'conflict'"), postgresql_where=sa.text("standing = 'conflict'"))
        batch_op.create_index(batch_op.f('ix_field_entries_step_id'), ['step_id'], unique=False)

    op.create_table('field_notes',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('change_id', sa.Integer(), nullable=False),
    sa.Column('text', sa.String(length=4000), nullable=False),
    sa.ForeignKeyConstraint(['change_id'], ['field_changes.id'], name=op.f('fk_field_notes_change_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_field_notes')),
    sa.UniqueConstraint('change_id', name=op.f('uq_field_notes_change_id'))
    )
    op.create_table('field_photos',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('change_id', sa.Integer(), nullable=False),
    sa.Column('step_id', sa.Integer(), nullable=True),
    sa.Column('caption', sa.String(length=2000), nullable=False),
    sa.Column('file_id', sa.Integer(), nullable=False),
    sa.Column('small_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['change_id'], ['field_changes.id'], name=op.f('fk_field_photos_change_id')),
    sa.ForeignKeyConstraint(['file_id'], ['stored_files.id'], name=op.f('fk_field_photos_file_id')),
    sa.ForeignKeyConstraint(['small_id'], ['stored_files.id'], name=op.f('fk_field_photos_small_id')),
    sa.ForeignKeyConstraint(['step_id'], ['field_steps.id'], name=op.f('fk_field_photos_step_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_field_photos')),
    sa.UniqueConstraint('change_id', name=op.f('uq_field_photos_change_id'))
    )
    op.create_table('field_prints',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('language', sa.String(length=16), nullable=False),
    sa.Column('file_id', sa.Integer(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['file_id'], ['stored_files.id'], name=op.f('fk_field_prints_file_id')),
    sa.ForeignKeyConstraint(['record_id'], ['field_records.id'], name=op.f('fk_field_prints_record_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_field_prints')),
    sa.UniqueConstraint('record_id', 'language', name=op.f('uq_field_prints_record_id_language'))
    )
    op.create_table('field_signatures',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('change_id', sa.Integer(), nullable=False),
    sa.Column('party', sa.Enum('technician', 'customer', name='party', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('role', sa.String(length=120), nullable=False),
    sa.Column('meaning', sa.String(length=500), nullable=False),
    sa.Column('strokes', sa.JSON(), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['change_id'], ['field_changes.id'], name=op.f('fk_field_signatures_change_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_field_signatures')),
    sa.UniqueConstraint('change_id', name=op.f('uq_field_signatures_change_id'))
    )
    op.create_table('field_taps',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('change_id', sa.Integer(), nullable=False),
    sa.Column('to', sa.Enum('on route', 'arrived', 'finished', 'incomplete', name='tap', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('note', sa.String(length=4000), nullable=False),
    sa.ForeignKeyConstraint(['change_id'], ['field_changes.id'], name=op.f('fk_field_taps_change_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_field_taps')),
    sa.UniqueConstraint('change_id', name=op.f('uq_field_taps_change_id'))
    )
    op.create_table('not_ready_reports',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('change_id', sa.Integer(), nullable=False),
    sa.Column('cause', sa.Enum('power', 'hvac', 'gas', 'exhaust', 'water', 'floor or route', 'bench', 'network', 'permit or safety', 'people away', 'freight damage', 'customs', 'stock or allocation', 'engineer capacity', 'order or contract', 'decontamination', 'building project late', 'other', name='block_cause', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('note', sa.String(length=2000), nullable=False),
    sa.Column('photo_id', sa.Integer(), nullable=True),
    sa.Column('small_id', sa.Integer(), nullable=True),
    sa.Column('milestone_id', sa.Integer(), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['change_id'], ['field_changes.id'], name=op.f('fk_not_ready_reports_change_id')),
    sa.ForeignKeyConstraint(['milestone_id'], ['milestones.id'], name=op.f('fk_not_ready_reports_milestone_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['photo_id'], ['stored_files.id'], name=op.f('fk_not_ready_reports_photo_id')),
    sa.ForeignKeyConstraint(['small_id'], ['stored_files.id'], name=op.f('fk_not_ready_reports_small_id')),
    sa.ForeignKeyConstraint(['withdrawn_by_id'], ['users.id'], name=op.f('fk_not_ready_reports_withdrawn_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_not_ready_reports')),
    sa.UniqueConstraint('change_id', name=op.f('uq_not_ready_reports_change_id'))
    )
    op.create_table('slot_choices',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('offer_id', sa.Integer(), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('user_ids', sa.JSON(), nullable=False),
    sa.Column('held_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('is_ours', sa.Boolean(), nullable=False),
    sa.CheckConstraint('starts_at < ends_at', name=op.f('ck_slot_choices_in_order')),
    sa.ForeignKeyConstraint(['offer_id'], ['slot_offers.id'], name=op.f('fk_slot_choices_offer_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_slot_choices')),
    sa.UniqueConstraint('offer_id', 'starts_at', name=op.f('uq_slot_choices_offer_id_starts_at'))
    )
    with op.batch_alter_table('slot_choices', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_slot_choices_offer_id'), ['offer_id'], unique=False)

    op.create_table('visit_claims',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('from_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('to_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('is_firm', sa.Boolean(), nullable=False),
    sa.CheckConstraint('from_at < to_at', name=op.f('ck_visit_claims_in_order')),
    sa.ForeignKeyConstraint(['member_id'], ['visit_technicians.id'], name=op.f('fk_visit_claims_member_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_visit_claims_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visit_claims'))
    )
    with op.batch_alter_table('visit_claims', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_visit_claims_member_id'), ['member_id'], unique=False)
        batch_op.create_index('ix_visit_claims_user_id_from_at', ['user_id', 'from_at'], unique=False)

    with op.batch_alter_table('checklists', schema=None) as batch_op:
        batch_op.add_column(sa.Column('sold', sa.JSON(), nullable=True))

    with op.batch_alter_table('customer_links', schema=None) as batch_op:
        batch_op.add_column(sa.Column('read_at', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('invitation_answers', schema=None) as batch_op:
        batch_op.add_column(sa.Column('because', sa.Enum('no answer', 'named twice', 'for several', 'time unreadable', 'says nothing', 'not invited', 'another appointment', 'no invitation', 'unvouched', 'sent just now', 'sent again', 'a machine', 'in words', 'copy failed', 'made sure', 'to decide', 'neither', 'same answer', 'begun', 'cancelled', 'withdrawn', 'older', 'uncertain', 'another goes', 'asked before', 'later answer', 'another comes', 'comes after all', 'on the way', 'ends first', 'has passed', 'too long', 'is the one', 'same time', name='because', native_enum=False, create_constraint=False, length=40), nullable=True))
        batch_op.add_column(sa.Column('about', sa.JSON(), nullable=True))

    with op.batch_alter_table('order_lines', schema=None) as batch_op:
        batch_op.add_column(sa.Column('named_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index('ix_order_lines_unmatched', ['order_id'], unique=False, sqlite_where=sa.text('product_id IS NULL'), postgresql_where=sa.text('product_id IS NULL'))

    with op.batch_alter_table('playbook_visits', schema=None) as batch_op:
        batch_op.add_column(sa.Column('level', sa.Integer(), nullable=False, server_default='1'))
        batch_op.add_column(sa.Column('tools', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.add_column(sa.Column('needs_customer', sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table('products', schema=None) as batch_op:
        batch_op.add_column(sa.Column('warranty_months', sa.Integer(), nullable=False, server_default='0'))

    with op.batch_alter_table('proposals', schema=None) as batch_op:
        batch_op.add_column(sa.Column('lines', sa.JSON(), nullable=False, server_default='{}'))

    with op.batch_alter_table('visits', schema=None) as batch_op:
        batch_op.add_column(sa.Column('work_order_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('arrival_minutes', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('level', sa.Integer(), nullable=False, server_default='1'))
        batch_op.add_column(sa.Column('decide_words', sa.JSON(), nullable=False, server_default='{}'))
        batch_op.add_column(sa.Column('cancel_because', sa.JSON(), nullable=True))
        batch_op.create_index('ix_visits_incomplete', ['ends_at'], unique=False, sqlite_where=sa.text("state = 'incomplete'"), postgresql_where=sa.text("state = 'incomplete'"))
        batch_op.create_index(batch_op.f('ix_visits_work_order_id'), ['work_order_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_visits_work_order_id'), 'work_orders', ['work_order_id'], ['id'], ondelete='SET NULL')

    _check(EARLIER_CHECKS, CHECKS)
    _carry_over()


def downgrade() -> None:
    """Work orders, claims on people's time, the installed base, slots, enquiries and the technician's day."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute("DROP TABLE search_words_known" if is_sqlite else "DROP INDEX ix_search_entries_kind_id")
    _check(CHECKS, EARLIER_CHECKS)
    with op.batch_alter_table('visits', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_visits_work_order_id'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_visits_work_order_id'))
        batch_op.drop_index('ix_visits_incomplete', sqlite_where=sa.text("state = 'incomplete'"), postgresql_where=sa.text("state = 'incomplete'"))
        batch_op.drop_column('cancel_because')
        batch_op.drop_column('decide_words')
        batch_op.drop_column('level')
        batch_op.drop_column('arrival_minutes')
        batch_op.drop_column('work_order_id')

    with op.batch_alter_table('proposals', schema=None) as batch_op:
        batch_op.drop_column('lines')

    with op.batch_alter_table('products', schema=None) as batch_op:
        batch_op.drop_column('warranty_months')

    with op.batch_alter_table('playbook_visits', schema=None) as batch_op:
        batch_op.drop_column('needs_customer')
        batch_op.drop_column('tools')
        batch_op.drop_column('level')

    with op.batch_alter_table('order_lines', schema=None) as batch_op:
        batch_op.drop_index('ix_order_lines_unmatched', sqlite_where=sa.text('product_id IS NULL'), postgresql_where=sa.text('product_id IS NULL'))
        batch_op.drop_column('named_at')

    with op.batch_alter_table('invitation_answers', schema=None) as batch_op:
        batch_op.drop_column('about')
        batch_op.drop_column('because')

    with op.batch_alter_table('customer_links', schema=None) as batch_op:
        batch_op.drop_column('read_at')

    with op.batch_alter_table('checklists', schema=None) as batch_op:
        batch_op.drop_column('sold')

    with op.batch_alter_table('visit_claims', schema=None) as batch_op:
        batch_op.drop_index('ix_visit_claims_user_id_from_at')
        batch_op.drop_index(batch_op.f('ix_visit_claims_member_id'))

    op.drop_table('visit_claims')
    with op.batch_alter_table('slot_choices', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_slot_choices_offer_id'))

    op.drop_table('slot_choices')
    op.drop_table('not_ready_reports')
    op.drop_table('field_taps')
    op.drop_table('field_signatures')
    op.drop_table('field_prints')
    op.drop_table('field_photos')
    op.drop_table('field_notes')
    with op.batch_alter_table('field_entries', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_field_entries_step_id'))
        batch_op.drop_index('ix_field_entries_in_conflict', sqlite_where=sa.text("standing = 'conflict'"), postgresql_where=sa.text("standing = 'conflict'"))

    op.drop_table('field_entries')
    with op.batch_alter_table('visit_attendees', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_visit_attendees_contact_id'))

    op.drop_table('visit_attendees')
    with op.batch_alter_table('slot_offers', schema=None) as batch_op:
        batch_op.drop_index('uq_slot_offers_one_open', sqlite_where=sa.text("state IN ('open', 'booked')"), postgresql_where=sa.text("state IN ('open', 'booked')"))
        batch_op.drop_index(batch_op.f('ix_slot_offers_work_order_id'))
        batch_op.drop_index(batch_op.f('ix_slot_offers_visit_id'))
        batch_op.drop_index('ix_slot_offers_to_look_at', sqlite_where=sa.text('seen_by_us_at IS NULL'), postgresql_where=sa.text('seen_by_us_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_slot_offers_project_id'))
        batch_op.drop_index(batch_op.f('ix_slot_offers_link_id'))
        batch_op.drop_index(batch_op.f('ix_slot_offers_delay_id'))
        batch_op.drop_index(batch_op.f('ix_slot_offers_contact_id'))

    op.drop_table('slot_offers')
    with op.batch_alter_table('planning_proposals', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_planning_proposals_work_order_id'))
        batch_op.drop_index(batch_op.f('ix_planning_proposals_visit_id'))
        batch_op.drop_index(batch_op.f('ix_planning_proposals_site_id'))
        batch_op.drop_index(batch_op.f('ix_planning_proposals_run_id'))
        batch_op.drop_index(batch_op.f('ix_planning_proposals_project_id'))

    op.drop_table('planning_proposals')
    with op.batch_alter_table('field_steps', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_field_steps_work_order_id'))
        batch_op.drop_index(batch_op.f('ix_field_steps_visit_id'))
        batch_op.drop_index(batch_op.f('ix_field_steps_asset_id'))

    op.drop_table('field_steps')
    op.drop_table('field_records')
    with op.batch_alter_table('field_changes', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_field_changes_visit_id'))
        batch_op.drop_index(batch_op.f('ix_field_changes_user_id'))
        batch_op.drop_index('ix_field_changes_stray', sqlite_where=sa.text('stray IS NOT NULL AND looked_at IS NULL'), postgresql_where=sa.text('stray IS NOT NULL AND looked_at IS NULL'))

    op.drop_table('field_changes')
    with op.batch_alter_table('broken_rules', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_broken_rules_user_id'))
        batch_op.drop_index(batch_op.f('ix_broken_rules_other_visit_id'))
        batch_op.drop_index('ix_broken_rules_now', sqlite_where=sa.text('gone_at IS NULL'), postgresql_where=sa.text('gone_at IS NULL'))

    op.drop_table('broken_rules')
    with op.batch_alter_table('work_orders', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_work_orders_site_id'))
        batch_op.drop_index(batch_op.f('ix_work_orders_milestone_id'))
        batch_op.drop_index(batch_op.f('ix_work_orders_asset_id'))

    op.drop_table('work_orders')
    with op.batch_alter_table('customer_messages', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_customer_messages_project_id'))

    op.drop_table('customer_messages')
    with op.batch_alter_table('stock_reservations', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_stock_reservations_unit_id'))
        batch_op.drop_index(batch_op.f('ix_stock_reservations_project_id'))
        batch_op.drop_index(batch_op.f('ix_stock_reservations_order_id'))
        batch_op.drop_index(batch_op.f('ix_stock_reservations_held_unit_id'))

    op.drop_table('stock_reservations')
    with op.batch_alter_table('assets', schema=None) as batch_op:
        batch_op.drop_index('ix_assets_stands_once', sqlite_where=sa.text("serial <> '' AND state <> 'removed'"), postgresql_where=sa.text("serial <> '' AND state <> 'removed'"))
        batch_op.drop_index(batch_op.f('ix_assets_site_id'))
        batch_op.drop_index('ix_assets_serial')
        batch_op.drop_index(batch_op.f('ix_assets_product_id'))
        batch_op.drop_index(batch_op.f('ix_assets_order_line_id'))

    op.drop_table('assets')
    op.drop_table('playbook_steps')
    with op.batch_alter_table('held_units', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_held_units_order_id'))
        batch_op.drop_index(batch_op.f('ix_held_units_line_id'))
        batch_op.drop_index(batch_op.f('ix_held_units_hold_id'))

    op.drop_table('held_units')
    with op.batch_alter_table('contact_aways', schema=None) as batch_op:
        batch_op.drop_index('ix_contact_aways_contact_id_starts_at')

    op.drop_table('contact_aways')
    op.drop_table('supply_times')
    with op.batch_alter_table('stock_units', schema=None) as batch_op:
        batch_op.drop_index('ix_stock_units_there_once', sqlite_where=sa.text("serial <> '' AND state <> 'gone'"), postgresql_where=sa.text("serial <> '' AND state <> 'gone'"))
        batch_op.drop_index(batch_op.f('ix_stock_units_product_id'))

    op.drop_table('stock_units')
    with op.batch_alter_table('stock_holds', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_stock_holds_held_by_id'))
        batch_op.drop_index(batch_op.f('ix_stock_holds_enquiry_id'))
        batch_op.drop_index('ix_stock_holds_ending', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))

    op.drop_table('stock_holds')
    with op.batch_alter_table('enquiry_lines', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_enquiry_lines_site_id'))
        batch_op.drop_index(batch_op.f('ix_enquiry_lines_product_id'))

    op.drop_table('enquiry_lines')
    with op.batch_alter_table('time_holds', schema=None) as batch_op:
        batch_op.drop_index('ix_time_holds_user_id_from_at')
        batch_op.drop_index(batch_op.f('ix_time_holds_holder'))
        batch_op.drop_index(batch_op.f('ix_time_holds_held_until'))

    op.drop_table('time_holds')
    op.drop_table('planning_runs')
    with op.batch_alter_table('photo_uploads', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_photo_uploads_user_id'))
        batch_op.drop_index(batch_op.f('ix_photo_uploads_begun_at'))

    op.drop_table('photo_uploads')
    with op.batch_alter_table('enquiries', schema=None) as batch_op:
        batch_op.drop_index('ix_enquiries_state_id')
        batch_op.drop_index(batch_op.f('ix_enquiries_asked_by_id'))
        batch_op.drop_index(batch_op.f('ix_enquiries_account_id'))

    op.drop_table('enquiries')


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
    """Give every visit of before its work order, and what is booked its claim on people's time, defended."""
    op.execute(
        "INSERT INTO work_orders (project_id, number, code, milestone_id, site_id, kind, title, titles, skill, level,"
        " crew, minutes, tools, needs_customer, note, state, opened_at, closed_at, cancel_reason, search, version)"
        " SELECT v.project_id, row_number() OVER (PARTITION BY v.project_id ORDER BY v.starts_at, v.id),"
        " p.key || '-W' || row_number() OVER (PARTITION BY v.project_id ORDER BY v.starts_at, v.id),"
        " v.milestone_id, v.site_id, v.kind, v.title, v.titles, v.skill, 1,"
        " CASE WHEN v.crew < 0 THEN 0 ELSE v.crew END, 480, '[]', false, '',"
        " CASE WHEN v.state = 'complete' THEN 'done' WHEN v.state = 'cancelled' THEN 'cancelled' ELSE 'open' END,"
        " v.created_at,"
        " CASE WHEN v.state = 'complete' THEN v.ends_at WHEN v.state = 'cancelled' THEN v.cancelled_at END,"
        " v.cancel_reason, '', 1 FROM visits v JOIN projects p ON p.id = v.project_id"
    )
    op.execute(
        "UPDATE visits SET work_order_id = (SELECT w.id FROM work_orders w JOIN"
        " (SELECT id, project_id, row_number() OVER (PARTITION BY project_id ORDER BY starts_at, id) AS number"
        " FROM visits) v ON w.project_id = v.project_id AND w.number = v.number WHERE v.id = visits.id)"
    )
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    op.execute(MINUTES["postgresql" if is_postgresql else "sqlite"])
    op.execute(
        "INSERT INTO visit_claims (member_id, user_id, from_at, to_at, is_firm)"
        " SELECT m.id, m.user_id, v.starts_at, v.ends_at, NOT EXISTS ("
        " SELECT 1 FROM visit_technicians o JOIN visits w ON w.id = o.visit_id"
        " WHERE o.user_id = m.user_id AND o.id < m.id AND w.state NOT IN ('complete', 'incomplete', 'cancelled')"
        " AND w.starts_at < v.ends_at AND w.ends_at > v.starts_at)"
        " FROM visit_technicians m JOIN visits v ON v.id = m.visit_id"
        " WHERE v.state NOT IN ('complete', 'incomplete', 'cancelled')"
    )
    for statement in DEFENCE["postgresql" if is_postgresql else "sqlite"]:
        op.execute(statement)
    if is_postgresql:
        op.execute("CREATE INDEX ix_search_entries_kind_id ON search_entries (kind, id)")
    else:
        op.execute("CREATE VIRTUAL TABLE search_words_known USING fts5vocab(search_words, instance)")


MINUTES = {
    "postgresql": (
        "UPDATE work_orders SET minutes = GREATEST(15, LEAST(100000, v.minutes)) FROM"
        " (SELECT work_order_id, sum(CASE WHEN ends_local::date = starts_local::date"
        " THEN EXTRACT(EPOCH FROM ends_local - starts_local) / 60"
        " ELSE (ends_local::date - starts_local::date + 1) * 480 END)::int AS minutes FROM visits"
        " GROUP BY work_order_id) v WHERE v.work_order_id = work_orders.id"
    ),
    "sqlite": (
        "UPDATE work_orders SET minutes = (SELECT max(15, min(100000, CAST(sum("
        "CASE WHEN date(starts_local) = date(ends_local)"
        " THEN round((julianday(ends_local) - julianday(starts_local)) * 1440)"
        " ELSE (julianday(date(ends_local)) - julianday(date(starts_local)) + 1) * 480 END) AS INTEGER)))"
        " FROM visits v WHERE v.work_order_id = work_orders.id)"
        " WHERE EXISTS (SELECT 1 FROM visits v WHERE v.work_order_id = work_orders.id)"
    ),
}
"""How long work of before takes: a day's visit as long as it is, a longer one eight hours a day."""


DEFENCE = {
    "postgresql": (
        "ALTER TABLE visit_claims ADD CONSTRAINT ex_visit_claims_no_double_booking EXCLUDE USING gist"
        " (int4range(user_id, user_id, '[]') WITH &&, tstzrange(from_at, to_at) WITH &&) WHERE (is_firm)",
        "ALTER TABLE time_holds ADD CONSTRAINT ex_time_holds_one_at_a_time EXCLUDE USING gist"
        " (int4range(user_id, user_id, '[]') WITH &&, tstzrange(from_at, to_at) WITH &&,"
        " tstzrange(held_from, held_until) WITH &&)",
        "ALTER TABLE stock_reservations ADD CONSTRAINT ex_stock_reservations_one_at_a_time EXCLUDE USING"
        " gist (int4range(unit_id, unit_id, '[]') WITH &&, tstzrange(from_at, until_at) WITH &&)",
    ),
    "sqlite": (
        "CREATE TRIGGER tr_visit_claims_no_double_booking_insert BEFORE INSERT ON visit_claims WHEN"
        " NEW.is_firm AND NEW.from_at < ifnull(NEW.to_at, '9999-12-31') AND EXISTS (SELECT 1 FROM"
        " visit_claims WHERE user_id = NEW.user_id AND is_firm AND from_at < ifnull(to_at, '9999-12-31')"
        " AND from_at < ifnull(NEW.to_at, '9999-12-31') AND ifnull(to_at, '9999-12-31') > NEW.from_at)"
        " BEGIN SELECT RAISE(ABORT, 'ex_visit_claims_no_double_booking'); END",
        "CREATE TRIGGER tr_visit_claims_no_double_booking_update BEFORE UPDATE ON visit_claims WHEN"
        " NEW.is_firm AND NEW.from_at < ifnull(NEW.to_at, '9999-12-31') AND EXISTS (SELECT 1 FROM"
        " visit_claims WHERE user_id = NEW.user_id AND is_firm AND from_at < ifnull(to_at, '9999-12-31')"
        " AND from_at < ifnull(NEW.to_at, '9999-12-31') AND ifnull(to_at, '9999-12-31') > NEW.from_at AND"
        " id <> NEW.id) BEGIN SELECT RAISE(ABORT, 'ex_visit_claims_no_double_booking'); END",
        "CREATE TRIGGER tr_time_holds_one_at_a_time_insert BEFORE INSERT ON time_holds WHEN NEW.from_at <"
        " ifnull(NEW.to_at, '9999-12-31') AND NEW.held_from < ifnull(NEW.held_until, '9999-12-31') AND"
        " EXISTS (SELECT 1 FROM time_holds WHERE user_id = NEW.user_id AND from_at < ifnull(to_at,"
        " '9999-12-31') AND from_at < ifnull(NEW.to_at, '9999-12-31') AND ifnull(to_at, '9999-12-31') >"
        " NEW.from_at AND held_from < ifnull(held_until, '9999-12-31') AND held_from <"
        " ifnull(NEW.held_until, '9999-12-31') AND ifnull(held_until, '9999-12-31') > NEW.held_from) BEGIN"
        " SELECT RAISE(ABORT, 'ex_time_holds_one_at_a_time'); END",
        "CREATE TRIGGER tr_time_holds_one_at_a_time_update BEFORE UPDATE ON time_holds WHEN NEW.from_at <"
        " ifnull(NEW.to_at, '9999-12-31') AND NEW.held_from < ifnull(NEW.held_until, '9999-12-31') AND"
        " EXISTS (SELECT 1 FROM time_holds WHERE user_id = NEW.user_id AND from_at < ifnull(to_at,"
        " '9999-12-31') AND from_at < ifnull(NEW.to_at, '9999-12-31') AND ifnull(to_at, '9999-12-31') >"
        " NEW.from_at AND held_from < ifnull(held_until, '9999-12-31') AND held_from <"
        " ifnull(NEW.held_until, '9999-12-31') AND ifnull(held_until, '9999-12-31') > NEW.held_from AND id"
        " <> NEW.id) BEGIN SELECT RAISE(ABORT, 'ex_time_holds_one_at_a_time'); END",
        "CREATE TRIGGER tr_stock_reservations_one_at_a_time_insert BEFORE INSERT ON stock_reservations"
        " WHEN NEW.from_at < ifnull(NEW.until_at, '9999-12-31') AND EXISTS (SELECT 1 FROM"
        " stock_reservations WHERE unit_id = NEW.unit_id AND from_at < ifnull(until_at, '9999-12-31') AND"
        " from_at < ifnull(NEW.until_at, '9999-12-31') AND ifnull(until_at, '9999-12-31') > NEW.from_at)"
        " BEGIN SELECT RAISE(ABORT, 'ex_stock_reservations_one_at_a_time'); END",
        "CREATE TRIGGER tr_stock_reservations_one_at_a_time_update BEFORE UPDATE ON stock_reservations"
        " WHEN NEW.from_at < ifnull(NEW.until_at, '9999-12-31') AND EXISTS (SELECT 1 FROM"
        " stock_reservations WHERE unit_id = NEW.unit_id AND from_at < ifnull(until_at, '9999-12-31') AND"
        " from_at < ifnull(NEW.until_at, '9999-12-31') AND ifnull(until_at, '9999-12-31') > NEW.from_at"
        " AND id <> NEW.id) BEGIN SELECT RAISE(ABORT, 'ex_stock_reservations_one_at_a_time'); END",
    ),
}
"""Nobody is booked twice at a time, no hour and no unit held twice: the database says so itself."""
