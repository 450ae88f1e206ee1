"""What other services and people need: what is said of a portfolio, versions of its holdings, jobs, keys, and the ledger."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op

from portopt.adapters.store import partitions, row_security, timescale
from portopt.adapters.store.row_security import Of
from portopt.adapters.store.types import ExactJson, UtcDateTime

revision = "r0004"
down_revision = "r0003"
branch_labels = None
depends_on = None

MADE = ("ledger", "idempotency_keys", "api_keys", "jobs", "holdings_versions")  # before them what they refer to
ADDED = ("name", "policy", "provider", "universe", "benchmark")  # of portfolios
EMPTY, ZERO, NOW = sa.text("''"), sa.text("0"), sa.text("CURRENT_TIMESTAMP")
REFUSED = "the ledger is append-only: what was decided is not changed and not deleted"


def upgrade() -> None:
    describe_portfolios()
    keep_versions()
    keep_jobs()
    keep_keys()
    keep_ledger()
    if schema():
        restrict_rows()
    record("timescaledb", context.config.attributes.get("timescaledb", timescale.ABSENT))


def downgrade() -> None:
    if schema():
        timescale.take_back(op.get_bind())
        row_security.remove(op.get_bind())
        for table in (*BY_PORTFOLIO, *BY_BELONGING, *time_series()):
            op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    for table in MADE:
        op.drop_table(table, schema=schema())
    if schema():
        op.execute("DROP FUNCTION command.ledger_is_append_only()")
    op.get_bind().execute(sa.delete(facts()).where(sa.column("name") == "timescaledb"))
    for column in ADDED:
        op.drop_column("portfolios", column, schema=schema())


def schema() -> str | None:
    return "command" if op.get_bind().dialect.name == "postgresql" else None


def create(table: str, *parts: sa.schema.SchemaItem) -> sa.Table:
    return op.create_table(table, *parts, schema=schema())


def string(name: str, length: int, *, default: sa.TextClause | None = None, optional: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=optional, server_default=default)


def part_of_key(name: str, length: int = 64) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), primary_key=True)


def counted(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)


def instant(name: str, *, now: bool = False) -> sa.Column[Any]:
    return sa.Column(name, UtcDateTime(), nullable=not now, server_default=NOW if now else None)


def exact(name: str, *, optional: bool = False) -> sa.Column[Any]:
    return sa.Column(name, ExactJson, nullable=optional)


def of_portfolio(table: str) -> sa.ForeignKeyConstraint:
    target = f"{schema()}.portfolios.id" if schema() else "portfolios.id"
    return sa.ForeignKeyConstraint(["portfolio_id"], [target], name=f"{table}_portfolio_fk")


def describe_portfolios() -> None:
    for column in (
        sa.Column("name", sa.Text, nullable=False, server_default=EMPTY),
        string("policy", 64, default=sa.text("'quality_focused'")),
        string("provider", 200, optional=True),
        exact("universe", optional=True),
        exact("benchmark", optional=True),
    ):
        op.add_column("portfolios", column, schema=schema())


def keep_versions() -> None:
    """Of the versions before this one only the newest is known: it is kept under its number."""
    versions = create(
        "holdings_versions", part_of_key("portfolio_id", 100), counted("version"), exact("holdings"),
        instant("declared_at", now=True), string("declared_by", 200, default=EMPTY), exact("notes"),
        of_portfolio("holdings_versions"),
    )  # fmt: skip
    columns: list[Any] = [sa.column(name) for name in ("id", "currency", "cash", "version")]
    held = sa.table("portfolios", *columns, sa.column("shares", ExactJson), sa.column("updated_at", UtcDateTime()))
    held.schema = schema()
    known = op.get_bind().execute(sa.select(held)).mappings().all()
    rows = [_version(row) for row in known if row["shares"] is not None]
    if rows:
        op.bulk_insert(versions, rows)


def _version(row: Any) -> dict[str, Any]:
    holdings = {"currency": row["currency"], "cash": row["cash"], "shares": row["shares"]}
    about = {"portfolio_id": row["id"], "version": row["version"], "declared_at": row["updated_at"], "declared_by": ""}
    return {**about, "holdings": holdings, "notes": []}


def keep_jobs() -> None:
    create(
        "jobs", part_of_key("job_id"), string("kind", 20), string("portfolio_id", 100),
        string("status", 20, default=sa.text("'pending'")), exact("body"), exact("request"), string("request_digest", 64),
        sa.Column("holdings_version", sa.Integer, nullable=False), instant("created_at", now=True),
        sa.Column("approval_hours", sa.Float, nullable=False, server_default=ZERO), instant("started_at"),
        instant("completed_at"), string("run_id", 64, optional=True), string("owner", 200, optional=True),
        instant("leased_until"), sa.Column("attempts", sa.Integer, nullable=False, server_default=ZERO),
        exact("problem", optional=True), string("asked_by", 200, default=EMPTY), string("correlation_id", 200, optional=True),
        string("idempotency_key", 255, optional=True), exact("seconds", optional=True), of_portfolio("jobs"),
        sa.UniqueConstraint("asked_by", "idempotency_key", name="jobs_idempotency_key"),
        sa.Index("jobs_claim_idx", "status", "created_at", "job_id"),
        sa.Index("jobs_portfolio_idx", "portfolio_id", "created_at"), sa.Index("jobs_digest_idx", "request_digest"),
        sa.Index("jobs_run_idx", "run_id"), sa.Index("jobs_created_idx", "created_at"),
        sa.Index("jobs_correlation_idx", "correlation_id"), sa.Index("jobs_key_idx", "idempotency_key"),
    )  # fmt: skip


def keep_keys() -> None:
    create(
        "api_keys", part_of_key("id"), string("sha256", 64), string("subject", 200), exact("scopes"),
        exact("portfolios", optional=True), sa.Column("note", sa.Text, nullable=False, server_default=EMPTY),
        instant("created_at", now=True), instant("revoked_at"), sa.UniqueConstraint("sha256", name="api_keys_sha256_key"),
    )  # fmt: skip
    create(
        "idempotency_keys", part_of_key("subject", 200), part_of_key("key", 255), string("operation", 100),
        string("request_digest", 64), instant("created_at", now=True), string("job_id", 64, optional=True),
        sa.Column("status", sa.Integer), sa.Column("reply", sa.LargeBinary),
    )  # fmt: skip


def keep_ledger() -> None:
    create(
        "ledger", part_of_key("portfolio_id", 100), counted("number"), string("kind", 20), string("subject", 200),
        string("at", 40), sa.Column("body", sa.Text, nullable=False), string("before", 64), string("seal", 64),
        of_portfolio("ledger"),
    )  # fmt: skip
    for statement in ON_POSTGRES if schema() else ON_SQLITE:
        op.execute(statement)


ON_SQLITE = tuple(
    f"CREATE TRIGGER ledger_no_{change.lower()} BEFORE {change} ON ledger BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
    for change in ("UPDATE", "DELETE")
)
ON_POSTGRES = (
    f"""CREATE FUNCTION command.ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{REFUSED}'; END $$""",
    """CREATE TRIGGER ledger_no_change BEFORE UPDATE OR DELETE ON command.ledger
    FOR EACH ROW EXECUTE FUNCTION command.ledger_is_append_only()""",
    """CREATE TRIGGER ledger_no_emptying BEFORE TRUNCATE ON command.ledger
    FOR EACH STATEMENT EXECUTE FUNCTION command.ledger_is_append_only()""",
)


