"""What came of checking a document, as data."""

from __future__ import annotations

from typing import Any

from portopt.domain.canonical import plain
from portopt.verifier import Findings


def verification_document(found: Findings) -> dict[str, Any]:
    """holds, every fault with its sentence, what was checked (a share of all numbers), and what could not be and why."""
    return {
        "document": found.document,
        "holds": found.holds,
        "faults": [{**plain(fault), "sentence": fault.sentence} for fault in found.faults],
        "said": list(found.said),
        "numbers": found.numbers,
        "recomputed": found.recomputed,
        "used": found.used,
        "checked": found.share,
        "sealed": found.sealed,
        "unchecked": [plain(one) for one in found.unchecked],
    }
