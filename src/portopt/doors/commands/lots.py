"""What a broker's list of lots is taken for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portopt.doors.commands.surface import Json, Shown, words

if TYPE_CHECKING:
    from portopt.domain.tax import ClosedLot, Lot, TaxRecord

WHAT = "Brokers' exports of lots, open or closed, or lots in our own words: CSV, XLSX, Parquet or JSON."
HELD = "Also hold them against these holdings: a file, or `sample`, as for `rebalance`."


def lots(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help=WHAT)],
    holdings: Annotated[str | None, typer.Option(metavar="FILE", help=HELD)] = None,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write them as they were read: .csv or .json.")] = None,
    as_json: Json = False,
) -> Shown:
    """Show how lots are read: day, shares and cost of each, what is not known, and whether they are of what is held."""
    from portopt.adapters.providers.holdings_files import read_holdings
    from portopt.adapters.providers.lot_files import read_lots
    from portopt.dialects.lots import write_tax_beside
    from portopt.domain.tax import TaxRecord
    from portopt.doors.files import holdings_file, in_lots, lots_file
    from portopt.reports.files.lot_tables import write_lots

    notes: list[str] = []
    if holdings is None:
        tax = read_lots([lots_file(name) for name in files], notes)
    else:
        held = read_holdings(holdings_file(holdings), notes=notes)[0]
        tax = in_lots(held, files, notes).tax or TaxRecord()
    written = [] if output is None else [f"written to {write_lots(tax, output)}"]
    document = {"kind": "lots", **write_tax_beside(tax), "notes": notes}
    return Shown(document, words(*_lines(tax), *written, *(f"note: {note}" for note in notes)))


def _lines(tax: TaxRecord) -> list[str]:
    year = {"realized short": tax.realized_short, "realized long": tax.realized_long,
            "carried short": tax.carried_short, "carried long": tax.carried_long}  # fmt: skip
    said = [f"{name} {amount:,}" for name, amount in year.items() if amount]
    return [*map(_line, tax.lots), *map(_closed, tax.closed), *([f"this year: {', '.join(said)}"] if said else [])]


def _line(lot: Lot | ClosedLot) -> str:
    day = "on a day that is not known" if lot.acquired_on is None else f"on {lot.acquired_on}"
    cost = "at a cost that is not known" if lot.cost_per_share is None else f"at {lot.cost_per_share:,}"
    return f"{lot.asset_id}, lot {lot.lot_id}: {lot.shares:,} shares bought {day} {cost}"


def _closed(lot: ClosedLot) -> str:
    return f"{_line(lot)}, sold on {lot.closed_on} at {lot.proceeds_per_share:,}"
