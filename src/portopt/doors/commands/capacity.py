"""What this machine carries, as a table."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from rich.console import Console

COLUMN_NAMES = ("P50 ms", "P95 ms", "P99 ms", "refused", "failed")
HEADER = f"{'assets':>7}  {'lane':<8}{'requests':>9}{'a second':>10}" + "".join(f"{name:>9}" for name in COLUMN_NAMES)
MOST_ASSETS = 10_000


def capacity(
    assets: Annotated[str, typer.Option(metavar="50,500", help="Sizes of universes, by commas.")] = "50,500,5000",
    seconds: Annotated[float, typer.Option(min=1, max=600, help="Of load, a row.")] = 10.0,
    processes: Annotated[int, typer.Option(min=1, max=64, help="That answer questions.")] = 2,
    as_json: Json = False,
) -> Shown:
    """Load a service that is started for it on loopback, cold and loaded; exit code 1 where P99 is not below 5 seconds."""
    from portopt.doors.commands.progress import working
    from portopt.doors.processes import capacity as loads

    sizes = [_size(word) for word in assets.split(",") if word.strip()]
    with working("capacity"):
        rows = list(loads.capacity(sizes, seconds, processes))
    met = all(row.is_met for row in rows)
    document = {"processes": processes, "bar_seconds": loads.BAR_SECONDS, "met": met, "rows": [asdict(row) for row in rows]}

    def say(console: Console) -> None:
        console.print(HEADER, markup=False, highlight=False, soft_wrap=True)
        for row in rows:
            rate = "-" if row.rate is None else f"{row.rate:.1f}"
            at = "".join(f"{1e3 * value:>9.0f}" for value in (row.p50, row.p95, row.p99))
            said = f"{row.assets:>7}  {row.lane:<8}{row.requests:>9}{rate:>10}{at}{row.refused:>9}{row.failed:>9}"
            console.print(said, markup=False, highlight=False, soft_wrap=True)
        verdict = "met" if met else "missed"
        console.print(f"P99 below {loads.BAR_SECONDS:g} s in every row: {verdict}", markup=False, highlight=False)

    return Shown(document, say, exit_code=0 if met else 1)


def _size(word: str) -> int:
    from portopt.domain.errors import InvalidValue

    try:
        n = int(word)
    except ValueError:
        n = 0
    if not 2 <= n <= MOST_ASSETS:
        raise InvalidValue("--assets", word, f"is no size from 2 to {MOST_ASSETS:,}", fix="--assets 50,500")
    return n
