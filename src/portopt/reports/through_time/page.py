"""The offline page of a backtest: one self-contained HTML file under two megabytes that asks the network for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from portopt.reports.files.exports import write_whole
from portopt.reports.page import harmless
from portopt.reports.through_time import words
from portopt.reports.through_time.carried import carried
from portopt.reports.through_time.markup import activity, attribution, evidence, frame, holdings, performance
from portopt.reports.through_time.markup.verdict import verdict


def html(document: Mapping[str, Any]) -> str:
    """The report as one HTML document. The same document gives the same bytes.

    document: of a backtest, a walk-forward or a comparison, as `--json` prints it. Drawings are thinned to about a point a
    pixel, peaks and troughs kept; tables hold the document's own values in `<data value=…>` beside the rounded text.
    """
    kept = carried(document)
    parts = (
        verdict(document),
        performance.growth(document),
        performance.underwater(document),
        performance.figures(document),
        performance.months(document),
        performance.rolling(document),
        holdings.weights(document),
        holdings.turnover(document),
        holdings.limits(document),
        attribution.attribution(document),
        activity.rebalances(document),
        activity.trades(document),
        activity.happenings(document),
        evidence.proof(document),
        evidence.data_log(document),
        evidence.run(document),
        evidence.definitions(document, kept.left_out, data_is_folded=kept.is_folded),
    )
    top = frame.top(document) + "\n" + frame.tiles(document)
    return frame.page(
        document,
        f"{words.policy_name(document)}, backtest to {document['days']['date'][-1]}",
        top,
        parts,
        kept.text if kept.is_folded else harmless(kept.text),
        folded=kept.is_folded,
        css=_asset("report.css") + _asset("through_time.css"),
        script=_asset("report.js") + _asset("through_time.js"),
    )


def write_backtest_report(document: Mapping[str, Any], path: Path | str) -> Path:
    """The page as a file, whole or not at all. Raises InvalidValue where it may not be written."""
    return write_whole(Path(path), html(document).encode())


def _asset(name: str) -> str:
    return resources.files("portopt.reports").joinpath("templates", name).read_text(encoding="utf-8")
