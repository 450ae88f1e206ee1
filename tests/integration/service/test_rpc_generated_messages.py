"""Messages that nobody would write: answered or refused in words, never a fault.

PORTOPT_TEST_MESSAGES says how many for each RPC.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from integration.service.books import book, imported
from integration.service.rpc_client import Client, Refused
from integration.service.serving import Served
from integration.service.strategies import asked

from portopt.doors.rpc.methods import Method, methods

EACH = int(os.environ.get("PORTOPT_TEST_MESSAGES", "6"))
TOLD: dict[str, Counter[str]] = {}
PORTFOLIO = "P-1"
SMALL = {
    "portfolio_id": PORTFOLIO,
    "strategies": [
        {"id": "A", "sector": "x", "expected_return": 0.08, "volatility": 0.2, "current_weight": 0.5, "benchmark_weight": 0.5},
        {"id": "B", "sector": "y", "expected_return": 0.05, "volatility": 0.1, "current_weight": 0.5, "benchmark_weight": 0.5},
        {"id": "C", "sector": "y", "expected_return": 0.06, "volatility": 0.15},
    ],
    "objective": "MAX_SHARPE",
    "method": "MEAN_VARIANCE",
    "constraints": {"max_weight": 0.6, "sector_limits": {"x": 0.7}},
    "risk_parameters": {
        "risk_free_rate": 0.01,
        "correlation": [{"values": row} for row in ([1, 0.2, 0], [0.2, 1, 0], [0, 0, 1])],
    },
}
FAULTS = ("UNKNOWN", "INTERNAL", "UNIMPLEMENTED", "DATA_LOSS", "OUT_OF_RANGE")
WITHIN = 20.0  # seconds; what is asked for at random may be large
DEEPEST = 3
NUMBERS = st.one_of(st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.05, 1e-320, 1e300, float("nan"), float("inf"), float("-inf")]),
                    st.floats(-2.0, 2.0))  # fmt: skip
WORDS = st.one_of(
    st.sampled_from(["", "P-1", "CASH", "*", "../../etc/passwd", "\x00", "MAX_SHARPE", "MEAN_VARIANCE", "volatility", "optimal",
                     "files:/etc/passwd", "http://127.0.0.1:1/", "=HYPERLINK(1)", "2023-01-02", "-1", "';--"]),
    st.text(max_size=12),
)  # fmt: skip
SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_DOUBLE: NUMBERS,
    FieldDescriptor.TYPE_INT32: st.one_of(st.sampled_from([0, 1, -1, 2**31 - 1, -(2**31)]), st.integers(-5, 60)),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_STRING: WORDS,
    FieldDescriptor.TYPE_BYTES: st.one_of(
        st.binary(max_size=40), st.sampled_from([b"{}", b"[]", b"a,b\n1,2\n", b"PK\x03\x04"])
    ),
}
OPEN = st.recursive(st.one_of(NUMBERS, WORDS, st.booleans(), st.none()),
                    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
                    max_leaves=6)  # fmt: skip


@st.composite
def messages(draw: st.DrawFn, kind: Descriptor, depth: int = 0) -> Message:
    """Any of its fields with anything that the field holds."""
    found = GetMessageClass(kind)()
    for field in kind.fields:
        if draw(st.booleans()):
            put(draw, found, field, depth)
    return found


def put(draw: st.DrawFn, message: Message, field: Any, depth: int) -> None:
    inner = field.message_type
    if inner is None:
        one = SCALARS[field.type]
        if field.is_repeated:
            getattr(message, field.name).extend(draw(st.lists(one, max_size=4)))
        else:
            setattr(message, field.name, draw(one))
    elif inner.GetOptions().map_entry:
        values = SCALARS[inner.fields_by_name["value"].type]
        getattr(message, field.name).update(draw(st.dictionaries(WORDS, values, max_size=3)))
    elif inner.full_name == "google.protobuf.Struct":
        getattr(message, field.name).update(draw(st.dictionaries(WORDS, OPEN, max_size=3)))
    elif depth < DEEPEST:
        for held in (
            [getattr(message, field.name).add() for _ in range(2)] if field.is_repeated else [getattr(message, field.name)]
        ):
            held.CopyFrom(draw(messages(inner, depth + 1)))


@st.composite
def spoiled(draw: st.DrawFn, kind: Descriptor) -> Message:
    """A message that would be answered, with one or two of its fields made anything."""
    found = seed_of(kind)
    for _ in range(draw(st.integers(0, 2))):
        spoil(draw, found)
    return found


def spoil(draw: st.DrawFn, message: Message) -> None:
    field = draw(st.sampled_from(list(message.DESCRIPTOR.fields)))
    inner, value = field.message_type, getattr(message, field.name)
    if inner is None or inner.GetOptions().map_entry or inner.full_name == "google.protobuf.Struct" or draw(st.booleans()):
        message.ClearField(field.name)
        put(draw, message, field, 0)
    elif not field.is_repeated:
        spoil(draw, value)
    elif value:
        spoil(draw, draw(st.sampled_from(list(value))))


def seed_of(kind: Descriptor) -> Message:
    """A message that names the portfolio that is there, and holds a request of S1's wherever one belongs."""
    found = GetMessageClass(kind)()
    if kind.name == "OptimizeRequest":
        return ParseDict(SMALL, found)
    for field in kind.fields:
        if field.name == "portfolio_id":
            setattr(found, field.name, PORTFOLIO)
        elif field.message_type is not None and field.message_type.name == "OptimizeRequest":
            held = getattr(found, field.name)
            (held.add() if field.is_repeated else held).CopyFrom(seed_of(field.message_type))
    return found


