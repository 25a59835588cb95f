"""What pages list every few seconds, found without reading what they do not list."""

from alembic import op

from responder.store.queries import listing_indexes

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for index in listing_indexes:
        index.create(op.get_bind(), checkfirst=True)
