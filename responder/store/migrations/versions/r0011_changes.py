"""How often what is known of a factory's links has changed."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    changes = sa.Column("changes", sa.Integer, nullable=False, server_default="0")
    op.add_column("factories", changes)
