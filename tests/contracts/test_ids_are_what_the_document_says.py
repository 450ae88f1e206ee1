"""Names that users make: what the document admits and what the service reads are the same, umlauts and all."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest

from portopt.dialects.reading import text
from portopt.domain.errors import InvalidValue
from portopt.doors.rest.openapi import openapi_document

SCHEMAS = openapi_document()["components"]["schemas"]
PORTFOLIO = SCHEMAS["OptimizationRequest"]["properties"]["portfolio_id"]
ASSET = SCHEMAS["StrategyDefinition"]["properties"]["id"]
IN_PATH = openapi_document()["paths"]["/portfolios/{portfolio_id}"]["get"]["parameters"][0]["schema"]
GOOD = ("P-1", "Müller", "Ōsaka 4", "株式", "Ελλάδα", "a/b", " a", "A&B", "…", "x" * 100)
BAD = ("", "  ", "a\tb", "a\nb", "a\u200bb", "\x7f", "a\u00a0b", "\ufeffA", "x" * 101)
UNASSIGNED = ("Cn", "Co", "Cs", "Cf", "Zs")  # what the service refuses beyond what a pattern can say


def admits(schema: dict[str, Any], name: str) -> bool:
    """As JSON Schema means it: `$` is the end, and not the line break before it too."""
    pattern = schema["pattern"].removesuffix("$") + r"\Z"
    return schema["minLength"] <= len(name) <= schema["maxLength"] and re.search(pattern, name) is not None


def is_read(name: str) -> bool:
    try:
        return text(name, "id") == name
    except InvalidValue:
        return False


@pytest.mark.parametrize("schema", [PORTFOLIO, ASSET], ids=["portfolio", "asset"])
@pytest.mark.parametrize("name", GOOD + BAD)
def test_the_document_admits_the_names_that_the_service_reads(schema: dict[str, Any], name: str) -> None:
    assert admits(schema, name) == is_read(name) == (name in GOOD)


def test_every_character_that_is_read_is_admitted_and_what_is_not_admitted_is_refused() -> None:
    for code in range(0x20000):
        name = f"a{chr(code)}"
        if unicodedata.category(chr(code)) == "Cs":
            continue
        assert admits(ASSET, name) or not is_read(name), hex(code)
        assert is_read(name) or not admits(ASSET, name) or unicodedata.category(chr(code)) in UNASSIGNED, hex(code)


def test_a_path_takes_them_too_but_for_the_slash_that_would_divide_it() -> None:
    assert [name for name in GOOD if not admits(IN_PATH, name)] == ["a/b"]
