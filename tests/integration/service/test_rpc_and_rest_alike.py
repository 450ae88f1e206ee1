"""Every RPC beside the operation of REST that it asks, over one real server: the same answer, or the same problem."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import pytest
from google.protobuf.message import Message
from integration.service import matrix
from integration.service.books import OPTIMIZATION, POLICY, REBALANCE, book, imported
from integration.service.rpc_client import Client, Refused, to_json
from integration.service.serving import Served
from integration.service.strategies import asked
from integration.service.working import worker_of

OWN = ("instance", "request_id")  # of each call
# What differs between any two answers to the same: when they were given, and how long they took.
VARYING = {
    *("optimization_time_ms", "seconds", "declared_at", "created_at", "updated_at", "completed_at"),
    *("saved_at", "withdrawn_at", "at", "asked_at"),
    *("estimated_completion_time", "version", "holdings_version", "acknowledged_at"),
}
BOOK = book(24)  # the fewest names that can keep what S2 prints
PORTFOLIO = "P-alike"
# As S2 prints them, but for the smallest position: with that a proposal is searched for, and the story over gRPC says it.
LIMITS = {name: limit for name, limit in OPTIMIZATION["constraints"].items() if name != "min_position_size"}
WORDS = {**OPTIMIZATION, "constraints": LIMITS}
BODY = asked()
SILENCE = {"matches": {"portfolio": PORTFOLIO}, "reason": "planned", "starts": "2099-01-01T00:00:00Z", "hours": 2.0}
AT_ONCE = {**REBALANCE, "constraints": {**REBALANCE["constraints"], "max_trades": 40}}

# Ours beside what S2 prints: fields of a message over gRPC have them in `additional`.
ONLY_SALES = {"sell_only": True, "max_positions": 40}
MONEY = {"cash_flow": {"amount": "-25000.00"}, "no_worse": True}
HELD = sorted(name for name in BOOK.held if name != "CASH")
CVAR = {"risk_measure": "cvar", "confidence": 0.9}
SHARES = {"confirmed_shares": HELD[:2], "splits": {HELD[2]: "2:1"}}


@dataclass
class Desk:
    """A server with a book of 24 names, a worker beside it, and a proposal."""

    served: Served
    rpc: Client
    pack: str
    optimization: str = ""
    run: str = ""
    beliefs: str = ""
    backtest: str = ""
    walk: str = ""
    comparison: str = ""
    silence: str = ""
    wave: str = ""
    choice: str = ""
    saved: str = ""
    alert: str = matrix.alert_of(PORTFOLIO)

    @property
    def backtest_body(self) -> dict[str, Any]:
        return {**self.portfolio, "pricing_pack_id": self.pack, "rebalance": ["quarterly"], "policy": PAST}

    @property
    def comparison_body(self) -> dict[str, Any]:
        return {**self.portfolio, "pricing_pack_id": self.pack, "rebalance": ["quarterly"], "strategies": BESIDE}

    @property
    def portfolio(self) -> dict[str, Any]:
        return {"portfolio_id": PORTFOLIO}


@dataclass(frozen=True)
class Case:
    """One question, for both. message: of the RPC, as protobuf's JSON. rest: of httpx. is_refused: whether both refuse it."""

    message: dict[str, Any]
    method: str
    path: str
    rest: dict[str, Any] = field(default_factory=dict)
    is_refused: bool = False


def csv(content: bytes) -> dict[str, Any]:
    return {"content": base64.b64encode(content).decode(), "content_type": "text/csv"}


def plain_csv(content: bytes) -> dict[str, Any]:
    return {"content": content, "headers": {"Content-Type": "text/csv"}}


def on_pack(desk: Desk) -> dict[str, Any]:
    return {"pricing_pack_id": desk.pack}


def past(desk: Desk) -> dict[str, Any]:
    return {**desk.portfolio, **on_pack(desk), "rebalance": ["quarterly"], "additional": {"policy": PAST}}


