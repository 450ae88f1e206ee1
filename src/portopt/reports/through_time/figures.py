"""The figures of a history as the page and the tables show them: one table of names, units and meanings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Unit = Literal["percent", "ratio"]


class Figure(NamedTuple):
    """path: where a summary has it. meaning: for who does not know it, with the convention where there are several."""

    path: str
    name: str
    unit: Unit
    meaning: str


FIGURES = (
    Figure("total_return", "Total return", "percent", "Compounded, first close to last; money in or out is no return."),
    Figure("annual_return", "Return a year", "percent", "The constant return of a year of 252 sessions with the same total."),
    Figure("volatility", "Volatility a year", "percent", "Standard deviation of daily returns, T − 1, times the root of 252."),
    Figure("sharpe", "Sharpe ratio", "ratio", "Mean daily return over the risk-free rate, by its standard deviation; annual."),
    Figure("sortino", "Sortino ratio", "ratio", "The same, by the root mean square of what falls short of that rate."),
    Figure("calmar", "Calmar ratio", "ratio", "Return a year over the deepest drawdown."),
    Figure("max_drawdown", "Deepest drawdown", "percent", "The largest fall from the highest value before, at closes."),
    Figure("worst_day.value", "Worst day", "percent", "The lowest daily return."),
    Figure("worst_month.value", "Worst month", "percent", "The lowest compounded return of a calendar month."),
    Figure("best_month.value", "Best month", "percent", "The highest compounded return of a calendar month."),
    Figure("var_95", "VaR 95 %, a day", "percent", "The loss that 95 % of the days did not exceed; a loss is positive."),
    Figure("cvar_95", "CVaR 95 %, a day", "percent", "The mean of the worst 5 % of daily losses, the day at the edge in part."),
    Figure("skewness", "Skewness", "ratio", "Third standardized moment, daily; below zero losses have the long tail."),
    Figure("excess_kurtosis", "Excess kurtosis", "ratio", "Fourth standardized moment less 3, daily; above zero: fat tails."),
    Figure("hit_rate", "Days that gained", "percent", "Of the days that gained or lost, those that gained."),
    Figure("active.active_return", "Active return a year", "percent", "Mean daily return less the benchmark's, times 252."),
    Figure("active.tracking_error", "Tracking error a year", "percent", "Deviation of daily returns less the benchmark's."),
    Figure("active.information_ratio", "Information ratio", "ratio", "Active return over tracking error."),
    Figure("active.beta", "Beta", "ratio", "Slope of daily returns on the benchmark's."),
    Figure("active.alpha", "Alpha a year", "percent", "Jensen's: what is left over beta times the benchmark's excess return."),
    Figure("active.up_capture", "Capture, up", "percent", "Return on the days the benchmark gained, over its own; annual."),
    Figure("active.down_capture", "Capture, down", "percent", "The same of the days on which the benchmark lost."),
)  # fmt: skip

TERMS = (
    ("Net, gross", "After every cost of trading; and what it had been had orders cost nothing, compounded."),
    ("Doing nothing", "The first portfolio, bought and never traded again."),
    ("Equal weights", "One part in N of every asset, bought back to equal on the dates of the rebalances."),
    ("Drawdown", "Value below its highest so far, as a fraction of it. Open: the old height had not been reached at the end."),
    ("Turnover", "Half of what was bought plus sold, as a fraction of the portfolio."),
    ("Price of a limit", "What the objective would gain from one more unit of room; zero for a limit that does not bind."),
    ("Look-ahead proof", "Each decision made once more with everything after it replaced by noise; none may change."),
    ("Point in time", "The assets that could be chosen from on a date are those that were known to belong on that date."),
)  # fmt: skip


def figure(summary: Mapping[str, Any] | None, path: str) -> Any:
    """The figure at that path of a summary; None where it has none."""
    value: Any = summary
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
