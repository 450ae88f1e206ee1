"""The database beyond its schema: TimescaleDB that came later, and prices that are to be read from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from portopt.doors.commands.surface import Json, Shown, words


def convert_timescale(
    chunk_days: Annotated[int, typer.Option("--chunk-days", min=1, max=366, help="Days in a chunk.")] = 1,
    as_json: Json = False,
) -> Shown:
    """Let a database that gained TimescaleDB use it for optimizations and figures; rows are kept. Safe to repeat."""
    from portopt.runtime import runtime

    done = runtime().series.convert(chunk_days=chunk_days)
    of_each = (("optimizations", done.rows), ("figures", done.figures))
    said = [f"{what} were in a hypertable before" if n is None else f"{n} {what} are in one now" for what, n in of_each]
    document = {"timescaledb": done.level, "rows": done.rows, "figures": done.figures}
    return Shown(document, words(f"TimescaleDB ({done.level}): {'; '.join(said)}"))


def load_prices(
    file: Annotated[Path, typer.Argument(help="Prices: a file, or a folder of them, as `files:PATH` reads it.")],
    into: Annotated[str, typer.Option("--into", help="Table of the database at PORTOPT_MARKET_URL.")] = "prices",
    as_json: Json = False,
) -> Shown:
    """Load prices into PostgreSQL, where PORTOPT_MARKET=sql reads them; what is there of the same day is replaced."""
    from portopt.domain.market import MarketQuery
    from portopt.runtime import runtime

    source = runtime().market(f"files:{file}")
    rows = runtime().load_prices(into, source.prices(MarketQuery()))
    query = f"SELECT asset_id, date, close, volume FROM {into} WHERE date <= :as_of"  # noqa: S608 - shown, and a checked name
    return Shown(
        {"rows": rows, "table": into, "notes": list(source.notes), "market_query": query},
        words(f"{rows} prices are in {into}", *source.notes, f"PORTOPT_MARKET_QUERY={query!r} reads them"),
    )
