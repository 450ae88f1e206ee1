"""The page around its parts: what is the matter in one sentence, six figures, contents, and the data it carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.document.formats import count
from portopt.reports.markup.elements import lines, prose, text
from portopt.reports.markup.frame import TICK, head
from portopt.reports.through_time.markup.parts import contents
from portopt.reports.watch import words
from portopt.reports.watch.markup.parts import shown

Row = Mapping[str, Any]


def page(document: Row, parts: Sequence[str], data: str, *, folded: bool, css: str, script: str) -> str:
    """data: the document as JSON, harmless or folded."""
    kind, how = ("text/plain", ' data-folded="deflate base64"') if folded else ("application/json", "")
    found = [each for each in parts if each]
    return f"""<!doctype html>
<html lang="en">
{head(f"Watch, {words.when(document['at'])}", css, script)}
<body>
<main>
{lines((_top(document), _tiles(document), contents(found), *found))}
</main>
<footer class="foot"><p class="mono">watch of {text(document["at"])} · figures since {text(document["since"])} · document \
{text(document["document_version"])}</p></footer>
<script type="{kind}" id="data"{how}>{data}</script>
<script>{script}</script>
</body>
</html>
"""


def _top(document: Row) -> str:
    first, *rest = words.sentences(document) or [""]
    said = f'\n<p class="lead">{prose(" ".join([first, *rest]))}</p>' if first else ""
    evaluated = document["evaluated_at"]
    when = "never" if evaluated is None else f"{words.ago(evaluated, document['at'])} ago"
    about = (
        ("As of", text(f"{words.when(document['at'])} UTC")),
        ("Rules evaluated", text(when)),
        ("Figures since", text(words.when(document["since"]))),
        ("Of", "the portfolios you may see" if document["is_of_some"] else "everything"),
    )
    return f"""<header class="top">
<div>
<p class="eyebrow">
<span>Watch</span> {_badge(document)}
</p>
<h1>{prose(words.title(document))}</h1>{said}
</div>
<dl class="meta">
{lines(f"<div><dt>{name}</dt><dd>{told}</dd></div>" for name, told in about)}
</dl>
</header>"""


def _badge(document: Row) -> str:
    """Well only where everything is known and nothing fires."""
    counts = document["counts"]
    if document["is_late"] or counts["firing"]:
        return f'<span class="badge refused">{"Late" if document["is_late"] else "Firing"}</span>'
    if counts["unknown"] or document["books"]["by_status"]["unknown"] or not counts["figures"]:
        return '<span class="badge relaxed">Not all is known</span>'
    return f'<span class="badge">{TICK}Nothing fires</span>'


def _tiles(document: Row) -> str:
    counts, books = document["counts"], document["books"]
    service = {row["name"]: row for row in document["service"] if not row["subject"]}
    slowest, of = _slowest(document)
    beyond = books["by_status"]["out of band"] + books["by_status"]["firing"]
    tiles = (
        ("Open alerts", f"{counts['firing'] + counts['unknown']:,}", f"{counts['page']:,} to be woken for"),
        ("Books out of band", f"{beyond:,}", f"of {books['total']:,}"),
        ("Books unknown", f"{books['by_status']['unknown']:,}", f"{count(counts['figures_unknown'], 'figure')} unknown"),
        ("Slowest stage, P99", slowest, of),
        ("Error budget left", _figure(service.get("error_budget_left"), "ratio"), "of the month"),
        ("Oldest event", _figure(service.get("outbox_age"), "seconds"), "not delivered"),
    )
    items = (f"<div><dt>{name}</dt><dd>{told}<small>{text(small)}</small></dd></div>" for name, told, small in tiles)
    return f'<dl class="tiles">\n{lines(items)}\n</dl>'


def _figure(row: Row | None, unit: str) -> str:
    return shown(None if row is None or row["state"] == "unknown" else row["value"], unit)


def _slowest(document: Row) -> tuple[str, str]:
    found = [
        (row["figures"]["run_seconds_p99"], row)
        for row in document["stages"]
        if row["figures"].get("run_seconds_p99", {}).get("state", "unknown") != "unknown"
    ]
    if not found:
        return shown(None, "seconds"), "nothing timed"
    figure, row = max(found, key=lambda pair: pair[0]["value"])
    return shown(figure["value"], "seconds"), f"{row['stage']}, {row['size']} assets"
