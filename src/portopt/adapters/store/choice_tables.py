"""The tables of choices: what somebody saved under a name, and what was selected. How it came to be so is in the ledger."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, Index, String, Table, Text, text

from portopt.adapters.store.columns import COMMAND, exact, id_column, instant, metadata, of_portfolio, portfolio_id, string

saved_choices = Table(
    "saved_choices", metadata, id_column("saved_id"), string("choice_id", 64), portfolio_id(), string("kind", 20),
    string("alternative", 64, server_default=text("''")), string("name", 200),
    Column("note", Text, nullable=False, server_default=text("''")), string("run_id", 64), exact("figures"),
    string("saved_by", 200), instant("saved_at"), string("withdrawn_by", 200, server_default=text("''")),
    instant("withdrawn_at", optional=True),
    of_portfolio("saved_choices"),
    ForeignKeyConstraint(["choice_id"], [f"{COMMAND}.runs.run_id"], name="saved_choices_run_fk"),
    Index("saved_choices_portfolio_idx", "portfolio_id", "saved_at"), Index("saved_choices_choice_idx", "choice_id"),
    schema=COMMAND,
)  # fmt: skip

# choice_id: of an answer that retention may have taken since; the run that was made of it stays.
selections = Table(
    "selections", metadata, Column("run_id", String(64), primary_key=True), Column("choice_id", String(64), primary_key=True),
    Column("alternative", String(64), primary_key=True), portfolio_id(), string("kind", 20), string("by", 200), instant("at"),
    exact("told"),
    of_portfolio("selections"), Index("selections_choice_idx", "choice_id"),
    schema=COMMAND,
)  # fmt: skip
