"""A backtest and a walk-forward as a person fills them in: ids, file names and a few choices. As they stand, both run.

The run forms of the user interface are built from `BacktestForm` and `WalkForwardForm`; `resolve` makes the question of them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from portopt.dialects.backtests import walk_from_data
from portopt.dialects.reading import mapping_of, parse_json
from portopt.domain.backtest import BacktestRequest
from portopt.domain.request import Policy
from portopt.domain.universe import CASH, Universe
from portopt.doors.backtest_files import read_beside
from portopt.doors.files import SAMPLE
from portopt.doors.form import ShippedPolicy
from portopt.doors.form_fields import field, optional
from portopt.intake.policy import Wishes, laid_over
from portopt.questions import policies
from portopt.questions.through_time.backtest import opened
from portopt.questions.through_time.question import Wanted, checked, request_of
from portopt.runs.through_time.question import Question
from portopt.simulation.charged import charged_by_policy

if TYPE_CHECKING:
    from portopt.runtime import Runtime

OFTEN = ["daily", "weekly", "monthly", "quarterly", "yearly"]


class BacktestForm(BaseModel):
    """Which policy on which prices. As it stands, the form backtests the sample's stocks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    portfolio_id: str = field(
        1, SAMPLE, "Portfolio", "The portfolio's id, under which the run is kept. sample is the demonstration book.",
        min_length=1, max_length=100,
    )  # fmt: skip
    provider: str = field(
        2, SAMPLE, "Prices",
        "sample: 20 US stocks, 1990 to 2022, stale. sql and http: the services in the settings. yahoo: the network. "
        "Files: files:PATH. A pricing pack that is kept: pack:ID.",
        {"title": "source", "enum": [SAMPLE, "sql", "http", "yahoo"]},
        {"title": "files or a pack", "pattern": "^(files(:.+)?|pack:.+)$"},
        max_length=1024, pattern="^(sample|files(:.+)?|pack:.+|sql|http|yahoo)$",
    )  # fmt: skip
    policy: ShippedPolicy = field(3, "quality_focused", "Policy", "The policy that is put to the past.")
    custom_policy: str | None = optional(
        4, "Policy of your own", "Id of a policy kept in the store. Empty: the one chosen above.", max_length=64
    )
    capital: float = field(5, 1_000_000.0, "Capital", "Money to begin with.", gt=0, le=1e14)
    rebalance: str = field(
        6, "monthly", "When to decide",
        "Or in words: every 21, drift 5%, volatility 20%, tracking error 3%, last of month XNYS; several by semicolons.",
        {"title": "often", "enum": OFTEN}, {"title": "in words"}, max_length=400,
    )  # fmt: skip
    start: date | None = optional(7, "From", "First day of the backtest. Empty: as soon as the policy has enough history.")
    end: date | None = optional(8, "To", "Last day of prices. Empty: the newest there are.")
    universe: str | None = optional(
        9, "Candidates file", "What may be held, with sector, asset class and quality score. "
        "Empty: the sample's candidates on sample prices, otherwise everything that has a price.",
        max_length=1024,
    )  # fmt: skip
    benchmark: str | None = optional(
        10, "Benchmark file", "Weights by asset. Empty: the sample's on sample prices, otherwise none.", max_length=1024
    )
    delay: int = field(11, 1, "Delay", "Sessions from the close that a decision saw to its fills.", ge=0, le=250)
    fractional: bool = field(12, False, "Fractional shares", "Off: whole shares only.")
    prove: bool = field(
        13,
        True,
        "Prove that nothing looked ahead",
        "On: decisions are made again with everything after them replaced by noise.",
    )
    seed: int = field(14, 1, "Seed of the proof", "Others run the same proof with it.", ge=0, le=2**31 - 1)
    changes: str | None = optional(
        15, "Changes to the policy", 'Values by path, in JSON: {"limits.max_turnover": 0.3}. Empty: none.', max_length=100_000
    )
    actions: str | None = optional(
        16, "Corporate actions file", "Splits, dividends, spin-offs, delistings, beside raw prices. Empty: none.",
        max_length=1024,
    )  # fmt: skip
    members: str | None = optional(
        17, "Members file", "Who belonged to the universe when. Empty: all of it, always.", max_length=1024
    )
    job: str | None = optional(
        18, "Job", "Id of a job that was asked for over the service: it brings its own question, and nothing above counts. "
        "Empty: none.",
        max_length=64,
    )  # fmt: skip

    @property
    def title(self) -> str:
        """How a run of it is called among others: the policy and the period."""
        if self.job is not None:
            return self.job
        since, until = (day.isoformat() if day else "…" for day in (self.start, self.end))
        return f"{self.custom_policy or self.policy}, {since} to {until}"


