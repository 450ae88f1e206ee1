"""The offline page: one self-contained HTML file that carries its own data and asks the network for nothing.

What a person reads first is plain HTML, whatever the size of the book. A long table's further rows, and the data of a large
book, are folded: compressed inside the file, and opened by its own script.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.analysis import Attempts
from portopt.domain.folding import folded
from portopt.reports import formats, view
from portopt.reports.charts import frontier_svg
from portopt.reports.exports import write_whole
from portopt.reports.sections.prices import left_to_draw, step_in_words, told, worth_in_words

if TYPE_CHECKING:
    from jinja2 import Environment

# 1:1 on a 390 px telephone and in a 880 px column, so that 13 px letters are 13 px letters.
LEGIBLE = 500_000  # characters of data that may stand in the page as they are
DRAWINGS = (("wide", 860.0, 440.0), ("narrow", 358.0, 340.0))


def html(document: Mapping[str, Any]) -> str:
    """The report as one HTML document. The same document gives the same bytes.

    Everything shown is in the embedded JSON (`<script id="data">`, folded where it is long); numbers in tables are
    `<data value=…>` elements that hold the JSON's own value beside the rounded text.
    """
    script = _asset("report.js")
    fingerprint = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    data = embedded_json(document)
    said = Attempts()
    drawings = said.attempt("the drawing of the frontier", lambda: _drawings(document)) or []
    left_out = {left["part"]: left["sentence"] for left in document.get("left_out", ())}
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            document=document,
            d=document,
            view=view,
            css=_asset("report.css"),
            script=script,
            script_sha256=fingerprint,
            drawings=drawings,
            undrawn=[left.sentence for left in said.left_out],
            left_out=left_out,
            data=data if len(data) <= LEGIBLE else folded(data),
            data_is_folded=len(data) > LEGIBLE,
        )
    )


def _drawings(document: Mapping[str, Any]) -> list[str]:
    line = document["frontier"]
    if not line or not line["points"]:
        return []
    return [frontier_svg(line, name=name, width=w, height=h) for name, w, h in DRAWINGS]


def write_report(document: Mapping[str, Any], path: Path | str) -> Path:
    """The page as a file, whole or not at all."""
    return write_whole(Path(path), html(document).encode())


def embedded_json(document: Mapping[str, Any]) -> str:
    """JSON that may stand inside a script element: no <, > or & can end it early. Sorted keys: equal documents look equal."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _asset(name: str) -> str:
    return resources.files("portopt.reports").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("portopt.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        {
            "pct": _exact(formats.percent),
            "pp": _exact(formats.points),
            "number": _exact(formats.decimal),
            "whole": _exact(lambda value, **more: formats.decimal(value, 0, **more)),
            "shares": _exact(formats.shares),
            "price": _exact(formats.price),
            "money": _exact(formats.money),
            "bps": _exact(formats.bps),
            "sci": _exact(formats.scientific),
            "measure": _exact(formats.measure),
            "step_words": step_in_words,
            "worth_words": worth_in_words,
            "told": told,
            "left_to_draw": left_to_draw,
            "count": formats.count,
            "prose": _prose,
            "folded": folded,
        }
    )
    return environment


def _prose(sentence: str) -> str:
    """The sentence escaped; a number and its unit, a date, a power of ten stay on one line."""
    from markupsafe import Markup

    kept = re.sub(r"(?<=\d) (?=%|bps\b|pp\b)", "\u00a0", sentence)
    whole = Markup('<span class="whole">{}</span>')
    pieces = re.split(r"(\d{4}-\d\d-\d\d|\de-\d+)", kept)  # every second piece is one to keep whole
    return Markup("").join(whole.format(piece) if i % 2 else piece for i, piece in enumerate(pieces))


def _exact(formatted: Callable[..., str]) -> Callable[..., str]:
    """A filter whose text is for people and whose `value` is the document's own number."""
    from markupsafe import Markup

    def filtered(value: Any, *arguments: Any, **named: Any) -> str:
        if value is None:
            return formats.NOTHING
        exact = value if isinstance(value, str) else json.dumps(value)
        return Markup('<data value="{}">{}</data>').format(exact, formatted(value, *arguments, **named))

    return filtered
