"""Choices: which proposal an answer is about, what was saved under a name, and what was selected."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portopt.adapters.store import row_security
from portopt.adapters.store.types import ExactJson, UtcDateTime

revision = "r0012"
down_revision = "r0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("about_run", sa.String(64)), schema=schema("command"))
    op.create_index("runs_about_idx", "runs", ["about_run", "created_at"], schema=schema("command"))
    op.create_table(
        "saved_choices", sa.Column("saved_id", sa.String(64), primary_key=True),
        sa.Column("choice_id", sa.String(64), nullable=False), sa.Column("portfolio_id", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False), text("alternative", 64),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("note", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("run_id", sa.String(64), nullable=False), sa.Column("figures", ExactJson, nullable=False),
        sa.Column("saved_by", sa.String(200), nullable=False), sa.Column("saved_at", UtcDateTime(), nullable=False),
        text("withdrawn_by", 200), sa.Column("withdrawn_at", UtcDateTime()),
        of_portfolio("saved_choices"),
        sa.ForeignKeyConstraint(["choice_id"], [in_command("runs.run_id")], name="saved_choices_run_fk"),
        schema=schema("command"),
    )  # fmt: skip
    op.create_index("saved_choices_portfolio_idx", "saved_choices", ["portfolio_id", "saved_at"], schema=schema("command"))
    op.create_index("saved_choices_choice_idx", "saved_choices", ["choice_id"], schema=schema("command"))
    op.create_table(
        "selections", sa.Column("run_id", sa.String(64), primary_key=True),
        sa.Column("choice_id", sa.String(64), primary_key=True), sa.Column("alternative", sa.String(64), primary_key=True),
        sa.Column("portfolio_id", sa.String(100), nullable=False), sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("by", sa.String(200), nullable=False), sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("told", ExactJson, nullable=False),
        of_portfolio("selections"),
        schema=schema("command"),
    )  # fmt: skip
    op.create_index("selections_choice_idx", "selections", ["choice_id"], schema=schema("command"))
    if schema("command"):
        for table in ("saved_choices", "selections"):
            row_security.protect(op.get_bind(), f"command.{table}", "portfolio_id")


def downgrade() -> None:
    for name in ("selections", "saved_choices"):
        op.drop_table(name, schema=schema("command"))
    op.drop_index("runs_about_idx", "runs", schema=schema("command"))
    op.drop_column("runs", "about_run", schema=schema("command"))


def text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False, server_default=sa.text("''"))


def of_portfolio(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["portfolio_id"], [in_command("portfolios.id")], name=f"{table}_portfolio_fk")


def schema(name: str) -> str | None:
    return name if op.get_bind().dialect.name == "postgresql" else None


def in_command(name: str) -> str:
    return f"command.{name}" if schema("command") else name
