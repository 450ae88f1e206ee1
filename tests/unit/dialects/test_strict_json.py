"""What counts as a JSON document here."""

from __future__ import annotations

import json

import pytest

from portopt.dialects import reading
from portopt.dialects.reading import parse_json, shown
from portopt.domain.errors import MalformedDocument


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"{", "line 1, column 2"),
        (b'{"a": 1,}', "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1, "a": 2}', "'a' stands twice"),
        (b'{"x": {"b": 1, "b": 1}}', "'b' stands twice"),
        (b"[1] [2]", "not JSON"),
        (b"\xff\xfe{", "UTF-8"),
        (b"[" * 100_000, "too deeply"),
        (b"1" * 10_000, "too many digits"),
    ],
)
def test_what_is_not_json_is_refused_and_says_why(document: bytes, says: str) -> None:
    with pytest.raises(MalformedDocument, match=says):
        parse_json(document)


def test_a_byte_order_mark_is_no_reason_to_refuse() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_a_document_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_DOCUMENT_BYTES", 10)
    with pytest.raises(MalformedDocument) as caught:
        parse_json("[1, 2, 3, 4, 5]")
    assert caught.value.measured["largest_allowed"] == 10


@pytest.mark.parametrize(
    "value", ["x" * 10_000, "\ud800", list(range(9)), {str(i): i for i in range(9)}, float("inf"), 10**400]
)
def test_any_value_can_be_quoted_in_a_problem(value: object) -> None:
    assert len(json.dumps(shown(value), allow_nan=False, ensure_ascii=False).encode()) < 200
