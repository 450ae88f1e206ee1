"""The tables beside the prices of a backtest: candidates, benchmark, corporate actions, memberships, cash flows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from portopt.domain.backtest import Membership
from portopt.doors.action_files import actions_from
from portopt.doors.files import benchmark_beside, sample_file


def read_beside(
    *,
    universe: Path | None = None,
    benchmark: Path | None = None,
    actions: Path | None = None,
    members: Path | None = None,
    flows: Path | None = None,
    on_sample: bool = False,
) -> dict[str, Any]:
    """Those that are named, as values by their name, and the notes of reading them.

    Raises FileNotReadable and DataError, naming the file, the row and the column.
    """
    from portopt.adapters.providers.holdings_files import read_benchmark, read_universe

    notes: list[str] = []
    found: dict[str, Any] = {}
    if universe is not None or on_sample:
        found["universe"] = read_universe(universe or sample_file("universe.csv"), notes)
    if benchmark is not None or on_sample:
        found["benchmark"] = read_benchmark(benchmark or sample_file("benchmark.csv"), notes)
    elif universe is not None:
        found["benchmark"] = benchmark_beside(str(universe))
    if actions is not None:
        found["actions"] = actions_from(actions, notes)
    if members is not None:
        found["members"] = members_from(members, notes)
    if flows is not None:
        found["cash_flows"] = flows_from(flows, notes)
    return {**found, "notes": tuple(notes)}


def members_from(where: Any, notes: list[str]) -> tuple[Membership, ...]:
    """Memberships of a file, or as they are given."""
    if isinstance(where, str | Path):
        from portopt.tables.members import read_members

        return read_members(where, notes)
    return tuple(where)


def flows_from(where: Any, notes: list[str]) -> tuple[tuple[date, Decimal], ...]:
    """Money in, or out below zero, by day: of a file, or {date: amount}."""
    from portopt.intake.book import day_of, money_of

    if isinstance(where, str | Path):
        from portopt.tables.cash_flows import read_cash_flows

        return read_cash_flows(where, notes)
    found = ((day_of(day, "cash_flows"), money_of(amount, "cash_flows")) for day, amount in dict(where or {}).items())
    return tuple((day, amount) for day, amount in found if day is not None)
