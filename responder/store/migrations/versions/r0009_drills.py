"""Drills: what each came to, and the mark on the incidents that they opened."""

import sqlalchemy as sa
from alembic import op

from responder.store.tables import Moment

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("incidents", sa.Column("drill", sa.Text))
    op.create_index(
        "incidents_drills",
        "incidents",
        ["rule", "state"],
        sqlite_where=sa.text("drill IS NOT NULL"),
        postgresql_where=sa.text("drill IS NOT NULL"),
    )
    op.create_table(
        "drills",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("at", Moment, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("ended_at", Moment),
        sa.Column("passed", sa.Boolean, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_drills_at", "drills", ["at"])
