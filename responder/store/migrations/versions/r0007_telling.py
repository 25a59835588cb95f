"""What is still to be told elsewhere. What ended before is not told any more."""

import sqlalchemy as sa
from alembic import op

from responder.store.tables import Moment

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    untold = sa.Column("untold", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("incidents", untold)
    op.create_index(
        "incidents_untold",
        "incidents",
        ["id"],
        sqlite_where=sa.text("untold IS 1"),
        postgresql_where=sa.text("untold IS true"),
    )
    op.create_table(
        "errands",
        sa.Column("incident", sa.String(16), primary_key=True),
        sa.Column("place", sa.Text, primary_key=True),
        sa.Column("due_at", Moment),
        sa.Column("woken", sa.Boolean, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("lease_token", sa.Text),
        sa.Column("lease_until", Moment),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_errands_due_at", "errands", ["due_at"])
