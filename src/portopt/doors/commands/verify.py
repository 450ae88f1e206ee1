"""A document checked by itself: every number that can be is worked out again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from portopt.doors.commands.surface import Json, Shown, words

if TYPE_CHECKING:
    from portopt.verifier import Findings

WHAT = "What `portopt rebalance --json` or `portopt optimize --json` printed, a trades.json, or - for stdin."
SHOWN = 20


def verify(
    document: Annotated[str, typer.Argument(metavar="FILE", help=WHAT)],
    as_json: Json = False,
) -> Shown:
    """Work a document out again, from it alone: money, limits, figures, the optimum. Exit code 1 where one does not hold."""
    from portopt.document.verification import verification_document
    from portopt.doors.commands.documents import read_document
    from portopt.questions.verify import verify as checked

    found = checked(read_document(document, "document"))
    return Shown(verification_document(found), words(*_sentences(found)), exit_code=0 if found.holds else 1)


def _sentences(found: Findings) -> list[str]:
    faults = [f"does not hold: {fault.sentence}" for fault in found.faults[:SHOWN]]
    faults += [f"and {len(found.faults) - SHOWN} more"] if len(found.faults) > SHOWN else []
    verdict = "holds" if found.holds else f"does not hold, at {len(found.faults)} places"
    share = f"{found.recomputed:,} of {found.numbers:,} numbers were worked out again, {found.used:,} more went into them"
    rest = [f"not checked: {u.what} ({u.fields:,}); {u.why}" for u in found.unchecked]
    seal = "of these a change would show by the seals" if found.sealed else "the document has no seals"
    return [*faults, f"{found.document} {verdict}: {share}", *found.said, *rest, *([seal] if rest else [])]
