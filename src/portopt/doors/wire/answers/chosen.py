"""Answers around a proposal at their addresses: read again, held against what is newest, proposed, saved under a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.dialects.books import instant
from portopt.dialects.names import in_s2_words
from portopt.dialects.reading import number, object_of, required, text
from portopt.dialects.records import MAX_TEXT
from portopt.dialects.submissions import MOST_HOURS
from portopt.document.chosen import saved_document, stands_document
from portopt.domain.canonical import canonical_json
from portopt.domain.chosen import KINDS, SavedChoice, Selection
from portopt.domain.errors import UnknownThing
from portopt.domain.run import RunRecord
from portopt.doors.wire.answers.choices import Around, proposed
from portopt.doors.wire.answers.portfolios import known
from portopt.doors.wire.answers.runs import run_named, run_of
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.pages import PAGED, cursor_of, page, require_told, size_of
from portopt.doors.wire.places import place_of
from portopt.runs import asked_again, choices, history
from portopt.runs.standing import Newest, changed, holdings_version

LONGEST_NAME = 200


def get(asked: Asked) -> Answered:
    """The bytes that were answered."""
    asked.only()
    return Answered(canonical_json(_choice(asked, verified=True).document))


def standing(asked: Asked) -> Answered:
    """What it rests on, whether that is the newest still, and what became of it."""
    asked.only()
    choice = _choice(asked)
    return Answered(_lines(asked, [choice])[0])


def of_portfolio(asked: Asked) -> Answered:
    """The newest first."""
    asked.only(*PAGED)
    return _listed(asked, portfolio_id=known(asked).id)


def of_run(asked: Asked) -> Answered:
    """What was asked around one proposal, the newest first."""
    asked.only(*PAGED)
    return _listed(asked, about=history.require_rebalance(run_of(asked)).run_id)


def propose(asked: Asked) -> Answered:
    """{alternative, approval_hours}: the run that it makes, on the book and the prices that it was answered on."""
    asked.only()
    found = object_of(asked.data() if asked.call.body.strip() else {}, "", ("alternative", "approval_hours"))
    given = found.get("approval_hours")
    hours = 0.0 if given is None else number(given, "approval_hours", low=0.0, high=MOST_HOURS)
    choice = _choice(asked, verified=True)
    alternative = _alternative(found)
    choices.part_of(choice.kind, choice.document or {}, alternative)
    with in_s2_words():
        return proposed(asked, _around(asked, choice), _how(choice), alternative, hours)


def save(asked: Asked) -> Answered:
    """{name, note, alternative}: kept, whatever retention takes."""
    asked.only()
    found = object_of(asked.data(), "", ("name", "note", "alternative"))
    choice = _choice(asked, verified=True)
    saved = choices.save(choice, _name(found), _note(found), _alternative(found), asked.runtime)
    headers = {"Location": place_of("get_saved_choice", saved_id=saved.saved_id)}
    return Answered(_saved(asked, [saved])[0], 201, headers=headers)


def saved_of(asked: Asked) -> Answered:
    """Of a portfolio, the newest first; `withdrawn` adds those that are not kept any more."""
    asked.only("withdrawn", *PAGED)
    portfolio, size, cursor, runtime = known(asked), size_of(asked), cursor_of(asked), asked.runtime
    require_told(cursor, cursor is None or _is_of(asked, cursor, portfolio.id))
    found = runtime.choices.list_saved(portfolio.id, withdrawn=asked.flag("withdrawn"), after=cursor, limit=size + 1)
    lines = {line["saved_id"]: line for line in _saved(asked, found[:size])}
    return Answered(page("saved", found, size, lambda one: lines[one.saved_id], lambda one: one.saved_id))


def get_saved(asked: Asked) -> Answered:
    asked.only()
    return Answered(_saved(asked, [_kept(asked)])[0])


def rename(asked: Asked) -> Answered:
    """{name, note}: what is absent stays."""
    asked.only()
    found, saved = object_of(asked.data(), "", ("name", "note")), _kept(asked)
    name = saved.name if found.get("name") is None else _name(found)
    note = saved.note if found.get("note") is None else _note(found)
    renamed = asked.runtime.choices.rename(saved.saved_id, name, note, asked.call.who.subject)
    return Answered(_saved(asked, [renamed])[0])


def withdraw(asked: Asked) -> Answered:
    """{note}: not kept any more; the record of decisions says who did it."""
    asked.only()
    found, saved = object_of(asked.data() if asked.call.body.strip() else {}, "", ("note",)), _kept(asked)
    withdrawn = asked.runtime.choices.withdraw(saved.saved_id, _note(found), asked.call.who.subject)
    return Answered(_saved(asked, [withdrawn])[0])


def _choice(asked: Asked, *, verified: bool = False) -> RunRecord:
    """Of the path. Raises UnknownThing, for a foreign one as for none."""
    named = asked.call.place["choice_id"]
    try:
        return choices.require_choice(run_named(asked, named, "choice_id", verified=verified))
    except UnknownThing:
        fixes = ["GET /api/v1/portfolios/{portfolio_id}/choices lists them"]
        raise UnknownThing("choice", named, field="choice_id", fixes=fixes) from None


def _around(asked: Asked, choice: RunRecord) -> Around:
    """Around the proposal that it is about, where that is on record; else around the same request."""
    request = asked_again.book_of(choice)
    try:
        about = None if choice.about_run is None else run_named(asked, choice.about_run)
    except UnknownThing:
        about = None
    return Around(request, about if about is not None and about.kind == "rebalance" else None)


def _how(choice: RunRecord) -> dict[str, Any]:
    said: Mapping[str, Any] = choice.request.get("asked") or {}
    return {"kind": choice.kind, **{name: said[name] for name in ("trades", "moved") if name in said}}


def _listed(asked: Asked, **only: Any) -> Answered:
    size, cursor = size_of(asked), cursor_of(asked)
    if cursor is not None:
        try:
            is_told = choices.require_choice(run_named(asked, cursor)).run_id == cursor
        except UnknownThing:
            is_told = False
        require_told(cursor, is_told)
    found = asked.runtime.runs.runs(kinds=KINDS, after=cursor, limit=size + 1, among=asked.call.who.portfolios, **only)
    lines = {line["choice_id"]: line for line in _lines(asked, found[:size])}
    return Answered(page("choices", found, size, lambda run: lines[run.run_id], lambda run: run.run_id))


def _lines(asked: Asked, found: Sequence[RunRecord]) -> list[dict[str, Any]]:
    """All of them of portfolios that who asks may see."""
    store, named = asked.runtime.choices, [run.run_id for run in found]
    newest = {portfolio_id: Newest(portfolio_id, asked.runtime) for portfolio_id in {run.portfolio_id for run in found}}
    saved, selected = store.saved_of(named), store.selections_of(named)
    return [
        _line(
            run, newest[run.portfolio_id],
            [one.saved_id for one in saved if one.choice_id == run.run_id],
            [_selected(one) for one in selected if one.choice_id == run.run_id],
        )
        for run in found
    ]  # fmt: skip


def _line(run: RunRecord, newest: Newest, saved: list[str], selected: list[dict[str, Any]]) -> dict[str, Any]:
    policy: Mapping[str, Any] = run.request["policy"]
    return {
        "choice_id": run.run_id,
        "kind": run.kind,
        "portfolio_id": run.portfolio_id,
        "run_id": run.about_run,
        "pricing_pack_id": run.pricing_pack_id,
        "as_of": run.as_of.isoformat(),
        "policy": policy["id"],
        "policy_version": policy.get("method_version"),
        "holdings_version": holdings_version(run, newest),
        "asked_at": instant(run.created_at),
        "says": ((run.document or {}).get("headline") or {}).get("says", ""),
        **stands_document(changed(run, newest)),
        "saved": saved,
        "selected": selected,
    }


def _selected(one: Selection) -> dict[str, Any]:
    return {"run_id": one.run_id, "alternative": one.alternative or None, "by": one.by, "at": instant(one.at)}


def _saved(asked: Asked, found: Sequence[SavedChoice]) -> list[dict[str, Any]]:
    newest = {portfolio_id: Newest(portfolio_id, asked.runtime) for portfolio_id in {one.portfolio_id for one in found}}
    runs = {one.choice_id: asked.runtime.runs.get(one.choice_id, verified=False) for one in found}
    return [
        {**saved_document(one, changed(runs[one.choice_id], newest[one.portfolio_id])),
         "saved_at": instant(one.saved_at), "withdrawn_at": instant(one.withdrawn_at)}
        for one in found
    ]  # fmt: skip


def _kept(asked: Asked) -> SavedChoice:
    """Of the path. Raises UnknownThing, for a foreign one as for none."""
    named = asked.call.place["saved_id"]
    try:
        found = asked.runtime.choices.saved(named)
        is_seen = asked.call.who.sees(found.portfolio_id)
    except UnknownThing:
        is_seen = False
    if not is_seen:
        fixes = ["GET /api/v1/portfolios/{portfolio_id}/saved-choices lists them"]
        raise UnknownThing("saved choice", named, field="saved_id", fixes=fixes)
    return found


def _is_of(asked: Asked, saved_id: str, portfolio_id: str) -> bool:
    try:
        return asked.runtime.choices.saved(saved_id).portfolio_id == portfolio_id
    except UnknownThing:
        return False


def _name(found: Mapping[str, Any]) -> str:
    return text(required(found, "name"), "name", most=LONGEST_NAME)


def _note(found: Mapping[str, Any]) -> str:
    return "" if found.get("note") in (None, "") else text(found["note"], "note", most=MAX_TEXT)


def _alternative(found: Mapping[str, Any]) -> str:
    return "" if found.get("alternative") is None else text(found["alternative"], "alternative", most=64)
