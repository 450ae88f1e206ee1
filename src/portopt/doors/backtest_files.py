"""The tables beside the prices of a backtest: candidates, benchmark, corporate actions, memberships."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from portopt.doors.files import benchmark_beside, sample_file


def read_beside(
    *,
    universe: Path | None = None,
    benchmark: Path | None = None,
    actions: Path | None = None,
    members: Path | None = None,
    on_sample: bool = False,
) -> dict[str, Any]:
    """Those that are named, as values by their name, and the notes of reading them.

    Raises FileNotReadable and DataError, naming the file, the row and the column.
    """
    from portopt.adapters.providers.holdings_files import read_benchmark, read_universe
    from portopt.tables.actions import read_actions
    from portopt.tables.members import read_members

    notes: list[str] = []
    found: dict[str, Any] = {}
    if universe is not None or on_sample:
        found["universe"] = read_universe(universe or sample_file("universe.csv"), notes)
    if benchmark is not None or on_sample:
        found["benchmark"] = read_benchmark(benchmark or sample_file("benchmark.csv"), notes)
    elif universe is not None:
        found["benchmark"] = benchmark_beside(str(universe))
    if actions is not None:
        found["actions"] = read_actions(actions, notes)
    if members is not None:
        found["members"] = read_members(members, notes)
    return {**found, "notes": tuple(notes)}
