"""What generators of clients need of the document beyond its being valid; each of these once cost them operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from portopt.doors.rest.openapi import openapi_document

DOCUMENT = openapi_document()


def schemas(value: Any, place: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every object of the document that may be a schema, with its place; examples are no schemas."""
    if isinstance(value, Mapping):
        yield place, value
        for name, inner in value.items():
            if name not in ("example", "examples"):
                yield from schemas(inner, f"{place}/{name}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from schemas(inner, f"{place}/{i}")


def types_of(schema: Mapping[str, Any]) -> list[Any]:
    found = schema.get("type")
    return found if isinstance(found, list) else [found]


def test_every_array_says_what_is_in_it() -> None:
    assert [place for place, found in schemas(DOCUMENT) if "array" in types_of(found) and "items" not in found] == []


def test_every_parameter_has_a_type() -> None:
    """Headers travel as text: without a type a generator leaves out the whole operation."""
    wanted = {"string", "number", "integer", "boolean"}
    parameters = [(place, found) for place, found in schemas(DOCUMENT) if {"in", "schema"} <= found.keys()]
    assert len(parameters) > 100
    assert [place for place, found in parameters if found["schema"].get("type") not in wanted] == []


def test_what_may_be_null_says_so_where_it_stands() -> None:
    """A named schema that is an object or null has no one class; the place that refers to it may be null."""
    named = DOCUMENT["components"]["schemas"]
    assert len(named) > 30
    assert [name for name, found in named.items() if "null" in types_of(found)] == []
