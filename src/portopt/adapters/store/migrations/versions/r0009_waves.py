"""Waves: many portfolios from one cause, an item each, with its deadline, its lease and its end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portopt.adapters.store import row_security
from portopt.adapters.store.types import ExactJson, UtcDateTime

revision = "r0009"
down_revision = "r0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waves", sa.Column("wave_id", sa.String(64), primary_key=True), sa.Column("cause", sa.Text, nullable=False),
        sa.Column("policies", ExactJson, nullable=False), sa.Column("provider", sa.String(1100)), sa.Column("as_of", sa.Date),
        sa.Column("await_approval", sa.Boolean, nullable=False),
        sa.Column("asked_by", sa.String(200), nullable=False, server_default=sa.text("''")),
        sa.Column("created_at", UtcDateTime(), nullable=False), sa.Column("ended_at", UtcDateTime()),
        schema=schema("command"),
    )  # fmt: skip
    op.create_index("waves_created_idx", "waves", ["created_at", "wave_id"], schema=schema("command"))
    op.create_table(
        "wave_items", sa.Column("wave_id", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("portfolio_id", sa.String(100), nullable=False), sa.Column("policy", sa.String(64), nullable=False),
        sa.Column("deadline", UtcDateTime()), sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")), sa.Column("owner", sa.String(200)),
        sa.Column("leased_until", UtcDateTime()), sa.Column("run_id", sa.String(64)), sa.Column("problem", ExactJson),
        sa.Column("ended_at", UtcDateTime()), sa.Column("seconds", sa.Float), sa.Column("gap", sa.Float),
        sa.ForeignKeyConstraint(["wave_id"], [in_command("waves.wave_id")], name="wave_items_wave_fk"),
        schema=schema("command"),
    )  # fmt: skip
    claimed = ["wave_id", "state", "deadline", "number"]
    op.create_index("wave_items_claim_idx", "wave_items", claimed, schema=schema("command"))
    op.create_index("wave_items_run_idx", "wave_items", ["run_id"], schema=schema("command"))
    op.create_index("wave_items_portfolio_idx", "wave_items", ["portfolio_id"], schema=schema("command"))
    if schema("command"):
        row_security.protect(op.get_bind(), "command.wave_items", "portfolio_id")


def downgrade() -> None:
    for name in ("wave_items", "waves"):
        op.drop_table(name, schema=schema("command"))


def schema(name: str) -> str | None:
    return name if op.get_bind().dialect.name == "postgresql" else None


def in_command(name: str) -> str:
    return f"command.{name}" if schema("command") else name
