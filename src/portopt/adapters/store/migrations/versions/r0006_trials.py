"""What was tried on which assets: a row for every strategy that was ever put to a history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portopt.adapters.store.types import ExactJson, UtcDateTime

revision = "r0006"
down_revision = "r0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "trials", sa.Column("family", sa.String(64), primary_key=True), sa.Column("trial_id", sa.String(64), primary_key=True),
        sa.Column("policy", sa.String(200), nullable=False), sa.Column("changes", ExactJson, nullable=False),
        sa.Column("sharpe", sa.Float), sa.Column("periods", sa.Integer, nullable=False),
        sa.Column("first", sa.Date, nullable=False), sa.Column("last", sa.Date, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")),
        schema=schema(),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("trials", schema=schema())


def schema() -> str | None:
    return "command" if op.get_bind().dialect.name == "postgresql" else None
