"""A silence in IRM that came before its alert."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("firings", sa.Column("silenced_by", sa.Text))
    op.add_column("firings", sa.Column("silenced_until", sa.BigInteger))
