"""Notices of several alerts stand in the order of each; figures of long ago are kept in steps, with what was in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portopt.adapters.store.types import UtcDateTime

revision = "r0010"
down_revision = "r0009"
branch_labels = None
depends_on = None

NEW = ("measured", "lowest", "highest", "mean")


def upgrade() -> None:
    op.create_table(
        "notice_keys", sa.Column("event_id", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(100), primary_key=True),
        schema=schema("command"),
    )  # fmt: skip
    op.create_index("notice_keys_key_idx", "notice_keys", ["key"], schema=schema("command"))
    op.add_column("figures", sa.Column("measured", sa.Integer), schema=schema("query"))
    for name in NEW[1:]:
        op.add_column("figures", sa.Column(name, sa.Float), schema=schema("query"))
    op.create_table(
        "figures_thinned", sa.Column("step_seconds", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        schema=schema("command"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("figures_thinned", schema=schema("command"))
    for name in reversed(NEW):
        op.drop_column("figures", name, schema=schema("query"))
    op.drop_table("notice_keys", schema=schema("command"))


def schema(name: str) -> str | None:
    return name if op.get_bind().dialect.name == "postgresql" else None
