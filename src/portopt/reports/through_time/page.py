"""The offline page of a backtest: one self-contained HTML file under two megabytes that asks the network for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from portopt.reports.files.exports import write_whole
from portopt.reports.page import harmless
from portopt.reports.through_time import words
from portopt.reports.through_time.carried import Carried, carried
from portopt.reports.through_time.markup import (
    activity,
    attribution,
    compared,
    evidence,
    frame,
    holdings,
    judged,
    performance,
    run,
    taxes,
)
from portopt.reports.through_time.markup.sweep import sweep
from portopt.reports.through_time.markup.verdict import verdict
from portopt.reports.through_time.markup.windows import windows

Row = Mapping[str, Any]


def html(document: Row) -> str:
    """The report as one HTML document. The same document gives the same bytes.

    document: of a backtest, a walk-forward or a comparison, as `--json` prints it. Drawings are thinned to about a point a
    pixel, peaks and troughs kept; tables hold the document's own values in `<data value=…>` beside the rounded text.
    """
    kept = carried(document)
    made = _comparison if document["kind"] == "comparison" else _backtest
    title, top, parts = made(document, kept)
    return frame.page(
        document,
        title,
        top,
        parts,
        kept.text if kept.is_folded else harmless(kept.text),
        folded=kept.is_folded,
        css=_asset("report.css") + _asset("through_time.css"),
        script=_asset("report.js") + _asset("through_time.js"),
    )


def _backtest(document: Row, kept: Carried) -> tuple[str, str, tuple[str, ...]]:
    """Of a walk-forward too: what a backtest has not is left out there."""
    parts = (
        verdict(document),
        judged.gate(document),
        performance.growth(document),
        performance.underwater(document),
        performance.figures(document),
        judged.bands(document),
        performance.months(document),
        performance.rolling(document),
        windows(document),
        judged.trials(document),
        judged.paths(document),
        judged.forecasts(document),
        judged.starts(document),
        holdings.weights(document),
        holdings.turnover(document),
        holdings.limits(document),
        sweep(document),
        attribution.attribution(document),
        taxes.taxes(document),
        activity.rebalances(document),
        activity.trades(document),
        activity.happenings(document),
        evidence.proof(document),
        evidence.data_log(document),
        run.run(document),
        evidence.definitions(document, kept.left_out, data_is_folded=kept.is_folded),
    )
    kind = frame.KINDS.get(document["kind"], "Backtest").lower()
    title = f"{words.policy_name(document)}, {kind} to {document['days']['date'][-1]}"
    return title, frame.top(document) + "\n" + frame.tiles(document), parts


def _comparison(document: Row, kept: Carried) -> tuple[str, str, tuple[str, ...]]:
    parts = (
        compared.verdict(document),
        compared.growth(document),
        compared.side_by_side(document),
        compared.frontier(document),
        compared.years(document),
        compared.pairs(document),
        evidence.data_log(document) if document.get("data") else "",
        run.compared_run(document),
        evidence.definitions(document, kept.left_out, data_is_folded=kept.is_folded),
    )
    return "Strategies side by side", frame.comparison_top(document), parts


def write_backtest_report(document: Row, path: Path | str) -> Path:
    """The page as a file, whole or not at all. Raises InvalidValue where it may not be written."""
    return write_whole(Path(path), html(document).encode())


def _asset(name: str) -> str:
    return resources.files("portopt.reports").joinpath("templates", name).read_text(encoding="utf-8")
