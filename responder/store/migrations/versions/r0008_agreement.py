"""Shared and withheld reports, and what people did, are told in lists."""

import sqlalchemy as sa
from alembic import op

from responder.store.queries import indexes
from responder.store.tables import Moment

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("incidents", sa.Column("shared_with", sa.String(16)))
    op.add_column("incidents", sa.Column("withheld_at", Moment))
    op.add_column("incidents", sa.Column("by_hand_at", Moment))
    op.add_column("incidents", sa.Column("agreement", sa.Text))
    for index in indexes:
        index.create(op.get_bind(), checkfirst=True)
