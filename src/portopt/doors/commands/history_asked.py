"""What the options of a question about a history say, as values; and what every such command writes beside its answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.doors.commands.history_options import HistoryOptions
from portopt.doors.commands.surface import aside

if TYPE_CHECKING:
    from portopt.domain.request import Policy
    from portopt.ports import MarketDataProvider
    from portopt.questions.through_time.question import Wanted
    from portopt.runtime import Runtime

SAMPLE = "sample"
LATER = "--later 2020-01-02=cautious@2019-12-15"
MOST_VALUES = 1000
VARY = "--vary estimation.lookback=126,252"


def wanted(asked: HistoryOptions, policy: str, here: Runtime, *, prove: bool = False) -> Wanted:
    """The options as values; every file is read before anything is opened that writes."""
    from portopt.doors.backtest_files import read_beside
    from portopt.intake.book import day_of
    from portopt.questions.through_time.question import Wanted

    names = {name: getattr(asked, name) for name in ("universe", "benchmark", "actions", "members", "flows")}
    beside = read_beside(on_sample=asked.prices == SAMPLE, **names)
    return Wanted(
        policies_of([policy], asked.sets, here)[0],
        capital=asked.capital,
        rebalance=tuple(asked.rebalance or ("monthly",)),
        start=day_of(asked.start, "--start"),
        end=day_of(asked.end, "--end"),
        delay=asked.delay,
        fractional=asked.fractional,
        rounding=asked.rounding,
        costs=costs_of(asked.costs),
        policies=tuple(_later(item, asked.sets, here) for item in asked.later or ()),
        prove=prove,
        seed=asked.seed,
        path=path_of(asked.path),  # type: ignore[arg-type]  # one of the three
        portfolio_id=asked.portfolio or (SAMPLE if asked.prices == SAMPLE else None),
        **beside,
    )


def market_of(asked: HistoryOptions, here: Runtime) -> MarketDataProvider:
    from portopt.domain.errors import MissingInput

    if asked.prices is None:
        fixes = ["--prices prices.csv", "--prices sample for the demonstration prices"]
        raise MissingInput("--prices is missing", field="--prices", fixes=fixes)
    return here.market(SAMPLE if asked.prices == SAMPLE else f"files:{asked.prices}")


def policies_of(names: Sequence[str], sets: Sequence[str] | None, here: Runtime) -> tuple[Policy, ...]:
    """Each by its name, what is overridden laid over all of them."""
    from portopt.doors.commands.documents import read_sets
    from portopt.intake.policy import Wishes, laid_over

    wishes = Wishes(changes=read_sets(sets or ()))
    return tuple(laid_over(find_policy(name, here), wishes) for name in names)


def find_policy(name: str, here: Runtime) -> Policy:
    """A policy by id, from a file, or of an objective's name alone."""
    from portopt.domain.errors import UnknownPolicy
    from portopt.doors.commands import policy_files
    from portopt.doors.commands.documents import read_document
    from portopt.questions.through_time.question import plain_policy
    from portopt.terms.catalog import is_objective

    path, _, wanted_id = name.partition("#")
    if Path(path).is_file() and not wanted_id:
        return _of_file(path, read_document(path, "policy"))
    if "/" in name and is_objective(name):  # 1/n is no path
        return plain_policy(name)
    try:
        return policy_files.find_policy(name, here)
    except UnknownPolicy:
        if not is_objective(name):
            raise
        return plain_policy(name)


def _of_file(path: str, document: Any) -> Policy:
    """One policy, which may go without an id, or the only one of several."""
    from portopt.dialects.policies import read_policies, shipped_defaults
    from portopt.doors.commands.policy_files import pick

    if isinstance(document, dict) and "policies" not in document:
        stem = Path(path).name.split(".")[0] or "policy"
        document = {"id": stem, "name": document.get("id", stem), **document}
    return pick(read_policies(document, shipped_defaults()), "", path)


def _later(item: str, sets: Sequence[str] | None, here: Runtime) -> tuple[date, Policy]:
    """ "2020-01-02=cautious@2019-12-15": from when on, which policy, and since when it was known, where that is said."""
    from portopt.dialects.backtests import in_force
    from portopt.domain.errors import InvalidValue
    from portopt.intake.book import day_of

    day, equals, rest = (part.strip() for part in item.partition("="))
    if not equals or not day or not rest:
        raise InvalidValue("--later", item, "is not DATE=POLICY", fix=LATER)
    since = day_of(day, "--later")
    name, at, known = rest.rpartition("@")
    if not at or not known[:1].isdigit():
        name, known = rest, day
    return in_force(since, day_of(known, "--later"), "--later"), policies_of([name], sets, here)[0]


def costs_of(items: list[str] | None) -> dict[str, Any] | None:
    """What is charged; None is the policy's own."""
    from portopt.doors.commands.documents import read_sets

    if not items:
        return None
    return read_sets([item for item in items if item != "none"])


def path_of(path: str) -> str:
    from portopt.dialects.reading import one_of

    return one_of(path, "--path", ("auto", "live", "quick"))


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


def write_beside(document: dict[str, Any], asked: HistoryOptions) -> str | None:
    """The page and the tables, where they are asked for; each file whole or not at all; the page's path. InvalidValue."""
    if asked.html is not None:
        from portopt.reports.through_time.page import write_backtest_report

        write_backtest_report(document, asked.html)
    if asked.files is not None:
        from portopt.reports.through_time.files.writing import write_backtest_files

        for written in write_backtest_files(document, asked.files):
            aside(f"written {written}")
    return None if asked.html is None else str(asked.html)
