"""A rebalance as a person fills it in: ids, file names and a few choices. `resolve` makes the complete request of it.

The run form of the user interface is built from `RebalanceForm`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from portopt.dialects.portfolio import Wish, read_wish
from portopt.dialects.reading import mapping_of, parse_json
from portopt.domain.request import Policy, RebalanceRequest
from portopt.doors import form_fields as shared
from portopt.doors.files import SAMPLE, BookNames, priced_by, read_book, with_factor_returns
from portopt.doors.form_fields import ShippedPolicy, field, optional
from portopt.intake.policy import Wishes
from portopt.intake.request import rebalance_request
from portopt.intake.wanted import Wanted, with_wanted
from portopt.questions import policies

if TYPE_CHECKING:
    from portopt.runtime import Runtime

Goal = Literal[
    "policy", "max_sharpe", "min_risk", "max_return", "min_tracking_error", "risk_parity", "hierarchical", "equal_weight",
    "max_diversification",
]  # fmt: skip
Measure = Literal[
    "volatility", "semideviation", "mad", "gini_mean_difference", "var", "cvar", "wasserstein_cvar", "evar",
    "worst_realization", "max_drawdown", "average_drawdown", "cdar", "ulcer_index",
]  # fmt: skip


class RebalanceForm(BaseModel):
    """What to rebalance, on which prices, under which policy. As it stands, the form rebalances the sample book."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    portfolio_id: str = shared.portfolio(1)
    holdings: str = field(
        2, SAMPLE, "Holdings",
        "sample: the demonstration book. store: the portfolio as its last run found it. A file: CSV, Parquet or XLSX "
        "with asset and shares, where the worker can read it.",
        {"title": "by name", "enum": [SAMPLE, "store"]}, {"title": "a file"},
        max_length=1024,
    )  # fmt: skip
    provider: str = field(
        3, SAMPLE, "Prices",
        "sample: 20 US stocks to 2022, stale. sql and http: the services in the settings. yahoo: the network. "
        "Files: files:PATH, a file or folder of prices, or files for the one in the settings.",
        {"title": "source", "enum": [SAMPLE, "sql", "http", "yahoo"]}, {"title": "files", "pattern": "^files(:.+)?$"},
        max_length=1024, pattern="^(sample|files(:.+)?|sql|http|yahoo)$",
    )  # fmt: skip
    as_of: date | None = optional(4, "As of", "Use prices up to this day. Empty: the newest there are.")
    policy: ShippedPolicy = shared.policy(
        5,
        "quality_focused: quality, close to the benchmark. aggressive_growth: larger positions, further from it. "
        "conservative_income: only the best quality, little trading.",
    )  # fmt: skip
    custom_policy: str | None = shared.own_policy(6)
    max_turnover: float | None = optional(
        7, "Turnover limit", "One-way, as a fraction: 0.2 is 20 %. Empty: the policy's own.", gt=0, le=2
    )
    max_tracking_error: float | None = optional(
        8, "Tracking-error limit", "Annual, as a fraction: 0.02 is 2 %. Empty: the policy's own.", gt=0, le=1
    )
    universe: str | None = shared.file_of(
        9, "Candidates file", "What may be bought, with sector, asset class and quality score. "
        "Empty: the sample's candidates on sample prices, otherwise only what is held.",
    )  # fmt: skip
    benchmark: str | None = shared.file_of(
        10, "Benchmark file", "Weights by asset. Empty: the sample's benchmark on sample prices, otherwise none."
    )
    fractional: bool = field(11, False, "Fractional shares", "Off: whole shares only, unless the policy allows fractions.")
    approval_hours: float = field(
        12, 0.0, "Hours to wait for approval",
        "0 releases the event at once. Otherwise the run pauses with the proposal; nobody approving in time is a no.",
        ge=0, le=168,
    )  # fmt: skip
    only_on_trading_days: bool = field(
        13, False, "Only on trading days", "On: the run ends as Skipped when the exchange is closed that day."
    )
    frontier: bool = field(14, True, "Draw the frontier", "Also compute the efficient frontier for the report.")
    goal: Goal = field(
        15, "policy", "Goal",
        "policy: what the policy seeks. max_sharpe: most return for its risk. min_risk: least risk. risk_parity: every "
        "asset the same share of risk. hierarchical: risk spread over groups of assets that move together. equal_weight: the "
        "same of everything that may be held. max_diversification: most volatility of the parts for that of the whole.",
    )  # fmt: skip
    risk_measure: Measure = field(
        16, "volatility", "Risk measure",
        "What risk means for the goals max_sharpe and min_risk. Scenario measures look one period ahead, at 95 % where they "
        "need a confidence.",
    )  # fmt: skip
    request: str | None = optional(
        17, "Optimization request", "A request in JSON, as another service would send it: optimization_type, objective, "
        "risk_measure, constraints, preferences. Empty: none.",
        max_length=100_000,
    )  # fmt: skip
    changes: str | None = shared.changes(18, '{"limits.max_positions": 12, "limits.min_position": 0.02}')
    job: str | None = shared.job(19, "request")
    deposit: str | None = optional(
        20, "Money in", "An amount that comes in, to be invested: 50000. Empty: none.", max_length=shared.LONGEST_AMOUNT
    )
    withdraw: str | None = optional(
        21, "Money out", "An amount to be raised: 30000. By itself no more is sold than it takes, and nothing is bought. "
        "Empty: none.",
        max_length=shared.LONGEST_AMOUNT,
    )  # fmt: skip
    by: date | None = optional(22, "Due on", "The day on which money out is due. Empty: not said.")
    rebalance: bool = field(23, False, "Rebalance with money out", "On: what the policy seeks is sought too.")
    buy_only: bool = field(24, False, "Sell nothing", "On: positions are kept or added to.")
    sell_only: bool = field(25, False, "Buy nothing", "On: positions are kept or reduced.")
    do_not_buy: str | None = shared.assets(26, "Not bought")
    do_not_sell: str | None = shared.assets(27, "Not sold")
    keep: str | None = shared.assets(28, "Neither bought nor sold")
    max_trades: int | None = optional(29, "Trades at most", "A whole number. Empty: the policy's own.", ge=0, le=100_000)
    names: int | None = optional(30, "Positions at most", "A whole number. Empty: the policy's own.", ge=0, le=100_000)
    no_worse: bool = field(
        31, False, "Mend nothing", "On: a limit that is missed already need not be mended, only not be missed by more."
    )
    lots: str | None = shared.file_of(
        32, "Lots file", "The lots that the holdings lie in, as the broker exports them: day of purchase, shares and cost. "
        "Empty: what the holdings say of lots themselves.",
    )  # fmt: skip
    confirm_shares: str | None = optional(
        33, "Shares confirmed", "Assets whose shares are those of the prices' day, whatever it looks like: AAPL, MSFT. "
        "Empty: none.",
        max_length=shared.LONGEST_TEXT,
    )  # fmt: skip
    split: str | None = optional(
        34, "Splits since the holdings", "Shares and lots are converted by them: AAPL=4:1, XYZ=1:10. Empty: none.",
        max_length=shared.LONGEST_TEXT,
    )  # fmt: skip

    @property
    def title(self) -> str:
        """How a run of it is called among others."""
        return f"{self.portfolio_id} under {self.policy}" if self.job is None else self.job


