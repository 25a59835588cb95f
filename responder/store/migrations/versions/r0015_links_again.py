"""Whether a spent link was called once more: it is not a third time."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    again = sa.Column("again", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("links", again)
