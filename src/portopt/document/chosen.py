"""How a proposal was chosen, and what is saved of choices, as data and in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.domain.canonical import plain
from portopt.domain.chosen import ALTERNATIVES, EDIT, Changed, SavedChoice, Selection

FIGURES = ("turnover", "cost", "expected_return", "volatility", "tracking_error")


def figures_of(measured: Mapping[str, Any]) -> dict[str, Any]:
    """The figures that choices are compared by, of a book as `document/choices.py` writes it."""
    worth = measured.get("worth") or {}
    return {**{name: measured.get(name) for name in FIGURES}, "gives_up_return": worth.get("gives_up_return")}


def told_of(kind: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """What a selection remembers of the answer that it was made from: alternatives with figures, trades, or what was moved."""
    if kind == ALTERNATIVES:
        cards = document["alternatives"]
        return {"out_of": [{"name": c["name"], "run_id": c["run_id"], **figures_of(c)} for c in cards]}
    if kind == EDIT:
        return {"pinned": document["pinned"], "figures": figures_of(document["edited"])}
    return {"moved": document["moved"], "figures": figures_of(document["after"])}


def selection_document(selection: Selection) -> dict[str, Any]:
    """Which choice a run came from, who chose it and when."""
    return {
        "kind": selection.kind,
        "choice_id": selection.choice_id,
        "alternative": selection.alternative or None,
        "by": selection.by,
        "at": selection.at.isoformat(),
        **plain(selection.told),
        "sentence": chosen_sentence(selection),
    }


def chosen_sentence(selection: Selection) -> str:
    """`Chosen by anna on 2026-11-20: least_risk, out of 7 choices.`"""
    return f"Chosen by {selection.by} on {selection.at:%Y-%m-%d}: {_what(selection)}."


def _what(selection: Selection) -> str:
    told = selection.told
    if selection.kind == ALTERNATIVES:
        return f"{selection.alternative}, out of {len(told['out_of'])} choices"
    if selection.kind == EDIT:
        trades = ", ".join(f"{one['asset_id']} {one['trade']}" for one in told["pinned"])
        return f"an edit, {trades or 'with nothing pinned any more'}"
    return "a what-if, " + ", ".join(f"{one['path']} from {one['before']} to {one['after']}" for one in told["moved"])


def saved_document(saved: SavedChoice, changed: Sequence[Changed] | None) -> dict[str, Any]:
    """changed: since it was answered; None where nobody looked."""
    told = {name: value or None for name, value in plain(saved).items() if name not in ("note", "figures")}
    return {**told, "note": saved.note, "figures": plain(saved.figures), **stands_document(changed)}


def stands_document(changed: Sequence[Changed] | None) -> dict[str, Any]:
    if changed is None:
        return {}
    found = [{"what": one.what, "was": one.was, "is": one.now, "detail": one.detail} for one in changed]
    return {"stands": not found, "changed": found}
