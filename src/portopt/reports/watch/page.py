"""The offline page of the watch: one HTML file under two megabytes that asks the network for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from portopt.domain.canonical import canonical_text
from portopt.domain.folding import folded
from portopt.reports.files.exports import write_whole
from portopt.reports.page import harmless
from portopt.reports.watch.markup import alerts, books, evidence, frame, service

LEGIBLE_DATA = 300_000  # characters of data that may stand in the page as they are


def html(document: Mapping[str, Any]) -> str:
    """The document of a watch as one HTML document. The same document gives the same bytes."""
    data = canonical_text(document)
    is_folded = len(data) > LEGIBLE_DATA
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
        evidence.definitions(document, data_is_folded=is_folded),
    )
    carried = folded(data) if is_folded else harmless(data)
    css = _asset("report.css") + _asset("through_time.css") + _asset("watch.css")
    return frame.page(document, parts, carried, folded=is_folded, css=css, script=_asset("report.js") + _asset("watch.js"))


def write_watch_page(document: Mapping[str, Any], path: Path | str) -> Path:
    """The page as a file, whole or not at all. Raises InvalidValue where it may not be written."""
    return write_whole(Path(path), html(document).encode())


def _asset(name: str) -> str:
    return resources.files("portopt.reports").joinpath("templates", name).read_text(encoding="utf-8")
