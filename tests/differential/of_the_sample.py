"""Rebalances of the sample book under every shipped policy, with other capital, days and overrides; sessions of commands."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from stored import Request

REPOSITORY = Path(__file__).parents[2]
SAMPLE = REPOSITORY / "config" / "sample"
POLICIES = json.loads((REPOSITORY / "config" / "policies.json").read_text())["policies"]
DAYS = ("2022-06-30", "2020-03-23", "2015-01-02", "2014-03-31")  # the last: too short a history
OVERRIDES: dict[str, tuple[str, ...]] = {
    "wider positions": ("limits.max_weight=0.12",),
    "no benchmark": ("limits.max_tracking_error=null",),
    "little turnover": ("limits.max_turnover=0.05",),
    "relaxed in order": ("limits.max_turnover=0.05", 'relax_order=["max_turnover","max_tracking_error"]'),
    "least risk": ('objective={"kind":"min_risk"}', "limits.max_turnover=0.3"),
    "utility": ('objective={"kind":"utility","risk_aversion":6}', "limits.max_turnover=0.3"),
    "cvar": ('objective={"kind":"min_risk","measure":"cvar"}', "limits.max_turnover=0.3"),
    "few positions": ("limits.max_positions=12", "limits.max_turnover=0.5"),
    "few trades": ("limits.max_trades=8", "limits.max_turnover=0.4", "limits.max_tracking_error=0.05"),
    "lots of ten": ("trading.lot_size=10",),
    "exclusions": ('limits.exclusions=["AAPL","CVX"]', "limits.max_turnover=0.4"),
    "costs": ('costs={"commission":{"per_trade":"9.90","bps":2},"linear_impact":{"bps":20}}',),
    "impact": ('costs={"spread":{"bps":4},"quadratic_impact":{"coefficient":0.5}}',),
    "shrunk means": ("estimation.expected_returns=bayes_stein", "estimation.covariance=oas"),
    "a year": ("estimation.lookback=252", "estimation.covariance=ewma"),
    "factors": ('estimation.factors={"method":"time_series","source":"sample"}', "estimation.covariance=factor_model"),
    "more cash": ('limits.cash={"min":0.05,"max":0.1}', "limits.max_turnover=0.4"),
    "an unknown limit": ("limits.max_wieght=0.1",),
    "a percentage": ("limits.max_weight=12",),
}
NEVER_FEASIBLE = "conservative_income"
OF_IT = ("wider positions", "little turnover", "relaxed in order", "cvar", "few trades", "costs")
BOOK = ("--holdings", "holdings.csv", "--universe", "universe.csv", "--benchmark", "benchmark.csv", "--provider", "sample")
FRACTIONAL = "--fractional"


def files(scale: str = "1") -> dict[str, str]:
    """The sample book's files, every holding times `scale`."""
    texts = {name: (SAMPLE / name).read_text() for name in ("holdings.csv", "universe.csv", "benchmark.csv")}
    rows = list(csv.reader(io.StringIO(texts["holdings.csv"])))
    factor = Decimal(scale)
    rows[1:] = [[asset, str(int(Decimal(shares) * factor))] for asset, shares in rows[1:]]
    return {**texts, "holdings.csv": "".join(f"{','.join(row)}\n" for row in rows)}


def rebalance(name: str, *words: str, sets: tuple[str, ...] = (), frontier: bool = False, **more: Any) -> Request:
    """A rebalance of the sample book. more: fields of the request in place of the usual ones."""
    settings = [word for item in sets for word in ("--set", item)]
    drawn = () if frontier else ("--no-frontier",)
    asked = ("rebalance", *BOOK, "--portfolio-id", name.replace("/", " "), *words, *settings, *drawn, "--json")
    return Request(name, **{"files": files(), "commands": (asked,), **more})


def requests() -> Iterator[Request]:
    for policy in POLICIES:
        given, where = policy["id"], f"sample/{policy['id']}"
        yield rebalance(f"{where}/as shipped", "--policy", given, frontier=True)
        yield rebalance(f"{where}/fractional", "--policy", given, FRACTIONAL)
        for scale in ("0.02", "0.1", "30"):
            yield rebalance(f"{where}/capital times {scale}", "--policy", given, files=files(scale))
        for day in DAYS:
            yield rebalance(f"{where}/on {day}", "--policy", given, "--as-of", day)
        for name, sets in OVERRIDES.items():
            if given == NEVER_FEASIBLE and name not in OF_IT:
                continue
            yield rebalance(f"{where}/{name}", "--policy", given, sets=sets)
    for name in ("as a year", "utility", "few positions"):
        sets = OVERRIDES.get(name, ("estimation.lookback=252",))
        yield rebalance(f"sample/fractional/{name}", "--policy", "aggressive_growth", FRACTIONAL, sets=sets)
    yield from sessions()


def sessions() -> Iterator[Request]:
    """What is asked about runs after they were made; the documents and the texts for people."""
    for policy in ("quality_focused", "aggressive_growth"):
        name = f"sessions/{policy}"
        words = ("rebalance", *BOOK, "--policy", policy, "--portfolio-id", name.replace("/", " "))
        after = (("explain", "{run}"), ("replay", "{run}"), ("report", "{run}", "--output", "page.html"))
        lists = (("runs", "--portfolio-id", name.replace("/", " ")), ("cancel", "{run}", "--note", "not wanted"))
        first = (*words, "--output-dir", "out", "--json")
        later = (*words, "--as-of", "2022-06-30", "--no-frontier", "--json")
        asked = [first, *((*line, "--json") for line in (*after, *lists)), *after[:2], later, ("explain", "{run}", "--json")]
        yield Request(f"{name}/to the files", files(), tuple(tuple(line) for line in asked))
        yield Request(f"{name}/in words", files(), ((*words, "--no-frontier"), (*words, "--fractional", "--no-frontier")))
    infeasible = ("rebalance", *BOOK, "--policy", NEVER_FEASIBLE, "--portfolio-id", "sessions infeasible", "--no-frontier")
    yield Request("sessions/infeasible in words", files(), (infeasible,))
    yield Request("sessions/holdings of the store", {}, (("rebalance", "--holdings", "store", "--json"),))
    two = [("rebalance", *BOOK, "--portfolio-id", f"sessions pair {k}", "--no-frontier", "--json") for k in (1, 2)]
    yield Request("sessions/one pack for two", files(), tuple(two))
