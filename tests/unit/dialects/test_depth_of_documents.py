"""A document nests so deep and no deeper; brackets in texts do not count."""

from __future__ import annotations

import json

import pytest

from portopt.dialects.reading import MAX_DEPTH, parse_json
from portopt.domain.errors import MalformedDocument


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_the_deepest_document_is_read_and_a_deeper_one_is_not(opening: str, closing: str) -> None:
    def nested(depth: int) -> str:
        return opening * (depth - 1) + ("[]" if opening == "[" else "{}") + closing * (depth - 1)

    parse_json(nested(MAX_DEPTH))
    with pytest.raises(MalformedDocument, match="nested"):
        parse_json(nested(MAX_DEPTH + 1))


@pytest.mark.parametrize("text", ['"' + "[" * 500 + '"', '["' + '\\"[{' * 200 + '"]', '{"[[": "]"}'])
def test_brackets_in_texts_are_no_depth(text: str) -> None:
    assert parse_json(text) == json.loads(text)
