"""Who is signed in to the console."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portopt.adapters.store.types import ExactJson, UtcDateTime

revision = "r0014"
down_revision = "r0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    command = schema()
    op.create_table(
        "sessions", sa.Column("sha256", sa.String(64), primary_key=True), sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("scopes", ExactJson, nullable=False), sa.Column("portfolios", ExactJson),
        sa.Column("key_id", sa.String(64)),
        sa.Column("created_at", UtcDateTime(), nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")),
        sa.Column("seen_at", UtcDateTime(), nullable=False), sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], [f"{command}.api_keys.id" if command else "api_keys.id"], name="sessions_key_fk"),
        schema=command,
    )  # fmt: skip
    op.create_index("sessions_ends_idx", "sessions", ["ends_at"], schema=command)


def downgrade() -> None:
    op.drop_table("sessions", schema=schema())


def schema() -> str | None:
    return "command" if op.get_bind().dialect.name == "postgresql" else None
