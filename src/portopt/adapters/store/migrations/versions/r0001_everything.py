"""Every table of the first release: runs and their results, the outbox, S1's and S2's tables on both sides."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import context, op

from portopt.adapters.store import partitions, timescale
from portopt.adapters.store.types import ExactJson, Jsonb, UtcDateTime

revision = "r0001"
down_revision = None
branch_labels = None
depends_on = None

POINTS = ("current_portfolio", "optimal_portfolio", "min_risk_portfolio", "max_return_portfolio")
BOOKS = ("current_allocation", "target_allocation", "trades")
PENDING, NOW = sa.text("'pending'"), sa.text("CURRENT_TIMESTAMP")


def upgrade() -> None:
    references()
    runs()
    strategies()
    portfolio_requests()
    portfolio_reads()
    record_level()


def downgrade() -> None:
    bind = op.get_bind()
    schemas = ("query", "command") if bind.dialect.name == "postgresql" else (None,)
    for schema in schemas:
        found = sa.MetaData()
        found.reflect(bind, schema=schema)
        kept = [table for table in found.sorted_tables if table.name != "alembic_version" and table.schema == schema]
        for table in reversed(kept):
            op.execute(sa.schema.DropTable(table, if_exists=True))  # a partition goes with its parent


def schema_of(name: str) -> str | None:
    """On SQLite there are no schemas; left in, it would also drop foreign keys from one to the other without a word."""
    return name if op.get_bind().dialect.name == "postgresql" else None


def create(table: str, *parts: sa.schema.SchemaItem, schema: str = "command", **options: Any) -> None:
    op.create_table(table, *parts, schema=schema_of(schema), **options)


def at(column: str) -> str:
    """A foreign key's target among the command tables."""
    schema = schema_of("command")
    return f"{schema}.{column}" if schema else column


def string(name: str, length: int, **kwargs: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=False, **kwargs)


def key(name: str = "id") -> sa.Column[Any]:
    return sa.Column(name, sa.String(64), primary_key=True)


def instant(name: str, *, now: bool = False, optional: bool = False, **kwargs: Any) -> sa.Column[Any]:
    return sa.Column(name, UtcDateTime(), nullable=optional, server_default=NOW if now else None, **kwargs)


def jsonb(name: str, *, optional: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Jsonb(), nullable=optional)


def exact(name: str, *, optional: bool = False) -> sa.Column[Any]:
    return sa.Column(name, ExactJson, nullable=optional)


def of_portfolio(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["portfolio_id"], [at("portfolios.id")], name=f"{table}_portfolio_fk")


def s1_answer() -> list[sa.Column[Any]]:
    figures = ("expected_return", "expected_volatility", "sharpe_ratio")
    columns = [sa.Column(name, sa.Float) for name in figures]
    return [jsonb("optimal_weights"), *columns, jsonb("optimization_metadata", optional=True)]


def references() -> None:
    create(
        "portfolios", sa.Column("id", sa.String(100), primary_key=True),
        string("currency", 10, server_default=sa.text("'USD'")), sa.Column("cash", sa.Text), exact("shares", optional=True),
        instant("created_at", now=True), instant("updated_at", now=True),
    )  # fmt: skip
    create(
        "optimizer_policies", key(), sa.Column("method_version", sa.String(40), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        exact("body"), instant("created_at", now=True), instant("updated_at", now=True),
    )  # fmt: skip
    create("pricing_packs", key(), exact("manifest"), instant("created_at", now=True))
    create(
        "pins", sa.Column("key", sa.String(200), primary_key=True), string("pricing_pack_id", 64),
        instant("created_at", now=True),
    )  # fmt: skip
    create(
        "store_facts", sa.Column("name", sa.String(60), primary_key=True), sa.Column("value", sa.Text, nullable=False),
        instant("recorded_at", now=True),
    )  # fmt: skip


def runs() -> None:
    create(
        "runs", key("run_id"), string("kind", 20), string("portfolio_id", 100),
        string("status", 20, server_default=PENDING), exact("request"), sa.Column("pricing_pack_id", sa.String(64)),
        sa.Column("as_of", sa.Date, nullable=False), instant("created_at"), instant("completed_at", optional=True),
        exact("problem", optional=True), exact("timings", optional=True), sa.Column("report_path", sa.Text),
        sa.Index("runs_portfolio_idx", "portfolio_id", "created_at"), sa.Index("runs_created_idx", "created_at"),
    )  # fmt: skip
    create(
        "run_results", key("run_id"), exact("document"), string("document_digest", 64), exact("headline", optional=True),
        instant("completed_at"),
        sa.ForeignKeyConstraint(["run_id"], [at("runs.run_id")], name="run_results_run_fk"),
    )  # fmt: skip
    waiting = sa.text("delivered_at IS NULL")
    create(
        "outbox",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        string("event_id", 64), string("type", 60), string("key", 100), sa.Column("run_id", sa.String(64)), exact("body"),
        instant("occurred_at"), instant("leased_until", optional=True),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        instant("delivered_at", optional=True), sa.UniqueConstraint("event_id", name="outbox_event_key"),
        sa.Index("outbox_waiting_idx", "key", "sequence", postgresql_where=waiting, sqlite_where=waiting),
    )  # fmt: skip


def strategies() -> None:
    create(
        "optimization_configurations", sa.Column("id", sa.Uuid, primary_key=True), string("portfolio_id", 100),
        string("objective", 50), string("method", 50), jsonb("constraints"), jsonb("risk_parameters"),
        sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()), instant("created_at", now=True),
        sa.Index("optimization_configurations_portfolio_idx", "portfolio_id"),
    )  # fmt: skip
    create(
        "strategy_optimization_results", sa.Column("id", sa.Uuid, primary_key=True), string("portfolio_id", 100),
        *s1_answer(), instant("created_at", now=True), sa.Column("optimization_id", sa.String(64)),
        sa.Index("strategy_optimization_results_latest_idx", "portfolio_id", "created_at"),
    )  # fmt: skip
    level = context.config.attributes["level"]
    options = {"postgresql_partition_by": "RANGE (timestamp)"} if level == partitions.PARTITIONS else {}
    create(
        "portfolio_optimization_ts", sa.Column("portfolio_id", sa.String(100), primary_key=True),
        instant("timestamp", primary_key=True), key("optimization_id"), *s1_answer(), schema="query", **options,
    )  # fmt: skip
    if level == partitions.TIMESCALEDB:
        timescale.make_hypertable(op.get_bind(), context.config.attributes["chunk_days"])
    if level == partitions.PARTITIONS:
        partitions.make_partitions(op.get_bind(), datetime.now(UTC))


