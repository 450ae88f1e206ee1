"""Random books: markets drawn here, with prices of their own; feasible and infeasible, in whole shares and in fractions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
from stored import Request

SECTORS = ("Energy", "Technology", "Health Care", "Financials")
SIZES = (3, 5, 8, 12, 20, 30)
WITH_VOLUMES = (5, 12, 30)  # their prices come row by row, with what was traded
BOOKS_EACH = 11
DAYS = 180
FIRST = date(2023, 1, 2)
Draw = Callable[[np.random.Generator], Any]


def _u(low: float, high: float) -> Draw:
    return lambda rng: round(float(rng.uniform(low, high)), 3)


# Limits as they are drawn; a book has a few of them, often too tight to hold together.
LIMITS: dict[str, Draw] = {
    "max_weight": _u(0.08, 0.6),
    "max_turnover": _u(0.03, 0.7),
    "max_tracking_error": _u(0.01, 0.12),
    "sector_limits": _u(0.25, 0.7),
    "min_quality": lambda rng: float(rng.integers(3, 7)),
    "esg_exclusion": lambda rng: float(rng.integers(3, 6)),
    "min_esg": lambda rng: {"score": float(rng.integers(4, 8))},
    "exclusions": lambda rng: [f"S{int(rng.integers(0, 3)):02d}"],
    "max_volatility": _u(0.1, 0.3),
    "max_positions": lambda rng: int(rng.integers(2, 7)),
    "min_position": _u(0.02, 0.15),
    "max_trades": lambda rng: int(rng.integers(1, 6)),
    "concentration": lambda rng: {"hhi": round(float(rng.uniform(0.1, 0.4)), 3)},
    "max_cost": _u(0.0005, 0.004),
    "max_risk": lambda rng: {"cvar": {"limit": round(float(rng.uniform(0.01, 0.03)), 4)}},
}
COUNTED = ("max_positions", "min_position", "max_trades")
MOST_COUNTED = 12  # assets of a book that is searched through
OBJECTIVES: tuple[dict[str, Any], ...] = (
    {"kind": "max_sharpe"},
    {"kind": "min_risk"},
    {"kind": "utility", "risk_aversion": 5.0},
    {"kind": "min_tracking_error"},
    {"kind": "max_return"},
    {"kind": "min_risk", "measure": "cvar"},
    {"kind": "risk_parity"},
)
COSTS: tuple[dict[str, Any], ...] = (
    {},
    {"commission": {"per_trade": "4.90"}},
    {"linear_impact": {"bps": 15}, "commission": {"bps": 3}},
    {"spread": {"bps": 6}},
)
IMPACT: tuple[dict[str, Any], ...] = (
    {"spread": {"bps": 6}, "quadratic_impact": {"coefficient": 1.0}},
    {"square_root_impact": {"coefficient": 1.0}},
)


def requests() -> Iterator[Request]:
    for size in SIZES:
        market = prices(size)
        for k in range(BOOKS_EACH):
            yield book(size, market, np.random.default_rng([size, k, 3]), f"books/{size} assets/{k + 1}", whole=k % 3 != 0)


def prices(n: int) -> str:
    """A CSV of closing prices, a column an asset or a row a price; the last but one of larger markets stops being traded."""
    rng = np.random.default_rng([n, 1])
    common = rng.standard_t(5, DAYS) * 0.008
    draws = 3e-4 + np.outer(common, rng.uniform(0.4, 1.5, n)) + rng.normal(0.0, 0.011, (DAYS, n))
    closes = np.round(rng.uniform(8.0, 400.0, n) * np.exp(np.cumsum(draws, axis=0)), 2)
    ids = [f"S{i:02d}" for i in range(n)]
    days = [str(FIRST + timedelta(days=t)) for t in range(DAYS)]
    cells = [["" if _gone(n, i, t) else f"{closes[t, i]:.2f}" for i in range(n)] for t in range(DAYS)]
    if n in WITH_VOLUMES:
        volumes = rng.integers(20, 400, n) * 100
        rows = [
            f"{a},{day},{row[i]},{volumes[i]}"
            for day, row in zip(days, cells, strict=True)
            for i, a in enumerate(ids)
            if row[i]
        ]
        return "\n".join(["asset_id,date,close,volume", *rows]) + "\n"
    return "\n".join([",".join(["date", *ids]), *(",".join([day, *row]) for day, row in zip(days, cells, strict=True))]) + "\n"


def _gone(n: int, asset: int, day: int) -> bool:
    return n >= 20 and asset == n - 2 and day > DAYS - 40


def closing(market: str) -> dict[str, float]:
    """The last price of every asset."""
    lines = [line.split(",") for line in market.splitlines()]
    if lines[0][0] == "asset_id":
        return {row[0]: float(row[2]) for row in lines[1:]}
    return {asset: float([row[k] for row in lines[1:] if row[k]][-1]) for k, asset in enumerate(lines[0]) if k}


def book(n: int, market: str, rng: np.random.Generator, name: str, *, whole: bool) -> Request:
    """One book on the market, its policy drawn."""
    last = [price for _, price in sorted(closing(market).items())]
    value = float(rng.choice([8e3, 1e5, 4e6]))
    spread = rng.dirichlet(np.full(n, 0.8))
    shares = [int(value * w / price) for w, price in zip(spread, last, strict=True)]
    index = np.round(rng.dirichlet(np.full(n, 2.0)), 4)
    index[0] = round(1.0 - float(index[1:].sum()), 4)
    rows = ["asset,shares,sector,quality_score,esg_score,benchmark_weight"]
    rows += [
        f"S{i:02d},{shares[i]},{SECTORS[i % 4]},{rng.integers(3, 10)},{rng.integers(2, 10)},{index[i]:.4f}" for i in range(n)
    ]
    rows.append(f"CASH,{round(value * float(rng.uniform(0.0, 0.05)), 2)},,,,0")
    files = {"holdings.csv": "\n".join(rows) + "\n", "prices.csv": market, "policy.json": policy(n, rng, whole=whole)}
    words = ("rebalance", "--holdings", "holdings.csv", "--prices", "prices.csv", "--policy", "policy.json")
    return Request(name, files, ((*words, "--portfolio-id", name.replace("/", " "), "--no-frontier", "--json"),))


def policy(n: int, rng: np.random.Generator, *, whole: bool) -> dict[str, Any]:
    may = [kind for kind in LIMITS if kind not in COUNTED or n <= MOST_COUNTED]
    chosen = sorted(rng.choice(may, int(rng.integers(1, 6)), replace=False))
    costs = [*COSTS, *(IMPACT if n in WITH_VOLUMES else ())][1 if "max_cost" in chosen else 0 :]
    limits = {"long_only": True, "cash": {"max": 0.1}, **{kind: LIMITS[kind](rng) for kind in chosen}}
    first_to_give_way = [kind for kind in chosen if kind in ("max_turnover", "max_tracking_error", "max_weight")]
    return {
        "schema_version": "1.0",
        "policies": [
            {
                "id": "drawn", "name": "Drawn", "method_version": "v1",
                "objective": OBJECTIVES[int(rng.integers(0, len(OBJECTIVES)))],
                "limits": limits,
                "costs": costs[int(rng.integers(0, len(costs)))],
                "estimation": {"lookback": None, "min_observations": 60},
                "trading": {"fractional": not whole, "lot_size": int(rng.choice([1, 1, 1, 5]))},
                "relax_order": first_to_give_way if rng.random() < 0.3 else [],
            }
        ],
    }  # fmt: skip
