"""What is asked of every operation of the catalog by everybody: bodies, places, identities, and what is alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from integration.service.books import OPTIMIZATION, POLICY, REBALANCE, Book, body_of, done
from integration.service.strategies import asked as strategy
from made_alerts import NOW, alert

from portopt.domain.access import SCOPES, Principal
from portopt.doors.wire.operations import Operation
from portopt.runtime import Runtime

ENDED_TELLERS = ("date", "server-timing", "x-request-id", "content-length", "etag")
CSV = "text/csv"


@dataclass(frozen=True)
class Things:
    """What is there of one portfolio, or, of one that is not there, what its things would be called: names of equal length."""

    portfolio_id: str
    run_id: str
    optimization_id: str
    backtest_id: str
    walk_forward_id: str
    comparison_id: str
    alert_id: str
    silence_id: str
    wave_id: str
    choice_id: str
    saved_id: str

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(getattr(self, name) for name in OF_A_PORTFOLIO)


OF_A_PORTFOLIO = (  # names in a path
    "portfolio_id", "run_id", "optimization_id", "backtest_id", "walk_forward_id", "comparison_id", "alert_id", "silence_id",
    "wave_id", "choice_id", "saved_id",
)  # fmt: skip


@dataclass(frozen=True)
class Shared:
    """What belongs to no portfolio: whoever may read may read it."""

    pack: str
    beliefs: str
    policy: str
    book: Book


def identities(operation: Operation, mine: str) -> Mapping[str, Principal | None]:
    """By name; None has no key. `everyone` may do everything but what this asks for."""
    others = frozenset(SCOPES) - {operation.scope}
    return {
        "without the scope": Principal("unscoped", others, None),
        "without the portfolio": Principal("blind", frozenset({operation.scope}), frozenset({"P-other-1"})),
        "with both": Principal("desk", frozenset({operation.scope}), frozenset({mine})),
        "everything": Principal("admin", frozenset(SCOPES), None),
    }


def place(operation: Operation, of: Things, shared: Shared) -> str:
    """The path, filled in. Fails for a name that nobody told what it stands for."""
    known = {
        **{name: getattr(of, name) for name in OF_A_PORTFOLIO},
        "beliefs_id": shared.beliefs, "pricing_pack_id": shared.pack, "policy_id": shared.policy,
        "other": shared.pack if "pricing_pack_id" in operation.path else of.run_id, "question": "views",
        "catalog": "limits", "name": "max_weight", "asset_id": next(iter(shared.book.held)),
    }  # fmt: skip
    return operation.path.format(**known)


def is_about(operation: Operation) -> bool:
    """Whether what is asked names a portfolio, or something of one."""
    return any(name in operation.path for name in OF_A_PORTFOLIO) or operation.name in (
        "optimize", "optimize_batch", "create_optimization", "create_backtest", "create_walk_forward", "create_comparison",
        "create_silence", "create_wave", "preview_wave", *OF_STRATEGIES,
    )  # fmt: skip


OF_STRATEGIES = ("frontier", "risk", "factors", "views", "sensitivity", "periods", "pareto", "lexicographic", "forecasts")


def said(operation: Operation, of: Things, shared: Shared) -> dict[str, Any]:
    """What is sent with it, for httpx."""
    on_pack = {"pricing_pack_id": shared.pack}
    book = shared.book
    asked = strategy(portfolio_id=of.portfolio_id, n=4)
    bodies: Mapping[str, Any] = {
        "optimize_batch": [asked],
        "create_optimization": {**OPTIMIZATION, "portfolio_id": of.portfolio_id, **on_pack},
        "create_backtest": {"portfolio_id": of.portfolio_id, **on_pack},
        "create_walk_forward": {"portfolio_id": of.portfolio_id, **on_pack},
        "create_comparison": {"portfolio_id": of.portfolio_id, **on_pack},
        "rebalance": {**REBALANCE, **on_pack},
        "efficient_frontier": on_pack,
        "factor_exposures": on_pack,
        **dict.fromkeys(("portfolio_risk", "portfolio_sensitivity", "portfolio_views"), on_pack),
        "portfolio_pareto": {**on_pack, "points": 4},
        "put_portfolio": {"name": "Eight"},
        "put_holdings": book.held,
        "create_beliefs": {"ids": ["A", "B"], "covariance": [[0.04, 0.0], [0.0, 0.09]]},
        "put_policy": POLICY,
        "policy_preview": {"policy": POLICY, "last": 1},
        "decide": {"decision": "reject"},
        "edit": {"trades": {next(iter(book.held)): "none"}},
        "what_if": {"moved": {"limits.max_weight": 0.45}},
        "alternatives": on_pack,
        "save_choice": {"name": "seeded"},
        **{name: {"cause": "asked", "portfolios": [of.portfolio_id], **on_pack} for name in ("create_wave", "preview_wave")},
        "decide_wave": {"decision": "approve"},
        "create_silence": {"matches": {"portfolio": of.portfolio_id}, "reason": "known"},
    }
    if operation.name == "create_pack":
        return body_of(book.prices.write_csv().encode(), CSV)
    if operation.method == "GET":
        on_data = "portfolio_id" in operation.path and operation.question is not None
        return {"params": on_pack if on_data else {"request_hash": "0" * 64} if operation.name == "lookup" else {}}
    params = {"order": "risk,return"} if operation.name == "lexicographic" else {}
    return {
        "params": params,
        "json": bodies.get(operation.name, asked if operation.name in ("optimize", *OF_STRATEGIES) else {}),
    }


def seeded(client: httpx.Client, portfolio_id: str, book: Book) -> Things:
    """A portfolio with holdings, a proposal and something that is worked out later."""
    done(client.put(f"/portfolios/{portfolio_id}", json={"name": f"of {portfolio_id}"}))
    done(client.put(f"/portfolios/{portfolio_id}/holdings", **body_of(book.csv, CSV)))
    pack = done(client.post("/packs", **body_of(book.prices.write_csv().encode(), CSV)))["pricing_pack_id"]
    on_pack = {"pricing_pack_id": pack, "policy": "eight"}
    done(client.put("/policies/eight", json=POLICY | {"limits": {"long_only": True, "max_weight": 0.5}}))
    done(client.post(f"/portfolios/{portfolio_id}/rebalance", json={"target_type": "optimal", **on_pack}))
    run = done(client.get("/runs", params={"portfolio_id": portfolio_id}))["runs"][0]["run_id"]
    later = done(client.post("/optimizations", json={"portfolio_id": portfolio_id, **on_pack}), 202)
    asked = {"portfolio_id": portfolio_id, **on_pack}
    past = done(client.post("/backtests", json=asked), 202)["backtest_id"]
    walked = done(client.post("/walk-forwards", json=asked), 202)["walk_forward_id"]
    compared = done(client.post("/comparisons", json=asked_of_several(asked)), 202)["comparison_id"]
    silent = {"matches": {"portfolio": portfolio_id}, "reason": "seeded", "hours": 5}
    silence = done(client.post("/silences", json=silent), 201)["silence_id"]
    wave = done(client.post("/waves", json={"cause": "seeded", "portfolios": [portfolio_id], "pricing_pack_id": pack}), 202)
    jobs = (later["optimization_id"], past, walked, compared)
    edited = {"trades": {next(iter(book.held)): "none"}}
    choice = done(client.post(f"/runs/{run}/edit", json=edited))["choice_id"]
    saved = done(client.post(f"/choices/{choice}/saved", json={"name": "seeded"}), 201)["saved_id"]
    return Things(portfolio_id, run, *jobs, alert_of(portfolio_id), silence, wave["wave_id"], choice, saved)


def alert_of(portfolio_id: str) -> str:
    """The id of the alert that `fired` makes."""
    return alert(portfolio_id).alert_id


def fired(runtime: Runtime, *portfolio_ids: str) -> None:
    """An alert of each portfolio, as an evaluation leaves it: nobody makes one over the wire."""
    on = runtime.alerts.standing().version
    runtime.alerts.save([alert(one) for one in portfolio_ids], [], [], on=on, at=NOW, channels=[])


def asked_of_several(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in asked.items() if name != "policy"}, "strategies": [asked["policy"]]}


def absent(things: Things) -> Things:
    """Names of the same length for what is not there."""
    return Things(*(re.sub(r".$", "0" if name[-1] != "0" else "1", name) for name in things.names))


def without_names(response: httpx.Response, asked: Things) -> tuple[int, str, dict[str, str]]:
    """Status, body and headers of a reply, without what was named in the question and what differs between any two replies."""
    told = response.text
    headers = {name: value for name, value in response.headers.items() if name not in ENDED_TELLERS}
    for name in asked.names:
        told = told.replace(name, "…")
        headers = {key: value.replace(name, "…") for key, value in headers.items()}
    return response.status_code, told.replace(response.headers["x-request-id"], "…"), headers
