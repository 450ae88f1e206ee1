"""The tables, in two schemas: `command` (what was asked and decided) and `query` (what is read).

S1's and S2's tables keep the columns of their documents; identifiers are 64 characters wide and portfolio ids 100
(the wider of the two documents). On SQLite the schemas collapse into one file: no two tables share a name.
What this product adds of its own: runs and their results, the outbox, pins, policies, pricing packs, store facts; and what
other services and people need to work with them, in `service_tables.py`.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
    true,
)

from portopt.adapters.store.columns import (
    COMMAND,
    QUERY,
    id_column,
    instant,
    jsonb,
    metadata,
    of_portfolio,
    portfolio_id,
    status,
    string,
)
from portopt.adapters.store.types import ExactJson


def _answers(table: str, key: str, asked: str) -> ForeignKeyConstraint:
    """A result belongs to its request."""
    return ForeignKeyConstraint([key], [f"{COMMAND}.{asked}_requests.id"], name=f"{table}_{_asked_word(asked)}_fk")


def _asked_word(asked: str) -> str:
    """The word S2 uses in its constraint names: `efficient_frontier` is `frontier`, `factor_analysis` is `analysis`.

    >>> _asked_word("factor_analysis"), _asked_word("rebalance")
    ('analysis', 'rebalance')
    """
    return asked.rpartition("_")[2]


def _asked(kind: str, *columns: Column[Any]) -> Table:
    """S2's `…_requests`: what was asked, of which portfolio, and how far it got."""
    name = f"{kind}_requests"
    return Table(
        name, metadata, id_column(), portfolio_id(), *columns, status(),
        instant("created_at", now=True), instant("updated_at", now=True),
        of_portfolio(name),
        Index(f"{name}_portfolio_idx", "portfolio_id"), Index(f"{name}_status_idx", "status"),
        schema=COMMAND,
    )  # fmt: skip


def _decided(kind: str, key: str, *columns: Column[Any]) -> Table:
    """S2's `…_results`: what came out of a request."""
    name = f"{kind}_results"
    return Table(
        name, metadata, id_column(key), *columns, instant("completed_at", now=True), _answers(name, key, kind), schema=COMMAND
    )  # fmt: skip


def _read(name: str, key: str, *columns: Column[Any], by: str = "created_at") -> Table:
    """S2's read side: one row answers one GET."""
    return Table(
        name, metadata, id_column(key), portfolio_id(), *columns, of_portfolio(name),
        Index(f"{name}_portfolio_idx", "portfolio_id"), Index(f"{name}_{by.removesuffix('_at')}_idx", by),
        schema=QUERY,
    )  # fmt: skip


# --- the portfolio's reference copy, policies, packs --------------------------------------------------------------

# shares and cash are decimal strings: money never passes through a binary float. NULL shares: known by name only.
portfolios = Table(
    "portfolios", metadata, Column("id", String(100), primary_key=True),
    string("currency", 10, server_default=text("'USD'")), Column("cash", Text), Column("shares", ExactJson),
    instant("created_at", now=True), instant("updated_at", now=True),
    Column("version", Integer, nullable=False, server_default=text("1")),  # counts what the holdings have been
    Column("name", Text, nullable=False, server_default=text("''")),
    string("policy", 64, server_default=text("'quality_focused'")), Column("provider", String(200)),
    Column("universe", ExactJson), Column("benchmark", ExactJson), Column("cash_flow", ExactJson),
    schema=COMMAND,
)  # fmt: skip

optimizer_policies = Table(
    "optimizer_policies", metadata, id_column(), Column("method_version", String(40), primary_key=True),
    Column("name", Text, nullable=False), Column("body", ExactJson, nullable=False),
    instant("created_at", now=True), instant("updated_at", now=True),
    schema=COMMAND,
)  # fmt: skip

pricing_packs = Table(
    "pricing_packs", metadata, id_column(), Column("manifest", ExactJson, nullable=False), instant("created_at", now=True),
    schema=COMMAND,
)  # fmt: skip

pins = Table(
    "pins", metadata, Column("key", String(200), primary_key=True), string("pricing_pack_id", 64),
    instant("created_at", now=True), schema=COMMAND,
)  # fmt: skip

# --- runs ---------------------------------------------------------------------------------------------------------

runs = Table(
    "runs", metadata, id_column("run_id"), string("kind", 20), portfolio_id(), status(),
    Column("request", ExactJson, nullable=False), Column("pricing_pack_id", String(64)),
    Column("as_of", Date, nullable=False), instant("created_at"), instant("completed_at", optional=True),
    Column("problem", ExactJson), Column("timings", ExactJson),
    instant("recorded_at", optional=True),  # when it was begun, by the database's clock
    Column("about_run", String(64)),  # of what is asked around a proposal: which one
    Index("runs_portfolio_idx", "portfolio_id", "created_at"), Index("runs_created_idx", "created_at"),
    Index("runs_about_idx", "about_run", "created_at"),
    schema=COMMAND,
)  # fmt: skip

# Its primary key decides which of several finishers wins: who inserts the row has completed the run.
run_results = Table(
    "run_results", metadata, id_column("run_id"), Column("document", ExactJson, nullable=False),
    string("document_digest", 64), Column("headline", ExactJson), instant("completed_at"),
    ForeignKeyConstraint(["run_id"], [f"{COMMAND}.runs.run_id"], name="run_results_run_fk"),
    schema=COMMAND,
)  # fmt: skip

_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts by itself only for INTEGER

