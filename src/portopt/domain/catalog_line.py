"""A name that policies and requests may use, and what there is to say of it."""

from __future__ import annotations

from dataclasses import dataclass

CATALOGS = ("objectives", "limits", "costs", "measures")


@dataclass(frozen=True, slots=True)
class CatalogLine:
    """catalog: one of CATALOGS. what: in one sentence. unit: what its number counts, in words; "" where it has none.

    example: as JSON writes it, in the place where a request has it. says: what the example means, in words. options: what may
    be said of it. also: other names that are understood as it. formula: what it is, exactly, and its source. page: under
    docs/.
    """

    catalog: str
    name: str
    what: str
    unit: str
    example: str
    says: str
    options: tuple[str, ...]
    also: tuple[str, ...]
    formula: str
    page: str
