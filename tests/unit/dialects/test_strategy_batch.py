"""Many S1 requests in one document: each answered or refused in its place."""

from __future__ import annotations

from typing import Any

import pytest

from portopt.dialects.strategy_batch import MOST_REQUESTS, read_requests, write_responses
from portopt.domain.errors import InvalidValue, PortoptError
from portopt.questions.weights import optimize_many

REQUEST: dict[str, Any] = {
    "portfolio_id": "p",
    "strategies": [
        {"id": "a", "expected_return": 0.10, "volatility": 0.2},
        {"id": "b", "expected_return": 0.06, "volatility": 0.1},
    ],
    "objective": "MIN_VOLATILITY",
    "method": "MEAN_VARIANCE",
    "risk_parameters": {"correlation": [[1, 0], [0, 1]]},
}


def test_what_cannot_be_read_is_named_by_its_place_and_refused_in_it():
    asked = read_requests([REQUEST, REQUEST | {"objective": "MOST"}, REQUEST | {"constraints": {"max_weight": 0.3}}])
    assert [isinstance(one, PortoptError) for one in asked] == [False, True, False]
    answers = optimize_many(asked)
    assert [isinstance(one, PortoptError) for one in answers] == [False, True, True]
    responses = write_responses(asked, answers)
    assert responses[0]["optimal_weights"] == pytest.approx({"a": 0.2, "b": 0.8}, abs=1e-12)
    assert responses[1]["asked"]["field"].startswith("[1].")
    assert responses[2]["code"] == "infeasible"


@pytest.mark.parametrize("documents", [[], {}, [REQUEST] * (MOST_REQUESTS + 1)], ids=["none", "no list", "too many"])
def test_what_is_no_list_of_requests_is_refused_whole(documents):
    with pytest.raises(InvalidValue):
        read_requests(documents)
