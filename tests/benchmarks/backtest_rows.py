"""A day of a backtest, ours and others': CPU a rebalance on the same days, the next beginning where the last one ended.

    python tests/benchmarks/backtest_rows.py [--days 250] [--only "100 assets"] [--full] [--peers cvxpy,pypfopt,skfolio]

Every engine sees the same returns, estimates its moments (Ledoit and Wolf on the last 252 days), and is asked for the same
portfolio from the same weights held. A peer is timed on a sample of the days, and its row counts only where its weights are
ours: to 1e-5, its solver's accuracy. `ours` is the quick path (moments carried on, weights, the check), `ours in the
simulator` all of a session: the decision in whole lots, the fills, the ledger. Times are of the processor, of one core.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from portopt import optimization
from portopt.domain.backtest import BacktestRequest
from portopt.domain.market import MarketSnapshot
from portopt.domain.moments import Moments
from portopt.domain.problem import Problem
from portopt.domain.request import EstimationChoice, Policy
from portopt.domain.universe import CASH, Asset, Universe
from portopt.estimation import moments_from_returns
from portopt.estimation.rolling import Rolling
from portopt.optimization.beside.kinked import kinked
from portopt.optimization.beside.standing import standing_of
from portopt.optimization.daily.impact import impact_of, stripped
from portopt.optimization.daily.solve import solved
from portopt.optimization.daily.template import template_of
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective

WINDOW, SECTORS, RISK_FREE, GAMMA, BPS = 252, 10, 0.02, 5.0, 10.0
AGREES = 1e-5
Peer = Callable[["Asked"], np.ndarray]


@dataclass(frozen=True)
class Row:
    """cap, sector, turnover, te: limits; te None is none. cost: of trades in the objective. impact: coefficient of the square
    root's law, on a book that is a day's money of a name; 0 is none."""

    name: str
    n: int
    cap: float = 0.05
    sector: float = 0.25
    turnover: float = 0.05
    te: float | None = None
    cost: bool = True
    impact: float = 0.0

    @property
    def policy(self) -> Policy:
        limits = {"max_weight": self.cap, "sector_limits": self.sector, "max_turnover": self.turnover}
        if self.te is not None:
            limits["max_tracking_error"] = self.te
        costs = {"linear_impact": {"bps": BPS}} if self.cost else {}
        if self.impact:
            costs["square_root_impact"] = {"coefficient": self.impact}
        goal = {"kind": "utility", "risk_aversion": GAMMA}
        return Policy("rows", "Rows", goal, limits, costs, RISK_FREE, EstimationChoice(lookback=WINDOW))


ROWS = (
    Row("100 assets, turnover, costs", 100),
    Row("100 assets, tracking error, turnover, costs", 100, te=0.03),
    Row("500 assets, tracking error, turnover, costs", 500, cap=0.02, te=0.03),
    Row("500 assets, tracking error, turnover, costs, square-root impact", 500, cap=0.02, te=0.03, impact=1.0),
)
MONEY, TRADED = 1e8, 1e8  # of the book, and of a name a day


@dataclass(frozen=True)
class Asked:
    """One day. X: (252, n) returns; held, benchmark: (n + 1,), cash last."""

    row: Row
    X: np.ndarray
    held: np.ndarray
    benchmark: np.ndarray


@dataclass
class Times:
    seconds: list[float] = field(default_factory=list)
    apart: float = 0.0

    def cell(self) -> str:
        if not self.seconds:
            return "–"
        mean = f"{1e3 * float(np.mean(self.seconds)):.2f} ms"
        return mean if self.apart <= AGREES else f"({mean}: weights differ by {self.apart:.0e})"


def returns_of(n: int, T: int, seed: int = 3) -> np.ndarray:
    """(T, n) daily, of five factors, sectors in turn."""
    rng = np.random.default_rng(seed)
    B = rng.normal([1.0, 0.0, 0.0, 0.0, 0.0], [0.3, 1.0, 1.0, 1.0, 1.0], (n, 5))
    f = rng.normal(0.0, [0.01, 0.004, 0.003, 0.003, 0.002], (T, 5))
    return 0.0004 * B[:, 0] + f @ B.T + rng.normal(0.0, 1.0, (T, n)) * np.exp(rng.normal(np.log(0.015), 0.3, n))


def universe_of(n: int) -> Universe:
    return Universe((*(Asset(f"A{i:03d}", sector=f"S{i % SECTORS}") for i in range(n)), Asset(CASH)))


def problem_of(asked: Asked, moments: Moments) -> Problem:
    policy = asked.row.policy
    return Problem(
        moments,
        parse_objective(policy.objective),
        parse_limits({"budget": True, "long_only": True, **policy.limits}),
        parse_costs(policy.costs),
        asked.held,
        asked.benchmark,
        RISK_FREE,
        portfolio_value=MONEY,
        average_daily_value=np.append(np.full(asked.row.n, TRADED), np.inf),
    )


def days_of(row: Row, count: int) -> Iterator[tuple[Asked, np.ndarray, int]]:
    """(the day, all returns, its position); send the weights chosen."""
    R = returns_of(row.n, WINDOW + count)
    benchmark = np.append(np.full(row.n, 1.0 / row.n), 0.0)
    held = benchmark
    for t in range(WINDOW, WINDOW + count):
        chosen = yield Asked(row, R[t - WINDOW : t], held, benchmark), R, t
        grown = chosen * (1.0 + np.append(R[t], RISK_FREE / 252.0))
        held = grown / grown.sum()


def live(asked: Asked) -> tuple[np.ndarray, object]:
    """The live path: estimated, assembled, solved and polished afresh."""
    n = asked.row.n
    moments = moments_from_returns(universe_of(n), np.hstack([asked.X, np.zeros((WINDOW, 1))]),
                                   EstimationChoice(lookback=WINDOW), RISK_FREE)  # fmt: skip
    problem = problem_of(asked, moments)
    form = optimization.assemble(problem)
    raw = optimization.solve(form)
    assert raw.x is not None
    return raw.x[: n + 1].copy(), (problem, form, raw)


class Quick:
    """Ours, from day to day."""

    def __init__(self, asked: Asked) -> None:
        w, (problem, form, raw) = live(asked)  # type: ignore[misc]
        form, raw = stripped(problem, form, raw) if asked.row.impact else (form, raw)
        k = kinked(form)
        assert k is not None
        now = standing_of(k, raw)
        assert now is not None
        self.template, self.rolling, self.near = (
            template_of(problem),
            Rolling(EstimationChoice(lookback=WINDOW)),
            (now, 1.0, raw.duals.rows[k.rows]),
        )
        self.first, self.missed = w, 0

    def __call__(self, asked: Asked, R: np.ndarray, t: int) -> np.ndarray:
        found = self.rolling.at(t - 1, lambda first, last: R[first:last])
        n = asked.row.n
        mu, Sigma = np.append(252.0 * found.mean, RISK_FREE), np.zeros((n + 1, n + 1))
        np.multiply(found.Sigma, 252.0, out=Sigma[:n, :n])
        moves = impact_of(Sigma, 252.0, MONEY, np.append(np.full(n, TRADED), np.inf)) if asked.row.impact else None
        answer = solved(self.template.on(mu, Sigma, asked.held, asked.benchmark, moves), *self.near)
        if answer is None:
            self.missed += 1
            return live(asked)[0]
        self.near = answer.standing, answer.tau, answer.y
        return answer.w


def by_cvxpy(row: Row) -> Peer:
    """A loop over one compiled problem whose data are parameters."""
    import cvxpy as cp
    from sklearn.covariance import ledoit_wolf

    n = row.n
    w, R, mu = cp.Variable(n + 1), cp.Parameter((n, n)), cp.Parameter(n + 1)
    held, R_b = cp.Parameter(n + 1), cp.Parameter(n)
    limits = [cp.sum(w) == 1, w >= 0, w[:n] <= row.cap, cp.norm1(w - held) <= 2.0 * row.turnover]
    limits += [cp.sum(w[list(range(s, n, SECTORS))]) <= row.sector for s in range(SECTORS)]
    if row.te is not None:
        limits.append(cp.norm(R @ w[:n] - R_b) <= row.te)
    cost = BPS * 1e-4 * cp.norm1(w[:n] - held[:n]) if row.cost else 0.0
    asked_for = cp.Problem(cp.Maximize(mu @ w - GAMMA / 2.0 * cp.sum_squares(R @ w[:n]) - cost), limits)

    def answer(asked: Asked) -> np.ndarray:
        Sigma, mean = 252.0 * ledoit_wolf(asked.X)[0], 252.0 * asked.X.mean(axis=0)
        R.value = np.linalg.cholesky(Sigma).T
        mu.value, held.value, R_b.value = np.append(mean, RISK_FREE), asked.held, R.value @ asked.benchmark[:n]
        asked_for.solve(solver="CLARABEL", tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10)
        return np.asarray(w.value)

    return answer


def by_pypfopt(row: Row) -> Peer:
    """A loop of EfficientFrontier with the same limits; cash is an asset without risk."""
    import cvxpy as cp
    from pypfopt import EfficientFrontier
    from sklearn.covariance import ledoit_wolf

    def answer(asked: Asked) -> np.ndarray:
        n = row.n
        Sigma = np.zeros((n + 1, n + 1))
        Sigma[:n, :n] = 252.0 * ledoit_wolf(asked.X)[0]
        mu = np.append(252.0 * asked.X.mean(axis=0), RISK_FREE)
        tolerances = {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10}
        ef = EfficientFrontier(mu, Sigma, [(0.0, row.cap)] * n + [(0.0, 1.0)], solver="CLARABEL", solver_options=tolerances)
        ef.add_constraint(lambda w: cp.norm1(w - asked.held) <= 2.0 * row.turnover)
        for s in range(SECTORS):
            ef.add_constraint(lambda w, s=s: cp.sum(w[list(range(s, n, SECTORS))]) <= row.sector)
        if row.te is not None:
            root = np.linalg.cholesky(Sigma[:n, :n]).T
            ef.add_constraint(lambda w: cp.norm(root @ (w - asked.benchmark)[:n]) <= row.te)
        if row.cost:
            ef.add_objective(lambda w: BPS * 1e-4 * cp.norm1(w[:n] - asked.held[:n]))
        ef.max_quadratic_utility(risk_aversion=GAMMA)
        return np.asarray(ef.weights)

    return answer


PEERS = {"cvxpy, parameters": by_cvxpy, "PyPortfolioOpt": by_pypfopt}


def run(row: Row, days: int, sample: int, peers: list[str]) -> dict[str, Times]:
    times = {name: Times() for name in ("ours", "live path", *peers)}
    walk = days_of(row, days + 1)
    asked, R, t = next(walk)
    ours, others = Quick(asked), {name: PEERS[name](row) for name in peers}
    chosen = ours.first
    for name in peers:
        others[name](asked)  # compiled, and warm
    for k in range(days):
        asked, R, t = walk.send(chosen)  # type: ignore[attr-defined]
        chosen = _timed(times["ours"], lambda a=asked, r=R, d=t: ours(a, r, d), None)
        if k % max(days // sample, 1) == 0:
            _timed(times["live path"], lambda a=asked: live(a)[0], chosen)
            for name in peers:
                _timed(times[name], lambda a=asked, name=name: others[name](a), chosen)
    if ours.missed:
        print(f"  {ours.missed} of {days} days went the live way")
    return times


def _timed(times: Times, answer: Callable[[], np.ndarray], expected: np.ndarray | None) -> np.ndarray:
    began = time.process_time()
    w = answer()
    times.seconds.append(time.process_time() - began)
    if expected is not None:
        times.apart = max(times.apart, float(np.abs(w - expected).max()))
    return w


def in_the_simulator(row: Row, days: int) -> float:
    """Seconds a session, decision, lots, fills and ledger."""
    from portopt.simulation.daily import DailyDecider
    from portopt.simulation.history import History
    from portopt.simulation.simulate import simulate

    T = WINDOW + days + 1
    prices = np.round(np.linspace(30.0, 200.0, row.n) * np.cumprod(1.0 + returns_of(row.n, T), axis=0), 2)
    ids = tuple(f"A{i:03d}" for i in range(row.n))
    dates = np.busday_offset("2015-01-05", np.arange(T), roll="forward").astype("datetime64[D]")
    prices = np.maximum(prices, 1.0)
    volumes = TRADED / prices if row.impact else None
    h = History.of(MarketSnapshot("rows", dates[-1].item(), ids, dates, prices, volumes, "made", "adjusted"))
    universe = Universe(universe_of(row.n).assets[:-1])
    benchmark = dict.fromkeys(ids, 1.0 / row.n) if row.te is not None else None
    asked = BacktestRequest(row.policy, universe, Decimal(int(MONEY)), ["daily"], benchmark=benchmark)
    started = dates[WINDOW].item()
    began = time.process_time()
    found = simulate(asked, h, DailyDecider(asked), start=started)
    spent = time.process_time() - began
    assert not [d for d in found.decisions if d.status == "failed"]
    return spent / len(found.decisions)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--days", type=int, default=250)
    options.add_argument("--sample", type=int, default=10, help="days on which the others are asked")
    options.add_argument("--only", default="", help="rows with this in their name")
    options.add_argument("--full", action="store_true", help="1,000 days of 100 assets, 1,259 of 500")
    options.add_argument("--peers", default=",".join(PEERS), help="names, or none")
    options.add_argument("--no-simulator", action="store_true")
    given = options.parse_args()
    warnings.simplefilter("ignore")
    peers = [name for name in PEERS if any(name.startswith(asked.strip()) for asked in given.peers.split(",") if asked.strip())]
    for row in (row for row in ROWS if given.only in row.name):
        days = (1_259 if row.n > 100 else 1_000) if given.full else given.days
        times = run(row, days, given.sample, peers)
        print(f"{row.name} · {days} days")
        for name, column in times.items():
            times_as_much = np.mean(column.seconds) / np.mean(times["ours"].seconds)
            print(f"  {name:<22} {column.cell():<12} {times_as_much:6.1f} ×   {1e3 * np.mean(column.seconds):8.2f} s per 1,000")
        if not given.no_simulator:
            print(f"  {'ours in the simulator':<22} {1e3 * in_the_simulator(row, days):.2f} ms", flush=True)


if __name__ == "__main__":
    main()
