"""What was done: decisions, trades, what happened by itself, what could not be filled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from portopt.document.failures import failures_of
from portopt.document.formats import NOTHING, count
from portopt.reports.markup.elements import (
    cell,
    headings,
    lines,
    money,
    parts,
    pct,
    price,
    prose,
    sci,
    shares,
    text,
    whole,
)
from portopt.reports.through_time import view, words
from portopt.reports.through_time.markup.parts import note, part, wide_table

Row = Mapping[str, Any]
SHOWN, MOST = 24, 400  # rows that stand on the page, and with those folded away; all are in the files
DATES_SHOWN = 6


def rebalances(document: Row) -> str:
    """A row a decision; why one failed stands under it."""
    rows = document["rebalances"]
    if not rows:
        return part("Decisions", "", '<p class="soft">No trigger fell on any date: nothing was decided.</p>')
    head = headings("Close seen", "Filled from", "Why then", "Outcome", "Turnover", "Cost", "Orders", "Gap", left=4)
    currency = words.currency(document)

    def made(few: Sequence[Row]) -> str:
        return wide_table("Decisions", "decisions", head, (_rebalance(row, currency) for row in few))

    failed = [row for row in rows if row["status"] == "failed"]
    let_go = [row for row in rows if row.get("notes") and row["status"] != "failed"]
    lead = (
        "Each sees one close; its orders are filled from the date beside it on. Gap: of objective value, by rounding to units."
    )
    return part("Decisions", lead, _failures(failed, document.get("failures")), _notes(let_go), _listed(rows, made, "decision"))


def _rebalance(row: Row, currency: str) -> str:
    cells = (
        cell(text(row["filled_on"] or "past the end"), "")
        + cell(text(row["trigger"]), "soft")
        + cell(_status(row["status"]), "")
        + cell(pct(row["turnover"]))
        + cell(money(row["cost"], currency))
        + cell(whole(row["orders"]))
        + cell(sci(row["gap"]), "n soft")
    )
    return f'<tr><th scope="row">{row["date"]}</th>{cells}</tr>'


def _notes(rows: Sequence[Row]) -> str:
    """What of the policy did not hold at some decision."""
    said = [f"{prose('; '.join(row['notes']))} <b>{_dates([row['date']])}</b>" for row in rows]
    more = f'<p class="faint">and {len(said) - SHOWN} more</p>' if len(said) > SHOWN else ""
    return note("What did not hold", said[:SHOWN], more) if said else ""


def _status(status: str) -> str:
    kind = {"decided": "ok", "failed": "refused"}.get(status, "")
    return f'<span class="chip {kind}">{text(status)}</span>'


def _failures(failed: Sequence[Row], grouped: Sequence[Row] | None) -> str:
    """Decisions that failed, first, each reason once with its dates, and what would have let them through: the book stayed."""
    if not failed:
        return ""
    if grouped is None:
        grouped = failures_of([{**row, "problem": row["problem"] or {}} for row in failed])
    items = [_failure(row) for row in grouped[:SHOWN]]
    more = f'<p class="faint">and {len(grouped) - SHOWN} more reasons</p>' if len(grouped) > SHOWN else ""
    return note(f"{count(len(failed), 'decision')} failed; the book stayed", items, more)


def _failure(row: Row) -> str:
    """One reason: how often, why on the worst day, and the change that was tried."""
    told = ("reason",) if row["limits"] else ("title", "reason")  # which limits those are stands in the reason
    why = ": ".join(prose(str(row[name])) for name in told if row.get(name)) or "no reason was given"
    if row["count"] == 1:
        said = f"{why} <b>{_dates(row['dates'])}</b>"
    else:
        said = f"<b>{count(row['count'], 'decision')}</b>, worst on {text(row['worst'])}: {why} <b>{_dates(row['dates'])}</b>"
    return "<br>".join([said, *(prose(f"{each}.") for each in row["notes"]), *_tried(row)])


def _tried(row: Row) -> list[str]:
    fixes = [fix for fix in row["fixes"] if fix["after"] != fix["before"]]
    if not fixes:
        return []
    changes = "; or ".join(_change(fix, row["count"]) for fix in fixes)
    each = "on the book held that day" if row["count"] == 1 else "each day on the book held then"
    return [f"Tried, {each}: {changes}."]


def _change(fix: Row, of: int) -> str:
    through = "all of them" if fix["lets_through"] == of else str(fix["lets_through"])
    let = "" if of == 1 else f" lets {through} through"
    return f"<b>{prose(str(fix['after']))}</b> ({prose(str(fix['before']))} now){let}"


def _dates(at: Sequence[str]) -> str:
    shown = ", ".join(f'<span class="whole">{text(day)}</span>' for day in at[:DATES_SHOWN])
    return shown + (f" and {len(at) - DATES_SHOWN} more" if len(at) > DATES_SHOWN else "")


def problem_in_words(problem: Any) -> str:
    """A problem object in a line, whatever of it is there."""
    if not isinstance(problem, Mapping):
        return str(problem or "no reason was given")
    said = [str(problem[name]) for name in ("title", "detail") if problem.get(name)]
    return ": ".join(said) or str(problem.get("code", "no reason was given"))


def trades(document: Row) -> str:
    """The first of them; all are in the files."""
    rows = document["trades"]
    if not rows:
        return ""
    head = headings("Filled on", "Side", "Asset", "Shares", "Price", "Value", "Commission", "Spread", "Impact", left=3)

    def made(few: Sequence[Row]) -> str:
        return wide_table("Trades", "", head, map(_trade, few))

    lead = f"As they were filled. Amounts in {text(words.currency(document) or 'money')}."
    return part("Trades", lead, _listed(rows, made, "trade"))


def _trade(row: Row) -> str:
    side = text(row["side"])
    cells = (
        cell(f'<span class="asset"><span class="side {side}">{side.capitalize()}</span></span>', "")
        + cell(f"<b>{text(row['asset_id'])}</b>", "")
        + cell(_shares(row["shares"]))
        + cell(price(row["price"]))
        + cell(money(row["value"]), "n strong")
        + "".join(cell(money(row.get(name))) for name in ("commission", "spread", "impact"))
    )
    return f'<tr><th scope="row">{row["date"]}</th>{cells}</tr>'


def _shares(value: Any) -> str:
    return str(shares(float(value) if isinstance(value, str) else value))


def happenings(document: Row) -> str:
    """Dividends, splits, interest, delistings; and orders that were not filled."""
    moved, unfilled = document.get("happenings") or (), document.get("unfilled") or ()
    if not moved and not unfilled:
        return ""
    head = headings("Date", "What", "In words", left=3)

    def made(few: Sequence[Row]) -> str:
        return wide_table("What happened without an order", "", head, map(_happening, few))

    lead = "What moved without an order, and what an order could not move."
    listed = _listed(moved, made, "happening") if moved else ""
    return part("Happenings", lead, listed, _unfilled(unfilled))


def _happening(row: Row) -> str:
    kind = text(str(row["kind"]).replace("_", " "))
    return f'<tr><th scope="row">{row["date"]}</th>{cell(kind, "soft")}{cell(prose(row.get("sentence") or NOTHING), "")}</tr>'


def _unfilled(rows: Sequence[Any]) -> str:
    items = [_left(row) for row in rows[:SHOWN]]
    more = f'\n<p class="faint">and {len(rows) - SHOWN:,} more, in the files</p>' if len(rows) > SHOWN else ""
    return note(f"{count(len(rows), 'order')} not filled", items, more)


def _left(row: Any) -> str:
    if not isinstance(row, Mapping):
        return prose(": ".join(str(each) for each in row))
    named = " ".join(str(row[name]) for name in ("date", "asset_id", "order_id") if row.get(name))
    return f"<b>{text(named)}</b> {prose(str(row.get('reason') or row.get('sentence') or 'not filled'))}"


def _listed(rows: Sequence[Row], made: Callable[[Sequence[Row]], str], one: str) -> str:
    """The first rows, more folded away, and how many are in the files alone."""
    held, left = view.first_and_rest(rows, SHOWN, MOST)
    more = f'<p class="faint">{left:,} more are in the files beside this page.</p>' if left else ""
    return lines(filter(None, (parts(held, made, lambda n: count(n, f"more {one}")), more)))
