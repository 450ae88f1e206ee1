"""What a policy, or a strategy of one's own, would have done, from prices as a notebook has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.domain.action import Action
from portopt.domain.backtest import Membership
from portopt.domain.factor_returns import FactorReturns
from portopt.domain.request import Policy
from portopt.doors.action_files import actions_from
from portopt.doors.backtest_files import flows_from, members_from
from portopt.doors.notebook.books import benchmark_of, candidates_of, market_of, policy_of, runtime_at
from portopt.doors.notebook.displays import Drawing
from portopt.intake.book import day_of

if TYPE_CHECKING:
    import polars as pl

    from portopt.questions.through_time.question import Wanted

ASKED = (
    "capital", "rebalance", "universe", "benchmark", "start", "end", "delay", "fractional", "rounding", "actions", "members",
    "policies", "factors", "cash_flows", "prove", "seed", "path", "portfolio",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """What came of it: `weights`, `trades` and `to_frame()` as Polars frames, every number under `document`."""

    document: Mapping[str, Any]

    @property
    def summary(self) -> Mapping[str, Any]:
        """Figures after costs; None where everything was lost."""
        return self.document["summary"]["net"] or {}

    @property
    def proof(self) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = self.document["proof"]
        return found

    @property
    def weights(self) -> pl.DataFrame:
        """What was decided: a row for each decision that was carried out, a column for each asset, cash among them."""
        import polars as pl

        made = [r for r in self.document["rebalances"] if r["weights"] is not None]
        names = sorted({name for r in made for name in r["weights"]})
        rows = [{"date": date.fromisoformat(r["date"]), **{n: r["weights"].get(n, 0.0) for n in names}} for r in made]
        return pl.DataFrame(rows)

    @property
    def trades(self) -> pl.DataFrame:
        import polars as pl

        return pl.DataFrame(self.document["trades"])

    def to_frame(self) -> pl.DataFrame:
        """A row for each session: the money of this strategy and of all that it is held against, cash, drawdown."""
        import polars as pl

        days = {name: values for name, values in self.document["days"].items() if values is not None}
        return pl.DataFrame(days).with_columns(pl.col("date").str.to_date())

    def plot(self) -> Drawing:
        """The money of each, through time."""
        from portopt.reports.through_time.display import backtest_plot

        return Drawing(backtest_plot(self.document))

    def save(self, path: str | Path) -> Path:
        """The offline report as an HTML file. Raises InvalidValue where it may not be written."""
        from portopt.reports.through_time.page import write_backtest_report

        return write_backtest_report(self.document, path)

    def __repr__(self) -> str:
        from portopt.reports.backtest_terminal import verdict

        return f"Backtest({self.document['run_id']}, {verdict(self.document)})"

    def _repr_html_(self) -> str:
        from portopt.reports.through_time.display import backtest_summary

        return backtest_summary(self.document)


def backtest(
    prices: Any = None,
    policy: str | Policy | Mapping[str, Any] | Callable[..., Mapping[str, float]] | Any = "min_risk",
    *,
    capital: Any = 1_000_000,
    rebalance: str | Mapping[str, Any] | Sequence[Any] = "monthly",
    universe: Any = None,
    benchmark: Mapping[str, float] | str | Path | None = None,
    start: date | str | None = None,
    end: date | str | None = None,
    delay: int = 1,
    fractional: bool = False,
    rounding: str | None = None,
    costs: Mapping[str, Any] | None = None,
    actions: Sequence[Action] | str | Path = (),
    members: Sequence[Membership] | str | Path = (),
    policies: Sequence[tuple[date, Policy]] = (),
    factors: Sequence[tuple[date, FactorReturns]] = (),
    cash_flows: Mapping[Any, Any] | str | Path | None = None,
    limits: Mapping[str, Any] | None = None,
    prove: bool = False,
    seed: int = 1,
    path: Any = "auto",
    portfolio: str | None = None,
    home: Path | None = None,
) -> Backtest:
    """The decisions of a policy, day by day, through the live pipeline, on a ledger exact to the share and the cent.

    Args:
        prices: a Polars or pandas frame, long or wide, or a file or folder; None is the bundled sample.
        policy: an id, a Policy, a policy as data, the name of an objective; or a function of (known, held) that gives weights
            by asset, or an object with `prepare(history)`.
        rebalance: "monthly", "every 21 sessions", "drift 5%", …, or several: any of them.
        costs: what the ledger charges, {"spread_bps": 5}; None is what the policy expects, {} nothing.
        delay: sessions from the close that a decision saw to its fill. policies: later ones, by when each became known.
        rounding: "whole", "fractional", "nearest" lots repaired within the limits, or "search" for the best whole shares.
        actions, members: values, or files of them. cash_flows: {date: money in, or out below zero}, or a file. prove: show that
            no decision saw what came after it. portfolio: under which the run is kept.
    """
    from portopt.questions.backtest import backtest
    from portopt.questions.through_time.backtest import kept
    from portopt.questions.through_time.question import question

    given = dict(locals())
    runtime = runtime_at(home)
    asked = {name: given[name] for name in ASKED}
    wanted = wanted_of(**_who_decides(policy, limits, costs, runtime), **asked)
    posed, snapshot = question(wanted, market_of(prices, runtime))
    return Backtest(kept(posed, backtest(posed), snapshot, runtime))


def wanted_of(policy: Policy, *, strategy: Any = None, costs: Mapping[str, Any] | None = None, **asked: Any) -> Wanted:
    """What every question about a history may be asked, by the names of `backtest`. Raises UnknownField for another name."""
    from portopt.domain.errors import UnknownField
    from portopt.questions.through_time.question import CAPITAL, Wanted

    for name in asked:
        if name not in ASKED:
            raise UnknownField(name, ASKED, value=asked[name])
    notes: list[str] = []
    rebalance = asked.pop("rebalance", "monthly")
    beside = _beside(asked, notes)
    return Wanted(
        policy,
        capital=asked.pop("capital", CAPITAL),
        rebalance=[rebalance] if isinstance(rebalance, str | Mapping) else rebalance,
        start=day_of(asked.pop("start", None), "start"),
        end=day_of(asked.pop("end", None), "end"),
        policies=tuple(asked.pop("policies", ())),
        factors=tuple(asked.pop("factors", ())),
        costs=costs,
        strategy=strategy,
        portfolio_id=asked.pop("portfolio", None),
        notes=tuple(notes),
        **beside,
        **asked,
    )


def _who_decides(
    policy: Any, limits: Mapping[str, Any] | None, costs: Mapping[str, Any] | None, runtime: Any
) -> dict[str, Any]:
    """A policy, or a strategy of one's own; that one expects no costs, so none are charged where none are said."""
    from portopt.questions.through_time.question import plain_policy

    if callable(policy) or hasattr(policy, "prepare"):
        return {"policy": plain_policy("min_risk", "own strategy"), "strategy": policy, "costs": costs or {}}
    return {"policy": with_limits(policy_or_goal(policy, runtime), limits), "costs": costs}