def with_additional(desk: Desk, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "additional": on_pack(desk)}


# An objective of our own is an object, and the field of the printed one a word.
PLAN = {"objective": {"kind": "multi_period", "risk_aversion": 4, "periods": 3, "years": 0.25}}
NO_OBJECTIVE = {name: value for name, value in BODY.items() if name not in ("objective", "method")}
BELIEFS = {"ids": ["A", "B"], "expected_returns": [0.05, 0.08], "covariance": [[0.04, 0.01], [0.01, 0.09]]}
PAST = {"objective": {"kind": "min_risk"}, "limits": {"long_only": True, "max_weight": 0.3}}
WINDOWS = {"train": 126, "test": 63}
BESIDE = [{"id": "calm", "name": "calm", **PAST}, {"id": "free", "name": "free", **PAST, "limits": {"long_only": True}}]
# A map has no order over gRPC.
SORTED = {**POLICY, "limits": dict(sorted(POLICY["limits"].items()))}
OF_BOOK = f"/portfolios/{PORTFOLIO}"
CASES: dict[str, Callable[[Desk], Case]] = {
    # portfolios and policies
    "ListPortfolios": lambda d: Case({"limit": 10}, "GET", "/portfolios?limit=10"),
    "PutPortfolio": lambda d: Case({**d.portfolio, "document": {"json": {"name": "Forty"}}}, "PUT", OF_BOOK,
                                   {"json": {"name": "Forty"}}),
    "GetPortfolio": lambda d: Case(d.portfolio, "GET", OF_BOOK),
    "PutHoldings": lambda d: Case({"portfolio_id": "P-other", "document": csv(BOOK.csv)}, "PUT", "/portfolios/P-other/holdings",
                                  plain_csv(BOOK.csv)),
    "GetHoldings": lambda d: Case(d.portfolio, "GET", f"{OF_BOOK}/holdings"),
    "ListHoldingsVersions": lambda d: Case(d.portfolio, "GET", f"{OF_BOOK}/holdings/versions"),
    "GetLedger": lambda d: Case(d.portfolio, "GET", f"{OF_BOOK}/ledger"),
    "VerifyLedger": lambda d: Case(d.portfolio, "GET", f"{OF_BOOK}/ledger/verification"),
    "Desk": lambda d: Case({"tiles": "failed", "sort": "-value", "limit": 5}, "GET", "/desk?tiles=failed&sort=-value&limit=5"),
    # many portfolios from one cause
    "CreateWave": lambda d: Case({"cause": "alike", "portfolios": [{"portfolio_id": "P-none"}], "await_approval": True}, "POST",
                                 "/waves", {"json": {"cause": "alike", "portfolios": ["P-none"], "await_approval": True}},
                                 is_refused=True),
    "PreviewWave": lambda d: Case({"cause": "alike", "kind": "cash", "portfolios": [{"portfolio_id": PORTFOLIO}]}, "POST",
                                  "/waves/preview", {"json": {"cause": "alike", "kind": "cash", "portfolios": [PORTFOLIO]}}),
    "WatchWave": lambda d: Case({"wave_id": d.wave}, "GET", f"/waves/{d.wave}"),
    "ListWaveTrades": lambda d: Case({"wave_id": d.wave}, "GET", f"/waves/{d.wave}/trades"),
    "DecideWave": lambda d: Case({"wave_id": d.wave, "decision": "approve", "except": ["P-other"]}, "POST",
                                 f"/waves/{d.wave}/approval", {"json": {"decision": "approve", "except": ["P-other"]}}),
    "ListWaves": lambda d: Case({"limit": 5}, "GET", "/waves?limit=5"),
    "GetWave": lambda d: Case({"wave_id": d.wave}, "GET", f"/waves/{d.wave}"),
    "ListWaveItems": lambda d: Case({"wave_id": d.wave, "state": "proposed,refused", "limit": 5}, "GET",
                                    f"/waves/{d.wave}/items?state=proposed,refused&limit=5"),
    # It is at its end.
    "CancelWave": lambda d: Case({"wave_id": d.wave}, "POST", f"/waves/{d.wave}/cancel", is_refused=True),
    # afterwards
    "GetAfterwards": lambda d: Case({"run_id": d.run}, "GET", f"/runs/{d.run}/afterwards"),
    "ListAfterwards": lambda d: Case(d.portfolio, "GET", f"{OF_BOOK}/afterwards"),
    # the watch
    "ListAlerts": lambda d: Case({"state": "firing,resolved", "limit": 5}, "GET", "/alerts?state=firing,resolved&limit=5"),
    "GetAlert": lambda d: Case({"alert_id": d.alert}, "GET", f"/alerts/{d.alert}"),
    "AcknowledgeAlert": lambda d: Case({"alert_id": d.alert, "note": "on it"}, "POST", f"/alerts/{d.alert}/acknowledgement",
                                       {"json": {"note": "on it"}}),
    # Its book is there, and its figures come: what is not gone is not closed.
    "CloseAlert": lambda d: Case({"alert_id": d.alert, "why": "sold"}, "POST", f"/alerts/{d.alert}/closing",
                                 {"json": {"why": "sold"}}, is_refused=True),
    "ListSilences": lambda d: Case({"all": True}, "GET", "/silences?all=true"),
    "CreateSilence": lambda d: Case(SILENCE, "POST", "/silences", {"json": SILENCE}),
    "EndSilence": lambda d: Case({"silence_id": d.silence}, "POST", f"/silences/{d.silence}/end"),
    "ListFigures": lambda d: Case({"name": "book_drift", "limit": 5}, "GET", "/figures?name=book_drift&limit=5"),
    "ListPolicies": lambda d: Case({"limit": 2}, "GET", "/policies?limit=2"),
    "GetPolicy": lambda d: Case({"policy_id": f"forty-{PORTFOLIO}"}, "GET", f"/policies/forty-{PORTFOLIO}"),
    "ListTerms": lambda d: Case({"catalog": "limits"}, "GET", "/terms/limits"),
    "GetTerm": lambda d: Case({"catalog": "objectives", "name": "hrp"}, "GET", "/terms/objectives/hrp"),
    "PutPolicy": lambda d: Case({"policy_id": "twice", "document": {"json": dict(POLICY)}}, "PUT", "/policies/twice",
                                {"json": dict(POLICY)}),
    "ListPolicyVersions": lambda d: Case({"policy_id": f"forty-{PORTFOLIO}"}, "GET", f"/policies/forty-{PORTFOLIO}/versions"),
    "PolicyPreview": lambda d: Case({"policy_id": f"forty-{PORTFOLIO}", "policy": SORTED, "last": 1}, "POST",
                                    f"/policies/forty-{PORTFOLIO}/preview", {"json": {"policy": SORTED, "last": 1}}),
    # data and beliefs
    "CreatePack": lambda d: Case({"document": csv(BOOK.prices.write_csv().encode())}, "POST", "/packs",
                                 plain_csv(BOOK.prices.write_csv().encode())),
    "ListPacks": lambda d: Case({}, "GET", "/packs"),
    "GetPack": lambda d: Case(on_pack(d), "GET", f"/packs/{d.pack}"),
    "ComparePacks": lambda d: Case({**on_pack(d), "other": d.pack}, "GET", f"/packs/{d.pack}/difference/{d.pack}"),
    "CreateBeliefs": lambda d: Case({"document": {"json": BELIEFS}}, "POST", "/beliefs", {"json": BELIEFS}),
    "GetBeliefs": lambda d: Case({"beliefs_id": d.beliefs, "numbers": True}, "GET", f"/beliefs/{d.beliefs}?numbers=true"),
    # S2
    "CreateOptimization": lambda d: Case(with_additional(d, {**d.portfolio, **WORDS}), "POST", "/optimizations",
                                         {"json": {**d.portfolio, **WORDS, **on_pack(d)}}),
    "GetOptimization": lambda d: Case({"optimization_id": d.optimization}, "GET", f"/optimizations/{d.optimization}"),
    "WatchOptimization": lambda d: Case({"optimization_id": d.optimization}, "GET", f"/optimizations/{d.optimization}"),
    "ListOptimizations": lambda d: Case({**d.portfolio, "status": "completed"}, "GET",
                                        f"/optimizations?portfolio_id={PORTFOLIO}&status=completed"),
    "CancelOptimization": lambda d: Case({"optimization_id": d.optimization}, "POST", f"/optimizations/{d.optimization}/cancel",
                                         is_refused=True),
    "GenerateRebalancePlan": lambda d: Case(
        {**d.portfolio, **AT_ONCE, "constraints": {**AT_ONCE["constraints"], "additional": ONLY_SALES},
         "additional": {**on_pack(d), **MONEY, **SHARES}},
        "POST", f"{OF_BOOK}/rebalance",
        {"json": {**AT_ONCE, "constraints": {**AT_ONCE["constraints"], **ONLY_SALES}, **on_pack(d), **MONEY, **SHARES}}),
    "GenerateEfficientFrontier": lambda d: Case(
        with_additional(d, {**d.portfolio, "points": 5, "constraints": {"max_position_size": 0.2}}),
        "POST", f"{OF_BOOK}/efficient-frontier",
        {"json": {"points": 5, "constraints": {"max_position_size": 0.2}, **on_pack(d)}}),
    "GetEfficientFrontier": lambda d: Case({**d.portfolio, "points": 4, "max_risk": 0.5, **on_pack(d)}, "GET",
                                           f"{OF_BOOK}/efficient-frontier?points=4&max_risk=0.5&pricing_pack_id={d.pack}"),
    "AnalyzeFactorExposures": lambda d: Case(with_additional(d, d.portfolio), "POST", f"{OF_BOOK}/factor-exposures",
                                             {"json": on_pack(d)}),
    "GetFactorExposures": lambda d: Case({**d.portfolio, **on_pack(d)}, "GET",
                                         f"{OF_BOOK}/factor-exposures?pricing_pack_id={d.pack}"),
    "GetForecasts": lambda d: Case({**d.portfolio, "covariances": ["sample", "ledoit_wolf"], **on_pack(d)}, "GET",
                                   f"{OF_BOOK}/forecasts?covariances=sample,ledoit_wolf&pricing_pack_id={d.pack}"),
    "PortfolioRisk": lambda d: Case({**d.portfolio, **on_pack(d), **MONEY, **SHARES, **CVAR}, "POST", f"{OF_BOOK}/risk",
                                    {"json": {**on_pack(d), **MONEY, **SHARES, **CVAR}}),
    "PortfolioPareto": lambda d: Case({**d.portfolio, **on_pack(d), "axes": ["return", "risk"], "points": 4}, "POST",
                                      f"{OF_BOOK}/pareto", {"json": {**on_pack(d), "axes": ["return", "risk"], "points": 4}}),
    "PortfolioSensitivity": lambda d: Case({**d.portfolio, **on_pack(d), "constraints": {"max_position_size": 0.2}}, "POST",
                                           f"{OF_BOOK}/sensitivity",
                                           {"json": {**on_pack(d), "constraints": {"max_position_size": 0.2}}}),
    "PortfolioViews": lambda d: Case({**d.portfolio, **on_pack(d)}, "POST", f"{OF_BOOK}/views", {"json": on_pack(d)}),
    # around a proposal
    "Alternatives": lambda d: Case({**d.portfolio, **on_pack(d), "constraints": {"max_position_size": 0.2}}, "POST",
                                   f"{OF_BOOK}/alternatives",
                                   {"json": {**on_pack(d), "constraints": {"max_position_size": 0.2}}}),
    "Ready": lambda d: Case({**d.portfolio, **on_pack(d), "on": "2026-03-02"}, "GET",
                            f"{OF_BOOK}/ready?on=2026-03-02&pricing_pack_id={d.pack}"),
    "Edit": lambda d: Case({"run_id": d.run, "trades": {next(iter(BOOK.held)): "none"}}, "POST", f"/runs/{d.run}/edit",
                           {"json": {"trades": {next(iter(BOOK.held)): "none"}}}),
    "WhatIf": lambda d: Case({"run_id": d.run, "moved": {"limits.max_turnover": 0.19}}, "POST", f"/runs/{d.run}/what-if",
                             {"json": {"moved": {"limits.max_turnover": 0.19}}}),
    "ListChoices": lambda d: Case({**d.portfolio, "limit": 2}, "GET", f"{OF_BOOK}/choices?limit=2"),
    "ListRunChoices": lambda d: Case({"run_id": d.run}, "GET", f"/runs/{d.run}/choices"),
    "GetChoice": lambda d: Case({"choice_id": d.choice}, "GET", f"/choices/{d.choice}"),
    "GetChoiceStanding": lambda d: Case({"choice_id": d.choice}, "GET", f"/choices/{d.choice}/standing"),
    "ProposeChoice": lambda d: Case({"choice_id": d.choice}, "POST", f"/choices/{d.choice}/proposal"),
    "SaveChoice": lambda d: Case({"choice_id": d.choice, "name": "kept"}, "POST", f"/choices/{d.choice}/saved",
                                 {"json": {"name": "kept"}}),
    "ListSavedChoices": lambda d: Case({**d.portfolio, "withdrawn": True}, "GET", f"{OF_BOOK}/saved-choices?withdrawn=true"),
    "GetSavedChoice": lambda d: Case({"saved_id": d.saved}, "GET", f"/saved-choices/{d.saved}"),
    "RenameSavedChoice": lambda d: Case({"saved_id": d.saved, "note": "for June"}, "PUT", f"/saved-choices/{d.saved}",
                                        {"json": {"note": "for June"}}),
    "WithdrawSavedChoice": lambda d: Case({"saved_id": d.saved, "note": "no"}, "POST", f"/saved-choices/{d.saved}/withdrawal",
                                          {"json": {"note": "no"}}),
    "GetDerivatives": lambda d: Case({"run_id": d.run}, "GET", f"/runs/{d.run}/derivatives"),
    "GetTrade": lambda d: Case({"run_id": d.run, "asset_id": next(iter(BOOK.held))}, "GET",
                               f"/runs/{d.run}/trades/{next(iter(BOOK.held))}"),
    "GetLimit": lambda d: Case({"run_id": d.run, "name": "max_turnover"}, "GET", f"/runs/{d.run}/limits/max_turnover"),
    "AskRun": lambda d: Case({"run_id": d.run, "question": "pareto", "axes": ["return", "risk"], "points": 4}, "POST",
                             f"/runs/{d.run}/questions/pareto", {"json": {"axes": ["return", "risk"], "points": 4}}),
    # through time
    "CreateBacktest": lambda d: Case(past(d), "POST",
                                     "/backtests", {"json": d.backtest_body}),
    "GetBacktest": lambda d: Case({"backtest_id": d.backtest}, "GET", f"/backtests/{d.backtest}"),
    "WatchBacktest": lambda d: Case({"backtest_id": d.backtest}, "GET", f"/backtests/{d.backtest}"),
    "GetBacktestReport": lambda d: Case({"backtest_id": d.backtest}, "GET", f"/backtests/{d.backtest}/report"),
    "ListBacktests": lambda d: Case({**d.portfolio, "status": "completed"}, "GET",
                                    f"/backtests?portfolio_id={PORTFOLIO}&status=completed"),
    "CancelBacktest": lambda d: Case({"backtest_id": d.backtest}, "POST", f"/backtests/{d.backtest}/cancel", is_refused=True),
    "CreateWalkForward": lambda d: Case(
        {**past(d), "windows": WINDOWS},
        "POST", "/walk-forwards", {"json": d.backtest_body | {"windows": WINDOWS}}),
    "GetWalkForward": lambda d: Case({"walk_forward_id": d.walk}, "GET", f"/walk-forwards/{d.walk}"),
    "WatchWalkForward": lambda d: Case({"walk_forward_id": d.walk}, "GET", f"/walk-forwards/{d.walk}"),
    "GetWalkForwardReport": lambda d: Case({"walk_forward_id": d.walk}, "GET", f"/walk-forwards/{d.walk}/report"),
    "ListWalkForwards": lambda d: Case({**d.portfolio, "status": "completed"}, "GET",
                                       f"/walk-forwards?portfolio_id={PORTFOLIO}&status=completed"),
    "CancelWalkForward": lambda d: Case({"walk_forward_id": d.walk}, "POST", f"/walk-forwards/{d.walk}/cancel",
                                        is_refused=True),
    "CreateComparison": lambda d: Case(
        {**d.portfolio, **on_pack(d), "rebalance": ["quarterly"], "additional": {"strategies": BESIDE}},
        "POST", "/comparisons", {"json": d.comparison_body}),
    "GetComparison": lambda d: Case({"comparison_id": d.comparison}, "GET", f"/comparisons/{d.comparison}"),
    "WatchComparison": lambda d: Case({"comparison_id": d.comparison}, "GET", f"/comparisons/{d.comparison}"),
    "GetComparisonReport": lambda d: Case({"comparison_id": d.comparison}, "GET", f"/comparisons/{d.comparison}/report"),
    "ListComparisons": lambda d: Case({**d.portfolio, "status": "completed"}, "GET",
                                      f"/comparisons?portfolio_id={PORTFOLIO}&status=completed"),
    "CancelComparison": lambda d: Case({"comparison_id": d.comparison}, "POST", f"/comparisons/{d.comparison}/cancel",
                                       is_refused=True),
    # S1
    "Optimize": lambda d: Case(BODY, "POST", "/optimize", {"json": BODY}),
    "OptimizeBatch": lambda d: Case({"requests": [BODY]}, "POST", "/optimize/batch", {"json": [BODY]}),
    "LatestOptimization": lambda d: Case({"portfolio_id": "P-1"}, "GET", "/optimization/P-1/latest"),
    "Frontier": lambda d: Case({"request": BODY, "points": 4}, "POST", "/frontier?points=4", {"json": BODY}),
    "Factors": lambda d: Case({"request": BODY}, "POST", "/factors", {"json": BODY}),
    "Risk": lambda d: Case({"request": BODY, "risk_measure": "cvar", "confidence": 0.9}, "POST",
                           "/risk?risk_measure=cvar&confidence=0.9", {"json": BODY}),
    "Views": lambda d: Case({"request": BODY}, "POST", "/views", {"json": BODY}),
    "Sensitivity": lambda d: Case({"request": BODY}, "POST", "/sensitivity", {"json": BODY}),
    "Periods": lambda d: Case({"request": {**NO_OBJECTIVE, "additional": PLAN}}, "POST", "/periods",
                              {"json": {**NO_OBJECTIVE, **PLAN}}),
    "Pareto": lambda d: Case({"request": BODY, "axes": ["return", "risk"], "points": 4}, "POST",
                             "/pareto?axes=return,risk&points=4", {"json": BODY}),
    "Lexicographic": lambda d: Case({"request": BODY, "order": ["risk", "return"], "tolerances": ["risk=0.01"]}, "POST",
                                    "/lexicographic?order=risk,return&tolerances=risk%3D0.01", {"json": BODY}),
    "Forecasts": lambda d: Case({"request": BODY, "window": 100}, "POST", "/forecasts?window=100", {"json": BODY}),
    # runs
    "ListRuns": lambda d: Case(
        {**d.portfolio, "kind": "rebalance", "since": "2020-01-01"},
        "GET", f"/runs?portfolio_id={PORTFOLIO}&kind=rebalance&since=2020-01-01",
    ),
    "GetRun": lambda d: Case({"run_id": d.run}, "GET", f"/runs/{d.run}"),
    "WatchRun": lambda d: Case({"run_id": d.run}, "GET", f"/runs/{d.run}"),
    "GetDocument": lambda d: Case({"run_id": d.run}, "GET", f"/runs/{d.run}/document"),
    "GetReport": lambda d: Case({"run_id": d.run}, "GET", f"/runs/{d.run}/report"),
    "ExplainRun": lambda d: Case({"run_id": d.run}, "GET", f"/runs/{d.run}/explain"),
    "ReplayRun": lambda d: Case({"run_id": d.run}, "POST", f"/runs/{d.run}/replay"),
    "CompareRuns": lambda d: Case({"run_id": d.run, "other": d.run}, "GET", f"/runs/{d.run}/difference/{d.run}"),
    "Decide": lambda d: Case({"run_id": d.run, "decision": "approve"}, "POST", f"/runs/{d.run}/approval",
                             {"json": {"decision": "approve"}}),
    "ListApprovals": lambda d: Case(
        {**d.portfolio, "mine": True, "state": "held"}, "GET", f"/approvals?portfolio_id={PORTFOLIO}&mine=true&state=held"
    ),
    "ListDecisions": lambda d: Case({"run_id": d.run}, "GET", f"/runs/{d.run}/decisions"),
    "GetBundle": lambda d: Case({"run_id": d.run}, "GET", f"/runs/{d.run}/bundle"),
    "Lookup": lambda d: Case(on_pack(d), "GET", f"/lookup?pricing_pack_id={d.pack}"),
}  # fmt: skip