def record_level() -> None:
    columns = [sa.Column("name", sa.String), sa.Column("value", sa.Text)]
    facts = sa.Table("store_facts", sa.MetaData(), *columns, schema=schema_of("command"))
    level = context.config.attributes["level"]
    op.get_bind().execute(sa.insert(facts).values(name="time_series_level", value=level))


def asked(kind: str, *columns: sa.Column[Any]) -> None:
    name = f"{kind}_requests"
    create(
        name, key(), string("portfolio_id", 100), *columns, string("status", 20, server_default=PENDING),
        instant("created_at", now=True), instant("updated_at", now=True), of_portfolio(name),
        sa.Index(f"{name}_portfolio_idx", "portfolio_id"), sa.Index(f"{name}_status_idx", "status"),
    )  # fmt: skip


def decided(kind: str, id_column: str, *columns: sa.Column[Any]) -> None:
    name = f"{kind}_results"
    fk = sa.ForeignKeyConstraint(
        [id_column], [at(f"{kind}_requests.id")], name=f"{name}_{kind.rpartition('_')[2]}_fk"
    )  # fmt: skip
    create(name, key(id_column), *columns, instant("completed_at", now=True), fk)


def read(name: str, id_column: str, *columns: sa.Column[Any], by: str = "created_at") -> None:
    create(
        name, key(id_column), string("portfolio_id", 100), *columns, of_portfolio(name),
        sa.Index(f"{name}_portfolio_idx", "portfolio_id"), sa.Index(f"{name}_{by.removesuffix('_at')}_idx", by),
        schema="query",
    )  # fmt: skip


def choice() -> list[sa.Column[Any]]:
    return [string("optimization_type", 30), string("objective", 30), string("risk_measure", 20)]


def portfolio_requests() -> None:
    asked("optimization", *choice(), jsonb("constraints"), jsonb("preferences"))
    decided(
        "optimization", "optimization_id", jsonb("metrics"), *map(jsonb, BOOKS), jsonb("efficient_frontier", optional=True)
    )  # fmt: skip
    asked(
        "efficient_frontier", string("risk_measure", 20), sa.Column("points", sa.Integer, nullable=False),
        sa.Column("min_return", sa.Numeric(10, 8)), sa.Column("max_risk", sa.Numeric(10, 8)), jsonb("constraints"),
    )  # fmt: skip
    decided("efficient_frontier", "frontier_id", jsonb("frontier_points"), *map(jsonb, POINTS))
    asked("rebalance", string("target_type", 20), jsonb("constraints"))
    decided("rebalance", "rebalance_id", *map(jsonb, BOOKS), jsonb("metrics"))
    asked("factor_analysis", jsonb("factors"))
    decided("factor_analysis", "analysis_id", instant("as_of"), jsonb("exposures"), jsonb("attribution"))


def portfolio_reads() -> None:
    read(
        "portfolio_optimizations", "optimization_id", *choice(), string("status", 20), jsonb("metrics", optional=True),
        *(jsonb(name, optional=True) for name in BOOKS), instant("created_at"), instant("completed_at", optional=True),
    )  # fmt: skip
    read(
        "efficient_frontiers", "frontier_id", string("risk_measure", 20), jsonb("frontier_points"), *map(jsonb, POINTS),
        instant("created_at"),
    )  # fmt: skip
    read(
        "rebalance_plans", "rebalance_id", string("target_type", 20), *map(jsonb, BOOKS), jsonb("metrics"),
        instant("created_at"),
    )  # fmt: skip
    read(
        "factor_exposures", "analysis_id", instant("as_of"), jsonb("exposures"), jsonb("attribution"),
        instant("created_at"), by="as_of",
    )  # fmt: skip
