"""Whether an answer holds, worked out again from its document alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.doors.notebook.displays import Allocation, Proposal

if TYPE_CHECKING:
    from portopt.verifier import Findings as Verified


def verify(document: Mapping[str, Any] | str | Path | Proposal | Allocation) -> Verified:
    """Everything in a document that follows from the rest of it: money, limits, figures, the optimum by its multipliers.

    document: a proposal's or a choice of weights', as data, as a JSON file, or the answer itself. `holds` says whether all of
    it does, `faults` what does not, `unchecked` what could not be worked out again and why. Raises InvalidValue for any other.
    """
    from portopt.questions.verify import verify as checked

    return checked(_as_data(document))


def _as_data(document: Any) -> Any:
    if isinstance(document, Proposal):
        return document.document
    if isinstance(document, Allocation):
        from portopt.dialects.strategy_answers import write_response
        from portopt.document.weights_evidence import with_evidence

        found = document.answer
        return with_evidence(write_response(found.request, found), found.problem, found.form, found.validated)
    if isinstance(document, str | Path):
        from portopt.doors.commands.documents import read_document

        return read_document(str(document), "document")
    return document
