"""Live = backtest: stored rebalances through the simulator's way of deciding."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown, words


def replay_live(
    portfolio_id: Annotated[str | None, typer.Option(help="Only this portfolio's runs.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest so many.")] = 50,
    prices: Annotated[Path | None, typer.Option(help="Prices as they are now, in place of each run's own pack.")] = None,
    as_json: Json = False,
) -> Shown:
    """Decide stored rebalances again as a backtest would: the same bytes, or the datum that changed is named."""
    from portopt.domain.canonical import plain
    from portopt.doors.commands.progress import working
    from portopt.questions.replay_live import replay_live as replayed
    from portopt.runtime import runtime

    here = runtime()
    market = None if prices is None else here.market(f"files:{prices}")
    with working("replay"):
        found = plain(replayed(here, portfolio_id=portfolio_id, limit=limit, market=market))
    return Shown(found, words(*_sentences(found)), exit_code=0 if found["same"] else 1)


def _sentences(found: dict[str, Any]) -> list[str]:
    if not found["runs"]:
        return ["there is no stored rebalance with a document here"]
    lines = [line for run in found["runs"] for line in _of_run(run)]
    same = sum(run["same"] for run in found["runs"])
    return [*lines, f"{same} of {len(found['runs'])} live runs are what the simulator decides, to the byte"]


def _of_run(run: dict[str, Any]) -> list[str]:
    if run["same"]:
        return [f"same: {run['run_id']}"]
    if run["problem"]:
        return [f"refused: {run['run_id']}: {run['problem']['detail']}", *(f"  {said}" for said in run["data_changed"])]
    where = [f"  {line['path']}: {line['a']!r} live, {line['b']!r} simulated" for line in run["differences"][:5]]
    return [f"different: {run['run_id']}", *(f"  {said}" for said in run["data_changed"]), *where]
