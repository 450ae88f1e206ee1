"""How far a job is: a column that its runner writes and whoever asked looks at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portopt.adapters.store.types import ExactJson

revision = "r0007"
down_revision = "r0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("progress", ExactJson), schema=schema())


def downgrade() -> None:
    op.drop_column("jobs", "progress", schema=schema())


def schema() -> str | None:
    return "command" if op.get_bind().dialect.name == "postgresql" else None
