"""What the desk reads of each portfolio, kept in the transactions that it follows from: its newest figures, its newest wave."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, String, Table

from portopt.adapters.store.columns import QUERY, exact, instant, metadata

NUMBERS = (
    "value", "cash_share", "cash_floor", "cash_ceiling", "drift", "band", "tracking_error", "tracking_limit", "limits_broken",
    "prices_age",
)  # fmt: skip

desk_books = Table(
    "desk_books", metadata, Column("portfolio_id", String(100), primary_key=True), instant("measured_at", optional=True),
    *(Column(name, Float) for name in NUMBERS), Column("wave_id", String(64)), Column("wave_number", Integer),
    exact("why", optional=True), exact("detail", optional=True),
    schema=QUERY,
)  # fmt: skip
