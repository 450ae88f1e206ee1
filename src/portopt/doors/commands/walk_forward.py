"""Walk-forward and comparison: whether a policy, and the choice of its parameters, would have held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.history_options import (
    HistoryOptions,
    PolicyName,
    PolicyNames,
    Prove,
    with_history_options,
)
from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from rich.console import Console

PATHS = "Cross-validation in so many parts, of which so many are tested at once (10:2); 0 for none."
POINTS = "The frontier of one policy walked forward, in so many points from the least risk to the most return; 0 for none."
Values = Annotated[list[str] | None, typer.Option(metavar="PATH=VALUES", help="To try: estimation.lookback=126,252. Repeated.")]


@with_history_options
def walk_forward(
    asked: HistoryOptions,
    policy: PolicyName = "min_risk",
    vary: Values = None,
    train: Annotated[int, typer.Option(min=2, help="Sessions that choose.")] = 756,
    test: Annotated[int, typer.Option(min=1, help="Sessions after them that judge.")] = 252,
    expanding: Annotated[bool, typer.Option("--expanding/--rolling", help="Train on all that came before.")] = False,
    purge: Annotated[int, typer.Option(min=0, help="Sessions between training and test that labels need.")] = 0,
    embargo: Annotated[int, typer.Option(min=0, help="Further sessions left out.")] = 0,
    paths: Annotated[str, typer.Option(metavar="N:K", help=PATHS)] = "10:2",
    starts: Annotated[int, typer.Option(min=1, help="Days from which the walk is begun, side by side.")] = 1,
    prove: Prove = False,
    as_json: Json = False,
) -> Shown:
    """Walk a policy forward: parameters chosen in training windows alone, judged on what came after, every trial counted."""
    from portopt.domain.walk import WalkForward
    from portopt.doors.commands import history_asked
    from portopt.doors.commands.progress import Spinner
    from portopt.questions.through_time.question import question
    from portopt.questions.through_time.walk_forward import kept, planned_for
    from portopt.questions.walk_forward import walk_forward as walked_forward
    from portopt.runtime import runtime

    here = runtime()
    groups, tested = read_paths(paths)
    vary_by = history_asked.read_vary(vary or ())
    walk = WalkForward(train, test, expanding, purge, embargo, vary_by, groups, tested, starts)
    wanted = history_asked.wanted(asked, policy, here, prove=prove)
    with Spinner() as progress:
        with progress.step("read prices"):
            posed, snapshot = question(wanted, history_asked.market_of(asked, here))
        planned_for(posed, walk)  # what is refused is refused before the register is opened
        with progress.step("walk forward"):
            found = walked_forward(posed, walk, registry=here.trials, progress=progress.count)
    document = kept(posed, found, snapshot, here)
    report = history_asked.write_beside(document, asked)
    return Shown(document, lambda console: print_walk(document, console, report))


@with_history_options
def compare(
    asked: HistoryOptions,
    policies: PolicyNames = None,
    frontier: Annotated[int, typer.Option(min=0, max=50, metavar="POINTS", help=POINTS)] = 0,
    as_json: Json = False,
) -> Shown:
    """Compare policies on one history: with 1/N, least variance, benchmark and doing nothing, net and gross, paired tests."""
    from portopt.domain.errors import MissingInput
    from portopt.doors.commands import history_asked
    from portopt.doors.commands.progress import Spinner
    from portopt.questions.comparison import compare as side_by_side
    from portopt.questions.through_time import comparison as questions
    from portopt.runtime import runtime

    if not policies:
        raise MissingInput("--policy is missing", field="--policy", fixes=["--policy min_risk --policy max_sharpe"])
    here = runtime()
    wanted = history_asked.wanted(asked, policies[0], here)
    each = history_asked.policies_of(policies, asked.sets, here)
    with Spinner() as progress:
        with progress.step("read prices"):
            posed, snapshot = questions.posed(wanted, each, history_asked.market_of(asked, here), points=frontier)
        with progress.step("compare"):
            found = side_by_side(posed)
    document = questions.kept(posed, found, snapshot, here)
    history_asked.write_beside(document, asked)
    return Shown(document, lambda console: print_comparison(document, console))


def read_paths(text: str) -> tuple[int, int]:
    """ "10:2" as (10, 2); "0" as (0, 2). Raises InvalidValue."""
    from portopt.domain.errors import InvalidValue

    groups, colon, tested = text.partition(":")
    try:
        found = int(groups), int(tested) if colon else 2
    except ValueError:
        raise InvalidValue("--paths", text, "is not N:K, two whole numbers", fix="--paths 10:2") from None
    if found[0] and not 1 <= found[1] < found[0] <= 20:
        raise InvalidValue("--paths", text, "must be more parts than are tested at once, and at most 20", fix="--paths 10:2")
    return found


def print_walk(document: dict[str, Any], console: Console, report: str | None = None) -> None:
    """The backtest's summary, then windows and judgement."""
    from rich.text import Text

    from portopt.reports.backtest_terminal import print_backtest
    from portopt.reports.columns import table

    print_backtest(document, console, report_path=report)
    table(console, ["Window", "Test", "Chosen", "Sharpe before", "after", "Return"], [_window(w) for w in document["windows"]])
    for line in _judged(document):
        console.print(Text(line))


