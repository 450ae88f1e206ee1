"""A wave before it begins: which portfolios, under which policies, and what stands in the way of a proposal for each.

From what is on record, for all of them together: nothing is worked out, so what only an answer tells is not foreseen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from portopt.domain.choices import Reason
from portopt.domain.desk import STALE_SESSIONS, DeskBook, Ended, Stage, Told
from portopt.domain.request import Policy
from portopt.domain.wave import ItemState
from portopt.domain.wave_decision import Foreseen
from portopt.runs.desk.valuing import valued
from portopt.runs.waves.start import Asked, WaveWish, named_policies

if TYPE_CHECKING:
    from portopt.runtime import Runtime

BY_NAME = 500  # portfolios that are asked for by name; of more the whole desk is read
WORKED_ON = (ItemState.WAITING.value, ItemState.WORKING.value)


def preview(
    asked: Sequence[Asked], wish: WaveWish, policies: Mapping[str, Policy], runtime: Runtime, now: datetime
) -> list[Foreseen]:
    """In the order in which they are asked for. Raises what beginning it would."""
    named = named_policies(asked, wish, policies, runtime)
    among = list(named) if len(named) <= BY_NAME else None
    books, said = valued([b for b in runtime.desk.books(among, now) if b.portfolio_id in named], runtime)
    told = {**runtime.desk.told(list(named)), **said}
    ended, by_id = runtime.desk.ended(books), {book.portfolio_id: book for book in books}
    return [
        Foreseen(
            a.portfolio_id, named[a.portfolio_id], a.deadline or wish.deadline,
            reasons_of(by_id[a.portfolio_id], told.get(a.portfolio_id, Told()), ended.get(a.portfolio_id, Ended())),
        )
        for a in asked
    ]  # fmt: skip


def reasons_of(book: DeskBook, told: Told, ended: Ended) -> list[Reason]:
    """What stops a proposal, and what somebody should know; nothing where all is well."""
    found = [_holdings(book), _prices(book, told), _open(book), _failed(book, ended), _money(book)]
    return [reason for reason in found if reason is not None]


def _holdings(book: DeskBook) -> Reason | None:
    if book.is_held:
        return None
    return Reason("holdings", "stop", "nobody said what it holds", {}, f"PUT /portfolios/{book.portfolio_id}/holdings")


def _prices(book: DeskBook, told: Told) -> Reason | None:
    figures = book.figures
    if not book.is_held:
        return None
    if figures is None or figures.value is None:  # measured, and no value found; or not measured yet
        why = told.why.get("value") or "it was not measured yet"
        return Reason("prices", "but" if figures is None else "stop", why, {}, "bring prices for what it holds")
    if figures.prices_age is not None and figures.prices_age > STALE_SESSIONS:
        said = {"sessions": figures.prices_age}
        detail = f"its oldest price is {figures.prices_age:.0f} sessions old"
        return Reason("prices", "but", detail, said, "bring newer prices, where its policy refuses old ones")
    return None


def _open(book: DeskBook) -> Reason | None:
    if book.wave_state in WORKED_ON:
        return Reason("waves", "but", f"{book.wave_id} is still to work it out", {"wave_id": book.wave_id}, "cancel that wave")
    if book.newest.stage in (Stage.AWAITING_APPROVAL, Stage.HELD):
        detail = f"{book.newest.run_id} waits for a person; a new proposal takes its place"
        return Reason("proposals", "but", detail, {"run_id": book.newest.run_id}, "decide about it first")
    return None


def _failed(book: DeskBook, ended: Ended) -> Reason | None:
    if book.newest.stage is not Stage.FAILED:
        return None
    problem: Mapping[str, Any] = ended.problem or {}
    fix = next((str(fix) for fix in problem.get("fixes") or ()), "")
    return Reason("last time", "but", f"it failed last time: {problem.get('detail') or book.newest.status}", {}, fix)


def _money(book: DeskBook) -> Reason | None:
    if book.cash_flow is None:
        return None
    said = book.cash_flow.in_words(book.currency)
    return Reason("money", "ok", f"{said} is announced, and part of the proposal", {"amount": str(book.cash_flow.amount)})
