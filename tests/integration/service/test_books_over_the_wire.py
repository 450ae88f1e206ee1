"""Portfolios and what they hold, prices, beliefs and policies: brought as bodies, read as files are, found again."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from integration.service.books import POLICY, SPREADSHEET, body_of, book, done, problem
from integration.service.serving import Served

BOOK = book(8, seed=6)  # of this file alone: its pack is new


def put(service: Served, portfolio_id: str, **said: Any) -> dict[str, Any]:
    return dict(done(service.client.put(f"/portfolios/{portfolio_id}", json=said)))


def test_a_portfolio_is_made_changed_in_part_and_listed(each_service: Served) -> None:
    made = each_service.client.put("/portfolios/made", json={"name": "One", "policy": "conservative_income"})
    assert done(made, 201)["policy"] == "conservative_income"
    assert made.headers["location"] == "/api/v1/portfolios/made"
    universe = {"assets": [{"id": "A", "sector": "Tech"}, {"id": "B"}]}
    changed = put(each_service, "made", universe=universe, benchmark={"A": 0.25, "B": 0.75}, provider="sample")
    assert changed["name"] == "One"
    assert [asset["sector"] for asset in changed["universe"]["assets"]] == ["Tech", None]
    assert changed["benchmark"] == {"A": 0.25, "B": 0.75}
    assert put(each_service, "made", benchmark=None, name="Two")["benchmark"] is None
    assert done(each_service.client.get("/portfolios/made"))["name"] == "Two"
    for name in ("zzz-page-a", "zzz-page-b", "zzz-page-c"):
        put(each_service, name)
    first = done(each_service.client.get("/portfolios", params={"limit": 2, "cursor": "zzz-page"}))
    assert [line["portfolio_id"] for line in first["portfolios"]] == ["zzz-page-a", "zzz-page-b"]
    rest = done(each_service.client.get("/portfolios", params={"cursor": first["next_cursor"]}))
    assert [line["portfolio_id"] for line in rest["portfolios"]] == ["zzz-page-c"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"policy": "conservative_incom"}, "policy"),
        ({"provider": "files:/etc/passwd"}, "provider"),
        ({"benchmark": {"A": 0.5}}, "benchmark"),
        ({"universe": {"assets": []}}, "universe.assets"),
        ({"nmae": "x"}, "nmae"),
    ],
)
def test_what_cannot_be_said_of_a_portfolio_is_refused_by_its_place(sqlite_service: Served, said: Any, field: str) -> None:
    told = problem(sqlite_service.client.put("/portfolios/refused", json=said), 422)
    assert told["asked"]["field"] == field
    problem(sqlite_service.client.get("/portfolios/refused"), 404, "not_found")


def test_no_question_creates_a_portfolio(sqlite_service: Served) -> None:
    client = sqlite_service.client
    asked = [
        client.get("/portfolios/nobody"),
        client.get("/portfolios/nobody/holdings"),
        client.get("/portfolios/nobody/efficient-frontier"),
        client.get("/portfolios/nobody/factor-exposures"),
        client.post("/portfolios/nobody/rebalance", json={}),
        client.post("/optimizations", json={"portfolio_id": "nobody"}),
        client.get("/portfolios/nobody/ledger"),
        client.put("/portfolios/nobody/holdings", json={"A": 1}),
    ]
    told = [problem(answer, 404, "not_found") for answer in asked]
    assert {one["detail"] for one in told} == {"there is no portfolio 'nobody'"}
    problem(client.get("/portfolios/nobody"), 404)


@pytest.mark.parametrize("kind", ["csv", "tsv", "xlsx", "parquet", "json rows", "json map"])
def test_holdings_are_read_from_every_kind_of_body_as_from_a_file(service: Served, kind: str) -> None:
    name = f"kind-{kind.replace(' ', '-')}"
    put(service, name)
    parquet = io.BytesIO()
    pl.DataFrame(BOOK.rows).write_parquet(parquet)
    body = {
        "csv": body_of(BOOK.csv, "text/csv"),
        "tsv": body_of(BOOK.tsv, "text/tab-separated-values"),
        "xlsx": body_of(BOOK.xlsx, SPREADSHEET),
        "parquet": body_of(parquet.getvalue(), "application/octet-stream"),
        "json rows": {"json": BOOK.rows},
        "json map": {"json": BOOK.held},
    }[kind]
    told = done(service.client.put(f"/portfolios/{name}/holdings", **body))
    assert told["version"] == 1
    held = {asset: float(count) for asset, count in told["shares"].items() if float(count)}
    assert held == {asset: count for asset, count in BOOK.held.items() if asset != "CASH"}
    assert float(told["cash"]) == BOOK.held["CASH"]
    universe = done(service.client.get(f"/portfolios/{name}"))["universe"]
    if kind == "json map":
        assert universe is None
    else:
        assert {asset["id"]: asset["sector"] for asset in universe["assets"]} == {
            row["asset"]: row["sector"] for row in BOOK.rows if row["asset"] != "CASH"
        }
        assert any("8 assets" in note for note in told["notes"])


def test_holdings_have_versions_and_the_same_again_is_the_same_one(each_service: Served) -> None:
    put(each_service, "versions")
    for shares in (10, 10, 20, 30):
        told = done(each_service.client.put("/portfolios/versions/holdings", json={"A": shares, "CASH": "12.50"}))
    assert told["version"] == 3
    assert done(each_service.client.get("/portfolios/versions/holdings"))["shares"] == {"A": "30"}
    first = done(each_service.client.get("/portfolios/versions/holdings/versions", params={"limit": 2}))
    assert [line["version"] for line in first["versions"]] == [3, 2]
    rest = done(each_service.client.get("/portfolios/versions/holdings/versions", params={"cursor": first["next_cursor"]}))
    assert [line["version"] for line in rest["versions"]] == [1]
    assert first["versions"][0]["declared_by"] == "local"


def test_lots_come_with_the_holdings_and_go_with_them(each_service: Served) -> None:
    put(each_service, "lots")
    lot = {"asset_id": "A", "lot_id": "L1", "acquired_on": "2021-03-02", "shares": "40", "cost_per_share": "121.50"}
    sold = {**lot, "lot_id": "L0", "shares": "5", "closed_on": "2024-03-01", "proceeds_per_share": "99"}
    year = {"realized_short": "-112.50", "realized_long": "0", "carried_short": "0", "carried_long": "7.25"}
    body = {"holdings": {"A": 100, "B": 7}, "cash": "12.50", "tax_lots": [lot], "closed_lots": [sold], "tax_year": year}
    told = done(each_service.client.put("/portfolios/lots/holdings", json=body))
    unknown = {"asset_id": "A", "lot_id": "unknown", "acquired_on": None, "shares": "60", "cost_per_share": None}
    assert (told["tax_lots"], told["closed_lots"], told["tax_year"]) == ([lot, unknown], [sold], year)
    said = " ".join(told["notes"])
    assert "60 shares of A lie in no lot" in said
    assert "no lots are told of B" in said
    held = done(each_service.client.get("/portfolios/lots/holdings"))
    assert (held["tax_lots"], held["version"]) == ([lot, unknown], 1)
    same = {**body, "holdings": held["shares"], "tax_lots": held["tax_lots"]}
    assert done(each_service.client.put("/portfolios/lots/holdings", json=same))["version"] == 1
    bare = {"holdings": {"A": 100, "B": 7}, "cash": "12.50"}  # says nothing of lots: what was said stays
    assert done(each_service.client.put("/portfolios/lots/holdings", json=bare))["tax_lots"] == [lot, unknown]
    other = {**same, "tax_lots": [{**lot, "shares": "100"}]}
    assert done(each_service.client.put("/portfolios/lots/holdings", json=other))["version"] == 2


def test_lots_that_cannot_be_of_the_holdings_are_refused_with_both_numbers(sqlite_service: Served) -> None:
    put(sqlite_service, "too-many")
    lot = {"asset_id": "A", "shares": "60"}
    client, place = sqlite_service.client, "/portfolios/too-many/holdings"
    told = problem(client.put(place, json={"holdings": {"A": 50}, "tax_lots": [lot]}), 422)
    assert "its lots add to 60 shares, and 50 are held" in told["detail"]
    told = problem(client.put(place, json={"holdings": {"A": 120}, "tax_lots": [lot]}), 422)
    assert "2 times as many: was it split" in told["detail"]
    told = problem(client.put(place, json={"holdings": {"A": 60}, "tax_lots": [{**lot, "cost": 5}]}), 422)
    assert told["asked"]["field"] == "tax_lots[0].cost"


def test_every_row_and_column_is_used_listed_or_refused(sqlite_service: Served) -> None:
    put(sqlite_service, "notes")
    table = "symbol,quantity,sector,comment,benchmark_weight\nA,10,Tech,mine,0.5\nA,5,Tech,,0.5\nB,1,Bank,x,\nTotal,16,,,\n"
    refused = problem(sqlite_service.client.put("/portfolios/notes/holdings", **body_of(table.encode(), "text/csv")), 422)
    assert "row 3" in refused["detail"]
    table = table.replace("A,5,Tech,,0.5\n", "C,5,Tech,,0.5\n")
    told = done(sqlite_service.client.put("/portfolios/notes/holdings", **body_of(table.encode(), "text/csv")))
    said = " ".join(told["notes"])
    assert "comment" in said
    assert "Total" in said
    assert done(sqlite_service.client.get("/portfolios/notes"))["benchmark"] == {"A": 0.5, "C": 0.5}
    wrong = "asset,shares\nA,ten\n,5\n"
    refused = problem(sqlite_service.client.put("/portfolios/notes/holdings", **body_of(wrong.encode(), "text/csv")), 422)
    assert "row 2, column shares: 'ten'" in refused["detail"]
    assert refused["measured"]["count"] >= 2


@pytest.mark.parametrize("text", ["files:/etc/passwd", "/etc/passwd", "=HYPERLINK(1)"])
def test_a_body_names_no_file(sqlite_service: Served, text: str) -> None:
    put(sqlite_service, "paths")
    told = problem(sqlite_service.client.put("/portfolios/paths/holdings", json=text), 400)
    assert "root:" not in json.dumps(told)
    problem(sqlite_service.client.put("/portfolios/paths/holdings", **body_of(text.encode(), "text/csv")), 422)


def test_a_body_of_another_kind_is_told_what_is_read(sqlite_service: Served) -> None:
    put(sqlite_service, "media")
    for content, kind in ((b"<a/>", "application/xml"), (b"\x00\x01", "application/octet-stream")):
        told = problem(sqlite_service.client.put("/portfolios/media/holdings", **body_of(content, kind)), 415)
        assert "text/csv" in json.dumps(told)


def test_prices_are_one_pack_however_they_are_sent(service: Served) -> None:
    prices = BOOK.prices
    parquet, arrow, long = io.BytesIO(), io.BytesIO(), prices.unpivot(index="date", variable_name="asset", value_name="close")
    prices.write_parquet(parquet)
    prices.write_ipc_stream(arrow, compression="uncompressed")
    rows = [{**row, "date": row["date"].isoformat()} for row in long.to_dicts()]
    columns = {name: [str(v) for v in prices[name]] if name == "date" else prices[name].to_list() for name in prices.columns}
    bodies = {
        "csv": body_of(prices.write_csv().encode(), "text/csv"),
        "long csv": body_of(long.write_csv().encode(), "text/csv"),
        "parquet": body_of(parquet.getvalue(), "application/vnd.apache.parquet"),
        "arrow": body_of(arrow.getvalue(), "application/vnd.apache.arrow.stream"),
        "rows": {"json": rows},
        "columns": {"json": columns},
    }
    answers = {kind: service.client.post("/packs", **body) for kind, body in bodies.items()}
    told = {kind: done(answer) for kind, answer in answers.items()}
    assert len({pack["pricing_pack_id"] for pack in told.values()}) == 1, told
    assert [answer.status_code for answer in answers.values()] == [201, 200, 200, 200, 200, 200]
    pack = done(service.client.get(f"/packs/{told['csv']['pricing_pack_id']}"))
    assert (pack["dates"], len(pack["assets"]), pack["prices"]) == (500, 8, 4000)
    assert pack["pricing_pack_id"] in [line["pricing_pack_id"] for line in done(service.client.get("/packs"))["packs"]]
    other = done(
        service.client.post("/packs", **body_of(prices.with_columns(N00=pl.col("N00") + 1).write_csv().encode(), "text/csv"))
    )
    apart = done(service.client.get(f"/packs/{pack['pricing_pack_id']}/difference/{other['pricing_pack_id']}"))
    assert apart["prices_changed_count"] == 500


def test_prices_that_are_none_are_refused_and_unknown_packs_are_not_there(sqlite_service: Served) -> None:
    client = sqlite_service.client
    assert "no price" in problem(client.post("/packs", **body_of(b"date,A\n", "text/csv")), 422)["detail"]
    problem(client.post("/packs", json={"prices": [{"date": "2024-01-02", "asset": {}, "close": 1}]}), 400)
    compressed = io.BytesIO()
    BOOK.prices.write_ipc_stream(compressed, compression="zstd")
    told = problem(client.post("/packs", **body_of(compressed.getvalue(), "application/vnd.apache.arrow.stream")), 422)
    assert told["fixes"] == ["write it without compression"]
    for named in ("pack-00000000000000000000", "..", "pack-..%2F..%2Fetc"):
        assert client.get(f"/packs/{named}").status_code == 404


def test_beliefs_have_one_id_however_they_are_sent(service: Served) -> None:
    rng = np.random.default_rng(2)
    returns = 0.01 * rng.standard_normal((60, 3))
    Sigma = np.cov(returns.T) * 252
    given = {"ids": ["A", "B", "C"], "expected_returns": [0.05, 0.06, 0.07], "covariance": Sigma.tolist()}
    archive, arrow = io.BytesIO(), io.BytesIO()
    np.savez(
        archive, ids=np.array(given["ids"]), expected_returns=np.array([0.05, 0.06, 0.07]), covariance=(Sigma + Sigma.T) / 2
    )
    table = {"asset_id": given["ids"], "expected_return": [0.05, 0.06, 0.07]}
    table |= {name: Sigma[:, i] for i, name in enumerate(given["ids"])}
    pl.DataFrame(table).write_ipc_stream(arrow, compression="uncompressed")
    bodies = [
        {"json": given},
        body_of(archive.getvalue(), "application/x-npz"),
        body_of(archive.getvalue(), "application/octet-stream"),
        body_of(arrow.getvalue(), "application/vnd.apache.arrow.stream"),
    ]
    told = [done(service.client.post("/beliefs", **body), 201) for body in bodies]
    assert len({one["beliefs_id"] for one in told}) == 1
    named = told[0]["beliefs_id"]
    shape = done(service.client.get(f"/beliefs/{named}"))
    assert shape["holds"] == {"expected_returns": [3], "covariance": [3, 3]}
    assert "covariance" not in shape
    whole = done(service.client.get(f"/beliefs/{named}", params={"numbers": "true"}))
    assert np.allclose(whole["covariance"], Sigma)
    request = {
        "portfolio_id": "by-id", "strategies": [{"id": name} for name in given["ids"]], "objective": "MAX_SHARPE",
        "method": "MEAN_VARIANCE", "risk_parameters": {"beliefs": named},
    }  # fmt: skip
    inline = {
        **request,
        "strategies": [{"id": n, "expected_return": m} for n, m in zip(given["ids"], (0.05, 0.06, 0.07), strict=True)],
        "risk_parameters": {"covariance": Sigma.tolist()},
    }
    answers = [done(service.client.post("/optimize", json=body))["optimal_weights"] for body in (request, inline)]
    assert answers[0] == pytest.approx(answers[1], abs=1e-9)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ids": ["A", "A"], "expected_returns": [0.1, 0.2]}, "ids"),
        ({"ids": ["A", "B"], "expected_returns": [0.1]}, "expected_returns"),
        ({"ids": ["A", "B"], "covariance": [[1, 2], [3, 4]]}, "covariance[0][1]"),
        ({"ids": ["A", "B"], "covariance": [[1, 2], [2, 1]]}, "covariance"),
        ({"ids": ["A"], "F": [[1.0]]}, "Omega"),
        ({"ids": ["A"], "expected_returns": ["0.1"]}, "expected_returns[0]"),
        ({"ids": ["A"]}, "body"),
        ({"ids": ["A"], "expected_returns": [True]}, "expected_returns[0]"),
        ({"ids": ["A"], "expected_return": [0.1]}, "expected_return"),
    ],
)
def test_beliefs_that_do_not_fit_together_are_refused_by_their_place(sqlite_service: Served, body: Any, field: str) -> None:
    assert problem(sqlite_service.client.post("/beliefs", json=body), 422)["asked"]["field"] == field


def test_an_archive_is_never_unpickled(sqlite_service: Served) -> None:
    poisoned = io.BytesIO()
    np.savez(poisoned, ids=np.array(["A"]), expected_returns=np.array([{"a": 1}], dtype=object))
    told = problem(sqlite_service.client.post("/beliefs", **body_of(poisoned.getvalue(), "application/x-npz")), 400)
    assert "objects, not numbers" in told["detail"]
    for content in (b"PK\x03\x04", b"", poisoned.getvalue()[:100]):
        problem(sqlite_service.client.post("/beliefs", **body_of(content, "application/x-npz")), 400)


def test_policies_are_listed_read_put_and_refused(service: Served) -> None:
    listed = done(service.client.get("/policies", params={"limit": 1}))
    assert (len(listed["policies"]), listed["policies"][0]["policy_id"]) == (1, "aggressive_growth")
    assert done(service.client.put("/policies/of-mine", json=POLICY))["limits"] == POLICY["limits"]
    done(service.client.put("/policies/of-mine", json={**POLICY, "method_version": "v2", "risk_free_rate": 0.03}))
    assert done(service.client.get("/policies/of-mine"))["method_version"] == "v2"
    problem(service.client.get("/policies/nobodys"), 404, "unknown_policy")
    told = problem(
        service.client.put("/policies/of-mine", json={**POLICY, "limits": {"max_wieght": 0.1}}), 422, "unknown_field"
    )
    assert told["fixes"] == ["rename 'max_wieght' to 'max_weight'"]
    problem(service.client.put("/policies/of-mine", json={**POLICY, "id": "other"}), 422, "invalid_value")
    factors = {"factors": {"method": "time_series", "source": "file:/etc/passwd"}}
    refused = problem(service.client.put("/policies/of-mine", json={**POLICY, "estimation": factors}), 422)
    assert refused["asked"]["field"] == "estimation.factors.source"
