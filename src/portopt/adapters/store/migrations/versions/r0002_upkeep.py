"""What looking after a store needs: the database's time of a run's begin, versions of holdings, events that are parked."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from portopt.adapters.store.types import ExactJson, UtcDateTime

revision = "r0002"
down_revision = "r0001"
branch_labels = None
depends_on = None

ADDED: tuple[tuple[str, str], ...] = (
    ("runs", "recorded_at"),
    ("portfolios", "version"),
    ("outbox", "failures"),
    ("outbox", "parked_at"),
    ("outbox", "problem"),
)


def upgrade() -> None:
    add("runs", sa.Column("recorded_at", UtcDateTime()))
    add("portfolios", sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1")))
    add("outbox", sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0")))
    add("outbox", sa.Column("parked_at", UtcDateTime()))
    add("outbox", sa.Column("problem", ExactJson))


def downgrade() -> None:
    for table, column in ADDED:
        op.drop_column(table, column, schema=schema())


def add(table: str, column: sa.Column[Any]) -> None:
    op.add_column(table, column, schema=schema())


def schema() -> str | None:
    return "command" if op.get_bind().dialect.name == "postgresql" else None
