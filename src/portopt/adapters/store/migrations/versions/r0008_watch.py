"""What the watch keeps: figures through time, alerts, silences, and how far it has evaluated."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portopt.adapters.store.types import ExactJson, UtcDateTime

revision = "r0008"
down_revision = "r0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "figures", sa.Column("name", sa.String(64), primary_key=True), sa.Column("subject", sa.String(300), primary_key=True),
        sa.Column("timestamp", UtcDateTime(), primary_key=True), sa.Column("portfolio_id", sa.String(100)),
        sa.Column("value", sa.Float), sa.Column("limit_value", sa.Float),
        sa.Column("why", sa.Text, nullable=False, server_default=sa.text("''")), sa.Column("detail", ExactJson),
        schema=schema("query"),
    )  # fmt: skip
    op.create_index("figures_timestamp_idx", "figures", ["timestamp"], schema=schema("query"))
    op.create_index("figures_portfolio_idx", "figures", ["portfolio_id", "timestamp"], schema=schema("query"))
    op.create_table(
        "alerts", sa.Column("alert_id", sa.String(64), primary_key=True), sa.Column("rule", sa.String(100), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False), sa.Column("portfolio_id", sa.String(100)),
        sa.Column("state", sa.String(20), nullable=False), sa.Column("severity", sa.String(10), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False), sa.Column("fired_at", UtcDateTime()),
        sa.Column("resolved_at", UtcDateTime()), sa.Column("body", ExactJson, nullable=False),
        schema=schema("command"),
    )  # fmt: skip
    op.create_index("alerts_state_idx", "alerts", ["state"], schema=schema("command"))
    op.create_index("alerts_since_idx", "alerts", ["since", "alert_id"], schema=schema("command"))
    op.create_index("alerts_portfolio_idx", "alerts", ["portfolio_id", "since"], schema=schema("command"))
    op.create_table(
        "silences", sa.Column("silence_id", sa.String(64), primary_key=True), sa.Column("matches", ExactJson, nullable=False),
        sa.Column("starts", UtcDateTime(), nullable=False), sa.Column("ends", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False), sa.Column("reason", sa.Text, nullable=False),
        sa.Column("summarized", sa.Integer, nullable=False),
        schema=schema("command"),
    )  # fmt: skip
    op.create_table(
        "watch_state", sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False), sa.Column("evaluated_at", UtcDateTime()),
        schema=schema("command"),
    )  # fmt: skip


def downgrade() -> None:
    for name in ("watch_state", "silences", "alerts"):
        op.drop_table(name, schema=schema("command"))
    op.drop_table("figures", schema=schema("query"))


def schema(name: str) -> str | None:
    return name if op.get_bind().dialect.name == "postgresql" else None
