"""Trials: of each rule the cassettes that it was tried on last."""

import sqlalchemy as sa
from alembic import op

from responder.store.tables import Moment

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "trials",
        sa.Column("rule", sa.Text, primary_key=True),
        sa.Column("at", Moment, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
