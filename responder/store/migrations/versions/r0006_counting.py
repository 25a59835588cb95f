"""Heartbeats and counts of incidents are found without reading every row."""

from alembic import op

from responder.store.queries import counting_index, listing_indexes

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for index in (*listing_indexes, counting_index):
        index.create(op.get_bind(), checkfirst=True)
