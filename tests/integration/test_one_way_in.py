"""Form, command line and notebook lead to one request: the same wishes have one identity, in whatever way they are said."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from portopt.dialects.policies import shipped_policies, write_policy
from portopt.dialects.portfolio import read_wish
from portopt.domain.request import RebalanceRequest
from portopt.doors.commands.rebalance_options import Options, read_rebalance
from portopt.doors.files import BookNames, read_book
from portopt.doors.form import RebalanceForm, resolve
from portopt.doors.notebook.posing import posed
from portopt.intake.policy import Wishes
from portopt.intake.request import rebalance_request
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

HELD = {"AAPL": 300, "JNJ": 500, "KO": 0, "CASH": 5_000}
SAID = {
    "AAPL": {"sector": "Technology", "quality_score": 9.0},
    "JNJ": {"sector": "Health Care", "quality_score": 8.0},
    "KO": {"sector": "Staples", "quality_score": 7.5},
}
MORE = {**SAID, "XOM": {"sector": "Energy", "quality_score": 4.5}}
INDEX = {"AAPL": 0.5, "JNJ": 0.25, "KO": 0.25}
LIMITS: tuple[dict[str, Any], ...] = (
    {},
    {"max_weight": 0.3},
    {"max_tracking_error": None, "max_weight": 0.35, "sector_limits": {"Energy": 0.1}},
    {"min_quality": 5, "max_turnover": 0.15, "max_positions": 12},
)
DAYS = (None, date(2022, 12, 1))
POLICIES = [policy.id for policy in shipped_policies()]


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    return open_runtime(Settings(home=tmp_path_factory.mktemp("one_way")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holdings, candidates and a benchmark as files; of holdings and candidates also with a column of benchmark weights."""
    folder = tmp_path_factory.mktemp("tables")
    for name, described in (("holdings", SAID), ("universe", MORE)):
        held = ",shares" if name == "holdings" else ""
        for kind, head in (("plain", ""), ("weighted", ",benchmark_weight")):
            lines = [f"asset{held},sector,quality_score{head}"]
            for asset, said in described.items():
                shares = f",{HELD.get(asset, 0)}" if held else ""
                weight = f",{INDEX.get(asset, '')}" if head else ""
                lines.append(f"{asset}{shares},{said['sector']},{said['quality_score']}{weight}")
            lines += [f"CASH,5000,,{',' if head else ''}".rstrip()] if held else []
            (folder / f"{name}_{kind}.csv").write_text("\n".join(lines) + "\n")
    (folder / "benchmark.csv").write_text("asset,weight\n" + "".join(f"{a},{w}\n" for a, w in INDEX.items()))
    return folder


@dataclass(frozen=True)
class Asked:
    """One combination. candidates, benchmark: whether there is a file of them, or a column of the one beside it."""

    candidates: str
    benchmark: str
    limits: Mapping[str, Any]
    as_of: date | None
    policy: str

    def files(self, folder: Path) -> tuple[str, str | None, str | None]:
        """Holdings, universe, benchmark."""
        holdings = folder / f"holdings_{'weighted' if self.benchmark == 'beside holdings' else 'plain'}.csv"
        universe = folder / f"universe_{'weighted' if self.benchmark == 'beside universe' else 'plain'}.csv"
        return (
            str(holdings),
            str(universe) if self.candidates == "a file" else None,
            str(folder / "benchmark.csv") if self.benchmark == "a file" else None,
        )


def combinations() -> Iterator[Asked]:
    for candidates, benchmark in itertools.product(
        ("none", "a file"), ("none", "a file", "beside holdings", "beside universe")
    ):
        if candidates == "none" and benchmark == "beside universe":
            continue
        for k, (limits, as_of) in enumerate(itertools.product(LIMITS, DAYS)):
            yield Asked(candidates, benchmark, limits, as_of, POLICIES[k % len(POLICIES)])


def by_command_line(asked: Asked, folder: Path, runtime: Runtime) -> RebalanceRequest:
    holdings, universe, benchmark = asked.files(folder)
    options = Options(
        holdings=holdings,
        prices=folder / "prices.csv",
        policy=asked.policy,
        universe=None if universe is None else Path(universe),
        benchmark=None if benchmark is None else Path(benchmark),
        as_of=None if asked.as_of is None else asked.as_of.isoformat(),
        portfolio_id="one",
        sets=[f"limits.{name}={json.dumps(value)}" for name, value in asked.limits.items()],
    )
    return read_rebalance(options, runtime)


