"""The page around its parts: title, tiles, contents, foot, and the data it carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.document.formats import count
from portopt.reports.markup.elements import bps, lines, money, number, pct, prose, text
from portopt.reports.markup.frame import TICK, head
from portopt.reports.through_time import words
from portopt.reports.through_time.figures import figure
from portopt.reports.through_time.markup import compared
from portopt.reports.through_time.markup.parts import contents

Row = Mapping[str, Any]
KINDS = {"backtest": "Backtest", "walk_forward": "Walk-forward", "comparison": "Comparison"}


def page(document: Row, title: str, top: str, parts: Sequence[str], data: str, *, folded: bool, css: str, script: str) -> str:
    """data: the document as JSON, harmless or folded. top: what stands before the contents."""
    kind, how = ("text/plain", ' data-folded="deflate base64"') if folded else ("application/json", "")
    shown = [each for each in parts if each]
    return f"""<!doctype html>
<html lang="en">
{head(title, css, script)}
<body>
<main>
{lines((top, contents(shown), *shown))}
</main>
{_foot(document)}
<script type="{kind}" id="data"{how}>{data}</script>
<script>{script}</script>
</body>
</html>
"""


def top(document: Row) -> str:
    """The verdict in one sentence, badges, and what it is of."""
    d = document["data"]
    about = (
        ("Policy", text(words.policy_name(document))),
        ("From", text(document["days"]["date"][0])),
        ("To", text(document["days"]["date"][-1])),
        ("Prices", text(d["source"])),
    )
    kind = KINDS.get(document["kind"], text(document["kind"]))
    first, *_ = words.sentences(document)
    return f"""<header class="top">
<div>
<p class="eyebrow">
{lines((f"<span>{kind}</span>", *badges(document)))}
</p>
<h1>{prose(words.title(document))}</h1>
<p class="lead">{prose(first)}</p>
</div>
<dl class="meta">
{lines(f"<div><dt>{name}</dt><dd>{told}</dd></div>" for name, told in about)}
</dl>
</header>"""


def comparison_top(document: Row) -> str:
    """Which of the strategies did best, and over what."""
    dates = next((side["days"]["date"] for side in document["strategies"] if side["days"]["date"]), ["", ""])
    about = (("From", text(dates[0])), ("To", text(dates[-1])), ("Strategies", text(len(document["strategies"]))))
    first, *_ = compared.sentences(document)
    return f"""<header class="top">
<div>
<p class="eyebrow">
<span>Comparison</span>
</p>
<h1>{prose(compared.title(document))}</h1>
<p class="lead">{prose(first)}</p>
</div>
<dl class="meta">
{lines(f"<div><dt>{name}</dt><dd>{told}</dd></div>" for name, told in about)}
</dl>
</header>"""


def badges(document: Row) -> list[str]:
    """Look-ahead and universe: what decides whether the rest may be believed."""
    proof = document.get("proof")
    if not proof:
        looked = '<span class="badge relaxed">Look-ahead not tested</span>'
    elif proof["holds"]:
        looked = f'<span class="badge">{TICK}No look-ahead</span>'
    else:
        looked = '<span class="badge refused">Looked ahead</span>'
    in_time = document["data"]["point_in_time"]
    universe = (
        f'<span class="badge">{TICK}Point in time</span>' if in_time else '<span class="badge relaxed">Today\'s universe</span>'
    )
    return [looked, universe]


def tiles(document: Row) -> str:
    """Six figures of the strategy after costs."""
    net, currency = document["summary"]["net"], words.currency(document)
    days, costs = document["days"], document["costs"]
    fall = figure(net, "drawdown") or {}
    recovered = fall.get("recovered")
    open_or_not = f"made good {text(recovered)}" if recovered else "still open" if fall else ""
    gross = figure(document["summary"].get("gross"), "annual_return")
    shown = (
        ("Ended at", money(days["net"][-1], currency, cents=False), f"began at {money(days['net'][0], currency, cents=False)}"),
        ("Return a year", pct(figure(net, "annual_return")), f"before costs {pct(gross)}"),
        ("Volatility", pct(figure(net, "volatility")), "a year"),
        ("Sharpe ratio", number(figure(net, "sharpe")), "over the risk-free rate"),
        ("Deepest drawdown", pct(figure(net, "max_drawdown")), open_or_not),
        ("Costs", bps(costs["bps_a_year"]), f"a year, {count(len(document['rebalances']), 'decision')}"),
    )  # fmt: skip
    items = (f"<div><dt>{name}</dt><dd>{told}<small>{small}</small></dd></div>" for name, told, small in shown)
    return f'<dl class="tiles">\n{lines(items)}\n</dl>'


def _foot(document: Row) -> str:
    pack = (document.get("data") or {}).get("pricing_pack_id")
    names = (document["run_id"], *([pack] if pack else []), f"document {document['document_version']}")
    return f'<footer class="foot"><p class="mono">{" · ".join(text(name) for name in names)}</p></footer>'
