"""Every figure that is watched: its name, whom it is of, its unit, and what it says.

The name is the same in a rule, in the store, in Prometheus (with `portopt_` before it and the unit behind it) and on the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    FRACTION = "ratio"  # 0.2 is 20 %
    SECONDS = "seconds"
    DAYS = "days"
    COUNT = "count"
    MONEY = "money"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Watched:
    """A figure of the catalog. labels: whom it is of, by name. says: one sentence, for documentation, pages and Prometheus."""

    name: str
    labels: tuple[str, ...]
    unit: Unit
    says: str


BOOK = ("portfolio",)

BOOKS = (
    Watched("book_value", BOOK, Unit.MONEY, "Value of the book at the newest prices, cash included."),
    Watched("book_cash", BOOK, Unit.FRACTION, "Cash as a share of the book."),
    Watched("book_drift", BOOK, Unit.FRACTION, "Largest distance of a weight from its target; held against the policy's band."),
    Watched("book_drift_turnover", BOOK, Unit.FRACTION, "Half the sum of distances from the targets: what would be traded."),
    Watched("book_violation", BOOK, Unit.FRACTION, "How far the live book is over its worst limit, as a share of that limit."),
    Watched("book_limits_broken", BOOK, Unit.COUNT, "Limits of the policy that the live book does not keep."),
    Watched("book_tracking_error", BOOK, Unit.FRACTION, "Ex-ante tracking error a year; held against the policy's limit."),
    Watched("book_volatility", BOOK, Unit.FRACTION, "Ex-ante volatility a year; held against the policy's limit."),
    Watched(
        "book_volatility_ratio",
        BOOK,
        Unit.NUMBER,
        "Realized over forecast volatility, each day by the proposal in force on it: 1 is calibrated.",
    ),
    Watched(
        "book_var_exceptions", BOOK, Unit.NUMBER, "Probability of as many losses beyond the 95 % VaR, were it right (binomial)."
    ),
    Watched("book_price_age", BOOK, Unit.COUNT, "Exchange sessions since the oldest price that the book is valued by."),
    Watched(
        "book_suspicious_prices", BOOK, Unit.COUNT, "Assets whose prices look wrong: jumps, repeats, gaps, splits unaccounted."
    ),
    Watched("book_proposal_age", BOOK, Unit.DAYS, "Days since the newest released proposal."),
    Watched(
        "book_unfilled",
        BOOK,
        Unit.FRACTION,
        "Share of the last released proposal's trades, by money, that the holdings do not show.",
    ),
    Watched(
        "book_cost_ratio",
        BOOK,
        Unit.NUMBER,
        "Realized over expected cost of the past year's proposals, as far as holdings tell it.",
    ),
    Watched(
        "book_return_gap",
        BOOK,
        Unit.NUMBER,
        "Realized less expected return, each day by the proposal in force on it, in standard deviations of the forecast.",
    ),
    Watched(
        "book_tracking_ratio",
        BOOK,
        Unit.NUMBER,
        "Realized over expected tracking error, each day by the proposal in force on it.",
    ),
    Watched(
        "proposal_volatility",
        ("portfolio", "run"),
        Unit.FRACTION,
        "Volatility a year that a released proposal expected, of the instant of its release; the rest of it is its detail.",
    ),
)
RUNS = (
    Watched("run_seconds_p50", ("stage", "size"), Unit.SECONDS, "Median seconds of a stage, by the number of assets."),
    Watched("run_seconds_p95", ("stage", "size"), Unit.SECONDS, "95th percentile of a stage's seconds."),
    Watched("run_seconds_p99", ("stage", "size"), Unit.SECONDS, "99th percentile of a stage's seconds."),
    Watched("runs_ended", (), Unit.COUNT, "Runs that ended in the window: what the shares are of."),
    Watched("runs_failed", (), Unit.FRACTION, "Share of runs in the window that failed."),
    Watched("runs_infeasible", (), Unit.FRACTION, "Share of runs in the window with contradictory limits."),
    Watched("runs_stuck", (), Unit.COUNT, "Runs that were begun, are not ended, and that nobody works on."),
    Watched("runs_waiting_approval", (), Unit.SECONDS, "How long the oldest proposal has waited for a person."),
    Watched("certificate_violation", (), Unit.NUMBER, "Worst violation of a limit among the window's certificates."),
    Watched("certificate_gap", (), Unit.NUMBER, "Worst relative optimality gap among the window's certificates."),
    Watched(
        "quality_gap",
        ("engine",),
        Unit.NUMBER,
        "How much better another engine did on a sample of recent problems; 0 or less is as good.",
    ),
    Watched("quality_checked", ("engine",), Unit.COUNT, "Problems of the sample that the other engine could be asked."),
)
SERVICE = (
    Watched("outbox_age", (), Unit.SECONDS, "Age of the oldest event that is not delivered."),
    Watched("outbox_waiting", (), Unit.COUNT, "Events that are not delivered."),
    Watched("outbox_parked", (), Unit.COUNT, "Events that their receiver refused too often."),
    Watched("jobs_waiting", (), Unit.COUNT, "Jobs that nobody has taken up."),
    Watched("jobs_oldest", (), Unit.SECONDS, "How long the oldest of them has waited."),
    Watched("store_up", (), Unit.COUNT, "1 where the database answers."),
    Watched("measured_gap", (), Unit.SECONDS, "Since the measurement before this one; held against what is late."),
    Watched(
        "channel_silent",
        ("channel",),
        Unit.SECONDS,
        "How long a channel of alerts has delivered nothing though notices wait for it; 0 where none waits.",
    ),
    Watched("broker_up", (), Unit.COUNT, "1 where the broker answers; absent where events go to a local log."),
    Watched("disk_free", (), Unit.FRACTION, "Share of the disk under the home that is free."),
    Watched(
        "service_availability",
        (),
        Unit.FRACTION,
        "Share of a day's jobs that were not failed by us.",
    ),
    Watched("error_budget_left", (), Unit.FRACTION, "What is left of the month's error budget; below 0 it is spent."),
    Watched(
        "prices_stale_assets",
        (),
        Unit.COUNT,
        "Assets of any book whose newest price is older than its exchange's last session.",
    ),
    Watched("rules_refused", (), Unit.COUNT, "Faults in the deployment's own alert rules, which are not in force meanwhile."),
)
CATALOG: dict[str, Watched] = {one.name: one for one in (*BOOKS, *RUNS, *SERVICE)}
