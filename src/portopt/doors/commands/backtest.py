"""What a policy would have done, day by day, on an exact ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown, aside

if TYPE_CHECKING:
    from rich.console import Console

    from portopt.questions.through_time.question import Wanted
    from portopt.runtime import Runtime

REBALANCE = "When to decide: monthly, every 21 sessions, last of month, drift 5%, volatility 15%, … Repeated: any of them."
COSTS = "none, or what the ledger charges: spread_bps=5, commission_bps=1, impact=1, cash_rate=0.02, … Else the policy's own."


def backtest(
    prices: Annotated[str | None, typer.Option(help="Prices: a CSV, XLSX or Parquet file, a folder, or `sample`.")] = None,
    policy: Annotated[str, typer.Option(help="Policy id, a JSON file, FILE#ID, or an objective (min_risk).")] = "min_risk",
    capital: Annotated[str, typer.Option(metavar="MONEY", help="What the book begins with, in cash.")] = "1000000",
    rebalance: Annotated[list[str] | None, typer.Option(help=REBALANCE)] = None,
    universe: Annotated[Path | None, typer.Option(help="Candidates with their attributes; else all that is priced.")] = None,
    benchmark: Annotated[Path | None, typer.Option(help="Benchmark weights by asset; they drift from then on.")] = None,
    actions: Annotated[
        Path | None, typer.Option(help="Corporate actions, beside raw prices: a file; http or sql, as set.")
    ] = None,
    members: Annotated[Path | None, typer.Option(help="Who belonged to the universe when.")] = None,
    start: Annotated[str | None, typer.Option(help="First day (2015-01-02); else when the policy has enough history.")] = None,
    end: Annotated[str | None, typer.Option(help="Last day; else the newest price.")] = None,
    delay: Annotated[int, typer.Option(min=0, max=60, help="Sessions from a decision's close to the fill.")] = 1,
    costs: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help=COSTS)] = None,
    fractional: Annotated[bool, typer.Option("--fractional/--whole", help="Fractions of a share, or not.")] = False,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Override the policy: limits.max_weight=0.12")
    ] = None,
    prove: Annotated[bool, typer.Option("--prove", help="Prove that no decision saw what came after it.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the proof's noise.")] = 1,
    path: Annotated[str, typer.Option(help="auto, live (the rebalance's own steps) or quick.")] = "auto",
    html: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Also write the report.")] = None,
    files: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Also write CSV, Parquet, XLSX and JSON.")] = None,
    as_json: Json = False,
) -> Shown:
    """Backtest a policy: its decisions through the live pipeline, on a ledger exact to the share and the cent."""
    from portopt.doors.commands.progress import Spinner
    from portopt.questions.backtest import backtest as backtested
    from portopt.questions.through_time.backtest import kept
    from portopt.questions.through_time.question import question
    from portopt.runtime import runtime

    here = runtime()
    names = {"universe": universe, "benchmark": benchmark, "actions": actions, "members": members}
    how = {"rebalance": tuple(rebalance or ("monthly",)), "capital": capital, "delay": delay, "fractional": fractional,
           "prove": prove, "seed": seed, "path": path_of(path), "costs": costs_of(costs)}  # fmt: skip
    asked = wanted(here, prices, policy, sets or (), (start, end), names, how)
    with Spinner() as progress:
        with progress.step("read prices"):
            posed, snapshot = question(asked, market_of(prices, here))
        with progress.step("backtest"):
            found = backtested(posed, progress=progress.count)
    document = kept(posed, found, snapshot, here)
    write_beside(document, html, files)
    return shown(document, None if html is None else str(html))


def write_beside(document: dict[str, Any], html: Path | None, files: Path | None) -> None:
    """The page and the tables, where they are asked for; each file whole or not at all. Raises InvalidValue."""
    if html is not None:
        from portopt.reports.through_time.page import write_backtest_report

        write_backtest_report(document, html)
    if files is not None:
        from portopt.reports.through_time.files.writing import write_backtest_files

        for written in write_backtest_files(document, files):
            aside(f"written {written}")


def shown(document: dict[str, Any], report: str | None = None) -> Shown:
    """The document for --json, its summary for people. Exit code 1 where the proof found a look-ahead."""

    def say(console: Console) -> None:
        from portopt.reports.backtest_terminal import print_backtest

        print_backtest(document, console, report_path=report)

    broken = document["proof"] is not None and not document["proof"]["holds"]
    return Shown(document, say, exit_code=1 if broken else 0)


def wanted(
    here: Runtime,
    prices: str | None,
    policy: str,
    sets: Any,
    span: tuple[str | None, str | None],
    names: dict[str, Path | None],
    how: dict[str, Any],
) -> Wanted:
    """The options as values; every file is read before anything is opened that writes."""
    from portopt.doors.backtest_files import read_beside
    from portopt.doors.commands.documents import read_sets
    from portopt.intake.book import day_of
    from portopt.intake.policy import Wishes, laid_over
    from portopt.questions.through_time.question import Wanted

    beside = read_beside(on_sample=prices == "sample", **names)
    found = laid_over(find_policy(policy, here), Wishes(changes=read_sets(sets)))
    start, end = (day_of(text, option) for text, option in zip(span, ("--start", "--end"), strict=True))
    return Wanted(found, start=start, end=end, **beside, **how)


def find_policy(name: str, here: Runtime) -> Any:
    """A policy by id, from a file, or of an objective's name alone."""
    from portopt.domain.errors import UnknownPolicy
    from portopt.doors.commands import policy_files
    from portopt.doors.commands.documents import read_document
    from portopt.questions.through_time.question import plain_policy
    from portopt.terms.catalog import OBJECTIVES

    path, _, wanted_id = name.partition("#")
    if Path(path).is_file() and not wanted_id:
        return _of_file(path, read_document(path, "policy"))
    try:
        return policy_files.find_policy(name, here)
    except UnknownPolicy:
        if name not in OBJECTIVES:
            raise
        return plain_policy(name)


def _of_file(path: str, document: Any) -> Any:
    """One policy, which may go without an id, or the only one of several."""
    from portopt.dialects.policies import read_policies, shipped_defaults
    from portopt.doors.commands.policy_files import pick

    if isinstance(document, dict) and "policies" not in document:
        stem = Path(path).name.split(".")[0] or "policy"
        document = {"id": stem, "name": document.get("id", stem), **document}
    return pick(read_policies(document, shipped_defaults()), "", path)


def market_of(prices: str | None, here: Runtime) -> Any:
    from portopt.domain.errors import MissingInput

    if prices is None:
        fixes = ["--prices prices.csv", "--prices sample for the demonstration prices"]
        raise MissingInput("--prices is missing", field="--prices", fixes=fixes)
    return here.market("sample" if prices == "sample" else f"files:{prices}")


def costs_of(items: list[str] | None) -> dict[str, Any] | None:
    """What is charged; None is the policy's own."""
    from portopt.doors.commands.documents import read_sets

    if not items:
        return None
    return read_sets([item for item in items if item != "none"])


def path_of(path: str) -> str:
    from portopt.dialects.reading import one_of

    one_of(path, "--path", ("auto", "live", "quick"))
    return path
