"""What a backtest came to, in sentences: the figures are the document's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from portopt.document.formats import bps, count, money, percent
from portopt.reports.through_time.figures import figure

Row = Mapping[str, Any]
RIVALS = (("benchmark", "the benchmark"), ("equal_weight", "equal weights"), ("do_nothing", "doing nothing"))


def currency(document: Row) -> str:
    return str(document.get("currency") or (document.get("request") or {}).get("currency") or "")


def policy_name(document: Row) -> str:
    """The policy's name, else its id."""
    policy = document["request"].get("policy") or {}
    return str(policy if isinstance(policy, str) else policy.get("name") or policy.get("id") or "the policy")


def title(document: Row) -> str:
    """The verdict in one sentence; of a walk-forward with the gate's first."""
    gate = document.get("gate")
    judged = "" if not gate else "Promoted: " if gate["promoted"] else "Rejected: "
    return judged + _made(document)


def _made(document: Row) -> str:
    made = figure(document["summary"]["net"], "annual_return")
    if made is None:
        first, last = (money(str(document["days"]["net"][k]), currency(document)) for k in (0, -1))
        return f"It ended at {last}, having begun at {first}."
    rival = next(((name, _annual(document, key)) for key, name in RIVALS if _annual(document, key) is not None), None)
    against = f", against {percent(rival[1])} of {rival[0]}" if rival else ""
    return f"{percent(made)} a year after costs{against}."


def sentences(document: Row) -> list[str]:
    """What a manager asks next, in that order."""
    return [
        *_gate(document),
        *_rivals(document),
        *_fall(document),
        *_cost(document),
        *taxes(document),
        *_failed(document),
        *_proof(document),
        *_universe(document),
    ]


def _gate(document: Row) -> Iterator[str]:
    gate = document.get("gate")
    if gate:
        tried = count(gate["trials"], "trial")
        yield from (f"{reason[:1].upper()}{reason[1:]}." for reason in gate["reasons"])
        if gate["promoted"]:
            yield f"Every condition of the gate holds, with {tried} counted."


def _annual(document: Row, key: str) -> float | None:
    value = figure(document["summary"].get(key), "annual_return")
    return None if value is None else float(value)


def _rivals(document: Row) -> Iterator[str]:
    made = [(name, _annual(document, key)) for key, name in RIVALS if _annual(document, key) is not None]
    if made:
        said = ", ".join(f"{name} {percent(value)}" for name, value in made)
        yield f"Over the same days a year came to: {said}."


def _fall(document: Row) -> Iterator[str]:
    fall = figure(document["summary"]["net"], "drawdown")
    if not fall and document["summary"]["net"]:
        yield "At no close was it worth less than at an earlier one."
    if not fall:
        return
    back = f"made good on {fall['recovered']}" if fall["recovered"] else "still open at the end"
    yield f"The deepest drawdown is {percent(fall['depth'])}, from {fall['peak']} to {fall['trough']}, and was {back}."


def _cost(document: Row) -> Iterator[str]:
    costs, made = document["costs"], len(document["trades"])
    if not made:
        yield "It made no trade."
        return
    total = money(str(costs["total"]), currency(document))
    before = figure(document["summary"].get("gross"), "annual_return")
    gross = f"; before costs a year came to {percent(before)}" if before is not None else ""
    yield f"{count(made, 'trade')} cost {total}, {bps(costs['bps_a_year'])} a year{gross}."


def taxes(document: Row) -> Iterator[str]:
    """What came due, and what of the losses counted; nothing where the policy knows no tax."""
    told = document.get("taxes")
    if not told:
        return
    in_money = [money(str(value), currency(document)) for value in (told["due"], told["equity_after_tax"], told["due_if_sold"])]
    over = count(len(told["years"]), "year")
    yield (
        f"Taxes of {over} come to {in_money[0]}, which leaves {in_money[1]}; selling all of it on the last day would add "
        f"{in_money[2]}."
    )


def _failed(document: Row) -> Iterator[str]:
    rows = document["rebalances"]
    failed = [row for row in rows if row["status"] == "failed"]
    if failed:
        yield (
            f"{len(failed)} of {count(len(rows), 'decision')} failed, the first on {failed[0]['date']}; "
            "the book stayed as it was, and what follows starts from it."
        )


def _proof(document: Row) -> Iterator[str]:
    proof = document.get("proof")
    if not proof:
        yield "That it did not look ahead was not put to the proof."
    elif proof["holds"]:
        said = f"{count(proof['decisions'], 'decision')}, seed {proof['seed']}"
        yield f"It did not look ahead: with everything after each decision replaced by noise, none changed ({said})."
    else:
        first = _day(proof["changed"][0]) if proof["changed"] else "an unnamed day"
        changed = count(len(proof["changed"]), "decision")
        yield f"It looked ahead: {changed} changed when what came after was replaced by noise, the first of {first}."


def _day(changed: Any) -> str:
    return str(changed.get("date", changed) if isinstance(changed, Mapping) else changed)


def _universe(document: Row) -> Iterator[str]:
    if document["data"]["point_in_time"]:
        yield "The universe is point in time: on each date those assets could be chosen that were known to belong."
    else:
        yield (
            "The universe is one list for the whole history: who left it before today is missing, and returns may look better "
            "than they could have been."
        )
