"""docs/side-by-side.md: every block is run, its lines are counted as the page counts them, and the weights agree."""

from __future__ import annotations

import ast
import os
import re
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import portopt
from portopt.adapters.providers.sample import SampleProvider
from portopt.domain.market import MarketQuery

PAGE = Path(__file__).parents[2] / "docs" / "side-by-side.md"
LIBRARIES = ("portopt", "PyPortfolioOpt", "skfolio")
# Its wheel may stand there for its data alone.
HAS_SKFOLIO = find_spec("skfolio") is not None and find_spec("sklearn") is not None
SAMPLE: dict[str, Any] = {"estimation": portopt.EstimationChoice(covariance="sample", lookback=None, min_observations=2)}
VIEWS = {"views": ["AAPL == 20% @ 60%", "JPM == 10% @ 40%"], "risk_aversion": 2.5}
SHARPE: dict[str, Any] = {"objective": "max_sharpe", "limits": {"max_weight": 0.15}}
HRP: dict[str, Any] = {"objective": {"kind": "hierarchical", "variant": "hrp", "leaf_order": "optimal"}}
# Ours on a peer's estimates, and how near: the peers' solvers end at tolerances of their own.
AS_THE_PEER: dict[tuple[str, str], tuple[dict[str, Any], float]] = {
    ("The best Sharpe ratio, 15 % at most in each", "PyPortfolioOpt"): (SHARPE, 1e-5),
    ("The best Sharpe ratio, 15 % at most in each", "skfolio"): ({**SHARPE, **SAMPLE}, 1e-4),
    ("Least CVaR", "PyPortfolioOpt"): ({"objective": {"kind": "min_risk", "measure": "cvar"}}, 1e-5),
    ("Least CVaR", "skfolio"): ({"objective": {"kind": "min_risk", "measure": "cvar"}}, 1e-5),
    ("Hierarchical risk parity", "PyPortfolioOpt"): ({"objective": "hrp"}, 1e-9),
    ("Hierarchical risk parity", "skfolio"): ({**HRP, **SAMPLE}, 1e-9),
    ("Two views", "PyPortfolioOpt"): ({"objective": "max_sharpe", "views": VIEWS}, 1e-4),
    ("Two views", "skfolio"): ({"objective": "max_sharpe", "views": VIEWS, **SAMPLE}, 1e-3),
}


def blocks() -> dict[str, dict[str, str]]:
    """{task: {library: code}}, the page's own order."""
    found: dict[str, dict[str, str]] = {}
    for part in re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]:
        task = part.split("\n")[0].strip()
        found[task] = dict(re.findall(r"^\*\*(\w+)\*\*\n\n```python\n(.*?)```", part, flags=re.MULTILINE | re.DOTALL))
    return found


BLOCKS = blocks()


def lines_of(code: str) -> int:
    return sum(1 for line in code.split("\n") if line.strip() and not line.strip().startswith("#"))


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the prices that the page reads: three years of ten of the sample's stocks."""
    long = SampleProvider().prices(MarketQuery())
    wide = long.pivot(on="asset_id", index="date", values="close").sort("date").tail(757)
    folder = tmp_path_factory.mktemp("side_by_side")
    wide.select("date", *sorted(set(wide.columns) - {"date"})[:10]).write_csv(folder / "prices.csv")
    return folder


def ran(code: str, folder: Path) -> dict[str, Any]:
    """What a block leaves, run after the page's two lines in a folder with the prices."""
    first = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)[0]
    names: dict[str, Any] = {}
    before = Path.cwd()
    os.chdir(folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(first + code, "side-by-side", "exec"), names)
    finally:
        os.chdir(before)
    return names


def test_the_page_has_five_tasks_in_three_libraries() -> None:
    assert len(BLOCKS) == 5
    assert all(tuple(found) == LIBRARIES for found in BLOCKS.values())


def test_ours_needs_no_more_lines_and_the_page_counts_them_rightly() -> None:
    rows = re.findall(r"^\| (.+?) \| (\d+) \| (\d+) \| (\d+) \| (.+?) \|$", PAGE.read_text(), flags=re.MULTILINE)
    assert [row[0].lower() for row in rows] == [task.lower() for task in BLOCKS]
    for row, found in zip(rows, BLOCKS.values(), strict=True):
        counted = [lines_of(found[library]) for library in LIBRARIES]
        assert [int(n) for n in row[1:4]] == counted, row[0]
        assert counted[0] <= min(counted[1:])


