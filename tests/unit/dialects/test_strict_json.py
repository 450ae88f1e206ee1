"""What counts as a JSON document here."""

from __future__ import annotations

import json

import pytest

from portopt.dialects import reading
from portopt.dialects.quick_json import QUICK_FROM, read_quickly
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


FILLER = json.dumps([0.1 + 1e-9 * i for i in range(QUICK_FROM // 8)])  # makes a document large


def large(members: str) -> bytes:
    return f'{{"filler": {FILLER}, {members}}}'.encode()


@pytest.mark.parametrize(
    "members",
    [
        '"a": {"b": [{"c": 1}, {"c": -0.0}], "d": null}, "e": [[1, 2.5e-7], [true, false]]',
        '"a": "\\u00e9\\n", "b": 18446744073709551615, "c": 4.9e-324',
    ],
)
def test_a_large_document_is_read_quickly_and_alike(members: str) -> None:
    found = read_quickly(large(members))
    assert repr(found) == repr(json.loads(large(members)))
    assert found == parse_json(large(members))


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ('"a": 1, "a": 1', "'a' stands twice"),
        ('"x": [1, {"b": 1, "b": 1}]', "'b' stands twice"),
        ('"x": "1:2", "b": 1, "b": 1', "'b' stands twice"),
        ('"a": NaN', "NaN"),
        ('"a": 1,', "not JSON"),
        ('"a": ' + "[" * 70 + "]" * 70, "nested more than"),
        ('"a": ' + '{"b":' * 70 + "1" + "}" * 70, "nested more than"),
        ('"a": ' + "[" * 100_000, "too deeply"),
        ('"a": ' + "1" * 10_000, "too many digits"),
    ],
)
def test_a_large_document_is_refused_for_what_a_small_one_is(members: str, says: str) -> None:
    with pytest.raises(MalformedDocument, match=says):
        parse_json(large(members))


@pytest.mark.parametrize("members", ['"a": 18446744073709551616', '"a": "\\ud800"', '"a": 1e400', '"a": "1:2"'])
def test_what_the_two_readers_might_read_differently_is_left_to_the_strict_one(members: str) -> None:
    assert read_quickly(large(members)) is None
    assert repr(parse_json(large(members))) == repr(json.loads(large(members)))


def test_a_whole_number_keeps_its_digits_in_a_small_and_a_large_document() -> None:
    assert parse_json(large('"a": 18446744073709551617'))["a"] == 2**64 + 1
