"""The offline page: one self-contained HTML file that carries its own data and asks the network for nothing.

What a person reads first is plain HTML, whatever the size of the book. A long table's further rows, and the data of a large
book, are folded: compressed inside the file, and opened by its own script.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from portopt.analysis import Attempts
from portopt.domain.canonical import canonical_text
from portopt.domain.folding import folded
from portopt.reports.files.exports import write_whole
from portopt.reports.markup import decision, evidence, makeup
from portopt.reports.markup.elements import Shown
from portopt.reports.markup.frame import page
from portopt.reports.markup.limits import limits
from portopt.reports.markup.taxes import taxes
from portopt.reports.svg.charts import frontier_svg
from portopt.reports.svg.histories import Line, between, growth_of, history_svg

# 1:1 on a 390 px telephone and in a 880 px column, so that 13 px letters are 13 px letters.
LEGIBLE = 500_000  # characters of data that may stand in the page as they are
DRAWINGS = (("wide", 860.0, 440.0), ("narrow", 358.0, 340.0))
HISTORIES = (("wide", 860.0, 300.0), ("narrow", 358.0, 240.0))
BOOKS = (("before", "Now"), ("after", "Proposed"))


def html(document: Mapping[str, Any], text: str | None = None, chosen: str = "") -> str:
    """The report as one HTML document. The same document gives the same bytes. text: its canonical one, where it is known.
    chosen: in a sentence, how the proposal was chosen; that is no part of the document.

    Everything shown is in the embedded JSON (`<script id="data">`, folded where it is long); numbers in tables are
    `<data value=…>` elements that hold the JSON's own value beside the rounded text.
    """
    data, said = canonical_text(document) if text is None else text, Attempts()
    is_folded = len(data) > LEGIBLE
    drawings = said.attempt("the drawing of the frontier", lambda: _drawings(document)) or []
    through = Attempts()
    histories = through.attempt("the drawing of the history", lambda: _histories(document)) or {}
    s = Shown(document, {left["part"]: left["sentence"] for left in document.get("left_out", ())})
    parts = (
        decision.verdict(s, chosen),
        decision.figures(s),
        decision.trades(s),
        decision.positions(s),
        makeup.groups(s),
        makeup.scores(s),
        makeup.history(s, histories, [left.sentence for left in through.left_out]),
        evidence.risk(s),
        evidence.measures(s),
        taxes(s),
        limits(s),
        evidence.frontier(s, drawings, [left.sentence for left in said.left_out]),
        evidence.certificate(s),
        evidence.data(s),
        evidence.definitions(s, data_is_folded=is_folded),
    )
    carried = folded(data) if is_folded else harmless(data)
    return page(s, parts, carried, data_is_folded=is_folded, css=_asset("report.css"), script=_asset("report.js"))


def _drawings(document: Mapping[str, Any]) -> list[str]:
    line = document["frontier"]
    if not line or not line["points"]:
        return []
    return [frontier_svg(line, name=name, width=w, height=h) for name, w, h in DRAWINGS]


def _histories(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Both books and the benchmark through the history used; none without a history."""
    returns = document["inputs"]["in_sample_returns"]
    if not returns or not returns["after"]:
        return {}
    told = [Line(label, name, growth_of(returns[name])) for name, label in BOOKS if returns.get(name)]
    if places := returns.get("benchmark_growth"):
        told.insert(0, Line("Benchmark", "benchmark", between(places, len(returns["after"]))))
    return {"Growth": _drawn(told, document, "grown")}


def _drawn(told: Sequence[Line], document: Mapping[str, Any], what: str) -> list[str]:
    ends = _ends(document["pricing_pack"], len(told[0].growth) - 1)
    return [history_svg(told, ends, name=f"{what} {name}", width=w, height=h) for name, w, h in HISTORIES]


def _ends(pack: Mapping[str, Any], periods: int) -> tuple[str, str]:
    """The days of the first and last price, where every price made a return; else how many returns there are."""
    if pack["observations"] == periods + 1:
        return str(pack["first_date"]), str(pack["last_date"])
    return f"{periods:,} returns", str(pack["last_date"])


def write_report(document: Mapping[str, Any], path: Path | str, text: str | None = None, chosen: str = "") -> Path:
    """The page as a file, whole or not at all."""
    return write_whole(Path(path), html(document, text, chosen).encode())


def harmless(text: str) -> str:
    """JSON that may stand inside a script element: no <, > or & can end it early."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _asset(name: str) -> str:
    return resources.files("portopt.reports").joinpath("templates", name).read_text(encoding="utf-8")
