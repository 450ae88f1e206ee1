"""The tables, in two schemas: `command` (what was asked and decided) and `query` (what is read).

S1's and S2's tables keep the columns of their documents; identifiers are 64 characters wide and portfolio ids 100
(the wider of the two documents). On SQLite the schemas collapse into one file: no two tables share a name.
What the service adds of its own: runs and their results, the outbox, pins, policies, pricing packs, store facts.
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
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
    true,
)

from portopt.adapters.store.types import ExactJson, Jsonb, UtcDateTime

COMMAND, QUERY = "command", "query"
metadata = MetaData()


def _id(name: str = "id") -> Column[Any]:
    return Column(name, String(64), primary_key=True)


def _portfolio_id() -> Column[Any]:
    return Column("portfolio_id", String(100), nullable=False)


def _text(name: str, length: int, **kwargs: Any) -> Column[Any]:
    return Column(name, String(length), nullable=False, **kwargs)


def _json(name: str, *, optional: bool = False) -> Column[Any]:
    return Column(name, Jsonb(), nullable=optional)


def _instant(name: str, *, now: bool = False, optional: bool = False, primary_key: bool = False) -> Column[Any]:
    default = func.now() if now else None
    return Column(name, UtcDateTime(), nullable=optional, primary_key=primary_key, server_default=default)


def _status() -> Column[Any]:
    return _text("status", 20, server_default=text("'pending'"))


def _of_portfolio(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["portfolio_id"], [f"{COMMAND}.portfolios.id"], name=f"{table}_portfolio_fk")


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
        name, metadata, _id(), _portfolio_id(), *columns, _status(),
        _instant("created_at", now=True), _instant("updated_at", now=True),
        _of_portfolio(name),
        Index(f"{name}_portfolio_idx", "portfolio_id"), Index(f"{name}_status_idx", "status"),
        schema=COMMAND,
    )  # fmt: skip


def _decided(kind: str, key: str, *columns: Column[Any]) -> Table:
    """S2's `…_results`: what came out of a request."""
    name = f"{kind}_results"
    return Table(
        name, metadata, _id(key), *columns, _instant("completed_at", now=True), _answers(name, key, kind), schema=COMMAND
    )  # fmt: skip


def _read(name: str, key: str, *columns: Column[Any], by: str = "created_at") -> Table:
    """S2's read side: one row answers one GET."""
    return Table(
        name, metadata, _id(key), _portfolio_id(), *columns, _of_portfolio(name),
        Index(f"{name}_portfolio_idx", "portfolio_id"), Index(f"{name}_{by.removesuffix('_at')}_idx", by),
        schema=QUERY,
    )  # fmt: skip


# --- the portfolio's reference copy, policies, packs --------------------------------------------------------------

# shares and cash are decimal strings: money never passes through a binary float. NULL shares: known by name only.
portfolios = Table(
    "portfolios", metadata, Column("id", String(100), primary_key=True),
    _text("currency", 10, server_default=text("'USD'")), Column("cash", Text), Column("shares", ExactJson),
    _instant("created_at", now=True), _instant("updated_at", now=True),
    Column("version", Integer, nullable=False, server_default=text("1")),  # counts what the holdings have been
    schema=COMMAND,
)  # fmt: skip

optimizer_policies = Table(
    "optimizer_policies", metadata, _id(), Column("method_version", String(40), primary_key=True),
    Column("name", Text, nullable=False), Column("body", ExactJson, nullable=False),
    _instant("created_at", now=True), _instant("updated_at", now=True),
    schema=COMMAND,
)  # fmt: skip

pricing_packs = Table(
    "pricing_packs", metadata, _id(), Column("manifest", ExactJson, nullable=False), _instant("created_at", now=True),
    schema=COMMAND,
)  # fmt: skip

pins = Table(
    "pins", metadata, Column("key", String(200), primary_key=True), _text("pricing_pack_id", 64),
    _instant("created_at", now=True), schema=COMMAND,
)  # fmt: skip

# --- runs ---------------------------------------------------------------------------------------------------------

runs = Table(
    "runs", metadata, _id("run_id"), _text("kind", 20), _portfolio_id(), _status(),
    Column("request", ExactJson, nullable=False), Column("pricing_pack_id", String(64)),
    Column("as_of", Date, nullable=False), _instant("created_at"), _instant("completed_at", optional=True),
    Column("problem", ExactJson), Column("timings", ExactJson),
    _instant("recorded_at", optional=True),  # when it was begun, by the database's clock
    Index("runs_portfolio_idx", "portfolio_id", "created_at"), Index("runs_created_idx", "created_at"),
    schema=COMMAND,
)  # fmt: skip

# Its primary key decides which of several finishers wins: who inserts the row has completed the run.
run_results = Table(
    "run_results", metadata, _id("run_id"), Column("document", ExactJson, nullable=False),
    _text("document_digest", 64), Column("headline", ExactJson), _instant("completed_at"),
    ForeignKeyConstraint(["run_id"], [f"{COMMAND}.runs.run_id"], name="run_results_run_fk"),
    schema=COMMAND,
)  # fmt: skip

