"""Options that every question about a history has, and what they say as values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from portopt.domain.request import Policy

Prices = Annotated[str | None, typer.Option(help="Prices: a CSV, XLSX or Parquet file, a folder, or `sample`.")]
PolicyName = Annotated[str, typer.Option(help="Policy id, a JSON file, FILE#ID, or an objective (min_risk).")]
PolicyNames = Annotated[list[str] | None, typer.Option("--policy", help="Policy id, file or objective; repeated, for each.")]
Capital = Annotated[str, typer.Option(metavar="MONEY", help="What the book begins with, in cash.")]
Rebalance = Annotated[list[str] | None, typer.Option(help="When to decide: monthly, every 21 sessions, drift 5%, … Repeated.")]
Universe = Annotated[Path | None, typer.Option(help="Candidates with their attributes; else all that is priced.")]
Benchmark = Annotated[Path | None, typer.Option(help="Benchmark weights by asset; they drift from then on.")]
Actions = Annotated[Path | None, typer.Option(help="Corporate actions, beside raw prices.")]
Members = Annotated[Path | None, typer.Option(help="Who belonged to the universe when.")]
Start = Annotated[str | None, typer.Option(help="First day (2015-01-02); else as early as the history allows.")]
End = Annotated[str | None, typer.Option(help="Last day; else the newest price.")]
Delay = Annotated[int, typer.Option(min=0, max=60, help="Sessions from a decision's close to the fill.")]
Costs = Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="none, or spread_bps=5 …; else the policy's own.")]
Fractional = Annotated[bool, typer.Option("--fractional/--whole", help="Fractions of a share, or not.")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Override: limits.max_weight=0.12")]
Seed = Annotated[int, typer.Option(min=0, help="Of all that is drawn.")]
DecisionPath = Annotated[str, typer.Option("--path", help="auto, live (the rebalance's own steps) or quick.")]

MOST_VALUES = 1000
VARY = "--vary estimation.lookback=126,252"


def read_vary(items: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """["estimation.lookback=126,252"] as {path: values}. A list in brackets is read as JSON, so that values may hold commas.

    Raises InvalidValue for what is no such thing, or names a path twice.
    """
    from portopt.dialects.reading import list_of, parse_json
    from portopt.domain.errors import InvalidValue
    from portopt.doors.commands.documents import read_sets

    found: dict[str, tuple[Any, ...]] = {}
    for item in items:
        path, equals, values = (part.strip() for part in item.partition("="))
        if not equals or not values or not all(path.split(".")):
            raise InvalidValue("--vary", item, "is not PATH=VALUE,VALUE", fix=VARY)
        if path in found:
            raise InvalidValue("--vary", item, f"{path} is varied twice", fix="put all of its values into one --vary")
        if values.startswith("["):
            found[path] = tuple(list_of(parse_json(values), f"--vary {path}", least=1, most=MOST_VALUES))
        else:
            found[path] = tuple(read_sets([f"{path}={value.strip()}"])[path] for value in values.split(","))
    return found


def policies_of(names: Sequence[str], sets: Sequence[str] | None, here: Any) -> tuple[Policy, ...]:
    """Each by its name, what is overridden laid over all of them."""
    from portopt.doors.commands.backtest import find_policy
    from portopt.doors.commands.documents import read_sets
    from portopt.intake.policy import Wishes, laid_over

    wishes = Wishes(changes=read_sets(sets or ()))
    return tuple(laid_over(find_policy(name, here), wishes) for name in names)
