"""The one frame of every page, and text that is no markup."""

from __future__ import annotations

import html
from typing import Any

STYLE = """
:root{--ink:#1c2230;--soft:#5a6377;--line:#dfe3ea;--back:#fff;--code:#f5f6f9;--link:#1f4fa3;
--get:#1d6b4f;--post:#7a3e9d;--put:#9a5b00;--delete:#a3282d}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9f0;--soft:#9aa4b8;--line:#2f3747;--back:#141821;--code:#1d2330;
--link:#8ab4ff;--get:#6fd3ab;--post:#d2a6ee;--put:#f0bf6c;--delete:#f39a9d}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;background:var(--back);color:var(--ink);font:16px/1.55 system-ui,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
main{max-width:76rem;margin:0 auto;padding:1.5rem 1.25rem 4rem}
a{color:var(--link);text-decoration:none}a:hover,a:focus{text-decoration:underline}
h1{font-size:1.75rem;line-height:1.2;margin:.5rem 0 .75rem}
h2{font-size:1.2rem;margin:2rem 0 .5rem;padding-top:.5rem;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:1.5rem 0 .25rem}h4{font-size:.85rem;color:var(--soft);margin:1rem 0 .25rem;font-weight:600}
p{margin:.35rem 0 .75rem;max-width:48rem}
code,pre{font:.86em/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace}
pre{background:var(--code);border:1px solid var(--line);border-radius:6px;padding:.75rem 1rem;overflow:auto;max-height:28rem;margin:.25rem 0 1rem}
table{border-collapse:collapse;width:100%;font-size:.93rem;margin:.25rem 0 1rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:600}td code{overflow-wrap:anywhere}td:first-child{white-space:nowrap}
.facts,.path,.soft{color:var(--soft)}.path{font-size:.9rem}
.wide{overflow-x:auto}
.method{display:inline-block;min-width:4.2rem;font-weight:700;font-size:.8rem;letter-spacing:.03em}
.get{color:var(--get)}.post{color:var(--post)}.put{color:var(--put)}.delete{color:var(--delete)}
details{border:1px solid var(--line);border-radius:6px;margin:.4rem 0;background:var(--back)}
details[open]{padding-bottom:.5rem}
summary{cursor:pointer;padding:.5rem .9rem;list-style-position:outside}
details>:not(summary){margin-left:.9rem;margin-right:.9rem}
details details{border:0;border-left:2px solid var(--line);border-radius:0}
summary .about{color:var(--soft);margin-left:.35rem}
summary .route{overflow-wrap:anywhere}
.columns{columns:3 18rem;font-size:.93rem}.columns p{margin:.1rem 0;break-inside:avoid}
@media(max-width:640px){main{padding:1rem .9rem 3rem}h1{font-size:1.4rem}summary .about{display:block;margin-left:0}
td:first-child{white-space:normal}
table.stacked thead{display:none}table.stacked tr{display:block;padding:.35rem 0;border-bottom:1px solid var(--line)}
table.stacked td{display:block;border:0;padding:.05rem 0}}
@media print{details{break-inside:avoid}}
"""


def page(title: str, body: str) -> bytes:
    """body: markup. title: text."""
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>"
        f"<title>{text(title)} · portopt</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    ).encode()


def text(value: Any) -> str:
    return html.escape(str(value), quote=True)
