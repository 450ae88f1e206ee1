"""The catalog of terms as a document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from portopt.domain.canonical import plain
from portopt.domain.catalog_line import CatalogLine

SCHEMA_VERSION = "1.0"


def catalog_document(catalog: str, lines: Sequence[CatalogLine]) -> dict[str, Any]:
    """Every line: name, what it is, unit, example, where more is told."""
    return {"schema_version": SCHEMA_VERSION, "catalog": catalog, "terms": [_line(line) for line in lines]}


def catalog_line_document(line: CatalogLine) -> dict[str, Any]:
    """All of one line."""
    found = plain(line)
    return {"schema_version": SCHEMA_VERSION, **found, "example": json.loads(line.example), "page": f"docs/{line.page}"}


def _line(line: CatalogLine) -> dict[str, Any]:
    told = {"name": line.name, "what": line.what, "unit": line.unit, "example": json.loads(line.example)}
    return {**told, "page": f"docs/{line.page}"}