# --- the second wall ----------------------------------------------------------------------------------------------

BY_PORTFOLIO: dict[str, str | Of] = {
    "command.portfolios": "id",
    "command.outbox": "key",
    **{
        f"command.{name}": "portfolio_id"
        for name in (
            "runs", "jobs", "ledger", "holdings_versions", "optimization_configurations", "strategy_optimization_results",
            "optimization_requests", "efficient_frontier_requests", "rebalance_requests", "factor_analysis_requests",
        )
    },
    **{
        f"query.{name}": "portfolio_id"
        for name in ("portfolio_optimizations", "efficient_frontiers", "rebalance_plans", "factor_exposures")
    },
}  # fmt: skip
BY_BELONGING: dict[str, str | Of] = {
    "command.run_results": Of("run_id", "command.runs", "run_id"),
    "command.optimization_results": Of("optimization_id", "command.optimization_requests"),
    "command.efficient_frontier_results": Of("frontier_id", "command.efficient_frontier_requests"),
    "command.rebalance_results": Of("rebalance_id", "command.rebalance_requests"),
    "command.factor_analysis_results": Of("analysis_id", "command.factor_analysis_requests"),
}


def restrict_rows() -> None:
    bind = op.get_bind()
    row_security.install(bind)
    row_security.protect_all(bind, {**BY_PORTFOLIO, **BY_BELONGING})
    if recorded("time_series_level") == partitions.TIMESCALEDB:
        timescale.finish(bind, context.config.attributes["timescaledb"])
    else:
        row_security.protect_all(bind, dict.fromkeys(time_series(), "portfolio_id"))


def facts() -> sa.TableClause:
    found = sa.table("store_facts", sa.column("name"), sa.column("value"))
    found.schema = schema()
    return found


def recorded(name: str) -> Any:
    """What the database turned out to be able to do when it was first migrated."""
    found = facts()
    return op.get_bind().execute(sa.select(found.c.value).where(found.c.name == name)).scalar()


def record(name: str, value: str) -> None:
    op.get_bind().execute(sa.insert(facts()).values(name=name, value=value))


def time_series() -> list[str]:
    """The table through time with its partitions: a policy holds for the table that a query names."""
    names = [partitions.PARENT, *partitions.partition_names(op.get_bind())]
    return [f"query.{name}" for name in names]
