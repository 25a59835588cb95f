"""Duties that replicas share, and what opened an incident: an alert, or a watch."""

import sqlalchemy as sa
from alembic import op

from responder.store.tables import Moment

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "duties",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.add_column("incidents", sa.Column("opened_reason", sa.Text))
