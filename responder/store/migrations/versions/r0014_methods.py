"""The method that a factory takes, per kind of link."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("factories", sa.Column("method_found", sa.Text))
    op.add_column("factories", sa.Column("method_fixed", sa.Text))