def _window(w: dict[str, Any]) -> list[str]:
    from portopt.document.formats import decimal, percent

    chosen = ", ".join(f"{name.rpartition('.')[2]} {value}" for name, value in w["changes"].items()) or "as it is"
    said = chosen if w["status"] == "walked" else f"failed, {w['began_with']} is kept"
    scores = [decimal(w["training_sharpe"]), decimal(w["sharpe"])]
    return [str(w["number"]), f"{w['test']['first']} to {w['test']['last']}", said, *scores, percent(w["total_return"])]


def _judged(document: dict[str, Any]) -> Iterator[str]:
    from portopt.document.formats import count, decimal, percent

    trials, gate = document["trials"], document["gate"]
    yield f"{count(trials['known'], 'strategy', 'strategies')} tried on these assets so far, {trials['here']} of them here"
    if document["overfitting"] is not None:
        yield f"Probability of overfitting: {percent(document['overfitting']['probability'], 1)}"
    if document["paths"] is not None and document["paths"]["sharpe_quantiles"]:
        q = document["paths"]["sharpe_quantiles"]
        paths = len(document["paths"]["sharpe"])
        yield f"Sharpe ratio over {paths} cross-validated paths: {decimal(q['0.0'])} to {decimal(q['1.0'])}"
    if document["forecasts"] is not None:
        f = document["forecasts"]
        yield f"Monthly returns within their forecast 90 % range: {percent(f['share'], 1)} of {f['count']}"
    for one in document["starts"][1:]:
        sharpe = None if one["figures"] is None else one["figures"]["sharpe"]
        yield f"Begun on {one['first']}: Sharpe ratio {decimal(sharpe)}"
    if gate is not None:
        yield "Promoted" if gate["promoted"] else f"Rejected: {'; '.join(gate['reasons'])}"


def print_comparison(document: dict[str, Any], console: Console) -> None:
    from rich.text import Text

    from portopt.document.formats import decimal, percent
    from portopt.reports.columns import table

    rows = []
    for one in document["strategies"]:
        net, gross = one["summary"]["net"], one["summary"]["gross"]
        if net is None or gross is None:
            rows.append([one["name"], *["–"] * 5])
            continue
        figures = [percent(net["annual_return"]), percent(gross["annual_return"]), percent(net["volatility"])]
        rows.append([one["name"], *figures, decimal(net["sharpe"]), percent(-net["max_drawdown"], 1)])
    table(console, ["Strategy", "Return a year, net", "gross", "Volatility", "Sharpe", "Deepest fall"], rows)
    tests = []
    for pair in document["pairs"]:
        net = pair["net"]
        cells = [decimal(net[name], places) for name, places in (("sharpe_difference", 2), ("sharpe_p_value", 3))]
        means = [percent(net["mean_difference"]), decimal(net["mean_p_value"], 3)]
        tests.append([f"{pair['first']} − {pair['second']}", *cells, *means])
    table(console, ["Difference, net", "Sharpe", "p", "Return a year", "p"], tests)
    for one in document["failed"]:
        console.print(Text(f"{one['name']}: {one['problem']['detail']}"))
    for warning in document["warnings"]:
        console.print(Text(f"! {warning}"))