class WalkForwardForm(BacktestForm):
    """Which variants of which policy on which prices. As it stands, the form walks over the sample's stocks."""

    prove: bool = field(13, False, "Prove that nothing looked ahead", "On: the walk that was held is proven as a backtest is.")
    train: int = field(19, 756, "Training window", "Sessions in which a variant is chosen.", ge=2, le=100_000)
    test: int = field(20, 252, "Test window", "Sessions after it, in which the variant is judged.", ge=1, le=100_000)
    expanding: bool = field(21, False, "Expanding", "On: training begins at the first session always.")
    purge: int = field(22, 0, "Purge", "Sessions between training and test that belong to neither.", ge=0, le=100_000)
    embargo: int = field(23, 0, "Embargo", "Sessions after a test window that no later training sees.", ge=0, le=100_000)
    vary: str = field(
        24, '{"estimation.lookback": [126, 252]}', "Vary", "Values to try by path in the policy, in JSON.", max_length=100_000
    )

    groups: int = field(
        25, 0, "Paths of cross-validation", "In how many parts the history is cut, 10 for one; 0: none.", ge=0, le=30
    )
    tested: int = field(26, 2, "Parts tested at once", "Of these parts, for each of its splits.", ge=1, le=29)
    starts: int = field(27, 1, "Start dates side by side", "From how many days the walk is begun.", ge=1, le=100)

    @property
    def windows(self) -> dict[str, Any]:
        """As the service takes them."""
        lengths = {
            name: getattr(self, name)
            for name in ("train", "test", "expanding", "purge", "embargo", "groups", "tested", "starts")
        }
        return {**lengths, "vary": mapping_of(parse_json(self.vary), "vary")}


def resolve(form: BacktestForm, runtime: Runtime) -> Question:
    """The complete question: files read, policy found, changes laid over it.

    Raises RequestError for what cannot be found and DataError for what cannot be used.
    """
    chosen = policies.policy(form.custom_policy or form.policy, runtime)
    changes = mapping_of(parse_json(form.changes), "changes") if form.changes else {}
    policy = laid_over(chosen, Wishes(changes=changes))
    walk = walk_from_data(form.windows) if isinstance(form, WalkForwardForm) else None
    kind: Literal["backtest", "walk_forward"] = "backtest" if walk is None else "walk_forward"
    return Question(kind, form.portfolio_id, _request(form, policy, runtime), form.provider, walk)


def _request(form: BacktestForm, policy: Policy, runtime: Runtime) -> BacktestRequest:
    files = {name: getattr(form, name) for name in ("universe", "benchmark", "actions", "members")}
    beside = read_beside(on_sample=form.provider == SAMPLE, **{name: path and Path(path) for name, path in files.items()})
    wanted = Wanted(
        policy,
        capital=Decimal(repr(form.capital)),
        rebalance=tuple(words.strip() for words in form.rebalance.split(";") if words.strip()),
        start=form.start,
        end=form.end,
        delay=form.delay,
        fractional=form.fractional,
        prove=form.prove,
        seed=form.seed,
        **beside,
    )
    checked(wanted)
    request = request_of(wanted, wanted.universe or _priced(form, policy, runtime))
    execution, charged = charged_by_policy(policy, request.execution)
    return replace(request, execution=execution, notes=(*request.notes, *charged))


def _priced(form: BacktestForm, policy: Policy, runtime: Runtime) -> Universe:
    """All that has a price."""
    ids = opened(runtime.market(form.provider), policy.data, None, form.end).asset_ids
    return Universe.of([asset_id for asset_id in ids if asset_id.upper() != CASH])
