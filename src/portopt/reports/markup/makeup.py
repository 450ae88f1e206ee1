"""What the portfolios are made of: sectors and asset classes against their limits, scores, and their common history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from portopt.domain.universe import CASH
from portopt.reports import view
from portopt.reports.markup.elements import (
    Row,
    Shown,
    bar,
    cell,
    edge,
    headings,
    lines,
    number,
    pct,
    prose,
    section,
    table,
    text,
)

NAMES = {"sector": "Sector", "asset_class": "Asset class"}


def groups(s: Shown) -> str:
    """Nothing where no asset has a sector or a class, or all are of one."""
    found = s.document.get("groups") or {}
    tables = [_groups(attribute, found[attribute]) for attribute in NAMES if _says(found.get(attribute, []))]
    missing = s.missing("sectors and asset classes")
    if not tables and not missing:
        return ""
    lead = (
        "Weights now and as proposed, in whole shares and after costs, beside what the policy allows. A mark is the side of a "
        "limit."
    )
    return section("Sectors and asset classes", lead, missing, _legend(s), *tables)


def _says(rows: Sequence[Row]) -> bool:
    named = [row for row in rows if row["name"] != CASH]
    return len(named) > 1 or any(row["upper"] is not None or row["lower"] is not None for row in named)


def _legend(s: Shown) -> str:
    limited = any(row["upper"] is not None for rows in s.document["groups"].values() for row in rows)
    tick = '<span class="tick">Limit</span>' if limited else ""
    return f'<p class="legend"><span class="was">Now</span><span>Proposed</span>{tick}</p>'


def _groups(attribute: str, rows: Sequence[Row]) -> str:
    benchmark = any(row["benchmark"] is not None for row in rows)
    limited = any(row["upper"] is not None or row["lower"] is not None for row in rows)
    names = [NAMES[attribute], "", "Now", "Proposed", *(["Limit"] if limited else []), *(["Benchmark"] if benchmark else [])]
    # A track ends at the largest of what is held and what is allowed; a limit far above all of it says nothing of them.
    largest = max(max(row["before"] or 0.0, row["after"]) for row in rows)
    drawn = view.bars([_drawn(row, largest) for row in rows], ("before", "after", "upper"))
    made = (_group(row, at, limited=limited, benchmark=benchmark) for row, at in zip(rows, drawn, strict=True))
    return table("bars groups", headings(*names, left=2), made)


def _drawn(row: Row, largest: float) -> Row:
    """The row with its cap, where that is near enough to be drawn."""
    return {**row, "upper": row["upper"] if row["upper"] is not None and row["upper"] <= 2.0 * largest else None}


def _group(row: Row, at: Row, *, limited: bool, benchmark: bool) -> str:
    name = "Cash" if row["name"] == CASH else "No group" if row["name"] == "(none)" else text(row["name"])
    tick = edge(at["upper"], "tick") if "upper" in at else ""
    track = bar(edge(at.get("before"), "was"), edge(at["after"], "is"), tick)
    cells = cell(pct(row["before"]), "n soft", "Now") + cell(pct(row["after"]), _state(row), "Proposed")
    cells += cell(_sides(row), "n soft", "Limit") if limited else ""
    cells += cell(pct(row["benchmark"]), "n soft", "Benchmark") if benchmark else ""
    return f'<tr><th scope="row">{name}</th>{track}{cells}</tr>'


def _state(row: Row) -> str:
    """Bold; marked where a side of the limit is not kept."""
    out = (row["upper"] is not None and row["after"] > row["upper"] + 1e-9) or (
        row["lower"] is not None and row["after"] < row["lower"] - 1e-9
    )
    return "n strong out" if out else "n strong"


def _sides(row: Row) -> str:
    lower, upper = row["lower"], row["upper"]
    if lower is None and upper is None:
        return "–"
    if lower is None:
        return f"≤ {pct(upper)}"
    return f"≥ {pct(lower)}" if upper is None else f"{pct(lower)} to {pct(upper)}"


def scores(s: Shown) -> str:
    """Nothing where nothing is scored."""
    rows = s.document.get("scores") or []
    missing = s.missing("the scores of the portfolios")
    if not rows and not missing:
        return ""
    benchmark = any(row["benchmark"] is not None for row in rows)
    lead = "Averages by weight over what has a score, cash aside; beside each, the share of the portfolio that has one."
    names = ["Score", "Now", "Proposed", *(["Benchmark"] if benchmark else [])]
    return section("Scores", lead, missing, table("keep scores", headings(*names), (_score(row, benchmark) for row in rows)))


def _score(row: Row, benchmark: bool) -> str:
    sides = [("before", "n soft"), ("after", "n strong"), *([("benchmark", "n soft")] if benchmark else [])]
    cells = "".join(cell(_scored(row, side), kind) for side, kind in sides)
    return f'<tr><th scope="row">{text(row["label"])}</th>{cells}</tr>'


def _scored(row: Row, side: str) -> str:
    share = row[f"{side}_scored"]
    of = "" if share is None else f"<small>{pct(share, 1)} scored</small>"
    return f"{number(row[side])}{of}"


def history(s: Shown, drawings: Mapping[str, Sequence[str]], undrawn: Sequence[str]) -> str:
    """Nothing where there is no common history. drawings: by what they show. undrawn: why there is none."""
    if not drawings and not undrawn:
        return ""
    lead = (
        "What the two portfolios and the benchmark would have earned over the history that the estimates rest on, at "
        "constant weights and without costs. <b>In-sample</b>: the proposal was chosen on these very returns, so this is no "
        "forecast and no test of it."
    )
    why = (f'<p class="faint">{prose(sentence)}</p>' for sentence in undrawn)
    figures = (f"<figure>\n<figcaption>{name}</figcaption>\n{lines(drawn)}\n</figure>" for name, drawn in drawings.items())
    return section("Through the history used", lead, *why, *figures, _of_the_history(s) if drawings else "")


def _of_the_history(s: Shown) -> str:
    errors, returns = s.document.get("errors"), s.document["inputs"]["in_sample_returns"]
    count = len(returns["after"])
    about = f"{count:,} returns"
    block = f", drawn again in blocks of {errors['block']:.0f} for the errors above" if errors else ""
    return f'<p class="faint of-history">{prose(about + block)}.</p>'
