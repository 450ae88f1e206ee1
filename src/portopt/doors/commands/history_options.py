"""The options of every question about a history, written once: a command takes them as one value.

@with_history_options
def backtest(asked: HistoryOptions, policy: PolicyName = "min_risk", …) -> Shown: ...
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from portopt.doors.commands.signature import with_options

WHEN = "When to decide: monthly, every 21 sessions, last of month, drift 5%, volatility 15%, … Repeated: any of them."
CHARGED = "none, or what the ledger charges: spread_bps=5, commission_bps=1, impact=1, cash_rate=0.02, … Else the policy's own."
FROM_THEN = "The policy from a day on: 2020-01-02=cautious; with @2019-12-15 behind it, known since then. Repeated."
MONEY_IN = "Money in, or out below zero: a file of date and amount."
ROUNDED = "whole (nearest lots, repaired within the limits), fractional, nearest, or search for the best whole shares."
KEPT_AS = "Under which the run is kept; else `sample` on the sample's prices, and the policy's own."
OVER = "Override the policy, or each of them: limits.max_weight=0.12"
FOLDER = "Also write CSV, Parquet, XLSX and JSON."

PolicyName = Annotated[str, typer.Option(help="Policy id, a JSON file, FILE#ID, or an objective (min_risk).")]
PolicyNames = Annotated[list[str] | None, typer.Option("--policy", help="Policy id, file or objective; repeated, for each.")]
Prove = Annotated[bool, typer.Option("--prove", help="Prove that no decision saw what came after it.")]


@dataclass(frozen=True, slots=True)
class HistoryOptions:
    """The command line's words for prices, money, when to decide, what is charged, and what stands beside them."""

    prices: Annotated[str | None, typer.Option(help="Prices: a CSV, XLSX or Parquet file, a folder, or `sample`.")] = None
    capital: Annotated[str, typer.Option(metavar="MONEY", help="What the book begins with, in cash.")] = "1000000"
    rebalance: Annotated[list[str] | None, typer.Option(help=WHEN)] = None
    universe: Annotated[Path | None, typer.Option(help="Candidates with their attributes; else all that is priced.")] = None
    benchmark: Annotated[Path | None, typer.Option(help="Benchmark weights by asset; they drift from then on.")] = None
    actions: Annotated[Path | None, typer.Option(help="Corporate actions, beside raw prices: a file; http or sql, as set.")] = (
        None
    )
    members: Annotated[Path | None, typer.Option(help="Who belonged to the universe when.")] = None
    flows: Annotated[Path | None, typer.Option(help=MONEY_IN)] = None
    later: Annotated[list[str] | None, typer.Option(metavar="DATE=POLICY", help=FROM_THEN)] = None
    start: Annotated[str | None, typer.Option(help="First day (2015-01-02); else as early as the history allows.")] = None
    end: Annotated[str | None, typer.Option(help="Last day; else the newest price.")] = None
    delay: Annotated[int, typer.Option(min=0, max=60, help="Sessions from a decision's close to the fill.")] = 1
    costs: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help=CHARGED)] = None
    fractional: Annotated[bool, typer.Option("--fractional/--whole", help="Fractions of a share, or not.")] = False
    rounding: Annotated[str | None, typer.Option(metavar="HOW", help=ROUNDED)] = None
    sets: Annotated[list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help=OVER)] = None
    seed: Annotated[int, typer.Option(min=0, help="Of all that is drawn.")] = 1
    path: Annotated[str, typer.Option(help="auto, live (the rebalance's own steps) or quick.")] = "auto"
    portfolio: Annotated[str | None, typer.Option(metavar="ID", help=KEPT_AS)] = None
    html: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Also write the report.")] = None
    files: Annotated[Path | None, typer.Option(metavar="FOLDER", help=FOLDER)] = None


with_history_options = with_options(HistoryOptions)
