"""No place in a file system is kept: a run's report is found by the run's id, under the home that there is today."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0003"
down_revision = "r0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("runs", "report_path", schema=schema())


def downgrade() -> None:
    op.add_column("runs", sa.Column("report_path", sa.Text), schema=schema())


def schema() -> str | None:
    return "command" if op.get_bind().dialect.name == "postgresql" else None
