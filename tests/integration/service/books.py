"""A book as a client of the service has it: 40 names of three asset classes and eleven sectors, and two years of prices."""

from __future__ import annotations

import datetime
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import polars as pl

CLASSES = (("Equity", 1.0), ("Equity", 1.0), ("Bond", 0.25), ("Real estate", 0.6))
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# The two bodies that S2 prints; the portfolio of the first is each test's own.
OPTIMIZATION: Mapping[str, Any] = {
    "optimization_type": "mean_variance",
    "objective": "maximize_sharpe",
    "risk_measure": "volatility",
    "constraints": {
        "max_position_size": 0.05,
        "min_position_size": 0.01,
        "max_sector_exposure": 0.30,
        "max_asset_class_exposure": 0.60,
        "max_turnover": 0.20,
        "target_volatility": 0.15,
    },
    "preferences": {"risk_aversion": 4.0, "include_transaction_costs": True, "consider_tax_implications": True},
}
# Words of the same shape that are answered in a tenth of the time, on a book of twelve: for what is not about the answer.
SMALL: Mapping[str, Any] = {
    "optimization_type": "mean_variance",
    "objective": "maximize_sharpe",
    "risk_measure": "volatility",
    "constraints": {"max_position_size": 0.2},
}
REBALANCE: Mapping[str, Any] = {
    "target_type": "optimal",
    "constraints": {"max_turnover": 0.15, "min_trade_size": 1000.00, "max_trades": 10, "consider_tax_implications": True},
}
POLICY: Mapping[str, Any] = {
    "name": "Forty names",
    "objective": {"kind": "max_sharpe"},
    "limits": {"long_only": True, "cash": {"max": 0.05}, "max_weight": 0.1, "sector_limits": 0.4},
}


@dataclass(frozen=True)
class Book:
    """rows: a row an asset, cash last. prices: wide."""

    rows: list[dict[str, Any]]
    prices: pl.DataFrame

    @property
    def csv(self) -> bytes:
        return pl.DataFrame(self.rows).write_csv().encode()

    @property
    def tsv(self) -> bytes:
        return pl.DataFrame(self.rows).write_csv(separator="\t").encode()

    @property
    def xlsx(self) -> bytes:
        out = io.BytesIO()
        pl.DataFrame(self.rows).write_excel(out)
        return out.getvalue()

    @property
    def held(self) -> dict[str, Any]:
        return {row["asset"]: row["shares"] for row in self.rows if row["shares"]}


def book(n: int = 40, seed: int = 1) -> Book:
    """Three quarters of the names are held."""
    rng = np.random.default_rng(seed)
    ids = [f"N{i:02d}" for i in range(n)]
    calm = np.array([CLASSES[i % 4][1] for i in range(n)])
    market = rng.normal(0.0004, 0.01, (500, 1)) * rng.normal(1.0, 0.3, n)
    moves = calm * (market + rng.normal(0.0, 1.0, (500, n)) * rng.uniform(0.008, 0.02, n))
    prices = np.round(np.exp(rng.uniform(2.5, 5.5, n)) * np.exp(np.cumsum(moves, axis=0)), 2)
    w = rng.dirichlet(np.full(n, 8.0)) * (rng.random(n) < 0.75)
    shares = np.floor(np.minimum(w / w.sum(), 0.049) * 1e6 / prices[-1]).astype(int)
    days = pl.date_range(datetime.date(2023, 1, 2), datetime.date(2026, 12, 31), eager=True)
    days = days.filter(days.dt.weekday() <= 5).head(500)
    rows: list[dict[str, Any]] = [
        {"asset": a, "shares": float(shares[i]), "sector": f"S{i % 11}", "asset_class": CLASSES[i % 4][0]}
        for i, a in enumerate(ids)
    ]
    rows.append({"asset": "CASH", "shares": round(1e6 - float(shares @ prices[-1]), 2), "sector": None, "asset_class": None})
    return Book(rows, pl.DataFrame({"date": days, **{a: prices[:, i] for i, a in enumerate(ids)}}))


def imported(client: httpx.Client, portfolio_id: str, found: Book) -> str:
    """The book as a portfolio of the service, under a policy of its own; the id of the pack of its prices."""
    done(client.put(f"/policies/forty-{portfolio_id}", json=POLICY))
    done(client.put(f"/portfolios/{portfolio_id}", json={"name": "Forty", "policy": f"forty-{portfolio_id}"}))
    done(client.put(f"/portfolios/{portfolio_id}/holdings", content=found.csv, headers={"Content-Type": "text/csv"}))
    return str(done(client.post("/packs", **body_of(found.prices.write_csv().encode(), "text/csv")))["pricing_pack_id"])


def body_of(content: bytes, content_type: str) -> dict[str, Any]:
    return {"content": content, "headers": {"Content-Type": content_type}}


def done(response: httpx.Response, status: int | None = None) -> Any:
    """The answer's document, once it is one."""
    assert response.status_code < 300 if status is None else response.status_code == status, response.text[:2000]
    return response.json()


def problem(response: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The problem object of a refusal."""
    assert response.status_code == status, response.text[:2000]
    assert response.headers["content-type"] == "application/problem+json"
    told = dict(response.json())
    assert told["status"] == status
    assert code is None or told["code"] == code, told
    return told