@pytest.mark.parametrize("task", BLOCKS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_every_block_compiles_and_no_line_holds_two_statements(task: str, library: str) -> None:
    tree = ast.parse(BLOCKS[task][library])
    assert ";" not in BLOCKS[task][library]
    assert len({node.lineno for node in tree.body}) == len(tree.body) == lines_of(BLOCKS[task][library])


@pytest.mark.parametrize(("task", "peer"), AS_THE_PEER)
def test_the_weights_are_the_peers(task: str, peer: str, prices: Path) -> None:
    if peer == "skfolio" and not HAS_SKFOLIO:
        pytest.skip("skfolio is not installed: its blocks are compiled only")
    words, near = AS_THE_PEER[task, peer]
    frame = pd.read_csv(prices / "prices.csv", index_col=0, parse_dates=True)
    ours = portopt.optimize(prices=frame, **words).weights
    theirs = ran(BLOCKS[task][peer], prices)["weights"]
    assert max(abs(float(theirs[asset]) - weight) for asset, weight in ours.items()) <= near


@pytest.mark.parametrize("task", [task for task in BLOCKS if task != "The frontier, drawn"])
def test_our_block_gives_what_the_question_gives(task: str, prices: Path) -> None:
    frame = pd.read_csv(prices / "prices.csv", index_col=0, parse_dates=True)
    words, _ = AS_THE_PEER[task, "PyPortfolioOpt"]  # whose habits of estimation are ours
    assert ran(BLOCKS[task]["portopt"], prices)["weights"] == portopt.optimize(prices=frame, **words).weights


def least_risk(frontier: portopt.Findings, returns: Any) -> Any:
    """Our frontier's risk at these expected returns."""
    line = frontier.to_frame().select("risk", "return").sort("return")
    return np.interp(returns, line["return"], line["risk"])


def test_the_frontiers_are_one_line(prices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "Agg")
    task, frame = "The frontier, drawn", pd.read_csv(prices / "prices.csv", index_col=0, parse_dates=True)
    ran(BLOCKS[task]["portopt"], prices)
    assert (prices / "frontier.svg").read_text().startswith("<svg")
    drawn = ran(BLOCKS[task]["PyPortfolioOpt"], prices)["axes"].lines[0].get_xydata()
    inner = drawn[drawn[:, 1] > drawn[drawn[:, 0].argmin(), 1]]
    assert len(inner) > 20
    ours = portopt.frontier(prices=frame, points=1000)
    assert np.abs(least_risk(ours, inner[:, 1]) - inner[:, 0]).max() <= 2e-4
    assert (prices / "frontier.png").stat().st_size > 0


@pytest.mark.skipif(not HAS_SKFOLIO, reason="skfolio is not installed: its blocks are compiled only")
def test_the_frontier_of_the_other_peer_is_that_line_too(prices: Path) -> None:
    frame = pd.read_csv(prices / "prices.csv", index_col=0, parse_dates=True)
    population = ran(BLOCKS["The frontier, drawn"]["skfolio"], prices)["population"]
    assert (prices / "frontier.html").stat().st_size > 0
    ours = portopt.frontier(prices=frame, points=1000, **SAMPLE)
    points = np.array([[p.standard_deviation * np.sqrt(252), p.mean * 252] for p in population])
    inner = points[points[:, 1] > points[points[:, 0].argmin(), 1]]
    assert len(inner) >= 15
    assert np.abs(least_risk(ours, inner[:, 1]) - inner[:, 0]).max() <= 2e-4


def test_a_wide_frame_of_polars_gives_the_same(prices: Path) -> None:
    by_pandas = portopt.optimize(prices=pd.read_csv(prices / "prices.csv", index_col=0, parse_dates=True), **SHARPE)
    by_polars = portopt.optimize(prices=pl.read_csv(prices / "prices.csv", try_parse_dates=True), **SHARPE)
    by_file = portopt.optimize(prices=prices / "prices.csv", **SHARPE)
    assert by_pandas.weights == by_polars.weights == by_file.weights
