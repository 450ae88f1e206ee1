"""What a desk wants this week, the same options for a proposal and for every question about a book (intake/wanted.py).

portopt rebalance --holdings holdings.csv --withdraw 30000 --by 2026-12-31 --keep AAPL,MSFT
portopt risk reb-20221228-7e37ebd61420da7ada44 --buy-only --max-trades 10
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from portopt.intake.wanted import Wanted

RAISED = "Money to be raised: no more is sold than it takes, nothing is bought."
NOT_BOUGHT = "Not bought: AAPL,MSFT or sector:Energy or class:Bond."
NO_WORSE = "Do not mend limits that are missed already; miss them by no more."
MODEL = "A model portfolio with bands (JSON, CSV, XLSX): back within them, no more traded."
SEEN_THROUGH = "What funds are made of (JSON, CSV, XLSX): limits see through them."
CONFIRMED = "Shares of today, whatever it looks like beside the prices: AAPL,MSFT."
WAS_SPLIT = "A split since the holdings; shares and lots are converted: AAPL=4:1."
HAPPENED = "Corporate actions since the holdings: a file; http or sql, as set."
WITH_THE_AIM = typer.Option("--rebalance", help="With --withdraw: seek what the policy seeks, too.")


@dataclass(frozen=True, slots=True)
class WantedOptions:
    """The command line's words for it, named as `Wanted` names them."""

    deposit: Annotated[str | None, typer.Option(metavar="AMOUNT", help="Money that comes in, to be invested: 50000")] = None
    withdraw: Annotated[str | None, typer.Option(metavar="AMOUNT", help=RAISED)] = None
    by: Annotated[str | None, typer.Option(metavar="DATE", help="The day on which the withdrawal is due.")] = None
    rebalance: Annotated[bool, WITH_THE_AIM] = False
    buy_only: Annotated[bool, typer.Option("--buy-only", help="Sell nothing.")] = False
    sell_only: Annotated[bool, typer.Option("--sell-only", help="Buy nothing.")] = False
    do_not_buy: Annotated[list[str] | None, typer.Option(metavar="ASSETS", help=NOT_BOUGHT)] = None
    do_not_sell: Annotated[list[str] | None, typer.Option(metavar="ASSETS", help="Not sold.")] = None
    keep: Annotated[list[str] | None, typer.Option(metavar="ASSETS", help="Neither bought nor sold.")] = None
    max_trades: Annotated[int | None, typer.Option(help="At most so many trades.")] = None
    names: Annotated[int | None, typer.Option(help="At most so many positions.")] = None
    no_worse: Annotated[bool, typer.Option("--no-worse", help=NO_WORSE)] = False
    model: Annotated[str | None, typer.Option(metavar="FILE", help=MODEL)] = None
    look_through: Annotated[str | None, typer.Option(metavar="FILE", help=SEEN_THROUGH)] = None
    confirm_shares: Annotated[list[str] | None, typer.Option(metavar="ASSETS", help=CONFIRMED)] = None
    split: Annotated[list[str] | None, typer.Option(metavar="ASSET=RATIO", help=WAS_SPLIT)] = None
    actions: Annotated[str | None, typer.Option(metavar="FILE", help=HAPPENED)] = None


def said(options: WantedOptions) -> Wanted:
    """What stands on the command line, files by their names still."""
    given: Mapping[str, Any] = {f.name: getattr(options, f.name) for f in fields(options)}
    found: Any = {name: value for name, value in given.items() if value not in (None, False, [])}
    return found  # type: ignore[no-any-return]  # the same names
