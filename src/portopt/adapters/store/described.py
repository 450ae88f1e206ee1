"""What a run's request says of a portfolio's assets is kept with the portfolio: who asks of it by its id later knows it too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from portopt.adapters.store import models
from portopt.dialects.requests import read_universe
from portopt.domain.run import RunRecord
from portopt.domain.universe import Asset
from portopt.intake.standing import universe_known


def keep(connection: Connection, run: RunRecord) -> None:
    """Sectors, scores and the benchmark of the request whose holdings are the portfolio's now.

    Where a request says nothing of any asset there is nothing to keep.
    """
    asked, table = run.request.get("universe"), models.portfolios
    if not isinstance(asked, Mapping):
        return
    there = connection.execute(select(table.c.universe, table.c.benchmark).where(table.c.id == run.portfolio_id)).one()
    benchmark = run.request.get("benchmark")
    if asked == there.universe and benchmark in (None, there.benchmark):
        return
    said = read_universe(asked)
    tells = there.universe is not None or any(asset != Asset(asset.id) for asset in said.assets)
    changed: dict[str, Any] = {} if benchmark in (None, there.benchmark) else {"benchmark": benchmark}
    if tells:
        kept = None if there.universe is None else read_universe(there.universe)
        known = universe_known(kept, said, (run.request.get("holdings") or {}).get("shares") or {})
        changed |= {} if known == kept else {"universe": known.plain()}
    if changed:
        connection.execute(update(table).where(table.c.id == run.portfolio_id).values(**changed))
