"""What the watch keeps: figures through time, alerts, silences, how far it has evaluated, and where its notices wait."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from portopt.adapters.store import partitions, row_security, timescale
from portopt.adapters.store.types import ExactJson, UtcDateTime

revision = "r0008"
down_revision = "r0007"
branch_labels = None
depends_on = None

CHANNEL_SHARDS = (8, 9, 10, 11)  # as outbox.channel_shard has them
RESTRICTED = ("query.figures", "command.alerts", "command.silences")


def upgrade() -> None:
    keep_figures()
    keep_alerts()
    state = op.create_table(
        "watch_state", sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False), sa.Column("evaluated_at", UtcDateTime()),
        schema=schema("command"),
    )  # fmt: skip
    op.bulk_insert(state, [{"id": 1, "version": 0}])
    op.bulk_insert(shards(), [{"shard": shard} for shard in CHANNEL_SHARDS])
    if schema("query"):
        row_security.protect_all(op.get_bind(), dict.fromkeys(RESTRICTED, "portfolio_id"))


def downgrade() -> None:
    outbox = sa.table("outbox", sa.column("shard"), schema=schema("command"))
    op.execute(outbox.delete().where(outbox.c.shard.in_(CHANNEL_SHARDS)))
    channels = shards()
    op.execute(channels.delete().where(channels.c.shard.in_(CHANNEL_SHARDS)))
    for name in ("watch_state", "silences", "alerts"):
        op.drop_table(name, schema=schema("command"))
    op.drop_table("figures", schema=schema("query"))


def keep_figures() -> None:
    """Where there is TimescaleDB a hypertable under row-level security, and so without compression."""
    op.create_table(
        "figures", sa.Column("name", sa.String(64), primary_key=True), sa.Column("subject", sa.String(300), primary_key=True),
        sa.Column("timestamp", UtcDateTime(), primary_key=True), sa.Column("portfolio_id", sa.String(100)),
        sa.Column("value", sa.Float), sa.Column("limit_value", sa.Float),
        sa.Column("why", sa.Text, nullable=False, server_default=sa.text("''")), sa.Column("detail", ExactJson),
        schema=schema("query"),
    )  # fmt: skip
    if schema("query") and level() == partitions.TIMESCALEDB:
        timescale.make_hypertable(op.get_bind(), context.config.attributes["chunk_days"], "query.figures")
    op.create_index("figures_timestamp_idx", "figures", ["timestamp"], schema=schema("query"))
    op.create_index("figures_portfolio_idx", "figures", ["portfolio_id", "timestamp"], schema=schema("query"))


def keep_alerts() -> None:
    op.create_table(
        "alerts", sa.Column("alert_id", sa.String(64), primary_key=True), sa.Column("rule", sa.String(100), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False), sa.Column("portfolio_id", sa.String(100)),
        sa.Column("state", sa.String(20), nullable=False), sa.Column("severity", sa.String(10), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False), sa.Column("fired_at", UtcDateTime()),
        sa.Column("resolved_at", UtcDateTime()), sa.Column("silence_id", sa.String(64)),
        sa.Column("body", ExactJson, nullable=False),
        schema=schema("command"),
    )  # fmt: skip
    op.create_index("alerts_state_idx", "alerts", ["state"], schema=schema("command"))
    op.create_index("alerts_silence_idx", "alerts", ["silence_id"], schema=schema("command"))
    op.create_index("alerts_since_idx", "alerts", ["since", "alert_id"], schema=schema("command"))
    op.create_index("alerts_portfolio_idx", "alerts", ["portfolio_id", "since"], schema=schema("command"))
    op.create_table(
        "silences", sa.Column("silence_id", sa.String(64), primary_key=True), sa.Column("portfolio_id", sa.String(100)),
        sa.Column("matches", ExactJson, nullable=False),
        sa.Column("starts", UtcDateTime(), nullable=False), sa.Column("ends", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False), sa.Column("reason", sa.Text, nullable=False),
        sa.Column("summarized", sa.Integer, nullable=False),
        schema=schema("command"),
    )  # fmt: skip


def shards() -> sa.TableClause:
    found = sa.table("outbox_shards", sa.column("shard"))
    found.schema = schema("command")
    return found


def level() -> str | None:
    facts = sa.table("store_facts", sa.column("name"), sa.column("value"), schema="command")
    found: str | None = op.get_bind().execute(sa.select(facts.c.value).where(facts.c.name == "time_series_level")).scalar()
    return found


def schema(name: str) -> str | None:
    return name if op.get_bind().dialect.name == "postgresql" else None