@pytest.fixture(scope="module")
def desk(sqlite_service: Served, sqlite_rpc: Client, prefect_server: str) -> Iterator[Desk]:
    client = sqlite_service.client
    found = Desk(sqlite_service, sqlite_rpc, imported(client, PORTFOLIO, BOOK))
    imported(client, "P-other", BOOK)
    found.beliefs = client.post("/beliefs", json=BELIEFS).json()["beliefs_id"]
    with worker_of(sqlite_service, prefect_server):
        body = {"portfolio_id": PORTFOLIO, **WORDS, "pricing_pack_id": found.pack}
        found.optimization = client.post("/optimizations", json=body).json()["optimization_id"]
        ended: dict[str, Any] = {}
        while ended.get("status") not in ("completed", "failed", "infeasible"):
            ended = client.get(f"/optimizations/{found.optimization}", headers={"Prefer": "wait=20"}).json()
        found.run = ended["portopt"]["run_id"]
        found.backtest = _worked_out(client, "/backtests", "backtest_id", found.backtest_body)
        found.walk = _worked_out(client, "/walk-forwards", "walk_forward_id", found.backtest_body | {"windows": WINDOWS})
        found.comparison = _worked_out(client, "/comparisons", "comparison_id", found.comparison_body)
        found.wave = _carried_out(client, {"cause": "alike", "portfolios": ["P-other"], "pricing_pack_id": found.pack})
        found.choice = client.post(f"/runs/{found.run}/edit", json={"trades": {next(iter(BOOK.held)): "none"}}).json()[
            "choice_id"
        ]
        found.saved = client.post(f"/choices/{found.choice}/saved", json={"name": "kept"}).json()["saved_id"]
        client.post("/optimize", json=BODY)
        matrix.fired(sqlite_service.runtime(), PORTFOLIO)
        found.silence = client.post("/silences", json=SILENCE | {"reason": "to be ended"}).json()["silence_id"]
        yield found


