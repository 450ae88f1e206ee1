"""One figure of the catalog through time, as data: `portopt figures NAME --json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from portopt.document.watch.figures import instant, limit_of
from portopt.document.watch.seen import Described
from portopt.domain.canonical import plain
from portopt.domain.watch import Figure

FORMAT = "1"


def figures_document(name: str, about: Described, figures: Sequence[Figure], since: datetime, until: datetime | None,
                     *, is_cut: bool = False) -> dict[str, Any]:  # fmt: skip
    """figures: of that name, by subject and instant. is_cut: there are more than were read."""
    return {
        "kind": "figures",
        "document_version": FORMAT,
        "name": name,
        "unit": str(about.unit),
        "says": about.says,
        "since": instant(since),
        "until": None if until is None else instant(until),
        "is_cut": is_cut,
        "series": [_series(subject, list(found)) for subject, found in groupby(figures, key=lambda f: f.subject)],
    }


def _series(subject: str, figures: Sequence[Figure]) -> dict[str, Any]:
    return {
        "subject": subject,
        "labels": dict(figures[0].of),
        "at": [instant(f.at) for f in figures],
        "value": [f.value for f in figures],
        "limit": [limit_of(f) for f in figures],
        "why": [f.why for f in figures],
        "detail": [plain(dict(f.detail)) for f in figures],
        **({"spread": [plain(f.spread) for f in figures]} if any(f.spread for f in figures) else {}),
    }


def catalog_document(catalog: Mapping[str, Described]) -> dict[str, Any]:
    """Every figure that there is."""
    return {"figures": [{"name": name, "unit": str(one.unit), "says": one.says} for name, one in catalog.items()]}
