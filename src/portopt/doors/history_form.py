"""A backtest, a walk-forward, a comparison as a person fills them in: ids, file names, a few choices. As they stand, all run.

The run forms of the user interface are built from them; `resolve` makes the question of one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from portopt.dialects.backtest_bodies import MOST_DATED, read_later
from portopt.dialects.backtests import walk_from_data
from portopt.dialects.reading import list_of, mapping_of, parse_json
from portopt.domain.request import Policy
from portopt.domain.universe import CASH, Universe
from portopt.doors import form_fields as shared
from portopt.doors.backtest_files import read_beside
from portopt.doors.files import SAMPLE
from portopt.doors.form_fields import ShippedPolicy, field, optional
from portopt.intake.policy import Wishes, laid_over
from portopt.questions import policies
from portopt.questions.through_time.backtest import opened
from portopt.questions.through_time.comparison import beside_one_another, require_names, require_points
from portopt.questions.through_time.question import Wanted, checked, question_of
from portopt.runs.through_time.question import Question

if TYPE_CHECKING:
    from portopt.runtime import Runtime

OFTEN = ["daily", "weekly", "monthly", "quarterly", "yearly"]
OF_WINDOWS = ("train", "test", "expanding", "purge", "embargo", "groups", "tested", "starts")
FILES = ("universe", "benchmark", "actions", "members", "flows")


class HistoryForm(BaseModel):
    """What every question about a history asks: which policy, on which prices, with which money."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    portfolio_id: str = shared.portfolio(1)
    provider: str = field(
        2, SAMPLE, "Prices",
        "sample: 20 US stocks, 1990 to 2022, stale. sql and http: the services in the settings. yahoo: the network. "
        "Files: files:PATH. A pricing pack that is kept: pack:ID.",
        {"title": "source", "enum": [SAMPLE, "sql", "http", "yahoo"]},
        {"title": "files or a pack", "pattern": "^(files(:.+)?|pack:.+)$"},
        max_length=1024, pattern="^(sample|files(:.+)?|pack:.+|sql|http|yahoo)$",
    )  # fmt: skip
    policy: ShippedPolicy = shared.policy(3, "The policy that is put to the past.")
    custom_policy: str | None = shared.own_policy(4)
    capital: float = field(5, 1_000_000.0, "Capital", "Money to begin with.", gt=0, le=1e14)
    rebalance: str = field(
        6, "monthly", "When to decide",
        "Or in words: every 21, drift 5%, volatility 20%, tracking error 3%, last of month XNYS; several by semicolons.",
        {"title": "often", "enum": OFTEN}, {"title": "in words"}, max_length=400,
    )  # fmt: skip
    start: date | None = optional(7, "From", "First day of the history. Empty: as soon as the policy has enough prices.")
    end: date | None = optional(8, "To", "Last day of prices. Empty: the newest there are.")
    universe: str | None = shared.file_of(
        9, "Candidates file", "What may be held, with sector, asset class and quality score. "
        "Empty: the sample's candidates on sample prices, otherwise everything that has a price.",
    )  # fmt: skip
    benchmark: str | None = shared.file_of(
        10, "Benchmark file", "Weights by asset. Empty: the sample's on sample prices, otherwise none."
    )
    delay: int = field(11, 1, "Delay", "Sessions from the close that a decision saw to its fills.", ge=0, le=250)
    fractional: bool = field(12, False, "Fractional shares", "Off: whole shares only.")
    rounding: Literal["nearest", "search"] = field(
        13, "nearest", "Rounding", "nearest: lots repaired within the limits. search: the best whole shares; it takes longer."
    )
    seed: int = field(14, 1, "Seed", "Of all that is drawn; others get the same with it.", ge=0, le=2**31 - 1)
    changes: str | None = shared.changes(15, '{"limits.max_turnover": 0.3}')
    actions: str | None = shared.file_of(
        16, "Corporate actions file", "Splits, dividends, spin-offs, delistings, beside raw prices. Empty: none."
    )
    members: str | None = shared.file_of(17, "Members file", "Who belonged to the universe when. Empty: all of it, always.")
    flows: str | None = shared.file_of(18, "Cash flows file", "Money in, or out below zero, by date. Empty: none.")
    later: str | None = optional(
        19, "Later policies", "Policies by the day from which each decides, in JSON: "
        '[{"date": "2020-01-02", "policy": "conservative_income"}], with known_from where it was known before. Empty: none.',
        max_length=shared.LONGEST_TEXT,
    )  # fmt: skip
    job: str | None = shared.job(20, "question")

    @property
    def title(self) -> str:
        """How a run of it is called among others: the policy and the period."""
        if self.job is not None:
            return self.job
        since, until = (day.isoformat() if day else "…" for day in (self.start, self.end))
        return f"{self.custom_policy or self.policy}, {since} to {until}"