def _beside(asked: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """What is read of values or of files, by its name; taken out of what was asked."""
    universe = asked.pop("universe", None)
    return {
        "universe": candidates_of(universe, notes),
        "benchmark": benchmark_of(asked.pop("benchmark", None), (universe,), notes),
        "actions": actions_from(asked.pop("actions", ()), notes),
        "members": members_from(asked.pop("members", ()), notes),
        "cash_flows": flows_from(asked.pop("cash_flows", None), notes),
    }


def policy_or_goal(policy: Any, runtime: Any) -> Policy:
    """A policy by id, as it is or as data; or of an objective's name alone."""
    from portopt.domain.errors import UnknownPolicy
    from portopt.questions.through_time.question import plain_policy
    from portopt.terms.catalog import is_objective

    if isinstance(policy, Mapping) and "policies" not in policy:
        policy = {"id": "policy", "name": policy.get("id", "policy"), **policy}
    try:
        return policy_of(policy, runtime)
    except UnknownPolicy:
        if not is_objective(policy):
            raise
        return plain_policy(policy)


def with_limits(policy: Policy, limits: Mapping[str, Any] | None) -> Policy:
    from portopt.intake.policy import Wishes, laid_over

    return laid_over(policy, Wishes(limits={} if limits is None else limits))
