"""The table of those who are signed in to the console; `command`, as everything that says who may do what."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, Index, String, Table

from portopt.adapters.store.columns import COMMAND, exact, instant, metadata, string

# sha256: of the session's id, which the browser alone has. key_id: of the API key that it was begun with; NULL is a token's.
sessions = Table(
    "sessions", metadata, Column("sha256", String(64), primary_key=True), string("subject", 200), exact("scopes"),
    exact("portfolios", optional=True), Column("key_id", String(64)), instant("created_at", now=True), instant("seen_at"),
    instant("ends_at"), ForeignKeyConstraint(["key_id"], [f"{COMMAND}.api_keys.id"], name="sessions_key_fk"),
    Index("sessions_ends_idx", "ends_at"),
    schema=COMMAND,
)  # fmt: skip
