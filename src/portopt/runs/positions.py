"""What was held of an asset, and what was proposed of it, through time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from portopt.domain.drill_down import Held, Proposed
from portopt.domain.errors import UnknownThing
from portopt.domain.run import RunRecord

if TYPE_CHECKING:
    from portopt.runtime import Runtime

VERSIONS, PROPOSALS = 200, 12  # looked at, from the newest on


def held(portfolio_id: str, asset_id: str, runtime: Runtime) -> tuple[Held, ...]:
    """Versions of the holdings in which its shares were others than in the one before; the newest first."""
    try:
        versions = runtime.portfolios.versions(portfolio_id, limit=VERSIONS)
    except UnknownThing:
        return ()
    found: list[Held] = []
    for one in reversed(versions):
        shares = str(one.holdings.shares.get(asset_id, 0))
        if not found or found[-1].shares != shares:
            found.append(Held(one.version, one.declared_at, shares))
    return tuple(reversed(found))


def proposed(run: RunRecord, asset_id: str, runtime: Runtime) -> tuple[Proposed, ...]:
    """What the newest proposals of its portfolio but this run wanted of an asset, the newest first."""
    lines = runtime.runs.runs(portfolio_id=run.portfolio_id, kind="rebalance", limit=PROPOSALS + 1)
    return tuple(_of(lines, run.run_id, asset_id, runtime))


def _of(lines: Any, but: str, asset_id: str, runtime: Runtime) -> Iterator[Proposed]:
    for line in lines:
        if line.run_id == but or line.document is None:
            continue
        document = runtime.runs.get(line.run_id, verified=False).document or {}
        row = row_of(document, "proposal", asset_id)
        if row is not None:
            yield Proposed(
                line.run_id, line.status.value, line.as_of, row["shares_change"], row["weight_before"], row["weight_after"]
            )


def row_of(document: Mapping[str, Any], table: str, asset_id: str) -> Mapping[str, Any] | None:
    """The row of an asset in a table of a document."""
    return next((row for row in document.get(table) or () if row["asset_id"] == asset_id), None)