def resolve(
    form: RebalanceForm,
    runtime: Runtime,
    *,
    policy: Policy | None = None,
    limits: Mapping[str, Any] | None = None,
) -> RebalanceRequest:
    """The complete request: files read, policy found, the form's wishes laid over it.

    policy: one already read, instead of the form's. limits: {limit kind: value}, on top of the form's own.
    Raises RequestError for what cannot be found and DataError for what cannot be used.
    """
    wishes = wishes_of(form, limits or {})
    book = read_book(names_of(form, wishes.foreign), runtime)
    chosen = policy or policies.policy(form.custom_policy or form.policy, runtime)
    request = rebalance_request(book, chosen, wishes, as_of=form.as_of)
    return with_factor_returns(priced_by(request, form.provider))


def names_of(form: RebalanceForm, foreign: Wish | None = None) -> BookNames:
    """The form's names; a request for a portfolio is for that one where the form was left at the demonstration's."""
    asked = None if foreign is None or form.portfolio_id != SAMPLE else foreign.portfolio_id
    on_sample = form.provider == SAMPLE
    lots = () if form.lots is None else (form.lots,)
    return BookNames(asked or form.portfolio_id, form.holdings, form.universe, form.benchmark, on_sample, lots)


def wishes_of(form: RebalanceForm, limits: Mapping[str, Any]) -> Wishes:
    """What the form asks in place of the policy's words. Raises RequestError for a document that cannot be read."""
    desk = Wanted(**form.model_dump(include=set(Wanted.__annotations__)))  # type: ignore[typeddict-item]  # the same names
    boxes = {"max_turnover": form.max_turnover, "max_tracking_error": form.max_tracking_error}
    wishes = Wishes(
        foreign=read_wish(parse_json(form.request)) if form.request else None,
        goal=form.goal,
        risk_measure=form.risk_measure,
        changes=mapping_of(parse_json(form.changes), "changes") if form.changes else {},
        limits={**{name: value for name, value in boxes.items() if value is not None}, **limits},
        fractional=form.fractional or None,
    )
    return with_wanted(wishes, desk)
