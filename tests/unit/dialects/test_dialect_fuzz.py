"""Whatever arrives, reading it ends in a value or in a PortoptError that can be printed as a problem."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portopt.dialects.policies import read_policies, shipped_policies, write_policy
from portopt.dialects.portfolio import read_constraints, read_rebalance
from portopt.dialects.reading import parse_json
from portopt.dialects.requests import optimization_request_from_data, rebalance_request_from_data
from portopt.dialects.strategy import read_request
from portopt.domain.errors import RequestError

VALID = {
    "portfolio_id": "p",
    "strategies": [
        {"id": "a", "expected_return": 0.1, "volatility": 0.2, "sector": "X", "current_weight": 0.5},
        {"id": "CASH", "current_weight": 0.5},
        {"id": "b", "expected_return": 0.1, "volatility": 0.2, "returns": [0.01, None] * 12},
    ],
    "objective": "MAX_RETURN",
    "method": "MEAN_VARIANCE",
    "constraints": {"max_weight": {"*": 0.6, "a": 0.5}, "sector_limits": {"X": [0.1, 0.9]}, "turnover_limit": 0.5},
    "risk_parameters": {"risk_free_rate": 0.0, "risk_aversion": 2, "correlation": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]},
}
TEMPLATE = {"schema_version": "1.0", "policies": [write_policy(shipped_policies()[0]), {"id": "s4", "max_turnover_pct": 0.2}]}

words = st.sampled_from(
    [
        "id",
        "a",
        "b",
        "CASH",
        "*",
        "",
        "max_weight",
        "constraints",
        "strategies",
        "limits",
        "policies",
        "returns",
        "\ud800",
        "\x00",
    ]
)
atoms = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -1, 0, 1e308, -0.0, 5e-324])
    | st.floats()
    | words
    | st.text(max_size=5)
)
documents = st.recursive(
    atoms,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)
READERS: list[Callable[[Any], Any]] = [
    read_request, read_policies, read_rebalance, read_constraints, rebalance_request_from_data, optimization_request_from_data,
]  # fmt: skip


def refused_properly(read: Callable[[Any], Any], document: Any) -> bool:
    """True when reading refused; anything but a RequestError with a printable problem escapes and fails the test."""
    try:
        read(document)
    except RequestError as error:
        problem = json.dumps(error.problem(), allow_nan=False, ensure_ascii=False).encode()
        assert len(problem) < 100_000
        return True
    return False


@pytest.mark.parametrize("read", READERS, ids=lambda r: r.__name__)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=documents)
def test_any_json_value_is_read_or_refused(read: Callable[[Any], Any], document: Any) -> None:
    if not isinstance(document, dict) and not (read is read_policies and isinstance(document, list)):
        assert refused_properly(read, document)
    else:
        refused_properly(read, document)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(p for key, item in inner for p in paths(item, (*at, key)))]


@pytest.mark.parametrize(("read", "valid"), [(read_request, VALID), (read_policies, TEMPLATE)], ids=["strategy", "policies"])
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_valid_document_with_one_thing_changed_is_read_or_refused(
    read: Callable[[Any], Any], valid: dict[str, Any], data: st.DataObject
) -> None:
    document = copy.deepcopy(valid)
    path = data.draw(st.sampled_from([p for p in paths(valid) if p]))
    inner: Any = document
    for step in path[:-1]:
        inner = inner[step]
    if isinstance(inner, dict) and data.draw(st.booleans()):
        inner[data.draw(words)] = inner.pop(path[-1])
    else:
        inner[path[-1]] = data.draw(documents)
    refused_properly(read, document)


@settings(max_examples=300, deadline=None)
@given(
    raw=st.binary(max_size=60)
    | st.builds(lambda t, i: t[:i] + t[i + 1 :], st.just(json.dumps(VALID).encode()), st.integers(0, 700))
)
def test_any_bytes_are_a_document_or_malformed(raw: bytes) -> None:
    refused_properly(parse_json, raw)
