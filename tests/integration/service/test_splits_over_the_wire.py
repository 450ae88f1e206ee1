"""A portfolio whose holdings are from before a split: asked about over REST, answered once, and on record afterwards."""

from __future__ import annotations

import numpy as np
import polars as pl
from integration.service.books import body_of, done, problem
from integration.service.serving import Served

DAYS = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 4, 9), eager=True)
RNG = np.random.default_rng(4)
PRICES = {a: np.round(100 * (k + 1) * np.cumprod(1 + RNG.normal(0, 0.01, 100)), 2) for k, a in enumerate("ABC")}
POLICY = {
    "name": "Calm",
    "objective": {"kind": "min_risk"},
    "limits": {"long_only": True},
    "estimation": {"lookback": 90, "min_observations": 20},
}


def rows(times: float) -> list[dict[str, object]]:
    held = {"A": 100, "B": 50, "C": 30}
    stated = {a: float(round(PRICES[a][-2] * (times if a == "A" else 1.0), 2)) for a in held}
    return [{"asset": a, "shares": n, "price": stated[a], "as_of": "2024-04-08"} for a, n in held.items()]


def test_it_is_asked_answered_once_and_on_record(sqlite_service: Served) -> None:
    client, of = sqlite_service.client, "/portfolios/before-a-split"
    done(client.put("/policies/calm-split", json=POLICY))
    done(client.put(of, json={"policy": "calm-split"}))
    csv = pl.DataFrame({"date": DAYS, **PRICES}).write_csv().encode()
    pack = done(client.post("/packs", **body_of(csv, "text/csv")))["pricing_pack_id"]
    told = done(client.put(f"{of}/holdings", json=rows(4.0)))
    assert told["as_of"] == "2024-04-08"

    refused = problem(client.post(f"{of}/rebalance", json={"pricing_pack_id": pack}), 422, "split_since_holdings")
    assert refused["asked"] == {"field": "holdings", "value": ["A"]}
    assert refused["measured"]["in_doubt"][0]["ratio"] == "4:1"
    ready = done(client.get(f"{of}/ready", params={"pricing_pack_id": pack, "on": "2024-04-10"}))
    assert any("looks like a split of 4 for 1" in reason["detail"] for reason in ready["reasons"])
    nobody = problem(client.post(f"{of}/rebalance", json={"pricing_pack_id": pack, "splits": {"Z": "4:1"}}), 422)
    assert nobody["asked"]["field"] == "splits"

    answer = {"pricing_pack_id": pack, "splits": {"A": "4:1"}}
    first = done(client.post(f"{of}/rebalance", json=answer))
    held = done(client.get(f"{of}/holdings"))
    assert (held["shares"]["A"], held["splits"]) == ("400", {"A": "4:1"})
    assert done(client.post(f"{of}/rebalance", json=answer))["rebalance_id"] == first["rebalance_id"]
    assert done(client.get(f"{of}/holdings"))["shares"]["A"] == "400"

    done(client.put(f"{of}/holdings", json=[{**row, "shares": 7} for row in rows(4.0)]))
    confirmed = done(client.post(f"{of}/rebalance", json={"pricing_pack_id": pack, "confirmed_shares": ["A"]}))
    document = done(client.get(f"/runs/{confirmed['rebalance_id']}/document"))
    assert "the shares of A were confirmed as those of the prices' day" in document["notes"]
