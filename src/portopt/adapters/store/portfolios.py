"""The portfolio's holdings as they were given last, and whether a proposal was built on them.

Holdings have a version: it counts what they have been. Two proposals of one portfolio from different holdings cannot both be
right, so a transaction that declares or relies on them takes its turn with every other one of the portfolio.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select, update

from portopt.adapters.store import approvals, ledger, models
from portopt.adapters.store.clock import database_now
from portopt.adapters.store.endings import run_ended
from portopt.adapters.store.outbox import take_turns
from portopt.adapters.store.records import fits
from portopt.adapters.store.service_tables import holdings_versions
from portopt.adapters.store.upsert import insert_new, insert_or_update
from portopt.domain.canonical import canonical_json, digest, plain
from portopt.domain.holdings import Holdings
from portopt.domain.run import RunRecord, RunStatus
from portopt.domain.tax import TaxRecord

NONE_YET = 0


def version(connection: Connection, portfolio_id: str) -> int:
    """How often the portfolio's holdings have been declared anew; NONE_YET where they never were."""
    row = _row(connection, portfolio_id)
    return NONE_YET if row is None or row["shares"] is None else int(row["version"])


@dataclass(frozen=True, slots=True)
class Declared:
    """Who says what the holdings are: by, notes as HoldingsVersion has them; the others as Holdings has them."""

    by: str = ledger.NOBODY
    notes: Sequence[str] = ()
    stated_prices: Mapping[str, Decimal] = field(default_factory=dict)
    accounts: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    tax: TaxRecord | None = None
    as_of: date | None = None
    splits: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, holdings: Holdings, by: str = ledger.NOBODY, notes: Sequence[str] = ()) -> Declared:
        return cls(by, notes, holdings.stated_prices, holdings.accounts, holdings.tax, holdings.as_of, holdings.splits)

    @property
    def beside(self) -> dict[str, Any]:
        """What a version keeps beside the shares and the cash, where it is said."""
        beside = {
            "stated_prices": self.stated_prices,
            "accounts": self.accounts,
            "tax": self.tax,
            "as_of": self.as_of,
            "splits": self.splits,
        }
        said = {name: plain(value) for name, value in beside.items()}
        return {name: value for name, value in said.items() if value}


def declare(connection: Connection, row: Mapping[str, Any], since: int | None = None, declared: Declared = Declared()) -> bool:
    """These are the holdings now. False, and nothing written, when others were declared after version `since`.

    row: as holdings_row gives it. What other proposals of the portfolio still wait for approval is superseded.
    """
    take_turns(connection, row["id"])
    there = _row(connection, row["id"])
    if there is not None and there["shares"] is not None:
        if _same(there, row) and _says_the_same(connection, there, declared):
            return True
        if since is not None and there["version"] != since:
            return False
    counted = {**row, "version": NONE_YET + 1 if there is None or there["shares"] is None else there["version"] + 1}
    insert_or_update(connection, models.portfolios, {**counted, "updated_at": database_now(connection)}, ("id",))
    _keep_version(connection, counted, declared)
    supersede_waiting(connection, row["id"])
    return True


def _keep_version(connection: Connection, row: Mapping[str, Any], declared: Declared) -> None:
    """The version by itself, and its entry in the ledger, which names its content by SHA-256."""
    held: dict[str, Any] = {"currency": row.get("currency") or "USD", "cash": row.get("cash"), "shares": row["shares"]}
    held |= declared.beside
    about = {"portfolio_id": row["id"], "version": row["version"], "declared_at": database_now(connection)}
    kept = {**about, "holdings": held, "declared_by": fits("subject", declared.by), "notes": list(declared.notes)}
    insert_new(connection, holdings_versions, kept)
    told = {"version": row["version"], "positions": len(row["shares"]), "holdings_sha256": digest(canonical_json(held))}
    ledger.append(connection, row["id"], "holdings", declared.by, told)


def kept_version(connection: Connection, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """All that the version says of which the portfolio's row has the shares and the cash; None where none was kept."""
    table = holdings_versions
    which = (table.c.portfolio_id == row["id"], table.c.version == row["version"])
    found: Mapping[str, Any] | None = connection.execute(select(table.c.holdings).where(*which)).scalar()
    return found


def rests_on_newest(connection: Connection, run: RunRecord) -> bool:
    """Whether the run's holdings are those declared last; a portfolio that is known by name only has none to compare."""
    held = run.request.get("holdings")
    if not isinstance(held, Mapping):
        return True
    take_turns(connection, run.portfolio_id)
    there = _row(connection, run.portfolio_id)
    if there is None or there["shares"] is None:
        return True
    return _same(there, held)


def supersede_waiting(connection: Connection, portfolio_id: str, but: str | None = None) -> None:
    """Proposals of the portfolio that nobody released yet are replaced by what comes now. but: the proposal that comes."""
    runs = models.runs
    waiting = (runs.c.portfolio_id == portfolio_id, runs.c.status == RunStatus.AWAITING_APPROVAL.value)
    replaced = set(connection.execute(select(runs.c.run_id).where(*waiting)).scalars()) - {but}
    for run_id in sorted(str(run_id) for run_id in replaced):
        connection.execute(update(runs).where(runs.c.run_id == run_id).values(status=RunStatus.SUPERSEDED.value))
        run_ended(connection, run_id, RunStatus.SUPERSEDED)
        by = {} if but is None else {"superseded_by": but}
        approvals.supersede(connection, run_id, but)
        ledger.append(connection, portfolio_id, "superseded", ledger.NOBODY, {"run_id": run_id, **by})


def _says_the_same(connection: Connection, there: Mapping[str, Any], declared: Declared) -> bool:
    """Whether the version there says of accounts and lots what is said now, where anything is, and of splits the same."""
    said = {name: value for name, value in declared.beside.items() if name in ("accounts", "tax")}
    kept = kept_version(connection, there) or {}
    same_splits = (kept.get("splits") or {}) == declared.splits
    return same_splits and all(kept.get(name) == value for name, value in said.items())


def _row(connection: Connection, portfolio_id: str) -> Mapping[str, Any] | None:
    table = models.portfolios
    row = connection.execute(select(table).where(table.c.id == portfolio_id)).mappings().first()
    return None if row is None else dict(row)


def _same(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    return _amounts(a) == _amounts(b)


def _amounts(held: Mapping[str, Any]) -> tuple[str, Decimal, dict[str, Decimal]]:
    """What counts: a position of zero is none, 100 shares are 100.0."""
    shares = {asset_id: Decimal(n) for asset_id, n in (held.get("shares") or {}).items()}
    cash = Decimal(held.get("cash") or "0")
    return str(held.get("currency") or "USD"), cash, {asset_id: n for asset_id, n in shares.items() if n}
