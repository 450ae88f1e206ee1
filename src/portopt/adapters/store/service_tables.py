"""The tables of the service: versions of holdings, jobs, keys, approvals, the record of decisions; all of them `command`."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Date,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from portopt.adapters.store.columns import (
    COMMAND,
    exact,
    id_column,
    instant,
    metadata,
    of_portfolio,
    portfolio_id,
    status,
    string,
)

# What a portfolio held, each time it was declared anew; `portfolios` has the newest once more.
holdings_versions = Table(
    "holdings_versions", metadata, Column("portfolio_id", String(100), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False), exact("holdings"), instant("declared_at", now=True),
    string("declared_by", 200, server_default=text("''")), exact("notes"), of_portfolio("holdings_versions"),
    schema=COMMAND,
)  # fmt: skip

# A key of nobody is no key: NULL differs from NULL, in both databases.
jobs = Table(
    "jobs", metadata, id_column("job_id"), string("kind", 20), portfolio_id(), status(), exact("body"), exact("request"),
    string("request_digest", 64), Column("holdings_version", Integer, nullable=False), instant("created_at", now=True),
    Column("approval_hours", Float, nullable=False, server_default=text("0")),
    instant("started_at", optional=True), instant("completed_at", optional=True), Column("run_id", String(64)),
    Column("owner", String(200)), instant("leased_until", optional=True),
    Column("attempts", Integer, nullable=False, server_default=text("0")), exact("problem", optional=True),
    string("asked_by", 200, server_default=text("''")), Column("correlation_id", String(200)),
    Column("idempotency_key", String(255)), exact("seconds", optional=True), exact("progress", optional=True),
    of_portfolio("jobs"), UniqueConstraint("asked_by", "idempotency_key", name="jobs_idempotency_key"),
    Index("jobs_claim_idx", "status", "created_at", "job_id"), Index("jobs_portfolio_idx", "portfolio_id", "created_at"),
    Index("jobs_digest_idx", "request_digest"), Index("jobs_run_idx", "run_id"), Index("jobs_created_idx", "created_at"),
    Index("jobs_correlation_idx", "correlation_id"), Index("jobs_key_idx", "idempotency_key"),
    schema=COMMAND,
)  # fmt: skip

# portfolios: ids; NULL is every one. The key itself is kept nowhere.
api_keys = Table(
    "api_keys", metadata, id_column(), string("sha256", 64), string("subject", 200), exact("scopes"),
    exact("portfolios", optional=True), Column("note", Text, nullable=False, server_default=text("''")),
    instant("created_at", now=True), instant("revoked_at", optional=True),
    UniqueConstraint("sha256", name="api_keys_sha256_key"), schema=COMMAND,
)  # fmt: skip

idempotency_keys = Table(
    "idempotency_keys", metadata, Column("subject", String(200), primary_key=True),
    Column("key", String(255), primary_key=True), string("operation", 100), string("request_digest", 64),
    instant("created_at", now=True), Column("job_id", String(64)), Column("status", Integer), Column("reply", LargeBinary),
    schema=COMMAND,
)  # fmt: skip

# Of a proposal that waits for a person, or did: what is read of it. The record of what was decided is the ledger.
approvals = Table(
    "approvals", metadata, id_column("run_id"), portfolio_id(), string("state", 20), instant("asked_at"),
    instant("expires_at", optional=True), instant("held_until", optional=True), exact("departures"),
    Column("value_to_trade", Text), Column("approvers", Integer, nullable=False, server_default=text("1")),
    exact("approved_by"), exact("decided", optional=True), Column("superseded_by", String(64)),
    ForeignKeyConstraint(["run_id"], [f"{COMMAND}.runs.run_id"], name="approvals_run_fk"),
    Index("approvals_state_idx", "state", "expires_at"), Index("approvals_portfolio_idx", "portfolio_id"),
    schema=COMMAND,
)  # fmt: skip

# What was tried on which assets: of everybody's, for what is found is found among all of it.
trials = Table(
    "trials", metadata, Column("family", String(64), primary_key=True), Column("trial_id", String(64), primary_key=True),
    string("policy", 200), exact("changes"), Column("sharpe", Float), Column("periods", Integer, nullable=False),
    Column("first", Date, nullable=False), Column("last", Date, nullable=False), instant("created_at", now=True),
    schema=COMMAND,
)  # fmt: skip

# Append-only: triggers refuse every change. `at` and `body` are the very letters that were sealed: what a driver reads as the
# same instant or the same number, spelled otherwise, is not what was written.
ledger = Table(
    "ledger", metadata, Column("portfolio_id", String(100), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False), string("kind", 20), string("subject", 200),
    string("at", 40), Column("body", Text, nullable=False), string("before", 64), string("seal", 64),
    ForeignKeyConstraint(["portfolio_id"], [f"{COMMAND}.portfolios.id"], name="ledger_portfolio_fk"),
    schema=COMMAND,
)  # fmt: skip
