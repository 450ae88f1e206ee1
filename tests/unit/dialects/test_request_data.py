"""Requests as stored data: what comes back is what went in, to the last digit."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portopt.dialects.policies import shipped_policies
from portopt.dialects.requests import (
    optimization_request_from_data,
    optimization_request_to_data,
    read_universe,
    rebalance_request_from_data,
    rebalance_request_to_data,
)
from portopt.domain.errors import InvalidValue, MissingInput, PortoptError, RequestError, UnknownField
from portopt.domain.holdings import Holdings
from portopt.domain.request import OptimizationRequest, RebalanceRequest
from portopt.domain.universe import Asset, Universe

ids = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126, exclude_characters="*"), min_size=1, max_size=8)
money = st.decimals(min_value=-(10**9), max_value=10**9, allow_nan=False, places=4)
weight = st.floats(-1, 2, allow_nan=False)


@st.composite
def rebalance_requests(draw: st.DrawFn) -> RebalanceRequest:
    names = draw(st.lists(ids, min_size=1, max_size=5, unique=True))
    assets = tuple(
        Asset(
            name,
            name=draw(st.sampled_from(["", "Ünïcode & co"])),
            sector=draw(st.sampled_from([None, "Energy"])),
            quality_score=draw(st.none() | st.floats(0, 10)),
            tradable=draw(st.booleans()),
        )
        for name in names
    )
    return RebalanceRequest(
        holdings=Holdings(
            "P1",
            {name: draw(money) for name in names},
            draw(money),
            "EUR",
            draw(st.sampled_from([{}, {names[0]: Decimal("2.5")}])),
        ),
        policy=replace(draw(st.sampled_from(shipped_policies())), notes=draw(st.sampled_from([(), ("what has no effect",)]))),
        universe=Universe(assets),
        benchmark=draw(st.none() | st.fixed_dictionaries(dict.fromkeys(names, weight))),
        as_of=draw(st.none() | st.dates()),
        provider=draw(st.sampled_from(["sample", "files:prices.csv"])),
    )


@settings(max_examples=60, deadline=None)
@given(rebalance_requests())
def test_a_rebalance_request_survives_storage_whole(request: RebalanceRequest) -> None:
    stored = json.loads(json.dumps(rebalance_request_to_data(request)))
    again = rebalance_request_from_data(stored)
    assert again == request
    assert again.identity() == request.identity()


def test_a_changed_request_is_another_though_its_identity_was_asked_for_before() -> None:
    request = RebalanceRequest(Holdings("P1", {"A": Decimal(1)}, Decimal(0)), shipped_policies()[0], Universe.of(["A"]))
    first = request.identity()
    assert dataclasses.replace(request, benchmark={"A": 1.0}).identity() != first
    assert dataclasses.replace(request, provider="files:elsewhere.csv").identity() == request.identity() == first


def test_decimals_keep_their_written_form() -> None:
    book = Holdings("P1", {"A": Decimal("100.50")}, Decimal("0.10"))
    request = RebalanceRequest(book, shipped_policies()[0], Universe.of(["A"]), as_of=date(2022, 12, 28))
    data = rebalance_request_to_data(request)
    assert data["holdings"]["shares"] == {"A": "100.50"}
    assert data["as_of"] == "2022-12-28"
    assert str(rebalance_request_from_data(data).holdings.shares["A"]) == "100.50"


def test_an_optimization_request_survives_storage_with_its_missing_returns() -> None:
    rng = np.random.default_rng(5)
    returns = rng.normal(size=(6, 2)) / 7
    returns[2, 1] = np.nan
    half = np.array([[0.04, 0.01], [0.01, 0.09]]) / 3
    request = OptimizationRequest(
        "p", Universe.of(["a", "b"]), {"kind": "max_sharpe"}, {"max_weight": {"a": 0.1}}, {"linear_impact": {"bps": 15}},
        expected_returns=np.array([0.1 / 3, np.nan]), covariance=half, returns=returns,
        current_weights={"a": 1 / 3, "b": 2 / 3}, relax_order=("max_weight",),
    )  # fmt: skip
    again = optimization_request_from_data(json.loads(json.dumps(optimization_request_to_data(request))))
    assert again.identity() == request.identity()
    np.testing.assert_array_equal(again.returns, returns)
    np.testing.assert_array_equal(again.covariance, half)


WRONG: list[tuple[dict[str, Any], type[PortoptError], str]] = [
    ({"holdngs": {}}, UnknownField, "holdngs"),
    ({"holdings": {"portfolio_id": "p", "shares": {"A": 1.5}}}, InvalidValue, "holdings.shares.A"),
    ({"holdings": {"portfolio_id": "p", "shares": {"A": "1e999"}}}, InvalidValue, "holdings.shares.A"),
    ({"holdings": {"portfolio_id": "p", "cash": "ten"}}, InvalidValue, "holdings.cash"),
    ({"holdings": {"shares": {}}}, MissingInput, "holdings.portfolio_id"),
    ({"as_of": "28.12.2022"}, InvalidValue, "as_of"),
    ({"universe": {"assets": [{"id": "A"}, {"id": "A"}]}}, RequestError, "universe.assets"),
    ({"universe": {"assets": [{"id": "A", "sectr": "x"}]}}, UnknownField, "universe.assets[0].sectr"),
    ({"benchmark": {"A": None}}, InvalidValue, "benchmark.A"),
    ({"policy": {"id": "x"}}, MissingInput, "policy.objective"),
]


@pytest.mark.parametrize(("change", "error", "field"), WRONG, ids=[w[2] for w in WRONG])
def test_a_stored_request_that_cannot_be_read_whole_is_not_read_in_part(
    change: dict[str, Any], error: type[PortoptError], field: str
) -> None:
    request = RebalanceRequest(Holdings("P1", {"A": Decimal(1)}), shipped_policies()[0], Universe.of(["A"]))
    with pytest.raises(error) as caught:
        rebalance_request_from_data({**rebalance_request_to_data(request), **change})
    assert caught.value.field == field


def test_a_universe_that_was_read_before_is_the_same_value_and_another_number_in_it_is_another():
    told = {"assets": [{"id": "A", "quality_score": 1.0, "attributes": {"beta": 1.0}}, {"id": "B"}]}
    first = read_universe(told)
    assert read_universe(json.loads(json.dumps(told))) is first
    for changed in (1.0000000000000002, 1, 7.5):
        other = {"assets": [{**told["assets"][0], "quality_score": changed}, {"id": "B"}]}
        assert read_universe(other).assets[0].quality_score == changed
    with pytest.raises(InvalidValue):
        read_universe({"assets": [{**told["assets"][0], "quality_score": True}, {"id": "B"}]})
    with pytest.raises(InvalidValue):
        read_universe({"assets": [{**told["assets"][0], "quality_score": float("nan")}, {"id": "B"}]})


def test_what_is_refused_of_a_universe_is_refused_every_time():
    for _ in range(2):
        with pytest.raises(UnknownField, match="colour"):
            read_universe({"assets": [{"id": "A", "colour": "red"}]})
