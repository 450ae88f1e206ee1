"""`portopt figures`: one figure through time, into a table, a file or a drawing; the archive of all of them by SQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown, aside, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portopt.domain.watch import Figure

SPANS = {"min": "minutes", "h": "hours", "d": "days"}
NAME_ASKED = typer.Argument(metavar="NAME", help="A figure (`portopt figures` lists them).")
SINCE = typer.Option("--since", help="From this date or instant on (UTC), or so far back: 7d, 12h.")
SQL_ASKED = typer.Option("--sql", help="Instead: one SELECT over the archive, a table a figure.")


def figures(
    name: Annotated[str | None, NAME_ASKED] = None,
    since: Annotated[str, SINCE] = "7d",
    until: Annotated[str | None, typer.Option(help="Up to before this date or instant.")] = None,
    portfolio: Annotated[str | None, typer.Option(help="Of this portfolio alone.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=5_000_000, help="Most rows.")] = 100_000,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE.csv", help="Also into this file.")] = None,
    parquet: Annotated[Path | None, typer.Option("--parquet", metavar="FILE.parquet", help="Also into this file.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", metavar="FILE.svg", help="Also draw it into this file.")] = None,
    archive: Annotated[bool, typer.Option("--archive", help="Instead: put whole days into the archive (Parquet).")] = False,
    sql: Annotated[str | None, SQL_ASKED] = None,
    as_json: Json = False,
) -> Shown:
    """A figure of the watch through time; without a name, which figures there are."""
    if archive:
        return _archived()
    if sql is not None:
        return _asked(sql, limit)
    if name is None:
        return _listed()
    found, document = _found(name, since, until, portfolio, limit)
    _written(found, document, csv, parquet)
    if plot is not None:
        from portopt.doors.commands.plots import write_plot
        from portopt.reports.watch.svg.plot import figures_plot

        write_plot(figures_plot, document, plot)
    return Shown(document, _say(document))


def _listed() -> Shown:
    from portopt.document.watch.history import catalog_document
    from portopt.monitoring.catalog import CATALOG

    document = catalog_document(CATALOG)

    def say(console: Any) -> None:
        from portopt.reports.watch.terminal import print_catalog

        print_catalog(document, console)

    return Shown(document, say)


def _say(document: dict[str, Any]) -> Any:
    def say(console: Any) -> None:
        from portopt.reports.watch.terminal import print_figures

        print_figures(document, console)

    return say


def _found(
    name: str, since: str, until: str | None, portfolio: str | None, limit: int
) -> tuple[Sequence[Figure], dict[str, Any]]:
    from portopt.document.watch.history import figures_document
    from portopt.domain.errors import UnknownThing
    from portopt.monitoring.catalog import CATALOG
    from portopt.runtime import runtime

    if name not in CATALOG:
        raise UnknownThing("figure", name, fixes=["`portopt figures` lists them"])
    now = datetime.now(UTC)
    begin, end = moment("since", since, now), None if until is None else moment("until", until, now)
    here = runtime()
    among = None if portfolio is None else frozenset({portfolio})
    found = here.figures.series(name, begin, end, among=among, limit=limit + 1) if here.has_store else ()
    kept = found[:limit]
    return kept, figures_document(name, CATALOG[name], kept, begin, end, is_cut=len(found) > limit)


def _written(found: Sequence[Figure], document: dict[str, Any], csv: Path | None, parquet: Path | None) -> None:
    if not (csv or parquet):
        return
    from portopt.reports.files.exports import write_whole
    from portopt.reports.watch.files import figures_csv, figures_parquet

    for path, made in ((csv, figures_csv), (parquet, figures_parquet)):
        if path is not None:
            write_whole(path, made(found))
    if document["is_cut"]:
        aside("there are more rows than were written: --limit writes them")


def moment(field: str, given: str, now: datetime) -> datetime:
    """`7d`, `12h`, `30min` before now; a date or an instant (UTC). Raises InvalidValue.

    >>> moment("since", "12h", datetime(2026, 11, 30, 12, tzinfo=UTC)).isoformat()
    '2026-11-30T00:00:00+00:00'
    """
    from portopt.runs.relaying import instant

    for unit, name in SPANS.items():
        digits = given.removesuffix(unit)
        if digits != given and digits.isascii() and digits.isdigit() and len(digits) < 6:
            return now - timedelta(**{name: int(digits)})
    return instant(field, given)


def _archived() -> Shown:
    from portopt.runs.watch.archiving import archive
    from portopt.runtime import runtime

    done = archive(runtime(), datetime.now(UTC))
    return Shown(done, words(f"{done['days']} days archived, {done['figures']:,} figures"))


def _asked(sql: str, limit: int) -> Shown:
    from portopt.doors.commands.histories import found_rows
    from portopt.runtime import runtime

    return found_rows(runtime().figure_archive.ask(sql, limit=limit), limit)
