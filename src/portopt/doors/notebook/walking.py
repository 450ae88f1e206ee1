"""Whether a policy, and the choice of its parameters, would have held; and policies side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.doors.notebook.backtesting import Backtest, policy_or_goal, wanted_of, with_limits
from portopt.doors.notebook.books import market_of, runtime_at
from portopt.doors.notebook.displays import Drawing

if TYPE_CHECKING:
    import polars as pl

OF_WINDOWS = ("number", "variant", "training_sharpe", "status", "began_with", "total_return", "sharpe")


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """What came of it: `windows` and `trials` as Polars frames, the `gate`'s verdict, every number under `document`.

    backtest: the walk itself, all test windows on one ledger.
    """

    document: Mapping[str, Any]

    @property
    def backtest(self) -> Backtest:
        return Backtest(self.document)

    @property
    def promoted(self) -> bool:
        """Whether every condition of the gate holds."""
        return bool(self.document["gate"] and self.document["gate"]["promoted"])

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is rejected; () where it is promoted."""
        return tuple(self.document["gate"]["reasons"]) if self.document["gate"] else ("there are no returns to judge",)

    @property
    def windows(self) -> pl.DataFrame:
        """A row for each window: its test, what it chose and how that did before and after."""
        import polars as pl

        rows = [
            {**{name: w[name] for name in OF_WINDOWS}, "first": w["test"]["first"], "last": w["test"]["last"], **w["changes"]}
            for w in self.document["windows"]
        ]
        return pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col("first", "last").str.to_date())

    @property
    def trials(self) -> pl.DataFrame:
        """A row for each variant over all of the tests, had it been held throughout."""
        import polars as pl

        names = ("annual_return", "volatility", "sharpe", "max_drawdown")
        rows = [
            {"variant": one["variant"], **one["changes"], "chosen": one["chosen"], "failed": one["failed"],
             **{name: (one["figures"] or {}).get(name) for name in names}}
            for one in self.document["trials"]["variants"]
        ]  # fmt: skip
        return pl.DataFrame(rows, infer_schema_length=None)

    def save(self, path: str | Path) -> Path:
        """The offline report as an HTML file. Raises InvalidValue where it may not be written."""
        return self.backtest.save(path)

    def __repr__(self) -> str:
        return f"Walk({self.document['run_id']}, {'promoted' if self.promoted else f'rejected: {self.reasons[0]}'})"

    def _repr_html_(self) -> str:
        return self.backtest._repr_html_()


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What came of it: `figures` and `pairs` as Polars frames, every number under `document`."""

    document: Mapping[str, Any]

    @property
    def figures(self) -> pl.DataFrame:
        """A row for each strategy, net and gross."""
        import polars as pl

        names = ("annual_return", "volatility", "sharpe", "max_drawdown")
        rows = [
            {"strategy": one["name"], "asked": one["asked"], "costs": one["costs"],
             **{f"{name}_{kind}": (one["summary"][kind] or {}).get(name) for kind in ("net", "gross") for name in names}}
            for one in self.document["strategies"]
        ]  # fmt: skip
        return pl.DataFrame(rows, infer_schema_length=None)

    @property
    def pairs(self) -> pl.DataFrame:
        """A row for each paired test, after costs: differences are annual, p-values two-sided."""
        import polars as pl

        rows = [{"first": one["first"], "second": one["second"], **one["net"]} for one in self.document["pairs"]]
        return pl.DataFrame(rows, infer_schema_length=None)

    def to_frame(self) -> pl.DataFrame:
        """A row for each session: the money of each strategy, after costs."""
        import polars as pl

        held = {one["name"]: one["days"]["net"] for one in self.document["strategies"] if one["days"]["net"] is not None}
        dates = self.document["strategies"][0]["days"]["date"]
        return pl.DataFrame({"date": dates, **held}).with_columns(pl.col("date").str.to_date())

    def plot(self) -> Drawing:
        """The money of each strategy, after costs."""
        from portopt.reports.through_time.display import comparison_plot

        return Drawing(comparison_plot(self.document))

    def save(self, path: str | Path) -> Path:
        """The offline report as an HTML file. Raises InvalidValue where it may not be written."""
        from portopt.reports.through_time.page import write_backtest_report

        return write_backtest_report(self.document, path)

    def __repr__(self) -> str:
        return f"Comparison({self.document['run_id']}, {', '.join(one['name'] for one in self.document['strategies'])})"

    def _repr_html_(self) -> str:
        from portopt.reports.through_time.display import comparison_summary

        return comparison_summary(self.document)


def walk_forward(
    prices: Any = None,
    policy: Any = "min_risk",
    *,
    vary: Mapping[str, Sequence[Any]] | None = None,
    train: int = 756,
    test: int = 252,
    expanding: bool = False,
    purge: int = 0,
    embargo: int = 0,
    paths: tuple[int, int] | None = (10, 2),
    starts: int = 1,
    prove: bool = False,
    limits: Mapping[str, Any] | None = None,
    home: Path | None = None,
    **asked: Any,
) -> Walk:
    """Walk a policy forward: parameters chosen in training windows alone, judged on what came after, every trial counted.

    Args:
        prices, policy, asked: as of `backtest`.
        vary: {path in the policy: values to try}. train, test, purge, embargo: sessions. paths: of the cross-validation, None
            for none. starts: from how many days the walk is begun, side by side.
    Raises:
        InvalidValue, UnknownField for windows or values that mean nothing, DataError for a history that is too short.
    """
    from portopt.domain.walk import WalkForward
    from portopt.questions.through_time.question import question
    from portopt.questions.through_time.walk_forward import kept
    from portopt.questions.walk_forward import walk_forward as walked_forward

    runtime = runtime_at(home)
    tried = {name: tuple(values) for name, values in (vary or {}).items()}
    walk = WalkForward(train, test, expanding, purge, embargo, tried, *(paths or (0, 2)), starts)
    wanted = wanted_of(with_limits(policy_or_goal(policy, runtime), limits), prove=prove, **asked)
    posed, snapshot = question(wanted, market_of(prices, runtime))
    found = walked_forward(posed, walk, registry=runtime.trials)
    return Walk(kept(posed, found, snapshot, runtime))


def compare(
    prices: Any = None,
    policies: Sequence[Any] = ("min_risk", "max_sharpe"),
    *,
    frontier: int = 0,
    limits: Mapping[str, Any] | None = None,
    home: Path | None = None,
    **asked: Any,
) -> Comparison:
    """Policies side by side on one history: with 1/N, least variance, the benchmark and doing nothing, net and gross.

    Args:
        prices, asked: as of `backtest`. policies: each as there. limits: laid over each. frontier: points of the frontier of
            one policy, each a book of its own, in place of several policies.
    """
    from portopt.questions.comparison import compare as side_by_side
    from portopt.questions.through_time import comparison as questions

    runtime = runtime_at(home)
    each = [with_limits(policy_or_goal(policy, runtime), limits) for policy in policies]
    wanted = wanted_of(each[0] if each else policy_or_goal("min_risk", runtime), **asked)
    posed, snapshot = questions.posed(wanted, each, market_of(prices, runtime), points=frontier)
    return Comparison(questions.kept(posed, side_by_side(posed), snapshot, runtime))
