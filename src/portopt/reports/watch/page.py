"""The offline page of the watch: one HTML file under two megabytes that asks the network for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from portopt.document.watch.books import DRAWN
from portopt.domain.canonical import canonical_text
from portopt.domain.folding import folded
from portopt.reports.files.exports import write_whole
from portopt.reports.page import harmless
from portopt.reports.watch.markup import alerts, books, evidence, frame, service

MOST_FOLDED = 1_300_000  # letters of folded data that leave room for the page itself in two million
LEGIBLE_DATA = 300_000  # characters of data that may stand in the page as they are


def html(document: Mapping[str, Any]) -> str:
    """The document of a watch as one HTML document. The same document gives the same bytes."""
    carried, is_folded, left_out = carried_of(document)
    parts = (
        alerts.alerts(document),
        books.books(document),
        books.out_of_band(document),
        books.prices(document),
        service.latency(document),
        service.quality(document),
        service.levels(document),
        service.service(document),
        evidence.unknown(document),
        evidence.runbooks(document),
        evidence.definitions(document, data_is_folded=is_folded, left_out=left_out),
    )
    css = _asset("report.css") + _asset("through_time.css") + _asset("watch.css")
    return frame.page(document, parts, carried, folded=is_folded, css=css, script=_asset("report.js") + _asset("watch.js"))


def carried_of(document: Mapping[str, Any], most: int = MOST_FOLDED) -> tuple[str, bool, str]:
    """The data of the page, whether it is folded, and what is not in it: everything is, as long as the page stays small."""
    data = canonical_text(document)
    if len(data) <= LEGIBLE_DATA:
        return harmless(data), False, ""
    letters = folded(data)
    if len(letters) <= most:
        return letters, True, ""
    rest = document["books"]["rest"]
    drawn = {name: rest["figures"][name] for name in DRAWN if name in rest["figures"]}
    books = {**document["books"], "rest": {**rest, "figures": drawn}}
    left_out = (
        "Of books without a card it holds the figures that are drawn of the others alone; `portopt watch --json` has all."
    )
    return folded(canonical_text({**document, "books": books})), True, left_out


def write_watch_page(document: Mapping[str, Any], path: Path | str) -> Path:
    """The page as a file, whole or not at all. Raises InvalidValue where it may not be written."""
    return write_whole(Path(path), html(document).encode())


def _asset(name: str) -> str:
    return resources.files("portopt.reports").joinpath("templates", name).read_text(encoding="utf-8")
