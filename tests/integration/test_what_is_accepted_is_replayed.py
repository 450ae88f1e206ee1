"""One rule for text at the way in, and a round trip before any work: what is accepted is what can be replayed."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
import small_book

from portopt.adapters.providers.frames import FrameProvider
from portopt.domain.errors import InvalidValue, RequestError
from portopt.domain.holdings import Holdings
from portopt.domain.request import RebalanceRequest
from portopt.domain.universe import Asset, Universe
from portopt.questions.rebalance import rebalance as propose
from portopt.runs import history, record
from portopt.runtime import Runtime
from portopt.settings import Settings

BAD = ["A\x00B", "A\x1b[2J", "A\u200bB", "A\u202eB", "A\nB", "A\ud800", "x" * 101, " ", ""]


@pytest.fixture
def runtime(tmp_path) -> Runtime:
    return Runtime(Settings(home=tmp_path / "home"))


@pytest.fixture
def request_() -> RebalanceRequest:
    return small_book.request(benchmark={"A": 1.0})


def with_asset(request: RebalanceRequest, asset: Asset) -> RebalanceRequest:
    return dataclasses.replace(request, universe=Universe((*request.universe.assets, asset)))


def held(request: RebalanceRequest, **changes) -> RebalanceRequest:
    return dataclasses.replace(request, holdings=dataclasses.replace(request.holdings, **changes))


WAYS_IN = {
    "portfolio_id": lambda request, text: held(request, portfolio_id=text),
    "holdings": lambda request, text: held(request, shares={**request.holdings.shares, text: Decimal(1)}),
    "universe.assets": lambda request, text: with_asset(request, Asset(text)),
    "benchmark": lambda request, text: dataclasses.replace(request, benchmark={text: 1.0}),
    "target_type": lambda request, text: dataclasses.replace(request, target_type=text),
}


@pytest.mark.parametrize("text", BAD)
@pytest.mark.parametrize("field", WAYS_IN)
def test_a_text_that_could_not_be_seen_stored_or_replayed_is_refused_before_any_work(runtime, request_, field, text):
    with pytest.raises(RequestError) as caught:
        propose(WAYS_IN[field](request_, text), runtime)
    assert field in str(caught.value.field)
    assert not runtime.settings.home.exists()


def test_a_word_that_its_column_could_not_hold_is_refused_before_any_work(runtime, request_):
    with pytest.raises(InvalidValue, match="at most 20 are accepted"):
        propose(WAYS_IN["target_type"](request_, "x" * 21), runtime)


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("Infinity"), Decimal("1e400")])
def test_an_amount_that_no_reader_accepts_is_refused_at_once(runtime, request_, amount):
    with pytest.raises(InvalidValue, match=r"holdings\.cash"):
        propose(held(request_, cash=amount), runtime)


def test_what_is_accepted_is_the_form_that_every_replay_reads(request_):
    odd = dataclasses.replace(request_, policy=dataclasses.replace(request_.policy, risk_free_rate=0, relax_order=[]))
    accepted = record.accepted(odd)
    assert record.accepted(accepted).identity() == accepted.identity()
    assert record.accepted(request_).identity() == request_.identity()


def test_a_run_of_names_in_every_script_is_replayed_to_the_same_bytes(runtime):
    names = ["Ørsted", "東京電力 50 % größer", "a'b\"c<d>&e ПАО"]
    frame = small_book.prices().rename(dict(zip(small_book.ASSETS, names, strict=True)))
    request = small_book.request(
        holdings=Holdings("Fonds „Süd“", {name: Decimal(10) for name in names}), universe=Universe.of(names)
    )
    record = propose(request, runtime, market=FrameProvider(frame), frontier=False)
    assert history.replay(record.run_id, runtime)["same"] is True
