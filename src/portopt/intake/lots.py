"""Lots as a notebook has them: a frame or a list with a lot a row, a document, or the value itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from portopt.dialects.lots import BESIDE, read_tax_beside
from portopt.domain.errors import InvalidValue
from portopt.domain.tax import TaxRecord


def lots_of(values: Any) -> TaxRecord:
    """Raises UnknownField, InvalidValue and MissingInput with the dotted path."""
    if isinstance(values, TaxRecord):
        return values
    rows = _rows(values)
    if rows is not None:
        values = {"tax_lots": rows}
    if not isinstance(values, Mapping) or not any(name in values for name in BESIDE):
        fix = (
            'give a file, or a lot a row: {"asset_id": "A", "acquired_on": "2021-03-02", "shares": 40, "cost_per_share": 121.5}'
        )
        raise InvalidValue("lots", type(values).__name__, "are no lots", fix=fix)
    return read_tax_beside(_as_written(values)) or TaxRecord()


def _rows(values: Any) -> list[Any] | None:
    """Of a frame of pandas or Polars, or of a list; None for anything else."""
    if hasattr(values, "to_dicts"):
        return list(values.to_dicts())
    if hasattr(values, "columns") and hasattr(values, "to_dict"):
        return list(values.to_dict("records"))
    return list(values) if isinstance(values, Sequence) and not isinstance(values, str) else None


def _as_written(value: Any) -> Any:
    """Days and numbers as a document has them; what is missing in a frame is null."""
    if isinstance(value, Mapping):
        return {str(name): _as_written(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_written(item) for item in value]
    if isinstance(value, str | bool) or value is None:
        return value
    if value != value or (isinstance(value, float) and math.isnan(value)):  # NaN and NaT are not themselves
        return None
    if isinstance(value, datetime | date):
        return (value.date() if isinstance(value, datetime) else value).isoformat()
    return str(value)
