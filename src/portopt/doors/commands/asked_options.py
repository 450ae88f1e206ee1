"""What a question is asked of, the same for each of them: a request in a file, one's own files and words, or a stored run.

    portopt risk request.json
    portopt risk --holdings holdings.csv --prices prices.csv --policy min_risk --set limits.max_weight=0.2
    portopt risk reb-20221228-7e37ebd61420da7ada44 --buy-only

@with_asked_options
def risk(asked: AskedOptions, risk_measure: Measure = "volatility", …) -> Shown:
    request, here = posed(asked)
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.signature import with_options
from portopt.doors.commands.wanted_options import WantedOptions, said

if TYPE_CHECKING:
    from portopt.domain.request import AnyRequest, RebalanceRequest
    from portopt.runtime import Runtime

WHAT = "A strategy optimization request (JSON), - for stdin, or a stored run's id (reb-…)."
HELD = "Instead of FILE: holdings, as for `rebalance`."
OVER = "Override the policy, of a stored run too: limits.max_weight=0.12"
NAMED = "Name of the portfolio; else the holdings file's."
USUAL_POLICY = "quality_focused"
OF_A_RUN = ("policy", "sets", *(f.name for f in fields(WantedOptions)))  # in place of a stored run's own words, or over them


@dataclass(frozen=True, slots=True)
class AskedOptions:
    """The command line's words for what a question is asked of."""

    request: Annotated[str | None, typer.Argument(metavar="FILE", help=WHAT)] = None
    holdings: Annotated[str | None, typer.Option(help=HELD)] = None
    lots: Annotated[list[str] | None, typer.Option(metavar="FILE", help="Lots, as for `rebalance`.")] = None
    prices: Annotated[Path | None, typer.Option(help="Prices, as for `rebalance`.")] = None
    policy: Annotated[str | None, typer.Option(help=f"Policy id, a JSON file, or FILE#ID; else {USUAL_POLICY}.")] = None
    universe: Annotated[Path | None, typer.Option(help="Candidates, as for `rebalance`.")] = None
    benchmark: Annotated[Path | None, typer.Option(help="Benchmark weights, as for `rebalance`.")] = None
    as_of: Annotated[str | None, typer.Option(help="Use prices up to this day (2022-12-28); else the newest.")] = None
    provider: Annotated[str | None, typer.Option(help="sample, files, sql, http or yahoo; else PORTOPT_MARKET.")] = None
    portfolio_id: Annotated[str | None, typer.Option(help=NAMED)] = None
    sets: Annotated[list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help=OVER)] = None
    wanted: WantedOptions = field(default_factory=WantedOptions)


with_asked_options = with_options(AskedOptions)


def posed(asked: AskedOptions, trading_nothing: str | None = None) -> tuple[AnyRequest, Runtime | None]:
    """The request, and the installation that reads its prices: None for a request that brings its own beliefs.

    trading_nothing: the question, where what may be traded is no part of it. Raises MissingInput where nothing is asked of,
    or two things; InvalidValue for an option that would have no effect.
    """
    from portopt.domain.errors import MissingInput
    from portopt.intake.wanted import require_untraded
    from portopt.runs.asked_again import is_run
    from portopt.runtime import runtime

    if trading_nothing is not None:
        require_untraded(trading_nothing, said(asked.wanted), _option)
    if (asked.request is None) == (asked.holdings is None):
        fixes = ["a request: request.json", "your own: --holdings holdings.csv --prices prices.csv", "a stored run: reb-…"]
        raise MissingInput("give either a request file, a run's id, or --holdings", field="FILE", fixes=fixes)
    if asked.holdings is not None:
        return _of_book(asked, runtime()), runtime()
    if is_run(str(asked.request)):
        return _of_run(asked, runtime()), runtime()
    from portopt.doors.commands.documents import read_strategy_request

    _refuse(asked, (), "goes with --holdings; a request file says it itself")
    return read_strategy_request(str(asked.request)), None


def _of_book(asked: AskedOptions, here: Runtime) -> RebalanceRequest:
    from portopt.doors.commands.rebalance_options import Options, read_rebalance

    own = [f.name for f in fields(asked) if f.name not in ("request", "policy", "sets", "wanted")]
    words: dict[str, Any] = {name: getattr(asked, name) for name in own}
    words |= {"sets": tuple(asked.sets or ()), "lots": tuple(asked.lots or ()), "wanted": said(asked.wanted)}
    return read_rebalance(Options(**words, policy=asked.policy or USUAL_POLICY), here)


def _of_run(asked: AskedOptions, here: Runtime) -> AnyRequest:
    """The stored request on its own prices; --policy and --set stand over its policy."""
    from portopt.domain.errors import InvalidValue
    from portopt.domain.request import RebalanceRequest
    from portopt.runs.asked_again import request_of

    _refuse(asked, OF_A_RUN, "is the run's own: it is asked again of its own holdings and prices")
    request = request_of(str(asked.request), here)
    if isinstance(request, RebalanceRequest):
        return _with_words(request, asked, here)
    for name, value in _said(asked, ()):
        raise InvalidValue(_option(name), value, f"changes a policy, and {asked.request} has none", fix="leave it out")
    return request


def _with_words(request: RebalanceRequest, asked: AskedOptions, here: Runtime) -> RebalanceRequest:
    from portopt.doors.commands.documents import read_sets
    from portopt.doors.commands.policy_files import find_policy
    from portopt.doors.files import with_factor_returns, with_files_read
    from portopt.intake.policy import Wishes
    from portopt.intake.request import wished
    from portopt.intake.wanted import with_wanted

    if not _said(asked, ()):
        return request
    policy = request.policy if asked.policy is None else find_policy(asked.policy, here)
    wishes = with_wanted(Wishes(changes=read_sets(asked.sets or ())), with_files_read(said(asked.wanted)), _option)
    changed = wished(dataclasses.replace(request, policy=policy), wishes)
    return changed if changed.estimation.factors == request.estimation.factors else with_factor_returns(changed)


def _refuse(asked: AskedOptions, allowed: tuple[str, ...], why: str) -> None:
    """Raises InvalidValue for the first option that was said and is not allowed here."""
    from portopt.domain.errors import InvalidValue

    for name, value in _said(asked, allowed):
        raise InvalidValue(_option(name), value, why, fix=f"leave {_option(name)} out, or give --holdings in place of FILE")


def _said(asked: AskedOptions, but: tuple[str, ...]) -> list[tuple[str, Any]]:
    """Options that stand on the command line, beside what is asked of."""
    own = ((f.name, getattr(asked, f.name)) for f in fields(asked) if f.name not in ("request", "holdings", "wanted"))
    given = [*own, *said(asked.wanted).items()]
    shown = ((name, value if isinstance(value, list) else str(value)) for name, value in given if value not in (None, []))
    return [(name, value) for name, value in shown if name not in but]


def _option(name: str) -> str:
    """The field as the command line spells it."""
    return "--set" if name == "sets" else f"--{name.replace('_', '-')}"