outbox = Table(
    "outbox", metadata, Column("sequence", _SEQUENCE, primary_key=True, autoincrement=True),
    string("event_id", 64), string("type", 60), string("key", 100), Column("run_id", String(64)),
    Column("body", ExactJson, nullable=False), instant("occurred_at"),
    Column("shard", Integer, nullable=False, server_default=text("0")),  # of the key: see outbox.shard_of
    instant("not_before", optional=True), Column("attempts", Integer, nullable=False, server_default=text("0")),
    instant("delivered_at", optional=True),
    Column("failures", Integer, nullable=False, server_default=text("0")), instant("parked_at", optional=True),
    Column("problem", ExactJson),
    UniqueConstraint("event_id", name="outbox_event_key"),
    # The first two are over what waits alone, `delivered_at IS NULL`: the migration says so. To read it here SQLAlchemy would
    # import its whole PostgreSQL dialect, wherever the store is.
    Index("outbox_waiting_idx", "key", "sequence"), Index("outbox_next_idx", "shard", "sequence"),
    Index("outbox_occurred_idx", "occurred_at"),
    schema=COMMAND,
)  # fmt: skip

# A row a shard. sent: the number given last, committed before anything is sent under it. sending: the event that has it and is
# not known to have arrived. holder: the relay that holds the shard, or held it last.
outbox_shards = Table(
    "outbox_shards", metadata, Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("sent", BigInteger, nullable=False, server_default=text("0")), Column("sending", String(64)),
    Column("holder", String(200)), instant("held_since", optional=True),
    schema=COMMAND,
)  # fmt: skip

# What this database turned out to be able to do; the migration writes it, health() reports it.
store_facts = Table(
    "store_facts", metadata, Column("name", String(60), primary_key=True), Column("value", Text, nullable=False),
    instant("recorded_at", now=True), schema=COMMAND,
)  # fmt: skip

# --- S1 -----------------------------------------------------------------------------------------------------------


def _s1_answer() -> list[Column[Any]]:
    return [
        jsonb("optimal_weights"),
        *(Column(name, Float) for name in ("expected_return", "expected_volatility", "sharpe_ratio")),
        jsonb("optimization_metadata", optional=True),
    ]


optimization_configurations = Table(
    "optimization_configurations", metadata, Column("id", Uuid, primary_key=True, default=uuid.uuid4), portfolio_id(),
    string("objective", 50), string("method", 50), jsonb("constraints"), jsonb("risk_parameters"),
    Column("enabled", Boolean, nullable=False, server_default=true()), instant("created_at", now=True),
    Index("optimization_configurations_portfolio_idx", "portfolio_id"),
    schema=COMMAND,
)  # fmt: skip

strategy_optimization_results = Table(
    "strategy_optimization_results", metadata, Column("id", Uuid, primary_key=True, default=uuid.uuid4), portfolio_id(),
    *_s1_answer(), instant("created_at", now=True), Column("optimization_id", String(64)),
    Index("strategy_optimization_results_latest_idx", "portfolio_id", "created_at"),
    schema=COMMAND,
)  # fmt: skip

# A hypertable with TimescaleDB, monthly range partitions on plain PostgreSQL, a plain table on SQLite.
portfolio_optimization_ts = Table(
    "portfolio_optimization_ts", metadata, Column("portfolio_id", String(100), primary_key=True),
    instant("timestamp", primary_key=True), id_column("optimization_id"), *_s1_answer(),
    schema=QUERY,
)  # fmt: skip

# --- S2 -----------------------------------------------------------------------------------------------------------

_POINTS = ("current_portfolio", "optimal_portfolio", "min_risk_portfolio", "max_return_portfolio")
_BOOKS = ("current_allocation", "target_allocation", "trades")


def _s2_choice() -> list[Column[Any]]:
    return [string("optimization_type", 30), string("objective", 30), string("risk_measure", 20)]


optimization_requests = _asked("optimization", *_s2_choice(), jsonb("constraints"), jsonb("preferences"))
optimization_results = _decided(
    "optimization", "optimization_id", jsonb("metrics"), *map(jsonb, _BOOKS), jsonb("efficient_frontier", optional=True)
)
efficient_frontier_requests = _asked(
    "efficient_frontier", string("risk_measure", 20), Column("points", Integer, nullable=False),
    Column("min_return", Numeric(10, 8)), Column("max_risk", Numeric(10, 8)), jsonb("constraints"),
)  # fmt: skip
efficient_frontier_results = _decided("efficient_frontier", "frontier_id", jsonb("frontier_points"), *map(jsonb, _POINTS))
rebalance_requests = _asked("rebalance", string("target_type", 20), jsonb("constraints"))
rebalance_results = _decided("rebalance", "rebalance_id", *map(jsonb, _BOOKS), jsonb("metrics"))
factor_analysis_requests = _asked("factor_analysis", jsonb("factors"))
factor_analysis_results = _decided("factor_analysis", "analysis_id", instant("as_of"), jsonb("exposures"), jsonb("attribution"))

portfolio_optimizations = _read(
    "portfolio_optimizations", "optimization_id", *_s2_choice(), string("status", 20), jsonb("metrics", optional=True),
    *(jsonb(name, optional=True) for name in _BOOKS), instant("created_at"), instant("completed_at", optional=True),
)  # fmt: skip
efficient_frontiers = _read(
    "efficient_frontiers", "frontier_id", string("risk_measure", 20), jsonb("frontier_points"), *map(jsonb, _POINTS),
    instant("created_at"),
)  # fmt: skip
rebalance_plans = _read(
    "rebalance_plans", "rebalance_id", string("target_type", 20), *map(jsonb, _BOOKS), jsonb("metrics"),
    instant("created_at"),
)  # fmt: skip
factor_exposures = _read(
    "factor_exposures", "analysis_id", instant("as_of"), jsonb("exposures"), jsonb("attribution"),
    instant("created_at"), by="as_of",
)  # fmt: skip
