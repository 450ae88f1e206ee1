"""Portfolios as the service keeps them: what is said of one, and the versions of what it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from portopt.adapters.store import models, portfolios
from portopt.adapters.store.clock import database_now
from portopt.adapters.store.engine import Database
from portopt.adapters.store.records import fits, holdings_of_version, holdings_row
from portopt.adapters.store.service_tables import holdings_versions
from portopt.adapters.store.upsert import insert_or_update
from portopt.dialects.requests import read_cash_flow, read_universe
from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue, unknown_portfolio
from portopt.domain.holdings import Holdings
from portopt.domain.portfolio import HoldingsVersion, Portfolio

MOST_NAME = 500


class SqlPortfolios:
    """Implements ports.PortfolioStore. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, portfolio: Portfolio) -> Portfolio:
        """Insert or change what is said of a portfolio; its holdings stay. Returns it as it stands now."""
        row = _described(portfolio)
        with self._database.writing() as connection:
            row["updated_at"] = database_now(connection)
            insert_or_update(connection, models.portfolios, row, ("id",))
            return _portfolio(connection, _row(connection, portfolio.id))

    def get(self, portfolio_id: str) -> Portfolio:
        """Raises UnknownThing."""
        with self._database.reading() as connection:
            return _portfolio(connection, _row(connection, portfolio_id))

    def list(self, among: frozenset[str] | None, *, after: str | None = None, limit: int = 50) -> Sequence[Portfolio]:
        """By id, after an id; without holdings."""
        table = models.portfolios
        wanted = select(table).order_by(table.c.id).limit(limit)
        if among is not None:
            wanted = wanted.where(table.c.id.in_(among))
        if after is not None:
            wanted = wanted.where(table.c.id > after)
        with self._database.reading() as connection:
            return [_portfolio(None, dict(row)) for row in connection.execute(wanted).mappings()]

    def declare(self, holdings: Holdings, by: str, notes: Sequence[str] = ()) -> HoldingsVersion:
        """These are the holdings now; the same as before is the same version. Proposals on others are superseded."""
        row = holdings_row(holdings)
        with self._database.writing() as connection:
            portfolios.declare(connection, row, declared=portfolios.Declared.of(holdings, by, notes))
            number = portfolios.version(connection, holdings.portfolio_id)
            found = _versions(connection, holdings.portfolio_id, holdings_versions.c.version == number, limit=1)
        return found[0]

    def versions(self, portfolio_id: str, *, before: int | None = None, limit: int = 50) -> Sequence[HoldingsVersion]:
        """Newest first. Raises UnknownThing."""
        earlier = [] if before is None else [holdings_versions.c.version < before]
        with self._database.reading() as connection:
            _row(connection, portfolio_id)
            return _versions(connection, portfolio_id, *earlier, limit=limit)

    def latest(self, portfolio_id: str) -> Mapping[str, Any] | None:
        """The newest row of `portfolio_optimization_ts`, of either kind; None where there is none."""
        table = models.portfolio_optimization_ts
        newest = select(table).where(table.c.portfolio_id == portfolio_id)
        newest = newest.order_by(table.c.timestamp.desc(), table.c.optimization_id.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(newest).mappings().first()
        return None if row is None else dict(row)


def _described(portfolio: Portfolio) -> dict[str, Any]:
    """What is said of it, as a row. Raises InvalidValue for what no column holds."""
    if len(portfolio.name) > MOST_NAME or "\x00" in portfolio.name:
        raise InvalidValue("name", portfolio.name[:40], f"this takes up to {MOST_NAME} characters, none of them NUL")
    return {
        "id": fits("portfolio_id", portfolio.id),
        "name": portfolio.name,
        "policy": fits("policy", portfolio.policy),
        "provider": None if portfolio.provider is None else fits("provider", portfolio.provider),
        "universe": plain(portfolio.universe),
        "benchmark": plain(portfolio.benchmark),
        "cash_flow": plain(portfolio.cash_flow),
    }


def _row(connection: Connection, portfolio_id: str) -> Mapping[str, Any]:
    table = models.portfolios
    row = connection.execute(select(table).where(table.c.id == portfolio_id)).mappings().first()
    if row is None:
        raise unknown_portfolio(portfolio_id)
    return dict(row)


def _portfolio(connection: Connection | None, row: Mapping[str, Any]) -> Portfolio:
    """connection: to read the holdings by; None leaves them out."""
    number = portfolios.NONE_YET if row["shares"] is None else row["version"]
    holdings = None
    if connection is not None and number != portfolios.NONE_YET:
        holdings = _versions(connection, row["id"], holdings_versions.c.version == number, limit=1)[0].holdings
    return Portfolio(
        id=row["id"],
        name=row["name"],
        policy=row["policy"],
        provider=row["provider"],
        universe=None if row["universe"] is None else read_universe(row["universe"]),
        benchmark=row["benchmark"],
        holdings=holdings,
        version=number,
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        cash_flow=read_cash_flow(row["cash_flow"]),
    )


def _versions(connection: Connection, portfolio_id: str, *which: Any, limit: int) -> list[HoldingsVersion]:
    table = holdings_versions
    newest = select(table).where(table.c.portfolio_id == portfolio_id, *which).order_by(table.c.version.desc()).limit(limit)
    return [
        HoldingsVersion(
            version=row["version"],
            holdings=holdings_of_version(portfolio_id, row["holdings"]),
            declared_at=row["declared_at"],
            declared_by=row["declared_by"],
            notes=tuple(row["notes"]),
        )
        for row in connection.execute(newest).mappings()
    ]
