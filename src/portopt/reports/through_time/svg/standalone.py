"""A drawing that stands by itself, in a notebook or a file: with its own style, light and dark by the reader's setting."""

from __future__ import annotations

LIGHT = (
    "--page:#fff;--ink:#14171c;--soft:#565d68;--faint:#656c78;--line:#e3e2de;--net:#1c58c7;--gross:#7ba3ea;--benchmark:#14171c;"
    "--equal:#b4540a;--nothing:#7a828e;--loss:#b3402a"
)
DARK = (
    "--page:#15181e;--ink:#e8eaee;--soft:#a6adb9;--faint:#8a919e;--line:#2a2f38;--net:#7aa8ff;--gross:#7391cd;--benchmark:#e8eaee;"
    "--equal:#f0a35e;--nothing:#8e97a5;--loss:#f0866c"
)
RULES = """
.alone text{font:13px system-ui,sans-serif;fill:var(--faint)} .alone .end{fill:var(--c,var(--soft));font-weight:500}
.alone .grid{stroke:var(--line)} .alone .zero,.alone .axis{stroke:var(--faint)} .alone .back{fill:var(--page)}
.alone .series{fill:none;stroke:var(--c);stroke-width:1.5;stroke-linejoin:round} .alone .s-net.series{stroke-width:2.25}
.alone .s-gross.series{stroke-dasharray:5 3} .alone .s-do_nothing.series{stroke-dasharray:2 3}
.alone .area{fill:var(--loss);fill-opacity:.22;stroke:var(--loss)}
.alone .s-net{--c:var(--net)} .alone .s-gross{--c:var(--gross)} .alone .s-benchmark{--c:var(--benchmark)}
.alone .s-equal_weight{--c:var(--equal)} .alone .s-do_nothing{--c:var(--nothing)}
"""


def standalone(drawing: str) -> str:
    """The same SVG with its namespace, a ground and its style."""
    opening, marks = drawing.split(">", 1)
    opening = opening.replace('<svg class="time', '<svg xmlns="http://www.w3.org/2000/svg" class="alone')
    style = f"<style>.alone{{{LIGHT}}}@media (prefers-color-scheme:dark){{.alone{{{DARK}}}}}{RULES}</style>"
    return f'{opening}>\n{style}\n<rect class="back" width="100%" height="100%"/>{marks}\n'
