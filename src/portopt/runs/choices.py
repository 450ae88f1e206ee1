"""Answers around a proposal under their addresses: kept as they were given, saved under a name, selected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portopt.document.chosen import figures_of, selection_document, told_of
from portopt.domain.access import asker
from portopt.domain.canonical import digest, plain
from portopt.domain.chosen import ALTERNATIVES, EDIT, KINDS, SavedChoice, Selection
from portopt.domain.errors import InvalidValue, UnknownThing
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord
from portopt.runs import answers, lifecycle
from portopt.runs.lifecycle import NOBODY
from portopt.runs.report import write_report_again

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def keep(kind: str, request: RebalanceRequest, document: Mapping[str, Any], runtime: Runtime, **how: Any) -> dict[str, Any]:
    """The answer with its own address, `choice_id`, as it is kept; None there where nothing is kept.

    how: what was asked beside the request. The same question has one answer: given again, it is the bytes that are kept.
    """
    asked = {"about": document["about_run"], **how}
    named = plain({"choice_id": answers.id_of(kind, request, document, asked), "kind": kind, **document})
    choice_id = answers.keep(kind, request, named, runtime, **asked)
    if choice_id is None:
        return {**named, "choice_id": None}
    there = lifecycle.found(choice_id, runtime)
    return dict(there.document) if there is not None and there.document and there.is_whole else named


def require_choice(record: RunRecord) -> RunRecord:
    """Raises UnknownThing for a run that is no such answer."""
    if record.kind not in KINDS:
        raise UnknownThing("choice", record.run_id, field="choice_id", fixes=["GET /api/v1/portfolios/{id}/choices lists them"])
    return record


def part_of(kind: str, document: Mapping[str, Any], alternative: str) -> Mapping[str, Any]:
    """What is meant of an answer: one of its alternatives, or its one book. Raises InvalidValue."""
    if kind != ALTERNATIVES:
        if alternative:
            why = "is asked for, and this is no list of alternatives"
            raise InvalidValue("alternative", alternative, why, fix="leave it out")
        one: Mapping[str, Any] = document["edited" if kind == EDIT else "after"]
        return one
    names = [card["name"] for card in document["alternatives"]]
    if alternative not in names:
        why = "is none of the alternatives here" if alternative else "is needed: which of the alternatives"
        raise InvalidValue("alternative", alternative, why, fix=f"use one of: {', '.join(names)}")
    card: Mapping[str, Any] = document["alternatives"][names.index(alternative)]
    return card


def selected(run: RunRecord, document: Mapping[str, Any], runtime: Runtime, alternative: str = "") -> None:
    """Put on record that this run was proposed from this answer, by whom, and out of what. Said again it stands once."""
    kind, choice_id = document["kind"], document["choice_id"]
    if choice_id is None:
        return
    at, by, told = datetime.now(UTC), asker() or NOBODY, told_of(kind, document)
    if runtime.choices.select(Selection(run.run_id, choice_id, run.portfolio_id, kind, by, at, alternative, told)):
        write_report_again(run, runtime)


def chosen_from(run_ids: Iterable[str], runtime: Runtime) -> dict[str, dict[str, Any]]:
    """By run: which choice it came from, of those that came from one."""
    found = runtime.choices.selected_as(list(run_ids)) if runtime.has_store else {}
    return {run_id: selection_document(selection) for run_id, selection in found.items()}


def save(record: RunRecord, name: str, note: str, alternative: str, runtime: Runtime) -> SavedChoice:
    """Under a name; whoever asks now is who saved it. Raises InvalidValue, and Conflict for a name that is taken."""
    document = record.document or {}
    part = part_of(record.kind, document, alternative)
    run_id = part.get("run_id") if record.kind == ALTERNATIVES else document["run_id"]
    saved = SavedChoice(
        saved_id=f"sav-{digest(record.portfolio_id, record.run_id, alternative)[:20]}",
        choice_id=record.run_id,
        portfolio_id=record.portfolio_id,
        kind=record.kind,
        name=name,
        saved_by=asker() or NOBODY,
        saved_at=datetime.now(UTC),
        alternative=alternative,
        note=note,
        run_id=run_id or "",
        figures=figures_of(part),
    )
    return runtime.choices.save(saved)
