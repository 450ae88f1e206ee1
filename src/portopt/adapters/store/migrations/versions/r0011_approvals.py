"""Approvals: what waits for a person, until when, why it needs a reason, and what was decided."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

from portopt.adapters.store import row_security
from portopt.adapters.store.types import ExactJson, UtcDateTime

revision = "r0011"
down_revision = "r0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    made = op.create_table(
        "approvals", sa.Column("run_id", sa.String(64), primary_key=True),
        sa.Column("portfolio_id", sa.String(100), nullable=False), sa.Column("state", sa.String(20), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False), sa.Column("expires_at", UtcDateTime()),
        sa.Column("held_until", UtcDateTime()), sa.Column("departures", ExactJson, nullable=False),
        sa.Column("value_to_trade", sa.Text),
        sa.Column("approvers", sa.Integer, nullable=False, server_default=sa.text("1")),
        sa.Column("approved_by", ExactJson, nullable=False), sa.Column("decided", ExactJson),
        sa.Column("superseded_by", sa.String(64)),
        sa.ForeignKeyConstraint(["run_id"], [in_command("runs.run_id")], name="approvals_run_fk"),
        schema=schema("command"),
    )  # fmt: skip
    op.create_index("approvals_state_idx", "approvals", ["state", "expires_at"], schema=schema("command"))
    op.create_index("approvals_portfolio_idx", "approvals", ["portfolio_id"], schema=schema("command"))
    waiting = [_row(dict(row)) for row in op.get_bind().execute(_awaiting()).mappings()]
    if waiting:
        op.bulk_insert(made, waiting)
    if schema("command"):
        row_security.protect(op.get_bind(), "command.approvals", "portfolio_id")


def downgrade() -> None:
    op.drop_table("approvals", schema=schema("command"))


def _awaiting() -> Any:
    """What waits now, with how long its job gives a person; what its limits did is told where it is decided."""
    names = ("run_id", "portfolio_id", "status")
    instants = (sa.column("completed_at", UtcDateTime()), sa.column("created_at", UtcDateTime()))
    runs = sa.table("runs", *(sa.column(name) for name in names), *instants)
    jobs = sa.table("jobs", sa.column("run_id"), sa.column("approval_hours"))
    runs.schema = jobs.schema = schema("command")
    hours = sa.select(sa.func.max(jobs.c.approval_hours)).where(jobs.c.run_id == runs.c.run_id).scalar_subquery()
    since = sa.func.coalesce(runs.c.completed_at, runs.c.created_at, type_=UtcDateTime()).label("since")
    columns = (runs.c.run_id, runs.c.portfolio_id, since, hours.label("hours"))
    return sa.select(*columns).where(runs.c.status == "awaiting_approval")


def _row(waiting: dict[str, Any]) -> dict[str, Any]:
    at, hours = waiting["since"], waiting["hours"]
    expires_at = at + timedelta(hours=hours) if hours else None
    ours = {"state": "awaiting", "asked_at": at, "expires_at": expires_at, "departures": [], "approved_by": []}
    return {"run_id": waiting["run_id"], "portfolio_id": waiting["portfolio_id"], **ours}


def schema(name: str) -> str | None:
    return name if op.get_bind().dialect.name == "postgresql" else None


def in_command(name: str) -> str:
    return f"command.{name}" if schema("command") else name