def _carried_out(client: httpx.Client, body: dict[str, Any]) -> str:
    """The id of a wave that is at its end."""
    told = client.post("/waves", json=body).json()
    while told["ended_at"] is None:
        time.sleep(0.5)
        told = client.get(f"/waves/{told['wave_id']}").json()
    return str(told["wave_id"])


def _worked_out(client: httpx.Client, path: str, name: str, body: dict[str, Any]) -> str:
    """The id of a history that is at its end."""
    told = client.post(path, json=body).json()
    while told["status"] in ("pending", "processing"):
        told = client.get(f"{path}/{told[name]}", headers={"Prefer": "wait=20"}).json()
    assert told["status"] == "completed", told
    return str(told[name])


def test_every_rpc_is_compared(sqlite_rpc: Client) -> None:
    services = sqlite_rpc.messages.DESCRIPTOR.services_by_name.values()
    assert {rpc.name for service in services for rpc in service.methods} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_an_rpc_answers_what_rest_answers(desk: Desk, name: str) -> None:
    case = CASES[name](desk)
    over_rest = desk.served.client.request(case.method, case.path, **case.rest)
    assert (over_rest.status_code >= 400) is case.is_refused, over_rest.text[:1000]
    message = desk.rpc.request(name, case.message)
    if case.is_refused:
        with pytest.raises(Refused) as caught:
            asked_of(desk.rpc, name, message)
        assert without(dict(caught.value.problem), OWN) == without(over_rest.json(), OWN)
        return
    assert_same(asked_of(desk.rpc, name, message), over_rest, name)


