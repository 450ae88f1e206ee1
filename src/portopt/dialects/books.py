"""A portfolio as a document: what is said of it, what it holds, and the versions of that."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from portopt.dialects.lots import write_tax_beside
from portopt.dialects.reading import mapping_of, number, object_of, one_of, shown, text
from portopt.dialects.records import MAX_TEXT
from portopt.dialects.requests import MAX_ASSETS, read_cash_flow, read_universe
from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue
from portopt.domain.holdings import Holdings
from portopt.domain.portfolio import HoldingsVersion, Portfolio

PORTFOLIO = ("name", "policy", "provider", "universe", "benchmark", "cash_flow")
ROUNDED = 1e-3  # published benchmark weights are rounded; more than this is not rounding


def read_portfolio(doc: Any, before: Portfolio, providers: Collection[str]) -> Portfolio:
    """What the document says in place of what was said before; null takes it back, what is absent stays.

    Raises UnknownField or InvalidValue with the dotted path.
    """
    found = object_of(doc, "", PORTFOLIO)
    usual = Portfolio(before.id)
    changes: dict[str, Any] = {name: getattr(usual, name) for name, value in found.items() if value is None}
    if found.get("name") is not None:
        changes["name"] = "" if found["name"] == "" else text(found["name"], "name", most=MAX_TEXT)
    if found.get("policy") is not None:
        changes["policy"] = text(found["policy"], "policy", most=64)
    if found.get("provider") is not None:
        changes["provider"] = one_of(found["provider"], "provider", providers)
    if found.get("universe") is not None:
        changes["universe"] = read_universe(found["universe"])
    if found.get("benchmark") is not None:
        changes["benchmark"] = read_benchmark(found["benchmark"])
    if found.get("cash_flow") is not None:
        changes["cash_flow"] = read_cash_flow(found["cash_flow"])
    return dataclasses.replace(before, **changes)


def read_benchmark(value: Any) -> dict[str, float]:
    """Weights by asset id, none below zero, adding to one; within rounding they are divided by their sum."""
    given = mapping_of(value, "benchmark")
    if not 1 <= len(given) <= MAX_ASSETS:
        raise InvalidValue("benchmark", f"{len(given)} assets", f"between 1 and {MAX_ASSETS} are accepted")
    weights = {name: number(weight, f"benchmark.{name}", low=0.0, high=100.0, fraction=True) for name, weight in given.items()}
    total = math.fsum(weights.values())
    if abs(total - 1.0) > ROUNDED:
        percent = abs(total - 100.0) <= 100.0 * ROUNDED
        fix = "these are percent: divide them by 100" if percent else "give fractions that add up to 1"
        raise InvalidValue("benchmark", shown(total), "the weights do not add up to 1", fix=fix)
    return {name: weight / total for name, weight in weights.items()}


def write_portfolio(portfolio: Portfolio) -> dict[str, Any]:
    """What is said of it and which version of its holdings is the newest; the holdings have a place of their own."""
    told = {"universe": plain(portfolio.universe), "benchmark": plain(portfolio.benchmark)}
    return {**portfolio_line(portfolio), **told, "cash_flow": plain(portfolio.cash_flow)}


def portfolio_line(portfolio: Portfolio) -> dict[str, Any]:
    """The same in a list: without what may be thousands of assets long."""
    return {
        "portfolio_id": portfolio.id,
        "name": portfolio.name,
        "policy": portfolio.policy,
        "provider": portfolio.provider,
        "holdings_version": portfolio.version,
        "created_at": instant(portfolio.created_at),
        "updated_at": instant(portfolio.updated_at),
    }


def write_holdings(holdings: Holdings, version: int) -> dict[str, Any]:
    """Shares and money as decimal texts: no digit of them passes through a binary fraction."""
    return {
        "portfolio_id": holdings.portfolio_id,
        "version": version,
        "currency": holdings.currency,
        "cash": str(holdings.cash),
        "shares": {asset_id: str(count) for asset_id, count in holdings.shares.items()},
        **({"stated_prices": plain(holdings.stated_prices)} if holdings.stated_prices else {}),
        **({"accounts": plain(holdings.accounts)} if holdings.accounts else {}),
        **write_tax_beside(holdings.tax),
        **({"as_of": holdings.as_of.isoformat()} if holdings.as_of is not None else {}),
        **({"splits": dict(holdings.splits)} if holdings.splits else {}),
    }


def write_version(declared: HoldingsVersion) -> dict[str, Any]:
    return {
        **write_holdings(declared.holdings, declared.version),
        "declared_at": instant(declared.declared_at),
        "declared_by": declared.declared_by,
        "notes": list(declared.notes),
    }


def version_line(declared: HoldingsVersion) -> dict[str, Any]:
    """The same in a list."""
    whole = write_version(declared)
    kept = ("version", "declared_at", "declared_by", "currency", "cash", "notes")
    return {**{name: whole[name] for name in kept}, "positions": sum(1 for n in declared.holdings.shares.values() if n)}


def instant(at: datetime | None) -> str | None:
    """As S2 writes instants: 2025-06-20T14:30:00.123Z.

    >>> instant(datetime(2025, 6, 20, 14, 30, tzinfo=UTC))
    '2025-06-20T14:30:00.000Z'
    """
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