BY_NAME = {method.descriptor.name: method for method in methods().values()}


def said(rpc: Client, method: Method, raw: bytes) -> str:
    """The code that a message is answered with. What is refused is refused in a problem object."""
    try:
        if method.follows:
            list(rpc.channel.unary_stream(method.path)(raw, timeout=WITHIN))
        else:
            rpc.channel.unary_unary(method.path)(raw, timeout=WITHIN)
    except grpc.RpcError as error:
        found = Refused.of(error)
    else:
        return "OK"
    assert found.problem, (method.path, raw, found)
    assert found.code not in FAULTS, (method.path, raw, found)
    return found.code


@pytest.fixture(scope="module")
def there(sqlite_service: Served) -> Served:
    """A server that keeps a book and its prices."""
    imported(sqlite_service.client, PORTFOLIO, book(12))
    return sqlite_service


@pytest.mark.parametrize("name", BY_NAME)
def test_no_message_is_a_fault(there: Served, sqlite_rpc: Client, name: str) -> None:
    method, codes = BY_NAME[name], Counter[str]()

    @settings(max_examples=EACH, deadline=None, suppress_health_check=list(HealthCheck), derandomize=EACH < 100, database=None)
    @given(st.one_of(messages(method.descriptor.input_type), spoiled(method.descriptor.input_type)))
    def ask(message: Message) -> None:
        codes[said(sqlite_rpc, method, message.SerializeToString())] += 1

    ask()
    assert codes.total() >= EACH
    TOLD[name] = codes


@settings(max_examples=10 * EACH, deadline=None, suppress_health_check=list(HealthCheck), derandomize=EACH < 100, database=None)
@given(raw=st.binary(max_size=200), name=st.sampled_from(sorted(BY_NAME)))
def test_bytes_that_are_no_message_are_no_fault(sqlite_rpc: Client, raw: bytes, name: str) -> None:
    said(sqlite_rpc, BY_NAME[name], raw)


def test_the_server_is_as_well_as_before(sqlite_service: Served, sqlite_rpc: Client) -> None:
    """And what was counted is said, for `pytest -s`."""
    print(sum(TOLD.values(), Counter[str]()), {name: dict(codes) for name, codes in TOLD.items()})
    assert "Traceback" not in sqlite_service.log
    answer = sqlite_rpc.ask("Optimize", sqlite_rpc.request("Optimize", asked()))
    assert answer.portfolio_id == "P-1"  # type: ignore[attr-defined]
