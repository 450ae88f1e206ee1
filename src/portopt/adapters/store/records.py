"""Values to rows and back: runs, events, policies, holdings. Out by the canonical form, in by explicit constructors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from portopt.adapters.store.approval_rows import approval_from
from portopt.dialects.lots import read_tax
from portopt.domain.canonical import plain
from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.holdings import Holdings
from portopt.domain.job import Job
from portopt.domain.request import DataPolicy, EstimationChoice, Policy, TradingRules, in_counted_work
from portopt.domain.run import Event, RunRecord, RunStatus

T = TypeVar("T")
LENGTHS = {
    "run_id": 64,
    "event_id": 64,
    "pricing_pack_id": 64,
    "policy": 64,
    "portfolio_id": 100,
    "key": 100,
    "pin": 200,
    "target_type": 20,
    "risk_measure": 20,
    "objective": 30,
    "optimization_type": 30,
    "job_id": 64,
    "subject": 200,
    "Idempotency-Key": 255,
    "operation": 100,
    "provider": 200,
    "correlation_id": 200,
    "owner": 200,
}
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,39}")


def fits(field: str, value: str) -> str:
    """`value`, if its column can hold it. SQLite would take any length, and PostgreSQL then refuse the same request."""
    if not value or len(value) > LENGTHS[field] or "\x00" in value:
        raise InvalidValue(field, value, f"this takes 1 to {LENGTHS[field]} characters, none of them NUL")
    return value


# --- runs ---------------------------------------------------------------------------------------------------------


def run_row(run: RunRecord) -> dict[str, Any]:
    """The `runs` row; the document is a row of its own."""
    return {
        "run_id": fits("run_id", run.run_id),
        "kind": run.kind,
        "portfolio_id": fits("portfolio_id", run.portfolio_id),
        "status": run.status.value,
        "request": run.request,  # made plain as it is written (types.to_json): of 500 assets it takes as long as their rows
        "pricing_pack_id": None if run.pricing_pack_id is None else fits("pricing_pack_id", run.pricing_pack_id),
        "as_of": run.as_of,
        "created_at": run.created_at,
        "completed_at": run.completed_at,
        "problem": plain(run.problem),
        "timings": plain(run.timings),
        "about_run": None if run.about_run is None else fits("run_id", run.about_run),
    }


def as_read(run: RunRecord) -> RunRecord:
    """A run that was just stored as reading it back would give it: plain, and its instants in UTC."""
    ended = None if run.completed_at is None else run.completed_at.astimezone(UTC)
    read = {"request": plain(run.request), "problem": plain(run.problem), "timings": plain(run.timings)}
    return replace(run, created_at=run.created_at.astimezone(UTC), completed_at=ended, **read)


def result_row(run: RunRecord) -> dict[str, Any]:
    """The `run_results` row. Raises DataError for a run that is not finished."""
    if run.document is None or run.document_digest is None or run.completed_at is None:
        raise DataError(f"run {run.run_id} cannot be completed without its document, digest and time", field="run")
    return {
        "run_id": run.run_id,
        "document": run.document,
        "document_digest": run.document_digest,
        "headline": run.document.get("headline"),
        "completed_at": run.completed_at,
    }


def run_from(row: Mapping[str, Any], document: Mapping[str, Any] | None, document_digest: str | None) -> RunRecord:
    return RunRecord(
        run_id=row["run_id"],
        kind=row["kind"],
        portfolio_id=row["portfolio_id"],
        status=RunStatus(row["status"]),
        request=row["request"],
        pricing_pack_id=row["pricing_pack_id"],
        as_of=row["as_of"],
        created_at=row["created_at"],
        completed_at=row["completed_at"],
        document=document,
        document_digest=document_digest,
        problem=row["problem"],
        timings=row["timings"] or {},
        approval=approval_from(row),
        about_run=row["about_run"],
    )


# --- jobs ---------------------------------------------------------------------------------------------------------

LABELS = {"asked_by": "subject", "correlation_id": "correlation_id", "idempotency_key": "Idempotency-Key", "owner": "owner"}


def job_row(job: Job, now: datetime) -> dict[str, Any]:
    """The `jobs` row of one that is submitted now. Raises InvalidValue for an id, a key or a name that no column holds."""
    row = {f.name: getattr(job, f.name) for f in fields(job)}
    for name, label in LABELS.items():
        if row[name]:
            fits(label, row[name])
    fits("job_id", job.job_id)
    fits("portfolio_id", job.portfolio_id)
    documents = {name: plain(row[name]) for name in ("body", "request", "problem", "seconds", "progress")}
    return {**row, **documents, "status": job.status.value, "created_at": now}


def job_from(row: Mapping[str, Any]) -> Job:
    return Job(**{**row, "status": RunStatus(row["status"])})


# --- events -------------------------------------------------------------------------------------------------------


def event_row(event: Event, run_id: str | None) -> dict[str, Any]:
    return {
        "event_id": fits("event_id", event.event_id),
        "type": event.type,
        "key": fits("key", event.key),
        "run_id": run_id,
        "body": event.body,
        "occurred_at": event.occurred_at,
    }


def event_from(row: Mapping[str, Any]) -> Event:
    return Event(event_id=row["event_id"], type=row["type"], key=row["key"], body=row["body"], occurred_at=row["occurred_at"])


# --- policies -----------------------------------------------------------------------------------------------------


def policy_row(policy: Policy) -> dict[str, Any]:
    """The `optimizer_policies` row. Raises InvalidValue for a version that could not be told from another."""
    if not VERSION.fullmatch(policy.method_version):
        raise InvalidValue(
            "method_version", policy.method_version, "a version is 1 to 40 letters, digits, dots and dashes", fix='use "v1"'
        )
    return {
        "id": fits("policy", policy.id),
        "method_version": policy.method_version,
        "name": policy.name,
        "body": plain(policy),
    }


def policy_from(body: Mapping[str, Any]) -> Policy:
    """The policy a body was made from, equal to it. Raises DataError for fields this version does not know."""
    nested = {"estimation": EstimationChoice, "data": DataPolicy, "trading": TradingRules}
    body = {**body, "trading": in_counted_work(body.get("trading", {}))}
    parts: dict[str, Any] = {name: _built(kind, body.get(name, {}), name) for name, kind in nested.items()}
    return _built(Policy, {**body, **parts, **{k: tuple(body.get(k, ())) for k in ("relax_order", "notes")}}, "policy")


def _built(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    unknown = values.keys() - {f.name for f in fields(kind)}  # type: ignore[arg-type]
    if unknown:
        raise DataError(
            f"a stored {where} has fields this version does not know: {', '.join(sorted(unknown))}",
            field=where,
            value=sorted(unknown),
            fixes=["install the portopt version that stored it, or a later one"],
        )
    return kind(**values)


def version_key(method_version: str) -> tuple[tuple[int, int, str], ...]:
    """Orders versions as people do: v9 before v10.

    >>> sorted(["v10", "v9", "v9.1"], key=version_key)
    ['v9', 'v9.1', 'v10']
    """
    parts = re.findall(r"\d+|[^\d]+", method_version)
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts)


# --- holdings -----------------------------------------------------------------------------------------------------


def holdings_row(holdings: Holdings, now: datetime | None = None) -> dict[str, Any]:
    """The `portfolios` row: decimals as the strings they are. Raises InvalidValue for one that is no number."""
    amounts = {"cash": holdings.cash, **{f"shares.{asset_id}": n for asset_id, n in holdings.shares.items()}}
    for field, amount in amounts.items():
        if not amount.is_finite():
            raise InvalidValue(f"holdings.{field}", str(amount), "not a number of shares or an amount of money")
    return {
        "id": fits("portfolio_id", holdings.portfolio_id),
        "currency": holdings.currency,
        "cash": str(holdings.cash),
        "shares": {asset_id: str(n) for asset_id, n in holdings.shares.items()},
        "updated_at": now or datetime.now(UTC),
    }


def holdings_of_version(portfolio_id: str, told: Mapping[str, Any]) -> Holdings:
    """Raises DataError for what does not hold decimals."""
    held = holdings_from({"id": portfolio_id, **told})
    stated = {asset_id: Decimal(n) for asset_id, n in (told.get("stated_prices") or {}).items()}
    accounts = {name: {a: Decimal(n) for a, n in there.items()} for name, there in (told.get("accounts") or {}).items()}
    as_of = None if told.get("as_of") is None else date.fromisoformat(told["as_of"])
    return replace(
        held,
        stated_prices=stated,
        accounts=accounts,
        tax=read_tax(told.get("tax")),
        as_of=as_of,
        splits=told.get("splits") or {},
    )


def holdings_from(row: Mapping[str, Any]) -> Holdings:
    """Raises DataError for a row that does not hold decimals."""
    try:
        shares = {asset_id: Decimal(n) for asset_id, n in row["shares"].items()}
        return Holdings(portfolio_id=row["id"], shares=shares, cash=Decimal(row["cash"]), currency=row["currency"])
    except (InvalidOperation, TypeError, AttributeError) as error:
        raise DataError(f"the stored holdings of {row['id']!r} are not decimals", field="holdings") from error
