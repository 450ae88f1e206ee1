"""Policies as data: their versions with what each changed, and what a changed one would have made of proposals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from portopt.document.choices import measured
from portopt.document.difference import changed_paths
from portopt.document.evidence import TOUCHES
from portopt.document.formats import count, percent
from portopt.document.weights import by_asset
from portopt.domain.canonical import plain
from portopt.domain.policy_preview import Answered, PolicyLine, PolicyPreview, PolicyVersion, PreviewedRun
from portopt.domain.request import Policy

SAME = 1e-6  # one-way: two answers closer than this are the same decision
MOST_TRADES = 10
CONTINUOUS = "weights are compared before shares are whole"
UNSAID = ("method_version", "notes")  # of a policy: told beside its changes, or by whoever reads it


def versions_document(
    policy_id: str, versions: Sequence[PolicyVersion], lines: Sequence[Sequence[PolicyLine]]
) -> dict[str, Any]:
    """The newest first, each with what it changed from the one before it; null in the first, which changed nothing."""
    before = [version.policy for version in versions[1:]]
    return {
        "policy_id": policy_id,
        "versions": [
            {
                "method_version": version.policy.method_version,
                "created_at": plain(version.created_at),
                "updated_at": plain(version.updated_at),
                "changes": None if i >= len(before) else changes(before[i], version.policy),
                "policy": plain(version.policy),
                "words": [plain(line) for line in lines[i]],
            }
            for i, version in enumerate(versions)
        ],
    }


def changes(a: Policy, b: Policy) -> list[dict[str, Any]]:
    """What differs from one policy to another, by dotted path."""
    return [row for row in changed_paths(plain(a), plain(b)) if row["path"] not in UNSAID]


def preview_document(found: PolicyPreview) -> dict[str, Any]:
    """The draft in words, what is new in it, and each proposal under it."""
    rows = [_proposal(one) for one in found.proposals]
    return {
        "policy_id": found.draft.id,
        "method_version": found.draft.method_version,
        "sentence": _sentence(rows),
        "changes": None if found.stands is None else changes(found.stands, found.draft),
        "words": [plain(line) for line in found.lines],
        "proposals": rows,
        "notes": [CONTINUOUS] if rows else [],
    }


def _proposal(one: PreviewedRun) -> dict[str, Any]:
    own = one.stands.problem
    posed = own if one.other is None else one.other.problem
    return {
        "run_id": one.run_id,
        "portfolio_id": own.portfolio_id,
        "as_of": one.as_of.isoformat(),
        "pricing_pack_id": one.pricing_pack_id,
        "currency": one.currency,
        "portfolio_value": None if own.portfolio_value is None else f"{own.portfolio_value:.2f}",
        "outcome": _outcome(one),
        "moved": one.moved,
        "stands": _figures(measured(own, one.measured)),
        "after": None if one.after is None else _figures(measured(posed, one.after)),
        "binding": _binding(one),
        "weights": _weights(one),
        "gave_way": [] if one.other is None else list(one.other.gave_way),
        "certificate": None if one.other is None else one.other.certificate.without_readings(),
        "problem": plain(one.problem),
    }


def _outcome(one: PreviewedRun) -> str:
    if one.moved is None:
        return "refused"
    return "same" if one.moved <= SAME else "other"


def _figures(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name != "weights"}


def _binding(one: PreviewedRun) -> dict[str, Any]:
    """Limits that the answers lie on, in words; began, ceased: by name."""
    before = _bound(one.stands)
    after = None if one.other is None else _bound(one.other)
    return {
        "stands": before,
        "after": after,
        "began": [] if after is None else sorted(after.keys() - before.keys()),
        "ceased": [] if after is None else sorted(before.keys() - after.keys()),
    }


def _bound(answer: Answered) -> dict[str, str]:
    found = {}
    for reading in answer.certificate.readings:
        limit = answer.problem.limit(reading.limit)
        slack = np.asarray(reading.slack())
        if limit is not None and not limit.structural and len(slack) and float(slack.min()) <= TOUCHES:
            found[reading.limit] = limit.describe()
    return found


def _weights(one: PreviewedRun) -> list[dict[str, Any]]:
    """The assets that differ most."""
    if one.other is None:
        return []
    old, new = by_asset(one.stands.problem, one.stands.weights), by_asset(one.other.problem, one.other.weights)
    now = by_asset(one.stands.problem, one.stands.problem.previous())
    moves = {name: new.get(name, 0.0) - old.get(name, 0.0) for name in {**old, **new}}
    told = sorted((name for name, by in moves.items() if abs(by) > SAME), key=lambda name: (-abs(moves[name]), name))
    return [
        {"asset_id": name, "now": now.get(name), "stands": old.get(name), "after": new.get(name)} for name in told[:MOST_TRADES]
    ]


def _sentence(rows: Sequence[dict[str, Any]]) -> str:
    """`Of 5 proposals 3 would be others, by 4.20 % of the portfolio at most, 1 would be the same, 1 could not be made.`"""
    if not rows:
        return "The policy is sound; no proposal was looked at."
    outcomes = [row["outcome"] for row in rows]
    others, same, refused = (outcomes.count(name) for name in ("other", "same", "refused"))
    most = max((row["moved"] for row in rows if row["outcome"] == "other"), default=0.0)
    parts = [
        f"{others} would be other{'s' if others > 1 else ''}, by {percent(most)} of the portfolio at most" if others else "",
        f"{same} would be the same" if same else "",
        f"{refused} could not be made" if refused else "",
    ]
    return f"Of {count(len(rows), 'proposal')} {', '.join(part for part in parts if part)}."
