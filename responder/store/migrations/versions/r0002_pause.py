"""Who paused, since when and until when."""

import sqlalchemy as sa
from alembic import op

from responder.store.tables import Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for column in (
        sa.Column("paused_by", sa.Text),
        sa.Column("paused_at", Moment),
        sa.Column("paused_until", Moment),
        sa.Column("resumed_by", sa.Text),
        sa.Column("resumed_at", Moment),
    ):
        op.add_column("brakes", column)
