"""The desk in a line a portfolio, money that was announced, and what a wave is for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portopt.adapters.store import row_security
from portopt.adapters.store.types import ExactJson, UtcDateTime

revision = "r0013"
down_revision = "r0012"
branch_labels = None
depends_on = None

NUMBERS = ("value", "cash_share", "cash_floor", "cash_ceiling", "drift", "band", "tracking_error", "tracking_limit",
           "limits_broken", "prices_age")  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "desk_books", sa.Column("portfolio_id", sa.String(100), primary_key=True), sa.Column("measured_at", UtcDateTime()),
        *(sa.Column(name, sa.Float) for name in NUMBERS), sa.Column("wave_id", sa.String(64)),
        sa.Column("wave_number", sa.Integer), sa.Column("why", ExactJson), sa.Column("detail", ExactJson),
        schema=schema("query"),
    )  # fmt: skip
    if schema("query"):
        row_security.protect(op.get_bind(), "query.desk_books", "portfolio_id")
    op.add_column("portfolios", sa.Column("cash_flow", ExactJson), schema=schema("command"))
    kind = sa.Column("kind", sa.String(20), nullable=False, server_default=sa.text("'asked'"))
    op.add_column("waves", kind, schema=schema("command"))
    op.add_column("wave_items", sa.Column("trades", ExactJson), schema=schema("command"))


def downgrade() -> None:
    op.drop_column("wave_items", "trades", schema=schema("command"))
    op.drop_column("waves", "kind", schema=schema("command"))
    op.drop_column("portfolios", "cash_flow", schema=schema("command"))
    op.drop_table("desk_books", schema=schema("query"))


def schema(name: str) -> str | None:
    return name if op.get_bind().dialect.name == "postgresql" else None