_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts by itself only for INTEGER

outbox = Table(
    "outbox", metadata, Column("sequence", _SEQUENCE, primary_key=True, autoincrement=True),
    _text("event_id", 64), _text("type", 60), _text("key", 100), Column("run_id", String(64)),
    Column("body", ExactJson, nullable=False), _instant("occurred_at"),
    Column("shard", Integer, nullable=False, server_default=text("0")),  # of the key: see outbox.shard_of
    _instant("not_before", optional=True), Column("attempts", Integer, nullable=False, server_default=text("0")),
    _instant("delivered_at", optional=True),
    Column("failures", Integer, nullable=False, server_default=text("0")), _instant("parked_at", optional=True),
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
    Column("holder", String(200)), _instant("held_since", optional=True),
    schema=COMMAND,
)  # fmt: skip

# What this database turned out to be able to do; the migration writes it, health() reports it.
store_facts = Table(
    "store_facts", metadata, Column("name", String(60), primary_key=True), Column("value", Text, nullable=False),
    _instant("recorded_at", now=True), schema=COMMAND,
)  # fmt: skip

# --- S1 -----------------------------------------------------------------------------------------------------------


def _s1_answer() -> list[Column[Any]]:
    return [
        _json("optimal_weights"),
        *(Column(name, Float) for name in ("expected_return", "expected_volatility", "sharpe_ratio")),
        _json("optimization_metadata", optional=True),
    ]


optimization_configurations = Table(
    "optimization_configurations", metadata, Column("id", Uuid, primary_key=True, default=uuid.uuid4), _portfolio_id(),
    _text("objective", 50), _text("method", 50), _json("constraints"), _json("risk_parameters"),
    Column("enabled", Boolean, nullable=False, server_default=true()), _instant("created_at", now=True),
    Index("optimization_configurations_portfolio_idx", "portfolio_id"),
    schema=COMMAND,
)  # fmt: skip

strategy_optimization_results = Table(
    "strategy_optimization_results", metadata, Column("id", Uuid, primary_key=True, default=uuid.uuid4), _portfolio_id(),
    *_s1_answer(), _instant("created_at", now=True), Column("optimization_id", String(64)),
    Index("strategy_optimization_results_latest_idx", "portfolio_id", "created_at"),
    schema=COMMAND,
)  # fmt: skip

# A hypertable with TimescaleDB, monthly range partitions on plain PostgreSQL, a plain table on SQLite.
portfolio_optimization_ts = Table(
    "portfolio_optimization_ts", metadata, Column("portfolio_id", String(100), primary_key=True),
    _instant("timestamp", primary_key=True), _id("optimization_id"), *_s1_answer(),
    schema=QUERY,
)  # fmt: skip

# --- S2 -----------------------------------------------------------------------------------------------------------

_POINTS = ("current_portfolio", "optimal_portfolio", "min_risk_portfolio", "max_return_portfolio")
_BOOKS = ("current_allocation", "target_allocation", "trades")


def _s2_choice() -> list[Column[Any]]:
    return [_text("optimization_type", 30), _text("objective", 30), _text("risk_measure", 20)]


optimization_requests = _asked("optimization", *_s2_choice(), _json("constraints"), _json("preferences"))
optimization_results = _decided(
    "optimization", "optimization_id", _json("metrics"), *map(_json, _BOOKS), _json("efficient_frontier", optional=True)
)
efficient_frontier_requests = _asked(
    "efficient_frontier", _text("risk_measure", 20), Column("points", Integer, nullable=False),
    Column("min_return", Numeric(10, 8)), Column("max_risk", Numeric(10, 8)), _json("constraints"),
)  # fmt: skip
efficient_frontier_results = _decided("efficient_frontier", "frontier_id", _json("frontier_points"), *map(_json, _POINTS))
rebalance_requests = _asked("rebalance", _text("target_type", 20), _json("constraints"))
rebalance_results = _decided("rebalance", "rebalance_id", *map(_json, _BOOKS), _json("metrics"))
factor_analysis_requests = _asked("factor_analysis", _json("factors"))
factor_analysis_results = _decided(
    "factor_analysis", "analysis_id", _instant("as_of"), _json("exposures"), _json("attribution")
)

portfolio_optimizations = _read(
    "portfolio_optimizations", "optimization_id", *_s2_choice(), _text("status", 20), _json("metrics", optional=True),
    *(_json(name, optional=True) for name in _BOOKS), _instant("created_at"), _instant("completed_at", optional=True),
)  # fmt: skip
efficient_frontiers = _read(
    "efficient_frontiers", "frontier_id", _text("risk_measure", 20), _json("frontier_points"), *map(_json, _POINTS),
    _instant("created_at"),
)  # fmt: skip
rebalance_plans = _read(
    "rebalance_plans", "rebalance_id", _text("target_type", 20), *map(_json, _BOOKS), _json("metrics"),
    _instant("created_at"),
)  # fmt: skip
factor_exposures = _read(
    "factor_exposures", "analysis_id", _instant("as_of"), _json("exposures"), _json("attribution"),
    _instant("created_at"), by="as_of",
)  # fmt: skip
