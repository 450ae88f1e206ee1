"""A drawing that stands by itself, in a notebook or a file: with its own style, light and dark by the reader's setting."""

from __future__ import annotations

LIGHT = (
    "--page:#fff;--ink:#14171c;--soft:#565d68;--faint:#656c78;--line:#e3e2de;--net:#1c58c7;--gross:#7ba3ea;--benchmark:#14171c;"
    "--equal:#b4540a;--nothing:#7a828e;--loss:#b3402a;--best:#6b3fa0"
)
DARK = (
    "--page:#15181e;--ink:#e8eaee;--soft:#a6adb9;--faint:#8a919e;--line:#2a2f38;--net:#7aa8ff;--gross:#7391cd;--benchmark:#e8eaee;"
    "--equal:#f0a35e;--nothing:#8e97a5;--loss:#f0866c;--best:#c3a2f2"
)
RULES = """
.alone text{font:13px system-ui,sans-serif;fill:var(--faint)} .alone .end{fill:var(--c,var(--soft));font-weight:500}
.alone .grid{stroke:var(--line)} .alone .zero,.alone .axis{stroke:var(--faint)} .alone .back{fill:var(--page)}
.alone .series{fill:none;stroke:var(--c);stroke-width:1.5;stroke-linejoin:round} .alone .s-net.series{stroke-width:2.25}
.alone .s-gross.series{stroke-dasharray:5 3} .alone .s-do_nothing.series{stroke-dasharray:2 3}
"""
NAMED = {
    "net": "var(--net)",
    "gross": "var(--gross)",
    "benchmark": "var(--benchmark)",
    "equal_weight": "var(--equal)",
    "do_nothing": "var(--nothing)",
    "min_variance": "var(--best)",
}
OTHERS = (
    "#2f6fd0", "#e07b39", "#2d9a75", "#c24a7a", "#8d6cc9", "#c9a227", "#4aa3c7", "#a06a45", "#6f9e3c", "#c64545", "#6474c4",
)  # fmt: skip


def standalone(drawing: str) -> str:
    """The same SVG with its namespace, a ground and its style."""
    opening, marks = drawing.split(">", 1)
    opening = opening.replace('<svg class="time', '<svg xmlns="http://www.w3.org/2000/svg" class="alone')
    colours = {**NAMED, **{f"k{k}": colour for k, colour in enumerate(OTHERS)}}
    of_lines = "".join(f".alone .s-{key}{{--c:{colour}}}" for key, colour in colours.items())
    style = f"<style>.alone{{{LIGHT}}}@media (prefers-color-scheme:dark){{.alone{{{DARK}}}}}{RULES}{of_lines}</style>"
    return f'{opening}>\n{style}\n<rect class="back" width="100%" height="100%"/>{marks}\n'
