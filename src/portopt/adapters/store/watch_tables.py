"""The tables of the watch: figures through time in `query`, alerts and silences in `command`."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text, text

from portopt.adapters.store.columns import COMMAND, QUERY, exact, id_column, instant, metadata, string

# A hypertable where the first migration found TimescaleDB. subject: the labels as one line. portfolio_id: NULL for what is
# the service's own. measured, lowest, highest, mean: of a row that stands for all of a step (figure_thinning.py), else NULL.
figures = Table(
    "figures", metadata, Column("name", String(64), primary_key=True), Column("subject", String(300), primary_key=True),
    instant("timestamp", primary_key=True), Column("portfolio_id", String(100)),
    Column("value", Float), Column("limit_value", Float), Column("why", Text, nullable=False, server_default=text("''")),
    exact("detail", optional=True), Column("measured", Integer), Column("lowest", Float), Column("highest", Float),
    Column("mean", Float),
    Index("figures_timestamp_idx", "timestamp"), Index("figures_portfolio_idx", "portfolio_id", "timestamp"),
    schema=QUERY,
)  # fmt: skip

# One row an episode; `body` is the rest of what domain/watch.Alert has.
alerts = Table(
    "alerts", metadata, id_column("alert_id"), string("rule", 100), string("subject", 300), Column("portfolio_id", String(100)),
    string("state", 20), string("severity", 10), instant("since"), instant("fired_at", optional=True),
    instant("resolved_at", optional=True), Column("silence_id", String(64)), exact("body"),
    Index("alerts_state_idx", "state"), Index("alerts_silence_idx", "silence_id"),
    Index("alerts_since_idx", "since", "alert_id"), Index("alerts_portfolio_idx", "portfolio_id", "since"),
    schema=COMMAND,
)  # fmt: skip

# portfolio_id: of the book that it matches; NULL is one that is not for one book alone.
silences = Table(
    "silences", metadata, id_column("silence_id"), Column("portfolio_id", String(100)), exact("matches"), instant("starts"),
    instant("ends"), string("made_by", 200), Column("reason", Text, nullable=False),
    Column("summarized", Integer, nullable=False),
    schema=COMMAND,
)  # fmt: skip

# Of a notice that tells of several alerts, until it is delivered: the keys of all of them, as the outbox has them.
notice_keys = Table(
    "notice_keys", metadata, Column("event_id", String(64), primary_key=True), Column("key", String(100), primary_key=True),
    Index("notice_keys_key_idx", "key"),
    schema=COMMAND,
)  # fmt: skip

# Up to when figures are thinned to steps of so many seconds.
figures_thinned = Table(
    "figures_thinned", metadata, Column("step_seconds", Integer, primary_key=True, autoincrement=False), instant("until"),
    schema=COMMAND,
)  # fmt: skip

# One row. version: counts what was saved, acknowledged and silenced: who saves an evaluation says on which one it stands.
watch_state = Table(
    "watch_state", metadata, Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False), instant("evaluated_at", optional=True),
    schema=COMMAND,
)  # fmt: skip