def by_form(asked: Asked, folder: Path, runtime: Runtime, *, boxes: bool) -> RebalanceRequest:
    """boxes: what has a box of its own is put there, else all of it into the changes."""
    holdings, universe, benchmark = asked.files(folder)
    own = {"max_turnover", "max_tracking_error"} if boxes else set()
    boxed = {name: value for name, value in asked.limits.items() if name in own and value is not None}
    changes = {f"limits.{name}": value for name, value in asked.limits.items() if name not in boxed}
    form = RebalanceForm(
        portfolio_id="one",
        holdings=holdings,
        provider=f"files:{folder / 'prices.csv'}",
        as_of=asked.as_of,
        policy=asked.policy,  # type: ignore[arg-type]  # a shipped one
        universe=universe,
        benchmark=benchmark,
        changes=json.dumps(changes) if changes else None,
        **boxed,
    )
    return resolve(form, runtime)


def by_notebook(asked: Asked, folder: Path, runtime: Runtime, *, files: bool) -> RebalanceRequest:
    """files: the tables are named, else they are handed in as dicts."""
    holdings, universe, benchmark = asked.files(folder)
    words: dict[str, Any] = {"policy": asked.policy, "limits": asked.limits, "portfolio_id": "one"}
    words |= {} if asked.as_of is None else {"as_of": asked.as_of}
    if not files:
        holdings, benchmark = HELD, None if asked.benchmark == "none" else INDEX
        universe = None if universe is None else MORE
    said = {**words, "holdings": holdings, "universe": universe, "benchmark": benchmark}
    return posed(home=runtime.settings.home_path, **said).request


@pytest.mark.parametrize(
    "asked", list(combinations()), ids=lambda asked: f"{asked.candidates}-{asked.benchmark}-{asked.policy}"
)
def test_the_same_wishes_are_the_same_request_from_every_door(asked: Asked, folder: Path, runtime: Runtime) -> None:
    requests = {
        "command line": by_command_line(asked, folder, runtime),
        "form": by_form(asked, folder, runtime, boxes=False),
        "form, in its boxes": by_form(asked, folder, runtime, boxes=True),
        "notebook, files": by_notebook(asked, folder, runtime, files=True),
    }
    if asked.candidates == "a file":  # of a dict nobody says what is held, so the candidates are said
        requests["notebook, values"] = by_notebook(asked, folder, runtime, files=False)

    assert {name: request.identity() for name, request in requests.items()} == dict.fromkeys(
        requests, requests["form"].identity()
    )
    assert {name: write_policy(request.policy) for name, request in requests.items()} == dict.fromkeys(
        requests, write_policy(requests["form"].policy)
    )


S2: tuple[dict[str, Any] | None, ...] = (
    None,
    {"optimization_type": "mean_variance", "objective": "minimize_risk", "risk_measure": "cvar"},
    {"objective": "maximize_sharpe", "constraints": {"max_turnover": 0.1, "max_position_size": 0.2}},
    {"target_type": "benchmark", "constraints": {"max_turnover": 0.12, "min_trade_size": 1000.0}},
)
CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {"limits.max_turnover": 0.3, "objective": {"kind": "min_risk"}},
    {"limits.max_turnover": None, "costs.linear_impact": None, "trading.lot_size": 10},
)


@pytest.mark.parametrize("foreign", S2)
@pytest.mark.parametrize("changes", CHANGES)
@pytest.mark.parametrize("fractional", [False, True])
def test_a_foreign_request_changes_and_fractions_are_laid_over_in_one_order(
    foreign: dict[str, Any] | None, changes: dict[str, Any], fractional: bool, folder: Path, runtime: Runtime
) -> None:
    holdings, request = folder / "holdings_weighted.csv", folder / "request.json"
    request.write_text(json.dumps(foreign))
    options = Options(
        holdings=str(holdings),
        provider="sql",
        portfolio_id="one",
        fractional=fractional or None,
        sets=[f"{path}={json.dumps(value)}" for path, value in changes.items()],
        request=None if foreign is None else str(request),
    )
    form = RebalanceForm(
        holdings=str(holdings),
        provider="sql",
        portfolio_id="one",
        fractional=fractional,
        request=None if foreign is None else json.dumps(foreign),
        changes=json.dumps(changes) if changes else None,
    )
    book = read_book(BookNames("one", str(holdings)), runtime)
    wishes = Wishes(None if foreign is None else read_wish(foreign), changes=changes, fractional=fractional or None)

    in_values = rebalance_request(book, shipped_policies()[0], wishes, provider="sql")

    assert read_rebalance(options, runtime).identity() == in_values.identity()
    assert resolve(form, runtime).identity() == in_values.identity()
