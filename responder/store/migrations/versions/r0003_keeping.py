"""Since when there is a record, when nobody ran, and what forgetting looks up."""

import sqlalchemy as sa
from alembic import op

from responder.store.tables import Moment

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "life",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("since", Moment, nullable=False),
        sa.Column("stamped_at", Moment, nullable=False),
        sa.Column("history_lost", sa.Boolean, nullable=False),
    )
    op.create_table(
        "gaps",
        sa.Column("since", Moment, primary_key=True, autoincrement=False),
        sa.Column("until", Moment, nullable=False),
    )
    op.add_column("firings", sa.Column("heard_at", Moment))
    op.create_index("incidents_ended", "incidents", ["ended_at"])
    op.create_index(
        "ix_delivery_incidents_delivery", "delivery_incidents", ["delivery"]
    )
