"""What the first version made by itself, without a revision."""

import sqlalchemy as sa
from alembic import op

from responder.store.tables import Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    _incidents()
    _timelines()
    _links()
    _brakes()
    _deliveries()


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("grp", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("proof", sa.Text),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("alert_started_at", Moment),
        sa.Column("first_error_at", Moment),
        sa.Column("reported_at", Moment),
        sa.Column("ended_at", Moment),
        sa.Column("errors", sa.Integer, nullable=False),
        sa.Column("failed_orders", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("due_at", Moment, index=True),
        sa.Column("hurried", sa.Boolean, nullable=False),
        sa.Column("lease_token", sa.Text),
        sa.Column("lease_until", Moment),
        sa.Column("last_firing_at", Moment, nullable=False),
        sa.Column("looked_at", Moment),
        sa.Column("relapse_of", sa.String(16)),
        sa.Column("automation_over", sa.Boolean, nullable=False),
        sa.Column("alert_groups", sa.JSON, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("reports", sa.JSON, nullable=False),
        sa.Column("outcome", sa.Text),
    )
    unended = sa.text("ended_at IS NULL")
    op.create_index(
        "incidents_one_open",
        "incidents",
        ["rule", "grp"],
        unique=True,
        sqlite_where=unended,
        postgresql_where=unended,
    )
    op.create_index("incidents_newest", "incidents", ["opened_at", "id"])


def _timelines() -> None:
    op.create_table(
        "events",
        sa.Column("incident", sa.String(16), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "firings",
        sa.Column("fingerprint", sa.Text, primary_key=True),
        sa.Column("rule", sa.Text, primary_key=True),
        sa.Column("starts_at", Moment, primary_key=True, autoincrement=False),
        sa.Column("incident", sa.String(16), index=True),
        sa.Column("resolved", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )


def _links() -> None:
    op.create_table(
        "links",
        sa.Column("factory", sa.Text, primary_key=True),
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("answered_at", Moment),
        sa.Column("incident", sa.String(16)),
        sa.Column("spent", sa.Boolean, nullable=False),
        sa.Column("effective_at", Moment),
        sa.Column("unknowns", sa.Integer, nullable=False),
        sa.Column("in_flight_since", Moment),
        sa.Column("in_flight_incident", sa.String(16)),
    )


def _brakes() -> None:
    op.create_table(
        "factories",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("floor_at", Moment),
    )
    op.create_table(
        "brakes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("probed_at", Moment),
    )
    op.create_table(
        "calls",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", Moment, nullable=False, index=True),
        sa.Column("factory", sa.Text, nullable=False),
        sa.Column("incident", sa.String(16), nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("credential", sa.Text, nullable=False),
        sa.Column("receiver", sa.Text, nullable=False),
        sa.Column("group_key", sa.Text, nullable=False),
        sa.Column("alert_group", sa.Text, nullable=False),
        sa.Column("truncated", sa.Integer, nullable=False),
        sa.Column("alerts", sa.Integer, nullable=False),
        sa.Column("verdicts", sa.JSON, nullable=False),
        sa.Column("kinds", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("clock_difference", sa.Float),
    )
    op.create_index("deliveries_newest", "deliveries", ["received_at", "id"])
    op.create_table(
        "delivery_incidents",
        sa.Column("incident", sa.String(16), primary_key=True),
        sa.Column("delivery", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
