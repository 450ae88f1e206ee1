"""The page around its parts: head, title, tiles, foot, and the data it carries."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from portopt.document import signed
from portopt.document.formats import count
from portopt.reports.markup.elements import Shown, bps, lines, money, pct, prose, text

TICK = (
    '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3 8.5l3.2 3.2L13 4.8" fill="none" stroke="currentColor" '
    'stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/></svg>'
)


def page(s: Shown, parts: Iterable[str], data: str, *, data_is_folded: bool, css: str, script: str) -> str:
    """data: the document as JSON, harmless or folded. No script may run but this one."""
    title = f"{s.document['portfolio_id']}, rebalancing proposal of {s.document['as_of']}"
    kind, folded = ("text/plain", ' data-folded="deflate base64"') if data_is_folded else ("application/json", "")
    return f"""<!doctype html>
<html lang="en">
{head(title, css, script)}
<body>
<main>
{lines(filter(None, (_title(s), _tiles(s), *parts)))}
</main>
{_foot(s)}
<script type="{kind}" id="data"{folded}>{data}</script>
<script>{script}</script>
</body>
</html>
"""


def head(title: str, css: str, script: str) -> str:
    """The page's head: nothing may be loaded, and no script may run but this one."""
    fingerprint = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{fingerprint}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    return f"""<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{text(title)}</title>
<link rel="icon" href="data:,">
<style>{css}</style>
</head>"""


def _title(s: Shown) -> str:
    d, verdict = s.document, s.document["verdict"]
    badge = f'<span class="badge">{TICK}Orders certified</span>'
    if not signed.is_signed(d):
        badge = f'<span class="badge refused">{text(signed.stamp(d).capitalize())}</span>'
    gave_way = count(len(verdict["relaxed"]), "limit")
    relaxed = f'<span class="badge relaxed">{gave_way} gave way</span>' if verdict["relaxed"] else ""
    first = f'\n<p class="lead">{prose(verdict["sentences"][0])}</p>' if verdict["sentences"] else ""
    if signed.orders_of(d):
        told = f"{signed.limits_in_words(d)}; the orders are {signed.gap_in_words(d)}."
        first += f'\n<p class="lead signed">{prose(told[0].upper() + told[1:])}</p>'
    stale = ' <span class="chip quarantined">stale</span>' if d["pricing_pack"]["stale"] else ""
    about = (
        ("Portfolio", text(d["portfolio_id"])),
        ("Policy", text(d["policy"]["name"] or d["policy"]["id"])),
        ("As of", text(d["as_of"])),
        ("Prices to", f"{text(d['pricing_pack']['last_date'])}{stale}"),
    )
    return f"""<header class="top">
<div>
<p class="eyebrow">
{lines(filter(None, ("<span>Rebalancing proposal</span>", badge, relaxed)))}
</p>
<h1>{prose(verdict["title"])}</h1>{first}
</div>
<dl class="meta">
{lines(f"<div><dt>{name}</dt><dd>{told}</dd></div>" for name, told in about)}
</dl>
</header>"""


def _tiles(s: Shown) -> str:
    head, currency = s.headline, s.currency

    def amount(name: str) -> str:
        return str(money(head[name], currency, cents=False))

    tiles = (
        ("Portfolio value", amount("portfolio_value"), ""),
        ("Turnover", pct(head["turnover"]), "one-way"),
        ("Sold", amount("sells_value"), count(head["sells"], "order")),
        ("Bought", amount("buys_value"), count(head["buys"], "order")),
        ("Estimated cost", money(head["total_cost"], currency), f"{bps(head['cost_bps'])} of the portfolio"),
        ("Cash after", amount("cash_after"), f"before {amount('cash_before')}"),
    )
    shown = (f"<div><dt>{name}</dt><dd>{told}{small and f'<small>{small}</small>'}</dd></div>" for name, told, small in tiles)
    return f'<dl class="tiles">\n{lines(shown)}\n</dl>'


def _foot(s: Shown) -> str:
    d = s.document
    policy = f"policy {text(d['policy']['id'])} {text(d['policy']['method_version'])}"
    names = (text(d["run_id"]), text(d["pricing_pack"]["id"]), policy, f"document {text(d['schema_version'])}")
    return f'<footer class="foot"><p class="mono">{" · ".join(names)}</p></footer>'