def test_holdings_with_lots_are_the_same_over_both(desk: Desk) -> None:
    lot = {"asset_id": "A", "lot_id": "L1", "acquired_on": "2021-03-02", "shares": "40", "cost_per_share": "121.50"}
    body = {"holdings": {"A": "100"}, "cash": "5", "tax_lots": [lot], "tax_year": {"realized_long": "-3.25"}}
    over_rest = desk.served.client.put("/portfolios/P-other/holdings", json=body)
    over_rpc = desk.rpc.request("PutHoldings", {"portfolio_id": "P-other", "document": {"json": body}})
    assert over_rest.json()["tax_lots"][0] == lot
    assert_same(asked_of(desk.rpc, "PutHoldings", over_rpc), over_rest, "PutHoldings")


def asked_of(rpc: Client, name: str, message: Message) -> Message:
    """The answer; of a stream the last."""
    if name.startswith("Watch"):
        return list(rpc.rpc(name)(message, timeout=60))[-1]  # type: ignore[no-any-return]
    return rpc.ask(name, message)


def assert_same(found: Any, over_rest: httpx.Response, name: str) -> None:
    if found.DESCRIPTOR.name == "Document":
        assert found.content_type.partition(";")[0] == over_rest.headers["content-type"].partition(";")[0]
        if over_rest.headers["content-type"] == "application/json":
            assert steady(httpx.Response(200, content=found.content).json()) == steady(over_rest.json())
        else:
            assert found.content == over_rest.content
        return
    told = over_rest.json()
    if name == "OptimizeBatch":
        assert [steady(to_json(member.response)) for member in found.members] == [steady(member) for member in told]
        return
    assert steady(to_json(found)) == steady(told)


def steady(value: Any) -> Any:
    """What is the same in any two answers; instants as instants, and what is null or empty as what is not there."""
    if isinstance(value, dict):
        kept = {name: steady(item) for name, item in value.items() if name not in VARYING}
        return {name: item for name, item in kept.items() if item is not None and item != [] and item != {}}
    if isinstance(value, list):
        return [steady(item) for item in value]
    return _instant(value) if isinstance(value, str) and value.endswith("Z") else value


def _instant(value: str) -> Any:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return value


def without(problem: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if name not in names}
