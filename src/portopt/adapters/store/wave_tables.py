"""The tables of waves: what was asked of many portfolios at once, and what became of each."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Float, ForeignKeyConstraint, Index, Integer, String, Table, Text, text

from portopt.adapters.store.columns import COMMAND, exact, id_column, instant, metadata, portfolio_id, string

waves = Table(
    "waves", metadata, id_column("wave_id"), Column("cause", Text, nullable=False), exact("policies"),
    Column("provider", String(1100)), Column("as_of", Date), Column("await_approval", Boolean, nullable=False),
    string("asked_by", 200, server_default=text("''")), instant("created_at"), instant("ended_at", optional=True),
    string("kind", 20, server_default=text("'asked'")),
    Index("waves_created_idx", "created_at", "wave_id"),
    schema=COMMAND,
)  # fmt: skip

wave_items = Table(
    "wave_items", metadata, Column("wave_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False), portfolio_id(), string("policy", 64),
    instant("deadline", optional=True), string("state", 20),
    Column("attempts", Integer, nullable=False, server_default=text("0")), Column("owner", String(200)),
    instant("leased_until", optional=True), Column("run_id", String(64)), exact("problem", optional=True),
    instant("ended_at", optional=True), Column("seconds", Float), Column("gap", Float),
    exact("trades", optional=True),
    ForeignKeyConstraint(["wave_id"], [f"{COMMAND}.waves.wave_id"], name="wave_items_wave_fk"),
    Index("wave_items_claim_idx", "wave_id", "state", "deadline", "number"), Index("wave_items_run_idx", "run_id"),
    Index("wave_items_portfolio_idx", "portfolio_id"),
    schema=COMMAND,
)  # fmt: skip