class BacktestForm(HistoryForm):
    """Which policy on which prices. As it stands, the form backtests the sample's stocks."""

    prove: bool = field(
        21,
        True,
        "Prove that nothing looked ahead",
        "On: decisions are made again with everything after them replaced by noise.",
    )


class WalkForwardForm(HistoryForm):
    """Which variants of which policy on which prices. As it stands, the form walks over the sample's stocks."""

    prove: bool = field(21, False, "Prove that nothing looked ahead", "On: the walk that was held is proven as a backtest is.")
    train: int = field(22, 756, "Training window", "Sessions in which a variant is chosen.", ge=2, le=100_000)
    test: int = field(23, 252, "Test window", "Sessions after it, in which the variant is judged.", ge=1, le=100_000)
    expanding: bool = field(24, False, "Expanding", "On: training begins at the first session always.")
    purge: int = field(25, 0, "Purge", "Sessions between training and test that belong to neither.", ge=0, le=100_000)
    embargo: int = field(26, 0, "Embargo", "Sessions after a test window that no later training sees.", ge=0, le=100_000)
    vary: str = field(
        27, '{"estimation.lookback": [126, 252]}', "Vary", "Values to try by path in the policy, in JSON.", max_length=100_000
    )
    groups: int = field(
        28, 0, "Paths of cross-validation", "In how many parts the history is cut, 10 for one; 0: none.", ge=0, le=30
    )
    tested: int = field(29, 2, "Parts tested at once", "Of these parts, for each of its splits.", ge=1, le=29)
    starts: int = field(30, 1, "Start dates side by side", "From how many days the walk is begun.", ge=1, le=100)

    @property
    def windows(self) -> dict[str, Any]:
        """As the service takes them."""
        lengths = {name: getattr(self, name) for name in OF_WINDOWS}
        return {**lengths, "vary": mapping_of(parse_json(self.vary), "vary")}


class ComparisonForm(HistoryForm):
    """Which policies beside one another. As it stands, two of the shipped ones on the sample's stocks."""

    beside: str = field(
        21, "conservative_income", "Beside it", "Ids of the other policies, by commas. Empty: none.",
        max_length=shared.LONGEST_TEXT,
    )  # fmt: skip
    frontier: int = field(
        22, 0, "Points of the frontier", "So many of the policy's own frontier instead, each a book; 0: none.", ge=0, le=50
    )


def resolve(form: HistoryForm, runtime: Runtime) -> Question:
    """The complete question: files read, policies found, changes laid over them.

    Raises RequestError for what cannot be found and DataError for what cannot be used.
    """
    wishes = Wishes(changes=mapping_of(parse_json(form.changes), "changes") if form.changes else {})
    policy = laid_over(policies.policy(form.custom_policy or form.policy, runtime), wishes)
    asked = _asked(form, policy, runtime)
    if isinstance(form, WalkForwardForm):
        return replace(asked, kind="walk_forward", walk=walk_from_data(form.windows))
    if isinstance(form, ComparisonForm):
        names = [] if form.frontier else [name.strip() for name in form.beside.split(",") if name.strip()]
        others = [laid_over(policies.policy(name, runtime), wishes) for name in names]
        require_names([policy.id, *(other.id for other in others)], "beside")
        require_points(form.frontier, [policy, *others])
        return beside_one_another(asked, others, charged=True, points=form.frontier)
    return asked


def _asked(form: HistoryForm, policy: Policy, runtime: Runtime) -> Question:
    files = {name: getattr(form, name) for name in FILES}
    beside = read_beside(on_sample=form.provider == SAMPLE, **{name: path and Path(path) for name, path in files.items()})
    later = read_later(list_of(parse_json(form.later), "later", most=MOST_DATED) if form.later else [], "later")
    wanted = Wanted(
        policy,
        capital=Decimal(repr(form.capital)),
        rebalance=tuple(words.strip() for words in form.rebalance.split(";") if words.strip()),
        start=form.start,
        end=form.end,
        delay=form.delay,
        fractional=form.fractional,
        rounding=None if form.rounding == "nearest" else form.rounding,
        policies=tuple((day, named if isinstance(named, Policy) else policies.policy(named, runtime)) for day, named in later),
        prove=getattr(form, "prove", False),
        seed=form.seed,
        portfolio_id=form.portfolio_id,
        **beside,
    )
    checked(wanted)
    return question_of(wanted, wanted.universe or _priced(form, policy, runtime), form.provider)


def _priced(form: HistoryForm, policy: Policy, runtime: Runtime) -> Universe:
    """All that has a price."""
    ids = opened(runtime.market(form.provider), policy.data, None, form.end).asset_ids
    return Universe.of([asset_id for asset_id in ids if asset_id.upper() != CASH])
